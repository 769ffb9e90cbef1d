"""What a projection is: a name, a version, tables as data, and a fold.

A **folded** projection takes the ledger's entries. Each entry is routed, by its type, to subject keys such as
`V|credit-scoring|sha256:...`; each key is folded by itself, in the order (time, seq), and its rows depend on nothing
but the events routed to it. A **derived** projection is a pure function of another projection's rows, one group (a
system) at a time. Neither reads a clock.

The parts of a subject key are joined by `|`, which no label, handle, type or digest can hold.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol, TypeAlias
from zlib import crc32

from ledger.entry import Entry
from ledger.statement import Statement
from projections.database import Database, Row
from projections.tables import Table

State: TypeAlias = dict[str, Any]
Test: TypeAlias = Callable[[Statement], bool]

STANDS, VOID, LATER = "stands", "void", "later"  # later: dated after the moment that is asked about


class EntrySource(Protocol):
    """What projections read: `ledger.Ledger`, or anything that answers these."""

    @property
    def origin(self) -> str:
        """The log's name."""
        ...

    def __len__(self) -> int: ...

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[Entry]:
        """Entries `start` to `stop` - 1, in order."""
        ...

    def find(self, which: int | str) -> Entry:
        """The entry with this sequence number or statement id; `Misuse` if there is none."""
        ...


class Authority:
    """Which credential held which role where in the log. Keys follow the log's order, never the clock (FORMAT 8)."""

    __slots__ = ("_spans",)

    def __init__(self) -> None:
        self._spans: dict[str, list[tuple[str, int, int | None]]] = {}

    def grant(self, credential: str, role: str, since: int) -> None:
        """`credential` holds `role` in entries after `since`."""
        self._spans.setdefault(credential, []).append((role, since, None))

    def end(self, credential: str, at: int, role: str | None = None) -> None:
        """`credential` holds nothing in entries after `at`; with `role`: not that role."""
        spans = self._spans.get(credential, [])
        self._spans[credential] = [
            (held, since, at if until is None and role in (None, held) else until) for held, since, until in spans
        ]

    def holds(self, credential: str, roles: frozenset[str], seq: int) -> bool:
        """Whether `credential` held one of `roles` at entry `seq`."""
        return any(
            role in roles and since < seq and (until is None or seq <= until)
            for role, since, until in self._spans.get(credential, [])
        )


class Out:
    """Where a fold puts rows; and what it may ask beside the event and the state of its own key."""

    __slots__ = ("authority", "history", "rows")

    def __init__(self, tables: tuple[Table, ...]) -> None:
        self.rows: dict[str, list[Row]] = {made.name: [] for made in tables}
        self.authority = Authority()
        self.history: dict[int, list[tuple[int, Statement]]] = {}

    def known(self, seq: int, statement: Statement, test: Test) -> int | None:
        """The entry by which the log first said what passes `test`: the event itself, or a correction of it."""
        for at, said in self.history.get(seq) or ((seq, statement),):
            if test(said):
                return at
        return None


Keys: TypeAlias = Callable[[Entry, Statement], tuple[str, ...]]
Handler: TypeAlias = Callable[[State, Entry, Statement, Out], None]
Mark: TypeAlias = Callable[[State, Entry, Statement, Out, str], None]


class Subject(NamedTuple):
    """A kind of subject key: how its state begins, the rows made of the state, the tables it owns.

    `parts`: how many parts a key has after its letter. `system`: which of them is the system, -1 for none.
    `by_seq`: folded in the log's order, whatever the clocks said.
    """

    letter: str
    parts: int
    start: Callable[[list[str]], State]
    rows: Callable[[State, Out], None]
    tables: tuple[Table, ...]
    system: int = -1
    by_seq: bool = False


class Share(NamedTuple):
    """The keys that one of several folds of the same entries takes: number `at` of `of`."""

    at: int
    of: int

    def holds(self, key: str, subject: Subject) -> bool:
        """Whether a key belongs to this share. People's keys are in all: they tell what others may do."""
        return subject.by_seq or crc32(key.encode()) % self.of == self.at


class Route(NamedTuple):
    """Where events of a type go. `mark` is told of those that do not count: void, or dated later than asked."""

    keys: Keys
    subject: Subject
    handler: Handler
    mark: Mark | None = None


class Folded(NamedTuple):
    """A projection over entries.

    `by_target`: types that belong where the statement they name under a relation belongs. `remember` takes up from the
    tables (those with a prefix) who held which role, where folding goes on.
    """

    name: str
    version: int
    tables: tuple[Table, ...]
    routes: dict[str, tuple[Route, ...]]
    by_target: dict[str, tuple[str, Route]]
    remember: Callable[[Database, str, Authority], None]


class Derived(NamedTuple):
    """A projection over the rows of another one: all rows of one group from what `derive` reads there."""

    name: str
    version: int
    tables: tuple[Table, ...]
    groups: Callable[[Database], list[str]]
    derive: Callable[[Database, str], dict[str, list[Row]]]

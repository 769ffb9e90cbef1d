"""What a range of entries needs of the rest of the log, and what it hands on to the pass in order."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from ledger.genesis import Rule
from ledger.grants import Doubt
from ledger.keys.credential import Credential
from ledger.report import Failure, Finding, Missing
from ledger.scan import Before

KEPT_LIMIT: Final = 1_000  # failures of one kind that a part names; more of them say nothing new


class Use(NamedTuple):
    """A credential said a type: what `Trust.judge` is asked, once for all entries of a segment that agree in it.

    `era`: how many of the last moments that the log sets were over when the entry was recorded.
    """

    type: str
    actor: str
    key: str
    log: str | None
    system: Any
    critical: bool | None
    behalf: str | None
    era: int


class Span(NamedTuple):
    """Where a use stands in its segment: first and last place, the latest `recorded`."""

    first: int
    last: int
    recorded: str


class Act(NamedTuple):
    """An entry that changes who may say what."""

    seq: int
    recorded: str
    statement: dict[str, Any]


class Erasure(NamedTuple):
    """An entry that says which fields of which statements (ids) were erased."""

    seq: int
    actor: str
    ids: tuple[str, ...]
    fields: tuple[str, ...]


class Part(NamedTuple):
    """What a range of entries says. `uses` has one more segment than there are `acts`, before and after each.

    `sealed`: entries in which a sealed field may stand; what is withheld of them, and what was erased, is said later.
    """

    start: int
    stop: int
    leaves: list[bytes]
    last: Before
    uses: list[dict[Use, Span]]
    acts: list[Act]
    failures: list[Failure]
    missing: list[Missing]
    findings: list[Finding]
    sealed: list[int]
    erased: list[Erasure]
    approvals: list[int]
    doubtful: dict[str, Span]


class Known(NamedTuple):
    """What a range needs of the rest of the log.

    Leaf of entry 0; rule tables, each with the entry after which it is in force; credentials by id; what is doubtful,
    by credential; last moments (`not_after`) in order; lookups for refs; whether entries are left out (`omitted`).
    """

    genesis: str
    tables: list[tuple[int, dict[str, Rule]]]
    credentials: dict[str, Credential]
    doubts: dict[str, Doubt]
    limits: list[str]
    find: Callable[[bytes], int | None]
    read: Callable[[int], bytes]
    partial: bool = False

"""Opening projections: beside a ledger, or for a moment of the past."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from ledger.encoding import is_time, time_text
from ledger.entry import Entry
from ledger.errors import Misuse, Unavailable
from projections import fingerprint, position
from projections.database import TEMPORARY, Database
from projections.engine import Deriving, Folding, Moment, shown
from projections.fold import ALWAYS
from projections.projection import Derived, EntrySource, Folded
from projections.rebuild import RebuildResult, Shares, rebuild_derived, rebuild_folded
from projections.registry import REGISTRY

if TYPE_CHECKING:
    from concurrent.futures import Executor

NAMES: Final = ("registry", "changelog")
SHARES: Final = 4
SHARES_LIMIT: Final = 8  # SQLite attaches ten databases at most


class Projections:
    """The projections of one ledger. Questions answer as of the last `catch_up`, never further."""

    def __init__(self, source: EntrySource, database: Database, moment: Moment | None = None) -> None:
        self.source = source
        self.database = database
        self.moment = moment or Moment()
        position.prepare(database)
        self._registry = Folding(database, REGISTRY, source, self.moment)
        self._changelog: tuple[Derived, Deriving] | None = None

    @classmethod
    def open(cls, ledger: EntrySource, path: str | Path | None = None) -> Self:
        """Open the projections of `ledger`: in the file `path`, else `ledger.projections.db` beside `ledger.db`.

        For a ledger in PostgreSQL: in a schema beside its own, if this user may write there. Else, as for any ledger
        that is no file, in the user's folder of caches (`$XDG_CACHE_HOME/ledger`, `~/.cache/ledger`).

        The file is made when it is not there; it may be deleted at any time. Raises `Misuse` where the ledger has no
        place and no `path` is given, `Unavailable` where the file cannot be written.
        """
        database = Database(path) if path is not None else _in_server(ledger) or Database(_file_of(ledger))
        with _closed_unless_opened(database):
            return cls(ledger, database)

    def catch_up(self, name: str | None = None) -> int:
        """Fold what was recorded since, into one projection or (None) into all; return how many entries were folded.

        Raises `Tampered` where the ledger became shorter or is not what was folded, `Misuse` for another ledger.
        """
        wanted = _wanted(name, "changelog")
        folded = self._registry.catch_up()
        if wanted:
            self._derived()[1].catch_up()
        return folded

    def fold_these(self, entries: Iterable[Entry]) -> None:
        """Fold some entries, in order, into empty tables, as if the ledger held no others up to its end."""
        self._registry.fold_these(entries)

    def rebuild(
        self, name: str | None = None, *, executor: "Executor | None" = None, shares: int = SHARES
    ) -> RebuildResult:
        """Make a projection anew beside the old one, compare, swap, and catch up.

        None: the registry, and from it the changelog; the registry's result is returned. With an `executor` the
        registry is folded in so many `shares` by its workers, who must reach the ledger at the same place; a share
        for each of them is best. Their tables are held in memory meanwhile, and their word is taken.
        """
        derived, deriving = self._derived()
        if name == "changelog":
            self._registry.catch_up()
            return rebuild_derived(self.database, derived, deriving)
        _wanted(name, "registry")
        elsewhere = None if executor is None else self._shared_out(executor, shares)
        result = rebuild_folded(self.database, REGISTRY, self._registry, (derived,), self.source, elsewhere)
        self._registry.catch_up()
        if name is None:
            rebuild_derived(self.database, derived, deriving)
        return result

    def _shared_out(self, executor: "Executor", shares: int) -> Shares:
        from projections.sharing import share_out

        if self.moment != Moment():
            raise Misuse("what is asked of the past is folded here", "rebuild without an executor", code="executor")
        if not 1 <= shares <= SHARES_LIMIT:
            raise Misuse(f"{shares} shares", f"1 to {SHARES_LIMIT}", code="executor")
        return lambda size: share_out(self.source, size, executor, shares)

    def fingerprint(self, name: str) -> str:
        """Return `sha256:` and the digest over all rows of a projection, at its position."""
        projection = self._named(name)
        digests = fingerprint.of_tables(self.database, shown(projection))
        return fingerprint.combined(projection.name, projection.version, digests)

    def position(self, name: str) -> int:
        """Return how many entries a projection has folded."""
        reached = position.read(self.database, self._named(name).name)
        return reached.position if reached else 0

    @contextmanager
    def reading(self, name: str = "registry") -> Iterator[Database]:
        """One state of the tables, for one question; folded first where that was never done."""
        if self.position(name) == 0:
            self.catch_up(name)
        with self.database.reading():
            yield self.database

    def close(self) -> None:
        """Close the database; the ledger stays open."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _named(self, name: str) -> Folded | Derived:
        return self._derived()[0] if _wanted(name, "changelog") else REGISTRY

    def _derived(self) -> tuple[Derived, Deriving]:
        if self._changelog is None:
            from projections.changelog import CHANGELOG  # its rules are not needed to say what is in production

            self._changelog = (CHANGELOG, Deriving(self.database, CHANGELOG, REGISTRY, self.source))
        return self._changelog


def as_of(
    ledger: EntrySource, as_of: datetime | str | None = None, known_at: datetime | str | None = None
) -> Projections:
    """Return projections of the past, made for this question and kept nowhere.

    `as_of`: things as they were then, by all that is known now: events dated later do not count, corrections do.
    `known_at`: as the ledger stood then: only entries recorded up to it. Both: as of the one by what was known at
    the other.
    Times are aware datetimes or the ledger's 27-character text; else `Misuse`.
    """
    moment, database = Moment(_time(as_of), _time(known_at)), Database(TEMPORARY)
    with _closed_unless_opened(database):
        made = Projections(ledger, database, moment)
        made.catch_up()
    return made


@contextmanager
def _closed_unless_opened(database: Database) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(Unavailable):  # the first error is the one to tell
            database.close()
        raise


def _time(value: datetime | str | None) -> str:
    if value is None:
        return ALWAYS
    if isinstance(value, datetime):
        return time_text(value)
    if not is_time(value):
        raise Misuse(f"{value!r} is not a time", "YYYY-MM-DDTHH:MM:SS.ffffffZ, UTC", code="time")
    return value


def _in_server(ledger: EntrySource) -> Database | None:
    workspace = getattr(getattr(ledger, "store", None), "workspace", None)
    place = None if workspace is None else workspace()
    if place is None:
        return None
    from projections.server import ServerDatabase

    return ServerDatabase(place)


def _file_of(ledger: EntrySource) -> Path:
    beside: Path | None = getattr(ledger, "path", None)
    if beside is not None:
        return beside.with_suffix(".projections.db")
    place: str | None = getattr(getattr(ledger, "place", None), "location", None)
    if place is None:
        raise Misuse("nothing can lie beside a ledger that has no place", "Projections.open(ledger, path=...)")
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ledger"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Unavailable(f"{folder} cannot be made: {error.strerror}", "set XDG_CACHE_HOME", code="cache") from None
    return folder / f"{hashlib.sha256(place.encode()).hexdigest()[:32]}.projections.db"


def _wanted(name: str | None, which: str) -> bool:
    if name is not None and name not in NAMES:
        raise Misuse(f"there is no projection {name!r}", f"one of: {', '.join(NAMES)}", code="unknown_projection")
    return name in (None, which)

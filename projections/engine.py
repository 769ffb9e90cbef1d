"""The engine: entries in order, exactly once, rows and position in one transaction."""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import takewhile
from typing import Final

from msgspec import Struct

from ledger.entry import Entry
from projections import position, tables
from projections.database import Database
from projections.fold import ALWAYS, CORRECTIONS, COUNTS, STALE, Fold
from projections.position import Position
from projections.projection import Derived, EntrySource, Folded, Share
from projections.subjects import KEEPING
from projections.tables import Table

ROUND: Final = 65_536  # entries folded before rows and position are committed


class Moment(Struct, frozen=True):
    """Which facts count: those dated up to `as_of`, of the entries recorded up to `known_at`. Empty: all of them."""

    as_of: str = ALWAYS
    known_at: str = ALWAYS

    @property
    def as_of_or_none(self) -> str | None:
        """The moment asked about, None for now."""
        return None if self.as_of == ALWAYS else self.as_of

    @property
    def known_at_or_none(self) -> str | None:
        """The moment up to which entries count, None for all."""
        return None if self.known_at == ALWAYS else self.known_at


def shown(projection: Folded | Derived) -> tuple[Table, ...]:
    """The tables that say something, and that the fingerprint covers."""
    return (*projection.tables, COUNTS, CORRECTIONS) if isinstance(projection, Folded) else projection.tables


def all_tables(projection: Folded | Derived) -> tuple[Table, ...]:
    """All tables of a projection, book-keeping included."""
    return (*shown(projection), *KEEPING, STALE) if isinstance(projection, Folded) else projection.tables


def make_tables(database: Database, projection: Folded | Derived, prefix: str) -> None:
    """Make a projection's empty tables, in the place of any of that name."""
    drop_tables(database, projection, prefix)
    for made in all_tables(projection):
        for statement in tables.create(made, prefix, database.dialect):
            database.execute(statement)


def make_indexes(database: Database, projection: Folded | Derived, prefix: str, build: int) -> None:
    """Make the indexes of a projection's tables, those that are not there."""
    for made in all_tables(projection):
        for statement in tables.create_indexes(made, prefix, build):
            database.execute(statement)


def drop_tables(database: Database, projection: Folded | Derived, prefix: str) -> None:
    """Remove a projection's tables, as far as they are there."""
    for made in all_tables(projection):
        database.execute(f"DROP TABLE IF EXISTS {prefix}{made.name}")


@contextmanager
def _no_collections() -> Iterator[None]:
    """Spare a round the search for cycles: it makes none, and many objects that live until its end."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class Folding:
    """One folded projection in one database, kept up with one ledger. States stay in memory between calls."""

    def __init__(
        self,
        database: Database,
        projection: Folded,
        source: EntrySource,
        moment: Moment,
        share: Share | None = None,
    ) -> None:
        self._database = database
        self._projection = projection
        self._source = source
        self._moment = moment
        self._share = share
        self._fold: Fold | None = None
        self._indexed = False

    def catch_up(self) -> int:
        """Fold the entries that came since, and return how many. A round that fails leaves no trace."""
        done = 0
        try:
            while folded := self._round():
                done += folded
        except BaseException:
            self.forget()
            raise
        return done

    def _round(self) -> int:
        size = len(self._source)
        reached = position.read(self._database, self._projection.name)
        if reached is not None and reached.version == self._projection.version and reached.position == size:
            position.check(reached, self._source, size)
            return 0
        with self._database.transaction():
            reached = self._place()
            position.check(reached, self._source, size)
            fold = self._fold_at(reached.position)
            moved = self.feed(fold, reached, size)
            if not self._indexed and moved.position in (size, reached.position):  # with the last entry, or after it
                make_indexes(self._database, self._projection, "", moved.build)
                self._indexed = True
            return moved.position - reached.position

    def fold_these(self, entries: Iterable[Entry]) -> None:
        """Fold some entries into empty tables, and stand at the ledger's end."""
        with self._database.transaction():
            reached, fold = self._place(), self.new_fold(0, "")
            for one in entries:
                fold.take(one)
            fold.settle()
            make_indexes(self._database, self._projection, "", reached.build)
            size = len(self._source)
            position.write(self._database, position.moved(reached, size, self._source.find(size - 1)))

    def _place(self) -> Position:
        """Return where the tables stand, making them where there are none of this version."""
        reached = position.read(self._database, self._projection.name)
        if reached is not None and reached.version == self._projection.version:
            return reached
        self.forget()
        build = reached.build + 1 if reached else 1
        make_tables(self._database, self._projection, "")
        fresh = Position(self._projection.name, self._projection.version, build, 0, self._source.origin)
        position.forget(self._database)  # what was derived from the tables that went is of no use
        position.write(self._database, fresh)
        return fresh

    def _fold_at(self, at: int) -> Fold:
        if self._fold is None or self._fold.position != at:
            self._fold = self.new_fold(at, "")
        return self._fold

    def new_fold(self, at: int, prefix: str) -> Fold:
        """Return a fold that goes on at `at` in the tables with this prefix."""
        horizon = self._moment.as_of
        share = self._share
        return Fold(
            self._database, self._projection, self._source, prefix=prefix, position=at, horizon=horizon, share=share
        )

    def feed(self, fold: Fold, reached: Position, stop: int, prefix: str = "") -> Position:
        """Fold a round of entries, to `stop` at most; settle it and keep the position it came to."""
        last = None
        with _no_collections():
            for seq, last in enumerate(self._known(fold.position, min(stop, fold.position + ROUND)), fold.position):
                if last.seq != seq:
                    raise position.not_next(last, seq)
                fold.take(last)
                if fold.full:
                    break
            if last is None:
                return reached
            fold.settle()
        moved = position.moved(reached, fold.position, last)
        if not prefix:
            position.write(self._database, moved)
        return moved

    def forget(self) -> None:
        """Forget the states in memory: the tables are others."""
        self._fold = None
        self._indexed = False

    def _known(self, start: int, stop: int) -> Iterator[Entry]:
        entries, known_at = self._source.entries(start, stop), self._moment.known_at
        return entries if known_at == ALWAYS else takewhile(lambda entry: entry.recorded <= known_at, entries)


class Deriving:
    """One derived projection, made again group by group from the rows of a folded one."""

    def __init__(self, database: Database, projection: Derived, base: Folded, source: EntrySource) -> None:
        self._database = database
        self._projection = projection
        self._base = base
        self._source = source

    def catch_up(self) -> int:
        """Make the groups again whose rows changed; return how many."""
        reached, base = self._positions()
        if reached is not None and base is not None and reached == base.position and not self._stale():
            return 0
        with self._database.transaction():
            return self.settle()

    def settle(self) -> int:
        """Do so inside the caller's transaction."""
        reached, base = self._positions()
        if base is None:
            return 0
        if reached is None:
            make_tables(self._database, self._projection, "")
            make_indexes(self._database, self._projection, "", base.build)
            groups = self._projection.groups(self._database)
        else:
            groups = self._stale()
        self.make(groups, "")
        self._database.execute(f"DELETE FROM {STALE.name}")  # noqa: S608
        name, version = self._projection.name, self._projection.version
        position.write(self._database, Position(name, version, base.build, base.position, base.origin))
        return len(groups)

    def make(self, groups: list[str], prefix: str) -> None:
        """Write all rows of these groups into the tables with this prefix."""
        for group in groups:
            derived = self._projection.derive(self._database, group)
            for made in self._projection.tables:
                self._database.execute(tables.delete(made, prefix), (group,))
                self._database.executemany(tables.upsert(made, prefix), derived[made.name])

    def _stale(self) -> list[str]:
        return [group for (group,) in self._database.rows(f"SELECT grp FROM {STALE.name} ORDER BY grp")]  # noqa: S608

    def _positions(self) -> tuple[int | None, Position | None]:
        own = position.read(self._database, self._projection.name)
        standing = own.position if own is not None and own.version == self._projection.version else None
        return standing, position.read(self._database, self._base.name)

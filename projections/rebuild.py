"""Rebuild: make a projection anew beside the old one, compare, swap; one transaction: a crash leaves the old one."""

from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct

from projections import fingerprint, position
from projections.database import Database
from projections.engine import Deriving, Folding, all_tables, drop_tables, make_indexes, make_tables, shown
from projections.position import Position
from projections.projection import Derived, EntrySource, Folded

Shares = Callable[[int], Iterable[bytes]]
"""Folds that many entries elsewhere; yields packed databases (`projections.sharing`)."""
NEW: Final = "new_"
OLD: Final = "old_"


class RebuildResult(Struct, frozen=True):
    """What a rebuild found.

    `old`: the fingerprint before, of the same entries ("" if there was nothing to compare). `findings`: one sentence
    for each table that was not what the ledger says; its old rows are kept in `old_` tables.
    """

    projection: str
    old: str
    new: str
    position: int
    swapped: bool
    findings: tuple[str, ...]


def rebuild_folded(
    database: Database,
    projection: Folded,
    folding: Folding,
    derived: tuple[Derived, ...],
    source: EntrySource,
    shares: Shares | None = None,
) -> RebuildResult:
    """Fold everything again, to where the old tables stand, or the ledger's end if there are none of this version.

    `shares`: have it folded by others, who give back packed databases.
    """
    with database.transaction():
        old = position.read(database, projection.name)
        comparable = old is not None and old.version == projection.version and old.origin == source.origin
        target = min(old.position, len(source)) if old and comparable else len(source)
        build = old.build + 1 if old else 1
        make_tables(database, projection, NEW)
        fresh = Position(projection.name, projection.version, build, 0, source.origin)
        if shares is None:
            fresh = _fold(folding, fresh, target)
        else:
            for packed in shares(target):
                database.take_in(packed, all_tables(projection), NEW)
            fresh = position.moved(fresh, target, source.find(target - 1) if target else None)
        make_indexes(database, projection, NEW, build)
        comparable = comparable and old is not None and old.position == fresh.position
        result = _compare(database, projection, fresh.position, comparable=comparable)
        _swap(database, projection, keep=bool(result.findings))
        if not comparable or result.findings:
            position.forget(database)  # what was derived from other rows is made again
            for one in derived:
                drop_tables(database, one, "")
        position.write(database, fresh)
    folding.forget()
    return result


def _fold(folding: Folding, fresh: Position, target: int) -> Position:
    fold = folding.new_fold(0, NEW)
    while fold.position < target:
        before = fold.position
        fresh = folding.feed(fold, fresh, target, NEW)
        if fold.position == before:
            break
    return fresh


def rebuild_derived(database: Database, projection: Derived, deriving: Deriving) -> RebuildResult:
    """Derive every group again from rows that are up to date."""
    with database.transaction():
        deriving.settle()
        reached = position.read(database, projection.name)
        build = reached.build + 1 if reached else 1
        make_tables(database, projection, NEW)
        make_indexes(database, projection, NEW, build)
        deriving.make(projection.groups(database), NEW)
        result = _compare(database, projection, reached.position if reached else 0, comparable=reached is not None)
        _swap(database, projection, keep=bool(result.findings))
        if reached is not None:
            name, version = projection.name, projection.version
            position.write(database, Position(name, version, build, reached.position, reached.origin))
    return result


def _compare(database: Database, projection: Folded | Derived, at: int, *, comparable: bool) -> RebuildResult:
    new = fingerprint.of_tables(database, shown(projection), NEW)
    old = fingerprint.of_tables(database, shown(projection)) if comparable else {}
    findings = tuple(
        f"{name} was not what the entries say: edited, or the fold is not deterministic; kept as {OLD}{name}"
        for name, digest in old.items()
        if digest != new[name]
    )
    name, version = projection.name, projection.version
    before = fingerprint.combined(name, version, old) if old else ""
    return RebuildResult(name, before, fingerprint.combined(name, version, new), at, True, findings)


def _swap(database: Database, projection: Folded | Derived, *, keep: bool) -> None:
    drop_tables(database, projection, OLD)
    if not keep:
        drop_tables(database, projection, "")
    here = database.table_names()
    for made in all_tables(projection):
        if made.name in here:
            database.execute(f"ALTER TABLE {made.name} RENAME TO {OLD}{made.name}")
        database.execute(f"ALTER TABLE {NEW}{made.name} RENAME TO {made.name}")

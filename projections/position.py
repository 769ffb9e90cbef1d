"""How far a projection has come, kept in the same transaction as its rows; and what it refuses to go on from."""

from typing import Final

from msgspec import Struct

from ledger.entry import Entry
from ledger.errors import Misuse, Tampered
from projections.database import Database
from projections.projection import EntrySource
from projections.tables import create, table, upsert

POSITIONS: Final = table(
    "positions", "projection", "version:integer build:integer position:integer origin last_id last_prev"
)


class Position(Struct, frozen=True):
    """`position`: entries folded. `build`: how often the tables were made. The last entry is known by id and prev."""

    projection: str
    version: int
    build: int
    position: int
    origin: str
    last_id: str | None = None
    last_prev: str | None = None


def prepare(database: Database) -> None:
    """Make the table of positions, where it is not there."""
    if POSITIONS.name not in database.table_names():
        with database.transaction():
            if POSITIONS.name not in database.table_names():
                for statement in create(POSITIONS, "", database.dialect):
                    database.execute(statement)


def read(database: Database, projection: str) -> Position | None:
    """Return where a projection stands, or None if it was never made here."""
    sql = f"SELECT {', '.join(POSITIONS.columns)} FROM {POSITIONS.name} WHERE projection = ?"  # noqa: S608
    rows = database.rows(sql, (projection,))
    return Position(*rows[0]) if rows else None


def write(database: Database, reached: Position) -> None:
    """Keep where a projection stands. The caller's transaction holds the rows as well."""
    row = tuple(getattr(reached, name) for name in POSITIONS.columns)
    database.executemany(upsert(POSITIONS, ""), [row])


def forget(database: Database) -> None:
    """Forget all positions: everything will be made anew."""
    database.execute(f"DELETE FROM {POSITIONS.name}")  # noqa: S608


def check(reached: Position, source: EntrySource, size: int) -> None:
    """Refuse to go on from a ledger that is not the one folded so far, or that became shorter.

    Raises `Misuse` for another ledger, `Tampered` for the same one with fewer or other entries.
    """
    if reached.origin != source.origin:
        raise Misuse(
            f"these projections are of {reached.origin}, not of {source.origin}",
            "ledger rebuild makes them anew from this ledger",
            code="other_ledger",
        )
    if size < reached.position:
        raise Tampered(
            f"{source.origin} has {size:,} entries, {reached.projection} folded {reached.position:,}: an old copy?",
            "ledger verify with your pin; if this copy is right: ledger rebuild",
            code="ledger_shrank",
        )
    at = reached.position
    if at and _mark(source.find(at - 1)) != (reached.last_id, reached.last_prev):
        raise Tampered(
            f"entry {reached.position - 1} of {source.origin} is not the one that {reached.projection} folded",
            "ledger verify with your pin; if this copy is right: ledger rebuild",
            code="ledger_changed",
            seq=reached.position - 1,
        )


def not_next(entry: Entry, position: int) -> Tampered:
    """Return why an entry is refused: none is skipped, none taken twice."""
    return Tampered(
        f"the ledger gave entry {entry.seq} where {position} comes next",
        "ledger verify",
        code="entry_out_of_order",
        check=6,
        seq=position,
    )


def moved(reached: Position, position: int, last: Entry | None) -> Position:
    """Return the position after the round that ended with entry `last`."""
    if position < reached.position:
        raise Misuse(f"{reached.projection} stands at {reached.position:,}, not before {position:,}", "ledger rebuild")
    last_id, last_prev = (reached.last_id, reached.last_prev) if last is None else _mark(last)
    return Position(reached.projection, reached.version, reached.build, position, reached.origin, last_id, last_prev)


def _mark(entry: Entry) -> tuple[str, str]:
    return entry.statement.id, entry.prev

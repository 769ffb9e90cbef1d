"""What one commit writes to PostgreSQL, in one statement where it is small.

Every append is guarded by the head: it takes effect only where size and cover are still those that it was made from.
So an append may be sent on a presumption, in one statement and one round trip; and where a connection was lost on the
way, sending again is safe, whichever of the two the server saw first.
"""

import struct
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from ledger.disclosures import commitment
from ledger.merkle.edge import Tile
from ledger.store import Head, Row
from ledger.stores.postgres_links import Id, Link, Text, local_settings
from ledger.stores.postgres_talk import Asked, Many, talk
from ledger.stores.postgres_texts import named

FEW: Final = 48  # rows that travel as parameters of one statement; more of them by COPY
FEW_BYTES: Final = 256 * 1024

_MOVE: Final = """WITH moved AS (
  UPDATE ledger.head SET size = $1, last = $2, peaks = $3, covered = $4, note = $5
  WHERE one = 1 AND size = $6 AND covered = $7
    AND pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtext('ledger.head'))
  RETURNING one)"""
_COUNT: Final = " SELECT count(*) FROM moved"
ONE: Final = (
    _MOVE  # noqa: S608 - constants; values are parameters
    + ", put AS (INSERT INTO ledger.entries (seq, id, bytes) SELECT $8::int8, $9::uuid, $10::text FROM moved)"
    + _COUNT
)
SEVERAL: Final = (
    _MOVE  # noqa: S608
    + """, put AS (
  INSERT INTO ledger.entries (seq, id, bytes) SELECT new.seq, new.id, new.bytes
  FROM moved, unnest($8::int8[], $9::uuid[], $10::text[]) AS new (seq, id, bytes)
), hashed AS (
  INSERT INTO ledger.tiles (level, tile, hashes) SELECT new.level, new.tile, new.hashes
  FROM moved, unnest($11::int8[], $12::int8[], $13::bytea[]) AS new (level, tile, hashes)
  ON CONFLICT (level, tile) DO UPDATE SET hashes = excluded.hashes
), acts AS (
  INSERT INTO ledger.authority (seq) SELECT new.seq FROM moved, unnest($14::int8[]) AS new (seq)
), shown AS (
  INSERT INTO ledger.disclosures (commitment, text) SELECT new.commitment, new.text
  FROM moved, unnest($15::text[], $16::text[]) AS new (commitment, text)
), kept AS (
  INSERT INTO ledger.checkpoints (size, note) SELECT new.size, new.note
  FROM moved, unnest($17::int8[], $18::text[]) AS new (size, note)
  ON CONFLICT (size) DO UPDATE SET note = excluded.note
)"""
    + _COUNT
)
_COPY: Final = "COPY ledger.entries (seq, id, bytes) FROM STDIN (FORMAT BINARY)"
_BEGIN: Final = Asked("BEGIN ISOLATION LEVEL READ COMMITTED")
_COMMIT: Final = Asked("COMMIT")
# The binary form of COPY (PostgreSQL's manual, "COPY", file formats): a row is its count of fields, then length and
# bytes of each.
_COPY_START: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_ROW: Final = struct.Struct(">hiqi16si")
_COPY_END: Final = b"\xff\xff"


class Written(NamedTuple):
    """What a commit adds: see `ledger.store.Appending.append`; `kept` are checkpoints, (size, note)."""

    rows: Sequence[Row]
    tiles: Sequence[Tile]
    authority: Sequence[int]
    disclosures: Sequence[str]
    kept: Sequence[tuple[int, bytes]]


def begin(link: Link) -> list[Asked]:
    """Return what begins a transaction; where its session may be another's afterwards, with settings of its own."""
    return [_BEGIN] if link.direct else [_BEGIN, Asked(local_settings())]


def append(link: Link, schema: str, base: Head, head: Head, written: Written, *, begun: bool) -> bool:
    """Move the head from `base` to `head`, write, commit; return False, with nothing written, where it is elsewhere.

    `begun`: in the transaction that is open; else in one of its own.
    """
    move = (*head[:4], Text(head.note), base.size, base.covered)
    rows, *others = written
    if len(rows) == 1 and not any(others):
        row = rows[0]
        return _send(link, Asked(named(ONE, schema), (*move, row.seq, Id(row.id), Text(row.data))), begun=begun)
    if len(rows) > FEW or sum(len(row.data) for row in rows) > FEW_BYTES:
        return _copy(link, schema, move, written, begun=begun)
    return _send(link, Asked(named(SEVERAL, schema), (*move, *_columns(rows), *_beside(written))), begun=begun)


def _send(link: Link, asked: Asked, *, begun: bool) -> bool:
    """One round trip: the statement alone, or with what begins and ends its transaction."""
    if begun:
        found, _ = talk(link, asked, _COMMIT)
    elif link.direct:
        (found,) = talk(link, asked)
    else:
        *_, found, _ = talk(link, *begin(link), asked, _COMMIT)
    return found == [(1,)]


def _copy(link: Link, schema: str, move: tuple[Any, ...], written: Written, *, begun: bool) -> bool:
    *_, found = talk(link, *(() if begun else begin(link)), Asked(named(_MOVE + _COUNT, schema), move))
    if found != [(1,)]:
        return False
    pack, rows = _COPY_ROW.pack, written.rows
    with link.cursor().copy(named(_COPY, schema)) as copy:
        copy.write(_COPY_START)
        for at in range(0, len(rows), 512):
            part = [pack(3, 8, seq, 16, id, len(data)) + data for seq, id, data in rows[at : at + 512]]
            copy.write(b"".join(part))
        copy.write(_COPY_END)
    # The head stands where it goes already: this guard is met, and the rows are there.
    again = (*move[:5], move[0], move[3])
    talk(link, Asked(named(SEVERAL, schema), (*again, *_columns(()), *_beside(written))), _COMMIT)
    return True


def _columns(rows: Sequence[Row]) -> tuple[Many, ...]:
    return (
        Many(int, [row.seq for row in rows]),
        Many(Id, [row.id for row in rows]),
        Many(Text, [row.data for row in rows]),
    )


def _beside(written: Written) -> tuple[Many, ...]:
    return (
        Many(int, [tile.level for tile in written.tiles]),
        Many(int, [tile.number for tile in written.tiles]),
        Many(bytes, [tile.hashes for tile in written.tiles]),
        Many(int, written.authority),
        Many(Text, [commitment(text).encode() for text in written.disclosures]),
        Many(Text, [text.encode() for text in written.disclosures]),
        Many(int, [size for size, _ in written.kept]),
        Many(Text, [note for _, note in written.kept]),
    )

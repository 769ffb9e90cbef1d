"""What is written to PostgreSQL: the statements, and the inside of a write section.

Every append is guarded by the head: it takes effect only where size and cover are still those that it was made from.
So an append may be sent on a presumption, in one statement and one round trip; and where a connection was lost on the
way, sending again is safe, whichever of the two the server saw first.

An advisory lock, held to the end of the transaction, keeps writers in a queue where several want to write; measured
beside `SELECT ... FOR UPDATE` of the head's row, of which eight processes make 40 % less. It is no part of the safety:
engines that have no such locks (they answer true) find the loser by the guard.
"""

import re
import struct
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final, LiteralString

import psycopg

from ledger.disclosures import commitment
from ledger.errors import Tampered
from ledger.merkle.edge import Tile
from ledger.store import Head, Moved, Row
from ledger.stores.opening import SCHEMA
from ledger.stores.postgres_faults import is_lost
from ledger.stores.postgres_links import Id, Link, Text, local_settings

FEW: Final = 48  # rows that travel as parameters of one statement; more of them by COPY
FEW_BYTES: Final = 256 * 1024
AHEAD: Final = 64  # rows of others that come with the head

HEAD: Final = "SELECT size, last, peaks, covered, note FROM ledger.head WHERE one = 1"
FIND: Final = "SELECT seq FROM ledger.entries WHERE id = %b"
READ: Final = "SELECT bytes FROM ledger.entries WHERE seq = %b"
ROWS: Final = "SELECT seq, id, bytes FROM ledger.entries WHERE seq >= %b AND seq < %b ORDER BY seq LIMIT %b"
TILE: Final = "SELECT hashes FROM ledger.tiles WHERE level = %b AND tile = %b"
AUTHORITY: Final = "SELECT seq FROM ledger.authority ORDER BY seq"
_ENTER: Final = """BEGIN ISOLATION LEVEL READ COMMITTED; {settings};
SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('ledger.head'));
SELECT size, last, peaks, covered, note FROM ledger.head WHERE one = 1;
SELECT seq, id::text, bytes FROM ledger.entries WHERE seq >= {start} AND seq < {stop} ORDER BY seq;
SELECT id::text FROM ledger.entries ORDER BY id DESC LIMIT 1"""
_ACTS: Final = "SELECT a.seq, e.bytes FROM ledger.authority AS a LEFT JOIN ledger.entries AS e USING (seq) ORDER BY seq"
_NEWEST: Final = "SELECT id FROM ledger.entries ORDER BY id DESC LIMIT 1"
_KEPT: Final = "SELECT note FROM ledger.checkpoints WHERE size = %b"
_MOVE: Final = """WITH moved AS (
  UPDATE ledger.head SET size = %b, last = %b, peaks = %b, covered = %b, note = %b
  WHERE one = 1 AND size = %b AND covered = %b
    AND pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtext('ledger.head'))
  RETURNING one)"""
_COUNT: Final = " SELECT count(*) FROM moved"
ONE: Final = (
    _MOVE  # noqa: S608 - constants; values are parameters
    + ", put AS (INSERT INTO ledger.entries (seq, id, bytes) SELECT %b::int8, %b::uuid, %b::text FROM moved)"
    + _COUNT
)
SEVERAL: Final = (
    _MOVE  # noqa: S608
    + """, put AS (
  INSERT INTO ledger.entries (seq, id, bytes) SELECT new.seq, new.id, new.bytes
  FROM moved, unnest(%b::int8[], %b::uuid[], %b::text[]) AS new (seq, id, bytes)
), hashed AS (
  INSERT INTO ledger.tiles (level, tile, hashes) SELECT new.level, new.tile, new.hashes
  FROM moved, unnest(%b::int4[], %b::int8[], %b::bytea[]) AS new (level, tile, hashes)
  ON CONFLICT (level, tile) DO UPDATE SET hashes = excluded.hashes
), acts AS (
  INSERT INTO ledger.authority (seq) SELECT new.seq FROM moved, unnest(%b::int8[]) AS new (seq)
), shown AS (
  INSERT INTO ledger.disclosures (commitment, text) SELECT new.commitment, new.text
  FROM moved, unnest(%b::text[], %b::text[]) AS new (commitment, text)
), kept AS (
  INSERT INTO ledger.checkpoints (size, note) SELECT new.size, new.note
  FROM moved, unnest(%b::int8[], %b::text[]) AS new (size, note)
  ON CONFLICT (size) DO UPDATE SET note = excluded.note
)"""
    + _COUNT
)
_COPY: Final = "COPY ledger.entries (seq, id, bytes) FROM STDIN (FORMAT BINARY)"
_BEGIN: Final = "BEGIN ISOLATION LEVEL READ COMMITTED"
_FRESH: Final = (
    "DELETE FROM ledger.tiles",
    "DELETE FROM ledger.authority",
    "INSERT INTO ledger.head VALUES (1, 0, '', '', 0, '') ON CONFLICT DO NOTHING",
)
# The binary form of COPY (PostgreSQL's manual, "COPY", file formats): a row is its count of fields, then length and
# bytes of each.
_COPY_START: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_ROW: Final = struct.Struct(">hiqi16si")
_COPY_END: Final = b"\xff\xff"


_NAME: Final = re.compile(r"(?<!-)\bledger(?=[._]|\b)")  # the schema's name, alone and at the beginning of others


@cache
def named(sql: str, schema: str) -> LiteralString:
    """Return a statement, or the text of the schema, for a ledger in `schema`."""
    return sql if schema == SCHEMA else _NAME.sub(schema, sql)


@cache
def schema_text(name: str = "postgres.sql") -> str:
    """Return what makes the schema, or (postgres_projections.sql) the one beside it."""
    return files("ledger.stores").joinpath(name).read_text("utf-8")


class Section:
    """The inside of a write section. With a `presumed` head nothing is locked, and `append` may raise `Moved`."""

    def __init__(self, link: Link, schema: str, place: str, presumed: Head | None, ahead: int) -> None:
        self.sure = presumed is None
        self.wrote: Head | None = None
        self._link = link
        self._schema = schema
        self._place = place
        self._rows: list[Row] = []
        self._newest: bytes | None = None
        self._acts: dict[int, bytes] = {}
        self._kept: list[tuple[int, Text]] = []
        self._head = self._enter(ahead) if presumed is None else presumed

    def _enter(self, ahead: int) -> Head:
        """Queue up, then read what came since, in one round trip: each statement sees what was committed before it."""
        settings = "SELECT" if self._link.direct else local_settings()
        sql = named(_ENTER, self._schema).format(settings=settings, start=ahead, stop=ahead + AHEAD)
        answers = self._link.execute(sql, prepare=False)
        for _ in range(3):
            answers.nextset()
        head = answers.fetchone()
        answers.nextset()
        self._rows = [Row(seq, bytes.fromhex(id.replace("-", "")), data.encode()) for seq, id, data in answers]
        answers.nextset()
        newest = answers.fetchone()
        self._newest = bytes.fromhex(newest[0].replace("-", "")) if newest else b""
        return _head(head and (*head[:4], head[4].encode()))

    def _begin(self) -> None:
        self._link.execute(_BEGIN)
        if not self._link.direct:
            self._link.execute(local_settings())

    def ask(self, sql: str, values: Sequence[Any] = ()) -> psycopg.Cursor[Any]:
        """Run one statement on this section's connection."""
        return self._link.execute(named(sql, self._schema), values, binary=True)

    # ---- reading ----

    def head(self) -> Head:
        """Return the newest head, or the presumed one."""
        return self._head

    def find(self, id: bytes) -> int | None:
        """Return the place of an id."""
        seq: int | None = _value(self.ask(FIND, (Id(id),)))
        return seq

    def read(self, seq: int) -> bytes:
        """Return an entry's bytes; raise `Tampered` where it is missing."""
        data: bytes | None = self._acts.get(seq) or _value(self.ask(READ, (seq,)))
        if data is None:
            raise Tampered(
                f"entry {seq} is missing in {self._place}", "ledger verify", code="missing_row", check=6, seq=seq
            )
        return data

    def rows(self, start: int, stop: int) -> Iterator[Row]:
        """Yield rows in order."""
        have = self._rows
        if have and have[0].seq == start and stop <= have[-1].seq + 1:
            return iter(have[: stop - start])
        return self._far(start, stop)

    def _far(self, start: int, stop: int) -> Iterator[Row]:
        while found := self.ask(ROWS, (start, stop, 1_000)).fetchall():
            yield from map(Row._make, found)
            start = found[-1][0] + 1

    def tile(self, level: int, index: int) -> bytes:
        """Return the hashes of a tile."""
        hashes: bytes | None = _value(self.ask(TILE, (level, index)))
        return hashes or b""

    def authority(self) -> list[int]:
        """Return the places of key events; their entries come with them."""
        found = self.ask(_ACTS).fetchall()
        self._acts = {seq: data for seq, data in found if data is not None}
        return [seq for seq, _ in found]

    def newest_id(self) -> bytes:
        """Return the greatest id."""
        if self._newest is None:
            self._newest = _value(self.ask(_NEWEST)) or b""
        return self._newest

    def kept(self, size: int) -> bytes | None:
        """Return the kept checkpoint of a size."""
        note: bytes | None = _value(self.ask(_KEPT, (size,)))
        return note

    # ---- writing ----

    def keep(self, size: int, note: bytes) -> None:
        """Keep a checkpoint, in the place of a kept one of its size; durable with the next `append`."""
        self._kept.append((size, Text(note)))

    def start_afresh(self) -> None:
        """Empty what can be computed again; the next `append` must bring all of it."""
        for statement in _FRESH:
            self.ask(statement)
        self._head = _head(self.ask(HEAD).fetchone())

    def append(
        self,
        rows: Sequence[Row],
        tiles: Sequence[Tile],
        authority: Sequence[int],
        disclosures: Sequence[str],
        head: Head,
    ) -> None:
        """Write all of it and commit; raise `Moved`, with nothing of it written, where the head is another by now."""
        move = (*head[:4], Text(head.note), self._head.size, self._head.covered)
        notes, self._kept = self._kept, []
        extras = (
            *([tile[at] for tile in tiles] for at in range(3)),
            list(authority),
            [commitment(text) for text in disclosures],
            list(disclosures),
            *([note[at] for note in notes] for at in range(2)),
        )
        try:
            if len(rows) > FEW or sum(len(row.data) for row in rows) > FEW_BYTES:
                moved = self._copy(move, rows, extras)
            elif len(rows) == 1 and not any(extras):
                moved = self._send(ONE, (*move, rows[0].seq, Id(rows[0].id), Text(rows[0].data)))
            else:
                moved = self._send(SEVERAL, (*move, *_columns(rows), *extras))
        except psycopg.Error as error:
            if is_lost(error):
                raise Moved(self._place, "unknown") from None
            raise
        if not moved:
            raise Moved(self._place)
        self.wrote = head

    def _send(self, sql: str, values: tuple[Any, ...]) -> bool:
        """One round trip: the statement alone, or with what ends its transaction."""
        if self._link.direct and not self.sure:
            return bool(_value(self.ask(sql, values)))
        with self._link.pipeline():
            if not self.sure:
                self._begin()
            done = self.ask(sql, values)
            self._link.execute("COMMIT")
        return bool(_value(done))

    def _copy(self, move: tuple[Any, ...], rows: Sequence[Row], extras: tuple[Any, ...]) -> bool:
        if not self.sure:
            with self._link.pipeline():
                self._begin()
        if _value(self.ask(_MOVE + _COUNT, move)) != 1:
            return False
        pack, cursor = _COPY_ROW.pack, self._link.cursor()
        with cursor.copy(named(_COPY, self._schema)) as copy:
            copy.write(_COPY_START)
            for at in range(0, len(rows), 512):
                part = [pack(3, 8, seq, 16, id, len(data)) + data for seq, id, data in rows[at : at + 512]]
                copy.write(b"".join(part))
            copy.write(_COPY_END)
        # The head stands where it goes already: this guard is met, and the rows are there.
        again = (*move[:5], move[0], move[3])
        self.ask(SEVERAL, (*again, [], [], [], *extras))
        self._link.execute("COMMIT")
        return True


def _columns(rows: Sequence[Row]) -> tuple[list[int], list[Id], list[Text]]:
    return [row.seq for row in rows], [Id(row.id) for row in rows], [Text(row.data) for row in rows]


def _value(cursor: psycopg.Cursor[Any]) -> Any:
    row = cursor.fetchone()
    return None if row is None else row[0]


def _head(row: tuple[Any, ...] | None) -> Head:
    return Head(0, b"", b"", 0, b"") if row is None else Head._make(row)


def read_head(cursor: psycopg.Cursor[Any]) -> Head:
    """Return the head as stored."""
    return _head(cursor.fetchone())

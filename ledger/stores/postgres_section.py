"""The inside of a write section in PostgreSQL: what it reads, and the one append that it ends with.

An advisory lock, held to the end of the transaction, keeps writers in a queue where several want to write; measured
beside `SELECT ... FOR UPDATE` of the head's row, of which eight processes make 40 % less (README.md). It is no part of
the safety: who was second is found by the guard of `postgres_appending`.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, Self

import psycopg

from ledger.errors import Tampered
from ledger.merkle.edge import Tile
from ledger.store import Head, Moved, Row
from ledger.stores.postgres_appending import Written, append, begin
from ledger.stores.postgres_faults import is_lost
from ledger.stores.postgres_links import Id, Link
from ledger.stores.postgres_talk import Asked, talk
from ledger.stores.postgres_texts import named

AHEAD: Final = 64  # rows of others that come with the head

HEAD: Final = "SELECT size, last, peaks, covered, note FROM ledger.head WHERE one = 1"
FIND: Final = "SELECT seq FROM ledger.entries WHERE id = %b"
READ: Final = "SELECT bytes FROM ledger.entries WHERE seq = %b"
ROWS: Final = "SELECT seq, id, bytes FROM ledger.entries WHERE seq >= %b AND seq < %b ORDER BY seq LIMIT %b"
TILE: Final = "SELECT hashes FROM ledger.tiles WHERE level = %b AND tile = %b"
AUTHORITY: Final = "SELECT seq FROM ledger.authority ORDER BY seq"
_ACTS: Final = "SELECT a.seq, e.bytes FROM ledger.authority AS a LEFT JOIN ledger.entries AS e USING (seq) ORDER BY seq"
_NEWEST: Final = "SELECT id FROM ledger.entries ORDER BY id DESC LIMIT 1"
_KEPT: Final = "SELECT note FROM ledger.checkpoints WHERE size = %b"
_LOCK: Final = "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('ledger.head'))"
_NEWER: Final = "SELECT seq, id, bytes FROM ledger.entries WHERE seq >= $1 AND seq < $2 ORDER BY seq"
_FRESH: Final = (
    "DELETE FROM ledger.tiles",
    "DELETE FROM ledger.authority",
    "INSERT INTO ledger.head VALUES (1, 0, '', '', 0, '') ON CONFLICT DO NOTHING",
)


class Section:
    """The inside of a write section. Where nothing `came` with the head it is presumed, and nothing is locked."""

    def __init__(self, link: Link, schema: str, place: str, head: Head, came: "list[Row] | None" = None) -> None:
        self.sure = came is not None
        self.wrote: Head | None = None
        self._link = link
        self._schema = schema
        self._place = place
        self._head = head
        self._rows = came or []
        self._newest: bytes | None = None
        self._acts: dict[int, bytes] = {}
        self._kept: list[tuple[int, bytes]] = []

    @classmethod
    def queue_up(cls, link: Link, schema: str, place: str, ahead: int) -> Self:
        """Enter as soon as everybody who came before is out, and bring the head and the entries from `ahead` on along.

        One message: each of its statements sees what was committed before it, so those after the lock see all.
        """
        *_, head, rows = talk(
            link,
            *begin(link),
            Asked(named(_LOCK, schema)),
            Asked(named(HEAD, schema)),
            Asked(named(_NEWER, schema), (ahead, ahead + AHEAD)),
        )
        return cls(link, schema, place, as_head(head[0] if head else None), list(map(Row._make, rows)))

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
        self._kept.append((size, note))

    def start_afresh(self) -> None:
        """Empty what can be computed again; the next `append` must bring all of it."""
        for statement in _FRESH:
            self.ask(statement)
        self._head = as_head(self.ask(HEAD).fetchone())

    def append(
        self,
        rows: Sequence[Row],
        tiles: Sequence[Tile],
        authority: Sequence[int],
        disclosures: Sequence[str],
        head: Head,
    ) -> None:
        """Write all of it and commit; raise `Moved`, with nothing of it written, where the head is another by now."""
        written = Written(rows, tiles, authority, disclosures, self._kept)
        self._kept = []
        try:
            moved = append(self._link, self._schema, self._head, head, written, begun=self.sure)
        except psycopg.Error as error:
            if is_lost(error):
                raise Moved(self._place, "unknown") from None
            raise
        if not moved:
            raise Moved(self._place)
        self.wrote = head


def _value(cursor: psycopg.Cursor[Any]) -> Any:
    row = cursor.fetchone()
    return None if row is None else row[0]


def as_head(row: tuple[Any, ...] | None) -> Head:
    """Return the head of a row; that of an empty log where there is none."""
    return Head(0, b"", b"", 0, b"") if row is None else Head._make(row)


def read_head(cursor: psycopg.Cursor[Any]) -> Head:
    """Return the head as stored."""
    return as_head(cursor.fetchone())

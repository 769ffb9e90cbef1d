"""What is read and written in one SQLite connection: the statements, and the inside of a write section."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, Final

import apsw

from ledger.disclosures import commitment
from ledger.errors import Conflict, Tampered, Unavailable
from ledger.merkle.edge import Tile
from ledger.store import Anchor, Head, Row

TOGETHER: Final = 64  # rows in one statement: every step of SQLite lets other threads in, who are waited for then


class Section:
    """The inside of a write section."""

    sure = True

    def __init__(self, connection: apsw.Connection, path: Path) -> None:
        self.connection = connection
        self._path = path

    def head(self) -> Head:
        """Return the newest head."""
        return read_head(self.connection)

    def find(self, id: bytes) -> int | None:
        """Return the place of an id."""
        return find_id(self.connection, id)

    def read(self, seq: int) -> bytes:
        """Return an entry's bytes; raise `Tampered` where it is missing."""
        data = read_bytes(self.connection, seq)
        if data is None:
            raise Tampered(
                f"entry {seq} is missing in {self._path}", "ledger verify", code="missing_row", check=6, seq=seq
            )
        return data

    def rows(self, start: int, stop: int) -> Iterator[Row]:
        """Yield rows in order."""
        return read_rows(self.connection, start, stop)

    def tile(self, level: int, index: int) -> bytes:
        """Return the hashes of a tile."""
        return read_tile(self.connection, level, index)

    def authority(self) -> list[int]:
        """Return the places of key events."""
        return read_authority(self.connection)

    def newest_id(self) -> bytes:
        """Return the greatest id."""
        newest: bytes | None = self.connection.execute("SELECT max(id) FROM entries").get
        return newest or b""

    def kept(self, size: int) -> bytes | None:
        """Return the kept checkpoint of a size."""
        note: bytes | None = self.connection.execute(
            "SELECT CAST(note AS BLOB) FROM checkpoints WHERE size = ?", (size,)
        ).get
        return note

    def keep(self, size: int, note: bytes) -> None:
        """Keep a checkpoint, in the place of a kept one of its size; durable with the next `append` or `commit`."""
        self.connection.execute("INSERT OR REPLACE INTO checkpoints VALUES (?, CAST(? AS TEXT))", (size, note))

    def keep_anchor(self, anchor: Anchor) -> None:
        """Keep a time-stamp; durable with the next `commit`."""
        taken = self.connection.execute("SELECT count(*) FROM anchors WHERE number = ?", (anchor.number,)).get
        if taken:
            raise Conflict(f"time-stamp {anchor.number} is there already; nothing was kept", "try again", code="anchor")
        self.connection.execute("INSERT INTO anchors VALUES (?, ?, ?, ?, ?, ?, ?)", anchor)

    def append(
        self,
        rows: Sequence[Row],
        tiles: Sequence[Tile],
        authority: Sequence[int],
        disclosures: Sequence[str],
        head: Head,
    ) -> None:
        """Write all of it and commit."""
        execute, many = self.connection.execute, self.connection.executemany
        if 0 < len(rows) <= TOGETHER:
            execute(_inserting(len(rows)), tuple(chain.from_iterable(rows)))
        elif rows:
            many(_inserting(1), rows)
        for tile in tiles:
            execute("INSERT OR REPLACE INTO tiles VALUES (?, ?, ?)", tile)
        for seq in authority:
            execute("INSERT INTO authority VALUES (?)", (seq,))
        for text in disclosures:
            execute("INSERT INTO disclosures VALUES (?, ?)", (commitment(text), text))
        execute("UPDATE head SET size = ?, last = ?, peaks = ?, covered = ?, note = CAST(? AS TEXT)", head)
        self.commit()

    def commit(self) -> None:
        """Make durable what was written; raise `Unavailable`, outcome "unknown", where that fails."""
        try:
            self.connection.execute("COMMIT")
        except apsw.BusyError:
            raise
        except apsw.Error as error:
            first = "free space; then " if isinstance(error, apsw.FullError) else ""
            raise Unavailable(
                f"the commit to {self._path} failed: {error}",
                f"{first}try again with the same id: what was recorded is found, not written twice",
                code="commit_failed",
                outcome="unknown",
            ) from None


def read_head(connection: apsw.Connection) -> Head:
    """Return the head as stored."""
    row: tuple[Any, ...] | None = connection.execute(
        "SELECT size, last, peaks, covered, CAST(note AS BLOB) FROM head WHERE one = 1"
    ).get
    if row is None:
        return Head(0, b"", b"", 0, b"")
    return Head._make(row)


def find_id(connection: apsw.Connection, id: bytes) -> int | None:
    """Return the place of an id."""
    found: int | None = connection.execute("SELECT seq FROM entries WHERE id = ?", (id,)).get
    return found


def read_bytes(connection: apsw.Connection, seq: int) -> bytes | None:
    """Return an entry's bytes."""
    data: bytes | None = connection.execute("SELECT CAST(bytes AS BLOB) FROM entries WHERE seq = ?", (seq,)).get
    return data


def read_rows(connection: apsw.Connection, start: int, stop: int) -> Iterator[Row]:
    """Return rows in order."""
    return map(Row._make, connection.execute(ROWS, (start, stop)))


@cache
def _inserting(count: int) -> str:
    """Return the statement that inserts so many rows."""
    return f"INSERT INTO entries VALUES {', '.join(['(?, ?, CAST(? AS TEXT))'] * count)}"  # noqa: S608


ROWS: Final = "SELECT seq, id, CAST(bytes AS BLOB) FROM entries WHERE seq >= ? AND seq < ? ORDER BY seq"


def read_tile(connection: apsw.Connection, level: int, index: int) -> bytes:
    """Return the hashes of a tile; empty if there are none."""
    found: bytes | None = connection.execute(
        "SELECT hashes FROM tiles WHERE level = ? AND tile = ?", (level, index)
    ).get
    return found or b""


def read_authority(connection: apsw.Connection) -> list[int]:
    """Return the places of key events."""
    return [seq for (seq,) in connection.execute("SELECT seq FROM authority ORDER BY seq")]

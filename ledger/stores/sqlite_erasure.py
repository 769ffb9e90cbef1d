"""Erasing disclosures from a SQLite file so that searching its bytes finds nothing.

A row that is deleted leaves copies: in the page it stood in, in pages that it was moved out of when the table grew, in
the WAL. So

    1  with `secure_delete=ON`, every row of the table is deleted: each of its pages is overwritten with zeros; then the
       rows that stay are written again. One transaction: a crash leaves the table as it was, or without the value
    2  the WAL is moved into the file and cut to nothing. A crash before leaves the value in the WAL (what is read no
       longer has it): doing it again starts here

What the file system or the disk keeps of blocks that were overwritten, and every copy of the file, is beyond this.
"""

from collections.abc import Sequence
from pathlib import Path

import apsw

from ledger.errors import Unavailable


def remove(connection: apsw.Connection, commitments: Sequence[str]) -> int:
    """Write the table of disclosures anew without some; return how many of them were there."""
    gone = set(commitments)
    rows = list(connection.execute("SELECT commitment, text FROM disclosures"))
    kept = [row for row in rows if row[0] not in gone]
    connection.pragma("secure_delete", "ON")
    connection.execute("DELETE FROM disclosures")
    connection.executemany("INSERT INTO disclosures VALUES (?, ?)", kept)
    return len(rows) - len(kept)


def drain(connection: apsw.Connection, path: Path) -> None:
    """Move the WAL into the file and cut it to nothing; raise `Unavailable` where another reader keeps it."""
    try:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").get or (1, 0, 0)
    except apsw.BusyError:
        busy = 1
    finally:
        connection.close()
    if busy:
        raise Unavailable(
            f"the value is erased from {path}, but another program reads it and keeps the old bytes in its WAL",
            "close what reads the ledger, then run this again: it finishes",
            code="erasing",
        )

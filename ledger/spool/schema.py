"""The table of a spool's file: how it is made, taken over from an earlier release, and written anew.

Most ids are made a moment before they are put, and can stand nowhere yet: no commit writes an index for them. Only
where one is put that somebody gave, or put before, the table gets its index by id; it goes when nothing waits any more.
"""

from pathlib import Path
from typing import Final

import apsw

from ledger.errors import Misuse

APPLICATION_ID: Final = 0x4C4C7370  # "LLsp"
FORMAT: Final = 3
_CUTS: Final = 1  # auto_vacuum=FULL: with each commit, pages that hold nothing are cut off the end of the file
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS waiting (
  place       INTEGER PRIMARY KEY,   -- counts up: the order in which things were said
  id          BLOB NOT NULL,         -- the 16 bytes of the statement's id; no two rows have one
  genesis     TEXT NOT NULL,         -- the log it is for: leaf of its entry 0, where it is known
  named       TEXT NOT NULL,         -- digest of the place that was named, where only that is known
  origin      TEXT NOT NULL,
  body        TEXT NOT NULL,         -- the statement: what was signed
  signatures  TEXT NOT NULL,         -- JSON list of base64
  disclosures TEXT NOT NULL,         -- JSON list
  since       TEXT NOT NULL,
  why         TEXT NOT NULL,         -- why it came here
  aside       TEXT NOT NULL,         -- why it was set aside; empty: it waits
  seal        BLOB NOT NULL          -- `item.seal_of`; empty where the author's key makes no secrets
) STRICT;
"""
_ANEW: Final = (
    "ALTER TABLE waiting RENAME TO old",
    _TABLE,
    "INSERT INTO waiting SELECT * FROM old ORDER BY place",
    "DROP TABLE old",
)


def prepare(connection: apsw.Connection, path: Path) -> None:
    """Make the table in a file that is new, or was written by an earlier release; raise `Misuse` for any other file."""
    if connection.pragma("application_id") != APPLICATION_ID:
        _make(connection, path)
    found = connection.pragma("user_version")
    if 1 <= found < FORMAT or (found == FORMAT and connection.pragma("auto_vacuum") != _CUTS):
        _take_over(connection)
    if connection.pragma("user_version") != FORMAT:
        raise Misuse(f"the spool {path} is of another release", "pip install -U lifecycle-ledger", code="newer_format")


def _make(connection: apsw.Connection, path: Path) -> None:
    if connection.execute("SELECT count(*) FROM sqlite_schema").get:
        raise Misuse(f"{path} is no spool", "LEDGER_SPOOL names the file", code="spool")
    connection.pragma("auto_vacuum", _CUTS)
    connection.execute("PRAGMA journal_mode=WAL")
    with connection:
        connection.execute(f"{_TABLE} PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={FORMAT}")


def _take_over(connection: apsw.Connection) -> None:
    """What waits in a spool of format 1 has no seal; one of format 2 has an index that each commit writes.

    The file is of the new format when all is done: a crash before is mended by doing it again.
    """
    with connection:
        if connection.pragma("user_version") == 1:
            connection.execute("ALTER TABLE waiting ADD COLUMN seal BLOB NOT NULL DEFAULT x''")
            connection.execute("PRAGMA user_version=2")
        write_anew(connection)
    connection.pragma("auto_vacuum", _CUTS)
    connection.execute("VACUUM")  # which also leaves no page that a row stood in once
    connection.execute(f"PRAGMA user_version={FORMAT}")


def write_anew(connection: apsw.Connection) -> None:
    """Write all rows into a new table and overwrite the old one, in the transaction that is open."""
    for statement in _ANEW:
        connection.execute(statement)


def index_ids(connection: apsw.Connection) -> None:
    """Have ids found fast, until nothing waits."""
    connection.execute("CREATE INDEX IF NOT EXISTS waiting_by_id ON waiting (id)")


def drop_index(connection: apsw.Connection) -> None:
    """Where nothing waits, let go of the index."""
    if connection.execute("SELECT 1 FROM waiting LIMIT 1").get is None:
        connection.execute("DROP INDEX IF EXISTS waiting_by_id")

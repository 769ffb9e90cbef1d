"""What the file of a ledger must consist of, and whether a file does."""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import apsw

from ledger.errors import Tampered


@cache
def schema_text() -> str:
    """Return the schema, as SQL."""
    return files("ledger.stores").joinpath("sqlite.sql").read_text("utf-8")


def check_tables(connection: apsw.Connection, path: Path) -> None:
    """Raise `Tampered` (C1) unless tables, index and view are a ledger's."""
    ours = [row for row in _expected() if row[0] != "trigger"]
    theirs = [row for row in _found(connection) if row[0] != "trigger"]
    if theirs != ours or connection.pragma("encoding") != "UTF-8":
        raise Tampered(
            f"{path} holds tables, indexes or views that are not a ledger's",
            "compare `.schema` with ledger/stores/sqlite.sql; restore a copy",
            code="schema",
            check=1,
        )


def check_triggers(connection: apsw.Connection, path: Path) -> None:
    """Raise `Tampered` (C1) unless the triggers that refuse changes, and no others, are there."""
    if _found(connection) != _expected():
        raise Tampered(
            f"the triggers of {path} that refuse changes were removed, or others were added",
            "restore a copy",
            code="guards",
            check=1,
        )


def check_index(connection: apsw.Connection, path: Path) -> None:
    """Raise `Tampered` unless each id stands once (C11), and the index of ids is that of the rows (C6)."""
    count, found = next(connection.execute(_FOUND))
    if count == (found or 0) == connection.execute("SELECT count(*) FROM entries INDEXED BY entries_by_id").get:
        return
    last = b""
    for id, seq in connection.execute("SELECT id, seq FROM entries NOT INDEXED ORDER BY +id, seq"):
        if id == last:
            raise Tampered(f"entry {seq} has the id of another", "ledger log", code="same_id", check=11, seq=seq)
        last = id
    raise Tampered(f"the index of ids in {path} is not that of its rows", "ledger rebuild", code="id_index", check=6)


# How many rows there are, and of how many the index says, asked for their id, that it is theirs.
_FOUND: Final = (
    "SELECT count(*), sum((SELECT i.seq FROM entries AS i INDEXED BY entries_by_id WHERE i.id = t.id) = t.seq)"
    " FROM entries AS t NOT INDEXED"
)


def _found(connection: apsw.Connection) -> list[tuple[Any, ...]]:
    return list(connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"))


@cache
def _expected() -> list[tuple[Any, ...]]:
    connection = apsw.Connection(":memory:")
    connection.execute(schema_text())
    return _found(connection)

"""PostgreSQL's errors as ours: by SQLSTATE, a row each."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple, NoReturn

import psycopg

from ledger.errors import LedgerError, Misuse, Tampered, Unavailable
from ledger.store import Moved

LOST: Final = ("08", "57P01", "57P02", "57P03", "57P05", "25P03")
"""The connection is gone, or the server ends it: what was asked last may or may not have been done."""
MOVED: Final = ("40001", "40P01")
"""Another transaction was first; nothing of this one was written."""


class _Said(NamedTuple):
    kind: type[LedgerError]
    message: str  # `{place}` and `{error}` are filled in
    fix: str
    code: str


_SAID: Final[dict[str, _Said]] = {
    "28": _Said(
        Unavailable, "{place} lets nobody in: {error}", "user and password: LEDGER_URL, PGUSER, .pgpass", "access"
    ),
    "3D000": _Said(Misuse, "{place}: {error}", "createdb, then ledger init as its owner", "no_ledger"),
    "42501": _Said(
        Unavailable,
        "{place}: {error}; nothing was recorded",
        "GRANT ledger_writer (or ledger_reader) TO it; mending and erasing are the owner's",
        "access",
    ),
    "55P03": _Said(
        Unavailable, "{place} is locked by another writer; nothing was recorded", "wait, then try again", "locked"
    ),
    "57014": _Said(Unavailable, "{place} took too long ({error}); nothing was recorded", "try again", "slow"),
    "25006": _Said(
        Unavailable,
        "{place} is read only here, perhaps a standby; nothing was recorded",
        "target_session_attrs=read-write, or name the primary",
        "read_only",
    ),
    "53100": _Said(
        Unavailable, "no space left for {place}; nothing was recorded", "free space, then try again", "full"
    ),
    "53": _Said(Unavailable, "{place} is at its limits ({error}); nothing was recorded", "try again", "limits"),
    "23": _Said(Tampered, "{place} refuses a row: {error}", "ledger verify", "constraint"),
    "XX001": _Said(Tampered, "{place} is damaged: {error}", "restore a copy, then ledger verify", "damaged"),
    "XX002": _Said(Tampered, "{place} is damaged: {error}", "REINDEX, then ledger verify", "damaged"),
    "42": _Said(Tampered, "{place} has not the tables of a ledger: {error}", "restore a copy", "schema"),
}
_CONNECTING: Final = (("authentication", "28"), ("pg_hba", "28"), ("password", "28"), ("does not exist", "3D000"))
"""Of a connection that was refused no SQLSTATE is handed on: words of the server's, and the row that they mean."""
_CHECKS: Final = {"constraint": 6, "damaged": 1, "schema": 1}
_BY_STATEMENT: Final = "statement pooling"  # PgBouncer's words; it has no SQLSTATE of its own


@contextmanager
def faults(place: str) -> Iterator[None]:
    """Turn PostgreSQL's errors into ours: whose fault, what is true now, what to do."""
    try:
        yield
    except psycopg.Error as error:
        translate(error, place)


def is_lost(error: psycopg.Error) -> bool:
    """Whether the connection went away while something was asked."""
    state = error.sqlstate
    return isinstance(error, psycopg.OperationalError) and (state is None or state.startswith(LOST))


def translate(error: psycopg.Error, place: str) -> NoReturn:
    """Raise the error of ours that one of PostgreSQL's means."""
    state, text = error.sqlstate or "", _line(error)
    if _BY_STATEMENT in text:
        raise Misuse(f"{place}: PgBouncer pools by statement", "pool_mode = transaction", code="pool_mode") from None
    if state in MOVED:
        raise Moved(place) from None
    if state == "" and isinstance(error, psycopg.OperationalError):
        state = next((row for words, row in _CONNECTING if words in text), "")
    if is_lost(error) and state not in _SAID:
        raise Unavailable(f"{place} is not reachable: {text}", "try again", code="unreachable") from None
    said = _SAID.get(state) or _SAID.get(state[:2])
    if said is None:
        raise Unavailable(f"{place} could not be used: {text}", "try again", code="store") from None
    message = said.message.format(place=place, error=text)
    if said.kind is Tampered:
        raise Tampered(message, said.fix, code=said.code, check=_CHECKS[said.code]) from None
    raise said.kind(message, said.fix, code=said.code) from None


def _line(error: psycopg.Error) -> str:
    """Return what the server said, in one line, without what libpq adds."""
    primary = error.diag.message_primary
    return primary or " ".join(str(error).split()) or type(error).__name__

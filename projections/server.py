"""The database of derived rows in PostgreSQL: a schema of its own beside the ledger's.

What is asked is the same SQL as in SQLite; text is kept in the collation "C", so that order and comparison go by bytes
there, too. Tables belong to the writers' role, whoever makes them, and readers may read them with any tool.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache, wraps
from typing import Any, Final, ParamSpec, Protocol, TypeVar

import psycopg

from ledger.errors import Unavailable
from projections.database import Database, Dialect, Row
from projections.fingerprint import BATCH
from projections.tables import Table, in_order, upsert

KINDS: Final = {"text": 'text COLLATE "C"', "integer": "bigint", "real": "double precision"}
_IDLE: Final = psycopg.pq.TransactionStatus.IDLE
_SOUND: Final = psycopg.pq.TransactionStatus.INTRANS
_TABLES: Final = (
    "SELECT relname FROM pg_catalog.pg_class WHERE relkind = 'r' AND relnamespace = %s::pg_catalog.regnamespace"
)
_ALONE: Final = "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext(%s))"
_SETTINGS: Final = (
    "SELECT pg_catalog.set_config('search_path', %s, true), pg_catalog.set_config('role', %s, true),"
    " pg_catalog.set_config('statement_timeout', '0', true),"  # a round of many rows takes its time
    " pg_catalog.set_config('idle_in_transaction_session_timeout', '1h', true),"  # others may fold meanwhile
    " pg_catalog.set_config('synchronous_commit', 'off', true)"
)
P = ParamSpec("P")
T = TypeVar("T")


class Place(Protocol):
    """What a ledger in a server offers to its projections: see `ledger.stores.postgres.Workspace`."""

    @property
    def place(self) -> str:
        """Where this is, for messages."""

    @property
    def link(self) -> "psycopg.Connection[Any]":
        """A connection of their own."""

    @property
    def schema(self) -> str:
        """The schema of their tables."""

    @property
    def writer(self) -> str:
        """The role that owns the tables."""

    @property
    def reader(self) -> str:
        """The role that reads them."""


@cache
def _spelled(sql: str) -> str:
    return sql.replace("%", "%%").replace("?", "%s")


def _said_plainly(call: Callable[P, T]) -> Callable[P, T]:
    """Turn psycopg's errors into `Unavailable`: what ails rows that can be made again, nothing is lost."""

    @wraps(call)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return call(*args, **kwargs)
        except psycopg.Error as error:
            text = error.diag.message_primary or " ".join(str(error).split())
            raise Unavailable(
                f"the projections' schema cannot be used ({text})",
                "try again; or ask with a file: Projections.open(ledger, path=...)",
                code="projections_server",
            ) from error

    return wrapped


class ServerDatabase(Database):
    """`Database` in a schema of PostgreSQL. Every statement runs in a transaction: its settings end with it."""

    def __init__(self, place: Place) -> None:
        self.path = f"{place.place} ({place.schema})"
        self.dialect = Dialect(KINDS, "", "", place.reader)
        self._link = place.link
        self._settings = (place.schema, place.writer)

    def _inside(self) -> bool:
        return not self._link.closed and self._link.info.transaction_status != _IDLE

    @contextmanager
    def _begun(self, begin: str = "BEGIN", lock: str = "") -> Iterator[None]:
        """All or nothing; inside another transaction, a part of that."""
        if self._inside():
            yield
            return
        self._begin(begin, lock)
        try:
            yield
            self._end("COMMIT")
        except BaseException:
            if self._inside():
                with suppress(Unavailable):  # the server rolls back what it lost; what ended this matters more
                    self._end("ROLLBACK")
            raise

    @_said_plainly
    def _begin(self, begin: str, lock: str) -> None:
        with self._link.pipeline():
            self._link.execute(begin)
            self._link.execute(_SETTINGS, self._settings)
            if lock:
                self._link.execute(_ALONE, (lock,))

    @_said_plainly
    def _end(self, how: str) -> None:
        self._link.execute(how)

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Run one statement that answers nothing."""
        with self._begun():
            self._run(sql, parameters)

    def executemany(self, sql: str, rows: Iterable[Row]) -> None:
        """Run one statement for each row."""
        with self._begun():
            self._run_many(sql, rows)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Return all rows of a query."""
        with self._begun():
            return self._fetch(sql, parameters)

    def batches(self, sql: str, size: int) -> Iterator[list[Row]]:
        """Yield the rows of a query, `size` at a time, in constant memory."""
        with self._begun():
            self._run(f"DECLARE batches NO SCROLL CURSOR FOR {sql}", ())
            try:
                while batch := self._fetch(f"FETCH FORWARD {size:d} FROM batches", ()):
                    yield batch
            finally:
                if self._link.info.transaction_status == _SOUND:  # else it went with its transaction
                    self._run("CLOSE batches", ())

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and alone: other writers wait, readers see what was before."""
        with self._begun("BEGIN ISOLATION LEVEL READ COMMITTED", self._settings[0]):
            yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """All queries see one state, whatever another process writes meanwhile."""
        with self._begun("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"):
            yield

    def table_names(self) -> set[str]:
        """Return the names of all tables."""
        with self._begun():
            return {name for (name,) in self._fetch(_TABLES.replace("%s", "?"), self._settings[:1])}

    def take_in(self, packed: bytes, tables: Sequence[Table], prefix: str) -> None:
        """Write the rows of a `packed` database over those with the same keys, into the tables with a prefix."""
        taken = Database.unpacked(packed)
        try:
            for made in tables:
                for batch in taken.batches(in_order(made, ""), BATCH):
                    self.executemany(upsert(made, prefix), batch)
        finally:
            taken.close()

    def close(self) -> None:
        """Give the connection back."""
        self._link.close()

    @_said_plainly
    def _run(self, sql: str, parameters: Sequence[Any]) -> None:
        self._link.execute(_spelled(sql), tuple(parameters))

    @_said_plainly
    def _run_many(self, sql: str, rows: Iterable[Row]) -> None:
        with self._link.cursor() as cursor:
            cursor.executemany(_spelled(sql), rows)

    @_said_plainly
    def _fetch(self, sql: str, parameters: Sequence[Any]) -> list[Row]:
        return self._link.execute(_spelled(sql), tuple(parameters)).fetchall()

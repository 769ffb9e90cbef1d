"""The one door to the database in which projections keep their rows.

Everything above speaks portable SQL through `Database`. Behind it stands SQLite, through APSW; `projections.server` has
the same for a schema in PostgreSQL. What is kept here was computed from the ledger and can be deleted: so a commit need
not reach the disk before it returns.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import wraps
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, ParamSpec, Self, TypeAlias, TypeVar

import apsw

from ledger.errors import Misuse, Unavailable

if TYPE_CHECKING:
    from projections.tables import Table

Row: TypeAlias = tuple[Any, ...]

MEMORY: Final = ":memory:"
TEMPORARY: Final = ""  # SQLite's name for a private database that goes to disk when it grows, and vanishes when closed
BUSY_SECONDS: Final = 60
_PRAGMAS: Final = (
    "page_size = 8192",
    "journal_mode = wal",
    "synchronous = normal",
    "cache_size = -16384",  # KiB; as much again while an index is sorted
    "wal_autocheckpoint = 8000",  # pages
    "temp_store = file",  # sorting for an index must not fill the memory
)


class Dialect(NamedTuple):
    """How a database spells a table: the type of each kind of column, the end of the statement, and who may read it.

    `numbered`: the end where the key is one integer.
    """

    kinds: dict[str, str]
    end: str
    numbered: str
    reader: str = ""


SQLITE: Final = Dialect({"text": "text", "integer": "integer", "real": "real"}, " STRICT, WITHOUT ROWID", " STRICT")

P = ParamSpec("P")
T = TypeVar("T")


def _said_plainly(call: Callable[P, T]) -> Callable[P, T]:
    """Turn APSW's errors into `Unavailable`: whatever ails a file that can be made again, nothing is lost."""

    @wraps(call)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return call(*args, **kwargs)
        except (apsw.ConnectionClosedError, apsw.CursorClosedError) as error:
            raise Misuse("these projections were closed", "open them again", code="closed") from error
        except apsw.ThreadingViolationError as error:
            raise Misuse(
                "two threads ask the same projections at once", "open projections in each thread", code="threads"
            ) from error
        except apsw.BusyError as error:
            raise Unavailable(
                f"the projections' database is busy ({error})", "wait for the other command, then again"
            ) from error
        except (apsw.CantOpenError, apsw.ReadOnlyError, apsw.PermissionsError, apsw.FullError) as error:
            raise Unavailable(
                f"the projections' database cannot be written ({error})",
                "make its folder writable and free space, or ask with projections in memory",
                code="projections_unwritable",
            ) from error
        except (apsw.Error, UnicodeDecodeError) as error:
            raise Unavailable(
                f"the projections' database is damaged ({error})",
                "delete the file that ends in .projections.db; it is made again from the ledger",
                code="projections_damaged",
            ) from error

    return wrapped


class Database:
    """A database of derived rows. Parameters are `?`; every failure of the database is `Unavailable`, its use
    after it was closed, or by two threads at once, `Misuse`."""

    dialect = SQLITE

    @_said_plainly
    def __init__(self, path: str | Path = TEMPORARY) -> None:
        self.path = str(path)
        self._connection = apsw.Connection(self.path)
        self._taken: list[str] = []  # databases that were attached for this transaction
        try:
            self._connection.set_busy_timeout(BUSY_SECONDS * 1000)
            for pragma in _PRAGMAS:
                self._connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            with suppress(apsw.Error):
                self._connection.close()
            raise

    @_said_plainly
    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Run one statement that answers nothing."""
        self._connection.execute(sql, tuple(parameters))

    @_said_plainly
    def executemany(self, sql: str, rows: Iterable[Row]) -> None:
        """Run one statement for each row."""
        self._connection.executemany(sql, rows)

    @_said_plainly
    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Return all rows of a query."""
        return self._connection.execute(sql, tuple(parameters)).fetchall()

    def batches(self, sql: str, size: int) -> Iterator[list[Row]]:
        """Yield the rows of a query, `size` at a time, in constant memory."""
        cursor = self._cursor(sql)
        while batch := self._next(cursor, size):
            yield batch

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and alone: other writers wait, readers see what was before."""
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.execute("COMMIT")
        except BaseException:
            if self._inside():
                with suppress(Unavailable):  # the next transaction says so: what ended this one matters more
                    self.execute("ROLLBACK")
            raise
        finally:
            self._let_go()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """All queries see one state, whatever another process writes meanwhile."""
        if self._inside():
            yield
            return
        self.execute("BEGIN")
        try:
            yield
        finally:
            if self._inside():  # else an error ended it, and is on its way
                self.execute("COMMIT")

    @_said_plainly
    def table_names(self) -> set[str]:
        """Return the names of all tables."""
        return {name for (name,) in self._connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}

    @_said_plainly
    def packed(self) -> bytes:
        """Return the whole database as SQLite would write it to a file."""
        return self._connection.serialize("main")

    @_said_plainly
    def take_in(self, packed: bytes, tables: "Sequence[Table]", prefix: str) -> None:
        """Write the rows of a `packed` database over those with the same keys, into the tables with a prefix.

        Inside a transaction; what was packed stays in memory until that ends.
        """
        name = f"taken_{len(self._taken)}"
        self._connection.execute(f"ATTACH ':memory:' AS {name}")
        self._taken.append(name)
        self._connection.deserialize(name, packed)
        for made in tables:
            into, columns = f"main.{prefix}{made.name}", ", ".join(made.columns)
            sql = f"INSERT OR REPLACE INTO {into} ({columns}) SELECT {columns} FROM {name}.{made.name}"  # noqa: S608
            self._connection.execute(sql)

    @_said_plainly
    def _inside(self) -> bool:
        return self._connection.in_transaction

    def _let_go(self) -> None:
        with suppress(Unavailable):  # what stays is private, and goes with this one
            while self._taken:
                self.execute(f"DETACH {self._taken[-1]}")
                self._taken.pop()

    @classmethod
    def unpacked(cls, packed: bytes) -> Self:
        """Return a private database with the content of a `packed` one."""
        made = cls(MEMORY)
        made._fill(packed)
        return made

    @_said_plainly
    def _fill(self, packed: bytes) -> None:
        self._connection.deserialize("main", packed)

    @_said_plainly
    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    @_said_plainly
    def _cursor(self, sql: str) -> apsw.Cursor:
        return self._connection.execute(sql)

    @_said_plainly
    def _next(self, cursor: apsw.Cursor, size: int) -> list[Row]:
        return list(islice(cursor, size))

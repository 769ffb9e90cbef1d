"""The spool's file: SQLite through APSW, WAL, `synchronous=FULL`; readable by its owner alone.

    step                                  a crash here leaves
    1  put: one row, one transaction      nothing, or the item: it was durable before the caller was told
    2  flush: the log places it           the item in the log and here; the next flush finds it there by its id
    3  flush: its row is deleted          the item in the log alone

What was deleted is overwritten (`secure_delete`) and the WAL is cut to nothing: a value that is erased in the ledger
must not live on in the spool; `make_anew` also overwrites the copies that moved rows left. Who holds a copy of the disk
holds what was on it.
"""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import apsw

from ledger import encoding
from ledger.encoding import b64encode
from ledger.errors import Conflict, Misuse, Unavailable
from ledger.spool.item import Row, Signed, Target, Waiting, seal_of, waiting, write_texts
from ledger.statement import statement_hash
from ledger.stores.sqlite_erasure import drain
from ledger.stores.sqlite_faults import faults
from ledger.stores.sqlite_process import watch
from ledger.stores.there import is_there

APPLICATION_ID: Final = 0x4C4C7370  # "LLsp"
FORMAT: Final = 2
BUSY_SECONDS: Final = 10.0
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS waiting (
  place       INTEGER PRIMARY KEY,   -- counts up: the order in which things were said
  id          BLOB NOT NULL UNIQUE,  -- the 16 bytes of the statement's id
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
    _SCHEMA,
    "INSERT INTO waiting SELECT * FROM old ORDER BY place",
    "DROP TABLE old",
)
_PUT: Final = "INSERT INTO waiting VALUES (NULL, ?, ?, ?, ?, CAST(? AS TEXT), ?, ?, ?, ?, '', ?)"
_ROW: Final = (
    "SELECT place, id, genesis, named, origin, CAST(body AS BLOB), signatures, disclosures, since, why, aside, seal"
    " FROM waiting"
)


def spool_path() -> Path:
    """Return where this user's spool is: `LEDGER_SPOOL`, or spool.db in the user's folder of states."""
    if named := os.environ.get("LEDGER_SPOOL"):
        return Path(named)
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state"
    return Path(state) / "ledger/spool.db"


class Spool:
    """One spool file; made when the first item is put. Safe from threads and processes, and after a fork."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._start()
        watch(self)

    def _start(self) -> None:
        self._lock = threading.RLock()
        self._connection: apsw.Connection | None = None
        self._file = (0, 0)  # which file it has open

    def before_fork(self) -> None:
        """Wait for calls under way and close what is open."""
        self._lock.acquire()
        self._let_go()

    def after_in_parent(self) -> None:
        """Let calls go on."""
        self._lock.release()

    def after_in_child(self) -> None:
        """Begin anew."""
        self._start()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock, faults(self.path):
            self._let_go()

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _open(self) -> Iterator[apsw.Connection]:
        with self._lock, faults(self.path):
            if self._connection is not None and self._file != _file_at(self.path):
                self._let_go()  # it was removed, or another one put in its place: what is written would be lost
            if self._connection is None:
                self._connection = self._connect()
                self._file = _file_at(self.path)
            yield self._connection

    def _connect(self) -> apsw.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600))
        except OSError as error:
            raise Unavailable(
                f"the spool {self.path} cannot be made: {error.strerror}", "check its folder, or LEDGER_SPOOL",
                code="spool",
            ) from None  # fmt: skip
        connection = apsw.Connection(str(self.path), flags=apsw.SQLITE_OPEN_READWRITE)
        connection.set_busy_timeout(int(BUSY_SECONDS * 1000))
        connection.execute("PRAGMA trusted_schema=OFF; PRAGMA secure_delete=ON; PRAGMA cell_size_check=ON")
        if connection.pragma("application_id") != APPLICATION_ID:
            self._make(connection)
        if connection.pragma("user_version") == 1:
            self._add_seals(connection)
        if connection.pragma("user_version") != FORMAT:
            raise Misuse(
                f"the spool {self.path} is of another release", "pip install -U lifecycle-ledger", code="newer_format"
            )
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    def _make(self, connection: apsw.Connection) -> None:
        if connection.execute("SELECT count(*) FROM sqlite_schema").get:
            raise Misuse(f"{self.path} is no spool", "LEDGER_SPOOL names the file", code="spool")
        connection.execute("PRAGMA journal_mode=WAL")
        with connection:
            connection.execute(f"{_SCHEMA} PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={FORMAT}")

    def _add_seals(self, connection: apsw.Connection) -> None:
        """Make a spool of format 1 one of format 2: what waits there has no seal."""
        connection.execute("BEGIN IMMEDIATE")
        if connection.pragma("user_version") == 1:
            connection.execute("ALTER TABLE waiting ADD COLUMN seal BLOB NOT NULL DEFAULT x''")
            connection.execute("PRAGMA user_version=2")
        connection.execute("COMMIT")

    # ---- putting ----

    def put(
        self,
        target: Target,
        id: str,
        body: bytes,
        signatures: Sequence[bytes],
        disclosures: Sequence[str],
        *,
        since: str,
        why: str,
        secret: bytes | None = None,
    ) -> bool:
        """Keep a signed statement, durable when this returns; True where it waits here already.

        `secret` is what the author's key makes for seals. Raises `Conflict` where the id stands for other bytes,
        `Unavailable` where the spool cannot be written.
        """
        row = _row(target, Signed(id, body, tuple(signatures), tuple(disclosures)), since, why, secret)
        with self._open() as connection:
            try:
                connection.execute(_PUT, row)
            except apsw.ConstraintError:
                there = self.find(id)
                if there is None or there.body != body:
                    raise Conflict(
                        f"id {id} waits in the spool with other content", f"drop id=, or ledger spool show {id}",
                        code="same_id",
                    ) from None  # fmt: skip
                return True
        return False

    def put_many(
        self, target: Target, many: Sequence[Signed], *, since: str, why: str, secret: bytes | None = None
    ) -> None:
        """Keep signed statements in their order, in one transaction: all of them, durable when this returns, or none.

        Raises `Conflict` where one of the ids is here already, `Unavailable` where the spool cannot be written.
        """
        rows = [_row(target, one, since, why, secret) for one in many]
        with self._open() as connection:
            try:
                with connection:
                    connection.executemany(_PUT, rows)
            except apsw.ConstraintError:
                raise Conflict("one of the ids waits in the spool already", "one by one", code="same_id") from None

    # ---- reading ----

    def mark(self) -> tuple[int, ...]:
        """Return what changes whenever something is put, for one who looks often; empty where there is no spool."""
        found: list[int] = []
        for path in (self.path, Path(f"{self.path}-wal")):
            try:
                state = path.stat()
            except OSError:
                continue
            found += (state.st_ino, state.st_size, state.st_mtime_ns)
        return tuple(found)

    def items(self) -> list[Waiting]:
        """Return everything that is here, in order."""
        return self._items(f"{_ROW} ORDER BY place", ())

    def rows(self, genesis: str, named: str, *, after: int, limit: int, any_log: bool = False) -> list[Row]:
        """Return what waits for a log behind a place, in order; with `any_log` also what is for none in particular."""
        return self._rows(
            f"{_ROW} WHERE aside = '' AND place > ? AND (genesis = ? OR (genesis = '' AND named != '' AND named = ?)"
            " OR (? AND genesis = '' AND named = '')) ORDER BY place LIMIT ?",
            (after, genesis, named, any_log, limit),
        )

    def waits(self, genesis: str, named: str, actor: str) -> bool:
        """Whether something that an actor said waits for a log: what is said now has to go behind it."""
        if not is_there(self.path):
            return False
        begin = b'{"actor":"%b",' % actor.encode()  # in the one byte form, `actor` comes first
        with self._open() as connection:
            found = connection.execute(
                "SELECT 1 FROM waiting WHERE aside = ''"
                " AND (genesis = ? OR (genesis = '' AND named != '' AND named = ?))"
                " AND substr(CAST(body AS BLOB), 1, ?) = ? LIMIT 1", (genesis, named, len(begin), begin),
            ).get  # fmt: skip
        return found is not None

    def find(self, id: str) -> Waiting | None:
        """Return the item with this id."""
        found = self._items(f"{_ROW} WHERE id = ?", (encoding.id_bytes(id),))
        return found[0] if found else None

    def _items(self, sql: str, bindings: tuple[Any, ...]) -> list[Waiting]:
        return list(map(waiting, self._rows(sql, bindings)))

    def _rows(self, sql: str, bindings: tuple[Any, ...]) -> list[Row]:
        if not is_there(self.path):
            return []
        with self._open() as connection:
            return list(map(Row._make, connection.execute(sql, bindings)))

    def count(self) -> tuple[int, int, str]:
        """Return how many wait, how many were set aside, and since when the oldest is here ("" where none is)."""
        if not is_there(self.path):
            return 0, 0, ""
        with self._open() as connection:
            row: tuple[int, int | None, str | None] = connection.execute(
                "SELECT count(*), sum(aside != ''), min(since) FROM waiting"
            ).get
        aside = row[1] or 0
        return row[0] - aside, aside, row[2] or ""

    # ---- what becomes of items ----

    def remove(self, items: Sequence[Waiting | Row]) -> None:
        """Delete items, overwrite where they stood, and cut the WAL."""
        with self._open() as connection:
            with connection:
                connection.executemany(
                    "DELETE FROM waiting WHERE place = ? AND id = ?",
                    [(one.place, one.id if isinstance(one, Row) else encoding.id_bytes(one.id)) for one in items],
                )
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def set_aside(self, item: Waiting, why: str) -> None:
        """Keep an item from further flushes, with the reason; an empty reason lets it wait again."""
        with self._open() as connection:
            connection.execute(
                "UPDATE waiting SET aside = ? WHERE place = ? AND id = ?",
                (why, item.place, encoding.id_bytes(item.id)),
            )

    def make_anew(self, id: str, change: Callable[[Waiting], Waiting | None]) -> tuple[str, ...]:
        """Change the item with this id, or remove it, and leave no copy of what it was; return its id if it was here.

        The whole table is written anew: rows are moved between pages, and what they leave behind is overwritten only
        when its page is freed. A crash before the end is mended by doing it again, also where no item is left. Raises
        `Unavailable` where another program's reading keeps the WAL alive.
        """
        if not is_there(self.path):
            return ()
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                found = self.find(id)
                after = change(found) if found is not None else None
                if found is not None and after != found:
                    self._replace(connection, found, after)
                for statement in _ANEW:
                    connection.execute(statement)
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            self._let_go()
            drain(self._connect(), self.path)
        return () if after == found else (id,)

    def _replace(self, connection: apsw.Connection, item: Waiting, after: Waiting | None) -> None:
        where = (item.place, encoding.id_bytes(item.id))
        if after is None:
            connection.execute("DELETE FROM waiting WHERE place = ? AND id = ?", where)
            return
        connection.execute(
            "UPDATE waiting SET disclosures = ?, aside = ? WHERE place = ? AND id = ?",
            (write_texts(after.disclosures), after.aside, *where),
        )


def _file_at(path: Path) -> tuple[int, int]:
    try:
        found = os.stat(path)  # noqa: PTH116 - it is asked with each statement
    except OSError:
        return (0, 0)
    return found.st_dev, found.st_ino


def _row(target: Target, signed: Signed, since: str, why: str, secret: bytes | None) -> tuple[Any, ...]:
    signatures = write_texts(tuple(map(b64encode, signed.signatures)))
    disclosures = write_texts(signed.disclosures)
    id, seal = encoding.id_bytes(signed.id), b""
    if secret is not None:
        seal = seal_of(secret, id, target, statement_hash(signed.body), signatures, disclosures)
    return (id, *target, signed.body, signatures, disclosures, since, why, seal)

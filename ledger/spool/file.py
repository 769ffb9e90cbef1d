"""The spool's file: SQLite through APSW, WAL, `synchronous=FULL`; readable by its owner alone.

    step                                  a crash here leaves
    1  put: one row, one transaction      nothing, or the item: it was durable before the caller was told
    2  flush: the log places it           the item in the log and here; the next flush finds it there by its id
    3  flush: its row is deleted          the item in the log alone

What was deleted is overwritten, or the page it stood in is cut off the file (`secure_delete`, `auto_vacuum`), and the
WAL is cut to nothing: a value that is erased in the ledger must not live on in the spool; `make_anew` also overwrites
the copies that moved rows left. Who holds a copy of the disk holds what was on it.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import apsw

from ledger import encoding
from ledger.encoding import b64encode
from ledger.errors import Conflict
from ledger.spool.item import Row, Signed, Target, Waiting, as_row, seal_of, waiting, write_texts
from ledger.spool.opened import Opened
from ledger.spool.schema import drop_index, index_ids, write_anew
from ledger.statement import statement_hash
from ledger.stores.sqlite_erasure import drain
from ledger.stores.sqlite_process import watch
from ledger.stores.there import is_there

_PUT: Final = "INSERT INTO waiting VALUES (NULL, ?, ?, ?, ?, CAST(? AS TEXT), ?, ?, ?, ?, '', ?)"
_PUT_NEW: Final = (
    "INSERT INTO waiting SELECT NULL, ?1, ?2, ?3, ?4, CAST(?5 AS TEXT), ?6, ?7, ?8, ?9, '', ?10"
    " WHERE NOT EXISTS (SELECT 1 FROM waiting WHERE id = ?1)"
)
_THERE: Final = "SELECT place, id FROM waiting WHERE place BETWEEN ? AND ?"
_COLUMNS: Final = "place, id, genesis, named, origin, CAST(body AS BLOB), signatures, disclosures"
_ROW: Final = f"SELECT {_COLUMNS}, since, why, aside, seal FROM waiting"  # noqa: S608 - of words that stand here
_BARE: Final = f"SELECT {_COLUMNS}, '', '', '', seal FROM waiting"  # noqa: S608 - the same


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
        self._opened = Opened(path)
        watch(self)

    def before_fork(self) -> None:
        """Wait for calls under way and close what is open."""
        self._opened.lock.acquire()
        self._opened.let_go()

    def after_in_parent(self) -> None:
        """Let calls go on."""
        self._opened.lock.release()

    def after_in_child(self) -> None:
        """Begin anew."""
        self._opened.begin()

    def close(self) -> None:
        """Let go of the file."""
        self._opened.close()

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
        fresh: bool = False,
    ) -> bool:
        """Keep a signed statement, durable when this returns; True where it waits here already.

        `secret` is what the author's key makes for seals. `fresh`: its id was made by this process, and was put nowhere
        yet. Raises `Conflict` where the id stands for other bytes, `Unavailable` where the spool cannot be written.
        """
        row = _row(target, Signed(id, body, signatures, disclosures), since, why, secret)
        with self._opened as connection:
            if fresh:
                connection.execute(_PUT, row)
                return False
            index_ids(connection)
            connection.execute(_PUT_NEW, row)
            if connection.changes():
                return False
            there = self.find(id)
        if there is None or there.body != body:
            raise Conflict(
                f"id {id} waits in the spool with other content", f"drop id=, or ledger spool show {id}",
                code="same_id",
            )  # fmt: skip
        return True

    def put_many(
        self,
        target: Target,
        many: Sequence[Signed],
        *,
        since: str,
        why: str,
        secret: bytes | None = None,
        fresh: bool = False,
    ) -> None:
        """Keep signed statements in their order, in one transaction: all of them, durable when this returns, or none.

        As `put` does; raises `Conflict` where one of the ids is here already.
        """
        rows = [_row(target, one, since, why, secret) for one in many]
        with self._opened as connection:
            if not fresh:
                index_ids(connection)
            with connection:
                before = connection.total_changes()
                connection.executemany(_PUT if fresh else _PUT_NEW, rows)
                if connection.total_changes() - before < len(rows):
                    raise Conflict("one of the ids waits in the spool already", "one by one", code="same_id")

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
        """Return what waits for a log behind a place, in order; with `any_log` also what is for none in particular.

        Since when and why is left out.
        """
        return self._rows(
            f"{_BARE} WHERE aside = '' AND place > ? AND (genesis = ? OR (genesis = '' AND named != '' AND named = ?)"
            " OR (? AND genesis = '' AND named = '')) ORDER BY place LIMIT ?",
            (after, genesis, named, any_log, limit),
        )

    def waits(self, genesis: str, named: str, actor: str) -> bool:
        """Whether something that an actor said waits for a log: what is said now has to go behind it."""
        if not is_there(self.path):
            return False
        begin = b'{"actor":"%b",' % actor.encode()  # in the one byte form, `actor` comes first
        with self._opened as connection:
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
        with self._opened as connection:
            return list(map(as_row, connection.execute(sql, bindings).fetchall()))

    def count(self) -> tuple[int, int, str]:
        """Return how many wait, how many were set aside, and since when the oldest is here ("" where none is)."""
        if not is_there(self.path):
            return 0, 0, ""
        with self._opened as connection:
            row: tuple[int, int | None, str | None] = connection.execute(
                "SELECT count(*), sum(aside != ''), min(since) FROM waiting"
            ).get
        aside = row[1] or 0
        return row[0] - aside, aside, row[2] or ""

    # ---- what becomes of items ----

    def remove(self, items: Sequence[Waiting | Row]) -> None:
        """Delete items, leave nothing of them in the file, and cut the WAL. Only where place and id are the same."""
        gone = [(one.place, one.id if isinstance(one, Row) else encoding.id_bytes(one.id)) for one in items]
        with self._opened as connection:
            with connection:
                reach = (gone[0][0], gone[-1][0]) if gone else (0, 0)
                if gone != connection.execute(_THERE, reach).fetchall():
                    connection.executemany("DELETE FROM waiting WHERE place = ? AND id = ?", gone)
                elif connection.execute("SELECT count(*) FROM waiting").get == len(gone):
                    connection.execute("DELETE FROM waiting")
                else:
                    connection.execute("DELETE FROM waiting WHERE place BETWEEN ? AND ?", reach)
                drop_index(connection)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def set_aside(self, item: Waiting, why: str) -> None:
        """Keep an item from further flushes, with the reason; an empty reason lets it wait again."""
        with self._opened as connection:
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
        with self._opened as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                found = self.find(id)
                after = change(found) if found is not None else None
                if found is not None and after != found:
                    self._replace(connection, found, after)
                write_anew(connection)
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            self._opened.let_go()
            drain(self._opened.connect(), self.path)
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


def _row(target: Target, signed: Signed, since: str, why: str, secret: bytes | None) -> tuple[Any, ...]:
    signatures = write_texts([b64encode(one) for one in signed.signatures])
    disclosures = write_texts(signed.disclosures) if signed.disclosures else "[]"
    id, seal = encoding.id_bytes(signed.id), b""
    if secret is not None:
        seal = seal_of(secret, id, target, statement_hash(signed.body), signatures, disclosures)
    return (id, *target, signed.body, signatures, disclosures, since, why, seal)

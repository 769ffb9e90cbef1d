"""A spool's file, held open: for one thread at a time, anew where another file was put in its place."""

import os
import threading
from pathlib import Path
from typing import Final

import apsw

from ledger.errors import Unavailable
from ledger.spool.schema import prepare
from ledger.stores.sqlite_faults import faults

BUSY_SECONDS: Final = 10.0
WAL_PAGES: Final = 200  # then they go into the file: a commit that makes the WAL longer costs twice one that does not
_SETTINGS: Final = (
    "trusted_schema=OFF",
    "cell_size_check=ON",
    "synchronous=FULL",
    "secure_delete=FAST",  # zeros where a row stood; pages that hold none any more are cut off (schema.py)
    f"wal_autocheckpoint={WAL_PAGES}",
    "cache_size=-16384",  # KiB: what a flush reads is there when it is deleted
)


class Opened:
    """Gives the connection to one thread at a time, which may ask again; SQLite's errors come out as ours."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._faults = faults(path)
        self.begin()

    def begin(self) -> None:
        """Begin anew, in a new process: what is open is the other's."""
        self.lock = threading.RLock()
        self._connection: apsw.Connection | None = None
        self._file = (0, 0)  # which file it has open

    def __enter__(self) -> apsw.Connection:
        self.lock.acquire()
        try:
            if self._connection is not None and self._file != _file_at(self._path):
                self.let_go()  # it was removed, or another one put in its place: what is written would be lost
            if self._connection is None:
                with self._faults:
                    self._connection = self.connect()
                self._file = _file_at(self._path)
        except BaseException:
            self.lock.release()
            raise
        return self._connection

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self.lock.release()
        if error is not None:
            self._faults.__exit__(kind, error, trace)

    def close(self) -> None:
        """Let go of the file; it is opened again for who asks."""
        with self.lock, self._faults:
            self.let_go()

    def let_go(self) -> None:
        """Close what is open; whoever calls holds the lock."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def connect(self) -> apsw.Connection:
        """Return a connection of one's own; the file is made where there is none."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600))
        except OSError as error:
            raise Unavailable(
                f"the spool {self._path} cannot be made: {error.strerror}", "check its folder, or LEDGER_SPOOL",
                code="spool",
            ) from None  # fmt: skip
        connection = apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READWRITE)
        connection.set_busy_timeout(int(BUSY_SECONDS * 1000))
        connection.transaction_mode = "IMMEDIATE"
        for setting in _SETTINGS:
            connection.execute(f"PRAGMA {setting}").fetchall()
        prepare(connection, self._path)
        return connection


def _file_at(path: Path) -> tuple[int, int]:
    try:
        found = os.stat(path)  # noqa: PTH116 - it is asked with each statement
    except OSError:
        return (0, 0)
    return found.st_dev, found.st_ino

"""A published folder: read from, and written to so that a crash leaves every file whole or not there."""

import fcntl
import os
import shutil
import stat
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ledger.errors import Tampered, Unavailable

STAGING: Final = ".publishing"
"""The folder below the published one where files lie until they are put in place; the lock is in it."""

_READ: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe among received files would wait for ever
_NEW: Final = os.O_CREAT | os.O_TRUNC | os.O_WRONLY
_THREADS: Final = 8  # that wait for the disk: it makes many files durable at once faster than one after the other
_PENDING: Final = 32  # files in memory that wait to be written


class Folder:
    """`Source` and `Sink` over a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.place = self.name = str(path)
        self._staging = path / STAGING / "files"
        self._pool: ThreadPoolExecutor | None = None
        self._pending: deque[Future[None]] = deque()

    # ---- reading ----

    def fetch(self, path: str, limit: int) -> bytes | None:
        """Return a file's bytes, cut to `limit` + 1; None where there is none, or something that is no file."""
        try:
            descriptor = os.open(self.path / path, _READ)
            try:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    return None
                with open(descriptor, "rb", closefd=False) as file:
                    return file.read(limit + 1)
            finally:
                os.close(descriptor)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _unavailable(self.path / path, error) from None

    read = fetch

    def fetch_all(self, paths: Iterable[str], limit: int) -> Iterator[bytes | None]:
        """Yield files in order."""
        for path in paths:
            yield self.fetch(path, limit)

    def keep_in(self, scratch: Path) -> None:
        """Need no copies: the files are here."""

    def close(self) -> None:
        """Hold nothing open."""

    # ---- writing ----

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock and a pool of threads; what an earlier publisher left in staging is swept away."""
        try:
            _make(self.path)
            (self.path / STAGING).mkdir(exist_ok=True)
            with (self.path / STAGING / "lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(self._staging, ignore_errors=True)
                with ThreadPoolExecutor(_THREADS) as self._pool:
                    try:
                        yield
                    finally:
                        self._pending.clear()
                shutil.rmtree(self._staging, ignore_errors=True)
        except BlockingIOError:
            raise Unavailable(
                f"another process is publishing to {self.path}; nothing was changed", "wait, then again", code="locked"
            ) from None
        except OSError as error:
            raise _unavailable(error.filename or self.path, error) from None

    def stage(self, path: str, data: bytes) -> None:
        """Have a file written beside its place and made durable there, unless it is published with the same bytes.

        What goes wrong with it is raised by a later `stage`, or by `settle`.
        """
        assert self._pool is not None
        while len(self._pending) >= _PENDING:
            self._pending.popleft().result()
        self._pending.append(self._pool.submit(self._stage, path, data))

    def _stage(self, path: str, data: bytes) -> None:
        there = self.fetch(path, len(data))
        if there is None:
            _write(self._staging / path, data)
        elif there != data:
            raise Tampered(
                f"{self.path / path} is there with other bytes than this log's; nothing was published",
                "ledger verify both; publish to an empty folder once you know which of them is right",
                code="published_otherwise",
            )

    def settle(self) -> None:
        """Rename what was staged into place, then make the names durable, from the leaves of the tree to its root."""
        while self._pending:
            self._pending.popleft().result()
        assert self._pool is not None
        touched = []
        for folder, _, names in os.walk(self._staging):
            place = self.path / Path(folder).relative_to(self._staging)
            place.mkdir(parents=True, exist_ok=True)
            for name in names:
                os.rename(os.path.join(folder, name), place / name)  # noqa: PTH104, PTH118 - thousands of them
            touched.append(place)
        list(self._pool.map(_sync, reversed(touched)))

    def replace(self, path: str, data: bytes) -> None:
        """Write beside, make durable, rename over, make the name durable."""
        if self.fetch(path, len(data)) == data:
            return
        place, beside = self.path / path, self._staging / path
        _write(beside, data)
        _make(place.parent)
        beside.rename(place)
        _sync(place.parent)

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder, none where it is not there."""
        try:
            return sorted(os.listdir(self.path / folder))  # noqa: PTH208 - the names alone
        except (FileNotFoundError, NotADirectoryError):
            return []

    def remove(self, folder: str) -> None:
        """Remove a folder and what is in it."""
        shutil.rmtree(self.path / folder, ignore_errors=True)


def _write(path: Path, data: bytes) -> None:
    """Write a new file and make its bytes durable; whoever may read the folder may read it."""
    try:
        descriptor = os.open(path, _NEW, 0o644)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, _NEW, 0o644)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make(folder: Path) -> None:
    """Make a folder, and those above it that are not there, and make their names durable."""
    if not folder.exists():
        _make(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync(folder.parent)


def _sync(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unavailable(path: object, error: OSError) -> Unavailable:
    return Unavailable(f"{path}: {error.strerror}", "check the folder, its owner and the disk", code="folder")

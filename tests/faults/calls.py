"""The n-th call of the operating system that a publisher makes fails, or is its last: of all its threads together.

io_error     the n-th call fails with an I/O error, and nothing of it is done
stays_bad    ... fails, and so does every later one
full         ... fails as on a full disk; only calls that need room count
short_write  the n-th write does half and says so, as on a disk that fills up; the next one fails
crash        the process is killed in the place of the n-th call; of a write, half is done
power_cut    ... with all that no fsync has made durable: bytes of files, names in folders
"""

import errno
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHANGING = ("mkdir", "write", "fsync", "rename", "unlink", "rmdir")
NEEDS_ROOM = ("mkdir", "write", "fsync", "rename")
KINDS = ("io_error", "stays_bad", "full", "short_write")
ENDS = ("crash", "power_cut")


class Disk:
    """What is done, and what of it would survive a power cut: names and bytes that no fsync has reached."""

    def __init__(self) -> None:
        self.bytes: dict[int, str] = {}  # files by inode that were written and not synced
        self.names: list[tuple[int, Callable[[], None]]] = []  # folders by inode, and how the change of a name is lost

    def do(self, name: str, real: Callable[..., Any], words: tuple[Any, ...], more: dict[str, Any]) -> Any:
        """Make a call, and keep what it leaves in the balance."""
        before = None
        if name == "rename":
            place = Path(words[1])
            before = place.read_bytes() if place.exists() else None
        result = real(*words, **more)
        if name == "write":
            self.bytes[os.fstat(words[0]).st_ino] = ""
        elif name == "fsync":
            inode = os.fstat(words[0]).st_ino
            self.bytes.pop(inode, None)
            self.names = [one for one in self.names if one[0] != inode]
        elif name == "mkdir":
            self._name(words[0], lambda: shutil.rmtree(words[0], ignore_errors=True))
        elif name == "rename":
            inode = os.stat(words[1]).st_ino
            if inode in self.bytes:
                self.bytes[inode] = str(words[1])
            self._name(words[1], lambda: _put_back(Path(words[1]), before))
        return result

    def _name(self, path: Any, lose: Callable[[], None]) -> None:
        self.names.append((os.stat(os.path.dirname(path)).st_ino, lose))

    def lose(self) -> None:
        """Take back what nothing has made durable."""
        for path in filter(None, self.bytes.values()):
            Path(path).write_bytes(b"")
        for _, lose in reversed(self.names):
            lose()


def _put_back(path: Path, before: bytes | None) -> None:
    path.unlink(missing_ok=True)
    if before is not None:
        path.write_bytes(before)


class _Fault:
    def __init__(self, kind: str, at: int) -> None:
        self.kind, self.at, self.count = kind, at, 0
        self.disk, self.lock = Disk(), threading.RLock()
        self.inside = False

    @property
    def met(self) -> bool:
        return self.count >= self.at

    def call(self, name: str, real: Callable[..., Any], words: tuple[Any, ...], more: dict[str, Any]) -> Any:
        with self.lock:
            if self.inside or not self._counts(name):
                return self.disk.do(name, real, words, more)
            self.count += 1
            if self.count == self.at:
                self.inside = True
                try:
                    return self._act(name, real, words)
                finally:
                    self.inside = False
            if self.met and (self.kind == "stays_bad" or (self.kind == "short_write" and self.count == self.at + 1)):
                raise OSError(errno.EIO if self.kind == "stays_bad" else errno.ENOSPC, "made to fail")
            return self.disk.do(name, real, words, more)

    def _counts(self, name: str) -> bool:
        return name in {"full": NEEDS_ROOM, "short_write": ("write",)}.get(self.kind, CHANGING)

    def _act(self, name: str, real: Callable[..., Any], words: tuple[Any, ...]) -> Any:
        if self.kind in ENDS:
            if name == "write":
                self.disk.do(name, real, (words[0], bytes(words[1])[: len(words[1]) // 2]), {})
            if self.kind == "power_cut":
                self.disk.lose()
            os.kill(os.getpid(), signal.SIGKILL)
        if self.kind == "short_write":
            return self.disk.do(name, real, (words[0], bytes(words[1])[: len(words[1]) // 2]), {})
        code = errno.ENOSPC if self.kind == "full" else errno.EIO
        raise OSError(code, os.strerror(code), words[0] if isinstance(words[0], str) else None)


@contextmanager
def failing(kind: str, at: int) -> Iterator[_Fault]:
    """Break the `at`-th call of what is done inside; the fault says whether it was `met`."""
    fault = _Fault(kind, at)

    def wrap(name: str) -> Callable[..., Any]:
        real = getattr(os, name)
        return lambda *words, **more: fault.call(name, real, words, more)

    with pytest.MonkeyPatch.context() as patch:
        for name in CHANGING:
            patch.setattr(os, name, wrap(name))
        yield fault


def killed(kind: str, at: int, work: Callable[[], object]) -> bool:
    """Do it in a forked process; return whether it came to that call."""
    child = os.fork()
    if not child:
        with failing(kind, at):
            work()
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)

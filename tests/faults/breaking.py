"""A file system under SQLite whose n-th call fails, or is the last: each fault is really met by the code under test.

`run` does a piece of work in a child process over such a file system and tells what the child said before it ended.

io_error     the n-th call fails with an I/O error, and nothing of it is done
full         ... fails as on a full disk; only calls that write count
short_write  ... writes half and fails; only calls that write count
stays_bad    ... fails with an I/O error, and so does every later one
crash        ... is done, then the process is gone
power_cut    ... is done, then the process is gone, with all that was written since the last sync of its file
"""

import json
import os
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import apsw

from ledger.errors import LedgerError

KINDS = ("io_error", "full", "short_write", "stays_bad", "crash", "power_cut")
GONE = 42  # exit code of a process that a fault ended
BASE = apsw.vfs_names()[0]


class Told(NamedTuple):
    """What came of a run: whether the fault was met, whether the process was gone, what it said, in order."""

    met: bool
    gone: bool
    said: list[dict[str, Any]]


class _Fault:
    def __init__(self, kind: str, at: int, met: Callable[[], None]) -> None:
        self.kind = kind
        self.left = at
        self.met = met
        self.unsynced: dict[str, list[tuple[int, bytes, int]]] = {}

    def call(self, writes: bool, half: Callable[[], None] | None = None) -> None:
        """Count a call that is about to be done, and fail where it is its turn."""
        if self.kind in ("full", "short_write") and not writes:
            return
        if self.kind in ("crash", "power_cut"):
            return
        self.left -= 1
        if self.left > 0 or (self.left < 0 and self.kind != "stays_bad"):
            return
        self.met()
        if self.kind == "short_write" and half is not None:
            half()
        raise apsw.FullError("no space") if self.kind == "full" else apsw.IOError("the disk failed")

    def done(self) -> None:
        """Count a call that was done, and end the process where it was its last."""
        if self.kind not in ("crash", "power_cut"):
            return
        self.left -= 1
        if self.left == 0:
            self.met()
            if self.kind == "power_cut":
                self._lose()
            os._exit(GONE)

    def _lose(self) -> None:
        for name, writes in self.unsynced.items():
            descriptor = os.open(name, os.O_RDWR)
            for offset, before, size in reversed(writes):
                os.pwrite(descriptor, before, offset)
                os.ftruncate(descriptor, size)
            os.close(descriptor)


class _File(apsw.VFSFile):
    def __init__(self, name: Any, flags: list[int], fault: _Fault) -> None:
        self._fault = fault
        fault.call(False)
        super().__init__(BASE, name, flags)
        self._name = name.filename() if isinstance(name, apsw.URIFilename) else name
        fault.done()

    def xRead(self, amount: int, offset: int) -> bytes:
        self._fault.call(False)
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:
        self._fault.call(True, lambda: super(_File, self).xWrite(data[: len(data) // 2], offset))
        if self._fault.kind == "power_cut" and self._name:
            size = super().xFileSize()
            before = super().xRead(min(len(data), max(size - offset, 0)), offset) if offset < size else b""
            self._fault.unsynced.setdefault(self._name, []).append((offset, before, size))
        super().xWrite(data, offset)
        self._fault.done()

    def xTruncate(self, size: int) -> None:
        self._fault.call(True)
        super().xTruncate(size)
        self._fault.done()

    def xSync(self, flags: int) -> None:
        self._fault.call(True)
        super().xSync(flags)
        self._fault.unsynced.pop(self._name, None)
        self._fault.done()

    def xLock(self, level: int) -> None:
        self._fault.call(False)
        super().xLock(level)

    def xFileSize(self) -> int:
        self._fault.call(False)
        return super().xFileSize()


class _System(apsw.VFS):
    def __init__(self, fault: _Fault) -> None:
        self._fault = fault
        super().__init__("breaking", BASE, makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        return _File(name, flags, self._fault)

    def xDelete(self, name: str, sync_dir: bool) -> None:
        self._fault.call(True)
        super().xDelete(name, sync_dir)
        self._fault.done()


def run(work: Callable[[Callable[..., None]], None], kind: str, at: int, log: Path) -> Told:
    """Do `work` in a child whose `at`-th call of the file system meets a fault of this kind.

    `work` is given a function that keeps what it says, line by line, whatever becomes of the process.
    """
    log.write_bytes(b"")
    pid = os.fork()
    if pid == 0:
        descriptor = os.open(log, os.O_WRONLY | os.O_APPEND)

        def say(**words: Any) -> None:
            os.write(descriptor, json.dumps(words).encode() + b"\n")

        code = 1
        try:
            _system = _System(_Fault(kind, at, lambda: say(met=True)))  # kept: APSW does not
            work(say)
            code = 0
        except LedgerError as error:
            say(error=error.code or error.kind, kind=error.kind, outcome=getattr(error, "outcome", ""))
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    said = [json.loads(line) for line in log.read_text().splitlines()]
    assert code in (0, GONE), (code, said)
    return Told({"met": True} in said, code == GONE, [words for words in said if words != {"met": True}])

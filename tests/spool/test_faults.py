"""The spool's file under faults: every write and sync is made to fail in turn; what was acknowledged is there."""

import os

import apsw
import pytest

from ledger.errors import Tampered, Unavailable
from ledger.fresh import new_id
from ledger.spool import file
from ledger.spool.file import Spool
from ledger.spool.item import Target

NAME = "failing"


class Failing(apsw.VFS):
    """A file system whose n-th write, sync or truncation fails, and all after it."""

    def __init__(self, at, error):
        self.left, self.error = at, error
        super().__init__(NAME, "")

    def xOpen(self, name, flags):
        return FailingFile(self, name, flags)

    def step(self):
        self.left -= 1
        if self.left < 0:
            raise self.error


class FailingFile(apsw.VFSFile):
    def __init__(self, system, name, flags):
        self.system = system
        super().__init__("", name, flags)

    def xWrite(self, data, offset):
        if self.system.left == 0 and len(data) > 1:
            super().xWrite(data[: len(data) // 2], offset)  # a short write
        self.system.step()
        super().xWrite(data, offset)

    def xSync(self, flags):
        self.system.step()
        super().xSync(flags)

    def xTruncate(self, size):
        self.system.step()
        super().xTruncate(size)


def work(spool, said, removed):
    """Put four, remove one, put one more; tell what was acknowledged."""
    for number in range(5):
        id = new_id()
        body = b'{"n":%d}' % number + b" " * 3000
        spool.put(Target("ab" * 32, "", "a"), id, body, (b"x",), (f"text {number}",), since="", why="")
        said[id] = body
        if number == 3:
            first = spool.items()[0]
            removed.add(first.id)
            spool.remove([first])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of the faults that are made
@pytest.mark.parametrize("error", [apsw.FullError, apsw.IOError])
def test_every_write_and_sync_fails_in_turn(tmp_path, monkeypatch, error):
    connection = apsw.Connection
    for at in range(1000):
        path = tmp_path / f"{at}.db"
        said, removed = {}, set()
        system = Failing(at, error("made to fail"))
        spool = Spool(path)
        finished = False
        with monkeypatch.context() as patched:
            patched.setattr(file.apsw, "Connection", lambda *a, **k: connection(*a, **k, vfs=NAME))
            try:
                work(spool, said, removed)
                finished = True
            except (Unavailable, Tampered):
                pass
            try:
                spool.close()
            except apsw.Error:
                spool._connection = None
        left = system.left
        del system
        after = Spool(path)
        there = {item.id: item.body for item in after.items()} if path.exists() and os.path.getsize(path) else {}
        assert {id: body for id, body in said.items() if id not in removed}.items() <= there.items(), at
        assert len(there.keys() - said.keys()) <= 1  # the one that was not acknowledged: absent, or whole
        assert all(body.startswith(b'{"n":') and len(body) > 3000 for body in there.values())
        after.close()
        if finished and left >= 0:
            break
    assert 10 < at < 999

"""A publisher that is killed, or whose disk fails, at every call that it makes: the folder verifies, the next run ends.

Killed before the n-th call that changes something, for every n: what is published is the old log or the new one, whole.
By default every fifteenth n, from one taken at random; all of them with LEDGER_FAULT_STEP=1.
"""

import errno
import os
import shutil
import signal
import threading
from contextlib import contextmanager
from random import randint

import pytest

from ledger.errors import LedgerError, Unavailable
from ledger.publish import publish
from ledger.stores.folder import Folder
from ledger.stores.static import open_static
from ledger.verify import verify_log
from tests.log.acts import say_many
from tests.publishing import c2sp

CHANGING = ("mkdir", "write", "fsync", "rename", "unlink", "rmdir")
STEP = int(os.environ.get("LEDGER_FAULT_STEP", "15"))


@contextmanager
def before_call(monkeypatch, n, act):
    """Call `act(name)` in the place of the n-th call, of all threads together, that changes something on the disk."""
    count, lock = [0], threading.Lock()

    def wrap(name, real):
        def call(*words, **more):
            with lock:
                count[0] += 1
                now = count[0] == n
            if now:
                act(name, real, words)
            return real(*words, **more)

        return call

    with monkeypatch.context() as patch:
        for name in CHANGING:
            patch.setattr(os, name, wrap(name, getattr(os, name)))
        yield count


def kill(name, real, words):
    if name == "write":  # half of it
        real(words[0], bytes(words[1])[: len(words[1]) // 2])
    os.kill(os.getpid(), signal.SIGKILL)


def killed_at(monkeypatch, n, work):
    """Do it in a forked process; return whether it came to that call."""
    child = os.fork()
    if not child:
        with before_call(monkeypatch, n, kill):
            work()
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


@pytest.fixture
def twice(long, tmp_path):
    """A folder with 617 entries in it, and 300 more to come: full tiles come, partial ones go."""
    published = tmp_path / "published"
    publish(long.store, long.close_checkpoint(), Folder(published), disclosures=True)
    say_many(long, 300)
    return long, published, long.close_checkpoint(), (617, 917)


@pytest.fixture
def once(told, tmp_path):
    """Nothing, and 16 entries to come."""
    return told, tmp_path / "published", told.close_checkpoint(), (0, 16)


def judge(folder, key, sizes):
    """What is there is one of these sizes, by the specification's text and by ours."""
    if not (folder / "checkpoint").exists():
        assert 0 in sizes
        return 0
    size, _ = c2sp.check(folder, key)
    assert size in sizes
    report = verify_log(open_static(str(folder)))
    assert (report.verdict, report.checked, report.failures) == ("UNPINNED", size, ())
    return size


def set_back(published, place):
    shutil.rmtree(place, ignore_errors=True)
    if published.exists():
        shutil.copytree(published, place)


@pytest.mark.kill
@pytest.mark.parametrize("story", ["twice", "once"])
def test_killed_at_every_call(story, request, tmp_path, monkeypatch):
    ledger, published, note, sizes = request.getfixturevalue(story)
    key, place, seen, n = ledger.genesis.log_keys[0].text, tmp_path / "place", [], randint(1, STEP)

    def work():
        publish(ledger.store, note, Folder(place), disclosures=True)

    set_back(published, place)
    while killed_at(monkeypatch, n, work):
        seen.append(judge(place, key, sizes))
        work()
        assert judge(place, key, sizes) == sizes[1]
        assert not (place / ".publishing/files").exists()
        set_back(published, place)
        n += STEP
    assert judge(place, key, sizes) == sizes[1]
    set_back(published, place)
    while not killed_at(monkeypatch, n := n - 1, work):  # the very last call, whatever n it began with
        set_back(published, place)
    seen.append(judge(place, key, sizes))
    assert seen[0] == sizes[0]
    assert len(seen) * STEP > 20
    assert STEP > 1 or set(seen) == set(sizes)


@pytest.mark.parametrize("story", ["twice", "once"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_an_error_at_every_call(story, code, request, tmp_path, monkeypatch):
    ledger, published, note, sizes = request.getfixturevalue(story)
    key, place, outcomes, n = ledger.genesis.log_keys[0].text, tmp_path / "place", [], randint(1, STEP)

    def fail(name, real, words):
        raise OSError(code, os.strerror(code), words[0] if isinstance(words[0], str) else None)

    while True:
        set_back(published, place)
        with before_call(monkeypatch, n, fail) as count:
            try:
                publish(ledger.store, note, Folder(place), disclosures=True)
                error = None
            except LedgerError as caught:
                error = caught
        if count[0] < n:
            break
        size = judge(place, key, sizes)
        assert isinstance(error, Unavailable) or (error is None and size == sizes[1]), error
        outcomes.append(error is None)
        publish(ledger.store, note, Folder(place), disclosures=True)
        assert judge(place, key, sizes) == sizes[1]
        n += STEP
    assert outcomes.count(False) * STEP > 10  # the rest is tidying up afterwards

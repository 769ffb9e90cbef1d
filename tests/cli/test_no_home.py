"""Where pins and the spool lie nothing can be written, as in a container: it records and verifies all the same."""

import subprocess
import sys
from pathlib import Path

import pytest

import ledger as package
from ledger import pins
from ledger.spool.file import spool_path
from tests.cli.conftest import VERSION
from tests.spool.conftest import forget

SAY = """
import ledger
for number in range(3):
    print(ledger.record("acme.example/note", number=number))
"""


@pytest.fixture(autouse=True)
def closed():
    yield
    forget()
    pins._warned.clear()


@pytest.fixture
def barred(home):
    """Nothing can be made below ~/.local/state, by nobody: root is not asked for permission."""
    state = home / ".local" / "state"
    if state.exists():
        state.rename(home / "state-of-before")
    state.parent.mkdir(exist_ok=True)
    state.write_text("no folder")
    return state


def test_what_is_recorded_is_recorded(run, ledger, barred):
    """A program of its own: three notes, one line of warning, and an end without a word more."""
    done = subprocess.run([sys.executable, "-c", SAY], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:3] == [f"<Receipt acme.example/note entry {seq}, sealed>" for seq in (1, 2, 3)]
    assert "Traceback" not in done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("the pin ")
    assert line.endswith("fix: check its folder, or LEDGER_PIN")
    assert "what is recorded is recorded" in line


def test_verify_says_its_verdict(run, story, barred):
    done = run("verify")
    assert (done.code, done.out.split()[0]) == (0, "VERIFIED")
    assert "not kept: the pin " in done.out
    assert run("verify", "--json").document["pin"]["moved"] is False
    assert run("log").code == run("production").code == 0


def test_the_doctor_sees_it(run, story, barred):
    lines = {
        one["name"]: one for one in run("doctor", "--json").document["checks"] if "cannot be written" in one["text"]
    }
    assert lines["pin"]["fix"] == "check its owner and permissions, or set LEDGER_PIN"
    assert lines["spool"]["fix"] == "check its owner and permissions, or set LEDGER_SPOOL"


def test_a_spool_whose_lock_cannot_be_had(run, story):
    """Something waits there for another log; what is said now goes to its own, at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(Path.cwd().parent)
        assert package.record("acme.example/note", text="for no ledger yet").state in ("spooled", "draft")
    forget()
    lock = Path(f"{spool_path()}.lock")
    lock.unlink(missing_ok=True)
    lock.mkdir()
    assert package.record("acme.example/note", text="here").state == "sealed"
    message, fix = run("spool", "flush").error
    assert message.startswith("what waits in the spool cannot be sent: ")
    assert fix == "check its owner and permissions, or set LEDGER_SPOOL"


def test_a_version_cannot_be_looked_up_in_a_ledger_that_is_away(run, story, monkeypatch):
    from ledger.stores import sqlite

    def fail(*_, **__):
        raise package.Unavailable("ledger.db is locked by another process", "wait", code="locked")

    monkeypatch.setattr(sqlite.SqliteStore, "_reading", fail)
    message, fix = run("record", "evaluated", VERSION, "--metrics", "auc=0.5").error
    assert message == f"the ledger is away: which artifacts {VERSION} stands for cannot be looked up"
    assert fix.startswith('record it again when the ledger is back, or name the files: --artifacts \'{"model": ')

"""Runs of the command line in a home of their own: no test touches a user's keys, pins or ledgers."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

ORIGIN = "ledger.bank.example/credit"
VERSION = "credit-scoring@3.1.0"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home, a folder to work in, and no setting from outside."""
    for name in list(os.environ):
        if name.startswith(("LEDGER_", "XDG_")) or name == "NO_COLOR":
            monkeypatch.delenv(name)
    place = tmp_path / "home"
    place.mkdir()
    monkeypatch.setenv("HOME", str(place))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return place


@dataclass
class Run:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def document(self):
        """Its one JSON document."""
        return json.loads(self.out)

    @property
    def error(self):
        """Message and fix of its two lines on stderr."""
        lines = self.err.rstrip("\n").split("\n")
        assert len(lines) == 2, self.err
        assert lines[0].startswith("error: ")
        assert lines[1].startswith("  fix: ")
        assert len(lines[1]) > len("  fix: ")
        return lines[0][7:], lines[1][7:]


@pytest.fixture
def run():
    """Run a command in this process."""

    def call(*words, stdin=None):
        from ledger.cli.frame import cli

        result = CliRunner().invoke(cli, [str(word) for word in words], input=stdin)
        assert "Traceback" not in result.output
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return Run(result.exit_code, result.stdout, result.stderr)

    return call


@pytest.fixture
def process():
    """Start the command as a process of its own; it is ended with the test."""
    started = []

    def call(*words):
        one = subprocess.Popen(
            [sys.executable, "-m", "ledger", *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # What runs in the background of a shell ignores it, and hands that on.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        started.append(one)
        return one

    yield call
    for one in started:
        one.kill()
        one.communicate()


@pytest.fixture
def ledger(run):
    """A ledger with its genesis alone, in the working folder."""
    done = run("init", "--origin", ORIGIN, "--as", "mara")
    assert done.code == 0, done.err
    return Path("ledger.db")


STORY = (
    ("dataset_registered", "credit@2026-11", "--role", "training", "--file", "credit.csv"),
    (
        "trained",
        VERSION,
        "--parameters",
        "max_depth=6",
        "--datasets",
        "training=credit@2026-11",
        "--file",
        "model=m.bin",
    ),
    ("evaluated", VERSION, "--metrics", "auc=0.79", "--groups", '{"age<25": {"auc": 0.71}}'),
    ("approved", VERSION, "--stage", "production", "--note", "seen with Ana Popescu"),
    ("deployed", VERSION, "--environment", "production"),
)


@pytest.fixture
def story(run, ledger):
    """A ledger of six entries: data, training, evaluation, approval, deployment; sealed and pinned."""
    Path("credit.csv").write_text("age,income\n31,2\n")
    Path("m.bin").write_bytes(b"a model")
    for words in STORY:
        done = run("record", *words)
        assert done.code == 0, done.err
    return ledger


@pytest.fixture
def stranger(monkeypatch, tmp_path):
    """Another user, elsewhere: no keys, no pins, no ledger of theirs."""

    def go():
        place = tmp_path / "stranger"
        place.mkdir(exist_ok=True)
        monkeypatch.setenv("HOME", str(place))
        monkeypatch.chdir(place)

    return go


@pytest.fixture
def cheat():
    """Change a ledger's file behind its back, and put its guards back in place."""
    return _cheat


def _cheat(database, sql):
    with sqlite3.connect(database) as connection:
        guards = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            connection.execute(f"DROP TRIGGER {name}")
        connection.executescript(sql)
        for _, text in guards:
            connection.execute(text)
    connection.close()

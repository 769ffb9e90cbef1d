"""A project with a ledger, and a default ledger that can be taken away."""

import logging
import os
from pathlib import Path

import pytest

import ledger as package
from ledger import default
from ledger.api import Ledger
from ledger.config import write_config
from ledger.spool.file import Spool, spool_path

ORIGIN = "ledger.test/one"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with a ledger and its ledger.toml; mara records. What the process opened is closed at the end."""
    folder = tmp_path / "project"
    (folder / ".git").mkdir(parents=True)
    with Ledger.create(folder / "ledger.db", origin=ORIGIN, actor="mara") as made:
        key = made.genesis.log_keys[0].text
        write_config(folder, database="ledger.db", origin=ORIGIN, key=key, genesis=made.genesis_leaf)
    monkeypatch.chdir(folder)
    yield folder
    forget()


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A folder without a ledger."""
    folder = tmp_path / "nowhere"
    (folder / ".git").mkdir(parents=True)
    monkeypatch.chdir(folder)
    yield folder
    forget()


def forget():
    """Close the default ledger and its spool: what a new process begins with."""
    default._close()
    for outbox in default._outboxes.values():
        outbox.spool.close()
    default._outboxes.clear()


def away(folder):
    """Take the database away."""
    default._close()
    (folder / "ledger.db").rename(folder / "elsewhere.db")


def back(folder):
    """Put it back."""
    (folder / "elsewhere.db").rename(folder / "ledger.db")


def say(number=1, **more):
    """Record a note of the caller's own type."""
    return package.record("acme.example/note", text=f"note {number}", system="credit-scoring", **more)


@pytest.fixture
def spool(own_home):
    """The user's spool file, opened beside the process's own."""
    made = Spool(spool_path())
    yield made
    made.close()


def texts(ledger):
    """The notes in a ledger, in order."""
    return [entry.statement.data["text"] for entry in ledger.entries(type="acme.example/note")]


__all__ = ["Path", "away", "back", "forget", "logging", "os", "say", "texts"]

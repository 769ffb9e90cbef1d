"""`ledger publish`, and the commands over what it wrote."""

import os
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.cli.conftest import ORIGIN, VERSION


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def served(run, story):
    """The story, published and served: its URL."""
    assert run("publish", "public").code == 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory="public"))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_publish_says_what_it_did(run, story):
    first, again = run("publish", "public"), run("publish", "public")
    assert first.out.startswith(f"Published {ORIGIN} in public.")
    assert "6 entries, signed with ed25519 and ml-dsa-44" in first.out
    assert "6 entries in 2 files" in first.out
    assert "nothing: all of it was there" in again.out
    assert all(len(line) <= 100 for line in first.out.splitlines())
    run("record", "evaluated", "--of", "2", "--metrics", "auc=0.5")
    document = run("publish", "public", "--json").document
    assert {name: document[name] for name in ("schema", "size", "before", "files", "uncovered")} == {
        "schema": "ledger.publish/1",
        "size": 7,
        "before": 6,
        "files": 2,
        "uncovered": 0,
    }


def test_a_stranger_checks_it_with_the_key(run, story, monkeypatch, tmp_path):
    document = run("publish", "public", "--json").document
    assert f'key = "{document["log_key"]}"' in Path("ledger.toml").read_text()
    assert "ledger verify public --key KEY" in run("publish", "public").out
    monkeypatch.setenv("HOME", str(tmp_path / "stranger"))
    done = run("verify", "public", "--key", document["log_key"])
    assert done.code == 0, done.out
    assert done.out.startswith("VERIFIED  6 of 6 entries")
    assert "the log's key in --key" in done.out


def test_without_the_logs_key_the_newest_checkpoint_is_published(run, story, monkeypatch):
    monkeypatch.setenv("LEDGER_LOG_KEY", "none.key")
    run("record", "evaluated", "--of", "2", "--metrics", "auc=0.5")
    done = run("publish", "public")
    assert done.code == 0, done.err
    assert "6 entries, signed with ed25519" in done.out
    assert "1 entries that no checkpoint covers yet" in done.out
    assert run("verify", "public", "--json").document["size"] == 6


@pytest.mark.parametrize("name", ["ledger.db", "ledger", "tile"])
def test_a_folder_that_is_something_else(run, story, name):
    os.makedirs(f"other/{name}")
    done = run("publish", "other")
    assert done.code == 2
    assert f"other holds {name}" in done.error[0]
    assert os.listdir("other") == [name]


def test_a_folder_that_cannot_be_made(run, story):
    Path("file").write_text("")
    done = run("publish", "file/public")
    assert done.code == 4
    assert "Not a directory" in done.error[0]


def test_a_log_that_was_set_back_is_refused(run, story):
    before = story.read_bytes()
    run("record", "evaluated", "--of", "2", "--metrics", "auc=0.5")
    assert run("publish", "public").code == 0
    story.write_bytes(before)
    for name in ("ledger.db-wal", "ledger.db-shm"):
        Path(name).unlink(missing_ok=True)
    assert run("publish", "public").code == 3


def test_verify_and_questions_over_the_web(run, served):
    done = run("verify", served)
    assert done.code == 0, done.out + done.err
    assert done.out.startswith("VERIFIED  6 of 6 entries")
    assert run("log", "--ledger", served).out.count("mara") == 6
    assert "trained" in run("show", "2", "--ledger", served).out
    here, there = (run("production", "--ledger", place, "--json").document for place in ("public", served))
    assert here["deployments"] == there["deployments"]
    assert len(here["deployments"]) == 1


def test_what_is_withheld_is_not_proven(run, served):
    Path("public/tile/0/000.p/6").unlink()
    done = run("verify", served)
    assert done.code == 5
    assert done.out.startswith("UNVERIFIABLE")
    assert "does not serve tile/0/000.p/6" in done.out
    assert "ask who serves it" in done.out


def test_recording_there_is_refused(run, served):
    done = run("record", "deployed", VERSION, "--environment", "production", "--ledger", "public")
    assert done.code == 2
    assert "published copy" in done.error[0]

"""Backups: whole while somebody writes, checked; and what is restored never forgets what a pin has seen."""

import os
import shutil
import subprocess
import sys
import threading
import time

import pytest

from ledger import backups
from ledger.api import Ledger
from ledger.backups import back_up, restore
from ledger.errors import Misuse, Tampered
from tests.log.acts import say, say_many
from tests.log.forging import replace


def rows(ledger):
    return [row.data for row in ledger.store.rows(0, len(ledger))]


def test_a_backup_is_the_ledger(told, tmp_path):
    told.close_checkpoint()
    copied = back_up(told, tmp_path / "kept.db")
    assert copied == (16, 16, "VERIFIED")
    assert sorted(path.name for path in tmp_path.glob("kept.db*")) == ["kept.db"]
    with Ledger.open(tmp_path / "kept.db", read_only=True) as kept:
        assert rows(kept) == rows(told)
        assert kept.store.checkpoints() == told.store.checkpoints() != []
        assert list(kept.store.disclosures()) == list(told.store.disclosures()) != []
        assert kept.verify().verdict == "VERIFIED"


def test_while_somebody_writes(told, tmp_path):
    """Each backup is one moment of the log: verified, and holding all that was acknowledged before it began."""
    said, stop = [], threading.Event()

    def write():
        with Ledger.open(told.path) as mine:
            while not stop.is_set():
                say_many(mine, 50, len(said) % 900)
                said.append(len(mine))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while len(said) < 3:
            time.sleep(0.001)
        for number in range(5):
            before = said[-1]
            copied = back_up(told, tmp_path / f"{number}.db")
            assert copied.size >= before
            assert copied.verdict == "VERIFIED"
    finally:
        stop.set()
        writer.join()


def test_a_store_that_is_no_file_is_copied_entry_by_entry(told, tmp_path, monkeypatch):
    monkeypatch.delattr(type(told.store), "back_up")
    assert back_up(told, tmp_path / "kept.db") == (16, 16, "VERIFIED")
    with Ledger.open(tmp_path / "kept.db") as kept:
        assert rows(kept) == rows(told)
        assert say(kept, 3).seq == 16


def test_a_broken_ledger_gives_no_backup(told, tmp_path, edit):
    edit(told.path, replace(told, 3, b'"auc":0.79', b'"auc":0.99'))
    with pytest.raises(Tampered) as caught:
        back_up(told, tmp_path / "kept.db")
    assert caught.value.report.failures[0].seq == 3
    assert not (tmp_path / "kept.db").exists()


def test_nothing_is_written_over(told, tmp_path):
    (tmp_path / "kept.db").write_text("mine")
    with pytest.raises(Misuse) as caught:
        back_up(told, tmp_path / "kept.db")
    assert caught.value.code == "exists"
    assert (tmp_path / "kept.db").read_text() == "mine"
    back_up(told, tmp_path / "other.db")
    with Ledger.open(tmp_path / "other.db", read_only=True) as kept, pytest.raises(Misuse) as caught:
        restore(kept, str(told.path))
    assert caught.value.code == "exists"


def test_what_an_earlier_run_left_is_no_backup_and_in_nobodys_way(told, tmp_path):
    (tmp_path / "kept.db.partial").write_bytes(os.urandom(9_000))
    assert back_up(told, tmp_path / "kept.db").size == 16


def gone(ledger):
    """The disk is lost: file, WAL and all."""
    ledger.close()
    for end in ("", "-wal", "-shm"):
        ledger.path.with_name(ledger.path.name + end).unlink(missing_ok=True)


def test_restored_and_gone_on(told, tmp_path):
    back_up(told, tmp_path / "kept.db")
    gone(told)
    with Ledger.open(tmp_path / "kept.db", read_only=True) as kept:
        assert restore(kept, str(told.path)).size == 16
    with Ledger.open(told.path) as again:
        assert say(again, 4).seq == 16
        assert again.verify().verdict == "VERIFIED"


def test_one_that_is_behind_the_pin_says_by_how_many(told, tmp_path):
    back_up(told, tmp_path / "kept.db")
    for number in range(5):
        say(told, number)
    told._move_pin(now=True)
    gone(told)
    with Ledger.open(tmp_path / "kept.db", read_only=True) as kept, pytest.raises(Tampered) as caught:
        restore(kept, str(told.path))
    assert caught.value.code == "behind"
    assert "16 entries, your pin has seen 21: 5 that were acknowledged" in caught.value.message
    assert not told.path.exists()


def test_one_that_was_changed_is_not_restored(told, tmp_path, edit):
    back_up(told, tmp_path / "kept.db")
    edit(tmp_path / "kept.db", replace(told, 3, b'"auc":0.79', b'"auc":0.99'))
    gone(told)
    with Ledger.open(tmp_path / "kept.db", read_only=True) as kept, pytest.raises(Tampered) as caught:
        restore(kept, str(told.path))
    assert caught.value.seq == 3
    assert not told.path.exists()


def test_cut_off_it_goes_on(long, tmp_path, monkeypatch):
    back_up(long, tmp_path / "kept.db")
    gone(long)
    monkeypatch.setattr(backups, "finish", interrupted)
    with Ledger.open(tmp_path / "kept.db", read_only=True) as kept:
        with pytest.raises(KeyboardInterrupt):
            restore(kept, str(long.path))
        monkeypatch.undo()
        assert long.path.exists()
        assert restore(kept, str(long.path)).size == 617
    with Ledger.open(long.path) as again:
        assert again.verify().exit_code in (0, 5)


def interrupted(*_):
    raise KeyboardInterrupt


def test_the_commands(told, tmp_path):
    def ledger(*words):
        command = [sys.executable, "-m", "ledger", *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)

    told.close()
    done = ledger("backup", "kept.db", "--ledger", str(told.path))
    assert (done.returncode, done.stderr) == (0, "")
    assert "16, all sealed" in done.stdout
    shutil.move(told.path, tmp_path / "aside.db")
    done = ledger("restore", "kept.db", str(told.path))
    assert (done.returncode, done.stderr) == (0, "")
    assert "VERIFIED: every check" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100
    done = ledger("restore", "kept.db", str(told.path))
    assert done.returncode == 2
    assert "a ledger is at" in done.stderr
    assert ledger("verify", "--ledger", str(told.path)).returncode == 0

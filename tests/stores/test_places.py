"""Whatever is named as the place of a ledger or a spool: an answer or an error of ours, never the system's own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.api import Ledger
from ledger.backups import back_up
from ledger.errors import LedgerError, Misuse, Unavailable
from ledger.fresh import new_id
from ledger.spool.file import Spool
from ledger.stores import sqlite
from ledger.stores.there import mode_at
from tests.conftest import ORIGIN
from tests.log.acts import say
from tests.stores.test_sqlite import as_nobody, shown  # noqa: F401 - a fixture

LONG = "x" * 300


def make(place):
    return Ledger.create(place, origin=ORIGIN, actor="mara")


@pytest.mark.parametrize("name", [LONG, f"file/{LONG}", f"{LONG}/ledger.db", "y" * 250])
@pytest.mark.parametrize("work", [Ledger.open, make])
def test_a_name_that_no_file_can_have(own_home, tmp_path, work, name):
    with pytest.raises(LedgerError) as caught:
        work(tmp_path / name)
    assert caught.value.code in ("access", "no_ledger", "misuse", ""), caught.value
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["file/ledger.db", "none/ledger.db"])
def test_a_ledger_below_what_is_no_folder(own_home, tmp_path, name):
    (tmp_path / "file").write_text("x")
    with pytest.raises(Misuse) as caught:
        make(tmp_path / name)
    assert "cannot be made" in caught.value.message
    with pytest.raises(Misuse) as caught:
        Ledger.open(tmp_path / name)
    assert caught.value.code == "no_ledger"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("postgresql://u@[::1/db", "store"),
        ("http://[::1/log", "store"),
        (f"postgresql://u@{'a' * 70}/db", "store"),
        ("postgresql://u@a..b/db", "store"),
        ("postgresql://u@h:99999/db", "unreachable"),
        ("postgresql://u@127.0.0.1:1/d%00b", "store"),
        ("postgresql://u@127.0.0.1:1/db?sslmode=none-such", "unreachable"),
        ("postgresql://u@127.0.0.1:1/db?connect_timeout=soon", "store"),
        (f"http://{'a' * 70}/log", "network"),
        ("http://127.0.0.1:99999/log", "network"),
    ],
)
def test_a_url_that_leads_nowhere(own_home, monkeypatch, url, code):
    monkeypatch.setattr("ledger.stores.web._PAUSE", 0.001)
    with pytest.raises((Misuse, Unavailable)) as caught:
        Ledger.open(url)
    assert caught.value.code == code
    assert caught.value.fix


def test_a_folder_that_may_not_be_entered(shown):  # noqa: F811
    os.chmod(shown, 0o000)

    def work():
        for path in (shown / "ledger.db", shown / "none.db"):
            for one in (Ledger.open, make, mode_at, lambda path: Spool(path).count()):
                with pytest.raises(Unavailable) as caught:
                    one(path)
                assert caught.value.code == "access"

    assert as_nobody(work) == 0


def test_a_backup_that_cannot_be_made(ledger, tmp_path):
    for name in (LONG, "y" * 250):
        with pytest.raises(LedgerError):
            back_up(ledger, tmp_path / name)
    (tmp_path / "file").write_text("x")
    with pytest.raises(LedgerError):
        back_up(ledger, tmp_path / "file" / "copy.db")


# ---- what is open after an error ----


def descriptors(path):
    """The open files of this process below a folder."""
    names = [Path("/proc/self/fd", one) for one in os.listdir("/proc/self/fd")]
    return [to for one in names if one.is_symlink() and (to := os.path.realpath(one)).startswith(str(path))]


def test_a_file_that_was_refused_is_not_left_open(ledger, tmp_path, edit):
    ledger.close()
    edit(ledger.path, "PRAGMA user_version = 7")
    with pytest.raises(Misuse) as caught:  # its traceback keeps what the frames hold
        Ledger.open(ledger.path)
    assert caught.value.code == "newer_format"
    assert descriptors(tmp_path) == []


def test_a_walk_that_cannot_begin_leaves_nothing_open(ledger, tmp_path, edit):
    store = ledger.store
    edit(ledger.path, "ALTER TABLE disclosures RENAME TO others")
    open_ones = len(descriptors(tmp_path))
    with pytest.raises(LedgerError):
        list(store.disclosures())
    assert len(descriptors(tmp_path)) == open_ones
    assert store._walks == set()


def test_a_file_that_could_not_be_made_is_not_left(tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite, "schema_text", lambda: "CREATE TABLE one (two three")
    with pytest.raises(LedgerError):
        sqlite.create(str(tmp_path / "ledger.db"))
    assert os.listdir(tmp_path) == []


# ---- the spool ----

RECORDS = """
import ledger
from ledger.errors import LedgerError
try:
    ledger.record("acme.example/note", text="x")
except LedgerError as error:
    print(error.code)
"""


@pytest.mark.parametrize("name", [LONG, "file/spool.db"])
def test_a_spool_at_a_place_that_cannot_be(own_home, tmp_path, monkeypatch, name):
    (tmp_path / "file").write_text("x")
    spool, found = Spool(tmp_path / name), []
    for look in (spool.items, spool.count, lambda: spool.waits("a", "b", "c"), lambda: spool.find(new_id())):
        try:
            found.append(look())
        except Unavailable as error:
            found.append(error.code)
    assert found == (["access"] * 4 if name == LONG else [[], (0, 0, ""), False, None])
    assert spool.mark() == ()
    monkeypatch.setenv("LEDGER_SPOOL", str(spool.path))
    with make(tmp_path / "ledger.db") as ledger:  # which needs no spool
        assert say(ledger, 1).seq == 1
    done = subprocess.run(
        [sys.executable, "-c", RECORDS], env={**os.environ, "LEDGER_URL": str(tmp_path / "none.db")}, cwd="/",
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.strip() in ("spool_failed", "no_ledger"), done.stderr
    assert "Traceback" not in done.stderr

"""The disk: full, torn, a WAL lost or swapped, a file copied over while it is open."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from ledger.api import Ledger
from ledger.errors import LedgerError, Misuse, Tampered, Unavailable
from tests.faults import full
from tests.log.acts import say, say_many

FULL = [sys.executable, full.__file__]


def report(done, found):
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    found.caused += len(told["refused"])
    for code, outcome in told["refused"]:
        found.refuse(code, outcome)
    found.judge(told["acknowledged"], told["there"])


def test_a_file_that_may_not_grow(tmp_path, caused):
    done = subprocess.run([*FULL, str(tmp_path), "limit"], capture_output=True, text=True, timeout=120)
    report(done, caused("record", "file size limit"))


def test_a_disk_that_is_full(tmp_path, request):
    """On a small file system of its own, where this user may mount one; the test above needs no rights."""
    mount = f'mount -t tmpfs -o size=2m none "{tmp_path}"'
    if (
        not shutil.which("unshare")
        or subprocess.run(["unshare", "-m", "sh", "-c", mount], capture_output=True).returncode
    ):
        pytest.skip("this user may not mount a file system")
    script = f'{mount} && exec "$@"'
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, "sh", *FULL, str(tmp_path), "disk"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    report(done, request.getfixturevalue("caused")("record", "full file system"))


def left_behind(ledger, count):
    """Record in a process that ends as a killed one does, its WAL not yet taken in; return the ids. The pin moves."""
    ledger.close()
    pid = os.fork()
    if pid == 0:
        with open(f"{ledger.path}.said", "w") as file:
            for number in range(count):
                file.write(say(ledger, number).id + "\n")
        ledger._move_pin(now=True)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert Path(f"{ledger.path}-wal").stat().st_size > 0
    return Path(f"{ledger.path}.said").read_text().split()


def test_a_wal_that_was_left_is_taken_in(ledger):
    said = left_behind(ledger, 5)
    assert [entry.statement.id for entry in ledger.entries(1)] == said
    assert ledger.verify().verdict == "VERIFIED"


def test_a_wal_that_was_lost(ledger):
    left_behind(ledger, 5)
    for end in ("-wal", "-shm"):
        Path(f"{ledger.path}{end}").unlink()
    assert len(ledger) == 1
    report = ledger.verify()
    assert [(failure.check, failure.code) for failure in report.failures] == [(4, "shrunk")]
    with pytest.raises(Tampered) as caught:
        say(ledger)
    assert caught.value.code == "shrunk"
    assert len(ledger) == 1


def test_a_wal_whose_end_was_torn(ledger):
    """As after a power cut: the last commit is not whole, so it is none; the pin knows of it."""
    left_behind(ledger, 5)
    Path(f"{ledger.path}-shm").unlink()
    wal = Path(f"{ledger.path}-wal")
    wal.write_bytes(wal.read_bytes()[:-3000])
    assert len(ledger) == 5
    with pytest.raises(Tampered) as caught:
        say(ledger)
    assert caught.value.code == "shrunk"


def is_refused(path):
    """Whether whatever is in the file is not taken for a sound log: an error of ours, or BROKEN."""
    try:
        with Ledger.open(path, read_only=True) as found:
            return found.verify().exit_code == 3
    except (Misuse, Tampered, Unavailable):
        return True


def test_a_wal_of_another_ledger(ledger, tmp_path):
    left_behind(ledger, 5)
    with Ledger.create(tmp_path / "other.db", origin="ledger.test/two", actor="mara") as other:
        say_many(other, 30)
        left_behind(other, 9)
        other.store.close = lambda: None
        shutil.copy(f"{other.path}-wal", f"{ledger.path}-wal")
    Path(f"{ledger.path}-shm").unlink(missing_ok=True)
    assert is_refused(ledger.path)
    with pytest.raises(LedgerError):
        say(ledger)


def test_a_torn_page(told):
    """Half of a page, whichever, as a power cut or a bad sector leaves it: never taken for sound where it matters."""
    sound = [row.data for row in told.store.rows(0, 16)]
    told.close()
    whole = told.path.read_bytes()
    refused = 0
    for start in range(0, len(whole), 8192):
        for half in (0, 4096):
            at = start + half
            told.path.write_bytes(whole[:at] + os.urandom(4096) + whole[at + 4096 :])
            if is_refused(told.path):
                refused += 1
                continue
            with Ledger.open(told.path, read_only=True) as found:
                assert [row.data for row in found.store.rows(0, 16)] == sound  # it lay in nobody's bytes
    told.path.write_bytes(whole)
    assert refused > len(whole) // 8192
    assert told.verify().verdict == "VERIFIED"


def test_a_file_cut_short(told):
    told.close()
    whole = told.path.read_bytes()
    for size in (100, 4096, 8192, len(whole) // 2, len(whole) - 8192, len(whole) - 1):
        told.path.write_bytes(whole[:size])
        assert is_refused(told.path), size


def test_an_old_copy_moved_into_the_place_of_an_open_ledger(told, template, tmp_path):
    """What an open file would still take would be lost with it: the writer sees that its file is another."""
    say(told, 1)
    told._move_pin(now=True)
    shutil.copy(template / "ledger.db", tmp_path / "copy.db")
    for end in ("-wal", "-shm"):
        Path(f"{told.path}{end}").unlink(missing_ok=True)
    os.replace(tmp_path / "copy.db", told.path)
    with pytest.raises(Tampered) as caught:
        say(told, 2)
    assert caught.value.code == "shrunk"


def test_an_open_ledger_whose_file_was_removed(told):
    say(told, 1)
    for end in ("", "-wal", "-shm"):
        Path(f"{told.path}{end}").unlink(missing_ok=True)
    with pytest.raises(LedgerError) as caught:
        say(told, 2)
    assert caught.value.exit_code in (3, 4)
    assert not told.path.exists()


def test_a_copy_written_over_an_open_ledger(told, template):
    """In place, under the WAL: whatever comes of it, nothing that was acknowledged goes missing unnoticed."""
    acknowledged = [say(told, number).id for number in range(3)]
    told._move_pin(now=True)
    told.path.write_bytes((template / "ledger.db").read_bytes())
    with suppress(LedgerError):
        acknowledged.append(say(told, 9).id)
    with suppress(LedgerError):
        told.close()
    if not is_refused(told.path):
        with Ledger.open(told.path) as after:
            assert set(acknowledged) <= {entry.statement.id for entry in after}


def test_another_sqlite_library_in_this_process(ledger, tmp_path):
    """Python's sqlite3, say in a notebook: it cannot see our locks, and when it closes it removes the WAL under us."""
    ledger.close()
    pid = os.fork()
    if pid == 0:
        said = [say(ledger, 1).id]
        with sqlite3.connect(ledger.path) as shell:
            assert shell.execute("SELECT count(*) FROM log").fetchone() == (2,)
        shell.close()
        said += [say(ledger, number).id for number in (2, 3, 4)]
        assert len(ledger) == 5
        (tmp_path / "said").write_text(" ".join(said))
        os._exit(0)  # as a killed process: what is in no file that others find is lost
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert [entry.statement.id for entry in ledger.entries(1)] == (tmp_path / "said").read_text().split()
    assert ledger.verify().verdict == "VERIFIED"


def test_a_reader_sees_the_file_that_is_there_now(told, template, tmp_path):
    with Ledger.open(told.path, read_only=True) as reader:
        assert len(reader) == 16
        say(told, 1)
        told.close()
        for end in ("-wal", "-shm"):
            Path(f"{told.path}{end}").unlink()
        shutil.copy(template / "long.db", tmp_path / "copy.db")
        os.replace(tmp_path / "copy.db", told.path)
        assert len(reader) == 617
        assert len(list(reader)) == 617

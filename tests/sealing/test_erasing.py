"""Erasing: recorded first, then gone from every byte of every file; a run that stopped is finished by the next."""

import json
import random
import subprocess
import sys
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode

import apsw
import pytest

from ledger.api import Ledger
from ledger.errors import Misuse, Unavailable
from ledger.log import Log
from ledger.sealing import erase, sealed_fields
from ledger.stores import sqlite_erasure
from tests.log.acts import saying

SECRET = "Mara Ionescu, strada Lungă 7"


def say(ledger, note, number=1):
    return ledger.record("evaluated", **saying(number), note=note)


def forms(text, disclosure):
    """The value, its salt and its disclosure as they could stand somewhere: plain, and base64 at each of 3 offsets."""
    value = text.encode()
    salt = json.loads(urlsafe_b64decode(disclosure + "=" * (-len(disclosure) % 4)))[0]
    found = [value, disclosure.encode(), salt.encode(), value.hex().encode()]
    for encode in (b64encode, urlsafe_b64encode):
        for offset in range(3):
            cut = encode(bytes(offset) + value)[4:-4]
            found.append(cut)
    return found


def where(folder, needles):
    """Every file below a folder that holds one of the needles."""
    return sorted(
        {
            str(path.relative_to(folder))
            for path in folder.rglob("*")
            if path.is_file()
            for needle in needles
            if needle in path.read_bytes()
        }
    )


def fill(ledger, count=300):
    """Enough sealed values that the table grew over many pages, and cells were moved between them."""
    ledger.record_many(
        ("evaluated", saying(number) | {"note": f"case {number} " + "x" * (number % 400)}) for number in range(count)
    )


@pytest.mark.parametrize("open_meanwhile", [False, True])
def test_the_value_is_in_no_file(ledger, tmp_path, own_home, open_meanwhile):
    fill(ledger)
    receipt = say(ledger, SECRET)
    fill(ledger)
    disclosure = sealed_fields(ledger, receipt.seq)[0].text
    needles = forms(SECRET, disclosure)
    assert len(where(tmp_path, needles)) >= 1
    if not open_meanwhile:
        ledger.close()
    done = erase(ledger, receipt.seq, ("note",), reason="asked by the person", basis="request 12")
    assert (done.removed, done.fields, done.again) == (1, ("/data/note",), False)
    assert where(tmp_path, needles) == []
    assert where(own_home, needles) == []
    ledger.close()
    assert where(tmp_path, needles) == []
    event = ledger.find(done.seq).statement
    assert (event.type, event.reason, event.data["basis"]) == ("erased", "asked by the person", "request 12")
    assert event.refs["of"][0].id == receipt.id
    assert sum(1 for _ in ledger.store.disclosures()) == 600
    report = ledger.verify()
    assert report.verdict == "VERIFIED"
    assert [(one.code, one.seq) for one in report.findings] == [("erased", receipt.seq)]
    assert f"entry {done.seq}" in report.findings[0].message
    say(ledger, "life goes on", 2)
    assert ledger.verify().verdict == "VERIFIED"


def test_a_plain_delete_would_not_do(ledger, tmp_path):
    """The test above can fail: without what `remove` and `drain` do, the bytes are still there."""
    receipt = say(ledger, SECRET)
    needles = forms(SECRET, sealed_fields(ledger, receipt.seq)[0].text)
    connection = apsw.Connection(str(ledger.path))
    connection.execute("DELETE FROM disclosures")
    connection.close()
    assert where(tmp_path, needles)


def test_long_values_leave_no_page_behind(ledger, tmp_path):
    """Values that fill pages of their own."""
    texts = [random.Random(number).randbytes(10_000).hex() for number in range(5)]
    for number, text in enumerate(texts):
        say(ledger, text, number)
    disclosure = sealed_fields(ledger, 3)[0].text
    needles = [disclosure[at : at + 40].encode() for at in range(0, len(disclosure) - 40, 500)]
    assert all(where(tmp_path, [needle]) for needle in needles[::10])
    erase(ledger, 3, ("note",), reason="asked")
    assert where(tmp_path, needles) == []
    assert sealed_fields(ledger, 4)[0].value == texts[3]


def test_what_stays_opens_as_before(ledger):
    receipts = [say(ledger, f"note {number}", number) for number in range(3)]
    erase(ledger, receipts[1].seq, ("/data/note",), reason="asked")
    assert [sealed_fields(ledger, one.seq)[0].value for one in receipts] == ["note 0", None, "note 2"]


def test_killed_between_event_and_removal(ledger, tmp_path, monkeypatch):
    receipt = say(ledger, SECRET)
    needles = forms(SECRET, sealed_fields(ledger, receipt.seq)[0].text)

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(type(ledger.store), "erase", killed)
        with pytest.raises(KeyboardInterrupt):
            erase(ledger, receipt.seq, ("note",), reason="asked")
    report = ledger.verify()
    assert report.verdict == "VERIFIED"
    (finding,) = report.findings
    assert finding.code == "not_erased"
    assert "ledger erase 1 /data/note" in finding.message
    with Ledger.open(ledger.path) as later:
        done = erase(later, receipt.seq, ("note",), reason="asked")
    assert (done.again, done.removed, done.seq) == (True, 1, 2)
    assert len(ledger) == 3
    ledger.close()
    assert where(tmp_path, needles) == []


def test_killed_between_removal_and_the_wal(ledger, tmp_path, monkeypatch):
    receipt = say(ledger, SECRET)
    needles = forms(SECRET, sealed_fields(ledger, receipt.seq)[0].text)

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("ledger.stores.sqlite.drain", killed)
        with pytest.raises(KeyboardInterrupt):
            erase(ledger, receipt.seq, ("note",), reason="asked")
    done = erase(ledger, receipt.seq, ("note",), reason="asked")
    assert (done.again, done.removed) == (True, 0)
    assert where(tmp_path, needles) == []


CHILD = """
import os, sys
from ledger import sealing
from ledger.api import Ledger
from ledger.stores import sqlite

die = lambda *_: os._exit(9)
remove, step = sqlite.remove, sys.argv[2]
if step == "event":
    sqlite.SqliteStore.erase = die
if step == "rows":
    sqlite.remove = lambda *given: (remove(*given), die())
if step == "drain":
    sqlite.drain = die
sealing.erase(Ledger.open(sys.argv[1]), 1, ("note",), reason="asked")
die()
"""


@pytest.mark.parametrize("step", ["event", "rows", "drain", "end"])
def test_what_a_process_that_died_left_is_finished(ledger, tmp_path, step):
    """A child that is gone without a word, at each step: whatever it left in file and WAL, the next run ends it."""
    receipt = say(ledger, SECRET)
    needles = forms(SECRET, sealed_fields(ledger, receipt.seq)[0].text)
    ledger.close()
    done = subprocess.run([sys.executable, "-c", CHILD, str(ledger.path), step], capture_output=True, text=True)
    assert done.returncode == 9, done.stderr
    again = erase(ledger, receipt.seq, ("note",), reason="asked")
    assert again.again
    assert len(ledger) == 3
    assert where(tmp_path, needles) == []
    assert ledger.verify().verdict == "VERIFIED"


def test_an_open_reader_is_named_and_the_next_run_finishes(ledger, tmp_path, monkeypatch):
    receipt = say(ledger, SECRET)
    needles = forms(SECRET, sealed_fields(ledger, receipt.seq)[0].text)
    monkeypatch.setattr(ledger.store, "_busy", 100)
    reader = apsw.Connection(str(ledger.path))
    walk = reader.execute("SELECT text FROM disclosures UNION ALL SELECT bytes FROM entries")
    next(walk)
    with pytest.raises(Unavailable, match="another program reads it"):
        erase(ledger, receipt.seq, ("note",), reason="asked")
    assert sealed_fields(ledger, receipt.seq)[0].text == ""
    walk.close()
    reader.close()
    assert erase(ledger, receipt.seq, ("note",), reason="asked").again
    assert where(tmp_path, needles) == []


def test_a_value_that_came_back_is_named(ledger):
    """An old copy of the table is put back beside the newer entries."""
    receipt = say(ledger, SECRET)
    text = sealed_fields(ledger, receipt.seq)[0]
    erase(ledger, receipt.seq, ("note",), reason="asked")
    connection = apsw.Connection(str(ledger.path))
    connection.execute("INSERT INTO disclosures VALUES (?, ?)", (text.commitment, text.text))
    connection.close()
    assert [one.code for one in ledger.verify().findings] == ["not_erased"]


def test_who_may_not_record_erases_nothing(ledger, tmp_path, monkeypatch):
    receipt = say(ledger, SECRET)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nobody"))
    with Ledger.open(ledger.path) as stranger, pytest.raises(Misuse, match="no key of yours"):
        erase(stranger, receipt.seq, ("note",), reason="asked")
    assert sealed_fields(ledger, receipt.seq)[0].value == SECRET


def test_withheld_is_a_note_not_a_failure(ledger, edit):
    say(ledger, "a")
    say(ledger, "b", 2)
    edit(ledger.path, "DELETE FROM disclosures")
    report = ledger.verify()
    assert report.verdict == "VERIFIED"
    assert [(one.code, one.seq) for one in report.findings] == [("withheld", 1), ("withheld", 2)]


def test_the_order_is_the_one_that_is_written_down(ledger, monkeypatch):
    """Event, rows, WAL."""
    say(ledger, SECRET)
    steps = []
    appended = Log.append
    monkeypatch.setattr(Log, "append", lambda *given: (steps.append("event"), appended(*given))[1])
    for name in ("remove", "drain"):
        real = getattr(sqlite_erasure, name)
        monkeypatch.setattr(
            f"ledger.stores.sqlite.{name}", lambda *a, real=real, name=name: (steps.append(name), real(*a))[1]
        )
    erase(ledger, 1, ("note",), reason="asked")
    assert steps == ["event", "remove", "drain"]

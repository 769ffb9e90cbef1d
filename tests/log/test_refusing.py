"""The writer builds on nothing it has not checked: against a changed, shrunk or forked log it writes nothing."""

import shutil

import apsw
import pytest

from ledger.api import Ledger
from ledger.errors import LedgerError, Misuse, Tampered
from ledger.keys.log_key import LogKey
from ledger.pins import read_pin
from tests.log.acts import say
from tests.log.forging import chained_anew, history, put, replace, signed_again, stored


def everything(path):
    """Every row of every table."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    rows = {table: list(connection.execute(f"SELECT * FROM {table}")) for table in tables}
    connection.close()
    return rows


def refuses(ledger, error=Tampered):
    """Neither one nor many are recorded, and the file stays as it is. Returns the error."""
    before = everything(ledger.path)
    with pytest.raises(error) as caught:
        say(ledger, 900)
    with pytest.raises(error):
        ledger.record_many([("acme.example/note", {"text": "a"})])
    ledger.close()
    assert everything(ledger.path) == before
    return caught.value


def test_a_shrunk_ledger(told, template, keys):
    say(told, 1)
    told.close()
    pinned = keys.pin.read_bytes()
    shutil.copy(template / "ledger.db", told.path)
    error = refuses(told)
    assert (error.code, error.check, error.exit_code) == ("shrunk", 4, 3)
    assert "16 entries" in error.message
    assert "17" in error.message
    assert "nothing was written" in error.message
    assert error.fix
    assert keys.pin.read_bytes() == pinned


def test_a_forked_ledger(told, template, keys):
    say(told, 1)
    told.close()
    pinned = keys.pin.read_bytes()
    shutil.copy(template / "ledger.db", told.path)
    keys.pin.unlink()
    for number in (2, 3, 4):
        say(told, number)
    told.close()
    keys.pin.write_bytes(pinned)
    assert refuses(told).code == "forked"
    assert keys.pin.read_bytes() == pinned


def test_another_log_under_the_same_name(told, keys, tmp_path):
    told.close()
    with Ledger.create(tmp_path / "new.db", origin=told.origin, actor="mara") as other:
        assert refuses(other).code == "other_genesis"


def test_a_ledger_that_shrank_while_it_was_open(told, template, keys):
    """The writer remembers where it stood, also where there is no pin yet."""
    say(told, 1)
    told._move_pin(now=True)
    told.store.close()
    shutil.copy(template / "ledger.db", told.path)
    assert refuses(told).code == "shrunk"


def test_a_history_rewritten_with_every_key(told, edit, keys):
    datas = stored(told)
    datas[3] = signed_again(datas[3], keys.mara, reason="another")
    edit(told.path, *history(chained_anew(datas), log_key=keys.log))
    assert refuses(told).code == "forked"


CHANGED = {
    "the newest entry": lambda ledger: replace(ledger, 15, b'"deployment":"eu"', b'"deployment":"us"'),
    "entry 0": lambda ledger: replace(ledger, 0, b'"approver"', b'"approves"'),
    "an entry of the open tile": lambda ledger: replace(ledger, 3, b'"auc":0.79', b'"auc":0.99'),
    "a key event": lambda ledger: replace(ledger, 6, b'"recorder"', b'"approver"'),
    "the head's leaf": lambda _: "UPDATE head SET last = zeroblob(32)",
    "the head's peaks": lambda _: "UPDATE head SET peaks = zeroblob(length(peaks))",
    "the head's size": lambda _: "UPDATE head SET size = 12",
    "the size that is covered": lambda _: "UPDATE head SET covered = 12",
    "the checkpoint": lambda _: "UPDATE head SET note = replace(note, '16', '15')",
    "the head, gone": lambda _: "DELETE FROM head",
    "the tail, gone": lambda _: "DELETE FROM entries WHERE seq > 12",
    "an entry of the open tile, gone": lambda _: "DELETE FROM entries WHERE seq = 3",
}


@pytest.mark.parametrize("pinned", [True, False], ids=["pinned", "alone"])
@pytest.mark.parametrize("what", CHANGED)
def test_what_a_writer_builds_on_was_changed(told, edit, keys, what, pinned):
    edit(told.path, CHANGED[what](told))
    if not pinned:
        keys.pin.unlink()
    refuses(told)


def test_an_old_entry_under_full_tiles(long, edit):
    """It is not read by a writer; the stored hashes above it still give the sealed root, and verify names it."""
    edit(long.path, replace(long, 3, b'"auc":0.79', b'"auc":0.99'))
    assert say(long, 1).seq == 617
    assert long.verify().failures[0].seq == 3


def test_a_stored_hash_that_a_writer_needs(long, edit):
    edit(long.path, "UPDATE tiles SET hashes = zeroblob(length(hashes)) WHERE level = 1")
    assert long.verify().verdict == "BROKEN"
    say_it = everything(long.path)
    with pytest.raises(Tampered):
        say(long, 1)
    assert everything(long.path) == say_it


def test_another_process_that_wrote_a_link_that_does_not_hold(told, edit):
    say(told, 1)
    with Ledger.open(told.path) as other:
        say(other, 2)
        say(other, 3)
    edit(told.path, replace(told, 17, b'"auc":0.002', b'"auc":0.902'))
    refuses(told)


def test_what_a_writer_without_the_logs_key_placed_is_checked_before_it_is_covered(told, edit, tmp_path, monkeypatch):
    monkeypatch.setenv("LEDGER_LOG_KEY", str(tmp_path / "none.key"))
    with Ledger.open(told.path, key=tmp_path / "ana.key") as hers:
        assert say(hers, 1).state == "placed"
        assert say(hers, 2).seq == 17
        assert hers.covered == 16
    monkeypatch.delenv("LEDGER_LOG_KEY")
    report = told.verify()
    assert (report.verdict, report.size, report.covered) == ("VERIFIED", 18, 16)
    assert say(told, 3).state == "sealed"
    assert told.covered == 19
    assert told.verify().verdict == "VERIFIED"


def test_an_uncovered_forgery_is_never_covered(told, edit, keys, tmp_path, monkeypatch):
    """Chained and hashed as it should be, by somebody without an author's key: the log's key does not bless it."""
    monkeypatch.setenv("LEDGER_LOG_KEY", str(tmp_path / "none.key"))
    with Ledger.open(told.path, key=tmp_path / "ana.key") as hers:
        say(hers, 1)
    monkeypatch.delenv("LEDGER_LOG_KEY")
    note = told.store.head().note
    datas = stored(told)
    datas[16] = datas[16].replace(b'"auc":0.001', b'"auc":0.901')
    edit(told.path, *history(chained_anew(datas), note=note))
    assert refuses(told).code == "tail"  # the pin of who placed it
    keys.pin.unlink()
    error = refuses(told)
    assert (error.code, error.seq) == ("uncovered", 16)
    assert told.verify().failures[0][:3] == (14, "bad_signature", 16)


# ---- mending ----

DERIVED = ("head", "tiles", "authority")


def test_everything_that_can_be_computed_comes_back(long, edit, keys):
    before = everything(long.path)
    edit(long.path, *(f"DELETE FROM {table}" for table in DERIVED))
    assert long.verify().verdict == "BROKEN"
    refuses(long)
    mended = long.mend()
    assert (mended.size, mended.covered) == (617, 617)
    after = everything(long.path)
    assert {name: after[name] for name in ("entries", "tiles", "authority", "disclosures")} == {
        name: before[name] for name in ("entries", "tiles", "authority", "disclosures")
    }
    assert after["head"][0][:5] == before["head"][0][:5]
    report = long.verify()
    assert (report.verdict, report.failures) == ("VERIFIED", ())
    assert say(long, 1).seq == 617
    long.close()
    assert long.verify().verdict == "VERIFIED"


@pytest.mark.parametrize("table", DERIVED)
def test_each_by_itself(long, edit, table):
    edit(long.path, f"DELETE FROM {table}")
    long.mend()
    assert long.verify().verdict == "VERIFIED"
    assert say(long, 1).seq == 617


@pytest.mark.parametrize("table", DERIVED)
def test_it_opens_and_mends_in_a_new_process(long, edit, table):
    edit(long.path, f"DELETE FROM {table}")
    long.close()
    with Ledger.open(long.path) as again:
        again.mend()
        assert again.verify().verdict == "VERIFIED"
        assert len(again) == 617


def test_mending_what_is_whole_changes_nothing(long):
    before = everything(long.path)
    long.mend()
    assert everything(long.path) == before


def test_a_lost_checkpoint_without_the_logs_key_stays_lost(told, edit, tmp_path, monkeypatch):
    edit(told.path, "DELETE FROM head")
    monkeypatch.setenv("LEDGER_LOG_KEY", str(tmp_path / "none.key"))
    before = everything(told.path)
    with pytest.raises(Misuse) as caught:
        told.mend()
    assert caught.value.code == "log_key"
    assert everything(told.path) == before


WRONG = {
    **{name: CHANGED[name] for name in ("the newest entry", "an entry of the open tile", "a key event")},
    "the tail, gone": CHANGED["the tail, gone"],
    "a hole": lambda _: "DELETE FROM entries WHERE seq = 3",
    "two swapped": lambda ledger: [put(12, ledger.read(13)), put(13, ledger.read(12))],
    "the newest clock": lambda ledger: replace(ledger, 15, b'"recorded":"20', b'"recorded":"21'),
    "the id of a row": lambda _: "UPDATE entries SET id = x'0199000000007000800000000000000f' WHERE seq = 12",
    "a batch's root": lambda ledger: put(8, ledger.read(8).replace(b'"count":4', b'"count":3')),
}


@pytest.mark.parametrize("lost", [(), ("head", "tiles", "authority")], ids=["head", "no head"])
@pytest.mark.parametrize("what", WRONG)
def test_mending_blesses_no_changed_entry(told, edit, what, lost):
    """With the head gone, only the pin still knows the root: it is asked."""
    changes = WRONG[what](told)
    changes = changes if isinstance(changes, list) else [changes]
    edit(told.path, *changes, *(f"DELETE FROM {table}" for table in lost))
    before = everything(told.path)
    with pytest.raises(Tampered) as caught:
        told.mend()
    assert "nothing was changed" in caught.value.message
    assert everything(told.path) == before


def test_mending_blesses_no_rewritten_history(told, edit, keys):
    datas = stored(told)
    datas[3] = signed_again(datas[3], keys.mara, reason="another")
    edit(told.path, *history(chained_anew(datas), log_key=keys.log))
    with pytest.raises(Tampered) as caught:
        told.mend()
    assert caught.value.code == "forked"


def test_mending_blesses_no_other_schema(told, edit):
    edit(told.path, "CREATE TABLE more (x)", "DELETE FROM tiles")
    assert told.verify().failures[0].check == 1


def test_mending_signs_with_the_logs_own_key_only(told, edit, tmp_path):
    from ledger.keys.files import save

    edit(told.path, "DELETE FROM head")
    save(tmp_path / "other.key", LogKey.generate(told.origin).to_pem())
    with Ledger.open(told.path, log_key=tmp_path / "other.key") as other, pytest.raises(Misuse) as caught:
        other.mend()
    assert caught.value.code == "log_key"


# ---- pins move with what was recorded ----


def test_the_pin_moves_when_the_ledger_is_closed(told, keys):
    for number in range(3):
        say(told, number)
    told.close()
    assert read_pin(keys.pin).checkpoint.size == 19
    assert told.verify().vouchers[0].size == 19


def test_nothing_moves_the_pin_where_recording_failed(told, template, keys):
    say(told, 1)
    told.close()
    shutil.copy(template / "ledger.db", told.path)
    pinned = keys.pin.read_bytes()
    with pytest.raises(LedgerError), Ledger.open(told.path) as again:
        say(again, 5)
    assert keys.pin.read_bytes() == pinned

"""What `verify` says after the file was changed by hand: the verdict, the check, the entry, and what rests on it."""

import itertools
import re
import shutil

import pytest

from ledger import entry, verify
from ledger.api import Ledger
from ledger.errors import Misuse, Tampered
from ledger.keys.ed25519 import Ed25519Signer
from ledger.keys.log_key import LogKey
from ledger.notes.checkpoint import Checkpoint, sign_checkpoint
from ledger.policy import Policy
from tests.log.acts import say, say_many
from tests.log.forging import chained_anew, history, put, replace, signed_again, stored


def found(report):
    """(check, entry) of each failure."""
    return {(failure.check, failure.seq) for failure in report.failures}


def broken(ledger, first):
    """Verify: BROKEN, exit 3, and `first` is the first entry that is named. Returns the report."""
    report = ledger.verify()
    assert (report.verdict, report.exit_code) == ("BROKEN", 3)
    assert report.failures[0].seq == first, report.failures
    assert re.search(rf"\b{first}\b", report.failures[0].message), report.failures
    assert report.sound_before <= first, report.failures
    return report


def flip(text):
    """Another first character, of hexadecimal digits and of base64 alike."""
    return (b"b" if text[:1] == b"a" else b"a") + text[1:]


def test_it_passes_before_anything_is_changed(told):
    report = told.verify()
    assert (report.verdict, report.failures, report.touched, report.size) == ("VERIFIED", (), (), 16)
    assert [voucher.kind for voucher in report.vouchers] == ["pin"]


# ---- one changed byte, in every class of bytes ----

SINGLE = {
    "a number in the data": (3, rb'"auc":0.79', b'"auc":0.99', {14, 7}),
    "a letter in the data": (15, rb'"deployment":"eu"', b'"deployment":"us"', {14}),
    "the author": (3, rb'"actor":"mara"', b'"actor":"mary"', {14, 13, 7}),
    "the type": (3, rb'"type":"evaluated"', b'"type":"evaluatee"', {14, 7}),
    "the time": (3, rb'"time":"202', b'"time":"201', {14, 7}),
    "the subject": (3, rb'"version":"1.0"', b'"version":"1.1"', {14, 7}),
    "the reason": (4, rb'"reason":"seen"', b'"reason":"seek"', {14, 7}),
    "the rule table of entry 0": (0, rb'"approver"', b'"recorder"', {10, 14, 7}),
    "the clock of recording": (5, rb'"recorded":"20', b'"recorded":"21', {7}),
    "the clock of recording, back": (5, rb'"recorded":"202', b'"recorded":"201', {7, 8}),
    "the number": (5, rb'"seq":5', b'"seq":6', {6, 7}),
    "a blank": (5, rb'"seq":5', b'"seq": 5', {5}),
    "a key of the entry": (5, rb'"seq":5', b'"sea":5', {5}),
    "a digit's spelling": (3, rb'"auc":0.79', b'"auc":7.9e-1', {5}),
    "an escape": (3, rb'"type":"evaluated"', b'"type":"evaluat\\u0065d"', {5}),
}


@pytest.mark.parametrize("case", SINGLE)
def test_a_changed_byte_of_a_single_entry(told, edit, case):
    seq, old, new, checks = SINGLE[case]
    edit(told.path, replace(told, seq, old, new))
    report = told.verify()
    assert (report.verdict, report.exit_code) == ("BROKEN", 3)
    assert report.failures[0].seq == seq, report.failures
    if seq:
        assert report.sound_before == seq
        assert checks <= {check for check, at in found(report) if at == seq}, report.failures


def test_a_changed_link(told, edit):
    prev = re.search(rb'"prev":"([0-9a-f]{64})"', told.read(5))[1]
    edit(told.path, replace(told, 5, prev, flip(prev)))
    assert (7, 5) in found(broken(told, 5))


def test_a_changed_signature(told, edit):
    signature = re.search(rb'"signatures":\["([^"]+)"\]', told.read(5))[1]
    edit(told.path, replace(told, 5, signature, flip(signature)))
    assert {(14, 5), (7, 5)} <= found(broken(told, 5))


def test_a_removed_signature(told, edit):
    edit(told.path, put(5, re.sub(rb'"signatures":\[[^]]+\]', b'"signatures":[]', told.read(5))))
    assert {(14, 5), (7, 5)} <= found(broken(told, 5))


def test_the_clock_of_the_newest_entry(told, edit):
    """Nothing is chained to it: only the checkpoint's root knows."""
    edit(told.path, replace(told, 15, b'"recorded":"20', b'"recorded":"21'))
    report = told.verify()
    assert report.verdict == "BROKEN"
    assert (4, -1) in found(report)
    assert any(failure.seq == 15 for failure in report.failures), report.failures


BATCH = {
    "its count, less": (rb'"count":4', b'"count":3', 15),
    "its count, more": (rb'"count":4', b'"count":5', 15),
    "its author": (rb'"batch":{"actor":"mara"', b'"batch":{"actor":"mary"', 14),
    "its root": (rb'"root":"', b'"root":"@', 14),
    "its log": (rb'"log":"', b'"log":"@', 14),
    "its key": (rb'"key":"', b'"key":"@', 0),
    "its id": (rb'"id":"0', b'"id":"1', 14),
}


@pytest.mark.parametrize("case", BATCH)
def test_a_changed_batch_header(told, edit, case):
    old, new, check = BATCH[case]
    data = told.read(8)
    if new.endswith(b"@"):
        at = data.index(old) + len(old)
        changed = data[:at] + flip(data[at:])
    else:
        assert old in data
        changed = data.replace(old, new, 1)
    edit(told.path, put(8, changed))
    report = broken(told, 8)
    assert (7, 8) in found(report)
    assert not check or (check, 8) in found(report), report.failures


def test_a_changed_member_of_a_batch_is_named_and_not_only_its_head(told, edit):
    edit(told.path, replace(told, 10, b'"auc":0.01', b'"auc":0.91'))
    assert {(7, 10), (15, 8)} <= found(broken(told, 10))


def test_a_member_that_says_it_belongs_elsewhere(told, edit):
    edit(told.path, replace(told, 10, b'"first":8', b'"first":7'))
    assert (15, 10) in found(broken(told, 10))


# ---- rows ----


@pytest.mark.parametrize("seq", [1, 5, 8, 10, 14])
def test_a_deleted_row_in_the_middle(told, edit, seq):
    edit(told.path, f"DELETE FROM entries WHERE seq = {seq}")
    report = broken(told, seq)
    assert (6, seq) in found(report)
    assert report.failures[0].code == "hole"


def test_a_deleted_genesis(told, edit):
    edit(told.path, "DELETE FROM entries WHERE seq = 0")
    report = told.verify()
    assert found(report) == {(10, 0)}
    with pytest.raises((Misuse, Tampered)):
        Ledger.open(told.path)


def test_two_swapped_rows(told, edit):
    one, other = told.read(12), told.read(13)
    edit(told.path, put(12, other), put(13, one))
    assert {(6, 12), (6, 13)} <= found(broken(told, 12))


def test_two_rows_swapped_with_their_ids(told, edit):
    edit(
        told.path,
        "UPDATE entries SET seq = 99 WHERE seq = 12",
        "UPDATE entries SET seq = 12 WHERE seq = 13",
        "UPDATE entries SET seq = 13 WHERE seq = 99",
    )
    assert {(6, 12), (6, 13)} <= found(broken(told, 12))


def test_a_row_inserted_in_the_middle(told, edit, keys):
    """Signed by an authorised author: only its place is wrong."""
    from ledger.encoding import id_bytes
    from ledger.fresh import new_id

    id = new_id()
    forged = signed_again(told.read(12), keys.mara, id=id)
    edit(
        told.path,
        *(f"UPDATE entries SET seq = {seq + 1} WHERE seq = {seq}" for seq in range(15, 11, -1)),
        ("INSERT INTO entries VALUES (12, ?, CAST(? AS TEXT))", (id_bytes(id), forged)),
    )
    report = told.verify()
    assert report.verdict == "BROKEN"
    assert (6, 13) in found(report)
    assert min(failure.seq for failure in report.failures if failure.seq >= 0) in (12, 13)


def test_a_row_beyond_the_head(told, edit, keys):
    from ledger.encoding import id_bytes
    from ledger.fresh import new_id

    id = new_id()
    last = signed_again(told.read(14), keys.mara, id=id).replace(b'"seq":14', b'"seq":16')
    edit(told.path, ("INSERT INTO entries VALUES (16, ?, CAST(? AS TEXT))", (id_bytes(id), last)))
    assert (6, 16) in found(broken(told, 16))


def test_a_row_under_another_id(told, edit):
    edit(told.path, "UPDATE entries SET id = x'0199000000007000800000000000000f' WHERE seq = 12")
    assert (6, 12) in found(broken(told, 12))


def test_one_id_twice(told, edit):
    """The schema is put back as it was: it still says UNIQUE."""
    second = told.read(13).replace(told.find(13).statement.id.encode(), told.find(12).statement.id.encode())
    unique = "CREATE UNIQUE INDEX entries_by_id ON entries (id)"
    edit(
        told.path,
        "DROP INDEX entries_by_id",
        "UPDATE entries SET id = (SELECT id FROM entries WHERE seq = 12) WHERE seq = 13",
        put(13, second),
        "CREATE INDEX entries_by_id ON entries (id)",
        "PRAGMA writable_schema = ON",
        ("UPDATE sqlite_schema SET sql = ? WHERE name = 'entries_by_id'", (unique,)),
    )
    told.close()
    assert {(11, 13), (14, 13), (7, 13)} <= found(broken(told, 13))


def test_an_index_that_hides_an_entry(told, edit):
    """An index of ids over fewer rows: a retry would be recorded twice."""
    edit(
        told.path,
        "DROP INDEX entries_by_id",
        "CREATE UNIQUE INDEX entries_by_id ON entries (id) WHERE seq <> 12",
        "PRAGMA writable_schema = ON",
        (
            "UPDATE sqlite_schema SET sql = ? WHERE name = 'entries_by_id'",
            ("CREATE UNIQUE INDEX entries_by_id ON entries (id)",),
        ),
    )
    told.close()
    report = told.verify()
    assert report.verdict == "BROKEN"
    assert {check for check, _ in found(report)} <= {1, 6}


# ---- signed again, chained anew ----


def test_signed_again_with_a_key_that_nobody_authorised(told, edit):
    stranger = Ed25519Signer.generate()
    edit(told.path, put(12, signed_again(told.read(12), stranger, key=stranger.credential.id)))
    assert {(13, 12), (7, 12)} <= found(broken(told, 12))


def test_signed_again_with_a_key_of_somebody_else(told, edit, keys):
    edit(told.path, put(12, signed_again(told.read(12), keys.ana, key=keys.ana.credential.id)))
    assert {(13, 12), (7, 12)} <= found(broken(told, 12))


def test_signed_again_under_the_old_keys_name(told, edit, keys):
    edit(told.path, put(12, signed_again(told.read(12), keys.ana)))
    assert {(14, 12), (7, 12)} <= found(broken(told, 12))


def test_signed_again_with_the_right_key(told, edit, keys):
    """The author changed their mind: every signature holds, the chain does not."""
    edit(told.path, put(12, signed_again(told.read(12), keys.mara, reason="another")))
    assert found(broken(told, 12)) >= {(7, 12)}


@pytest.mark.parametrize("seq", [3, 12, 15])
def test_a_history_rewritten_by_an_author_without_the_logs_key(told, edit, keys, seq):
    """Chain, tree and head agree again; the checkpoint of before does not."""
    datas = stored(told)
    datas[seq] = signed_again(datas[seq], keys.mara, reason="another")
    edit(told.path, *history(chained_anew(datas), note=told.store.head().note))
    keys.pin.unlink()
    report = told.verify()
    assert (report.verdict, found(report)) == ("BROKEN", {(9, -1)})
    assert report.failures[0].code == "forked"


def test_a_history_rewritten_with_every_key_is_caught_by_the_pin(told, edit, keys):
    datas = stored(told)
    datas[3] = signed_again(datas[3], keys.mara, reason="another")
    edit(told.path, *history(chained_anew(datas), log_key=keys.log))
    report = told.verify()
    assert (report.verdict, report.exit_code, found(report)) == ("BROKEN", 3, {(4, -1)})
    assert str(keys.pin) in report.failures[0].message
    keys.pin.unlink()
    again = told.verify()
    assert (again.verdict, again.exit_code, again.failures) == ("UNPINNED", 5, ())


def test_a_history_sealed_by_another_log_key(told, edit, keys):
    other = LogKey.generate(told.origin)
    edit(told.path, *history(stored(told), log_key=other))
    report = told.verify()
    assert (report.verdict, found(report)) == ("BROKEN", {(3, -1)})


# ---- the end cut off, an old copy ----


@pytest.mark.parametrize("kept", [1, 8, 10, 12, 15])
def test_a_tail_cut_off_by_hand(told, edit, keys, kept):
    edit(told.path, f"DELETE FROM entries WHERE seq >= {kept}")
    report = broken(told, kept)
    assert (6, kept) in found(report)
    keys.pin.unlink()
    broken(told, kept)  # the file's own checkpoint is enough


@pytest.fixture
def old_copy(told, template, tmp_path):
    """A ledger that went on to eighteen entries, pinned there, and the copy of when it had sixteen."""
    say(told, 1)
    say(told, 2)
    told.close()
    return template / "ledger.db"


def test_an_old_copy_restored(told, old_copy, keys):
    shutil.copy(old_copy, told.path)
    report = told.verify()
    assert (report.verdict, report.exit_code, report.size) == ("BROKEN", 3, 16)
    assert [(failure.check, failure.code) for failure in report.failures] == [(4, "shrunk")]
    assert str(keys.pin) in report.failures[0].message
    assert "18" in report.failures[0].message
    keys.pin.unlink()
    assert told.verify().verdict == "UNPINNED"


def test_two_histories(told, old_copy, keys):
    pin = keys.pin.read_bytes()
    shutil.copy(old_copy, told.path)
    keys.pin.unlink()
    for number in (3, 4, 5):
        say(told, number)
    told.close()
    keys.pin.write_bytes(pin)
    report = told.verify()
    assert [(failure.check, failure.code) for failure in report.failures] == [(4, "forked")]
    assert str(keys.pin) in report.failures[0].message


def test_another_log_in_the_place_of_the_pinned_one(told, keys, tmp_path):
    told.close()
    with Ledger.create(tmp_path / "new.db", origin=told.origin, actor="mara") as other:
        report = other.verify()
    assert [(failure.check, failure.code) for failure in report.failures] == [(10, "other_genesis")]
    assert str(keys.pin) in report.failures[0].message


# ---- what is kept beside the entries ----

BESIDE = {
    "the head's leaf": ("UPDATE head SET last = zeroblob(32)", (9, "head")),
    "the head's peaks": ("UPDATE head SET peaks = zeroblob(length(peaks))", (9, "head")),
    "the head's size, less": ("UPDATE head SET size = 15", None),
    "the head's size, more": ("UPDATE head SET size = 17", None),
    "what the head says is covered": ("UPDATE head SET covered = 12", (9, "head")),
    "the head's note, emptied": ("UPDATE head SET note = ''", (9, "head")),
    "the head's note, its root": ("UPDATE head SET note = replace(note, substr(note, 20, 4), 'AAAA')", None),
    "the head, gone": ("DELETE FROM head", None),
    "a key event that is not listed": ("DELETE FROM authority WHERE seq = 6", (6, "authority")),
    "a key event that is none": ("INSERT INTO authority VALUES (3)", (6, "authority")),
    "a key event beyond the end": ("INSERT INTO authority VALUES (300)", (6, "authority")),
}


@pytest.mark.parametrize("pinned", [True, False], ids=["pinned", "alone"])
@pytest.mark.parametrize("case", BESIDE)
def test_what_is_kept_beside_the_entries(told, edit, keys, case, pinned):
    sql, expected = BESIDE[case]
    edit(told.path, sql)
    if not pinned:
        keys.pin.unlink()
    report = told.verify()
    assert (report.verdict, report.exit_code) == ("BROKEN", 3)
    if expected is not None:
        assert expected in [(failure.check, failure.code) for failure in report.failures]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE tiles SET hashes = zeroblob(8192) WHERE level = 0 AND tile = 1",
        "UPDATE tiles SET hashes = substr(hashes, 33) WHERE level = 0 AND tile = 0",
        "DELETE FROM tiles WHERE level = 0 AND tile = 0",
        "DELETE FROM tiles WHERE level = 1",
        "UPDATE tiles SET hashes = zeroblob(64) WHERE level = 1",
    ],
)
def test_stored_tree_hashes(long, edit, sql):
    assert long.verify().verdict == "VERIFIED"
    edit(long.path, sql)
    report = long.verify()
    assert {(failure.check, failure.code) for failure in report.failures} == {(9, "stored_hashes")}


def test_a_disclosure_that_says_something_else(told, edit):
    from ledger.disclosures import open_disclosure, seal

    text = next(iter(told.store.disclosures()))
    id, pointer, value = open_disclosure(text)
    assert value == "ana P."
    _, other = seal(id, pointer, "eve P.", bytes(16))
    edit(told.path, ("UPDATE disclosures SET text = ?", (other,)))
    assert (20, 5) in found(broken(told, 5))


def test_an_erased_disclosure_is_no_failure(told, edit):
    edit(told.path, "DELETE FROM disclosures")
    assert told.verify().verdict == "VERIFIED"


def test_a_kept_checkpoint_of_another_origin(told, edit, keys):
    other = LogKey.generate("ledger.test/two")
    note = sign_checkpoint(Checkpoint("ledger.test/two", 5, bytes(32)), other.all)
    edit(told.path, ("INSERT INTO checkpoints VALUES (5, CAST(? AS TEXT))", (note,)))
    assert found(told.verify()) == {(2, -1)}


def test_a_kept_checkpoint_that_the_log_signed_over_something_else(told, edit, keys):
    note = sign_checkpoint(Checkpoint(told.origin, 5, bytes(32)), keys.log.all)
    edit(told.path, ("INSERT INTO checkpoints VALUES (5, CAST(? AS TEXT))", (note,)))
    report = told.verify()
    assert (report.verdict, found(report)) == ("BROKEN", {(9, -1)})


def test_a_kept_checkpoint_with_a_signature_that_does_not_fit(told, edit, keys):
    note = sign_checkpoint(Checkpoint(told.origin, 5, bytes(32)), keys.log.everyday)
    other = sign_checkpoint(Checkpoint(told.origin, 6, bytes(32)), keys.log.everyday)
    forged = note[: note.index(b"\n\n")] + other[other.index(b"\n\n") :]
    edit(told.path, ("INSERT INTO checkpoints VALUES (5, CAST(? AS TEXT))", (forged,)))
    assert found(told.verify()) == {(3, -1)}


def test_a_verifier_with_another_key(told):
    other = LogKey.generate(told.origin)
    report = told.verify(Policy(keys=(other.verifier_keys[0],), key_source="--key"))
    assert (report.verdict, found(report)) == ("BROKEN", {(3, -1)})


def test_a_verifier_with_the_logs_key_but_no_end(told):
    report = told.verify(Policy(keys=(told.genesis.log_keys[0],), key_source="--key"))
    assert (report.verdict, [voucher.kind for voucher in report.vouchers]) == ("VERIFIED", ["key"])
    assert not any(word.startswith("end_at") for word in report.proven)


# ---- what rests on what was changed ----


def test_what_refers_to_a_changed_entry_is_named(told, edit):
    edit(told.path, replace(told, 2, b'"depth":6', b'"depth":7'))
    report = broken(told, 2)
    assert [(one.seq, one.type) for one in report.touched] == [(3, "evaluated"), (4, "approved"), (15, "deployed")]
    assert {one.actor for one in report.touched} == {"mara"}
    assert (18, 3) in found(report)  # the reference's hash is no longer that of what it names


def test_nothing_rests_on_what_nobody_refers_to(told, edit):
    edit(told.path, replace(told, 12, b'"auc":0.012', b'"auc":0.912'))
    assert broken(told, 12).touched == ()


def test_after_the_first_failure_it_goes_on(told, edit):
    edit(
        told.path,
        replace(told, 3, b'"auc":0.79', b'"auc":0.99'),
        replace(told, 13, b'"auc":0.013', b'"auc":0.913'),
        "DELETE FROM authority",
    )
    report = broken(told, 3)
    assert {(14, 3), (14, 13), (6, -1)} <= found(report)
    assert report.checked == 16


@pytest.mark.parametrize("processes", [1, 2])
def test_ranges_in_other_processes_find_the_same(long, edit, monkeypatch, processes):
    monkeypatch.setattr(verify, "RANGE", 100)
    edit(long.path, replace(long, 300, b'"auc":0.', b'"auc":1.'), replace(long, 3, b'"auc":0.79', b'"auc":0.99'))
    report = long.verify(processes=processes)
    assert {(14, 3), (7, 3), (7, 300)} <= found(report)
    assert report.failures[0].seq == 3


def test_the_first_bytes_of_a_leaf_are_the_entrys(told):
    """What the tests here rely on: the told history is chained as the format says."""
    assert chained_anew(stored(told)) == stored(told)
    assert told.find(15).prev == entry.leaf(told.read(14)).hex()


def test_what_was_checked_is_handed_on_amid_long_rows_of_batches(long, monkeypatch):
    """Else memory would grow with the log, and a bar would stand still: batches need not end where chunks do."""
    monkeypatch.setattr(verify, "RANGE", 512)
    say_many(long, 3 * 4096 + 100)
    told, size = [], len(long)
    report = verify.verify_log(long.store, progress=lambda done, size: told.append((done, size)))
    assert report.verdict == "UNPINNED"
    assert told[-1] == (size, size)
    ends = [0, *(done for done, _ in told)]
    assert max(after - before for before, after in itertools.pairwise(ends)) <= 4096 + 2 * 512

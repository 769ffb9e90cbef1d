"""What grew since all checks passed, and the older entries that somebody relies on: nothing else is believed."""

import json
import re

import apsw
import pytest
from msgspec.structs import replace as replaced

from ledger import __version__, encoding, entry
from ledger.api import Ledger
from ledger.growth import Checked, edge_at, ruled_ids, verify_growth
from ledger.keys.log_key import LogKey
from ledger.marks import keep_mark, mark_path, read_mark
from ledger.merkle.edge import Edge
from ledger.own import look_over
from ledger.proving import tree_reader
from tests.log.acts import authorise, say, say_many
from tests.log.forging import chained_anew, history, put, replace, signed_again, stored

BATCH = range(9, 12)  # a batch stands in 8 to 11: a log is never checked to the middle of it


def before(ledger, size):
    """What a full verification of the first `size` entries would have kept."""
    edge = Edge()
    edge.extend([entry.leaf(data) for data in stored(ledger)[:size]])
    acts = tuple(seq for seq in ledger.store.authority() if seq < size)
    ids = frozenset(ruled_ids(ledger.store, ledger.trust(), 0, size))
    return Checked(ledger.genesis_leaf, size, edge.root().hex(), acts, ids)


def grown(ledger, known, shown=()):
    return verify_growth(ledger.store, ledger.own_policy(), known, shown)


def test_it_says_what_all_checks_say(told):
    full = told.verify()
    for size in range(1, 17):
        report = grown(told, before(told, size), range(16))
        if size in BATCH:
            assert report is None
            continue
        assert (report.verdict, report.size, report.since, report.checked) == ("VERIFIED", 16, size, 16)
        assert (report.root, report.vouchers, report.covered) == (full.root, full.vouchers, full.covered)
        assert (report.acts, report.sound_before) == (full.acts, 16)
        assert report.findings == tuple(one for one in full.findings if one.seq >= size)


def test_it_reads_what_grew_and_what_is_shown_and_no_more(told, monkeypatch):
    read = []
    real_read, real_rows = type(told.store).read, type(told.store).rows

    def noted(real):
        return lambda store, *which: read.append(which if len(which) == 1 else range(*which)) or real(store, *which)

    monkeypatch.setattr(type(told.store), "read", noted(real_read))
    monkeypatch.setattr(type(told.store), "rows", noted(real_rows))
    for number in range(3):
        say_many(told, 200, 20 + 200 * number)
    known = before(told, 616)
    say(told, 1)
    told._move_pin(now=True)
    read.clear()
    report = grown(told, known, [2])
    assert (report.checked, report.since, report.size) == (2, 616, 617)
    walked = [one for one in read if isinstance(one, range)]
    assert min(one.start for one in walked) >= 512  # the open tile of hashes, and what is new
    assert {one for (one,) in (one for one in read if not isinstance(one, range))} <= {0, 2, 5, 6, 615, 616}


def test_an_edge_from_stored_hashes_is_the_one_that_grew(told):
    say_many(told, 240, 20)
    say_many(told, 256, 300)
    say_many(told, 9, 600)
    leaves = [entry.leaf(data) for data in stored(told)]
    for size in (1, 16, 255, 256, 257, 511, 512, 513, 521):
        edge = Edge()
        edge.extend(leaves[:size])
        made = edge_at(told.store, tree_reader(told.store, told.store.head()), size)
        assert (made.size, made.root(), made.peaks(), made.open_tiles()) == (
            size, edge.root(), edge.peaks(), edge.open_tiles(),
        )  # fmt: skip
        made.extend(leaves[size:])
        assert made.root() == bytes.fromhex(told.verify().root)
    for size in (256, 512):
        assert grown(told, before(told, size)).verdict == "VERIFIED"


# ---- who changes what, and is noticed ----


def test_an_older_entry_that_is_relied_on(told, edit):
    say_many(told, 240, 20)
    say_many(told, 9, 300)
    known = before(told, 256)
    edit(told.path, replace(told, 3, b'"auc":0.79', b'"auc":0.99'))
    assert grown(told, known, [3]) is None
    assert told.verify().failures[0].seq == 3
    # One that nobody was shown is as it was by the tree's hashes, and its bytes are not looked at: that is said.
    assert grown(told, known, [2, 4]).since == 256
    # Those of the newest tile are hashed anew in any case.
    assert grown(told, before(told, 16), []) is None


def test_an_older_entry_with_every_hash_made_anew(told, edit, keys):
    known = before(told, 15)
    datas = stored(told)
    datas[3] = signed_again(datas[3], keys.mara, reason="another")
    edit(told.path, *history(chained_anew(datas), log_key=keys.log))
    for shown in ([], [2], [3]):
        assert grown(told, known, shown) is None


@pytest.mark.parametrize("seq", [5, 6])
def test_an_older_key_event(told, edit, seq):
    known = before(told, 12)
    edit(told.path, replace(told, seq, b'"actor":"mara"', b'"actor":"mary"'))
    assert grown(told, known) is None


def test_a_revocation_that_the_store_no_longer_lists(told, edit, tmp_path):
    """Whoever holds a revoked key and the file takes the revocation off the list, and signs on."""
    her = Ledger.open(told.place.location, key=tmp_path / "ana.key")
    ana = her.identity.signer.credential.id
    told.record("key_revoked", handle="ana", key_id=ana, why="left")  # 16
    say(told, 77)
    known = before(told, 18)
    assert known.acts == (5, 6, 16)
    edit(told.path, "DELETE FROM authority WHERE seq = 16")
    assert grown(told, known) is None
    edit(told.path, "INSERT INTO authority VALUES (16)")
    assert grown(told, known).verdict == "VERIFIED"
    her.close()


def test_a_new_entry_by_a_key_that_was_revoked_before(told, edit, keys):
    told.record("key_revoked", handle="ana", key_id=keys.ana.credential.id, why="left")  # 16
    known = before(told, 17)
    say(told, 77)  # 17
    datas = stored(told)
    datas[17] = signed_again(datas[17], keys.ana, actor="ana", key=keys.ana.credential.id)
    edit(told.path, *history(chained_anew(datas), log_key=keys.log, authority=(5, 6, 16)))
    assert (13, 17) in {(one.check, one.seq) for one in told.verify().failures}
    assert grown(told, known) is None


@pytest.mark.parametrize("what", ["statement", "signature", "recorded", "prev"])
def test_a_new_entry(told, edit, what):
    known = before(told, 14)
    data = told.read(15)
    change = {
        "statement": (b'"deployment":"eu"', b'"deployment":"us"'), "recorded": (b'"recorded":"20', b'"recorded":"21'),
        "signature": (found := re.search(rb'"signatures":\["(.)', data)[0], found[:-1] + b"_"),
        "prev": (found := re.search(rb'"prev":"[0-9a-f]{4}', data)[0], found[:-4] + b"0000"),
    }[what]  # fmt: skip
    edit(told.path, replace(told, 15, *change))
    assert grown(told, known) is None


def test_the_end_cut_off_or_another_end(told, edit, keys):
    known = before(told, 12)
    datas = stored(told)
    edit(told.path, *history(datas[:14], log_key=keys.log))
    assert grown(told, known) is None  # the pin has seen 16
    datas[14] = signed_again(datas[14], keys.mara, reason="another")
    edit(told.path, *history(chained_anew(datas), log_key=keys.log))
    assert grown(told, known) is None
    keys.pin.unlink()  # without the pin the fork above 12 is a log like any other: nobody outside has seen the first
    assert grown(told, known).verdict == "UNPINNED"
    edit(told.path, *history(datas[:10], log_key=keys.log))
    assert grown(told, known) is None


def test_stored_hashes(told, edit):
    say_many(told, 600, 20)
    known = before(told, 616)
    say(told, 1)
    assert grown(told, known, [1, 300, 600]).since == 616
    for level, number in ((0, 0), (0, 1), (1, 0)):
        good = told.store.tile(level, number)
        for at in (0, len(good) - 1):
            bent = good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]
            edit(told.path, ("UPDATE tiles SET hashes = ? WHERE level = ? AND tile = ?", (bent, level, number)))
            assert grown(told, known, [1, 300, 600]) is None
        edit(told.path, ("UPDATE tiles SET hashes = ? WHERE level = ? AND tile = ?", (good, level, number)))
    assert grown(told, known, [1, 300, 600]).since == 616


def test_an_approval_placed_once_more(told, edit, keys):
    """It was taken back; who holds the log's key and the file places it anew, and hides the first one's id."""
    said = told.find(4).statement
    told.record("approval_revoked", ends=told.find(4), reason="no")
    known = before(told, 17)
    assert encoding.id_bytes(said.id) in known.ids
    say(told, 1)
    datas = stored(told)
    recorded = re.search(rb'"recorded":"[^"]+"', datas[17])[0]
    datas[17] = re.sub(rb'"recorded":"[^"]+"', recorded, datas[4], count=1)
    hidden = "UPDATE entries SET id = zeroblob(16) WHERE seq = 4"
    again = history(chained_anew(datas), log_key=keys.log)
    placed = [one for one in again if isinstance(one, tuple) and "INTO entries" in one[0]]
    rest = [one for one in again if one not in placed]
    edit(told.path, *rest[:3], *placed[:17], hidden, placed[17], *rest[3:])
    assert told.store.find(encoding.id_bytes(said.id)) == 17  # the store itself would not say
    assert {(6, 4)} <= {(one.check, one.seq) for one in told.verify().failures}
    assert grown(told, known) is None
    assert grown(told, known._replace(ids=frozenset())) is not None  # what is known outside the store notices it


def test_a_guard_that_is_gone(told):
    known = before(told, 12)
    connection = apsw.Connection(str(told.path))
    connection.execute("DROP TRIGGER entries_no_update")
    connection.close()
    assert grown(told, known) is None
    assert told.verify().failures[0].check == 1


def test_another_log_or_a_root_that_is_not_its_own(told):
    known = before(told, 12)
    assert grown(told, known._replace(genesis="0" * 64)) is None
    assert grown(told, known._replace(root="0" * 64)) is None
    assert grown(told, known._replace(size=13)) is None
    assert grown(told, known._replace(size=0)) is None
    assert grown(told, known._replace(size=17)) is None
    assert grown(told, known._replace(acts=(5,))) is None
    assert grown(told, known._replace(acts=(5, 6, 7))) is None


def test_the_key_that_the_verifier_has_decides(told):
    stranger = LogKey.generate(told.origin)
    policy = told.own_policy()
    known = before(told, 12)
    assert verify_growth(told.store, replaced(policy, keys=stranger.verifier_keys), known, ()) is None
    good = verify_growth(told.store, replaced(policy, keys=told.genesis.log_keys, key_source="mine"), known, ())
    assert [one.kind for one in good.vouchers] == ["key", "pin"]


# ---- the mark ----


def look(ledger, shown=()):
    return look_over(ledger, shown, __version__, processes=1, progress=None)


def test_the_first_look_runs_all_checks_and_the_next_ones_what_grew(told, tmp_path):
    report, since = look(told)
    assert (report.since, report.checked, since) == (0, 16, "")
    say(told, 1)
    report, since = look(told, [2, 3])
    assert (report.since, report.checked, report.size) == (16, 3, 17)
    # It moves on, and remembers when all of it was read.
    mark = read_mark(told.origin, __version__)
    assert (mark.size, mark.time) == (17, since)
    authorise(told, "eve", tmp_path)
    report, again = look(told)
    assert (report.since, again, report.acts) == (17, since, (5, 6, 17, 18))
    assert look(told)[0].since == 19


def test_what_is_wrong_is_said_by_all_checks(told, edit):
    look(told)
    edit(told.path, replace(told, 3, b'"auc":0.79', b'"auc":0.99'))
    report, since = look(told, [3])
    assert (report.verdict, report.since, since) == ("BROKEN", 0, "")
    assert report.failures[0].seq == 3
    assert read_mark(told.origin, __version__).size == 16  # what was checked then, was
    assert look(told, [2])[0].verdict == "BROKEN"  # it stands in the newest tile, which is hashed anew


@pytest.mark.parametrize("spoilt", ["", "{", "[]", "x" * 100, '{"size":1}', "[" * 100_000])
def test_a_mark_that_is_none_runs_all_checks(told, spoilt):
    look(told)
    mark_path(told.origin).write_text(spoilt)
    assert look(told)[0].since == 0
    assert look(told)[0].since == 16


@pytest.mark.parametrize("change", [{"release": "0.0.9"}, {"root": "00"}, {"acts": [16]}, {"size": -1}, {"more": 1},
                                    {"acts": [-1]}, {"genesis": "0" * 64}, {"acts": [5]}])  # fmt: skip
def test_a_mark_of_something_else_runs_all_checks(told, change):
    look(told)
    path = mark_path(told.origin)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert look(told)[0].since == 0


def test_nothing_is_marked_that_failed_or_that_no_checkpoint_covers(told, edit):
    told.close_checkpoint()
    uncovered = replaced(told.verify(), covered=15)
    keep_mark(told.store, told.genesis, uncovered, __version__)
    assert read_mark(told.origin, __version__) is None
    edit(told.path, put(3, told.read(4)))
    keep_mark(told.store, told.genesis, told.verify(), __version__)
    assert read_mark(told.origin, __version__) is None

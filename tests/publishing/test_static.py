"""A published folder read back, and what a keeper of it may try."""

import gc
import json
import os
import shutil

import pytest

from ledger.api import Ledger
from ledger.errors import Misuse, Tampered, Unavailable, Withheld
from ledger.merkle.bundles import read_bundle, write_bundle
from ledger.notes.checkpoint import sign_checkpoint
from ledger.pins import pin_path
from ledger.policy import Policy
from ledger.stores import ids
from ledger.stores.opening import opener_of
from ledger.stores.static import open_static
from ledger.verify import verify_log
from tests.log.acts import say, say_many
from tests.log.forging import stored


@pytest.fixture
def shown(long, send, out):
    """The long ledger, published, and opened again."""
    send(long, disclosures=True)
    with Ledger.open(out) as read:
        yield read


def test_it_is_the_same_log(long, shown):
    assert (shown.origin, shown.genesis_leaf, len(shown)) == (long.origin, long.genesis_leaf, len(long))
    assert stored(shown) == stored(long)
    assert shown.store.head() == long.store.head()
    assert shown.store.authority() == long.store.authority()
    assert list(shown.store.disclosures()) == list(long.store.disclosures())
    assert [row.id for row in shown.store.rows(250, 520)] == [row.id for row in long.store.rows(250, 520)]
    for seq in (0, 255, 256, 616):
        assert shown.read(seq) == long.read(seq)
        assert shown.find(long.find(seq).statement.id).seq == seq
    for level, index in ((0, 0), (0, 1), (1, 0), (1, 1), (2, 0)):
        assert shown.store.tile(level, index) == long.store.tile(level, index)
    assert shown.prove(300) == long.prove(300)
    assert shown.prove(616) == long.prove(616)


@pytest.mark.parametrize("processes", [1, 2])
def test_it_verifies(shown, processes, monkeypatch):
    monkeypatch.setattr("ledger.verify.RANGE", 128)
    report = shown.verify(processes=processes)
    assert (report.verdict, report.checked) == ("VERIFIED", 617), report
    assert {one.kind for one in report.vouchers} == {"pin"}


def test_no_folder_for_what_is_worked_with(long, send, out, tmp_path, monkeypatch):
    send(long)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    with pytest.raises(Unavailable) as caught:
        Ledger.open(out)
    assert (caught.value.code, caught.value.fix) == ("scratch", "free space, or set TMPDIR")


def test_no_room_for_the_index_of_ids(long, send, out):
    send(long)
    small = (*ids._MAKING[:2], "PRAGMA max_page_count=3", *ids._MAKING[2:])
    with Ledger.open(out) as read:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ids, "_MAKING", small)
            for work in (read.verify, lambda: read.find(long.find(5).statement.id)):
                with pytest.raises(Unavailable) as caught:
                    work()
                assert caught.value.code == "scratch"
        assert read.find(long.find(5).statement.id).seq == 5


def test_nothing_is_left_behind(long, send, out, tmp_path, monkeypatch):
    send(long)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    for ending in (Ledger.close, lambda _: None):
        shown = Ledger.open(out)
        shown.verify()
        assert list((tmp_path / "temporary").iterdir())
        ending(shown)
        if ending is Ledger.close:
            assert not list((tmp_path / "temporary").iterdir())
            assert shown.find(shown.find(3).statement.id).seq == 3  # and it goes on
        del shown
        gc.collect()
        assert not list((tmp_path / "temporary").iterdir())


def test_it_is_read_only(shown, out):
    for wrong in (
        lambda: say(shown),
        lambda: shown.close_checkpoint(),
        lambda: shown.store.keep_checkpoint(1, b""),
        lambda: Ledger.create(out, origin="ledger.test/two", actor="mara"),
    ):
        with pytest.raises(Misuse):
            wrong()


def test_without_what_lies_beside_it(long, shown, out):
    """Published by other software: `checkpoint` and `tile/` are enough."""
    shutil.rmtree(out / "ledger")
    report = verify_log(open_static(str(out)))
    assert (report.verdict, report.checked, report.failures) == ("UNPINNED", 617, ())


def test_a_folder_that_holds_none(tmp_path):
    with pytest.raises(Misuse, match="no published ledger"):
        open_static(str(tmp_path))
    with pytest.raises(Misuse, match="there is no ledger"):
        Ledger.open(tmp_path)


# ---- lies: (what is done to the folder, verdict, check, entry) ----


def flip(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def rebundle(path, change):
    width = int(path.name) if path.parent.name.endswith(".p") else 256
    entries = read_bundle(path.read_bytes(), width)
    change(entries)
    path.write_bytes(write_bundle(entries))


def swap(entries):
    entries[3], entries[4] = entries[4], entries[3]


def change(entries):
    assert b'"auc":0.' in entries[200]
    entries[200] = entries[200].replace(b'"auc":0.', b'"auc":1.', 1)


def write(data):
    return lambda path: path.write_bytes(data)


END = "tile/entries/002.p/105"
LIES = {
    "an entry changed": ("tile/entries/001", lambda p: rebundle(p, change), "BROKEN", 7, 456),
    "two entries swapped": ("tile/entries/000", lambda p: rebundle(p, swap), "BROKEN", 6, 3),
    "the newest entry cut by a byte": (END, lambda p: p.write_bytes(p.read_bytes()[:-1]), "BROKEN", 5, 512),
    "bytes after the newest entry": (END, lambda p: p.write_bytes(p.read_bytes() + b"\0"), "BROKEN", 5, 512),
    "an entry too few": ("tile/entries/001", lambda p: rebundle(p, lambda e: e.pop()), "BROKEN", 5, 256),
    "an entry too many": ("tile/entries/001", lambda p: p.write_bytes(p.read_bytes() + b"\0\1x"), "BROKEN", 5, 256),
    "an empty bundle": ("tile/entries/000", write(b""), "BROKEN", 5, 0),
    "a bundle without end": ("tile/entries/001", write(b"\xff" * (256 * 65_537 + 10)), "BROKEN", 5, 256),
    "a bundle withheld": ("tile/entries/001", lambda p: p.unlink(), "UNVERIFIABLE", 0, 256),
    "the first bundle withheld": ("tile/entries/000", lambda p: p.unlink(), "UNVERIFIABLE", 0, 0),
    "the newest bundle withheld": (END, lambda p: p.unlink(), "UNVERIFIABLE", 0, 512),
    "a wrong hash in a full tile": ("tile/0/001", lambda p: flip(p, 40), "BROKEN", 9, -1),
    "a wrong hash in a partial tile": ("tile/0/002.p/105", lambda p: flip(p, 40), "BROKEN", 9, -1),
    "a wrong hash above": ("tile/1/000.p/2", lambda p: flip(p, 40), "BROKEN", 9, -1),
    "a tile of 8,193 bytes": ("tile/0/001", lambda p: p.write_bytes(p.read_bytes() + b"\0"), "BROKEN", 9, -1),
    "a tile cut in a hash": ("tile/0/002.p/105", lambda p: p.write_bytes(p.read_bytes()[:-1]), "BROKEN", 9, -1),
    "a tile withheld": ("tile/0/001", lambda p: p.unlink(), "UNVERIFIABLE", 0, -1),
    "a partial tile withheld": ("tile/0/002.p/105", lambda p: p.unlink(), "UNVERIFIABLE", 0, -1),
    "a tile above withheld": ("tile/1/000.p/2", lambda p: p.unlink(), "UNVERIFIABLE", 0, -1),
    "a checkpoint that is none": ("checkpoint", write(b"ledger.test/one\n617\n"), "BROKEN", 2, -1),
    "a checkpoint without end": ("checkpoint", write(b"x" * 100_000), "BROKEN", 2, -1),
    "kept checkpoints that are none": ("ledger/617/checkpoints", write(b'"x"\n'), "BROKEN", 2, -1),
    "kept checkpoints that are deep": ("ledger/617/checkpoints", write(b"[" * 100_000 + b"\n"), "BROKEN", 2, -1),
    "a disclosure that opens nothing": ("ledger/617/disclosures/000", write(b"WyJ4Il0\n"), "BROKEN", 20, -1),
    "disclosures that are none": ("ledger/617/disclosures/000", write(b"\xff\n"), "BROKEN", 20, -1),
}


ONE_PROCESS = [pytest.param(lie, 1, id=lie) for lie in LIES]
LATE = ("an entry", "a bundle", "a tile")
TWO_PROCESSES = [pytest.param(lie, 2, id=f"{lie}, 2") for lie in LIES if lie.startswith(LATE)]


@pytest.mark.parametrize(("lie", "processes"), ONE_PROCESS + TWO_PROCESSES)  # where a second one reads it
def test_lies(long, send, out, lie, processes, monkeypatch):
    monkeypatch.setattr("ledger.verify.RANGE", 128)
    name, tell_it, verdict, check, seq = LIES[lie]
    send(long, disclosures=True)
    tell_it(out / name)
    store = open_static(str(out))
    try:
        report = verify_log(store, processes=processes, opener=opener_of(store))
    finally:
        store.close()
    assert report.verdict == verdict, report
    if verdict == "BROKEN":
        assert (report.failures[0].check, report.failures[0].seq) == (check, seq), report.failures
    else:
        assert [(one.code, one.seq) for one in report.missing] == [("withheld", seq)], report.missing
        assert not report.failures


def test_a_bundle_of_another_log(long, send, out, tmp_path):
    send(long)
    with Ledger.create(tmp_path / "other.db", origin="ledger.test/two", actor="mara") as other:
        say_many(other, 300)
        entries = [row.data for row in other.store.rows(0, 256)]
    (out / "tile/entries/001").write_bytes(write_bundle(entries))
    report = verify_log(open_static(str(out)))
    assert report.verdict == "BROKEN"
    wrong = [failure.seq for failure in report.failures if failure.code == "wrong_place"]
    assert wrong == list(range(256, 512))


def test_a_checkpoint_of_another_key(long, send, out, keys, tmp_path):
    send(long)
    with Ledger.create(tmp_path / "other.db", origin="ledger.test/one", actor="mara", log_key=tmp_path / "l.key"):
        from ledger.keys.files import load_log_key

        note = sign_checkpoint(long.checkpoint(), load_log_key(tmp_path / "l.key", "ledger.test/one").all)
    (out / "checkpoint").write_bytes(note)
    report = verify_log(open_static(str(out)))
    assert report.verdict == "BROKEN"
    assert report.failures[0].check == 3


def test_frozen_at_an_old_checkpoint(long, send, out):
    """Nothing in what is served is wrong; only a pin that is ahead of it tells."""
    send(long)
    frozen = out.with_name("frozen")
    shutil.copytree(out, frozen)
    say(long)
    send(long)
    assert verify_log(open_static(str(frozen))).verdict == "UNPINNED"
    with Ledger.open(frozen) as read:
        report = read.verify()
    assert (report.verdict, report.failures[0].check, report.failures[0].code) == ("BROKEN", 4, "shrunk")
    shutil.copy(frozen / "checkpoint", out / "checkpoint")  # an old checkpoint over newer tiles
    with Ledger.open(out) as read:
        assert read.verify().failures[0].code == "shrunk"
    pin_path("ledger.test/one").unlink()
    with Ledger.open(out) as read:
        assert read.verify(Policy(keys=read.genesis.log_keys)).verdict == "VERIFIED"


def test_a_huge_size_is_not_believed(long, send, out, keys):
    """The log's key may say anything; what is not there is withheld."""
    from ledger.notes.checkpoint import Checkpoint

    send(long)
    (out / "checkpoint").write_bytes(sign_checkpoint(Checkpoint("ledger.test/one", 2**53 - 1, bytes(32)), keys.log.all))
    report = verify_log(open_static(str(out)))
    assert report.verdict == "UNVERIFIABLE"
    assert report.missing[0].code == "withheld"


def test_what_lies_beside_is_only_for_its_size(long, send, out):
    send(long)
    kept = (out / "ledger/617/checkpoints").read_text().splitlines()
    assert [json.loads(line).split("\n")[1] for line in kept] == ["617"]
    (out / "ledger/617").rename(out / "ledger/618")
    assert open_static(str(out)).checkpoints() == []


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path)])
def test_what_is_no_file_is_not_waited_for(long, send, out, make):
    send(long)
    (out / "tile/0/001").unlink()
    make(out / "tile/0/001")
    report = verify_log(open_static(str(out)))
    assert (report.verdict, report.missing[0].code) == ("UNVERIFIABLE", "withheld")


def test_errors_name_what_is_missing(long, send, out):
    send(long)
    (out / "tile/entries/001").unlink()
    with pytest.raises(Withheld, match="does not serve tile/entries/001"):
        open_static(str(out)).read(300)
    (out / "tile/entries/000").write_bytes(b"\0")
    with pytest.raises(Tampered, match="tile/entries/000 ends within entry 0"):
        open_static(str(out)).read(3)

"""What is published, by the specification's text; what never changes; what is refused."""

import fcntl
import shutil

import pytest

from ledger.api import Ledger
from ledger.disclosures import commitment
from ledger.errors import Misuse, Tampered, Unavailable
from ledger.notes.note import parse_note
from ledger.publish import publish
from ledger.stores.folder import Folder
from ledger.stores.static import open_static
from tests.log.acts import say, say_many
from tests.log.forging import chained_anew, history, stored
from tests.publishing import c2sp
from tests.publishing.conftest import files


def names(folder):
    return sorted(path for path in files(folder))


def test_a_short_log_is_one_partial_tile_and_bundle(told, out, send):
    done = send(told)
    assert (done.size, done.before, done.files) == (16, 0, 2)
    assert names(out) == ["tile/0/000.p/16", "tile/entries/000.p/16"]
    assert done.root == told.checkpoint().root


def test_both_lines_of_the_log_and_those_of_others_are_published(told, out, send):
    send(told)
    note = parse_note((out / "checkpoint").read_bytes())
    assert [line.name for line in note.signatures] == [told.origin] * 2
    cosigned = (out / "checkpoint").read_bytes() + "\u2014 witness.example/w1 AAAAAAAA\n".encode()
    told.store.keep_checkpoint(16, cosigned)
    send(told)
    assert (out / "checkpoint").read_bytes() == cosigned


@pytest.mark.parametrize("size", [255, 256, 257, 512, 617])
def test_at_the_edges_of_tiles(told, out, send, size):
    say_many(told, size - 16)
    done = send(told)
    assert names(out) == sorted(
        path
        for level, n, width, tile in c2sp.implied(size)
        for path in ([tile, tile.replace("tile/0", "tile/entries")] if level == 0 else [tile])
    )
    assert done.files == len(names(out))


def test_more_costs_only_what_is_new_and_changes_nothing_that_stands(long, out, send):
    send(long)
    before = files(out)
    say_many(long, 10)
    done = send(long)
    after = files(out)
    assert done.files == 3  # bundle, tile, and no full one; level 1 holds the same two hashes
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"tile/0/002.p/115", "tile/entries/002.p/115"}


def test_again_with_nothing_new_writes_nothing(long, out, send):
    send(long)
    before = files(out), (out / "checkpoint").stat()
    done = send(long)
    assert (done.size, done.before, done.files) == (len(long), len(long), 0)
    assert (files(out), (out / "checkpoint").stat()) == before


def test_partial_tiles_go_when_the_full_one_is_there(long, out, send):
    send(long)
    say_many(long, 5)
    send(long)
    assert sum(".p/" in name for name in names(out)) == 5  # both sizes of both, and level 1's once
    say_many(long, 200)
    send(long)
    assert [name for name in names(out) if ".p/" in name] == [
        "tile/0/003.p/54",
        "tile/1/000.p/2",
        "tile/1/000.p/3",
        "tile/entries/003.p/54",
    ]
    assert sorted(path.name for path in (out / "ledger").iterdir()) == ["622", "822"]


def test_an_older_checkpoint_is_still_read_after_its_partial_tiles_are_gone(long, out, send):
    send(long)
    reader = open_static(str(out))
    say_many(long, 200)
    send(long)
    with Ledger.open(out) as newer:
        assert len(newer) == 817
    assert [row.data for row in reader.rows(0, 10_000)] == stored(long)[:617]
    assert reader.tile(1, 0) == long.store.tile(1, 0)[:64]
    reader.close()


def test_sealed_values_stay_at_home_unless_they_are_chosen(told, out, send):
    text = next(told.store.disclosures())
    assert send(told).disclosed == 0
    assert not [path for path in out.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]
    assert send(told, disclosures=True).disclosed == 1
    with Ledger.open(out) as read:
        assert list(read.store.disclosures()) == [text]
    assert send(told).disclosed == 0  # and is taken back, as far as this folder goes
    assert list(open_static(str(out)).disclosures()) == []


def test_an_erased_value_is_in_no_published_file_after_the_next_run(told, out, send):
    text = next(told.store.disclosures())
    send(told, disclosures=True)
    told.store.erase([commitment(text)])
    say(told)
    assert send(told, disclosures=True).disclosed == 0
    assert not [path for path in out.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]
    assert sorted(path.name for path in (out / "ledger").iterdir()) == ["16", "17"]


def test_kept_checkpoints_are_published_with_it(long, out, send):
    for number in range(3):
        say(long, number)
        send(long)
    reader = open_static(str(out))
    assert [size for size, _ in reader.checkpoints()] == [618, 619, 620]
    assert reader.checkpoints() == long.store.checkpoints()


def test_what_no_checkpoint_covers_is_not_published(told, out, tmp_path, monkeypatch):
    note = told.close_checkpoint()
    monkeypatch.setenv("LEDGER_LOG_KEY", str(tmp_path / "none"))
    with Ledger.open(told.path, key=tmp_path / "ana.key") as hers:
        say(hers, 1)
        with pytest.raises(Misuse, match="log's key is not here"):
            hers.close_checkpoint()
        done = publish(hers.store, note, Folder(out))
    assert done.size == 16
    c2sp.check(out, told.genesis.log_keys[0].text)


# ---- what is refused ----


def refused(ledger, out, error, code, note=None):
    before = files(out), (out / "checkpoint").read_bytes()
    with pytest.raises(error) as caught:
        publish(ledger.store, note or ledger.close_checkpoint(), Folder(out))
    assert caught.value.code == code
    assert caught.value.fix
    assert "nothing was" in caught.value.message
    assert (files(out), (out / "checkpoint").read_bytes()) == before
    return caught.value


def test_an_old_copy_of_the_log(told, out, send, tmp_path):
    told.close()
    shutil.copy(told.path, tmp_path / "old.db")
    say(told)
    send(told)
    told.close()
    shutil.copy(tmp_path / "old.db", told.path)
    for name in ("-wal", "-shm"):
        told.path.with_name(told.path.name + name).unlink(missing_ok=True)
    with Ledger.open(told.path) as old, pytest.raises(Tampered) as caught:
        publish(old.store, old.store.head().note, Folder(out))
    assert caught.value.code == "shrunk"
    assert "holds 17 entries" in caught.value.message


def test_a_second_history(told, out, send, edit, keys):
    send(told)
    datas = stored(told)
    swapped = chained_anew([*datas[:13], datas[14], datas[13], datas[15]])
    edit(told.path, *history(swapped, log_key=keys.log))  # by the log's own key
    assert refused(told, out, Tampered, "forked", told.store.head().note).check == 4
    told.close()
    with Ledger.open(told.path) as longer:
        keys.pin.unlink()
        say(longer)
        refused(longer, out, Tampered, "forked")


def test_another_log(told, out, send, ledger_of):
    send(told)
    with ledger_of("ledger.test/two") as other:
        refused(other, out, Misuse, "other_origin")


@pytest.fixture
def ledger_of(tmp_path):
    return lambda origin: Ledger.create(tmp_path / "other.db", origin=origin, actor="mara")


def test_an_entry_that_was_changed_in_the_store(long, out, edit):
    note = long.close_checkpoint()
    edit(long.path, "UPDATE entries SET bytes = replace(bytes, '0.3', '0.4') WHERE seq = 400")
    with pytest.raises(Tampered) as caught:
        publish(long.store, note, Folder(out))
    assert caught.value.code == "root"
    assert not (out / "checkpoint").exists()
    assert not (out / "tile").exists()  # what was staged on the way is gone


def test_an_entry_that_is_missing_in_the_store(long, out, edit):
    note = long.close_checkpoint()
    edit(long.path, "DELETE FROM entries WHERE seq = 400")
    with pytest.raises(Tampered) as caught:
        publish(long.store, note, Folder(out))
    assert (caught.value.code, caught.value.seq) == ("hole", 400)


@pytest.mark.parametrize("name", ["tile/entries/002", "tile/0/002"])
def test_an_immutable_file_with_other_bytes(long, out, send, name):
    send(long)
    say_many(long, 200)
    (out / name).parent.mkdir(exist_ok=True)
    (out / name).write_bytes(b"something else")
    refused(long, out, Tampered, "published_otherwise")


@pytest.mark.parametrize("name", ["tile/0/002.p/105", "tile/1/000.p/2"])
def test_a_changed_tile_at_the_end_of_what_is_published(long, out, send, name):
    send(long)
    say_many(long, 10)
    data = bytearray((out / name).read_bytes())
    data[7] ^= 1
    (out / name).write_bytes(data)
    refused(long, out, Tampered, "published")


def test_a_damaged_checkpoint_there(long, out, send):
    send(long)
    (out / "checkpoint").write_bytes(b"no note\n")
    refused(long, out, Tampered, "published")


def test_two_publishers(told, out, send):
    send(told)
    with (out / ".publishing/lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused(told, out, Unavailable, "locked")
    send(told)

"""Closing a checkpoint: both of the log's keys sign it, it is kept, and nothing unvetted comes under it."""

import pytest

from ledger.api import Ledger
from ledger.config import keys_folder, log_key_path
from ledger.errors import Misuse, Tampered
from ledger.keys.files import load_log_key
from ledger.notes.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from ledger.notes.note import parse_note, verify_note
from tests.log.acts import authorise, say, say_many


def log_key_of(ledger):
    path = log_key_path(ledger.origin)
    return path, load_log_key(path, ledger.origin, None)


def lines(ledger, note):
    return [key.kind for key in verify_note(parse_note(note), ledger.genesis.log_keys)]


def test_both_lines_and_kept(ledger):
    say(ledger)
    assert lines(ledger, ledger.store.head().note) == [0x01]
    note = ledger.close_checkpoint()
    assert lines(ledger, note) == [0x01, 0x06]
    assert open_checkpoint(note, ledger.origin, ledger.genesis.log_keys).size == len(ledger) == 2
    assert ledger.store.checkpoints() == [(2, note)]
    assert ledger.store.head().note == note
    assert ledger.verify().verdict == "VERIFIED"


def test_closing_again_changes_nothing(ledger):
    say(ledger)
    note = ledger.close_checkpoint()
    with Ledger.open(ledger.path) as other:
        assert other.close_checkpoint() == note
    assert ledger.close_checkpoint() == note
    say(ledger, 2)
    later = ledger.close_checkpoint()
    assert [size for size, _ in ledger.store.checkpoints()] == [2, 3]
    assert ledger.store.checkpoints()[0][1] == note
    assert later != note
    assert ledger.verify().verdict == "VERIFIED"


def test_recording_goes_on_from_it(ledger):
    say(ledger)
    ledger.close_checkpoint()
    say_many(ledger, 5, 10)
    say(ledger, 2)
    assert ledger.verify().verdict == "VERIFIED"
    assert len(ledger) == 8


def test_what_others_placed_is_covered(ledger, tmp_path):
    path, _ = log_key_of(ledger)
    key = authorise(ledger, "ana", tmp_path)
    away = path.rename(tmp_path / "away")
    with Ledger.open(ledger.path, key=key) as hers:
        say_many(hers, 3)
        with pytest.raises(Misuse, match="log's key is not here") as refused:
            hers.close_checkpoint()
        assert refused.value.code == "log_key"
    assert ledger.store.head().covered == 3
    with Ledger.open(ledger.path, log_key=away, key=key) as closing:
        closing.close_checkpoint()
        assert closing.covered == len(closing) == 6


def test_no_author_is_needed(ledger, tmp_path):
    say(ledger)
    (keys_folder() / "mara.key").unlink()
    with Ledger.open(ledger.path) as closing:
        assert lines(closing, closing.close_checkpoint()) == [0x01, 0x06]
        with pytest.raises(Misuse):
            say(closing)


def test_a_kept_one_without_the_second_line_gets_it_and_keeps_the_witness(ledger):
    say(ledger)
    _, key = log_key_of(ledger)
    witness = "— witness.example AAAAAQAAAAAAAAAAAAAAAA==\n"
    thin = sign_checkpoint(ledger.checkpoint(), key.everyday) + witness.encode()
    ledger.store.keep_checkpoint(2, thin)
    note = ledger.close_checkpoint()
    assert lines(ledger, note) == [0x01, 0x06]
    assert note.decode().endswith(witness)
    assert ledger.store.checkpoints() == [(2, note)]
    assert ledger.close_checkpoint() == note


def test_a_kept_one_of_another_tree_is_not_blessed(ledger):
    say(ledger)
    _, key = log_key_of(ledger)
    ledger.store.keep_checkpoint(2, sign_checkpoint(Checkpoint(ledger.origin, 2, bytes(32)), key.all))
    with pytest.raises(Tampered, match="seals others"):
        ledger.close_checkpoint()


def test_an_old_copy_is_not_closed(ledger, tmp_path):
    say(ledger)
    ledger.close()
    before = ledger.path.read_bytes()
    with Ledger.open(ledger.path) as writer:
        say(writer, 2)
    ledger.path.write_bytes(before)
    with Ledger.open(ledger.path) as old, pytest.raises(Tampered, match="old copy"):
        old.close_checkpoint()

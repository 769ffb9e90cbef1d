"""A new ledger that takes up one that lost entries: what it says of it, and what is refused."""

import shutil
from pathlib import Path

import pytest

from ledger.api import Ledger
from ledger.errors import Misuse
from ledger.notes.note import Note, SignatureLine, parse_note, render_note
from ledger.pins import pin_path
from tests.cli.conftest import ORIGIN
from tests.reference.second import SECOND

NEW = "ledger.bank.example/credit-2"


@pytest.fixture
def behind(run, ledger):
    """A backup of 3 entries, and a pin that has seen 6; the ledger itself is gone."""
    for number in range(2):
        assert run("record", "acme.example/note", "--text", f"note {number}").code == 0
    assert run("backup", "copy.db").code == 0
    for number in range(3):
        assert run("record", "acme.example/note", "--text", f"note {number}").code == 0
    for path in Path().glob("ledger.db*"):
        path.unlink()
    return Path("copy.db")


def begin(run, what, *more):
    return run("init", "new", "--origin", NEW, "--as", "mara", "--continues", what, *more)


def test_what_is_refused_says_how_to_go_on_and_that_works(run, behind):
    refused = run("restore", behind, "ledger.db")
    assert refused.code == 3
    assert f"a new log: ledger init --continues {behind}" in refused.error[1]
    done = begin(run, behind)
    assert done.code == 0, done.err
    assert max(len(line) for line in done.out.splitlines() if "is hidden" not in line) <= 100
    words = " ".join(done.out.split())
    assert f"continues {ORIGIN}, whose first 6 entries came before" in words
    assert "lost 3 of them, that your pin has seen" in words
    assert "copy.db: 3 entries, every check passed but for its end, which is missing; leave it as it is" in words


def test_both_verifiers_name_it_and_hold_the_old_one_against_it(run, behind, tmp_path):
    begin(run, behind)
    verified = run("verify", "--ledger", "new", "--json").document
    (finding,) = verified["findings"]
    assert (verified["verdict"], finding["code"], finding["seq"]) == ("verified", "continues", 0)
    assert f"takes up {ORIGIN} after a loss, from its first 6 entries on" in finding["message"]
    assert run("export", "new.zip", "--ledger", "new").code == 0
    assert [(one.check, one.seq) for one in SECOND.verify_bundle("new.zip").findings] == [(10, 0)]
    held = run("verify", behind, "--checkpoint", "new/ledger.db")
    assert held.code == 3
    assert f"{NEW}, which takes it up" in " ".join(held.out.split())
    held = run("verify", behind, "--checkpoint", "new.zip")
    assert held.code == 3
    shown = " ".join(run("show", "0", "--ledger", "new").out.split())
    assert f"continues {ORIGIN}, from its first 6 entries on" in shown


def test_a_whole_one_holds_against_what_took_it_up(run, story):
    begin(run, "ledger.db")
    verified = run("verify", "ledger.db", "--checkpoint", "new/ledger.db", "--json").document
    assert verified["verdict"] == "verified"
    assert [one["size"] for one in verified["vouched_by"] if one["kind"] == "checkpoint"] == [6]


@pytest.mark.parametrize("what", ["pin", "checkpoint", "receipt"])
def test_what_may_be_all_that_is_left(run, behind, what, tmp_path):
    note = Ledger.open(behind, read_only=True).store.head().note
    if what == "pin":
        path, size = pin_path(ORIGIN), 6
    elif what == "checkpoint":
        (path := tmp_path / "note").write_bytes(note)
        size = 3
    else:
        path, size = tmp_path / "receipt", 3
        with Ledger.open(behind, read_only=True) as kept:
            path.write_bytes(kept.prove(1))
    document = begin(run, path, "--json").document
    assert document["continues"]["origin"] == ORIGIN
    assert document["continues"]["size"] == size
    assert "held" not in document["continues"]


def test_what_is_none_is_refused_and_nothing_is_made(run, behind, tmp_path):
    (tmp_path / "text").write_text("a few\n\nlines\n")
    (tmp_path / "junk").write_bytes(b"\x00\xff\n" * 40)
    for what in ("nowhere.db", tmp_path / "text", tmp_path / "junk", tmp_path):
        done = begin(run, what)
        assert done.code == 2, what
        assert done.error
    assert not Path("new/ledger.db").exists()


def test_a_name_never_stands_for_two_histories(run, behind):
    done = run("init", "new", "--origin", ORIGIN, "--as", "mara", "--continues", behind)
    assert done.code == 2
    assert "no name may stand for two histories" in done.error[0]
    assert not Path("new/ledger.db").exists()


def test_a_checkpoint_that_its_key_did_not_sign_does_not_count(run, behind, cheat):
    """Somebody writes a longer one into the backup: the pin is what is taken."""
    pin_path(ORIGIN).unlink()
    cheat(behind, "UPDATE head SET note = replace(note, char(10) || '3' || char(10), char(10) || '9' || char(10))")
    done = begin(run, behind)
    assert done.code == 2
    assert "no checkpoint that its key signed" in done.error[0]


def test_of_very_many_signatures_the_logs_own_are_kept(run, ledger, tmp_path):
    with Ledger.open("ledger.db") as old:
        note = old.close_checkpoint()
        checkpoint = old.checkpoint()
    signed = parse_note(note)
    many = tuple(SignatureLine(f"witness.example/w{n}", n.to_bytes(4, "big"), bytes(1_800)) for n in range(1, 25))
    big = render_note(Note(signed.text, (*signed.signatures, *many)))
    assert len(big) > 49_152
    with Ledger.create(tmp_path / "new.db", origin=NEW, actor="mara", continues=big) as new:
        assert new.genesis.continues.checkpoint == checkpoint
        assert new.genesis.continues.note == note


@pytest.mark.parametrize("note", [b"", b"a", b"\xff\n\n", b"a\nb\nc\n\n\xe2\x80\x94 a AAAAAAA=\n"])
def test_what_is_no_checkpoint_makes_no_ledger(own_home, tmp_path, note):
    with pytest.raises(Misuse):
        Ledger.create(tmp_path / "new.db", origin=NEW, actor="mara", continues=note)
    assert not (tmp_path / "new.db").exists()


def test_a_published_folder_and_a_bundle_are_taken_up(run, story, tmp_path):
    assert run("publish", "tiles").code == 0
    assert run("export", "old.zip").code == 0
    shutil.move("ledger.db", tmp_path / "gone.db")
    for number, what in enumerate(("tiles", "old.zip")):
        done = run("init", f"n{number}", "--origin", f"{NEW}-{number}", "--as", "mara", "--continues", what, "--json")
        assert done.code == 0, done.err
        assert (done.document["continues"]["size"], done.document["continues"]["lost"]) == (6, 0)

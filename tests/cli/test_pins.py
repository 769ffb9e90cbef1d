"""`ledger pin`: what was seen, moved to another machine, never back; the policy template."""

import shutil
from pathlib import Path

import pytest

from ledger.policy.file import read_policy
from tests.cli.test_proving import wrote
from tests.cli.test_verifying import checked
from tests.cli.test_witnessing import key, one_more  # noqa: F401 - a fixture

ORIGIN = "ledger.bank.example/credit"


def test_what_was_seen(run, story):
    done = run("pin", "show")
    assert done.code == 0
    assert all(len(line) <= 100 for line in done.out.splitlines())
    assert done.out.splitlines()[1].startswith(f"{ORIGIN}     6  20")
    assert "you made it" in done.out
    (one,) = run("pin", "show", "--json").document["pins"]
    assert (one["size"], one["how"], one["places"]) == (6, "created", [str(story.resolve())])


def test_nothing_was_seen(run, stranger):
    stranger()
    assert run("pin", "show").out == "No pins: ledger verify makes one of what it has checked.\n"
    assert run("pin", "export", ORIGIN).error[0] == f"there is no pin of {ORIGIN}"


def test_to_another_machine(run, story, stranger, cheat, tmp_path):
    assert run("pin", "export", "-o", tmp_path / "six.pin").code == 0
    text = (tmp_path / "six.pin").read_text()
    assert "place" not in text
    assert text.startswith("ledger-pin/v1\ngenesis ")
    assert run("pin", "export").out == text
    ledger = story.resolve()
    stranger()
    done = run("pin", "add", tmp_path / "six.pin")
    assert done.code == 0
    assert "at size 6" in done.out
    (one,) = run("pin", "show", "--json").document["pins"]
    assert (one["how"], one["places"]) == ("given", [])
    text, _ = checked(run, 0, ledger)
    assert text.startswith("VERIFIED")
    assert "your pin, size 6, since" in text
    cut = tmp_path / "cut.db"
    shutil.copy(ledger, cut)
    cheat(cut, "DELETE FROM entries WHERE seq = 5")
    assert checked(run, 3, cut)[0].startswith("BROKEN")


def test_a_pin_of_first_use_says_since_when(run, story, stranger):
    ledger = story.resolve()
    stranger()
    assert run("verify", ledger).code == 5
    text = " ".join(checked(run, 0, ledger)[0].split())
    assert "that it was not another log before 20" in text
    assert "your pin was made on first use" in text


def test_never_back(run, story, tmp_path):
    run("pin", "export", "-o", tmp_path / "six.pin")
    one_more(run)
    done = run("pin", "add", tmp_path / "six.pin")
    assert done.code == 2
    assert "your pin has seen 7 entries, this one 6: a pin never moves back" in done.error[0]
    assert run("pin", "show", "--json").document["pins"][0]["size"] == 7


@pytest.fixture
def behind(run, story, stranger, tmp_path):
    """An auditor whose pin is of 6; a newer one of 8 by the keeper, the ledger, and what ties both together."""
    run("pin", "export", "-o", tmp_path / "six.pin")
    wrote(run, 3, "-o", "r")
    one_more(run)
    one_more(run)
    wrote(run, "--consistency", 6, "-o", tmp_path / "way")
    run("pin", "export", "-o", tmp_path / "eight.pin")
    ledger = story.resolve()
    stranger()
    assert run("pin", "add", tmp_path / "six.pin").code == 0
    return ledger


def test_forward_only_where_it_follows(run, behind, tmp_path):
    done = run("pin", "add", tmp_path / "eight.pin")
    assert done.code == 2
    assert "nothing here ties size 6, which you have seen, to size 8" in done.error[0]
    assert run("pin", "add", tmp_path / "eight.pin", "--proof", tmp_path / "way").code == 0
    (one,) = run("pin", "show", "--json").document["pins"]
    assert (one["size"], one["how"]) == (8, "given")
    assert run("pin", "add", tmp_path / "eight.pin").code == 0  # the same again


def test_forward_by_ones_own_ledger(run, behind, tmp_path):
    assert run("pin", "add", tmp_path / "eight.pin", "--ledger", behind).code == 0
    assert run("pin", "show", "--json").document["pins"][0]["size"] == 8


def test_what_does_not_tie_them(run, behind, tmp_path):
    data = (tmp_path / "way").read_bytes()
    lines = data.split(b"\n")
    lines[2] = lines[2][:1] + (b"A" if lines[2][1:2] != b"A" else b"B") + lines[2][2:]
    (tmp_path / "bent").write_bytes(b"\n".join(lines))
    (tmp_path / "none").write_bytes(b"ledger-consistency/v1\n")
    assert run("pin", "add", tmp_path / "eight.pin", "--proof", tmp_path / "bent").code == 3
    assert run("pin", "add", tmp_path / "eight.pin", "--proof", tmp_path / "none").code == 3
    assert run("pin", "show", "--json").document["pins"][0]["size"] == 6


def test_another_log_or_key_of_the_same_name(run, story, tmp_path, stranger, monkeypatch):
    run("pin", "export", "-o", tmp_path / "mine.pin")
    stranger()
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.chdir(other)
    assert run("init", "--origin", ORIGIN, "--as", "eve").code == 0
    done = run("pin", "add", tmp_path / "mine.pin")
    assert done.code == 2
    assert "of another log than your pin" in done.error[0]
    assert "--other-log" in done.error[1]
    assert "none of the log's keys" in run("pin", "add", tmp_path / "mine.pin", "--other-log").error[0]
    assert run("pin", "add", tmp_path / "mine.pin", "--other-log", "--other-key").code == 0
    text = run("verify").out
    assert text.startswith("BROKEN")


def test_two_pins_of_one_size(run, story, tmp_path, home):
    from ledger.config import log_key_path
    from ledger.keys.files import load_log_key
    from ledger.notes.checkpoint import Checkpoint, sign_checkpoint
    from ledger.pins import read_pin

    run("pin", "export", "-o", tmp_path / "six.pin")
    own = read_pin(tmp_path / "six.pin")
    note = sign_checkpoint(Checkpoint(ORIGIN, 6, bytes(32)), load_log_key(log_key_path(ORIGIN), ORIGIN).all)
    (tmp_path / "fork.pin").write_text(own.text.replace(own.note, note.decode()))
    done = run("pin", "add", tmp_path / "fork.pin")
    assert done.code == 3
    assert "two histories" in done.error[0]


@pytest.mark.parametrize("content", [b"", b"{}", b"ledger-pin/v1\n", b"\xff", b"a" * 200_000])
def test_what_is_no_pin(run, story, content):
    Path("x.pin").write_bytes(content)
    done = run("pin", "add", "x.pin")
    assert done.code == 2
    assert run("pin", "show", "--json").document["pins"][0]["size"] == 6


def test_another_ledger_on_purpose(run, story, tmp_path, monkeypatch):
    """The file is moved away and another one put there: a person says that this is right."""
    other = tmp_path / "other"
    other.mkdir()
    here = Path.cwd()
    monkeypatch.chdir(other)
    run("init", "--origin", "ledger.bank.example/fraud", "--as", "mara")
    monkeypatch.chdir(here)
    for path in [*here.glob("ledger.db*"), here / "ledger.toml"]:
        path.unlink()
    for path in [*other.glob("ledger.db*"), other / "ledger.toml"]:
        path.rename(here / path.name)
    text, _ = checked(run, 3)
    assert f"{ORIGIN}, which used to be here" in " ".join(text.split())
    assert run("pin", "leave").code == 0
    checked(run, 0)


def test_a_receipt_vouches_as_a_checkpoint_does(run, story, stranger, tmp_path, cheat):
    wrote(run, 3, "-o", tmp_path / "r")
    ledger = story.resolve()
    cut = tmp_path / "cut.db"
    shutil.copy(ledger, cut)
    stranger()
    text, document = checked(run, 0, ledger, "--checkpoint", tmp_path / "r")
    assert {one["kind"] for one in document["vouched_by"]} >= {"checkpoint"}
    assert "the receipt" in text


def test_the_template_is_a_policy_to_fill_in(run, key, tmp_path):  # noqa: F811
    text = run("pin", "--policy-template").out
    assert text.startswith("ledger-policy/v1\n# ")
    policy, _ = read_policy((text + f"log {key}\n").encode(), "x")
    assert policy.origin == ORIGIN
    assert run("pin", "--help").code == 0

"""`ledger prove` and what `ledger verify` says of it: authors, witnesses, two checkpoints, envelopes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.notes.note import parse_note
from tests.cli.test_verifying import checked
from tests.cli.test_witnessing import exchange, key, one_more, policy, witnesses  # noqa: F401 - fixtures
from tests.reference.second import FILE

ORIGIN = "ledger.bank.example/credit"


def wrote(run, *words):
    done = run("prove", *words)
    assert done.code == 0, done.err
    assert all(len(line) <= 100 for line in done.out.splitlines())
    return done


def answer(run, code, *words):
    """Verify a file; text and document agree."""
    done, told = run("verify", *words), run("verify", *words, "--json")
    assert (done.code, told.code) == (code, code), done.out + done.err
    assert all(len(line) <= 100 for line in done.out.splitlines()), done.out
    assert done.out.split()[0].lower() == told.document["verdict"]
    return " ".join(done.out.split()), told.document


def test_a_receipt_shows_its_author(run, story):
    wrote(run, 3, "-o", "r")
    text, document = answer(run, 0, "r")
    assert "mara signed it with the key" in text
    assert "authorised in entry 0" in text
    assert "that this key, or its role, was not taken away before" in text
    assert (document["author_proven"], document["authorized"]) == (True, 0)
    wrote(run, 3, "--plain", "-o", "p")
    text, document = answer(run, 0, "p")
    assert "its author's signature and role" in text
    assert document["author_proven"] is False
    assert "authorized" not in document


def test_it_is_closed_with_both_keys_before_it_goes_out(run, story):
    assert run("verify", "--json").document["covered"] == 6
    wrote(run, 3, "-o", "r")
    note = Path("r").read_bytes().partition(b"\n\n")[2]
    assert len(parse_note(note).signatures) == 2


def test_without_the_logs_key_the_newest_there_is(run, story, monkeypatch):
    monkeypatch.setenv("LEDGER_LOG_KEY", "none.key")
    wrote(run, 3, "-o", "r")
    assert len(parse_note(Path("r").read_bytes().partition(b"\n\n")[2]).signatures) == 1
    answer(run, 0, "r")


def test_a_pending_entry_proves_nothing(run, story, monkeypatch):
    monkeypatch.setenv("LEDGER_LOG_KEY", "none.key")
    one_more(run)
    done = run("prove", 6)
    assert done.code == 2
    assert "entry 6 is pending" in done.error[0]


def test_a_receipt_with_witnesses_and_without(run, story, key, witnesses, stranger, tmp_path):  # noqa: F811
    mine = policy(tmp_path / "mine.txt", key, witnesses)
    wrote(run, 3, "-o", "before")
    exchange(run, "w1")
    exchange(run, "w2")
    wrote(run, 3, "-o", "after")
    before, after = Path("before").absolute(), Path("after").absolute()
    stranger()
    text, document = answer(run, 5, before, "--policy", mine)
    assert "2 of 3 witnesses; none of them cosigned" in text
    assert [one["code"] for one in document["missing"]] == ["quorum"]
    text, document = answer(run, 0, after, "--policy", mine)
    assert "2 of 3 witnesses (w1, w2), size 6, by 20" in text


def test_a_receipt_where_both_keys_are_required(run, story, stranger, tmp_path, monkeypatch):
    both = run("show", 0, "--json").document["data"]["log_keys"]
    mine = tmp_path / "mine.txt"
    mine.write_text("\n".join(["ledger-policy/v1", *(f"log {one}" for one in both), "require all", ""]))
    monkeypatch.setenv("LEDGER_LOG_KEY", "none.key")
    wrote(run, 3, "-o", "half")
    monkeypatch.delenv("LEDGER_LOG_KEY")
    wrote(run, 3, "-o", "whole")
    half, whole = Path("half").absolute(), Path("whole").absolute()
    stranger()
    text, _ = answer(run, 3, half, "--policy", mine)
    assert "lacks a line of the log's (require all)" in text
    answer(run, 0, whole, "--policy", mine)


def test_the_leaf_of_entry_0_is_enough_for_a_receipt_with_its_author(run, story, stranger, tmp_path):
    leaf = next(line.split('"')[1] for line in Path("ledger.toml").read_text().splitlines() if "genesis" in line)
    wrote(run, 3, "-o", "r")
    wrote(run, 3, "--plain", "-o", "p")
    receipt, plain = Path("r").absolute(), Path("p").absolute()
    mine = tmp_path / "mine.txt"
    mine.write_text(f"ledger-policy/v1\ngenesis {leaf}\n")
    stranger()
    assert answer(run, 0, receipt, "--policy", mine)[1]["genesis"] == leaf
    answer(run, 5, plain, "--policy", mine)
    mine.write_text(f"ledger-policy/v1\ngenesis {'0' * 64}\n")
    text, _ = answer(run, 3, receipt, "--policy", mine)
    assert "another log" in text
    mine.write_text(f"ledger-policy/v1\ngenesis {leaf}\norigin ledger.bank.example/other\n")
    assert run("verify", receipt, "--policy", mine).code == 2


# ---- two checkpoints ----


def test_two_checkpoints(run, story, key, stranger, tmp_path):  # noqa: F811
    wrote(run, 3, "-o", "r")  # closes 6
    one_more(run)
    one_more(run)
    done = wrote(run, "--consistency", 6, "-o", "c")
    assert "the checkpoint of 8 entries begins with that of 6" in " ".join(done.out.split())
    wrote(run, "--consistency", 6, 8, "-o", "d")
    assert Path("c").read_bytes() == Path("d").read_bytes()
    text, document = answer(run, 0, "c")
    assert "the log of 8 entries begins with all 6 of the older checkpoint" in text
    assert (document["old"]["size"], document["new"]["size"]) == (6, 8)
    file = Path("c").absolute()
    stranger()
    answer(run, 5, file)
    answer(run, 0, file, "--key", key)
    data = file.read_bytes()
    file.write_bytes(data.replace(b"\n\n", b"\n" + b"A" * 43 + b"=\n\n", 1))
    answer(run, 3, file, "--key", key)


def test_a_checkpoint_from_a_file(run, story, tmp_path):
    wrote(run, 3, "-o", "r")
    Path("old").write_bytes(Path("r").read_bytes().partition(b"\n\n")[2])
    one_more(run)
    wrote(run, "--consistency", "old", "-o", "c")
    assert answer(run, 0, "c")[1]["old"]["size"] == 6


def test_a_size_that_is_not_kept(run, story):
    wrote(run, 3, "-o", "r")
    done = run("prove", "--consistency", 5)
    assert done.code == 2
    assert "no checkpoint of size 5 is kept; kept: 6" in done.error[0]


@pytest.mark.parametrize(
    "words",
    [["1", "2"], ["--consistency", "1", "2", "3"], ["--dsse", "--plain", "1"], ["--consistency", "--dsse", "1"], []],
)
def test_one_thing_at_a_time(run, story, words):
    assert run("prove", *words).code == 2


# ---- envelopes ----


def test_an_envelope(run, story):
    value = json.loads(run("prove", 3, "--dsse").out)
    assert value.keys() == {"payload", "payloadType", "signatures"}
    assert run("prove", 3, "--dsse", "--json").document["seq"] == 3
    done = wrote(run, 3, "--dsse", "-o", "e.json")
    assert "Check" not in done.out
    assert json.loads(Path("e.json").read_text()) == value


def test_what_was_proven_changes_nothing(run, story):
    for words in (["3"], ["3", "--plain"], ["3", "--dsse"], ["--consistency", "6"]):
        run("prove", *words)
    checked(run, 0)


def test_the_one_file_says_the_same(run, story, key, tmp_path):  # noqa: F811
    """`python3 -I verify.py`, with nothing of the package, on a receipt and on two checkpoints."""
    wrote(run, 3, "-o", "r")
    one_more(run)
    wrote(run, "--consistency", 6, "-o", "c")
    Path("mine.txt").write_text(f"ledger-policy/v1\nlog {key}\n")
    Path("bad").write_bytes(Path("r").read_bytes().replace(b"index 3", b"index 2"))

    def alone(*words):
        done = subprocess.run([sys.executable, "-I", FILE, *words], capture_output=True, text=True, check=False)
        assert done.stderr == ""
        return done.returncode, done.stdout.split()[0]

    for trust in (("--key", key), ("--policy", "mine.txt")):
        assert alone("r", *trust) == (0, "VERIFIED")
        assert alone("c", *trust) == (0, "VERIFIED")
        assert alone("bad", *trust) == (3, "BROKEN")
    assert alone("r") == alone("c") == (5, "UNVERIFIABLE")
    assert json.loads(subprocess.check_output([sys.executable, "-I", FILE, "r", "--key", key, "--json"]))["seq"] == 3

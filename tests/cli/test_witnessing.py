"""Cosignatures by files: a ledger asks, witnesses sign what follows, an auditor wants two of three."""

import itertools
import json
from pathlib import Path

import pytest

from ledger.notes.note import parse_note
from tests.cli.test_verifying import checked

ORIGIN = "ledger.bank.example/credit"


@pytest.fixture
def key(story):
    """The log's key, as it stands in ledger.toml."""
    line = next(line for line in Path("ledger.toml").read_text().splitlines() if line.startswith("key"))
    return line.split('"')[1]


@pytest.fixture
def witnesses(run, key):
    """Three witnesses of this user's, each following the log; their policy lines."""
    made = {}
    for name in ("w1", "w2", "w3"):
        made[name] = run("witness", "init", f"{name}.test/x", "--json").document["keys"]
        assert run("witness", "follow", key, "--as", f"{name}.test/x").code == 0
    return made


def policy(path, key, witnesses, *more, needed=2, half=0):
    lines = [f"witness {name} {keys[half]}" for name, keys in witnesses.items()]
    path.write_text(
        "\n".join(["ledger-policy/v1", f"log {key}", *lines, f"group all {needed} w1 w2 w3", "quorum all", *more, ""])
    )
    return path


numbers = itertools.count()


def exchange(run, name, *, old=0):
    """Request, cosign, add; return what the witness wrote."""
    request, signed = Path(f"r{next(numbers)}"), Path(f"c{next(numbers)}")
    assert run("witness", "request", "--old", old, "-o", request).code == 0
    done = run("witness", "cosign", request, "-o", signed, "--as", f"{name}.test/x")
    assert done.code == 0, done.err
    assert run("witness", "add", signed).code == 0
    return signed


@pytest.mark.parametrize("half", [0, 1], ids=["ed25519", "ml-dsa-44"])
def test_two_of_three_for_somebody_else(run, story, key, witnesses, stranger, tmp_path, half):
    mine, ledger_file = policy(tmp_path / "mine.txt", key, witnesses, half=half), story.absolute()
    signed = exchange(run, "w1")
    assert len(parse_note(signed.read_bytes()).signatures) == 4
    text, document = judged(run, 5, "--policy", mine)
    assert text.startswith("UNVERIFIABLE 6 entries checked; 1 thing is missing")
    assert "the policy wants 2 of 3 witnesses; of size 6 only w1 cosigned" in text
    exchange(run, "w3")
    one_more(run)
    stranger()
    text, document = checked_once(run, 0, ledger_file, "--policy", mine)
    assert "2 of 3 witnesses (w1, w3), size 6, by 20" in " ".join(text.split())
    assert "the log's key in" in text
    assert "that the witnesses are independent of the operator" in text
    assert "same above entry 5" in text
    (witness,) = [one for one in document["vouched_by"] if one["kind"] == "witness"]
    assert (witness["size"], witness["names"]) == (6, ["w1", "w3"])


def one_more(run):
    done = run("record", "evaluated", "credit-scoring@3.1.0", "--metrics", "auc=0.8")
    assert done.code == 0, done.err


def judged(run, code, *words):
    """As `checked`, on one line: where lines break depends on how long the paths of this run are."""
    text, document = checked(run, code, *words)
    return " ".join(text.split()), document


def checked_once(run, code, *words):
    told, done = run("verify", *words, "--json"), run("verify", *words)
    assert (told.code, done.code) == (code, code), done.out + done.err
    return " ".join(done.out.split()), told.document


def test_a_witness_goes_forward_only(run, story, key, witnesses):
    exchange(run, "w1")
    one_more(run)
    assert run("witness", "request", "-o", "again").code == 0  # from nothing, as if it were the first
    done = run("witness", "cosign", "again", "--as", "w1.test/x")
    assert (done.code, done.error[0]) == (4, "again: not cosigned: this witness cosigned size 6 last, not 0")
    assert done.error[1] == "ask for: ledger witness request --old 6"
    assert run("witness", "request", "--for", "w1.test/x", "-o", "next").code == 0
    assert Path("next").read_bytes().startswith(b"old 6\n")
    signed = run("witness", "cosign", "next", "--as", "w1.test/x", "--json").document["cosigned"][0]
    assert signed["size"] == 7
    shown = run("witness", "show", "--as", "w1.test/x")
    assert f"{ORIGIN}     7  20" in shown.out
    document = run("witness", "show", "--as", "w1.test/x", "--json").document
    assert (document["logs"][0]["size"], document["logs"][0]["forks"]) == (7, [])


def test_a_bare_checkpoint_is_enough_the_first_time_and_again(run, story, key, witnesses):
    exchange(run, "w1")
    note = Path("kept")
    run("witness", "request", "-o", "r")
    note.write_bytes(Path("r").read_bytes().partition(b"\n\n")[2])
    for _ in range(2):
        done = run("witness", "cosign", note, "--as", "w2.test/x", "--json")
        assert done.code == 0, done.err
    assert done.document["cosigned"][0]["size"] == 6


def test_a_fork_is_not_cosigned_and_kept_as_evidence(run, story, key, witnesses, tmp_path, home):
    from ledger.config import log_key_path
    from ledger.keys.files import load_log_key
    from ledger.notes.checkpoint import Checkpoint, sign_checkpoint

    exchange(run, "w1")
    log_key = load_log_key(log_key_path(ORIGIN), ORIGIN)
    Path("fork").write_bytes(b"old 6\n\n" + sign_checkpoint(Checkpoint(ORIGIN, 6, bytes(32)), log_key.all))
    Path("beyond").write_bytes(
        b"old 6\n" + b"A" * 43 + b"=\n\n" + sign_checkpoint(Checkpoint(ORIGIN, 9, bytes(32)), log_key.all)
    )
    for file, forks in (("beyond", 0), ("fork", 1), ("fork", 1)):
        done = run("witness", "cosign", file, "--as", "w1.test/x")
        assert done.code == 3, done.err
        document = run("witness", "show", "--as", "w1.test/x", "--json").document
        assert (document["logs"][0]["size"], len(document["logs"][0]["forks"])) == (6, forks)
    assert run("witness", "add", "fork").code == 3  # a request is no cosigned checkpoint


def test_who_is_asked_by_a_log_it_does_not_follow(run, story, key):
    run("witness", "init", "w9.test")
    run("witness", "request", "-o", "r")
    done = run("witness", "cosign", "r")
    assert done.code == 2
    assert "does not know that log" in done.error[0]
    assert "ledger witness follow" in done.error[1]


def test_another_key_of_the_same_name_signs_nothing_here(run, story, witnesses, tmp_path, monkeypatch, home):
    from ledger.keys.log_key import LogKey
    from ledger.notes.checkpoint import Checkpoint, sign_checkpoint

    Path("r").write_bytes(sign_checkpoint(Checkpoint(ORIGIN, 6, bytes(32)), LogKey.generate(ORIGIN).all))
    done = run("witness", "cosign", "r", "--as", "w1.test/x")
    assert done.code == 3
    assert "no known key signed" in done.error[0]


def test_several_at_once(run, story, key, witnesses, tmp_path):
    run("witness", "request", "-o", "one")
    Path("two").write_bytes(Path("one").read_bytes())
    assert run("witness", "cosign", "one", "two", "--as", "w1.test/x").code == 2
    Path("out").mkdir()
    done = run("witness", "cosign", "one", "-o", "out", "--as", "w1.test/x")
    assert done.code == 0, done.err
    assert run(
        "witness", "add", "out/one.cosigned", *(word for key in witnesses["w1"] for word in ("--witness", key))
    ).out == ("Size 6 is kept with the lines of w1.test/x (signature good).\n")


def test_which_witness(run, story, key):
    assert run("witness", "show").error[0] == "which witness? Here: none"
    run("witness", "init", "a.test/1")
    assert run("witness", "show").code == 0
    run("witness", "init", "b.test")
    assert run("witness", "show").error[0] == "which witness? Here: a.test/1, b.test"
    assert run("witness", "init", "b.test").code == 2
    assert run("witness", "init", "b test").code == 2
    assert run("witness", "follow", "nonsense", "--as", "b.test").code == 2
    own = run("witness", "show", "--as", "b.test", "--json").document["keys"][0]
    assert run("witness", "follow", own, "--as", "b.test").code == 2
    assert run("witness", "follow", key, key, "--as", "b.test").code == 2


@pytest.mark.parametrize("content", [b"", b"old 0\n\nx", b"\xff" * 100, b"a" * 200_000])
def test_what_is_neither_request_nor_checkpoint(run, story, witnesses, content):
    Path("f").write_bytes(content)
    assert run("witness", "cosign", "f", "--as", "w1.test/x").code == 2
    assert run("witness", "add", "f").code in (2, 3)


def test_without_the_logs_key_nothing_is_asked(run, story, key, monkeypatch):
    monkeypatch.setenv("LEDGER_LOG_KEY", "none.key")
    done = run("witness", "request")
    assert done.code == 2
    assert "the log's key is not here" in done.error[0]


# ---- the policy file on the command line ----


def test_a_policy_speaks_alone(run, story, key, tmp_path):
    mine = tmp_path / "mine.txt"
    mine.write_text(f"ledger-policy/v1\nlog {key}\n")
    text, document = judged(run, 0, "--policy", mine)
    assert {one["kind"] for one in document["vouched_by"]} == {"key", "pin"}
    assert "mine.txt" in text
    assert run("verify", "--policy", mine, "--key", key).code == 2
    mine.write_text(f"ledger-policy/v1\nlog {key}\nsize 7\n")
    text, document = judged(run, 3, "--policy", mine)
    assert (document["failures"][0]["check"], document["failures"][0]["code"]) == (4, "shrunk")
    mine.write_text(f"ledger-policy/v1\ngenesis {'a' * 64}\n")
    assert "another log" in judged(run, 3, "--policy", mine)[0]
    mine.write_text(f"ledger-policy/v1\nlog {key}\nwitneses w1\n")
    done = run("verify", "--policy", mine)
    assert (done.code, done.error[0]) == (2, f"{mine}:3: unknown word 'witneses'; nearest 'witness'")


def test_a_policy_that_came_with_what_it_judges(run, story, key, stranger, tmp_path):
    theirs = Path("policy.txt").absolute()
    theirs.write_text(f"ledger-policy/v1\nlog {key}\n")
    folder = story.absolute().parent
    stranger()
    done = run("verify", folder, "--policy", theirs)
    assert done.code == 2
    assert "its sender's policy" in done.error[0]


def test_a_receipt_under_a_policy(run, story, key, stranger, tmp_path):
    run("prove", 3, "-o", "r.tlog-proof")
    receipt, mine = Path("r.tlog-proof").absolute(), tmp_path / "mine.txt"
    mine.write_text(f"ledger-policy/v1\nlog {key}\n")
    stranger()
    done = run("verify", receipt, "--policy", mine)
    assert done.code == 0, done.out
    assert "the log's key in" in done.out
    assert "mine.txt" in done.out


# ---- over HTTP ----


@pytest.fixture
def served(process, witnesses):
    """The three witnesses answer over HTTP; return their addresses and processes."""
    made = {}
    for name in witnesses:
        one = process("witness", "serve", "--as", f"{name}.test/x", "--port", 0, "--json")
        made[name] = (json.loads(one.stdout.readline())["url"], one)
    return made


def test_a_policys_witnesses_are_asked(run, story, key, witnesses, served, tmp_path):
    mine = tmp_path / "mine.txt"
    lines = [f"witness {name} {keys[0]} {served[name][0]}" for name, keys in witnesses.items()]
    mine.write_text("\n".join(["ledger-policy/v1", f"log {key}", *lines, "group all 2 w1 w2 w3", "quorum all", ""]))
    served["w2"][1].kill()
    served["w2"][1].wait()
    done = run("witness", "ask", "--policy", mine)
    assert done.code == 0, done.out + done.err
    assert done.out.splitlines()[0] == "w1.test/x  signed size 6"
    assert "cannot be reached" in done.out.splitlines()[1]
    assert done.out.splitlines()[-1] == "2 of 3 witnesses: enough signed."
    assert all(len(line) <= 100 for line in done.out.splitlines())
    assert run("verify", "--policy", mine).code == 0
    one_more(run)
    served["w1"][1].kill()
    served["w1"][1].wait()
    told = run("witness", "ask", "--policy", mine, "--json")
    assert (told.code, told.document["enough"]) == (4, False)
    assert [one["signed"] for one in told.document["asked"]] == [False, False, True]
    url = served["w3"][0]
    alone = run("witness", "ask", url, "--witness", witnesses["w3"][0], "--witness", witnesses["w3"][1])
    assert (alone.code, alone.out) == (0, "w3.test/x  signed size 7\n")


def test_who_is_asked_must_be_said(run, story, key, tmp_path):
    mine = tmp_path / "mine.txt"
    mine.write_text(f"ledger-policy/v1\nlog {key}\n")
    for words in ([], ["http://127.0.0.1:1"], ["--policy", mine], ["http://127.0.0.1:1", "--policy", mine]):
        done = run("witness", "ask", *words)
        assert done.code == 2, words
        assert done.error

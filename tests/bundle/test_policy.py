"""The verifier's policy in the one file: read as the package reads it, and asked for the same."""

import time

import pytest
from hypothesis import given

from ledger.anchors.witness import keep_cosigned
from ledger.bundle.export import export_bundle
from ledger.errors import Misuse
from ledger.keys.log_key import LogKey
from ledger.policy.file import FIRST_LINE, read_policy
from tests.bundle.packing import by_package, pack
from tests.bundle.test_commands import alone
from tests.core.test_policy import BAD, BOUNDED, ED, PQ, WHOLE, WORDS, WRONG, st
from tests.log.test_vouching import NOW, WITNESSES, cosigned
from tests.reference.second import SECOND


def read(text):
    try:
        return SECOND.read_policy(text.encode())
    except SECOND.Bad:
        return None


def test_the_same_of_a_whole_policy():
    policy = SECOND.read_policy(WHOLE.encode())
    theirs, _ = read_policy(WHOLE.encode(), "x")
    assert [SECOND.write_vkey(key) for key in policy.keys] == [ED, PQ]
    assert (policy.origin, policy.genesis, policy.require) == (theirs.origin, theirs.genesis, theirs.require)
    assert (policy.size, policy.date, policy.quorum) == (theirs.least_size, theirs.least_date, theirs.quorum.needed)
    assert {one.name: one.key.text for one in theirs.quorum.witnesses} == {
        name: SECOND.write_vkey(key) for name, key in policy.witnesses.items()
    }
    assert policy.groups == {one.name: (one.needed, list(one.members)) for one in theirs.quorum.groups}


@pytest.mark.parametrize("lines", [f"{lines}\nlog {ED}" for lines, _, _ in BAD.values()], ids=BAD)
def test_a_bad_line(lines):
    assert read(f"{FIRST_LINE}\n{lines}\n") is None


@pytest.mark.parametrize("lines", [lines for lines, _ in WRONG.values()], ids=WRONG)
def test_lines_that_do_not_go_together(lines):
    assert read(f"{FIRST_LINE}\n{lines}\n") is None


@BOUNDED
@given(st.lists(st.lists(WORDS, max_size=5).map(" ".join), max_size=8).map("\n".join))
def test_both_read_or_refuse_any_lines(text):
    text = f"{FIRST_LINE}\nlog {ED}\nlog {PQ}\n{text}"
    try:
        read_policy(text.encode(), "x")
        good = True
    except Misuse:
        good = False
    assert (read(text) is not None) == good


def asked(bundle, path, *lines):
    """What both say under a policy of these lines; the log's keys are always named."""
    text = "\n".join([FIRST_LINE, *(f"log {key}" for key in bundle.keys), *lines, ""])
    theirs, _ = read_policy(text.encode(), "mine.txt")
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(NOW + 5))
    result = SECOND.verify_bundle(str(path), policy=SECOND.read_policy(text.encode()))
    report = by_package(path, policy=theirs, now=now)
    places = [one.seq for one in result.missing if one.seq is not None]
    seq = result.failures[0].seq if result.failures else min(places, default=None)
    assert (result.verdict, seq) == report[:2], (result, report)
    return result


GROUP = [f"witness {name} {key.verifier_keys[0].text}" for name, key in WITNESSES.items()]
GROUP += ["group two 2 w1 w2 w3", "quorum two"]


def test_a_quorum_of_witnesses(bundle):
    assert asked(bundle, bundle.path, *GROUP).verdict == "UNVERIFIABLE"
    keep_cosigned(bundle.ledger, cosigned(bundle.note, "w1", "w3"), ())
    path = bundle.folder / "w.zip"
    export_bundle(bundle.ledger.store, bundle.ledger.genesis, path)
    result = asked(bundle, path, *GROUP)
    assert result.verdict == "VERIFIED"
    assert result.vouchers == [("the quorum two (w1, w3)", 16)]
    assert asked(bundle, path, *GROUP[:3], "quorum w2").verdict == "UNVERIFIABLE"
    day = time.strftime("%Y-%m-%d", time.gmtime(NOW - 86_400))
    assert asked(bundle, path, *GROUP, f"date {day}").verdict == "VERIFIED"
    assert asked(bundle, path, *GROUP, "date 2099-01-01").verdict == "UNVERIFIABLE"
    (bundle.folder / "mine.txt").write_text("\n".join([FIRST_LINE, f"log {bundle.keys[0]}", *GROUP, ""]))
    done = alone(path, "--policy", bundle.folder / "mine.txt")
    assert done.returncode == 0, done
    assert "the quorum two (w1, w3), size 16" in done.stdout
    assert "no witness" not in done.stdout


def test_least_size_origin_and_genesis(bundle):
    assert asked(bundle, bundle.path, "size 16", f"genesis {bundle.leaf}").verdict == "VERIFIED"
    assert asked(bundle, bundle.path, "size 17").verdict == "BROKEN"
    assert asked(bundle, bundle.path, f"genesis {'0' * 64}").verdict == "BROKEN"
    with pytest.raises(SECOND.Misuse):
        SECOND.brought(SECOND.arguments().parse_args(["x", "--policy", "nowhere"]))
    other = SECOND.Policy(origin="ledger.test/two", genesis=bundle.leaf)
    assert SECOND.verify_bundle(str(bundle.path), policy=other).failures[0][:2] == (10, 0)


def test_require_all(bundle):
    """Both lines are there; with the ML-DSA line taken out, only who demands it notices."""
    assert asked(bundle, bundle.path, "require all").verdict == "VERIFIED"
    note = bundle.note.decode().splitlines(keepends=True)
    files = {**bundle.files, "checkpoint": "".join(note[:-1]).encode()}
    files.pop("checkpoints.jsonl", None)
    path = pack(bundle.folder / "t.zip", files)
    assert asked(bundle, path).verdict == "VERIFIED"
    assert asked(bundle, path, "require all").failures[0].check == 3


def test_another_logs_keys(bundle):
    stranger = LogKey.generate("ledger.test/one").verifier_keys
    text = "\n".join([FIRST_LINE, *(f"log {key.text}" for key in stranger), ""])
    result = SECOND.verify_bundle(str(bundle.path), policy=SECOND.read_policy(text.encode()))
    assert (result.verdict, result.failures[0].check) == ("BROKEN", 3)


@pytest.mark.parametrize("words", [("--key", "K"), ("--genesis", "a" * 64)])
def test_a_policy_stands_alone(bundle, words):
    (bundle.folder / "mine.txt").write_text(f"{FIRST_LINE}\nlog {bundle.keys[0]}\n")
    done = alone(bundle.path, "--policy", bundle.folder / "mine.txt", *words)
    assert done.returncode == 2
    assert "cannot stand beside it" in done.stderr

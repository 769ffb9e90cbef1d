"""The verifier's policy file: every line is known, or the file is refused; and quorums."""

import itertools

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import Misuse
from ledger.keys.log_key import LogKey
from ledger.notes.merging import Cosigned
from ledger.notes.verifier import ED25519, ED25519_COSIGNATURE, VerifierKey
from ledger.policy import Group, Quorum, Witness
from ledger.policy.file import FIRST_LINE, LIMIT, read_policy
from tests.examples import examples

BOUNDED = examples(300)
ORIGIN = "ledger.test/one"
LOG = LogKey.generate(ORIGIN)
ED, PQ = (key.text for key in LOG.verifier_keys)


def point(seed):
    return Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32).public_key().public_bytes_raw()


def vkey(seed, name="", kind=ED25519_COSIGNATURE):
    return VerifierKey.make(name or f"w.test/{seed}", kind, point(seed))


W1, W2, W3 = (vkey(seed) for seed in (1, 2, 3))
WHOLE = f"""{FIRST_LINE}
# what I trust of the bank, from the contract of 2026-11-20
origin  {ORIGIN}
genesis {"a" * 64}
log     {ED} https://ledger.test/one
log\t{PQ}
require all
size    9344
date    2026-12-01

tsa-root roots/tsa.pem
tsa-root roots/old.pem
witness w1 {W1.text}
witness w2 {W2.text}  https://w2.test/
witness w3 {W3.text}
group some 2 w1 w2 w3
quorum some
"""


def test_all_of_it():
    policy, roots = read_policy(WHOLE.encode(), "mine.txt")
    assert policy.keys == LOG.verifier_keys
    assert (policy.origin, policy.genesis, policy.require) == (ORIGIN, "a" * 64, "all")
    assert (policy.least_size, policy.least_date) == (9344, "2026-12-01T00:00:00.000000Z")
    assert roots == ("roots/tsa.pem", "roots/old.pem")
    assert policy.key_source == policy.genesis_source == "mine.txt"
    assert policy.quorum == Quorum(
        (Witness("w1", W1), Witness("w2", W2, "https://w2.test/"), Witness("w3", W3)),
        (Group("some", 2, ("w1", "w2", "w3")),),
        "some",
    )
    assert policy.quorum.words == "2 of 3 witnesses"


def test_the_least_that_it_may_say():
    policy, roots = read_policy(f"{FIRST_LINE}\nlog {ED}".encode(), "x")
    assert (policy.origin, policy.quorum, policy.require, roots) == (ORIGIN, None, "any", ())
    assert read_policy(f"{FIRST_LINE}\ngenesis sha256:{'c' * 64}\n".encode(), "x")[0].genesis == "c" * 64


BAD = {
    "no such word": ("sizes 9", 2, "nearest 'size'"),
    "a colon": ("size: 9", 2, "unknown word"),
    "upper case": ("Log " + ED, 2, "unknown word"),
    "origin": ("origin https://ledger.test/one", 2, "no origin"),
    "two items": (f"origin {ORIGIN} more", 2, "takes ORIGIN"),
    "nothing after it": ("quorum", 2, "takes"),
    "said twice": (f"origin {ORIGIN}\norigin {ORIGIN}", 3, "twice"),
    "genesis": ("genesis " + "A" * 64, 2, "no leaf"),
    "a key cut off": ("log " + ED[:-3], 2, "not a verifier key"),
    "a witness as the log": (f"log {W1.text}", 2, "0x01 or 0x06"),
    "require": ("require both", 2, "all or any"),
    "size 0": ("size 0", 2, "no number"),
    "size with a zero": ("size 09", 2, "no number"),
    "size in other digits": ("size ９", 2, "no number"),
    "size beyond": (f"size {2**53}", 2, "no number"),
    "a date that is none": ("date 2026-02-30", 2, "no date"),
    "a date of the past": ("date 01.12.2026", 2, "no date"),
    "an address": (f"log {ED} ftp://x", 2, "no address"),
    "none as a name": (f"witness none {W1.text}", 2, "taken"),
    "a name twice": (f"witness w {W1.text}\nwitness w {W2.text}", 3, "taken"),
    "a group named as a witness": (f"witness w {W1.text}\ngroup w any w", 3, "taken"),
    "used above its definition": (f"group g any w1\nwitness w1 {W1.text}", 2, "not defined above"),
    "k as words": (f"witness w {W1.text}\ngroup g two w", 3, "not all, any or a number"),
    "k of 0": (f"witness w {W1.text}\ngroup g 0 w", 3, "not all, any or a number"),
    "a group of nobody": ("group g any", 2, "takes"),
    "a control character": (f"origin {ORIGIN}\x1b[31m", 2, "control character"),
    "carriage returns": (f"origin {ORIGIN}\r", 2, "control character"),
}
WRONG = {
    "no key at all": ("size 9", "neither a log's key nor a genesis"),
    "keys of two logs": (f"log {ED}\nlog {vkey(9, 'ledger.test/two', ED25519).text}", "several logs"),
    "another origin": (f"log {ED}\norigin ledger.test/two", "several logs"),
    "a key twice": (f"log {ED}\nlog {ED}", "one name and id"),
    "witnesses without a quorum": (f"log {ED}\nwitness w1 {W1.text}", "no quorum"),
    "a quorum of nobody": (f"log {ED}\nquorum some", "no witness or group"),
    "one key under two names": (f"log {ED}\nwitness a {W1.text}\nwitness b {vkey(1, 'o').text}\nquorum a", "two names"),
    "the same, with no quorum": (f"log {ED}\nwitness a {W1.text}\nwitness b {W1.text}\nquorum none", "two names"),
    "too many of them": (f"log {ED}\nwitness w1 {W1.text}\ngroup g 2 w1\nquorum g", "wants 2 of 1"),
    "a member of two groups": (
        f"log {ED}\nwitness w1 {W1.text}\ngroup g any w1\ngroup h any w1\nquorum h",
        "a member twice",
    ),
    "a member twice": (f"log {ED}\nwitness w1 {W1.text}\ngroup g any w1 w1\nquorum g", "a member twice"),
    "a log's key as witness": (
        f"log {vkey(1, ORIGIN, ED25519).text}\nwitness w {W1.text}\nquorum w",
        "the log's own",
    ),
    "no witness's kind": (f"log {ED}\nwitness w {vkey(1, 'w', ED25519).text}\nquorum w", "no witness's"),
}  # fmt: skip


@pytest.mark.parametrize(("lines", "number", "why"), BAD.values(), ids=BAD)
def test_a_line_that_is_not_known_or_cannot_be(lines, number, why):
    with pytest.raises(Misuse) as caught:
        read_policy(f"{FIRST_LINE}\n{lines}\nlog {ED}\n".encode(), "mine.txt")
    assert why in caught.value.message
    assert f"mine.txt:{number}:" in caught.value.message or f"line {number} " in caught.value.message


@pytest.mark.parametrize(("lines", "why"), WRONG.values(), ids=WRONG)
def test_lines_that_do_not_go_together(lines, why):
    with pytest.raises(Misuse) as caught:
        read_policy(f"{FIRST_LINE}\n{lines}\n".encode(), "mine.txt")
    assert why in caught.value.message
    assert "mine.txt" in caught.value.message


@pytest.mark.parametrize(
    "data",
    [b"", b"\n", b"ledger-policy/v2\n", b"\xef\xbb\xbfledger-policy/v1\n", b"log x\n", b"\xff",
     FIRST_LINE.encode() + b"\n" + b"#" * LIMIT, FIRST_LINE.encode() + b"\n" * 2000],
)  # fmt: skip
def test_what_is_no_policy(data):
    with pytest.raises(Misuse) as caught:
        read_policy(data, "mine.txt")
    assert caught.value.code == "policy"


WORDS = st.sampled_from(["log", "witness", "group", "quorum", "origin", "size", "require", "date", "genesis",
                         "tsa-root", "none", "all", "any", "2", "w1", "w2", "g", ED, W1.text, W2.text, "#", "\t", "x",
                         "é", "\x00", "9" * 30, "-1", "https://x"])  # fmt: skip


@BOUNDED
@given(st.lists(st.lists(WORDS, max_size=5).map(" ".join), max_size=8).map("\n".join))
def test_any_lines_are_a_policy_or_misuse(text):
    try:
        policy, _ = read_policy(f"{FIRST_LINE}\n{text}".encode(), "x")
    except Misuse:
        return
    assert policy.keys or policy.genesis
    if policy.quorum:
        policy.quorum.check()


@BOUNDED
@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_a_policy_or_misuse(data, headed):
    with pytest.raises(Misuse):
        read_policy((FIRST_LINE.encode() + b"\n" if headed else b"") + data, "x")


# ---- quorums ----


def by(key, time=100):
    return Cosigned(key, time)


def test_two_of_three():
    quorum = Quorum.of(2, {"w1": W1, "w2": W2, "w3": W3})
    for count in range(4):
        for some in itertools.combinations((W1, W2, W3), count):
            assert quorum.is_met(some) is (count >= 2)
    assert not quorum.is_met([W1, W1, W1])


def test_a_key_under_another_name_is_the_same_witness():
    quorum = Quorum.of(2, {"w1": W1, "w2": W2})
    assert not quorum.is_met([W1, vkey(1, "w.test/else")])


def test_groups_in_groups():
    quorum = Quorum(
        tuple(Witness(f"w{n}", vkey(n)) for n in range(1, 6)),
        (
            Group("banks", 2, ("w1", "w2", "w3")),
            Group("states", 1, ("w4", "w5")),
            Group("both", 2, ("banks", "states")),
        ),
        "both",
    )
    quorum.check()
    assert quorum.is_met([vkey(1), vkey(3), vkey(5)])
    assert not quorum.is_met([vkey(1), vkey(2), vkey(3)])
    assert not quorum.is_met([vkey(1), vkey(4), vkey(5)])
    assert quorum.words == "the quorum both"


def test_by_when_and_since_when():
    quorum = Quorum.of(2, {"w1": W1, "w2": W2, "w3": W3})
    lines = [by(W1, 300), by(W2, 100), by(W3, 200), by(W2, 900)]
    assert quorum.met_by(lines) == 200  # W2 and W3
    assert quorum.met_since(lines) == 300  # W2 again, and W1
    assert quorum.met_by([by(W1, 5), by(W1, 6)]) == quorum.met_since([]) == 0
    assert quorum.names(lines) == ("w1", "w2", "w3")

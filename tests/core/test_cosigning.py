"""Cosignatures: made, merged under one note, counted; and requests to witnesses, judged as the specification says."""

import random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import LedgerError, Misuse, Tampered
from ledger.keys.log_key import LogKey
from ledger.keys.witness_key import WitnessKey
from ledger.merkle.proofs import consistency_proof, subtree_root
from ledger.merkle.tree import EMPTY_ROOT, leaf_hash, tree_root
from ledger.notes.adding import (
    FORBIDDEN,
    MALFORMED,
    OK,
    OTHER_SIZE,
    REQUEST_LIMIT,
    UNKNOWN_LOG,
    UNPROVEN,
    Asked,
    judge,
    read_request,
    write_request,
)
from ledger.notes.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from ledger.notes.merging import add_lines, cosignatures, merge_notes
from ledger.notes.note import SIGNATURE_LIMIT, Note, SignatureLine, parse_note, render_note, verify_note
from ledger.notes.verifier import VerifierKey
from tests.core.test_notes import CHECKPOINT, SIGNED, WITNESS_KEY, cosigned
from tests.examples import examples

BOUNDED = examples(200)
ORIGIN = "ledger.test/one"
LOG, OTHER_LOG = LogKey.generate(ORIGIN), LogKey.generate(ORIGIN)
ONE, TWO = WitnessKey.generate("w.test/1"), WitnessKey.generate("w.test/2")
LEAVES = [leaf_hash(bytes([n])) for n in range(40)]
TIME = 1_700_000_000


def head(size, leaves=LEAVES):
    return Checkpoint(ORIGIN, size, tree_root(leaves[:size]) if size else EMPTY_ROOT)


def note(size, leaves=LEAVES, key=LOG):
    return sign_checkpoint(head(size, leaves), key.all)


def way(old, size, leaves=LEAVES):
    def read(level, index):
        part = leaves[index << level : (index + 1) << level]
        assert len(part) == 1 << level
        return tree_root(part)

    return tuple(consistency_proof(old, size, read))


def test_the_reader_of_this_file_is_right():
    assert (
        subtree_root(7, lambda level, index: tree_root(LEAVES[index << level : (index + 1) << level])) == head(7).root
    )


# ---- made ----


def test_the_bytes_are_those_of_the_specification():
    """The vector that was checked by hand: seed 20..3f, time 1700000000, over the seven well-known leaves."""
    key = WitnessKey(
        "witness.example/w1",
        Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64))),
        MLDSA44PrivateKey.from_seed_bytes(bytes(range(64, 96))),
    )
    ed, pq = key.cosign(CHECKPOINT, TIME)
    assert ed.text.encode() == cosigned()
    assert (pq.key_id.hex(), len(pq.signature)) == ("c6e20533", 2428)
    assert pq.signature[:8] == TIME.to_bytes(8, "big")
    whole = SIGNED + ed.text.encode() + pq.text.encode()
    assert verify_note(parse_note(whole), key.verifier_keys) == key.verifier_keys
    assert key.verifier_keys[0] == WITNESS_KEY
    assert "PRIVATE" not in repr(key)


@pytest.mark.parametrize("time", [0, -1, 2**63])
def test_no_line_without_a_time(time):
    with pytest.raises(Misuse):
        ONE.cosign(head(3), time)


def test_a_line_is_of_this_checkpoint_alone():
    lines = ONE.cosign(head(3), TIME)
    for other in (head(4), Checkpoint("ledger.test/two", 3, head(3).root), Checkpoint(ORIGIN, 3, bytes(32))):
        for key, line in zip(ONE.verifier_keys, lines, strict=True):
            assert key.is_good(head(3).text, line.signature)
            assert not key.is_good(other.text, line.signature)


# ---- merged ----


def under(data, *lines):
    return render_note(add_lines(parse_note(data), lines))


def test_merging_loses_no_line_and_says_none_twice():
    base = note(5)
    one = under(base, *ONE.cosign(head(5), TIME))
    two = under(base, *TWO.cosign(head(5), TIME + 1))
    merged = merge_notes(one, two)
    assert parse_note(merged).signatures == (*parse_note(one).signatures, *parse_note(two).signatures[2:])
    assert merge_notes(merged, one) == merge_notes(merged, two) == merged
    assert merge_notes(base, merged) == merged
    assert set(merge_notes(two, one).split(b"\n")) == set(merged.split(b"\n"))


def test_closing_again_adds_no_second_line_of_the_log():
    """ML-DSA draws its bytes anew each time: the line that was there first stays."""
    one, two = note(5), note(5)
    assert one != two
    assert merge_notes(one, two) == one
    everyday = sign_checkpoint(head(5), LOG.everyday)
    assert merge_notes(everyday, two) == two


def test_the_same_witness_later_is_another_line():
    merged = under(note(5), *ONE.cosign(head(5), TIME), *ONE.cosign(head(5), TIME + 9))
    assert len(parse_note(merged).signatures) == 6


def test_not_of_two_texts():
    with pytest.raises(Tampered) as caught:
        merge_notes(note(5), note(5, [*LEAVES[:4], LEAVES[9]]))
    assert caught.value.code == "forked"


def test_at_most_32_lines():
    lines = [SignatureLine(f"w{n}", b"abcd", bytes([n]) * 9) for n in range(SIGNATURE_LIMIT)]
    full = under(note(5), *lines[:30])
    assert len(parse_note(full).signatures) == SIGNATURE_LIMIT
    assert under(full, *lines[:30]) == full
    with pytest.raises(Misuse) as caught:
        under(full, lines[30])
    assert "32" in caught.value.message


@BOUNDED
@given(st.lists(st.integers(0, 11), max_size=12), st.lists(st.integers(0, 11), max_size=12))
def test_merging_is_a_union(some, others):
    pool = [SignatureLine(f"w{n % 4}", b"abcd", bytes([n]) * 10) for n in range(12)]
    base = parse_note(note(5))
    left = render_note(Note(base.text, (*base.signatures, *dict.fromkeys(pool[n] for n in some))))
    right = render_note(Note(base.text, (*base.signatures, *dict.fromkeys(pool[n] for n in others))))
    assert set(parse_note(merge_notes(left, right)).signatures) == {*base.signatures} | {pool[n] for n in some + others}


# ---- counted ----


def counted(data, latest=TIME + 100):
    keys = (*ONE.verifier_keys, *TWO.verifier_keys)
    return [(one.key.name, one.time) for one in cosignatures(parse_note(data), keys, latest)]


def test_what_counts_and_what_does_not():
    lines = ONE.cosign(head(5), TIME)
    assert counted(under(note(5), *lines)) == [("w.test/1", TIME)] * 2
    assert counted(under(note(5), *ONE.cosign(head(5), TIME + 100))) == [("w.test/1", TIME + 100)] * 2
    assert counted(under(note(5), *ONE.cosign(head(5), TIME + 101))) == []  # from the future
    assert counted(under(note(5), *ONE.cosign(head(6), TIME))) == []  # of another size
    strange = [SignatureLine("w.test/2", line.key_id, line.signature) for line in lines]  # under another's name
    assert counted(under(note(5), *strange)) == []
    ends = [line.signature[:-1] + bytes([line.signature[-1] ^ 1]) for line in lines]
    bent = [SignatureLine(line.name, line.key_id, end) for line, end in zip(lines, ends, strict=True)]
    assert counted(under(note(5), *bent, *TWO.cosign(head(5), TIME))) == [("w.test/2", TIME)] * 2


def test_a_mldsa_line_without_a_time_is_no_witness():
    """Type 0x06 with time 0 says nothing about being the newest: a witness never makes it, and it counts for none."""
    from ledger.notes.treehead import subtree_message

    key = ONE.verifier_keys[1]
    signature = bytes(8) + ONE._mldsa.sign(subtree_message(key.name, 0, head(5)))
    assert key.is_good(head(5).text, signature)
    assert counted(under(note(5), SignatureLine(key.name, key.key_id, signature))) == []


# ---- requests ----


def test_a_request_reads_back():
    for old, size in ((0, 7), (3, 7), (7, 7), (33, 40)):
        asked = Asked(old, way(old, size), note(size))
        data = write_request(old, asked.proof, asked.note)
        assert read_request(data) == asked
        assert asked.checkpoint == head(size)


def test_the_request_of_the_specification():
    """376 bytes: `old 3`, four hashes, a blank line, the checkpoint of the seven well-known leaves."""
    from hashlib import sha256

    hashes = (
        "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
        "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "837dbb152e9b079010717e84e865da4ebc0fa198a806d59d31bf15accef22d0e",
    )
    data = write_request(3, [bytes.fromhex(digest) for digest in hashes], SIGNED)
    assert (len(data), sha256(data).hexdigest()[:16]) == (376, "45dfc71e73fb28e4")
    asked = read_request(data)
    old = Checkpoint(
        CHECKPOINT.origin, 3, bytes.fromhex("aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77")
    )
    key = VerifierKey.parse("example.com/audit-log+07499b2d+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4")
    assert judge(asked, [key], old).checkpoint == CHECKPOINT


@pytest.mark.parametrize(
    "head_of",
    [b"", b"old\n", b"old x\n",
     b"old 03\n", b"old -1\n", b"old 3 \n", b"Old 3\n", b"old 3\r\n", b"old 9007199254740992\n",
     b"old 3\nAAAA\n", b"old 3\n\xff\n", b"old 3\n" + b"A" * 43 + b"B\n", b"old 3\n" + b"QUFB\n" * 64, b"\n"],
)  # fmt: skip
def test_what_is_no_request(head_of):
    with pytest.raises(Tampered):
        read_request(head_of + b"\n" + note(7))


def test_a_request_has_bounds():
    step = [bytes(32)]
    assert read_request(write_request(3, step * 63, note(7)))
    for proof, data in ((step * 64, note(7)), (step, b"a" * REQUEST_LIMIT), (step, b"no note"), (step, b"")):
        with pytest.raises(Tampered):
            read_request(write_request(3, proof, data))


@BOUNDED
@given(st.data())
def test_any_bytes_are_a_request_or_tampered(data):
    good = write_request(3, way(3, 7), sign_checkpoint(head(7), LOG.everyday))
    place, cut = data.draw(st.integers(0, len(good))), data.draw(st.integers(0, 30))
    changed = good[:place] + data.draw(st.binary(max_size=40)) + good[place + cut :]
    try:
        asked = read_request(changed)
    except Tampered:
        return
    assert write_request(*asked) == changed


# ---- judged ----

KEYS = LOG.verifier_keys
BENT = [*LEAVES[:2], leaf_hash(b"other"), *LEAVES[3:]]


def bad_line(data):
    lines = data.split(b"\n")
    lines[5] = lines[5][:-8] + b"AAAAAAA="
    return b"\n".join(lines)


JUDGED = {
    "the first": (Asked(0, (), note(7)), KEYS, None, OK),
    "the next": (Asked(3, way(3, 7), note(7)), KEYS, head(3), OK),
    "the same again": (Asked(7, (), note(7)), KEYS, head(7), OK),
    "one key of two is known": (Asked(0, (), note(7)), KEYS[1:], None, OK),
    "an empty log": (Asked(0, (), note(0)), KEYS, None, OK),
    "an empty log, again": (Asked(0, (), note(0)), KEYS, head(0), OK),
    "an unknown log": (Asked(0, (), note(7)), (), None, UNKNOWN_LOG),
    "another's signature": (Asked(0, (), note(7, key=OTHER_LOG)), KEYS, None, FORBIDDEN),
    "a bad line of a known key": (Asked(0, (), bad_line(note(7))), KEYS, None, FORBIDDEN),
    "old above it": (Asked(9, (), note(7)), KEYS, head(9), MALFORMED),
    "old above it, and not the last": (Asked(9, (), note(7)), KEYS, head(3), MALFORMED),
    "shrunk": (Asked(7, (), note(7)), KEYS, head(9), OTHER_SIZE),
    "not the last": (Asked(3, way(3, 7), note(7)), KEYS, head(5), OTHER_SIZE),
    "never seen": (Asked(3, way(3, 7), note(7)), KEYS, None, OTHER_SIZE),
    "asked to be told": (Asked(0, (), note(7)), KEYS, head(3), OTHER_SIZE),
    "no proof": (Asked(3, (), note(7)), KEYS, head(3), UNPROVEN),
    "a proof of another": (Asked(3, way(4, 7), note(7)), KEYS, head(3), UNPROVEN),
    "a step more": (Asked(3, (*way(3, 7), bytes(32)), note(7)), KEYS, head(3), UNPROVEN),
    "a proof from nothing": (Asked(0, way(3, 7), note(7)), KEYS, None, UNPROVEN),
    "a proof to itself": (Asked(7, way(3, 7), note(7)), KEYS, head(7), UNPROVEN),
    "forked below": (Asked(3, way(3, 7, BENT), note(7, BENT)), KEYS, head(3), UNPROVEN),
    "forked at the same size": (Asked(7, (), note(7, BENT)), KEYS, head(7), UNPROVEN),
    "nothing, with a root": (
        Asked(0, (), sign_checkpoint(Checkpoint(ORIGIN, 0, bytes(32)), LOG.all)), KEYS, None, UNPROVEN,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("asked", "keys", "latest", "status"), JUDGED.values(), ids=JUDGED)
def test_judged_as_the_specification_says(asked, keys, latest, status):
    judged = judge(asked, keys, latest)
    assert judged.status == status, judged.why
    assert (judged.checkpoint is None) is (status != OK)
    if status == OK:
        assert judged.checkpoint == open_checkpoint(asked.note, ORIGIN, LOG.verifier_keys)
    assert judged.why if status != OK else not judged.why


def test_only_two_trees_of_one_size_are_a_fork():
    for name, (asked, keys, latest, _) in JUDGED.items():
        assert judge(asked, keys, latest).fork is (name == "forked at the same size")


def test_whatever_is_asked_nothing_is_cosigned_that_loses_something():
    """Random requests over two histories: what is let through extends what was let through before."""
    chooser, latest, seen = random.Random(4), None, [0]
    for _ in range(400):
        leaves = chooser.choice((LEAVES, BENT))
        size = chooser.randrange(1, 40)
        old = latest.size if latest and chooser.random() < 0.7 else chooser.randrange(0, size + 1)
        proof = way(old, size, leaves) if old <= size else ()
        try:
            judged = judge(Asked(old, proof, note(size, leaves)), KEYS, latest)
        except LedgerError as error:
            pytest.fail(f"{error}")
        if judged.checkpoint is not None:
            assert latest is None or judged.checkpoint.size >= latest.size
            both = [head(judged.checkpoint.size, side).root for side in (LEAVES, BENT)]
            mine = [side for side, root in zip((LEAVES, BENT), both, strict=True) if root == judged.checkpoint.root]
            assert latest is None or any(head(latest.size, side).root == latest.root for side in mine)
            latest = judged.checkpoint
            seen.append(latest.size)
    assert seen == sorted(seen)
    assert len(set(seen)) > 3

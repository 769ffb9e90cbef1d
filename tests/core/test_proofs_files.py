"""Proof files: an entry under a checkpoint, checked offline; one other byte and it is none."""

import random

import pytest

from ledger import authorship, entry
from ledger.errors import LedgerError, Misuse, Tampered
from ledger.keys.log_key import LogKey
from ledger.receipts import PROOF_LIMIT, check_proof, is_proof
from tests.log.acts import say, say_many
from tests.log.conftest import keys, long, template, told  # noqa: F401 - fixtures


@pytest.fixture
def shown(told):  # noqa: F811
    def check(proof):
        return check_proof(proof, told.origin, told.genesis.log_keys)

    return check


def test_every_entry_can_be_proved(told, shown):  # noqa: F811
    for seq in range(16):
        proof = told.prove(seq)
        assert is_proof(proof)
        proven = shown(proof)
        assert proven.entry == told.find(seq)
        assert proven.checkpoint == told.checkpoint()


def test_by_id_and_from_the_end(told, shown):  # noqa: F811
    assert told.prove(told.find(3).statement.id) == told.prove(3)
    assert shown(told.prove(-1)).entry.seq == 15
    for none in (16, -17, "0199a000-0000-7000-8000-000000000000", "x"):
        with pytest.raises(Misuse):
            told.prove(none)


@pytest.mark.parametrize("seq", [0, 15, 16, 255, 256, 257, 511, 512, 600, 616])
def test_where_tiles_meet(long, seq):  # noqa: F811
    proof = long.prove(seq)
    assert check_proof(proof, long.origin, long.genesis.log_keys).entry.seq == seq
    say(long, 1)
    say_many(long, 300)
    newer = check_proof(long.prove(seq), long.origin, long.genesis.log_keys)
    assert (newer.entry.seq, newer.checkpoint.size) == (seq, 918)
    assert check_proof(proof, long.origin, long.genesis.log_keys).checkpoint.size == 617  # an old one stays good


def test_an_uncovered_entry_has_no_proof_yet(told, tmp_path, monkeypatch):  # noqa: F811
    from ledger.api import Ledger

    monkeypatch.setenv("LEDGER_LOG_KEY", str(tmp_path / "none.key"))
    with Ledger.open(told.path) as other:
        say(other, 1)
        say(other, 2)
        with pytest.raises(Misuse) as caught:
            other.prove(16)
        assert caught.value.code == "uncovered"
        proven = check_proof(other.prove(15), told.origin, told.genesis.log_keys)
        assert (proven.entry.seq, proven.checkpoint.size) == (15, 16)


@pytest.mark.parametrize("authors", [False, True])
def test_one_other_byte_and_it_is_none(told, shown, authors):  # noqa: F811
    """Every byte (of a long one, every fifth), in one bit chosen for each."""
    proof, chooser = told.prove(9, authors=authors), random.Random(9)
    for at in range(0, len(proof), 1 if not authors else 5):
        changed = bytearray(proof)
        changed[at] ^= 1 << chooser.randrange(8)
        try:
            proven = shown(bytes(changed))
        except (Tampered, Misuse):
            continue
        pytest.fail(f"byte {at} of {len(proof)} may be another: {proven}")


def test_any_cut_or_addition(told, shown):  # noqa: F811
    proof = told.prove(9)
    for at in range(0, len(proof), 7):
        with pytest.raises((Tampered, Misuse)):
            shown(proof[:at])
    for more in (b"\n", b"x", b"\0", b"\n\n"):
        for changed in (proof + more, more + proof):
            with pytest.raises((Tampered, Misuse)):
                shown(changed)


def lines_of(proof):
    head, _, note = proof.partition(b"\n\n")
    return head.split(b"\n"), note


def joined(lines, note):
    return b"\n".join(lines) + b"\n\n" + note


@pytest.mark.parametrize("authors", [False, True])
def test_parts_of_different_proofs_do_not_fit_together(told, shown, authors):  # noqa: F811
    (one, note), (other, _) = (lines_of(told.prove(seq, authors=authors)) for seq in (9, 8))
    wrong = {
        "another entry": [one[0], other[1], *one[2:]],
        "another place": [*one[:2], other[2], *one[3:]],
        "another path": [*one[:3], *other[3:]],
        "a step less": one[:-1],
        "a step more": [*one, one[-1]],
        "steps turned round": [*one[:3], *reversed(one[3:])],
        "no extra line": [one[0], *one[2:]],
        "another version": [b"c2sp.org/tlog-proof@v2", *one[1:]],
        "index with a zero": [*one[:2], b"index 09", *one[3:]],
    }
    shown(joined(one, note))
    for lines in wrong.values():
        with pytest.raises(Tampered):
            shown(joined(lines, note))


def test_an_entry_that_was_forged_into_it(told, shown):  # noqa: F811
    from ledger.encoding import b64encode

    lines, note = lines_of(told.prove(3, authors=False))
    forged = told.read(3).replace(b'"auc":0.79', b'"auc":0.99')
    lines[1] = b"extra " + b64encode(forged).encode()
    with pytest.raises(Tampered):
        shown(joined(lines, note))


def test_another_logs_checkpoint_or_key(told):  # noqa: F811
    proof = told.prove(3)
    other = LogKey.generate(told.origin)
    with pytest.raises(Tampered):
        check_proof(proof, told.origin, other.verifier_keys)
    with pytest.raises(Tampered):
        check_proof(proof, "ledger.test/two", told.genesis.log_keys)


def test_a_leaf_is_not_taken_for_a_node(told, shown):  # noqa: F811
    """The path of a smaller tree does not show an entry under a larger one."""
    early = told.prove(3)
    say(told, 1)
    lines, _ = lines_of(early)
    _, note = lines_of(told.prove(3))
    with pytest.raises(Tampered):
        shown(joined(lines, note))


@pytest.mark.parametrize(
    "data",
    [b"", b"\n\n", b"c2sp.org/tlog-proof@v1\n", b"c2sp.org/tlog-proof@v1\n\n", b"\xff" * 99, b"\0",
     b"a" * (PROOF_LIMIT + 1)],
)  # fmt: skip
def test_what_is_no_proof(told, shown, data):  # noqa: F811
    with pytest.raises(Tampered):
        shown(data)


def test_random_bytes_raise_what_they_should(told, shown):  # noqa: F811
    chooser, proof = random.Random(1), told.prove(9)
    for _ in range(300):
        at = chooser.randrange(len(proof))
        data = proof[:at] + chooser.randbytes(chooser.randrange(60)) + proof[at + chooser.randrange(60) :]
        if data != proof:
            with pytest.raises(LedgerError):
                shown(data)


def test_a_proof_holds_the_entrys_own_bytes(told, shown):  # noqa: F811
    from ledger.encoding import b64decode

    lines, _ = lines_of(told.prove(3))
    assert authorship.read(b64decode(lines[1].removeprefix(b"extra ").decode()), PROOF_LIMIT)[0] == told.read(3)
    plain, _ = lines_of(told.prove(3, authors=False))
    assert b64decode(plain[1].removeprefix(b"extra ").decode()) == told.read(3)
    assert entry.leaf(told.read(3)).hex() == told.find(4).prev

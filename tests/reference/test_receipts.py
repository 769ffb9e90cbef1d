"""Every receipt of the vectors, by the package and by the second verifier, with `cryptography` and without."""

import time

import pytest

from ledger import entry
from ledger.errors import Misuse, Tampered
from ledger.extracts import Prover, check_consistent, consistency, is_consistency
from ledger.foresight import trust_in
from ledger.genesis import read_genesis
from ledger.notes.note import parse_note
from ledger.notes.treehead import parse_checkpoint
from ledger.notes.verifier import VerifierKey
from ledger.policy import Policy, Quorum
from ledger.receipts import check_proof, genesis_of_proof
from ledger.vouching import vouch_note
from tests.log.acts import say, say_many
from tests.log.conftest import keys, long, template, told  # noqa: F401 - fixtures
from tests.reference.second import PURE, SECOND
from tests.reference.test_agreement import Kept
from tests.reference.test_reference import INDEX, VECTORS

ROWS = INDEX["receipts"]
SLOW = {"author-by-both-keys"}  # ML-DSA in Python, and there is more of that elsewhere


def by_second(module, row, monkeypatch):
    data, trust = (VECTORS / row["file"]).read_bytes(), row["trust"]
    wanted = trust.get("witnesses", {"keys": [], "needed": 0, "now": None})
    if wanted["now"] is not None:
        monkeypatch.setattr(time, "time", lambda: wanted["now"])
    witnesses = {f"w{n}": module.read_vkey(key) for n, key in enumerate(wanted["keys"], 1)}
    policy = module.Policy(
        [module.read_vkey(key) for key in trust["keys"]],
        trust.get("genesis", ""),
        witnesses=witnesses,
        groups={"all": (wanted["needed"], list(witnesses))},
        quorum="all" if witnesses else None,
    )
    verify = module.verify_consistency if data.startswith(module.CONSISTENCY) else module.verify_receipt
    return verify(data, policy)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["file"].removeprefix("receipts/"))
def test_second_verifier(row, monkeypatch):
    expected = row["expect"]
    for module in (SECOND, PURE):
        if module is PURE and row["file"].removeprefix("receipts/") in SLOW:
            continue
        found = by_second(module, row, monkeypatch)
        assert found.verdict == expected["verdict"], found
        if "author_proven" in expected:
            assert found.document["author_proven"] is expected["author_proven"]


def by_package(row):
    data, trust = (VECTORS / row["file"]).read_bytes(), row["trust"]
    known = tuple(map(VerifierKey.parse, trust["keys"]))
    try:
        if is_consistency(data):
            if not known:
                return "UNVERIFIABLE", None
            check_consistent(data, "example.com/audit-log", known)
            return "VERIFIED", None
        if trust.get("genesis"):
            first = genesis_of_proof(data)
            leaf = entry.leaf(first).hex() if first is not None else ""
            if first is not None and leaf != trust["genesis"]:
                return "BROKEN", None
            if not known and first is None:
                return "UNVERIFIABLE", None
            known = known or read_genesis(entry.read(first).fields["statement"], leaf).log_keys
        if not known:
            return "UNVERIFIABLE", None
        proven = check_proof(data, "example.com/audit-log", known)
        _, missing = vouch_note(proven.note, proven.checkpoint, policy_of(trust), known)
        missing += proven.author.missing if proven.author else ()
    except (Tampered, Misuse):
        return "BROKEN", None
    return "UNVERIFIABLE" if missing else "VERIFIED", proven.author is not None


def policy_of(trust):
    if "witnesses" not in trust:
        return Policy()
    wanted = trust["witnesses"]
    named = {f"w{n}": VerifierKey.parse(key) for n, key in enumerate(wanted["keys"], 1)}
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(wanted["now"]))
    return Policy(quorum=Quorum.of(wanted["needed"], named), now=now)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["file"].removeprefix("receipts/"))
def test_package(row):
    expected = row["expect"]
    verdict, author = by_package(row)
    assert verdict == expected["verdict"]
    if "author_proven" in expected:
        assert author is expected["author_proven"]


def test_there_is_one_of_every_kind():
    verdicts = [row["expect"]["verdict"] for row in ROWS]
    assert {verdict: verdicts.count(verdict) >= 9 for verdict in set(verdicts)} == {
        "VERIFIED": True,
        "BROKEN": True,
        "UNVERIFIABLE": True,
    }


def test_the_second_verifier_on_what_the_package_writes(long):  # noqa: F811
    known = [SECOND.read_vkey(key.text) for key in long.genesis.log_keys]
    by_keys, by_leaf, by_other = SECOND.Policy(known), SECOND.Policy((), long.genesis_leaf), SECOND.Policy((), "0" * 64)
    old = long.close_checkpoint()
    say(long, 1)
    say_many(long, 40)
    new = long.close_checkpoint()
    for seq in (0, 3, 5, 7, 9, 16, 300, 615, 616, 617, 640):
        for authors in (True, False):
            proof = long.prove(seq, authors=authors)
            found = SECOND.verify_receipt(proof, by_keys)
            assert (found.verdict, found.document["author_proven"]) == ("VERIFIED", authors), found
            assert SECOND.verify_receipt(proof.replace(b"index ", b"index 1"), by_keys).verdict == "BROKEN"
        assert SECOND.verify_receipt(long.prove(seq), by_leaf).verdict == "VERIFIED"
        assert SECOND.verify_receipt(long.prove(seq), by_other).verdict == "BROKEN"
    data = consistency(long.store, old, new, long.origin, long.genesis.log_keys)
    assert check_consistent(data, long.origin, long.genesis.log_keys).old.size == 617
    assert SECOND.verify_consistency(data, by_keys).verdict == "VERIFIED"
    assert SECOND.verify_consistency(data, SECOND.Policy()).verdict == "UNVERIFIABLE"


def test_any_two_checkpoints(told):  # noqa: F811
    notes = [told.close_checkpoint()]
    for number in range(6):
        say(told, number)
        notes.append(told.close_checkpoint())
    log_keys = told.genesis.log_keys
    for n, old in enumerate(notes):
        for new in notes[n:]:
            data = consistency(told.store, old, new, told.origin, log_keys)
            first, second = check_consistent(data, told.origin, log_keys)
            assert [first, second] == [parse_checkpoint(parse_note(note).text) for note in (old, new)]
            if old is not new:
                with pytest.raises(Misuse):
                    consistency(told.store, new, old, told.origin, log_keys)
                for at in range(0, len(data), 97):
                    changed = bytearray(data)
                    changed[at] ^= 1
                    try:
                        found = check_consistent(bytes(changed), told.origin, log_keys)
                    except (Tampered, Misuse):
                        continue
                    assert found == (first, second), at  # a line's label was changed: it is nobody's, and not read


HALF = {"one-key-ed25519"}  # the line of the key that its verifier does not know is bad: R5 knows both
GOOD = [
    one
    for one in INDEX["logs"]
    if one["expect"]["verdict"] == "VERIFIED" and not one.get("needs") and one["name"] not in HALF
]


@pytest.mark.parametrize("one", GOOD, ids=lambda one: one["name"])
def test_every_entry_of_every_good_log_has_a_receipt(one):
    """Whatever was authorised, assigned, delegated, rotated or recovered: both verifiers take the chain behind it."""
    lines = b"".join((VECTORS / file).read_bytes() for file in one["entries"]).split(b"\n")[:-1]
    store = Kept(lines, [(VECTORS / file).read_bytes() for file in one["checkpoints"]], [])
    genesis = read_genesis(entry.read(lines[0]).fields["statement"], entry.leaf(lines[0]).hex())
    log_keys = trust_in(genesis, store).log_keys
    size = log_keys.open(store.head().note, genesis.origin).size
    known = log_keys.signers(size)[-1].keys
    prover, policy = Prover(store, genesis.origin), SECOND.Policy([SECOND.read_vkey(known[0].text)])
    for seq in range(size):
        proof = prover.receipt(lines[seq], log_keys, authors=True)
        author = check_proof(proof, genesis.origin, known).author
        assert author.missing == (), seq
        assert author.genesis.leaf == genesis.leaf
        found = SECOND.verify_receipt(proof, policy)
        assert (found.verdict, found.document["author_proven"]) == ("VERIFIED", True), (seq, found)

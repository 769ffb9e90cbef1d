"""Receipts that show their author: the chain of key events, the batch, and every way in which it does not hold."""

import pytest

from ledger import authorship, entry
from ledger.api import Ledger
from ledger.authorship import LINKS, Chain, Link
from ledger.encoding import encode
from ledger.errors import LedgerError, Misuse, Tampered
from ledger.keys.credential import SCHEMES
from ledger.proving import prove_inclusion, tree_reader
from ledger.receipts import PROOF_LIMIT, check_proof, genesis_of_proof
from tests.log.acts import authorise, say, say_many
from tests.log.conftest import keys, long, template, told  # noqa: F401 - fixtures


def shown(ledger, seq):
    return check_proof(ledger.prove(seq), ledger.origin, ledger.genesis.log_keys)


def chain_of(ledger, seq):
    read = tree_reader(ledger.store, ledger.store.head())
    return authorship.collect(ledger.store, read, ledger.checkpoint(), ledger.read(seq))


def checked(ledger, chain, seq):
    return authorship.check(chain, ledger.read(seq), ledger.checkpoint())


def test_every_entry_shows_its_author(told):  # noqa: F811
    for seq in range(16):
        author = shown(told, seq).author
        said = told.find(seq).statement
        assert (author.handle, author.key) == (said.actor, said.key)
        assert author.since == (6 if said.actor == "ana" else 0)
        assert author.genesis == told.genesis
        assert author.missing == ()


def test_what_stands_behind_whom(told):  # noqa: F811
    def behind(seq):
        return [entry.view(link.data).seq for link in chain_of(told, seq).links]

    assert behind(0) == []
    assert behind(3) == [0]
    assert behind(7) == [0, 5, 6]  # ana, whom mara introduced
    assert behind(15) == [0]  # mara's needs nothing about ana


def test_who_was_introduced_by_whom_was_introduced(told, tmp_path):  # noqa: F811
    """eve by ana, who is an administrator by mara's word: both chains are shown."""
    boss = authorise(told, "boss", tmp_path, roles=("admin",))  # 16, 17
    with Ledger.open(told.path, key=boss) as theirs:
        eve = authorise(theirs, "eve", tmp_path)  # 18, 19
    with Ledger.open(told.path, key=eve) as hers:
        say(hers, 70)  # 20
    assert [entry.view(link.data).seq for link in chain_of(told, 20).links] == [0, 16, 17, 18, 19]
    assert shown(told, 20).author.since == 19


def test_a_revoked_key_is_shown_revoked(told):  # noqa: F811
    """What was signed before stands; a chain that holds the revocation allows nothing after it."""
    told.record("key_revoked", handle="ana", key_id=told.find(7).statement.key, why="left")  # 16
    assert shown(told, 7).author.handle == "ana"
    good = chain_of(told, 7)
    revocation = chain_of(told, 16)
    assert [entry.view(link.data).seq for link in revocation.links] == [0]
    link = Link(told.read(16), ())
    with pytest.raises(Tampered):
        checked(told, good._replace(links=(*good.links, link)), 7)


# ---- batches ----


@pytest.mark.parametrize("seq", [16, 17, 255, 256, 300, 615])
def test_a_member_of_a_batch(long, seq):  # noqa: F811
    chain = chain_of(long, seq)
    assert (chain.head is None) is (seq == 16)
    assert 0 < len(chain.within) <= 10
    assert checked(long, chain, seq).handle == "mara"
    assert shown(long, seq).author.missing == ()


def test_a_batch_of_one(told):  # noqa: F811
    say_many(told, 1)
    chain = chain_of(told, 16)
    assert (chain.head, chain.within) == (None, ())
    assert checked(told, chain, 16).handle == "mara"


def test_what_does_not_tie_a_member_to_its_batch(long):  # noqa: F811
    chain, other = chain_of(long, 20), chain_of(long, 21)
    single = chain_of(long, 3)
    bad = {
        "no head": chain._replace(head=None),
        "no path": chain._replace(within=None),
        "another's path": chain._replace(within=other.within),
        "a path cut": chain._replace(within=chain.within[:-1]),
        "a member as head": chain._replace(head=Link(long.read(21), ())),
        "a single entry as head": chain._replace(head=Link(long.read(3), single.links[0].path)),
        "a head without its place": chain._replace(head=Link(chain.head.data, ())),
        "no genesis": chain._replace(links=()),
    }
    checked(long, chain, 20)
    for name, one in bad.items():
        with pytest.raises(Tampered):
            pytest.fail(f"{name}: {checked(long, one, 20)}")
    with pytest.raises(Tampered):  # who stands in no batch brings none
        checked(long, single._replace(within=()), 3)
    with pytest.raises(Tampered):
        checked(long, single._replace(head=chain.head), 3)


# ---- chains that do not hold ----


def test_links_that_are_missing_moved_or_foreign(told):  # noqa: F811
    chain = chain_of(told, 7)
    genesis, introduced, authorised = chain.links
    bad = {
        "none": (),
        "no genesis": (introduced, authorised),
        "no authorisation": (genesis, introduced),
        "no introduction": (genesis, authorised),
        "out of order": (genesis, authorised, introduced),
        "twice": (genesis, introduced, introduced, authorised),
        "the genesis again": (genesis, genesis, introduced, authorised),
        "another entry between": (genesis, Link(told.read(3), chain_of(told, 7).links[0].path), introduced, authorised),
        "what is no key event": (genesis, *_linked(told, 3), introduced, authorised),
        "the entry itself": (*chain.links, *_linked(told, 7)),
        "a path of another": (genesis, introduced._replace(path=authorised.path), authorised),
        "a path cut": (genesis, introduced, authorised._replace(path=authorised.path[:-1])),
        "too many": (genesis,) * (LINKS + 1),
    }
    assert checked(told, chain, 7).since == 6
    for name, links in bad.items():
        with pytest.raises(Tampered):
            pytest.fail(f"{name}: {checked(told, chain._replace(links=links), 7)}")


def _linked(ledger, seq):
    read, data = tree_reader(ledger.store, ledger.store.head()), ledger.read(seq)
    return (Link(data, tuple(prove_inclusion(read, seq, entry.leaf(data), ledger.checkpoint()))),)


def test_a_chain_of_another_log(told, tmp_path):  # noqa: F811
    with Ledger.create(tmp_path / "two.db", origin="ledger.test/two", actor="mara") as two:
        say(two, 1)
        other = chain_of(two, 1)
    with pytest.raises(Tampered):
        checked(told, chain_of(told, 7)._replace(links=other.links), 7)


def test_a_forged_signature_under_a_true_place(told, keys, edit):  # noqa: F811
    """The log's key seals an entry in ana's name that she never signed: a plain receipt holds, her chain does not."""
    from tests.log.forging import chained_anew, history, signed_again, stored

    datas = stored(told)
    datas[7] = signed_again(datas[7], keys.mara, reason="not hers")
    keys.pin.unlink()
    edit(told.path, *history(chained_anew(datas), log_key=keys.log))
    with Ledger.open(told.path) as forged:
        plain = check_proof(forged.prove(7, authors=False), told.origin, told.genesis.log_keys)
        assert plain.author is None
        assert plain.entry.statement.reason == "not hers"
        with pytest.raises(Tampered) as caught:
            check_proof(forged.prove(7), told.origin, told.genesis.log_keys)
    assert (caught.value.check, caught.value.seq) == (14, 7)


def test_who_speaks_before_the_key_is_authorised(told, keys, edit, tmp_path):  # noqa: F811
    from tests.log.forging import chained_anew, history, stored

    datas = stored(told)
    moved = [*datas[:5], datas[7], *datas[5:7], *datas[8:]]
    keys.pin.unlink()
    edit(told.path, *history(chained_anew(moved), log_key=keys.log, authority=(6, 7)))
    with Ledger.open(told.path) as forged, pytest.raises(Tampered) as caught:
        check_proof(forged.prove(5), told.origin, told.genesis.log_keys)
    assert (caught.value.check, caught.value.seq) == (13, 5)


def test_an_unknown_scheme_is_missing_not_broken(told, monkeypatch):  # noqa: F811
    proof = told.prove(7)
    monkeypatch.delitem(SCHEMES, "ed25519")
    author = check_proof(proof, told.origin, told.genesis.log_keys).author
    assert author.handle == "ana"
    assert any("ed25519 is not known" in one for one in author.missing)


# ---- bytes ----


def test_the_form_is_one(long):  # noqa: F811
    for seq in (0, 3, 7, 9, 16, 300):
        chain, data = chain_of(long, seq), long.read(seq)
        written = authorship.write(chain, data)
        assert authorship.read(written, PROOF_LIMIT) == (data, chain)
        assert authorship.is_chain(written)
        assert not authorship.is_chain(data)


LINK = {"entry": "QUFB", "path": []}


@pytest.mark.parametrize(
    "value",
    [{}, {"chain": []}, {"chain": [], "entry": "QUFB"}, {"chain": [], "entry": "QUFB", "format": 2},
     {"chain": [], "entry": "QUFB", "format": True}, {"chain": {}, "entry": "QUFB", "format": 1},
     {"chain": [], "entry": 5, "format": 1}, {"chain": [], "entry": "QUF", "format": 1},
     {"chain": [], "entry": "QUFB", "format": 1, "more": 1}, {"chain": [5], "entry": "QUFB", "format": 1},
     {"chain": [{"entry": "QUFB"}], "entry": "QUFB", "format": 1},
     {"chain": [LINK | {"path": ["QUFB"]}], "entry": "QUFB", "format": 1},
     {"chain": [LINK | {"path": "QUFB"}], "entry": "QUFB", "format": 1},
     {"chain": [LINK] * (LINKS + 1), "entry": "QUFB", "format": 1},
     {"chain": [], "entry": "QUFB", "format": 1, "head": None},
     {"chain": [], "entry": "QUFB", "format": 1, "within": ["A" * 43 + "="] * 54}],
)  # fmt: skip
def test_what_is_no_chain(value):
    with pytest.raises((Tampered, Misuse)):
        authorship.read(encode(value), PROOF_LIMIT)


def test_any_cut_of_a_chain(told):  # noqa: F811
    written = authorship.write(chain_of(told, 7), told.read(7))
    for at in range(0, len(written), 11):
        for changed in (written[:at], written[:at] + b"0" + written[at + 1 :]):
            if changed == written:
                continue
            try:
                data, chain = authorship.read(changed, PROOF_LIMIT)
                authorship.check(chain, data, told.checkpoint())
            except LedgerError:
                continue
            assert data != told.read(7) or chain == chain_of(told, 7), at


def test_entry_0_comes_along(told):  # noqa: F811
    assert genesis_of_proof(told.prove(7)) == told.read(0)
    assert genesis_of_proof(told.prove(0)) == genesis_of_proof(told.prove(0, authors=False)) == told.read(0)
    assert genesis_of_proof(told.prove(7, authors=False)) is None


def test_a_chain_has_bounds(told, monkeypatch):  # noqa: F811
    monkeypatch.setattr("ledger.authorship.LINKS", 2)
    with pytest.raises(Misuse) as caught:
        told.prove(7)
    assert caught.value.code == "long_chain"
    assert told.prove(7, authors=False)
    assert Chain(())

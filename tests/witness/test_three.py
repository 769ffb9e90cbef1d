"""Three witnesses as processes: two honest, or one of them down, or one that lies."""

import shutil

import pytest

from ledger.anchors.witness import ask
from ledger.api import Ledger
from ledger.errors import LedgerError, Tampered, Unavailable
from ledger.notes.note import parse_note
from ledger.pins import pin_path
from ledger.policy import Policy, Quorum, Trusted
from tests.log.acts import say
from tests.log.forging import history, stored


def asked(ledger, *witnesses):
    """Ask each; return who signed."""
    signed = []
    for one in witnesses:
        try:
            ask(ledger, one.url, one.keys, seconds=10)
        except LedgerError as error:
            signed.append(type(error))
        else:
            signed.append(True)
    return signed


def policy(ledger, *witnesses, half=0, **more):
    quorum = Quorum.of(2, {f"w{n}": one.keys[half] for n, one in enumerate(witnesses, 1)})
    return Policy(keys=ledger.genesis.log_keys, quorum=quorum, **more)


@pytest.mark.parametrize("half", [0, 1], ids=["ed25519", "ml-dsa-44"])
def test_one_of_three_is_down(told, serve, down, half):
    one, two, three = serve("w1.test"), serve("w2.test"), serve("w3.test")
    three.process.kill()
    three.url = down
    assert asked(told, one, two, three) == [True, True, Unavailable]
    report = told.verify(policy(told, one, two, three, half=half))
    assert report.verdict == "VERIFIED"
    (voucher,) = [one for one in report.vouchers if one.kind == "witness"]
    assert (voucher.size, voucher.names) == (16, ("w1", "w2"))
    two.process.kill()
    two.process.wait()
    say(told, 50)
    assert asked(told, one, two, three) == [True, Unavailable, Unavailable]
    later = told.verify(policy(told, one, two, three, half=half))
    assert [one.size for one in later.vouchers if one.kind == "witness"] == [16]
    assert later.size == 17


def test_one_of_three_lies(told, keys, serve, liar, edit, tmp_path):
    """The log's key makes a fork of what was witnessed: only the liar signs it, and two of three are not there."""
    one, two, three = serve("w1.test"), serve("w2.test"), liar("w3.test")
    assert asked(told, one, two, three) == [True, True, True]
    honest = told.verify(policy(told, one, two, three))
    assert honest.verdict == "VERIFIED"
    published = dict(told.store.checkpoints())[16]
    told.close()
    shutil.copy(told.path, tmp_path / "fork.db")
    keys.pin.unlink()
    with Ledger.open(tmp_path / "fork.db") as fork:
        datas = stored(fork)[:15]
    edit(tmp_path / "fork.db", "DELETE FROM checkpoints", *history(datas, log_key=keys.log))
    with Ledger.open(tmp_path / "fork.db") as fork:
        say(fork, 66)
        say(fork, 67)
        assert asked(fork, one, two, three) == [Tampered, Tampered, True]
        alone = fork.verify(policy(fork, one, two, three))
        assert (alone.verdict, [one.code for one in alone.missing]) == ("UNVERIFIABLE", ["quorum"])
        assert "of size 17 only w3 cosigned" in alone.missing[0].message
        beside = fork.verify(policy(fork, one, two, three, checkpoints=(Trusted(published, "what was published"),)))
        assert beside.verdict == "BROKEN"
        assert {(one.check, one.code) for one in beside.failures} == {(4, "forked")}
    pin_path(told.origin).unlink()  # of the fork
    with Ledger.open(told.path) as true:
        assert true.verify(policy(true, one, two, three)).verdict == "VERIFIED"


def test_a_witness_does_not_forget_when_it_is_killed(told, serve, start):
    one = serve("w1.test")
    assert asked(told, one) == [True]
    one.process.kill()
    one.process.wait()
    again = start(["-m", "ledger", "witness", "serve", "--as", "w1.test", "--port", 0, "--json"], one.keys)
    say(told, 1)
    assert asked(told, again) == [True]
    notes = dict(told.store.checkpoints())
    assert {size: len(parse_note(note).signatures) for size, note in notes.items()} == {16: 4, 17: 4}


def test_a_shorter_copy_is_told_so(told, serve, keys, edit, tmp_path):
    one = serve("w1.test")
    assert asked(told, one) == [True]
    keys.pin.unlink()
    datas = stored(told)[:12]
    edit(told.path, "DELETE FROM checkpoints", *history(datas, log_key=keys.log))
    with pytest.raises(Tampered) as caught:
        ask(told, one.url, one.keys)
    assert (caught.value.code, caught.value.check) == ("shrunk", 4)
    assert "cosigned 16 entries, here are 12" in caught.value.message

"""The log's keys replaced: by rotation and by recovery, from the writer's side, the verifier's, and the thief's."""

import pytest

from ledger.api import Ledger
from ledger.config import keys_folder, log_key_path
from ledger.errors import Misuse, Tampered
from ledger.identity import beside
from ledger.keys.ed25519 import Ed25519Signer
from ledger.keys.files import load_signer, save
from ledger.keys.log_key import LogKey
from ledger.notes.checkpoint import Checkpoint, sign_checkpoint
from ledger.notes.verifier import VerifierKey
from ledger.pins import pin_path
from ledger.placing import Request, Single
from ledger.policy import Policy, Trusted
from ledger.rekeying import prepare_recovery, recover_log_key, rotate_log_key
from tests.log.acts import say, say_many


def key(text):
    return Policy(keys=(VerifierKey.parse(text),), key_source="a test")


def first(ledger):
    return ledger.genesis.log_keys[0].text


def codes(report):
    return [(one.code, one.seq) for one in report.findings]


@pytest.fixture
def rotated(told):
    """Entry 16 hands over to a second key; 17 is sealed by it."""
    done = rotate_log_key(told, "yearly")
    say(told, 20)
    told._move_pin(now=True)
    return done


def test_old_and_new_keys_sign_the_hand_over_and_everybody_follows(told, rotated):
    assert rotated.seq == 16
    (kept,) = [note for size, note in told.store.checkpoints() if size == 17]
    assert kept.count("\u2014 ".encode()) == 4
    for policy in (None, key(first(told)), key(rotated.keys[0]), Policy()):
        report = told.verify(policy)
        assert report.verdict == ("UNPINNED" if policy == Policy() else "VERIFIED"), report
        assert codes(report) == [("log_key_rotated", 16)]
        assert report.log_key == rotated.keys[0]
    assert told.checkpoint().size == 18
    assert told.verify(key(first(told)), processes=2).verdict == "VERIFIED"


def test_a_pin_from_before_follows(told):
    pin = pin_path(told.origin).read_bytes()
    rotate_log_key(told, "yearly")
    say_many(told, 40)
    told.close()
    pin_path(told.origin).write_bytes(pin)
    with Ledger.open(told.path) as again:
        report = again.verify()
        assert (report.verdict, [one.kind for one in report.vouchers]) == ("VERIFIED", ["pin"])
        say(again, 9)


def test_another_process_takes_up_the_new_key(told):
    with Ledger.open(told.path) as other:
        say(other, 30)
        rotated = rotate_log_key(told, "yearly")
        assert say(other, 31).state == "sealed"
        assert other.covered == len(other) == 19
        assert other.verify(key(rotated.keys[0])).verdict == "VERIFIED"
    with Ledger.open(told.path) as fresh:
        say(fresh, 32)
        assert fresh.covered == 20


def test_a_second_rotation_lies_beside_the_first_key_too(told, rotated):
    second = rotate_log_key(told, "the notebook was stolen")
    assert second.file.parent == rotated.file.parent == log_key_path(told.origin).parent
    assert len({second.file, rotated.file, log_key_path(told.origin)}) == 3
    say(told, 33)
    report = told.verify(key(first(told)))
    assert (report.verdict, [seq for _, seq in codes(report)]) == ("VERIFIED", [16, 18])


def test_without_the_new_file_nothing_is_recorded_and_it_is_said_why(told, rotated):
    rotated.file.unlink()
    told.close()
    with Ledger.open(told.path) as again, pytest.raises(Misuse) as caught:
        say(again, 40)
    assert caught.value.code == "log_key"
    assert len(told) == 18


def test_without_any_log_key_a_writer_places(told, rotated, tmp_path):
    for path in (rotated.file, log_key_path(told.origin)):
        path.rename(tmp_path / path.name)
    told.close()
    with Ledger.open(told.path) as placing:
        assert say(placing, 41).state == "placed"
    (tmp_path / rotated.file.name).rename(rotated.file)
    with Ledger.open(told.path) as sealing:
        say(sealing, 42)
        assert sealing.covered == len(sealing) == 20
        assert sealing.verify(key(first(told))).verdict == "VERIFIED"


def test_who_may_not_rotate_leaves_no_key_behind(told, tmp_path):
    before = sorted(keys_folder().iterdir())
    with Ledger.open(told.path, key=tmp_path / "ana.key") as hers, pytest.raises(Misuse) as caught:
        rotate_log_key(hers, "mine now")
    assert caught.value.code == "role"
    log_key_path(told.origin).unlink()
    told.close()
    with pytest.raises(Misuse) as caught:
        rotate_log_key(told, "lost")
    assert "recover-log" in caught.value.fix
    assert sorted(keys_folder().iterdir()) == [path for path in before if path != log_key_path(told.origin)]
    assert len(told) == 16


def test_the_old_key_signs_nothing_beyond_the_hand_over(told, rotated, keys):
    head = told.store.head()
    root = told.checkpoint().root
    note = sign_checkpoint(Checkpoint(told.origin, 18, root), keys.log.all)
    with told.store.writing() as section:
        section.append((), (), (), (), head._replace(note=note))
    report = told.verify(key(first(told)))
    assert report.verdict == "BROKEN"
    assert {one.check for one in report.failures} == {3}
    told.close()
    with pytest.raises(Tampered):
        say(told, 50)


def test_who_is_at_work_with_the_old_key_follows_no_checkpoint_of_it_beyond_the_hand_over(told, keys):
    """It could make that very note itself, and so has no need to verify it: but the key is not the log's any more."""
    with Ledger.open(told.path) as other:
        say(other, 30)
        rotate_log_key(told, "yearly")
        say(told, 31)
        head, checkpoint = told.store.head(), told.checkpoint()
        with told.store.writing() as section:
            section.append((), (), (), (), head._replace(note=sign_checkpoint(checkpoint, keys.log.everyday)))
        with pytest.raises(Tampered):
            say(other, 32)
        assert len(told) == head.size


@pytest.mark.parametrize("wrong", ["key", "root", "size"])
def test_who_is_at_work_follows_no_checkpoint_that_the_key_did_not_make(told, keys, wrong):
    with Ledger.open(told.path) as other:
        say(other, 30)
        say(told, 31)
        head, checkpoint = told.store.head(), told.checkpoint()
        signers = LogKey.generate(told.origin).everyday if wrong == "key" else keys.log.everyday
        root = bytes(32) if wrong == "root" else checkpoint.root
        note = sign_checkpoint(Checkpoint(told.origin, head.size - (wrong == "size"), root), signers)
        with told.store.writing() as section:
            section.append((), (), (), (), head._replace(note=note))
        with pytest.raises(Tampered):
            say(other, 32)
        assert len(told) == head.size


def test_a_checkpoint_of_the_old_key_beyond_the_hand_over_vouches_for_nothing(told, rotated, keys):
    note = sign_checkpoint(told.checkpoint(), keys.log.all)
    policy = Policy(checkpoints=(Trusted(note, "the thief's"),))
    report = told.verify(policy)
    assert (report.verdict, report.failures[0].check) == ("BROKEN", 3)


def test_the_hand_over_must_not_get_lost(told, rotated):
    with told.store.writing() as section:
        section.connection.execute("DELETE FROM checkpoints WHERE size = 17")
        section.commit()
    report = told.verify()
    assert [(one.check, one.code, one.seq) for one in report.failures] == [(3, "hand_over", 16)]
    told.close()
    with pytest.raises(Tampered) as caught:
        say(told, 50)
    assert "signed by both" in caught.value.message
    with pytest.raises(Tampered):
        told.mend()


def test_what_can_be_computed_is_made_again_under_the_new_key(told, rotated):
    with told.store.writing() as section:
        section.connection.execute("DELETE FROM tiles; DELETE FROM authority; DELETE FROM head")
        section.commit()
    told.close()
    with Ledger.open(told.path) as again:
        assert again.mend().covered == 18
        assert again.verify(key(rotated.keys[0])).verdict == "VERIFIED"
        say(again, 51)


def test_a_rotation_that_somebody_forges_into_the_database_moves_no_writer(told, keys, tmp_path):
    """D and an administrator's key, without the log's: an entry and a checkpoint of a new key, no hand-over."""
    new = LogKey.generate(told.origin)
    path = keys_folder() / "elsewhere.key"
    save(path, new.to_pem())
    old = [one.text for one in told.genesis.log_keys]
    said = {"old": old, "new": [one.text for one in new.verifier_keys], "reason": "thanks"}
    signed = told._author().sign("log_key_rotated", said)
    log = told._log()
    log._log_key = None
    with pytest.raises(Misuse):
        log.append(Request([Single(signed.item, signed.signatures)], None, (), signed_here=True))
    log.replace_key(Request([Single(signed.item, signed.signatures)], None, (), signed_here=True), new, old_signs=False)
    told.close()
    report = told.verify()
    assert {(one.check, one.seq) for one in report.failures} == {(3, -1)}
    log_key_path(told.origin).unlink()
    with Ledger.open(told.path) as writer, pytest.raises(Tampered):
        say(writer, 60)


# ---- recovery ----


@pytest.fixture
def lost(told):
    """A ledger whose log key is gone; mara alone is named for its recovery."""
    log_key_path(told.origin).unlink()
    told.close()
    return told


def test_recovery_is_said_for_ever_and_the_old_key_does_not_vouch_for_it(lost):
    say(lost, 70)  # placed, not sealed
    recovery, path = prepare_recovery(lost)
    signed = recovery.signed(load_signer(keys_folder() / "mara.key"))
    done = recover_log_key(lost, signed, "the disk is gone")
    assert (done.seq, done.file) == (17, path)
    say(lost, 71)
    assert lost.covered == len(lost) == 19
    report = lost.verify(key(first(lost)))
    assert (report.verdict, [(one.code, one.seq) for one in report.missing]) == ("UNVERIFIABLE", [("log_key", 17)])
    report = lost.verify(key(done.keys[0]))
    assert (report.verdict, codes(report)) == ("VERIFIED", [("log_key_recovered", 17)])
    say_many(lost, 10)
    assert codes(lost.verify(key(done.keys[0]))) == [("log_key_recovered", 17)]


def test_a_recovery_that_its_quorum_did_not_sign(lost):
    recovery, _ = prepare_recovery(lost)
    stranger = Ed25519Signer.generate()
    mara = load_signer(keys_folder() / "mara.key")
    for one in (recovery, recovery.signed(stranger), recovery.signed(stranger).signed(mara)):
        with pytest.raises(Tampered) as caught:
            recover_log_key(lost, one, "mine now")
        assert caught.value.check in (3, 17)
    other = recovery._replace(new=recovery.old).signed(load_signer(keys_folder() / "mara.key"))
    with pytest.raises(Tampered):
        recover_log_key(lost, recovery._replace(signatures=other.signatures), "mine now")
    assert len(lost) == 16


def test_a_recovery_of_keys_that_are_not_here(lost):
    recovery, path = prepare_recovery(lost)
    path.unlink()
    with pytest.raises(Misuse):
        recover_log_key(lost, recovery.signed(load_signer(keys_folder() / "mara.key")), "gone twice")
    assert len(lost) == 16
    assert beside(log_key_path(lost.origin), recovery.new[0]) == path


def test_a_key_that_stands_in_a_variable_is_rotated_into_a_file(told, monkeypatch):
    monkeypatch.setenv("SEALER", log_key_path(told.origin).read_text())
    log_key_path(told.origin).unlink()
    monkeypatch.setenv("LEDGER_LOG_KEY", "env:SEALER")
    told.close()
    done = rotate_log_key(told, "yearly")
    assert done.file.parent == keys_folder()
    told.close()
    with pytest.raises(Misuse) as caught:
        say(told, 80)
    assert caught.value.code == "log_key"
    monkeypatch.setenv("SEALER", done.file.read_text())
    assert say(told, 81).state == "sealed"

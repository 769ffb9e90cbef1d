"""C3 and C4 under a policy: all keys or any, quorums of witnesses, least size and date; what lies is not counted."""

import time

import msgspec
import pytest

from ledger.anchors.witness import keep_cosigned, request_for
from ledger.errors import Misuse, Tampered
from ledger.keys.log_key import LogKey
from ledger.keys.witness_key import WitnessKey
from ledger.notes.adding import read_request
from ledger.notes.checkpoint import Checkpoint, sign_checkpoint
from ledger.notes.merging import add_lines
from ledger.notes.note import SignatureLine, parse_note, render_note
from ledger.notes.verifier import ED25519_COSIGNATURE, VerifierKey
from ledger.policy import Policy, Quorum, Trusted
from tests.log.acts import authorise, say
from tests.log.conftest import keys, template, told  # noqa: F401 - fixtures
from tests.log.forging import history, stored

NOW = int(time.time())
NOW_TEXT = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(NOW))
WITNESSES = {name: WitnessKey.generate(f"{name}.test") for name in ("w1", "w2", "w3")}
TWO_OF_THREE = Quorum.of(2, {name: key.verifier_keys[0] for name, key in WITNESSES.items()})


def cosigned(data, *names, at=NOW):
    """A closed checkpoint with these witnesses' lines."""
    note = parse_note(data)
    checkpoint = read_request(b"old 0\n\n" + data).checkpoint
    return render_note(add_lines(note, [line for name in names for line in WITNESSES[name].cosign(checkpoint, at)]))


def policy(ledger, **more):
    return Policy(keys=ledger.genesis.log_keys, key_source="mine.txt", quorum=TWO_OF_THREE, now=NOW_TEXT, **more)


def codes(report):
    return {one.code for one in (*report.failures, *report.missing)}


def test_two_of_three_vouch_for_size_and_date(told):  # noqa: F811
    note = told.close_checkpoint()
    assert codes(told.verify(policy(told))) == {"quorum"}
    keep_cosigned(told, cosigned(note, "w1", at=NOW - 60), ())
    one = told.verify(policy(told))
    assert (one.verdict, codes(one)) == ("UNVERIFIABLE", {"quorum"})
    assert "2 of 3 witnesses; of size 16 only w1 cosigned" in one.missing[0].message
    keep_cosigned(told, cosigned(note, "w3", at=NOW - 30), ())
    say(told, 99)
    both = told.verify(policy(told))
    assert both.verdict == "VERIFIED"
    (witness,) = [one for one in both.vouchers if one.kind == "witness"]
    assert (witness.size, witness.names, witness.source) == (16, ("w1", "w3"), "2 of 3 witnesses (w1, w3)")
    assert witness.time == time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(NOW - 30))
    assert "same_view_to_16" in both.proven
    assert "same_view" not in both.not_proven
    assert "same_view" in told.verify(Policy(keys=told.genesis.log_keys)).not_proven


def bend(signature):
    return signature[:-1] + bytes([signature[-1] ^ 1])


def lines_that_do_not_count(note, checkpoint):
    good = WITNESSES["w2"].cosign(checkpoint, NOW)
    yield "the same key twice", [*WITNESSES["w1"].cosign(checkpoint, NOW - 5)]
    yield "from the future", WITNESSES["w2"].cosign(checkpoint, NOW + 3_600)
    yield "of another size", WITNESSES["w2"].cosign(Checkpoint(checkpoint.origin, 15, checkpoint.root), NOW)
    yield "of another log", WITNESSES["w2"].cosign(Checkpoint("ledger.test/two", 16, checkpoint.root), NOW)
    yield "of a fork", WITNESSES["w2"].cosign(Checkpoint(checkpoint.origin, 16, bytes(32)), NOW)
    yield "under another's name", [SignatureLine("w2.test", one.key_id, one.signature) for one in
                                   WITNESSES["w1"].cosign(checkpoint, NOW - 7)]  # fmt: skip
    yield "bent", [SignatureLine(one.name, one.key_id, bend(one.signature)) for one in good]
    yield "of a stranger", WitnessKey.generate("w2.test").cosign(checkpoint, NOW)
    yield "the log's own", [line for line in note.signatures if len(line.signature) > 64]


def test_a_line_that_does_not_count_for_a_second_witness(told):  # noqa: F811
    data = cosigned(told.close_checkpoint(), "w1")
    note, checkpoint = parse_note(data), told.checkpoint()
    for name, lines in lines_that_do_not_count(note, checkpoint):
        brought = render_note(add_lines(note, lines))
        report = told.verify(policy(told, checkpoints=(Trusted(brought, "a file"),)))
        assert (report.verdict, codes(report)) == ("UNVERIFIABLE", {"quorum"}), name
    honest = render_note(add_lines(note, WITNESSES["w2"].cosign(checkpoint, NOW)))
    assert told.verify(policy(told, checkpoints=(Trusted(honest, "a file"),))).verdict == "VERIFIED"


def test_a_cosignature_is_no_signature_of_the_log(told):  # noqa: F811
    checkpoint = told.checkpoint()
    bare = f"{checkpoint.text}\n{''.join(line.text for line in WITNESSES['w1'].cosign(checkpoint, NOW))}".encode()
    report = told.verify(policy(told, checkpoints=(Trusted(bare, "a file"),)))
    assert [(one.check, one.code) for one in report.failures] == [(3, "unsigned")]


def test_one_witness_lies_and_the_fork_has_no_quorum(told, keys, edit):  # noqa: F811
    """The log's key signs a second history; w3 cosigns both. Alone it is not believed, and beside the first broken."""
    honest = cosigned(told.close_checkpoint(), "w1", "w2", "w3")
    datas = stored(told)[:15]
    keys.pin.unlink()
    edit(told.path, "DELETE FROM checkpoints", *history(datas, log_key=keys.log))
    say(told, 77)
    fork = cosigned(told.close_checkpoint(), "w3", at=NOW)
    keep_cosigned(told, fork, ())
    alone = told.verify(policy(told))
    assert (alone.verdict, codes(alone)) == ("UNVERIFIABLE", {"quorum"})
    assert "only w3 cosigned" in alone.missing[0].message
    beside = told.verify(policy(told, checkpoints=(Trusted(honest, "the checkpoint that was published"),)))
    assert beside.verdict == "BROKEN"
    assert [(one.check, one.code) for one in beside.failures] == [(4, "forked"), (4, "forked")]


def test_the_end_that_was_witnessed_is_missed(told, edit):  # noqa: F811
    published = cosigned(told.close_checkpoint(), "w1", "w2")
    datas = stored(told)[:14]
    log_key = told._find_log_key()
    edit(told.path, "DELETE FROM checkpoints", *history(datas, log_key=log_key))
    report = told.verify(policy(told, checkpoints=(Trusted(published, "what was published"),)))
    assert report.verdict == "BROKEN"
    assert {(one.check, one.code) for one in report.failures} == {(4, "shrunk")}


# ---- all keys, or any ----


def test_all_keys_seal_or_nothing_does(told):  # noqa: F811
    wanted = Policy(keys=told.genesis.log_keys, require="all")
    report = told.verify(wanted)
    assert [(one.check, one.code) for one in report.failures] == [(3, "not_all")]
    told.close_checkpoint()
    assert told.verify(wanted).verdict == "VERIFIED"
    say(told, 99)
    later = told.verify(wanted)
    assert (later.verdict, later.covered, later.size) == ("VERIFIED", 16, 17)
    assert later.oldest_uncovered
    assert told.verify(Policy(keys=told.genesis.log_keys)).covered == 17


def test_a_dropped_line_is_noticed_where_all_are_required(told, edit):  # noqa: F811
    """Ed25519 broken: the ML-DSA line of the closed checkpoint is dropped, the other made anew."""
    note = told.close_checkpoint()
    half = b"\n".join([*note.split(b"\n")[:5], b""])
    assert half.count(b"\xe2\x80\x94") == 1
    edit(told.path, *((f"UPDATE {table} SET note = CAST(? AS TEXT)", (half,)) for table in ("checkpoints", "head")))
    strict = told.verify(Policy(keys=told.genesis.log_keys, require="all"))
    assert strict.verdict == "BROKEN"
    assert {(one.check, one.code) for one in strict.failures} == {(3, "not_all")}
    assert told.verify(Policy(keys=told.genesis.log_keys)).verdict == "VERIFIED"


def test_a_checkpoint_that_was_handed_over_needs_all_too_and_a_pin_does_not(told):  # noqa: F811
    note = told.close_checkpoint()
    half = b"\n".join([*note.split(b"\n")[:5], b""])
    for kind, verdict in (("checkpoint", "BROKEN"), ("pin", "VERIFIED")):
        wanted = Policy(keys=told.genesis.log_keys, require="all", checkpoints=(Trusted(half, "a file", kind),))
        assert told.verify(wanted).verdict == verdict


def test_witnesses_of_what_is_not_sealed_by_all_do_not_count(told):  # noqa: F811
    told.close_checkpoint()
    say(told, 98)
    everyday = told.store.head().note
    assert everyday.count(b"\xe2\x80\x94") == 1
    brought = Trusted(cosigned(everyday, "w1", "w2"), "a pin", "pin")
    report = told.verify(policy(told, require="all", checkpoints=(brought,)))
    assert codes(report) == {"quorum"}


# ---- least size, least date ----


def test_a_log_below_the_least_size_is_an_old_copy(told):  # noqa: F811
    assert told.verify(Policy(keys=told.genesis.log_keys, least_size=16)).verdict == "VERIFIED"
    report = told.verify(Policy(keys=told.genesis.log_keys, key_source="mine.txt", least_size=17))
    assert [(one.check, one.code, one.seq) for one in report.failures] == [(4, "shrunk", 16)]
    assert "mine.txt wants 17 sealed entries" in report.failures[0].message


def test_uncovered_entries_do_not_make_up_the_size(told, monkeypatch, tmp_path):  # noqa: F811
    from ledger.api import Ledger

    monkeypatch.setenv("LEDGER_LOG_KEY", str(tmp_path / "none.key"))
    with Ledger.open(told.path) as other:
        say(other, 90)
        report = other.verify(Policy(keys=told.genesis.log_keys, least_size=17))
    assert (report.verdict, report.size, report.covered) == ("BROKEN", 17, 16)


def test_evidence_must_reach_the_least_date(told):  # noqa: F811
    keep_cosigned(told, cosigned(told.close_checkpoint(), "w1", "w2", at=1_800_000_000), ())  # 2027-01-15
    later = policy(told, least_date="2027-01-16T00:00:00.000000Z")
    report = told.verify(msgspec.structs.replace(later, now="2027-01-15T08:00:00.000000Z"))
    assert (report.verdict, codes(report)) == ("UNVERIFIABLE", {"date"})
    assert "2027-01-16 or later; what is here reaches 2027-01-15" in report.missing[0].message
    enough = policy(told, least_date="2027-01-15T00:00:00.000000Z")
    assert told.verify(msgspec.structs.replace(enough, now="2027-01-15T08:00:00.000000Z")).verdict == "VERIFIED"
    none = told.verify(Policy(keys=told.genesis.log_keys, least_date="2027-01-15T00:00:00.000000Z"))
    assert codes(none) == {"date"}


# ---- who watches writes nothing ----


def test_a_witness_that_is_an_author_is_refused(told, tmp_path):  # noqa: F811
    path = authorise(told, "eve", tmp_path)
    from ledger.keys.files import load_signer

    public = load_signer(path).credential.keys[0].public
    eve = VerifierKey.make("eve.test", ED25519_COSIGNATURE, public)
    report = told.verify(Policy(keys=told.genesis.log_keys, quorum=Quorum.of(1, {"eve": eve})))
    assert report.verdict == "BROKEN"
    assert ("key_used", 13) in {(one.code, one.check) for one in report.failures}


def test_a_witness_that_founded_the_log_is_refused(told, keys):  # noqa: F811
    mara = VerifierKey.make("mara.test", ED25519_COSIGNATURE, keys.mara.credential.keys[0].public)
    report = told.verify(Policy(keys=told.genesis.log_keys, quorum=Quorum.of(1, {"mara": mara})))
    assert [(one.check, one.code) for one in report.failures] == [(10, "key_used")]


# ---- kept ----


def test_lines_come_together_under_the_kept_checkpoint(told):  # noqa: F811
    note = told.close_checkpoint()
    for name in WITNESSES:
        added = keep_cosigned(told, cosigned(note, name), WITNESSES["w1"].verifier_keys)
        assert (added.size, added.checked, added.unchecked) == (
            (16, ("w1.test",), ()) if name == "w1" else (16, (), (f"{name}.test",))
        )
    kept = dict(told.store.checkpoints())[16]
    assert {line.name for line in parse_note(kept).signatures} == {told.origin, "w1.test", "w2.test", "w3.test"}
    assert len(parse_note(kept).signatures) == 8
    assert told.close_checkpoint() == kept  # closing again loses nothing
    assert told.verify(policy(told)).verdict == "VERIFIED"


def test_what_is_not_kept(told, keys):  # noqa: F811
    note, checkpoint = told.close_checkpoint(), told.checkpoint()
    before = told.store.checkpoints()
    strangers = sign_checkpoint(checkpoint, LogKey.generate(told.origin).all)
    fork = sign_checkpoint(Checkpoint(told.origin, 16, bytes(32)), keys.log.all)
    beyond = sign_checkpoint(Checkpoint(told.origin, 17, bytes(32)), keys.log.all)
    other = sign_checkpoint(Checkpoint("ledger.test/two", 16, checkpoint.root), LogKey.generate("ledger.test/two").all)
    for bad in (strangers, other, b"nothing"):
        with pytest.raises(Tampered):
            keep_cosigned(told, bad, ())
    with pytest.raises(Tampered) as caught:
        keep_cosigned(told, fork, ())
    assert caught.value.code == "forked"
    with pytest.raises(Misuse):
        keep_cosigned(told, beyond, ())
    bent = parse_note(cosigned(note, "w1")).signatures[-1]
    bad_line = SignatureLine(bent.name, bent.key_id, bend(bent.signature))
    with pytest.raises(Misuse) as wrong:
        keep_cosigned(told, render_note(add_lines(parse_note(note), [bad_line])), WITNESSES["w1"].verifier_keys)
    assert wrong.value.code == "bad_signature"
    assert told.store.checkpoints() == before


def test_a_request_is_of_the_closed_checkpoint(told, keys):  # noqa: F811
    say(told, 55)
    asked = read_request(request_for(told, 16))
    assert (asked.old, asked.checkpoint.size, len(asked.proof)) == (16, 17, 1)
    assert len(parse_note(asked.note).signatures) == 2
    assert dict(told.store.checkpoints())[17] == asked.note
    with pytest.raises(Misuse):
        request_for(told, 18)

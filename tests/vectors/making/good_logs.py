"""Logs that pass: what a strict verifier must not refuse."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from .build import ADA, ADMIN_ONLY, BOB, CAROL, CI, DAN, SET, Log, one, stamp
from .cases import good
from .encode import b64, disclosure, leaf, sha, write
from .keys import (
    AUTHOR_ML_DSA,
    DEVICE,
    LOG,
    LOG_ML_DSA_KEY,
    ORIGIN,
    SSH,
    STATEMENT,
    VKEY,
    VKEY_ML_DSA,
    WITNESS,
    Credential,
    DeviceKey,
    Fixed,
    Key,
    ml_dsa_line,
    ml_dsa_public,
    note_text,
    pae,
    signature_line,
    timed_line,
)

PDF = {"digest": "sha256:" + sha(b"report").hex(), "kind": "file", "media_type": "application/pdf", "size": 6}


def ref(log: Log, row: int) -> dict[str, str]:
    """A reference to the statement in a row: hash and id."""
    body = log.statements[row]
    return {"hash": leaf(body).hex(), "id": body.split(b'"id":"')[1][:36].decode()}


@good("genesis only", based=False)
def minimal(log: Log) -> None:
    log.genesis()


@good("a first week: persons, keys, an evaluation with evidence, a batch, an approval, a revocation, an open tail")
def first_week(log: Log) -> None:
    run = log.note_it(evidence=[PDF], context={"commit": "8f" * 20, "python": "3.11.7"})
    log.batch(items := log.results(3), log.header(items))
    log.add(
        "carol",
        "approved",
        CAROL,
        SET,
        {"conditions": ["monthly report"]},
        refs={"uses": [ref(log, run)]},
        reason="Within limits.\nSee the report.",
    )
    log.notes["checkpoints/10"] = log.note(10)
    log.introduce("dan", "human", organisation="bank.example")
    log.authorize("dan", DAN, ["recorder"])
    log.add("dan", "bank.example/stress_test", DAN, {"system": "credit"}, {"loss": 1.5e-7, "scenario": None})
    log.revoke("dan", DAN, "left")
    log.notes["checkpoint"] = log.note()
    log.note_it()
    log.note_it()
    log.expect |= {"size": 14, "uncovered": 2}


@good("a sealed name, its disclosure kept; a second one erased")
def sealed_fields(log: Log) -> None:
    said = log.say("ada", "actor_introduced", ADA, {"handle": "dan"})
    name, sealed_name = disclosure(bytes(range(16)), said["id"] + "/data/name", "Dan Gøteborg")
    _, sealed_contact = disclosure(bytes(range(16, 32)), said["id"] + "/data/contact", "dan@bank.example")
    log.place({**said, "data": {"contact": sealed_contact, "kind": "human", "name": sealed_name}}, ADA)
    said = log.say("ci", "evaluated", CI)
    deep, sealed_deep = disclosure(bytes(range(32, 48)), said["id"] + "/data/rows/1/a~1b~0c", {"any": [1, 2.5, True]})
    who, sealed_who = disclosure(bytes(range(48, 64)), said["id"] + "/claimed_by/name", "Eve")
    log.place({**said, "claimed_by": {"name": sealed_who}, "data": {"rows": [0, {"a/b~c": sealed_deep}]}}, CI)
    log.disclosures += [name, deep, who]


@good("a value is kept, and an entry says that it was erased")
def sealed_field_erased_and_kept(log: Log) -> None:
    said = log.say("ci", "evaluated", CI)
    kept, mark = disclosure(bytes(range(16)), said["id"] + "/data/a~1b", "Dan")
    row = log.place({**said, "data": {"a/b": mark, "note": mark}}, CI)
    of = {"of": [{"hash": leaf(log.statements[row]).hex(), "id": said["id"]}]}
    log.add("ada", "erased", ADA, {}, {"fields": ["/data/a~1b", "/data/note"]}, None, refs=of, reason="asked for")
    log.disclosures.append(kept)
    log.expect["findings"] = [[20, row]]


@good("SSHSIG key, single statement and batch")
def sshsig(log: Log) -> None:
    log.introduce("erin", "human")
    log.authorize("erin", Credential(SSH), ["approver", "recorder"])
    log.add("erin", "approved", Credential(SSH), SET)
    items = [write(log.say("erin", "evaluated", Credential(SSH), SET, {"fold": i})) for i in range(2)]
    log.batch(items, log.header(items, "erin", Credential(SSH)), Credential(SSH))


@good("a hardware key: touched; touched and verified, with another counter; of an application of its own; a batch")
def sshsig_hardware(log: Log) -> None:
    keys, own = Credential(DEVICE), Credential(DeviceKey("device-2", b"ssh:approvals"))
    log.introduce("erin", "human")
    log.authorize("erin", keys, ["approver", "recorder"])
    log.authorize("erin", own, ["approver"])
    log.add("erin", "approved", keys, SET)
    log.add("erin", "approved", own, SET)
    body = write(log.say("erin", "approved", keys, SET))
    log.place(body, keys, signatures=[b64(DEVICE.sign(STATEMENT, body, flags=5, counter=2**32 - 1))])
    items = [write(log.say("erin", "evaluated", keys, SET, {"fold": i})) for i in range(2)]
    log.batch(items, log.header(items, "erin", keys), keys)


@good("ML-DSA-44: a key by itself, and a credential of it and an Ed25519 key; single statements and a batch")
def ml_dsa(log: Log) -> None:
    alone, both = Credential(AUTHOR_ML_DSA[0]), Credential(Key("frank"), AUTHOR_ML_DSA[1])
    log.introduce("erin", "human")
    log.authorize("erin", alone, ["approver"])
    log.introduce("frank", "human")
    log.authorize("frank", both, ["approver", "recorder"])
    log.add("erin", "approved", alone, SET)
    log.add("frank", "approved", both, SET)
    items = [write(log.say("frank", "evaluated", both, SET, {"fold": i})) for i in range(2)]
    log.batch(items, log.header(items, "frank", both), both)


@good("the checkpoint bears both keys of the log, and the verifier brings both; a witness signed too, with its time")
def checkpoint_of_two_keys(log: Log) -> None:
    note = log.note()
    log.notes["checkpoint"] = note + ml_dsa_line(ORIGIN, LOG_ML_DSA_KEY, note) + timed_line("witness.example/w1", note)
    log.policy = {"key": VKEY, "key_2": VKEY_ML_DSA, "genesis": leaf(log.entries[0]).hex()}


@good("a credential of two keys of different schemes: both sign, in the order of the key ids")
def two_keys(log: Log) -> None:
    both = Credential(Key("erin"), SSH)
    log.introduce("erin", "human")
    log.authorize("erin", both, ["approver"])
    log.add("erin", "approved", both, SET)
    items = [write(log.say("erin", "evaluated", both, SET, {"fold": i})) for i in range(2)]
    log.batch(items, log.header(items, "erin", both), both)


@good("ML-DSA-44 keys are authorised and not used yet")
def ml_dsa_authorized(log: Log) -> None:
    log.introduce("erin", "human")
    log.authorize("erin", Credential(Fixed(ml_dsa_public(0x10), "ml-dsa-44")), ["approver"])
    log.authorize("erin", Credential(Key("erin"), Fixed(ml_dsa_public(0x11), "ml-dsa-44")), ["approver"])


@good("a scheme nobody knows is authorised, and no statement is signed with it")
def unknown_scheme_unused(log: Log) -> None:
    log.introduce("erin", "human")
    log.authorize("erin", Credential(Fixed(b"anything", "example-1")), ["approver"])
    log.note_it()


@good("a batch of one; two batches in a row by two actors; a single after them")
def batches(log: Log) -> None:
    log.batch(items := log.results(1), log.header(items))
    log.batch(items := log.results(5), log.header(items))
    items = [write(log.say("ada", "evaluated", ADA, SET, {"fold": i})) for i in range(2)]
    log.batch(items, log.header(items, "ada", ADA), ADA)
    log.notes["checkpoints/5"], log.notes["checkpoints/6"], log.notes["checkpoints/11"] = (
        log.note(5),
        log.note(6),
        log.note(11),
    )
    log.note_it()


@good("a batch of statements of several types and subjects, one of them with refs to another member")
def batch_mixed(log: Log) -> None:
    first = write(log.say("ci", "trained", CI, {"system": "credit"}))
    ident = first.split(b'"id":"')[1][:36].decode()
    second = write(log.say("ci", "evaluated", CI, SET, refs={"uses": [{"hash": leaf(first).hex(), "id": ident}]}))
    third = write(log.say("ci", "bank.example/note", CI, {}, {}))
    log.batch([first, second, third], log.header([first, second, third]))


@good("the newest checkpoint covers 6; a single and a whole batch stand after it")
def uncovered_tail(log: Log) -> None:
    log.note_it()
    log.notes["checkpoint"] = log.note()
    log.note_it()
    log.batch(items := log.results(3), log.header(items))
    log.expect |= {"size": 6, "uncovered": 4}


@good("a checkpoint of every size is kept, size 1 included")
def many_checkpoints(log: Log) -> None:
    for _ in range(4):
        log.note_it()
    for size in range(1, 9):
        log.notes[f"checkpoints/{size}"] = log.note(size)


@good("two checkpoints of the same size, one of them with a witness's line")
def same_size_twice(log: Log) -> None:
    log.note_it()
    note = log.note()
    text = note.split(b"\n\n")[0] + b"\n"
    log.notes["checkpoints/6"] = note
    log.notes["checkpoint"] = note + signature_line("witness.example/w1", WITNESS, text)


@good(
    "lines of unknown keys stand before and after the log's line; an ML-DSA line with a length nobody knows among them"
)
def unknown_signature_lines(log: Log) -> None:
    note = log.note()
    text = note.split(b"\n\n")[0] + b"\n"
    strange = signature_line("other.example", WITNESS, text, b64(b"\1\2\3\4" + bytes(99)))
    head, lines = note.split(b"\n\n")
    log.notes["checkpoint"] = head + b"\n\n" + strange + signature_line(ORIGIN, WITNESS, text) + lines + strange


@good("32 signature lines")
def signature_lines_32(log: Log) -> None:
    note = log.note()
    text = note.split(b"\n\n")[0] + b"\n"
    log.notes["checkpoint"] = note + b"".join(signature_line(f"w{i}.example", WITNESS, text) for i in range(31))


@good("the pin is an earlier checkpoint of this log")
def pinned(log: Log) -> None:
    log.note_it()
    log.policy = {"key": VKEY, "genesis": leaf(log.entries[0]).hex(), "pin": log.note(6).decode()}
    log.note_it()


@good("the pin is newer than the checkpoint that is kept: it vouches for more", verdict="VERIFIED")
def pinned_above_the_checkpoint(log: Log) -> None:
    log.note_it()
    log.notes["checkpoint"] = log.note()
    log.note_it()
    log.policy = {"key": VKEY, "genesis": leaf(log.entries[0]).hex(), "pin": log.note(7).decode()}


@good("no policy: the genesis's own key is used, and nothing outside vouches for it", verdict="UNPINNED")
def no_policy(log: Log) -> None:
    log.policy = {}


@good("the key alone is given, without the genesis")
def policy_key_only(log: Log) -> None:
    log.policy = {"key": VKEY}


@good("the clock of the writer was wrong and is set back, by an entry that says so; then time goes on from there")
def clock_reset(log: Log) -> None:
    log.now += timedelta(days=365)
    log.note_it()
    log.now -= timedelta(days=365)
    log.add("ada", "clock_reset", ADA, {}, {"why": "the host's clock was a year ahead"})
    log.note_it()


@good("recorded stands still: equal is not less")
def recorded_equal(log: Log) -> None:
    row = log.note_it()
    recorded = log.entries[row].split(b'"recorded":"')[1][:27].decode()
    log.note_it({"recorded": recorded})


@good("time is a day after recorded, and a year before: a finding, no failure (C22)")
def author_time_is_off(log: Log) -> None:
    log.note_it(time=stamp(log.now + timedelta(days=1)))
    log.note_it(time=stamp(log.now - timedelta(days=365)))


@good("references: to a statement outside the log, to a later one, to several")
def references(log: Log) -> None:
    outside = {"hash": sha(b"elsewhere").hex(), "id": "019cad5f-0000-7000-8000-000000000000"}
    log.note_it(refs={"caused_by": [outside], "uses": [ref(log, 2), ref(log, 4)]})
    later = log.say("ci", "evaluated", CI, SET)
    log.note_it(refs={"caused_by": [{"hash": leaf(write(later)).hex(), "id": later["id"]}]})
    log.place(later, CI)
    log.add(
        "carol",
        "rejected",
        CAROL,
        {"document": "model-card-3"},
        refs={"answers": [ref(log, 5)], "corrects": [ref(log, 6)]},
    )


@good("a statement may name this log although its type does not ask for it; on behalf of another; claimed by a third")
def optional_keys(log: Log) -> None:
    log.note_it(
        log=leaf(log.entries[0]).hex(),
        on_behalf_of="carol",
        claimed_by={"user": "u17"},
        source={"product": "tracker", "version": "2.1"},
    )


@good("an administrator revokes the key that signs the revocation; another one is left")
def revokes_itself(log: Log) -> None:
    log.revoke("ada", ADA, "left")
    log.add("bob", "actor_introduced", BOB, {"handle": "dan"}, {"kind": "human"})
    log.authorize("dan", DAN, ["admin"], by=("bob", BOB))
    log.revoke("bob", BOB, "left", by=("dan", DAN))


@good("an actor has two credentials; the first is replaced by the second; both have signed")
def replaced_key(log: Log) -> None:
    new = one("ci-2")
    log.authorize("ci", new)
    log.note_it()
    log.add("ci", "evaluated", new, SET)
    log.revoke("ci", CI, "replaced")
    log.add("ci", "evaluated", new, SET)


@good("compromised_since changes no verdict")
def compromised(log: Log) -> None:
    log.note_it()
    log.revoke("ci", CI, "compromised", compromised_since=stamp(log.now - timedelta(minutes=1)))


@good("a key for two systems, with a last moment: used for both, and in that very moment")
def scope(log: Log) -> None:
    log.authorize("ci", DAN, systems=["credit", "fraud"], not_after=stamp(log.now + timedelta(seconds=9)))
    log.add("ci", "evaluated", DAN, {"system": "fraud"})
    log.add("ci", "evaluated", DAN, {"system": "credit"})
    limit = log.entries[5].split(b'"not_after":"')[1][:27].decode()
    log.add("ci", "evaluated", DAN, {"system": "credit"}, bent={"recorded": limit})


@good("administrators may use an own rule: any credential may say it, but it must name the log", based=False)
def own_rule(log: Log) -> None:
    def edit(data: dict[str, Any]) -> None:
        data["rules"]["bank.example/limit"] = {"batch": True, "roles": [], "trust": False}

    log.base(edit)
    genesis = leaf(log.entries[0]).hex()
    log.add("ci", "bank.example/limit", CI, {}, {"gini": 0.35}, log=genesis)
    items = [write(log.say("ci", "bank.example/limit", CI, {}, {"gini": 0.35}, log=genesis))]
    log.batch(items, log.header(items))


@good("an administrator's credential is also the one for recovery", based=False)
def recovery_by_administrator(log: Log) -> None:
    log.base(lambda data: data.update(recovery={"keys": [ADA.json()], "threshold": 1}))
    log.note_it()


@good("this log takes up another after a loss", based=False)
def continues(log: Log) -> None:
    old = note_text("example.com/old-log", 17, sha(b"old"))
    note = old + b"\n" + signature_line("example.com/old-log", LOG, old)
    log.base(lambda data: data.update(continues={"checkpoint": note.decode(), "origin": "example.com/old-log"}))


@good("a type's unknown fields of data are kept; a critical type of the key events is known")
def data_is_open(log: Log) -> None:
    log.note_it(data={"": "", "anything": [None, {"a": None}]})
    log.add("ada", "actor_introduced", ADA, {"handle": "dan"}, {"kind": "human"}, critical=True)


@good("the largest statement, the deepest value")
def limits(log: Log) -> None:
    said = log.say("ci", "evaluated", CI, SET, {"pad": ""})
    said["data"]["pad"] = "x" * (49152 - len(write(said)))
    log.place(said, CI)
    value: Any = {}
    for _ in range(28):
        value = [value]
    log.note_it(data={"a": value})


@good("R of a signature is the neutral point, canonically spelt: the cofactorless equation holds")
def signature_r_neutral(log: Log) -> None:
    body = write(log.say("ci", "evaluated", CI, SET))
    key = CI.keys[0]
    assert isinstance(key, Key)
    log.place(body, CI, signatures=[b64(key.odd(pae(STATEMENT, body), 0))])


@good("text as people write it")
def text(log: Log) -> None:
    log.note_it(reason='Größe: "äöü"\t\\ 😀 \ufb33 e\u0301 \u200d', data={"é": 1, "😀": 2, "\ufb33": 3, "\n": 4})


@good("the log ends with the last member of a batch")
def batch_at_the_end(log: Log) -> None:
    log.batch(items := log.results(2), log.header(items))


@good("a checkpoint right before and right after a batch")
def checkpoints_around_a_batch(log: Log) -> None:
    log.note_it()
    log.notes["checkpoints/6"] = log.note()
    log.batch(items := log.results(4), log.header(items))
    log.notes["checkpoints/10"] = log.note()
    log.note_it()


@good("rule table with a trust type that the log does not use", based=False)
def unused_trust_type(log: Log) -> None:
    log.base(lambda data: data["rules"].update({"bank.example/board": ADMIN_ONLY}))
    log.note_it()

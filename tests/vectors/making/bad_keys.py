"""Logs that break C13, C14 or C16: credentials, signatures, roles."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from .build import ADA, BOB, CAROL, CI, DAN, RECOVERY, SET, Log, one, stamp
from .cases import bad, unsure
from .encode import b64, sha, write
from .keys import (
    BASE,
    CERTIFICATE,
    LOG,
    LOG_ML_DSA,
    NAMESPACES,
    ORDER_8,
    SSH,
    STATEMENT,
    Credential,
    Fixed,
    Key,
    L,
    P,
    add,
    ml_dsa_public,
    pack,
    pae,
    times,
)

ERIN = Credential(SSH)


def foreign(log: Log, actor: str, signer: Credential, **bent: Any) -> int:
    row = log.add(actor, "evaluated", signer, {"system": "credit"}, {"auc": 0.9}, **bent)
    log.note_it()
    return row


def admits(log: Log, *keys: Key | Fixed, ordered: bool = True) -> int:
    """Authorises a credential that must be refused; nothing is ever signed with it."""
    log.introduce("erin", "human")
    return log.authorize("erin", Credential(*keys, ordered=ordered))


@bad("C13", "a key that was never authorised")
def key_unknown(log: Log) -> int:
    return foreign(log, "ci", DAN)


@bad("C13", "carol's key under the name of ci")
def key_of_another_actor(log: Log) -> int:
    return foreign(log, "ci", CAROL)


@bad("C13", "ci's key under the name of an actor that exists and has no key")
def actor_without_key(log: Log) -> int:
    log.introduce("dan", "human")
    return foreign(log, "dan", CI)


@bad("C13", "used before it was authorised")
def key_used_before(log: Log) -> int:
    log.introduce("dan", "human")
    row = log.add("dan", "evaluated", DAN, {"system": "credit"})
    log.authorize("dan", DAN)
    return row


@bad("C13", "used after it was revoked, with a time before that")
def key_used_after(log: Log) -> int:
    before = stamp(log.now)
    log.revoke("ci", CI)
    return log.add("ci", "evaluated", CI, {"system": "credit"}, time=before)


@bad("C13", "a batch of a key that was revoked")
def batch_key_used_after(log: Log) -> int:
    log.revoke("ci", CI)
    items = log.results(1)
    return log.batch(items, log.header(items))


@bad("C13", "another system than the key is for")
def scope_other_system(log: Log) -> int:
    log.authorize("ci", DAN, systems=["fraud"])
    return foreign(log, "ci", DAN)


@bad("C13", "no system named, by a key that is for one system")
def scope_no_system(log: Log) -> int:
    log.authorize("ci", DAN, systems=["credit"])
    row = log.add("ci", "evaluated", DAN, SET)
    log.note_it()
    return row


@bad("C13", "recorded a microsecond after not_after")
def scope_not_after(log: Log) -> int:
    limit = log.now + timedelta(minutes=1)
    log.authorize("ci", DAN, not_after=stamp(limit))
    return log.add("ci", "evaluated", DAN, {"system": "credit"}, bent={"recorded": stamp(limit + timedelta(microseconds=1))})


@bad("C13", "a key for an actor nobody introduced")
def actor_not_introduced(log: Log) -> int:
    return log.authorize("dan", DAN)


@bad("C13", "introduced after its key was authorised")
def actor_introduced_late(log: Log) -> int:
    row = log.authorize("dan", DAN)
    log.introduce("dan", "human")
    return row


@bad("C13", "one public key for two actors")
def key_of_two_actors(log: Log) -> int:
    log.introduce("dan", "human")
    return log.authorize("dan", CAROL)


@bad("C13", "authorised twice for the same actor")
def key_authorized_twice(log: Log) -> int:
    return log.authorize("ci", CI, ["auditor"])


@bad("C13", "authorised again after it was revoked")
def key_authorized_again(log: Log) -> int:
    log.revoke("ci", CI)
    return log.authorize("ci", CI)


@bad("C13", "a public key of the same actor once more, inside a credential of two")
def key_again_in_a_pair(log: Log) -> int:
    return log.authorize("ci", Credential(CI.keys[0], SSH))


@bad("C13", "one public key under two schemes")
def key_under_two_schemes(log: Log) -> int:
    return log.authorize("ci", Credential(Key("ci", "sshsig-ed25519")))


@bad("C13", "one public key under two schemes, in one credential")
def key_twice_in_a_pair(log: Log) -> int:
    return admits(log, Key("erin"), Key("erin", "sshsig-ed25519"))


@bad("C13", "two keys of the same scheme in one credential")
def pair_of_one_scheme(log: Log) -> int:
    return admits(log, Key("erin"), Key("erin-2"))


@bad("C13", "the two keys of a credential in the wrong order")
def pair_out_of_order(log: Log) -> int:
    return admits(log, *reversed(Credential(Key("erin"), SSH).keys), ordered=False)


@bad("C13", "three keys in one credential")
def three_keys(log: Log) -> int:
    return admits(log, Key("erin"), SSH, Fixed(ml_dsa_public(0x10), "ml-dsa-44"))


@bad("C13", "the log's key as an author's key")
def log_key_as_author(log: Log) -> int:
    return admits(log, LOG)


@bad("C13", "the log's ML-DSA key as an author's key")
def log_ml_dsa_key_as_author(log: Log) -> int:
    return admits(log, Fixed(LOG_ML_DSA, "ml-dsa-44"))


@bad("C13", "the recovery key as an author's key: two purposes")
def recovery_key_as_author(log: Log) -> int:
    return admits(log, *RECOVERY.keys)


@bad("C13", "the neutral point, order 1")
def point_neutral(log: Log) -> int:
    return admits(log, Fixed(b"\1" + bytes(31)))


@bad("C13", "a point of order 2")
def point_order_2(log: Log) -> int:
    return admits(log, Fixed((P - 1).to_bytes(32, "little")))


@bad("C13", "a point of order 4")
def point_order_4(log: Log) -> int:
    return admits(log, Fixed(bytes(32)))


@bad("C13", "a point of order 8")
def point_order_8(log: Log) -> int:
    return admits(log, Fixed(pack(ORDER_8)))


@bad("C13", "a point of order 8, as an SSHSIG key")
def point_order_8_sshsig(log: Log) -> int:
    return admits(log, Fixed(pack(ORDER_8), "sshsig-ed25519"))


@bad("C13", "a point of order 8 L: mixed, not small")
def point_mixed(log: Log) -> int:
    return admits(log, Fixed(pack(add(times(5, BASE), ORDER_8))))


@bad("C13", "a point of order 2 L")
def point_mixed_order_2(log: Log) -> int:
    return admits(log, Fixed(pack(add(times(7, BASE), (0, P - 1)))))


@bad("C13", "y = p + 1: the neutral point, not canonical")
def point_not_canonical(log: Log) -> int:
    return admits(log, Fixed((P + 1).to_bytes(32, "little")))


@bad("C13", "y = p + 3, not canonical; y = 3 would be on the curve")
def point_not_canonical_large(log: Log) -> int:
    return admits(log, Fixed((P + 3).to_bytes(32, "little")))


@bad("C13", "x = 0 with the sign bit: minus zero")
def point_minus_zero(log: Log) -> int:
    return admits(log, Fixed((1 | 1 << 255).to_bytes(32, "little")))


@bad("C13", "not on the curve")
def point_off_curve(log: Log) -> int:
    return admits(log, Fixed(b"\2" + bytes(31)))


@bad("C13", "31 bytes")
def key_short(log: Log) -> int:
    return admits(log, Fixed(Key("erin").public[:31]))


@bad("C13", "an ML-DSA-44 key of 1,311 bytes")
def ml_dsa_key_short(log: Log) -> int:
    return admits(log, Fixed(ml_dsa_public(0x10)[:-1], "ml-dsa-44"))


@bad("C13", "the last administrator's key is revoked")
def last_admin_revoked(log: Log) -> int:
    log.revoke("bob", BOB)
    return log.revoke("ada", ADA)


@bad("C13", "a key is revoked that was never authorised")
def revoked_unknown(log: Log) -> int:
    return log.revoke("ci", DAN)


@bad("C13", "a key is revoked under the name of another actor")
def revoked_under_another_name(log: Log) -> int:
    return log.revoke("carol", CI)


@bad("C13", "a key is revoked twice")
def revoked_twice(log: Log) -> int:
    log.revoke("ci", CI)
    return log.revoke("ci", CI, "compromised")


@bad("C13", "the statement names carol's key and is signed with it, but says ada: an admin's word in another's name")
def key_authorized_by_borrowed_name(log: Log) -> int:
    log.introduce("dan", "human")
    return log.authorize("dan", DAN, by=("ada", CAROL))


@bad("C14", "one byte of the statement was changed after it was signed")
def statement_changed(log: Log) -> int:
    row = log.note_it()
    log.entries[row] = log.entries[row].replace(b"0.79", b"0.97")
    log.note_it()
    return row


@bad("C14", "no signature, outside a batch")
def signatures_emptied(log: Log) -> int:
    row = log.note_it({"signatures": []})
    log.note_it()
    return row


@bad("C14", "two signatures where the credential has one key")
def signature_twice(log: Log) -> int:
    body = write(log.say("ci", "evaluated", CI, SET))
    return log.place(body, CI, signatures=CI.sign(STATEMENT, body) * 2)


@bad("C14", "one signature where the credential has two keys")
def signature_one_of_two(log: Log) -> int:
    both = with_pair(log)
    body = write(log.say("erin", "evaluated", both, SET))
    return log.place(body, both, signatures=both.sign(STATEMENT, body)[:1])


@bad("C14", "both signatures, in the wrong order")
def signatures_swapped(log: Log) -> int:
    both = with_pair(log)
    body = write(log.say("erin", "evaluated", both, SET))
    return log.place(body, both, signatures=both.sign(STATEMENT, body)[::-1])


@bad("C14", "the second key's signature is over something else")
def signature_second_wrong(log: Log) -> int:
    both = with_pair(log)
    body = write(log.say("erin", "evaluated", both, SET))
    return log.place(body, both, signatures=[both.sign(STATEMENT, body)[0], both.sign(STATEMENT, body + b" ")[1]])


def with_pair(log: Log) -> Credential:
    both = Credential(Key("erin"), SSH)
    log.introduce("erin", "human")
    log.authorize("erin", both)
    return both


def spoilt(log: Log, make: Any) -> int:
    """`make(key, body)` gives the signature bytes; a sound entry follows."""
    body = write(log.say("ci", "evaluated", CI, SET, {"auc": 0.79}))
    row = log.place(body, CI, signatures=[b64(make(CI.keys[0], body))])
    log.note_it()
    return row


@bad("C14", "S + L in place of S")
def signature_s_not_canonical(log: Log) -> int:
    def make(key: Key, body: bytes) -> bytes:
        signature = key.sign(STATEMENT, body)
        return signature[:32] + (int.from_bytes(signature[32:], "little") + L).to_bytes(32, "little")

    return spoilt(log, make)


@bad("C14", "R moved by a point of order 8: good by the cofactored equation only")
def signature_only_cofactored(log: Log) -> int:
    return spoilt(log, lambda key, body: key.odd(pae(STATEMENT, body), 12345, ORDER_8))


@bad("C14", "R is the neutral point spelt as y = p + 1")
def signature_r_not_canonical(log: Log) -> int:
    return spoilt(log, lambda key, body: key.odd(pae(STATEMENT, body), 0, r_bytes=(P + 1).to_bytes(32, "little")))


@bad("C14", "64 zero bytes")
def signature_zeros(log: Log) -> int:
    return spoilt(log, lambda key, body: bytes(64))


@bad("C14", "a signature of 65 bytes: the good one and a zero")
def signature_long(log: Log) -> int:
    return spoilt(log, lambda key, body: key.sign(STATEMENT, body) + b"\0")


@bad("C14", "signed by carol, in ci's name and under ci's credential id")
def signature_by_another(log: Log) -> int:
    return spoilt(log, lambda key, body: CAROL.keys[0].sign(STATEMENT, body))


@bad("C14", "a statement signed as a batch header")
def payload_batch(log: Log) -> int:
    return foreign(log, "ci", CI, bent={"payload": "application/vnd.lifecycle-ledger.batch.v1+json"})


@bad("C14", "a statement signed as a certificate")
def payload_certificate(log: Log) -> int:
    return foreign(log, "ci", CI, bent={"payload": CERTIFICATE})


@bad("C14", "the bare statement was signed, without the pre-authentication encoding")
def payload_bare(log: Log) -> int:
    return spoilt(log, lambda key, body: key.private.sign(body))


@bad("C14", "a batch header signed as a statement")
def payload_header_as_statement(log: Log) -> int:
    items = log.results(2)
    return log.batch(items, log.header(items), payload=STATEMENT)


@bad("C14", "the head of a batch signs its statement and not the header")
def head_signs_its_statement(log: Log) -> int:
    items = log.results(2)
    head = len(log.entries)
    log.place(items[0], CI, log.header(items))
    log.place(items[1], CI, {"first": head}, signatures=[])
    return head


@bad("C14", "a later member of a batch has a signature of its own")
def member_signed(log: Log) -> int:
    items = log.results(2)
    head = log.member(items[0], 0, log.header(items))
    return log.place(items[1], CI, {"first": head})


@bad("C14", "the head of a batch without a signature")
def head_unsigned(log: Log) -> int:
    items = log.results(2)
    head = log.place(items[0], CI, log.header(items), signatures=[])
    log.place(items[1], CI, {"first": head}, signatures=[])
    return head


def ssh_case(log: Log, **ssh: Any) -> int:
    log.introduce("erin", "human")
    log.authorize("erin", ERIN)
    body = write(log.say("erin", "evaluated", ERIN, SET))
    row = log.place(body, ERIN, signatures=[b64(SSH.sign(STATEMENT, body, **ssh))])
    log.note_it()
    return row


@bad("C14", "SSHSIG in another namespace")
def sshsig_namespace(log: Log) -> int:
    return ssh_case(log, namespace=b"git")


@bad("C14", "SSHSIG of a statement in the namespace for batches")
def sshsig_namespace_batch(log: Log) -> int:
    return ssh_case(log, namespace=b"batch.v1@lifecycle-ledger")


@bad("C14", "SSHSIG with sha256")
def sshsig_sha256(log: Log) -> int:
    return ssh_case(log, hash_name="sha256")


@bad("C14", "SSHSIG whose reserved field is not empty, and is signed")
def sshsig_reserved(log: Log) -> int:
    return ssh_case(log, reserved=b"x")


@bad("C14", "SSHSIG with a byte after its end")
def sshsig_tail(log: Log) -> int:
    return ssh_case(log, tail=b"\0")


@bad("C14", "SSHSIG version 2")
def sshsig_version(log: Log) -> int:
    return ssh_case(log, version=2)


@bad("C14", "SSHSIG that holds another key and is signed with it")
def sshsig_other_key(log: Log) -> int:
    return ssh_case(log, holder=Key("mallory"))


@bad("C14", "SSHSIG over the statement itself and not over its encoding")
def sshsig_bare(log: Log) -> int:
    log.introduce("erin", "human")
    log.authorize("erin", ERIN)
    body = write(log.say("erin", "evaluated", ERIN, SET))
    return log.place(body, ERIN, signatures=[b64(SSH.sshsig(body, NAMESPACES[STATEMENT]))])


@bad("C14", "a raw Ed25519 signature under an SSHSIG key")
def sshsig_raw(log: Log) -> int:
    log.introduce("erin", "human")
    log.authorize("erin", ERIN)
    body = write(log.say("erin", "evaluated", ERIN, SET))
    return log.place(body, ERIN, signatures=[b64(SSH.private.sign(pae(STATEMENT, body)))])


@unsure("C14", "a statement under a scheme nobody knows")
def scheme_unknown(log: Log) -> int:
    keys = Credential(Fixed(b"anything", "example-1"))
    log.introduce("erin", "human")
    log.authorize("erin", keys)
    row = log.add("erin", "evaluated", keys, SET)
    log.note_it()
    return row


@unsure("C14", "a pair of a known and an unknown scheme: the known half is good")
def scheme_unknown_half(log: Log) -> int:
    keys = Credential(Key("erin"), Fixed(b"anything", "example-1"))
    log.introduce("erin", "human")
    log.authorize("erin", keys)
    row = log.add("erin", "evaluated", keys, SET)
    log.note_it()
    return row


@bad("C14", "a pair of a known and an unknown scheme: the known half is bad, and broken is worse than unverifiable")
def scheme_unknown_half_broken(log: Log) -> int:
    keys = Credential(Key("erin"), Fixed(b"anything", "example-1"))
    log.introduce("erin", "human")
    log.authorize("erin", keys)
    body = write(log.say("erin", "evaluated", keys, SET))
    return log.place(body, keys, signatures=keys.sign(STATEMENT, body + b" "))


@bad("C16", "an approval by a recorder")
def role_approval(log: Log) -> int:
    row = log.add("ci", "approved", CI, SET)
    log.note_it()
    return row


@bad("C16", "a key authorised by an approver")
def role_key_authorized(log: Log) -> int:
    log.introduce("dan", "human")
    return log.authorize("dan", DAN, by=("carol", CAROL))


@bad("C16", "a key revoked by its own actor, who is no administrator")
def role_key_revoked(log: Log) -> int:
    return log.revoke("ci", CI, by=("ci", CI))


@bad("C16", "an actor introduced by a recorder")
def role_introduced(log: Log) -> int:
    return log.add("ci", "actor_introduced", CI, {"handle": "dan"}, {"kind": "human"})


@bad("C16", "an approval by an administrator: admin is not approver")
def role_admin_is_not_approver(log: Log) -> int:
    row = log.add("ada", "approved", ADA, SET)
    log.note_it()
    return row


@bad("C16", "the actor has an approver's credential and signs with another of his own")
def role_of_another_credential(log: Log) -> int:
    log.authorize("carol", one("carol-2"), ["recorder"])
    row = log.add("carol", "approved", one("carol-2"), SET)
    log.note_it()
    return row


@bad("C16", "an own type of the rule table, by a credential without the role", based=False)
def role_own_type(log: Log) -> int:
    log.base(lambda data: data["rules"].update({"bank.example/limit": {"batch": True, "roles": ["compliance", "auditor"], "trust": False}}))
    row = log.add("ci", "bank.example/limit", CI, log=sha(b"\0", log.entries[0]).hex())
    log.note_it()
    return row

"""Logs that break C14: signatures; and schemes that nobody knows."""

from __future__ import annotations

from typing import Any

from .bad_keys import foreign
from .build import CAROL, CI, SET, Log
from .cases import bad, unsure
from .encode import b64, write
from .keys import (
    CERTIFICATE,
    DEVICE,
    NAMESPACES,
    ORDER_8,
    SSH,
    STATEMENT,
    Credential,
    Fixed,
    Key,
    L,
    P,
    pae,
)

ERIN = Credential(SSH)


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


@bad("C15", "a later member of a batch has a signature of its own", also=("C14",))
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


def device_case(log: Log, **spoil: Any) -> int:
    """An approval by a hardware key, its signature spoilt."""
    keys = Credential(DEVICE)
    log.introduce("erin", "human")
    log.authorize("erin", keys)
    body = write(log.say("erin", "evaluated", keys, SET))
    row = log.place(body, keys, signatures=[b64(DEVICE.sign(STATEMENT, body, **spoil))])
    log.note_it()
    return row


@bad("C14", "a hardware key that nobody touched")
def hardware_untouched(log: Log) -> int:
    return device_case(log, flags=0)


@bad("C14", "a hardware key that verified its user and was not touched")
def hardware_verified_untouched(log: Log) -> int:
    return device_case(log, flags=4)


@bad("C14", "a hardware key that nobody touched, with the flag written in afterwards")
def hardware_flag_forged(log: Log) -> int:
    return device_case(log, flags=0, shown=(1, 7))


@bad("C14", "a hardware key with another counter than it signed")
def hardware_counter(log: Log) -> int:
    return device_case(log, shown=(1, 8))


@bad("C14", "a hardware key that signed for another application")
def hardware_application(log: Log) -> int:
    return device_case(log, said=b"ssh:two")


@bad("C14", "a hardware key's signature with a byte after its end")
def hardware_tail(log: Log) -> int:
    return device_case(log, tail=b"\0")


@bad("C14", "an SSHSIG of a key in a file under a hardware key of the same point")
def hardware_plain(log: Log) -> int:
    keys = Credential(DEVICE)
    log.introduce("erin", "human")
    log.authorize("erin", keys)
    body = write(log.say("erin", "evaluated", keys, SET))
    plain = DEVICE.inner.sshsig(pae(STATEMENT, body), NAMESPACES[STATEMENT])
    return log.place(body, keys, signatures=[b64(plain)])


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

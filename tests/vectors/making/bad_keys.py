"""Logs that break C13: who a key belongs to, from where to where it counts, and which keys may be at all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from .build import ADA, BOB, CAROL, CI, DAN, SET, Log, stamp
from .cases import bad
from .keys import (
    BASE,
    LOG,
    LOG_ML_DSA,
    ORDER_8,
    SSH,
    Credential,
    DeviceKey,
    Fixed,
    Key,
    P,
    add,
    ml_dsa_public,
    pack,
    times,
)


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
    return log.add(
        "ci", "evaluated", DAN, {"system": "credit"}, bent={"recorded": stamp(limit + timedelta(microseconds=1))}
    )


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


@bad("C13", "a point of order 8, as a hardware key")
def point_order_8_hardware(log: Log) -> int:
    return admits(log, Fixed(pack(ORDER_8) + b"ssh:", "sshsig-sk-ed25519"))


@bad("C13", "the point of a key that serves already, as a hardware key")
def key_again_as_hardware(log: Log) -> int:
    return log.authorize("ci", Credential(DeviceKey("ci")))


@bad("C13", "one hardware key under two applications")
def hardware_of_two_applications(log: Log) -> int:
    admits(log, DeviceKey("device"))
    return log.authorize("erin", Credential(DeviceKey("device", b"ssh:two")))


@bad("C13", "one point, raw and as a hardware key, in one credential")
def hardware_twice_in_a_pair(log: Log) -> int:
    return admits(log, Key("device"), DeviceKey("device"))


@bad("C13", "a hardware key made for a web site and not for OpenSSH")
def hardware_other_application(log: Log) -> int:
    return admits(log, DeviceKey("device", b"https://bank.example"))


@bad("C13", "a hardware key without its application")
def hardware_no_application(log: Log) -> int:
    return admits(log, DeviceKey("device", b""))


@bad("C13", "a hardware key whose application has a blank")
def hardware_application_with_a_blank(log: Log) -> int:
    return admits(log, DeviceKey("device", b"ssh: "))


@bad("C13", "a hardware key of 97 bytes")
def hardware_key_long(log: Log) -> int:
    return admits(log, DeviceKey("device", b"ssh:" + b"x" * 61))


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

"""Logs whose keys were replaced: by rotation, which old and new keys sign, and by recovery, which a quorum signs."""

from __future__ import annotations

from typing import Any

from .build import ADA, BOB, CAROL, CI, ORIGIN, RECOVERY, Log, one
from .cases import bad, good, unsure
from .encode import leaf, root, sha, write
from .keys import (
    CERTIFICATE,
    LOG,
    VKEY,
    VKEY_ML_DSA,
    Credential,
    Fixed,
    Key,
    ml_dsa_public,
    note_text,
    signature_line,
    vkey,
)
from .roles import found

LOG_2, LOG_3 = Key("log-2"), Key("log-3")
FIRST = [VKEY, VKEY_ML_DSA]
SECOND = [vkey(ORIGIN, 1, LOG_2.public), vkey(ORIGIN, 6, ml_dsa_public(0xA0))]
THIRD = [vkey(ORIGIN, 1, LOG_3.public), vkey(ORIGIN, 6, ml_dsa_public(0xC0))]


def rotate(log: Log, old: list[str] = FIRST, new: list[str] = SECOND, signer: Any = ("ada", ADA), **more: Any) -> int:
    reason = more.pop("reason", "once a year")
    return log.add(signer[0], "log_key_rotated", signer[1], {}, {"new": new, "old": old, **more}, reason=reason)


def sealed(log: Log, size: int, *keys: Key) -> bytes:
    text = note_text(ORIGIN, size, root(log.leaves()[:size]))
    return text + b"\n" + b"".join(signature_line(ORIGIN, key, text) for key in keys)


def keep(log: Log, size: int, *keys: Key) -> None:
    log.notes[f"checkpoints/{size}"] = sealed(log, size, *keys)


def close(log: Log, *keys: Key, **policy: str) -> None:
    """The newest checkpoint, and what the verifier brings."""
    log.notes["checkpoint"] = sealed(log, len(log.entries), *keys)
    log.policy = {"genesis": leaf(log.entries[0]).hex(), **policy}


def rotated(log: Log, *handed_over: Key, **policy: str) -> int:
    """A rotation in entry 6 between two statements, all of it sealed by the second key."""
    log.note_it()
    row = rotate(log)
    if handed_over:
        keep(log, row + 1, *handed_over)
    log.note_it()
    close(log, LOG_2, **(policy or {"key": VKEY}))
    return row


@good("the log's key is rotated; the verifier knows the old one and follows")
def rotation(log: Log) -> None:
    found(log, (3, rotated(log, LOG, LOG_2)))


@good("the same, for a verifier who knows the new key only; the old one signs what is below")
def rotation_from_the_new_key(log: Log) -> None:
    keep(log, 3, LOG)
    found(log, (3, rotated(log, LOG, LOG_2, key=SECOND[0])))


@good("the same, from a pin that was made before, and without any key")
def rotation_from_a_pin(log: Log) -> None:
    pin = sealed(log, 5, LOG).decode()
    found(log, (3, rotated(log, LOG, LOG_2, pin=pin)))


@good("the newest checkpoint is the one that hands over")
def rotation_at_the_end(log: Log) -> None:
    row = rotate(log)
    close(log, LOG, LOG_2, key=VKEY)
    found(log, (3, row))


@good("two rotations; the verifier knows the first key")
def rotation_twice(log: Log) -> None:
    first = rotated(log, LOG, LOG_2)
    second = rotate(log, SECOND, THIRD)
    keep(log, second + 1, LOG_2, LOG_3)
    log.note_it()
    close(log, LOG_3, key=VKEY)
    found(log, (3, first), (3, second))


@bad("C3", "no checkpoint of the size where the new key takes over is kept")
def rotation_without_hand_over(log: Log) -> int:
    return rotated(log)


@bad("C3", "the same, for a verifier who knows the new key")
def rotation_without_hand_over_new_key(log: Log) -> int:
    return rotated(log, key=SECOND[0])


@bad("C3", "the checkpoint that hands over is signed by the new key alone")
def hand_over_by_the_new_key_alone(log: Log) -> dict[str, int]:
    return {"checkpoint": rotated(log, LOG_2) + 1}


@bad("C3", "the checkpoint that hands over is signed by the old key alone")
def hand_over_by_the_old_key_alone(log: Log) -> dict[str, int]:
    return {"checkpoint": rotated(log, LOG) + 1}


@bad("C3", "the checkpoint signed by both is of a size too large")
def hand_over_late(log: Log) -> int:
    row = rotated(log)
    keep(log, row + 2, LOG, LOG_2)
    return row


@bad("C3", "the old key signs a size beyond the hand-over")
def old_key_beyond_the_hand_over(log: Log) -> dict[str, int]:
    rotated(log, LOG, LOG_2)
    close(log, LOG, key=VKEY)
    return {"checkpoint": len(log.entries)}


@bad("C3", "the new key signs a size below the hand-over")
def new_key_below_the_hand_over(log: Log) -> dict[str, int]:
    keep(log, 4, LOG_2)
    rotated(log, LOG, LOG_2)
    return {"checkpoint": 4}


@bad("C4", "two rotations from one old key: the pin is of the other one", also=("C3",))
def rotation_forked(log: Log) -> dict[str, int]:
    other = Log("another")
    other.base()
    other.note_it()
    row = rotate(other, new=THIRD)
    pin = sealed(other, row + 1, LOG, LOG_3).decode()
    rotated(log, LOG, LOG_2, key=VKEY, pin=pin)
    return {"checkpoint": row + 1}


@bad("C13", "in the place of keys that are no longer the log's")
def rotation_of_earlier_keys(log: Log) -> int:
    rotated(log, LOG, LOG_2)
    row = rotate(log, FIRST, THIRD)
    close(log, LOG_2, key=VKEY)
    return row


def refused(log: Log, new: list[str], **more: Any) -> int:
    """A rotation that must not count: the old key goes on sealing."""
    row = rotate(log, new=new, **more)
    log.note_it()
    return row


@bad("C13", "the new key is an author's")
def rotation_to_an_authors_key(log: Log) -> int:
    return refused(log, [vkey(ORIGIN, 1, CI.keys[0].public), SECOND[1]])


@bad("C13", "one of the new keys is an old one")
def rotation_to_an_old_key(log: Log) -> int:
    return refused(log, [SECOND[0], VKEY_ML_DSA])


@bad("C13", "an author's key that is one of the new keys of the log")
def author_with_the_new_log_key(log: Log) -> int:
    rotated(log, LOG, LOG_2)
    row = log.authorize("ci", Credential(LOG_2))
    close(log, LOG_2, key=VKEY)
    return row


@bad("C16", "a rotation by an approver")
def rotation_by_no_administrator(log: Log) -> int:
    return refused(log, SECOND, signer=("carol", CAROL))


@bad("C17", "a rotation without a reason", also=("C13",))
def rotation_without_reason(log: Log) -> int:
    return refused(log, SECOND, reason=None)


@bad("C17", "a rotation to one key", also=("C13",))
def rotation_to_one_key(log: Log) -> int:
    return refused(log, SECOND[:1])


@bad("C17", "a rotation to keys in the wrong order", also=("C13",))
def rotation_order(log: Log) -> int:
    return refused(log, SECOND[::-1])


@bad("C17", "a rotation to keys of another name", also=("C13",))
def rotation_name(log: Log) -> int:
    return refused(log, [vkey("example.com/other", 1, LOG_2.public), SECOND[1]])


# ---- recovery ----

FRIEDA, GRETE = one("frieda"), one("grete")


def founded(log: Log, *keys: Credential, threshold: int = 1) -> None:
    log.base(lambda data: data.update(recovery={"keys": [one.json() for one in keys], "threshold": threshold}))


def quorum(of: Log, /, *keys: Credential, **bent: Any) -> list[dict[str, Any]]:
    """What the credentials sign, ordered by their ids."""
    genesis = leaf(of.entries[0]).hex()
    body = write({"certificate": "log_key_recovered", "log": genesis, "new": SECOND, "old": FIRST, **bent})
    return [{"key": key.id, "signatures": key.sign(CERTIFICATE, body)} for key in sorted(keys, key=lambda one: one.id)]


def recovered(log: Log, signed: list[dict[str, Any]], **policy: str) -> int:
    """A recovery in entry 6 between two statements; the newest checkpoint is the second key's."""
    log.note_it()
    row = rotate(log, recovery=signed, reason="the disk is gone")
    log.note_it()
    close(log, LOG_2, **(policy or {"key": SECOND[0]}))
    return row


@good("the log's key is lost; who is named for recovery signs for another, and the verifier was told of it")
def recovery(log: Log) -> None:
    keep(log, 5, LOG)
    found(log, (3, recovered(log, quorum(log, RECOVERY))))


@good("two of three, one of them an administrator whose key was retired since", based=False)
def recovery_of_two(log: Log) -> None:
    founded(log, FRIEDA, GRETE, BOB, threshold=2)
    log.revoke("bob", BOB, "retired")
    found(log, (3, recovered(log, quorum(log, GRETE, BOB))))


@good("a recovery, and a verifier who brings nothing: never more than unpinned", verdict="UNPINNED")
def recovery_unpinned(log: Log) -> None:
    row = recovered(log, quorum(log, RECOVERY))
    log.policy = {}
    found(log, (3, row))


@good("a recovery, then a rotation; the verifier knows the key between")
def recovery_then_rotation(log: Log) -> None:
    first = recovered(log, quorum(log, RECOVERY))
    second = rotate(log, SECOND, THIRD)
    keep(log, second + 1, LOG_2, LOG_3)
    log.note_it()
    close(log, LOG_3, key=SECOND[0])
    found(log, (3, first), (3, second))


@unsure("C3", "the verifier knows the lost key only: it did not sign for the new one")
def recovery_from_the_lost_key(log: Log) -> int:
    return recovered(log, quorum(log, RECOVERY), key=VKEY)


@unsure("C3", "the verifier has a pin from before the recovery, and no key")
def recovery_from_a_pin(log: Log) -> int:
    pin = sealed(log, 5, LOG).decode()
    return recovered(log, quorum(log, RECOVERY), pin=pin)


@unsure("C3", "the verifier knows the genesis, and no key")
def recovery_from_the_genesis(log: Log) -> int:
    row = recovered(log, quorum(log, RECOVERY))
    log.policy = {"genesis": leaf(log.entries[0]).hex()}
    return row


@bad("C3", "the lost key signs the size where the new one takes over")
def lost_key_after_recovery(log: Log) -> dict[str, int]:
    row = recovered(log, quorum(log, RECOVERY))
    keep(log, row + 1, LOG)
    return {"checkpoint": row + 1}


def short(log: Log, signed: list[dict[str, Any]]) -> int:
    """A recovery that must not count; what it names seals nothing."""
    row = recovered(log, signed)
    close(log, LOG, key=VKEY)
    return row


@bad("C3", "one signature where the genesis asks for two", based=False)
def recovery_by_too_few(log: Log) -> int:
    founded(log, FRIEDA, GRETE, BOB, threshold=2)
    return short(log, quorum(log, GRETE))


@bad("C3", "by an administrator whom the genesis does not name for recovery")
def recovery_by_another(log: Log) -> int:
    return short(log, quorum(log, ADA))


@bad("C3", "enough sign, and one more who is not named")
def recovery_by_one_too_many(log: Log) -> int:
    return short(log, quorum(log, RECOVERY, ADA))


@bad("C3", "by a key that was revoked as compromised", based=False)
def recovery_by_a_compromised_key(log: Log) -> int:
    founded(log, BOB, GRETE)
    log.revoke("bob", BOB, "compromised")
    return short(log, quorum(log, BOB))


@bad("C3", "signed for other new keys")
def recovery_of_other_keys(log: Log) -> int:
    return short(log, quorum(log, RECOVERY, new=THIRD))


@bad("C3", "signed for another log")
def recovery_of_another_log(log: Log) -> int:
    return short(log, quorum(log, RECOVERY, log=sha(b"another").hex()))


@bad("C3", "signed as a statement, not as a certificate")
def recovery_signed_as_a_statement(log: Log) -> int:
    signed = quorum(log, RECOVERY)
    body = write({"certificate": "log_key_recovered", "log": leaf(log.entries[0]).hex(), "new": SECOND, "old": FIRST})
    signed[0]["signatures"] = RECOVERY.sign("application/vnd.lifecycle-ledger.statement.v1+json", body)
    return short(log, signed)


@bad("C17", "one who is named signs twice", based=False, also=("C13",))
def recovery_by_one_twice(log: Log) -> int:
    founded(log, FRIEDA, GRETE, threshold=2)
    return short(log, quorum(log, GRETE, GRETE))


@bad("C17", "the signatures in the wrong order", based=False, also=("C13",))
def recovery_out_of_order(log: Log) -> int:
    founded(log, FRIEDA, GRETE, threshold=2)
    return short(log, quorum(log, FRIEDA, GRETE)[::-1])


@bad("C17", "nobody's signature", also=("C13",))
def recovery_by_nobody(log: Log) -> int:
    return short(log, [])


@unsure("C17", "signed with a scheme that nobody knows", based=False)
def recovery_of_an_unknown_scheme(log: Log) -> int:
    strange = Credential(Fixed(b"\1\2\3", "falcon-512"))
    founded(log, strange)
    row = recovered(log, [{"key": strange.id, "signatures": ["AAAA"]}])
    close(log, LOG, key=VKEY)
    return row

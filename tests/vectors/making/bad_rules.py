"""Logs that break C16 to C20: roles, events nobody knows, references, sets, disclosures."""

from __future__ import annotations

from typing import Any

from .build import ADA, ADMIN_ONLY, CAROL, CI, DAN, SET, Log, one
from .cases import bad, unsure
from .encode import b64url, disclosure, leaf, sha, write
from .good_logs import ref


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
    log.base(
        lambda data: data["rules"].update(
            {"bank.example/limit": {"batch": True, "roles": ["compliance", "auditor"], "trust": False}}
        )
    )
    row = log.add("ci", "bank.example/limit", CI, log=sha(b"\0", log.entries[0]).hex())
    log.note_it()
    return row


@unsure("C17", "a type of the rule table that changes trust, of a later release", based=False)
def trust_type_of_later(log: Log) -> int:
    log.base(lambda data: data["rules"].update(key_suspended=ADMIN_ONLY))
    genesis = leaf(log.entries[0]).hex()
    row = log.add("ada", "key_suspended", ADA, {"handle": "carol"}, {"key_id": CAROL.id}, log=genesis)
    log.note_it()
    return row


@unsure("C17", "an own type that the rule table says changes trust", based=False)
def trust_type_own(log: Log) -> int:
    log.base(lambda data: data["rules"].update({"bank.example/board": ADMIN_ONLY}))
    genesis = leaf(log.entries[0]).hex()
    row = log.add("ada", "bank.example/board", ADA, {"handle": "carol"}, log=genesis)
    log.note_it()
    return row


@unsure("C17", "a field of a key event that nobody knows")
def trust_field_unknown(log: Log) -> int:
    log.introduce("dan", "human")
    return log.authorize("dan", DAN, condition="two signatures")


@unsure("C17", "a later rev of a key event")
def trust_rev_2(log: Log) -> int:
    return log.add("ada", "actor_introduced", ADA, {"handle": "dan"}, {"kind": "human"}, rev=2)


@unsure("C17", "an own type that is marked critical")
def critical_unknown(log: Log) -> int:
    row = log.add("ci", "bank.example/stop", CI, critical=True)
    log.note_it()
    return row


@bad("C17", "a key event without one of its fields", also=("C13",))
def trust_field_missing(log: Log) -> int:
    return log.add("ada", "actor_introduced", ADA, {"handle": "dan"}, {"function": "validation"})


@bad("C17", "a key event with a value that cannot be", also=("C13",))
def trust_value_unknown(log: Log) -> int:
    return log.revoke("ci", CI, "stolen")


@bad("C17", "a key without roles", also=("C13",))
def trust_roles_empty(log: Log) -> int:
    said = log.say("ada", "key_authorized", ADA, {"handle": "ci"}, {"keys": DAN.json(), "roles": []})
    return log.place(said, ADA)


@bad("C17", "a key event about nobody: no handle in its subject", also=("C13",))
def trust_subject_missing(log: Log) -> int:
    return log.add("ada", "actor_introduced", ADA, {}, {"kind": "human"})


@bad("C18", "the hash is not that of the statement with this id")
def ref_hash_wrong(log: Log) -> int:
    log.note_it()
    return log.note_it(refs={"uses": [{**ref(log, 5), "hash": sha(b"another").hex()}]})


@bad("C18", "the hash is the entry's leaf and not the statement's")
def ref_hash_of_entry(log: Log) -> int:
    log.note_it()
    return log.note_it(refs={"uses": [{**ref(log, 5), "hash": leaf(log.entries[5]).hex()}]})


@bad("C18", "a statement refers to itself")
def ref_itself(log: Log) -> int:
    said = log.say("ci", "evaluated", CI, SET)
    return log.place({**said, "refs": {"uses": [{"hash": sha(b"itself").hex(), "id": said["id"]}]}}, CI)


@bad("C18", "a later statement, by a wrong hash")
def ref_later_hash_wrong(log: Log) -> int:
    later = log.say("ci", "evaluated", CI, SET)
    row = log.note_it(refs={"uses": [{"hash": sha(b"later").hex(), "id": later["id"]}]})
    log.place(later, CI)
    return row


@bad("C18", "an approval refers to what is not in the log")
def ref_of_approval_outside(log: Log) -> int:
    outside = {"hash": sha(b"elsewhere").hex(), "id": "019cad5f-0000-7000-8000-000000000000"}
    return log.add("carol", "approved", CAROL, SET, refs={"uses": [outside]})


@bad("C18", "an approval refers to what comes later")
def ref_of_approval_later(log: Log) -> int:
    later = log.say("ci", "evaluated", CI, SET)
    row = log.add(
        "carol", "approved", CAROL, SET, refs={"uses": [{"hash": leaf(write(later)).hex(), "id": later["id"]}]}
    )
    log.place(later, CI)
    return row


@bad("C18", "a member of a batch refers to another member by a wrong hash")
def ref_in_batch_wrong(log: Log) -> int:
    first = log.say("ci", "trained", CI)
    items = [write(first)]
    items.append(
        write(log.say("ci", "evaluated", CI, SET, refs={"uses": [{"hash": sha(b"x").hex(), "id": first["id"]}]}))
    )
    return log.batch(items, log.header(items)) + 1


@bad("C19", "an approval of a system, without a set or a document")
def approval_of_a_name(log: Log) -> int:
    row = log.add("carol", "approved", CAROL, {"system": "credit", "version": "3"})
    log.note_it()
    return row


@bad("C19", "a rejection of nothing")
def rejection_of_nothing(log: Log) -> int:
    return log.add("carol", "rejected", CAROL, {})


SALT = bytes(range(16))


def sealed(log: Log, pointer: str = "/data/name", **other: Any) -> tuple[str, int]:
    """An introduction with a sealed name; the disclosure that opens it, or one that is bent by `other`; the row."""
    said = log.say("ada", "actor_introduced", ADA, {"handle": "dan"})
    _, commitment = disclosure(SALT, said["id"] + "/data/name", "Dan")
    row = log.place({**said, "data": {"kind": "human", "name": commitment}}, ADA)
    shown, _ = disclosure(other.get("salt", SALT), other.get("id", said["id"]) + pointer, other.get("value", "Dan"))
    return shown, row


@bad("C20", "another value")
def disclosure_value(log: Log) -> int:
    shown, row = sealed(log, value="Eve")
    log.disclosures.append(shown)
    return row


@bad("C20", "another salt")
def disclosure_salt(log: Log) -> int:
    shown, row = sealed(log, salt=bytes(16))
    log.disclosures.append(shown)
    return row


@bad("C20", "another place of the same statement: there is no commitment")
def disclosure_place(log: Log) -> int:
    shown, row = sealed(log, "/data/contact")
    log.disclosures.append(shown)
    return row


@bad("C20", "a place that is not sealed")
def disclosure_of_a_plain_field(log: Log) -> int:
    shown, row = sealed(log, "/data/kind")
    log.disclosures.append(shown)
    return row


@bad("C20", "a statement that is not in the log")
def disclosure_of_no_statement(log: Log) -> dict[str, int]:
    shown, _ = sealed(log, id="019cad5f-0000-7000-8000-000000000000")
    log.disclosures.append(shown)
    return {}


@bad("C20", "the disclosure stands twice")
def disclosure_twice(log: Log) -> int:
    shown, row = sealed(log)
    log.disclosures += [shown, shown]
    return row


@bad("C20", "a commitment that was copied into another statement: its disclosure names the first")
def disclosure_copied(log: Log) -> int:
    said = log.say("ci", "evaluated", CI)
    shown, commitment = disclosure(SALT, said["id"] + "/data/name", "Dan")
    row = log.place(said, CI)
    log.add("ci", "evaluated", CI, None, {"name": commitment})
    log.disclosures.append(shown)
    return row


@bad("C20", "the disclosure is padded")
def disclosure_padded(log: Log) -> dict[str, int]:
    shown, _ = sealed(log)
    log.disclosures.append(shown + "=" * (-len(shown) % 4) if len(shown) % 4 else shown + "====")
    return {}


@bad("C20", "the disclosure is an array of four")
def disclosure_of_four(log: Log) -> dict[str, int]:
    said = log.say("ada", "actor_introduced", ADA, {"handle": "dan"})
    shown = b64url(write([b64url(SALT), said["id"] + "/data/name", "Dan", 1]))
    log.place({**said, "data": {"kind": "human", "name": {"sealed": b64url(sha(shown.encode()))}}}, ADA)
    log.disclosures.append(shown)
    return {}

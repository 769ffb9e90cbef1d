"""What a reader of the page alone had to guess, decided: a good log and a bad one on each side of every such line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .build import ADA, BOB, CAROL, CI, DAN, RECOVERY, SET, Log, genesis_data, one
from .cases import bad, good, unsure
from .encode import b64url, leaf, sha, write
from .keys import LOG, LOG_ML_DSA_KEY, ORIGIN, VKEY, VKEY_ML_DSA, ml_dsa_line
from .log_keys import FIRST, LOG_2, SECOND, close, keep, quorum, rotate, sealed
from .roles import approve, assign, end, found, policy

# ---- four eyes: handles are compared, by what was said before the approval ----


@good("the maker introduces the approver anew, before one approval and after another: the first counts, from then on")
def four_eyes_brought_in_later(log: Log) -> None:
    row = policy(log, "four_eyes", "finding")
    log.add("bob", "evaluated", BOB, {**SET, "system": "credit"})
    approve(log, "carol", CAROL)
    log.add("bob", "actor_introduced", BOB, {"handle": "carol"}, {"kind": "human"})
    found(log, (16, row), (19, approve(log, "carol", CAROL)))


@good("who authorised another key of the approver had made it: the key that signs counts, and the handle's introducers")
def four_eyes_other_key_brought_in(log: Log) -> None:
    row = policy(log, "four_eyes", "finding")
    log.authorize("carol", one("carol-2"), ["approver"], by=("bob", BOB))
    log.add("bob", "evaluated", BOB, {**SET, "system": "credit"})
    approve(log, "carol", CAROL)
    found(log, (16, row), (19, approve(log, "carol", one("carol-2"))))


@bad("C19", "own work approved on behalf of another: the actor is compared, and nobody else")
def four_eyes_on_behalf(log: Log) -> int:
    policy(log, "four_eyes", "refusal")
    log.add("carol", "evaluated", CAROL, {**SET, "system": "credit"})
    return approve(log, "carol", CAROL, on_behalf_of="ci", claimed_by={"handle": "ci"})


@good("evaluated on behalf of the approver, and by their claim: the actor is compared, and nobody else")
def four_eyes_claims(log: Log) -> None:
    row = policy(log, "four_eyes", "refusal")
    claim = {"on_behalf_of": "carol", "claimed_by": {"handle": "carol"}}
    spoke = log.add("ci", "evaluated", CI, {**SET, "system": "credit"}, None, None, **claim)
    approve(log, "carol", CAROL)
    found(log, (16, row), (13, spoke))


# ---- the rows that a rule table must have ----


def genesis_row(name: str, why: str, kind: str, **row: Any) -> None:
    """Registers a log of one entry whose rule table has another row for `kind`, or none."""

    def build(log: Log) -> int:
        def edit(data: dict[str, Any]) -> None:
            old = data["rules"].pop(kind)
            if row:
                data["rules"][kind] = {**old, **row}

        return log.genesis(edit)

    build.__name__ = f"genesis_rule_{name}"
    bad("C10", why, based=False)(build)


for _kind in sorted(genesis_data()["rules"].keys() - {"approved", "rejected"}):
    genesis_row(f"no_{_kind}", f"a rule table without {_kind}", _kind)
genesis_row("trust_taken", "key_authorized changes no trust", "key_authorized", trust=False)
genesis_row("batch_of_keys", "key_revoked may stand in a batch", "key_revoked", batch=True)
genesis_row("for_anybody", "any credential may set a policy", "policy_set", roles=[])
genesis_row(
    "for_recorders", "recorders introduce actors, and administrators do not", "actor_introduced", roles=["recorder"]
)
genesis_row(
    "clock_for_recorders", "recorders reset the clock, and administrators do not", "clock_reset", roles=["recorder"]
)
genesis_row("clock_in_batches", "the clock may be reset in a batch", "clock_reset", batch=True)


@good("keys are authorised by administrators or by compliance, and approvals have no rule at all", based=False)
def genesis_rules_wider(log: Log) -> None:
    def edit(data: dict[str, Any]) -> None:
        data["rules"]["key_authorized"]["roles"] = ["admin", "compliance"]
        del data["rules"]["approved"], data["rules"]["rejected"]

    log.base(edit)
    assign(log, "carol", "compliance")
    log.authorize("ci", DAN, by=("carol", CAROL))
    log.add("ci", "approved", DAN, SET, log=None)


# ---- who stands in the genesis twice ----


@good("an administrator stands twice, with another credential and other roles", based=False)
def genesis_administrator_twice(log: Log) -> None:
    again = {"handle": "ada", "keys": one("ada-2").json(), "roles": ["admin", "approver"]}
    log.base(lambda data: data["administrators"].append(again))
    log.add("ada", "approved", one("ada-2"), SET)


@bad("C16", "an administrator stands twice: the roles of one credential are not the other's", based=False)
def genesis_administrator_twice_roles(log: Log) -> int:
    again = {"handle": "ada", "keys": one("ada-2").json(), "roles": ["admin", "approver"]}
    log.base(lambda data: data["administrators"].append(again))
    return log.add("ada", "approved", ADA, SET)


@bad("C10", "an administrator stands twice with the same credential", based=False, also=("C13",))
def genesis_administrator_repeated(log: Log) -> int:
    return log.genesis(lambda data: data["administrators"].append(data["administrators"][0]))


@bad("C10", "a credential is named for recovery twice", based=False)
def genesis_recovery_repeated(log: Log) -> int:
    return log.genesis(lambda data: data["recovery"]["keys"].append(data["recovery"]["keys"][0]))


# ---- plain text where the vocabulary seals; texts that are empty; what else `data` holds ----


@good("name and contact in plain text, empty, as a number, as an object: what is sealed is the author's choice")
def plain_where_others_seal(log: Log) -> None:
    for at, value in enumerate(("Dan", "", 7, {"given": "Dan"}, {"sealed": "short"})):
        log.introduce("dan", "human", name=value, contact=value, function="" if at else "trader")


@good("an own type of empty texts and names; a reason is the only text that must say something")
def empty_texts(log: Log) -> None:
    log.note_it(data={"": "", "a": {"": [""]}}, context={"": ""}, claimed_by={"": ""}, source={"": ""})
    item = {"also": {"": ""}, "digest": "sha256:" + sha(b"").hex(), "kind": "file", "media_type": "", "name": "",
            "size": 0, "uri": ""}  # fmt: skip
    log.note_it(evidence=[item])


# ---- exact subjects ----


def subject_of(name: str, why: str, kind: str, subject: dict[str, Any], data: Callable[[], dict[str, Any]]) -> None:
    def build(log: Log) -> int:
        return log.add("ada", kind, ADA, subject, data())

    build.__name__ = f"trust_subject_{name}"
    bad("C17", why, also=("C13",))(build)


subject_of("more", "an actor introduced, and a system named", "actor_introduced", {"handle": "dan", "system": "credit"},
           lambda: {"kind": "human"})  # fmt: skip
subject_of("of_a_role", "a role assigned, and a document named", "role_assigned", {"document": "d", "handle": "ci"},
           lambda: {"role": "approver"})  # fmt: skip
subject_of("of_a_policy", "a policy about a handle", "policy_set", {"handle": "ci"},
           lambda: {"kind": "four_eyes", "value": "off"})  # fmt: skip
subject_of("of_a_set", "a key authorised, and a set named", "key_authorized", {**SET, "handle": "ci"},
           lambda: {"keys": DAN.json(), "roles": ["recorder"]})  # fmt: skip


@bad("C17", "a rotation about a system", also=("C13",))
def trust_subject_of_a_rotation(log: Log) -> int:
    return log.add("ada", "log_key_rotated", ADA, {"system": "credit"}, {"new": SECOND, "old": FIRST}, reason="yearly")


# ---- roles of those whose keys were revoked ----


@good("a role is assigned, and ended, of a handle whose only key was revoked: what was assigned is the handle's")
def role_ended_of_a_revoked_actor(log: Log) -> None:
    assign(log, "ci", "approver")
    log.revoke("ci", CI, "left")
    end(log, "ci", "approver")
    assign(log, "ci", "auditor")
    log.authorize("ci", DAN, ["recorder"])
    end(log, "ci", "auditor")


@bad("C13", "the end of a role that only a revoked key had")
def role_ended_of_a_revoked_key(log: Log) -> int:
    log.revoke("carol", CAROL, "left")
    return end(log, "carol", "approver")


@bad("C16", "the end of a role takes it from a key, and a key that is authorised later with it is another word")
def role_ended_then_authorized(log: Log) -> int:
    end(log, "carol", "approver")
    log.authorize("carol", DAN, ["approver"])
    approve(log, "carol", DAN)
    return approve(log, "carol", CAROL)


# ---- disclosures: salt and place ----

SALT = bytes(range(16))


def shown(name: str, why: str, array: Callable[[str], bytes], good_one: bool = False, data: Any = None) -> None:
    """Registers a log whose commitment is over exactly this disclosure: `array` makes it from the statement's id."""

    def build(log: Log) -> dict[str, int]:
        said = log.say("ci", "evaluated", CI)
        text = b64url(array(said["id"]))
        sealed_by = {"sealed": b64url(sha(text.encode()))}
        fill = data or (lambda mark: {"data": {"name": mark, "rows": [0, mark]}})
        log.place({**said, **fill(sealed_by)}, CI)
        log.disclosures.append(text)
        return {}

    build.__name__ = f"disclosure_{name}"
    (good(why) if good_one else bad("C20", why))(build)


def salted(salt: str) -> Callable[[str], bytes]:
    return lambda ident: write([salt, f"{ident}/data/name", "Dan"])


def placed(place: str) -> Callable[[str], bytes]:
    return lambda ident: write([b64url(SALT), f"{ident}{place}", "Dan"])


def spelt(text: str) -> Callable[[str], bytes]:
    return lambda ident: text.replace("ID", ident).replace("SALT", b64url(SALT)).encode()


def null_value(ident: str) -> bytes:
    return write([b64url(SALT), f"{ident}/data/rows/1", None])


shown("of_null", "a value of null, in a list", null_value, good_one=True)
shown("of_everything", "all of data is one sealed value", placed("/data"), good_one=True,
      data=lambda mark: {"data": mark})  # fmt: skip
shown("salt_15", "a salt of 15 bytes", salted(b64url(bytes(15))))
shown("salt_17", "a salt of 17 bytes", salted(b64url(bytes(17))))
shown("salt_empty", "no salt", salted(""))
shown("salt_spare_bits", "a salt with spare bits that are not zero", salted("A" * 21 + "B"))
shown("salt_base64", "a salt in base64, which differs from base64url in these bytes", salted("+/" + "A" * 20))
shown("salt_words", "22 characters that are no base64url", salted("the name of the person"))
shown("place_without_pointer", "a place without a pointer", placed("/"))
shown("place_of_context", "a place outside data and claimed_by", placed("/context/name"),
      data=lambda mark: {"context": {"name": mark}})  # fmt: skip
shown("place_escape", "a pointer with an escape that is none", placed("/data/name~2"),
      data=lambda mark: {"data": {"name~2": mark}})  # fmt: skip
shown("blank", "a blank in the array", spelt('["SALT", "ID/data/name","Dan"]'))
shown("key_twice", "a value with a key twice", spelt('["SALT","ID/data/name",{"a":1,"a":2}]'))
shown("nan", "a value that is no number", spelt('["SALT","ID/data/name",NaN]'))
shown("idle_digit", "a value with an idle digit", spelt('["SALT","ID/data/name",0.10]'))
shown("surrogate", "a lone surrogate", spelt('["SALT","ID/data/name","\\ud800"]'))
shown("two_arrays", "a second thing behind the array", spelt('["SALT","ID/data/name","Dan"],"a":[]'))


def at(name: str, why: str, pointer: str) -> None:
    """A place that is one, in another spelling: the disclosure is readable, and opens nothing there."""

    def build(log: Log) -> int:
        said = log.say("ci", "evaluated", CI)
        text = b64url(write([b64url(SALT), said["id"] + pointer, "Dan"]))
        row = log.place({**said, "data": {"rows": [0, {"sealed": b64url(sha(text.encode()))}]}}, CI)
        log.disclosures.append(text)
        return row

    build.__name__ = f"disclosure_index_{name}"
    bad("C20", why)(build)


at("leading_zero", "the place in a list with a leading zero", "/data/rows/01")
at("negative", "the place in a list counted from its end", "/data/rows/-1")
at("plus", "the place in a list with a sign", "/data/rows/+1")
at("arabic", "the place in a list in Arabic digits", "/data/rows/\u0661")


# ---- one key of the log's two; pins of the size where a key takes over ----


def two_lines(log: Log, over: int | None = None, **given: str) -> dict[str, int]:
    """The newest checkpoint bears both lines of the log, the ML-DSA one over another size where `over` says so."""
    log.note_it()
    note = log.note()
    other = note if over is None else log.note(over)
    log.notes["checkpoint"] = note + ml_dsa_line(ORIGIN, LOG_ML_DSA_KEY, other)
    log.policy = given
    return {"checkpoint": len(log.entries)}


@good("the verifier brings the log's ML-DSA key alone")
def one_key_ml_dsa(log: Log) -> None:
    log.log_needs = {"ml-dsa-44": "UNVERIFIABLE"}
    two_lines(log, key=VKEY_ML_DSA)


@good("the verifier brings the Ed25519 key alone: the other line, which is bad, is one of an unknown key")
def one_key_ed25519(log: Log) -> None:
    two_lines(log, 3, key=VKEY)


@bad("C3", "the verifier brings the ML-DSA key alone, and its line is bad")
def one_key_ml_dsa_bad(log: Log) -> dict[str, int]:
    log.log_needs = {"ml-dsa-44": "UNVERIFIABLE"}
    return two_lines(log, 3, key=VKEY_ML_DSA)


@bad("C3", "the verifier brings the ML-DSA key alone, and it did not sign")
def one_key_ml_dsa_missing(log: Log) -> dict[str, int]:
    log.log_needs = {"ml-dsa-44": "UNVERIFIABLE"}
    log.policy = {"key": VKEY_ML_DSA}
    return {"checkpoint": len(log.entries)}


@bad("C3", "the verifier brings the genesis alone: both keys that it names are known, and one line is bad")
def one_key_none(log: Log) -> dict[str, int]:
    log.log_needs = {"ml-dsa-44": "VERIFIED"}
    return two_lines(log, 3, genesis=leaf(log.entries[0]).hex())


def pinned(log: Log, *keys: Any) -> str:
    """A rotation; the checkpoint that hands over, signed by these, as somebody's pin."""
    log.note_it()
    row = rotate(log)
    keep(log, row + 1, LOG, LOG_2)
    pin = sealed(log, row + 1, *keys).decode()
    log.note_it()
    close(log, LOG_2, pin=pin)
    found(log, (3, row))
    return pin


@good("a pin of the checkpoint that hands over, and no key")
def rotation_from_the_hand_over(log: Log) -> None:
    pinned(log, LOG, LOG_2)


@bad("C3", "a pin of the size that hands over, signed by the new key alone")
def rotation_from_half_a_hand_over(log: Log) -> dict[str, int]:
    pinned(log, LOG_2)
    return {"checkpoint": 7}


@good("a pin of the size at which a recovery's key takes over, and no key: that key is the verifier's")
def recovery_from_a_pin_of_the_new_key(log: Log) -> None:
    log.note_it()
    row = rotate(log, recovery=quorum(log, RECOVERY), reason="the disk is gone")
    pin = sealed(log, row + 1, LOG_2).decode()
    log.note_it()
    close(log, LOG_2, pin=pin)
    found(log, (3, row))


@unsure("C3", "a pin of the last size that the lost key signed, and no key")
def recovery_from_a_pin_of_the_lost_key(log: Log) -> int:
    log.note_it()
    pin = sealed(log, 6, LOG).decode()
    row = rotate(log, recovery=quorum(log, RECOVERY), reason="the disk is gone")
    log.note_it()
    close(log, LOG_2, pin=pin)
    return row


# ---- said once, and compared by name and digest; what of several failures is named ----


@bad("C17", "a key authorised with one role, said twice", also=("C13",))
def role_said_twice(log: Log) -> int:
    return log.authorize("ci", DAN, ["recorder", "recorder"])


@bad("C17", "a rotation to a key whose id is not its own")
def rotation_key_id(log: Log) -> int:
    name, ident, public = SECOND[0].split("+", 2)
    new = [f"{name}+{int(ident, 16) ^ 1:08x}+{public}", SECOND[1]]
    return log.add("ada", "log_key_rotated", ADA, {}, {"new": new, "old": FIRST}, reason="yearly")


@good("a document approved by who evaluated a set under that document's name: the set is what was made")
def four_eyes_document_beside_a_set(log: Log) -> None:
    row = policy(log, "four_eyes", "refusal")
    log.add("carol", "evaluated", CAROL, {**SET, "document": "model-card"})
    log.add("carol", "approved", CAROL, {"document": "model-card"})
    found(log, (16, row))


@good("trained under another name in the set: name and digest are compared")
def four_eyes_trained_under_another_name(log: Log) -> None:
    row = policy(log, "four_eyes", "refusal")
    log.add("carol", "trained", CAROL, {"artifacts": {"weights": SET["artifacts"]["model"]}})
    log.add("carol", "approved", CAROL, SET)
    found(log, (16, row))


@good("critical, of a known type, in another rev, with a field of its own: the type alone is asked")
def critical_of_another_rev(log: Log) -> None:
    log.note_it(critical=True, rev=2, data={"new": 1})

"""Entry 0: the log's name, its keys, its first administrators and its rule table (FORMAT.md section 8)."""

import re
from collections.abc import Set as AbstractSet
from typing import Any, Final, NamedTuple

from ledger.encoding import b64decode, is_handle, is_origin, is_type
from ledger.errors import Misuse, Tampered
from ledger.keys.credential import Credential
from ledger.notes.note import parse_note
from ledger.notes.treehead import Checkpoint, parse_checkpoint
from ledger.notes.verifier import ED25519, MLDSA44_COSIGNATURE, VerifierKey

ROLES: Final = frozenset(("recorder", "approver", "compliance", "admin", "auditor"))
CLOCK_RESET: Final = "clock_reset"
TRUST_TYPES: Final = frozenset(
    (
        "actor_introduced",
        "clock_reset",
        "delegated",
        "key_authorized",
        "key_revoked",
        "log_key_rotated",
        "policy_set",
        "role_assigned",
        "role_ended",
    )
)
"""The types of FORMAT.md section 8: every rule table has a row for each."""


class Unknown(Exception):
    """A statement changes, or may change, who may say what in a way that this release does not know (C17)."""


class Rule(NamedTuple):
    """What a type of the rule table asks: may it stand in a batch, which roles, does it change trust."""

    batch: bool
    roles: frozenset[str]
    trust: bool


class Administrator(NamedTuple):
    """One who may authorise from the first entry on."""

    handle: str
    credential: Credential
    roles: frozenset[str]


class Recovery(NamedTuple):
    """Who may replace the log's keys when they are lost: `threshold` of these credentials together."""

    credentials: tuple[Credential, ...] = ()
    threshold: int = 1


class Predecessor(NamedTuple):
    """The log that this one takes up after a loss: the newest checkpoint of it that the founder held, and its note.

    The note's signatures are judged by whoever holds that log's keys, not here.
    """

    note: bytes
    checkpoint: Checkpoint


class Genesis(NamedTuple):
    """What entry 0 says; `leaf` (hex) names the log."""

    leaf: str
    origin: str
    log_keys: tuple[VerifierKey, ...]
    rules: dict[str, Rule]
    administrators: tuple[Administrator, ...]
    recovery: Recovery = Recovery()
    continues: Predecessor | None = None


def read_genesis(statement: dict[str, Any], leaf: str) -> Genesis:
    """Return what a genesis statement says.

    Raises `Tampered` (C10) where it is none, `Misuse` (code `newer_genesis`) where a later release wrote it (C17).
    """
    try:
        return _read(statement, leaf)
    except Unknown as unknown:
        raise Misuse(f"entry 0: {unknown}", "pip install -U lifecycle-ledger", code="newer_genesis") from None
    except (Tampered, Misuse) as error:
        raise Tampered(f"entry 0 is no genesis: {error.message}", code="genesis", check=10, seq=0) from None


def _read(statement: dict[str, Any], leaf: str) -> Genesis:
    data = statement["data"]
    require(statement["type"] == "genesis", "type")
    require(statement["subject"] == {} and "log" not in statement, "subject or log")
    unknown = data.keys() - _REQUIRED - {"continues"}
    if unknown or statement["rev"] != 1:
        raise Unknown(f"the genesis has {f'the unknown field {min(unknown)!r}' if unknown else 'another rev'}")
    check_fields(data, _REQUIRED, {"continues"})
    _check_names(data["format"], data["hash"])
    require(is_text(data["origin"]) and is_origin(data["origin"]), "origin")
    require(is_text(data["nonce"]) and len(b64decode(data["nonce"])) == 32, "nonce")
    recovery = _read_recovery(data["recovery"])
    continues = read_predecessor(data["continues"], data["origin"]) if "continues" in data else None
    require(isinstance(data["administrators"], list) and 1 <= len(data["administrators"]) <= 64, "administrators")
    administrators = tuple(map(_read_administrator, data["administrators"]))
    first = administrators[0]
    require((statement["actor"], statement["key"]) == (first.handle, first.credential.id), "signed by another")
    log_keys, rules = read_log_keys(data["log_keys"], data["origin"]), read_rules(data["rules"])
    for kind in sorted(TRUST_TYPES):
        require(kind in rules and (rules[kind].trust or kind == CLOCK_RESET), f"the rule of {kind}")
        check_reserved(kind, rules[kind])
    return Genesis(leaf, data["origin"], log_keys, rules, administrators, recovery, continues)


def _check_names(format: Any, hash: Any) -> None:
    """A format or hash that is named and not known here is a later release's, if it is one's at all (C17)."""
    require(type(format) is int and format >= 1 and is_text(hash) and _HASH.fullmatch(hash) is not None, "format, hash")
    if format != 1 or hash != "sha256":
        raise Unknown(f"format {format} with the hash {hash}; known here is 1 with sha256")


_HASH: Final = re.compile(r"[a-z][a-z0-9-]{1,31}")
_REQUIRED: Final = {"administrators", "format", "hash", "log_keys", "nonce", "origin", "recovery", "rules"}


def read_predecessor(value: Any, origin: str) -> Predecessor:
    """Return what the log `origin` says of the one before it; raise `Tampered` where that is malformed, or itself."""
    check_fields(value, {"checkpoint", "origin"}, frozenset())
    require(is_text(value["checkpoint"]) and value["origin"] != origin, "continues: a text, of another log")
    note = value["checkpoint"].encode()
    checkpoint = parse_checkpoint(parse_note(note).text)
    require(checkpoint.origin == value["origin"], "continues: a checkpoint of another origin")
    return Predecessor(note, checkpoint)


def _read_administrator(value: Any) -> Administrator:
    check_fields(value, {"handle", "keys", "roles"}, frozenset())
    require(is_text(value["handle"]) and is_handle(value["handle"]), "handle")
    roles = read_roles(value["roles"])
    require("admin" in roles, "an administrator without the role admin")
    return Administrator(value["handle"], Credential.from_json(value["keys"]), roles)


def require(good: bool, what: str) -> None:
    """Raise `Tampered` (C17) where a part of a trust event is not what it must be."""
    if not good:
        raise Tampered(f"malformed: {what}", code="trust_form", check=17)


def check_fields(data: Any, required: AbstractSet[str], optional: AbstractSet[str]) -> None:
    """Raise `Tampered` unless `data` is an object with these fields."""
    require(isinstance(data, dict), "not an object")
    require(required <= data.keys() <= required | optional, f"needs exactly {', '.join(sorted(required))}")


def is_text(value: object) -> bool:
    """Whether a decoded value is text."""
    return type(value) is str


def read_roles(value: Any) -> frozenset[str]:
    """Return a list of roles, each known and said once."""
    require(isinstance(value, list) and len(value) > 0 and all(map(is_text, value)), "roles")
    require(ROLES.issuperset(value) and len(set(value)) == len(value), "roles")
    return frozenset(value)


def read_rules(value: Any) -> dict[str, Rule]:
    """Return a rule table, or rows of one; raise `Tampered` (C17) where it is none."""
    require(isinstance(value, dict) and len(value) <= 1024, "rules")
    rules = {}
    for kind, rule in value.items():
        require(is_type(kind), "rules")
        check_fields(rule, {"batch", "roles", "trust"}, frozenset())
        require(
            type(rule["batch"]) is bool and type(rule["trust"]) is bool and isinstance(rule["roles"], list), "rules"
        )
        rules[kind] = Rule(rule["batch"], read_roles(rule["roles"]) if rule["roles"] else frozenset(), rule["trust"])
    return rules


def check_reserved(kind: str, rule: Rule) -> None:
    """Raise `Tampered` (C17) for a rule that takes a type of trust from the administrators, or lets it into batches."""
    mine = kind not in TRUST_TYPES or (not rule.batch and "admin" in rule.roles)
    require(mine, f"{kind} is an administrator's, one by one")


def read_log_keys(value: Any, origin: str) -> tuple[VerifierKey, ...]:
    """Return a log's set of verifier keys, Ed25519 first; raise `Tampered` (C17) where it is none."""
    require(isinstance(value, list) and len(value) == 2 and all(map(is_text, value)), "log_keys")
    keys = tuple(map(_read_log_key, value))
    require([key.kind for key in keys] == [ED25519, MLDSA44_COSIGNATURE], "log_keys")
    require(all(key.name == origin for key in keys) and keys[0].key_id != keys[1].key_id, "log_keys")
    return keys


def _read_log_key(text: str) -> VerifierKey:
    try:
        return VerifierKey.parse(text)
    except Misuse as error:
        raise Tampered(f"malformed: log_keys: {error.message}", error.fix, code="trust_form", check=17) from None


def _read_recovery(value: Any) -> Recovery:
    check_fields(value, {"keys", "threshold"}, frozenset())
    require(isinstance(value["keys"], list) and 1 <= len(value["keys"]) <= 64, "recovery")
    credentials = tuple(map(Credential.from_json, value["keys"]))
    require(len({one.id for one in credentials}) == len(credentials), "recovery")
    for credential in credentials:
        for key in credential.keys:
            key.check()
    require(type(value["threshold"]) is int and 1 <= value["threshold"] <= len(value["keys"]), "recovery")
    return Recovery(credentials, value["threshold"])

"""Logs that break C10: entry 0, and a genesis elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .build import ADA, BOB, CI, ORIGIN, RECOVERY, Log, genesis_data, one
from .cases import bad, unsure
from .encode import b64, sha, write
from .keys import (
    LOG,
    LOG_ML_DSA,
    ORDER_8,
    VKEY,
    VKEY_ML_DSA,
    Credential,
    Fixed,
    Key,
    note_text,
    pack,
    signature_line,
    vkey,
)


def genesis_with(name: str, why: str, edit: Callable[[dict[str, Any]], Any], also: tuple[str, ...] = ()) -> None:
    """Registers a log of one entry whose genesis has other data."""

    def build(log: Log) -> int:
        return log.genesis(edit)

    build.__name__ = f"genesis_{name}"
    bad("C10", why, based=False, also=also)(build)


def with_keys(*keys: str) -> Callable[[dict[str, Any]], Any]:
    return lambda data: data.update(log_keys=list(keys))


def administrator(**change: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda data: data["administrators"][1].update(change)


def rule(name: str, **change: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda data: data["rules"].update({name: {"batch": False, "roles": ["admin"], "trust": True, **change}})


def continuing(origin: str, note: str) -> Callable[[dict[str, Any]], Any]:
    return lambda data: data.update(continues={"checkpoint": note, "origin": origin})


def old_note(origin: str, blank: bytes = b"\n") -> str:
    text = note_text(origin, 17, sha(b"old"))
    return (text + blank + signature_line(origin, LOG, text)).decode()


OLD = "example.com/old-log"
WRONG_ID = VKEY.replace(VKEY.split("+")[1], "00000000")
for _name, _why, _edit in (
    ("format_0", "format 0", lambda data: data.update(format=0)),
    ("format_text", "format as text", lambda data: data.update(format="1")),
    ("hash_malformed", "a hash that cannot be one", lambda data: data.update(hash="SHA-512")),
    ("nonce_short", "a nonce of 31 bytes", lambda data: data.update(nonce=b64(bytes(31)))),
    ("nonce_missing", "no nonce", lambda data: data.pop("nonce")),
    ("rules_missing", "no rule table", lambda data: data.pop("rules")),
    ("origin_with_plus", "an origin with a +", lambda data: data.update(origin="example.com/a+b")),
    ("origin_with_scheme", "an origin with a scheme", lambda data: data.update(origin="https://example.com")),
    ("no_administrators", "an empty list of administrators", lambda data: data.update(administrators=[])),
    ("administrator_not_admin", "an administrator without the role admin", administrator(roles=["recorder"])),
    ("administrator_role_unknown", "a role nobody knows", administrator(roles=["admin", "king"])),
    ("administrator_handle", "a handle with a capital", administrator(handle="Bob")),
    ("administrator_three_keys", "a credential without keys", administrator(keys=[])),
    ("log_keys_one", "no ML-DSA key", with_keys(VKEY)),
    ("log_keys_order", "the ML-DSA key first", with_keys(VKEY_ML_DSA, VKEY)),
    ("log_keys_wrong_id", "a key id that is not the key's", with_keys(WRONG_ID, VKEY_ML_DSA)),
    ("log_keys_other_name", "a key of another name", with_keys(vkey("example.com/b", 1, LOG.public), VKEY_ML_DSA)),
    ("log_keys_timed", "a witness's type, 0x04", with_keys(vkey(ORIGIN, 4, LOG.public), VKEY_ML_DSA)),
    ("log_key_small", "a log key of order 8", with_keys(vkey(ORIGIN, 1, pack(ORDER_8)), VKEY_ML_DSA)),
    ("log_key_cut", "an ML-DSA key of 1,311 bytes", with_keys(VKEY, vkey(ORIGIN, 6, LOG_ML_DSA[:-1]))),
    (
        "recovery_threshold",
        "two of one recovery credentials",
        lambda data: data.update(recovery={"keys": [RECOVERY.json()], "threshold": 2}),
    ),
    ("recovery_threshold_0", "none of them", lambda data: data["recovery"].update(threshold=0)),
    (
        "rule_without_trust",
        "a rule without `trust`",
        lambda data: data["rules"].update(a_b={"batch": True, "roles": []}),
    ),
    ("rule_role_unknown", "a rule with a role nobody knows", rule("limit_set", roles=["king"])),
    ("rule_batch_text", "a rule whose batch is text", rule("limit_set", batch="no")),
    ("rule_type_malformed", "a rule for a type that cannot be", rule("Limit")),
    ("continues_itself", "a log that takes up itself", continuing(ORIGIN, old_note(ORIGIN))),
    ("continues_other_origin", "a checkpoint of another log than named", continuing("example.com/b", old_note(OLD))),
    ("continues_no_note", "no blank line under the checkpoint it takes up", continuing(OLD, old_note(OLD, b""))),
    (
        "continues_number",
        "its size in the place of a checkpoint",
        lambda data: data.update(continues={"checkpoint": 17, "origin": OLD}),
    ),
    (
        "continues_field",
        "a third field of `continues`",
        lambda data: data.update(continues={"checkpoint": old_note(OLD), "origin": OLD, "size": 17}),
    ),
):
    genesis_with(_name, _why, _edit)

for _name, _why, _edit in (
    ("point_order_8", "an administrator's key of order 8", administrator(keys=Credential(Fixed(pack(ORDER_8))).json())),
    ("one_key_twice", "two administrators with one key", administrator(keys=ADA.json())),
    ("log_key_as_author", "an administrator's key is the log's", administrator(keys=Credential(LOG).json())),
    (
        "pair_of_one_scheme",
        "an administrator's two keys are of one scheme",
        administrator(keys=Credential(Key("b"), Key("c")).json()),
    ),
):
    genesis_with(_name, _why, _edit, also=("C13",))


@bad("C10", "the second administrator signs", based=False)
def genesis_by_second(log: Log) -> int:
    return log.genesis(signer=BOB, actor="bob")


@bad("C10", "the second administrator's key under the first one's name", based=False)
def genesis_by_other_key(log: Log) -> int:
    return log.genesis(signer=BOB)


@bad("C10", "somebody whom it does not name signs", based=False)
def genesis_by_stranger(log: Log) -> int:
    return log.genesis(signer=one("mallory"), actor="mallory")


@bad("C14", "the signature of entry 0 is over other bytes", based=False, also=("C10",))
def genesis_signature_wrong(log: Log) -> int:
    body = write(log.say("ada", "genesis", ADA, {}, genesis_data()))
    return log.place(body, ADA, signatures=ADA.sign("application/vnd.lifecycle-ledger.statement.v1+json", body + b" "))


@bad("C10", "the genesis has a subject", based=False)
def genesis_subject(log: Log) -> int:
    return log.place(log.say("ada", "genesis", ADA, {"system": "credit"}, genesis_data()), ADA)


@bad("C10", "the genesis names a log", based=False)
def genesis_log(log: Log) -> int:
    return log.genesis(log=sha(b"log").hex())


@bad("C10", "entry 0 is of another type", based=False, also=("C13",))
def genesis_missing(log: Log) -> int:
    return log.add("ci", "evaluated", CI)


@bad("C10", "a second genesis")
def genesis_twice(log: Log) -> int:
    row = log.place(log.say("ada", "genesis", ADA, {}, genesis_data()), ADA)
    log.note_it()
    return row


@bad("C10", "the verifier knows this log by another genesis")
def policy_other_genesis(log: Log) -> int:
    log.policy = {"key": VKEY, "genesis": sha(b"another genesis").hex()}
    return 0


@unsure("C17", "a field of the genesis that nobody knows", based=False)
def genesis_unknown_field(log: Log) -> int:
    return log.genesis(lambda data: data.update(witnesses=["witness.example/w1"]))


@unsure("C17", "a later format", based=False)
def genesis_format_2(log: Log) -> int:
    return log.genesis(lambda data: data.update(format=2))


@unsure("C17", "another hash", based=False)
def genesis_hash_other(log: Log) -> int:
    return log.genesis(lambda data: data.update(hash="sha512"))


@unsure("C17", "a later rev of the genesis", based=False)
def genesis_rev_2(log: Log) -> int:
    return log.genesis(rev=2)

"""The events that change who may say what, as a table: what each must have, and what it does to the state of trust."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ledger.encoding import is_handle, is_time
from ledger.genesis import (
    TRUST_TYPES,
    Rule,
    Unknown,
    check_reserved,
    is_text,
    read_log_keys,
    read_roles,
    read_rules,
    require,
)
from ledger.grants import Scope, cannot, read_systems
from ledger.keys.credential import Credential
from ledger.logkeys import certificate, check_quorum

if TYPE_CHECKING:
    from ledger.trust import Trust

FOUR_EYES: Final = ("finding", "refusal", "off")
WHYS: Final = ("retired", "replaced", "lost", "compromised", "left")


class Change(NamedTuple):
    """One such event: its place, who says it, the handle or system it is about ("": none), its data."""

    seq: int
    actor: str
    handle: str
    system: str
    data: dict[str, Any]


class Event(NamedTuple):
    """What a type must have and may have, and what it does. `subject`: keys that must be, `about`: that may be."""

    subject: frozenset[str]
    required: frozenset[str]
    optional: frozenset[str]
    act: Callable[["Trust", Change], None]
    reason: bool = False
    about: frozenset[str] = frozenset()


def _introduced(trust: "Trust", change: Change) -> None:
    require(change.data["kind"] in ("human", "service"), "kind")
    trust.holders.introduce(change.handle, change.actor, change.seq)


def _authorised(trust: "Trust", change: Change) -> None:
    data = change.data
    trust.holders.require_introduced(change.handle, "a key")
    scope = Scope.read(data)
    credential = Credential.from_json(data["keys"])
    trust.holders.grant(change.handle, credential, read_roles(data["roles"]), scope, since=change.seq, by=change.actor)


def _revoked(trust: "Trust", change: Change) -> None:
    data = change.data
    require(data["why"] in WHYS, "why")
    since = data.get("compromised_since", "")
    require("compromised_since" not in data or (is_text(since) and is_time(since)), "compromised_since")
    require(is_text(data["key_id"]), "key_id")
    trust.holders.revoke(change.handle, data["key_id"], change.seq, data["why"], since)


def _role_assigned(trust: "Trust", change: Change) -> None:
    (role,) = read_roles([change.data["role"]])
    trust.holders.require_introduced(change.handle, "a role")
    trust.holders.assign(change.handle, role, Scope.read(change.data), change.seq)


def _role_ended(trust: "Trust", change: Change) -> None:
    (role,) = read_roles([change.data["role"]])
    systems = read_systems(change.data["systems"]) if "systems" in change.data else []
    trust.holders.end_role(change.handle, role, frozenset(systems))


def _delegated(trust: "Trust", change: Change) -> None:
    to = change.data["to"]
    require(is_text(to) and is_handle(to) and to != change.handle, "to")
    trust.holders.require_introduced(change.handle, "a delegation")
    trust.holders.require_introduced(to, "a delegation")
    trust.holders.delegate(change.handle, to, Scope.read(change.data))


def _policy_set(trust: "Trust", change: Change) -> None:
    kind, value = change.data["kind"], change.data["value"]
    require(is_text(kind), "kind")
    if kind == "roles":
        require(not change.system, "the rule table is for all systems")
        trust.change_rules(change.seq, _read_rows(trust, value))
    elif kind == "four_eyes":
        require(is_text(value) and value in FOUR_EYES, "value")
        trust.set_four_eyes(change.seq, change.system, value)
    else:
        raise Unknown(f"a policy of the kind {kind!r}")


def _read_rows(trust: "Trust", value: Any) -> dict[str, Rule]:
    """Return rows of the rule table; what changes trust stays that, and within reach of an administrator."""
    rows = read_rules(value)
    require(bool(rows), "value")
    for kind, rule in rows.items():
        ours = kind in TRUST_TYPES
        require(rule.trust or not (ours or trust.changes_trust(kind)), f"{kind} changes trust and must stay so")
        check_reserved(kind, rule)
    return rows


def _log_key_rotated(trust: "Trust", change: Change) -> None:
    data, genesis = change.data, trust.genesis
    old, new = read_log_keys(data["old"], genesis.origin), read_log_keys(data["new"], genesis.origin)
    if old != trust.log_keys.current.keys:
        raise cannot("another key than the log's at this place", "old_log_key")
    recovered = "recovery" in data
    if recovered:
        check_quorum(
            data["recovery"], certificate(genesis.leaf, data["old"], data["new"]), genesis, trust.holders.disowned()
        )
    trust.replace_log_keys(change.seq, new, recovered=recovered)


def _clock_reset(trust: "Trust", change: Change) -> None:
    """Changes no key: that `recorded` may go back is said in C8."""


def _event(
    act: Callable[["Trust", Change], None],
    required: str,
    optional: str = "",
    *,
    subject: str = "handle",
    about: str = "",
    reason: bool = False,
) -> Event:
    subjects, needed, more, also = (frozenset(names.split()) for names in (subject, required, optional, about))
    return Event(subjects, needed, more, act, reason, also)


EVENTS: Final[dict[str, Event]] = {
    "actor_introduced": _event(_introduced, "kind", "name contact function organisation"),
    "key_authorized": _event(_authorised, "keys roles", "systems not_after"),
    "key_revoked": _event(_revoked, "key_id why", "compromised_since"),
    "role_assigned": _event(_role_assigned, "role", "systems not_after"),
    "role_ended": _event(_role_ended, "role", "systems"),
    "delegated": _event(_delegated, "to", "systems not_after"),
    "policy_set": _event(_policy_set, "kind value", subject="", about="system"),
    "log_key_rotated": _event(_log_key_rotated, "old new", "recovery", subject="", reason=True),
    "clock_reset": _event(_clock_reset, "", "note", subject="", reason=True),
}

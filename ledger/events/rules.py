"""The rule table that a new log writes into its genesis (FORMAT section 8)."""

from typing import Final, TypedDict


class TypeRule(TypedDict):
    """What a type demands: may it stand in a batch, which role must the key hold, does it change who may say what."""

    batch: bool
    roles: list[str]
    trust: bool


ROLES: Final = ("recorder", "approver", "compliance", "admin", "auditor")

_TRUST = (
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
_ADMIN = ("gate_policy_registered",)
_APPROVER = ("approval_revoked", "approved", "disposal_approved", "rejected")
# What decides about the system in the world is meant for one log; anybody authorised may say it.
_THIS_LOG_ONLY = (
    "conformity_assessed",
    "declaration_issued",
    "deployed",
    "disposed",
    "erased",
    "gate_evaluated",
    "hold_placed",
    "hold_released",
    "migrated",
    "placed_on_market",
    "put_into_service",
    "recalled",
    "resumed",
    "retention_set",
    "retired",
    "rolled_back",
    "substantial_modification_assessed",
    "suspended",
    "undeployed",
    "verified",
    "withdrawn",
)


def _rows(types: tuple[str, ...], rule: TypeRule) -> dict[str, TypeRule]:
    return {name: {**rule, "roles": list(rule["roles"])} for name in types}


RULES: Final[dict[str, TypeRule]] = {
    **_rows(_TRUST, {"batch": False, "roles": ["admin"], "trust": True}),
    **_rows(_ADMIN, {"batch": False, "roles": ["admin"], "trust": False}),
    **_rows(_APPROVER, {"batch": False, "roles": ["approver"], "trust": False}),
    **_rows(_THIS_LOG_ONLY, {"batch": True, "roles": [], "trust": False}),
}

"""What a correction does (vocabulary 4.3): which paths it may set, whose word counts, what an event then says."""

from collections.abc import Iterable
from typing import Any, Final

from msgspec.structs import replace

from ledger import encoding
from ledger.entry import Entry
from ledger.statement import Statement
from projections.projection import Authority
from projections.values import mapping

# They have opposites, or are records of an act: nobody can make them say something else afterwards.
NOT_CORRECTABLE: Final = frozenset(
    {"genesis", "actor_introduced", "key_authorized", "key_revoked", "role_assigned", "role_ended", "delegated"}
    | {"policy_set", "log_key_rotated", "clock_reset", "approved", "rejected", "approval_revoked", "gate_evaluated"}
    | {"corrected"}
)
_MAY_CORRECT_OTHERS: Final = frozenset(("compliance", "admin"))


def effect(target: Entry | None, correction: Entry, authority: Authority) -> str:
    """Say what a correction does: `applied`, or why it is without effect (S06, S07)."""
    said = correction.statement
    if target is None:
        return "target_unknown"
    if target.statement.type in NOT_CORRECTABLE:
        return "not_correctable"
    if said.actor != target.statement.actor and not authority.holds(said.key, _MAY_CORRECT_OTHERS, correction.seq):
        return "not_permitted"
    return "applied"


def history(target: Entry, corrections: Iterable[Entry]) -> tuple[list[tuple[int, Statement]], bool]:
    """Return what an event said from which entry on, oldest first, and whether it is void in the end."""
    said = target.statement
    versions = [(target.seq, said)]
    void = False
    for correction in sorted(corrections, key=lambda entry: entry.seq):
        data = correction.statement.data
        void = void or data.get("void") is True
        said = _changed(said, mapping(data.get("changes")))
        if correction.statement.evidence:
            said = replace(said, evidence=[*said.evidence, *correction.statement.evidence])
        versions.append((correction.seq, said))
    return versions, void


def _changed(said: Statement, changes: dict[str, Any]) -> Statement:
    data = dict(said.data)
    fields: dict[str, Any] = {}
    for path, value in changes.items():
        if path.startswith("data."):
            if value is None:
                data.pop(path[5:], None)
            else:
                data[path[5:]] = value
        elif path == "reason" and (value is None or type(value) is str):
            fields["reason"] = value
        elif path == "time" and type(value) is str and encoding.is_time(value):
            fields["time"] = value
    return replace(said, data=data, **fields)

"""Findings on who decided: approvals (Art. 14, 17), and whether a change was assessed (Art. 43(4))."""

from collections.abc import Iterator
from typing import Final

from projections.findings.about import About, Found, Severity, days, numbers


def unapproved(one: About) -> Iterator[Found]:
    """Deployed without an approval that stood then and stands now."""
    for slot in one.running:
        if slot["share"] <= 0:
            continue
        valid = [each for each in one.approvals if each["stage"] in (slot["tier"], slot["environment"])]
        complete = [each for each in valid if each["complete"]]
        if not complete:
            yield Found(f"runs in {slot['environment']} without an approval", (slot["start_seq"],))
        elif all(each.get("expired") for each in complete):
            yield Found(f"runs in {slot['environment']}, and its approval has expired", (complete[-1]["seq"],))
        elif all(each["seq"] > slot["start_seq"] for each in complete):
            yield Found(f"ran in {slot['environment']} before it was approved", (slot["start_seq"], complete[0]["seq"]))


_FOUR_EYES: Final = (
    "SELECT value FROM policies WHERE kind = 'four_eyes' AND (system = ? OR system IS NULL)"
    " ORDER BY CASE WHEN system IS NULL THEN 1 ELSE 0 END, seq DESC LIMIT 1"
)
_BROUGHT_IN: Final = (
    "SELECT introduced_by FROM people WHERE handle = ? UNION"
    " SELECT granted_by FROM authority WHERE handle = ? AND key_id IS NOT NULL"
)
_BY_POLICY: Final[dict[str, Severity]] = {"refusal": "error", "finding": "warning"}


def four_eyes(one: About) -> Iterator[Found]:
    """Approved by a maker, or by whom a maker brought in; the policy says how severe that is."""
    policy = next((value for (value,) in one.database.rows(_FOUR_EYES, (one.system,))), "off")
    severity = _BY_POLICY.get(policy)
    for each in one.approvals:
        if each["own_work"]:
            yield Found(f"approved by {each['by']}, who made it", (each["seq"],), severity)
        for maker in each.get("brought_in_by_maker", []):
            yield Found(f"approved by {each['by']}, whom {maker}, who made it, brought in", (each["seq"],))
    made = {each["by"]: each for each in reversed(one.makers)}
    if one.actor in made:
        own = made[one.actor]
        yield Found(f"you {own['what']} it yourself", numbers(own.get("seq")), severity)
    elif one.actor:
        for (by,) in sorted(one.database.rows(_BROUGHT_IN, (one.actor, one.actor)), key=str):
            if by in made:
                yield Found(f"you were brought in by {by}, who {made[by]['what']} it", numbers(made[by].get("seq")))


def approved_first(one: About) -> Iterator[Found]:
    """Approved before any evaluation."""
    first = min((each["seq"] for each in one.evaluations), default=None)
    for each in one.approvals:
        if first is not None and each["seq"] < first and each["stage"] != "training":
            yield Found(f"approved for {each['stage']} before it was evaluated", (each["seq"], first))


def no_role(one: About) -> Iterator[Found]:
    """Approved without the role."""
    for each in one.approvals:
        if "approver" not in each["roles"]:
            yield Found(f"approved by {each['by']}, who had not the role approver", (each["seq"],))


_ASSESSED: Final = "SELECT seq, actor FROM assessments WHERE system = ? AND set_digest = ? ORDER BY seq"
_HOLDS: Final = (
    "SELECT 1 FROM authority WHERE handle = ? AND role = 'compliance' AND source_seq < ?"
    " AND (until_seq IS NULL OR until_seq >= ?)"
)


def assessor(one: About) -> Iterator[Found]:
    """Assessed as to substantial modification without the role compliance."""
    for seq, actor in one.database.rows(_ASSESSED, (one.system, one.digest)):
        if not one.database.rows(_HOLDS, (actor, seq, seq)):
            yield Found(f"assessed by {actor}, who had not the role compliance", (seq,))


# ---- change (Art. 43(4)) ----

_CHANGE: Final = (
    "SELECT sm_state, sm_note, pending_from, effective_seq FROM changes"
    " WHERE system = ? AND to_set = ? AND status <> 'later' ORDER BY number"
)
_IN_SERVICE: Final = (
    "SELECT start_seq FROM deployments WHERE system = ? AND set_digest <> ? AND effective IS NOT NULL UNION"
    " SELECT seq FROM market WHERE system = ? AND set_digest <> ? AND stands = 'stands'"
)
_MARKET: Final = "SELECT 1 FROM market WHERE system = ? AND stands = 'stands' LIMIT 1"
_DECIDED: Final = (
    "SELECT 1 FROM assessments WHERE system = ? AND set_digest = ? AND decision IS NOT NULL"
    " AND decision <> 'uncertain' LIMIT 1"
)


def modification(one: About) -> Iterator[Found]:
    """A change of what was in service that nobody assessed, be it effective yet or not."""
    changes = one.database.rows(_CHANGE, (one.system, one.digest))
    for state, note, since, seq in changes:
        if state == "pending":
            more = f" ({note})" if note else ""
            open_for = max(0, days(since, one.at))
            yield Found(f"substantial modification not assessed, pending {open_for} days{more}", numbers(seq))
    if any(state not in (None, "not_yet") for state, *_ in changes):
        return
    place = (one.system, one.digest)
    if one.database.rows(_IN_SERVICE, place * 2) and not one.database.rows(_DECIDED, place):
        note = "" if one.database.rows(_MARKET, (one.system,)) else " (market status not recorded)"
        seqs = numbers(one.row.get("trained_seq") or one.row.get("first_seq"))
        yield Found(f"change of a system in service, substantial modification not assessed{note}", seqs)

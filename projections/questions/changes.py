"""The changes of a system, in the sense of Annex IV point 6: the document `ledger.changelog/1`.

Everything is a fact of the log with the numbers of its entries, or is said to be missing. Nothing is judged.
"""

from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from ledger.encoding import parse_time, time_text
from ledger.errors import Misuse
from projections.changelog.deriving import CHANGES, ITEMS, PENDING
from projections.database import Database
from projections.questions import facts
from projections.questions.facts import Facts, lean
from projections.questions.gaps import gaps_of
from projections.questions.weighing import cumulative, measured
from projections.registry.systems import SYSTEMS
from projections.values import mapping, unpacked

if TYPE_CHECKING:
    from projections.opening import Projections

QUIET_DAYS: Final = 90  # a stretch longer than that without a change is said to be one
_SYSTEM: Final = f"SELECT {', '.join(SYSTEMS.columns)} FROM systems WHERE system = ?"  # noqa: S608
_CHANGES: Final = f"SELECT {', '.join(CHANGES.columns)} FROM changes WHERE system = ?"  # noqa: S608
_ITEMS: Final = (
    f"SELECT {', '.join(ITEMS.columns)} FROM change_items"  # noqa: S608
    " WHERE system = ? AND change_key = ? ORDER BY part, name, grp"
)
_MARKET: Final = "SELECT kind, time, seq FROM market WHERE system = ? AND stands = 'stands' ORDER BY time, seq LIMIT 1"
_UNLISTED: Final = (
    "SELECT COUNT(*) FROM versions WHERE system = ? AND origin <> 'mentioned' AND NOT EXISTS"
    " (SELECT 1 FROM changes WHERE changes.system = versions.system AND changes.to_set = versions.set_digest)"
)
_SPOKEN_OF: Final = "SELECT 1 FROM versions WHERE system = ? LIMIT 1"
_RECORD: Final = "SELECT actor, time, data FROM change_records WHERE seq = ?"
_RECORDS_OF: Final = (
    "SELECT seq, actor, time, summary FROM change_records"
    " WHERE system = ? AND set_digest = ? AND stands = 'stands' ORDER BY seq"
)
_ASSESSMENT: Final = "SELECT seq, time, actor, decision, reason, baseline, data FROM assessments WHERE seq = ?"
_RAN: Final = (
    "SELECT environment, deployment, effective, effective_seq, ended, end_cause, started_by, countries, deployer"
    " FROM deployments WHERE system = ? AND set_digest = ? AND effective IS NOT NULL ORDER BY effective, effective_seq"
)
_REQUESTS: Final = (
    "SELECT seq, actor, time, stage, decision, reason FROM approvals"
    " WHERE system = ? AND set_digest = ? AND decision <> 'approved' ORDER BY seq"
)
_EVIDENCE: Final = "SELECT seq, evidence FROM evaluations WHERE set_digest = ? AND system = ? ORDER BY seq DESC LIMIT 8"
_ANSWERED: Final = (
    "SELECT acknowledged_seq, resolved_seq, resolution FROM alerts WHERE alert = ? ORDER BY episode DESC LIMIT 1"
)
_AFTER: Final = "SELECT opened_seq, opened FROM alerts WHERE system = ? AND opened >= ? ORDER BY opened_seq"


def changelog(projections: "Projections", system: str, *, now: datetime | None = None) -> dict[str, Any]:
    """Return all changes of `system` in the order in which they became effective; `Misuse` if it is unknown."""
    at = projections.moment.as_of_or_none or time_text(now or datetime.now(UTC))
    with projections.reading("changelog") as database:
        described = [dict(zip(SYSTEMS.columns, row, strict=True)) for row in database.rows(_SYSTEM, (system,))]
        rows = [dict(zip(CHANGES.columns, row, strict=True)) for row in database.rows(_CHANGES, (system,))]
        if not described and not rows and not database.rows(_SPOKEN_OF, (system,)):
            raise Misuse(f"nothing is recorded of a system {system!r}", "ledger registry", code="unknown_system")
        about = described[0] if described else {}
        told = [_change(projections, database, row, at) for row in rows if row["status"] != "later"]
        told.sort(key=lambda one: (one.get("effective_time", "~"), one["number"]))
        market = database.rows(_MARKET, (system,))
        ((unlisted,),) = database.rows(_UNLISTED, (system,))
        size = projections.position("changelog")
        times = [one["effective_time"] for one in told if "effective_time" in one]
        return lean(
            {
                "schema": "ledger.changelog/1", "origin": projections.source.origin, "system": system, "as_of": at,
                "known_at": projections.moment.known_at_or_none, "size": size,
                "provider": mapping(unpacked(about.get("provider"), {})).get("name"), "purpose": about.get("purpose"),
                "market": dict(zip(("kind", "time", "seq"), market[0], strict=True)) if market else None,
                "gaps": [gap for one in told for gap in gaps_of(one, at)], "changes": told, "unlisted": unlisted,
                "quiet": _quiet(projections, times, at, size),
            }
        )  # fmt: skip


def _change(projections: "Projections", database: Database, row: Facts, at: str) -> Facts:
    system, after = row["system"], row["to_set"]
    lists = {name: unpacked(row[name], []) for name in ("categories", "suggested", "equal", "seqs")}
    keep = ("number", "opened_seq", "kind", "status", "effective_time", "effective_seq", "effective_by", "record_seq")
    told = lean({name: row[name] for name in keep} | {name: row[name] for name in ("summary", "reason")} | lists)
    told["key"] = row["change_key"]
    if row["status"] == "void":
        return told
    told["from"] = lean({"version": row["from_version"], "digest_set": row["from_set"]})
    told["to"] = lean({"version": row["to_version"], "digest_set": after})
    told["built_from_another"] = bool(row["built_from"])
    found = [_item(one) for one in database.rows(_ITEMS, (system, row["change_key"]))]
    told["differences"] = [facts.with_data(database, one) for one in found]
    told["measured"] = measured(database, system, found)
    told["why"] = [_cause(projections, database, one) for one in unpacked(row["caused_by"], [])]
    told["substantial_modification"] = _assessment(database, row)
    if (summed := cumulative(database, system, told)) is not None:
        told["cumulative_differences"] = summed
    if row["record_seq"] is not None:
        ((actor, time, data),) = database.rows(_RECORD, (row["record_seq"],))
        said = mapping(unpacked(data, {}))
        told |= {"recorded_by": actor, "recorded_time": time}
        told |= {name: said[name] for name in _SAID if name in said}
        told["said_again"] = _said_again(database, row)
    version = facts.version(database, system, after) if after else {}
    told |= lean({"trained": facts.act(version, "trained"), "registered": facts.act(version, "registered")})
    told["approvals"] = facts.approvals(database, system, after, at, version) if after else []
    requests = database.rows(_REQUESTS, (system, after)) if after else []
    names = ("seq", "by", "time", "stage", "decision", "reason")
    told["decisions"] = [lean(dict(zip(names, one, strict=True))) for one in requests]
    told["ran"] = _ran(database, row) if after else []
    told["evidence"] = _evidence(database, system, after) if after else []
    if "effective_time" in told:
        since = database.rows(_AFTER, (system, told["effective_time"]))
        told["alerts_since"] = [seq for seq, _ in since]
    return told


def _said_again(database: Database, row: Facts) -> list[Facts]:
    """What later records say of the same change: the first describes it, and none is lost."""
    names = ("seq", "by", "time", "summary")
    rows = database.rows(_RECORDS_OF, (row["system"], row["to_set"]))
    return [lean(dict(zip(names, one, strict=True))) for one in rows if one[0] != row["record_seq"]]


def _item(row: tuple[Any, ...]) -> Facts:
    said = dict(zip(ITEMS.columns, row, strict=True))
    before, after = unpacked(said["before"], [None])[0], unpacked(said["after"], [None])[0]
    return lean(
        {
            "part": said["part"], "name": said["name"], "group": said["grp"] or None, "before": before, "after": after,
            "delta": said["delta"], "why_not": said["why_not"], "threshold": said["threshold"],
            "met": None if said["met"] is None else bool(said["met"]), "seqs": unpacked(said["seqs"], []),
        }
    )  # fmt: skip


def _cause(projections: "Projections", database: Database, target: str) -> Facts:
    """The event that was named as the reason, with how it was answered where it is an alert."""
    try:
        entry = projections.source.find(target)
    except Misuse:
        return {"id": target}
    said = entry.statement
    told = {"id": target, "seq": entry.seq, "type": said.type, "time": said.time, "data": dict(said.data)}
    if said.reason:
        told["reason"] = said.reason
    if said.type == "drift_alerted":
        for row in database.rows(_ANSWERED, (said.subject.get("alert") or said.id,)):
            told |= lean(dict(zip(("acknowledged_seq", "resolved_seq", "resolution"), row, strict=True)))
    return told


def _assessment(database: Database, row: Facts) -> Facts:
    """The decision that a person took, or that it is pending, or why it does not apply."""
    told = {
        "state": row["sm_state"], "note": row["sm_note"] or None, "seq": row["sm_seq"],
        "pending_from": row["pending_from"], "baseline_set": row["baseline_set"], "baseline_seq": row["baseline_seq"],
    }  # fmt: skip
    if row["sm_state"] not in (PENDING, "not_applicable", "not_yet"):
        for _, time, actor, _, reason, baseline, data in database.rows(_ASSESSMENT, (row["sm_seq"],)):
            told |= {"by": actor, "time": time, "reason": reason, "measured_against": baseline}
            told |= {name: value for name, value in mapping(unpacked(data, {})).items() if name in _ANSWERS}
    return lean(told)


_SAID: Final = ("points", "ifu_changed", "affected", "watch_days", "rollback_plan")
_ANSWERS: Final = (
    "cumulative", "after_market", "foreseen", "purpose_modified", "within_plan", "articles_affected",
    "notified_body_informed",
)  # fmt: skip


def _ran(database: Database, change: Facts) -> list[Facts]:
    """Where and when the set served; for a roll-back, only what began with it. `again`: it had served there before."""
    names = ("environment", "deployment", "effective", "seq", "ended", "end_cause", "by", "countries", "deployer")
    found, places = [], set()
    for row in database.rows(_RAN, (change["system"], change["to_set"])):
        told = lean(dict(zip(names, row, strict=True)))
        told |= {"countries": unpacked(told.get("countries"), []), "again": row[:2] in places}
        places.add(row[:2])
        if change["kind"] != "rollback" or told["seq"] == change["effective_seq"]:
            found.append(told)
    return found


def _evidence(database: Database, system: str, digest: str) -> list[Facts]:
    return [
        lean({"seq": seq, "name": one.get("name"), "digest": one.get("digest"), "size_bytes": one.get("size")})
        for seq, evidence in reversed(database.rows(_EVIDENCE, (digest, system)))
        for one in unpacked(evidence, [])
    ]


def _quiet(projections: "Projections", times: list[str], at: str, size: int) -> list[Facts]:
    """Every stretch of more than 90 days without a change, and how many entries the log took in meanwhile."""
    ends = [*times, at]
    found = []
    for start, stop in pairwise(ends):
        if (parse_time(stop) - parse_time(start)).days > QUIET_DAYS:
            entries = _placed_before(projections, stop, size) - _placed_before(projections, start, size)
            found.append({"from": start, "to": stop, "entries": max(0, entries - 1)})
    return found


def _placed_before(projections: "Projections", moment: str, size: int) -> int:
    """How many entries were recorded up to a moment; `recorded` never decreases, so that few need a look."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        if projections.source.find(middle).recorded <= moment:
            low = middle + 1
        else:
            high = middle
    return low

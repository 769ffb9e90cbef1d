"""What a person has to see before they approve a version: what it is, against what runs, and what is open."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from ledger.encoding import time_text
from ledger.errors import Misuse
from projections.comparing import compare
from projections.database import Database
from projections.questions import facts
from projections.questions.diff import told
from projections.questions.facts import Facts, lean
from projections.questions.naming import find_version
from projections.values import unpacked

if TYPE_CHECKING:
    from projections.opening import Projections

TIERS: Final = ("development", "test", "staging", "production")
_RUNNING: Final = (
    "SELECT set_digest, version, environment, started, start_seq FROM deployments"
    " WHERE system = ? AND tier = ? AND ended IS NULL AND share > 0 ORDER BY share DESC, start_seq DESC LIMIT 1"
)
_ALERTS: Final = (
    "SELECT alert, opened_seq, metric, severity, state FROM alerts"
    " WHERE system = ? AND state IN ('open', 'acknowledged') AND (set_digest IS NULL OR set_digest IN (?, ?))"
    " ORDER BY opened_seq DESC LIMIT 20"
)
_STATE: Final = (
    "SELECT state, needed, standing, requested_by, requested_seq FROM approval_states"
    " WHERE system = ? AND set_digest = ? AND document = '' AND stage = ?"
)


def candidate(
    projections: "Projections", name: str, stage: str, actor: str, *, now: datetime | None = None
) -> dict[str, Any]:
    """Return the document `ledger.candidate/1`: all that is known of the version `name` by one who decides for `stage`.

    It is compared with what runs in the stage's tier (production, where the stage is no tier). `makers`: who trained,
    registered, evaluated or asked for it, `own` where that is `actor`. Raises `Misuse` for an unknown version.
    """
    at = projections.moment.as_of_or_none or time_text(now or datetime.now(UTC))
    with projections.reading() as database:
        system, digest = find_version(database, name)
        row = facts.version(database, system, digest)
        running = _running(database, system, stage)
        before = running["digest_set"] if running else None
        state = _state(database, system, digest, stage)
        answer = lean(
            {
                "schema": "ledger.candidate/1", "origin": projections.source.origin,
                "size": projections.position("registry"), "as_of": at, "stage": stage, "system": system,
                "version": row.get("version"), "digest_set": digest, "running": running,
                "artifacts": facts.artifacts(database, system, digest),
                "datasets": {
                    "before": _datasets(database, system, before), "after": _datasets(database, system, digest),
                },
                "differences": [
                    told(one) | {"equal": one.equal}
                    for one in compare(database, system, before if before != digest else None, digest)
                ],
                "evaluations": facts.evaluations(database, row),
                "makers": [], "request": state.get("request"),
                "approvals": [
                    one for one in facts.approvals(database, system, digest, at, row) if one["stage"] == stage
                ],
                "alerts": _alerts(database, system, digest, before),
            }
        )  # fmt: skip
        answer["makers"] = _makers(row, answer["evaluations"], state, actor)
        answer["missing"] = [word for word, lacks in _MISSING.items() if lacks(answer, row)]
    return answer | {"findings": _findings(projections, system, {digest, before}, at)}


def _running(database: Database, system: str, stage: str) -> Facts | None:
    tier = stage if stage in TIERS else "production"
    for digest, version, environment, started, seq in database.rows(_RUNNING, (system, tier)):
        about = {"digest_set": digest, "version": version, "environment": environment, "since": started, "seq": seq}
        return lean(about)
    return None


def _datasets(database: Database, system: str, digest: str | None) -> list[Facts]:
    return facts.datasets(database, facts.inputs(database, system, digest)) if digest else []


def _state(database: Database, system: str, digest: str, stage: str) -> Facts:
    for state, needed, standing, by, seq in database.rows(_STATE, (system, digest, stage)):
        asked = {"by": by, "seq": seq, "needed": needed} if seq is not None else None
        return lean({"state": state, "standing": unpacked(standing, []), "request": asked})
    return {}


def _makers(row: Facts, evaluations: list[Facts], state: Facts, actor: str) -> list[Facts]:
    """Who made what the decision is about: four eyes ask that somebody else decides."""
    made = [(what, row.get(f"{what}_by"), row.get(f"{what}_seq")) for what in ("trained", "registered")]
    newest = {one["by"]: one["seq"] for one in evaluations}
    made += [("evaluated", by, newest.get(by)) for by in unpacked(row.get("evaluated_by"), [])]
    if request := state.get("request"):
        made.append(("asked for", request["by"], request["seq"]))
    return [lean({"what": what, "by": by, "seq": seq, "own": by == actor}) for what, by, seq in made if by]


def _alerts(database: Database, system: str, digest: str, before: str | None) -> list[Facts]:
    names = ("alert", "seq", "metric", "severity", "state")
    return [
        lean(dict(zip(names, row, strict=True))) for row in database.rows(_ALERTS, (system, digest, before or digest))
    ]


def _findings(projections: "Projections", system: str, sets: set[str | None], at: str) -> list[Facts]:
    """The gaps of the changelog that are about the version, or about what it would replace."""
    from projections.questions.changes import changelog

    projections.catch_up("changelog")
    try:
        found = changelog(projections, system, now=datetime.fromisoformat(at))
    except Misuse:
        return []  # nobody described the system, and nothing of it changed yet
    about = {one["number"]: one.get("to", {}) for one in found["changes"]}
    return [
        {**gap, **lean({"version": about[gap["change"]].get("version")})}
        for gap in found["gaps"]
        if about[gap["change"]].get("digest_set") in sets
    ]


# What nobody recorded of it, by the words that are printed.
_MISSING: Final[dict[str, Callable[[Facts, Facts], bool]]] = {
    "training": lambda answer, row: row.get("trained_seq") is None,  # noqa: ARG005
    "training data": lambda answer, _: not any(one["role"] == "training" for one in answer["datasets"]["after"]),
    "evaluation": lambda answer, _: not answer["evaluations"],
    "bias examination": lambda answer, _: not any("bias" in one["covers"] for one in answer["evaluations"]),
    "metric plan": lambda answer, _: any("plan" not in one for one in answer["evaluations"]),
    "code": lambda answer, row: not unpacked(row.get("code"), {}),  # noqa: ARG005
}

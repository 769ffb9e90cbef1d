"""What a person has to see before they approve a version: what it is, against what runs, and what is open."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from ledger.encoding import time_text
from projections.comparing import compare
from projections.database import Database
from projections.questions import facts
from projections.questions.diff import told
from projections.questions.facts import Facts, lean
from projections.questions.findings import makers_of, of_version, running
from projections.questions.naming import find_version
from projections.values import unpacked

if TYPE_CHECKING:
    from projections.opening import Projections

_REJECTED: Final = (
    "SELECT seq, actor, time, reason FROM approvals WHERE system = ? AND set_digest = ? AND stage = ?"
    " AND decision = 'rejected' ORDER BY seq"
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
    registered, evaluated or asked for it, `own` where that is `actor`; `findings`: what is odd or missing about it.
    Raises `Misuse` for an unknown version.
    """
    at = projections.moment.as_of_or_none or time_text(now or datetime.now(UTC))
    projections.catch_up("changelog")
    with projections.reading("changelog") as database:
        system, digest = find_version(database, name)
        row = facts.version(database, system, digest)
        current = _running(database, system, stage)
        before = current["digest_set"] if current else None
        state = _state(database, system, digest, stage)
        answer = lean(
            {
                "schema": "ledger.candidate/1", "origin": projections.source.origin,
                "size": projections.position("registry"), "as_of": at, "stage": stage, "system": system,
                "version": row.get("version"), "digest_set": digest, "running": current,
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
                "rejections": [
                    lean(dict(zip(("seq", "by", "time", "reason"), one, strict=True)))
                    for one in database.rows(_REJECTED, (system, digest, stage))
                ],
            }
        )  # fmt: skip
        answer["makers"] = _makers(row, answer["evaluations"], state, actor)
        answer["findings"] = of_version(projections, system, digest, at, stage=stage, actor=actor)
    return answer


def _running(database: Database, system: str, stage: str) -> Facts | None:
    row = running(database, system, stage)
    if row is None:
        return None
    about = {"digest_set": row["set_digest"], "since": row["started"], "seq": row["start_seq"]}
    return lean(about | {"version": row["version"], "environment": row["environment"]})


def _datasets(database: Database, system: str, digest: str | None) -> list[Facts]:
    return facts.datasets(database, facts.inputs(database, system, digest)) if digest else []


def _state(database: Database, system: str, digest: str, stage: str) -> Facts:
    for state, needed, standing, by, seq in database.rows(_STATE, (system, digest, stage)):
        asked = {"by": by, "seq": seq, "needed": needed} if seq is not None else None
        return lean({"state": state, "standing": unpacked(standing, []), "request": asked})
    return {}


def _makers(row: Facts, evaluations: list[Facts], state: Facts, actor: str) -> list[Facts]:
    """Who made what the decision is about: four eyes ask that somebody else decides."""
    request = state.get("request", {})
    made = makers_of(row, evaluations, request.get("by"), request.get("seq"))
    return [one | {"own": one["by"] == actor} for one in made]

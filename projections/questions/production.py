"""What runs in production now: the exact version, whence it came, who approved it, and what nobody recorded."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from ledger.encoding import time_text
from projections.questions import facts
from projections.questions.facts import Facts, lean
from projections.registry.slots import DEPLOYMENTS
from projections.values import mapping, unpacked

if TYPE_CHECKING:
    from projections.opening import Projections

_COLUMNS: Final = ", ".join(DEPLOYMENTS.columns)
_IN_TIER: Final = f"SELECT {_COLUMNS} FROM deployments WHERE tier = 'production' AND ended IS NULL"  # noqa: S608
_IN_PLACE: Final = f"SELECT {_COLUMNS} FROM deployments WHERE environment = ? AND ended IS NULL"  # noqa: S608
_ORDER: Final = " ORDER BY system, environment, deployment, share DESC, start_seq"
_SUSPENDED: Final = (
    "SELECT set_digest, started, start_seq, reason FROM suspensions"
    " WHERE system = ? AND environment = ? AND deployment = ? AND ended IS NULL ORDER BY start_seq"
)
_ALERTS: Final = (
    "SELECT alert, opened_seq, opened, metric, severity, state, set_digest FROM alerts"
    " WHERE system = ? AND state IN ('open', 'acknowledged') ORDER BY opened_seq DESC LIMIT 20"
)
_VERIFIED: Final = "SELECT verdict, time, size, seq FROM verifications ORDER BY seq DESC LIMIT 1"


def production(
    projections: "Projections",
    system: str | None = None,
    environment: str | None = None,
    *,
    now: datetime | None = None,
) -> dict[str, Any]:
    """Return what runs, as of the last `catch_up`: the document `ledger.production/1`.

    Without `environment`, all environments of the production tier. `now` is only compared with the times until which
    approvals hold; a moment asked about goes before it, else the clock is read. A share of 0 (a shadow) is listed, but
    not serving.
    """
    at = projections.moment.as_of_or_none or time_text(now or datetime.now(UTC))
    with projections.reading():
        return _answer(projections, system, environment, at)


def _answer(projections: "Projections", system: str | None, environment: str | None, at: str) -> dict[str, Any]:
    database = projections.database
    sql = (_IN_TIER if environment is None else _IN_PLACE) + (" AND system = ?" if system else "") + _ORDER
    wanted = [one for one in (environment, system) if one]
    running = [dict(zip(DEPLOYMENTS.columns, row, strict=True)) for row in database.rows(sql, wanted)]
    verified = database.rows(_VERIFIED)
    return lean(
        {
            "schema": "ledger.production/1", "origin": projections.source.origin, "as_of": at,
            "known_at": projections.moment.known_at_or_none, "size": projections.position("registry"),
            "last_verify": _last_verify(verified),
            "deployments": [_deployment(projections, one, at) for one in running],
        }
    )  # fmt: skip


def _deployment(projections: "Projections", slot: Facts, now: str) -> Facts:
    database = projections.database
    system, digest = slot["system"], slot["set_digest"]
    row = facts.version(database, system, digest)
    made_of = facts.inputs(database, system, digest)
    place = (system, slot["environment"], slot["deployment"])
    suspension = _suspended(database.rows(_SUSPENDED, place), digest)
    artifacts = facts.artifacts(database, system, digest)
    answer = lean(
        {
            "system": system, "version": slot["version"] or row.get("version"), "environment": slot["environment"],
            "deployment": slot["deployment"], "since": slot["started"], "digest_set": digest, "traffic": slot["share"],
            "traffic_inferred": bool(slot["share_inferred"]) or None,
            "serving": slot["share"] > 0 and suspension is None, "suspended": suspension,
            "deployed": lean({"seq": slot["start_seq"], "by": slot["started_by"], "recorded": slot["recorded"]}),
            "config": slot["config"], "observed": _observed(slot["observed"], artifacts), "artifacts": artifacts,
            "datasets": facts.datasets(database, made_of),
            "components": [one for one in made_of if one["kind"] in ("component", "base")],
            "parameters": facts.parameters(row), "code": mapping(unpacked(row.get("code"), {})),
            "lockfile": row.get("lockfile"),
            "trained": facts.act(row, "trained"), "registered": facts.act(row, "registered"),
            "evaluations": facts.evaluations(database, row),
            "approvals": facts.approvals(database, system, digest, now, row),
            "alerts": _alerts(database.rows(_ALERTS, (system,)), digest),
        }
    )  # fmt: skip
    answer["missing"] = [name for name, lacks in _MISSING.items() if lacks(answer, slot)]
    return answer


def _last_verify(rows: list[tuple[Any, ...]]) -> Facts | None:
    return lean(dict(zip(("verdict", "time", "size", "seq"), rows[0], strict=True))) if rows else None


def _suspended(rows: list[tuple[Any, ...]], digest: str) -> Facts | None:
    for about, since, seq, reason in rows:
        if about in ("*", digest):
            return lean({"since": since, "seq": seq, "reason": reason})
    return None


def _observed(said: str | None, artifacts: Facts) -> list[Facts]:
    digests = {one["digest"] for one in artifacts.values()}
    return [
        {"name": name, "digest": digest, "in_set": digest in digests}
        for name, digest in sorted(mapping(unpacked(said, {})).items())
    ]


def _alerts(rows: list[tuple[Any, ...]], digest: str) -> list[Facts]:
    return [
        lean({"alert": alert, "seq": seq, "time": time, "metric": metric, "severity": severity, "state": state})
        for alert, seq, time, metric, severity, state, about in reversed(rows)
        if about in (None, digest)
    ]


def _approved(answer: Facts, slot: Facts) -> list[Facts]:
    """The complete approvals for where the version runs: its tier, or the environment by its own name."""
    stages = (slot["tier"], slot["environment"])
    return [one for one in answer["approvals"] if one["complete"] and one["stage"] in stages]


def _covers(answer: Facts, what: str) -> bool:
    return any(what in one["covers"] for one in answer["evaluations"])


# What nobody recorded, by the word that is printed. None of these says that it did not happen.
_MISSING: Final[dict[str, Callable[[Facts, Facts], bool]]] = {
    "training": lambda answer, _: "trained" not in answer,
    "training_data": lambda answer, _: not any(one["role"] == "training" for one in answer["datasets"]),
    "dataset_digest": lambda answer, _: any("digest" not in one for one in answer["datasets"]),
    "dataset_registration": lambda answer, _: any("digest" in one and "seq" not in one for one in answer["datasets"]),
    "evaluation": lambda answer, _: not answer["evaluations"],
    "bias_examination": lambda answer, _: not _covers(answer, "bias"),
    "metric_plan": lambda answer, _: any("plan" not in one for one in answer["evaluations"]),
    "approval": lambda answer, slot: not _approved(answer, slot),
    "approval_in_force": lambda answer, slot: (
        bool(_approved(answer, slot)) and all(one.get("expired") for one in _approved(answer, slot))
    ),
    "observation": lambda answer, _: not answer["observed"],
}

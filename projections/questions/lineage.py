"""Whence a version came and where it went: data, code, training, evaluation, approval, deployment, ancestors."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from ledger.encoding import time_text
from projections.database import Database
from projections.questions import facts
from projections.questions.facts import Facts, lean
from projections.questions.naming import find_version
from projections.registry.slots import DEPLOYMENTS
from projections.values import mapping, unpacked

if TYPE_CHECKING:
    from projections.opening import Projections

_RAN: Final = (
    f"SELECT {', '.join(DEPLOYMENTS.columns)} FROM deployments"  # noqa: S608
    " WHERE system = ? AND set_digest = ? ORDER BY started, start_seq"
)
_CHILDREN: Final = (
    "SELECT system, set_digest, seq FROM version_inputs WHERE kind = 'parent' AND digest = ? ORDER BY seq, set_digest"
)
_SHOWN: Final = ("environment", "deployment", "tier", "started", "ended", "end_cause", "end_seq", "effective")


def lineage(projections: "Projections", name: str, *, now: datetime | None = None) -> dict[str, Any]:
    """Return the document `ledger.lineage/1` of the version `name` stands for; `Misuse` if there is none."""
    at = projections.moment.as_of_or_none or time_text(now or datetime.now(UTC))
    with projections.reading() as database:
        system, digest = find_version(database, name)
        row = facts.version(database, system, digest)
        made_of = facts.inputs(database, system, digest)
        answer = lean(
            {
                "schema": "ledger.lineage/1", "origin": projections.source.origin,
                "size": projections.position("registry"), "system": system, "version": row.get("version"),
                "digest_set": digest, "artifacts": facts.artifacts(database, system, digest),
                "datasets": facts.datasets(database, made_of),
                "components": [one for one in made_of if one["kind"] in ("component", "base")],
                "code": mapping(unpacked(row.get("code"), {})), "lockfile": row.get("lockfile"),
                "python": row.get("python"), "parameters": facts.parameters(row),
                "trained": facts.act(row, "trained"), "registered": facts.act(row, "registered"),
                "caused_by": _causes(projections, unpacked(row.get("caused_by"), [])),
                "evaluations": facts.evaluations(database, row),
                "approvals": facts.approvals(database, system, digest, at, row),
                "deployments": _ran(database, system, digest),
                "parents": _ancestors(database, system, digest),
                "children": [
                    lean(
                        {"system": place, "version": facts.version(database, place, child).get("version")}
                        | {"digest_set": child, "seq": seq}
                    )
                    for place, child, seq in database.rows(_CHILDREN, (digest,))
                ],
            }
        )  # fmt: skip
    answer["missing"] = _missing(answer)
    return answer


def _causes(projections: "Projections", ids: list[str]) -> list[Facts]:
    """The events that a training names as its cause; one that is not in the ledger is listed without a number."""
    from ledger.errors import Misuse

    found: list[Facts] = []
    for one in ids:
        try:
            entry = projections.source.find(one)
        except Misuse:
            found.append({"id": one})
            continue
        found.append({"id": one, "seq": entry.seq, "type": entry.statement.type, "time": entry.statement.time})
    return found


def _ran(database: Database, system: str, digest: str) -> list[Facts]:
    rows = [dict(zip(DEPLOYMENTS.columns, row, strict=True)) for row in database.rows(_RAN, (system, digest))]
    return [
        lean(
            {name: row[name] for name in _SHOWN}
            | {"seq": row["start_seq"], "by": row["started_by"], "traffic": row["share"]}
        )
        for row in rows
    ]


def _ancestors(database: Database, system: str, digest: str) -> list[Facts]:
    """All ancestors, nearest first, each once."""
    found: list[Facts] = []
    seen, edge, distance = {digest}, [digest], 1
    while edge:
        reached: list[str] = []
        for child in edge:
            for one in facts.inputs(database, system, child):
                parent = one.get("digest")
                if one["kind"] != "parent" or parent is None or parent in seen:
                    continue
                seen.add(parent)
                reached.append(parent)
                known = facts.version(database, system, parent)
                label = one.get("ref") or known.get("version")
                about = {"version": label, "digest_set": parent, "distance": distance}
                found.append(lean(about | {"known": bool(known), "seq": one["seq"]}))
        edge, distance = reached, distance + 1
    return found


def _missing(answer: Facts) -> list[str]:
    lacks = {
        "training": "trained" not in answer,
        "training_data": not any(one["role"] == "training" for one in answer["datasets"]),
        "dataset_digest": any("digest" not in one for one in answer["datasets"]),
        "code": not answer["code"],
        "evaluation": not answer["evaluations"],
        "bias_examination": not any("bias" in one["covers"] for one in answer["evaluations"]),
        "approval": not answer["approvals"],
    }
    return [name for name, lacking in lacks.items() if lacking]

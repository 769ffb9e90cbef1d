"""All systems and versions, each with the state that holds first (vocabulary section 3)."""

from typing import TYPE_CHECKING, Any, Final

from projections.database import Database
from projections.questions import facts
from projections.questions.facts import Facts, lean
from projections.registry.systems import SYSTEMS
from projections.registry.versions import VERSIONS
from projections.values import mapping, unpacked

if TYPE_CHECKING:
    from projections.opening import Projections

_SYSTEMS: Final = f"SELECT {', '.join(SYSTEMS.columns)} FROM systems"  # noqa: S608
_VERSIONS: Final = f"SELECT {', '.join(VERSIONS.columns)} FROM versions WHERE system = ? ORDER BY first_seq, set_digest"  # noqa: S608
_RUNNING: Final = (
    "SELECT set_digest, environment, deployment, tier, share, started, start_seq FROM deployments"
    " WHERE system = ? AND ended IS NULL ORDER BY environment, deployment, start_seq"
)
_LEFT: Final = (
    "SELECT set_digest, MAX(ended) FROM deployments WHERE system = ? AND tier = 'production'"
    " AND ended IS NOT NULL AND effective IS NOT NULL GROUP BY set_digest"
)
_SUSPENDED: Final = "SELECT environment, deployment, set_digest FROM suspensions WHERE system = ? AND ended IS NULL"
_DECIDED: Final = (
    "SELECT set_digest, stage, state, decided_seq FROM approval_states"
    " WHERE system = ? AND document = '' ORDER BY set_digest, stage"
)


def registry(projections: "Projections", system: str | None = None) -> dict[str, Any]:
    """Return all systems with all their versions, oldest first: the document `ledger.registry/1`."""
    with projections.reading() as database:
        described = {row[0]: dict(zip(SYSTEMS.columns, row, strict=True)) for row in database.rows(_SYSTEMS)}
        spoken_of = {name for (name,) in database.rows("SELECT DISTINCT system FROM versions")}
        names = sorted(described.keys() | spoken_of) if system is None else [system]
        return lean(
            {
                "schema": "ledger.registry/1", "origin": projections.source.origin,
                "as_of": projections.moment.as_of_or_none, "known_at": projections.moment.known_at_or_none,
                "size": projections.position("registry"),
                "systems": [_system(database, name, described.get(name, {})) for name in names],
            }
        )  # fmt: skip


def _system(database: Database, name: str, row: Facts) -> Facts:
    said = {key: row.get(key) for key in ("name", "purpose", "our_role", "reference", "registered_seq", "retired")}
    lists = {key: unpacked(row.get(key), []) for key in ("affected_persons", "countries")}
    market = {"state": row.get("market_state"), "first": row.get("clock_first"), "last": row.get("clock_last")}
    running: dict[str, list[Facts]] = {}
    suspended = set(database.rows(_SUSPENDED, (name,)))
    for digest, environment, deployment, tier, share, since, seq in database.rows(_RUNNING, (name,)):
        place = (environment, deployment)
        stopped = bool({(*place, digest), (*place, "*")} & suspended)
        running.setdefault(digest, []).append(
            {"environment": environment, "deployment": deployment, "tier": tier, "traffic": share, "since": since,
             "seq": seq, "serving": share > 0 and not stopped, "suspended": stopped}
        )  # fmt: skip
    decided: dict[str, list[Facts]] = {}
    for digest, stage, state, seq in database.rows(_DECIDED, (name,)):
        decided.setdefault(digest, []).append(lean({"stage": stage, "state": state, "seq": seq}))
    left = dict(database.rows(_LEFT, (name,)))
    versions = [dict(zip(VERSIONS.columns, one, strict=True)) for one in database.rows(_VERSIONS, (name,))]
    return lean(
        {
            "system": name, **said, **lists, "provider": mapping(unpacked(row.get("provider"), {})),
            "market": lean(market), "versions": [_version(one, running, decided, left) for one in versions],
        }
    )  # fmt: skip


def _version(
    row: Facts, running: dict[str, list[Facts]], decided: dict[str, list[Facts]], left: dict[str, str]
) -> Facts:
    digest = row["set_digest"]
    slots, stages = running.get(digest, []), decided.get(digest, [])
    state = _state(row, slots, stages)
    return lean(
        {
            "version": row["version"], "digest_set": digest, "state": state,
            "left_production": left.get(digest) if state != "in production" else None,
            "since": row["first_time"], "first_seq": row["first_seq"], "last_seq": row["last_seq"],
            "trained": facts.act(row, "trained"), "registered": facts.act(row, "registered"),
            "evaluations": row["evaluations"], "approvals": stages, "deployments": slots, "retired": row["ended"],
        }
    )  # fmt: skip


def _state(row: Facts, slots: list[Facts], stages: list[Facts]) -> str:
    """The first word that holds."""
    states = {one["state"] for one in stages}
    words = {
        "retired": row["ended"] is not None,
        "suspended": any(one["suspended"] for one in slots),
        "in production": any(one["tier"] == "production" and one["serving"] for one in slots),
        "deployed": bool(slots),
        "approved": "approved" in states,
        "rejected": "rejected" in states,
        "evaluated": row["evaluations"] > 0,
    }
    return next((word for word, holds in words.items() if holds), row["origin"])

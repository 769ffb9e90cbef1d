"""What is odd or missing about versions: the rules of `projections.findings` held against what the registry knows."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from ledger.encoding import time_text
from ledger.errors import Misuse
from projections.comparing import compare
from projections.database import Database
from projections.findings.about import SEVERITIES, About, Found
from projections.findings.rules import RULES, UNCHECKED
from projections.questions import facts
from projections.questions.facts import Facts, lean
from projections.questions.naming import find_version
from projections.registry.slots import DEPLOYMENTS
from projections.values import unpacked

if TYPE_CHECKING:
    from projections.opening import Projections

TIERS: Final = ("development", "test", "staging", "production")
_RUNS: Final = f"SELECT {', '.join(DEPLOYMENTS.columns)} FROM deployments"  # noqa: S608
_OPEN: Final = f"{_RUNS} WHERE system = ? AND set_digest = ? AND ended IS NULL ORDER BY environment, start_seq"
_IN_TIER: Final = (
    f"{_RUNS} WHERE system = ? AND tier = ? AND ended IS NULL AND share > 0 ORDER BY share DESC, start_seq DESC LIMIT 1"
)
_OF_SYSTEM: Final = (
    "SELECT set_digest FROM deployments WHERE system = ? AND ended IS NULL"
    " UNION SELECT set_digest FROM (SELECT set_digest FROM versions WHERE system = ? AND origin <> 'mentioned'"
    " ORDER BY first_seq DESC LIMIT 1) AS newest"
)
_REQUESTS: Final = (
    "SELECT requested_by, requested_seq FROM approval_states"
    " WHERE system = ? AND set_digest = ? AND document = '' AND requested_seq IS NOT NULL ORDER BY requested_seq"
)


def findings(projections: "Projections", name: str | None = None, *, now: datetime | None = None) -> dict[str, Any]:
    """Return the document `ledger.findings/1`: of the version `name` stands for, or of a system, or of all systems.

    Of a system: of the versions that are deployed, and of the newest. Raises `Misuse` for an unknown name.
    """
    at = projections.moment.as_of_or_none or time_text(now or datetime.now(UTC))
    with projections.reading("changelog") as database:
        asked = _asked(database, name)
        found = [one for system, digest in asked for one in of_version(projections, system, digest, at)]
        return lean(
            {
                "schema": "ledger.findings/1", "origin": projections.source.origin,
                "size": projections.position("changelog"), "as_of": at,
                "known_at": projections.moment.known_at_or_none, "findings": found,
                "unchecked": [{"rules": ids.split(), "why": why} for ids, why in UNCHECKED.items()],
            }
        )  # fmt: skip


def of_version(
    projections: "Projections", system: str, digest: str, at: str, *, stage: str = "production", actor: str = ""
) -> list[Facts]:
    """Return the findings of one version, worst first; with those of what runs in the tier of `stage` in its place.

    `actor`: who is about to approve it. The registry and the changelog have to be caught up.
    """
    database = projections.database
    other = running(database, system, stage)
    before = other["set_digest"] if other and other["set_digest"] != digest else None
    one = gather(projections, system, digest, at, before=before, actor=actor)
    found = list(_held(one, replaced=False))
    if before is not None:
        found += _held(gather(projections, system, before, at), replaced=True)
    return sorted(found, key=lambda said: (SEVERITIES.index(said["severity"]), said["digest_set"] != digest))


def gather(
    projections: "Projections", system: str, digest: str, at: str, *, before: str | None = None, actor: str = ""
) -> About:
    """Return all that the rules look at; `before`: the set to compare it with."""
    database = projections.database
    row = facts.version(database, system, digest)
    made_of = facts.inputs(database, system, digest)
    evaluations = facts.evaluations(database, row)
    slots = [dict(zip(DEPLOYMENTS.columns, one, strict=True)) for one in database.rows(_OPEN, (system, digest))]
    differences = compare(database, system, before, digest) if before is not None else []
    approvals = facts.approvals(database, system, digest, at, row)
    makers = [one for by, seq in database.rows(_REQUESTS, (system, digest)) for one in makers_of({}, [], by, seq)]
    return About(
        database, projections.source, system, digest, at, row, made_of, facts.datasets(database, made_of), evaluations,
        approvals, slots, differences, [*makers_of(row, evaluations), *makers], actor,
    )  # fmt: skip


def makers_of(row: Facts, evaluations: list[Facts], by: str | None = None, seq: int | None = None) -> list[Facts]:
    """Who trained, registered or evaluated a version, or (`by`, in entry `seq`) asked for its approval."""
    made = [(what, row.get(f"{what}_by"), row.get(f"{what}_seq")) for what in ("trained", "registered")]
    newest = {one["by"]: one["seq"] for one in evaluations}
    made += [("evaluated", one, newest.get(one)) for one in unpacked(row.get("evaluated_by"), [])]
    made.append(("asked for", by, seq))
    return [lean({"what": what, "by": by, "seq": seq}) for what, by, seq in made if by]


def running(database: Database, system: str, stage: str) -> Facts | None:
    """The deployment with the largest share in the tier of a stage; production, where the stage is no tier."""
    for row in database.rows(_IN_TIER, (system, stage if stage in TIERS else "production")):
        return dict(zip(DEPLOYMENTS.columns, row, strict=True))
    return None


def _asked(database: Database, name: str | None) -> list[tuple[str, str]]:
    if name is not None and "@" in name:
        return [find_version(database, name)]
    systems = sorted(system for (system,) in database.rows("SELECT DISTINCT system FROM versions"))
    if name is not None and name not in systems:
        raise Misuse(f"no system and no version {name!r} here", "ledger registry", code="unknown_system")
    wanted = systems if name is None else [name]
    return [(one, digest) for one in wanted for (digest,) in sorted(database.rows(_OF_SYSTEM, (one, one)))]


def _together(every: Iterable[Found]) -> list[Found]:
    """The same words about several entries are one finding."""
    merged: dict[tuple[str, object], Found] = {}
    for one in every:
        known = merged.setdefault((one.text, one.severity), one)
        if known is not one:
            seqs = (*known.seqs, *(seq for seq in one.seqs if seq not in known.seqs))
            merged[one.text, one.severity] = known._replace(seqs=seqs)
    return list(merged.values())


def _held(one: About, *, replaced: bool) -> Iterator[Facts]:
    """Hold the rules against a version; where it would be replaced, those that then still matter."""
    for rule in RULES:
        if replaced and not rule.replaced:
            continue
        for found in _together(rule.find(one)):
            name = f"{one.system}@{one.label or 'set:' + one.digest[7:19]}"
            yield lean(
                {
                    "rule": rule.id, "severity": found.severity or rule.severity, "source": rule.source,
                    "system": one.system, "version": one.label, "digest_set": one.digest, "text": found.text,
                    "seqs": list(found.seqs), "mend": rule.mend.format(name=name) or None,
                }
            )  # fmt: skip

"""What the tables say of one version, in the shapes that all answers share."""

import base64
import hashlib
from functools import lru_cache
from typing import Any, Final

import msgspec

from ledger.encoding import b64decode
from ledger.errors import LedgerError
from projections.database import Database
from projections.judging import Plan, Verdict, judge, measures, thresholds
from projections.registry.approvals import APPROVALS
from projections.registry.things import PLANS
from projections.registry.versions import EVALUATIONS, VERSIONS
from projections.tables import Table
from projections.values import items, mapping, named, text, texts, unpacked, whole

Facts = dict[str, Any]

TOLERANCE: Final = 5  # minutes by which clocks may disagree before one time is called earlier (vocabulary 4.1)
_STATED: Final = {">=": "at_least", "<=": "at_most", ">": "above", "<": "below"}
_decoder: Final = msgspec.json.Decoder()


def lean(facts: Facts) -> Facts:
    """Leave out what is not known: what is absent has no key."""
    return {name: value for name, value in facts.items() if value is not None}


def _select(made: Table, rest: str) -> str:
    return f"SELECT {', '.join(made.columns)} FROM {made.name} {rest}"  # noqa: S608


_VERSION: Final = _select(VERSIONS, "WHERE system = ? AND set_digest = ?")
_ARTIFACTS: Final = (
    "SELECT name, digest, size, media_type, file FROM artifacts WHERE system = ? AND set_digest = ? ORDER BY name"
)
_INPUTS: Final = (
    "SELECT kind, role, ref, digest, rows, seq FROM version_inputs WHERE system = ? AND set_digest = ?"
    " ORDER BY kind, role, ref, digest"
)
_DATASET: Final = (
    "SELECT seq, dataset, rows, period_start, period_end, actor FROM datasets WHERE digest = ? ORDER BY seq LIMIT 1"
)
_EVALUATION: Final = _select(EVALUATIONS, "WHERE seq = ?")
_PLAN_NAMED: Final = _select(PLANS, "WHERE statement_id = ?")
_PLAN_BEFORE: Final = _select(PLANS, "WHERE system = ? AND seq < ? ORDER BY seq DESC LIMIT 8")
_STATES: Final = (
    "SELECT stage, state, needed, standing, requested_by, requested_seq FROM approval_states"
    " WHERE system = ? AND set_digest = ? AND document = '' ORDER BY stage"
)
_APPROVAL: Final = _select(APPROVALS, "WHERE seq = ?")
_PERSON: Final = "SELECT kind, function, introduced_by FROM people WHERE handle = ?"
_AUTHORITY: Final = (
    "SELECT role, keys, granted_by, compromised_since, until_seq FROM authority"
    " WHERE (key_id = ? OR (handle = ? AND key_id IS NULL)) AND source_seq < ?"
    " AND (until_seq IS NULL OR until_seq >= ?)"
)


def version(database: Database, system: str, digest: str) -> Facts:
    """The row of a version by column, empty if the set was never spoken of."""
    for row in database.rows(_VERSION, (system, digest)):
        return dict(zip(VERSIONS.columns, row, strict=True))
    return {}


def act(row: Facts, what: str) -> Facts | None:
    """Who trained or registered a version, in which entry; None if nobody did."""
    if row.get(f"{what}_seq") is None:
        return None
    return {"seq": row[f"{what}_seq"], "by": row[f"{what}_by"], "time": row[f"{what}_time"]}


def artifacts(database: Database, system: str, digest: str) -> Facts:
    """The set's artifacts by name: digest, file name, size in bytes."""
    return {
        name: lean({"digest": one, "name": file, "size_bytes": size, "media_type": media})
        for name, one, size, media, file in database.rows(_ARTIFACTS, (system, digest))
    }


def inputs(database: Database, system: str, digest: str) -> list[Facts]:
    """What a version was made of, of every kind, as its training and registration said."""
    rows = database.rows(_INPUTS, (system, digest))
    return [
        lean({"kind": kind, "role": role or None, "ref": ref or None, "digest": one or None, "rows": many, "seq": seq})
        for kind, role, ref, one, many, seq in rows
    ]


def datasets(database: Database, made_of: list[Facts]) -> list[Facts]:
    """The data among a version's inputs; `seq`: the entry that registered it, where one did."""
    names = {"role": "role", "ref": "dataset", "digest": "digest", "rows": "rows"}
    used = [one for one in made_of if one["kind"] == "dataset"]
    said = [{new: one[old] for old, new in names.items() if old in one} for one in used]
    return registered(database, [{"role": "", **one} for one in said])


def registered(database: Database, used: list[Facts]) -> list[Facts]:
    """Datasets named by a version, each with what its registration says: rows, the period it covers, the entry."""
    return [{**_registration(database, one.get("digest")), **one} for one in used]


def _registration(database: Database, digest: str | None) -> Facts:
    found = database.rows(_DATASET, (digest,)) if digest is not None else []
    names = ("seq", "dataset", "rows", "period_start", "period_end", "by")
    return lean(dict(zip(names, found[0], strict=True))) if found else {}


def with_data(database: Database, difference: Facts) -> Facts:
    """A difference of data with what the registrations of both sides say: rows, period, and their entries."""
    if difference["part"] != "data":
        return difference
    sides = {side: registered(database, difference[side]) for side in ("before", "after") if side in difference}
    seqs = {one["seq"] for used in sides.values() for one in used if "seq" in one}
    return difference | sides | {"seqs": sorted(seqs | set(difference["seqs"]))}


def parameters(row: Facts) -> Facts:
    """The parameters of the training."""
    return mapping(unpacked(row.get("parameters"), {}))


def plan_of(database: Database, system: str, seq: int, time: str, uses: list[str]) -> Plan | None:
    """The plan an evaluation was made under: the one it names, else the newest recorded and dated before it."""
    for target in uses:
        for row in database.rows(_PLAN_NAMED, (target,)):
            return _plan(row)
    for row in database.rows(_PLAN_BEFORE, (system, seq)):
        if _not_after(row[PLANS.columns.index("time")], time):
            return _plan(row)
    return None


def plan_said(database: Database, seq: int) -> Facts:
    """The data of the plan that entry `seq` defined, empty if there is none."""
    for (data,) in database.rows("SELECT data FROM plans WHERE seq = ?", (seq,)):
        return mapping(unpacked(data, {}))
    return {}


@lru_cache(maxsize=256)
def _plan(row: tuple[Any, ...]) -> Plan:
    said = dict(zip(PLANS.columns, row, strict=True))
    data = mapping(unpacked(said["data"], {}))
    return Plan(
        said["seq"], said["statement_id"], said["plan"], said["time"], thresholds(data.get("thresholds")),
        tuple(texts(data.get("groups"))), whole(data.get("min_n")) or 0,
    )  # fmt: skip


def _not_after(first: str, second: str) -> bool:
    """Whether `first` is no later than `second`, give or take what clocks may disagree by."""
    if first <= second:
        return True
    from datetime import timedelta

    from ledger.encoding import parse_time, time_text

    return first <= time_text(parse_time(second) + timedelta(minutes=TOLERANCE))


def evaluation(database: Database, seq: int) -> Facts:
    """The row of one evaluation with its data read, empty if there is none."""
    for row in database.rows(_EVALUATION, (seq,)):
        found = dict(zip(EVALUATIONS.columns, row, strict=True))
        found["data"] = mapping(unpacked(found["data"], {}))
        found["uses"] = unpacked(found["uses"], [])
        return found
    return {}


def evaluations(database: Database, row: Facts) -> list[Facts]:
    """The newest evaluation of a version for each thing that it covers, oldest first, judged by its plan."""
    latest: dict[str, int] = mapping(unpacked(row.get("latest"), {}))
    covered: dict[int, list[str]] = {}
    for what, seq in sorted(latest.items()):
        covered.setdefault(seq, []).append(what)
    return [_evaluated(database, seq, covered[seq]) for seq in sorted(covered)]


def _evaluated(database: Database, seq: int, covers: list[str]) -> Facts:
    row = evaluation(database, seq)
    data = row["data"]
    plan = plan_of(database, row["system"], seq, row["time"], row["uses"])
    verdicts = judge(plan, measures(data)) if plan else []
    return lean(
        {
            "seq": seq, "by": row["actor"], "time": row["time"], "covers": covers,
            "metrics": mapping(data.get("metrics")), "groups": mapping(data.get("groups")),
            "datasets": used_data(data), "plan": plan and {"plan": plan.name, "seq": plan.seq},
            "thresholds": [stated(one) for one in verdicts], "passed": passed(verdicts, data),
        }
    )  # fmt: skip


def passed(verdicts: list[Verdict], data: Facts) -> bool | None:
    """Whether all thresholds are met. The author's own verdict counts only where no plan judges."""
    if not verdicts:
        said = data.get("passed")
        return said if type(said) is bool else None
    return all(one.met is True for one in verdicts)


def used_data(data: Facts) -> list[Facts]:
    """The data that an evaluation says it used."""
    return [
        lean({"role": role, "dataset": text(one.get("dataset")), "digest": named(one.get("digest"))})
        for role, used in sorted(mapping(data.get("datasets")).items())
        for one in map(mapping, items(used))
    ]


def stated(verdict: Verdict) -> Facts:
    """A threshold and whether it was met; where it could not be judged, why not."""
    one = verdict.threshold
    return lean(
        {
            "metric": one.metric, "group": verdict.group or None, "kind": one.kind if one.kind != "value" else None,
            _STATED[one.op]: one.bound, "value": verdict.value, "n": verdict.n, "met": verdict.met is True,
            "not_judged": verdict.why or None,
        }
    )  # fmt: skip


def approvals(database: Database, system: str, digest: str, now: str, row: Facts) -> list[Facts]:
    """The approvals of a version that stand, with what each rests on; expired ones say so."""
    found = []
    for stage, state, needed, standing, requested_by, _ in database.rows(_STATES, (system, digest)):
        for seq in unpacked(standing, []):
            one = _approval(database, seq, now, row, requested_by)
            one |= {"stage": stage, "complete": state == "approved", "needed": needed}
            found.append(one)
    return sorted(found, key=lambda one: int(one["seq"]))


def _approval(database: Database, seq: int, now: str, row: Facts, requested_by: str | None) -> Facts:
    said = dict(zip(APPROVALS.columns, database.rows(_APPROVAL, (seq,))[0], strict=True))
    kind, function, introduced_by = (database.rows(_PERSON, (said["actor"],)) or [(None,) * 3])[0]
    held = database.rows(_AUTHORITY, (said["key"], said["actor"], seq, seq))
    brought_in_by = sorted(({introduced_by} | {by for _, keys, by, *_ in held if keys}) - {None, said["actor"]})
    until = said["valid_until"]
    makers = {row.get("trained_by"), row.get("registered_by"), requested_by, *unpacked(row.get("evaluated_by"), [])}
    seen = mapping(unpacked(said["seen"], {}))
    return lean(
        {
            "seq": seq, "by": said["actor"], "time": said["time"], "recorded": said["recorded"],
            "key": next((key_name(keys) for _, keys, *_ in held if keys), None) or said["key"],
            "roles": sorted({role for role, *_ in held}), "kind": kind, "function": function, "reason": said["reason"],
            "conditions": [{"text": one, "met": False} for one in unpacked(said["conditions"], [])],
            "valid_until": until, "expired": (until is not None and until < now) or None,
            "own_work": said["actor"] in makers, "doubtful": _doubtful(said, held),
            "brought_in_by_maker": [one for one in brought_in_by if one in makers] or None,
            "seen_size": whole(seen.get("size")),
        }
    )  # fmt: skip


def _doubtful(said: Facts, held: list[tuple[Any, ...]]) -> Facts | None:
    """Since when the approval's key was reported compromised, and where, if the approval is from then or later."""
    for _, keys, _, since, reported in held:
        if keys and since is not None and (said["time"] >= since or said["recorded"] >= since):
            return {"since": since, "reported": reported}
    return None


@lru_cache(maxsize=256)
def key_name(keys: str) -> str | None:
    """The name of an Ed25519 key as OpenSSH prints it, `SHA256:` and base64; None for a credential of several keys."""
    said = unpacked(keys, [])
    if len(said) != 1 or said[0].get("scheme") not in _OPENSSH:
        return None
    try:
        public = b64decode(said[0]["public"])
    except LedgerError:
        return None
    parts = (_OPENSSH[said[0]["scheme"]], public[:32], *([public[32:]] if public[32:] else []))
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


# Scheme of a key -> its kind as OpenSSH names it; a hardware key's application stands behind its 32 bytes.
_OPENSSH: Final = {
    "ed25519": b"ssh-ed25519",
    "sshsig-ed25519": b"ssh-ed25519",
    "sshsig-sk-ed25519": b"sk-ssh-ed25519@openssh.com",
}

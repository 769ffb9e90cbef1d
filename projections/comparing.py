"""Comparing two versions: what differs, what is equal, and which metrics may be compared at all (vocabulary 6.4).

A metric is compared only where both versions were evaluated on the same test data, under the same thresholds for that
metric and by the same method. Otherwise both values stand side by side without a difference, and with the reason.
"""

from decimal import Decimal
from typing import Any, Final, NamedTuple

from projections.database import Database
from projections.judging import Measure, Threshold, Verdict, judge, measures
from projections.questions import facts
from projections.questions.facts import Facts
from projections.registry.versions import EVALUATIONS
from projections.values import items, mapping, named, text, unpacked

LOOKED_AT: Final = 32  # the newest evaluations of a version that are looked at
ALL: Final = "~"
_NEWEST: Final = (
    f"SELECT {', '.join(EVALUATIONS.columns)} FROM evaluations"  # noqa: S608
    " WHERE set_digest = ? AND time <= ? AND system = ? ORDER BY time DESC, seq DESC LIMIT ?"
)
_SINGLE: Final = ("algorithm", "architecture", "framework", "objective", "seed", "lockfile", "python")


class Item(NamedTuple):
    """One thing that may differ. Values are plain JSON; `seqs` the entries that say them."""

    part: str
    name: str
    group: str
    before: Any
    after: Any
    seqs: tuple[int, ...]
    delta: float | None = None
    why_not: str = ""
    threshold: str = ""
    met: bool | None = None

    @property
    def equal(self) -> bool:
        """Whether there is nothing to tell: a metric is always told."""
        return self.part != "metric" and self.before == self.after


class Value(NamedTuple):
    """What one evaluation says of one metric in one group, and what must agree before it may be compared."""

    measure: Measure
    test: tuple[str, ...]
    plan: tuple[Threshold, ...]
    method: str
    min_n: int
    time: str
    seq: int
    verdict: Verdict | None


def compare(database: Database, system: str, before: str | None, after: str, until: str = ALL) -> list[Item]:
    """Return all that can be set side by side of two sets of a system. Evaluations dated after `until` do not count."""
    old = facts.version(database, system, before) if before else {}
    new = facts.version(database, system, after)
    return [
        *_maps("artifact", _artifacts(database, system, before), _artifacts(database, system, after), old, new),
        *_maps("data", _data(database, system, before), _data(database, system, after), old, new),
        *_maps("component", _components(database, system, before), _components(database, system, after), old, new),
        *_maps("parameter", facts.parameters(old), facts.parameters(new), old, new),
        *_maps("training", _single(old), _single(new), old, new),
        *_maps("code", mapping(unpacked(old.get("code"), {})), mapping(unpacked(new.get("code"), {})), old, new),
        *_metrics(_values(database, system, before, until), _values(database, system, after, until)),
    ]


def _seqs(*rows: Facts) -> tuple[int, ...]:
    found = {row.get(f"{what}_seq") for row in rows for what in ("trained", "registered")}
    first = {row["first_seq"] for row in rows if row}
    return tuple(sorted({seq for seq in found if seq is not None} or first))


def _maps(part: str, before: Facts, after: Facts, old: Facts, new: Facts) -> list[Item]:
    names = sorted({*before, *after})
    return [Item(part, name, "", before.get(name), after.get(name), _seqs(old, new)) for name in names]


def _artifacts(database: Database, system: str, digest: str | None) -> Facts:
    return {name: one["digest"] for name, one in facts.artifacts(database, system, digest).items()} if digest else {}


def _data(database: Database, system: str, digest: str | None) -> Facts:
    """Data by role: what it is called, its digest and rows."""
    found: dict[str, list[Facts]] = {}
    made_of = facts.inputs(database, system, digest) if digest else []
    for one in made_of:
        if one["kind"] == "dataset":
            known = facts.lean({"dataset": one.get("ref"), "digest": one.get("digest"), "rows": one.get("rows")})
            found.setdefault(one.get("role", "data"), []).append(known)
    return dict(found)


def _components(database: Database, system: str, digest: str | None) -> Facts:
    made_of = facts.inputs(database, system, digest) if digest else []
    parts = [one for one in made_of if one["kind"] in ("component", "base")]
    return {one.get("ref", "").partition("@")[0]: [one.get("ref", ""), one.get("digest", "")] for one in parts}


def _single(row: Facts) -> Facts:
    return {name: row[name] for name in _SINGLE if row.get(name) is not None}


# ---- metrics ------------------------------------------------------------------------------------------------------


def _values(database: Database, system: str, digest: str | None, until: str) -> dict[tuple[str, str], list[Value]]:
    """All values of a version by (metric, group), newest first."""
    found: dict[tuple[str, str], list[Value]] = {}
    rows = database.rows(_NEWEST, (digest, until, system, LOOKED_AT)) if digest else []
    for row in rows:
        said = dict(zip(EVALUATIONS.columns, row, strict=True))
        for key, value in _read(database, system, said).items():
            found.setdefault(key, []).append(value)
    return found


def _read(database: Database, system: str, said: Facts) -> dict[tuple[str, str], Value]:
    data = mapping(unpacked(said["data"], {}))
    plan = facts.plan_of(database, system, said["seq"], said["time"], unpacked(said["uses"], []))
    measured = measures(data)
    verdicts = {_key(one): one for one in judge(plan, measured)} if plan else {}
    values = {(metric, group): one for group, metrics in measured.items() for metric, one in metrics.items()}
    values |= {
        key: Measure(one.value)
        for key, one in verdicts.items()
        if one.threshold.kind != "value" and one.value is not None
    }
    test = tuple(
        sorted(
            digest
            for one in map(mapping, items(mapping(data.get("datasets")).get("test")))
            if (digest := named(one.get("digest")) or text(one.get("dataset")))
        )
    )
    methods = mapping(data.get("methods"))
    return {
        (metric, group): Value(
            one,
            test,
            tuple(line for line in plan.thresholds if line.metric == metric.partition(" ")[0]) if plan else (),
            text(methods.get(metric)) or "",
            plan.min_n if plan else 0,
            said["time"],
            said["seq"],
            verdicts.get((metric, group)),
        )
        for (metric, group), one in values.items()
    }


def _key(verdict: Verdict) -> tuple[str, str]:
    one = verdict.threshold
    return (one.metric if one.kind == "value" else f"{one.metric} {one.kind}", verdict.group)


def _metrics(before: dict[tuple[str, str], list[Value]], after: dict[tuple[str, str], list[Value]]) -> list[Item]:
    keys = sorted({*before, *after}, key=lambda key: (key[0], key[1]))
    return [_metric(key, before, after) for key in keys]


def _metric(
    key: tuple[str, str],
    before: dict[tuple[str, str], list[Value]],
    after: dict[tuple[str, str], list[Value]],
) -> Item:
    olds, news = before.get(key, []), after.get(key, [])
    pair = next(((old, new) for new in news for old in olds if not _differs(old, new)), None)
    old, new = pair or (olds[0] if olds else None, news[0] if news else None)
    if pair:
        why_not = _too_few(*pair, key[1])
    elif old and new:
        why_not = _differs(old, new)
    else:
        why_not = _absent(key, before, "before") if old is None else _absent(key, after, "after")
    verdict = new.verdict if new else None
    return Item(
        "metric", key[0], key[1], _plain(old), _plain(new), tuple(one.seq for one in (old, new) if one),
        delta=difference(old.measure.value, new.measure.value) if old and new and not why_not else None,
        why_not=why_not,
        threshold=f"{verdict.threshold.op} {verdict.threshold.bound:g}" if verdict else "",
        met=verdict.met if verdict else None,
    )  # fmt: skip


def _differs(old: Value, new: Value) -> str:
    if not old.test or not new.test:
        return "test_data_unknown"
    if old.test != new.test:
        return "other_test_data"
    if old.plan != new.plan:
        return "other_plan"
    return "other_method" if old.method != new.method else ""


def _too_few(old: Value, new: Value, group: str) -> str:
    least = max(old.min_n, new.min_n)
    few = bool(group) and any(one.measure.n is not None and one.measure.n < least for one in (old, new))
    return "below_min_n" if few else ""


def _absent(key: tuple[str, str], side: dict[tuple[str, str], list[Value]], name: str) -> str:
    if not side:
        return f"no_evaluation_{name}"
    return "group_missing" if key[1] and not any(group == key[1] for _, group in side) else "metric_missing"


def _plain(value: Value | None) -> Facts | None:
    if value is None:
        return None
    one = value.measure
    said = {"value": one.value, "n": one.n, "low": one.low, "high": one.high, "seq": value.seq}
    return facts.lean(said | {"test": list(value.test)})


def difference(before: float, after: float) -> float:
    """Return after - before at the precision of the inputs: 0.79 - 0.74 is 0.05."""
    return float(Decimal(repr(after)) - Decimal(repr(before)))

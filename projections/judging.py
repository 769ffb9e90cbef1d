"""Judging what was measured by a metric plan's thresholds (Art. 9(8)), and saying where that cannot be done."""

import operator
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from projections.values import items, mapping, number, text, whole

OPS: Final[dict[str, Callable[[float, float], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
EACH: Final = "*"  # a threshold for every group that was measured, or planned


class Measure(NamedTuple):
    """A number with what was said of it: how many cases, and the bounds of its interval."""

    value: float
    n: int | None = None
    low: float | None = None
    high: float | None = None


class Threshold(NamedTuple):
    """One line of a plan. `group` empty: overall. `kind`: value, gap (max - min over groups) or ratio (min / max)."""

    metric: str
    group: str
    kind: str
    op: str
    bound: float


class Verdict(NamedTuple):
    """A threshold held against what was measured. `met` None: could not be judged, and `why` says why not."""

    threshold: Threshold
    group: str
    value: float | None
    n: int | None
    met: bool | None
    why: str


class Plan(NamedTuple):
    """A metric plan as it was defined in entry `seq`."""

    seq: int
    id: str
    name: str
    time: str
    thresholds: tuple[Threshold, ...]
    groups: tuple[str, ...]
    min_n: int


def measure(said: object) -> Measure | None:
    """Read a measure: a number, or an object with a `value`. None for anything else."""
    if type(said) is dict:
        value = number(said.get("value"))
        more = whole(said.get("n")), number(said.get("low")), number(said.get("high"))
        return None if value is None else Measure(value, *more)
    value = number(said)
    return None if value is None else Measure(value)


def measures(data: dict[str, Any]) -> dict[str, dict[str, Measure]]:
    """What an evaluation measured, by group; the empty group is all cases together."""
    found = {"": _read(data.get("metrics"))}
    for group, said in mapping(data.get("groups")).items():
        found[group] = _read(said)
    return found


def _read(said: object) -> dict[str, Measure]:
    return {name: one for name, value in mapping(said).items() if (one := measure(value)) is not None}


def thresholds(said: object) -> tuple[Threshold, ...]:
    """Read a plan's thresholds; a line without metric, known comparison or bound is left out."""
    found = []
    for one in map(mapping, items(said)):
        metric, op, bound = text(one.get("metric")), text(one.get("op")), number(one.get("bound"))
        if metric and op in OPS and bound is not None:
            kind = text(one.get("kind")) or "value"
            found.append(Threshold(metric, text(one.get("group")) or "", kind, op, bound))
    return tuple(found)


def judge(plan: Plan, measured: dict[str, dict[str, Measure]]) -> list[Verdict]:
    """Hold what was measured against each threshold of a plan, in the plan's order."""
    return [verdict for one in plan.thresholds for verdict in _verdicts(one, plan, measured)]


def _verdicts(one: Threshold, plan: Plan, measured: dict[str, dict[str, Measure]]) -> Iterator[Verdict]:
    if one.kind != "value":
        yield _spread(one, plan, measured)
        return
    if one.group != EACH:
        yield _single(one, one.group, plan, measured)
        return
    groups = list(dict.fromkeys((*plan.groups, *(group for group in measured if group))))
    if not groups:
        yield Verdict(one, EACH, None, None, None, "group_missing")
    for group in groups:
        yield _single(one, group, plan, measured)


def _single(one: Threshold, group: str, plan: Plan, measured: dict[str, dict[str, Measure]]) -> Verdict:
    if group not in measured:
        return Verdict(one, group, None, None, None, "group_missing")
    found = measured[group].get(one.metric)
    if found is None:
        return Verdict(one, group, None, None, None, "metric_missing")
    if group and plan.min_n and (found.n is None or found.n < plan.min_n):
        return Verdict(one, group, found.value, found.n, None, "below_min_n")
    return Verdict(one, group, found.value, found.n, OPS[one.op](found.value, one.bound), "")


def _spread(one: Threshold, plan: Plan, measured: dict[str, dict[str, Measure]]) -> Verdict:
    """Judge a gap or ratio over the groups of an attribute (`sex` for `sex=f`), or over all groups."""
    groups = [group for group in measured if group and (one.group in ("", EACH) or _attribute(group) == one.group)]
    found = [at for group in groups if (at := measured[group].get(one.metric)) is not None]
    judged = [at.value for at in found if not plan.min_n or (at.n is not None and at.n >= plan.min_n)]
    if len(judged) < 2:
        return Verdict(one, one.group, None, None, None, "below_min_n" if len(found) > 1 else "group_missing")
    low, high = min(judged), max(judged)
    if one.kind == "ratio" and high == 0:
        return Verdict(one, one.group, None, None, None, "metric_missing")
    value = high - low if one.kind == "gap" else low / high
    value = round(value, 12)  # 0.79 - 0.71 is 0.08 to the reader, and to the threshold
    return Verdict(one, one.group, value, None, OPS[one.op](value, one.bound), "")


def _attribute(group: str) -> str:
    for position, character in enumerate(group):
        if character in "=<>":
            return group[:position]
    return group

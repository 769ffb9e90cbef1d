"""The tables of the changelog's Markdown: what differs, now and since the baseline, what is equal, and the metrics."""

from typing import Any, Final

from projections.questions.markdown import at, escape

Facts = dict[str, Any]

LONGEST: Final = 80  # characters of a value in a table
_DATED: Final = frozenset({"period_start", "period_end"})
_PARTS: Final = {
    "data": "{name} data",
    "artifact": "artifact {name}",
    "component": "component {name}",
    "code": "code {name}",
    "purpose": "{name}",
}


def difference_lines(change: Facts) -> list[str]:
    """Return the table of what differs; a first version lists what it is made of."""
    return _differences([one for one in change["differences"] if one["part"] != "metric"], "before")


def cumulative_lines(change: Facts) -> list[str]:
    """Return the table of what differs from the baseline, where that is not the version before; metrics below."""
    found = change.get("cumulative_differences", [])
    metrics = [
        f"| {_cell(one['name'])}{_group(one)} | {_measured(one['before'])}"
        f" | {_measured(one['after'])} ({one['delta']:+.12g}) | {at(*one['seqs'])} |"
        for one in found
        if one["part"] == "metric"
    ]
    lines = _differences([one for one in found if one["part"] != "metric"], "baseline")
    return [*(lines or _head("baseline")), *metrics] if found else []


def _group(one: Facts) -> str:
    return f", {_cell(one['group'])}" if "group" in one else ""


def _head(before: str) -> list[str]:
    return [f"| what | {before} | after | entries |", "|---|---|---|---|"]


def _differences(found: list[Facts], before: str) -> list[str]:
    if not found:
        return []
    lines = _head(before)
    for one in found:
        what = _cell(_PARTS.get(one["part"], "{part} {name}").format(part=one["part"], name=one["name"]))
        lines.append(f"| {what} | {_said(one, 'before')} | {_said(one, 'after')} | {at(*one['seqs'])} |")
    return lines


def equal_line(change: Facts) -> list[str]:
    """Return the sentence that says what is the same."""
    by_part: dict[str, list[str]] = {}
    for part, name in change["equal"]:
        by_part.setdefault(part, []).append(name)
    told = [
        f"all {len(names)} of {part}" if len(names) > 4 else f"{part} {', '.join(map(_cell, sorted(names)))}"
        for part, names in sorted(by_part.items())
    ]
    return [f"Equal: {'; '.join(told)}."] if told else []


def measured_line(change: Facts) -> list[str]:
    """Return the sentence that says by which plan and on which data the metrics below were measured."""
    told = [
        f"{one['side']} {at(one['seq'])} by {escape(one['by'])}, {_plan(one.get('plan'))}"
        f", on {'; '.join(map(_tested, one['test'])) or 'data that nobody named'}"
        for one in change["measured"]
    ]
    return [f"**Measured.** {'. '.join(said[:1].upper() + said[1:] for said in told)}."] if told else []


def _plan(plan: Facts | None) -> str:
    return f"plan {escape(plan['plan'] or 'without a name')} {at(plan['seq'])}" if plan else "no plan"


def _tested(used: Facts) -> str:
    return f"{_dataset(used)} {at(used.get('seq'))}".rstrip()


def metric_lines(change: Facts) -> list[str]:
    """Return the table of metrics: no difference is drawn where the two may not be compared, and the reason is said."""
    found = [one for one in change["differences"] if one["part"] == "metric"]
    if not found:
        return []
    lines = ["| metric | group | before | after | delta | threshold | met | entries |", "|---" * 8 + "|"]
    for one in found:
        met = {True: "yes", False: "NO"}.get(one.get("met"), "-")
        cells = (
            _cell(one["name"]), _cell(one.get("group", "all")), _measured(one.get("before")),
            _measured(one.get("after")),
            _delta(one, first="digest_set" not in change["from"]), one.get("threshold", "-"), met, at(*one["seqs"]),
        )  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _delta(one: Facts, *, first: bool) -> str:
    if "delta" in one:
        return f"{one['delta']:+.12g}"
    return "-" if first else f"not comparable: {one['why_not']}"


def _measured(said: Facts | None) -> str:
    if said is None:
        return "-"
    extra = [f"n {said['n']}"] if "n" in said else []
    if "low" in said and "high" in said:
        extra.append(f"{said['low']:.12g} to {said['high']:.12g}")
    return f"{said['value']:.12g}" + (f" ({', '.join(extra)})" if extra else "")


def _said(one: Facts, side: str) -> str:
    if side not in one:
        return "-"
    value = one[side]
    if one["part"] == "data":
        return "; ".join(_dataset(used) for used in value)
    return _cell(", ".join(map(str, value)) if isinstance(value, list) else value)


def _dataset(used: Facts) -> str:
    rows = [f"{used['rows']:,} rows"] if "rows" in used else []
    period = [f"{used.get('period_start', '')} to {used.get('period_end', '')}".strip()] if _DATED & used.keys() else []
    digest = [f"{used['digest'][:15]}.."] if "digest" in used else ["no digest"]
    return ", ".join([_cell(used.get("dataset", "unnamed")), *rows, *period, *digest])


def _cell(said: object) -> str:
    words = str(said)
    if words.startswith("sha256:"):
        return f"{words[:15]}.."
    return escape(words if len(words) <= LONGEST else words[: LONGEST - 2] + "..")

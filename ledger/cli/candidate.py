"""What a person sees before they approve or reject: the version, against what runs, and what is open."""

from typing import TYPE_CHECKING, Any, Final

from ledger.cli.layout import clip, columns, day, pairs, words
from ledger.cli.screen import Paint
from ledger.cli.verdict import COLOURS, vouchers

if TYPE_CHECKING:
    from ledger.report import Report

Row = tuple[str, str, str, str, str]
_LABEL: Final = 20
_PARAMETERS, _MEASURES, _OPEN = 12, 24, 16  # how many are written out; ledger diff and ledger lineage have all
_MARKS: Final = {"NOT MET": "red", "NOT KEPT": "red", "not judged": "yellow", "met": "green", "kept": "green"}
_WHY_NOT: Final = {
    "no_evaluation_before": "",
    "no_evaluation_after": "not evaluated",
    "metric_missing": "one of the two has it",
    "group_missing": "one of the two has it",
}


def candidate_lines(found: dict[str, Any], report: "Report", rests: int, since: str, width: int) -> list[str]:
    """Return the lines, without colour, in at most `width` columns.

    `rests`: how many entries the facts rest on; `since`: when all of the log was checked before ("": a moment ago).
    """
    running = found.get("running")
    rows = [*_heads(found, running), *_data(found), *_parameters(found), *_measures(found), *_code(found)]
    if running is None or running["digest_set"] == found["digest_set"]:
        rows = [(name, "", after, bound, note) for name, _, after, bound, note in rows]
    shown = [tuple(" ".join(cell.split()) for cell in row) for row in rows if any(row)]  # no name can play a column
    empty = [at for at in range(5) if not any(row[at] for row in shown)]
    cells = [tuple(cell for at, cell in enumerate(row) if at not in empty) for row in shown]
    widths = [max(len(row[at]) for row in cells) for at in range(len(cells[0]))]
    room = width - 2 - sum(widths[1:]) - 2 * (len(widths) - 1)
    label = max(widths[0], min(_LABEL, room))
    cells = [(f"{row[0]:<{label}}", *row[1:]) for row in cells]
    return [
        *_subject(found, width),
        *columns(cells, indent=2, width=width),
        *pairs(_about(found, report, rests, since), label=label, width=width),
    ]


def painted(lines: list[str], paint: Paint) -> list[str]:
    """Return the lines with their verdicts in colour."""
    return [_painted(line, paint) for line in lines]


def _painted(line: str, paint: Paint) -> str:
    for mark, style in _MARKS.items():
        if line.endswith(f"  {mark}") or f"  {mark}: " in line:
            before, _, after = line.rpartition(mark)
            return f"{before}{paint(style, mark)}{after}"
    for verdict, style in COLOURS.items():
        if f", {verdict} a moment ago" in line:
            return line.replace(verdict, paint(style, verdict), 1)
    return line


# ---- the version, and what differs ----


def _subject(found: dict[str, Any], width: int) -> list[str]:
    name = f"  {found['system']} {found.get('version', '')}".rstrip() + f"   set {found['digest_set'][7:19]}"
    lines = [name]
    for label, one in found["artifacts"].items():
        part = f"   {label} {one['digest'][7:19]}"
        if len(lines[-1]) + len(part) > width:
            lines.append("   ")
        lines[-1] += part
    return [clip(line, width) for line in lines]


def _heads(found: dict[str, Any], running: dict[str, Any] | None) -> list[Row]:
    judged = any("threshold" in one for one in found["differences"])
    before = f"in {running['environment']}" if running else ""
    rows = [("", before, "this version", "threshold" if judged else "", "")]
    if running:
        rows.append(("", _version(running), _version(found), "", ""))
    return rows


def _version(one: dict[str, Any]) -> str:
    return str(one.get("version", one["digest_set"][7:19]))


def _part(found: dict[str, Any], *parts: str) -> list[dict[str, Any]]:
    return [one for one in found["differences"] if one["part"] in parts]


def _data(found: dict[str, Any]) -> list[Row]:
    before, after = found["datasets"]["before"], found["datasets"]["after"]
    rows = []
    for role in sorted({one["role"] for one in (*before, *after)}):
        old, new = ([one for one in side if one["role"] == role] for side in (before, after))
        counts = [sum(one.get("rows", 0) for one in side) for side in (old, new)]
        note = f"{counts[0]:,} -> {counts[1]:,} rows" if all(counts) else f"{counts[1]:,} rows" if counts[1] else ""
        rows.append((f"{role or 'other'} data", _names(old), _names(new), "", "the same" if old == new else note))
    return rows


def _names(datasets: list[dict[str, Any]]) -> str:
    return ", ".join(str(one.get("dataset", one.get("digest", "?")[7:19])) for one in datasets) or "-"


def _parameters(found: dict[str, Any]) -> list[Row]:
    differ = [one for one in _part(found, "parameter", "training", "component") if not one["equal"]]
    rows = [(one["name"], _short(one.get("before")), _short(one.get("after")), "", "") for one in differ[:_PARAMETERS]]
    more = len(differ) - _PARAMETERS
    return [*rows, (f"{more} more differ", "", "", "", "ledger diff has all")] if more > 0 else rows


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    text = " ".join(map(words, value)) if isinstance(value, list) else words(value)
    return text[7:19] if text.startswith("sha256:") else text


def _measures(found: dict[str, Any]) -> list[Row]:
    measures = sorted(_part(found, "metric"), key=_rank)
    rows = [_measure(one) for one in measures[:_MEASURES]]
    more = len(measures) - _MEASURES
    return [*rows, (f"{more} more measures", "", "", "", "ledger diff has all")] if more > 0 else rows


def _rank(one: dict[str, Any]) -> int:
    """What misses its threshold first, then what has one, then all cases together, then groups."""
    return 0 if one.get("met") is False else 1 if "threshold" in one else 2 if "group" not in one else 3


def _measure(one: dict[str, Any]) -> Row:
    name = f"{one['name']}, {one['group']}" if "group" in one else one["name"]
    before, after = (_short(one[side]["value"]) if side in one else "-" for side in ("before", "after"))
    if "threshold" in one:
        note = "not judged" if "met" not in one else "met" if one["met"] else "NOT MET"
    elif "delta" in one:
        note = f"{one['delta']:+.4g}"
    else:
        note = _WHY_NOT.get(one.get("why_not", ""), str(one.get("why_not", "")).replace("_", " "))
    return name, before, after, one.get("threshold", ""), note


def _code(found: dict[str, Any]) -> list[Row]:
    said = {one["name"]: one for one in _part(found, "code")}
    commit, dirty = said.get("commit"), said.get("dirty", {}).get("after")
    if commit is None:
        return []
    before, after = (str(commit.get(side, "-"))[:12] for side in ("before", "after"))
    return [("code", before, after, "", "with changes not committed" if dirty else "clean")]


# ---- what is open, and who vouches ----


def _about(found: dict[str, Any], report: "Report", rests: int, since: str) -> list[tuple[str, str]]:
    by = "; ".join(vouchers(report.vouchers)) or "nothing of yours"
    running = found.get("running")
    same = running is not None and running["digest_set"] == found["digest_set"]
    rows = [("in use", f"this very set runs in {running['environment']} already")] if running and same else []
    rows += [("approved before", f"{one['by']}, {day(one['time'])}Z, entry {one['seq']}") for one in found["approvals"]]
    rows += [
        ("rejected before", f"{one['by']}, {day(one['time'])}Z, entry {one['seq']}: {one.get('reason', '')}")
        for one in found["rejections"]
    ]
    if request := found.get("request"):
        needed = f"; {request['needed']} people are needed" if request["needed"] > 1 else ""
        rows.append(("asked for by", f"{request['by']}, entry {request['seq']}{needed}"))
    return [
        *rows,
        *_open(found),
        ("four eyes", _four_eyes(found["makers"])),
        ("this ledger", f"{report.size:,} entries, {report.verdict} a moment ago against {by}"),
        *([("checked now", _checked(report, rests, since))] if since else []),
        *([("the tables", _OTHERWISE)] if "told_otherwise" in found else []),
    ]


_OTHERWISE: Final = "said something else than the entries do, from which this text is; to mend: ledger rebuild"


def _checked(report: "Report", rests: int, since: str) -> str:
    """What was verified a moment ago, and what is as it was when all of it was."""
    new = report.size - report.since
    many = f"the {new:,} entries from {report.since:,} on" if new > 1 else f"entry {report.since:,}"
    grown = many if new else "that nothing was added since"
    return (
        f"{grown}, and the {rests:,} entries on which this text rests. The others are, by their tree hashes, those that"
        f" passed all checks on {day(since)}Z; to read them again: ledger verify"
    )


def _open(found: dict[str, Any]) -> list[tuple[str, str]]:
    said = [finding(one, found.get("version")) for one in found["findings"][:_OPEN]]
    more = len(found["findings"]) - _OPEN
    said += [f"and {more} more: ledger findings {found['system']}@{_version(found)}"] if more > 0 else []
    said = said or ["none that can be computed from this ledger"]
    return [("" if at else "open findings", text) for at, text in enumerate(said)]


def finding(one: dict[str, Any], about: str | None) -> str:
    """Return a finding in a line; its version is said where it is not the one asked about."""
    of = "" if one.get("version") == about else f"{_version(one)}: "
    where = f" [{words(one['seqs'])}]" if one["seqs"] else ""
    return f"{one['rule']} {one['severity']}: {of}{one['text']}{where}"


def _four_eyes(makers: list[dict[str, Any]]) -> str:
    own = [f"you {one['what']} it{_place(one)}" for one in makers if one["own"]]
    if own:
        return f"NOT KEPT: {', '.join(own)}"
    if not makers:
        return "nobody is on record as its maker"
    return "kept: " + ", ".join(f"{one['what']} by {one['by']}{_place(one)}" for one in makers)


def _place(one: dict[str, Any]) -> str:
    return f" ({one['seq']})" if "seq" in one else ""

"""The changelog as Markdown, for the technical documentation. Every line names the entries it rests on.

No sentence is written by anything but these tables: what people said stands in quotation marks, escaped.
"""

from collections.abc import Callable
from typing import Any, Final

from projections.questions.changes_tables import difference_lines, equal_line, metric_lines
from projections.questions.markdown import at, day, escape, minute, quoted, short

Facts = dict[str, Any]

_PENDING: Final = "pending"
_COULD_NOT_KNOW: Final = (
    "changes that nobody recorded and that no deployment shows",
    "whether what was recorded is true or complete",
    "changes outside the recorded digests, such as the use or the users",
)
_FOOT: Final = f"What this page could not know: {'; '.join(_COULD_NOT_KNOW)}."


def render_changelog(changelog: Facts) -> str:
    """Return the Markdown of the document that `changelog` made."""
    lines = [*_head(changelog), *_gaps(changelog)]
    listed = [one for one in changelog["changes"] if one["status"] not in ("rejected", "proposed")]
    for one in reversed(listed):
        lines += ["", *_change(one)]
    lines += ["", *_lists(changelog), *_quiet(changelog), "", _FOOT]
    return "\n".join(lines) + "\n"


def _head(log: Facts) -> list[str]:
    market = log.get("market")
    since = "The placing on the market or putting into service is not recorded."
    if market:
        words = {"placed_on_market": "Placed on the market", "put_into_service": "Put into service"}
        since = f"{words[market['kind']]} {day(market['time'])} {at(market['seq'])}."
    provider = escape(log["provider"]) if log.get("provider") else "not recorded"
    known = f", as known at {minute(log['known_at'])}" if "known_at" in log else ""
    entries = f"by entries 0-{log['size'] - 1} of {escape(log['origin'])}" if log["size"] else "by no entries"
    return [
        f"# Changes to {escape(log['system'])}: Annex IV point 6 (Section 6)",
        f"Provider: {provider}. As of {minute(log['as_of'])}{known}, {entries}. {since}",
        "These are the facts that were recorded; whether they meet the law is not said here.",
    ]


def _gaps(log: Facts) -> list[str]:
    if not log["gaps"]:
        return ["", "## Gaps", "None found by the checks made here; that is no proof that there are none."]
    lines = ["", "## Gaps"]
    for one in log["gaps"]:
        mend = f" `{one['mend']}`" if "mend" in one else ""
        lines.append(f"- Change {one['change']}: {one['text']} {at(*one['seqs'])}.{mend}")
    return lines


def _name(side: Facts) -> str:
    return escape(side.get("version") or (short(side["digest_set"]) if "digest_set" in side else "unknown"))


def _title(one: Facts) -> str:
    number = f"## Change {one['number']}: "
    if one["status"] == "void":
        return f"{number}void {at(*one['seqs'])}"
    when = f"effective {minute(one['effective_time'])} {at(one['effective_seq'])}"
    status = ", **rolled back since**" if one["status"] == "rolled_back" else ""
    if one["kind"] == "purpose":
        return f"{number}the system's description, {when}"
    what = "roll-back to " if one["kind"] == "rollback" else "" if "digest_set" in one["from"] else "initial version "
    names = _name(one["to"]) if what else f"{_name(one['from'])} -> {_name(one['to'])}"
    return f"{number}{what}{names}, {when}{status}"


def _change(one: Facts) -> list[str]:
    lines = [_title(one)]
    if one["status"] == "void":
        return [*lines, "Taken back by a correction; the number is not used again."]
    for part in _PARTS:
        lines += ["", *told] if (told := part(one)) else []
    return lines


def _who(one: Facts) -> list[str]:
    sides = [
        f"{word} {short(one[side]['digest_set'])}"
        for word, side in (("before", "from"), ("after", "to"))
        if "digest_set" in one[side]
    ]
    known = [word for word in ("trained", "registered") if word in one]
    acts = [f"{word} by {escape(one[word]['by'])} {at(one[word]['seq'])}" for word in known]
    if "recorded_by" in one:
        acts.append(f"change recorded by {escape(one['recorded_by'])} {at(one['record_seq'])}")
    built = " Built from another version than the one it replaced." if one["built_from_another"] else ""
    said = "; ".join([*sides, *acts])
    return [said[:1].upper() + said[1:] + "." + built] if said else []


def _what(one: Facts) -> list[str]:
    record = at(one.get("record_seq"))
    what = f"{quoted(one['summary'])} {record}" if "summary" in one else "nobody described it; see what differs"
    named = f"{', '.join(map(escape, one['categories']))} {record}" if one["categories"] else "not named"
    suggested = f"; suggested by the digests: {', '.join(one['suggested'])}" if one["suggested"] else ""
    return [f"**What.** {what}.", "", f"**Category.** {named.strip()}{suggested}."]


def _why(one: Facts) -> list[str]:
    said = [f"{quoted(one['reason'])} {at(one.get('record_seq', one.get('effective_seq')))}"] if "reason" in one else []
    return [f"**Why.** {'; '.join([*map(_cause, one['why']), *said]) or 'no cause and no reason recorded'}."]


def _cause(cause: Facts) -> str:
    if "seq" not in cause:
        return f"an event that is not in this log ({escape(cause['id'])})"
    data = cause["data"]
    words = [f"{escape(cause['type'])} of {day(cause['time'])}"]
    told = ("metric", "feature", "group", "value", "threshold", "severity")
    words += [f"{name} {escape(data[name])}" for name in told if name in data]
    answered = f"; acknowledged {at(cause['acknowledged_seq'])}" if "acknowledged_seq" in cause else ""
    if "resolved_seq" in cause:
        answered += f"; resolved: {escape(cause.get('resolution', 'not said'))} {at(cause['resolved_seq'])}"
    return f"{', '.join(words)} {at(cause['seq'])}{answered}"


def _affected(one: Facts) -> list[str]:
    parts = [
        f"{escape(ran['environment'])}/{escape(ran['deployment'])} from {minute(ran['effective'])} {at(ran['seq'])}"
        + (" (effective again)" if ran["again"] else "")
        for ran in one["ran"]
    ]
    countries = sorted({country for ran in one["ran"] for country in ran["countries"]})
    parts += [f"countries {', '.join(map(escape, countries))}"] if countries else []
    if "points" in one:
        parts.append(f"Annex IV points {', '.join(map(escape, one['points']))} named {at(one['record_seq'])}")
    if "ifu_changed" in one:
        changed = "changed" if one["ifu_changed"] else "not changed"
        parts.append(f"instructions for use {changed} {at(one['record_seq'])}")
    return [f"**Affected.** {'; '.join(parts)}."] if parts else []


def _modification(one: Facts) -> list[str]:
    said = one["substantial_modification"]
    seq = at(said.get("seq"))
    base = ""
    if "baseline_set" in said:
        base = f" Baseline {short(said['baseline_set'])}: first on the market or in service {at(said['baseline_seq'])}."
    if said["state"] == _PENDING:
        note = f"; {said['note']}" if "note" in said else ""
        text = f"PENDING since {day(said['pending_from'])}: nobody recorded an assessment{note}."
    elif said["state"] in ("not_applicable", "not_yet"):
        text = f"not assessed; {said['note']} {seq}".rstrip() + "."
    else:
        text = f"{escape(said['state'])}, decided by {escape(said['by'])} {day(said['time'])} {seq}"
        text += f": {quoted(said['reason'])}." if "reason" in said else "; no reason recorded."
        text += f" Cumulative: {quoted(said['cumulative'])}." if "cumulative" in said else ""
    return [f"**Substantial modification.** {text}{base}"]


def _approval(one: Facts) -> list[str]:
    parts = []
    for said in one["decisions"]:
        reason = f": {quoted(said['reason'])}" if "reason" in said else ""
        parts.append(f"{said['decision']} by {escape(said['by'])} {day(said['time'])} {at(said['seq'])}{reason}")
    for said in one["approvals"]:
        kind = ", ".join([*said["roles"], *([said["kind"]] if "kind" in said else [])]) or "role not known"
        own = "worked on this version" if said["own_work"] else "did not train, register, evaluate or request"
        text = f"approved for {escape(said['stage'])} by {escape(said['by'])} ({kind}; {own}) {minute(said['time'])}"
        text += f" {at(said['seq'])}" + ("" if said["complete"] else f", {said['needed']} needed")
        if "doubtful" in said:
            since, reported = minute(said["doubtful"]["since"]), at(said["doubtful"]["reported"])
            text += f"; doubtful: its key was reported compromised since {since} {reported}"
        if said["conditions"]:
            text += "; conditions: " + ", ".join(quoted(condition["text"]) for condition in said["conditions"])
        if "seen_size" in said:
            text += f"; saw entries 0-{said['seen_size'] - 1}"
        parts.append(text)
    return [f"**Approval.** {'; '.join(parts) or 'none recorded'}."]


def _evidence(one: Facts) -> list[str]:
    parts = [
        f"{escape(said.get('name', 'file'))} {said['digest'][:15]}.. {at(said['seq'])}" for said in one["evidence"]
    ]
    return [f"**Evidence.** {'; '.join(parts)}. Whether the files are at hand was not looked at."] if parts else []


def _after(one: Facts) -> list[str]:
    if "effective_time" not in one:
        return []
    watch = f"Watch {one['watch_days']} days {at(one['record_seq'])}; " if "watch_days" in one else ""
    since = f"alerts of the system since: {at(*one['alerts_since'])}" if one["alerts_since"] else "no alert since"
    said = f"{watch}{since} {at(one['effective_seq'])}." if not one["alerts_since"] else f"{watch}{since}."
    return [f"**After-care.** {said[:1].upper()}{said[1:]}"]


def _lists(log: Facts) -> list[str]:
    lines = ["## Proposed, rejected, rolled back"]
    for status, word in (("proposed", "Proposed"), ("rejected", "Rejected"), ("rolled_back", "Rolled back")):
        found = [
            f"change {one['number']} ({_name(one['to'])}) {at(*one['seqs'])}"
            for one in log["changes"]
            if one["status"] == status
        ]
        lines.append(f"{word}: {'; '.join(found) or 'none'}.")
    lines.append(f"Versions trained or registered that never became part of a change: {log['unlisted']}.")
    return lines


def _quiet(log: Facts) -> list[str]:
    lines = []
    for one in log["quiet"]:
        rest = f"{one['entries']} other entries in the log in that time" if one["entries"] else "the log was silent"
        lines.append(f"No change recorded from {day(one['from'])} to {day(one['to'])} ({rest}).")
    return lines


_PARTS: Final[tuple[Callable[[Facts], list[str]], ...]] = (
    _who, _what, _why, difference_lines, equal_line, metric_lines,
    _affected, _modification, _approval, _evidence, _after,
)  # fmt: skip

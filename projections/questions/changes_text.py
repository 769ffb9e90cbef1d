"""The changelog as Markdown, for the technical documentation. Every line names the entries it rests on.

No sentence is written by anything but these tables: what people said stands in quotation marks, escaped.
"""

from typing import Any, Final

from projections.questions.changes_sentences import SENTENCES
from projections.questions.markdown import at, day, escape, minute, short

Facts = dict[str, Any]

_COULD_NOT_KNOW: Final = (
    "changes that nobody recorded and that no deployment shows",
    "whether what was recorded is true or complete",
    "changes outside the recorded digests, such as the use or the users",
    "the risk register and the documents that must follow, of which no type of event speaks yet",
)


def render_changelog(changelog: Facts) -> str:
    """Return the Markdown of the document that `changelog` made."""
    lines = [*_head(changelog), *_gaps(changelog)]
    listed = [one for one in changelog["changes"] if one["status"] not in ("rejected", "proposed")]
    if not listed:
        lines += ["", "No change is on record: nothing was deployed to production, placed on the market or in service."]
    for one in reversed(listed):
        lines += ["", *_change(one)]
    lines += ["", *_lists(changelog), *_categories(listed), "", *_foot(changelog)]
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
    for part in SENTENCES:
        lines += ["", *told] if (told := part(one)) else []
    return lines


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
    return [*lines, *_quiet(log)]


def _categories(listed: list[Facts]) -> list[str]:
    """The changes of each category, as people named them or, where nobody did, as the digests suggest."""
    by_name: dict[str, list[str]] = {}
    for one in listed:
        for name in one["categories"] or one["suggested"]:
            said = str(one["number"]) if one["categories"] else f"{one['number']} (suggested)"
            by_name.setdefault(name, []).append(said)
    if not by_name:
        return []
    rows = [f"| {escape(name)} | {', '.join(found)} |" for name, found in sorted(by_name.items())]
    return ["", "| category | changes |", "|---|---|", *rows]


def _foot(log: Facts) -> list[str]:
    made = [f"Made by {log['generator']}"] if "generator" in log else []
    made += [f"root over these entries {log['root']}"] if "root" in log else []
    foot = f"What this page could not know: {'; '.join(_COULD_NOT_KNOW)}."
    return [foot, *(["", f"{', '.join(made)}. `ledger verify` says whether they are what was signed."] if made else [])]


def _quiet(log: Facts) -> list[str]:
    lines = []
    for one in log["quiet"]:
        rest = f"{one['entries']} other entries in the log in that time" if one["entries"] else "the log was silent"
        lines.append(f"No change recorded from {day(one['from'])} to {day(one['to'])} ({rest}).")
    return lines

"""What is said of one change in the changelog: a sentence or a table for each thing that Annex IV point 6 is about."""

from collections.abc import Callable
from typing import Any, Final

from projections.changelog.deriving import PENDING
from projections.questions.changes_tables import (
    cumulative_lines,
    difference_lines,
    equal_line,
    measured_line,
    metric_lines,
)
from projections.questions.markdown import at, day, escape, minute, quoted, short

Facts = dict[str, Any]


def _who(one: Facts) -> list[str]:
    sides = [
        f"{word} {short(one[side]['digest_set'])}"
        for word, side in (("before", "from"), ("after", "to"))
        if "digest_set" in one[side]
    ]
    known = [word for word in ("trained", "registered") if word in one]
    acts = [f"{word} by {escape(one[word]['by'])} {at(one[word]['seq'])}" for word in known]
    if "recorded_by" in one:
        acts.append(
            f"change recorded by {escape(one['recorded_by'])} {day(one['recorded_time'])} {at(one['record_seq'])}"
        )
    built = " Built from another version than the one it replaced." if one["built_from_another"] else ""
    said = "; ".join([*sides, *acts])
    return [said[:1].upper() + said[1:] + "." + built] if said else []


def _initial(one: Facts) -> bool:
    return one["kind"] == "version" and "digest_set" not in one["from"]


def _what(one: Facts) -> list[str]:
    record = at(one.get("record_seq"))
    untold = "the first version that took effect; nobody described it" if _initial(one) else "nobody described it"
    what = f"{quoted(one['summary'])} {record}" if "summary" in one else f"{untold}; the tables say what it is made of"
    for again in one.get("said_again", []):
        what += f"; said again by {escape(again['by'])}: {quoted(again.get('summary', ''))} {at(again['seq'])}"
    unnamed = "initial version" if _initial(one) else "not named"
    named = f"{', '.join(map(escape, one['categories']))} {record}" if one["categories"] else unnamed
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
        + (f" for {escape(ran['deployer'])}" if "deployer" in ran else "")
        + (" (effective again)" if ran["again"] else "")
        for ran in one["ran"]
    ]
    countries = sorted({country for ran in one["ran"] for country in ran["countries"]})
    parts += [f"countries {', '.join(map(escape, countries))}"] if countries else []
    parts += [
        f"{name} {', '.join(map(escape, said))} named {at(one['record_seq'])}"
        for name, said in one.get("affected", {}).items()
    ]
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
    if said["state"] == PENDING:
        note = f"; {said['note']}" if "note" in said else ""
        text = f"PENDING since {day(said['pending_from'])}: nobody recorded an assessment{note}."
    elif said["state"] in ("not_applicable", "not_yet"):
        text = f"not assessed; {said['note']} {seq}".rstrip() + "."
    else:
        text = f"{escape(said['state'])}, decided by {escape(said['by'])} {day(said['time'])} {seq}"
        text += f": {quoted(said['reason'])}." if "reason" in said else "; no reason recorded."
        text += _answers(said)
    return [f"**Substantial modification.** {text}{base}{_since(one)}"]


def _answers(said: Facts) -> str:
    """What the assessor answered besides; what was left out was not answered."""
    told = [words[not said[name]] for name, words in _QUESTIONS.items() if name in said]
    if "articles_affected" in said:
        listed = ", ".join(map(str, said["articles_affected"])) or "none"
        told.append(f"articles whose fulfilment it affects: {listed}")
    if "notified_body_informed" in said:
        told.append(f"notified body informed {escape(said['notified_body_informed'])}")
    if "measured_against" in said:
        told.append(f"measured by the assessor against {short(said['measured_against'])}")
    answers = f" Answered: {'; '.join(told)}." if told else ""
    return answers + (
        f" Cumulative, as the assessor says: {quoted(said['cumulative'])}." if "cumulative" in said else ""
    )


# Question -> the words for yes and for no.
_QUESTIONS: Final = {
    "after_market": ("after the placing on the market", "not after the placing on the market"),
    "foreseen": ("foreseen in the conformity assessment", "not foreseen in the conformity assessment"),
    "purpose_modified": ("the intended purpose is modified", "the intended purpose is not modified"),
    "within_plan": ("within the change plan", "not within the change plan"),
}


def _since(one: Facts) -> str:
    """Which parts differ from the baseline, where it is not the version before; the table follows."""
    base = one["substantial_modification"].get("baseline_set")
    if base is not None and base == one["from"].get("digest_set"):
        return " Since the baseline nothing else changed than what stands above."
    if "cumulative_differences" not in one:
        return ""
    found = one["cumulative_differences"]
    return (
        f" Since the baseline, {len(found)} thing{' differs' if len(found) == 1 else 's differ'}:"
        if found
        else (" Nothing differs from the baseline.")
    )


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
    if "rollback_plan" in one:
        watch += f"to go back: {quoted(one['rollback_plan'])} {at(one['record_seq'])}; "
    since = f"alerts of the system since: {at(*one['alerts_since'])}" if one["alerts_since"] else "no alert since"
    said = f"{watch}{since} {at(one['effective_seq'])}." if not one["alerts_since"] else f"{watch}{since}."
    return [f"**After-care.** {said[:1].upper()}{said[1:]}"]


SENTENCES: Final[tuple[Callable[[Facts], list[str]], ...]] = (
    _who, _what, _why, difference_lines, equal_line, measured_line, metric_lines,
    _affected, _modification, cumulative_lines, _approval, _evidence, _after,
)  # fmt: skip

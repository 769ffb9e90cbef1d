"""What a change lacks. A gap is the absence of a record; it does not say that nothing happened."""

from collections.abc import Callable
from typing import Any, Final

from ledger.encoding import parse_time

Facts = dict[str, Any]


def gaps_of(change: Facts, at: str) -> list[Facts]:
    """Return what is missing of a change as of the moment `at`, each with its code, words and entries."""
    if change["status"] in ("void", "rejected", "proposed"):
        return []
    found = []
    for code, (lacks, words, mend) in _GAPS.items():
        if lacks(change):
            seqs = [change["effective_seq"]] if "effective_seq" in change else [change["opened_seq"]]
            gap = {"change": change["number"], "code": code, "text": words, "seqs": seqs}
            if code == "not_comparable":
                gap["text"] = _not_comparable(change)
            if code == "substantial_modification_pending":
                gap["text"] = f"{words}, pending {_days(change, at)} days"
                if note := change["substantial_modification"].get("note"):
                    gap["text"] += f" ({note})"
            if mend:
                gap["mend"] = mend.format(seq=seqs[0])
            found.append(gap)
    return found


def _days(change: Facts, at: str) -> int:
    """Calendar days in UTC, the day itself not counted."""
    since = change["substantial_modification"]["pending_from"]
    return max(0, (parse_time(at).date() - parse_time(since).date()).days)


def _metrics(change: Facts) -> list[Facts]:
    return [one for one in change["differences"] if one["part"] == "metric"]


def _not_comparable(change: Facts) -> str:
    """How many metrics may not be compared, and why."""
    all_of = _metrics(change)
    reasons = sorted({one["why_not"] for one in all_of if "why_not" in one})
    count = sum("why_not" in one for one in all_of)
    return f"{count} of {len(all_of)} metrics of before and after may not be compared: {', '.join(reasons)}"


def _approved_before(change: Facts) -> bool:
    """Whether a complete approval was recorded and dated before the change became effective."""
    return any(
        one["complete"] and one["seq"] < change["effective_seq"] and one["stage"].partition("-")[0].startswith("prod")
        for one in change["approvals"]
    )


def _is_version(change: Facts) -> bool:
    return bool(change["kind"] == "version" and "effective_seq" in change)


def _conditions(change: Facts) -> bool:
    return any(one["conditions"] for one in change["approvals"])


# code -> (what lacks, words, the command that records it)
_GAPS: Final[dict[str, tuple[Callable[[Facts], bool], str, str]]] = {
    "substantial_modification_pending": (
        lambda one: one["substantial_modification"]["state"] == "pending",
        "substantial modification not assessed",
        "ledger record substantial_modification_assessed --of {seq} --decision ... --reason ...",
    ),
    "no_change_record": (
        lambda one: _is_version(one) and "record_seq" not in one and "digest_set" in one["from"],
        "derived from the deployment, nobody recorded the change",
        "ledger record change_recorded --of {seq} --summary ... --reason ...",
    ),
    "no_approval": (
        lambda one: _is_version(one) and not _approved_before(one),
        "no approval for production recorded before it became effective",
        "",
    ),
    "no_reason": (
        lambda one: "digest_set" in one["from"] and not one["why"] and "reason" not in one,
        "no cause and no reason recorded",
        "",
    ),
    "no_evaluation": (
        lambda one: _is_version(one) and not any("after" in metric for metric in _metrics(one)),
        "no evaluation recorded before it became effective",
        "",
    ),
    "not_comparable": (
        lambda one: "digest_set" in one["from"] and any("why_not" in metric for metric in _metrics(one)),
        "some metrics of before and after may not be compared",
        "",
    ),
    "threshold_not_met": (
        lambda one: any(metric.get("met") is False for metric in _metrics(one)) and not _conditions(one),
        "a threshold was not met, and no approval names a condition",
        "",
    ),
    "unknown_origin": (
        lambda one: one["kind"] != "purpose" and "trained" not in one,
        "no training of this version recorded",
        "",
    ),
}

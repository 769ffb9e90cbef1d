"""What outside evidence says of times, in words: how far an entry could be dated back unnoticed."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ledger.cli.layout import clean, day, short_path
from ledger.encoding import parse_time
from ledger.tokens.bounds import bounds

if TYPE_CHECKING:
    from ledger.report import Existed, Report

_SHOWN: Final = 3  # pieces of evidence, the newest, that are written out; --json has all
_SAYS: Final = {"token": "time-stamp of {}", "pin": "your pin", "witness": "{}"}


def times_said(times: "Sequence[Existed]", size: int) -> str:
    """Return the sentence for what is not proven of times: the bound on dating back."""
    if not times:
        return "times: they are the writers' clocks"
    newest = bounds(times, size)[-1]
    span = f"entry {newest.first:,} is" if newest.first == newest.last else f"entries {newest.first:,} and on are"
    if not newest.not_before:
        after = f"that entries existed before {day(max(one.time for one in times))}Z" if newest.existed_by else "times"
        return f"times: they are the writers' clocks; {after}" if after != "times" else "times: the writers' clocks"
    until = f" and existed by {day(newest.existed_by)}Z" if newest.existed_by else ""
    return f"times: {span} no older than {day(newest.not_before)}Z{until}, no more is known"


def times_shown(report: "Report") -> list[tuple[str, str]]:
    """Return the lines that say what existed by when, and the widest gap."""
    shown = [one for one in report.times if one.kind != "pin"]
    rows = [
        ("existed", f"entries 0 to {one.size - 1:,} by {day(one.time)}Z ({_source(one)})") for one in shown[-_SHOWN:]
    ]
    if shown:
        rows.append(("dating back", _widest(report)))
    if shown and report.hybrid < report.size:
        rows.append(("after Ed25519", f"entries 0 to {report.hybrid - 1:,} stay proven by ML-DSA-44; no later ones"))
    return rows


def _widest(report: "Report") -> str:
    """Return the bound: each entry lies between the evidence before it and the evidence after it."""
    closed = [one for one in bounds(report.times, report.size) if one.not_before and one.existed_by]
    text = "each entry is no older than the outside evidence before it and existed by the one after it"
    if not closed:
        return text
    gap, widest = max((parse_time(one.existed_by) - parse_time(one.not_before), one) for one in closed)
    return f"{text}; widest gap {_long(gap)} (entries {widest.first:,} to {widest.last:,})"


def _long(gap: timedelta) -> str:
    if gap >= timedelta(days=2):
        return f"{gap.days:,} days"
    minutes = max(int(gap.total_seconds() // 60), 1)
    return f"{minutes // 60} h" if minutes >= 120 else f"{minutes} min"


def _source(one: "Existed") -> str:
    return _SAYS.get(one.kind, "{}").format(clean(short_path(one.source)))

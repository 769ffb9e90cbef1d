"""A verification's report as a person reads it: verdict, who vouches, what is proven, what is not, what to do."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ledger import entry
from ledger.cli.layout import about, clean, day, headline, listed, pairs, short_path
from ledger.cli.screen import Paint
from ledger.cli.times import times_said, times_shown
from ledger.errors import LedgerError

if TYPE_CHECKING:
    from ledger.report import Failure, Report, Voucher
    from ledger.store import Store

COLOURS: Final = {"VERIFIED": "green", "UNPINNED": "yellow", "UNVERIFIABLE": "yellow", "BROKEN": "red"}
_SHOWN: Final = 8  # failures, or findings, that are written out; --json has all
# What can be computed again from entries that are sound: these failures alone break no entry.
_DERIVED: Final = frozenset(("stored_hashes", "head", "authority"))
_LOST_HEAD: Final = frozenset(("beyond_head", "shrunk"))  # what an empty head looks like beside entries
_NEITHER: Final = "that what was stated is true or complete; "


def report_block(
    report: "Report", store: "Store", received: str, *, pin: str = ""
) -> Callable[[Paint], list[str]]:
    """Return the lines to print; `received` is the path of something received, "" for one's own ledger.

    `pin` is what there is to say of the reader's pin, "" for nothing.

    What is read from the store is read now: it may be closed when the lines are printed.
    """
    head, rows = _BLOCKS[report.verdict](report, store, received)
    if pin:
        rows.append(("pin", pin))
    return block(report.verdict, headline(head, report.origin), [*pairs(rows), *_tail(report)])


def block(verdict: str, head: str, lines: list[str]) -> Callable[[Paint], list[str]]:
    """Return lines under a head whose first word is the verdict, in its colour."""
    rest = head.removeprefix(verdict)
    return lambda paint: [f"{paint(COLOURS[verdict], verdict)}{rest}", *lines]


def _verified(report: "Report", _store: "Store", _received: str) -> tuple[str, list[tuple[str, str]]]:
    ends = [voucher.size for voucher in report.vouchers if voucher.size >= 0]
    proven = f"{_all(report)} was changed, moved, added, removed; each key had its role"
    seen = max((voucher.size for voucher in report.vouchers if voucher.kind == "witness"), default=0)
    neither = _NEITHER + _others(seen, report.size)
    if report.omitted:
        proven = (
            f"these {report.checked:,} entries stand in this log, unchanged, in their places; their keys had a role"
        )
        neither += f"; what the {report.omitted:,} left out say, such as that a key or an approval was revoked"
    if not ends:
        neither += "; that nothing was cut off the end (no pin, no checkpoint of yours)"
    elif max(ends) < report.size:
        neither += f"; that nothing after entry {max(ends) - 1} was cut off or written anew"
    if (first := _first_use(report)) and ends:
        neither += f"; that it was not another log before {day(first)}Z: your pin was made on first use"
    rows = [
        ("vouched for by", "; ".join(vouchers(report.vouchers))),
        ("proven", proven),
        ("not proven", f"{neither}; {times_said(report.times, report.size)}"),
    ]
    return f"VERIFIED  {_entries(report)}", rows


def _entries(report: "Report") -> str:
    partial = "partial: " if report.omitted else ""
    return f"{partial}{report.checked:,} of {report.size:,} entries"


def _first_use(report: "Report") -> str:
    """Return since when this user knows the log, where nothing but a pin of first use vouches for its end."""
    ends = [voucher for voucher in report.vouchers if voucher.size >= 0]
    return min((voucher.first_use for voucher in ends), default="")


def _others(seen: int, size: int) -> str:
    if not seen:
        return "that others are shown the same log (no witness)"
    above = f"; that others are shown the same above entry {seen - 1:,}" if seen < size else ""
    return f"that the witnesses are independent of the operator{above}"


def _unpinned(report: "Report", _store: "Store", received: str) -> tuple[str, list[tuple[str, str]]]:
    key = report.log_key.split("+")[1]
    command = f"ledger verify {received}" if received else "ledger verify"
    rows = [
        ("vouched for by", "nothing of yours" + (" (what lies beside it was not used)" if received else "")),
        ("proven", f"these entries are what the key {key} signed"),
        ("not proven", f"that this is the key of {report.origin}; that nothing was cut off the end or written anew"),
        ("to mend", "get the key by another way than this came (contract, web site, telephone), then:"),
        ("", f"{command} --key 'NAME+HEX+BASE64'"),
    ]
    return f"UNPINNED  {_entries(report)} are consistent in themselves", rows


def _unverifiable(report: "Report", _store: "Store", _received: str) -> tuple[str, list[tuple[str, str]]]:
    count = len(report.missing)
    rows = [(f"entry {one.seq}" if one.seq >= 0 else "the log", _without(one)) for one in report.missing[:_SHOWN]]
    if count > _SHOWN:
        rows.append(("", f"and {count - _SHOWN:,} more (--json has all)"))
    rows += [
        ("vouched for by", "; ".join(vouchers(report.vouchers)) or "nothing of yours"),
        *_half(report),
    ]
    things = "1 thing is" if count == 1 else f"{count:,} things are"
    return f"UNVERIFIABLE  {report.checked:,} entries checked; {things} missing", rows


def _half(report: "Report") -> list[tuple[str, str]]:
    """What holds although something is missing: inside the log, or outside it."""
    if {one.code for one in report.missing} <= {"quorum", "date"}:
        return [
            ("proven", f"{_all(report)} was changed, moved, added, removed since it was sealed"),
            ("not proven", "that others are shown the same log; that nothing was cut off the end or written anew"),
            ("to mend", "ask for a checkpoint with the cosignatures, then: --checkpoint FILE"),
        ]
    if {one.code for one in report.missing} == {"evidence"}:
        whole = f"{_all(report)} was changed, moved, added, removed"
        return [
            ("proven", f"{whole}; of these files: only what their digest was"),
            ("to mend", "ask for the files, put them into the folder, run it again"),
        ]
    return [
        ("proven", "what could be checked of the other entries holds"),
        ("not proven", "what these entries rest on"),
        ("to mend", _to_find({one.code for one in report.missing})),
    ]


def _to_find(codes: set[str]) -> str:
    if codes == {"log_key"}:
        return "get the log's new key by another way than this came, then: ledger verify --key 'NAME+HEX+BASE64'"
    if codes == {"withheld"}:
        return "ask who serves it for what is missing, or get the ledger from another source"
    return "a release that knows this: pip install -U lifecycle-ledger"


def _broken(report: "Report", store: "Store", received: str) -> tuple[str, list[tuple[str, str]]]:
    first = next((failure.seq for failure in report.failures if failure.seq >= 0), -1)
    rows = [(_place(failure), _what(failure, store)) for failure in report.failures[:_SHOWN]]
    if len(report.failures) > _SHOWN:
        rows.append(("", f"and {len(report.failures) - _SHOWN:,} more (--json has all)"))
    touched = [f"{one.seq} ({one.type} by {one.actor})" for one in report.touched]
    if touched:
        rows.append(("rests on it", f"{'entry' if len(touched) == 1 else 'entries'} {listed(touched)}"))
    mend = _went_on(report, store) or _mend(report, received)
    rows += [("proven", _sound(report)), ("not proven", _lost(first, report)), ("to mend", mend)]
    where = f"at entry {first:,} of {report.size:,}" if first >= 0 else f"the log of {report.size:,} entries"
    return f"BROKEN  {where}", rows


_BLOCKS: Final = {"VERIFIED": _verified, "UNPINNED": _unpinned, "UNVERIFIABLE": _unverifiable, "BROKEN": _broken}


# ---- pieces ----


def _all(report: "Report") -> str:
    return f"nothing up to entry {report.size - 1:,}" if report.size > 1 else "entry 0: nothing"


def vouchers(found: "tuple[Voucher, ...]") -> list[str]:
    """Return who vouches for a log, in words."""
    keys = {one.source for one in found if one.kind == "key"}
    said = []
    for one in found:
        if one.kind == "genesis" and one.source in keys:
            continue  # said with the key
        word = "by" if one.kind == "witness" else "since"
        since = f", {word} {day(one.time)}Z" if one.time else ""
        since += f" (first use, {day(one.first_use)}Z)" if one.first_use and one.first_use != one.time else ""
        size = f", size {one.size:,}" if one.size >= 0 else ""
        said.append(f"{_KINDS[one.kind].format(source=short_path(one.source))}{size}{since}")
    return said


_KINDS: Final = {
    "key": "the log's key in {source}",
    "genesis": "its entry 0 in {source}",
    "pin": "your pin",
    "checkpoint": "{source}",
    "witness": "{source}",
}


def _place(failure: "Failure") -> str:
    return f"entry {failure.seq:,}" if _names_entry(failure) else "the log"


def _names_entry(failure: "Failure") -> bool:
    return failure.seq >= 0 and re.search(rf"(entry|row) {failure.seq}\b", failure.message) is not None


def _what(failure: "Failure", store: "Store") -> str:
    """Return what the entry is, as far as it can still be read, and what is wrong with it."""
    message = _without(failure)
    try:
        placed = entry.view(store.read(failure.seq)) if _names_entry(failure) else None
    except LedgerError:
        placed = None
    if placed is None:
        return f"{message} [C{failure.check}]"
    said = placed.statement
    return f"{clean(said.type)} {about(said.subject)}, {day(placed.recorded)}: {message} [C{failure.check}]"


def _without(failure: object) -> str:
    """Return a failure's message without the entry's number, which stands before it."""
    message = re.sub(r"the pin /[^\s:]+", "your pin", getattr(failure, "message", ""))
    prefix = f"entry {getattr(failure, 'seq', -1)}"
    return message.removeprefix(prefix).lstrip(": ").strip() if message.startswith(prefix) else message


def _sound(report: "Report") -> str:
    if not report.sound_before:
        return "nothing"
    if report.sound_before == 1:
        return "entry 0 is the bytes that were sealed"
    return f"entries 0 to {report.sound_before - 1:,} are the bytes that were sealed"


def _lost(first: int, report: "Report") -> str:
    if _only_derived(report):
        return "nothing is lost: the entries are whole, what is computed from them is not"
    if {failure.check for failure in report.failures} == {21}:
        return "that these files are what was recorded; the entries themselves are whole"
    if _strange(report):
        return "that this is the log of the key that you go by: that key did not sign it"
    if first >= 0:
        return f"what stood at entry {first:,} before, who changed it, when; what comes after it"
    return "which of two histories is the true one, and what is missing from this one"


def _went_on(report: "Report", store: "Store") -> str:
    """What to do about a log that is shorter than the pin because it went on elsewhere, as its last entry says."""
    if {failure.code for failure in report.failures} != {"shrunk"}:
        return ""
    try:
        last = entry.view(store.read(report.size - 1)).statement
    except LedgerError:
        return ""
    if last.type != "migrated":
        return ""
    where = f"this log went on elsewhere, as entry {report.size - 1:,} says"
    return f"{where}: ledger verify --ledger {last.data.get('to')}"


def _mend(report: "Report", received: str) -> str:
    if _only_derived(report) and not received:
        return "ledger rebuild, then ledger verify"
    if _strange(report) and received:
        return "if the key is right, this is not its log: keep this copy, and ask how it came about; else get the key"
    if received:
        return "keep this copy as it is; ask for another one, and ask how it came about"
    return "nothing here repairs a log: restore a copy, then ledger verify"


def _strange(report: "Report") -> bool:
    """Whether all that failed is that none of the keys which vouch here signed."""
    return {failure.code for failure in report.failures} == {"unsigned"}


def _only_derived(report: "Report") -> bool:
    lost = _LOST_HEAD if report.size == 0 else frozenset()
    return {failure.code for failure in report.failures} <= _DERIVED | lost


def _span(first: int, last: int) -> str:
    return f"entry {last:,}" if first == last else f"entries {first:,} to {last:,}"


def _tail(report: "Report") -> list[str]:
    rows: list[tuple[str, str]] = []
    if report.size > report.covered and report.verdict != "BROKEN":
        since = f" since {day(report.oldest_uncovered)}Z" if report.oldest_uncovered else ""
        rows.append(("not sealed", f"{_span(report.covered, report.size - 1)}{since}: no checkpoint covers them"))
    if report.verdict != "BROKEN":
        rows += times_shown(report)
    rows += [
        ("note", f"entry {one.seq:,}: {_without(one)}" if one.seq >= 0 else one.message)
        for one in report.findings[:_SHOWN]
    ]
    if len(report.findings) > _SHOWN:
        rows.append(("", f"and {len(report.findings) - _SHOWN:,} more notes (--json has all)"))
    return pairs(rows)

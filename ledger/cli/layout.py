"""Text for people: columns, wrapped pairs, and short words for entries and times. At most 100 columns."""

import re
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

WIDTH: Final = 100
# What would move the cursor or turn the reading direction: it came from a file, and files may be hostile.
_ODD: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def clean(text: str) -> str:
    r"""Return `text` with what steers a terminal written out as \xNN or \uNNNN."""
    return _ODD.sub(lambda found: ascii(found.group())[1:-1], text)


def clip(text: str, width: int) -> str:
    """Return `text` in at most `width` characters."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


def columns(
    rows: Sequence[Sequence[str]], *, indent: int = 0, right: frozenset[int] = frozenset(), width: int = WIDTH
) -> list[str]:
    """Return rows with their cells one under another; the widest column gives way where they do not fit."""
    if not rows:
        return []
    cells = [[clean(cell) for cell in row] for row in rows]
    widths = fit([max(len(row[at]) for row in cells) for at in range(len(cells[0]))], width - indent)
    return [" " * indent + line(row, widths, right) for row in cells]


def fit(widths: list[int], room: int) -> list[int]:
    """Return widths of columns, two blanks apart, that fit into `room`; the widest gives way."""
    widths = list(widths)
    over = sum(widths) + 2 * (len(widths) - 1) - room
    while over > 0:
        at = max(range(len(widths)), key=widths.__getitem__)
        widths[at] -= 1
        over -= 1
    return widths


def line(row: Sequence[str], widths: Sequence[int], right: frozenset[int] = frozenset()) -> str:
    """Return one row of a table."""
    cells = [clip(cell, width) for cell, width in zip(row, widths, strict=True)]
    padded = [
        cell.rjust(width) if at in right else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()


def pairs(
    rows: Iterable[tuple[str, str]], *, label: int = 15, indent: int = 2, width: int = WIDTH
) -> list[str]:
    """Return labelled texts, each wrapped under its own start."""
    lines: list[str] = []
    margin = " " * (indent + label + 2)
    for name, text in rows:
        head = f"{' ' * indent}{clean(name):<{label}}  "
        if len(head) > len(margin):  # a long name has a line of its own
            lines.append(clip(head.rstrip(), width))
            head = margin
        lines += textwrap.wrap(clean(text), width, initial_indent=head, subsequent_indent=margin) or [head.rstrip()]
    return lines


def wrapped(text: str, margin: str = "", width: int = WIDTH) -> list[str]:
    """Return a text in lines that fit; what goes on after the first begins with `margin`."""
    return textwrap.wrap(clean(text), width, subsequent_indent=margin)


def headline(left: str, right: str) -> str:
    """Return two texts, the second at the right-hand end of the line where there is room for it."""
    left, right = clean(left), clean(right)
    return f"{left:<{60}}  {right}" if len(left) <= 60 and len(right) <= 38 else f"{left}  {right}"


def day(time: str) -> str:
    """Return a 27-character time as `2026-11-23 09:05:40`; other text as it is."""
    return f"{time[:10]} {time[11:19]}" if len(time) == 27 else time


def about(subject: dict[str, Any]) -> str:
    """Return what a statement is about in a word or two."""
    system, version = subject.get("system"), subject.get("version")
    if system:
        words = [f"{system}@{version}" if version else str(system)]
    else:
        words = [str(subject[key]) for key in _NAMES if key in subject][:1]
    if not words and isinstance(subject.get("artifacts"), dict):
        words = [f"{len(subject['artifacts'])} artifacts"]
    words += [str(subject["environment"])] if "environment" in subject else []
    return " ".join(words) or "-"


_NAMES: Final = (
    *("dataset", "component", "handle", "alert", "incident", "action", "document"),
    *("plan", "request", "hold", "segment", "version"),
)


def flat(value: Any, path: str = "") -> list[tuple[str, str]]:
    """Return a nested value as (path, text) pairs, one for each leaf."""
    if isinstance(value, dict) and value:
        return [pair for key, item in value.items() for pair in flat(item, f"{path}.{key}" if path else str(key))]
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        return [pair for at, item in enumerate(value) for pair in flat(item, f"{path}[{at}]")]
    return [(path, words(value))]


def words(value: Any) -> str:
    """Return a leaf as a person writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(words, value))
    return "-" if value is None or value == {} else str(value)


def listed(items: Sequence[object], limit: int = 8) -> str:
    """Return `1, 2 and 3`, or the first of many and how many more there are."""
    shown = [str(item) for item in items[:limit]]
    if len(items) > limit:
        return f"{', '.join(shown)} and {len(items) - limit:,} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def short_path(path: Path | str) -> str:
    """Return a path as a person types it: from here, or from home."""
    absolute = Path(path)
    for base, prefix in ((Path.cwd(), ""), (Path.home(), "~/")):
        if absolute.is_absolute() and absolute.is_relative_to(base):
            return prefix + str(absolute.relative_to(base))
    return str(path)

"""Text for people: columns, wrapped pairs, and short words for entries and times.

At most 100 columns; on a narrower terminal as many as it has.
"""

import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

WIDTH: Final = 100
NARROWEST: Final = 60
# What would move the cursor or turn the reading direction: it came from a file, and files may be hostile.
_ODD: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def clean(text: str) -> str:
    r"""Return `text` with what steers a terminal written out as \xNN or \uNNNN."""
    return _ODD.sub(lambda found: ascii(found.group())[1:-1], text)


def clip(text: str, width: int) -> str:
    """Return `text` in at most `width` characters."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


def across() -> int:
    """Return how many columns text may take: those of the terminal, between 60 and 100; 100 where there is none."""
    if not sys.stdout.isatty():
        return WIDTH
    return max(NARROWEST, min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns))


def columns(
    rows: Sequence[Sequence[str]],
    *,
    indent: int = 0,
    right: frozenset[int] = frozenset(),
    keep: frozenset[int] = frozenset(),
    width: int = 0,
) -> list[str]:
    """Return rows with their cells one under another; where they do not fit, the widest column goes on below.

    `right`: columns that stand at their right-hand end; `keep`: those that go on below last. Words are broken last.
    """
    return [text for lines in blocks(rows, indent=indent, right=right, keep=keep, width=width) for text in lines]


def blocks(
    rows: Sequence[Sequence[str]],
    *,
    indent: int = 0,
    right: frozenset[int] = frozenset(),
    keep: frozenset[int] = frozenset(),
    width: int = 0,
) -> list[list[str]]:
    """Return what `columns` does, the lines of each row by themselves."""
    if not rows:
        return []
    cells = [[clean(cell) for cell in row] for row in rows]
    turned = list(zip(*cells, strict=True))
    needed = [max(map(len, column)) for column in turned]
    least = [max((len(word) for cell in column for word in cell.split()), default=0) for column in turned]
    widths = fit(needed, (width or across()) - indent, least, keep)
    return [[" " * indent + text for text in _folded(row, widths, right)] for row in cells]


def fit(widths: Sequence[int], room: int, least: Sequence[int], keep: frozenset[int] = frozenset()) -> list[int]:
    """Return widths of columns, two blanks apart, that fit into `room`: the widest gives way, down to its `least`.

    Where that is not enough, the widest goes on giving way; those in `keep` only where nothing else is left.
    """
    widths = list(widths)
    loose = [at for at in range(len(widths)) if at not in keep]
    over = sum(widths) + 2 * (len(widths) - 1) - room
    while over > 0:
        free = [at for at in loose if widths[at] > least[at]] or [at for at in loose if widths[at] > 1]
        at = max(free or range(len(widths)), key=widths.__getitem__)
        widths[at] -= 1
        over -= 1
    return widths


def _folded(row: Sequence[str], widths: Sequence[int], right: frozenset[int]) -> list[str]:
    """Return one row of a table in as many lines as its longest cell needs."""
    cells = [
        [cell] if len(cell) <= width else textwrap.wrap(cell, width, break_on_hyphens=False) or [""]
        for cell, width in zip(row, widths, strict=True)
    ]
    deepest = max(map(len, cells))
    return [line([cell[at] if at < len(cell) else "" for cell in cells], widths, right) for at in range(deepest)]


def line(row: Sequence[str], widths: Sequence[int], right: frozenset[int] = frozenset()) -> str:
    """Return one row of a table in one line; a cell that does not fit is cut off."""
    cells = [clip(cell, width) for cell, width in zip(row, widths, strict=True)]
    padded = [
        cell.rjust(width) if at in right else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()


def pairs(rows: Iterable[tuple[str, str]], *, label: int = 15, indent: int = 2, width: int = 0) -> list[str]:
    """Return labelled texts, each wrapped under its own start."""
    lines: list[str] = []
    width = width or across()
    margin = " " * (indent + label + 2)
    for name, text in rows:
        head = f"{' ' * indent}{clean(name):<{label}}  "
        if len(head) > len(margin):  # a long name has a line of its own
            lines.append(clip(head.rstrip(), width))
            head = margin
        lines += _wrap(clean(text), width, head, margin) or [head.rstrip()]
    return lines


def wrapped(text: str, margin: str = "", width: int = 0) -> list[str]:
    """Return a text in lines that fit; what goes on after the first begins with `margin`."""
    return _wrap(clean(text), width or across(), "", margin)


def _wrap(text: str, width: int, first: str, margin: str) -> list[str]:
    """Lines that end between words: a path or an option with hyphens can be copied as it stands."""
    return textwrap.wrap(text, width, initial_indent=first, subsequent_indent=margin, break_on_hyphens=False)


def headline(left: str, right: str) -> str:
    """Return two texts, the second at the right-hand end of the line, or below where there is no room for it."""
    left, right = clean(left), clean(right)
    start = across() - 40
    if len(left) <= start and len(right) <= 38:
        return f"{left:<{start}}  {right}"
    if len(left) + 2 + len(right) <= across():
        return f"{left}  {right}"
    return "\n".join([*textwrap.wrap(left, across(), subsequent_indent="  "), *([f"  {right}"] if right else [])])


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

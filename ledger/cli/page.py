"""A document of ours in Markdown, as a person reads it on a terminal: aligned, wrapped, without the escapes.

It reads the Markdown that `projections.questions.changes_text` writes, and no other: headings, tables, bullets, and
sentences that may begin with a bold word. What people said is escaped in it: none of their words is taken for these.
"""

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from ledger.cli.layout import across, blocks, pairs, wrapped
from ledger.cli.screen import Paint

_LABELLED: Final = re.compile(r"\*\*(?P<label>[A-Z][A-Za-z -]*)\.\*\* (?P<text>.*)")
_CELL: Final = re.compile(r"(?<!\\)\|")
_ESCAPED: Final = re.compile(r"\\([\\`*_{}\[\]<>#|~&$/.])")
_CODE: Final = re.compile(r" `([^`]*)`$")
_LABEL: Final = 12


def page_lines(text: str, paint: Paint, width: int = 0) -> list[str]:
    """Return the lines of a page of Markdown for a terminal of `width` columns, else of as many as there are."""
    width = width or across()
    lines: list[str] = []
    for is_table, found in groupby(text.splitlines(), key=lambda line: line.startswith("|")):
        if is_table:
            lines += _table(list(found), paint, width)
        else:
            lines += [out for line in found for out in _line(line, paint, width)]
    return lines


def _table(block: list[str], paint: Paint, width: int) -> list[str]:
    rows = [[plain(cell.strip()) for cell in _CELL.split(line)[1:-1]] for line in block]
    head, *rest = blocks([rows[0], *rows[2:]], indent=2, keep=frozenset({len(rows[0]) - 1}), width=width)
    return [*(paint("dim", line) for line in head), *(line for lines in rest for line in lines)]


def _line(line: str, paint: Paint, width: int) -> Iterator[str]:
    if line.startswith("#"):
        yield from (paint("bold", part) for part in wrapped(plain(line.lstrip("#").strip()), "  ", width))
    elif line.startswith("- "):
        code = _CODE.search(line)
        yield from wrapped(f"- {plain(line[2 : code.start() if code else None])}", "  ", width)
        if code:
            yield from wrapped(f"    {code[1]}", "      ", width)
    elif labelled := _LABELLED.fullmatch(line):
        yield from pairs([(labelled["label"], plain(labelled["text"]))], label=_LABEL, indent=0, width=width)
    elif line:
        yield from wrapped(plain(line), "", width)
    else:
        yield ""


def plain(text: str) -> str:
    """Return Markdown of ours as the words it stands for."""
    return _ESCAPED.sub(r"\1", text.replace("**", ""))

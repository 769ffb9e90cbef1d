"""`ledger log`."""

import sys
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final

import click

from ledger.cli.entries import entry_document
from ledger.cli.frame import Call, command
from ledger.cli.layout import about, across, clean, day, fit, line
from ledger.cli.screen import Answer, Paint, document_text
from ledger.encoding import id_bytes
from ledger.errors import Misuse

if TYPE_CHECKING:
    from ledger.api import Ledger
    from ledger.entry import Entry

PAGE: Final = 1_000
_HEADS: Final = ("seq", "recorded (UTC)", "type", "subject", "by")
_FOLLOWED: Final = (5, 19, 22, 34, 12)  # widths where what comes is not known yet
_POLL_SECONDS: Final = 0.5
_RIGHT: Final = frozenset({0})
_KEPT: Final = frozenset({0, 1})


@command()
@click.option("--from", "start", type=click.IntRange(0), default=0, help="The first entry's number.")
@click.option("--to", "last", type=click.IntRange(0), help="The last entry's number.")
@click.option("--type", "kind", help="Only of this type.")
@click.option("--system", help="Only about this system.")
@click.option("--version", help="Only about this version.")
@click.option("--actor", help="Only by this handle.")
@click.option("--jsonl", is_flag=True, help="One entry a line, as JSON.")
@click.option("--follow", is_flag=True, help="Wait for more; Ctrl-C ends it.")
def log(
    call: Call,
    start: int,
    last: int | None,
    kind: str | None,
    jsonl: bool,
    follow: bool,
    **wanted: str | None,
) -> Answer | int:
    """Print the entries, oldest first. --json gives pages of 1,000; `next` is where --from goes on."""
    if kind is not None:
        from ledger.events.check import event_type

        event_type(kind)
    if follow and call.json and not jsonl:
        raise Misuse("--follow never ends, so it is no one document", "--follow --jsonl", code="usage")
    stop = None if last is None else last + 1
    filters = {"type": kind, **wanted}
    with call.open() as ledger:
        if call.json and not jsonl:
            return _page(ledger, start, stop, filters)
        with closing(_entries(ledger, start, stop, filters, follow=follow)) as found:
            end = 0 if follow else len(ledger) if stop is None else min(stop, len(ledger))
            whole = None if any(filters.values()) else range(start, end)
            table = _table(ledger, found, Paint.of(sys.stdout), follow=follow, whole=whole)
            for text in _json_lines(ledger, found) if jsonl else table:
                print(text, flush=follow)
        sys.stdout.flush()
    return 0


def _page(ledger: "Ledger", start: int, stop: int | None, filters: dict[str, str | None]) -> Answer:
    covered = ledger.covered
    found = list(islice(ledger.entries(start, stop, **filters), PAGE + 1))
    document: dict[str, Any] = {
        "schema": "ledger.log/1",
        "origin": ledger.origin,
        "size": len(ledger),
        "entries": [entry_document(entry, covered) for entry in found[:PAGE]],
    }
    if len(found) > PAGE:
        document["next"] = found[PAGE].seq
    return Answer(document, lambda _: [])


def _entries(
    ledger: "Ledger", start: int, stop: int | None, filters: dict[str, str | None], *, follow: bool
) -> Generator["Entry", None, None]:
    """Yield entries, and where `follow` is set those that come later."""
    size = len(ledger)
    yield from ledger.entries(start, size if stop is None else min(size, stop), **filters)
    while follow and (stop is None or size < stop):
        start = max(start, size)
        size = len(ledger)
        if size > start:
            yield from ledger.entries(start, size if stop is None else min(size, stop), **filters)
        else:
            time.sleep(_POLL_SECONDS)


def _json_lines(ledger: "Ledger", found: Iterable["Entry"]) -> Iterator[str]:
    covered = ledger.covered
    for entry in found:
        if entry.seq >= covered:
            covered = ledger.covered
        yield document_text(entry_document(entry, covered))


def _table(
    ledger: "Ledger", found: Iterable["Entry"], paint: Paint, *, follow: bool, whole: range | None
) -> Iterator[str]:
    """Yield the lines of a table whose widths are those of its first page: a log may be longer than memory."""
    rows = _rows(ledger, found, whole)
    size = len(ledger)
    head = [] if follow else list(islice(rows, PAGE))
    if not head and not follow:
        yield "No entry is like that."
        return
    widths = [max(map(len, column)) for column in zip(_HEADS, *head, strict=True)]
    if follow:
        widths = list(_FOLLOWED)
    widths[0] = max(widths[0], len(str(size)))
    widths = fit(widths, across(), [0] * len(widths), _KEPT)
    yield paint("dim", line(_HEADS, widths, _RIGHT))
    for row in chain(head, rows):
        yield line(row, widths, _RIGHT)


def _rows(ledger: "Ledger", found: Iterable["Entry"], whole: range | None) -> Iterator[Sequence[str]]:
    """The rows of a table; where all entries of a range are asked for, those that are not there have a row too."""
    expected = whole.start if whole else 0
    for entry in found:
        if whole is not None and entry.seq > expected:
            yield _lost(expected, entry.seq)
        expected = entry.seq + 1
        yield _row(ledger, entry)
    if whole and expected < whole.stop:
        yield _lost(expected, whole.stop)


def _lost(start: int, stop: int) -> Sequence[str]:
    return (str(start), f"to {stop - 1}" if stop - start > 1 else "-", "NOT HERE", "see ledger verify", "-")


def _row(ledger: "Ledger", entry: "Entry") -> Sequence[str]:
    said = entry.statement
    named = about(said.subject) if said.subject else _meant(ledger, entry)
    return (str(entry.seq), day(entry.recorded), clean(said.type), clean(named), clean(said.actor))


def _meant(ledger: "Ledger", entry: "Entry") -> str:
    """The entry that one without a subject of its own speaks of, such as the one it corrects."""
    for refs in entry.statement.refs.values():
        seq = ledger.store.find(id_bytes(refs[0].id)) if refs else None
        if seq is not None:
            return f"entry {seq}"
    return "-"

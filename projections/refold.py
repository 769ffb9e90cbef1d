"""Folding one subject key anew from its own entries, with corrections applied, in the order (time, seq)."""

from collections.abc import Iterator
from typing import Final

from ledger.entry import Entry
from ledger.statement import Statement
from projections.corrections import effect, history
from projections.projection import LATER, VOID, EntrySource, Folded, Out, Route
from projections.subjects import Held
from projections.values import ids, in_newest_form

WINDOW: Final = 4_096  # entries in memory at once
_GAP: Final = 64  # reading that many entries for nothing is cheaper than asking again


def read(source: EntrySource, seqs: list[int]) -> Iterator[Entry]:
    """Yield the entries with these ascending numbers, read in runs."""
    wanted = set(seqs)
    start = 0
    while start < len(seqs):
        end = start
        while end + 1 < len(seqs) and seqs[end + 1] - seqs[end] <= _GAP:
            end += 1
        for entry in source.entries(seqs[start], seqs[end] + 1):
            if entry.seq in wanted:
                yield entry
        start = end + 1


def refold(held: Held, seqs: list[int], projection: Folded, source: EntrySource, out: Out, horizon: str) -> None:
    """Fold `held` from nothing over the entries `seqs`."""
    held.begin()
    times, corrections = _times(source, seqs)
    ended: set[int] = set()
    for entry in _targets(source, seqs, corrections):
        about = corrections[entry.statement.id]
        effective = [found for found in about if effect(entry, found, out.authority) == "applied"]
        if effective:
            corrected, void = history(entry, effective)  # a correction names fields as that rev had them
            out.history[entry.seq] = [(at, in_newest_form(said)) for at, said in corrected]
            times[entry.seq] = out.history[entry.seq][-1][1].time
            if void:
                ended.add(entry.seq)
    order = sorted(times, key=lambda seq: ("" if held.subject.by_seq else times[seq], seq))
    for start in range(0, len(order), WINDOW):
        window = order[start : start + WINDOW]
        entries = {entry.seq: entry for entry in read(source, sorted(window))}
        for seq in window:
            left_out = VOID if seq in ended else LATER if times[seq] > horizon else ""
            _fold_one(held, entries[seq], projection, out, left_out)
    out.history.clear()


def _times(source: EntrySource, seqs: list[int]) -> tuple[dict[int, str], dict[str, list[Entry]]]:
    """Return when each entry says it happened, and the corrections among them by the statement they are about."""
    times: dict[int, str] = {}
    corrections: dict[str, list[Entry]] = {}
    for entry in read(source, seqs):
        if entry.statement.type == "corrected":
            for target in ids(entry.statement, "corrects"):
                corrections.setdefault(target, []).append(entry)
        else:
            times[entry.seq] = entry.statement.time
    return times, corrections


def _targets(source: EntrySource, seqs: list[int], corrections: dict[str, list[Entry]]) -> Iterator[Entry]:
    if corrections:
        for entry in read(source, seqs):
            if entry.statement.id in corrections:
                yield entry


def _fold_one(held: Held, entry: Entry, projection: Folded, out: Out, left_out: str) -> None:
    versions = out.history.get(entry.seq)
    said = versions[-1][1] if versions else in_newest_form(entry.statement)
    held.time = max(held.time, said.time)
    for route in _routes(held, entry, said, projection):
        if not left_out:
            route.handler(held.state, entry, said, out)
        elif route.mark is not None:
            route.mark(held.state, entry, said, out, left_out)


def _routes(held: Held, entry: Entry, said: Statement, projection: Folded) -> Iterator[Route]:
    """Yield the routes by which an event, as it now reads, comes to this key."""
    letter = held.subject.letter
    for route in projection.routes.get(said.type, ()):
        if route.subject.letter == letter and held.key in route.keys(entry, said):
            yield route
    if said.type in projection.by_target:
        yield projection.by_target[said.type][1]

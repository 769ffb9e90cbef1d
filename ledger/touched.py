"""From failures to what a reader asks: which entry was changed, and what rests on it."""

from contextlib import suppress
from typing import Final

from ledger import entry
from ledger.errors import LedgerError, Tampered, Withheld
from ledger.report import Failure, Touched
from ledger.store import Store

NAMED_LIMIT: Final = 100


def blame(failures: list[Failure]) -> list[Failure]:
    """Return failures in the order of the entries, broken links turned into the entry that was changed.

    The link into entry k breaks when k - 1 was changed, or k's `prev`. If the link out of k holds, k is what was
    sealed, and k - 1 is not, unless k is not even in its place (C6): then something between is missing. What mostly
    repeats a failure already named (a batch's root, a batch cut) comes after it.
    """
    broken = {failure.seq for failure in failures if failure.check == 7}
    moved = {failure.seq for failure in failures if failure.code == "wrong_place"}
    named = []
    for failure in failures:
        changed = failure.seq - 1
        alone = failure.check == 7 and not {changed, failure.seq + 1} & broken
        if alone and failure.seq > 0 and failure.seq not in moved:
            failure = Failure(
                7, "changed", changed, f"entry {changed} is not the bytes that entry {failure.seq} was chained to"
            )
        named.append(failure)
    return sorted(named, key=order)


def order(failure: Failure) -> tuple[bool, bool, int, int]:
    """What failures are sorted by: those of entries first, a batch around them after them (FORMAT.md section 12)."""
    return failure.seq < 0, failure.code in ("batch_root", "batch_cut"), failure.seq, failure.check


def rests_on(store: Store, failures: list[Failure], size: int) -> tuple[Touched, ...]:
    """Return the later entries that refer to those that failed, directly or through others; at most 100."""
    places = sorted({failure.seq for failure in failures if 0 <= failure.seq < size})[:NAMED_LIMIT]
    if not places:
        return ()
    marks = [mark for seq in places if (mark := _mark(store, seq))]
    found: list[Touched] = []
    with suppress(Tampered, Withheld):  # what cannot be read rests on nothing that could be told
        for row in store.rows(places[0] + 1, size):
            if any(mark in row.data for mark in marks) and len(found) < NAMED_LIMIT:
                try:
                    said = entry.view(row.data).statement
                except LedgerError:
                    continue
                if said.refs:
                    found.append(Touched(row.seq, said.type, said.actor))
                    marks.append(f'"id":"{said.id}"}}'.encode())
    return tuple(found)


def _mark(store: Store, seq: int) -> bytes:
    """Return how a reference to the entry ends; nothing where its id cannot be known."""
    try:
        return f'"id":"{entry.view(store.read(seq)).statement.id}"}}'.encode()
    except LedgerError:
        return b""

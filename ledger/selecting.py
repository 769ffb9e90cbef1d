"""Entries that agree with what is asked for: told by their bytes first, and decoded where those may agree."""

from collections.abc import Iterable, Iterator, Mapping
from operator import attrgetter

from ledger import entry
from ledger.entry import Entry
from ledger.store import Row


def select(rows: Iterable[Row], said: Mapping[str, str | None], about: Mapping[str, str | None]) -> Iterator[Entry]:
    """Return entries whose statements have all values of `said` and, in their subjects, of `about`; None: any."""
    wanted = [(name, value) for name, value in said.items() if value is not None]
    subject = [(name, value) for name, value in about.items() if value is not None]
    marks = [f'"{name}":"{value}"'.encode() for name, value in wanted + subject]
    if not marks:
        return map(entry.view, map(attrgetter("data"), rows))
    found = (entry.view(row.data) for row in rows if all(mark in row.data for mark in marks))
    return (
        placed
        for placed in found
        if all(getattr(placed.statement, name) == value for name, value in wanted)
        and all(placed.statement.subject.get(name) == value for name, value in subject)
    )

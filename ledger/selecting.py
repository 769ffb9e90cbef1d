"""Entries that agree with what is asked for: told by their bytes first, and decoded where those may agree."""

from collections.abc import Iterable, Iterator, Mapping
from operator import itemgetter

from ledger import entry
from ledger.entry import Entry
from ledger.errors import Misuse
from ledger.omitted import read_omitted
from ledger.store import Store


def datas_here(store: Store, start: int, stop: int) -> Iterator[bytes]:
    """Return the entries of a store, in bytes: a partial bundle has the leaves of others in their places."""
    datas = map(itemgetter(2), store.triples(start, stop))
    return (data for data in datas if read_omitted(data) is None) if getattr(store, "omitted", 0) else datas


def entry_here(store: Store, seq: int, where: str) -> bytes:
    """Return the bytes of entry `seq`; raise `Misuse` where there is none, or a partial bundle leaves it out."""
    data = store.read(seq)
    if getattr(store, "omitted", 0) and read_omitted(data) is not None:
        what = f"entry {seq} was left out of {where}: only its hash is here"
        raise Misuse(what, "ask for it, or for the whole bundle; ledger log lists what is here", code="left_out")
    return data


def select(datas: Iterable[bytes], said: Mapping[str, str | None], about: Mapping[str, str | None]) -> Iterator[Entry]:
    """Return entries whose statements have all values of `said` and, in their subjects, of `about`; None: any."""
    wanted = [(name, value) for name, value in said.items() if value is not None]
    subject = [(name, value) for name, value in about.items() if value is not None]
    marks = [f'"{name}":"{value}"'.encode() for name, value in wanted + subject]
    if not marks:
        return map(entry.view, datas)
    found = (entry.view(data) for data in datas if all(mark in data for mark in marks))
    return (
        placed
        for placed in found
        if all(getattr(placed.statement, name) == value for name, value in wanted)
        and all(placed.statement.subject.get(name) == value for name, value in subject)
    )

"""A ledger as workers elsewhere read it: what is sent to them opens the store again, at the same place."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from ledger import encoding, entry
from ledger.entry import Entry
from ledger.errors import Misuse
from ledger.store import Opener, Store
from ledger.stores.opening import opener_of


class Elsewhere(NamedTuple):
    """Where a ledger is, as it stood with `size` entries; may be pickled."""

    opener: Opener
    place: str
    origin: str
    size: int

    @contextmanager
    def open(self) -> Iterator["Entries"]:
        """Open it for reading, in any process that reaches the place."""
        store = self.opener(self.place)
        try:
            yield Entries(store, self.origin, self.size)
        finally:
            store.close()


def elsewhere(ledger: Any, size: int) -> Elsewhere:
    """Return where workers open the first `size` entries of a `Ledger`; `Misuse` for what has no place of its own."""
    store: Store | None = getattr(ledger, "store", None)
    if store is None:
        raise Misuse("workers open a ledger by its place; this one has none", "work on it here", code="executor")
    return Elsewhere(opener_of(store), store.place, ledger.origin, size)


class Entries:
    """The first entries of a store, for reading: `origin`, `len`, `entries` and `find` as `Ledger` has them."""

    def __init__(self, store: Store, origin: str, size: int) -> None:
        self.origin = origin
        self._store = store
        self._size = size

    def __len__(self) -> int:
        return self._size

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[Entry]:
        """Yield the entries from `start` to `stop` - 1."""
        end = self._size if stop is None else min(stop, self._size)
        return (entry.view(row.data) for row in self._store.rows(start, end))

    def find(self, which: int | str) -> Entry:
        """Return an entry by its number or by its statement's id; raise `Misuse` where there is none."""
        seq = which if isinstance(which, int) else self._seq(which)
        if seq is None or not 0 <= seq < self._size:
            raise Misuse(f"there is no entry {which!r} in {self._store.place}", "ledger log", code="no_entry")
        return entry.view(self._store.read(seq))

    def _seq(self, id: str) -> int | None:
        return self._store.find(encoding.id_bytes(id)) if encoding.is_id(id) else None

"""A published ledger (c2sp.org/tlog-tiles) as a store to read from: a folder, or a web server that need not be trusted.

What is read is the log of the one checkpoint that stood there when the store was opened. Nothing is believed that the
checks of a verification do not look at: entries come from bundles, hashes from tiles, and what no server can give, a
list of ids and of key events, is made here from the entries when it is first needed.

A file that is missing raises `Withheld`, a bundle of another form `Tampered`.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import Final

from ledger import entry
from ledger.errors import Misuse, Tampered, Withheld
from ledger.foresight import foresee, stored
from ledger.genesis import Rule, read_genesis
from ledger.merkle.bundles import BUNDLE_LIMIT, bundle_path, read_bundle
from ledger.merkle.edge import Tile
from ledger.merkle.tiles import TILE, peaks_in, tile_path, width_at
from ledger.merkle.tree import HASH_SIZE, Frontier, split, tree_root
from ledger.notes.checkpoint import Checkpoint, parse_checkpoint
from ledger.notes.note import NOTE_LIMIT, parse_note
from ledger.store import Anchor, Appending, Head, Row, Store, Triple
from ledger.stores.beside import read_anchors, read_disclosures, read_kept
from ledger.stores.folder import Folder
from ledger.stores.ids import Ids, said_in
from ledger.stores.source import Source

CHECKPOINT: Final = "checkpoint"
_MANIFEST: Final = "MANIFEST"  # which a bundle has, and a published folder has not
_AGAIN: Final = "get it again, from another source too; keep what was served"
_OPEN_BUNDLES: Final = 8  # read again and again when references are followed


def check_free(location: str) -> None:
    """Refuse to make a ledger here: a published one is made from another."""
    raise Misuse(f"{location}: a published ledger is not founded", "ledger init elsewhere, then ledger publish")


def create(location: str) -> Store:
    """Refuse as `check_free` does."""
    check_free(location)
    raise AssertionError


def open_store(location: str, *, read_only: bool = False) -> "StaticStore":  # noqa: ARG001 - every kind is asked so
    """Open a published folder or URL; to be read only in any case."""
    return open_static(location)


def open_static(place: str, scratch: Path | None = None) -> "StaticStore":
    """Open a published folder or URL; `scratch` is the working folder of a store of the same place, to share."""
    if "://" in place:
        from ledger.stores.web import Web

        return StaticStore(Web(place), scratch)
    return StaticStore(Folder(Path(place)), scratch)


class StaticStore:
    """`ledger.store.Store` over published files, as of the checkpoint that it found; to be read only."""

    def __init__(self, source: Source, scratch: Path | None = None) -> None:
        self.place = source.place
        self._source = source
        self._lock = threading.RLock()
        self._ids = Ids(scratch)
        note = source.fetch(CHECKPOINT, NOTE_LIMIT)
        if "://" not in self.place and (Path(self.place) / _MANIFEST).is_file():
            raise Misuse(
                f"{self.place} is what a bundle was unpacked to",
                "name the bundle itself, the .zip as you were given it",
                code="unpacked",
            )
        if note is None:
            raise Misuse(
                f"there is no published ledger at {self.place}: no file `checkpoint`",
                "name the folder or URL that holds it",
                code="no_ledger",
            )
        self._note = note
        self._head: Head | None = None
        self._in_force: list[tuple[int, dict[str, Rule]]] | None = None
        self._bundle = lru_cache(_OPEN_BUNDLES)(self._read_bundle)
        source.keep_in(self._ids.folder)

    @property
    def opener(self) -> "partial[StaticStore]":
        """What opens this store again in another process, with what was fetched and indexed here."""
        return partial(open_static, scratch=self._ids.folder)

    def _checkpoint(self) -> Checkpoint:
        try:
            return parse_checkpoint(parse_note(self._note).text)
        except Tampered as error:
            message = f"{self.place}/{CHECKPOINT}: {error.message}"
            raise Tampered(message, error.fix, code=error.code, check=2) from None

    @property
    def _size(self) -> int:
        return self._checkpoint().size if self._head is None else self._head.size

    # ---- reading ----

    def head(self) -> Head:
        """Return the head that the checkpoint gives, its newest leaf and peaks as entries and tiles say, if they do."""
        if self._head is None:
            size = self._checkpoint().size
            self._head = Head(size, b"", b"", size, self._note)
            with suppress(Tampered, Misuse, Withheld):  # a verification meets it again, and names it
                self._head = self._head._replace(last=entry.leaf(self.read(size - 1)))
                self._head = self._head._replace(peaks=peaks_in(size, self._hashes))
        return self._head

    def _hashes(self, level: int, index: int) -> bytes:
        """Return a tile; where it is withheld, made from what is below it."""
        try:
            return self.tile(level, index)
        except Withheld:
            if level == 0:
                return b"".join(map(entry.leaf, self._bundle(index)))
        below = range(index * TILE, index * TILE + width_at(self._size, level, index))
        return b"".join(tree_root(split(self._hashes(level - 1, number))) for number in below)

    def rows(self, start: int, stop: int) -> Iterator[Row]:
        """Yield rows `start` to `stop` - 1; an id is what the entry says, empty where it says none."""
        for seq, data in self._walk(start, stop):
            yield Row(seq, said_in(data).id, data)

    def triples(self, start: int, stop: int) -> Iterator[Triple]:
        """Yield the same."""
        return self.rows(start, stop)

    def _walk(self, start: int, stop: int) -> Iterator[tuple[int, bytes]]:
        size = self._size
        stop = min(stop, size)
        indices = range(start // TILE, -(-stop // TILE)) if start < stop else range(0)
        paths = (bundle_path(index, width_at(size, 0, index)) for index in indices)
        for index, data in zip(indices, self._source.fetch_all(paths, BUNDLE_LIMIT), strict=True):
            first = index * TILE
            entries = self._entries(index, data)
            low, high = max(start - first, 0), min(stop - first, len(entries))
            yield from zip(range(first + low, first + high), entries[low:high], strict=True)

    def read(self, seq: int) -> bytes:
        """Return one entry's bytes."""
        if not 0 <= seq < self._size:
            raise Misuse(f"there is no entry {seq} in {self.place}", "ledger log", code="no_entry")
        with self._lock:
            return self._bundle(seq // TILE)[seq % TILE]

    def _read_bundle(self, index: int) -> list[bytes]:
        path = bundle_path(index, width_at(self._size, 0, index))
        return self._entries(index, self._source.fetch(path, BUNDLE_LIMIT))

    def _entries(self, index: int, data: bytes | None) -> list[bytes]:
        """Return the entries in a bundle; where a partial one is gone, the full one has taken its place."""
        width = there = width_at(self._size, 0, index)
        if data is None and width < TILE:
            there = TILE
            data = self._source.fetch(bundle_path(index), BUNDLE_LIMIT)
        if data is None:
            raise _withheld(self.place, bundle_path(index, width), index * TILE)
        try:
            return read_bundle(data, there)[:width]
        except Tampered as error:
            message = f"{bundle_path(index, there)} {error.message}"
            raise Tampered(message, _AGAIN, code="bundle", check=5, seq=index * TILE) from None

    def tile(self, level: int, index: int) -> bytes:
        """Return the hashes that are served of a tile, whatever they are; empty where the checkpoint implies none."""
        width = width_at(self._size, level, index)
        if not width:
            return b""
        limit = TILE * HASH_SIZE
        path = tile_path(level, index, width)
        data = self._source.fetch(path, limit)
        if data is None and width < TILE:
            data = self._source.fetch(tile_path(level, index), limit)
            data = data and data[: width * HASH_SIZE]
        if data is None:
            raise _withheld(self.place, path, -1)
        return data

    def checkpoints(self) -> list[tuple[int, bytes]]:
        """Return the kept checkpoints that were published with this one."""
        return read_kept(self._source, self._size)

    def disclosures(self) -> Iterator[str]:
        """Yield the disclosure texts that were published with this checkpoint."""
        yield from read_disclosures(self._source, self._size)

    def anchors(self) -> list[Anchor]:
        """Return the time-stamps that were published with this checkpoint."""
        return read_anchors(self._source, self._size)

    # ---- what is made from the entries ----

    def find(self, id: bytes) -> int | None:
        """Return the sequence number of the statement with this id."""
        self._index()
        return self._ids.find(id)

    def authority(self) -> list[int]:
        """Return the places of the entries that change who may say what, by the types that they name."""
        self._index()
        return [seq for seq in self._ids.acts() if self._was_trusted(seq)]

    def _index(self) -> None:
        with self._lock:
            if not self._ids.ready:
                kinds = self._trusted(())
                self._ids.build(self._readable(), kinds)
                if (more := self._trusted(self._ids.acts())) != kinds:  # the rule table was changed on the way
                    self._ids.build(self._readable(), more)

    def _readable(self) -> Iterator[tuple[int, bytes]]:
        """Yield the entries up to the first bundle that cannot be read: whoever reads on meets the reason."""
        with suppress(Tampered, Withheld):
            yield from self._walk(0, self._size)

    def _tables(self, acts: Iterable[int]) -> list[tuple[int, dict[str, Rule]]]:
        """Return the rule tables, each with the entry after which it is in force."""
        data = self.read(0)
        genesis = read_genesis(entry.read(data).fields["statement"], entry.leaf(data).hex())
        return foresee(genesis, stored(acts, self.read), self._ids.find, self.read).known.tables

    def _trusted(self, acts: Iterable[int]) -> frozenset[str]:
        """Return the types that change who may say what, by any of the tables."""
        return frozenset(kind for _, table in self._tables(acts) for kind, rule in table.items() if rule.trust)

    def _was_trusted(self, seq: int) -> bool:
        """Whether an entry changes who may say what by the table in force at it."""
        if self._in_force is None:
            self._in_force = self._tables(self._ids.acts())
        table = next(table for since, table in reversed(self._in_force) if since < seq)
        return (rule := table.get(said_in(self.read(seq)).type)) is not None and rule.trust

    # ---- judging the container ----

    def check_container(self) -> None:
        """Raise `Tampered` (C2) where what is served as checkpoint is none."""
        self._checkpoint()

    def check_guards(self) -> None:
        """Raise `Tampered` (C9) unless the tiles on the right edge lead to the root that the checkpoint names."""
        size, root = self._size, self._checkpoint().root
        try:
            found = Frontier.from_bytes(size, peaks_in(size, self.tile)).root()
        except (Tampered, Misuse):
            found = b""
        if found != root:
            raise Tampered(
                f"the tiles at the end of {self.place} do not lead to the root that its checkpoint names",
                _AGAIN,
                code="stored_hashes",
                check=9,
            )

    def check_ids(self) -> None:
        """Raise `Tampered` (C11) unless each id stands once."""
        self._index()
        if self._ids.twice >= 0:
            seq = self._ids.twice
            raise Tampered(f"entry {seq} has the id of another", "ledger log", code="same_id", check=11, seq=seq)

    # ---- the rest ----

    def writing(self, *, sure: bool = True) -> AbstractContextManager[Appending]:  # noqa: ARG002
        """Refuse: what was published is not recorded to."""
        raise _read_only(self.place)

    def replace_derived(self, tiles: Sequence[Tile], authority: Sequence[int], head: Head) -> None:  # noqa: ARG002
        """Refuse."""
        raise _read_only(self.place)

    def erase(self, commitments: Sequence[str]) -> int:  # noqa: ARG002
        """Refuse: what was published is erased where it was published from, and published again."""
        raise _read_only(self.place)

    def keep_anchor(self, anchor: Anchor) -> None:  # noqa: ARG002
        """Refuse."""
        raise _read_only(self.place)

    def keep_checkpoint(self, size: int, note: bytes) -> None:  # noqa: ARG002
        """Refuse."""
        raise _read_only(self.place)

    def close(self) -> None:
        """Remove what was fetched and indexed, if it was made here; let go of the source."""
        self._source.close()
        self._ids.close()


def _read_only(place: str) -> Misuse:
    return Misuse(
        f"{place} is a published copy: it is read only",
        "record where the ledger itself is, then ledger publish",
        code="read_only",
    )


def _withheld(place: str, path: str, seq: int) -> Withheld:
    return Withheld(
        f"{place} does not serve {path}, which its checkpoint implies",
        "ask who publishes it, or get it from another source",
        code="withheld",
        seq=seq,
    )

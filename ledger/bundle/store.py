"""A bundle as a store to read from: nothing in it is believed that the checks of a verification do not look at.

A bundle keeps no tree hashes, no ids and no list of key events: what `ledger.store.Store` has of them is made here from
the entries, in one pass, beside it in a folder that is thrown away. Memory: 40 bytes an entry, for places and tree.
"""

import json
import threading
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from ledger import entry
from ledger.bundle import contents
from ledger.bundle.container import read_container, read_member
from ledger.bundle.lines import Line, read_lines
from ledger.bundle.stamps import read_stamps
from ledger.disclosures import TEXT_LIMIT
from ledger.encoding import ENTRY_LIMIT
from ledger.errors import LedgerError, Misuse, Tampered
from ledger.foresight import foresee, stored
from ledger.genesis import Rule, read_genesis
from ledger.merkle.edge import TILE, Edge, Tile
from ledger.merkle.tree import HASH_SIZE
from ledger.notes.note import NOTE_LIMIT, parse_note
from ledger.notes.treehead import parse_checkpoint
from ledger.omitted import read_omitted
from ledger.store import Anchor, Appending, Head, Row, Triple
from ledger.stores.ids import Ids, room, said_in

_PLACES: Final = "places.bin"


def check_free(location: str) -> None:
    """Refuse to make a ledger here: a bundle is made of another."""
    raise Misuse(f"{location} is a ZIP file: a bundle is not founded", "ledger init elsewhere, then ledger export")


def create(location: str) -> "BundleStore":
    """Refuse as `check_free` does."""
    check_free(location)
    raise AssertionError


def open_store(location: str, *, read_only: bool = False) -> "BundleStore":  # noqa: ARG001 - every kind is asked so
    """Open a bundle, to be read only in any case; raise `Misuse` where it is none."""
    return BundleStore(location)


class BundleStore:
    """`ledger.store.Store` over the file `place`; `scratch` is the working folder of another one of it, to share."""

    def __init__(self, place: str, scratch: Path | None = None) -> None:
        self.place = place
        self._lock = threading.RLock()
        self._ids = Ids(scratch)
        self.file = _open(Path(place))
        try:
            self.members = {one.name: one for one in read_container(self.file, contents.is_name)}
            _check_whole(place, self.members.keys())
        except BaseException:
            self.file.close()
            raise
        self._head = Head(0, b"", b"", 0, b"")
        self._tiles: dict[tuple[int, int], bytes] = {}
        self.omitted = 0
        self._places = array("Q")  # where each entry begins in entries.jsonl, and where the last one ends

    @property
    def is_partial(self) -> bool:
        """Whether MANIFEST says that entries are left out; what has none that can be read is judged as a whole."""
        try:
            manifest = contents.read_manifest(self.small(contents.MANIFEST, contents.MANIFEST_LIMIT))
        except Tampered:
            return False
        return manifest.entries < manifest.size

    @property
    def opener(self) -> "partial[BundleStore]":
        """What opens this store again in another process, for its entries and their ids."""
        self._index()
        return partial(BundleStore, scratch=self._ids.folder)

    def parts(self, name: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Yield the bytes of a file of the bundle, or some of them, in parts; none where it is not there."""
        member = self.members.get(name)
        return read_member(self.file, member, start, stop) if member is not None else iter(())

    def small(self, name: str, limit: int) -> bytes:
        """Return the bytes of a file of at most `limit` bytes, empty where it is not there; else `Tampered` (C1)."""
        member = self.members.get(name)
        if member is not None and member.size > limit:
            raise Tampered(f"{name} has {member.size:,} bytes, the limit is {limit:,}", code="too_large", check=1)
        return b"".join(self.parts(name))

    # ---- reading ----

    def head(self) -> Head:
        """Return the head that entries and newest checkpoint give."""
        self._index()
        return self._head

    def rows(self, start: int, stop: int) -> Iterator[Row]:
        """Yield rows `start` to `stop` - 1; an id is what the entry says, empty where it says none."""
        self._index()
        stop = min(stop, len(self._places) - 1)
        if start < stop:
            for seq, line in enumerate(self._lines(self._places[start], self._places[stop]), start):
                yield Row(seq, said_in(line.data).id, line.data)

    def triples(self, start: int, stop: int) -> Iterator[Triple]:
        """Yield the same."""
        return self.rows(start, stop)

    def _lines(self, start: int = 0, stop: int | None = None) -> Iterator[Line]:
        return read_lines(self.parts(contents.ENTRIES, start, stop), ENTRY_LIMIT)

    def read(self, seq: int) -> bytes:
        """Return one entry's bytes."""
        for row in self.rows(seq, seq + 1) if seq >= 0 else ():
            return row.data
        raise Misuse(f"there is no entry {seq} in {self.place}", "ledger log", code="no_entry")

    def tile(self, level: int, index: int) -> bytes:
        """Return the hashes of a tile, as the entries give them."""
        self._index()
        return self._tiles.get((level, index), b"")

    def checkpoints(self) -> list[tuple[int, bytes]]:
        """Return (size, note) of the kept checkpoints besides the newest; raise `Tampered` (C2) for another form."""
        kept = []
        for line in read_lines(self.parts(contents.CHECKPOINTS), 2 * NOTE_LIMIT):
            note = _note_in(line)
            kept.append((_size_in(note), note))
        return kept

    def disclosures(self) -> Iterator[str]:
        """Yield the disclosure texts in the bundle."""
        for line in read_lines(self.parts(contents.DISCLOSURES), TEXT_LIMIT):
            yield line.data.decode("ascii", "replace") if line.ended else ""

    def anchors(self) -> list[Anchor]:
        """Return the time-stamps in the bundle; raise `Tampered` (C22) for another form."""
        return read_stamps(self.small)

    # ---- what is made from the entries ----

    def find(self, id: bytes) -> int | None:
        """Return the sequence number of the statement with this id."""
        self._index()
        return self._ids.find(id)

    def authority(self) -> list[int]:
        """Return the places of the entries that change who may say what, by the rule table in force at each."""
        self._index()
        acts = self._ids.acts()
        tables = self._tables(acts)
        return [seq for seq in acts if _is_trusted(said_in(self.read(seq)).type, seq, tables)]

    def _index(self) -> None:
        with self._lock:
            if self._places:
                return
            file = self._ids.folder / _PLACES
            try:
                if not file.exists():
                    self._make_index()
                    with room(str(file)):
                        file.write_bytes(self._places.tobytes())
                else:
                    with room(str(file)):
                        self._places.frombytes(file.read_bytes())
            except BaseException:
                self._places, self.omitted = array("Q"), 0  # of half an index nothing is read
                raise

    def _make_index(self) -> None:
        edge = Edge()
        kinds = self._trusted(())
        self._ids.build(self._noted(edge), kinds)
        if (more := self._trusted(self._ids.acts())) != kinds:  # the rule table was changed on the way
            self._ids.build(((row.seq, row.data) for row in self.rows(0, edge.size)), more)
        self._tiles |= {(tile.level, tile.number): tile.hashes for tile in edge.open_tiles()}
        full = self._tiles.get((0, edge.size // TILE - 1), b"")
        last = edge.open[-1] if edge.open else full[-HASH_SIZE:]
        note = self.small(contents.CHECKPOINT, NOTE_LIMIT)
        self._head = Head(edge.size, last, edge.peaks(), _size_in(note), note)

    def _noted(self, edge: Edge) -> Iterator[tuple[int, bytes]]:
        """Yield the entries with their numbers, and note meanwhile where each begins and what the tree over them is."""
        leaves: list[bytes] = []
        partial = self.is_partial
        for seq, line in enumerate(self._lines()):
            self._places.append(line.at)
            omitted = read_omitted(line.data) if partial else None
            self.omitted += omitted is not None
            leaves.append(omitted.leaf if omitted else entry.leaf(line.data))
            if len(leaves) == TILE:
                self._tiles |= {(tile.level, tile.number): tile.hashes for tile in edge.extend(leaves)}
                leaves = []
            yield seq, line.data
        edge.extend(leaves)
        self._places.append(self.members[contents.ENTRIES].size)

    def _tables(self, acts: Iterable[int]) -> list[tuple[int, dict[str, Rule]]]:
        """Return the rule tables, each with the entry after which it is in force; none where entry 0 has none."""
        try:
            data = next(self._lines(), Line(0, b"", ended=False)).data
            genesis = read_genesis(entry.read(data).fields["statement"], entry.leaf(data).hex())
            return foresee(genesis, stored(acts, self.read), self._ids.find, self.read).known.tables
        except LedgerError:
            return []  # the checks will name the reason

    def _trusted(self, acts: Iterable[int]) -> frozenset[str]:
        """Return the types that change who may say what, by any of the tables."""
        return frozenset(kind for _, table in self._tables(acts) for kind, rule in table.items() if rule.trust)

    # ---- judging the container ----

    def check_container(self) -> None:
        """Nothing: what is no container was not opened."""

    def check_guards(self) -> None:
        """Raise `Tampered` (C5) where the last entry has no LF."""
        size = self.members[contents.ENTRIES].size
        if size and b"".join(self.parts(contents.ENTRIES, size - 1)) != b"\n":
            last = self.head().size - 1
            raise Tampered(f"entry {last} is cut: no LF ends it", code="entry_form", check=5, seq=last)

    def check_ids(self) -> None:
        """Raise `Tampered` (C11) unless each id stands once."""
        self._index()
        if self._ids.twice >= 0:
            seq = self._ids.twice
            raise Tampered(f"entry {seq} has the id of another", code="same_id", check=11, seq=seq)

    # ---- the rest ----

    def writing(self) -> AbstractContextManager[Appending]:
        """Refuse: a bundle is a copy."""
        raise _read_only(self.place)

    def replace_derived(self, tiles: Sequence[Tile], authority: Sequence[int], head: Head) -> None:  # noqa: ARG002
        """Refuse: a bundle is a copy."""
        raise _read_only(self.place)

    def keep_checkpoint(self, size: int, note: bytes) -> None:  # noqa: ARG002
        """Refuse: a bundle is a copy."""
        raise _read_only(self.place)

    def keep_anchor(self, anchor: Anchor) -> None:  # noqa: ARG002
        """Refuse: a bundle is a copy."""
        raise _read_only(self.place)

    def close(self) -> None:
        """Close the file and remove what was made beside it."""
        self.file.close()
        self._ids.close()


def _is_trusted(kind: str, seq: int, tables: list[tuple[int, dict[str, Rule]]]) -> bool:
    rule = next((table.get(kind) for since, table in reversed(tables) if since < seq), None)
    return rule is not None and rule.trust


def _open(path: Path) -> BinaryIO:
    try:
        if path.is_file():  # a pipe would be waited for
            return path.open("rb")
        why = "it is no file" if path.exists() else "there is no such file"
    except OSError as error:
        why = error.strerror or "it cannot be read"
    raise Misuse(f"{path}: {why}", "name the bundle's file", code="no_file")


def _check_whole(place: str, names: object) -> None:
    for name in sorted(contents.REQUIRED):
        if name not in names:  # type: ignore[operator]
            raise Misuse(
                f"{place} is no ledger bundle (no {name} in it)",
                "ask for the output of: ledger export bundle.zip",
                code="bundle",
            )


def _note_in(line: Line) -> bytes:
    """The note that a line of checkpoints.jsonl spells, as a JSON string."""
    try:
        note = json.loads(line.data.decode())
        if line.ended and isinstance(note, str):
            return note.encode()
    except (ValueError, RecursionError):
        pass
    raise Tampered("checkpoints.jsonl has another form than it must", code="note", check=2)


def _size_in(note: bytes) -> int:
    """The size that a checkpoint states; 0 where it is none: the checks will say so."""
    try:
        return parse_checkpoint(parse_note(note).text).size
    except Tampered:
        return 0


def _read_only(place: str) -> Misuse:
    return Misuse(f"{place} is a bundle: a copy to read", "record where the ledger itself is", code="read_only")

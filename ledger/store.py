"""What a store promises; no code that does input or output.

A store keeps the entries' bytes and, beside them, what can be recomputed: tree hashes, the head, the newest checkpoint.
It is append-only: nothing here changes or removes an entry. Adapters live in `ledger/stores/`, one file each.

Promises
- `append` is atomic and durable when it returns: all rows, tiles and the head, or nothing (`Unavailable`, whose outcome
  is "unknown" where the commit itself failed).
- Between `writing()`'s entry and exit no other process appends; `head()` read inside is the newest. Where it is only
  presumed to be (`sure` is false), `append` takes effect only if it was.
- `rows` yields committed rows in order and sees one moment of the store.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Final, NamedTuple, Protocol

from ledger.errors import Misuse, Outcome, Unavailable
from ledger.merkle.edge import Tile


class Head(NamedTuple):
    """Where a log stands.

    `size` entries; `last`, the leaf of the newest (32 bytes; empty at size 0); `peaks`, the concatenated roots of the
    complete subtrees, largest first; `covered`, the size of the newest checkpoint; `note`, that checkpoint's bytes.
    """

    size: int
    last: bytes
    peaks: bytes
    covered: int
    note: bytes


class Row(NamedTuple):
    """One stored entry: sequence number, the 16 bytes of its statement's id, the entry's bytes."""

    seq: int
    id: bytes
    data: bytes


Triple = tuple[int, bytes, bytes]
"""What a `Row` holds, without its names: a sixth of the time of reading a large log goes into giving these."""

as_row: Final = partial(tuple.__new__, Row)
"""Make a row of a tuple of its three parts: what `Row._make` does, in C alone."""


class Anchor(NamedTuple):
    """Outside evidence of time: a token over bytes that are kept with it, never to be changed.

    `number` counts from 1; `kind` is "checkpoint" or "rehash" (FORMAT.md section 10a); `imprinted`, the exact bytes
    that the token speaks of, over the first `size` entries; `event`, the id of the statement that records it;
    `proofs`, certificates, revocation lists and OCSP responses in PEM, to judge the token without a network.
    """

    number: int
    kind: str
    size: int
    event: bytes
    imprinted: bytes
    token: bytes
    proofs: bytes


class Moved(Unavailable):
    """Raised by a store where the head is not the one that an `append` was made from: enter the write section again.

    Nothing of the append was written; or (outcome "unknown") the connection was lost on the way, and another try finds
    it by id if it was. Either way trying again is safe; `log` does so by itself.
    """

    def __init__(self, place: str, outcome: Outcome = "not recorded") -> None:
        what = "the connection was lost in a commit" if outcome == "unknown" else "another writer was first"
        super().__init__(f"{place}: {what}", "try again with the same id", code="moved", outcome=outcome)


def read_only(place: str) -> Misuse:
    """Return the error of a store that is to be written to, and was opened for reading."""
    return Misuse(f"{place} was opened for reading only; nothing was recorded", "open it for writing", code="read_only")


class Appending(Protocol):
    """The inside of a store's write section.

    `sure`: what `head` returns is the newest, and stays so until the section is left. Else it is presumed so, and
    `append` raises `Moved` where it is not; what was judged by it and came to nothing must be judged again.
    """

    sure: bool

    def head(self) -> Head:
        """Return the newest head, or the one that is presumed to be."""

    def find(self, id: bytes) -> int | None:
        """Return the sequence number of the statement with this id."""

    def read(self, seq: int) -> bytes:
        """Return an entry's bytes."""

    def rows(self, start: int, stop: int) -> Iterator[Row]:
        """Yield rows `start` to `stop` - 1 in order."""

    def tile(self, level: int, index: int) -> bytes:
        """Return the hashes stored of a tile (empty if none)."""

    def authority(self) -> list[int]:
        """Return the places of the entries that change who may say what."""

    def newest_id(self) -> bytes:
        """Return the greatest id (empty if there are no entries)."""

    def append(
        self,
        rows: Sequence[Row],
        tiles: Sequence[Tile],
        authority: Sequence[int],
        disclosures: Sequence[str],
        head: Head,
    ) -> None:
        """Write rows, tile rows, the places of key events, disclosures and the new head, and commit."""

    def kept(self, size: int) -> bytes | None:
        """Return the checkpoint of this size that is kept besides the newest."""

    def keep(self, size: int, note: bytes) -> None:
        """Keep a checkpoint, in the place of a kept one of its size; durable with the `append` that follows."""


class Store(Protocol):
    """A place for one log.

    `place` is its location, a path or a URL without a password: for messages, and for opening it again in another
    process (`ledger.stores.opening.reopening`).
    """

    place: str

    def head(self) -> Head:
        """Return the newest committed head."""

    def rows(self, start: int, stop: int) -> Iterator[Row]:
        """Yield rows `start` to `stop` - 1 in order."""

    def triples(self, start: int, stop: int) -> Iterator[Triple]:
        """Yield what `rows` yields, plain, for who looks at every entry."""

    def read(self, seq: int) -> bytes:
        """Return one entry's bytes; raise `Misuse` if there is none."""

    def find(self, id: bytes) -> int | None:
        """Return the sequence number of the statement with this id."""

    def tile(self, level: int, index: int) -> bytes:
        """Return the hashes stored of a tile (empty if none). Level 0 holds full tiles only."""

    def authority(self) -> list[int]:
        """Return the places of the entries that change who may say what."""

    def checkpoints(self) -> list[tuple[int, bytes]]:
        """Return the checkpoints that are kept besides the newest: (size, note)."""

    def disclosures(self) -> Iterator[str]:
        """Yield the disclosure texts that are kept."""

    def anchors(self) -> list[Anchor]:
        """Return the time-stamps that are kept, oldest first."""

    def erase(self, commitments: Sequence[str]) -> int:
        """Remove disclosures, so that their text is in no file of the store; return how many there were.

        Done anew where they are gone already: what an interrupted erasure left is finished. Raises `Unavailable` where
        something keeps a copy alive (an open reader): they are gone from what is read, and the call is to be repeated.
        """

    def keep_anchor(self, anchor: Anchor) -> None:
        """Keep a time-stamp, durable when it returns; raise `Conflict` where its number is taken."""

    def writing(self, *, sure: bool = True) -> AbstractContextManager[Appending]:
        """Enter the write section; leaving it without `append` changes nothing.

        With `sure=False` a store may presume that nobody wrote since this process last did, and not ask. May raise
        `Moved`.
        """

    def replace_derived(self, tiles: Sequence[Tile], authority: Sequence[int], head: Head) -> None:
        """Put recomputed hashes, places of key events and head in the place of the stored ones, in one transaction."""

    def keep_checkpoint(self, size: int, note: bytes) -> None:
        """Keep a checkpoint that somebody outside has seen; under a kept one of its size, its signature lines.

        Raises `Tampered` where the kept one says something else, `Misuse` where its lines would be too many.
        """

    def check_container(self) -> None:
        """Raise `Tampered` (C1) unless what is read from can be trusted to be a ledger's."""

    def check_guards(self) -> None:
        """Raise `Tampered` (C1) unless what keeps entries from being changed is in its place."""

    def check_ids(self) -> None:
        """Raise `Tampered` unless each id stands once (C11) and lookups by id are right (C6)."""

    def close(self) -> None:
        """Let go of the store."""


Opener = Callable[[str], Store]
"""Opens a store for reading by its `place`, in any process that may look there."""

"""Publishing a log as static files that any C2SP verifier reads (c2sp.org/tlog-tiles), and only ever adding to them.

    step                                               a crash here leaves
    1  new entries are read and hashed into the tree   the published log as it was; the next run sweeps what was staged
       that was published; bundles and tiles are
       staged, durable, beside their places
    2  its root is compared with the signed one        the same
    3  what was staged is put in its place             whole files that no checkpoint implies yet: the next run finds
                                                       the bytes that it would write
    4  `ledger/<size>/` is written                     the same
    5  `checkpoint` is put in the place of the old one the log as published anew: this is the commit
    6  partial tiles that have become full, and what   the same, with files that nobody asks for
       lay beside older checkpoints, are removed

Files of entries and tiles never change once they are in place: one that is there with other bytes ends the run before
anything is published. So does a checkpoint there that this log does not extend.
"""

from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import islice
from typing import Final, NamedTuple

from ledger import entry
from ledger.disclosures import open_disclosure
from ledger.encoding import id_bytes
from ledger.errors import Misuse, Tampered
from ledger.known import open_reader
from ledger.merkle.bundles import bundle_path, write_bundle
from ledger.merkle.edge import Edge
from ledger.merkle.proofs import subtree_root
from ledger.merkle.tiles import TILE, TILE_BITS, peaks_in, tile_path, width_at
from ledger.merkle.tree import EMPTY_ROOT, HASH_SIZE, split
from ledger.notes.note import NOTE_LIMIT, parse_note
from ledger.notes.treehead import Checkpoint, parse_checkpoint
from ledger.store import Store
from ledger.stores.beside import remove_beside, write_beside
from ledger.stores.source import Sink

CHECKPOINT: Final = "checkpoint"
_FILE_LIMIT: Final = TILE * HASH_SIZE
Progress = Callable[[int, int], None]
"""Called with entries done and entries to do."""


class Published(NamedTuple):
    """What a run did: entries that are published now and were before, the root, files written, values disclosed."""

    size: int
    before: int
    root: bytes
    files: int
    disclosed: int


def publish(
    store: Store, note: bytes, sink: Sink, *, disclosures: bool = False, progress: Progress | None = None
) -> Published:
    """Publish the entries under `note`, a checkpoint that `store` keeps, whose signatures the caller has checked.

    Values of sealed fields only where `disclosures` says so. Raises `Misuse` where another log is published there,
    `Tampered` where this one does not extend it or does not lead to the checkpoint, `Unavailable`; then what was
    published before stands.
    """
    new = parse_checkpoint(parse_note(note).text)
    with sink.locked():
        edge, there = _published(sink, new.origin)
        _require_extension(store, there, new, sink.name)
        before = edge.size
        files = _stage(store, edge, new.size, sink, progress)  # 1
        if edge.root() != new.root:  # 2
            raise Tampered(
                f"the entries do not lead to the checkpoint of {new.size:,}; nothing was published",
                "ledger verify says which of them was changed",
                code="root",
                check=9,
            )
        sink.settle()  # 3
        disclosed = _write_beside(store, new.size, sink, disclosures=disclosures)  # 4
        sink.replace(CHECKPOINT, note)  # 5
        _remove_partial(sink, before, new.size)  # 6
        remove_beside(sink, new.size, before)
    return Published(new.size, before, new.root, files, disclosed)


# ---- what is there ----


def _published(sink: Sink, origin: str) -> tuple[Edge, Checkpoint | None]:
    """Return the right edge of the tree that is published, and its checkpoint."""
    note = sink.read(CHECKPOINT, NOTE_LIMIT)
    if note is None:
        return Edge(), None
    try:
        there = parse_checkpoint(parse_note(note).text)
    except Tampered as error:
        raise _not_as_published(f"{sink.name}/{CHECKPOINT} is {error.message}") from None
    if there.origin != origin:
        raise Misuse(
            f"{sink.name} holds {there.origin}, this log is {origin}; nothing was changed",
            "publish each log to a folder of its own",
            code="other_origin",
        )

    def read_tile(level: int, index: int) -> bytes:
        return sink.read(tile_path(level, index, width_at(there.size, level, index) or TILE), _FILE_LIMIT) or b""

    leaves = read_tile(0, there.size // TILE) if there.size % TILE else b""
    try:
        edge = Edge.load(there.size, peaks_in(there.size, read_tile), split(leaves), read_tile)
    except (Tampered, Misuse):
        raise _not_as_published(f"the tiles at the end of {sink.name} are missing or were changed") from None
    if edge.root() != there.root:
        raise _not_as_published(f"the tiles at the end of {sink.name} do not lead to its checkpoint")
    return edge, there


def _require_extension(store: Store, there: Checkpoint | None, new: Checkpoint, name: str) -> None:
    """Raise `Tampered` unless the log begins with what is published: by its stored hashes; step 2 proves it."""
    if there is None:
        return
    if there.size > new.size:
        raise Tampered(
            f"{name} holds {there.size:,} entries, this log's newest checkpoint {new.size:,}; nothing was published",
            "this is an old copy of the log: restore a later one, or fetch what is missing from there",
            code="shrunk",
            check=4,
        )
    if _root_at(store, there.size) != there.root:
        raise Tampered(
            f"the first {there.size:,} entries are not those that {name} holds: two histories; nothing was published",
            "keep both; ledger verify here, and of the folder, says which was changed. Never overwrite one",
            code="forked",
            check=4,
        )


def _root_at(store: Store, size: int) -> bytes:
    if not size:
        return EMPTY_ROOT
    end = store.head().size
    leaves = [entry.leaf(row.data) for row in store.rows(end - end % TILE, end)]
    return subtree_root(size, open_reader(leaves, end, store.tile))


def _not_as_published(what: str) -> Tampered:
    return Tampered(
        f"{what}; nothing was published",
        "keep it as it is, find out who changed it, and publish to an empty folder",
        code="published",
        check=9,
    )


# ---- what is new ----


def _stage(store: Store, edge: Edge, size: int, sink: Sink, progress: Progress | None) -> int:
    """Stage bundles and tiles of the entries from the edge's end to `size`; return how many files."""
    start, files = edge.size, 0
    if start == size:
        return 0
    for index, entries in _bundles(store, start, size):
        leaves = [sha256(b"\x00" + data).digest() for data in entries]  # `entry.leaf`, without its call
        fresh = max(start - index * TILE, 0)
        if leaves[:fresh] != edge.open[:fresh]:
            raise _not_as_published("the newest published entries are not those of this log")
        sink.stage(bundle_path(index, len(entries)), write_bundle(entries))
        for tile in edge.extend(leaves[fresh:]):
            if len(tile.hashes) == TILE * HASH_SIZE:
                sink.stage(tile_path(tile.level, tile.number), tile.hashes)
                files += 1
        files += 1
        if progress is not None:
            progress(edge.size - start, size - start)
    if edge.open:
        sink.stage(tile_path(0, size // TILE, len(edge.open)), b"".join(edge.open))
    for tile in edge.open_tiles():
        sink.stage(tile_path(tile.level, tile.number, len(tile.hashes) // HASH_SIZE), tile.hashes)
    return files + bool(edge.open) + len(edge.open_tiles())


def _bundles(store: Store, start: int, size: int) -> Iterator[tuple[int, list[bytes]]]:
    """Yield the entries of each bundle that is new or grew, in order."""
    index = start // TILE
    rows = store.rows(index * TILE, size)
    while some := list(islice(rows, TILE)):
        expected = range(index * TILE, min((index + 1) * TILE, size))
        if [row.seq for row in some] != list(expected):
            missing = min(set(expected) - {row.seq for row in some}, default=size)
            raise Tampered(
                f"entry {missing} is missing; nothing was published", "ledger verify", code="hole", check=6, seq=missing
            )
        yield index, [row.data for row in some]
        index += 1


def _write_beside(store: Store, size: int, sink: Sink, *, disclosures: bool) -> int:
    """Write what belongs to the first `size` entries and stands in none of them; return the number of disclosures."""
    kept = [note for at, note in store.checkpoints() if at <= size]
    anchors = [one for one in store.anchors() if (seq := store.find(one.event)) is not None and seq < size]
    return write_beside(sink, size, kept, anchors, _of_these(store, size) if disclosures else ())


def _of_these(store: Store, size: int) -> Iterator[str]:
    """Yield the disclosures that open a place in the first `size` entries."""
    for text in store.disclosures():
        seq = store.find(id_bytes(open_disclosure(text)[0]))
        if seq is not None and seq < size:
            yield text


def _remove_partial(sink: Sink, before: int, size: int) -> None:
    """Remove the partial tiles of earlier sizes whose full tile is published now: readers take that one."""
    level = 0
    while count := before >> TILE_BITS * level:
        index = count // TILE
        if count % TILE and width_at(size, level, index) == TILE:
            sink.remove(tile_path(level, index) + ".p")
            if level == 0:
                sink.remove(bundle_path(index) + ".p")
        level += 1

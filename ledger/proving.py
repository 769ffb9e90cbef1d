"""Proofs from what is stored: inclusion and consistency without a walk over the entries."""

from ledger import entry
from ledger.errors import Misuse, Tampered
from ledger.merkle.edge import TILE
from ledger.merkle.proofs import ReadSubtree, check_consistency, check_inclusion, consistency_proof, inclusion_proof
from ledger.merkle.proofs import subtree_root as _subtree_root
from ledger.merkle.tiles import subtree_reader
from ledger.merkle.tree import EMPTY_ROOT, HASH_SIZE
from ledger.notes.checkpoint import Checkpoint
from ledger.omitted import read_omitted
from ledger.store import Head, Store


def tree_reader(store: Store, head: Head) -> ReadSubtree:
    """Return what proofs up to `head` are made from: its peaks, the stored tiles, and where it must be, newest entries.

    The leaves of the open tile (at most 255) are hashed only where a proof leads into it. A reader keeps the tiles that
    it read: many proofs up to one head are best made from one.
    """
    peaks, start = _peaks(head), head.size - head.size % TILE
    leaf_of = _leaf_of_any if getattr(store, "omitted", 0) else entry.leaf

    def tile(level: int, index: int) -> bytes:
        if level or index * TILE < start:
            return store.tile(level, index)
        return b"".join(leaf_of(row.data) for row in store.rows(start, head.size))

    stored = subtree_reader(tile)

    def read(level: int, index: int) -> bytes:
        return peaks.get((level, index)) or stored(level, index)

    return read


def _leaf_of_any(data: bytes) -> bytes:
    """The leaf of what a partial bundle holds in an entry's place."""
    omitted = read_omitted(data)
    return entry.leaf(data) if omitted is None else omitted.leaf


def _peaks(head: Head) -> dict[tuple[int, int], bytes]:
    """The roots of the complete subtrees, by level and number."""
    found, at, start = {}, 0, 0
    for level in reversed(range(head.size.bit_length())):
        if head.size >> level & 1:
            found[level, start >> level] = head.peaks[at : at + HASH_SIZE]
            at, start = at + HASH_SIZE, start + (1 << level)
    return found


def root_at(store: Store, head: Head, size: int) -> bytes:
    """Return the root over the first `size` entries; raise `Misuse` where there are fewer."""
    if size > head.size:
        raise Misuse(f"there are {head.size:,} entries, not {size:,}", "an older checkpoint", code="no_tree")
    return _subtree_root(size, tree_reader(store, head)) if size else EMPTY_ROOT


def prove_inclusion(read: ReadSubtree, seq: int, leaf: bytes, checkpoint: Checkpoint) -> list[bytes]:
    """Return the path from an entry's leaf to the root of `checkpoint`, which leads there.

    Raises `Tampered` where what is stored does not.
    """
    path = inclusion_proof(seq, checkpoint.size, read)
    try:
        check_inclusion(seq, checkpoint.size, leaf, path, checkpoint.root)
    except Tampered:
        raise _not_fitting() from None
    return path


def prove_consistency(read: ReadSubtree, old: Checkpoint, new: Checkpoint) -> list[bytes]:
    """Return the hashes that tie two checkpoints together; raise `Tampered` where what is stored does not."""
    path = consistency_proof(old.size, new.size, read)
    try:
        check_consistency(old.size, new.size, path, old.root, new.root)
    except Tampered:
        raise _not_fitting() from None
    return path


def _not_fitting() -> Tampered:
    return Tampered(
        "the stored hashes do not lead to the checkpoint: no proof can be made",
        "ledger verify; if only stored hashes differ, ledger rebuild",
        code="nodes",
        check=9,
    )

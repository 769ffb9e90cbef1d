"""Inclusion and consistency proofs (RFC 6962 sections 2.1.1, 2.1.2; checked as RFC 9162 sections 2.1.3.2, 2.1.4.2).

A proof does not bind sizes: the same hashes pass for several. A size and its root must therefore come together from
one signed checkpoint, on both sides of a consistency proof.
"""

from collections.abc import Callable, Sequence
from typing import Never

from ledger.errors import Misuse, Tampered
from ledger.merkle.tree import EMPTY_ROOT, HASH_SIZE, MAX_SIZE, node_hash

ReadSubtree = Callable[[int, int], bytes]
"""(level, index) -> root of the complete subtree of 2**level leaves that is number `index` from the left."""

MAX_PROOF = 53
"""Most hashes in a proof (FORMAT.md section 11)."""


def inclusion_proof(index: int, size: int, read: ReadSubtree) -> list[bytes]:
    """The hashes from the leaf's sibling up to the root's child. Raises Misuse for an index outside the tree."""
    if not 0 <= index < size <= MAX_SIZE:
        raise Misuse(f"no leaf {index} in a tree of {size} leaves", "ask for an index below the size", code="no_leaf")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_root(middle, end, read))
            end = middle
        else:
            path.append(_range_root(start, middle, read))
            start = middle
    path.reverse()
    return path


def consistency_proof(old: int, size: int, read: ReadSubtree) -> list[bytes]:
    """The hashes that tie the tree of the first `old` leaves to the tree of `size`; none where old is 0 or size.

    Raises Misuse when `old` is above `size`.
    """
    if not 0 <= old <= size <= MAX_SIZE:
        raise Misuse(f"no tree of {old} leaves before one of {size}", "ask for an older size", code="no_tree")
    if old in (0, size):
        return []
    path: list[bytes] = []
    start, end = 0, size
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_range_root(middle, end, read))
            end = middle
        else:
            path.append(_range_root(start, middle, read))
            start = middle
    if start:  # else the subtree left over is the whole old tree, whose root the reader has
        path.append(_range_root(start, end, read))
    path.reverse()
    return path


def subtree_root(size: int, read: ReadSubtree) -> bytes:
    """The root over the first `size` leaves, at least one."""
    return _range_root(0, size, read)


def check_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes) -> None:
    """Pass when the leaf hash is number `index` of the `size` leaves under `root`; else raise Tampered."""
    if not 0 <= index < size <= MAX_SIZE:
        _fail("inclusion", f"no leaf {index} in a tree of {size} leaves")
    _check_hashes("inclusion", path, leaf)
    at, last = index, size - 1
    result = leaf
    for sibling in path:
        if last == 0:
            _fail("inclusion", f"{len(path)} hashes are more than leaf {index} of {size} has above it")
        if at & 1 or at == last:
            result = node_hash(sibling, result)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            result = node_hash(result, sibling)
        at, last = at >> 1, last >> 1
    if last or result != root:
        _fail("inclusion", f"the hashes do not lead from leaf {index} of {size} to the root")


def check_consistency(old: int, size: int, proof: Sequence[bytes], old_root: bytes, root: bytes) -> None:
    """Pass when the tree of `size` leaves under `root` starts with the `old` leaves under `old_root`; else Tampered.

    From nothing to anything is consistent with an empty proof, if `old_root` is the empty root (c2sp.org/tlog-witness).
    """
    if not 0 <= old <= size <= MAX_SIZE:
        _fail("consistency", f"a tree of {size} leaves cannot follow one of {old}")
    _check_hashes("consistency", proof)
    if old in (0, size):
        same = old_root == (root if old else EMPTY_ROOT)
        if proof or not same or (size == 0 and root != EMPTY_ROOT):
            _fail("consistency", f"the trees of {old} and {size} leaves are not shown to be one")
    elif not proof:
        _fail("consistency", f"no hashes between the trees of {old} and {size} leaves")
    elif not _leads_to_both(old, size, proof, old_root, root):
        _fail("consistency", f"the hashes do not lead from the tree of {old} leaves to the one of {size}")


def _leads_to_both(old: int, size: int, proof: Sequence[bytes], old_root: bytes, root: bytes) -> bool:
    """RFC 9162 section 2.1.4.2, steps 2 to 6, for 0 < old < size."""
    power = old & (old - 1) == 0
    first, rest = (old_root, proof) if power else (proof[0], proof[1:])
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    left = right = first
    for sibling in rest:
        if last == 0:
            return False
        if at & 1 or at == last:
            left, right = node_hash(sibling, left), node_hash(sibling, right)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            right = node_hash(right, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and left == old_root and right == root


def _split(width: int) -> int:
    """The largest power of two below `width`."""
    return 1 << (width - 1).bit_length() - 1


def _range_root(start: int, end: int, read: ReadSubtree) -> bytes:
    """The root over leaves start to end, where start is a multiple of the largest power of two in end - start."""
    peaks: list[bytes] = []
    for level in reversed(range((end - start).bit_length())):
        if end - start >> level & 1:
            peaks.append(read(level, start >> level))
            start += 1 << level
    root = peaks.pop()
    while peaks:
        root = node_hash(peaks.pop(), root)
    return root


def _check_hashes(kind: str, path: Sequence[bytes], *leaf: bytes) -> None:
    """Number first, then lengths: both before anything is hashed. Roots are only compared, so they need no check."""
    if len(path) > MAX_PROOF:
        _fail(kind, f"{len(path)} hashes; a proof has at most {MAX_PROOF}")
    if any(len(digest) != HASH_SIZE for digest in (*path, *leaf)):
        _fail(kind, "a hash that is not 32 bytes long")


def _fail(kind: str, why: str) -> Never:
    raise Tampered(f"{kind} proof: {why}", "ask for the proof again; if it stays, the log is not one log", code=kind)

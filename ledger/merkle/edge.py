"""The right edge of a tree whose hashes are kept in tiles: what a writer holds between two commits.

Every leaf is hashed into the tree once: leaves gather in the open tile at the right; a full one becomes a hash of the
tile above, and so on. The peaks of the whole tree are those of the full tiles followed by those of the open one.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Self

from ledger.errors import Tampered
from ledger.merkle.tree import HASH_SIZE, Frontier, node_hash

TILE = 256


class Tile(NamedTuple):
    """Hashes `number * 256` and on of tile level `level`: 1 to 256 of them, joined."""

    level: int
    number: int
    hashes: bytes


class Edge:
    """Size, peaks and open tiles of a tree. `extend` returns the tiles that became full or, above level 0, grew."""

    __slots__ = ("_above", "_low", "_upper", "open")

    def __init__(
        self,
        upper: Frontier | None = None,
        low: Frontier | None = None,
        open_leaves: list[bytes] | None = None,
        above: list[bytes] | None = None,
    ) -> None:
        self._upper = upper or Frontier()  # over the roots of full level-0 tiles
        self._low = low or Frontier()  # over the open level-0 tile
        self.open = open_leaves or []  # its leaves
        self._above = above or []  # hashes of the open tile of level 1, 2, ..., joined

    @property
    def size(self) -> int:
        """Number of leaves."""
        return self._upper.size * TILE + self._low.size

    def peaks(self) -> bytes:
        """Return the roots of the complete subtrees, largest first, joined."""
        return self._upper.to_bytes() + self._low.to_bytes()

    def root(self) -> bytes:
        """Return the root of the tree so far."""
        if not self._low.size:
            return self._upper.root()
        root = self._low.root()
        for peak in reversed(self._upper.peaks):
            root = node_hash(peak, root)
        return root

    def open_tiles(self) -> list[Tile]:
        """Return the tiles above level 0 that are not full, as they stand in a store."""
        counts = [self._upper.size // TILE**above for above in range(len(self._above))]
        return [
            Tile(level, count // TILE, hashes)
            for level, (count, hashes) in enumerate(zip(counts, self._above, strict=True), 1)
            if hashes
        ]

    def copy(self) -> Self:
        """Return an edge of its own with the same content."""
        return type(self)(self._upper.copy(), self._low.copy(), self.open.copy(), self._above.copy())

    def extend(self, leaves: Sequence[bytes]) -> list[Tile]:
        """Add leaf hashes; return the tiles to be written."""
        grown: dict[tuple[int, int], Tile] = {}
        at = 0
        while at < len(leaves):
            part = leaves[at : at + TILE - self._low.size]
            at += len(part)
            self.open.extend(part)
            if len(part) == 1:
                self._low.append(part[0])
            else:
                self._low.extend(part)
            if self._low.size == TILE:
                self._close_tile(grown)
        return list(grown.values())

    def _close_tile(self, grown: dict[tuple[int, int], Tile]) -> None:
        index = self._upper.size
        grown[0, index] = Tile(0, index, b"".join(self.open))
        root = self._low.root()
        self._upper.append(root)
        self._low, self.open = Frontier(), []
        level = 1
        while True:
            if len(self._above) < level:
                self._above.append(b"")
            index, hashes = index // TILE, self._above[level - 1] + root
            grown[level, index] = Tile(level, index, hashes)
            if len(hashes) < TILE * HASH_SIZE:
                self._above[level - 1] = hashes
                return
            self._above[level - 1] = b""
            full = Frontier()
            full.extend([hashes[i : i + HASH_SIZE] for i in range(0, len(hashes), HASH_SIZE)])
            root = full.root()
            level += 1

    @classmethod
    def load(cls, size: int, peaks: bytes, leaves: Sequence[bytes], read_tile: Callable[[int, int], bytes]) -> Self:
        """Take an edge up again from stored peaks, the leaves of the open tile and the stored tiles above it.

        Raises `Tampered` where these do not belong together.
        """
        edge = cls()
        edge._low.extend(leaves)
        edge.open = list(leaves)
        tiles = size // TILE
        split = len(peaks) - HASH_SIZE * (size % TILE).bit_count()
        try:
            edge._upper = Frontier.from_bytes(tiles, peaks[: max(split, 0)])
            fits = len(leaves) == size % TILE and edge.peaks() == peaks
        except Tampered:
            fits = False
        if not fits:
            fix = "ledger verify says which; where the entries hold, ledger rebuild"
            raise Tampered("the stored tree hashes do not fit the entries", fix, code="nodes", check=9)
        level, count = 1, tiles
        while count:
            hashes = read_tile(level, count // TILE) if count % TILE else b""
            if len(hashes) != HASH_SIZE * (count % TILE):
                raise Tampered(
                    f"tile {level}/{count // TILE} is missing or cut", "ledger rebuild", code="nodes", check=9
                )
            edge._above.append(hashes)
            level, count = level + 1, count // TILE
        if b"".join(_peaks_over(hashes) for hashes in reversed(edge._above)) != edge._upper.to_bytes():
            raise Tampered("the stored tiles do not fit the tree", "ledger rebuild", code="nodes", check=9)
        return edge


def _peaks_over(hashes: bytes) -> bytes:
    peaks = Frontier()
    peaks.extend([hashes[at : at + HASH_SIZE] for at in range(0, len(hashes), HASH_SIZE)])
    return peaks.to_bytes()

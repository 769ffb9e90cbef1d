"""Tiles: 256 hashes of one level of the tree, side by side (c2sp.org/tlog-tiles).

Tile level l holds every eighth level of the tree: the roots of complete subtrees of 256**l leaves. The seven levels
between two tile levels are recomputed.
"""

from collections.abc import Callable
from functools import lru_cache

from ledger.errors import Misuse, Tampered
from ledger.merkle.proofs import ReadSubtree
from ledger.merkle.tree import HASH_SIZE, Frontier, parents, split

TILE = 256
"""Hashes in a full tile."""

TILE_BITS = 8
"""Tree levels from one tile level to the next."""

_CACHED_TILES = 64


def tile_path(level: int, index: int, width: int = TILE) -> str:
    """The address of a tile, `tile/<L>/<N>[.p/<W>]`: N in groups of three digits, all but the last after an `x`."""
    if not 0 <= level < 64:
        raise Misuse(f"no tile {index} of width {width} at level {level}", code="no_tile")
    return f"tile/{level}/{numbered(index, width)}"


def numbered(index: int, width: int = TILE) -> str:
    """The part `<N>[.p/<W>]` of an address."""
    if index < 0 or not 1 <= width <= TILE:
        raise Misuse(f"no tile {index} of width {width}", code="no_tile")
    number = f"{index % 1000:03}"
    while index := index // 1000:
        number = f"x{index % 1000:03}/{number}"
    return number if width == TILE else f"{number}.p/{width}"


def width_at(size: int, level: int, index: int) -> int:
    """How many hashes tile `index` of `level` has in a tree of `size` leaves: 256 where it is full, 0 where none."""
    return max(0, min(TILE, (size >> TILE_BITS * level) - index * TILE))


def peaks_in(size: int, read_tile: Callable[[int, int], bytes]) -> bytes:
    """The roots of the complete subtrees of a tree of `size` leaves, largest first, joined: from its partial tiles.

    What the tiles hold is not judged. Raises Misuse where one is not whole hashes.
    """
    peaks = []
    for level in range(size.bit_length() // TILE_BITS, -1, -1):
        index = size >> TILE_BITS * (level + 1)
        if width_at(size, level, index):
            edge = Frontier()
            edge.extend(split(read_tile(level, index)))
            peaks.append(edge.to_bytes())
    return b"".join(peaks)


def subtree_reader(read_tile: Callable[[int, int], bytes]) -> ReadSubtree:
    """What the proofs read from, over `read_tile(level, index)`, which gives a tile's bytes (partial ones as they are).

    A few tiles are kept with the levels inside them. Raises Tampered when a tile is too short or not whole hashes.
    """

    @lru_cache(maxsize=_CACHED_TILES)
    def rows(level: int, index: int) -> list[list[bytes]]:
        data = read_tile(level, index)
        if len(data) % HASH_SIZE or len(data) > TILE * HASH_SIZE:
            raise Tampered(f"{tile_path(level, index)} has {len(data)} bytes", code="tile")
        levels = [split(data)]
        for _ in range(1, TILE_BITS):
            levels.append(parents(levels[-1]))
        return levels

    def read(level: int, index: int) -> bytes:
        tile_level, inner = divmod(level, TILE_BITS)
        tile_index, place = divmod(index, TILE >> inner)
        row = rows(tile_level, tile_index)[inner]
        if place >= len(row):
            name = tile_path(tile_level, tile_index)
            raise Tampered(f"{name} is too short for subtree {index} of level {level}", code="tile")
        return row[place]

    return read

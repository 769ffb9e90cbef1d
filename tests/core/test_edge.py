"""The right edge: what a writer keeps of a tree, against the tree computed whole, wherever it is taken up."""

import random
from hashlib import sha256

import pytest

from ledger.errors import Tampered
from ledger.merkle.edge import TILE, Edge
from ledger.merkle.tree import HASH_SIZE, Frontier, tree_root

LEAVES = [sha256(b"\0%d" % number).digest() for number in range(70_000)]
SIZES = [0, 1, 2, 3, 255, 256, 257, 511, 512, 513, 600, 65_535, 65_536, 65_537, 65_536 + 256, 70_000]


def grown(size, steps=None):
    """An edge of `size` leaves and the tiles that a store would hold of it."""
    edge, stored, at, chooser = Edge(), {}, 0, random.Random(size)
    while at < size:
        step = min(steps or chooser.choice([1, 2, 100, 255, 256, 257, 5000]), size - at)
        for tile in edge.extend(LEAVES[at : at + step]):
            stored[tile.level, tile.number] = tile.hashes
        at += step
    return edge, stored


def full_tiles(size):
    """The tiles of the tree, from the specification: hashes of level l are roots over 256**l leaves."""
    tiles, level, hashes = {}, 0, LEAVES[:size]
    while hashes:
        for number in range((len(hashes) + TILE - 1) // TILE):
            tile = hashes[number * TILE : (number + 1) * TILE]
            if level or len(tile) == TILE:
                tiles[level, number] = b"".join(tile)
        whole = len(hashes) // TILE
        hashes = [tree_root(hashes[n * TILE : (n + 1) * TILE]) for n in range(whole)]
        level += 1
    return tiles


@pytest.mark.parametrize("size", SIZES)
def test_root_peaks_and_tiles(size):
    edge, stored = grown(size)
    plain = Frontier()
    plain.extend(LEAVES[:size])
    assert edge.size == size
    assert edge.root() == plain.root() == tree_root(LEAVES[:size])
    assert edge.peaks() == plain.to_bytes()
    assert stored == full_tiles(size)
    opened = {(tile.level, tile.number): tile.hashes for tile in edge.open_tiles()}
    assert opened == {at: hashes for at, hashes in stored.items() if len(hashes) < TILE * HASH_SIZE}


def loaded(size, stored, peaks=None, leaves=None):
    opened = LEAVES[size - size % TILE : size] if leaves is None else leaves
    peaks = grown(size, 5000)[0].peaks() if peaks is None else peaks
    return Edge.load(size, peaks, opened, lambda level, number: stored.get((level, number), b""))


@pytest.mark.parametrize("size", SIZES)
def test_it_is_taken_up_where_it_was_left(size):
    edge, stored = grown(size)
    again = loaded(size, stored, edge.peaks())
    more = LEAVES[:700]
    assert again.extend(more) == edge.extend(more)
    assert (again.size, again.root(), again.peaks()) == (edge.size, edge.root(), edge.peaks())


@pytest.mark.parametrize("size", [1, 255, 257, 600, 65_537])
def test_parts_that_do_not_belong_together_are_refused(size):
    edge, stored = grown(size)
    peaks, opened = edge.peaks(), LEAVES[size - size % TILE : size]
    wrong = [
        {"peaks": bytes(len(peaks))},
        {"peaks": peaks[:-1]},
        {"peaks": peaks[HASH_SIZE:]},
        {"peaks": peaks + bytes(HASH_SIZE)},
        {"peaks": b""},
        {"leaves": opened[:-1]},
        {"leaves": [*opened, LEAVES[0]]},
        {"leaves": [bytes(32), *opened[1:]]},
    ]
    for case in wrong:
        with pytest.raises(Tampered) as caught:
            loaded(size, stored, **({"peaks": peaks} | case))
        assert caught.value.check == 9


@pytest.mark.parametrize("size", [256, 600, 65_536, 65_537, 70_000])
def test_stored_tiles_that_do_not_fit_are_refused(size):
    """What is not needed to go on, such as a full tile, is not read: `verify` compares it."""
    edge, stored = grown(size)
    opened = [(tile.level, tile.number) for tile in edge.open_tiles()]
    assert opened
    for at in opened:
        hashes = stored[at]
        for changed in (b"", hashes[:-1], hashes[HASH_SIZE:], hashes + bytes(HASH_SIZE), bytes(len(hashes)),
                        hashes[:-1] + bytes([hashes[-1] ^ 1])):  # fmt: skip
            with pytest.raises(Tampered) as caught:
                loaded(size, stored | {at: changed}, edge.peaks())
            assert caught.value.check == 9


def test_a_copy_goes_its_own_way():
    edge, _ = grown(300)
    copy, root = edge.copy(), edge.root()
    copy.extend(LEAVES[:400])
    assert (edge.size, edge.root()) == (300, root)
    edge.extend(LEAVES[:400])
    assert edge.root() == copy.root()
    assert edge.open == copy.open


def test_nothing_added_changes_nothing():
    edge, _ = grown(300)
    root = edge.root()
    assert edge.extend([]) == []
    assert (edge.size, edge.root()) == (300, root)

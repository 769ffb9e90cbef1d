"""The tree, its proofs and its tiles: against RFC 6962's own definition, others' vectors, and every small size."""

import base64
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import Misuse, Tampered
from ledger.merkle import proofs, tiles, tree
from ledger.merkle.tree import Frontier

THIRD_PARTY = json.loads((Path(__file__).parents[1] / "vectors/thirdparty/merkle/proofs.json").read_text())

KNOWN_LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
KNOWN_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
FROM_NOTHING = {"additional/size1-is-zero-and-size2-is-not-zero"}
LARGEST = 40
LEAVES = [tree.leaf_hash(index.to_bytes(8, "big")) for index in range(LARGEST)]


def rfc_root(leaves):
    """RFC 6962 section 2.1, word for word: slow, and written without a look at the code under test."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + rfc_root(leaves[:split]) + rfc_root(leaves[split:])).digest()


ROOTS = [rfc_root(LEAVES[:size]) for size in range(LARGEST + 1)]


def read(level, index):
    """Complete subtrees only: one that reaches past the end of the leaves is an error of the caller."""
    start, end = index << level, (index + 1) << level
    assert end <= LARGEST
    return rfc_root(LEAVES[start:end])


def reader_below(size):
    """A reader that fails where a proof for `size` asks for a leaf beyond it."""

    def read_below(level, index):
        assert (index + 1) << level <= size
        return read(level, index)

    return read_below


def flipped(digest, bit=4):
    return bytes([digest[0] ^ 1 << bit]) + digest[1:]


def mutations(path):
    """Every proof that is one small change away."""
    junk = hashlib.sha256(b"junk").digest()
    for place in range(len(path)):
        yield path[:place] + path[place + 1 :]
        yield [*path[:place], flipped(path[place]), *path[place + 1 :]]
        yield [*path[:place], path[place][:31], *path[place + 1 :]]
        yield [*path[:place], path[place] + b"\x00", *path[place + 1 :]]
        yield [*path[:place], path[place], *path[place:]]
        for other in range(place):
            swapped = list(path)
            swapped[place], swapped[other] = swapped[other], swapped[place]
            yield swapped
    yield [*path, junk]
    yield [junk, *path]


def test_single_hashes():
    assert tree.EMPTY_ROOT.hex() == KNOWN_ROOTS[0]
    assert tree.leaf_hash(b"").hex() == KNOWN_ROOTS[1]
    assert tree.leaf_hash(b"L123456").hex() == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    assert tree.node_hash(b"N123", b"N456").hex() == "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"


@pytest.mark.parametrize("size", range(9))
def test_known_roots(size):
    leaves = [tree.leaf_hash(data) for data in KNOWN_LEAVES[:size]]
    assert tree.tree_root(leaves).hex() == KNOWN_ROOTS[size]


def test_seventy_thousand_leaves_and_their_tiles():
    leaves = [tree.leaf_hash(index.to_bytes(8, "big")) for index in range(70_000)]
    assert tree.tree_root(leaves).hex() == "0759167a0f98e35e802d46ff7c7d29d2c3f03a63a256deb6abbff357a91b63b1"
    above = [tree.tree_root(leaves[at : at + 256]) for at in range(0, 69_888, 256)]
    top = [tree.tree_root(above[:256])]
    rows = [leaves, above, top]
    reader = tiles.subtree_reader(lambda level, index: b"".join(rows[level][index * 256 : index * 256 + 256]))
    for index in (0, 1, 255, 256, 65_535, 65_536, 69_887, 69_888, 69_999):
        path = proofs.inclusion_proof(index, 70_000, reader)
        proofs.check_inclusion(index, 70_000, leaves[index], path, tree.tree_root(leaves))
    for old in (1, 255, 256, 257, 65_536, 65_537, 69_888, 69_999):
        path = proofs.consistency_proof(old, 70_000, reader)
        proofs.check_consistency(old, 70_000, path, tree.tree_root(leaves[:old]), tree.tree_root(leaves))
    digests = [hashlib.sha256(b"".join(row)).hexdigest() for row in (leaves[:256], leaves[69_888:], above[256:])]
    assert digests == [
        "20cd0859c7fb4ae9eeac1d244887e6f9342d86ce0b1a1c7bb244915d3d0dc971",
        "c7ebb1581fb37d08e8c14ef23ce02ebd07d79d783b6515c740d8b9f566ef0289",
        "4fd210567f39abfd6af3acd3f895698cbaaf1b83bd764f98d7d81f431454aa54",
    ]
    assert top[0].hex() == "bc9bca909516d5bf148c2bf2dea0a0d9f717ce4987d2fe7504d6694363b41598"


@given(st.lists(st.integers(0, 9), max_size=12))
def test_a_frontier_does_not_care_how_leaves_arrive(steps):
    frontier, done = Frontier(), 0
    for step in steps:
        taken = LEAVES[done : done + step]
        if step == 1 and taken:
            frontier.append(taken[0])
        else:
            frontier.extend(taken)
        done += len(taken)
        assert frontier.size == done
        assert frontier.root() == ROOTS[done]
        levels = [level for level in reversed(range(6)) if done >> level & 1]
        assert frontier.peaks == tuple(read(level, (done >> level) - 1) for level in levels)


@pytest.mark.parametrize("size", range(LARGEST + 1))
def test_a_frontier_survives_being_stored(size):
    frontier = Frontier()
    frontier.extend(LEAVES[:size])
    again = Frontier.from_bytes(size, frontier.to_bytes())
    twin = again.copy()
    again.append(LEAVES[0])
    assert twin.root() == ROOTS[size]
    assert again.root() == rfc_root([*LEAVES[:size], LEAVES[0]])


@pytest.mark.parametrize(
    ("size", "length"), [(1, 0), (0, 32), (3, 32), (3, 63), (3, 96), (4, 64), (-1, 32), (2**53, 32)]
)
def test_a_frontier_of_the_wrong_length_is_refused(size, length):
    with pytest.raises(Tampered):
        Frontier.from_bytes(size, bytes(length))


def test_only_hashes_are_leaves():
    frontier = Frontier()
    for wrong in (b"", bytes(31), bytes(33)):
        with pytest.raises(Misuse):
            frontier.append(wrong)
        with pytest.raises(Misuse):
            frontier.extend([LEAVES[0], wrong])
        with pytest.raises(Misuse):
            Frontier(1, [wrong])
    with pytest.raises(Misuse):
        Frontier(2, [LEAVES[0], LEAVES[1]])
    assert frontier.root() == tree.EMPTY_ROOT


@pytest.mark.parametrize("size", range(1, LARGEST + 1))
def test_inclusion_of_every_leaf(size):
    for index in range(size):
        path = proofs.inclusion_proof(index, size, reader_below(size))
        proofs.check_inclusion(index, size, LEAVES[index], path, ROOTS[size])
        with pytest.raises(Tampered):
            proofs.check_inclusion(index, size, flipped(LEAVES[index]), path, ROOTS[size])
        with pytest.raises(Tampered):
            proofs.check_inclusion(index, size, LEAVES[index], path, flipped(ROOTS[size]))
        for other in {*range(size), size, size + 1, -1} - {index}:
            with pytest.raises(Tampered):
                proofs.check_inclusion(other, size, LEAVES[index], path, ROOTS[size])
        for wrong in mutations(path):
            with pytest.raises(Tampered):
                proofs.check_inclusion(index, size, LEAVES[index], wrong, ROOTS[size])


@pytest.mark.parametrize("size", range(1, LARGEST + 1))
def test_consistency_with_every_older_tree(size):
    for old in range(1, size):
        path = proofs.consistency_proof(old, size, reader_below(size))
        proofs.check_consistency(old, size, path, ROOTS[old], ROOTS[size])
        for first, second in (
            (flipped(ROOTS[old]), ROOTS[size]),
            (ROOTS[old], flipped(ROOTS[size])),
            (ROOTS[size], ROOTS[old]),
            (ROOTS[old], ROOTS[old]),
            (ROOTS[size], ROOTS[size]),
        ):
            with pytest.raises(Tampered):
                proofs.check_consistency(old, size, path, first, second)
        for wrong in mutations(path):
            with pytest.raises(Tampered):
                proofs.check_consistency(old, size, wrong, ROOTS[old], ROOTS[size])
        with pytest.raises(Tampered):
            proofs.check_consistency(size, old, path, ROOTS[size], ROOTS[old])


def test_consistency_at_the_ends():
    """Equal sizes, and nothing: the two cases in which an empty proof is the right one."""
    for size in range(LARGEST + 1):
        assert proofs.consistency_proof(size, size, read) == proofs.consistency_proof(0, size, read) == []
        proofs.check_consistency(size, size, [], ROOTS[size], ROOTS[size])
        proofs.check_consistency(0, size, [], ROOTS[0], ROOTS[size])
        for proof in ([LEAVES[0]], [ROOTS[size]]):
            with pytest.raises(Tampered):
                proofs.check_consistency(size, size, proof, ROOTS[size], ROOTS[size])
            with pytest.raises(Tampered):
                proofs.check_consistency(0, size, proof, ROOTS[0], ROOTS[size])
        with pytest.raises(Tampered):
            proofs.check_consistency(size, size, [], ROOTS[size], flipped(ROOTS[size]))
        with pytest.raises(Tampered):
            proofs.check_consistency(0, size, [], flipped(ROOTS[0]), ROOTS[size])
    with pytest.raises(Tampered):
        proofs.check_consistency(0, 0, [], LEAVES[0], LEAVES[0])


def test_known_proofs():
    leaves = [tree.leaf_hash(data) for data in KNOWN_LEAVES]

    def read_known(level, index):
        return rfc_root(leaves[index << level : (index + 1) << level])

    assert [base64.b64encode(digest).decode() for digest in proofs.inclusion_proof(4, 7, read_known)] == [
        "QnGia+DYqE8L1UyMMC58s6O10fpngKQLzOKHNHfatlg=",
        "sIaT7C5yFZcTBkHoIR5+7cy0wmQTlj7ubB4u0W/7Gl8=",
        "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=",
    ]
    last = "837dbb152e9b079010717e84e865da4ebc0fa198a806d59d31bf15accef22d0e"
    assert [digest.hex() for digest in proofs.consistency_proof(3, 7, read_known)] == [
        "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
        "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        last,
    ]
    assert [digest.hex() for digest in proofs.consistency_proof(4, 7, read_known)] == [last]
    assert [digest.hex() for digest in proofs.consistency_proof(6, 8, read_known)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


def test_a_proof_alone_does_not_bind_the_size():
    """Not a wish but a fact to build on: sizes must come with their roots, from one checkpoint."""
    path = proofs.inclusion_proof(4, 7, read)
    proofs.check_inclusion(4, 8, LEAVES[4], path, ROOTS[7])
    with pytest.raises(Tampered):
        proofs.check_inclusion(4, 8, LEAVES[4], path, ROOTS[8])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (5, 4), (-1, 4), (0, 2**53)])
def test_no_proof_outside_the_tree(index, size):
    with pytest.raises(Misuse):
        proofs.inclusion_proof(index, size, read)
    with pytest.raises(Tampered):
        proofs.check_inclusion(index, size, LEAVES[0], [], LEAVES[0])


def test_no_consistency_with_a_younger_tree():
    for old, size in ((5, 4), (-1, 4), (0, 2**53)):
        with pytest.raises(Misuse):
            proofs.consistency_proof(old, size, read)
        with pytest.raises(Tampered):
            proofs.check_consistency(old, size, [], ROOTS[0], ROOTS[0])


def test_a_long_proof_is_refused_before_any_work(monkeypatch):
    monkeypatch.setattr(proofs, "node_hash", None)
    long = [LEAVES[0]] * 54
    with pytest.raises(Tampered, match="at most 53"):
        proofs.check_inclusion(0, 2**53 - 1, LEAVES[0], long, ROOTS[1])
    with pytest.raises(Tampered, match="at most 53"):
        proofs.check_consistency(1, 2**53 - 1, long, ROOTS[1], ROOTS[2])


def test_the_longest_proofs_fit():
    """The limit is not one short: leaf 0 of the largest tree has 53 hashes above it. (A consistency proof can have one
    more than an inclusion proof, so it reaches 53 at 2**52 leaves.)
    """
    for size, old in ((2**53 - 1, 1), (2**52, 3)):
        assert len(proofs.inclusion_proof(0, size, lambda level, index: LEAVES[0])) == (size - 1).bit_length()
        assert len(proofs.consistency_proof(old, size, lambda level, index: LEAVES[0])) == 53


@pytest.mark.parametrize("vector", THIRD_PARTY["inclusion"], ids=lambda vector: vector["file"])
def test_others_inclusion_vectors(vector):
    leaf, root = base64.b64decode(vector["leafHash"] or ""), base64.b64decode(vector["root"] or "")
    path = [base64.b64decode(digest) for digest in vector["proof"] or []]
    if vector["wantErr"]:
        with pytest.raises(Tampered):
            proofs.check_inclusion(vector["leafIdx"], vector["treeSize"], leaf, path, root)
    else:
        proofs.check_inclusion(vector["leafIdx"], vector["treeSize"], leaf, path, root)


@pytest.mark.parametrize("vector", THIRD_PARTY["consistency"], ids=lambda vector: vector["file"])
def test_others_consistency_vectors(vector):
    """Equal judgement but for m = 0: transparency-dev/merkle refuses every proof from nothing, C2SP's witnesses accept
    the empty one (and so do we) if the old root is the empty tree's.
    """
    old, size = vector["size1"], vector["size2"]
    first, second = (base64.b64decode(vector[name] or "") for name in ("root1", "root2"))
    path = [base64.b64decode(digest) for digest in vector["proof"] or []]
    if vector["wantErr"] and vector["file"] not in FROM_NOTHING:
        with pytest.raises(Tampered):
            proofs.check_consistency(old, size, path, first, second)
    else:
        proofs.check_consistency(old, size, path, first, second)


def test_others_vectors_are_all_there():
    assert len(THIRD_PARTY["inclusion"]) == len(THIRD_PARTY["consistency"]) == 98
    wanted = [vector["wantErr"] for kind in ("inclusion", "consistency") for vector in THIRD_PARTY[kind]]
    assert wanted.count(False) >= 10


@pytest.mark.parametrize(
    ("index", "path"),
    [
        (0, "000"),
        (255, "255"),
        (999, "999"),
        (1000, "x001/000"),
        (1234067, "x001/x234/067"),
        (123456789, "x123/x456/789"),
        (1000000000, "x001/x000/x000/000"),
    ],
)
def test_tile_paths(index, path):
    assert tiles.tile_path(0, index) == f"tile/0/{path}"
    assert tiles.tile_path(63, index, 7) == f"tile/63/{path}.p/7"


@pytest.mark.parametrize(("level", "index", "width"), [(-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)])
def test_no_such_tile(level, index, width):
    with pytest.raises(Misuse):
        tiles.tile_path(level, index, width)


@pytest.mark.parametrize("data", [b"", bytes(31), bytes(33), bytes(32 * 4), bytes(32 * 257), bytes(32 * 5 + 1)])
def test_a_short_or_ragged_tile_is_tampered(data):
    reader = tiles.subtree_reader(lambda level, index: data)
    with pytest.raises(Tampered):
        reader(0, 4)
    with pytest.raises(Tampered):
        reader(3, 0)


def test_a_tile_is_read_once():
    asked = []

    def read_tile(level, index):
        asked.append((level, index))
        return b"".join(LEAVES)

    reader = tiles.subtree_reader(read_tile)
    for level in range(6):
        for index in range(LARGEST >> level):
            assert reader(level, index) == read(level, index)
    assert asked == [(0, 0)]

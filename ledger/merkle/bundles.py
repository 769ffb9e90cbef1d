"""Entry bundles: the 256 entries under one tile of level 0, each after its length (c2sp.org/tlog-tiles).

bundle = 1*256( uint16 big-endian length || entry )
"""

from collections.abc import Sequence
from itertools import chain
from struct import Struct
from typing import Final

from ledger.errors import Misuse, Tampered
from ledger.merkle.tiles import TILE, numbered

ENTRY_LIMIT: Final = 65_535
"""Most bytes of an entry: what the length before it can say."""

BUNDLE_LIMIT: Final = TILE * (2 + ENTRY_LIMIT)
"""Most bytes of a bundle."""

_length: Final = Struct(">H").pack


def bundle_path(index: int, width: int = TILE) -> str:
    """The address of a bundle, `tile/entries/<N>[.p/<W>]`; index and width are those of its tile of level 0."""
    return f"tile/entries/{numbered(index, width)}"


def write_bundle(entries: Sequence[bytes]) -> bytes:
    """The bytes of a bundle of 1 to 256 entries. Raises Misuse for more, or for an entry that is too long."""
    if not 1 <= len(entries) <= TILE or max(map(len, entries)) > ENTRY_LIMIT:
        raise Misuse(f"no bundle of {len(entries)} entries, or one of them is too long", code="bundle")
    return b"".join(chain.from_iterable(zip(map(_length, map(len, entries)), entries, strict=True)))


def read_bundle(data: bytes, width: int = TILE) -> list[bytes]:
    """The entries of a bundle, exactly `width` of them, whose lengths use it up. Raises Tampered for all else."""
    entries: list[bytes] = []
    at = 0
    end = len(data)
    for _ in range(width):
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        if start > end or at > end:
            raise Tampered(f"ends within entry {len(entries)} of {width}", code="bundle", check=5)
        entries.append(data[start:at])
    if at != end:
        raise Tampered(f"has {end - at:,} bytes after its {width} entries", code="bundle", check=5)
    return entries

"""Entries that a partial bundle leaves out: their leaves stand in their places (FORMAT.md section 15).

["<leaf>"]                       an entry outside of the batches that matter here
["<leaf>","<statement hash>"]    a later member of a batch of which another entry is here
"""

import re
from itertools import groupby
from typing import Final, NamedTuple

from ledger.store import Row

_LINE: Final = re.compile(rb'\["([0-9a-f]{64})"(?:,"([0-9a-f]{64})")?\]')


class Omitted(NamedTuple):
    """The leaf of an entry that is not here, and the hash of its statement where a batch needs that (else empty)."""

    leaf: bytes
    statement: bytes


def read_omitted(data: bytes) -> Omitted | None:
    """Return what stands in the place of an entry; None where that is not its one form."""
    found = _LINE.fullmatch(data)
    return Omitted(bytes.fromhex(found[1].decode()), bytes.fromhex((found[2] or b"").decode())) if found else None


def write_omitted(omitted: Omitted) -> bytes:
    """Return the line without its LF."""
    second = f',"{omitted.statement.hex()}"' if omitted.statement else ""
    return f'["{omitted.leaf.hex()}"{second}]'.encode()


def runs(rows: list[Row]) -> list[tuple[list[Row], list[Omitted]]]:
    """Return rows in runs, each of entries or of what stands for some; the other half of a pair is empty."""
    read = [(row, read_omitted(row.data)) for row in rows]
    found = []
    for here, run in groupby(read, key=lambda pair: pair[1] is None):
        pairs = list(run)
        found.append(([row for row, _ in pairs] if here else [], [one for _, one in pairs if one is not None]))
    return found

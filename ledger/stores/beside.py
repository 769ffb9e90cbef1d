"""What lies beside a published log that C2SP has no place for: `ledger/<size>/`, for the checkpoint of that size.

    ledger/<size>/checkpoints              kept checkpoints: a JSON string a line, each a whole signed note
    ledger/<size>/anchors                  time-stamps: a JSON object a line, bytes in base64 (FORMAT.md section 10a)
    ledger/<size>/disclosures/<N>          values of sealed fields, if they were chosen: up to 256 texts, a line each

Everything may be missing: then less is checked, and sealed values stay sealed. A reader ignores other names.
"""

import json
from collections.abc import Iterable, Iterator
from itertools import count, islice
from typing import Final

import msgspec

from ledger.disclosures import TEXT_LIMIT
from ledger.errors import LedgerError, Tampered
from ledger.merkle.tiles import TILE, numbered
from ledger.notes.note import parse_note
from ledger.notes.treehead import parse_checkpoint
from ledger.shapes import learn
from ledger.store import Anchor
from ledger.stores.source import Sink, Source

FOLDER: Final = "ledger"
_KEPT_LIMIT: Final = 256 * 2**20  # bytes; some 70,000 checkpoints with both signatures
_TEXTS_LIMIT: Final = TILE * (TEXT_LIMIT + 1)


class _Anchor(msgspec.Struct, forbid_unknown_fields=True):
    """An `Anchor` as it stands in a line."""

    number: int
    kind: str
    size: int
    event: bytes
    imprinted: bytes
    token: bytes
    proofs: bytes


learn(_Anchor)


def write_beside(
    sink: Sink, size: int, kept: Iterable[bytes], anchors: Iterable[Anchor], disclosures: Iterable[str]
) -> int:
    """Write all of it for a checkpoint of `size`, in the place of what is there; return the number of disclosures."""
    notes = "".join(json.dumps(note.decode()) + "\n" for note in kept)
    sink.replace(f"{FOLDER}/{size}/checkpoints", notes.encode())
    stamps = b"".join(msgspec.json.encode(_Anchor(*anchor)) + b"\n" for anchor in anchors)
    sink.replace(f"{FOLDER}/{size}/anchors", stamps)
    texts, written = iter(disclosures), 0
    sink.remove(f"{FOLDER}/{size}/disclosures")  # what was erased, or is not chosen any more
    for index in count():
        lines = list(islice(texts, TILE))
        if not lines:
            return written
        sink.replace(f"{FOLDER}/{size}/disclosures/{numbered(index)}", ("\n".join(lines) + "\n").encode())
        written += len(lines)
    raise AssertionError


def remove_beside(sink: Sink, size: int, before: int) -> None:
    """Remove what lay beside other checkpoints than that of `size`; of the one before it, only disclosed values.

    A reader may be at work on the one before; but a value that was erased since is not to be found beside it.
    """
    for name in sink.names(FOLDER):
        if name == str(before) != str(size):
            sink.remove(f"{FOLDER}/{name}/disclosures")
        elif name.isdigit() and name != str(size):
            sink.remove(f"{FOLDER}/{name}")


def read_kept(source: Source, size: int) -> list[tuple[int, bytes]]:
    """Return (size, note) of the kept checkpoints; raise `Tampered` (C2) where they have another form."""
    path = f"{FOLDER}/{size}/checkpoints"
    data = source.fetch(path, _KEPT_LIMIT)
    kept = []
    try:
        for line in _lines(data, _KEPT_LIMIT):
            note = json.loads(line)
            if not isinstance(note, str):
                raise _malformed(path)
            kept.append((parse_checkpoint(parse_note(note.encode()).text).size, note.encode()))
    except (ValueError, RecursionError, LedgerError):
        raise _malformed(path) from None
    return kept


def read_anchors(source: Source, size: int) -> list[Anchor]:
    """Return the published time-stamps, oldest first; raise `Tampered` (C22) where they have another form."""
    path = f"{FOLDER}/{size}/anchors"
    data = source.fetch(path, _KEPT_LIMIT)
    try:
        read = [msgspec.json.decode(line, type=_Anchor) for line in _lines(data, _KEPT_LIMIT)]
    except (ValueError, RecursionError, msgspec.MsgspecError):
        raise _malformed(path, 22) from None
    return [Anchor(*msgspec.structs.astuple(one)) for one in read]


def read_disclosures(source: Source, size: int) -> Iterator[str]:
    """Yield the published disclosure texts; raise `Tampered` (C20) where they have another form."""
    for index in count():
        path = f"{FOLDER}/{size}/disclosures/{numbered(index)}"
        data = source.fetch(path, _TEXTS_LIMIT)
        if data is None:
            return
        try:
            lines = [line.decode("ascii") for line in _lines(data, _TEXTS_LIMIT)]
        except ValueError:
            lines = []
        if not 1 <= len(lines) <= TILE:
            raise _malformed(path, 20)
        yield from lines
        if len(lines) < TILE:
            return


def _lines(data: bytes | None, limit: int) -> list[bytes]:
    if not data:
        return []
    if len(data) > limit or not data.endswith(b"\n"):
        raise ValueError
    return data[:-1].split(b"\n")


def _malformed(path: str, check: int = 2) -> Tampered:
    return Tampered(f"{path} has another form than it must", "get it again", code="beside", check=check)

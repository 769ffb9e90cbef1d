"""Time-stamps in a bundle: a line each in timestamps.jsonl, token, imprinted bytes and proofs as files of their own."""

import json
from collections.abc import Callable, Iterable
from typing import Final

from ledger import encoding
from ledger.errors import LedgerError, Tampered
from ledger.store import Anchor

LIST: Final = "timestamps.jsonl"
TOKEN_LIMIT: Final = 1 << 18
IMPRINTED_LIMIT: Final = 1 << 18
PROOFS_LIMIT: Final = 1 << 26
COUNT_LIMIT: Final = 20_000
_LINE_LIMIT: Final = 256


def write_stamps(anchors: Iterable[Anchor]) -> dict[str, bytes]:
    """Return the files that hold time-stamps, by name; none where there are no stamps."""
    files: dict[str, bytes] = {}
    lines = b""
    for one in anchors:
        said = {"event": encoding.id_text(one.event), "kind": one.kind, "number": one.number, "size": one.size}
        lines += encoding.reencode(said) + b"\n"
        home = f"timestamps/{one.number}/"
        files |= {f"{home}token.der": one.token, f"{home}imprinted": one.imprinted, f"{home}proofs.pem": one.proofs}
    return {LIST: lines, **files} if files else {}


def read_stamps(small: Callable[[str, int], bytes]) -> list[Anchor]:
    """Return the time-stamps; raise `Tampered` (C22) where they are in another form. `small` reads a file, bounded."""
    return [_read(line, number, small) for number, line in enumerate(_lines(small), 1)]


def _lines(small: Callable[[str, int], bytes]) -> list[bytes]:
    data = small(LIST, COUNT_LIMIT * _LINE_LIMIT)
    if data and not data.endswith(b"\n"):
        raise _bad()
    return data.split(b"\n")[:-1]


def _read(line: bytes, number: int, small: Callable[[str, int], bytes]) -> Anchor:
    home = f"timestamps/{number}/"
    try:
        said = encoding.decode(line, _LINE_LIMIT)
        event = encoding.id_bytes(said["event"]) if encoding.is_id(said["event"]) else b""
        right = said.keys() == {"event", "kind", "number", "size"} and said["kind"] in ("checkpoint", "rehash")
        if not (event and right and said["number"] == number and type(said["size"]) is int and said["size"] >= 0):
            raise _bad()
    except (LedgerError, LookupError, TypeError, json.JSONDecodeError):
        raise _bad() from None
    return Anchor(
        number,
        said["kind"],
        said["size"],
        event,
        small(f"{home}imprinted", IMPRINTED_LIMIT),
        small(f"{home}token.der", TOKEN_LIMIT),
        small(f"{home}proofs.pem", PROOFS_LIMIT),
    )


def _bad() -> Tampered:
    return Tampered("timestamps.jsonl has another form than it must", code="token", check=22)

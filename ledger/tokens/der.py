"""DER (ITU-T X.690), as far as time-stamp tokens need it: one form, definite lengths, bounds. Written and read."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from ledger.errors import Misuse

LIMIT: Final = 1 << 18
"""Most bytes of a token or an answer. Real ones have 2 to 12 KB."""
_CHILDREN: Final = 4_096

INTEGER: Final = 0x02
OCTETS: Final = 0x04
OID: Final = 0x06
TIME: Final = 0x18
SEQUENCE: Final = 0x30
SET: Final = 0x31
EXPLICIT_0: Final = 0xA0
EXPLICIT_1: Final = 0xA1


class Node(NamedTuple):
    """One value: its tag, its contents, and all of its bytes."""

    tag: int
    body: bytes
    whole: bytes

    def children(self) -> list["Node"]:
        """Return what a constructed value holds, in order."""
        return list(_walk(self.body))

    def text(self) -> str:
        """Return an object identifier in dotted form."""
        if self.tag != OID or not self.body or self.body[-1] & 0x80 or len(self.body) > 64:
            raise bad("an object identifier is expected")
        arcs, value = [], 0
        for byte in self.body:
            value = value << 7 | byte & 0x7F
            if not byte & 0x80:
                arcs.append(value)
                value = 0
        first = min(arcs[0] // 40, 2)
        return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))

    def number(self) -> int:
        """Return an integer."""
        if self.tag != INTEGER or not 0 < len(self.body) <= 64:
            raise bad("an integer is expected")
        return int.from_bytes(self.body, "big", signed=True)


def read(data: bytes) -> Node:
    """Return the one value that `data` holds; raise `Misuse` for any other bytes."""
    if len(data) > LIMIT:
        raise bad(f"{len(data):,} bytes; the limit is {LIMIT:,}")
    nodes = list(_walk(data))
    if len(nodes) != 1:
        raise bad("one value is expected")
    return nodes[0]


def _walk(data: bytes) -> Iterator[Node]:
    at = count = 0
    while at < len(data):
        count += 1
        start, tag = at, data[at]
        if tag & 0x1F == 0x1F or at + 2 > len(data) or count > _CHILDREN:
            raise bad("it ends early, or has tags of no use here")
        length, at = data[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(data[at : at + size], "big"), at + size
            if not 1 <= size <= 4 or length < 0x80 or length >> (8 * (size - 1)) == 0:
                raise bad("a length is not in its shortest form")
        if at + length > len(data):
            raise bad("it ends early")
        yield Node(tag, data[at : at + length], data[start : at + length])
        at += length


def write(tag: int, *parts: bytes) -> bytes:
    """Return a value with `parts` as its contents."""
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes((tag, len(body))) + body
    size = (len(body).bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + len(body).to_bytes(size, "big") + body


def write_number(value: int) -> bytes:
    """Return a whole number that is not negative."""
    return write(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def write_oid(dotted: str) -> bytes:
    """Return an object identifier."""
    first, second, *rest = map(int, dotted.split("."))
    body = bytearray()
    for arc in (40 * first + second, *rest):
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.append(arc & 0x7F | 0x80)
        body += bytes(reversed(digits))
    return write(OID, bytes(body))


def bad(why: str) -> Misuse:
    """Return the error for bytes that are not what they should be."""
    return Misuse(f"not a time-stamp: {why}", "ask for it again", code="token")

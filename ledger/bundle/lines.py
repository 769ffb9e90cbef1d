"""Files of lines, each ended by one LF, read in flat memory whatever they hold."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Line(NamedTuple):
    """A line without its LF, where it begins, and whether it had one. Longer than allowed: its first bytes only."""

    at: int
    data: bytes
    ended: bool


def read_lines(parts: Iterable[bytes], limit: int) -> Iterator[Line]:
    """Yield the lines in `parts`; of one over `limit` bytes, `limit` + 1: enough to see that it is too long."""
    begun, at, start = b"", 0, 0  # of the line that is being read: its first bytes, all its bytes so far, its place
    for part in parts:
        *ended, rest = part.split(b"\n")
        for piece in ended:
            yield Line(start, (begun + piece)[: limit + 1], ended=True)
            start += at + len(piece) + 1
            begun, at = b"", 0
        begun, at = (begun + rest)[: limit + 1], at + len(rest)
    if at:
        yield Line(start, begun, ended=False)

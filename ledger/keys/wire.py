"""The binary form that all of OpenSSH is written in (RFC 4251 section 5): `string` is a uint32 length, then bytes."""

from typing import Final

STRING_LIMIT: Final = 65_536


class Malformed(ValueError):
    """Bytes that are not what they should be. Never leaves `ledger.keys`: its callers say whose fault it is."""


def strings(*parts: bytes) -> bytes:
    """Return each part as a `string`, joined."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


class Reader:
    """Reads a buffer from its start; every read is bounded by what is there and by `STRING_LIMIT`."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes; raise `Malformed` where there are fewer."""
        end = self._at + size
        if end > len(self._data):
            raise Malformed("it ends early")
        found, self._at = self._data[self._at : end], end
        return found

    def uint32(self) -> int:
        """Return the next four bytes as a number."""
        return int.from_bytes(self.take(4), "big")

    def string(self) -> bytes:
        """Return the next `string`."""
        size = self.uint32()
        if size > STRING_LIMIT:
            raise Malformed(f"a part of it says it is {size:,} bytes long")
        return self.take(size)

    def left(self) -> int:
        """Return how many bytes are left."""
        return len(self._data) - self._at

    def end(self) -> None:
        """Raise `Malformed` where something is left."""
        if self._at != len(self._data):
            raise Malformed("something follows its end")

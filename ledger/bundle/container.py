"""The ZIP file of a bundle, in its one form (FORMAT.md section 15): stored, nothing between, every field fixed.

A header holds nothing that does not follow from names, sizes and CRCs. So the reader takes these from the central
directory, writes all headers anew, and compares: links, devices, encryption, a name that differs in the two places,
bytes before, between or behind, a size that is a lie, all fail in one comparison.
"""

import os
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from typing import BinaryIO, Final, NamedTuple

from ledger.errors import Misuse, Unavailable

FILES_LIMIT: Final = 65_534
DIRECTORY_LIMIT: Final = 16 * 2**20
CHUNK: Final = 1 << 20
LARGE: Final = 0xFFFFFFFF  # sizes and offsets from here on stand in a ZIP64 field

_LOCAL: Final = struct.Struct("<4s5H3I2H")
_CENTRAL: Final = struct.Struct("<4s6H3I5H2I")
_END: Final = struct.Struct("<4s4H2IH")
_END_64: Final = struct.Struct("<4sQ2H2I4Q")
_LOCATOR_64: Final = struct.Struct("<4sIQI")
_DATE: Final = 0x0021  # 1980-01-01 00:00, the first that a ZIP file can say
_MODE: Final = 0o100644 << 16  # a regular file
_UNIX: Final = 3 << 8


class Member(NamedTuple):
    """A file in the container: where its header begins, how long it is, its CRC-32."""

    name: str
    start: int
    size: int
    crc: int

    @property
    def data_start(self) -> int:
        """Where its bytes begin."""
        return self.start + len(local_header(self))

    @property
    def end(self) -> int:
        """Where the next header begins."""
        return self.data_start + self.size


def local_header(member: Member) -> bytes:
    """Return what stands before a member's bytes (APPNOTE 4.3.7)."""
    name, large = member.name.encode(), member.size >= LARGE
    extra = struct.pack("<2H2Q", 1, 16, member.size, member.size) if large else b""
    size = LARGE if large else member.size
    fields = (b"PK\3\4", 45 if large else 10, 0, 0, 0, _DATE, member.crc, size, size, len(name), len(extra))
    return _LOCAL.pack(*fields) + name + extra


def _central_header(member: Member) -> bytes:
    """Return a member's row of the central directory (APPNOTE 4.3.12)."""
    name = member.name.encode()
    large, far = member.size >= LARGE, member.start >= LARGE
    wide = [member.size, member.size] if large else []
    wide += [member.start] if far else []
    extra = struct.pack(f"<2H{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
    version, size = 45 if wide else 10, LARGE if large else member.size
    fields = (b"PK\1\2", _UNIX | version, version, 0, 0, 0, _DATE, member.crc, size, size, len(name), len(extra))
    return _CENTRAL.pack(*fields, 0, 0, 0, _MODE, LARGE if far else member.start) + name + extra


def directory(members: list[Member]) -> bytes:
    """Return everything behind the last member's bytes (APPNOTE 4.3.12 to 4.3.16)."""
    rows = b"".join(map(_central_header, members))
    start, count = members[-1].end if members else 0, len(members)
    far = start >= LARGE
    end = _END.pack(b"PK\5\6", 0, 0, count, count, len(rows), LARGE if far else start, 0)
    if not far:
        return rows + end
    fields = (b"PK\6\6", _END_64.size - 12, _UNIX | 45, 45, 0, 0, count, count, len(rows), start)
    return rows + _END_64.pack(*fields) + _LOCATOR_64.pack(b"PK\6\7", 0, start + len(rows), 1) + end


# ---- writing ----


class Written(NamedTuple):
    """What was written of a member: its size in bytes and its SHA-256 (hex)."""

    name: str
    size: int
    digest: str


class ContainerWriter:
    """Writes members one after another into an empty file that can be sought in; `close` writes the directory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._members: list[Member] = []
        self.written: list[Written] = []

    def add(self, name: str, parts: Iterable[bytes], *, size: int = 0) -> None:
        """Write a member from the `parts` of its bytes. `size` needs to be right where it is 4 GiB or more."""
        start = self._file.tell()
        room = Member(name, start, size, 0)
        self._file.write(local_header(room))
        length, crc, digest = 0, 0, sha256()
        for part in parts:
            self._file.write(part)
            length, crc = length + len(part), zlib.crc32(part, crc)
            digest.update(part)
        member = Member(name, start, length, crc)
        if member.data_start != room.data_start:
            raise Misuse(f"{name} changed while it was read", "export again", code="changed")
        end = self._file.tell()
        self._file.seek(start)
        self._file.write(local_header(member))
        self._file.seek(end)
        self._members.append(member)
        self.written.append(Written(name, length, digest.hexdigest()))

    def close(self) -> None:
        """Write the directory: until then the file is no container."""
        self._file.write(directory(self._members))
        self._file.flush()
        os.fsync(self._file.fileno())


# ---- reading ----


def read_container(file: BinaryIO, is_name: Callable[[str], bool]) -> list[Member]:
    """Return the members of a container whose every byte outside of them is as `ContainerWriter` writes it.

    Names are those that `is_name` allows, each once. Raises `Misuse` for all else.
    """
    size = file.seek(0, os.SEEK_END)
    if _read(file, 0, 4) != b"PK\3\4":
        raise _bad("it does not begin as one", "name the file that ledger export wrote")
    start = _directory_start(file, size)
    if not 0 < size - start <= DIRECTORY_LIMIT:
        raise _bad("its directory is too large, or none")
    tail = _read(file, start, size - start)
    members = list(_members(tail, is_name))
    if directory(members) != tail or members[-1].end != start:
        raise _bad("its directory is not in the one form: something was put in, taken out or changed")
    for member in members:
        header = local_header(member)
        if _read(file, member.start, len(header)) != header:
            raise _bad(f"{member.name} is not where, or not what, the directory says")
    return members


def _directory_start(file: BinaryIO, size: int) -> int:
    end = _read(file, size - _END.size, _END.size) if size >= _END.size else b""
    if not end.startswith(b"PK\5\6"):
        raise _bad("it ends early, or something stands behind its end", "copy it again; compare: sha256sum")
    start: int = _END.unpack(end)[6]
    if start < LARGE:
        return start
    before = _LOCATOR_64.size + _END_64.size
    wide = _read(file, size - _END.size - before, _END_64.size)
    start = _END_64.unpack(wide)[9] if wide.startswith(b"PK\6\6") else LARGE
    if start < LARGE:
        raise _bad("a ZIP64 field that is not needed")
    return start


def _members(tail: bytes, is_name: Callable[[str], bool]) -> Iterator[Member]:
    """Yield what the directory's rows say of names, sizes and CRCs; places follow from them."""
    at = start = count = 0
    seen = set()
    while tail.startswith(b"PK\1\2", at):
        if at + _CENTRAL.size > len(tail) or count == FILES_LIMIT:
            raise _bad("its directory is cut, or has too many files")
        fields = _CENTRAL.unpack_from(tail, at)
        crc, size, length, extra = fields[7], fields[9], fields[10], fields[11]
        at += _CENTRAL.size
        name, wide = tail[at : at + length].decode("ascii", "replace"), tail[at + length : at + length + extra]
        if size == LARGE and len(wide) >= 12:
            size = int.from_bytes(wide[4:12], "little")
        if not is_name(name) or name in seen:
            raise _bad(f"a file {name[:100]!r}, none of a bundle's, or there twice. Do not unpack it by hand")
        seen.add(name)
        member = Member(name, start, size, crc)
        yield member
        at, start, count = at + length + extra, member.end, count + 1
    if not count:
        raise _bad("there are no files in it")


def read_member(file: BinaryIO, member: Member, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
    """Yield a member's bytes, or those from `start` to `stop`, in parts."""
    end = member.size if stop is None else min(stop, member.size)
    for at in range(start, end, CHUNK):
        yield _read(file, member.data_start + at, min(CHUNK, end - at))


def _read(file: BinaryIO, at: int, length: int) -> bytes:
    """Read at a place of its own, so that several may read at once."""
    data = os.pread(file.fileno(), length, at)
    if len(data) != length and at:
        raise Unavailable("the bundle became shorter while it was read", "copy it again", code="shrunk")
    return data


def _bad(why: str, fix: str = "ask for the bundle again; keep this one as it is") -> Misuse:
    return Misuse(f"not a ledger's bundle: {why}", fix, code="bundle")

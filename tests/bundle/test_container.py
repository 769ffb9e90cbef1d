"""ZIP files that are no bundles, by strangers: both readers refuse each, before anything in it is used."""

import io
import os
import random
import struct
import zipfile

import pytest

from ledger.bundle import container, contents
from ledger.bundle.container import ContainerWriter, Member, directory, local_header, read_container
from ledger.errors import Misuse
from ledger.stores.opening import open_read_only
from tests.bundle.packing import both, plain_zip
from tests.reference.second import SECOND


def own(files):
    """A container in the one form, of any names."""
    out = io.BytesIO()
    members = []
    for name, data in files:
        member = Member(name, out.tell(), len(data), container.zlib.crc32(data))
        out.write(local_header(member) + data)
        members.append(member)
    return out.getvalue() + directory(members)


@pytest.fixture
def refused(tmp_path):
    def check(data, words=""):
        path = tmp_path / "x.zip"
        path.write_bytes(data)
        assert both(path) == ("MISUSE", None, None)
        with path.open("rb") as file:
            with pytest.raises(Misuse) as raised:
                read_container(file, contents.is_name)
            assert raised.value.exit_code == 2
            assert raised.value.fix
            assert words in raised.value.message
            with pytest.raises(SECOND.Misuse):
                SECOND.open_bundle(file)

    return check


NAMES = [
    "../x", "/etc/passwd", "C:\\x", "a\\..\\b", "evidence/../../x", "ENTRIES.jsonl", "Entries.jsonl", "entries.jsonl/",
    "entries.jsonl\0", "entries.jsonl ", "evil.py", "", ".", "evidence/", "evidence/ABC", "schemas/../x.json", "con",
    "evidence/" + "g" * 64, "\x1b[2J", "entries.jsonl\n", "e\u0301", "timestamps/0/token.der", "a" * 60_000,
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:20])
def test_a_name_that_is_none_of_a_bundles(bundle, refused, name):
    files = sorted({**bundle.files, name: b"x"}.items())
    refused(own([(one, data) for one, data in files if one.isascii()] if name.isascii() else [(name, b"x")]))


def test_a_name_twice(bundle, refused):
    files = list(bundle.files.items())
    refused(own([*files, ("entries.jsonl", b"")]), "twice")


def test_what_other_programs_write(bundle, refused):
    refused(plain_zip(bundle.files))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("entries.jsonl", b"0" * 10_000_000)
    refused(out.getvalue())


def test_bytes_before_between_and_behind(bundle, refused):
    data = bundle.path.read_bytes()
    second = data.index(b"PK\3\4", 4)
    refused(b"#!/bin/sh\n" + data)
    refused(data + b"\0")
    refused(data[:second] + b"\0" * 8 + data[second:])
    refused(data + data)
    refused(data[:-2] + b"\5\0hello")


def test_cut_at_any_place(bundle, refused):
    data, dice = bundle.path.read_bytes(), random.Random(5)
    for at in [0, 1, 3, 4, 21, 22, 30, len(data) - 1, len(data) - 22, *(dice.randrange(len(data)) for _ in range(40))]:
        refused(data[:at])


FIELDS = {  # of a local header, and of a row of the directory
    "version needed": (4, 6), "flags: encrypted": (6, 8), "method": (8, 10), "time": (10, 12), "date": (12, 14),
    "crc": (14, 16), "compressed size": (18, 20), "size": (22, 24), "length of the name": (26, 28),
    "length of the extra field": (28, 30),
}  # fmt: skip


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("where", [0, 1], ids=["local", "directory"])
def test_a_field_of_a_header(bundle, refused, field, where):
    data = bytearray(bundle.path.read_bytes())
    start = data.index((b"PK\3\4", b"PK\1\2")[where])
    data[start + FIELDS[field][where]] ^= 1
    refused(bytes(data))


ALONE = {"made by": 4, "comment": 32, "disk": 34, "internal": 36, "mode": 38, "link": 41, "offset": 42}


@pytest.mark.parametrize("field", ALONE)
def test_a_field_of_the_directory_alone(bundle, refused, field):
    """Who made it, comment, disk, attributes: 38 to 41 is where a link, a device or a program would stand."""
    data = bytearray(bundle.path.read_bytes())
    start = data.index(b"PK\1\2")
    data[start + ALONE[field]] ^= 0x20
    refused(bytes(data))


@pytest.mark.parametrize("at", range(4, 22))
def test_a_field_of_the_end(bundle, refused, at):
    data = bytearray(bundle.path.read_bytes())
    data[len(data) - 22 + at] ^= 1
    refused(bytes(data))


def test_another_name_in_the_local_header(bundle, refused):
    data = bundle.path.read_bytes()
    at = data.index(local_header(Member("README.txt", 0, 0, 0))[-10:], data.index(b"PK\3\4", 4))
    refused(data[:at] + b"readme.txt" + data[at + 10 :], "README.txt")


def test_a_directory_in_another_order(bundle, refused):
    data = bundle.path.read_bytes()
    start = data.index(b"PK\1\2")
    second, third = (data.index(b"PK\1\2", start + at) for at in (4, 100))
    refused(data[:start] + data[second:third] + data[start:second] + data[third:])


def test_overlapping_files(bundle, refused):
    """Two rows of the directory that name the same bytes: how a small file unpacks to a large one."""
    data = bundle.path.read_bytes()
    start = data.index(b"PK\1\2")
    with bundle.path.open("rb") as file:
        members = read_container(file, contents.is_name)
    again = members[3]._replace(name="evidence/" + "a" * 64)
    refused(data[:start] + directory([*members[:4], again, *members[4:]]))


def test_too_many_files(refused):
    rows = [Member(f"evidence/{at:064x}", 0, 0, 0) for at in range(65_600)]
    members, start = [], 0
    for row in rows:
        members.append(row._replace(start=start))
        start = members[-1].end
    body = b"".join(map(local_header, members))
    central = b"".join(map(container._central_header, members))
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, len(rows) & 0xFFFF, len(rows) & 0xFFFF, len(central), start, 0)
    refused(body + central + end)


@pytest.mark.parametrize("name", ["entries.jsonl", "checkpoint", "MANIFEST"])
def test_without_a_file_that_must_be(bundle, tmp_path, name):
    files = [one for one in bundle.files.items() if one[0] != name]
    (tmp_path / "x.zip").write_bytes(own(files))
    assert both(tmp_path / "x.zip").verdict == "MISUSE"


def test_over_4_gib_and_only_then_zip64(tmp_path):
    """A file with a hole of 5 GiB: the two readers, and Python's own, read what we write."""
    path, big = tmp_path / "big.zip", 5 << 30
    first = Member("entries.jsonl", 0, big, 0)
    second = Member("evidence/" + "0" * 64, first.end, 3, container.zlib.crc32(b"abc"))
    with path.open("wb") as file:
        file.write(local_header(first))
        file.truncate(second.start)
        file.seek(second.start)
        file.write(local_header(second) + b"abc" + directory([first, second]))
    with path.open("rb") as file:
        assert read_container(file, contents.is_name) == [first, second]
        file.seek(second.end)
        files = SECOND.read_directory(file.read())
        assert [(one.header, one.start, one.size) for one in files.values()] == [
            (one.start, one.data_start, one.size) for one in (first, second)
        ]
        assert SECOND.directory(files) == directory([first, second])
        assert SECOND.local_header("entries.jsonl", big, 0) == local_header(first)
    with zipfile.ZipFile(path) as opened:
        assert [one.file_size for one in opened.infolist()] == [big, 3]
        assert opened.read(second.name) == b"abc"


def test_zip64_where_it_is_not_needed(bundle, refused):
    data = bundle.path.read_bytes()
    start = data.index(b"PK\1\2")
    end = len(data) - 22
    count = struct.unpack_from("<H", data, end + 8)[0]
    wide = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 813, 45, 0, 0, count, count, end - start, start)
    wide += struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
    last = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, end - start, 0xFFFFFFFF, 0)
    refused(data[:end] + wide + last)


def test_what_is_no_file_at_all(tmp_path):
    for path in (tmp_path, tmp_path / "none.zip"):
        assert both(path).verdict == "MISUSE"


def test_a_writer_whose_file_grew_says_so(tmp_path):
    with (tmp_path / "x.zip").open("wb") as file, pytest.raises(Misuse) as raised:
        ContainerWriter(file).add("entries.jsonl", [b"abc"], size=5 << 30)
    assert raised.value.code == "changed"


def test_random_bytes_are_refused(refused):
    dice = random.Random(3)
    for size in (0, 1, 22, 100, 5_000):
        refused(b"PK\3\4" + dice.randbytes(size))
        refused(b"PK\3\4" + dice.randbytes(size) + b"PK\5\6" + bytes(12) + struct.pack("<IH", size, 0))


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "p")
    assert both(tmp_path / "p").verdict == "MISUSE"
    with pytest.raises(Misuse):
        open_read_only(str(tmp_path / "p"))

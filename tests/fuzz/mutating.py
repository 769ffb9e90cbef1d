"""Bytes made of good examples: cut, doubled, spliced, with words that break parsers, and JSON changed as a tree."""

import json
from random import Random
from typing import Any

WORDS = [
    b"", b"\n", b"\r\n", b"\n\n", b" ", b"\t", b"\0", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", "\u2014 ".encode(),
    "\u202e".encode(), "é".encode(), b"e\xcc\x81", b"[", b"{", b"]", b"}", b"[" * 2000, b'{"a":' * 2000, b'"', b"\\", b"\\ud800",
    b"\\u0000", b"null", b"true", b"NaN", b"Infinity", b"-0", b"-1", b"0", b"00", b"1e400", b"1E5", b"1.0", b"0.1e-400",
    b"9007199254740991", b"9007199254740992", b"18446744073709551616", b"9" * 400, b"9" * 5000, b"=", b"==", b"+", b"/",
    b"..", b"../x", b"/etc/passwd", b"%00", b"%", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", b"\x80" * 20, b"\xff\xff\xff\xff",
    b"\x00\x00\x00\x00", b"\x7f\xff\xff\xff", b"PK\x03\x04", b"PK\x05\x06", b"A" * 65_536,
]  # fmt: skip
LONG = 1 << 21  # what grows beyond is cut: the bounds of all parsers but a bundle's are far below
VALUES: list[Any] = [None, True, 0, -1, 1, 2**53 - 1, 2**53, 0.5, 1e300, "", "a", "\ud7ff", "\U0010ffff", [], {}, [[]], {"": {}}]


def mutate(data: bytes, others: list[bytes], chooser: Random) -> bytes:
    """Return `data` changed in one to a few places."""
    if data[:1] in (b"{", b"[") and chooser.random() < 0.5:
        data = _tree(data, chooser)
        if chooser.random() < 0.6:
            return data
    for _ in range(chooser.choice((1, 1, 1, 2, 3, 8))):
        data = chooser.choice(_WAYS)(data, others, chooser)[:LONG]
    return data


def _place(data: bytes, chooser: Random) -> int:
    return chooser.randrange(len(data) + 1)


def _flip(data: bytes, _others: list[bytes], chooser: Random) -> bytes:
    at = _place(data, chooser)
    return data[:at] + bytes(byte ^ (1 << chooser.randrange(8)) for byte in data[at : at + 1]) + data[at + 1 :]


def _byte(data: bytes, _others: list[bytes], chooser: Random) -> bytes:
    at = _place(data, chooser)
    return data[:at] + bytes((chooser.randrange(256),)) + data[at + 1 :]


def _insert(data: bytes, _others: list[bytes], chooser: Random) -> bytes:
    at = _place(data, chooser)
    return data[:at] + chooser.choice(WORDS) + data[at:]


def _replace(data: bytes, _others: list[bytes], chooser: Random) -> bytes:
    at = _place(data, chooser)
    return data[:at] + chooser.choice(WORDS) + data[at + chooser.choice((1, 2, 4, 8, 32)) :]


def _delete(data: bytes, _others: list[bytes], chooser: Random) -> bytes:
    at = _place(data, chooser)
    return data[:at] + data[at + chooser.choice((1, 2, 3, 8, 64, 1024)) :]


def _cut(data: bytes, _others: list[bytes], chooser: Random) -> bytes:
    return data[: _place(data, chooser)]


def _double(data: bytes, _others: list[bytes], chooser: Random) -> bytes:
    at = _place(data, chooser)
    part = data[at : at + chooser.choice((1, 8, 64, 1024))]
    return data[:at] + part * chooser.choice((2, 3, 100)) + data[at:]


def _splice(data: bytes, others: list[bytes], chooser: Random) -> bytes:
    other = chooser.choice(others)
    return data[: _place(data, chooser)] + other[_place(other, chooser) :]


def _lines(data: bytes, others: list[bytes], chooser: Random) -> bytes:
    lines, other = data.split(b"\n"), chooser.choice(others).split(b"\n")
    at, way = chooser.randrange(len(lines)), chooser.randrange(4)
    if way == 0:
        del lines[at]
    elif way == 1:
        lines[at:at] = [lines[at]] * chooser.choice((1, 2, 40))
    elif way == 2:
        lines.insert(at, chooser.choice(other))
    else:
        to = chooser.randrange(len(lines))
        lines[at], lines[to] = lines[to], lines[at]
    return b"\n".join(lines)


def _number(data: bytes, _others: list[bytes], chooser: Random) -> bytes:
    """Put another number in the place of one of four or eight bytes, as lengths stand in ZIP, DER and SSH."""
    at, size = _place(data, chooser), chooser.choice((1, 2, 4, 8))
    number = chooser.choice((0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 2**31, 2**32 - 1, 2**63, len(data), chooser.getrandbits(16)))
    return data[:at] + (number % 256**size).to_bytes(size, chooser.choice(("big", "little"))) + data[at + size :]


_WAYS = (_flip, _byte, _insert, _replace, _delete, _cut, _double, _splice, _lines, _number)


def _tree(data: bytes, chooser: Random) -> bytes:
    """Change a JSON value as a tree, and write it in the one form: what gets past the form reaches what is behind it."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return data
    for _ in range(chooser.choice((1, 1, 2, 4))):
        value = _change(value, chooser)
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        return data


def _change(value: Any, chooser: Random) -> Any:
    if isinstance(value, dict) and value and chooser.random() < 0.85:
        key = chooser.choice(list(value))
        way = chooser.random()
        if way < 0.1:
            return {name: item for name, item in value.items() if name != key}
        if way < 0.2:
            return {**value, chooser.choice(("", "a", "log", "batch", "rev", key.upper(), key + "_")): value[key]}
        return {**value, key: _change(value[key], chooser)}
    if isinstance(value, list) and value and chooser.random() < 0.85:
        at, way = chooser.randrange(len(value)), chooser.random()
        if way < 0.15:
            return value[:at] + value[at + 1 :]
        if way < 0.3:
            return value[:at] + [value[at]] * chooser.choice((2, 3, 70)) + value[at + 1 :]
        return [*value[:at], _change(value[at], chooser), *value[at + 1 :]]
    if isinstance(value, str) and value and chooser.random() < 0.6:
        at = chooser.randrange(len(value))
        return value[:at] + chooser.choice(("", "A", "0", "f", "=", "é", "/", value[: at + 1], " ")) + value[at + 1 :]
    if type(value) is int and chooser.random() < 0.6:
        return value + chooser.choice((-1, 1, 256, 2**53))
    return chooser.choice(VALUES)

"""FORMAT.md section 1, writing: the one spelling of a JSON value. It writes what it is told, also what is forbidden."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

ESCAPES = {"\t": "\\t", "\n": "\\n", '"': '\\"', "\\": "\\\\"}


def number(x: float) -> str:
    """Shortest digits (CPython's repr has them), in the page's spelling and not in repr's."""
    mantissa, _, power = repr(abs(x)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(power or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    sign = "-" if x < 0 else ""
    if not digits:
        return "0.0"
    if 1e-5 <= abs(x) < 1e16:
        if point <= 0:
            return f"{sign}0.{'0' * -point}{digits}"
        return f"{sign}{digits[:point].ljust(point, '0')}.{digits[point:] or '0'}"
    return f"{sign}{digits[0]}{'.' if digits[1:] else ''}{digits[1:]}e{point - 1}"


def text(value: str) -> str:
    return '"' + "".join(ESCAPES.get(c, c) for c in value) + '"'


def spell(value: Any) -> str:
    if isinstance(value, dict):
        keys = sorted(value, key=lambda k: k.encode())
        return "{" + ",".join(f"{text(k)}:{spell(value[k])}" for k in keys) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(spell(v) for v in value) + "]"
    if isinstance(value, str):
        return text(value)
    if isinstance(value, float):
        return number(value)
    return (
        {True: "true", False: "false", None: "null"}[value]
        if value is None or value is True or value is False
        else str(value)
    )


def write(value: Any) -> bytes:
    return spell(value).encode()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def leaf(data: bytes) -> bytes:
    """Leaf hash of an entry, statement hash of a statement: SHA-256(00 || bytes)."""
    return sha(b"\0", data)


def root(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, as it stands there."""
    if not leaves:
        return sha()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha(b"\1", root(leaves[:split]), root(leaves[split:]))


def disclosure(salt: bytes, place: str, value: Any) -> tuple[str, dict[str, str]]:
    """The disclosure text and the commitment that stands in the statement (section 10)."""
    shown = b64url(write([b64url(salt), place, value]))
    return shown, {"sealed": b64url(sha(shown.encode()))}

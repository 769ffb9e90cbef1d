"""A look for passwords and private keys in what is about to be written for ever."""

import re
from typing import Any, Final

from ledger.errors import Misuse
from ledger.events.check import step

# Looked for in the encoded data first, in C: most data hold none of these, and are not walked. Before each its rarest
# byte: one byte is looked for ten times as fast.
_HINTS: Final = (
    (b"/", b"://"), (b"V", b"PRIVATE KEY"), (b"w", b"assw"), (b"W", b"ASSW"), (b"c", b"ecret"), (b"C", b"ECRET"),
    (b"k", b"oken"), (b"K", b"OKEN"), (b"y", b"pi_key"), (b"Y", b"PI_KEY"),
)  # fmt: skip
_PASSWORD_IN_URL: Final = re.compile(r"://[^/@\s:]*:[^/@\s]+@")
_NAMES: Final = re.compile(r"(?:^|_)(?:password|passwd|secret|token|api_key|private_key)$", re.IGNORECASE)


def check_secrets(encoded: bytes, data: dict[str, Any], path: str) -> None:
    """Raise `Misuse` where `data` hold a URL with a password, a private key, or text under a name such as `token`.

    `encoded` is `data` as JSON. Entries are never removed: what was written once is known to every reader.
    """
    if hinted(encoded):
        _walk(data, path)


def hinted(encoded: bytes) -> bool:
    """Whether something in JSON text may be a secret."""
    return any([byte in encoded and hint in encoded for byte, hint in _HINTS])  # noqa: C419 - faster


def _walk(value: Any, path: str) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            below = step(path, key)
            if isinstance(item, str) and item and _NAMES.search(key):
                raise _secret(below, "is named like one")
            _walk(item, below)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _walk(item, f"{path}[{index}]")
    elif isinstance(value, str):
        if _PASSWORD_IN_URL.search(value):
            raise _secret(path, "holds a password")
        if "PRIVATE KEY-----" in value:
            raise _secret(path, "holds a private key")


def _secret(path: str, what: str) -> Misuse:
    shown = what if what.startswith("holds") else f"holds a secret, by its name ({what})"
    return Misuse(
        f"{path} {shown}; entries are never removed",
        "leave it out; none? allow_secret=True",
        code="secret",
        where=path,
    )

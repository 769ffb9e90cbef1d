"""Asking a time-stamping authority (RFC 3161 section 3.4, HTTP)."""

import os
import urllib.error
import urllib.request
from typing import Final

from ledger.errors import Misuse, Unavailable
from ledger.tokens import der
from ledger.tokens.exchange import read_answer, write_request
from ledger.tokens.token import Token

TIMEOUT: Final = 30.0


def ask(url: str, data: bytes, *, hash: str = "sha256") -> Token:
    """Return a token over `data` from the authority at `url`. Only a hash leaves the house.

    Raises `Unavailable` where it cannot be reached or refuses, `Misuse` where its answer is not a token for this.
    """
    nonce = int.from_bytes(os.urandom(8), "big")
    headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
    answer = fetch(url, der.LIMIT, write_request(data, nonce, hash), headers)
    try:
        return read_answer(answer, data, nonce)
    except Misuse as error:
        raise Misuse(f"{_shown(url)}: {error.message}", error.fix, code="tsa_answer") from None


def fetch(url: str, limit: int, body: bytes | None = None, headers: dict[str, str] | None = None) -> bytes:
    """Return what an address answers, in at most `limit` bytes; `Misuse` for no address, `Unavailable` else."""
    if not url.startswith(("http://", "https://")):
        raise Misuse(f"{_shown(url)} is no address of a time-stamping authority", "http:// or https://", code="tsa")
    request = urllib.request.Request(url, body, headers or {})  # noqa: S310 - the scheme was looked at
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
            data: bytes = answer.read(limit + 1)
    except urllib.error.HTTPError as error:
        error.close()
        raise _away(url, f"answers {error.code}") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "reason", error)
        raise _away(url, f"cannot be reached: {why}") from None
    if len(data) > limit:
        raise _away(url, f"answers more than {limit:,} bytes")
    return data


def _away(url: str, why: str) -> Unavailable:
    return Unavailable(f"{_shown(url)} {why}; nothing was stamped", "try again, or --tsa another one", code="tsa")


def _shown(url: str) -> str:
    """Return an address without what may be a password in it."""
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"

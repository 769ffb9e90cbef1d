"""What is sent to a time-stamping authority and what it answers (RFC 3161 section 2.4), as bytes."""

import hashlib
from typing import Final

from ledger.errors import Misuse, Unavailable
from ledger.tokens import der
from ledger.tokens.token import OIDS, Token

_WHY: Final = {2: "refused", 3: "asks to wait", 4: "warns of a revocation", 5: "tells of a revocation"}


def write_request(data: bytes, nonce: int, hash: str = "sha256") -> bytes:
    """Return a request for a token over `data`: only its hash is sent. Certificates are asked for."""
    algorithm = der.write(der.SEQUENCE, der.write_oid(OIDS[hash]), b"\x05\x00")
    imprint = der.write(der.SEQUENCE, algorithm, der.write(der.OCTETS, hashlib.new(hash, data).digest()))
    return der.write(der.SEQUENCE, der.write_number(1), imprint, der.write_number(nonce), b"\x01\x01\xff")


def read_answer(answer: bytes, data: bytes, nonce: int) -> Token:
    """Return the token of an answer, if it is one for `data` and `nonce`.

    Raises `Unavailable` where the authority did not give one, `Misuse` where what it gave is none or another one.
    """
    parts = der.read(answer).children()
    status = parts[0].children() if parts and parts[0].tag == der.SEQUENCE else []
    if not status:
        raise der.bad("the answer has no status")
    if (number := status[0].number()) not in (0, 1):
        words = b" ".join(node.body for text in status[1:2] for node in text.children()).decode("utf-8", "replace")
        why = f"the time-stamping authority {_WHY.get(number, f'answers {number}')}"
        raise Unavailable(f"{why}: {words[:200]}" if words else why, "try again, or ask another one", code="tsa")
    if len(parts) != 2:
        raise der.bad("the answer has no token")
    token = Token(parts[1].whole)
    if not token.fits(data):
        raise Misuse("the token is not one for these bytes", "ask another authority", code="token")
    if token.nonce != nonce:
        raise Misuse("the token is an answer to another question (nonce)", "ask again", code="token")
    return token


def wrap(token: bytes) -> bytes:
    """Return a token as an answer that grants it, the form that `openssl ts -verify -in` reads."""
    return der.write(der.SEQUENCE, der.write(der.SEQUENCE, der.write_number(0)), token)

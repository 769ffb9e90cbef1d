"""Asking a time-stamping authority (RFC 3161 section 3.4, HTTP), and fetching the revocation lists it names."""

import os
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Final

from ledger.errors import Misuse, Unavailable
from ledger.tokens import der
from ledger.tokens.exchange import read_answer, write_request
from ledger.tokens.token import Token, reading

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, CertificateRevocationList

TIMEOUT: Final = 30.0
LIST_LIMIT: Final = 1 << 20  # a revocation list that is kept with a token; larger ones are left out


def ask(url: str, data: bytes, *, hash: str = "sha256") -> Token:
    """Return a token over `data` from the authority at `url`. Only a hash leaves the house.

    Raises `Unavailable` where it cannot be reached or refuses, `Misuse` where its answer is not a token for this.
    """
    nonce = int.from_bytes(os.urandom(8), "big")
    headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
    answer = _fetch(url, der.LIMIT, write_request(data, nonce, hash), headers)
    try:
        return read_answer(answer, data, nonce)
    except Misuse as error:
        raise Misuse(f"{_shown(url)}: {error.message}", error.fix, code="tsa_answer") from None


def fetch_lists(certificates: "list[Certificate]") -> "list[CertificateRevocationList]":
    """Return the revocation lists that the certificates name and that can be had now; what cannot is left out."""
    from cryptography import x509

    found = []
    for url in dict.fromkeys(url for certificate in certificates for url in _points(certificate)):
        try:
            data = _fetch(url, LIST_LIMIT)
            with reading(der.bad):
                pem = data.startswith(b"-----")
                found.append(x509.load_pem_x509_crl(data) if pem else x509.load_der_x509_crl(data))
        except (Misuse, Unavailable):
            continue
    return found


def _points(certificate: "Certificate") -> list[str]:
    from cryptography import x509

    try:
        with reading(der.bad):
            points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except (x509.ExtensionNotFound, Misuse):
        return []
    names = [
        name for point in points for name in point.full_name or () if isinstance(name, x509.UniformResourceIdentifier)
    ]
    return [name.value for name in names if name.value.startswith(("http://", "https://"))]


def _fetch(url: str, limit: int, body: bytes | None = None, headers: dict[str, str] | None = None) -> bytes:
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

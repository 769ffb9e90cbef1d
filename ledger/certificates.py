"""Certificates: what an actor vouches for beside the log, signed, in a DSSE envelope (FORMAT.md section 4).

A certificate's body is JSON in the one form whose `certificate` says which; the payload type keeps it apart from a
statement.
"""

from typing import Any, Final, NamedTuple

import msgspec

from ledger import encoding
from ledger.encoding import CERTIFICATE_TYPE, b64decode, b64encode
from ledger.errors import LedgerError, Misuse, Tampered
from ledger.keys.credential import Credential, Signer, verify_signatures
from ledger.shapes import learn

LIMIT: Final = 65_536


class _Signature(msgspec.Struct, forbid_unknown_fields=True):
    keyid: str
    sig: str


class _Envelope(msgspec.Struct, forbid_unknown_fields=True):
    payloadType: str  # noqa: N815 - the DSSE envelope's own words
    payload: str
    signatures: list[_Signature]


learn(_Envelope)


class Certificate(NamedTuple):
    """What was signed: the fields of the body, its bytes, the signatures in the credential's order."""

    body: dict[str, Any]
    signed: bytes
    signatures: tuple[bytes, ...]


def write_certificate(kind: str, fields: dict[str, Any], actor: str, signer: Signer) -> bytes:
    """Return a certificate as a file: the body says which `kind` it is, the fields, and whose credential signed."""
    body = encoding.encode({**fields, "actor": actor, "key": signer.credential.id, "certificate": kind}, "certificate")
    signatures = signer.sign(CERTIFICATE_TYPE, body)
    signed = [
        _Signature(key.id, b64encode(signature))
        for key, signature in zip(signer.credential.keys, signatures, strict=True)
    ]
    return msgspec.json.format(msgspec.json.encode(_Envelope(CERTIFICATE_TYPE, b64encode(body), signed))) + b"\n"


def read_certificate(data: bytes) -> Certificate:
    """Return what a certificate's file says, unjudged; raise `Misuse` for a file that is none."""
    if len(data) > LIMIT:
        raise _bad(f"{len(data):,} bytes, the limit is {LIMIT:,}")
    try:
        envelope = msgspec.json.decode(data, type=_Envelope)
        signed = b64decode(envelope.payload)
        body = encoding.decode(signed)
        signatures = tuple(b64decode(one.sig) for one in envelope.signatures)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise _bad(str(error)) from None
    except LedgerError as error:
        raise _bad(error.message) from None
    if envelope.payloadType != CERTIFICATE_TYPE or not isinstance(body.get("certificate"), str):
        raise _bad("another payload type, or no word of what it is")
    return Certificate(body, signed, signatures)


def check_certificate(certificate: Certificate, credential: Credential) -> None:
    """Raise `Tampered` unless every key of `credential` signed it."""
    if certificate.body.get("key") != credential.id:
        raise Tampered("the certificate is signed by another key", "ledger key list", code="certificate", check=13)
    verify_signatures(credential, CERTIFICATE_TYPE, certificate.signed, certificate.signatures)


def _bad(why: str) -> Misuse:
    return Misuse(
        f"this is no certificate: {why}", "the file that ledger migrate wrote", code="certificate"
    )

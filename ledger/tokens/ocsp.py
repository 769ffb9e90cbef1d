"""OCSP responses (RFC 6960) as evidence that is kept: what a responder said of a certificate, and whether it may.

A response is asked for once, kept beside the token, and read years later: there is no nonce and no network here.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from ledger.encoding import time_text
from ledger.tokens import der
from ledger.tokens.der import bad

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from cryptography.x509.ocsp import OCSPResponse, OCSPSingleResponse

_BEGIN: Final = b"-----BEGIN OCSP RESPONSE-----"
_END: Final = b"-----END OCSP RESPONSE-----"
_WEAK: Final = ("sha1", "md5")
_LINE: Final = 64
_MANY: Final = 256  # responses in one text, and certificates that one of them speaks of
# What a critical extension of a response may be: a nonce says that it is fresh, to who asked.
_KNOWN: Final = ("OCSPNonce",)


class Said(NamedTuple):
    """What a responder says of one certificate: revoked since then ("": it is good), why, and from when to when.

    `until`: when it says more at the latest ("": at any time).
    """

    revoked: str
    reason: str
    time: str
    until: str

    def tells(self, time: str) -> bool:
        """Whether it tells of that time: nothing newer was due, or it is itself as new."""
        return max(self.until, self.time) >= time


def read_answers(pem: bytes) -> "list[OCSPResponse]":
    """Return the OCSP responses in a PEM text, in order; raise `Misuse` for blocks that are none."""
    from cryptography.x509 import ocsp

    found: list[OCSPResponse] = []
    for part in pem.split(_BEGIN)[1:]:
        block, end, _ = part.partition(_END)
        try:
            data = base64.b64decode(b"".join(block.split()), validate=True)
        except (ValueError, binascii.Error):
            data = b""
        if not end or not data or len(found) == _MANY:
            raise bad("an OCSP response is cut short or no base64")
        found.append(ocsp.load_der_ocsp_response(data))
    return found


def write_answer(data: bytes) -> bytes:
    """Return a response (DER) as PEM."""
    text = base64.b64encode(data)
    lines = [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
    return b"\n".join([_BEGIN, *lines, _END, b""])


def said_of(certificate: "Certificate", issuer: "Certificate", answers: "list[OCSPResponse]") -> Iterator[Said]:
    """Yield what responders that `issuer` lets speak say of a certificate; `unknown` is nothing that is said."""
    from cryptography.x509 import ocsp

    for answer in answers:
        if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL or not _may_speak(answer, issuer):
            continue
        for number, one in enumerate(answer.responses):
            if number == _MANY:
                break
            status = one.certificate_status
            if not _is_about(one, certificate, issuer) or status is ocsp.OCSPCertStatus.UNKNOWN:
                continue
            until = one.next_update_utc
            since, reason = one.revocation_time_utc, one.revocation_reason
            yield Said(
                time_text(since) if since is not None else "", reason.name if reason is not None else "unspecified",
                time_text(one.this_update_utc), time_text(until) if until is not None else "",
            )  # fmt: skip


def _is_about(one: "OCSPSingleResponse", certificate: "Certificate", issuer: "Certificate") -> bool:
    """Whether a single response names the certificate: its number, and hashes of its issuer's name and key."""
    if one.serial_number != certificate.serial_number:
        return False
    hash = one.hash_algorithm.name
    name = hashlib.new(hash, issuer.subject.public_bytes()).digest()
    return (one.issuer_name_hash, one.issuer_key_hash) == (name, hashlib.new(hash, _key_bits(issuer)).digest())


def _key_bits(certificate: "Certificate") -> bytes:
    """Return a certificate's public key as OCSP hashes it: the bits alone, without algorithm, tag and length."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    info = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return der.read(info).children()[1].body[1:]


# ---- who may speak for an authority (RFC 6960 section 4.2.2.2) ----


def _may_speak(answer: "OCSPResponse", issuer: "Certificate") -> bool:
    """Whether a response is signed by the authority itself, or by a certificate that it issued for just that."""
    weak = answer.signature_hash_algorithm
    if weak is not None and weak.name in _WEAK:
        return False
    if any(one.critical and type(one.value).__name__ not in _KNOWN for one in answer.extensions):
        return False
    speakers = [issuer, *(one for one in answer.certificates[:_MANY] if _is_named(one, issuer, answer))]
    return any(_is_responder(one, answer) and _signed(one, answer) for one in speakers)


def _is_responder(certificate: "Certificate", answer: "OCSPResponse") -> bool:
    """Whether a response names this certificate as its responder's: by its subject, or by a hash of its key."""
    if answer.responder_name is not None:
        return answer.responder_name == certificate.subject
    return answer.responder_key_hash == hashlib.sha1(_key_bits(certificate)).digest()  # noqa: S324 - a label: RFC 6960


def _is_named(certificate: "Certificate", issuer: "Certificate", answer: "OCSPResponse") -> bool:
    """Whether the authority named a certificate as a responder's, and it was valid when the response was made."""
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.x509.oid import ExtendedKeyUsageOID

    try:
        certificate.verify_directly_issued_by(issuer)
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (InvalidSignature, TypeError, ValueError, x509.ExtensionNotFound):
        return False
    weak = certificate.signature_hash_algorithm
    made = answer.produced_at_utc
    return (
        ExtendedKeyUsageOID.OCSP_SIGNING in usage
        and certificate.not_valid_before_utc <= made <= certificate.not_valid_after_utc
        and (weak is None or weak.name not in _WEAK)
    )


def _signed(certificate: "Certificate", answer: "OCSPResponse") -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

    key, hash = certificate.public_key(), answer.signature_hash_algorithm
    signature, signed = answer.signature, answer.tbs_response_bytes
    try:
        if isinstance(key, ec.EllipticCurvePublicKey) and hash is not None:
            key.verify(signature, signed, ec.ECDSA(hash))
        elif isinstance(key, rsa.RSAPublicKey) and hash is not None:
            key.verify(signature, signed, padding.PKCS1v15(), hash)
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, signed)
        else:
            return False
    except InvalidSignature:
        return False
    return True

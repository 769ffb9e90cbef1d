"""Whether one of the verifier's roots stands behind a certificate, at the time of a token (RFC 5280 section 6)."""

from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from ledger.encoding import parse_time, time_text
from ledger.errors import Misuse
from ledger.tokens import ocsp
from ledger.tokens.token import reading

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, CertificateRevocationList
    from cryptography.x509.ocsp import OCSPResponse

_LONGEST: Final = 8  # certificates of a chain
_WEAK: Final = ("sha1", "md5")
# What a critical extension may be: others could say that the certificate is not meant for this.
_KNOWN: Final = ("BasicConstraints", "KeyUsage", "ExtendedKeyUsage", "CertificatePolicies")
# Revoked for one of these, a certificate's tokens from before stay good (RFC 3161 section 4); for any other, none is.
_HARMLESS: Final = ("affiliation_changed", "superseded", "cessation_of_operation")


class Proofs(NamedTuple):
    """Certificates, revocation lists and OCSP responses from one PEM text. None is trusted for standing there."""

    certificates: "list[Certificate]"
    lists: "list[CertificateRevocationList]"
    answers: "list[OCSPResponse]"

    def joined(self, more: "Proofs") -> "Proofs":
        """Return both, these first."""
        return Proofs(self.certificates + more.certificates, self.lists + more.lists, self.answers + more.answers)


def read_proofs(pem: bytes, source: str) -> Proofs:
    """Return what a PEM text holds, in order; raise `Misuse`, naming `source`, for blocks that cannot be read."""
    from cryptography import x509

    fix = "certificates, CRLs and OCSP responses in PEM"
    with reading(lambda why: Misuse(f"{source}: {why}", fix, code="pem")):
        certificates = x509.load_pem_x509_certificates(pem) if b"-----BEGIN CERTIFICATE-----" in pem else []
        begin, end = b"-----BEGIN X509 CRL-----", b"-----END X509 CRL-----"
        blocks = [begin + part.partition(end)[0] + end + b"\n" for part in pem.split(begin)[1:]]
        return Proofs(certificates, [x509.load_pem_x509_crl(block) for block in blocks], ocsp.read_answers(pem))


def write_proofs(proofs: Proofs) -> bytes:
    """Return certificates, lists and responses as one PEM text."""
    from cryptography.hazmat.primitives.serialization import Encoding

    blocks = [one.public_bytes(Encoding.PEM) for one in proofs.certificates]
    blocks += [one.public_bytes(Encoding.PEM) for one in proofs.lists]
    return b"".join([*blocks, *(ocsp.write_answer(one.public_bytes(Encoding.DER)) for one in proofs.answers)])


def build_chain(
    leaf: "Certificate", others: "list[Certificate]", roots: "list[Certificate]", time: str
) -> "list[Certificate]":
    """Return the chain from `leaf` to one of `roots`, good for time-stamping at `time`.

    A root is trusted because the verifier brought it; `others` are only steps on the way. Raises `Misuse`: code
    `unlisted` where no root is reached, `chain` where something on the way forbids it.
    """
    with reading(_forbidden):
        return _build(leaf, others, roots, time)


def _build(
    leaf: "Certificate", others: "list[Certificate]", roots: "list[Certificate]", time: str
) -> "list[Certificate]":
    check_purpose(leaf)
    chain, moment = [leaf], parse_time(time)
    while chain[-1] not in roots:
        issuer = _issuer(chain[-1], [*roots, *others], chain)
        if issuer is None or len(chain) == _LONGEST:
            raise Misuse(
                f"its authority ({name_of(leaf)}) is under no root of yours",
                "--tsa-root FILE, got from the authority itself",
                code="unlisted",
            )
        chain.append(issuer)
    for depth, certificate in enumerate(chain):
        _check_link(certificate, depth, moment, trusted=depth == len(chain) - 1)
    return chain


def _issuer(
    certificate: "Certificate", candidates: "list[Certificate]", chain: "list[Certificate]"
) -> "Certificate | None":
    from cryptography.exceptions import InvalidSignature

    for candidate in candidates:
        if candidate.subject != certificate.issuer or candidate in chain:
            continue
        try:
            certificate.verify_directly_issued_by(candidate)
        except (InvalidSignature, TypeError, ValueError):
            continue
        return candidate
    return None


def _check_link(certificate: "Certificate", depth: int, moment: datetime, *, trusted: bool) -> None:
    from cryptography import x509

    name = name_of(certificate)
    if not certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc:
        raise _forbidden(f"the certificate of {name} was not valid at the time of the token")
    weak = certificate.signature_hash_algorithm
    if not trusted and weak is not None and weak.name in _WEAK:
        raise _forbidden(f"the certificate of {name} is signed over a {weak.name} hash")
    for extension in certificate.extensions:
        if extension.critical and type(extension.value).__name__ not in _KNOWN:
            raise _forbidden(f"the certificate of {name} demands what is not known here: {extension.oid.dotted_string}")
    if depth == 0:
        return
    extensions = certificate.extensions
    try:
        basic = extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound as missing:
        if not trusted and missing.oid == x509.BasicConstraints.oid:
            raise _forbidden(f"{name} is no certificate authority") from None
        return
    if not basic.ca or not usage or (basic.path_length is not None and basic.path_length < depth - 1):
        raise _forbidden(f"{name} may not issue this certificate")


def check_purpose(leaf: "Certificate") -> None:
    """Raise `Misuse` unless a certificate is for time-stamping alone, and says so critically (RFC 3161 2.3)."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    try:
        usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (x509.ExtensionNotFound, ValueError):
        usage = None
    if usage is None or not usage.critical or list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise _forbidden(f"the certificate of {name_of(leaf)} is not for time-stamping alone, critically")


def check_revocation(chain: "list[Certificate]", proofs: Proofs, time: str) -> bool:
    """Return whether lists or OCSP responses tell of each certificate below the root; `Misuse` where one was revoked.

    A certificate may have been revoked after `time` for a reason that leaves what it signed before as good as it was.
    """
    with reading(_forbidden):
        return all([_is_told(one, issuer, proofs, time) for one, issuer in pairwise(chain)])  # noqa: C419 - each is asked


def _is_told(certificate: "Certificate", issuer: "Certificate", proofs: Proofs, time: str) -> bool:
    told = [one for one in proofs.lists if one.issuer == certificate.issuer and _signed(one, issuer)]
    for one in told:
        entry = one.get_revoked_certificate_by_serial_number(certificate.serial_number)
        if entry is not None:
            _check_revoked(certificate, time_text(entry.revocation_date_utc), _reason(entry), time)
    said = list(ocsp.said_of(certificate, issuer, proofs.answers))
    for answer in said:
        if answer.revoked:
            _check_revoked(certificate, answer.revoked, answer.reason, time)
    return any(_told_after(one, time) for one in told) or any(answer.tells(time) for answer in said)


def _check_revoked(certificate: "Certificate", since: str, reason: str, time: str) -> None:
    if reason not in _HARMLESS or since <= time:
        raise Misuse(
            f"the certificate of {name_of(certificate)} was revoked on {since[:10]} ({reason})",
            "a token of another authority, or an earlier renewal",
            code="revoked",
        )


def _told_after(one: "CertificateRevocationList", time: str) -> bool:
    until = one.next_update_utc
    return until is not None and time_text(until) >= time


def _signed(one: "CertificateRevocationList", issuer: "Certificate") -> bool:
    try:
        return one.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False


def _reason(entry: object) -> str:
    from cryptography import x509

    try:
        return str(entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.name)  # type: ignore[attr-defined]
    except x509.ExtensionNotFound:
        return "unspecified"


def ends(certificate: "Certificate") -> str:
    """Return when a certificate ends."""
    return time_text(certificate.not_valid_after_utc)


def name_of(certificate: "Certificate") -> str:
    """Return whom a certificate is of, in one short text: its common name, else all of its subject."""
    from cryptography.x509 import NameOID

    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value if names else certificate.subject.rfc4514_string())[:80]


def _forbidden(why: str) -> Misuse:
    return Misuse(why, "ask the authority; take another one", code="chain")

"""Fetching what tells whether certificates were revoked: the lists and the OCSP responders that they name."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, TypeVar

from ledger.anchors.rfc3161 import fetch
from ledger.errors import Misuse, Unavailable
from ledger.tokens import der
from ledger.tokens.chain import Proofs
from ledger.tokens.token import reading

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, CertificateRevocationList, GeneralName
    from cryptography.x509.ocsp import OCSPResponse

LIST_LIMIT: Final = 1 << 20  # a revocation list that is kept with a token; larger ones are left out
_OCSP: Final = {"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"}
_Got = TypeVar("_Got")


def fetch_revocation(certificates: "list[Certificate]") -> Proofs:
    """Return what tells today whether the certificates were revoked; what cannot be had now is left out.

    The lists that they name; and of those without such a list, whose issuer is among them, their responders' word.
    """
    urls = dict.fromkeys(url for certificate in certificates for url in _points(certificate))
    lists = [one for url in urls for one in _had(lambda: _list_at(url))]  # noqa: B023 - called at once
    listed = [one.issuer for one in lists]
    answers = [
        answer
        for one in certificates
        for issuer in certificates
        if one.issuer == issuer.subject and one is not issuer and one.issuer not in listed
        for url in _responders(one)
        for answer in _had(lambda: _answer_at(url, one, issuer))  # noqa: B023 - called at once
    ]
    return Proofs([], lists, answers)


def _had(get: Callable[[], _Got]) -> list[_Got]:
    try:
        return [get()]
    except (Misuse, Unavailable):
        return []


def _list_at(url: str) -> "CertificateRevocationList":
    from cryptography import x509

    data = fetch(url, LIST_LIMIT)
    with reading(der.bad):
        return x509.load_pem_x509_crl(data) if data.startswith(b"-----") else x509.load_der_x509_crl(data)


def _answer_at(url: str, certificate: "Certificate", issuer: "Certificate") -> "OCSPResponse":
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509 import ocsp

    request = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, SHA256()).build()
    data = fetch(url, der.LIMIT, request.public_bytes(Encoding.DER), _OCSP)
    with reading(der.bad):
        answer = ocsp.load_der_ocsp_response(data)
    if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise der.bad("the responder does not answer")
    return answer


def _points(certificate: "Certificate") -> list[str]:
    from cryptography import x509

    try:
        with reading(der.bad):
            points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except (x509.ExtensionNotFound, Misuse):
        return []
    return _addresses(name for point in points for name in point.full_name or ())


def _responders(certificate: "Certificate") -> list[str]:
    from cryptography import x509
    from cryptography.x509.oid import AuthorityInformationAccessOID

    try:
        with reading(der.bad):
            places = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, Misuse):
        return []
    return _addresses(one.access_location for one in places if one.access_method == AuthorityInformationAccessOID.OCSP)


def _addresses(names: "Iterable[GeneralName]") -> list[str]:
    from cryptography import x509

    found = [name.value for name in names if isinstance(name, x509.UniformResourceIdentifier)]
    return [url for url in found if url.startswith(("http://", "https://"))]

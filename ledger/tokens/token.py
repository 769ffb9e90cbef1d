"""One RFC 3161 token: a CMS SignedData (RFC 5652) over a TSTInfo, read strictly, its signature checked.

What is checked here needs no trust: that the token speaks of these bytes, in a hash that holds, and that the
certificate it names signed it. Who stands behind that certificate is asked in `chain`.
"""

import hashlib
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from ledger.encoding import time_text
from ledger.errors import Misuse
from ledger.tokens import der
from ledger.tokens.der import EXPLICIT_0, EXPLICIT_1, OCTETS, SEQUENCE, SET, Node, bad

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
TST_INFO: Final = "1.2.840.113549.1.9.16.1.4"
HASHES: Final = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
"""Hashes that a token may use. SHA-1 and MD5 are not among them: such a token is not counted."""
OIDS: Final = {name: oid for oid, name in HASHES.items()}

_CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE: Final = "1.2.840.113549.1.9.16.2.12"  # names it by SHA-1 (RFC 2634)
_SIGNING_CERTIFICATE_V2: Final = "1.2.840.113549.1.9.16.2.47"  # by any hash, SHA-256 if none is named (RFC 5035)
_RSA: Final = {
    "1.2.840.113549.1.1.1": "",  # the hash is the one that SignerInfo names
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
}
_ECDSA: Final = {
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
}
_TIME: Final = re.compile(rb"(\d{14})(?:\.(\d{1,9}))?Z")
_CERTIFICATES: Final = 16
_OPTIONAL: Final = (EXPLICIT_0, EXPLICIT_1)  # certificates, revocation lists


class Token:
    """A token as it stands. Raises `Misuse` (code `token`) for bytes that are none.

    `time` is the authority's, `imprint` the hash it was asked to stamp, in the hash named `hash` ("" if unknown).
    """

    def __init__(self, data: bytes) -> None:
        kind, content = _fields(der.read(data), SEQUENCE, 2)
        if kind.text() != SIGNED_DATA:
            raise bad("it is no signed data")
        (signed,) = _fields(content, EXPLICIT_0, 1)
        parts = _fields(signed, SEQUENCE, 4, 6)
        inner = _fields(parts[2], SEQUENCE, 2)
        if inner[0].text() != TST_INFO:
            raise bad("what is signed is no time-stamp")
        (octets,) = _fields(inner[1], EXPLICIT_0, 1)
        signers = parts[-1].children()
        if octets.tag != OCTETS or parts[-1].tag != SET or len(signers) != 1:
            raise bad("exactly one signer is expected")
        if parts[0].number() != 3 or parts[1].tag != SET or (len(parts) > 4 and parts[3].tag not in _OPTIONAL):
            raise bad("its parts are not those of RFC 5652")
        self.data = data
        self._digests = [_algorithm(node) for node in parts[1].children()]
        self._content = octets.body
        self._signer = _fields(signers[0], SEQUENCE, 5, 7)
        self._embedded = parts[3].children() if parts[3].tag == EXPLICIT_0 else []
        self._read_info(_fields(der.read(octets.body), SEQUENCE, 5, 10))

    def _read_info(self, info: list[Node]) -> None:
        imprint = _fields(info[2], SEQUENCE, 2)
        found = _TIME.fullmatch(info[4].body)
        if info[0].number() != 1 or imprint[1].tag != OCTETS or info[4].tag != der.TIME or found is None:
            raise bad("its version, imprint or time has another form")
        try:
            moment = datetime.strptime(found[1].decode() + "+0000", "%Y%m%d%H%M%S%z")
        except ValueError:
            raise bad("its time is no date") from None
        self.time = time_text(moment.replace(microsecond=int((found[2] or b"0").ljust(6, b"0")[:6])))
        self.policy = info[1].text()
        self.hash = HASHES.get(_algorithm(imprint[0]), "")
        self.imprint = imprint[1].body
        self.serial = info[3].number()
        self.nonce = next((node.number() for node in info[5:] if node.tag == der.INTEGER), None)

    def fits(self, data: bytes) -> bool:
        """Whether the token speaks of exactly these bytes, in a hash that holds."""
        return bool(self.hash) and hashlib.new(self.hash, data).digest() == self.imprint

    @cached_property
    def certificates(self) -> "list[Certificate]":
        """The certificates that came with the token: to build a chain from, never to trust."""
        return load_certificates([node.whole for node in self._embedded if node.tag == SEQUENCE])

    # ---- the signature ----

    def signed_by(self, candidates: "list[Certificate]") -> "Certificate":
        """Return the certificate, of those in the token and `candidates`, that signed; raise `Misuse` if none did."""
        with reading(bad):
            return self._signed_by(candidates)

    def _signed_by(self, candidates: "list[Certificate]") -> "Certificate":
        version, sid, digest, *rest = self._signer
        attributes = rest[0]
        algorithm, signature = rest[1:3] if len(rest) > 2 else (rest[0], rest[-1])
        if attributes.tag != EXPLICIT_0 or signature.tag != OCTETS or version.number() not in (1, 3):
            raise bad("it has no signed attributes")
        hash = HASHES.get(_algorithm(digest), "")
        if not hash:
            raise weak(f"its signature uses the hash {_algorithm(digest)}")
        if _algorithm(digest) not in self._digests:
            raise bad("its signer uses a hash that it does not announce")
        said = _attributes(attributes)
        wanted = [(_CONTENT_TYPE, der.write_oid(TST_INFO)), (_MESSAGE_DIGEST, _octets(hash, self._content))]
        if any(said.get(name) != value for name, value in wanted):
            raise bad("its signed attributes are not those of its contents")
        certificate = next((one for one in [*self.certificates, *candidates] if _is_named(sid, one)), None)
        if certificate is None:
            raise Misuse("the certificate that signed is not with the token", "give the chain", code="chain")
        if not _names_certificate(said, certificate):
            raise bad("it does not name the certificate that signed it")
        # What is signed is the set of attributes under its own tag, not the one it has inside SignerInfo.
        if not _verifies(certificate, algorithm, hash, signature.body, der.write(SET, attributes.body)):
            raise bad("its signature is not that of its certificate")
        return certificate


def load_certificates(found: list[bytes]) -> "list[Certificate]":
    """Return certificates from their DER; `Misuse` for what is none."""
    from cryptography import x509

    if len(found) > _CERTIFICATES:
        raise bad(f"{len(found)} certificates; the limit is {_CERTIFICATES}")
    with reading(bad):
        return [x509.load_der_x509_certificate(data) for data in found]


@contextmanager
def reading(fail: Callable[[str], Misuse]) -> Iterator[None]:
    """Turn what the library says of certificates and lists, which it reads piece by piece, into an error of ours.

    What it still reads and only warns of, such as serial numbers that are not positive, is refused too.
    """
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        try:
            yield
        except (
            UnsupportedAlgorithm,
            UserWarning,
            ValueError,
            x509.DuplicateExtension,
            x509.InvalidVersion,
            x509.UnsupportedGeneralNameType,
        ) as error:
            raise fail(f"a certificate or list cannot be read: {error}") from None


def weak(why: str) -> Misuse:
    """Return the error for a token that may be genuine, and proves nothing by today's knowledge."""
    return Misuse(why, "take an authority that uses SHA-256 or better", code="weak")


def _fields(node: Node, tag: int, least: int, most: int = 0) -> list[Node]:
    children = node.children() if node.tag == tag else []
    if not least <= len(children) <= (most or least):
        raise bad("its parts are not those of RFC 3161")
    return children


def _algorithm(node: Node) -> str:
    return _fields(node, SEQUENCE, 1, 2)[0].text()


def _attributes(node: Node) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for attribute in node.children():
        name, values = _fields(attribute, SEQUENCE, 2)
        (value,) = _fields(values, SET, 1)
        if name.text() in found:
            raise bad("an attribute stands twice")
        found[name.text()] = value.whole
    return found


def _octets(hash: str, data: bytes) -> bytes:
    return der.write(OCTETS, hashlib.new(hash, data).digest())


def _is_named(sid: Node, certificate: "Certificate") -> bool:
    from cryptography import x509

    if sid.tag == SEQUENCE:
        issuer, serial = _fields(sid, SEQUENCE, 2)
        return issuer.whole == certificate.issuer.public_bytes() and serial.number() == certificate.serial_number
    try:
        named = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except (x509.ExtensionNotFound, ValueError):
        return False
    return sid.tag == 0x80 and sid.body == named


def _names_certificate(said: dict[str, bytes], certificate: "Certificate") -> bool:
    """Whether the signed attributes name this certificate by its hash (ESSCertID; RFC 3161 2.4.2, RFC 5816)."""
    from cryptography.hazmat.primitives.serialization import Encoding

    data = certificate.public_bytes(Encoding.DER)
    for name, default in ((_SIGNING_CERTIFICATE_V2, "sha256"), (_SIGNING_CERTIFICATE, "sha1")):
        if name in said:
            ids = _fields(der.read(said[name]), SEQUENCE, 1, 2)[0].children()
            parts = _fields(ids[0], SEQUENCE, 1, 3) if ids else []
            hash = default
            if parts and parts[0].tag == SEQUENCE and name == _SIGNING_CERTIFICATE_V2:
                hash, parts = HASHES.get(_algorithm(parts[0]), ""), parts[1:]
            # SHA-1 only names the certificate here: the signature by its key is checked all the same.
            return bool(hash and parts) and parts[0].whole == der.write(
                OCTETS, hashlib.new(hash, data, usedforsecurity=False).digest()
            )
    return False


def _verifies(certificate: "Certificate", algorithm: Node, hash: str, signature: bytes, data: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

    oid = _algorithm(algorithm)
    key: Any = certificate.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey) and oid in _RSA:
            key.verify(signature, data, padding.PKCS1v15(), _hash(hashes, _RSA[oid] or hash))
        elif isinstance(key, rsa.RSAPublicKey) and oid == "1.2.840.113549.1.1.10":
            made = _hash(hashes, hash)
            key.verify(signature, data, padding.PSS(padding.MGF1(made), padding.PSS.AUTO), made)
        elif isinstance(key, ec.EllipticCurvePublicKey) and oid in _ECDSA:
            key.verify(signature, data, ec.ECDSA(_hash(hashes, _ECDSA[oid])))
        elif isinstance(key, ed25519.Ed25519PublicKey) and oid == "1.3.101.112":
            key.verify(signature, data)
        else:
            raise weak(f"its signature algorithm {oid} is not known here")
    except (InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _hash(hashes: Any, name: str) -> Any:
    return {"sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}[name]()

"""Author keys, the credentials they make up, and whether a credential signed (FORMAT.md section 5)."""

import hashlib
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Final, NamedTuple, Protocol, Self

import msgspec

from ledger.encoding import b64decode, b64encode, pae
from ledger.errors import Misuse, Tampered
from ledger.keys.sshsig import verify_blob
from ledger.signatures import (
    ED25519_PUBLIC,
    MLDSA44_PUBLIC,
    check_point,
    verify_ed25519,
    verify_mldsa44,
)


class UnknownScheme(Exception):
    """A credential holds a key of a `scheme` that this release cannot verify. Nobody's error: it makes UNVERIFIABLE."""

    def __init__(self, scheme: str) -> None:
        super().__init__(scheme)
        self.scheme = scheme


class Scheme(NamedTuple):
    """Size in bytes of a public key, what makes one unfit, and the check: (public, payload type, message, signature).

    `message` is the DSSE encoding of what was signed, which names the payload type too.
    """

    public_size: int
    check_public: Callable[[bytes], None] | None
    verify: Callable[[bytes, str, bytes, bytes], bool]


def _raw_ed25519(public: bytes, _: str, message: bytes, signature: bytes) -> bool:
    return verify_ed25519(public, message, signature)


def _raw_mldsa44(public: bytes, _: str, message: bytes, signature: bytes) -> bool:
    return verify_mldsa44(public, message, signature)


SCHEMES: Final[dict[str, Scheme]] = {
    "ed25519": Scheme(ED25519_PUBLIC, check_point, _raw_ed25519),
    "ml-dsa-44": Scheme(MLDSA44_PUBLIC, None, _raw_mldsa44),
    "sshsig-ed25519": Scheme(ED25519_PUBLIC, check_point, verify_blob),
}


class Key(msgspec.Struct, frozen=True, dict=True):
    """A public key and the one scheme it is used with."""

    scheme: str
    public: bytes

    @cached_property
    def id(self) -> str:
        """Return hex SHA-256("lifecycle-ledger/key/v1" LF || scheme || 00 || public)."""
        return hashlib.sha256(b"lifecycle-ledger/key/v1\n" + self.scheme.encode() + b"\x00" + self.public).hexdigest()

    def check(self) -> None:
        """Raise `Misuse` for a key that must not be authorised: wrong size, or a point of Ed25519 not of prime order.

        Keys of unknown schemes pass: what they sign is UNVERIFIABLE.
        """
        scheme = SCHEMES.get(self.scheme)
        if scheme is None:
            return
        if len(self.public) != scheme.public_size:
            raise Misuse(
                f"a key of {self.scheme} has {scheme.public_size} bytes, not {len(self.public)}",
                "copy it whole",
                code="key_size",
            )
        if scheme.check_public is not None:
            scheme.check_public(self.public)


class Credential(msgspec.Struct, frozen=True, dict=True):
    """One or two keys of different schemes, ordered by id; all of them must sign."""

    keys: tuple[Key, ...]

    @cached_property
    def id(self) -> str:
        """Return the key's id, or the digest over both ids."""
        if len(self.keys) == 1:
            return self.keys[0].id
        joined = "\n".join(key.id for key in self.keys)
        return hashlib.sha256(f"lifecycle-ledger/credential/v1\n{joined}\n".encode()).hexdigest()

    def to_json(self) -> list[dict[str, str]]:
        """Return the form that stands in entries."""
        return [{"public": b64encode(key.public), "scheme": key.scheme} for key in self.keys]

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """Read the form of entries; raise `Tampered` where it is not that."""
        if not isinstance(value, list) or not 1 <= len(value) <= 2:
            raise _bad("has not one or two keys")
        keys = tuple(map(_read_key, value))
        if [key.id for key in keys] != sorted({key.id for key in keys}):
            raise _bad("has its keys out of order or twice")
        if len({key.scheme for key in keys}) != len(keys):
            raise _bad("has two keys of one scheme")
        if len({key.public for key in keys}) != len(keys):
            raise _bad("has one key under two schemes")
        return cls(keys)


def _read_key(value: Any) -> Key:
    if not isinstance(value, dict) or value.keys() != {"public", "scheme"}:
        raise _bad("has a malformed key")
    public, scheme = value["public"], value["scheme"]
    if not isinstance(public, str) or not isinstance(scheme, str) or not 1 <= len(scheme) <= 64:
        raise _bad("has a malformed key")
    return Key(scheme, b64decode(public))


def _bad(why: str) -> Tampered:
    return Tampered(f"a credential {why}", code="credential", check=13)


class Signer(Protocol):
    """Whoever can sign as an author: a key in a file, an agent, a machine that holds the key."""

    @property
    def credential(self) -> Credential:
        """The public side."""
        ...

    def sign(self, payload_type: str, body: bytes) -> tuple[bytes, ...]:
        """Return one signature for each key of the credential, in its order, over the DSSE encoding of `body`."""
        ...


def verifies(key: Key, payload_type: str, message: bytes, signature: bytes) -> bool:
    """Whether one signature by a key of a known scheme is good for `message`, the DSSE encoding."""
    return SCHEMES[key.scheme].verify(key.public, payload_type, message, signature)


def verify_signatures(credential: Credential, payload_type: str, body: bytes, signatures: Sequence[bytes]) -> None:
    """Pass when every key of `credential` signed `body` as `payload_type`; raise `Tampered` (C14) where one did not.

    Raises `UnknownScheme` where all known ones hold and one cannot be checked here.
    """
    if len(signatures) != len(credential.keys):
        raise Tampered(
            f"{len(signatures)} signatures for a credential of {len(credential.keys)} keys",
            code="signature_count",
            check=14,
        )
    message = pae(payload_type, body)
    unknown = ""
    for key, signature in zip(credential.keys, signatures, strict=True):
        scheme = SCHEMES.get(key.scheme)
        if scheme is None:
            unknown = key.scheme
        elif not scheme.verify(key.public, payload_type, message, signature):
            raise Tampered(f"the signature by key {key.id[:16]} does not fit", code="bad_signature", check=14)
    if unknown:
        raise UnknownScheme(unknown)

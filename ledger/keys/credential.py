"""Author keys, the credentials they make up, and whether a credential signed (FORMAT.md section 5)."""

import hashlib
import re
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Final, NamedTuple, Protocol, Self

import msgspec

from ledger.encoding import b64decode, b64encode, pae
from ledger.errors import Misuse, Tampered
from ledger.keys.sshsig import HARDWARE, verify_blob, verify_hardware_blob
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
    """Sizes in bytes of a public key, what makes one unfit, and the check: (public, payload type, message, signature).

    `message` is the DSSE encoding of what was signed, which names the payload type too.
    """

    public_sizes: range
    check_public: Callable[[bytes], None] | None
    verify: Callable[[bytes, str, bytes, bytes], bool]


def _raw_ed25519(public: bytes, _: str, message: bytes, signature: bytes) -> bool:
    return verify_ed25519(public, message, signature)


def _raw_mldsa44(public: bytes, _: str, message: bytes, signature: bytes) -> bool:
    return verify_mldsa44(public, message, signature)


def _check_hardware(public: bytes) -> None:
    """A point, then the application the key was made for: OpenSSH asks its devices under `ssh:` alone."""
    check_point(public[:ED25519_PUBLIC])
    if not re.fullmatch(rb"ssh:[!-~]*", public[ED25519_PUBLIC:]):
        raise Misuse(
            "a hardware key's application does not begin with ssh:", "ssh-keygen -t ed25519-sk", code="application"
        )


_POINT: Final = range(ED25519_PUBLIC, ED25519_PUBLIC + 1)
SCHEMES: Final[dict[str, Scheme]] = {
    "ed25519": Scheme(_POINT, check_point, _raw_ed25519),
    "ml-dsa-44": Scheme(range(MLDSA44_PUBLIC, MLDSA44_PUBLIC + 1), None, _raw_mldsa44),
    "sshsig-ed25519": Scheme(_POINT, check_point, verify_blob),
    HARDWARE: Scheme(range(ED25519_PUBLIC + 4, ED25519_PUBLIC + 65), _check_hardware, verify_hardware_blob),
}


class Key(msgspec.Struct, frozen=True, dict=True):
    """A public key and the one scheme it is used with."""

    scheme: str
    public: bytes

    @cached_property
    def id(self) -> str:
        """Return hex SHA-256("lifecycle-ledger/key/v1" LF || scheme || 00 || public)."""
        return hashlib.sha256(b"lifecycle-ledger/key/v1\n" + self.scheme.encode() + b"\x00" + self.public).hexdigest()

    @property
    def serves(self) -> bytes:
        """What serves one actor, one scheme, one purpose for ever: the public key, without a device's application."""
        return self.public[:ED25519_PUBLIC] if self.scheme == HARDWARE else self.public

    def check(self) -> None:
        """Raise `Misuse` for a key that must not be authorised: wrong size, or a point of Ed25519 not of prime order.

        Keys of unknown schemes pass: what they sign is UNVERIFIABLE.
        """
        scheme = SCHEMES.get(self.scheme)
        if scheme is None:
            return
        if len(self.public) not in scheme.public_sizes:
            sizes = " to ".join(map(str, sorted({scheme.public_sizes[0], scheme.public_sizes[-1]})))
            raise Misuse(
                f"a key of {self.scheme} has {sizes} bytes, not {len(self.public)}",
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
        if len({key.serves for key in keys}) != len(keys):
            raise _bad("has one key under two schemes")
        return cls(keys)


def _read_key(value: Any) -> Key:
    if not isinstance(value, dict) or value.keys() != {"public", "scheme"}:
        raise _bad("has a malformed key")
    public, scheme = value["public"], value["scheme"]
    if not isinstance(public, str) or not isinstance(scheme, str) or not 1 <= len(scheme) <= 64:
        raise _bad("has a malformed key")
    try:
        return Key(scheme, b64decode(public))
    except Tampered as error:
        raise _bad(f"has a malformed key: {error.message}") from None


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

"""An author's Ed25519 key in this process's memory."""

import hmac
from functools import cached_property
from typing import TYPE_CHECKING, Self

from ledger.encoding import pae
from ledger.keys.credential import Credential, Key
from ledger.signatures import ed25519_signing

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class Ed25519Signer:
    """Signs statements and batches with one key. Its `repr` shows the public side only."""

    def __init__(self, private: "Ed25519PrivateKey") -> None:
        self._private = private
        self._sign = ed25519_signing(private)

    @classmethod
    def generate(cls) -> Self:
        """Make a new key."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(Ed25519PrivateKey.generate())

    @cached_property
    def credential(self) -> Credential:
        """The public side."""
        return Credential((Key("ed25519", self._private.public_key().public_bytes_raw()),))

    def sign(self, payload_type: str, body: bytes) -> tuple[bytes, ...]:
        """Return the signature (64 bytes) over the DSSE encoding of `body`."""
        return (self._sign(pae(payload_type, body)),)

    def secret(self, purpose: str) -> bytes:
        """Return 32 bytes that only the key's holder can make, the same each time, for one purpose: HMAC-SHA-256."""
        what = f"lifecycle-ledger/secret/v1\n{purpose}".encode()
        return hmac.digest(self._private.private_bytes_raw(), what, "sha256")

    def to_pem(self, passphrase: bytes | None = None) -> bytes:
        """Return the private key as PKCS#8 in PEM, encrypted where a passphrase is given. For key files only."""
        from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat

        return self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption(passphrase))

    def __repr__(self) -> str:
        return f"<Ed25519Signer {self.credential.id[:16]}>"


def encryption(passphrase: bytes | None) -> "KeySerializationEncryption":
    """Return how a private key is written: under a passphrase, or in the clear."""
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption

    return BestAvailableEncryption(passphrase) if passphrase else NoEncryption()


if TYPE_CHECKING:
    from cryptography.hazmat.primitives.serialization import KeySerializationEncryption

"""The log's key: an Ed25519 and an ML-DSA-44 key, both from the first day; they sign checkpoints and nothing else."""

from typing import TYPE_CHECKING, Self

from ledger.errors import Misuse
from ledger.keys.ed25519 import encryption
from ledger.notes.note import NoteSigner
from ledger.notes.treehead import parse_checkpoint, subtree_message
from ledger.notes.verifier import ED25519, MLDSA44_COSIGNATURE, TIME_SIZE, VerifierKey
from ledger.signatures import ed25519_signing, no_mldsa

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey


class _Everyday:
    """The Ed25519 half: signs at every commit."""

    def __init__(self, origin: str, private: "Ed25519PrivateKey") -> None:
        self.verifier_key = VerifierKey.make(origin, ED25519, private.public_key().public_bytes_raw())
        self._sign = ed25519_signing(private)

    def sign_note(self, text: str) -> bytes:
        return self._sign(text.encode())


class _LongTerm:
    """The ML-DSA-44 half: signs where a checkpoint leaves the house. A log states no time: it is 0."""

    def __init__(self, origin: str, private: "MLDSA44PrivateKey") -> None:
        self.verifier_key = VerifierKey.make(origin, MLDSA44_COSIGNATURE, private.public_key().public_bytes_raw())
        self._private = private

    def sign_note(self, text: str) -> bytes:
        message = subtree_message(self.verifier_key.name, 0, parse_checkpoint(text))
        return bytes(TIME_SIZE) + self._private.sign(message)


class LogKey:
    """Both halves for one origin: `everyday` signs at a commit, `all` where a checkpoint is kept."""

    def __init__(self, origin: str, ed25519: "Ed25519PrivateKey", mldsa: "MLDSA44PrivateKey") -> None:
        self.origin = origin
        self._private = (ed25519, mldsa)
        everyday = _Everyday(origin, ed25519)
        self.everyday: tuple[NoteSigner, ...] = (everyday,)
        self.all: tuple[NoteSigner, ...] = (everyday, _LongTerm(origin, mldsa))

    @classmethod
    def generate(cls, origin: str) -> Self:
        """Make both keys; raise `Unavailable` where the OpenSSL below has no ML-DSA."""
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

        try:
            return cls(origin, Ed25519PrivateKey.generate(), MLDSA44PrivateKey.generate())
        except UnsupportedAlgorithm:
            raise no_mldsa() from None

    @property
    def verifier_keys(self) -> tuple[VerifierKey, ...]:
        """The public sides, Ed25519 first."""
        return tuple(signer.verifier_key for signer in self.all)

    def to_pem(self, passphrase: bytes | None = None) -> bytes:
        """Return both private keys as two PKCS#8 blocks in PEM. For key files only."""
        from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat

        return b"".join(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption(passphrase)) for key in self._private
        )

    def __repr__(self) -> str:
        return f"<LogKey {self.verifier_keys[0].text}>"


def require_origin(key: LogKey, origin: str, keys: tuple[str, ...]) -> None:
    """Raise `Misuse` unless `key` is the one that a log's genesis names."""
    own = tuple(verifier.text for verifier in key.verifier_keys)
    if key.origin != origin or own != keys:
        named = keys[0].split("+")[1] if keys else "none"
        raise Misuse(
            f"this key is {own[0].split('+')[1]}, the log's is {named} (genesis of {origin})",
            "point LEDGER_LOG_KEY at the right file",
            code="log_key",
        )

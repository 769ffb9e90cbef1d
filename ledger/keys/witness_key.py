"""A witness's key: an Ed25519 and an ML-DSA-44 key; they cosign (c2sp.org/tlog-cosignature) and nothing else."""

from typing import TYPE_CHECKING, Self

from ledger.errors import Misuse
from ledger.keys.ed25519 import encryption
from ledger.notes.note import SignatureLine
from ledger.notes.treehead import Checkpoint, subtree_message, timestamped_text
from ledger.notes.verifier import ED25519_COSIGNATURE, MLDSA44_COSIGNATURE, TIME_SIZE, VerifierKey
from ledger.signatures import no_mldsa

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey


class WitnessKey:
    """Both halves under one name: every cosignature is two lines, types 0x04 and 0x06."""

    def __init__(self, name: str, ed25519: "Ed25519PrivateKey", mldsa: "MLDSA44PrivateKey") -> None:
        self.name = name
        self._ed25519, self._mldsa = ed25519, mldsa
        self.verifier_keys = (
            VerifierKey.make(name, ED25519_COSIGNATURE, ed25519.public_key().public_bytes_raw()),
            VerifierKey.make(name, MLDSA44_COSIGNATURE, mldsa.public_key().public_bytes_raw()),
        )

    @classmethod
    def generate(cls, name: str) -> Self:
        """Make both keys; raise `Unavailable` where the OpenSSL below has no ML-DSA."""
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

        try:
            return cls(name, Ed25519PrivateKey.generate(), MLDSA44PrivateKey.generate())
        except UnsupportedAlgorithm:
            raise no_mldsa() from None

    def cosign(self, checkpoint: Checkpoint, time: int) -> tuple[SignatureLine, ...]:
        """Return the lines that say: at `time` (POSIX seconds) this was the newest the witness had seen of its log.

        Whoever calls has checked that it follows from what the witness cosigned before.
        """
        if not 0 < time < 2**63:
            raise Misuse(f"{time} is no time of a cosignature", "set the clock (NTP)", code="clock")
        stamp = time.to_bytes(TIME_SIZE, "big")
        signatures = (
            self._ed25519.sign(timestamped_text(checkpoint.text, time)),
            self._mldsa.sign(subtree_message(self.name, time, checkpoint)),
        )
        return tuple(
            SignatureLine(self.name, key.key_id, stamp + signature)
            for key, signature in zip(self.verifier_keys, signatures, strict=True)
        )

    def to_pem(self, passphrase: bytes | None = None) -> bytes:
        """Return both private keys as two PKCS#8 blocks in PEM. For key files only."""
        from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat

        halves = (self._ed25519, self._mldsa)
        return b"".join(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption(passphrase)) for key in halves)

    def __repr__(self) -> str:
        return f"<WitnessKey {self.verifier_keys[0].text}>"

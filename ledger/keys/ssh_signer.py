"""Authors whose key is OpenSSH's, wherever it is held: a file, an agent, a service that signs what it is given."""

from collections.abc import Callable

from ledger.encoding import pae
from ledger.errors import Unavailable
from ledger.keys.credential import Credential, Key, verifies
from ledger.keys.sshsig import to_be_signed, write_blob

RawSign = Callable[[bytes], bytes]
"""What OpenSSH signs -> what the key made: 64 bytes of Ed25519; from a hardware key, flags and counter behind them."""


class SshSigner:
    """Signs in OpenSSH's form by way of whoever holds the key. Its `repr` shows the public side only.

    What comes back is checked before it is used; `holder` ("ssh-agent", a file's name) is who is named if it is wrong.
    """

    def __init__(self, key: Key, sign_raw: RawSign, holder: str, unlock: Callable[[], object] | None = None) -> None:
        self.credential = Credential((key,))
        self._sign_raw, self._holder, self._unlock = sign_raw, holder, unlock

    def unlock(self) -> None:
        """Ask now for what the first signature would ask for, so that a script fails before its work, not after."""
        if self._unlock is not None:
            self._unlock()

    def sign(self, payload_type: str, body: bytes) -> tuple[bytes, ...]:
        """Return the SSHSIG blob over the DSSE encoding of `body`."""
        key, message = self.credential.keys[0], pae(payload_type, body)
        blob = write_blob(key.scheme, key.public, payload_type, self._sign_raw(to_be_signed(payload_type, message)))
        check_made(key, payload_type, message, blob, self._holder)
        return (blob,)

    def __repr__(self) -> str:
        return f"<SshSigner {self.credential.id[:16]}>"


def check_made(key: Key, payload_type: str, message: bytes, signature: bytes, holder: str) -> None:
    """Raise `Unavailable` for a signature that somebody else made a moment ago and that does not fit the key."""
    if not verifies(key, payload_type, message, signature):
        raise Unavailable(
            f"{holder} returned a signature that does not fit its key; nothing was recorded",
            "try again; if it stays, the key there is another one",
            code="bad_signer",
        )

"""Key files: PKCS#8 in PEM, readable by their owner alone. The one place that reads or writes a private key."""

import os
import re
import stat
from pathlib import Path
from typing import Any, Final

from ledger.errors import Misuse
from ledger.keys.ed25519 import Ed25519Signer
from ledger.keys.log_key import LogKey

_BLOCK: Final = re.compile(rb"-----BEGIN [A-Z ]+-----\n.*?-----END [A-Z ]+-----\n", re.DOTALL)
_LIMIT: Final = 65_536


def save(path: Path, pem: bytes) -> None:
    """Write a new key file, mode 0600; raise `Misuse` where one is there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        raise Misuse(
            f"{path} is there already; a key is never overwritten", "use it, or name another", code="key_exists"
        ) from None
    except OSError as error:
        raise Misuse(f"{path} cannot be made: {error.strerror}", "check the folder's owner", code="key_file") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())


def load_signer(path: Path, passphrase: bytes | None = None) -> Ed25519Signer:
    """Return the author's key in a file; raise `Misuse` for one that is missing, open to others or of another kind."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    keys = _load(path, passphrase)
    if len(keys) != 1 or not isinstance(keys[0], Ed25519PrivateKey):
        raise Misuse(f"{path} holds no author's key (Ed25519, PKCS#8)", "ledger key new", code="key_kind")
    return Ed25519Signer(keys[0])


def load_log_key(path: Path, origin: str, passphrase: bytes | None = None) -> LogKey:
    """Return the log's key in a file; raise `Misuse` as `load_signer` does."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

    keys = _load(path, passphrase)
    if len(keys) != 2 or not isinstance(keys[0], Ed25519PrivateKey) or not isinstance(keys[1], MLDSA44PrivateKey):
        raise Misuse(
            f"{path} holds no log's key (Ed25519 and ML-DSA-44)",
            "point LEDGER_LOG_KEY at the right file",
            code="key_kind",
        )
    return LogKey(origin, keys[0], keys[1])


def _load(path: Path, passphrase: bytes | None) -> list[Any]:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    blocks = _BLOCK.findall(_read_private(path))
    try:
        return [load_pem_private_key(block, passphrase) for block in blocks]
    except TypeError:
        what = "needs a passphrase" if passphrase is None else "has no passphrase"
        raise Misuse(
            f"{path} {what}", "LEDGER_KEY_PASSPHRASE_FILE names a file that holds it", code="passphrase"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise Misuse(
            f"{path} cannot be read as a key, or not with this passphrase", "check the file", code="key_file"
        ) from None


def _read_private(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            state = os.fstat(file.fileno())
            data = file.read(_LIMIT)
    except OSError as error:
        raise Misuse(
            f"key {path} cannot be read: {error.strerror}", "name it with LEDGER_KEY or LEDGER_LOG_KEY", code="key_file"
        ) from None
    if os.name == "posix" and state.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Misuse(
            f"{path} can be read by others (mode {state.st_mode & 0o777:o})", f"chmod 600 {path}", code="key_mode"
        )
    return data

"""Key files, readable by their owner alone: ours (PKCS#8 in PEM) and OpenSSH's. The one place that reads a private key.

A passphrase is bytes, or a function that is given the file's name and gets it: asked only where a file is locked.
"""

import os
import re
import stat
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ledger.errors import Misuse
from ledger.keys.credential import Signer
from ledger.keys.ed25519 import Ed25519Signer
from ledger.keys.log_key import LogKey
from ledger.keys.openssh import PRIVATE_BEGIN, read_private
from ledger.keys.ssh_signer import SshSigner
from ledger.keys.sshsig import HARDWARE
from ledger.keys.witness_key import WitnessKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

Passphrase = bytes | Callable[[str], bytes] | None
TRIES: Final = 3  # of a passphrase that is typed

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


def load_signer(path: Path, passphrase: Passphrase = None) -> Signer:
    """Return the author's key in a file; raise `Misuse` for one that is missing, open to others or of another kind.

    A key of OpenSSH's is unlocked when it signs for the first time: its public side stands in the open.
    """
    return read_signer(_read_private(path), str(path), passphrase)


def read_signer(data: bytes, where: str, passphrase: Passphrase = None) -> Signer:
    """Return the author's key in the text of a key file; `where` is what messages call it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if data.lstrip().startswith(PRIVATE_BEGIN):
        return _ssh_signer(data, where, passphrase)
    keys = _load(data, where, passphrase)
    if len(keys) != 1 or not isinstance(keys[0], Ed25519PrivateKey):
        what = f"{where} holds no author's key (Ed25519, in PKCS#8 or as OpenSSH writes it)"
        raise Misuse(what, "ledger key new", code="key_kind")
    return Ed25519Signer(keys[0])


def _ssh_signer(data: bytes, where: str, passphrase: Passphrase) -> Signer:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_ssh_private_key

    said = read_private(data, where)
    if said.key.scheme == HARDWARE:
        from ledger.keys.keygen import KeygenSigner

        return KeygenSigner(said.key, Path(where))  # the file is a handle: ssh-keygen asks the device

    @cache
    def private() -> Ed25519PrivateKey:
        key = _unlock(partial(load_ssh_private_key, data), where, passphrase if said.locked else None)
        if not isinstance(key, Ed25519PrivateKey) or key.public_key().public_bytes_raw() != said.key.public:
            raise Misuse(f"{where}: its private key is not that of its public key", "restore the file", code="key_file")
        return key

    return SshSigner(said.key, lambda data: private().sign(data), where, unlock=private)


def load_log_key(path: Path, origin: str, passphrase: Passphrase = None) -> LogKey:
    """Return the log's key in a file; raise `Misuse` as `load_signer` does."""
    return read_log_key(_read_private(path), str(path), origin, passphrase)


def read_log_key(data: bytes, where: str, origin: str, passphrase: Passphrase = None) -> LogKey:
    """Return the log's key in the text of a key file; `where` is what messages call it."""
    return LogKey(origin, *_load_pair(data, where, passphrase, "log's key", "point LEDGER_LOG_KEY at the right file"))


def load_witness_key(path: Path, name: str, passphrase: Passphrase = None) -> WitnessKey:
    """Return the witness's key in a file; raise `Misuse` as `load_signer` does."""
    data, fix = _read_private(path), "ledger witness init NAME"
    return WitnessKey(name, *_load_pair(data, str(path), passphrase, "witness's key", fix))


def _load_pair(
    data: bytes, where: str, passphrase: Passphrase, what: str, fix: str
) -> "tuple[Ed25519PrivateKey, MLDSA44PrivateKey]":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

    keys = _load(data, where, passphrase)
    if len(keys) != 2 or not isinstance(keys[0], Ed25519PrivateKey) or not isinstance(keys[1], MLDSA44PrivateKey):
        raise Misuse(f"{where} holds no {what} (Ed25519 and ML-DSA-44)", fix, code="key_kind")
    return keys[0], keys[1]


def _load(data: bytes, where: str, passphrase: Passphrase) -> list[Any]:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    found = []
    for block in _BLOCK.findall(data):
        locked = b"ENCRYPTED" in block.split(b"\n", 1)[0]
        known = passphrase if locked or not callable(passphrase) else None
        found.append(_unlock(partial(load_pem_private_key, block), where, known))
    return found


def _unlock(load: Callable[[bytes | None], Any], where: str, passphrase: Passphrase) -> Any:
    """Return what `load` makes of the passphrase; where that is asked for, it may be tried again."""
    from cryptography.exceptions import InternalError, InvalidTag, UnsupportedAlgorithm

    tried: bytes | None = None
    for _ in range(TRIES if callable(passphrase) else 1):
        secret = passphrase(where) if callable(passphrase) else passphrase
        if secret is not None and secret == tried:
            break
        tried = secret
        try:
            return load(secret)
        except TypeError:
            what = "needs a passphrase" if secret is None else "has no passphrase"
            raise Misuse(
                f"{where} {what}", "LEDGER_KEY_PASSPHRASE_FILE names a file that holds it", code="passphrase"
            ) from None
        except UnsupportedAlgorithm as error:
            fix = "ssh-add it, then --key agent:SHA256:...; or --key ssh-keygen:FILE.pub"
            raise Misuse(f"{where} is locked in a way unknown here: {error}", fix, code="key_cipher") from None
        except (ValueError, InvalidTag, InternalError):
            continue
    raise Misuse(f"{where} cannot be read as a key, or not with this passphrase", "check the file", code="key_file")


def _read_private(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            state = os.fstat(file.fileno())
            data = file.read(_LIMIT)
    except OSError as error:
        raise Misuse(
            f"key {path} cannot be read: {error.strerror}", "name it with LEDGER_KEY or LEDGER_LOG_KEY", code="key_file"
        ) from None
    if data.startswith((b"ssh-", b"sk-", b"ecdsa-")):
        what = f"{path} is the public half of a key; what signs is the private one"
        raise Misuse(what, f"ssh-keygen:{path} lets ssh-keygen find it", code="public_half")
    if os.name == "posix" and state.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Misuse(
            f"{path} can be read by others (mode {state.st_mode & 0o777:o})", f"chmod 600 {path}", code="key_mode"
        )
    return data

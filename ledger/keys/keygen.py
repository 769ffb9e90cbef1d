"""Signing through `ssh-keygen -Y sign`: it reaches what OpenSSH reaches, the agent and hardware keys among them.

The key is named by its public half (FILE.pub); ssh-keygen finds the private one beside it, in the agent or in a device
that asks for a touch. It gets the bytes on its stdin; what it asks for, it asks on the terminal by itself.
"""

import subprocess
import sys
from pathlib import Path
from typing import Final

from ledger.encoding import pae
from ledger.errors import Misuse, Unavailable
from ledger.keys.credential import Credential, Key
from ledger.keys.openssh import read_public
from ledger.keys.ssh_signer import check_made
from ledger.keys.sshsig import ARMOUR_LIMIT, namespace, read_armour

_SECONDS: Final = 300.0  # for a passphrase, a PIN, a touch
_PUBLIC_LIMIT: Final = 16_384


class KeygenSigner:
    """Signs by running ssh-keygen for each statement. Its `repr` shows the public side only."""

    def __init__(self, key: Key, path: Path) -> None:
        self.credential = Credential((key,))
        self._path = path

    def sign(self, payload_type: str, body: bytes) -> tuple[bytes, ...]:
        """Return the SSHSIG blob over the DSSE encoding of `body`, checked as a verifier will check it."""
        message = pae(payload_type, body)
        blob = read_armour(_run(self._path, namespace(payload_type), message), "what ssh-keygen wrote")
        check_made(self.credential.keys[0], payload_type, message, blob, "ssh-keygen")
        return (blob,)

    def __repr__(self) -> str:
        return f"<KeygenSigner {self.credential.id[:16]}>"


def keygen_signer(name: str) -> KeygenSigner:
    """Return the signer for the key whose public half is in the file `name`; `Misuse` where that is none."""
    path = Path(name).expanduser()
    try:
        with path.open("rb") as file:
            text = file.read(_PUBLIC_LIMIT + 1).decode("utf-8", "replace")
    except OSError as error:
        raise Misuse(f"{path}: {error.strerror}", "--key ssh-keygen:FILE.pub", code="key_file") from None
    (key,) = read_public(text, str(path)).keys
    return KeygenSigner(key, path)


def _run(path: Path, space: str, message: bytes) -> bytes:
    # Its words go to the terminal where there is one: it may say that the device waits for a touch.
    words = None if sys.stderr is not None and sys.stderr.isatty() else subprocess.PIPE
    command = ["ssh-keygen", "-q", "-Y", "sign", "-f", str(path), "-n", space]
    try:
        done = subprocess.run(  # noqa: S603 - the program of this name, without a shell; no word of it is a stranger's
            command, input=message, stdout=subprocess.PIPE, stderr=words, timeout=_SECONDS, check=False
        )
    except FileNotFoundError:
        raise Misuse("ssh-keygen is not installed here", "install OpenSSH's client", code="no_keygen") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        why = f"did not end within {_SECONDS:.0f} s" if isinstance(error, subprocess.TimeoutExpired) else str(error)
        raise Unavailable(f"ssh-keygen {why}; nothing was recorded", "try again", code="keygen") from None
    if done.returncode or len(done.stdout) > ARMOUR_LIMIT:
        said = (done.stderr or b"").decode("utf-8", "replace").strip().split("\n")[-1]
        raise Unavailable(
            f"ssh-keygen did not sign with {path} (exit {done.returncode}){': ' + said if said else ''};"
            " nothing was recorded",
            f"see it by hand: ssh-keygen -Y sign -f {path} -n {space} FILE",
            code="keygen",
        )
    return done.stdout

"""Where an author's key is, in one word: a path, `agent:SHA256:...`, `ssh-keygen:FILE.pub`, `kms:ARN`, `env:NAME`."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ledger.errors import Misuse
from ledger.keys.credential import Signer
from ledger.keys.files import Passphrase, load_log_key, load_signer, read_log_key, read_signer
from ledger.keys.log_key import LogKey


def open_signer(source: str, passphrase: Passphrase = None) -> Signer:
    """Return the signer that `source` names; raise `Misuse` where it is not there, or is no key that may sign.

    Nothing is asked and nothing is signed yet: a passphrase is asked for when the key signs for the first time.
    """
    kind, mark, rest = source.partition(":")
    opener = _SOURCES.get(kind) if mark else None
    return load_signer(Path(source).expanduser(), passphrase) if opener is None else opener(rest, passphrase)


def is_path(source: str) -> bool:
    """Whether `source` names a file, and not something that holds a key."""
    kind, mark, _ = source.partition(":")
    return not mark or kind not in _SOURCES


def open_log_key(source: str, origin: str, passphrase: Passphrase = None) -> LogKey:
    """Return the log's key that `source` names: a path or `env:NAME`; nobody else's hands sign checkpoints."""
    kind, _, name = source.partition(":")
    if is_path(source):
        return load_log_key(Path(source), origin, passphrase)
    if kind != "env":
        what = f"{source}: the log's key signs checkpoints as they are, with two keys; that cannot be asked for there"
        raise Misuse(what, "LEDGER_LOG_KEY: a path, or env:NAME", code="log_key_source")
    return read_log_key(_variable(name), f"the variable {name}", origin, passphrase)


def _in_variable(name: str, passphrase: Passphrase) -> Signer:
    return read_signer(_variable(name), f"the variable {name}", passphrase)


def _variable(name: str) -> bytes:
    text = os.environ.get(name, "")
    if "PRIVATE KEY" not in text:
        what = "is not set" if name not in os.environ else "holds no private key"
        raise Misuse(f"env:{name}: the variable {what}", "put the key's whole text into it", code="key_variable")
    return text.strip().encode() + b"\n"


def _in_agent(name: str, _: Passphrase) -> Signer:
    from ledger.keys.agent import agent_signer

    return agent_signer(name)


def _in_kms(arn: str, _: Passphrase) -> Signer:
    from ledger.keys.kms import kms_signer

    return kms_signer(arn)


def _by_keygen(name: str, _: Passphrase) -> Signer:
    from ledger.keys.keygen import keygen_signer

    return keygen_signer(name)


_SOURCES: Final[dict[str, Callable[[str, Passphrase], Signer]]] = {
    "agent": _in_agent,
    "env": _in_variable,
    "kms": _in_kms,
    "ssh-keygen": _by_keygen,
}

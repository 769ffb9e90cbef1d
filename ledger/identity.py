"""Whose key signs here: the one that was named, or the one of this user that the ledger has authorised."""

import os
from pathlib import Path
from typing import NamedTuple

from ledger.config import keys_folder, passphrase
from ledger.errors import Misuse
from ledger.genesis import Genesis
from ledger.keys.ed25519 import Ed25519Signer
from ledger.keys.files import load_log_key, load_signer
from ledger.keys.log_key import LogKey, require_origin
from ledger.trust import Trust


class Identity(NamedTuple):
    """An actor and the key that signs for them."""

    actor: str
    signer: Ed25519Signer


def find_identity(trust: Trust, key: Path | None, actor: str | None = None) -> Identity:
    """Return who records: by `key`, `LEDGER_KEY`, `actor` or the only authorised key of this user.

    Raises `Misuse` where there is none, or more than one could be meant.
    """
    named = key or (Path(text) if (text := os.environ.get("LEDGER_KEY")) else None)
    if named is not None:
        return _authorised(trust, named)
    if actor is not None:
        return _authorised(trust, keys_folder() / f"{actor}.key")
    found = [identity for path in _handles_of(trust) if (identity := _try(trust, path)) is not None]
    if len(found) == 1:
        return found[0]
    if not found:
        raise Misuse(
            f"no key of yours in {keys_folder()} is authorised in {trust.genesis.origin}",
            "give an administrator: ledger key new; or name a key with LEDGER_KEY",
            code="no_key",
        )
    names = ", ".join(identity.actor for identity in found)
    raise Misuse(f"keys of {names} are here; which of them records?", "--as HANDLE, or LEDGER_KEY", code="which_key")


def _handles_of(trust: Trust) -> list[Path]:
    handles = dict.fromkeys(grant.handle for grant in trust.grants())
    return [path for handle in handles if (path := keys_folder() / f"{handle}.key").exists()]


def _try(trust: Trust, path: Path) -> Identity | None:
    signer = load_signer(path, passphrase())
    handle = trust.holder(signer.credential.id)
    return Identity(handle, signer) if handle else None


def _authorised(trust: Trust, path: Path) -> Identity:
    identity = _try(trust, path)
    if identity is None:
        raise Misuse(
            f"the key {path} is not authorised in {trust.genesis.origin}; nothing was recorded",
            f"give an administrator: ledger key authorize, with the output of ledger key show {path}",
            code="unauthorised",
        )
    return identity


def find_log_key(genesis: Genesis, path: Path, *, required: bool) -> LogKey | None:
    """Return the log's key in a file; None where there is none and it need not be. Raises `Misuse` for another's."""
    if not required and not path.exists():
        return None
    key = load_log_key(path, genesis.origin, passphrase())
    require_origin(key, genesis.origin, tuple(verifier.text for verifier in genesis.log_keys))
    return key

"""Whose key signs here: the one that was named, or the one of this user that the ledger has authorised."""

import os
from pathlib import Path
from typing import NamedTuple

from ledger.config import ask_passphrase, keys_folder, log_key_path
from ledger.errors import Misuse
from ledger.keys.credential import Signer
from ledger.keys.ed25519 import Ed25519Signer
from ledger.keys.log_key import LogKey, require_origin
from ledger.keys.openssh import name_of
from ledger.keys.sources import is_path, open_log_key, open_signer
from ledger.logkeys import LogKeys
from ledger.stores.there import is_there
from ledger.trust import Trust


class Identity(NamedTuple):
    """An actor, the key that signs for them, and where that was found."""

    actor: str
    signer: Signer
    source: str


def find_identity(trust: Trust, key: str | Signer | None, actor: str | None = None) -> Identity:
    """Return who records: by `key` (a signer, or a source of `keys.sources`), `LEDGER_KEY`, `actor` or one's only key.

    Raises `Misuse` where there is none, or more than one could be meant.
    """
    named = key or os.environ.get("LEDGER_KEY")
    if named:
        return _authorised(trust, named)
    if actor is not None:
        return _authorised(trust, str(keys_folder() / f"{actor}.key"))
    found = [identity for path in _handles_of(trust) if (identity := _try(trust, path)) is not None]
    if len(found) == 1:
        return found[0]
    if not found:
        raise Misuse(
            f"no key of yours in {keys_folder()} is authorised in {trust.genesis.origin}",
            "name a key with LEDGER_KEY, or give an administrator the output of: ledger key request --as HANDLE",
            code="no_key",
        )
    names = ", ".join(identity.actor for identity in found)
    raise Misuse(f"keys of {names} are here; which of them records?", "--as HANDLE, or LEDGER_KEY", code="which_key")


def _handles_of(trust: Trust) -> list[str]:
    handles = dict.fromkeys(grant.handle for grant in trust.grants())
    return [str(path) for handle in handles if is_there(path := keys_folder() / f"{handle}.key")]


def own_secrets(trust: Trust, purpose: str, known: Signer | None = None) -> dict[str, bytes]:
    """Return what this user's keys make for a purpose (`Ed25519Signer.secret`), by credential: of the key that is in
    use, and of those in files that open without anything being asked.
    """
    named = os.environ.get("LEDGER_KEY")
    signers = [known] if known is not None else []
    for source in [*([named] if named and is_path(named) else []), *_handles_of(trust)]:
        try:
            signers.append(open_signer(source))
        except Misuse:
            continue  # locked, or none of the keys that are meant
    return {one.credential.id: one.secret(purpose) for one in signers if isinstance(one, Ed25519Signer)}


def _try(trust: Trust, source: str) -> Identity | None:
    signer = open_signer(source, ask_passphrase)
    handle = trust.holder(signer.credential.id)
    return Identity(handle, signer, source) if handle else None


def _authorised(trust: Trust, key: str | Signer) -> Identity:
    signer = open_signer(key, ask_passphrase) if isinstance(key, str) else key
    source = key if isinstance(key, str) else repr(key)
    handle = trust.holder(signer.credential.id)
    if not handle:
        raise Misuse(
            f"the key {source} ({name_of(signer.credential)}) is not authorised in {trust.genesis.origin};"
            " nothing was recorded",
            f"give an administrator the output of: ledger key request --key {source}",
            code="revoked" if trust.credential(signer.credential.id) else "unauthorised",
        )
    return Identity(handle, signer, source)


def find_log_key(log_keys: LogKeys, path: Path, *, required: bool) -> LogKey | None:
    """Return the log's key of today: from a file, or from the one that a rotation put beside it (`beside`).

    `path` may also be `env:NAME`. None where there is none and it need not be. Raises `Misuse` for another's.
    """
    keys = log_keys.current.keys
    file = log_key_file(log_keys, path)
    if file is None and not required and is_path(str(path)):
        return None
    key = open_log_key(str(file or path), keys[0].name, ask_passphrase)
    require_origin(key, keys[0].name, tuple(verifier.text for verifier in keys))
    return key


def log_key_file(log_keys: LogKeys, path: Path | None = None) -> Path | None:
    """Return where the log's key is: in the file that a rotation made, else in `path`; None where neither is there.

    A `path` that names no file (`env:NAME`) is returned as it is.
    """
    first = log_keys.current.keys[0]
    path = path or log_key_path(first.name)
    if not is_path(str(path)):
        return path
    return next((one for one in (beside(path, first.text), path) if is_there(one)), None)


def beside(path: Path, key: str) -> Path:
    """Return the file of a log key (vkey) that took over: beside the first one's, with its id in the name."""
    return path.with_name(f"{path.stem}.{key.split('+')[1]}{path.suffix}")

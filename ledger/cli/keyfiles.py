"""A user's key files, and the public side of a key as it is handed to an administrator."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from ledger.config import keys_folder, passphrase
from ledger.encoding import is_handle
from ledger.errors import LedgerError, Misuse
from ledger.keys.credential import Credential
from ledger.keys.ed25519 import Ed25519Signer
from ledger.keys.files import load_signer, save

_SCHEMA = "ledger.key/1"


class Request(NamedTuple):
    """Whose key, and its public side."""

    handle: str
    credential: Credential


def save_new(handle: str) -> tuple[Path, Credential]:
    """Make a key file for a handle; `Misuse` where one is there."""
    _check(handle)
    path = keys_folder() / f"{handle}.key"
    signer = Ed25519Signer.generate()
    save(path, signer.to_pem(passphrase()))
    return path, signer.credential


def public_side(named: str | None, handle: str | None) -> dict[str, Any]:
    """Return the document `ledger.key/1` of a key file, a handle's key, or the only key of this user."""
    path = _find(named)
    credential = load_signer(path, passphrase()).credential
    handle = handle or path.stem
    _check(handle)
    return {"schema": _SCHEMA, "handle": handle, "id": credential.id, "keys": credential.to_json()}


def _check(handle: str) -> None:
    if not is_handle(handle):
        raise Misuse(f"{handle!r} is no handle: lower-case letters, digits and . _ -", "--handle mara", code="handle")


def _find(named: str | None) -> Path:
    if named is not None:
        here, kept = Path(named), keys_folder() / f"{named}.key"
        return here if here.is_file() or not is_handle(named) else kept
    if text := os.environ.get("LEDGER_KEY"):
        return Path(text)
    found = [path for path in sorted(keys_folder().glob("*.key")) if is_handle(path.stem) and _is_authors(path)]
    if len(found) == 1:
        return found[0]
    what = f"{len(found)} keys are" if found else "no key is"
    fix = f"ledger key show {found[0].stem}" if found else "ledger key new HANDLE"
    raise Misuse(f"{what} in {keys_folder()}", fix, code="which_key" if found else "no_key")


def _is_authors(path: Path) -> bool:
    """Whether a file holds an author's key: the log's keys lie in the same folder."""
    try:
        load_signer(path, passphrase())
    except Misuse as error:
        return error.code not in ("key_kind", "key_file")
    return True


def read_request(data: bytes, where: str) -> Request:
    """Return what `ledger key show` printed; `Misuse` for anything else, and for a key that must not be authorised."""
    if b"PRIVATE KEY" in data:
        raise Misuse(
            f"{where} holds a private key; that must never be handed on",
            "ledger key show HANDLE > FILE",
            code="private",
        )
    try:
        said = json.loads(data)
        handle, keys = said["handle"], said["keys"]
        credential = Credential.from_json(keys)
        good = said.get("schema") == _SCHEMA and said.get("id") == credential.id and is_handle(handle)
    except (ValueError, TypeError, KeyError, AttributeError, LedgerError, RecursionError):
        good = False
    if not good:
        raise Misuse(f"{where} is not what ledger key show prints", "ledger key show HANDLE > FILE", code="request")
    for key in credential.keys:
        key.check()
    return Request(handle, credential)

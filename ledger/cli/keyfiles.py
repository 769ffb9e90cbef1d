"""A user's key files, and the public side of a key as it is handed to an administrator."""

import json
import os
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

from ledger.config import ask_passphrase, keys_folder, passphrase
from ledger.encoding import CERTIFICATE_TYPE, b64decode, b64encode, encode, is_handle, time_text
from ledger.errors import LedgerError, Misuse, Tampered
from ledger.keys.credential import Credential, UnknownScheme, verify_signatures
from ledger.keys.ed25519 import Ed25519Signer
from ledger.keys.files import load_signer, save
from ledger.keys.openssh import name_of, read_public
from ledger.keys.sources import is_path, open_signer

_SCHEMA = "ledger.key/1"


LAST: Final = 6  # characters of a fingerprint that are compared by word of mouth
_ASKED: Final = "ledger.key_request/1"
_MANY_LIMIT: Final = 10_000


class Request(NamedTuple):
    """Whose key, and its public side; `proven`: the key itself signed that it is asked for."""

    handle: str
    credential: Credential
    proven: bool = False


def save_new(handle: str) -> tuple[Path, Credential]:
    """Make a key file for a handle; `Misuse` where one is there."""
    _check(handle)
    path = keys_folder() / f"{handle}.key"
    signer = Ed25519Signer.generate()
    save(path, signer.to_pem(passphrase()))
    return path, signer.credential


def public_side(named: str | None, handle: str | None) -> dict[str, Any]:
    """Return the document `ledger.key/1` of a handle's key, of a key file, or of the only key of this user.

    `named` may also be a source of `keys.sources`; then, and for OpenSSH's files, `handle` has to say whose it is.
    """
    source = named if named and not is_path(named) else str(_find(named))
    ours = is_path(source) and Path(source).suffix == ".key"
    if handle is None and not ours:
        raise Misuse(f"whose key is {source}?", "--handle ana", code="whose")
    handle = handle or Path(source).stem
    credential = open_signer(_source(source), ask_passphrase).credential
    _check(handle)
    return {"schema": _SCHEMA, "handle": handle, "id": credential.id, "keys": credential.to_json()}


def _check(handle: str) -> None:
    if not is_handle(handle):
        raise Misuse(f"{handle!r} is no handle: lower-case letters, digits and . _ -", "--handle mara", code="handle")


def own_key() -> str:
    """Return where this user's key is, where it is clear which one is meant."""
    return os.environ.get("LEDGER_KEY") or str(_find(None))


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
    fix = f"ledger key show {found[0].stem}" if found else "ledger key request --as HANDLE, or ledger key new HANDLE"
    raise Misuse(f"{what} in {keys_folder()}", fix, code="which_key" if found else "no_key")


def _is_authors(path: Path) -> bool:
    """Whether a file holds an author's key: the log's keys lie in the same folder."""
    try:
        load_signer(path, passphrase())
    except Misuse as error:
        return error.code not in ("key_kind", "key_file")
    return True


def read_request(data: bytes, where: str, handle: str | None = None) -> Request:
    """Return what `ledger key request` or `show` printed, or the OpenSSH public key of `handle`.

    Raises `Misuse` for anything else, and for keys that are unfit.
    """
    if b"PRIVATE KEY" in data:
        raise Misuse(
            f"{where} holds a private key; that must never be handed on",
            "ledger key show HANDLE > FILE",
            code="private",
        )
    if data.startswith((b"ssh-", b"sk-", b"ecdsa-")):
        if handle is None:
            raise Misuse(f"whose key is {where}?", "--handle ana", code="whose")
        _check(handle)
        return Request(handle, read_public(data.decode("utf-8", "replace"), where))
    try:
        found = _read(json.loads(data))
    except (ValueError, TypeError, KeyError, AttributeError, LedgerError, RecursionError) as error:
        if isinstance(error, Misuse) and error.code in ("bad_point", "key_size", "not_proven"):
            raise
        raise Misuse(
            f"{where} is not what ledger key request prints", "ledger key request -o FILE", code="request"
        ) from None
    if handle not in (None, found.handle):
        raise Misuse(f"{where} is of {found.handle}, not of {handle}", "leave --handle out", code="whose")
    return found


def read_requests(data: bytes, where: str) -> list[Request]:
    """Return many of them, from a JSON list or one a line; `Misuse` names the first that is none."""
    lines = [line for line in data.splitlines() if line.strip()]
    try:
        whole = json.loads(data)
        items = whole if isinstance(whole, list) else [whole]
    except (ValueError, RecursionError):
        items = lines
    if not 1 <= len(items) <= _MANY_LIMIT:
        raise Misuse(f"{where} holds {len(items):,} requests, not 1 to {_MANY_LIMIT:,}", "split it", code="request")
    found = []
    for at, item in enumerate(items, 1):
        one = item if isinstance(item, bytes) else json.dumps(item).encode()
        found.append(read_request(one, f"{where}, number {at},"))
    return found


def _read(said: Any) -> Request:
    handle, credential = said["handle"], Credential.from_json(said["keys"])
    if said["schema"] not in (_SCHEMA, _ASKED) or said["id"] != credential.id or not is_handle(handle):
        raise ValueError(handle)
    for key in credential.keys:
        key.check()
    if said["schema"] == _SCHEMA:
        return Request(handle, credential)
    body = _asked(handle, credential, said["time"])
    try:
        verify_signatures(credential, CERTIFICATE_TYPE, body, [b64decode(one) for one in said["signatures"]])
    except (Tampered, UnknownScheme):
        raise Misuse(
            f"the request of {handle} is not signed by the key it asks for; nothing was recorded",
            "ledger key request, by who holds that key",
            code="not_proven",
        ) from None
    return Request(handle, credential, proven=True)


def _asked(handle: str, credential: Credential, time: str) -> bytes:
    """The certificate that a new key signs (FORMAT.md section 4)."""
    return encode({"certificate": "key_request", "handle": handle, "keys": credential.to_json(), "time": time})


def request_file(handle: str | None, key: str | None) -> tuple[dict[str, Any], str]:
    """Return the document `ledger.key_request/1`, signed by the key, and how that key is shown to people.

    A handle without a key gets one made. Raises `Misuse` where it is not clear whose key is meant.
    """
    if key is None and handle is not None and not (keys_folder() / f"{handle}.key").exists():
        save_new(handle)
    source = _source(key) if key is not None else str(_find(handle))
    signer = open_signer(source, ask_passphrase)
    handle = handle or Path(source.partition(":")[2] or source).stem
    _check(handle)
    credential, time = signer.credential, time_text(datetime.now(UTC))
    signatures = [b64encode(one) for one in signer.sign(CERTIFICATE_TYPE, _asked(handle, credential, time))]
    document = {
        "schema": _ASKED,
        "handle": handle,
        "id": credential.id,
        "keys": credential.to_json(),
        "time": time,
        "signatures": signatures,
    }
    return document, name_of(credential)


def _source(key: str) -> str:
    """Return where the private key of `key` is: beside its public line, or with whoever ssh-keygen finds."""
    if not key.endswith(".pub") or ":" in key:
        return key
    private = Path(key).expanduser().with_suffix("")
    return str(private) if private.exists() else f"ssh-keygen:{key}"


def name_of_all(credentials: list[Credential]) -> str:
    """Return how one key is shown to a person, or a digest over many of them."""
    if len(credentials) == 1:
        return name_of(credentials[0])
    ids = "".join(f"{one.id}\n" for one in sorted(credentials, key=lambda one: one.id))
    return sha256(ids.encode()).hexdigest()

"""Making a ledger, on purpose: its store, its keys, its entry 0."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ledger import encoding, statement
from ledger.config import ask_passphrase, key_source, log_key_path, passphrase
from ledger.encoding import STATEMENT_TYPE, b64encode, is_handle, is_origin
from ledger.errors import Misuse
from ledger.events.rules import RULES
from ledger.fresh import new_id
from ledger.keys.credential import Signer
from ledger.keys.ed25519 import Ed25519Signer
from ledger.keys.files import load_log_key, save
from ledger.keys.log_key import LogKey
from ledger.keys.sources import is_path, open_signer
from ledger.log import found
from ledger.placing import Item
from ledger.stores.opening import check_free, create

ALL_ROLES = ("admin", "approver", "compliance", "recorder")


def make_ledger(
    location: str, *, origin: str, actor: str, key: Path | None = None, log_key: Path | None = None
) -> None:
    """Make a ledger at a location with `actor` as its first administrator, who holds every role and may hand them on.

    `key` and `log_key` are the files of the two private keys (else the user's folder of keys); each is made where it
    is not there. Raises `Misuse` where something is in the way; then nothing is left behind but keys.
    """
    if not is_origin(origin):
        raise Misuse(f"{origin!r} cannot name a ledger: printable ASCII, no blanks, no +", "ledger.bank.example/credit")
    if not is_handle(actor):
        raise Misuse(f"{actor!r} is no handle: lower-case letters, digits and . _ -", "mara", code="handle")
    check_free(location)
    signer = _author(str(key) if key else key_source(actor))
    sealer = _log_key(log_key or log_key_path(origin), origin)
    now = encoding.time_text(datetime.now(UTC))
    body = statement.write(_genesis(origin, actor, signer, sealer, now))
    fields = statement.read(body)
    item = Item(fields, body, encoding.id_bytes(fields["id"]), statement.statement_hash(body))
    store = create(location)
    try:
        found(store, item, signer.sign(STATEMENT_TYPE, body), sealer, now)
    finally:
        store.close()


def _author(source: str) -> Signer:
    if not is_path(source) or Path(source).exists():
        return open_signer(source, ask_passphrase)
    signer = Ed25519Signer.generate()
    save(Path(source), signer.to_pem(passphrase()))
    return signer


def _log_key(path: Path, origin: str) -> LogKey:
    if path.exists():
        return load_log_key(path, origin, ask_passphrase)
    key = LogKey.generate(origin)
    save(path, key.to_pem(passphrase()))
    return key


def _genesis(origin: str, actor: str, signer: Signer, sealer: LogKey, now: str) -> dict[str, Any]:
    keys = signer.credential.to_json()
    data = {
        "administrators": [{"handle": actor, "keys": keys, "roles": list(ALL_ROLES)}],
        "format": 1,
        "hash": "sha256",
        "log_keys": [key.text for key in sealer.verifier_keys],
        "nonce": b64encode(os.urandom(32)),
        "origin": origin,
        "recovery": {"keys": [keys], "threshold": 1},  # the administrator may name the log a new key when it is lost
        "rules": {kind: dict(rule) for kind, rule in RULES.items()},
    }
    return {
        "actor": actor,
        "data": data,
        "id": new_id(),
        "key": signer.credential.id,
        "rev": 1,
        "subject": {},
        "time": now,
        "type": "genesis",
    }

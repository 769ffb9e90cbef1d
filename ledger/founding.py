"""Making a ledger, on purpose: its store, its keys, its entry 0."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ledger import encoding, statement
from ledger.config import ask_passphrase, key_source, log_key_path, passphrase
from ledger.encoding import STATEMENT_TYPE, b64encode, is_handle, is_origin
from ledger.errors import Misuse, Tampered
from ledger.events.rules import RULES
from ledger.fresh import new_id
from ledger.genesis import Recovery
from ledger.keys.credential import Signer
from ledger.keys.ed25519 import Ed25519Signer
from ledger.keys.files import load_log_key, save
from ledger.keys.log_key import LogKey
from ledger.keys.sources import is_path, open_signer
from ledger.log import found
from ledger.notes.note import Note, parse_note, render_note
from ledger.notes.treehead import parse_checkpoint
from ledger.placing import Item
from ledger.stores.opening import check_free, create
from ledger.stores.there import is_there

RECOVERY_LIMIT: Final = 64
_NOTE: Final = 16_384  # most bytes of a checkpoint that entry 0 is to hold, beside keys and rules
ALL_ROLES = ("admin", "approver", "compliance", "recorder")


def make_ledger(
    location: str,
    *,
    origin: str,
    actor: str,
    key: Path | None = None,
    log_key: Path | None = None,
    recovery: Recovery | None = None,
    continues: bytes | None = None,
) -> None:
    """Make a ledger at a location with `actor` as its first administrator, who holds every role and may hand them on.

    `key` and `log_key` are the files of the two private keys (else the user's folder of keys); each is made where it
    is not there. `recovery`: who may replace the log's key when it is lost; else `actor` alone. `continues`: the newest
    checkpoint (a signed note) of the log that this one takes up after a loss. Raises `Misuse` where something is in the
    way; then nothing is left behind but keys.
    """
    if not is_origin(origin):
        raise Misuse(f"{origin!r} cannot name a ledger: printable ASCII, no blanks, no +", "ledger.bank.example/credit")
    if not is_handle(actor):
        raise Misuse(f"{actor!r} is no handle: lower-case letters, digits and . _ -", "mara", code="handle")
    if recovery is not None:
        check_recovery(recovery)
    before = {"continues": _before(continues, origin)} if continues is not None else {}
    check_free(location)
    signer = _author(str(key) if key else key_source(actor))
    sealer = _log_key(log_key or log_key_path(origin), origin)
    now = encoding.time_text(datetime.now(UTC))
    body = statement.write(_genesis(origin, actor, signer, sealer, now, recovery, before))
    fields = statement.read(body)
    item = Item(fields, body, encoding.id_bytes(fields["id"]), statement.statement_hash(body))
    store = create(location)
    try:
        found(store, item, signer.sign(STATEMENT_TYPE, body), sealer, now)
    finally:
        store.close()


def _author(source: str) -> Signer:
    if not is_path(source) or is_there(Path(source)):
        return open_signer(source, ask_passphrase)
    signer = Ed25519Signer.generate()
    save(Path(source), signer.to_pem(passphrase()))
    return signer


def _log_key(path: Path, origin: str) -> LogKey:
    if is_there(path):
        return load_log_key(path, origin, ask_passphrase)
    key = LogKey.generate(origin)
    save(path, key.to_pem(passphrase()))
    return key


def _before(data: bytes, origin: str) -> dict[str, str]:
    """Return what entry 0 says of the log that is taken up: of many signatures, that log's own alone."""
    try:
        note = parse_note(data)
        named = parse_checkpoint(note.text).origin
    except Tampered:
        raise Misuse(
            "what is to be taken up is no checkpoint", "the newest one of the log before", code="checkpoint"
        ) from None
    if named == origin:
        raise Misuse(
            f"the log that is taken up is {origin} itself: no name may stand for two histories",
            f"--origin {origin}-2, or another new name",
            code="origin",
        )
    if len(data) > _NOTE:
        data = render_note(Note(note.text, tuple(line for line in note.signatures if line.name == named)))
    return {"checkpoint": data.decode(), "origin": named}


def check_recovery(recovery: Recovery) -> None:
    """Raise `Misuse` for a quorum that nobody could ever be, or that is not one."""
    keys = {one.id for one in recovery.credentials}
    if not 1 <= recovery.threshold <= len(keys) or len(keys) != len(recovery.credentials) or len(keys) > RECOVERY_LIMIT:
        raise Misuse(
            f"{recovery.threshold} of {len(keys)} different keys cannot be who recovers the log's",
            f"--recovery FILE, 1 to {RECOVERY_LIMIT} times, each another key; --recovery-threshold at most as many",
            code="recovery",
        )


def _genesis(
    origin: str,
    actor: str,
    signer: Signer,
    sealer: LogKey,
    now: str,
    recovery: Recovery | None,
    before: dict[str, Any],
) -> dict[str, Any]:
    keys = signer.credential.to_json()
    quorum = recovery or Recovery((signer.credential,), 1)
    data = {
        **before,
        "administrators": [{"handle": actor, "keys": keys, "roles": list(ALL_ROLES)}],
        "format": 1,
        "hash": "sha256",
        "log_keys": [key.text for key in sealer.verifier_keys],
        "nonce": b64encode(os.urandom(32)),
        "origin": origin,
        "recovery": {"keys": [one.to_json() for one in quorum.credentials], "threshold": quorum.threshold},
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

"""Checking a receipt offline: this entry stands under that checkpoint, which the log's key signed."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ledger import entry
from ledger.cli.frame import Call
from ledger.cli.layout import about, day, headline, pairs, short_path
from ledger.cli.screen import Answer
from ledger.cli.trusting import Given, written_policy
from ledger.cli.verdict import block
from ledger.errors import LedgerError, Misuse, Tampered
from ledger.notes.note import parse_note
from ledger.notes.treehead import parse_checkpoint
from ledger.notes.verifier import VerifierKey
from ledger.receipts import PROOF_LIMIT, Proven, check_proof

if TYPE_CHECKING:
    from ledger.api import Ledger


def check_receipt(call: Call, path: Path, given: Given) -> Answer:
    """Check a receipt with the keys that were given, else with what one's own ledger of the same origin says."""
    policy = written_policy(given)
    keys = policy.keys
    with path.open("rb") as file:
        data = file.read(PROOF_LIMIT + 1)
    try:
        origin = _origin(data)
        own = None if keys else _own(call, origin)
        try:
            known = keys or _keys_of(own, data)
            if not known:
                return _no_key(path, origin)
            proven = check_proof(data, origin, known)
            if own is not None:
                _compare(own, proven)
        finally:
            if own is not None:
                own.close()
    except Tampered as error:
        return _broken(path, error)
    ours = f"your own ledger ({short_path(own.place.source) if own else ''})"
    return _verified(path, origin, proven, policy.key_source if keys else ours)


def _origin(data: bytes) -> str:
    return parse_checkpoint(parse_note(data.partition(b"\n\n")[2]).text).origin


def _own(call: Call, origin: str) -> "Ledger | None":
    """Return one's own ledger, if there is one and it is of that origin."""
    try:
        ledger = call.open()
    except Misuse:
        if call.location is not None:
            raise
        return None
    if ledger.origin == origin:
        return ledger
    ledger.close()
    return None


def _keys_of(ledger: "Ledger | None", data: bytes) -> tuple[VerifierKey, ...]:
    """Return the keys that must have signed the receipt's checkpoint, followed from the key that one trusts."""
    if ledger is None:
        return ()
    note, log_keys = data.partition(b"\n\n")[2], ledger.trust().log_keys
    own = (ledger.place.key,) if ledger.place.key is not None else ()
    if log_keys.out_of_reach(own, ()):
        return ()
    return log_keys.signers(log_keys.open(note, ledger.origin, own).size)[-1].keys


def _compare(ledger: "Ledger", proven: Proven) -> None:
    """Raise `Tampered` where one's own ledger has another entry at that place: the key signed two histories."""
    seq = proven.entry.seq
    if seq >= len(ledger):
        raise Tampered(
            f"your own ledger has {len(ledger):,} entries, the receipt is of entry {seq:,}", code="shrunk", seq=seq
        )
    try:
        same = entry.view(ledger.read(seq)) == proven.entry
    except LedgerError:
        same = False
    if not same:
        raise Tampered(f"your own ledger has another entry {seq:,}", code="forked", seq=seq)


# ---- the answers ----


def _verified(path: Path, origin: str, proven: Proven, source: str) -> Answer:
    said, seq, size = proven.entry.statement, proven.entry.seq, proven.checkpoint.size
    document: dict[str, Any] = {
        "schema": "ledger.verify_receipt/1",
        "verdict": "verified",
        "origin": origin,
        "seq": seq,
        "size": size,
        "root": f"sha256:{proven.checkpoint.root.hex()}",
        "id": said.id,
        "type": said.type,
        "subject": said.subject,
        "actor": said.actor,
        "recorded": proven.entry.recorded,
        "vouched_by": source,
    }
    rows = [
        (f"entry {seq}", f"{said.type} {about(said.subject)} by {said.actor}, recorded {day(proven.entry.recorded)}Z"),
        ("vouched for by", f"the log's key, from {source}"),
        ("proven", f"this entry, byte for byte, stands in the log of {size:,} entries that the key signed"),
        ("not proven", "that what it states is true; its author's signature and role (ledger verify checks those)"),
    ]
    return Answer(document, block("VERIFIED", headline(f"VERIFIED  receipt {path.name}", origin), pairs(rows)))


def _no_key(path: Path, origin: str) -> Answer:
    document = {
        "schema": "ledger.verify_receipt/1",
        "verdict": "unverifiable",
        "origin": origin,
        "missing": [{"code": "key", "message": f"no key of {origin} is at hand"}],
    }
    rows = [
        ("missing", f"no key was given, and no ledger of yours is {origin}"),
        ("proven", "nothing"),
        ("to mend", "get the key by another way than the receipt, then:"),
        ("", f"ledger verify {path} --key 'NAME+HEX+BASE64'"),
    ]
    return Answer(
        document, block("UNVERIFIABLE", headline(f"UNVERIFIABLE  receipt {path.name}", origin), pairs(rows)), 5
    )


def _broken(path: Path, error: Tampered) -> Answer:
    failure = {"code": error.code, "message": error.message} | ({"seq": error.seq} if error.seq >= 0 else {})
    document = {"schema": "ledger.verify_receipt/1", "verdict": "broken", "failures": [failure]}
    rows = [
        ("the receipt", error.message),
        ("proven", "nothing"),
        ("to mend", "ask for it again; if it was right once, keep both files: they may prove two histories"),
    ]
    return Answer(document, block("BROKEN", f"BROKEN  receipt {path.name}", pairs(rows)), 3)

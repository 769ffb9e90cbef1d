"""A ledger's side of its witnesses: what it asks them, and their lines kept (c2sp.org/tlog-witness)."""

import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from ledger.anchors.http import Answer, post, shown
from ledger.errors import Conflict, LedgerError, Misuse, Tampered, Unavailable
from ledger.merkle.proofs import consistency_proof
from ledger.notes.adding import (
    FORBIDDEN,
    OK,
    OTHER_SIZE,
    SIZE_TYPE,
    UNKNOWN_LOG,
    UNPROVEN,
    write_request,
)
from ledger.notes.checkpoint import Checkpoint
from ledger.notes.merging import add_lines, cosignatures
from ledger.notes.note import Note, SignatureLine, parse_note, render_note
from ledger.notes.verifier import VerifierKey
from ledger.proving import root_at, tree_reader

if TYPE_CHECKING:
    from ledger.api import Ledger

_ANY_TIME: Final = 2**63 - 1
_REPLY_LIMIT: Final = 65_536
_AHEAD: Final = 300  # seconds that a witness's clock may be before ours
_SIZE: Final = re.compile(rb"(0|[1-9][0-9]{0,15})\n", re.ASCII)


class Added(NamedTuple):
    """Lines that are kept now: of which size, whose were checked, and whose could not be, their key being unknown."""

    size: int
    checked: tuple[str, ...]
    unchecked: tuple[str, ...]


def request_for(ledger: "Ledger", old: int) -> bytes:
    """Return a request to a witness that cosigned size `old` last (0: never): the newest checkpoint, closed and kept.

    Raises `Misuse` where the log's key is not here, or `old` is above the log.
    """
    note = ledger.close_checkpoint()
    checkpoint = ledger.trust().log_keys.open(note, ledger.origin)
    head = ledger.store.head()
    return write_request(old, consistency_proof(old, checkpoint.size, tree_reader(ledger.store, head)), note)


def last_cosigned(ledger: "Ledger", name: str) -> int:
    """Return the size of the newest kept checkpoint that has a line by `name`; 0 where there is none."""
    for size, note in reversed(ledger.store.checkpoints()):
        if any(line.name == name for line in parse_note(note).signatures):
            return size
    return 0


def keep_cosigned(ledger: "Ledger", note: bytes, witnesses: Sequence[VerifierKey]) -> Added:
    """Keep the lines of others under a checkpoint of this log; those of `witnesses` must be good.

    Raises `Tampered` where the log did not sign it or has other entries below it, `Misuse` where a known witness's line
    is not good: nothing is kept then.
    """
    log_keys = ledger.trust().log_keys
    checkpoint, parsed = log_keys.open(note, ledger.origin), parse_note(note)
    if root_at(ledger.store, ledger.store.head(), checkpoint.size) != checkpoint.root:
        raise Tampered(
            f"the checkpoint of {checkpoint.size:,} entries is not of the entries that are here: two histories",
            "keep the file; ledger verify --checkpoint FILE",
            code="forked",
            check=4,
        )
    own = {(key.name, key.key_id) for one in log_keys.sets for key in one.keys}
    others = [line for line in parsed.signatures if (line.name, line.key_id) not in own]
    good = {(one.key.name, one.key.key_id) for one in cosignatures(parsed, witnesses, _ANY_TIME)}
    _check_known(others, witnesses, good)
    ledger.store.keep_checkpoint(checkpoint.size, note)
    rest = {line.name for line in others if (line.name, line.key_id) not in good}
    return Added(checkpoint.size, tuple(sorted({name for name, _ in good})), tuple(sorted(rest)))


def _check_known(
    lines: Sequence[SignatureLine], witnesses: Sequence[VerifierKey], good: set[tuple[str, bytes]]
) -> None:
    known = {(key.name, key.key_id) for key in witnesses}
    for line in lines:
        if (line.name, line.key_id) in known - good:
            raise Misuse(f"the line of {line.name} is not its signature", "ask the witness again", code="bad_signature")


# ---- over HTTP ----


def ask(ledger: "Ledger", url: str, keys: Sequence[VerifierKey], *, seconds: float = 20.0) -> Added:
    """Have the witness with these `keys` at the submission prefix `url` cosign the newest checkpoint; keep its lines.

    The order: the checkpoint is closed and kept; the witness is asked; its lines are checked, then kept. A crash after
    any step loses nothing: who asks again is answered again.

    Raises `Unavailable` where there is no answer that can be read, `Conflict` where somebody else asks meanwhile,
    `Misuse` where it does not follow this log, and `Tampered` where it has seen another history of it.
    """
    note = ledger.close_checkpoint()
    checkpoint = ledger.trust().log_keys.open(note, ledger.origin)
    read = tree_reader(ledger.store, ledger.store.head())

    def submit(old: int) -> Answer:
        request = write_request(old, consistency_proof(old, checkpoint.size, read), note)
        return post(f"{url.rstrip('/')}/add-checkpoint", request, limit=_REPLY_LIMIT, seconds=seconds)

    answer = submit(last_cosigned(ledger, keys[0].name))
    if answer.status == OTHER_SIZE:
        answer = submit(_size_of(answer, url, checkpoint))
    if answer.status != OK:
        raise _refused(answer, url, checkpoint)
    return keep_cosigned(ledger, _with_lines(note, answer, url, keys), keys)


def _size_of(answer: Answer, url: str, checkpoint: Checkpoint) -> int:
    """Return what the witness says it cosigned last (409)."""
    found = _SIZE.fullmatch(answer.body)
    if answer.media_type != SIZE_TYPE or found is None:
        raise _nonsense(url, "409 without a size")
    size = int(found[1])
    if size > checkpoint.size:
        raise Tampered(
            f"{shown(url)} has cosigned {size:,} entries, here are {checkpoint.size:,}: an old copy, or two histories",
            "ledger verify; restore a later copy",
            code="shrunk",
            check=4,
        )
    return size


def _with_lines(note: bytes, answer: Answer, url: str, keys: Sequence[VerifierKey]) -> bytes:
    """Return the note with the witness's lines, which are good and of now; lines of others are left out."""
    known = {(key.name, key.key_id) for key in keys}
    base = parse_note(note)
    try:
        lines = parse_note(f"{base.text}\n".encode() + answer.body).signatures
    except Tampered as error:
        raise _nonsense(url, error.message) from None
    own = [line for line in lines if (line.name, line.key_id) in known]
    good = cosignatures(Note(base.text, tuple(own)), keys, int(time.time()) + _AHEAD)
    if not own or len(good) < len(own):
        raise _nonsense(url, "its line is not of its key, or of no time that can be" if own else "no line of its key")
    return render_note(add_lines(base, own))


def _refused(answer: Answer, url: str, checkpoint: Checkpoint) -> LedgerError:
    """Return the error that a status means (c2sp.org/tlog-witness)."""
    said = answer.body[:200].decode("utf-8", "replace").strip()
    what = f"{shown(url)} refuses ({answer.status}{f': {said}' if said else ''})"
    if answer.status == UNPROVEN:
        what = f"{shown(url)} has cosigned entries that are not those of the {checkpoint.size:,} here: two histories"
        return Tampered(what, "keep everything; ledger verify", code="forked", check=4)
    if answer.status == UNKNOWN_LOG:
        return Misuse(what, "it must follow this log: give its keeper the key in ledger.toml", code="unknown_log")
    if answer.status == FORBIDDEN:
        return Misuse(what, "its keeper has another key for this log: compare it", code="forbidden")
    if answer.status == OTHER_SIZE:
        return Conflict(f"{shown(url)} was asked by another at the same time", "ask again", code="asked_twice")
    return Unavailable(what, "try again later", code="away")


def _nonsense(url: str, why: str) -> Unavailable:
    return Unavailable(
        f"{shown(url)} answers as no witness does: {why}; nothing was kept", "check its address and key", code="answer"
    )

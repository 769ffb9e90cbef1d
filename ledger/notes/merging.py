"""Signature lines gathered under one checkpoint: merged, never lost, at most 32; and which witnesses they count for."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ledger.errors import Misuse, Tampered
from ledger.notes.note import SIGNATURE_LIMIT, Note, SignatureLine, parse_note, render_note
from ledger.notes.verifier import ED25519_COSIGNATURE, MLDSA44_COSIGNATURE, TIME_SIZE, VerifierKey

WITNESS_KINDS = (ED25519_COSIGNATURE, MLDSA44_COSIGNATURE)


class Cosigned(NamedTuple):
    """A witness's good line: whose it is, and when it was made (POSIX seconds)."""

    key: VerifierKey
    time: int


def merge_notes(kept: bytes, other: bytes) -> bytes:
    """Return `kept` with the lines of `other` that it has not got; both are notes over the same text.

    Raises `Tampered` where either is no note or the texts differ, `Misuse` where the lines would be more than 32.
    """
    one, two = parse_note(kept), parse_note(other)
    if one.text != two.text:
        raise Tampered(
            "two checkpoints of one size say different things: two histories", "keep both files", code="forked"
        )
    return render_note(add_lines(one, two.signatures))


def add_lines(note: Note, lines: Iterable[SignatureLine]) -> Note:
    """Return the note with these lines after its own, each said once.

    Two lines of one key that begin with the same eight bytes say the same: Ed25519 makes the same bytes again, and an
    ML-DSA line begins with its time, after which its bytes are drawn anew. The one that was there first stays.
    """
    said = {_statement(line): line for line in note.signatures}
    fresh = [line for line in lines if _is_new(line, said)]
    if len(note.signatures) + len(fresh) > SIGNATURE_LIMIT:
        raise Misuse(
            f"the checkpoint would have {len(note.signatures) + len(fresh)} signature lines, the most are"
            f" {SIGNATURE_LIMIT}; nothing was changed",
            "close a new checkpoint and have that one cosigned",
            code="lines",
        )
    return Note(note.text, (*note.signatures, *fresh))


def _is_new(line: SignatureLine, said: dict[tuple[str, bytes, bytes], SignatureLine]) -> bool:
    if _statement(line) in said:
        return False
    said[_statement(line)] = line
    return True


def _statement(line: SignatureLine) -> tuple[str, bytes, bytes]:
    return line.name, line.key_id, line.signature[:TIME_SIZE]


def cosignatures(note: Note, witnesses: Sequence[VerifierKey], latest: int) -> list[Cosigned]:
    """Return the lines that count for `witnesses`: good, with a time above 0 and not after `latest` (POSIX seconds).

    A line that is not good counts for nothing, as if it were not there: whoever can add one could also leave it out.
    """
    known = {(key.name, key.key_id): key for key in witnesses}
    found = []
    for line in note.signatures:
        key = known.get((line.name, line.key_id))
        if key is None:
            continue
        time = int.from_bytes(line.signature[:TIME_SIZE], "big")
        if 0 < time <= latest and key.is_good(note.text, line.signature):
            found.append(Cosigned(key, time))
    return found

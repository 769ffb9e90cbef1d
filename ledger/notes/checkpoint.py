"""Checkpoints as they are kept and sent: three lines, signed as a note (FORMAT.md section 9)."""

from collections.abc import Sequence

from ledger.errors import Misuse, Tampered
from ledger.notes.note import Note, NoteSigner, SignatureLine, parse_note, verify_note
from ledger.notes.treehead import Checkpoint, parse_checkpoint
from ledger.notes.verifier import ED25519, MLDSA44_COSIGNATURE, VerifierKey

__all__ = ["Checkpoint", "check_signed", "open_checkpoint", "open_signed", "parse_checkpoint", "sign_checkpoint"]

_LOG_KINDS = (ED25519, MLDSA44_COSIGNATURE)


def sign_checkpoint(checkpoint: Checkpoint, signers: Sequence[NoteSigner]) -> bytes:
    """The whole note, signed by the log's `signers` in order. Raises Misuse for a signer that is not named as the log.

    A writer does this at every commit, so what parse and print already promise is not checked again.
    """
    text = checkpoint.text
    lines = [text, "\n"]
    for signer in signers:
        key = signer.verifier_key
        if key.name != checkpoint.origin:
            raise Misuse(
                f"key {key.name} cannot sign a checkpoint of {checkpoint.origin}",
                "use the key that was made for this log",
                code="origin",
            )
        lines.append(SignatureLine(key.name, key.key_id, signer.sign_note(text)).text)
    if len(lines) == 2:
        raise Misuse("a checkpoint needs a signature", "give the log's key", code="unsigned")
    return "".join(lines).encode()


def open_checkpoint(data: bytes, origin: str, keys: Sequence[VerifierKey]) -> Checkpoint:
    """The checkpoint in `data`, if it is one of the log `origin` and that log's key is among the `keys` that signed.

    Raises Tampered otherwise. The origin is compared by itself: a good signature by a known key on another log's
    checkpoint is not this log's word.
    """
    return open_signed(data, origin, keys)[0]


def open_signed(
    data: bytes, origin: str, keys: Sequence[VerifierKey]
) -> tuple[Checkpoint, tuple[VerifierKey, ...], Note]:
    """As `open_checkpoint`; return also which of the `keys` signed, and the note."""
    note = parse_note(data)
    checkpoint = parse_checkpoint(note.text)
    return checkpoint, check_signed(note, checkpoint, origin, keys), note


def check_signed(
    note: Note, checkpoint: Checkpoint, origin: str, keys: Sequence[VerifierKey]
) -> tuple[VerifierKey, ...]:
    """Return which of the `keys` signed a note that holds a checkpoint; `Tampered` as in `open_checkpoint`."""
    if checkpoint.origin != origin:
        raise Tampered(
            f"a checkpoint of {checkpoint.origin}, not of {origin}", "ask the log named for its own", code="origin"
        )
    signed = verify_note(note, keys)
    if not any(key.name == origin and key.kind in _LOG_KINDS for key in signed):
        raise Tampered(f"witnesses signed, but no key of {origin} did", "ask for the note again", code="unsigned")
    return signed

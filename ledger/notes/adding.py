"""add-checkpoint: what a log asks of a witness, and what the witness may answer (c2sp.org/tlog-witness).

    request = "old " size LF *63(base64 hash LF) LF checkpoint        ; a blank line, then the signed note as it is

Pure: whoever keeps a witness's state does so around `judge`.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from ledger.encoding import b64decode, b64encode
from ledger.errors import Misuse, Tampered
from ledger.merkle.proofs import check_consistency
from ledger.merkle.tree import EMPTY_ROOT, HASH_SIZE, MAX_SIZE
from ledger.notes.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint
from ledger.notes.note import NOTE_LIMIT, parse_note
from ledger.notes.verifier import VerifierKey

PROOF_LINES: Final = 63
REQUEST_LIMIT: Final = NOTE_LIMIT + 24 + PROOF_LINES * 45
"""Most bytes of a request."""

OK: Final = 200
MALFORMED: Final = 400
FORBIDDEN: Final = 403
UNKNOWN_LOG: Final = 404
OTHER_SIZE: Final = 409
UNPROVEN: Final = 422
SIZE_TYPE: Final = "text/x.tlog.size"

_OLD: Final = re.compile(rb"old (0|[1-9][0-9]{0,15})", re.ASCII)


class Asked(NamedTuple):
    """A request: the size that the witness is thought to have cosigned last, the way from there, the checkpoint."""

    old: int
    proof: tuple[bytes, ...]
    note: bytes

    @property
    def checkpoint(self) -> Checkpoint:
        """What the note says, its signatures unseen; raises `Tampered` where it is no checkpoint."""
        return parse_checkpoint(parse_note(self.note).text)


class Judged(NamedTuple):
    """The status to answer with, the checkpoint where it may be cosigned, why not where it may not.

    `fork`: the log's own key signed two trees of one size, this one and the one that was cosigned.
    """

    status: int
    checkpoint: Checkpoint | None
    why: str
    fork: bool = False


def write_request(old: int, proof: Sequence[bytes], note: bytes) -> bytes:
    """Return the bytes of a request."""
    hashes = "".join(f"{b64encode(step)}\n" for step in proof)
    return f"old {old}\n{hashes}\n".encode() + note


def read_request(data: bytes) -> Asked:
    """Return what bytes ask; raise `Tampered` for what is no request."""
    if len(data) > REQUEST_LIMIT:
        raise _malformed(f"{len(data):,} bytes, the limit is {REQUEST_LIMIT:,}")
    head, blank, note = data.partition(b"\n\n")
    first, *lines = head.split(b"\n")
    found = _OLD.fullmatch(first)
    if not blank or found is None or int(found[1]) > MAX_SIZE:
        raise _malformed("it does not begin with `old` and a size, or has no blank line")
    if len(lines) > PROOF_LINES:
        raise _malformed(f"{len(lines)} hashes, the most are {PROOF_LINES}")
    try:
        proof = tuple(b64decode(line.decode("ascii")) for line in lines)
    except UnicodeDecodeError:
        raise _malformed("a hash is not ASCII") from None
    if any(len(step) != HASH_SIZE for step in proof):
        raise _malformed("a hash is not 32 bytes long")
    asked = Asked(int(found[1]), proof, note)
    asked.checkpoint  # noqa: B018 - raises where the note is no checkpoint
    return asked


def is_request(data: bytes) -> bool:
    """Whether bytes begin as a request does."""
    return data.startswith(b"old ")


def judge(asked: Asked, keys: Sequence[VerifierKey], latest: Checkpoint | None) -> Judged:
    """Return the answer of a witness that trusts `keys` of this log (none: it does not know it) and cosigned `latest`.

    In the order of the specification: 404, 403, 400, 409, 422. Cosigning again what was cosigned last is allowed.
    """
    if not keys:
        return Judged(UNKNOWN_LOG, None, "this witness does not know that log")
    try:
        checkpoint = open_checkpoint(asked.note, keys[0].name, keys)
    except (Tampered, Misuse) as error:
        return Judged(FORBIDDEN, None, error.message)
    size = latest.size if latest else 0
    if asked.old > checkpoint.size:
        return Judged(MALFORMED, None, f"old {asked.old} is above the checkpoint's size, {checkpoint.size}")
    if asked.old != size:
        return Judged(OTHER_SIZE, None, f"this witness cosigned size {size} last, not {asked.old}")
    root = latest.root if latest else EMPTY_ROOT
    try:
        check_consistency(size, checkpoint.size, asked.proof, root, checkpoint.root)
    except Tampered as error:
        fork = latest is not None and size == checkpoint.size and root != checkpoint.root
        return Judged(UNPROVEN, None, error.message, fork)
    return Judged(OK, checkpoint, "")


def _malformed(why: str) -> Tampered:
    return Tampered(f"not a request to a witness: {why}", "ledger witness request", code="request")

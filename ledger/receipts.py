"""What a caller gets for a statement, and the proof for others that it was recorded (c2sp.org/tlog-proof)."""

from collections.abc import Sequence
from typing import Any, Final, Literal, NamedTuple

import msgspec

from ledger import entry
from ledger.encoding import b64decode, b64encode
from ledger.errors import Tampered
from ledger.merkle.proofs import check_inclusion
from ledger.merkle.tree import HASH_SIZE
from ledger.notes.checkpoint import Checkpoint, open_checkpoint
from ledger.notes.verifier import VerifierKey

State = Literal["sealed", "placed", "spooled", "draft", "off"]
PROOF_LIMIT: Final = 262_144
_FIRST_LINE: Final = "c2sp.org/tlog-proof@v1"


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Where a statement stands: durable when this is returned.

    `hash` names the statement in refs, `leaf` the entry (both 64 hex digits). `state`: sealed under a checkpoint;
    placed by a writer without the log's key, and covered by whoever has it; spooled: signed, and waiting on this
    machine for its ledger (`why` says for what; no `seq`, -1, and no `leaf`); draft: unsigned fields, kept for want of
    a key (no `hash`); off: nothing was recorded, by choice. `again`: it was recorded before.
    """

    seq: int
    id: str
    hash: str
    leaf: str
    type: str
    subject: dict[str, Any]
    actor: str
    time: str
    recorded: str
    state: State
    again: bool = False
    why: str = ""

    def __repr__(self) -> str:
        """Say in a line what was recorded, about what, and where it stands."""
        system, version = self.subject.get("system"), self.subject.get("version")
        about = f"{system}@{version}" if system and version else str(system or self.subject.get("dataset") or "")
        words = [self.type, about, f"entry {self.seq}," if self.seq >= 0 else "", self.state]
        return f"<Receipt {' '.join(word for word in words if word)}>"


class Recorded(msgspec.Struct, frozen=True):
    """What `record_many` placed: `count` statements, in entries `first` to `last` (other writers' may lie between).

    `spooled`: how many of them wait on this machine instead (`first` and `last` are -1 where all do).
    """

    count: int
    first: int
    last: int
    spooled: int = 0


class Proven(NamedTuple):
    """What a proof file shows: this entry stands under this checkpoint."""

    entry: entry.Entry
    checkpoint: Checkpoint


def write_proof(data: bytes, seq: int, path: Sequence[bytes], note: bytes) -> bytes:
    """Return a proof file: the entry's bytes, its place, the inclusion path, the checkpoint with all its signatures."""
    hashes = "".join(f"{b64encode(step)}\n" for step in path)
    return f"{_FIRST_LINE}\nextra {b64encode(data)}\nindex {seq}\n{hashes}\n".encode() + note


def check_proof(proof: bytes, origin: str, keys: Sequence[VerifierKey]) -> Proven:
    """Return what a proof file shows, under the log's `keys`; raise `Tampered` where any part of it does not hold."""
    if len(proof) > PROOF_LIMIT:
        raise _bad(f"{len(proof):,} bytes, the limit is {PROOF_LIMIT:,}")
    head, blank, note = proof.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise _bad("not ASCII") from None
    if not blank or len(lines) < 3 or lines[0] != _FIRST_LINE or not lines[1].startswith("extra "):
        raise _bad("its first lines are not those of a proof with its entry")
    data = b64decode(lines[1].removeprefix("extra "))
    fields = entry.read(data).fields
    if lines[2] != f"index {fields['seq']}":
        raise _bad(f"{lines[2][:40]!r} is not the place that the entry says, {fields['seq']}")
    path = [b64decode(line) for line in lines[3:]]
    if any(len(step) != HASH_SIZE for step in path):
        raise _bad("a hash of another length")
    checkpoint = open_checkpoint(note, origin, keys)
    check_inclusion(fields["seq"], checkpoint.size, entry.leaf(data), path, checkpoint.root)
    return Proven(entry.view(data), checkpoint)


def is_proof(data: bytes) -> bool:
    """Whether bytes begin as a proof file does."""
    return data.startswith(_FIRST_LINE.encode() + b"\n")


def _bad(why: str) -> Tampered:
    return Tampered(f"not a receipt: {why}", "ask for the receipt again", code="receipt")

"""What a caller gets for a statement, and the proof for others that it was recorded (c2sp.org/tlog-proof)."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import msgspec

from ledger import authorship, entry
from ledger.authorship import Author, Chain
from ledger.encoding import b64decode, b64encode
from ledger.errors import Misuse, Tampered
from ledger.merkle.proofs import MAX_PROOF, check_inclusion
from ledger.merkle.tree import HASH_SIZE
from ledger.notes.checkpoint import Checkpoint, open_checkpoint
from ledger.notes.note import parse_note, verify_note
from ledger.notes.verifier import VerifierKey

State = Literal["sealed", "placed", "spooled", "draft", "off"]
SCHEMA: Final = "ledger.record/1"
PROOF_LIMIT: Final = 1_048_576
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

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file, whole or not at all: another process hands that over, `of=Path(path)`.

        The document is the one that `ledger record --json` prints. Raises `Misuse` where it cannot be written.
        """
        target = Path(path)
        making = target.with_name(f".{target.name}.{os.getpid()}.new")
        try:
            making.write_bytes(msgspec.json.encode({"schema": SCHEMA, **said_of(self)}) + b"\n")
            making.replace(target)
        except OSError as error:
            making.unlink(missing_ok=True)
            raise Misuse(f"{target} cannot be written: {error.strerror}", "another place", code="output") from None

    def _repr_html_(self) -> str:
        """Return what a notebook shows: one table, every text escaped."""
        from html import escape

        where = f"entry {self.seq}" if self.seq >= 0 else self.why or "not in a ledger"
        rows = [("state", f"{self.state}{', recorded before' if self.again else ''}; {where}"), ("type", self.type)]
        rows += [(name, str(value)) for name, value in self.subject.items() if isinstance(value, str)]
        rows += [(name, str(one)) for name, one in (self.subject.get("artifacts") or {}).items()]
        rows += [("by", f"{self.actor}, {self.time}"), ("id", self.id), ("hash", self.hash), ("leaf", self.leaf)]
        cells = (f"<tr><th>{escape(name)}</th><td>{_cut(text)}</td></tr>" for name, text in rows if text)
        return f"<table>{''.join(cells)}</table>"


def said_of(receipt: Receipt) -> dict[str, Any]:
    """Return what a receipt says, by name; what it does not say is left out."""
    fields = {name: getattr(receipt, name) for name in receipt.__struct_fields__}
    return {name: value for name, value in fields.items() if value != "" and (name != "seq" or value >= 0)}


def _cut(text: str) -> str:
    """A digest in its first 12 characters, all of it in the title; other text as it is; escaped."""
    from html import escape

    digest = text.removeprefix("sha256:")
    if len(digest) != 64:
        return escape(text)
    return f'<span title="{escape(text)}">{escape(digest[:12])}</span>'


class Recorded(msgspec.Struct, frozen=True):
    """What `record_many` placed: `count` statements, in entries `first` to `last` (other writers' may lie between).

    `spooled`: how many of them wait on this machine instead (`first` and `last` are -1 where all do).
    """

    count: int
    first: int
    last: int
    spooled: int = 0


class Proven(NamedTuple):
    """What a proof file shows: this entry stands under this checkpoint; and who signed it, where the file says so."""

    entry: entry.Entry
    checkpoint: Checkpoint
    note: bytes
    author: Author | None


def write_proof(data: bytes, seq: int, path: Sequence[bytes], note: bytes, chain: Chain | None = None) -> bytes:
    """Return a proof file: the entry's bytes, its place, the inclusion path, the checkpoint with all its signatures.

    With a `chain` also what shows that its author's key was authorised in this log.
    """
    extra = data if chain is None else authorship.write(chain, data)
    hashes = "".join(f"{b64encode(step)}\n" for step in path)
    proof = f"{_FIRST_LINE}\nextra {b64encode(extra)}\nindex {seq}\n{hashes}\n".encode() + note
    if len(proof) > PROOF_LIMIT:
        raise Misuse(f"the receipt would have {len(proof):,} bytes", "--plain", code="long_chain")
    return proof


def check_proof(proof: bytes, origin: str, keys: Sequence[VerifierKey]) -> Proven:
    """Return what a proof file shows, under the log's `keys`; raise `Tampered` where any part of it does not hold."""
    extra, index, path, note = _parts(proof)
    data, chain = authorship.read(extra, PROOF_LIMIT) if authorship.is_chain(extra) else (extra, None)
    seq = entry.read(data).fields["seq"]
    if index != f"index {seq}":
        raise _bad(f"{index[:40]!r} is not the place that the entry says, {seq}")
    checkpoint = open_checkpoint(note, origin, keys)
    check_inclusion(seq, checkpoint.size, entry.leaf(data), path, checkpoint.root)
    author = authorship.check(chain, data, checkpoint) if chain is not None else None
    if author is not None:  # entry 0 stands under the checkpoint: no line of the keys that it names may be bad
        verify_note(parse_note(note), tuple(dict.fromkeys((*keys, *author.genesis.log_keys))))
    return Proven(entry.view(data), checkpoint, note, author)


def genesis_of_proof(proof: bytes) -> bytes | None:
    """Return the bytes of entry 0 that a proof file brings with its author's chain, unchecked; None: it brings none.

    For a verifier who knows the leaf of entry 0 and takes the log's keys from it.
    """
    extra, index, _, _ = _parts(proof)
    if not authorship.is_chain(extra):
        return extra if index == "index 0" else None
    data, chain = authorship.read(extra, PROOF_LIMIT)
    return chain.links[0].data if chain.links else data


def _parts(proof: bytes) -> tuple[bytes, str, list[bytes], bytes]:
    """Take a proof file apart: what `extra` holds, the line with the index, the path, the note."""
    if len(proof) > PROOF_LIMIT:
        raise _bad(f"{len(proof):,} bytes, the limit is {PROOF_LIMIT:,}")
    head, blank, note = proof.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise _bad("not ASCII") from None
    if not blank or len(lines) < 3 or lines[0] != _FIRST_LINE or not lines[1].startswith("extra "):
        raise _bad("its first lines are not those of a proof with its entry")
    if len(lines) - 3 > MAX_PROOF:
        raise _bad(f"{len(lines) - 3} hashes, the most are {MAX_PROOF}")
    path = [b64decode(line) for line in lines[3:]]
    if any(len(step) != HASH_SIZE for step in path):
        raise _bad("a hash of another length")
    return b64decode(lines[1].removeprefix("extra ")), lines[2], path, note


def is_proof(data: bytes) -> bool:
    """Whether bytes begin as a proof file does."""
    return data.startswith(_FIRST_LINE.encode() + b"\n")


def _bad(why: str) -> Tampered:
    return Tampered(f"not a receipt: {why}", "ask for the receipt again", code="receipt")

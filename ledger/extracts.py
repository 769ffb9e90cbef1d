"""What is handed out of a ledger: receipts, proofs that two checkpoints are of one log, DSSE envelopes."""

from typing import Any, Final, NamedTuple

from ledger import authorship, encoding, entry
from ledger.encoding import STATEMENT_TYPE, b64decode, b64encode
from ledger.errors import Misuse, Tampered
from ledger.genesis import Genesis
from ledger.keys.credential import Credential
from ledger.logkeys import LogKeys
from ledger.merkle.proofs import MAX_PROOF, ReadSubtree, check_consistency
from ledger.merkle.tree import HASH_SIZE
from ledger.notes.checkpoint import Checkpoint, open_checkpoint
from ledger.notes.note import NOTE_LIMIT
from ledger.notes.verifier import VerifierKey
from ledger.proving import prove_consistency, prove_inclusion, tree_reader
from ledger.receipts import write_proof
from ledger.store import Head, Store

CONSISTENCY_LIMIT: Final = 3 * NOTE_LIMIT
_CONSISTENCY: Final = "ledger-consistency/v1"
_RAW: Final = frozenset(("ed25519", "ml-dsa-44"))

Keys = tuple[VerifierKey, ...]


class Prover:
    """Makes the receipts of one log; keeps the tree that the last one was made from, up to the next entry."""

    def __init__(self, store: Store, origin: str) -> None:
        self._store = store
        self._origin = origin
        self._tree: tuple[Head, ReadSubtree] | None = None

    def receipt(self, data: bytes, log_keys: LogKeys, *, authors: bool) -> bytes:
        """Return the receipt of an entry; with `authors`, whose key signed it is shown too.

        Under the newest checkpoint that is kept, if it covers the entry, else the newest there is. Raises `Misuse`
        where none does.
        """
        seq, head = entry.view(data).seq, self._store.head()
        note = next((note for size, note in reversed(self._store.checkpoints()) if size > seq), head.note)
        checkpoint = log_keys.open(note, self._origin)
        if seq >= checkpoint.size:
            raise Misuse(
                f"entry {seq} is pending: no checkpoint covers it, so nothing proves it to others yet",
                "record, or ledger witness request, where the log's key is",
                code="uncovered",
            )
        read = self._reader(head)
        path = prove_inclusion(read, seq, entry.leaf(data), checkpoint)
        chain = authorship.collect(self._store, read, checkpoint, data) if authors else None
        return write_proof(data, seq, path, note, chain)

    def _reader(self, head: Head) -> ReadSubtree:
        if self._tree is None or self._tree[0] != head:
            self._tree = head, tree_reader(self._store, head)
        return self._tree[1]


# ---- two checkpoints ----


class Consistent(NamedTuple):
    """Two checkpoints of one log, the second of which begins with all that the first covers."""

    old: Checkpoint
    new: Checkpoint


def consistency(store: Store, old: bytes, new: bytes, origin: str, keys: Keys) -> bytes:
    """Return a file that ties two checkpoints (notes) of a log together.

        ledger-consistency/v1 LF "old " base64(note) LF *(base64 hash LF) LF note

    Raises `Tampered` where the log's key did not sign one of them, or they are not of this log.
    """
    first, second = open_checkpoint(old, origin, keys), open_checkpoint(new, origin, keys)
    if first.size > second.size:
        raise Misuse(f"{first.size:,} entries cannot lead to {second.size:,}", "the older one first", code="order")
    path = prove_consistency(tree_reader(store, store.head()), first, second)
    hashes = "".join(f"{b64encode(step)}\n" for step in path)
    return f"{_CONSISTENCY}\nold {b64encode(old)}\n{hashes}\n".encode() + new


def check_consistent(data: bytes, origin: str, keys: Keys) -> Consistent:
    """Return the two checkpoints that a file ties together; raise `Tampered` where any part of it does not hold."""
    old, path, new = _take_apart(data)
    first, second = open_checkpoint(old, origin, keys), open_checkpoint(new, origin, keys)
    check_consistency(first.size, second.size, path, first.root, second.root)
    return Consistent(first, second)


def both_notes(data: bytes) -> tuple[bytes, bytes]:
    """Return the older and the newer note in a file, unchecked."""
    old, _, new = _take_apart(data)
    return old, new


def path_of(data: bytes) -> list[bytes]:
    """Return the hashes in a file."""
    return _take_apart(data)[1]


def _take_apart(data: bytes) -> tuple[bytes, list[bytes], bytes]:
    if len(data) > CONSISTENCY_LIMIT:
        raise _bad(f"{len(data):,} bytes, the limit is {CONSISTENCY_LIMIT:,}")
    head, blank, new = data.partition(b"\n\n")
    try:
        first, *lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise _bad("not ASCII") from None
    if not blank or first != _CONSISTENCY or not lines or not lines[0].startswith("old "):
        raise _bad("its first lines are not those of one")
    path = [b64decode(line) for line in lines[1:]]
    if len(path) > MAX_PROOF or any(len(step) != HASH_SIZE for step in path):
        raise _bad("too many hashes, or one of another length")
    return b64decode(lines[0].removeprefix("old ")), path, new


def is_consistency(data: bytes) -> bool:
    """Whether bytes begin as such a file does."""
    return data.startswith(_CONSISTENCY.encode() + b"\n")


def _bad(why: str) -> Tampered:
    return Tampered(f"not a proof of consistency: {why}", "ask for it again", code="consistency")


# ---- DSSE ----


def credential_of(store: Store, genesis: Genesis, key: str) -> Credential:
    """Return the keys of a credential's id, as the log names them; raise `Tampered` where it names none."""
    for one in genesis.administrators:
        if one.credential.id == key:
            return one.credential
    for seq in store.authority():
        said = entry.read(store.read(seq)).fields["statement"]
        if said["type"] == "key_authorized":
            credential = Credential.from_json(said["data"].get("keys"))
            if credential.id == key:
                return credential
    raise Tampered(f"no entry authorises the key {key[:16]}", "ledger verify", code="unauthorised", check=13)


def envelope(data: bytes, credential: Credential) -> bytes:
    """Return an entry's statement as a DSSE 1.0.2 envelope (JSON), with the signatures that stand in the entry.

    Nothing is signed anew: what authors sign is the DSSE encoding. Raises `Misuse` for a statement that was signed in a
    batch, or with an OpenSSH key: those signatures are over something else.
    """
    parts = entry.read(data)
    seq = parts.fields["seq"]
    if "batch" in parts.fields:
        raise Misuse(
            f"entry {seq} was signed with its batch, not by itself: it has no envelope",
            f"ledger prove {seq}",
            code="no_envelope",
        )
    if odd := [key.scheme for key in credential.keys if key.scheme not in _RAW]:
        raise Misuse(
            f"entry {seq} is signed as {odd[0]}, which no DSSE verifier reads",
            f"ledger prove {seq}",
            code="no_envelope",
        )
    signatures = [
        {"keyid": key.id, "sig": text} for key, text in zip(credential.keys, parts.fields["signatures"], strict=True)
    ]
    value: dict[str, Any] = {
        "payload": b64encode(parts.body),
        "payloadType": STATEMENT_TYPE,
        "signatures": signatures,
    }
    return encoding.reencode(value)

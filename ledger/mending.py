"""Making again what can be computed from the entries: tree hashes, head, key events. Nothing is blessed unread."""

from typing import NamedTuple

from ledger import entry
from ledger.authority import Authority
from ledger.errors import Misuse, Tampered
from ledger.genesis import Genesis
from ledger.keys.credential import Credential
from ledger.keys.log_key import LogKey
from ledger.merkle.edge import Edge, Tile
from ledger.merkle.tree import HASH_SIZE
from ledger.notes.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from ledger.pins import Pin
from ledger.ranges import Known, RangeCheck
from ledger.scan import START
from ledger.store import Head, Store
from ledger.trust import Trust

_END = 2**53


class Mended(NamedTuple):
    """What was made again: entries read, tile rows, and the size that a checkpoint covers."""

    size: int
    tiles: int
    covered: int


def mend(store: Store, genesis: Genesis, *, log_key: LogKey | None, pin: Pin | None) -> Mended:
    """Compute tree hashes, head and key events from all entries, after every check over them, and store them.

    The checkpoint in the head is kept if it holds; if it is lost, `log_key` signs one, but only over a log that agrees
    with every kept checkpoint and the pin. Raises `Tampered` where a check fails; then nothing was changed.
    """
    trust = Trust.of_genesis(genesis)
    known = Known(genesis.leaf, genesis.rules, _credentials(store, trust), store.find, store.read)
    check, authority, edge = RangeCheck(0, START, known), Authority(trust), Edge()
    sealed = _sealed(store, genesis, pin)
    roots, tiles, last = dict.fromkeys(sealed, b""), dict[tuple[int, int], Tile](), b""
    for part in check.parts(store.rows(0, _END), 16_384):
        authority.take(part)
        found = [*part.failures, *authority.failures]
        if found:
            raise Tampered(
                f"nothing was changed: {found[0].message}", "restore a copy", code=found[0].code, seq=found[0].seq
            )
        leaves = [part.leaves[at : at + HASH_SIZE] for at in range(0, len(part.leaves), HASH_SIZE)]
        for size in sorted(size for size in sealed if edge.size < size <= edge.size + len(leaves)):
            ahead = edge.copy()
            ahead.extend(leaves[: size - edge.size])
            roots[size] = ahead.root()
        tiles.update({(tile.level, tile.number): tile for tile in edge.extend(leaves)})
        last = leaves[-1] if leaves else last
    for size, checkpoint in sealed.items():
        if roots[size] != checkpoint.root:
            raise Tampered(
                f"nothing was changed: a checkpoint of {size:,} entries does not fit the {edge.size:,} that are here",
                "restore a copy",
                code="forked",
            )
    covered, note = _cover(store, genesis, edge, log_key)
    store.replace_derived(list(tiles.values()), authority.acts, Head(edge.size, last, edge.peaks(), covered, note))
    return Mended(edge.size, len(tiles), covered)


def _credentials(store: Store, trust: Trust) -> dict[str, Credential]:
    """Return every credential that any entry authorises: the list of key events may be what is lost."""
    found = {grant.credential.id: grant.credential for grant in trust.grants()}
    for row in store.rows(1, _END):
        if b'"type":"key_authorized"' in row.data:
            said = entry.read(row.data).fields["statement"]
            if said["type"] == "key_authorized":
                credential = Credential.from_json(said["data"].get("keys"))
                found[credential.id] = credential
    return found


def _sealed(store: Store, genesis: Genesis, pin: Pin | None) -> dict[int, Checkpoint]:
    notes = [note for _, note in store.checkpoints()]
    if (note := store.head().note) != b"":
        notes.append(note)
    if pin is not None:
        if pin.genesis != genesis.leaf:
            raise Tampered("nothing was changed: the pin is of another log", "restore a copy", code="other_genesis")
        notes.append(pin.note.encode())
    found = [open_checkpoint(note, genesis.origin, genesis.log_keys) for note in notes]
    return {checkpoint.size: checkpoint for checkpoint in found if checkpoint.size}


def _cover(store: Store, genesis: Genesis, edge: Edge, log_key: LogKey | None) -> tuple[int, bytes]:
    head = store.head()
    if head.note:
        return open_checkpoint(head.note, genesis.origin, genesis.log_keys).size, head.note
    if log_key is not None:
        return edge.size, sign_checkpoint(Checkpoint(genesis.origin, edge.size, edge.root()), log_key.all)
    kept = store.checkpoints()
    if not kept:
        raise Misuse(
            "the newest checkpoint is lost, and the log's key is not here; nothing was changed",
            "run this where the log's key is",
            code="log_key",
        )
    return kept[-1]

"""Making again what can be computed from the entries: tree hashes, head, key events. Nothing is blessed unread."""

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from ledger.authority import Authority
from ledger.changes import EVENTS
from ledger.errors import Misuse, Tampered
from ledger.foresight import foresee
from ledger.genesis import Genesis
from ledger.keys.log_key import LogKey
from ledger.logkeys import LogKeys
from ledger.merkle.edge import Edge, Tile
from ledger.notes.checkpoint import Checkpoint, sign_checkpoint
from ledger.pins import Pin
from ledger.ranges import RangeCheck
from ledger.scan import START
from ledger.store import Head, Store
from ledger.trust import Trust

_END = 2**53


class Mended(NamedTuple):
    """What was made again: entries read, tile rows, and the size that a checkpoint covers."""

    size: int
    tiles: int
    covered: int


def mend(store: Store, genesis: Genesis, *, find_key: Callable[[LogKeys], LogKey | None], pin: Pin | None) -> Mended:
    """Compute tree hashes, head and key events from all entries, after every check over them, and store them.

    The checkpoint in the head is kept if it holds; if it is lost, the log's key signs one (`find_key` returns it, if it
    is here), but only over a log that agrees with every kept checkpoint and the pin. Raises `Tampered` where a check
    fails; then nothing was changed.
    """
    foreseen, known = foresee(genesis, _acts(store), store.find, store.read)
    check, authority, edge = RangeCheck(0, START, known), Authority(Trust.of_genesis(genesis)), Edge()
    sealed = _sealed(store, foreseen.log_keys, genesis, pin)
    roots, tiles, last = dict.fromkeys(sealed, b""), dict[tuple[int, int], Tile](), b""
    for part in check.parts(store.rows(0, _END), 16_384):
        authority.take(part)
        found = [*part.failures, *authority.failures]
        if found:
            raise Tampered(
                f"nothing was changed: {found[0].message}", "restore a copy", code=found[0].code, seq=found[0].seq
            )
        leaves = part.leaves
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
    covered, note = _cover(store, foreseen.log_keys, edge, find_key)
    store.replace_derived(list(tiles.values()), authority.acts, Head(edge.size, last, edge.peaks(), covered, note))
    return Mended(edge.size, len(tiles), covered)


def _acts(store: Store) -> Iterator[tuple[int, bytes]]:
    """Yield every entry that changes trust, found in the entries: the list of them may be what is lost."""
    for row in store.rows(1, _END):
        if _ACT.search(row.data):
            yield row.seq, row.data


_ACT: Final = re.compile(b'"type":"(?:%b)"' % "|".join(EVENTS).encode())


def _sealed(store: Store, log_keys: LogKeys, genesis: Genesis, pin: Pin | None) -> dict[int, Checkpoint]:
    notes = [note for _, note in store.checkpoints()]
    if (note := store.head().note) != b"":
        notes.append(note)
    if pin is not None:
        if pin.genesis != genesis.leaf:
            raise Tampered("nothing was changed: the pin is of another log", "restore a copy", code="other_genesis")
        notes.append(pin.note.encode())
    found = {one.size: one for one in (log_keys.open(note, genesis.origin) for note in notes) if one.size}
    for one in log_keys.handovers:
        if one.start not in found:
            raise Tampered(
                f"nothing was changed: the checkpoint of {one.start:,} entries, signed by old and new key, is missing",
                "restore a copy",
                code="hand_over",
                check=3,
                seq=one.seq,
            )
    return found


def _cover(
    store: Store, log_keys: LogKeys, edge: Edge, find_key: Callable[[LogKeys], LogKey | None]
) -> tuple[int, bytes]:
    head, origin = store.head(), log_keys.current.keys[0].name
    if head.note:
        return log_keys.open(head.note, origin).size, head.note
    log_key = find_key(log_keys)
    if log_key is not None:
        return edge.size, sign_checkpoint(Checkpoint(origin, edge.size, edge.root()), log_key.all)
    kept = store.checkpoints()
    if not kept:
        raise Misuse(
            "the newest checkpoint is lost, and the log's key is not here; nothing was changed",
            "run this where the log's key is",
            code="log_key",
        )
    return kept[-1]

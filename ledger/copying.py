"""A log copied from one store into another, bit for bit, every entry checked on its way.

    step                                            a crash here leaves
    1  an empty destination                         an empty destination
    2  a part of the entries, their tree hashes     a beginning of the log, whose head has no checkpoint: no writer
       and a head without a checkpoint, in one      takes that for a ledger (code "unfinished"), and copying again
       transaction; again and again                 goes on where it ends
    3  kept checkpoints and time-stamps             the same
    4  values of sealed fields, and the head with   a ledger
       its checkpoint, in one transaction

Bytes are never decoded and written anew: what is stored is what was read, and the tree over it has the same root.
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from ledger import entry
from ledger.authority import Authority
from ledger.errors import Misuse, Tampered
from ledger.foresight import foresee, stored
from ledger.genesis import read_genesis
from ledger.known import open_reader
from ledger.merkle.edge import TILE, Edge
from ledger.merkle.proofs import subtree_root
from ledger.parts import Part
from ledger.ranges import RangeCheck
from ledger.scan import START, Before
from ledger.store import Head, Row, Store

PART: Final = 16_384  # entries a transaction
Progress = Callable[[int, int], None]
"""Called with entries done and entries in all."""


class Difference(NamedTuple):
    """Where two stores differ: the first entry (or -1), and how."""

    seq: int
    what: str


def copy_entries(source: Store, destination: Store, stop: int, progress: Progress | None = None) -> Edge:
    """Copy the entries below `stop` that `destination` has not got; return its tree.

    Constant memory. Raises `Tampered` where an entry of `source` fails a check or the beginning that is there already
    is not the same log's, `Misuse` where another ledger is there.
    """
    edge, last = _there(source, destination)
    start = edge.size
    if stop <= start:
        return edge
    check, authority = _checks(source, start)
    waiting: list[Row] = []
    for part in check.parts(_through(source.rows(start, stop), waiting), PART):
        authority.take(part)
        _require_sound(part, authority)
        leaves = part.leaves
        last = leaves[-1] if leaves else last
        tiles = edge.extend(leaves)
        acts = [act.seq for act in part.acts]
        with destination.writing() as section:
            section.append(waiting[: len(leaves)], tiles, acts, (), Head(edge.size, last, edge.peaks(), 0, b""))
        del waiting[: len(leaves)]
        if progress is not None:
            progress(edge.size, stop)
    return edge


def finish(source: Store, destination: Store, edge: Edge) -> bool:
    """Copy what is kept beside the entries and give the destination its head; False where `source` has grown since.

    Raises `Tampered` where the entries that were copied are not those that the source's checkpoint was signed over.
    """
    head = source.head()
    if head.size != edge.size:
        return False
    if root_of(source, head) != edge.root():
        raise Tampered("the copy has another root than its source", "ledger verify, on both", code="root", check=9)
    there = dict(destination.checkpoints())
    for size, note in source.checkpoints():  # 3
        if there.get(size) != note:
            destination.keep_checkpoint(size, note)
    known = {anchor.number for anchor in destination.anchors()}
    for anchor in source.anchors():
        if anchor.number not in known:
            destination.keep_anchor(anchor)
    with destination.writing() as section:  # 4
        if section.head().note == b"":
            section.append((), (), (), list(source.disclosures()), head)
    return True


def difference(one: Store, other: Store, progress: Progress | None = None) -> Difference | None:
    """Return the first place where two stores do not hold the same log, None where they do.

    Compared are the bytes of every entry, the size, the newest checkpoint, the kept ones, the time-stamps, and the
    values of sealed fields: what cannot be computed.
    """
    mine, theirs = one.head(), other.head()
    done, size = 0, max(mine.size, theirs.size)
    for ours, yours in zip(one.rows(0, mine.size), other.rows(0, theirs.size), strict=False):
        if (ours.seq, ours.id, ours.data) != (yours.seq, yours.id, yours.data):
            return Difference(done, f"entry {done} is not the same in both")
        done += 1
        if progress is not None and done % PART == 0:
            progress(done, size)
    if mine.size != theirs.size:
        return Difference(done, f"{one.place} has {mine.size:,} entries, {other.place} has {theirs.size:,}")
    for what, first, second in (
        ("the newest checkpoint", mine.note, theirs.note),
        ("a kept checkpoint", one.checkpoints(), other.checkpoints()),
        ("a time-stamp", one.anchors(), other.anchors()),
        ("the value of a sealed field", sorted(one.disclosures()), sorted(other.disclosures())),
    ):
        if first != second:
            return Difference(-1, f"{what} is not the same in both")
    return None


# ---- what is there ----


def _there(source: Store, destination: Store) -> tuple[Edge, bytes]:
    """Return the tree over what was copied before, and the leaf of its last entry."""
    head = destination.head()
    if head.size == 0:
        return Edge(), b""
    known = source.head().size
    if head.size > known or destination.read(head.size - 1) != source.read(head.size - 1):
        raise Misuse(
            f"{destination.place} holds other entries than {source.place}; nothing was copied",
            "name another destination",
            code="other_ledger",
        )
    leaves = [entry.leaf(row.data) for row in destination.rows(head.size - head.size % TILE, head.size)]
    return Edge.load(head.size, head.peaks, leaves, destination.tile), head.last


def root_of(store: Store, head: Head) -> bytes:
    """Return the root over all entries below `head`, from stored hashes."""
    leaves = [entry.leaf(row.data) for row in store.rows(head.size - head.size % TILE, head.size)]
    return subtree_root(head.size, open_reader(leaves, head.size, store.tile))


# ---- checked on the way ----


def _through(rows: Iterator[Row], waiting: list[Row]) -> Iterator[Row]:
    for row in rows:
        waiting.append(row)
        yield row


def _checks(source: Store, start: int) -> tuple[RangeCheck, Authority]:
    """Return the checks of what comes from `start` on, by what the entries before it say of keys."""
    data = source.read(0)
    genesis = read_genesis(entry.read(data).fields["statement"], entry.leaf(data).hex())
    places = source.authority()
    _, known = foresee(genesis, stored(places, source.read), source.find, source.read)
    before, so_far = START, [seq for seq in places if seq < start]
    trust = foresee(genesis, stored(so_far, source.read), source.find, source.read).trust
    if start:
        last = source.read(start - 1)
        before = Before(start - 1, entry.leaf(last).hex(), entry.view(last).recorded)
    return RangeCheck(start, before, known), Authority(trust)


def _require_sound(part: Part, authority: Authority) -> None:
    failures = [*part.failures, *authority.failures]
    if failures:
        first = failures[0]
        raise Tampered(
            f"{first.message}; what comes from there on was not copied",
            "ledger verify, on the source",
            code=first.code,
            check=first.check,
            seq=first.seq,
        )

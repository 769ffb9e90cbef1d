"""What a log grew by since it was checked in full, and some older entries, verified without a walk over the others.

    known before   size m, the root over those entries, which of them change who may say what: of a full verification
    0  the store   its schema and guards                                                              C1
    1  the tree    its edge at m, from stored hashes, has that root; every checkpoint is of this tree   C2-C4, C9
    2  the rules   each older entry that changes who may say what lies under that root                  C9
    3  the growth  entries m to n - 1 pass every check of one entry, and lead to the root at n       C5-C9, C12-C19
    4  the shown   each older entry that is asked for lies under the root, in the one form           C5, C9

Nothing is believed of the store that does not lead to a root. Two things it is asked: whether the id of a new entry
stands at an older one (C11; the older ids of types in the rule table, approvals and the like, are known), and, where a
policy on four eyes asks, who made what is approved (C19). What is beside the entries (values of sealed fields,
time-stamps: C20, C22) is not looked at, nor are the bytes of other older entries.
Where anything is not as it should be there is no answer: `ledger.verify` runs all checks, and says what it is.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import msgspec

from ledger import encoding, entry
from ledger.assembly import Assembly, Taken
from ledger.cycles import no_search
from ledger.errors import LedgerError, Tampered
from ledger.foresight import foresee
from ledger.genesis import Unknown
from ledger.merkle.edge import TILE, Edge
from ledger.merkle.proofs import (
    ReadSubtree,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    subtree_root,
)
from ledger.merkle.tree import HASH_SIZE
from ledger.policy import Policy
from ledger.proving import tree_reader
from ledger.ranges import RangeCheck
from ledger.report import Report
from ledger.scan import Before
from ledger.store import Store
from ledger.trust import Trust
from ledger.verify import RANGE, genesis_of, report_of
from ledger.vouching import Sealing, check_tails

GROWTH_LIMIT: Final = 100_000  # new entries; from there on all cores are worth it


class Checked(NamedTuple):
    """A log when all checks passed: leaf of entry 0 and root (hex), size, the entries that change who may say what.

    `ids`: of the statements of types in the rule table, 16 bytes each.
    """

    genesis: str
    size: int
    root: str
    acts: tuple[int, ...]
    ids: frozenset[bytes]


def verify_growth(store: Store, policy: Policy, before: Checked, shown: Iterable[int]) -> Report | None:
    """Return the report of a log that is the one of `before`, grown; None where that cannot be said.

    `shown`: entries that somebody relies on. `report.since` is the size of `before`: entries below it, but those shown,
    are as far as they were then.
    """
    try:
        store.check_container()
        store.check_guards()
        return _Growth(store, policy, before).report(set(shown))
    except (LedgerError, Unknown):
        return None


class _Growth:
    def __init__(self, store: Store, policy: Policy, before: Checked) -> None:
        self._store, self._policy, self._before = store, policy, before
        self._kept = [note for _, note in store.checkpoints()]  # before the head: what comes meanwhile is above it
        self._head = store.head()
        self._genesis = genesis_of(store, policy)
        self._root = bytes.fromhex(before.root)
        if self._genesis.leaf != before.genesis or not 0 < before.size <= self._head.size:
            raise Tampered("it is another log")
        if self._head.size - before.size > GROWTH_LIMIT:
            raise Tampered("it grew by too much")
        self._tree = tree_reader(store, self._head)

    def report(self, shown: set[int]) -> Report | None:
        """Run 1 to 4, of which the store has passed 0."""
        store, head, size = self._store, self._head, self._before.size
        acts = [(seq, self._under_root(seq)) for seq in self._before.acts]
        acts += [(seq, store.read(seq)) for seq in store.authority() if seq >= size]
        foreseen, known = foresee(self._genesis, acts, store.find, store.read)
        sealing = Sealing(self._kept, head, foreseen, self._policy)
        sizes = {one.checkpoint.size for one in sealing.sealed}
        edge = edge_at(store, self._tree, size)
        if edge.root() != self._root:
            raise Tampered("the stored hashes lead to another root")
        newest = self._under_root(size - 1)
        last = entry.leaf(newest)
        taken = Taken(edge, last, list(self._before.acts), self._roots(sizes))
        assembly = Assembly(store, self._trust(acts), sizes, taken)
        check = RangeCheck(size, Before(size - 1, last.hex(), entry.read(newest).fields["recorded"]), known)
        with no_search():
            for part in check.parts(store.rows(size, head.size), RANGE):
                assembly.take(part)
        self._check_ids()
        for seq in (older := sorted(one for one in shown if 0 <= one < size)):
            entry.read(self._under_root(seq))
        vouchers = assembly.finish(head, sealing.sealed)
        assembly.failures += sealing.failures + check_tails(store, self._policy)
        report = report_of(
            store, head, self._genesis, self._policy, assembly, sealing, vouchers, sealing.check_date([])
        )
        if report.failures or report.missing:
            return None
        return msgspec.structs.replace(report, since=size, checked=head.size - size + len(older))

    def _under_root(self, seq: int) -> bytes:
        """Return an older entry, shown to be the one that was checked (C9)."""
        data, size = self._store.read(seq), self._before.size
        check_inclusion(seq, size, entry.leaf(data), inclusion_proof(seq, size, self._tree), self._root)
        return data

    def _roots(self, sizes: Iterable[int]) -> dict[int, bytes]:
        """Return the roots up to where it was checked, of sizes that checkpoints have, each tied to the root there."""
        found, size = {}, self._before.size
        for one in (one for one in sizes if 0 < one <= size):
            found[one] = subtree_root(one, self._tree)
            check_consistency(one, size, consistency_proof(one, size, self._tree), found[one], self._root)
        return found

    def _trust(self, acts: Iterable[tuple[int, bytes]]) -> Trust:
        """Return who might say what at the end of what was checked: those entries passed, and are folded again."""
        trust = Trust.of_genesis(self._genesis)
        trust.reserve(key.public for key in (self._policy.quorum.keys if self._policy.quorum else ()))
        for seq, data in acts:
            if seq < self._before.size:
                trust.apply(seq, entry.read(data).fields["statement"])
        return trust

    def _check_ids(self) -> None:
        """C11, C6: each new id is found where it stands."""
        for row in self._store.rows(self._before.size, self._head.size):
            id = encoding.id_bytes(entry.view(row.data).statement.id)
            if id in self._before.ids or self._store.find(id) != row.seq:
                raise Tampered(f"the id of entry {row.seq} stands elsewhere, too")


def ruled_ids(store: Store, trust: Trust, start: int, stop: int) -> Iterator[bytes]:
    """Yield the ids of the statements in entries `start` to `stop` - 1 whose types were ever in the rule table.

    Of entries that passed the checks: `type` is the last key of the statement, which is the last of the entry.
    """
    ends = tuple(f'"type":"{name}"}}}}'.encode() for name in {name for _, table in trust.tables for name in table})
    for row in store.rows(start, stop):
        if row.data.endswith(ends):
            yield encoding.id_bytes(entry.view(row.data).statement.id)


def edge_at(store: Store, tree: ReadSubtree, size: int) -> Edge:
    """Return the edge of the tree of the first `size` entries, from stored hashes; raise `Tampered` without them."""
    peaks, start = b"", 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            peaks += tree(level, start >> level)
            start += 1 << level
    leaves = [entry.leaf(row.data) for row in store.rows(size - size % TILE, size)]

    def tile(level: int, index: int) -> bytes:
        return store.tile(level, index)[: HASH_SIZE * ((size // TILE**level) % TILE)]

    return Edge.load(size, peaks, leaves, tile)

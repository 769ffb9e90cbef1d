"""What a writer knows of a log between two commits, and how it takes it up: nothing is built on unseen."""

import re
from collections.abc import Callable
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from ledger import entry
from ledger.authority import Authority
from ledger.errors import Conflict, LedgerError, Tampered
from ledger.foresight import foresee, stored
from ledger.genesis import Unknown, read_genesis
from ledger.merkle.edge import TILE, Edge
from ledger.merkle.proofs import ReadSubtree, subtree_root
from ledger.merkle.tiles import subtree_reader
from ledger.notes.checkpoint import Checkpoint, sign_checkpoint
from ledger.ranges import RangeCheck
from ledger.report import Failure, Missing
from ledger.scan import Before
from ledger.store import Appending, Head
from ledger.trust import Trust

if TYPE_CHECKING:
    from ledger.keys.log_key import LogKey

_TYPES: Final = re.compile(rb'"type":"([^"\\]*)"')
CATCH_UP_LIMIT: Final = 4_096  # entries of others that are taken in one by one; more, and all is read anew


class Moved(NamedTuple):
    """The newest entry says that the log went on elsewhere: the id of its statement, and where."""

    id: str
    to: str

    def refusal(self) -> Conflict:
        """Return what is said to those who want to record here."""
        return Conflict(
            f"this ledger moved to {self.to}; nothing was recorded",
            "use it there: url in ledger.toml, or LEDGER_URL",
            code="moved",
        )


class KnownLog:
    """Head, right edge of the tree, who may say what, newest id and `recorded`. Changed in place by a commit.

    `moved`: the log takes no more entries here, because it was migrated (FORMAT.md section 14).
    """

    def __init__(self, head: Head, edge: Edge, trust: Trust, recorded: str, newest_id: bytes) -> None:
        self.head = head
        self.edge = edge
        self.trust = trust
        self.recorded = recorded
        self.newest_id = newest_id
        self.vetted = head.covered
        self.pinned: tuple[int, ...] | None = None  # the pin that this was checked against
        self.moved: Moved | None = None

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The newest checkpoint, whose signature was checked; None where there is none yet."""
        if not self.head.note:
            return None
        return self.trust.log_keys.open(self.head.note, self.trust.genesis.origin)

    @classmethod
    def read(cls, store: Appending, head: Head) -> Self:
        """Take a log up from what is stored; raise `Tampered` where that does not fit together."""
        if head.size and not head.covered and not head.note:
            raise Conflict(
                "this is a copy that was never finished; nothing was recorded",
                "ledger migrate again, from where it came",
                code="unfinished",
            )
        data = store.read(0)
        genesis = read_genesis(entry.read(data).fields["statement"], entry.leaf(data).hex())
        trust = Trust.of_genesis(genesis)
        for seq in store.authority():
            try:
                _take_in(trust, seq, entry.read(store.read(seq)).fields["statement"], store)
            except Unknown as unknown:
                raise Tampered(
                    f"entry {seq}: {unknown}", "pip install -U lifecycle-ledger", code="newer", seq=seq
                ) from None
        last = store.read(head.size - 1)
        if entry.leaf(last) != head.last:
            raise _not_fitting("the newest entry is not the one that the head names", head.size - 1)
        open_leaves = [entry.leaf(row.data) for row in store.rows(head.size - head.size % TILE, head.size)]
        edge = Edge.load(head.size, head.peaks, open_leaves, store.tile)
        newest = entry.view(last)
        known = cls(head, edge, trust, newest.recorded, store.newest_id())
        known.moved = moved(newest.statement.type, newest.statement.id, newest.statement.data)
        known._check_note(store)
        return known

    def _check_note(self, store: Appending, log_key: "LogKey | None" = None) -> None:
        if log_key is not None and self._is_ours(log_key):
            return
        checkpoint = self.checkpoint
        if checkpoint is None:
            if self.head.covered:
                raise _not_fitting("the head calls entries covered, and holds no checkpoint", self.head.covered - 1)
            return
        if checkpoint.size != self.head.covered or checkpoint.size > self.head.size:
            raise _not_fitting("the newest checkpoint is not of the size that the head names", -1)
        if self.root_at(checkpoint.size, store) != checkpoint.root:
            raise _not_fitting(f"the first {checkpoint.size:,} entries are not those that the checkpoint seals", -1)

    def _is_ours(self, log_key: "LogKey") -> bool:
        """Whether the newest checkpoint is the one that the log's key makes of all entries: to sign takes less than
        to verify, and gives the same bytes.
        """
        size, current = self.head.size, self.trust.log_keys.current
        if self.head.covered != size or self.trust.log_keys.signers(size) != (current,):
            return False
        checkpoint = Checkpoint(self.trust.genesis.origin, size, self.edge.root())
        same = log_key.verifier_keys == current.keys and checkpoint.origin == log_key.origin
        return same and compare_digest(sign_checkpoint(checkpoint, log_key.everyday), self.head.note)

    def root_at(self, size: int, store: Appending) -> bytes:
        """Return the root over the first `size` entries, from stored hashes."""
        return self.edge.root() if size == self.head.size else subtree_root(size, self.reader(store))

    def reader(self, store: Appending) -> ReadSubtree:
        """Return what proofs are made from: stored tiles, and the open ones from memory."""
        return open_reader(self.edge.open, self.head.size, store.tile)

    def vet_uncovered(self, store: Appending) -> None:
        """Run the checks over entries that writers without the log's key placed, before its key covers them."""
        if self.vetted >= self.head.size:
            return
        start = self.head.covered
        before = store.read(start - 1)
        genesis, trust = self.trust.genesis, Trust.of_genesis(self.trust.genesis)
        for seq in store.authority():
            if seq < start:
                trust.apply(seq, entry.read(store.read(seq)).fields["statement"])
        _, known = foresee(genesis, stored(store.authority(), store.read), store.find, store.read)
        check = RangeCheck(start, Before(start - 1, entry.leaf(before).hex(), entry.view(before).recorded), known)
        authority = Authority(trust)
        for part in check.parts(store.rows(start, self.head.size), self.head.size):
            authority.take(part)
            found: list[Failure | Missing] = [*part.failures, *authority.failures, *part.missing, *authority.missing]
            if found:
                raise Tampered(
                    f"what others placed cannot be covered: {found[0].message}",
                    "ledger verify",
                    code="uncovered",
                    seq=found[0].seq,
                )
        self.vetted = self.head.size


def moved(type: str, id: str, data: dict[str, Any]) -> Moved | None:
    """Return where a statement says that the log went on; None for every other statement."""
    return Moved(id, str(data.get("to", "elsewhere"))) if type == "migrated" else None


def open_reader(leaves: list[bytes], size: int, read_tile: Callable[[int, int], bytes]) -> ReadSubtree:
    """Return a reader of subtree roots over stored tiles and the leaves of the open tile of level 0."""

    def tile(level: int, index: int) -> bytes:
        return b"".join(leaves) if level == 0 and index == size // TILE else read_tile(level, index)

    return subtree_reader(tile)


def take_up(known: KnownLog | None, store: Appending, head: Head, log_key: "LogKey | None" = None) -> KnownLog:
    """Return what is to be known at `head`: from what was known before, where little came since; else anew.

    `log_key` is the log's, where it is here.
    """
    if head.size == 0:
        raise Tampered("the stored head is empty", "ledger rebuild", code="head", check=9)
    if known is not None and known.head == head:
        return known
    if known is None or not known.head.size <= head.size <= known.head.size + CATCH_UP_LIMIT:
        return KnownLog.read(store, head)
    try:
        return _follow(known, store, head, log_key)
    except LedgerError:
        return KnownLog.read(store, head)  # it names what does not fit, or finds that the log was repaired


def _types_in(data: bytes) -> list[str]:
    """Return every word that may be an entry's type: its own, and those of fields that are called so."""
    return [word.decode() for word in _TYPES.findall(data)]


def _take_in(trust: Trust, seq: int, said: dict[str, Any], store: Appending) -> None:
    """Take in what changes trust; other keys of the log only over the checkpoint that old and new keys signed."""
    trust.apply(seq, said)
    newest = trust.log_keys.current
    if said["type"] != "log_key_rotated" or newest.recovered:
        return
    note = store.kept(newest.start)
    try:
        trust.log_keys.open(note or b"", trust.genesis.origin)
    except Tampered:
        why = f"entry {seq} replaces the log's key, and no checkpoint signed by both old and new one is kept with it"
        raise _not_fitting(why, seq) from None


def _follow(known: KnownLog, store: Appending, head: Head, log_key: "LogKey | None") -> KnownLog:
    """Take in the entries that another process placed.

    Where a checkpoint covers all of them, whoever holds the log's key has checked them, and the root that it signed is
    compared below: then only those are taken apart that change who may say what, and the newest is read.
    """
    leaves, last, recorded, newest = [], known.head.last, known.recorded, known.newest_id
    covered = head.covered == head.size
    for row in store.rows(known.head.size, head.size):
        if not covered or any(map(known.trust.changes_trust, _types_in(row.data))):
            fields = entry.read(row.data).fields
            if fields["prev"] != last.hex():
                raise _not_fitting("an entry is not chained to the one before it", row.seq)
            if known.trust.changes_trust(fields["statement"]["type"]):
                _take_in(known.trust, row.seq, fields["statement"], store)
        last, newest = entry.leaf(row.data), max(newest, row.id)
        leaves.append(last)
        if row.seq == head.size - 1:
            seen = entry.view(row.data)
            recorded = seen.recorded
            known.moved = moved(seen.statement.type, seen.statement.id, seen.statement.data)
    known.edge.extend(leaves)
    if (known.edge.peaks(), last) != (head.peaks, head.last):
        raise _not_fitting("the stored head is not that of the entries", -1)
    vetted = known.vetted
    known.head, known.recorded, known.newest_id = head, recorded, newest
    known._check_note(store, log_key)
    known.vetted = max(vetted, head.covered)
    return known


def _not_fitting(why: str, seq: int) -> Tampered:
    return Tampered(
        f"nothing was written: {why}",
        "ledger verify; if only stored hashes differ, ledger rebuild",
        code="head",
        seq=seq,
    )

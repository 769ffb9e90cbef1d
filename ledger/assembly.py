"""Ranges put together in order: the tree over all leaves (C9, C4), and who may say what (C12, C13, C16, C17)."""

from array import array
from typing import NamedTuple

from ledger import entry
from ledger.authority import Authority
from ledger.errors import Tampered
from ledger.four_eyes import approval_of, breaches, told
from ledger.merkle.edge import Edge
from ledger.merkle.tree import HASH_SIZE
from ledger.notes.treehead import Checkpoint
from ledger.parts import Erasure, Part, Span
from ledger.report import Failure, Finding, Missing, Voucher
from ledger.store import Head, Store
from ledger.trust import Trust


class Sealed(NamedTuple):
    """A checkpoint with a good signature; `voucher` where the verifier brought it; `hybrid` if both lines are there."""

    checkpoint: Checkpoint
    voucher: Voucher | None
    hybrid: bool


class Taken(NamedTuple):
    """What was checked before, where parts begin later: the tree's edge and last leaf there, events of trust, roots."""

    edge: Edge
    last: bytes
    acts: list[int]
    roots: dict[int, bytes]


class Assembly:
    """Takes parts in order, then `finish`; `failures`, `missing` and `findings` grow as it goes."""

    def __init__(self, store: Store, trust: Trust, wanted: set[int], taken: Taken | None = None) -> None:
        self.failures: list[Failure] = []
        self.findings: list[Finding] = []
        self.sealed = array("Q")  # entries in which a sealed field may stand
        self.erased: list[Erasure] = []
        self._parts_missing: list[Missing] = []
        self.doubtful: dict[str, Span] = {}
        self._store = store
        self._authority = Authority(trust)
        self._edge, self._last, self._authority.acts, self._roots = taken or Taken(Edge(), b"", [], {})
        self._wanted = sorted(wanted - self._roots.keys())
        self._good_to = 0

    @property
    def missing(self) -> list[Missing]:
        """What is needed and not known here."""
        return self._parts_missing + self._authority.missing

    @property
    def trust(self) -> Trust:
        """Who may say what, as the entries taken say."""
        return self._authority.trust

    @property
    def acts(self) -> tuple[int, ...]:
        """The entries that change who may say what."""
        return tuple(self._authority.acts)

    @property
    def size(self) -> int:
        """Entries taken."""
        return self._edge.size

    @property
    def root(self) -> bytes:
        """Root over the entries taken."""
        return self._edge.root()

    def sound(self, failures: list[Failure]) -> int:
        """Return the size up to which a good checkpoint holds, where `failures` name no entry."""
        return self._good_to if failures else self.size

    def take(self, part: Part) -> None:
        """Add the next range."""
        self.failures += part.failures
        self._parts_missing += part.missing
        self.findings += part.findings
        self.sealed.extend(part.sealed)
        self.erased += part.erased
        for key, span in part.doubtful.items():
            first = self.doubtful[key].first if key in self.doubtful else span.first
            self.doubtful[key] = span._replace(first=first)
        self._grow(part.leaves)
        if part.leaves:
            self._last = part.leaves[-1]
        self._authority.take(part)

    def _check_four_eyes(self) -> None:
        """C19 of approvals, where a policy asks for four eyes: a second walk over the entries, if there are any."""
        found = []
        for seq in self._authority.approvals:
            said = entry.read(self._store.read(seq)).fields["statement"]
            found.append(approval_of(self.trust, seq, said))
        asked = [one for one in found if one is not None]
        if asked:
            failures, findings = told(breaches(self._store.rows(0, asked[-1].seq), asked))
            self.failures += failures
            self.findings += findings

    # ---- C9 ----

    def _grow(self, leaves: list[bytes]) -> None:
        while self._wanted and self._wanted[0] <= self._edge.size + len(leaves):
            size = self._wanted.pop(0)
            split = size - self._edge.size
            self._extend(leaves[:split])
            leaves = leaves[split:]
            self._roots[size] = self._edge.root()
        self._extend(leaves)

    def _extend(self, leaves: list[bytes]) -> None:
        for tile in self._edge.extend(leaves):
            full = len(tile.hashes) == 256 * HASH_SIZE
            if full and self._store.tile(tile.level, tile.number) != tile.hashes:
                self._fail(9, "stored_hashes", -1, f"stored tile {tile.level}/{tile.number} is not that of the entries")

    def finish(self, head: Head, sealed: list[Sealed]) -> list[Voucher]:
        """Compare roots and what is stored beside the entries; return the vouchers that hold."""
        if self.size < head.size:
            self._fail(6, "hole", self.size, f"entries {self.size} to {head.size - 1} are missing")
        else:
            self._compare_open_tiles(head)
        extra = next(self._store.rows(head.size, head.size + 1), None)
        if extra is not None and self._store.head().size == head.size:
            self._fail(6, "beyond_head", head.size, f"entry {head.size} lies beyond the stored head")
        stored = self._store.authority()
        if self._store.head().size > head.size:  # it was written to since
            stored = [seq for seq in stored if seq < head.size]
        if self._authority.acts != stored:
            self._fail(6, "authority", -1, "the stored list of key events is not that of the entries")
        self.failures += self._authority.failures
        self.findings += self._authority.findings
        self._check_four_eyes()
        vouchers = self._hold(sealed)
        if self.size == head.size:
            self._compare_head(head)
        return vouchers

    def _compare_open_tiles(self, head: Head) -> None:
        for level, number, hashes in self._edge.open_tiles():
            stored = self._store.tile(level, number)
            if stored != hashes and (self._store.head().size == head.size or not stored.startswith(hashes)):
                self._fail(9, "stored_hashes", -1, f"stored tile {level}/{number} is not that of the entries")

    def _compare_head(self, head: Head) -> None:
        """Which of the two is wrong, head or newest entry, a checkpoint over all entries tells."""
        if head.last != self._last and self._good_to < self.size:
            self._fail(9, "head", self.size - 1, f"entry {self.size - 1} is not the one that the stored head names")
        elif (head.last, head.peaks) != (self._last, self._edge.peaks()):
            self._fail(9, "head", -1, "the stored head is not that of the entries")

    def _hold(self, sealed: list[Sealed]) -> list[Voucher]:
        vouchers = []
        for checkpoint, voucher, _ in sealed:
            if self._holds(checkpoint, voucher):
                self._good_to = max(self._good_to, checkpoint.size)
                self._check_no_batch_is_cut(checkpoint.size)
                if voucher is not None:
                    vouchers.append(voucher)
        return vouchers

    def _check_no_batch_is_cut(self, size: int) -> None:
        """C15: the first entry that a checkpoint does not cover must not be a later member of a batch."""
        if not 0 < size < self.size:
            return
        try:
            batch = entry.view(self._store.read(size)).batch
        except Tampered:
            return  # C5 has said so
        if isinstance(batch, entry.BatchMember):
            self._fail(15, "batch_cut", -1, f"a checkpoint of {size:,} entries ends inside the batch at {batch.first}")

    def _holds(self, checkpoint: Checkpoint, voucher: Voucher | None) -> bool:
        check, source = (4, voucher.source) if voucher else (9, "a kept checkpoint")
        root = self._roots.get(checkpoint.size) if checkpoint.size else self._edge.root()
        if root is None:
            self._fail(
                check,
                "shrunk",
                self.size,
                f"{source} has {checkpoint.size:,} entries, the log has {self.size:,}: the newest are missing",
            )
        elif checkpoint.size and root != checkpoint.root:
            self._fail(
                check,
                "forked",
                -1,
                f"the first {checkpoint.size:,} entries are not those that {source} was signed over",
            )
        else:
            return True
        return False

    def _fail(self, check: int, code: str, seq: int, message: str) -> None:
        self.failures.append(Failure(check, code, seq, message))

"""Ranges put together in order: the tree over all leaves (C9, C4), and who may say what (C12, C13, C16, C17)."""

from typing import Any, NamedTuple

from ledger.errors import Tampered
from ledger.events import EVENTS
from ledger.merkle.edge import Edge
from ledger.merkle.tree import HASH_SIZE
from ledger.notes.treehead import Checkpoint
from ledger.ranges import Act, Part, Span, Use
from ledger.report import Failure, Finding, Missing, Voucher
from ledger.store import Head, Store
from ledger.trust import Trust, Unknown


class Sealed(NamedTuple):
    """A checkpoint with a good signature; `voucher` where the verifier brought it."""

    checkpoint: Checkpoint
    voucher: Voucher | None


class Assembly:
    """Takes parts in order, then `finish`. `failures`, `missing` and `findings` grow as it goes."""

    def __init__(self, store: Store, trust: Trust, wanted: set[int]) -> None:
        self.failures: list[Failure] = []
        self.missing: list[Missing] = []
        self.findings: list[Finding] = []
        self._store = store
        self._trust = trust
        self._edge = Edge()
        self._wanted = sorted(wanted)
        self._roots: dict[int, bytes] = {}
        self._acts: list[int] = []
        self._good_to = 0
        self._last = b""

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
        self.missing += part.missing
        self.findings += part.findings
        leaves = [part.leaves[at : at + HASH_SIZE] for at in range(0, len(part.leaves), HASH_SIZE)]
        self._grow(leaves)
        if leaves:
            self._last = leaves[-1]
        for at, segment in enumerate(part.uses):
            for use, span in sorted(segment.items(), key=lambda item: item[1].first):
                self._judge(use, span)
            if at < len(part.acts):
                self._act(part.acts[at])

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
        elif (head.last, head.peaks) != (self._last, self._edge.peaks()):
            self._fail(9, "head", -1, "the stored head is not that of the entries")
        extra = next(self._store.rows(head.size, head.size + 1), None)
        if extra is not None and self._store.head().size == head.size:
            self._fail(6, "beyond_head", head.size, f"entry {head.size} lies beyond the stored head")
        if self._acts != self._store.authority():
            self._fail(6, "authority", -1, "the stored list of key events is not that of the entries")
        vouchers = []
        for checkpoint, voucher in sealed:
            if self._holds(checkpoint, voucher):
                self._good_to = max(self._good_to, checkpoint.size)
                if voucher is not None:
                    vouchers.append(voucher)
        return vouchers

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

    # ---- C12, C13, C16, C17 ----

    def _judge(self, use: Use, span: Span) -> None:
        if use.type == "genesis" and span.last == 0:
            return
        try:
            self._trust.judge(_said(use), span.recorded)
        except Tampered as error:
            self._refuse(error, span.first)
        if use.critical and use.type not in EVENTS:
            self.missing.append(
                Missing("critical", span.first, f"entry {span.first}: {use.type} is critical, unknown here")
            )

    def _act(self, act: Act) -> None:
        self._acts.append(act.seq)
        try:
            self._trust.judge(act.statement, act.recorded)
            self._trust.apply(act.seq, act.statement)
        except Tampered as error:
            self._refuse(error, act.seq)
        except Unknown as unknown:
            self.missing.append(Missing("trust_change", act.seq, f"entry {act.seq}: {unknown}"))

    def _refuse(self, error: Tampered, seq: int) -> None:
        if 0 <= self._trust.unknown_since < seq:
            self.missing.append(
                Missing("trust_change", seq, f"entry {seq}: {error.message}, unless an unknown event allows it")
            )
        else:
            self._fail(error.check, error.code, seq, f"entry {seq}: {error.message}")

    def _fail(self, check: int, code: str, seq: int, message: str) -> None:
        self.failures.append(Failure(check, code, seq, message))


def _said(use: Use) -> dict[str, Any]:
    subject = {"system": use.system} if use.system is not None else {}
    return {"type": use.type, "actor": use.actor, "key": use.key, "log": use.log, "subject": subject}

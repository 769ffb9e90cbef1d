"""A range of entries checked by itself: C5 to C8 (`scan`), C14, C15, C18, C19, C22; in any process, in any order.

What needs the whole log before it (who may say what) is handed on: `Part.uses` says which credential said which type,
in segments between the entries that change trust, and `Part.acts` are those entries.
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any, Final, NamedTuple

import msgspec

from ledger import encoding, entry, statement
from ledger.encoding import BATCH_TYPE, STATEMENT_TYPE
from ledger.errors import Misuse, Tampered
from ledger.genesis import Rule
from ledger.grants import Doubt
from ledger.keys.credential import UnknownScheme, verify_signatures
from ledger.members import MEMBERS, SEALED, MembersReader
from ledger.merkle.tree import tree_root
from ledger.omitted import Omitted, runs
from ledger.parts import KEPT_LIMIT, Act, Erasure, Known, Part, Span, Use
from ledger.report import Failure, Finding, Missing
from ledger.scan import CHUNK, Before, Chunk, Placed, Scanner
from ledger.store import Row, Triple, as_row

AHEAD_SECONDS: Final = 300
NEVER: Final = 2**53
_HEAD: Final = b'{"batch":{"actor":'
RESOLVED_LIMIT: Final = 65_536  # references that are remembered


class _Batch(NamedTuple):
    seq: int
    head: dict[str, Any]
    hashes: list[bytes]
    sizes: list[int]  # of the statements, in bytes


class RangeCheck:
    """Checks rows in order, from a place where no batch is open. `part` gives what was found."""

    def __init__(self, start: int, before: Before, known: Known) -> None:
        self._start = start
        self._before = before
        self._known = known
        self._scanner = Scanner()
        self._members = MembersReader()
        self._leaves: list[bytes] = []
        self._uses: list[dict[Use, Span]] = []
        self._spans: dict[Use, Span] = {}
        self._acts: list[Act] = []
        self._batch: _Batch | None = None
        self._lost = -1
        self._failures: list[Failure] = []
        self._missing: list[Missing] = []
        self._findings: list[Finding] = []
        self._sealed: list[int] = []
        self._erased: list[Erasure] = []
        self._unknown: dict[str, int] = {}
        self._resolved: dict[tuple[str, str], int] = {}
        self._approvals: list[int] = []
        self._doubtful: dict[str, Span] = {}
        self._rules: dict[str, Rule] = {}
        self._turn = -1  # the entry after which another rule table is in force

    def parts(self, rows: Iterator[Triple], size: int) -> Iterator[Part]:
        """Check all of `rows`, the end of which must not be inside a batch; yield what was found every `size` or so."""
        while chunk := list(islice(rows, self._stride())):
            while chunk:
                run, chunk = self._cut(chunk)
                if self._known.partial:
                    self._take_partial(list(map(as_row, run)))
                elif not self._take_members(run):
                    self._take(self._scanner.read(list(map(as_row, run)), self._before))
            if self._before.seq + 1 - self._start >= size and self._batch is None:
                yield self._part()
        if self._batch is not None:
            self._end_batch("the log ends")
        yield self._part()

    def _take_partial(self, rows: list[Row]) -> None:
        """Rows of which some are left out: those stand in the tree, in the chain, and in their batch."""
        for present, omitted in runs(rows):
            if present:
                self._take(self._scanner.read(present, self._before))
            for one in omitted:
                self._omit(self._before.seq + 1, one)

    def _omit(self, seq: int, one: Omitted) -> None:
        self._leaves.append(one.leaf)
        self._before = Before(seq, one.leaf.hex(), self._before.recorded)
        batch = self._batch
        if batch is None and one.statement:
            self._fail(Failure(5, "entry_form", seq, f"entry {seq} is left out, with a hash that no batch here needs"))
        elif batch is not None and not one.statement:
            self._end_batch(f"entry {seq} is left out without its hash")
        elif batch is not None:
            batch.hashes.append(one.statement)
            if len(batch.hashes) == batch.head["count"]:
                self._close_batch(batch)

    def _stride(self) -> int:
        """Return how many entries to read next: no more than the open batch still has."""
        return CHUNK if self._batch is None else max(1, min(MEMBERS, self._left(self._batch)))

    def _left(self, batch: _Batch) -> int:
        left: int = batch.head["count"] - len(batch.hashes)
        return left

    def _cut(self, rows: list[Triple]) -> tuple[list[Triple], list[Triple]]:
        """Return what to take together, and the rest: a batch's head ends one, its last member the other."""
        if self._batch is not None:
            seq = self._before.seq + 1  # what has more digits begins a run of its own
            stop = max(1, min(self._left(self._batch), 10 ** len(str(seq)) - seq))
        else:
            stop = next((at for at, row in enumerate(rows, 1) if row[2].startswith(_HEAD)), len(rows))
        return rows[:stop], rows[stop:]

    def _part(self) -> Part:
        self._end_segment()
        part = Part(
            self._start,
            self._before.seq + 1,
            self._leaves,
            self._before,
            self._uses,
            self._acts,
            self._failures,
            [
                *self._missing,
                *(Missing("scheme", seq, f"a key of scheme {name}") for name, seq in self._unknown.items()),
            ],
            self._findings,
            self._sealed,
            self._erased,
            self._approvals,
            self._doubtful,
        )
        self._start = self._before.seq + 1
        self._leaves, self._uses, self._acts = [], [], []
        self._failures, self._missing, self._findings, self._unknown = [], [], [], {}
        self._sealed, self._erased = [], []
        self._approvals, self._doubtful = [], {}
        return part

    def _take(self, chunk: Chunk) -> None:
        self._leaves += chunk.leaves
        self._fail(*chunk.failures)
        # An entry stands there once a commitment that it may hold: where as many are opened, none is withheld.
        pairs = zip(chunk.rows, chunk.bodies, strict=True)
        self._sealed += [row.seq for row, body in pairs if SEALED in body for _ in range(body.count(SEALED))]
        for row, placed, body in zip(chunk.rows, chunk.entries, chunk.bodies, strict=True):
            if row.seq > self._turn:
                self._turn_table(row.seq)
            if placed is None:
                self._lose()
                continue
            if placed.batch is None:
                self._single(placed, body)
            else:
                self._member(placed, placed.batch, body)
            self._note(placed, body)
            self._before = Before(row.seq, "", placed.recorded)
        last = chunk.rows[-1]
        self._before = Before(last.seq, chunk.leaves[-1].hex(), self._before.recorded)

    def _turn_table(self, seq: int) -> None:
        """Take the rule table that is in force at an entry; none of a batch can change it (C15)."""
        after = [since for since, _ in self._known.tables if since >= seq]
        self._turn = min(after, default=NEVER)
        self._rules = next(table for since, table in reversed(self._known.tables) if since < seq)

    def _take_members(self, rows: list[Triple]) -> bool:
        """Take rows that are later members of the open batch, if nothing could be found in them that is not here."""
        batch = self._batch
        if batch is None or len(rows) > self._left(batch) or rows[-1][0] > self._turn:
            return False
        actor, key = batch.head["actor"], batch.head["key"]
        members = None if key in self._known.doubts else self._members.read(rows, self._before, batch.seq, actor)
        if members is None or any(kind.key != key or self._is_special(kind.type) for kind in members.spans):
            return False
        era = bisect_left(self._known.limits, members.recorded)
        for kind, (first, last) in members.spans.items():
            use = Use(kind.type, actor, key, kind.log, kind.system, None, kind.behalf, era)
            self._use(use, first, last, members.recorded)
        self._leaves += members.leaves
        self._sealed += members.sealed
        self._before = Before(rows[-1][0], members.leaves[-1].hex(), members.recorded)
        batch.hashes.extend(members.hashes)
        batch.sizes.append(members.size)
        if len(batch.hashes) == batch.head["count"]:
            self._close_batch(batch)
        return True

    def _use(self, use: Use, first: int, last: int, recorded: str) -> None:
        earlier = self._spans.get(use)
        self._spans[use] = Span(first if earlier is None else earlier.first, last, recorded)

    def _is_special(self, kind: str) -> bool:
        """Whether a type needs more than its author's credential and a place in a batch."""
        rule = self._rules.get(kind)
        return kind in ("genesis", "approved", "rejected") or (rule is not None and (rule.trust or not rule.batch))

    def _fail(self, *failures: Failure) -> None:
        self._failures += failures[: max(0, KEPT_LIMIT - len(self._failures))]

    def _lose(self) -> None:
        """An entry cannot be read: C5 has said so; the batch around it cannot be judged."""
        if self._batch is not None:
            self._lost, self._batch = self._batch.seq, None

    # ---- C14, C15 ----

    def _single(self, placed: Placed, body: bytes) -> None:
        if self._batch is not None:
            self._end_batch(f"entry {placed.seq} is none of its members")
        if not placed.signatures:
            self._fail(Failure(14, "unsigned", placed.seq, f"entry {placed.seq} has no signature"))
            return
        self._check_signature(placed, placed.statement.key, STATEMENT_TYPE, body)

    def _check_signature(self, placed: Placed, key: str, payload_type: str, body: bytes) -> None:
        credential = self._known.credentials.get(key)
        if credential is None:
            return  # C13 will say that this key is not authorised
        try:
            verify_signatures(credential, payload_type, body, [encoding.b64decode(text) for text in placed.signatures])
        except Tampered as error:
            self._fail(Failure(14, error.code, placed.seq, f"entry {placed.seq}: {error.message}"))
        except UnknownScheme as error:
            self._unknown.setdefault(error.scheme, placed.seq)

    def _member(self, placed: Placed, place: dict[str, Any], body: bytes) -> None:
        if "first" not in place:
            self._begin_batch(placed, place)
        elif self._batch is None or place["first"] != self._batch.seq:
            if self._batch is None and place["first"] == self._lost:
                return
            if self._batch is not None:
                self._end_batch(f"entry {placed.seq} is none of its members")
            self._fail(Failure(15, "stray_member", placed.seq, f"entry {placed.seq} is a member of no batch here"))
            return
        batch = self._batch
        assert batch is not None
        said = placed.statement
        if said.actor != batch.head["actor"] or said.key != batch.head["key"]:
            self._fail(Failure(15, "batch_author", placed.seq, f"entry {placed.seq} is by another than its batch"))
        rule = self._rules.get(said.type)
        if said.type == "genesis" or (rule is not None and not rule.batch):
            self._fail(Failure(15, "batch_type", placed.seq, f"entry {placed.seq}: {said.type} must not be in a batch"))
        if placed.signatures and placed.seq != batch.seq:
            self._fail(Failure(15, "member_signed", placed.seq, f"entry {placed.seq} is a member with a signature"))
        batch.hashes.append(statement.statement_hash(body))
        batch.sizes.append(len(body))
        if len(batch.hashes) == batch.head["count"]:
            self._close_batch(batch)

    def _begin_batch(self, placed: Placed, head: dict[str, Any]) -> None:
        if self._batch is not None:
            self._end_batch(f"another begins at entry {placed.seq}")
        if head["log"] != self._known.genesis:
            self._fail(Failure(15, "batch_log", placed.seq, f"the batch at entry {placed.seq} is for another log"))
        self._batch = _Batch(placed.seq, head, [], [])
        if not placed.signatures:
            self._fail(Failure(14, "unsigned", placed.seq, f"the batch at entry {placed.seq} has no signature"))
            return
        self._check_signature(placed, head["key"], BATCH_TYPE, encoding.reencode(head))

    def _close_batch(self, batch: _Batch) -> None:
        self._batch = None
        if tree_root(batch.hashes).hex() != batch.head["root"] or sum(batch.sizes) > entry.BATCH_BYTES_LIMIT:
            self._fail(Failure(15, "batch_root", batch.seq, f"the batch at entry {batch.seq} is not what was signed"))

    def _end_batch(self, why: str) -> None:
        assert self._batch is not None
        self._fail(
            Failure(15, "batch_cut", self._batch.seq, f"the batch at entry {self._batch.seq} is not whole: {why}")
        )
        self._batch = None

    # ---- C18, C19, C22, and what is handed on ----

    def _note(self, placed: Placed, body: bytes) -> None:
        said = placed.statement
        system = said.subject.get("system")
        era = bisect_left(self._known.limits, placed.recorded)
        use = Use(said.type, said.actor, said.key, said.log, system, said.critical, said.on_behalf_of, era)
        rule = self._rules.get(said.type)
        if rule is not None and rule.trust:
            self._acts.append(Act(placed.seq, placed.recorded, msgspec.json.decode(body)))
            self._end_segment()
        else:
            self._use(use, placed.seq, placed.seq, placed.recorded)
        if said.refs is not None:
            self._check_refs(placed, strict=rule is not None)
            if said.type == "erased":
                self._erased.append(_erasure(placed, body))
        if said.type in ("approved", "rejected") and not said.subject.keys() & {"artifacts", "document"}:
            self._fail(
                Failure(19, "no_set", placed.seq, f"entry {placed.seq}: {said.type} names no digest set or document")
            )
        if said.type == "approved":
            self._approvals.append(placed.seq)
        doubt = self._known.doubts.get(said.key)
        if doubt is not None and placed.seq <= doubt.seq and doubt.touches(said.time, placed.recorded):
            self._doubt(placed, doubt, decides=rule is not None)
        if said.time > placed.recorded and _seconds(said.time, placed.recorded) > AHEAD_SECONDS:
            self._find("time_ahead", placed.seq, f"entry {placed.seq} is dated after it was recorded")

    def _find(self, code: str, seq: int, message: str) -> None:
        if len(self._findings) < KEPT_LIMIT:
            self._findings.append(Finding(code, seq, message))

    def _doubt(self, placed: Placed, doubt: Doubt, *, decides: bool) -> None:
        said, seq = placed.statement, placed.seq
        first = self._doubtful[said.key].first if said.key in self._doubtful else seq
        self._doubtful[said.key] = Span(first, seq, placed.recorded)
        if decides:
            self._find("doubtful", seq, f"entry {seq}: {said.type} by {said.actor}, {said.time[:10]}: {doubt.words}")

    def _end_segment(self) -> None:
        self._uses.append(self._spans)
        self._spans = {}

    def _check_refs(self, placed: Placed, *, strict: bool) -> None:
        for relation, refs in (placed.statement.refs or {}).items():
            for ref in refs:
                if 0 <= self._resolved.get((ref.id, ref.hash), -1) < placed.seq:
                    continue
                why = self._why_not(placed, ref.id, ref.hash, strict=strict)
                if why:
                    self._fail(Failure(18, "ref", placed.seq, f"entry {placed.seq}: {relation} {ref.id} {why}"))

    def _why_not(self, placed: Placed, id: str, hash: str, *, strict: bool) -> str:
        if id == placed.statement.id:
            return "is the statement itself"
        seq = self._known.find(encoding.id_bytes(id))
        if seq is None or (strict and seq > placed.seq):
            return "is not in the log before it" if strict and (seq is not None or not self._known.partial) else ""
        try:
            other = self._known.read(seq)
            same = statement.statement_hash(entry.body_of(other)).hex() == hash
        except (Misuse, ValueError):
            return f"is entry {seq}, which cannot be read"
        if same:
            self._resolved[id, hash] = seq
            if len(self._resolved) > RESOLVED_LIMIT:
                self._resolved.clear()
        return "" if same else f"is entry {seq}, but not with that hash"


def _seconds(later: str, earlier: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


def _erasure(placed: Placed, body: bytes) -> Erasure:
    fields = msgspec.json.decode(body)["data"].get("fields")
    named = tuple(one for one in fields if isinstance(one, str)) if isinstance(fields, list) else ()
    refs = (placed.statement.refs or {}).get("of", [])
    return Erasure(placed.seq, placed.statement.actor, tuple(ref.id for ref in refs), named)

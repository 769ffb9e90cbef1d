"""Whether a statement may stand next in the log, by what a verifier will ask later, and the entry it becomes."""

from binascii import hexlify
from collections.abc import Callable, Iterable
from functools import partial
from hashlib import sha256
from itertools import chain, repeat
from typing import Any, Final, NamedTuple

from ledger import encoding, entry, statement
from ledger.encoding import BATCH_TYPE, STATEMENT_TYPE
from ledger.errors import Conflict, Misuse, Tampered, Unavailable
from ledger.four_eyes import approval_of, refuse_own_work
from ledger.genesis import Unknown
from ledger.keys.credential import UnknownScheme, verify_signatures
from ledger.known import KnownLog, moved
from ledger.merkle.edge import Tile
from ledger.store import Appending, Head, Row, as_row

CLOCK_SECONDS: Final = 300  # how far a clock may be behind the log, and a statement ahead of the clock


ABOUT_A_SET: Final = ("approved", "rejected")  # what they decide on stands in their subject


class Item(NamedTuple):
    """A signed statement: its fields, bytes and id, hash of the bytes.

    Of one in a batch, `fields` may leave out what is its alone: data, id and time; `time` says when, then.
    """

    fields: dict[str, Any]
    body: bytes
    id: bytes
    hash: bytes
    time: str = ""


as_item: Final = partial(tuple.__new__, Item)
"""Make an item of a tuple of its five parts: what `Item` does, in C alone."""


class Batch(NamedTuple):
    """Items under one signature. `header` is the bytes that were signed."""

    header: bytes
    signatures: tuple[bytes, ...]
    items: list[Item]


class Single(NamedTuple):
    """An item with its own signatures; `text` is how they stand in an entry, where that is known."""

    item: Item
    signatures: tuple[bytes, ...]
    text: str = ""


as_single: Final = partial(tuple.__new__, Single)
"""The same of an item, its signatures and their text."""


class Request(NamedTuple):
    """What one caller wants placed: all of it or nothing. `expected` is the size the log must have.

    `signed_here`: the signatures need no check: this process made them a moment ago, or knows that they are good.
    """

    parts: list[Single | Batch]
    expected: int | None
    disclosures: tuple[str, ...]
    signed_here: bool


class Placement(NamedTuple):
    """Where a statement stands: place, leaf of its entry, time of recording; whether it stood there before."""

    seq: int
    leaf: bytes
    recorded: str
    before: bool


_as_placement: Final = partial(tuple.__new__, Placement)


def is_clock_reset(request: Request) -> bool:
    """Whether a request is a `clock_reset`, by itself."""
    (*_, last) = request.parts
    return len(request.parts) == 1 and isinstance(last, Single) and last.item.fields["type"] == "clock_reset"


class Commit:
    """What one commit will write. `known` moves along; if the commit fails, it must be thrown away.

    `reset`: an administrator's `clock_reset` is placed, whatever this clock says. `new_keys`: the log's keys (vkeys)
    whose checkpoint this commit writes: with them, and only then, `log_key_rotated` may name them.
    """

    def __init__(
        self, known: KnownLog, store: Appending, now: str, *, reset: bool = False, new_keys: tuple[str, ...] = ()
    ) -> None:
        if not reset and now < known.recorded and encoding.later(now, CLOCK_SECONDS) < known.recorded:
            raise Unavailable(
                f"this clock says {now}, the newest entry was recorded at {known.recorded}; nothing was recorded",
                "set the clock (NTP); if the log's was wrong: ledger record clock_reset --reason ..., or --clock-ok",
                code="clock",
            )
        self._known = known
        self._store = store
        self._latest = encoding.later(now, CLOCK_SECONDS)
        self._recorded = now if reset else max(now, known.recorded)
        self._new_keys = new_keys
        self._last = known.head.last
        self._first = known.head.size
        self._fresh: dict[bytes, Item] = {}
        self._newest = known.newest_id
        self._rows: list[Row] = []
        self._leaves: list[bytes] = []
        self._authority: list[int] = []
        self._disclosures: list[str] = []
        self._moved = known.moved

    @property
    def size(self) -> int:
        """Size of the log with what is placed so far."""
        return self._first + len(self._rows)

    def place(self, request: Request) -> list[Placement]:
        """Place all statements of a request; raise `Misuse` or `Conflict`, with nothing of it placed."""
        items = [item for part in request.parts for item in (part.items if isinstance(part, Batch) else (part.item,))]
        earlier = self._earlier(items)
        if earlier is not None:
            return earlier
        self._require_here(items)
        if request.expected is not None and request.expected != self.size:
            raise Conflict(
                f"the log has {self.size:,} entries, not {request.expected:,}; nothing was recorded",
                "read what came, then decide again",
                code="expected_head",
            )
        try:
            self._admit(request, items)
        except (Tampered, Unknown) as error:
            why = error.message if isinstance(error, Tampered) else str(error)
            fix = error.fix if isinstance(error, Tampered) else "a newer release"
            raise Misuse(f"{why}; nothing was recorded", fix, code=getattr(error, "code", "unknown")) from None
        singles = [part for part in request.parts if isinstance(part, Single)]
        placements = self._add_singles(singles)
        for part in request.parts if len(singles) < len(request.parts) else ():
            assert isinstance(part, Batch)  # a request has one kind of parts
            placements += self._add_batch(part)
        self._disclosures += request.disclosures
        newest = items[-1]
        self._moved = moved(newest.fields["type"], encoding.id_text(newest.id), newest.fields.get("data", {}))
        return placements

    # ---- may it stand here? ----

    def _require_here(self, items: list[Item]) -> None:
        """After `migrated` only the `verified` that names it may follow: its writer is where the log went on."""
        gone = self._moved
        if gone is None:
            return
        said = items[0].fields
        arrived = len(items) == 1 and said["type"] == "verified"
        if not (arrived and gone.id in [ref["id"] for ref in said.get("refs", {}).get("of", ())]):
            raise gone.refusal()

    def _earlier(self, items: list[Item]) -> list[Placement] | None:
        """Return where the statements stand already; None where none does; `Conflict` for anything between."""
        ids = [self._newest, *(item.id for item in items)]
        if all(map(bytes.__lt__, ids, ids[1:])):
            return None  # ids that only rise cannot have been there
        if len(set(ids[1:])) < len(items):
            raise Conflict("two statements have one id; nothing was recorded", "drop id=", code="same_id")
        found = [placement for item in items if (placement := self._find(item)) is not None]
        if not found:
            return None
        if len(found) < len(items):
            raise Conflict(
                f"{len(found)} of {len(items)} statements are recorded already; nothing more was",
                "record the others under ids of their own",
                code="same_id",
            )
        return found

    def _find(self, item: Item) -> Placement | None:
        fresh = self._fresh.get(item.id)
        seq = self._store.find(item.id) if fresh is None else None
        if fresh is None and seq is None:
            return None
        if seq is None:
            place = next(at for at, row in enumerate(self._rows) if row.id == item.id)
            seq, data = self._rows[place].seq, self._rows[place].data
        else:
            data = self._store.read(seq)
        if entry.body_of(data) != item.body:
            raise Conflict(
                f"id {encoding.id_text(item.id)} is entry {seq} with other content; nothing was recorded",
                f"drop id=, or ledger show {seq}",
                code="same_id",
            )
        return Placement(seq, entry.leaf(data), entry.view(data).recorded, before=True)

    def _admit(self, request: Request, items: list[Item]) -> None:
        """C12, C13, C16 to C19 and C14, before anything is changed."""
        trust = self._known.trust
        said = [item.fields for item in items]
        times = [item.time or item.fields["time"] for item in items]
        if max(times) > self._latest:
            time = next(time for time in times if time > self._latest)
            raise Misuse(
                f"time {time} is after this clock's {self._recorded} (limit 5 min)",
                "a missing zone?",
                code="time_ahead",
            )
        said = list({id(one): one for one in said}.values())  # many of a batch share theirs
        uses = {
            (one["type"], one["actor"], one["key"], one.get("log"), one["subject"].get("system")): one for one in said
        }
        for one in uses.values():
            trust.judge(one, self._recorded)
        self._check_batches(request)
        for one in said:
            if "refs" in one:
                self._check_refs(one, strict=trust.in_rules(one["type"]))
            if one["type"] in ABOUT_A_SET and not one["subject"].keys() & {"artifacts", "document"}:
                raise Misuse(f"{one['type']} names no digest set or document", "of=..., artifacts=...", code="no_set")
            if one["type"] == "approved":
                self._check_four_eyes(one)
        acts = any(trust.changes_trust(kind) for kind, *_ in uses)
        if not request.signed_here:
            self._check_signatures(request)
        if acts:
            self._act(request, items)

    def _check_batches(self, request: Request) -> None:
        """C15: what the rule table has signed one by one is in no batch."""
        for part in [part for part in request.parts if isinstance(part, Batch)]:
            for kind in {item.fields["type"] for item in part.items}:
                if not self._known.trust.may_batch(kind):
                    raise Tampered(f"{kind} is signed one by one", "record it by itself", code="batch_type", check=15)

    def _check_four_eyes(self, said: dict[str, Any]) -> None:
        """C19: under a policy that refuses approvals of own work, all entries are looked through for who made it."""
        approval = approval_of(self._known.trust, self.size, said)
        if approval is not None:
            refuse_own_work(chain(self._store.rows(0, self._first), self._rows), approval)

    def _act(self, request: Request, items: list[Item]) -> None:
        if len(items) != 1 or isinstance(request.parts[0], Batch):
            raise Misuse(
                "an event that changes who may say what is recorded by itself", "record it alone", code="alone"
            )
        said = items[0].fields
        if said["type"] == "log_key_rotated" and said["data"].get("new") != list(self._new_keys):
            raise Misuse(
                "the log's key is replaced together with the checkpoint that old and new key sign",
                "ledger key rotate-log",
                code="alone",
            )
        self._known.trust.apply(self.size, said)
        self._authority.append(self.size)

    def _check_signatures(self, request: Request) -> None:
        for part in request.parts:
            batch = isinstance(part, Batch)
            said = part.items[0].fields if isinstance(part, Batch) else part.item.fields
            credential = self._known.trust.credential(said["key"])
            assert credential is not None  # judged above
            body = part.header if isinstance(part, Batch) else part.item.body
            try:
                verify_signatures(credential, BATCH_TYPE if batch else STATEMENT_TYPE, body, part.signatures)
            except UnknownScheme as error:
                raise Misuse(
                    f"keys of {error.scheme} cannot be checked here", "a newer release", code="scheme"
                ) from None

    def _check_refs(self, said: dict[str, Any], *, strict: bool) -> None:
        for relation, refs in said["refs"].items():
            for ref in refs:
                id = encoding.id_bytes(ref["id"])
                fresh = self._fresh.get(id)
                if fresh is not None:
                    hash = fresh.hash
                elif (seq := self._store.find(id)) is not None:
                    hash = statement.statement_hash(entry.body_of(self._store.read(seq)))
                elif strict:
                    raise Misuse(f"{relation} {ref['id']} is not in this ledger", "record that first", code="no_ref")
                else:
                    continue
                if hash.hex() != ref["hash"]:
                    raise Misuse(
                        f"{relation} {ref['id']} stands here with another hash", "ledger show", code="ref_hash"
                    )

    # ---- the entry ----

    def _add_singles(self, parts: list[Single]) -> list[Placement]:
        texts = [part.text or entry.signatures_text(part.signatures) for part in parts]
        if len(parts) == 1:
            return [self._write(parts[0].item, texts[0], "")]
        return self._add_alike([part.item for part in parts], "", map(str.encode, texts))

    def _add_batch(self, batch: Batch) -> list[Placement]:
        first = self.size
        head = self._write(batch.items[0], entry.signatures_text(batch.signatures), entry.batch_text(batch.header))
        return [head, *self._add_alike(batch.items[1:], entry.batch_text(b'{"first":%d}' % first), repeat(b"[]"))]

    def _add_alike(self, items: list[Item], member: str, signatures: Iterable[bytes]) -> list[Placement]:
        """Write entries that differ in place, link, signatures and statement; what `_write` does, for less work."""
        begin, recorded = f'{{{member}"prev":"'.encode(), self._recorded
        middle = f'","recorded":"{recorded}","seq":'.encode()
        last, leaves, datas, ids = self._last, [], [], [item.id for item in items]
        places = range(self.size, self.size + len(items))
        for seq, item, signed in zip(places, items, signatures, strict=False):
            data = b'%b%b%b%d,"signatures":%b,"statement":%b}' % (begin, hexlify(last), middle, seq, signed, item.body)
            last = sha256(b"\x00" + data).digest()
            datas.append(data)
            leaves.append(last)
        self._last = last
        self._rows += map(as_row, zip(places, ids, datas, strict=True))
        self._leaves += leaves
        self._fresh.update(zip(ids, items, strict=True))
        self._newest = max([self._newest, *ids])
        return list(map(_as_placement, zip(places, leaves, repeat(recorded), repeat(False))))

    def _write(self, item: Item, signatures: str, batch: str) -> Placement:
        seq = self._first + len(self._rows)
        data = entry.write(seq, self._last, self._recorded, item.body, signatures, batch)
        self._last = entry.leaf(data)
        self._rows.append(Row(seq, item.id, data))
        self._leaves.append(self._last)
        self._fresh[item.id] = item
        self._newest = max(self._newest, item.id)
        return Placement(seq, self._last, self._recorded, before=False)

    @property
    def acts(self) -> bool:
        """Whether something placed changes who may say what: `known` is of no use then if the commit fails."""
        return bool(self._authority)

    def finish(self, seal: Callable[[int, bytes], bytes | None]) -> bool:
        """Hash, cover and commit what was placed; return whether anything was."""
        if not self._rows:
            return False
        known = self._known
        tiles: list[Tile] = known.edge.extend(self._leaves)
        covered, note = known.head.covered, known.head.note
        sealed = seal(known.edge.size, known.edge.root())
        if sealed is not None:
            covered, note = known.edge.size, sealed
        head = Head(known.edge.size, self._last, known.edge.peaks(), covered, note)
        self._store.append(self._rows, tiles, self._authority, self._disclosures, head)
        known.head, known.recorded = head, self._recorded
        known.newest_id, known.moved = self._newest, self._moved
        if sealed is not None:
            known.vetted = head.size
        return True

"""From what a caller says to a signed statement in the log: composed, sealed, signed, placed."""

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any, Final, NamedTuple

import msgspec

from ledger import encoding, entry, statement
from ledger.bulk import Bulk, Envelope
from ledger.compose import Draft, compose, compose_struct, subject_of
from ledger.cycles import no_search
from ledger.disclosures import commitments, open_disclosure, seal, steps
from ledger.encoding import BATCH_TYPE, STATEMENT_TYPE
from ledger.entry import BATCH_BYTES_LIMIT, BATCH_LIMIT
from ledger.errors import Conflict, Misuse
from ledger.events.mentions import FindDataset, LookUp
from ledger.fresh import new_id, now_text
from ledger.handed import handed
from ledger.keys.credential import Signer
from ledger.keys.ed25519 import Ed25519Signer
from ledger.log import Log
from ledger.merkle.tree import tree_root
from ledger.placing import Batch, Item, Placement, Request, Single
from ledger.receipts import Receipt, State

BATCHES_A_COMMIT: Final = 4

Said = tuple[str, dict[str, Any]] | dict[str, Any] | msgspec.Struct
"""One event for `record_many`: (type, fields), fields with a `type` among them, or a typed struct."""


class Signed(NamedTuple):
    """A statement that its author signed: it needs no log to be true. `expected` is the size the log must have.

    `earlier`: what stands in the log already, where this is a retry of it.
    """

    item: Item
    signatures: tuple[bytes, ...]
    disclosures: tuple[str, ...]
    expected: int | None = None
    earlier: Receipt | None = None


class Author:
    """One actor with a key. `genesis` names the log that is written to (hex leaf of entry 0); `log` is None for one
    who only signs, while the log is away.
    """

    def __init__(
        self,
        log: Log | None,
        *,
        genesis: str,
        actor: str,
        signer: Signer,
        look_up: LookUp,
        find_dataset: FindDataset,
        context: Callable[[], dict[str, Any]],
        find: Callable[[str], bytes | None],
        for_this_log: Callable[[str], bool],
        state: State,
        allow: Callable[[dict[str, Any]], None] | None = None,
        covered: Callable[[], int] = int,
    ) -> None:
        self._log = log
        self._genesis = genesis
        self._actor = actor
        self._signer = signer
        self._key = signer.credential.id
        self._look_up = look_up
        self._find_dataset = find_dataset
        self._context = context
        self._find = find
        self._for_this_log = for_this_log
        self._state: State = state
        self._covered = covered
        self._allow = allow
        log_of = lambda kind: genesis if for_this_log(kind) else None  # noqa: E731
        about = partial(subject_of, look_up=look_up)
        self._bulk = Bulk(Envelope(actor, self._key, log_of, context), about, self._compose, self._member)
        self._waiting: dict[bytes, list[str]] = {}  # disclosures of items that are on their way into a batch

    def record(self, what: str | msgspec.Struct, fields: dict[str, Any]) -> Receipt:
        """Record one statement and return where it stands; see `Ledger.record`."""
        return self.place(self.sign(what, fields))

    def sign(self, what: str | msgspec.Struct, fields: dict[str, Any]) -> Signed:
        """Return the statement that is said, signed; raise `Misuse` for what cannot be said."""
        said = dict(fields)
        expected = said.pop("expected_head", None)
        item = self._bulk.alone(what, said, new_id(), now_text()) if type(what) is str else None
        if item is not None:
            if self._allow is not None:
                self._allow(item.fields)
            return Signed(item, self._signer.sign(STATEMENT_TYPE, item.body), (), expected)
        draft = self._compose(what, said)
        written, disclosures = self._statement(draft)
        if self._allow is not None:
            self._allow(written)
        if draft.id is not None and (earlier := self._find(draft.id)) is not None:
            receipt = _again(earlier, draft, written, self._covered())
            return Signed(Item(written, b"", b"", b""), (), (), earlier=receipt)
        item = _item(written)
        return Signed(item, self._signer.sign(STATEMENT_TYPE, item.body), tuple(disclosures), expected)

    def secret(self, purpose: str) -> tuple[str, bytes | None]:
        """Return the author's credential, and what its key makes for a purpose; None where it makes no secrets."""
        return self._key, self._signer.secret(purpose) if isinstance(self._signer, Ed25519Signer) else None

    def place(self, signed: Signed) -> Receipt:
        """Place a statement that was signed here, and return where it stands, durable."""
        if signed.earlier is not None:
            return signed.earlier
        assert self._log is not None
        request = Request([Single(signed.item, signed.signatures)], signed.expected, signed.disclosures, True)
        return receipt_of(signed.item, self._log.append(request)[0], self._state)

    def requests(self, events: Iterable[Said]) -> Iterator[Request]:
        """Yield events in batches, one signature for up to 4,096 of them, a few batches a commit; constant memory."""
        for batches in _groups(self._bulk.items(map(event_of, events)), BATCHES_A_COMMIT):
            with no_search():
                parts: list[Single | Batch] = [self._batch(items) for items in batches]
                request = Request(parts, None, self._shown(batches), signed_here=True)
            yield request

    def append(self, request: Request) -> list[Placement]:
        """Place a request that was made here, durable."""
        assert self._log is not None
        with no_search():
            return self._log.append(request)

    def one_by_one(self, request: Request) -> list[Signed]:
        """Return the statements of a request as they are, ids and all, each under a signature of its own."""
        items = [item for part in request.parts for item in (part.items if isinstance(part, Batch) else (part.item,))]
        shown: dict[str, list[str]] = {}
        for text in request.disclosures:
            shown.setdefault(open_disclosure(text)[0], []).append(text)
        return [
            Signed(
                item._replace(fields=statement.read(item.body)),  # members of a batch share what they have in common
                self._signer.sign(STATEMENT_TYPE, item.body),
                tuple(shown.get(encoding.id_text(item.id), ())),
            )
            for item in items
        ]

    # ---- the statement ----

    def _compose(self, what: str | msgspec.Struct, fields: dict[str, Any]) -> Draft:
        fields = handed(fields)
        if isinstance(what, str):
            return compose(what, fields, self._look_up, self._find_dataset)
        return compose_struct(what, fields, self._look_up, self._find_dataset)

    def _statement(self, draft: Draft, id: str = "", now: str = "") -> tuple[dict[str, Any], list[str]]:
        id = draft.id or id or new_id()
        subject = {**draft.subject, draft.opens: id} if draft.opens else draft.subject
        said: dict[str, Any] = {
            "actor": self._actor,
            "data": draft.data,
            "id": id,
            "key": self._key,
            "rev": draft.rev,
            "subject": subject,
            "time": draft.time or now or now_text(),
            "type": draft.type,
        }
        for name in ("claimed_by", "critical", "evidence", "on_behalf_of", "reason", "source"):
            if value := getattr(draft, name):
                said[name] = value
        if draft.refs:
            said["refs"] = {
                name: [{"hash": ref.hash, "id": ref.id} for ref in refs] for name, refs in draft.refs.items()
            }
        if self._for_this_log(draft.type):
            said["log"] = self._genesis
        if draft.captures and (context := self._context()):
            said["context"] = context
        return said, [_seal(said, pointer) for pointer in draft.sealed]

    def _member(self, draft: Draft, id: str, now: str) -> Item:
        """Return the item of a draft that goes into a batch; `id` and `now` where it has none of its own."""
        said, disclosures = self._statement(draft, id, now)
        item = _item(said)
        if disclosures:
            self._waiting[item.id] = disclosures
        return item

    def _shown(self, batches: list[list[Item]]) -> tuple[str, ...]:
        """Return the disclosures of these items, and of no others: those come with the commit of their own."""
        if not self._waiting:
            return ()
        ids = [item.id for items in batches for item in items if item.id in self._waiting]
        return tuple(text for id in ids for text in self._waiting.pop(id))

    def _batch(self, items: list[Item]) -> Batch:
        header = encoding.encode(
            {
                "actor": self._actor,
                "count": len(items),
                "id": new_id(),
                "key": self._key,
                "log": self._genesis,
                "root": tree_root([item.hash for item in items]).hex(),
            }
        )
        return Batch(header, self._signer.sign(BATCH_TYPE, header), items)


def _item(said: dict[str, Any]) -> Item:
    body = statement.write(said)
    return Item(said, body, encoding.id_bytes(said["id"]), statement.statement_hash(body))


def event_of(event: Said) -> tuple[str | msgspec.Struct, dict[str, Any]]:
    """Return one of the events that `record_many` takes as what `record` takes; raise `Misuse` for anything else."""
    if type(event) is tuple and len(event) == 2 and type(event[1]) is dict:
        return event
    if isinstance(event, msgspec.Struct):
        return event, {}
    if isinstance(event, tuple) and len(event) == 2:
        return event[0], event[1] if isinstance(event[1], dict) else dict(event[1])
    if isinstance(event, dict) and isinstance(event.get("type"), str):
        return event["type"], {name: value for name, value in event.items() if name != "type"}
    raise Misuse(
        f"record_many takes (type, fields), dicts with a type, or structs; this is {type(event).__name__}",
        '("trained", {"system": "...", ...})',
        code="event",
    )


def _groups(items: Iterator[Item], batches: int) -> Iterator[list[list[Item]]]:
    """Gather items into batches within the format's limits, a few of them for a commit."""
    group: list[list[Item]] = []
    while chunk := list(islice(items, BATCH_LIMIT)):
        group += _within(chunk)
        if len(group) >= batches:
            yield group
            group = []
    if group:
        yield group


def _within(items: list[Item]) -> Iterator[list[Item]]:
    if sum([len(item.body) for item in items]) <= BATCH_BYTES_LIMIT:
        yield items
        return
    batch: list[Item] = []
    size = 0
    for item in items:
        if batch and size + len(item.body) > BATCH_BYTES_LIMIT:
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += len(item.body)
    yield batch


def _seal(said: dict[str, Any], pointer: str) -> str:
    """Put the commitment in the place of the value that `pointer` names; return the disclosure."""
    *above, last = steps(pointer)
    place: Any = said
    for step in above:
        place = place[int(step) if isinstance(place, list) else step]
    name: Any = int(last) if isinstance(place, list) else last
    place[name], text = seal(said["id"], pointer, place[name], os.urandom(16))
    return text


def receipt_of(item: Item, placement: Placement, state: State) -> Receipt:
    """Return the receipt of a statement that stands where `placement` says."""
    said = item.fields
    return Receipt(
        seq=placement.seq,
        id=said["id"],
        hash=item.hash.hex(),
        leaf=placement.leaf.hex(),
        type=said["type"],
        subject=said["subject"],
        actor=said["actor"],
        time=said["time"],
        recorded=placement.recorded,
        state=state,
        again=placement.before,
    )


def _again(data: bytes, draft: Draft, said: dict[str, Any], covered: int) -> Receipt:
    """Return the receipt of a retry: the same statement but for what is new each time (time, context, salts).

    Raises `Conflict` where the id stands for another statement.
    """
    placed = entry.view(data)
    stored = entry.read(data).fields["statement"]
    ours, new = dict(stored), dict(said)
    for name in ("context", "log") if draft.time else ("context", "log", "time"):  # `log`: it stands in this one
        ours.pop(name, None)
        new.pop(name, None)
    kept = commitments(stored)
    for pointer in draft.sealed:
        if pointer in kept:  # what stood open then is compared: it would not be sealed now
            _drop(ours, pointer)
            _drop(new, pointer)
    if ours != new:
        raise Conflict(
            f"id {stored['id']} is entry {placed.seq} with other content; nothing was recorded",
            f"drop id=, or ledger show {placed.seq}",
            code="same_id",
        )
    body = entry.body_of(data)
    item = Item(stored, body, b"", statement.statement_hash(body))
    state: State = "sealed" if placed.seq < covered else "placed"
    return receipt_of(item, Placement(placed.seq, entry.leaf(data), placed.recorded, before=True), state)


def _drop(said: dict[str, Any], pointer: str) -> None:
    """Take a sealed value out; what is on the way is copied, the statement it belongs to stays as it is."""
    *above, last = steps(pointer)
    place: Any = said
    for step in above:
        at: Any = int(step) if isinstance(place, list) else step
        place[at] = place = place[at].copy()
    place[int(last) if isinstance(place, list) else last] = None

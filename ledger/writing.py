"""Who records in a ledger that is at hand: its author, with all that is looked up there while events are composed."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ledger.authoring import Author, Said, Signed
from ledger.capture import context
from ledger.errors import LedgerError, Misuse, Unavailable
from ledger.identity import Identity, find_identity
from ledger.known import KnownLog
from ledger.log import Log
from ledger.receipts import Receipt, Recorded
from ledger.telemetry import recorded, recorded_many, span
from ledger.trust import Trust
from ledger.versions import find_dataset, look_up

if TYPE_CHECKING:
    from ledger.api import Ledger

DECISIONS: Final = ("approved", "rejected", "approval_revoked")


def begin_writing(ledger: "Ledger", log: Log) -> tuple[Author, Identity]:
    """Return an author with a key that the ledger has authorised; raise `Misuse` where this user has none."""
    with ledger.store.writing() as section:
        known = KnownLog.read(section, section.head())
    identity = find_identity(known.trust, ledger._key, ledger._actor)
    log.begin_at(known)
    return author_for(ledger, log, identity, known.trust), identity


def author_for(ledger: "Ledger", log: Log | None, identity: Identity, trust: Trust | None = None) -> Author:
    """Return the author that an identity is in a ledger; without a `log`, one who only signs."""
    before = trust or ledger.trust()

    def for_this_log(kind: str) -> bool:
        return (log.known.trust if log is not None and log.known else before).in_rules(kind)

    return Author(
        log,
        genesis=ledger.genesis_leaf,
        actor=identity.actor,
        signer=identity.signer,
        look_up=partial(look_up, ledger),
        find_dataset=partial(find_dataset, ledger),
        context=lambda: context(ledger.place.capture),
        find=ledger._find_bytes,
        for_this_log=for_this_log,
        state="sealed" if log is not None and log.seals else "placed",
        allow=partial(_refuse_services, ledger),
        covered=lambda: ledger.covered,
    )


Keep = Callable[[list[Signed], Iterable[Said], Unavailable], int]
"""Keeps, in this order, statements that were signed and events that are still to be; returns how many."""


def record_many(ledger: "Ledger", events: Iterable[Said], keep: Keep | None = None) -> Recorded:
    """Record events in batches. Whatever is raised says how many of them are recorded.

    With `keep`, what the ledger has not acknowledged when it is lost on the way goes there: of a commit whose outcome
    nobody knows, under the ids it has, so that it is found there later, if it was made.
    """
    author, taken = ledger._author(), _Taken(events)
    done, under_way = Recorded(0, -1, -1), None
    with span("record_many", origin=ledger.origin) as at:
        try:
            for under_way in author.requests(taken if keep is not None else events):
                placements = author.append(under_way)
                taken.acknowledge(len(placements))
                first = done.first if done.count else placements[0].seq
                done, under_way = Recorded(done.count + len(placements), first, placements[-1].seq), None
        except LedgerError as error:
            if keep is None or not isinstance(error, Unavailable):
                raise told(error, done)  # noqa: B904 - it is the same error
            begun = author.one_by_one(under_way) if under_way is not None else []
            taken.acknowledge(len(begun))
            done = _kept(done, partial(keep, begun, taken.rest(), error))
        recorded_many(done, at)
    ledger._move_pin()
    return done


def _kept(done: Recorded, keep_rest: Callable[[], int]) -> Recorded:
    try:
        spooled = keep_rest()
    except LedgerError as error:
        raise told(error, done)  # noqa: B904 - it is the same error
    return Recorded(done.count + spooled, done.first, done.last, spooled)


def told(error: LedgerError, done: Recorded) -> LedgerError:
    """Return the error with a word on what of the call is recorded all the same."""
    if done.count > done.spooled:
        where = f"entries {done.first:,} to {done.last:,}"
        error.message += f"; the first {done.count - done.spooled:,} events of this call are recorded ({where})"
    if done.spooled:
        error.message += f"; {done.spooled:,} wait in the spool"
    return error


T = TypeVar("T")


def whole_chunks(source: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of `size`, and a shorter one at the end; what came before an error is yielded before it is raised."""
    chunk: list[T] = []
    refused: LedgerError | None = None
    try:
        for one in source:
            chunk.append(one)
            if len(chunk) == size:
                yield chunk
                chunk = []
    except LedgerError as error:
        refused = error
    if chunk:
        yield chunk
    if refused is not None:
        raise refused


class _Taken:
    """Events as they are taken from the caller, remembered until they are acknowledged."""

    def __init__(self, events: Iterable[Said]) -> None:
        self._events = iter(events)
        self._open: deque[Said] = deque()

    def __iter__(self) -> Iterator[Said]:
        for event in self._events:
            self._open.append(event)
            yield event

    def acknowledge(self, count: int) -> None:
        """Forget the first ones."""
        for _ in range(min(count, len(self._open))):
            self._open.popleft()

    def rest(self) -> Iterator[Said]:
        """Yield what was not acknowledged, then all that was not taken yet."""
        return chain(self._open, self._events)


def record(ledger: "Ledger", what: Any, fields: dict[str, Any]) -> Receipt:
    """Sign a statement and place it; once more by the rule table that another writer set meanwhile."""
    with span("record", origin=ledger.origin) as at:
        try:
            receipt = ledger._place(ledger._author().sign(what, fields))
        except Misuse as error:
            if error.code != "log_missing":
                raise
            receipt = ledger._place(ledger._author().sign(what, fields))
        recorded(receipt, at)
    return receipt


def _refuse_services(ledger: "Ledger", said: dict[str, Any]) -> None:
    """Raise `Misuse` where a service would decide: what a person has to sign, a person signs."""
    if said["type"] not in DECISIONS or _kind(ledger, said["actor"]) != "service":
        return
    subject, stage = said["subject"], said["data"].get("stage", "STAGE")
    version = f"{subject.get('system', 'SYSTEM')}@{subject.get('version', 'VERSION')}"
    raise Misuse(
        f"{said['type']}: {said['actor']!r} is a service, this needs a person with the role approver",
        f"ledger approve {version} --for {stage}",
        code="not_an_approver",
    )


def _kind(ledger: "Ledger", handle: str) -> str:
    """Return what a handle was introduced as, the last time; "" for a founder, who was not."""
    kind = ""
    for seq in ledger.store.authority():
        said = ledger.find(seq).statement
        if said.type == "actor_introduced" and said.subject.get("handle") == handle:
            kind = str(said.data.get("kind", ""))
    return kind

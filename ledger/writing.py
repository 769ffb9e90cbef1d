"""Who records in a ledger that is at hand: its author, with all that is looked up there while events are composed."""

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ledger.authoring import Author, Said
from ledger.capture import context
from ledger.errors import Misuse
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
        trust = KnownLog.read(section, section.head()).trust
    identity = find_identity(trust, ledger._key, ledger._actor)
    return author_for(ledger, log, identity, trust), identity


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
    )


def record_many(ledger: "Ledger", events: Iterable[Said]) -> Recorded:
    """Record events in batches."""
    with span("record_many", origin=ledger.origin) as at:
        done = ledger._author().record_many(events)
        recorded_many(done, at)
    ledger._move_pin()
    return done


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

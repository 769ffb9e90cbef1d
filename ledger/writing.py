"""Who records in a ledger that is at hand: its author, with all that is looked up there while events are composed."""

from functools import partial
from typing import TYPE_CHECKING

from ledger.authoring import Author
from ledger.capture import context
from ledger.identity import Identity, find_identity
from ledger.known import KnownLog
from ledger.log import Log
from ledger.versions import find_dataset, look_up

if TYPE_CHECKING:
    from ledger.api import Ledger


def begin_writing(ledger: "Ledger", log: Log) -> tuple[Author, Identity]:
    """Return an author with a key that the ledger has authorised; raise `Misuse` where this user has none."""
    with ledger.store.writing() as section:
        trust = KnownLog.read(section, section.head()).trust
    identity = find_identity(trust, ledger._key, ledger._actor)
    return author_for(ledger, log, identity), identity


def author_for(ledger: "Ledger", log: Log | None, identity: Identity) -> Author:
    """Return the author that an identity is in a ledger; without a `log`, one who only signs."""
    return Author(
        log,
        genesis=ledger.genesis_leaf,
        actor=identity.actor,
        signer=identity.signer,
        look_up=partial(look_up, ledger),
        find_dataset=partial(find_dataset, ledger),
        context=lambda: context(ledger.place.capture),
        find=ledger._find_bytes,
        for_this_log=ledger.genesis.rules.__contains__,
        state="sealed" if log is not None and log.seals else "placed",
    )

"""What the entries that change trust will say, read before all others: hints for work that goes out of order.

A range of entries is checked by itself, in any process; it must know which rule table is in force where, which
credentials exist, what is doubtful. The pass in order (`authority`) folds the same entries again and has the last word:
if the store's list of them is not that of the entries, that is a failure.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from ledger import entry
from ledger.errors import LedgerError, Misuse, Tampered
from ledger.genesis import Genesis, Unknown
from ledger.grants import Doubt
from ledger.keys.credential import Credential
from ledger.parts import Known
from ledger.store import Store
from ledger.trust import Trust


class Foreseen(NamedTuple):
    """The state after all that was read, and what a range is given of it."""

    trust: Trust
    known: Known


def foresee(
    genesis: Genesis,
    acts: Iterable[tuple[int, bytes]],
    find: Callable[[bytes], int | None],
    read: Callable[[int], bytes],
) -> Foreseen:
    """Fold entries (place, bytes); those that may not be said, or cannot be read, are passed over.

    A credential's id is a hash over its keys: one of an entry that is passed over cannot lie, and what it signed is
    checked all the same.
    """
    trust = Trust.of_genesis(genesis)
    credentials = {grant.credential.id: grant.credential for grant in trust.grants()}
    recorded: dict[int, str] = {}
    limits: set[str] = set()
    for seq, data in acts:
        try:
            fields = entry.read(data).fields
            said = fields["statement"]
            limits.add(str(said["data"].get("not_after", "")))
            if said["type"] == "key_authorized":
                credential = Credential.from_json(said["data"].get("keys"))
                credentials[credential.id] = credential
            if trust.changes_trust(said["type"]):
                trust.judge(said, fields["recorded"])
                trust.apply(seq, said)
                recorded[seq] = fields["recorded"]
        except (LedgerError, Unknown):
            continue
    doubts = trust.holders.doubts(recorded)
    return Foreseen(trust, Known(genesis.leaf, trust.tables, credentials, doubts, sorted(limits - {""}), find, read))


def stored(places: Iterable[int], read: Callable[[int], bytes]) -> Iterable[tuple[int, bytes]]:
    """Yield the entries that a store lists; what it lists and has not is passed over."""
    for seq in places:
        try:
            yield seq, read(seq)
        except (Misuse, Tampered):
            continue


def trust_in(genesis: Genesis, store: Store) -> Trust:
    """Return who may say what at the end of a stored log, and the log's keys."""
    return foresee(genesis, stored(store.authority(), store.read), store.find, store.read).trust


def doubts_in(genesis: Genesis, store: Store) -> dict[str, Doubt]:
    """Return the credentials of a stored log of which something is doubtful, and since when."""
    return foresee(genesis, stored(store.authority(), store.read), store.find, store.read).known.doubts

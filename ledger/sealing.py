"""Sealed fields after they were recorded: handed out, checked, erased.

Erasing has one order:

    1  the event `erased` is recorded: who, why, which fields    a crash before leaves all as it was
    2  this user's drafts lose the values                        a crash before any of these leaves a value that the log
    3  the store loses them                                      says was erased: `verify` names one that the store has,
    4  this user's spool loses them                              erasing again goes through all of them again

The event comes first: nothing is erased by somebody who may not record, or without a word of who and why. Drafts come
before the store, for it is by the value that they are found; in the spool, it is by the statement's id.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

from ledger import encoding, entry, statement
from ledger.disclosures import commitments, open_disclosure, opens
from ledger.entry import Entry
from ledger.errors import Misuse, Tampered
from ledger.spool.erasing import Cleared, clear_drafts, clear_spool, values_here
from ledger.spool.file import Spool, spool_path
from ledger.statement import Ref

if TYPE_CHECKING:
    from ledger.api import Ledger


class Field(NamedTuple):
    """A sealed field: its place in the statement, its commitment, and the disclosure that is kept ("" for none)."""

    pointer: str
    commitment: str
    text: str

    @property
    def value(self) -> Any:
        """The value; None where it is withheld or erased."""
        return open_disclosure(self.text)[2] if self.text else None


class Erased(NamedTuple):
    """What an erasure did: the entry that records it (made now or by an earlier run), and how many values went.

    `cleared`: what the spool and the drafts of this user, on this machine, held. `actor`: who recorded the statement.
    """

    seq: int
    fields: tuple[str, ...]
    removed: int
    again: bool
    actor: str
    cleared: Cleared


def sealed_fields(ledger: "Ledger", which: int | str) -> list[Field]:
    """Return the sealed fields of an entry, each with its disclosure where one is kept and opens it."""
    data = ledger.read(which)
    said = entry.read(data).fields["statement"]
    places = commitments(said)
    texts: dict[str, str] = {}
    for text in ledger.store.disclosures() if places else ():
        try:
            id, pointer, _ = open_disclosure(text)
        except Tampered:
            continue  # verify says so (C20)
        if id == said["id"] and opens(data, pointer, text):
            texts[pointer] = text
    return [Field(pointer, sealed, texts.get(pointer, "")) for pointer, sealed in places.items()]


def choose(fields: list[Field], names: tuple[str, ...], seq: int) -> list[Field]:
    """Return the fields that `names` mean (pointers, or their last steps), all where there are none; `Misuse` else."""
    if not fields:
        raise Misuse(f"entry {seq} has no sealed field", f"ledger show {seq}", code="no_field")
    chosen = []
    for name in names:
        found = [one for one in fields if one.pointer == name] or [
            one for one in fields if one.pointer.rpartition("/")[2] == name
        ]
        if len(found) != 1:
            known = ", ".join(one.pointer for one in fields)
            raise Misuse(f"entry {seq} has no one sealed field {name!r}", f"one of: {known}", code="no_field")
        chosen += found
    return list(dict.fromkeys(chosen)) if names else fields


def check(ledger: "Ledger", text: str) -> tuple[int, str, Any]:
    """Return entry, place and value of a disclosure that was handed over; `Tampered` (C20) if it opens nothing."""
    id, pointer, value = open_disclosure(text)
    seq = ledger.store.find(encoding.id_bytes(id))
    if seq is None or not opens(ledger.read(seq), pointer, text):
        raise Tampered(
            f"a disclosure for {pointer} of {id} opens nothing in {ledger.origin}",
            "ask for it again; it is not what was recorded",
            code="disclosure",
            check=20,
            seq=-1 if seq is None else seq,
        )
    return seq, pointer, value


def erase(
    ledger: "Ledger", which: int | str, names: tuple[str, ...], *, reason: str, basis: str | None = None
) -> Erased:
    """Erase the values of sealed fields of an entry, for good: recorded as `erased`, then removed from the store.

    Also from the spool and the drafts of this user on this machine. A run that was interrupted is finished by another
    one. Raises `Misuse` where there is no such field or nobody to record, `Unavailable` where a reader keeps old bytes
    alive. Backups, exports, other machines and who has read it are beyond this.
    """
    if not names:
        raise Misuse("which field?", "ledger show, for the sealed fields of an entry", code="no_field")
    data = ledger.read(which)
    placed = entry.view(data)
    fields = choose(sealed_fields(ledger, which), names, placed.seq)
    pointers = tuple(one.pointer for one in fields)
    earlier = erasures(ledger, placed.statement.id, placed.seq)
    told = [pointer for pointer in pointers if pointer not in earlier]
    seq = max((earlier[pointer] for pointer in pointers if pointer in earlier), default=-1)
    if told:
        ref = Ref(hash=statement.statement_hash(entry.body_of(data)).hex(), id=placed.statement.id)
        said = {"id": ref.id, "hash": ref.hash}
        seq = ledger.record("erased", of=said, fields=told, reason=reason, basis=basis).seq
    removed, cleared = _remove(ledger, placed, data, fields)
    return Erased(seq, pointers, removed, not told, placed.statement.actor, cleared)


def _remove(ledger: "Ledger", placed: Entry, data: bytes, fields: list[Field]) -> tuple[int, Cleared]:
    """Steps 2 to 4 of the order."""
    said, pointers = entry.read(data).fields["statement"], tuple(one.pointer for one in fields)
    spool = Spool(spool_path())
    try:
        values = [(one.pointer, one.value) for one in fields if one.text] + values_here(spool, said["id"], pointers)
        gone, redacted = clear_drafts(spool, said["id"], values, placed.seq)
        removed = ledger.store.erase([one.commitment for one in fields])
        return removed, Cleared(clear_spool(spool, said, pointers, placed.seq), gone, redacted)
    finally:
        spool.close()


def erasures(ledger: "Ledger", id: str, seq: int) -> dict[str, int]:
    """Return which fields of the statement `id`, entry `seq`, the log says were erased: pointer -> entry."""
    found: dict[str, int] = {}
    for one in ledger.entries(seq + 1, type="erased"):
        said = one.statement
        if any(ref.id == id for ref in said.refs.get("of", ())):
            found.update((field, one.seq) for field in said.data.get("fields", ()) if isinstance(field, str))
    return found

"""What waits in the spool: a signed statement, its disclosures, and which log it is for; and what is asked of it.

The file belongs to the user, but what stands in it is judged like anything that comes from outside: an item that was
edited, cut or slipped in is set aside before it is placed (the log checks the author's signature over these bytes).
"""

from typing import Any, NamedTuple

import msgspec

from ledger import encoding, statement
from ledger.disclosures import commitment, commitments, open_disclosure
from ledger.errors import Tampered
from ledger.placing import Item, Request, Single


class Target(NamedTuple):
    """Which log a statement is for.

    `genesis` is the leaf of its entry 0 (hex), where it is known; `named`, a digest of the place that was named, where
    only that is known; both empty: any log, on an explicit word. `origin` is for people.
    """

    genesis: str = ""
    named: str = ""
    origin: str = ""


class Signed(NamedTuple):
    """What is put: a statement under its author's signatures, with what opens its sealed fields."""

    id: str
    body: bytes
    signatures: tuple[bytes, ...]
    disclosures: tuple[str, ...]


class Waiting(NamedTuple):
    """One item. `place` counts up: the order in which things were said. `aside` says why it was set aside, else ""."""

    place: int
    id: str
    target: Target
    body: bytes
    signatures: tuple[bytes, ...]
    disclosures: tuple[str, ...]
    since: str
    why: str
    aside: str

    @property
    def said(self) -> dict[str, Any]:
        """The statement's fields; raises `Tampered` where its bytes are none."""
        return statement.read(self.body)


class Shown(NamedTuple):
    """What can be told of an item, whatever its bytes are."""

    type: str
    actor: str
    subject: dict[str, Any]
    time: str


def shown(item: Waiting) -> Shown:
    """Return what people are told of an item."""
    try:
        said = item.said
    except Tampered:
        return Shown("unreadable", "-", {}, "")
    return Shown(said["type"], said["actor"], said["subject"], said["time"])


def request(item: Waiting) -> tuple[Request, dict[str, Any]]:
    """Return the item as what a log places, and the statement's fields; raise `Tampered` where it is not whole.

    The signature is left to the log, which knows whose key it is.
    """
    said = item.said
    if said["id"] != item.id:
        raise Tampered(f"the statement has the id {said['id']}", code="spool_item")
    _check_disclosures(said, item.disclosures)
    hash = statement.statement_hash(item.body)
    placed = Item(said, item.body, encoding.id_bytes(item.id), hash)
    return Request([Single(placed, item.signatures)], None, item.disclosures, signed_here=False), said


def _check_disclosures(said: dict[str, Any], texts: tuple[str, ...]) -> None:
    """Each disclosure opens a commitment of this statement, and each commitment has its disclosure."""
    sealed = commitments(said)
    for text in texts:
        id, pointer, _ = open_disclosure(text)
        if id != said["id"] or sealed.pop(pointer, "") != commitment(text):
            raise Tampered(f"a disclosure does not open {pointer}", code="disclosure")
    if sealed:
        raise Tampered(f"the value of {min(sealed)} is missing: its disclosure was removed", code="disclosure")


def same_statement(one: dict[str, Any], other: dict[str, Any], *, timed: bool = False) -> bool:
    """Whether two statements for one log say the same but for what is new in each run: surroundings, salts, and,
    unless it was given (`timed`), the time.
    """
    new = ("context", "log") if timed else ("context", "log", "time")
    return bool(_lasting(one, new) == _lasting(other, new))


def _lasting(said: dict[str, Any], new: tuple[str, ...]) -> Any:
    return _unsalted({name: value for name, value in said.items() if name not in new})


def _unsalted(value: Any) -> Any:
    if isinstance(value, list):
        return [_unsalted(item) for item in value]
    if isinstance(value, dict):
        return {"sealed": ""} if value.keys() == {"sealed"} else {k: _unsalted(item) for k, item in value.items()}
    return value


def write_texts(texts: tuple[str, ...]) -> str:
    """Return texts as one."""
    return msgspec.json.encode(texts).decode()


def read_texts(text: str) -> tuple[str, ...]:
    """Return the texts in one; raise `Tampered` where it holds something else."""
    try:
        return tuple(msgspec.json.decode(text, type=list[str]))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise Tampered("a spool item has another form", "ledger spool drop ID", code="spool_item") from None

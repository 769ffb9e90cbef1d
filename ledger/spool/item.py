"""What waits in the spool: a signed statement, its disclosures, and which log it is for; and what is asked of it.

The file belongs to the user, but what stands in it is judged like anything that comes from outside: an item that was
edited, cut or slipped in is set aside before it is placed. What shows that a row is as its author wrote it is the
author's signature; or, for much less work, the row's **seal**: a keyed BLAKE2b (RFC 7693) over all of it that matters,
under a secret that only the holder of the author's key can make. Whoever delivers and holds that key compares the seal;
all others, and everybody where it does not fit (an earlier release made it), check form, disclosures and signature. The
signature goes into the entry in any case, and `verify` checks it.
"""

import hmac
from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from hashlib import blake2b, sha256
from typing import Any, Final, NamedTuple

import msgspec

from ledger import encoding, statement
from ledger.disclosures import commitment, commitments, open_disclosure
from ledger.errors import Tampered
from ledger.placing import Item


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
    signatures: Sequence[bytes]
    disclosures: Sequence[str]


SEAL: Final = "spool"  # the purpose of the secret
_FORM: Final = b"ledger-spool/v2"


class Row(NamedTuple):
    """An item as it stands in the file. `id` is 16 bytes; `signatures` and `disclosures` are JSON lists."""

    place: int
    id: bytes
    genesis: str
    named: str
    origin: str
    body: bytes
    signatures: str
    disclosures: str
    since: str
    why: str
    aside: str
    seal: bytes


as_row: Final = partial(tuple.__new__, Row)
"""Make a row of a tuple of its parts, in C alone."""


def seal_of(secret: bytes, id: bytes, target: tuple[str, ...], hash: bytes, signatures: str, disclosures: str) -> bytes:
    """Return the seal over a row: the hash of its statement, its id, target, signatures and disclosures."""
    return seals_of(secret, [(id, target, hash, signatures, disclosures)])[0]


def seals_of(secret: bytes, rows: Iterable[tuple[bytes, tuple[str, ...], bytes, str, str]]) -> list[bytes]:
    """Return the seals over rows, each as `seal_of` takes it.

    What has not always one length is hashed, or follows its length, so that no two rows have one text.
    """
    begun, seals = blake2b(digest_size=32, key=secret, person=_FORM), []
    for id, target, hash, signatures, disclosures in rows:
        fixed = hash + id + _digest_of(target)
        one = begun.copy()
        one.update(b"%b%d %b%b" % (fixed, len(signatures), signatures.encode(), disclosures.encode()))
        seals.append(one.digest())
    return seals


@lru_cache(maxsize=64)
def _digest_of(target: tuple[str, ...]) -> bytes:
    return sha256(f"{' '.join(str(len(text)) for text in target)} {''.join(target)}".encode()).digest()


def sealed_by(row: Row, hash: bytes, secrets: dict[str, bytes]) -> str:
    """Return the credential whose holder sealed a row as it is, of those whose secrets are given; "" for none.

    `hash` is that of its statement.
    """
    for credential, secret in secrets.items() if row.seal else ():
        target = (row.genesis, row.named, row.origin)
        if hmac.compare_digest(row.seal, seal_of(secret, row.id, target, hash, row.signatures, row.disclosures)):
            return credential
    return ""


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


def item_of(waiting: Waiting) -> Item:
    """Return the item as what a log places; raise `Tampered` where it is not whole. Its signature is left to check."""
    said = waiting.said
    if said["id"] != waiting.id:
        raise Tampered(f"the statement has the id {said['id']}", code="spool_item")
    _check_disclosures(said, waiting.disclosures)
    return Item(said, waiting.body, encoding.id_bytes(waiting.id), statement.statement_hash(waiting.body))


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


def waiting(row: Row) -> Waiting:
    """Return a row as an item; one whose lists cannot be read is set aside, with the reason."""
    signed, opened, aside = tuple[bytes, ...](), tuple[str, ...](), row.aside
    try:
        signed = tuple(map(encoding.b64decode, read_texts(row.signatures)))
        opened = read_texts(row.disclosures)
    except Tampered as error:
        signed, opened, aside = (), (), aside or error.message
    target = Target(row.genesis, row.named, row.origin)
    return Waiting(row.place, encoding.id_text(row.id), target, row.body, signed, opened, row.since, row.why, aside)


def write_texts(texts: Sequence[str]) -> str:
    """Return texts as one."""
    return msgspec.json.encode(texts).decode()


def read_texts(text: str) -> tuple[str, ...]:
    """Return the texts in one; raise `Tampered` where it holds something else."""
    try:
        return tuple(msgspec.json.decode(text, type=list[str]))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise Tampered("a spool item has another form", "ledger spool drop ID", code="spool_item") from None

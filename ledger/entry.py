"""An entry: a statement's place in one log (FORMAT.md sections 6 and 7).

`write` puts the statement's bytes in verbatim; nothing here re-encodes them. `read` takes an entry apart strictly.
"""

import hashlib
from typing import Any, Final

import msgspec

from ledger import encoding, statement
from ledger.errors import Misuse, Tampered
from ledger.shapes import learn
from ledger.statement import Statement

FIRST_PREV: Final = "0" * 64
SEQ_LIMIT: Final = 2**53 - 2
BATCH_LIMIT: Final = 4_096
BATCH_BYTES_LIMIT: Final = 8 * 2**20
MARK: Final = b',"statement":'


class BatchHead(msgspec.Struct, frozen=True):
    """What the author of a batch signed: carried by the batch's first entry."""

    actor: str
    count: int
    id: str
    key: str
    log: str
    root: str


class BatchMember(msgspec.Struct, frozen=True):
    """Carried by every later entry of a batch: the sequence number of the head."""

    first: int


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A placed statement. `prev` and `leaf` are hex digests, `recorded` the placing writer's clock."""

    prev: str
    recorded: str
    seq: int
    signatures: list[str]
    statement: Statement
    place: dict[str, Any] | None = msgspec.field(default=None, name="batch")

    @property
    def batch(self) -> BatchHead | BatchMember | None:
        """The entry's place in a batch, None where it was signed by itself; raise `Tampered` if it is no place."""
        try:
            if self.place is None:
                return None
            if "first" in self.place:
                return msgspec.convert(self.place, BatchMember)
            return msgspec.convert(self.place, BatchHead)
        except msgspec.ValidationError as error:
            raise _no_entry(error) from None


class Parts(msgspec.Struct, frozen=True):
    """A strictly read entry: its fields and the slice of its bytes that the author signed."""

    fields: dict[str, Any]
    body: bytes


_reader: Final = msgspec.json.Decoder(Entry)
learn(BatchHead, BatchMember)


def leaf(data: bytes) -> bytes:
    """Return SHA-256(00 || entry bytes): the next entry's `prev` and the leaf of the tree."""
    return hashlib.sha256(b"\x00" + data).digest()


def write(seq: int, prev: bytes, recorded: str, body: bytes, signatures: str, batch: str = "") -> bytes:
    """Return an entry's bytes. `signatures` and `batch` are JSON text in the one form (see the two functions below)."""
    data = (
        f'{{{batch}"prev":"{prev.hex()}","recorded":"{recorded}","seq":{seq},"signatures":{signatures}'.encode()
        + MARK
        + body
        + b"}"
    )
    if len(data) > encoding.ENTRY_LIMIT or seq > SEQ_LIMIT:
        raise Misuse(f"entry {seq} would be {len(data):,} bytes, the limit is {encoding.ENTRY_LIMIT:,}", "use evidence")
    return data


def signatures_text(signatures: tuple[bytes, ...]) -> str:
    """Return the `signatures` member's text; raise `Misuse` over 12,288 bytes."""
    text = "[" + ",".join(f'"{encoding.b64encode(signature)}"' for signature in signatures) + "]"
    if len(text) > encoding.SIGNATURES_LIMIT:
        raise Misuse(f"signatures of {len(text):,} bytes, the limit is {encoding.SIGNATURES_LIMIT:,}", "use one key")
    return text


def batch_text(header: bytes) -> str:
    """Return the `batch` member, with its comma, of a head or a member."""
    return f'"batch":{header.decode()},'


def body_of(data: bytes) -> bytes:
    """Return the statement's bytes of an entry in the one form: between the first mark and the closing brace."""
    return data[data.index(MARK) + len(MARK) : -1]


def view(data: bytes) -> Entry:
    """Return an entry for reading (not for judging: `read` is strict). Raises `Tampered` if it is no entry at all."""
    try:
        return _reader.decode(data)
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise _no_entry(error) from None


def read(data: bytes) -> Parts:
    """Return the parts of an entry in the one form with closed envelopes; raise `Tampered` (C5) for all else."""
    fields: dict[str, Any] = encoding.decode(data)
    return Parts(fields, check(fields, data))


def check(fields: dict[str, Any], data: bytes) -> bytes:
    """Check the envelopes of a decoded entry and return its statement's bytes; raise `Tampered` (C5)."""
    if fields.keys() - {"batch"} != _KEYS:
        odd = sorted((fields.keys() - {"batch"}) ^ _KEYS)
        raise _bad(f"lacks or does not know: {', '.join(odd)}")
    if not (type(fields["prev"]) is str and encoding.is_digest(fields["prev"])):
        raise _bad("has a malformed prev")
    if not (type(fields["recorded"]) is str and encoding.is_time(fields["recorded"])):
        raise _bad("has a malformed recorded")
    if not (type(fields["seq"]) is int and 0 <= fields["seq"] <= SEQ_LIMIT):
        raise _bad("has a malformed seq")
    check_signatures(fields["signatures"])
    if "batch" in fields:
        check_batch(fields["batch"])
    if type(fields["statement"]) is not dict:
        raise _bad("has no statement object")
    body = body_of(data)
    if len(body) > encoding.STATEMENT_LIMIT:
        raise _bad(f"has a statement of {len(body):,} bytes, the limit is {encoding.STATEMENT_LIMIT:,}")
    statement.check(fields["statement"])
    return body


def check_signatures(value: object) -> None:
    """Raise `Tampered` (C5) unless a `signatures` member has its form and size."""
    if not isinstance(value, list) or len(value) > 2:
        raise _bad("has malformed signatures")
    if not value:
        return
    if sum(len(item) + 3 for item in value if isinstance(item, str)) + 1 > encoding.SIGNATURES_LIMIT:
        raise _bad("has signatures over the limit")
    for item in value:
        if not isinstance(item, str):
            raise _bad("has malformed signatures")
        encoding.b64decode(item)


def check_batch(value: object) -> None:
    """Raise `Tampered` (C5) unless a `batch` member has the form of a head or of a member."""
    if not isinstance(value, dict):
        raise _bad("has a malformed batch")
    if value.keys() == {"first"}:
        good = type(value["first"]) is int and 0 <= value["first"] <= SEQ_LIMIT
    else:
        good = value.keys() == _BATCH.keys() and all(test(value[key]) for key, test in _BATCH.items())
    if not good:
        raise _bad("has a malformed batch")


def _no_entry(error: Exception) -> Tampered:
    return Tampered(f"this is no entry: {error}", code="entry_form", check=5)


def _bad(why: str) -> Tampered:
    return Tampered(f"the entry {why}", code="entry_form", check=5)


_KEYS: Final = frozenset(("prev", "recorded", "seq", "signatures", "statement"))
_BATCH: Final[dict[str, Any]] = {
    "actor": lambda value: type(value) is str and encoding.is_handle(value),
    "count": lambda value: type(value) is int and 1 <= value <= BATCH_LIMIT,
    "id": lambda value: type(value) is str and encoding.is_id(value),
    "key": lambda value: type(value) is str and encoding.is_digest(value),
    "log": lambda value: type(value) is str and encoding.is_digest(value),
    "root": lambda value: type(value) is str and encoding.is_digest(value),
}

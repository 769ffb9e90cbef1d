"""Sealed fields: salted commitments in the log, the values beside it (FORMAT.md section 10; the form of RFC 9901)."""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Final

import msgspec

from ledger import encoding, entry
from ledger.errors import LedgerError, Misuse, Tampered
from ledger.report import Failure
from ledger.store import Store

SALT_SIZE: Final = 16
TEXT_LIMIT: Final = 65_536


def seal(statement_id: str, pointer: str, value: Any, salt: bytes) -> tuple[dict[str, str], str]:
    """Return what stands in the statement in the place of `value`, and the disclosure text that opens it.

    `salt` is 16 random bytes, fresh for each field: it is what keeps a short value from being guessed.
    """
    if len(salt) != SALT_SIZE:
        raise Misuse(f"a salt has {SALT_SIZE} bytes, not {len(salt)}", "os.urandom(16)", code="salt")
    array = encoding.encode([_b64(salt), f"{statement_id}{pointer}", value], "sealed")
    text = _b64(array)
    return {"sealed": commitment(text)}, text


def commitment(text: str) -> str:
    """Return the 43 characters that seal the value of a disclosure."""
    return _b64(hashlib.sha256(text.encode()).digest())


def open_disclosure(text: str) -> tuple[str, str, Any]:
    """Return statement id, JSON pointer and value of a disclosure; raise `Tampered` (C20) for what is none."""
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        array = msgspec.json.decode(data)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        raise _bad("is not base64url of JSON") from None
    if len(text) > TEXT_LIMIT or _b64(data) != text or not isinstance(array, list) or len(array) != 3:
        raise _bad("has another form")
    salt, place, value = array
    if not (isinstance(salt, str) and isinstance(place, str) and len(salt) == 22):
        raise _bad("has another form")
    id, _, pointer = place.partition("/")
    if not encoding.is_id(id) or not pointer:
        raise _bad("names no place")
    return id, f"/{pointer}", value


def check_disclosures(store: Store) -> list[Failure]:
    """C20: each disclosure that is kept opens the one commitment at its place."""
    failures = []
    for text in store.disclosures():
        try:
            id, pointer, _ = open_disclosure(text)
            seq = store.find(encoding.id_bytes(id))
        except Tampered as error:
            failures.append(Failure(20, "disclosure", -1, error.message))
            continue
        if seq is None:
            failures.append(Failure(20, "disclosure", -1, f"a disclosure is for {id}, which is not in the log"))
        elif not opens(store.read(seq), pointer, text):
            failures.append(Failure(20, "disclosure", seq, f"a disclosure for entry {seq} does not open {pointer}"))
    return failures


def opens(data: bytes, pointer: str, text: str) -> bool:
    """Whether the value at `pointer` of the statement in an entry's bytes is the commitment to `text`."""
    try:
        return opens_in(entry.read(data).fields["statement"], pointer, text)
    except LedgerError:
        return False


def opens_in(said: dict[str, Any], pointer: str, text: str) -> bool:
    """Whether the value at `pointer` of a statement is the commitment to `text`."""
    value: Any = said
    try:
        for step in pointer[1:].split("/"):
            value = value[int(step) if isinstance(value, list) else step.replace("~1", "/").replace("~0", "~")]
    except (LookupError, TypeError, ValueError):
        return False
    return bool(value == {"sealed": commitment(text)})


def _b64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _bad(why: str) -> Tampered:
    return Tampered(f"a disclosure {why}", code="disclosure", check=20)

"""Sealed fields: salted commitments in the log, the values beside it (FORMAT.md section 10; the form of RFC 9901)."""

import hashlib
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from ledger import encoding, entry
from ledger.errors import LedgerError, Misuse, Tampered
from ledger.parts import Erasure
from ledger.report import Failure, Finding
from ledger.store import Store

SALT_SIZE: Final = 16
TEXT_LIMIT: Final = 65_536
_NOTES: Final = 1_000  # sealed fields without a value that a report names


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
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4)) if len(text) <= TEXT_LIMIT else b""
        found = encoding.decode(b'{"":%b}' % data)
    except (ValueError, Tampered):
        raise _bad("is not base64url of JSON in the one form") from None
    array = found.get("")
    if _b64(data) != text or len(found) != 1 or not isinstance(array, list) or len(array) != 3:
        raise _bad("has another form")
    salt, place, value = array
    if not (isinstance(salt, str) and isinstance(place, str) and _SALT.fullmatch(salt)):
        raise _bad("has another form")
    id, _, pointer = place.partition("/")
    if not encoding.is_id(id) or not _POINTER.fullmatch(f"/{pointer}"):
        raise _bad("names no place")
    return id, f"/{pointer}", value


_SALT: Final = re.compile("[A-Za-z0-9_-]{21}[AQgw]", re.ASCII)  # 16 bytes: the last character holds two bits
_POINTER: Final = re.compile("/(?:data|claimed_by)(?:/(?:[^/~]|~[01])*)*", re.DOTALL)
_INDEX: Final = re.compile("0|[1-9][0-9]{0,5}", re.ASCII)


class Opened(NamedTuple):
    """What the kept disclosures came to: commitments that one opens, and what is wrong or worth knowing."""

    commitments: set[str]
    failures: list[Failure]
    findings: list[Finding]


def check_disclosures(store: Store, erased: Sequence[Erasure] = ()) -> Opened:
    """C20: each disclosure that is kept opens the one commitment at its place, and no other one does.

    A value that an entry says was erased, and that is still kept (or came back from a backup), is a finding.
    """
    gone = {(id, field): one.seq for one in erased for id in one.ids for field in one.fields}
    opened = Opened(set(), [], [])
    for text in store.disclosures():
        try:
            id, pointer, _ = open_disclosure(text)
            seq = store.find(encoding.id_bytes(id))
        except Tampered as error:
            opened.failures.append(Failure(20, "disclosure", -1, error.message))
            continue
        what = ""
        if seq is None:
            what = f"a disclosure is for {id}, which is not in the log"
        elif not opens(store.read(seq), pointer, text):
            what = f"a disclosure for entry {seq} does not open {pointer}"
        elif (sealed := commitment(text)) in opened.commitments:
            what = f"the disclosure of {pointer} of entry {seq} is kept twice"
        else:
            opened.commitments.add(sealed)
            if (id, pointer) in gone:
                said = f"entry {gone[id, pointer]} says that {pointer} of entry {seq} was erased, and it is kept here"
                opened.findings.append(Finding("not_erased", seq, f"{said}: ledger erase {seq} {pointer}"))
        if what:
            opened.failures.append(Failure(20, "disclosure", -1 if seq is None else seq, what))
    return opened


def withheld(store: Store, sealed: Sequence[int], opened: Opened, erased: Sequence[Erasure]) -> list[Finding]:
    """Return a note for each sealed field without a disclosure here, of the entries `sealed`; the first 1,000.

    `sealed` has an entry once for each field that it may hold: where as many are opened, nothing is read.
    """
    if len(sealed) == len(opened.commitments):
        return []
    gone = {(id, field): one for one in erased for id in one.ids for field in one.fields}
    found: list[Finding] = []
    for seq in dict.fromkeys(sealed):
        try:
            said = entry.read(store.read(seq)).fields["statement"]
        except LedgerError:
            continue  # C5 has said so
        for pointer, sealed_by in commitments(said).items():
            if sealed_by in opened.commitments:
                continue
            by = gone.get((said["id"], pointer))
            told = f"was erased by {by.actor} (entry {by.seq})" if by else "is withheld or erased"
            found.append(Finding("erased" if by else "withheld", seq, f"entry {seq}: {pointer} {told}"))
        if len(found) >= _NOTES:
            return found[:_NOTES]
    return found


def opens(data: bytes, pointer: str, text: str) -> bool:
    """Whether `text` is a disclosure for `pointer` of the statement in an entry's bytes, and opens what is there."""
    try:
        return opens_in(entry.read(data).fields["statement"], pointer, text)
    except LedgerError:
        return False


def opens_in(said: dict[str, Any], pointer: str, text: str) -> bool:
    """The same for a statement that is read already, or that stands in no entry yet."""
    value: Any = said
    try:
        if open_disclosure(text)[:2] != (said["id"], pointer):
            return False  # a commitment that was copied from elsewhere
        for step in steps(pointer):
            value = value[_index(step) if isinstance(value, list) else step]
    except (Tampered, LookupError, TypeError, ValueError):
        return False
    return bool(value == {"sealed": commitment(text)})


def _index(step: str) -> int:
    if not _INDEX.fullmatch(step):
        raise ValueError(step)
    return int(step)


def steps(pointer: str) -> list[str]:
    """Return the steps of a JSON pointer (RFC 6901)."""
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/")]


def commitments(statement: dict[str, Any]) -> dict[str, str]:
    """Return the places of a statement that hold a commitment, each with it: pointer -> 43 characters."""
    found: dict[str, str] = {}
    for name in ("data", "claimed_by"):
        _gather(statement.get(name), f"/{name}", found)
    return found


def _gather(value: Any, path: str, found: dict[str, str]) -> None:
    if isinstance(value, dict):
        if value.keys() == {"sealed"} and isinstance(value["sealed"], str) and len(value["sealed"]) == 43:
            found[path] = value["sealed"]
            return
        for key, item in value.items():
            _gather(item, f"{path}/{key.replace('~', '~0').replace('/', '~1')}", found)
    elif isinstance(value, list):
        for at, item in enumerate(value):
            _gather(item, f"{path}/{at}", found)


def _b64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _bad(why: str) -> Tampered:
    return Tampered(f"a disclosure {why}", code="disclosure", check=20)

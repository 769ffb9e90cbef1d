"""Signed notes: a text, a blank line, and signature lines (c2sp.org/signed-note).

    note = text LF 1*sigline          sigline = EM-DASH SP name SP base64(key id[4] || signature) LF

Only one spelling is accepted: what parses is what `render_note` writes.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from ledger.encoding import b64decode, b64encode
from ledger.errors import Misuse, Tampered
from ledger.notes.verifier import KEY_ID_SIZE, NAME, VerifierKey

__all__ = ["Note", "NoteSigner", "SignatureLine", "VerifierKey", "parse_note", "render_note", "verify_note"]

NOTE_LIMIT: Final = 65_536
"""Most bytes of a note (FORMAT.md section 9)."""

SIGNATURE_LIMIT: Final = 32
"""Most signature lines of a note (FORMAT.md section 9)."""

_TOLD: Final = 3  # keys that a message names
_line: Final = re.compile(f"\u2014 ({NAME}) ([A-Za-z0-9+/=]+)")
_control: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One signature under a note: whose it claims to be, and the bytes after the key id."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def text(self) -> str:
        """The line as it stands in a note, its LF included."""
        return f"\u2014 {self.name} {b64encode(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text, which ends in LF, and the signatures under it."""

    text: str
    signatures: tuple[SignatureLine, ...]


class NoteSigner(Protocol):
    """Whoever can sign notes: a key in a file, an agent, a machine that holds the key."""

    @property
    def verifier_key(self) -> VerifierKey:
        """The public side of it."""
        ...

    def sign_note(self, text: str) -> bytes:
        """The signature bytes, as they follow the key id in a signature line."""
        ...


def parse_note(data: bytes) -> Note:
    """The note that `data` spells. Raises Tampered for whatever `render_note` would not write. Verifies nothing."""
    if len(data) > NOTE_LIMIT:
        raise _not_a_note(f"{len(data)} bytes; the limit is {NOTE_LIMIT}")
    try:
        whole = data.decode()
    except UnicodeDecodeError as error:
        raise _not_a_note(f"not UTF-8 at byte {error.start}") from None
    if found := _control.search(whole):
        raise _not_a_note(f"control character U+{ord(found.group()):04X}")
    end = whole.rfind("\n\n")
    if end < 0 or not whole.endswith("\n"):
        raise _not_a_note("no blank line before the signatures, or no LF at the end")
    lines = whole[end + 2 : -1].split("\n")
    if len(lines) > SIGNATURE_LIMIT:
        raise _not_a_note(f"{len(lines)} signature lines; the limit is {SIGNATURE_LIMIT}")
    return Note(whole[: end + 1], tuple(map(_parse_line, lines)))


def render_note(note: Note) -> bytes:
    """The bytes of a note. Raises Misuse where `parse_note` would not give the same note back."""
    data = f"{note.text}\n{''.join(line.text for line in note.signatures)}".encode(errors="surrogatepass")
    try:
        same = parse_note(data) == note
    except Tampered as error:
        raise Misuse(error.message, "sign a text without control characters that ends in LF", code="note") from None
    if not same:
        raise Misuse("a note that reads back as another one", "give plain names, and ids of four bytes", code="note")
    return data


def verify_note(note: Note, keys: Sequence[VerifierKey]) -> tuple[VerifierKey, ...]:
    """Those of `keys` that signed, in the order of the note's lines.

    Lines of unknown keys are ignored: that is how keys are rotated and witnesses added. Raises Tampered when a known
    key's signature is bad or none of `keys` signed; Misuse when two of `keys` share name and id.
    """
    known = {(key.name, key.key_id): key for key in keys}
    if len(known) != len(keys):
        raise Misuse("two of the keys have the same name and id", "leave one of them out", code="same_key_id")
    signed: dict[VerifierKey, None] = {}
    for line in note.signatures:
        key = known.get((line.name, line.key_id))
        if key is None:
            continue
        if not key.is_good(note.text, line.signature):
            raise Tampered(
                f"the signature of {key.name} (key id {key.key_id.hex()}) does not fit the note",
                "ask for the note again, from another source too",
                code="bad_signature",
            )
        signed[key] = None
    if not signed:
        raise Tampered(
            f"no known key signed the note: {_named(note.signatures)} did, not {_named(keys)}",
            "check which keys are expected here; if these are right, this is not that log",
            code="unsigned",
        )
    return tuple(signed)


def _named(keys: Iterable[SignatureLine | VerifierKey]) -> str:
    """Names and key ids, the first few."""
    told = list(dict.fromkeys(f"{key.name}+{key.key_id.hex()}" for key in keys))
    return ", ".join(told[:_TOLD]) + (f" and {len(told) - _TOLD} more" if len(told) > _TOLD else "") or "nobody"


def _parse_line(line: str) -> SignatureLine:
    found = _line.fullmatch(line)
    if found is None:
        raise _not_a_note("a signature line that is not dash, name and base64")
    payload = b64decode(found[2])
    if len(payload) <= KEY_ID_SIZE:
        raise _not_a_note("a signature line without a signature")
    return SignatureLine(found[1], payload[:KEY_ID_SIZE], payload[KEY_ID_SIZE:])


def _not_a_note(why: str) -> Tampered:
    return Tampered(f"not a signed note: {why}", "ask for the note again", code="note")

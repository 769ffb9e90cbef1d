"""Verifier keys, and what a signature of each kind is over (c2sp.org/signed-note, c2sp.org/tlog-cosignature).

    vkey = name "+" hex(key id) "+" base64(kind[1] || public key)        key id = SHA-256(name LF kind public)[0:4]

| kind | signature after the key id           | over                                            |
|------|--------------------------------------|-------------------------------------------------|
| 0x01 | Ed25519, 64 bytes                    | the note's text                                 |
| 0x04 | time, 8 bytes, and Ed25519, 64       | a checkpoint's text under two lines             |
| 0x06 | time, 8 bytes, and ML-DSA-44, 2,420  | cosigner, time, origin, size and root           |

The key id is a label of four bytes and binds nothing: a key is its name, its id and its public key together.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple, Self

from ledger.encoding import b64decode, b64encode
from ledger.errors import Misuse, Tampered
from ledger.notes.treehead import parse_checkpoint, subtree_message, timestamped_text
from ledger.signatures import (
    ED25519_PUBLIC,
    ED25519_SIGNATURE,
    MLDSA44_PUBLIC,
    MLDSA44_SIGNATURE,
    check_point,
    verify_ed25519,
    verify_mldsa44,
)

ED25519: Final = 0x01
ED25519_COSIGNATURE: Final = 0x04
MLDSA44_COSIGNATURE: Final = 0x06

KEY_ID_SIZE: Final = 4
TIME_SIZE: Final = 8

NAME_LIMIT: Final = 255
"""Most UTF-8 bytes of a key's name: an ML-DSA cosignature counts them in one byte."""

# One or more characters, but no controls, none of Unicode's spaces, no "+", no surrogates (no UTF-8 text has those).
NAME: Final = r"[^+\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ud800-\udfff]+"

_LATEST: Final = 2**63 - 1
_name: Final = re.compile(NAME)
_vkey: Final = re.compile(rf"({NAME})\+([0-9a-f]{{8}})\+([A-Za-z0-9+/=]+)")


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key, its name, and the kind of signature it is for. Raises Misuse for one that cannot be."""

    name: str
    key_id: bytes
    kind: int
    public: bytes

    def __post_init__(self) -> None:
        rule = _KINDS.get(self.kind)
        if rule is None:
            raise _bad_vkey(f"kind 0x{self.kind:02x} of {self.name} is none of {', '.join(map(hex, _KINDS))}")
        if len(self.public) != rule.public_size:
            raise _bad_vkey(f"{self.name} has {len(self.public)} bytes, its kind has {rule.public_size}")
        if rule.is_point:
            check_point(self.public)
        computed = _key_id(self.name, self.kind, self.public)
        if self.key_id != computed:
            raise _bad_vkey(f"the id {self.key_id.hex()} is not the id of this key of {self.name}, {computed.hex()}")

    @classmethod
    def make(cls, name: str, kind: int, public: bytes) -> Self:
        """The key of that name, with the id that follows."""
        return cls(name, _key_id(name, kind, public), kind, public)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The key that a vkey spells. Raises Misuse for any other text, and for an id that is not the key's."""
        found = _vkey.fullmatch(text)
        if found is None:
            raise _bad_vkey("it is not of the form name+8 hexadecimal digits+base64")
        name, digits, encoded = found.groups()
        try:
            data = b64decode(encoded)
        except Tampered as error:
            raise _bad_vkey(error.message) from None
        return cls(name, bytes.fromhex(digits), data[0], data[1:])

    @property
    def text(self) -> str:
        """The vkey: the key's one spelling."""
        return f"{self.name}+{self.key_id.hex()}+{b64encode(bytes([self.kind]) + self.public)}"

    def is_good(self, text: str, signature: bytes) -> bool:
        """Whether `signature`, the bytes after the key id, fits the note's `text` under this key.

        Raises Tampered where a cosignature stands under a text that is no checkpoint.
        """
        rule = _KINDS[self.kind]
        return len(signature) == rule.signature_size and rule.check(self, text, signature)


class _Kind(NamedTuple):
    public_size: int
    signature_size: int
    is_point: bool
    check: Callable[[VerifierKey, str, bytes], bool]


def _check_ed25519(key: VerifierKey, text: str, signature: bytes) -> bool:
    return verify_ed25519(key.public, text.encode(), signature)


def _check_ed25519_cosignature(key: VerifierKey, text: str, signature: bytes) -> bool:
    parse_checkpoint(text)
    time = int.from_bytes(signature[:TIME_SIZE], "big")
    return time <= _LATEST and verify_ed25519(key.public, timestamped_text(text, time), signature[TIME_SIZE:])


def _check_mldsa44_cosignature(key: VerifierKey, text: str, signature: bytes) -> bool:
    checkpoint = parse_checkpoint(text)
    time = int.from_bytes(signature[:TIME_SIZE], "big")
    if time > _LATEST or (time and key.name == checkpoint.origin):
        return False  # a log states no time (FORMAT.md section 9): it cannot witness itself
    return verify_mldsa44(key.public, subtree_message(key.name, time, checkpoint), signature[TIME_SIZE:])


_KINDS: Final = {
    ED25519: _Kind(ED25519_PUBLIC, ED25519_SIGNATURE, True, _check_ed25519),
    ED25519_COSIGNATURE: _Kind(ED25519_PUBLIC, TIME_SIZE + ED25519_SIGNATURE, True, _check_ed25519_cosignature),
    MLDSA44_COSIGNATURE: _Kind(MLDSA44_PUBLIC, TIME_SIZE + MLDSA44_SIGNATURE, False, _check_mldsa44_cosignature),
}


def _key_id(name: str, kind: int, public: bytes) -> bytes:
    if not _name.fullmatch(name) or len(name.encode()) > NAME_LIMIT:
        raise _bad_vkey(f"{name!r} is not a name: 1 to {NAME_LIMIT} bytes, without spaces, controls or '+'")
    return sha256(b"%b\n%c%b" % (name.encode(), kind, public)).digest()[:KEY_ID_SIZE]


def _bad_vkey(why: str) -> Misuse:
    return Misuse(f"not a verifier key: {why}", "copy the whole key again from whoever published it", code="vkey")

"""All entries hashed anew with another algorithm, to be stamped while SHA-256 still holds (RFC 4998 section 5.3).

What is stamped is text: six lines, then the closed checkpoint, so that one token speaks of both trees.

    lifecycle-ledger/rehash/v1 LF   origin LF   size LF   sha512 LF
    base64(root over the same entries, the tree of FORMAT.md section 9 with SHA-512) LF
    base64(SHA-512 over the SHA-512 of each token before this one, oldest first) LF
    LF  the checkpoint
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from ledger.encoding import b64decode, b64encode
from ledger.errors import Tampered
from ledger.notes.note import parse_note
from ledger.notes.treehead import Checkpoint, parse_checkpoint
from ledger.store import Anchor, Store

HASH: Final = "sha512"
_HEAD: Final = "lifecycle-ledger/rehash/v1"
_SIZE: Final = 64


class Rehash(NamedTuple):
    """What a rehash says: the root and the hash over earlier tokens (64 bytes each), and the checkpoint's note."""

    root: bytes
    tokens: bytes
    note: bytes


def write(store: Store, note: bytes, before: Sequence[Anchor]) -> bytes:
    """Return what is to be stamped, over the entries under a closed checkpoint and the tokens `before`."""
    checkpoint = checkpoint_of(note)
    lines = (
        _HEAD,
        checkpoint.origin,
        str(checkpoint.size),
        HASH,
        b64encode(root_of(row.data for row in store.rows(0, checkpoint.size))),
        b64encode(_tokens(before)),
    )
    return "".join(f"{line}\n" for line in lines).encode() + b"\n" + note


def read(imprinted: bytes) -> Rehash:
    """Return what a rehash says; raise `Tampered` (C22) for any other bytes."""
    head, _, note = imprinted.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
        checkpoint = checkpoint_of(note)
    except (UnicodeDecodeError, Tampered):
        raise _bad() from None
    if lines[:4] != [_HEAD, checkpoint.origin, str(checkpoint.size), HASH] or len(lines) != 6:
        raise _bad()
    root, tokens = b64decode(lines[4]), b64decode(lines[5])
    if len(root) != _SIZE or len(tokens) != _SIZE:
        raise _bad()
    return Rehash(root, tokens, note)


def check(store: Store, anchor: Anchor) -> None:
    """Raise `Tampered` (C22) unless a rehash is that of the entries and tokens that are here. Reads all of them."""
    said = read(anchor.imprinted)
    if said.tokens != _tokens([one for one in store.anchors() if one.number < anchor.number]):
        raise Tampered("the tokens before it are not those that it was made over", code="token", check=22)
    if said.root != root_of(row.data for row in store.rows(0, anchor.size)):
        raise Tampered("the entries are not those that it was made over", code="token", check=22)


def root_of(entries: Iterable[bytes]) -> bytes:
    """Return the root over entries in the tree of RFC 6962, with SHA-512; constant memory."""
    peaks: list[tuple[int, bytes]] = []  # size and root of the complete subtrees, largest first
    for data in entries:
        size, root = 1, hashlib.sha512(b"\x00" + data).digest()
        while peaks and peaks[-1][0] == size:
            size, root = 2 * size, hashlib.sha512(b"\x01" + peaks.pop()[1] + root).digest()
        peaks.append((size, root))
    if not peaks:
        return hashlib.sha512(b"").digest()
    root = peaks.pop()[1]
    while peaks:
        root = hashlib.sha512(b"\x01" + peaks.pop()[1] + root).digest()
    return root


def checkpoint_of(note: bytes) -> Checkpoint:
    """Return the checkpoint that a note spells; verifies nothing."""
    return parse_checkpoint(parse_note(note).text)


def _tokens(anchors: Iterable[Anchor]) -> bytes:
    return hashlib.sha512(b"".join(hashlib.sha512(one.token).digest() for one in anchors)).digest()


def _bad() -> Tampered:
    return Tampered("what was stamped is not in the form of a rehash", code="token", check=22)

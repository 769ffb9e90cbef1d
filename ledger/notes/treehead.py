"""What a checkpoint says, and what its cosigners sign of it (c2sp.org/tlog-checkpoint, c2sp.org/tlog-cosignature)."""

import re
from dataclasses import dataclass
from typing import Final

from ledger.encoding import b64decode, b64encode, is_origin
from ledger.errors import Misuse, Tampered
from ledger.merkle.tree import HASH_SIZE, MAX_SIZE

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The first `size` entries of the log named `origin` have the tree head `root` (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not is_origin(self.origin) or not 0 <= self.size <= MAX_SIZE or len(self.root) != HASH_SIZE:
            raise Misuse(
                f"no checkpoint can say origin {self.origin!r}, size {self.size} and a root of {len(self.root)} bytes",
                "give an origin of FORMAT.md section 2, a size up to 2^53 - 1 and a root of 32 bytes",
                code="checkpoint",
            )

    @property
    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root)}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint that `text` spells. Raises Tampered for any other text, extension lines included.

    Extension lines are legal in C2SP's format; ours has none, because an ML-DSA cosignature would not cover them.
    """
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:
        raise _not_one(f"it has {len(lines) - 1} lines and {len(lines[-1])} characters after them, not three lines")
    origin, size, root = lines[:3]
    if not is_origin(origin):
        raise _not_one("its first line is no origin")
    if not _SIZE.fullmatch(size) or int(size) > MAX_SIZE:
        raise _not_one("its second line is no size")
    digest = b64decode(root)
    if len(digest) != HASH_SIZE:
        raise _not_one(f"its root has {len(digest)} bytes, not {HASH_SIZE}")
    return Checkpoint(origin, int(size), digest)


def timestamped_text(text: str, time: int) -> bytes:
    """What an Ed25519 cosigner (type 0x04) signs at `time`, in POSIX seconds: the whole text under two lines."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def subtree_message(cosigner: str, time: int, checkpoint: Checkpoint) -> bytes:
    """What an ML-DSA-44 cosigner (type 0x06) signs at `time` in POSIX seconds; 0 states no time. It names itself."""
    origin, name = checkpoint.origin.encode(), cosigner.encode()
    return b"".join(
        (
            b"subtree/v1\n\x00",
            len(name).to_bytes(1, "big"),
            name,
            time.to_bytes(8, "big"),
            len(origin).to_bytes(1, "big"),
            origin,
            bytes(8),  # a checkpoint's subtree starts at entry 0
            checkpoint.size.to_bytes(8, "big"),
            checkpoint.root,
        )
    )


def _not_one(why: str) -> Tampered:
    return Tampered(f"not a checkpoint: {why}", "ask for the checkpoint again", code="checkpoint")

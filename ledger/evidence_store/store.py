"""What a store of evidence promises; no code that does input or output.

Objects are files, and manifests of folders, each under the SHA-256 of its bytes (64 hexadecimal digits). Nothing is
written over: the same bytes are the same object. `lock` keeps an object from being removed until a day; a store that
cannot do that says so, and never pretends.
"""

from collections.abc import Iterator
from datetime import date
from typing import IO, NamedTuple, Protocol


class Kept(NamedTuple):
    """How an object stands in a store: bytes, the day until which it cannot be removed, and what hides it.

    `locked` is None where nothing keeps it from being removed; `hidden` says what was put on top of it ("" nothing).
    """

    digest: str
    size: int
    locked: date | None
    hidden: str = ""


class EvidenceStore(Protocol):
    """A place for evidence; `place` is its path or URL, for messages. `locks`: whether it can lock."""

    place: str
    locks: bool

    def put(self, digest: str, size: int, opened: IO[bytes], until: date | None) -> bool:
        """Keep an object, durable when it returns; False where it is kept already. `until`: the lock it is to have.

        Raises `Misuse` for bytes that are not the digest's, `Unavailable` where the store does not do its part.
        """

    def stat(self, digest: str) -> Kept | None:
        """Return how an object stands; None where it is not here."""

    def parts(self, digest: str) -> Iterator[bytes]:
        """Yield an object's bytes, as they are: whoever reads checks them. Raises `Misuse` where it is not here."""

    def digests(self) -> Iterator[str]:
        """Yield the digest of everything that is here, in order."""

    def lock(self, digest: str, until: date) -> None:
        """Lock an object to a later day; a lock is never shortened."""

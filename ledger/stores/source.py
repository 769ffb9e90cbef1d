"""Where published files are read from and put: what a folder, a web server or an object store must promise.

Paths are those of c2sp.org/tlog-tiles below the published place: `checkpoint`, `tile/0/000`, `ledger/7/checkpoints`.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol


class Source(Protocol):
    """Published files, for reading. Nothing that comes from here is believed."""

    place: str

    def fetch(self, path: str, limit: int) -> bytes | None:
        """Return a file's bytes, None where there is none. More than `limit` bytes are cut to `limit` + 1.

        Raises `Unavailable` where that cannot be found out.
        """

    def fetch_all(self, paths: Iterable[str], limit: int) -> Iterator[bytes | None]:
        """Yield files in the order of `paths`, as `fetch` does; a few may be asked for ahead."""

    def keep_in(self, scratch: Path) -> None:
        """Use a folder for what should not be fetched twice."""

    def close(self) -> None:
        """Let go of what is open."""


class Sink(Protocol):
    """A place to publish to. `name` is for messages."""

    name: str

    def locked(self) -> AbstractContextManager[None]:
        """Keep every other publisher out; raise `Unavailable` where one is at work."""

    def read(self, path: str, limit: int) -> bytes | None:
        """Return a published file's bytes, None where there is none."""

    def stage(self, path: str, data: bytes) -> None:
        """Take a file that never changes once it is published.

        Raises `Tampered` if it is there with other bytes: at once, in a later `stage`, or in `settle`.
        """

    def settle(self) -> None:
        """Put what was staged in its place, each file whole; all of it is durable when this returns."""

    def replace(self, path: str, data: bytes) -> None:
        """Put a file in the place of another at once; durable when this returns."""

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder."""

    def remove(self, folder: str) -> None:
        """Remove a folder and what is in it; a crash may leave some of it."""

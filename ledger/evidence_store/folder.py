"""Evidence in a folder: `FOLDER/ab/ab12...`, each file named by the SHA-256 of its bytes, read-only.

    step                                        a crash here leaves
    1  the bytes are written to a file `.new`   a file that no digest names
    2  they are synced, and digested            the same
    3  it is linked under its digest            the object, whole
    4  the folder is synced                     the object, durable

A folder locks nothing: its owner may remove what is in it. Read-only files keep from accidents.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import IO, Final

from ledger.encoding import is_digest
from ledger.errors import Misuse, Unavailable
from ledger.evidence_store.store import Kept

CHUNK: Final = 1 << 20


class Folder:
    """`EvidenceStore` in a folder; made when the first object is put."""

    locks = False

    def __init__(self, path: Path) -> None:
        self._top = path
        self.place = str(path)

    def _path(self, digest: str) -> Path:
        return self._top / digest[:2] / digest

    def put(self, digest: str, size: int, opened: IO[bytes], until: date | None) -> bool:  # noqa: ARG002
        """Keep an object."""
        path = self._path(digest)
        if path.exists():
            return False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._top, prefix=".new") as file:
                _copy(opened, file, digest, size)
                os.fchmod(file.fileno(), 0o444)
                os.fsync(file.fileno())
                os.link(file.name, path)
            _sync(path.parent)
        except FileExistsError:
            return False
        except OSError as error:
            raise Unavailable(
                f"{self.place} cannot be written: {error.strerror}", "free space, or check its owner", code="evidence"
            ) from None
        return True

    def stat(self, digest: str) -> Kept | None:
        """Return how an object stands."""
        try:
            return Kept(digest, self._path(digest).stat().st_size, None)
        except FileNotFoundError:
            return None

    def parts(self, digest: str) -> Iterator[bytes]:
        """Yield an object's bytes."""
        try:
            with self._path(digest).open("rb") as file:
                while part := file.read(CHUNK):
                    yield part
        except FileNotFoundError:
            raise Misuse(f"{digest} is not in {self.place}", "ledger evidence check", code="evidence_missing") from None
        except OSError as error:
            raise Unavailable(f"{self.place} cannot be read: {error.strerror}", "check its owner") from None

    def digests(self) -> Iterator[str]:
        """Yield everything that is here."""
        for folder in sorted(self._top.glob("[0-9a-f][0-9a-f]")):
            yield from sorted(path.name for path in folder.iterdir() if is_digest(path.name))

    def lock(self, digest: str, until: date) -> None:
        """Do nothing: a folder locks nothing, and says so."""


def _copy(opened: IO[bytes], file: IO[bytes], digest: str, size: int) -> None:
    found, count = hashlib.sha256(), 0
    while part := opened.read(CHUNK):
        found.update(part)
        count += len(part)
        file.write(part)
    file.flush()
    if found.hexdigest() != digest or count != size:
        raise Misuse(f"what is to be kept is not sha256:{digest}", "put it again after it is closed", code="changed")


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)

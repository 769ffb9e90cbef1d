"""Evidence for a bundle: files and folders that were chosen, by the digest under which an entry names them."""

import os
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from ledger.errors import Misuse
from ledger.evidence import file, read_manifest

_CHUNK: Final = 1 << 20


class Chosen(NamedTuple):
    """What goes into the bundle: bytes by digest (from a file, or as they are), and the digests that must be named."""

    sources: "dict[str, Path | bytes]"
    named: dict[str, Path]


def choose(paths: Sequence[Path]) -> Chosen:
    """Read files and folders once; raise `Misuse` for what can be no evidence."""
    chosen = Chosen({}, {})
    for path in paths:
        if path.is_dir():
            manifest, _ = read_manifest(path)
            digest = sha256(manifest).hexdigest()
            chosen.sources[digest] = manifest
            for line in manifest.splitlines()[1:]:
                chosen.sources[line[:64].decode()] = path / os.fsdecode(line[66:])
        else:
            digest = file(path).digest.removeprefix("sha256:")
            chosen.sources[digest] = path
        chosen.named[digest] = path
    return chosen


def read(source: "Path | bytes") -> Iterator[bytes]:
    """Yield the bytes of a chosen file in parts."""
    if isinstance(source, bytes):
        yield source
        return
    try:
        with source.open("rb") as opened:
            while part := opened.read(_CHUNK):
                yield part
    except OSError as error:
        raise Misuse(f"{source} cannot be read: {error.strerror}", "let this user read it", code="evidence") from None


def size_of(source: "Path | bytes") -> int:
    """Return how many bytes a chosen file has."""
    return len(source) if isinstance(source, bytes) else source.stat().st_size

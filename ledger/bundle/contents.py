"""What is in a bundle: the names, and MANIFEST, which lists them (FORMAT.md section 15)."""

import re
from typing import Final, NamedTuple

from ledger.bundle.container import Written
from ledger.encoding import is_digest, is_origin
from ledger.errors import Tampered

MANIFEST: Final = "MANIFEST"
ENTRIES: Final = "entries.jsonl"
CHECKPOINT: Final = "checkpoint"
CHECKPOINTS: Final = "checkpoints.jsonl"
DISCLOSURES: Final = "disclosures.txt"
STATE: Final = "state.json"
EVIDENCE: Final = "evidence/"
REQUIRED: Final = frozenset((MANIFEST, ENTRIES, CHECKPOINT))

_NAMES: Final = re.compile(
    "FORMAT.md|MANIFEST|README.txt|checkpoint|checkpoints.jsonl|disclosures.txt|entries.jsonl|keys.txt|state.json"
    "|timestamps.jsonl|timestamps/[1-9][0-9]{0,4}/(imprinted|proofs.pem|token.der)"
    "|verify.py|evidence/[0-9a-f]{64}|schemas/[a-z][a-z0-9_]{1,47}.json".replace(".", r"\."),
    re.ASCII,
)
_FIRST: Final = "ledger-bundle/v1"
_NUMBER: Final = "0|[1-9][0-9]{0,15}"
_row: Final = re.compile(rf"([0-9a-f]{{64}}) ({_NUMBER}) ([ -~]+)", re.ASCII)
MANIFEST_LIMIT: Final = 16 * 2**20


class Manifest(NamedTuple):
    """What MANIFEST says: whose log, entries in the log, entries that are here whole, the other files."""

    origin: str
    size: int
    entries: int
    files: list[Written]


def is_name(name: str) -> bool:
    """Whether a bundle may hold a file of this name."""
    return _NAMES.fullmatch(name) is not None


def write_manifest(manifest: Manifest) -> bytes:
    """Return MANIFEST: a line that names the form, three that say what it is, and one a file in their order."""
    head = f"{_FIRST}\norigin {manifest.origin}\nsize {manifest.size}\nentries {manifest.entries}\n"
    return (head + "".join(f"{one.digest} {one.size} {one.name}\n" for one in manifest.files)).encode()


def read_manifest(data: bytes) -> Manifest:
    """Return what MANIFEST says; raise `Tampered` (C1) for what `write_manifest` would not write."""
    try:
        lines = data.decode("ascii").split("\n")
        head = dict(line.split(" ", 1) for line in lines[1:4])
        rows = [_row.fullmatch(line) for line in lines[4:-1]]
        files = [Written(found[3], int(found[2]), found[1]) for found in rows if found]
        manifest = Manifest(head["origin"], int(head["size"]), int(head["entries"]), files)
    except (ValueError, KeyError):
        raise _bad() from None
    good = is_origin(manifest.origin) and all(is_digest(one.digest) for one in files)
    if len(data) > MANIFEST_LIMIT or not good or write_manifest(manifest) != data:
        raise _bad()
    return manifest


def _bad() -> Tampered:
    return Tampered("MANIFEST has another form than it must", code="manifest", check=1)

"""When this user last ran all checks over a log: of a mark (`ledger.marks`), what is told and not built on."""

from pathlib import Path
from typing import Final
from urllib.parse import quote

import msgspec

from ledger.config import state_folder

LIMIT: Final = 256 * 1024 * 1024


class Last(msgspec.Struct, frozen=True):
    """All checks passed: over which log (leaf of entry 0), to which size and root (hex), when, by which release."""

    genesis: str
    size: int
    root: str
    time: str
    release: str


_decoder: Final = msgspec.json.Decoder(Last)


def mark_path(origin: str) -> Path:
    """Return where a log's mark is kept for this user."""
    return state_folder() / "checked" / f"{quote(origin, safe='')}.json"


def last_checked(origin: str, release: str) -> Last | None:
    """Return when all checks last passed; None where there is no mark of this release."""
    try:
        with mark_path(origin).open("rb") as file:
            mark = _decoder.decode(file.read(LIMIT))
    except (OSError, ValueError, RecursionError):
        return None
    return mark if mark.release == release and mark.size > 0 else None

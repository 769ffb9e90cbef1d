"""What this machine saw of ledgers it could reach: which log a place was, and who recorded there. For when it is away.

A small file beside the spool, of public facts. A wrong one costs no more than a statement that is set aside at the
flush: the log judges what is placed.
"""

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Final

import msgspec

from ledger.config import Place
from ledger.shapes import learn
from ledger.stores.opening import is_url, without_user

_LIMIT: Final = 262_144
_COUNT: Final = 256


class Seen(msgspec.Struct, frozen=True):
    """A log (leaf of its entry 0, hex; its origin), and the actor and credential (hex) that recorded in it here."""

    genesis: str
    origin: str
    actor: str = ""
    key: str = ""


learn(Seen)


def place_name(place: Place) -> str:
    """Return a digest that stands for a named place: nothing of its URL is kept in the clear."""
    where = without_user(place.location) if is_url(place.location) else str(Path(place.location).absolute())
    return hashlib.sha256(f"lifecycle-ledger/place\n{where}".encode()).hexdigest()


def read_seen(spool: Path) -> dict[str, Seen]:
    """Return what was seen, by place; nothing where the file is missing or not ours."""
    try:
        with (spool.parent / "seen.json").open("rb") as file:
            return msgspec.json.decode(file.read(_LIMIT), type=dict[str, Seen])
    except (OSError, msgspec.MsgspecError, ValueError):
        return {}


def keep_seen(spool: Path, name: str, seen: Seen) -> None:
    """Keep what was seen at a place, where it is news; whole or not at all. It is never worth an error."""
    known = read_seen(spool)
    if known.get(name) == seen:
        return
    known.pop(name, None)
    known[name] = seen
    newest = dict(list(known.items())[-_COUNT:])
    try:
        spool.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile("w", dir=spool.parent, prefix=".seen", delete=False) as file:
            try:
                json.dump(msgspec.to_builtins(newest), file, indent=1)
                file.flush()
                os.replace(file.name, spool.parent / "seen.json")  # noqa: PTH105
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError:
        return

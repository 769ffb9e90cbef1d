"""Pins: the newest checkpoint that this user has seen of a log, kept outside it; it moves forward only.

One small file a log under `$XDG_STATE_HOME/ledger/pins` (`~/.local/state/ledger/pins`), or the file that `LEDGER_PIN`
names. A pin notices what the log alone cannot show: an end that was cut off, an old copy restored, a second history.
"""

import fcntl
import json
import os
import tempfile
from pathlib import Path
from typing import Final
from urllib.parse import quote

import msgspec

from ledger.encoding import is_digest, is_time
from ledger.errors import Misuse, Tampered
from ledger.known import KnownLog
from ledger.merkle.proofs import check_consistency, consistency_proof
from ledger.notes.checkpoint import Checkpoint, parse_checkpoint
from ledger.notes.note import parse_note
from ledger.policy import Trusted
from ledger.store import Appending

_LIMIT: Final = 100_000


class Pin(msgspec.Struct, frozen=True):
    """A checkpoint (signed note) of the log whose entry 0 has this leaf (hex), seen at `time`."""

    genesis: str
    note: str
    time: str

    @property
    def checkpoint(self) -> Checkpoint:
        """What the note says; its signature is checked by whoever relies on it."""
        return parse_checkpoint(parse_note(self.note.encode()).text)

    def trusted(self, path: Path) -> Trusted:
        """Return it as what a verifier brings."""
        return Trusted(self.note.encode(), f"the pin {path}", "pin", self.time, self.genesis)


def pin_path(origin: str) -> Path:
    """Return where the pin of a log is kept for this user."""
    if named := os.environ.get("LEDGER_PIN"):
        return Path(named)
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state"
    return Path(state) / "ledger/pins" / f"{quote(origin, safe='')}.json"


def read_pin(path: Path) -> Pin | None:
    """Return the pin in a file, None where there is none; raise `Misuse` where it cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Misuse(f"the pin {path} cannot be read: {error.strerror}", "check its owner", code="pin") from None
    try:
        pin = msgspec.json.decode(data, type=Pin)
        good = is_digest(pin.genesis) and is_time(pin.time) and pin.checkpoint is not None
    except (msgspec.MsgspecError, ValueError, Tampered):
        good = False
    if not good:
        raise Misuse(f"{path} is no pin", "look who changed it; remove it only if you know", code="pin")
    return pin


def move_pin(path: Path, pin: Pin) -> None:
    """Keep a pin whose log was checked to extend the one before; an older one never replaces a newer one.

    The new file is put in the place of the old one whole: a crash leaves one of them.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (path.parent / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            earlier = read_pin(path)
            if earlier is not None and (
                earlier.genesis != pin.genesis or earlier.checkpoint.size >= pin.checkpoint.size
            ):
                return
            with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".pin", delete=False) as file:
                json.dump(msgspec.to_builtins(pin), file, indent=1)
            Path(file.name).replace(path)
    except OSError as error:
        raise Misuse(
            f"the pin {path} cannot be kept: {error.strerror}", "check its folder, or LEDGER_PIN", code="pin"
        ) from None


def check_pinned(path: Path, known: KnownLog, store: Appending) -> None:
    """Raise `Tampered` unless the log is the one that this user's pin was made of, if there is one.

    What grew, entry by entry, from a log that was checked against this very pin needs no other proof.
    """
    mark = _mark(path)
    if mark is not None and mark == known.pinned:
        return
    pin = read_pin(path)
    if pin is None:
        return
    if known.moved is not None and pin.checkpoint.size > known.head.size:
        raise known.moved.refusal()  # it grew where it went on
    check_against(pin, path, known, store)
    known.pinned = mark


def _mark(path: Path) -> tuple[int, ...] | None:
    """Return what tells a pin's file from every other that lay there: it is never written over, but replaced."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


def check_against(pin: Pin, path: Path, known: KnownLog, store: Appending) -> None:
    """Raise `Tampered` (C4) unless the log is the pinned one, grown: same genesis, a consistency proof that holds."""
    genesis, size = known.trust.genesis, known.head.size
    checkpoint = pin.checkpoint
    if pin.genesis != genesis.leaf or checkpoint.origin != genesis.origin:
        raise _refused(
            f"the ledger is not the one that the pin {path} was made of: its entry 0 differs", "other_genesis"
        )
    if checkpoint.size > size:
        raise _refused(
            f"the ledger has {size:,} entries, the pin of {pin.time} has {checkpoint.size:,}: an old copy?", "shrunk"
        )
    read = known.reader(store)
    proof = consistency_proof(checkpoint.size, size, read)
    try:
        check_consistency(checkpoint.size, size, proof, checkpoint.root, known.edge.root())
    except Tampered:
        message = f"the first {checkpoint.size:,} entries are not those that were pinned at {pin.time}: two histories"
        raise _refused(message, "forked") from None


def _refused(what: str, code: str) -> Tampered:
    return Tampered(f"{what}; nothing was written", "restore a later copy; ledger verify says more", code=code, check=4)

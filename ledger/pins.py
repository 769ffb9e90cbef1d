"""Pins: the newest checkpoint that this user has seen of a log, kept outside it; it moves forward only.

One small file a log under `$XDG_STATE_HOME/ledger/pins` (`~/.local/state/ledger/pins`), or the file that `LEDGER_PIN`
names. A pin notices what the log alone cannot show: an end that was cut off, an old copy restored, a second history,
another ledger put in the place of this one. Its form is in FORMAT.md section 14: a few lines, then the whole note.
"""

import fcntl
import logging
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal, NamedTuple
from urllib.parse import quote, unquote

import msgspec

from ledger import entry
from ledger.config import state_folder
from ledger.encoding import is_digest, is_time
from ledger.errors import Misuse, Tampered
from ledger.known import KnownLog
from ledger.merkle.proofs import check_consistency, consistency_proof
from ledger.notes.checkpoint import Checkpoint, parse_checkpoint
from ledger.notes.note import NOTE_LIMIT, parse_note
from ledger.policy import Trusted
from ledger.store import Appending, Head
from ledger.stores.opening import is_url
from ledger.stores.there import is_there

FIRST_LINE: Final = "ledger-pin/v1"
LIMIT: Final = NOTE_LIMIT + 16_384
_PLACES: Final = 16
_SAFE: Final = "/:@+,=~!$&'()*;?#[]"  # what stands for itself in a place; blanks, controls and % do not

# While a lock is held nothing forks: a child would hold it, too, through the file it inherits, and wait for itself.
_no_fork: Final = threading.Lock()
os.register_at_fork(before=_no_fork.acquire, after_in_parent=_no_fork.release, after_in_child=_no_fork.release)

How = Literal["created", "given", "first-use"]
UNKEPT: Final = "pin_unkept"  # the code of the error that says that a pin cannot be written
_warned: Final[set[Path]] = set()
_log: Final = logging.getLogger("ledger")
HOWS: Final[tuple[How, ...]] = ("created", "given", "first-use")


class Tail(NamedTuple):
    """The newest entry that no checkpoint covers yet: its place, and its leaf (hex), which commits to all before it."""

    seq: int
    leaf: str


class Pin(msgspec.Struct, frozen=True):
    """A checkpoint (signed note) of the log whose entry 0 has this leaf (hex), seen at `time`.

    `seen` is when the first one was, and `how` that came about: with the log's making, given by somebody, or on first
    use, which says nothing of the time before. `places`: where this user's ledger is. `tail`: beyond the checkpoint.
    """

    genesis: str
    note: str
    time: str
    seen: str = ""
    how: How = "first-use"
    places: tuple[str, ...] = ()
    tail: Tail | None = None

    @property
    def checkpoint(self) -> Checkpoint:
        """What the note says; its signature is checked by whoever relies on it."""
        return parse_checkpoint(parse_note(self.note.encode()).text)

    @property
    def end(self) -> int:
        """Entries that were seen, those of the tail too."""
        return max(self.checkpoint.size, self.tail.seq + 1 if self.tail else 0)

    @property
    def text(self) -> str:
        """The file."""
        lines = [FIRST_LINE, f"genesis {self.genesis}", f"how {self.how}", f"seen {self.seen or self.time}"]
        lines += [f"moved {self.time}", *(f"place {_quoted(place)}" for place in self.places)]
        lines += [f"tail {self.tail.seq} {self.tail.leaf}"] if self.tail else []
        return "\n".join([*lines, "", self.note])

    def trusted(self, path: Path) -> Trusted:
        """Return it as what a verifier brings."""
        first_use = self.seen or self.time if self.how == "first-use" else ""
        tail = (self.tail.seq, self.tail.leaf) if self.tail else None
        return Trusted(self.note.encode(), f"the pin {path}", "pin", self.time, self.genesis, first_use, tail)


def _quoted(place: str) -> str:
    return quote(place, _SAFE, errors="surrogateescape")


# ---- where ----


def pin_path(origin: str) -> Path:
    """Return where the pin of a log is kept for this user."""
    get = os.environ.get
    return _path(origin, get("LEDGER_PIN"), get("XDG_STATE_HOME"), get("HOME"))


@lru_cache
def _path(origin: str, named: str | None, *_: str | None) -> Path:
    """Make the path once for each origin and surroundings: a writer among others asks at every commit."""
    return Path(named) if named else _folder() / f"{quote(origin, safe='')}.pin"


def pin_paths() -> list[Path]:
    """Return every pin of this user."""
    if named := os.environ.get("LEDGER_PIN"):
        return [Path(named)] if is_there(Path(named)) else []
    return sorted(_folder().glob("*.pin"))


def _folder() -> Path:
    return state_folder() / "pins"


def place_of(location: str) -> str:
    """Return a location as pins hold it: a URL as it is, a path from the root."""
    return location if is_url(location) else str(Path(location).resolve())


# ---- read ----


def read_pin(path: Path) -> Pin | None:
    """Return the pin in a file, None where there is none; raise `Misuse` where it cannot be read."""
    data = _data_of(path)
    return None if data is None else _pin_in(data, path)


def _data_of(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(LIMIT + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise Misuse(f"the pin {path} cannot be read: {error.strerror}", "check its owner", code="pin") from None


def _pin_in(data: bytes, path: Path) -> Pin:
    try:
        return parse_pin(data)
    except Misuse as error:
        raise Misuse(f"{path} is no pin: {error.message}", error.fix, code="pin") from None


def parse_pin(data: bytes) -> Pin:
    """Return the pin that bytes spell; raise `Misuse` for all else than what `Pin.text` is."""
    try:
        pin = _parse(data)
        same = pin.text.encode() == data
    except (ValueError, IndexError, Tampered, Misuse):
        same = False
    if not same:
        raise Misuse("it is not of the form", "look who changed it; remove it only if you know", code="pin")
    return pin


def _parse(data: bytes) -> Pin:
    if len(data) > LIMIT:
        raise ValueError
    head, _, note = data.decode().partition("\n\n")
    first, *lines = head.split("\n")
    words = [line.split(" ") for line in lines]
    named = [(word, rest) for word, *rest in words]
    (_, [genesis]), (_, [how]), (_, [seen]), (_, [moved]) = named[:4]
    places = tuple(unquote(rest[0], errors="surrogateescape") for word, rest in named if word == "place")
    tails = [Tail(int(rest[0]), rest[1]) for word, rest in named if word == "tail"]
    good = first == FIRST_LINE and is_digest(genesis) and how in HOWS and is_time(seen) and is_time(moved)
    good = good and len(places) <= _PLACES and len(tails) <= 1 and all(is_digest(tail.leaf) for tail in tails)
    if not good:
        raise ValueError
    pin = Pin(genesis, note, moved, seen, HOWS[HOWS.index(how)], places, tails[0] if tails else None)
    size = pin.checkpoint.size  # raises where the note is none
    if pin.tail is not None and pin.tail.seq < size:
        raise ValueError
    return pin


def strangers_at(place: str, genesis: str) -> list[tuple[Path, Pin]]:
    """Return the pins of other logs that were at this place: one of them was replaced there.

    Only those are taken apart in which it stands (a line has one spelling): this is asked before a log is written to.
    """
    line = f"\nplace {_quoted(place)}\n".encode()
    found = [(path, _pin_in(data, path)) for path in pin_paths() if line in (data := _data_of(path) or b"")]
    return [(path, pin) for path, pin in found if place in pin.places and pin.genesis != genesis]


def trusted_pins(origin: str, genesis: str, location: str = "") -> tuple[Trusted, ...]:
    """Return what this user's pins say of a log, and of what used to be where it is, if `location` is their own."""
    found = [(pin_path(origin), pin)] if origin and (pin := read_pin(pin_path(origin))) is not None else []
    used = strangers_at(place_of(location), genesis) if location and genesis else []
    beside = [
        Trusted(
            pin.note.encode(), f"{pin.checkpoint.origin}, which used to be here ({path})", "pin", pin.time, pin.genesis
        )
        for path, pin in used
        if path != pin_path(origin)
    ]
    return (*(pin.trusted(path) for path, pin in found), *beside)


# ---- kept ----


def move_pin(path: Path, pin: Pin) -> None:
    """Keep a pin whose log was checked to extend the one before; an older one never replaces a newer one.

    When it was first seen, and how, stays; places come together. The new file is durable before it is put in the place
    of the old one, whole: a crash leaves one of them.
    """
    with _held(path) as earlier:
        if earlier is None:
            _write(path, msgspec.structs.replace(pin, seen=pin.seen or pin.time))
            return
        if earlier.genesis != pin.genesis:
            return
        places = tuple(dict.fromkeys((*earlier.places, *pin.places)))[-_PLACES:]
        forward = (pin.checkpoint.size, pin.end) > (earlier.checkpoint.size, earlier.end)
        if forward or places != earlier.places:
            base = pin if forward else earlier
            _write(path, msgspec.structs.replace(base, seen=earlier.seen, how=earlier.how, places=places))


def keep_pin(path: Path, pin: Pin) -> None:
    """Move a pin after something was recorded, which is durable; where the pin cannot be kept, only warn.

    A machine whose home is read-only, such as a container, has no pin of its own: it is told once a process.
    """
    try:
        move_pin(path, pin)
    except Misuse as error:
        if error.code != UNKEPT:
            raise
        if path not in _warned:
            _warned.add(path)
            _log.warning("%s; what is recorded is recorded; fix: %s", error.message, error.fix)


def moved_lately(path: Path, seconds: float) -> bool:
    """Whether somebody moved a pin within so many seconds: of many processes that record in one log, one need do it."""
    try:
        return 0 <= time.time() - path.stat().st_mtime < seconds
    except OSError:
        return False


def replace_pin(path: Path, pin: Pin) -> None:
    """Put a pin in the place of whatever is there: for one that a person gives, whatever they had before."""
    with _held(path):
        _write(path, pin)


def leave_place(location: str, genesis: str) -> None:
    """Let no other log's pin claim a place any more: a new ledger was made there, on purpose."""
    place = place_of(location)
    for path, pin in strangers_at(place, genesis):
        rest = tuple(one for one in pin.places if one != place)
        replace_pin(path, msgspec.structs.replace(pin, places=rest))


@contextmanager
def _held(path: Path) -> Iterator[Pin | None]:
    """Hold the folder's lock; what is there now."""
    try:
        for folder in (path.parent.parent, path.parent):  # mkdir gives the mode to the last alone
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _no_fork, (path.parent / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield read_pin(path)
    except OSError as error:
        raise Misuse(
            f"the pin {path} cannot be kept: {error.strerror}", "check its folder, or LEDGER_PIN", code=UNKEPT
        ) from None


def _write(path: Path, pin: Pin) -> None:
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".pin", delete=False, encoding="utf-8") as file:
        file.write(pin.text)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


# ---- made of a log, held against it ----


def pin_of(head: Head, genesis: str, location: str, now: str, how: How = "first-use") -> Pin:
    """Return the pin of a log as it stands: its newest checkpoint, and the newest entry where that lies beyond."""
    tail = Tail(head.size - 1, head.last.hex()) if head.size > head.covered else None
    return Pin(genesis, head.note.decode(), now, now, how, (place_of(location),), tail)


def begin_pin(head: Head, genesis: str, origin: str, location: str, now: str) -> None:
    """Make the first pin of a log that was made here a moment ago; what used to be at its place gives way."""
    leave_place(location, genesis)
    move_pin(pin_path(origin), pin_of(head, genesis, location, now, "created"))


def hold_against(known: KnownLog, store: Appending, location: str) -> None:
    """Raise `Tampered` (C4) unless a log that is about to be written to is the one that this user has seen, grown."""
    genesis, path = known.trust.genesis, pin_path(known.trust.genesis.origin)
    mark = _mark(path)
    if mark is not None and mark == known.pinned:
        return  # what grew, entry by entry, from a log that was held against this very pin needs no other proof
    pin = read_pin(path)
    if pin is not None and known.moved is not None and pin.checkpoint.size > known.head.size:
        raise known.moved.refusal()  # it grew where it went on
    if pin is not None:
        check_against(pin, path, known, store)
    for used, stranger in strangers_at(place_of(location), genesis.leaf):
        raise _refused(f"here used to be {stranger.checkpoint.origin} ({used}): another ledger stands here", "replaced")
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
    if pin.end > size:
        raise _refused(
            f"the ledger has {size:,} entries, the pin of {pin.time} has {pin.end:,}: an old copy?", "shrunk"
        )
    read = known.reader(store)
    proof = consistency_proof(checkpoint.size, size, read)
    try:
        check_consistency(checkpoint.size, size, proof, checkpoint.root, known.edge.root())
    except Tampered:
        message = f"the first {checkpoint.size:,} entries are not those that were pinned at {pin.time}: two histories"
        raise _refused(message, "forked") from None
    if pin.tail is not None and entry.leaf(store.read(pin.tail.seq)).hex() != pin.tail.leaf:
        raise _refused(f"entry {pin.tail.seq:,} is not the one that was placed there by {pin.time}", "tail")


def _refused(what: str, code: str) -> Tampered:
    return Tampered(f"{what}; nothing was written", "restore a later copy; ledger verify says more", code=code, check=4)

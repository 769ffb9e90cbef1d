"""What a new ledger takes up after a loss: the newest checkpoint of the one before that can still be had."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ledger.cli.trusting import read_checkpoint
from ledger.config import FILE, held_by
from ledger.errors import Misuse, Tampered
from ledger.foresight import trust_in
from ledger.notes.note import parse_note
from ledger.notes.treehead import Checkpoint, parse_checkpoint
from ledger.pins import FIRST_LINE, read_pin
from ledger.receipts import is_proof
from ledger.stores.opening import is_url, locate

if TYPE_CHECKING:
    from ledger.api import Ledger


class Before(NamedTuple):
    """The ledger before: its newest checkpoint, as a note; how many entries are still held, and what the checks say of
    them in words (-1 and "": a checkpoint, a receipt or a pin is all that was named).
    """

    note: bytes
    held: int
    verdict: str

    @property
    def checkpoint(self) -> Checkpoint:
        """What the note says."""
        return parse_checkpoint(parse_note(self.note).text)

    @property
    def lost(self) -> int:
        """How many entries the checkpoint counts that nothing named here holds."""
        return max(0, self.checkpoint.size - max(0, self.held))


def find_before(where: str) -> Before:
    """Return what PATH or URL says of the ledger before: a backup, a bundle, a published folder; a checkpoint, a pin.

    Your own pin of it counts, too: where it has seen more than is held, the new ledger begins behind what was seen.
    Raises `Misuse` for anything else.
    """
    location = locate(where, "--continues")
    if not is_url(location):
        path = Path(location)
        if not path.exists():
            raise Misuse(f"{path}: no such file or folder", "a backup, a bundle, a checkpoint or a pin", code="no_file")
        note = _note_in(path) if path.is_file() else None
        if note is not None:
            return Before(note, -1, "")
        location = held_by(path.parent if path.name == FILE else path)
    from ledger.api import Ledger

    with Ledger.open(location, read_only=True) as ledger:
        report = ledger.verify()
        ends_early = bool(report.failures) and all(failure.code == "shrunk" for failure in report.failures)
        verdict = "every check passed but for its end, which is missing" if ends_early else report.verdict
        return Before(_newest(ledger), len(ledger), verdict)


def _note_in(path: Path) -> bytes | None:
    """Return the checkpoint of a small file that is a note, a receipt or a pin; None for a ledger."""
    with path.open("rb") as file:
        begin = file.read(64)
    if begin.startswith(FIRST_LINE.encode()):
        pin = read_pin(path)
        assert pin is not None
        return pin.note.encode()
    if begin.startswith((b"SQLite format 3\0", b"PK")) or path.name == FILE:
        return None
    return read_checkpoint(path, "").note if is_proof(begin) or b"\n" in begin else None


def _newest(ledger: "Ledger") -> bytes:
    """Return the newest checkpoint: the ledger's own, if its key signed it, or that of this user's pin."""
    found = [one.note for one in ledger.own_policy().checkpoints if one.genesis in ("", ledger.genesis_leaf)]
    head = ledger.store.head()
    try:
        trust_in(ledger.genesis, ledger.store).log_keys.open(head.note, ledger.origin)
        found.append(head.note)
    except Tampered:
        pass  # a pin may still say how far it was seen
    if not found:
        raise Misuse(
            f"{ledger.store.place} has no checkpoint that its key signed, and you have no pin of it",
            "--continues with the newest checkpoint, receipt or pin that anybody has",
            code="checkpoint",
        )
    return max(found, key=lambda note: parse_checkpoint(parse_note(note).text).size)


def before_rows(before: Before | None, where: str) -> list[tuple[str, str]]:
    """Return what `ledger init` prints of it."""
    if before is None:
        return []
    size = before.checkpoint.size
    rows = [("continues", f"{before.checkpoint.origin}, whose first {size:,} entries came before")]
    if before.held < 0:
        return [*rows, ("", f"as {where} says; leave whatever else is left of that ledger as it is")]
    entries = "1 entry" if before.held == 1 else f"{before.held:,} entries"
    if before.lost:
        rows.append(("lost", f"{before.lost:,} of them, that your pin has seen"))
    return [*rows, ("kept", f"{where}: {entries}, {before.verdict}; leave it as it is")]

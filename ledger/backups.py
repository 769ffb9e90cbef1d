"""Copies of a ledger that are kept apart, and taking one up again without forgetting what came after it.

a backup                                                a crash here leaves
1  the copy is made beside its place (NAME.partial)     a file that nobody takes for a backup; the next run removes it
2  every check is run over it, from this user's trust   the same
3  it is put in its place                               a whole backup

restoring                                               a crash here leaves
1  every check is run over the backup; one that is      nothing
   behind this user's pin is refused
2  the entries are copied to where no ledger is         a beginning that no writer takes for a ledger; run again
3  the head, with its checkpoint                        the ledger
"""

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from ledger.copying import Progress, copy_entries, finish
from ledger.errors import Conflict, Misuse, Tampered
from ledger.stores.opening import check_free, create, is_url, open_store
from ledger.stores.there import is_there

if TYPE_CHECKING:
    from ledger.api import Ledger
    from ledger.report import Report
    from ledger.store import Store

PARTIAL: Final = ".partial"


class Copied(NamedTuple):
    """What a copy holds: entries, how many of them a checkpoint covers, the verdict of all checks over it."""

    size: int
    covered: int
    verdict: str


def back_up(ledger: "Ledger", path: Path, progress: Progress | None = None) -> Copied:
    """Copy a ledger, while it is written to, into a new SQLite file at `path`, and check the copy.

    From a SQLite file the copy is made by SQLite's own backup; from any other store entry by entry. Raises `Misuse`
    where something is at `path`, `Tampered` where the copy does not pass the checks.
    """
    if is_there(path):
        raise Misuse(f"{path} is there already; nothing was changed", "choose another name", code="exists")
    partial = path.with_name(path.name + PARTIAL)
    _remove(partial)
    _copy(ledger.store, partial, progress)  # 1
    opened = type(ledger).open(partial, read_only=True)
    with opened:
        report = opened.verify(ledger.own_policy())  # 2
        _require_sound(report, "the copy")
        copied = Copied(report.size, report.covered, report.verdict)
    _put(partial, path)  # 3
    return copied


def restore(backup: "Ledger", location: str, progress: Progress | None = None) -> Copied:
    """Take a backup up again at `location`, where no ledger is.

    Raises `Tampered` where the backup does not pass the checks, or is behind this user's pin (code "behind": what came
    after it was acknowledged, and nothing may be signed over it), `Misuse` where a ledger is there.
    """
    report = backup.verify()
    missing = behind(backup, report)
    if missing:
        size = report.size
        raise Tampered(
            f"the backup has {size:,} entries, your pin has seen {size + missing:,}: {missing:,} that were acknowledged"
            " are not in it; nothing was changed",
            f"a later backup; if there is none, a new log: ledger init --continues {backup.store.place}",
            code="behind",
            check=4,
            report=report,
        )
    _require_sound(report, "the backup")
    with closing(_target(location)) as target:
        edge = copy_entries(backup.store, target, report.size, progress)
        if not finish(backup.store, target, edge):
            raise Conflict("the backup changed while it was read", "let nobody write to it", code="grew")
    return Copied(report.size, report.covered, report.verdict)


def behind(backup: "Ledger", report: "Report") -> int:
    """Return how many entries that this user's pin vouches for are missing at the end of a ledger."""
    if not any(failure.code == "shrunk" and failure.check == 4 for failure in report.failures):
        return 0
    from ledger.notes.note import parse_note
    from ledger.notes.treehead import parse_checkpoint

    sizes = [parse_checkpoint(parse_note(one.note).text).size for one in backup.own_policy().checkpoints]
    return max(sizes, default=report.size) - report.size


def _target(location: str) -> "Store":
    try:
        check_free(location)
    except Misuse as error:
        if error.code != "exists":
            raise
        there = open_store(location)
        if there.head().note:
            there.close()
            where = location if is_url(location) else Path(location)
            raise Misuse(
                f"a ledger is at {where}; nothing was changed", "move it aside first: it is evidence too", code="exists"
            ) from None
        return there  # what an earlier run began
    return create(location)


def _copy(store: "Store", partial: Path, progress: Progress | None) -> None:
    own = getattr(store, "back_up", None)
    if own is not None:
        own(partial)
        return
    with closing(create(str(partial))) as target:
        while not finish(store, target, copy_entries(store, target, store.head().size, progress)):
            pass  # it grew meanwhile: the rest is copied, too


def _require_sound(report: "Report", what: str) -> None:
    if report.verdict == "BROKEN":
        raise Tampered(
            f"{what} does not pass the checks: {report.failures[0].message}",
            "ledger verify, on the ledger itself",
            code="broken",
            check=report.failures[0].check,
            seq=report.failures[0].seq,
            report=report,
        )


def _put(partial: Path, path: Path) -> None:
    for end in ("-wal", "-shm"):
        _remove(Path(f"{partial}{end}"))  # nothing is in them: the last connection took them in
    try:
        partial.rename(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise _unmakable(path, error) from None


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _unmakable(path, error) from None


def _unmakable(path: Path, error: OSError) -> Misuse:
    return Misuse(f"{path} cannot be made: {error.strerror}", "choose another folder", code="folder")

"""Marks: how far this user has run all checks over a log, kept outside it, so that growth can be checked by itself.

One small file a log under `$XDG_STATE_HOME/ledger/checked`, beside the pins. It may be deleted at any time: without it,
all checks are run. One that cannot be read, of another release (whose checks may differ) or of another log is no mark.
"""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from ledger.checked import LIMIT, mark_path
from ledger.encoding import time_text
from ledger.foresight import trust_in
from ledger.genesis import Genesis
from ledger.growth import Checked, ruled_ids
from ledger.proving import root_at
from ledger.report import Report
from ledger.shapes import learn
from ledger.store import Store


class Mark(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A full verification without a failure: of which log, to which size and root, when, by which release.

    `acts` and `ids`, joined: as `Checked` has them.
    """

    genesis: str
    size: int
    root: str
    acts: tuple[int, ...]
    ids: bytes
    time: str
    release: str

    @property
    def checked(self) -> Checked:
        """What it says of the log."""
        ids = frozenset(self.ids[at : at + 16] for at in range(0, len(self.ids), 16))
        return Checked(self.genesis, self.size, self.root, self.acts, ids)


learn(Mark)


def read_mark(origin: str, release: str) -> Mark | None:
    """Return a log's mark; None where there is none of this release, or what is there is none."""
    try:
        with mark_path(origin).open("rb") as file:
            data = file.read(LIMIT + 1)
        mark = msgspec.json.decode(data, type=Mark)
        good = len(data) <= LIMIT and mark.release == release and len(bytes.fromhex(mark.root)) == 32
    except (OSError, ValueError, RecursionError):
        return None
    good = good and mark.size > 0 and len(mark.ids) % 16 == 0
    return mark if good and all(0 <= seq < mark.size for seq in mark.acts) else None


def keep_mark(store: Store, genesis: Genesis, report: Report, release: str, before: Mark | None = None) -> None:
    """Keep how far a verification without a failure came, if a checkpoint covers all of it.

    `before`: the mark that it built on. Where the folder cannot be written, nothing is kept.
    """
    if report.verdict not in ("VERIFIED", "UNPINNED") or report.covered != report.size or report.omitted:
        return
    known = before or _earlier(store, genesis, report.size, release)
    start, ids = (known.size, known.ids) if known else (0, b"")
    time = before.time if before else time_text(datetime.now(UTC))
    ids += b"".join(ruled_ids(store, trust_in(genesis, store), start, report.size))
    _write(mark_path(genesis.origin), Mark(genesis.leaf, report.size, report.root, report.acts, ids, time, release))


def _earlier(store: Store, genesis: Genesis, size: int, release: str) -> Mark | None:
    """Return the mark that is there, if this log goes on from it: the ids below it need not be gathered again."""
    mark = read_mark(genesis.origin, release)
    if mark is None or mark.genesis != genesis.leaf or mark.size > size:
        return None
    return mark if root_at(store, store.head(), mark.size).hex() == mark.root else None


def _write(path: Path, mark: Mark) -> None:
    try:
        for folder in (path.parent.parent, path.parent):  # mkdir gives the mode to the last alone
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".mark", delete=False) as file:
            file.write(msgspec.json.encode(mark))
        Path(file.name).replace(path)
    except OSError:
        return

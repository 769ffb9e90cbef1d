"""The one default ledger: what `ledger.record` writes to (DESIGN: argument, environment, nearest ledger.toml).

Where it is away, or there is none, what is said waits in the spool: see `ledger.outbox`.
"""

import atexit
import os
import sys
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from ledger.api import Ledger
from ledger.errors import LedgerError
from ledger.outbox import Outbox
from ledger.receipts import Receipt, Recorded
from ledger.recording import Recorder
from ledger.spool.file import spool_path
from ledger.spool.words import exit_line

if TYPE_CHECKING:
    from ledger.authoring import Said

_lock: Final = threading.Lock()
os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)
_opened: dict[tuple[str, ...], Ledger] = {}
_outboxes: dict[tuple[str, ...], Outbox] = {}
_NAMED_BY: Final = ("LEDGER_URL", "LEDGER_KEY", "LEDGER_LOG_KEY")


def _named() -> tuple[str, ...]:
    return (str(os.getpid()), os.getcwd(), *(os.environ.get(name, "") for name in _NAMED_BY))  # noqa: PTH109


def default_ledger() -> Ledger:
    """Return the ledger that the environment or the nearest ledger.toml names; opened once.

    Raises `Misuse` where there is none: a ledger is made on purpose, with `ledger init` or `Ledger.create`.
    """
    named = _named()
    with _lock:
        if named not in _opened:
            ledger = Ledger.open()
            _close()
            _opened[named] = ledger
        return _opened[named]


def _outbox() -> Outbox:
    named = (*_named(), str(spool_path()))
    with _lock:
        if named not in _outboxes:
            _outboxes[named] = Outbox(default_ledger)
        return _outboxes[named]


def _close() -> None:
    for ledger in _opened.values():
        ledger.close()
    _opened.clear()


def _record(what: Any, fields: dict[str, Any]) -> Receipt:
    return _outbox().record(what, fields)


def record_many(events: "Iterable[Said]") -> Recorded:
    """Record many events in the default ledger: see `Ledger.record_many`; where it is away, they wait in the spool."""
    return _outbox().record_many(events)


record: Final = Recorder(_record)
"""Records in the default ledger: `record("trained", ...)`, `record(Trained(...))`, `record.trained(...)`."""


def _at_exit() -> None:
    """Close, and say in a line what still waits: runs that nobody knew were never delivered are no record."""
    try:
        _close()
    except LedgerError as error:
        print(f"ledger: {error}", file=sys.stderr)
    finally:
        process = str(os.getpid())
        spools = {outbox.spool.path: outbox.spool for named, outbox in _outboxes.items() if named[0] == process}
        for spool in spools.values():
            try:
                line = exit_line(spool)
            except LedgerError:
                continue
            if line:
                print(line, file=sys.stderr)


atexit.register(_at_exit)

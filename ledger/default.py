"""The one default ledger: what `ledger.record` writes to (DESIGN: argument, environment, nearest ledger.toml)."""

import atexit
import os
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from ledger.api import Ledger
from ledger.receipts import Receipt, Recorded
from ledger.recording import Recorder

if TYPE_CHECKING:
    from ledger.authoring import Said

_lock: Final = threading.Lock()
os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)
_opened: dict[tuple[str, ...], Ledger] = {}
_NAMED_BY: Final = ("LEDGER_URL", "LEDGER_KEY", "LEDGER_LOG_KEY")


def default_ledger() -> Ledger:
    """Return the ledger that the environment or the nearest ledger.toml names; opened once.

    Raises `Misuse` where there is none: a ledger is made on purpose, with `ledger init` or `Ledger.create`.
    """
    named = (str(os.getpid()), os.getcwd(), *(os.environ.get(name, "") for name in _NAMED_BY))  # noqa: PTH109
    with _lock:
        if named not in _opened:
            ledger = Ledger.open()
            _close()
            _opened[named] = ledger
        return _opened[named]


def _close() -> None:
    for ledger in _opened.values():
        ledger.close()
    _opened.clear()


def _record(what: Any, fields: dict[str, Any]) -> Receipt:
    return default_ledger()._record(what, fields)


def record_many(events: "Iterable[Said]") -> Recorded:
    """Record many events in the default ledger: see `Ledger.record_many`."""
    return default_ledger().record_many(events)


record: Final = Recorder(_record)
"""Records in the default ledger: `record("trained", ...)`, `record(Trained(...))`, `record.trained(...)`."""

atexit.register(_close)

"""What waits goes out before what is said next: within an author nothing overtakes, and no run is held up for long."""

import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from ledger.errors import LedgerError, Unavailable
from ledger.spool.file import Spool
from ledger.spool.flush import flush
from ledger.spool.seen import place_name
from ledger.telemetry import log as _log

if TYPE_CHECKING:
    from ledger.api import Ledger

FLUSH_SECONDS: Final = 0.5  # how long a record may be held up by what waits before it
LOOK_SECONDS: Final = 60.0  # how often what waits without reason to move is tried again
BEHIND: Final = "behind"  # the code of the error that says that a statement has to wait behind others


class _Found(NamedTuple):
    """Whether something of one's own waits. Counts as long as nothing is put, by this process (`puts`) or another
    (`mark`, which a coarse clock may miss), and not beyond `until`.
    """

    mark: tuple[int, ...]
    puts: int
    until: float
    behind: bool


class Delivery:
    """Delivers a spool's statements to one ledger, a moment at a time, and remembers whether any of one's own wait.

    Threads share it: whatever they do at once, what is remembered was looked up after the last put that it counts.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._lock = threading.Lock()  # over the two below; never held while something is looked up
        self._puts = 0
        self._found: _Found | None = None

    def deliver(self, ledger: "Ledger") -> Unavailable | None:
        """Send out what waits for a ledger; no work where nothing changed. Never raises for what it meets there.

        Returns why the next statement of this author has to wait, too: earlier ones of theirs could not all go out.
        """
        mark = self._spool.mark()
        if not mark:
            return None
        with self._lock:
            found, puts = self._found, self._puts
        now = time.monotonic()
        if found is None or found[:2] != (mark, puts) or now >= found.until:
            found = self._send(ledger, now)
        if not found.behind:
            return None
        return Unavailable(
            f"earlier statements of {ledger.identity.actor} wait in the spool, and go first; nothing was recorded",
            "ledger spool list says what holds them up", code=BEHIND,
        )  # fmt: skip

    def put(self, *, behind: bool) -> None:
        """Take note that this process put something; `behind` others, which changes nothing about those."""
        mark = self._spool.mark() if behind else ()
        with self._lock:
            self._puts += 1
            known = self._found if behind else None
            self._found = known._replace(mark=mark, puts=self._puts) if known is not None and known.behind else None

    def _send(self, ledger: "Ledger", now: float) -> _Found:
        """Flush; return whether something that this author said waits on."""
        named = place_name(ledger.place)
        own = (ledger.genesis_leaf, named, ledger.identity.actor)
        seconds = FLUSH_SECONDS if os.environ.get("LEDGER_REQUIRE") != "1" else None
        try:
            done = flush(ledger, self._spool, named=named, seconds=seconds)
            if done.busy and self._spool.waits(*own):
                done = flush(ledger, self._spool, named=named, seconds=seconds, wait=FLUSH_SECONDS)
            with self._lock:
                puts = self._puts
            mark = self._spool.mark()  # before the look: what is put after it shows
            behind = self._spool.waits(*own)
        except LedgerError as error:
            _log.debug("what waits was not delivered: %s", error)
            return _Found((), -1, now, isinstance(error, Unavailable) and self._waits(*own))
        moves = done.busy or (behind and not done.held)
        found = _Found(mark, puts, now if moves else now + LOOK_SECONDS, behind)
        with self._lock:
            self._found = found
        return found

    def _waits(self, genesis: str, named: str, actor: str) -> bool:
        try:
            return self._spool.waits(genesis, named, actor)
        except LedgerError:
            return False  # a spool that cannot be read holds up nothing; what is put there says so


# ---- a flusher in the background, where one is asked for ----

_at_work = threading.Lock()


def deliver_later(spool: Spool, reach: "Callable[[], Ledger]") -> None:
    """With `LEDGER_FLUSH_SECONDS`, a thread of this process tries to deliver so often, until nothing waits."""
    text = os.environ.get("LEDGER_FLUSH_SECONDS", "")
    try:
        seconds = float(text) if text else 0.0
    except ValueError:
        seconds = 0.0
    if seconds > 0 and _at_work.acquire(blocking=False):
        threading.Thread(target=_keep_trying, args=(spool, reach, seconds), daemon=True, name="ledger-flush").start()


def _keep_trying(spool: Spool, reach: "Callable[[], Ledger]", seconds: float) -> None:
    try:
        while spool.count()[0]:
            time.sleep(seconds)
            try:
                ledger = reach()
                flush(ledger, spool, named=place_name(ledger.place))
            except LedgerError as error:
                _log.debug("the ledger is still away: %s", error)
    except LedgerError as error:  # of the spool itself: what is put there next says so
        _log.debug("what waits cannot be looked at: %s", error)
    finally:
        _at_work.release()


def _renew() -> None:
    global _at_work  # noqa: PLW0603 - a thread is not in a forked child
    _at_work = threading.Lock()


os.register_at_fork(after_in_child=_renew)

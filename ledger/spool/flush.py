"""Delivering what waits: into the log first, then out of the spool; what cannot be placed is set aside.

Within an author nothing overtakes: what cannot be placed yet (its key is not authorised, its time is ahead) holds back
what the same actor said later. Exactly once: a statement that stands in the log already, because an earlier flush was
cut off between the two steps, is found there by its id. One flusher at a time; another one finds the lock taken and
leaves the work to it.
"""

import fcntl
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from ledger import encoding, entry
from ledger.errors import Conflict, LedgerError, Misuse, Tampered
from ledger.placing import CLOCK_SECONDS, Request
from ledger.spool.file import Spool
from ledger.spool.item import Waiting, request, same_statement
from ledger.telemetry import delivered, span

if TYPE_CHECKING:
    from ledger.api import Ledger

CHUNK: Final = 256  # statements that share a commit: signatures are checked inside it, and other writers wait
_PAUSE: Final = 0.01  # seconds between two looks whether another flusher is done
_STAYS: Final = frozenset(("time_ahead", "unauthorised"))  # time may mend these


class Flushed(NamedTuple):
    """What a flush did: delivered now, found there already, set aside, and still waiting; `busy`: another one is at it.

    `aside` holds (id, reason).
    """

    placed: int = 0
    before: int = 0
    aside: tuple[tuple[str, str], ...] = ()
    held: tuple[tuple[str, str], ...] = ()
    busy: bool = False


def flush(
    ledger: "Ledger",
    spool: Spool,
    *,
    named: str = "",
    any_log: bool = False,
    limit: int | None = None,
    seconds: float | None = None,
    wait: float = 0.0,
) -> Flushed:
    """Deliver what waits for `ledger`, in the order in which it was said.

    At most `limit` statements; no further ones once `seconds` have passed. For another flusher that is at work it waits
    `wait` seconds. With `any_log`, what was said while no ledger was known goes into this one too. Raises `Unavailable`
    or `Tampered` where the ledger takes nothing; what was not delivered waits on.
    """
    until = time.monotonic() + seconds if seconds is not None else float("inf")
    with _only_flusher(spool.path, wait) as mine:
        if not mine:
            return Flushed(busy=True)
        with span("flush", origin=ledger.origin) as at:
            work = _Work(ledger, spool)
            after, left = 0, limit if limit is not None else 1 << 62
            while left > 0:
                items = spool.waiting(ledger.genesis_leaf, named, after=after, limit=min(CHUNK, left), any_log=any_log)
                if not items:
                    break
                after, left = items[-1].place, left - len(items)
                work.deliver(items)
                if time.monotonic() >= until:
                    break
            delivered(work.placed + work.before, len(work.aside), len(work.held), at)
        return Flushed(work.placed, work.before, tuple(work.aside), tuple(work.held))


class _Work:
    """One flush under way."""

    def __init__(self, ledger: "Ledger", spool: Spool) -> None:
        self._ledger, self._spool = ledger, spool
        self._blocked: set[str] = set()
        self.placed = self.before = 0
        self.aside: list[tuple[str, str]] = []
        self.held: list[tuple[str, str]] = []
        self._trust = ledger.trust()
        self._latest = encoding.later(encoding.time_text(datetime.now(UTC)), CLOCK_SECONDS)

    def deliver(self, items: Sequence[Waiting]) -> None:
        """Place items in one commit, then delete them here."""
        asked = [(item, found) for item in items if (found := self._asked(item)) is not None]
        outcomes = self._ledger._place_each([found for _, found in asked]) if asked else []
        done = []
        for (item, _), outcome in zip(asked, outcomes, strict=True):
            if isinstance(outcome, list):
                self.placed += not outcome[0].before
                self.before += outcome[0].before
                done.append(item)
            elif self._stands(item, outcome):
                self.before += 1
                done.append(item)
            elif outcome.code in _STAYS:
                self._blocked.add(item.said["actor"])
                self.held.append((item.id, outcome.message))
            else:
                self._set_aside(item, outcome.message)
        if done:
            self._spool.remove(done)

    def _asked(self, item: Waiting) -> Request | None:
        """What the log is asked for; None where the item is set aside, or must wait behind one of its author's."""
        if item.aside:  # its row cannot be read
            self._set_aside(item, item.aside)
            return None
        try:
            asked, said = request(item)
        except (Tampered, Misuse) as error:
            self._set_aside(item, error.message)
            return None
        if self._trust.credential(said["key"]) is None:
            self._blocked.add(said["actor"])
            self.held.append((item.id, f"key {said['key'][:16]} of {said['actor']} is not authorised yet"))
            return None
        if said["actor"] in self._blocked:
            self.held.append((item.id, f"an earlier statement of {said['actor']} waits"))
            return None
        if said["time"] > self._latest:
            self._blocked.add(said["actor"])
            self.held.append((item.id, f"its time {said['time']} is after this clock's"))
            return None
        return asked

    def _set_aside(self, item: Waiting, why: str) -> None:
        reason = why.removesuffix("; nothing was recorded")
        self._spool.set_aside(item, reason)
        self.aside.append((item.id, reason))

    def _stands(self, item: Waiting, outcome: Misuse | Conflict) -> bool:
        """Whether the same was said in the log already, under the same id, by a run that could reach it."""
        if outcome.code != "same_id":
            return False
        try:
            stored = entry.read(self._ledger.read(item.id)).fields["statement"]
        except LedgerError:
            return False
        return same_statement(stored, item.said)


# ---- one flusher ----

_mine = threading.Lock()


def _renew() -> None:
    global _mine  # noqa: PLW0603 - a thread that flushed while this process was forked is not in the child
    _mine = threading.Lock()


os.register_at_fork(after_in_child=_renew)


@contextmanager
def _only_flusher(path: Path, wait: float = 0.0) -> Iterator[bool]:
    """Whether this is the only flusher of the spool, of all threads and processes; not kept across a fork."""
    lock, until = _mine, time.monotonic() + wait
    if not lock.acquire(timeout=wait):
        yield False
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        opened = os.open(f"{path}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            yield _take(opened, until)
        finally:
            os.close(opened)
    finally:
        lock.release()


def _take(opened: int, until: float) -> bool:
    while True:
        try:
            fcntl.lockf(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)  # a process's own: a forked child has it not
        except OSError:
            if time.monotonic() >= until:
                return False
            time.sleep(_PAUSE)
        else:
            return True

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

from ledger import encoding, entry, statement
from ledger.cycles import no_search
from ledger.errors import Conflict, LedgerError, Misuse, Unavailable
from ledger.identity import own_secrets
from ledger.placing import CLOCK_SECONDS, Request
from ledger.spool.file import Spool
from ledger.spool.item import SEAL, Row, same_statement, waiting
from ledger.spool.reading import Reading, Ready
from ledger.telemetry import delivered, span

if TYPE_CHECKING:
    from ledger.api import Ledger

CHUNK: Final = 2_048  # statements that share a commit: other writers wait as long as it takes
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
                with no_search():
                    reached, count = work.deliver(after, min(CHUNK, left), named, any_log=any_log)
                if not count:
                    break
                after, left = reached, left - count
                if time.monotonic() >= until:
                    break
            delivered(work.placed + work.before, len(work.aside), len(work.held), at)
        return Flushed(work.placed, work.before, tuple(work.aside), tuple(work.held))


class _Work:
    """One flush under way."""

    def __init__(self, ledger: "Ledger", spool: Spool) -> None:
        self._ledger, self._spool = ledger, spool
        self._blocked: set[str] = set()
        self._known: set[str] = set()  # keys that the log knows
        self.placed = self.before = 0
        self.aside: list[tuple[str, str]] = []
        self.held: list[tuple[str, str]] = []
        self._latest = encoding.later(encoding.time_text(datetime.now(UTC)), CLOCK_SECONDS)
        self._begin()

    def _begin(self) -> None:
        self._trust = self._ledger.trust()
        signer = self._ledger._writing[1].signer if self._ledger._writing is not None else None
        self._reading = Reading(self._trust, own_secrets(self._trust, SEAL, signer))

    def deliver(self, after: int, limit: int, named: str, *, any_log: bool) -> tuple[int, int]:
        """Place what waits behind a place in one commit, then delete it here; return the last place, and how many."""
        rows = self._spool.rows(self._ledger.genesis_leaf, named, after=after, limit=limit, any_log=any_log)
        if not rows:
            return after, 0
        done, asked = self._place_whole(rows), list[Ready]()
        if not done:
            asked = [one for row, found in self._reading.each(rows) if (one := self._asked(row, found)) is not None]
            done = self._place_each(asked)
        if done:
            self._spool.remove(done)
        if any(self._trust.changes_trust(one.item.fields["type"]) for one in asked):
            self._begin()  # a key that was authorised by one of them counts for those that follow
        return rows[-1].place, len(rows)

    def _place_whole(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Place all in one request, which costs the least; nothing is placed where one may not stand there."""
        whole = self._reading.whole(rows)
        if whole is None or whole.newest > self._latest or not whole.actors.isdisjoint(self._blocked):
            return ()
        if self._trust.credential(whole.key) is None:
            return ()
        (outcome,) = self._ledger._place_each([whole.request])
        if not isinstance(outcome, list):
            return ()
        if outcome[0].before:  # all of a request stand there, or none
            self.before += len(outcome)
        else:
            self.placed += len(outcome)
        return rows

    def _place_each(self, asked: list[Ready]) -> list[Row]:
        """Place each by itself; return what is in the log now, and say what becomes of the others."""
        requests = [Request([one.single], None, one.disclosures, signed_here=True) for one in asked]
        done = []
        for one, outcome in zip(asked, self._ledger._place_each(requests) if requests else (), strict=True):
            if isinstance(outcome, list):
                self.placed += not outcome[0].before
                self.before += outcome[0].before
                done.append(one.row)
            elif self._stands(one, outcome):
                self.before += 1
                done.append(one.row)
            elif outcome.code in _STAYS:
                self._blocked.add(one.item.fields["actor"])
                self.held.append((encoding.id_text(one.row.id), outcome.message))
            else:
                self._set_aside(one.row, outcome.message)
        return done

    def _asked(self, row: Row, found: Ready | LedgerError) -> Ready | None:
        """What the log is asked for; None where the item is set aside, or must wait behind one of its author's."""
        if isinstance(found, LedgerError):
            self._set_aside(row, found.message)
            return None
        item = found.single.item
        actor, key = item.fields["actor"], item.fields["key"]
        if key in self._known and actor not in self._blocked and item.time <= self._latest:
            return found
        if self._trust.credential(key) is None:
            why = f"key {key[:16]} of {actor} is not authorised yet"
        elif actor in self._blocked:
            why = f"an earlier statement of {actor} waits"
        elif item.time > self._latest:
            why = f"its time {item.time} is after this clock's"
        else:
            self._known.add(key)
            return found
        self._blocked.add(actor)
        self.held.append((encoding.id_text(row.id), why))
        return None

    def _set_aside(self, row: Row, why: str) -> None:
        reason = why.removesuffix("; nothing was recorded")
        self._spool.set_aside(waiting(row), reason)
        self.aside.append((encoding.id_text(row.id), reason))

    def _stands(self, one: Ready, outcome: Misuse | Conflict) -> bool:
        """Whether the same was said in the log already, under the same id, by a run that could reach it."""
        if outcome.code != "same_id":
            return False
        try:
            stored = entry.read(self._ledger.read(encoding.id_text(one.row.id))).fields["statement"]
            return same_statement(stored, statement.read(one.row.body))
        except LedgerError:
            return False


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
        opened = _opened(path)
        try:
            yield _take(opened, until)
        finally:
            os.close(opened)
    finally:
        lock.release()


def _opened(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.open(f"{path}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Unavailable(
            f"what waits in the spool cannot be sent: {path}.lock: {error.strerror}",
            "check its owner and permissions, or set LEDGER_SPOOL", code="spool_lock",
        ) from None  # fmt: skip


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

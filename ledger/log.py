"""The append path: one order of writes, one commit for all who wait (leader and followers).

    step                                                a crash here leaves
    1  evidence is written by the caller                files that no entry names
    2  inside the store's write section:
       others' entries are taken in and vetted          the log as it was
       requests are judged, placed, hashed, covered     the log as it was
    3  entries, tree hashes, head and checkpoint are    the log as it was, or with all of them: never a part; the
       committed, in one transaction                    outcome of a commit that failed is unknown: retry with the id
    4  the pin moves (by the caller, later)             a log that is ahead of its pin: the next writer proves it

Whoever comes first leads: it commits what has gathered and hands the lead to one of those who came meanwhile. Each
request succeeds or fails by itself; a failed commit fails all of its requests, and what was known of the log is dropped
and read again. A store may presume the head that this process left; where another writer moved it, or a connection was
lost in a commit, the same requests are judged again by the newest head: what was written already is found by its ids.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from ledger import entry
from ledger.errors import Conflict, LedgerError, Misuse, Tampered, Unavailable
from ledger.errors import Outcome as Doubt
from ledger.keys.log_key import LogKey
from ledger.known import KnownLog, take_up
from ledger.logkeys import LogKeys
from ledger.merkle.edge import Edge
from ledger.notes.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from ledger.notes.note import parse_note, verify_note
from ledger.placing import Commit, Item, Placement, Request, is_clock_reset
from ledger.store import Appending, Head, Moved, Row, Store

GROUP_LIMIT: Final = 1_024  # requests that share a commit
TRIES: Final = 4  # the first by the head that is presumed, the others by the one that was asked for
Guard = Callable[[KnownLog, Appending], None]
"""Called where the log was read anew, before it is written to: raises `Tampered` if it is behind its pin, or forked."""
FindKey = Callable[[LogKeys], LogKey | None]
"""Returns the log's key of today, where it is here; raises `Misuse` where only an earlier one is."""


def found(store: Store, item: Item, signatures: tuple[bytes, ...], log_key: LogKey, now: str) -> None:
    """Write entry 0 into an empty store, and the first checkpoint, signed by both of the log's keys."""
    data = entry.write(0, bytes(32), now, item.body, entry.signatures_text(signatures))
    leaf = entry.leaf(data)
    edge = Edge()
    edge.extend([leaf])
    note = sign_checkpoint(Checkpoint(log_key.origin, 1, edge.root()), log_key.all)
    with store.writing() as section:
        if section.head().size:
            raise Conflict(f"{store.place} is a ledger already", "use it, or choose another place", code="exists")
        section.append([Row(0, item.id, data)], [], [], [], Head(1, leaf, edge.peaks(), 1, note))


Outcome = list[Placement] | Misuse | Conflict
"""What became of a request: where its statements stand, or why they do not."""


class _Waiting:
    """A caller's requests and their outcomes. `ready` is released when it is done, or when its thread must lead."""

    __slots__ = ("done", "error", "outcomes", "ready", "requests")

    def __init__(self, requests: Sequence[Request]) -> None:
        self.requests = requests
        self.ready = threading.Lock()
        self.ready.acquire()
        self.done = False
        self.error: BaseException | None = None
        self.outcomes: list[Outcome] = []


class Log:
    """Places statements in one store. Safe from many threads; other processes may write to the same store."""

    def __init__(
        self,
        store: Store,
        *,
        log_key: LogKey | None,
        now: Callable[[], str],
        guard: Guard | None = None,
        find_key: FindKey | None = None,
    ) -> None:
        self._store = store
        self._log_key = log_key
        self._find_key = find_key
        self._now = now
        self._guard = guard
        self._mutex = threading.Lock()
        self._queue: deque[_Waiting] = deque()
        self._led = False
        self._known: KnownLog | None = None
        self._read: KnownLog | None = None  # before this began, and held against no pin yet

    def begin_at(self, read: KnownLog) -> None:
        """Take over what was read of the log a moment ago: the first commit need not read it again."""
        self._read = read

    @property
    def seals(self) -> bool:
        """Whether the log's key is here: what is placed is covered at once."""
        return self._log_key is not None

    @property
    def known(self) -> KnownLog | None:
        """What was true of the log after the last commit of this process."""
        return self._known

    def append(self, request: Request) -> list[Placement]:
        """Place the statements of a request and return where each stands, durable.

        Raises `Misuse` and `Conflict` (nothing of it was written), `Tampered` (the store is not what it was) and
        `Unavailable` (its `outcome` says whether it may have been written).
        """
        if is_clock_reset(request):
            return self._reset_clock(request)
        outcome = self.append_each([request])[0]
        if not isinstance(outcome, list):
            raise outcome
        return outcome

    def append_each(self, requests: Sequence[Request]) -> list[Outcome]:
        """Place requests in their order, in one commit; each succeeds or fails by itself, and what failed is returned.

        Raises `Tampered` and `Unavailable`, which concern all of them.
        """
        mine = _Waiting(requests)
        with self._mutex:
            self._queue.append(mine)
            lead, self._led = not self._led, True
        if not lead:
            mine.ready.acquire()
        if not mine.done:
            self._lead()
        if mine.error is not None:
            raise mine.error
        return mine.outcomes

    def _lead(self) -> None:
        with self._mutex:
            group = [self._queue.popleft() for _ in range(min(len(self._queue), GROUP_LIMIT))]
        try:
            self._commit(group)
        except BaseException as error:
            # Followers get an error of their own: one traceback must not grow in many threads.
            self._known = None
            for waiting in group:
                waiting.error = waiting.error or _same(error)
            raise
        finally:
            self._hand_over(group)

    def _hand_over(self, group: list[_Waiting]) -> None:
        with self._mutex:
            successor = self._queue[0] if self._queue else None
            self._led = successor is not None
        for waiting in group:
            waiting.done = True
            waiting.ready.release()
        if successor is not None:
            successor.ready.release()

    def _commit(self, group: list[_Waiting]) -> None:
        outcome: Doubt = "not recorded"
        for number in range(TRIES):
            try:
                if self._try(group, sure=number > 0):
                    return
            except Unavailable as error:
                if error.outcome == "unknown":
                    outcome = "unknown"
                error.outcome = outcome
                if not isinstance(error, Moved) or number == TRIES - 1:
                    raise

    def _try(self, group: list[_Waiting], *, sure: bool) -> bool:
        """Place a group; return whether that settles it: a refusal by a head that is only presumed does not."""
        with self._store.writing(sure=sure) as section:
            known = self._catch_up(section)
            edge = None if section.sure else known.edge.copy()
            commit = Commit(known, section, self._now())
            for waiting in group:
                waiting.outcomes = [_outcome(commit, request) for request in waiting.requests]
            try:
                wrote = commit.finish(self._seal)
            except Moved:
                self._known = None
                if edge is not None and not commit.acts:
                    known.edge, self._known = edge, known
                raise
        refused = any(not isinstance(outcome, list) for waiting in group for outcome in waiting.outcomes)
        return section.sure or wrote or not refused

    def _catch_up(self, section: Appending) -> KnownLog:
        head = section.head()
        if self._known is None or self._known.head != head:
            before, self._read = self._known or self._read, None
            known = take_up(before, section, head, self._log_key)
            if self._guard is not None:
                self._guard(known, section)
            self._follow_keys(known)
            if self._log_key is not None:
                known.vet_uncovered(section)
            self._known = known
        return self._known

    def _follow_keys(self, known: KnownLog) -> None:
        """Take up the log's new key, where another process rotated it: the old one signs nothing any more."""
        newest = known.trust.log_keys.current
        if self._log_key is None or self._log_key.verifier_keys == newest.keys:
            return
        self._log_key = self._find_key(known.trust.log_keys) if self._find_key is not None else None
        if self._log_key is None:
            raise Misuse(
                f"the log's key was replaced in entry {newest.seq}; the one that is here signs nothing any more",
                "point LEDGER_LOG_KEY at the new one, or at nothing",
                code="log_key",
            )

    def _reset_clock(self, request: Request) -> list[Placement]:
        """Place an administrator's `clock_reset`, by itself, at this clock's time: `recorded` may go back to it."""
        with self._store.writing() as section:
            known = self._catch_up(section)
            self._known = None  # until it is durable
            commit = Commit(known, section, self._now(), reset=True)
            placements = commit.place(request)
            commit.finish(self._seal)
            self._known = known
        return placements

    def replace_key(self, request: Request, new: LogKey, *, old_signs: bool) -> Placement:
        """Place `log_key_rotated` with the checkpoint that hands over to `new`, in one transaction; go on with `new`.

        Rotation (`old_signs`): old and new keys sign that checkpoint, all four. Recovery: the new ones alone, once what
        was placed since the old key's last checkpoint has passed the checks. It is kept for ever (FORMAT.md section 8).
        A crash leaves the log as it was, or with entry and checkpoint. Raises as `append` does.
        """
        old = self._log_key
        if old_signs and old is None:
            raise Misuse(
                "the log's key is not here: only the old key can hand over to a new one",
                "point LEDGER_LOG_KEY at its file; if it is lost: ledger key recover-log",
                code="log_key",
            )
        signers = [*(old.all if old is not None and old_signs else ()), *new.all]
        with self._store.writing() as section:
            known = self._catch_up(section)
            known.vet_uncovered(section)
            self._known = None  # until it is durable

            def seal(size: int, root: bytes) -> bytes:
                note = sign_checkpoint(Checkpoint(new.origin, size, root), signers)
                section.keep(size, note)
                return note

            commit = Commit(known, section, self._now(), new_keys=tuple(key.text for key in new.verifier_keys))
            (placement,) = commit.place(request)
            commit.finish(seal)
            self._known, self._log_key = known, new
        return placement

    def close_checkpoint(self) -> bytes:
        """Sign the newest head with both of the log's keys and keep that checkpoint; return its note, durable.

        What others placed is vetted and covered by it. Where the newest head is kept with both lines already, that note
        is returned and nothing is written. Raises `Misuse` where the log's key is not here.

        Kept checkpoint and head are written in one transaction: a crash leaves both or neither, and closing again
        makes the same Ed25519 line.
        """
        log_key = self._log_key
        if log_key is None:
            raise Misuse(
                "the log's key is not here: no checkpoint can be closed",
                "point LEDGER_LOG_KEY at its file, or run this where it is",
                code="log_key",
            )
        with self._store.writing() as section:
            known = self._catch_up(section)
            kept = section.kept(known.head.size)
            note = close(Checkpoint(log_key.origin, known.head.size, known.edge.root()), kept, log_key)
            head = known.head._replace(covered=known.head.size, note=note)
            if note != kept or head != known.head:
                self._known = None  # until it is durable
                section.keep(head.size, note)
                section.append((), (), (), (), head)
                known.head = head
                known.vetted = head.size
                self._known = known
        return note

    def _seal(self, size: int, root: bytes) -> bytes | None:
        if self._log_key is None:
            return None
        return sign_checkpoint(Checkpoint(self._log_key.origin, size, root), self._log_key.everyday)


def close(checkpoint: Checkpoint, kept: bytes | None, log_key: LogKey) -> bytes:
    """Return the note of a checkpoint with both lines of the log: the kept one where it has them, else a new one.

    Lines of others under the kept note (witnesses) are carried over. Raises `Tampered` where the kept note is of
    another tree, or a line of the log under it is bad.
    """
    if kept is None:
        return sign_checkpoint(checkpoint, log_key.all)
    if open_checkpoint(kept, log_key.origin, log_key.verifier_keys) != checkpoint:
        raise Tampered(
            f"the kept checkpoint of {checkpoint.size:,} entries seals others than those that are here",
            "ledger verify",
            code="forked",
        )
    note = parse_note(kept)
    if len(verify_note(note, log_key.verifier_keys)) == len(log_key.all):
        return kept
    own = {(key.name, key.key_id) for key in log_key.verifier_keys}
    others = [line.text for line in note.signatures if (line.name, line.key_id) not in own]
    return sign_checkpoint(checkpoint, log_key.all) + "".join(others).encode()


def _outcome(commit: Commit, request: Request) -> Outcome:
    try:
        return commit.place(request)
    except (Misuse, Conflict) as error:
        return error


def _same(error: BaseException) -> BaseException:
    if isinstance(error, LedgerError):
        copy = type(error)(error.message, error.fix, code=error.code, where=error.where)
        if isinstance(copy, Unavailable) and isinstance(error, Unavailable):
            copy.outcome = error.outcome
        return copy
    return Unavailable(
        f"the writer that led this commit was stopped: {error!r}", "try again with the same id", outcome="unknown"
    )

"""`Ledger`: one ledger opened for reading and, where a key of the user's is authorised, for recording."""

import os
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from ledger import encoding, entry
from ledger.config import NOT_ASKED, Place, known_mode, log_key_path, resolve
from ledger.entry import Entry
from ledger.errors import Misuse
from ledger.fresh import now_text as _now
from ledger.genesis import Genesis, Recovery, read_genesis
from ledger.notes.checkpoint import Checkpoint
from ledger.pins import begin_pin, hold_against, keep_pin, moved_lately, pin_of, pin_path, read_pin
from ledger.receipts import Receipt, Recorded
from ledger.selecting import datas_here, entry_here, select
from ledger.stores.opening import locate, open_store
from ledger.stores.unasked import unasked

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from ledger.authoring import Author, Said, Signed
    from ledger.extracts import Prover
    from ledger.identity import Identity
    from ledger.keys.credential import Signer
    from ledger.keys.log_key import LogKey
    from ledger.log import Log, Outcome
    from ledger.logkeys import LogKeys
    from ledger.mending import Mended
    from ledger.outbox import Outbox
    from ledger.placing import Request
    from ledger.policy import Policy
    from ledger.recording import Recorder
    from ledger.report import Report
    from ledger.store import Store
    from ledger.trust import Trust

PIN_SECONDS: Final = 1.0  # a pin is moved at most this often while recording, and once at the end
_open: "Final[weakref.WeakSet[Ledger]]" = weakref.WeakSet()


class Ledger:
    """One ledger. `open` an existing one, `create` a new one; a context manager; iterate over it for its entries.

    `record` is called with a type and its fields, or through one method a type: `ledger.record.trained(...)`.
    Safe from several threads and processes, and after a fork.
    """

    def __init__(
        self, store: "Store", place: Place, *, key: "str | Signer | None", log_key: Path | None, actor: str | None,
        mode: str = "", clock_ok: bool = False,
    ) -> None:  # fmt: skip
        self.place = place
        self.store = store
        self._key, self._log_key, self._actor, self._mode, self._clock_ok = key, log_key, actor, mode, clock_ok
        if mode not in NOT_ASKED:
            self.genesis  # noqa: B018 - what is there is a ledger, or it is said now
        self._lock = threading.RLock()
        self._placing: Log | None = None
        self._writing: tuple[Author, Identity] | None = None
        self._pinned = float("-inf")
        self._prover: Prover | None = None
        _open.add(self)

    @classmethod
    def open(
        cls,
        location: str | os.PathLike[str] | None = None,
        *,
        key: "str | os.PathLike[str] | Signer | None" = None,
        log_key: str | os.PathLike[str] | None = None,
        actor: str | None = None,
        read_only: bool = False,
        mode: str | None = None,
        clock_ok: bool = False,
    ) -> Self:
        """Open the ledger that `location`, `LEDGER_URL` or the nearest ledger.toml names; it must exist.

        `key` and `log_key` name key files (else `LEDGER_KEY`, `LEDGER_LOG_KEY`, the user's folder of keys); `key` may
        also say who holds it: `agent:SHA256:...`, `ssh-keygen:FILE.pub`, `kms:ARN`, `env:NAME`; or be a
        `ledger.keys.Signer` of your own (an HSM). With a `mode` it records as `ledger.record`: "record" spools where
        the store goes away, "spool" always, "off" nothing; the last two ask the store nothing. `clock_ok`: this
        clock is right, though the newest entry is ahead of it. Raises `Misuse` where no ledger is there.
        """
        place, mode = resolve(location), known_mode(mode or "", "mode")
        store = unasked(place.location, mode) if mode in NOT_ASKED else open_store(place.location, read_only=read_only)
        try:
            named = os.fspath(key) if isinstance(key, os.PathLike) else key
            return cls(store, place, key=named, log_key=_path(log_key), actor=actor, mode=mode, clock_ok=clock_ok)
        except BaseException:
            store.close()
            raise

    @classmethod
    def create(
        cls,
        location: str | os.PathLike[str],
        *,
        origin: str,
        actor: str,
        key: str | os.PathLike[str] | None = None,
        log_key: str | os.PathLike[str] | None = None,
        recovery: Recovery | None = None,
        continues: bytes | None = None,
    ) -> Self:
        """Make a ledger in a file or at a URL. `origin` names it for ever; `actor` is its first administrator.

        Makes the two private keys where their files are not there; `recovery` says who may replace the log's when it is
        lost (else: that administrator alone). `continues`: the newest checkpoint, a signed note, of the log that this
        one takes up after a loss. Raises `Misuse` where something is in the way.
        """
        from ledger.founding import make_ledger

        location = locate(os.fspath(location), "the argument")
        keys = {"key": _path(key), "log_key": _path(log_key)}
        make_ledger(location, origin=origin, actor=actor, recovery=recovery, continues=continues, **keys)
        made = cls.open(location, key=key, log_key=log_key, actor=actor)
        begin_pin(made.store.head(), made.genesis_leaf, made.origin, made.place.location, _now())
        return made

    # ---- reading ----

    @cached_property
    def genesis(self) -> Genesis:
        """Entry 0: the log's name, its first keys, its first administrator."""
        data = self.store.read(0)
        return read_genesis(entry.read(data).fields["statement"], entry.leaf(data).hex())

    @property
    def path(self) -> Path | None:
        """The file; None where the ledger is in a server."""
        return self.place.path

    @property
    def origin(self) -> str:
        """The log's name."""
        return self.genesis.origin

    @property
    def genesis_leaf(self) -> str:
        """The leaf of entry 0 (hex): what tells this log from every other."""
        return self.genesis.leaf

    def __len__(self) -> int:
        """Number of entries."""
        return self.store.head().size

    def __iter__(self) -> Iterator[Entry]:
        """Every entry, in order."""
        return self.entries()

    @property
    def covered(self) -> int:
        """Entries below this are covered by the newest checkpoint."""
        return self.store.head().covered

    def checkpoint(self) -> Checkpoint:
        """Return the newest checkpoint, its signature checked against the log's keys."""
        return self.trust().log_keys.open(self.store.head().note, self.origin)

    def trust(self) -> "Trust":
        """Return who may say what at the end of the log, and the log's keys: folded from the entries, judged by them.

        For reading, as `entries` is.
        """
        from ledger.foresight import trust_in

        return trust_in(self.genesis, self.store)

    def entries(
        self,
        start: int = 0,
        stop: int | None = None,
        *,
        type: str | None = None,
        system: str | None = None,
        version: str | None = None,
        actor: str | None = None,
    ) -> Iterator[Entry]:
        """Return the entries from `start` to `stop` - 1 that agree with all that is given, as of this moment.

        For reading, not for judging: `verify` is what checks them.
        """
        datas = datas_here(self.store, start, min(len(self), 1 << 62 if stop is None else stop))
        return select(datas, {"type": type, "actor": actor}, {"system": system, "version": version})

    def find(self, which: int | str) -> Entry:
        """Return an entry by its number or by its statement's id; raise `Misuse` where there is none."""
        return entry.view(self.read(which))

    def read(self, which: int | str) -> bytes:
        """Return an entry's bytes, as stored."""
        if isinstance(which, int):
            return entry_here(self.store, which if which >= 0 else len(self) + which, self.place.location)
        data = self._find_bytes(which) if encoding.is_id(which) else None
        if data is None:
            raise Misuse(f"there is no entry with id {which!r} in {self.place.location}", "ledger log", code="no_entry")
        return data

    def _find_bytes(self, id: str) -> bytes | None:
        seq = self.store.find(encoding.id_bytes(id))
        return None if seq is None else self.store.read(seq)

    # ---- recording ----

    @property
    def record(self) -> "Recorder":
        """Record one event: `record("trained", system=..., ...)`, `record(Trained(...))` or `record.trained(...)`.

        Returns a `Receipt` once it is durable. `id=` makes a retry safe, `expected_head=` is the size the ledger must
        have. Raises `Misuse` or `Conflict` (nothing was recorded), `Tampered`, or `Unavailable` (which says whether).
        """
        from ledger.recording import Recorder

        return Recorder(self._record)

    def _record(self, what: Any, fields: dict[str, Any]) -> Receipt:
        from ledger.writing import record

        return self._outbox.record(what, fields) if self._mode else record(self, what, fields)

    @cached_property
    def _outbox(self) -> "Outbox":
        from ledger.outbox import Outbox

        return Outbox(lambda: self, lambda: self.place, actor=self._actor, key=self._key, mode=self._mode)

    def _place(self, signed: "Signed") -> Receipt:
        receipt = self._author().place(signed)
        self._move_pin()
        return receipt

    def _place_each(self, requests: "Sequence[Request]") -> "list[Outcome]":
        """Place statements that were signed elsewhere, in one commit; each succeeds or fails by itself.

        Needs no key: whoever signed them is judged. Raises `Tampered` and `Unavailable`, which concern all of them.
        """
        outcomes = self._log().append_each(requests)
        self._move_pin()
        return outcomes

    def record_many(self, events: "Iterable[Said]") -> Recorded:
        """Record (type, fields) pairs, dicts with a `type`, or structs, in batches of up to 4,096 under one signature.

        Constant memory. A batch is recorded whole or not at all; those before it stay. Types that a person must sign
        one by one, such as `approved`, are refused.
        """
        from ledger.writing import record_many

        return self._outbox.record_many(events) if self._mode else record_many(self, events)

    @property
    def identity(self) -> "Identity":
        """Who records here, and with which key; raises `Misuse` where nobody can."""
        self._author()
        assert self._writing is not None
        return self._writing[1]

    def _author(self) -> "Author":
        with self._lock:
            if self._writing is None:
                from ledger.writing import begin_writing

                self._writing = begin_writing(self, self._log())
            return self._writing[0]

    def _log(self) -> "Log":
        with self._lock:
            if self._placing is None:
                from ledger.log import Log

                guard = partial(hold_against, location=self.place.location)
                find_key = self._find_log_key
                self._placing = Log(self.store, log_key=find_key(), now=self._now, guard=guard, find_key=find_key)
            return self._placing

    # ---- pins, checkpoints, proofs ----

    def close_checkpoint(self) -> bytes:
        """Sign the newest head with both of the log's keys, Ed25519 and ML-DSA-44, keep that checkpoint; return it.

        For a checkpoint that leaves the house: to a witness, a time-stamping authority, a published folder. All
        entries are covered by it. Returns the kept note where it has both lines already. Raises `Misuse` where the
        log's key is not here, `Tampered` where what others placed does not pass the checks.
        """
        with self._lock:
            note = self._log().close_checkpoint()
            self._move_pin(now=True)
        return note

    def _find_log_key(self, log_keys: "LogKeys | None" = None) -> "LogKey | None":
        from ledger.identity import find_log_key

        named = self._log_key or log_key_path(self.origin)
        return find_log_key(log_keys or self.trust().log_keys, named, required=self._log_key is not None)

    def _now(self) -> str:
        known = self._placing.known if self._clock_ok and self._placing is not None else None
        return _now() if known is None else max(_now(), known.recorded)

    def _move_pin(self, *, now: bool = False) -> None:
        if self._placing is None or (not now and time.monotonic() - self._pinned < PIN_SECONDS):
            return
        known, path = self._placing.known, pin_path(self.origin)
        if known is not None and known.head.note:
            self._pinned = time.monotonic()
            if now or not moved_lately(path, PIN_SECONDS / 2):
                keep_pin(path, pin_of(known.head, self.genesis_leaf, self.place.location, _now()))

    def prove(self, which: int | str, *, authors: bool = True) -> bytes:
        """Return a receipt of an entry: it shows, offline, that the entry stands in this log, and whose key signed it.

        Under the newest checkpoint that is kept (both of the log's keys, witnesses), else the newest there is. Without
        `authors` it is the entry and its place alone. Raises `Misuse` where no checkpoint covers the entry: it is
        pending, and proves nothing to others.
        """
        from ledger.extracts import Prover

        if self._prover is None:
            self._prover = Prover(self.store, self.origin)
        return self._prover.receipt(self.read(which), self.trust().log_keys, authors=authors)

    def verify(
        self, policy: "Policy | None" = None, *, processes: int = 1, executor: "Executor | None" = None,
        progress: "Callable[[int, int], None] | None" = None,
    ) -> "Report":  # fmt: skip
        """Run every check over the whole log and report. Without a `policy`: what its ledger.toml and the pin say.

        On `processes` of this machine, or by the workers of any `concurrent.futures` executor (Dask's, Ray's), who
        reach it at the same place, and are believed. `report.verdict`: VERIFIED, UNPINNED, UNVERIFIABLE or BROKEN.
        """
        from ledger.own import verify

        policy = self.own_policy() if policy is None else policy
        return verify(self.store, self.origin, policy, processes=processes, executor=executor, progress=progress)

    def own_policy(self) -> "Policy":
        """Return what this user's side vouches for: the pin, and the key in the ledger.toml of the checkout."""
        from ledger.own import own_policy

        return own_policy(self.place, self.origin, self.genesis_leaf, _now())

    def mend(self) -> "Mended":
        """Make again what can be computed from the entries (tree hashes, head, list of key events).

        Raises `Tampered`, with nothing changed, where the entries do not pass the checks or are not what was sealed.
        """
        from ledger.mending import mend

        self._placing = self._writing = None
        return mend(self.store, self.genesis, find_key=self._find_log_key, pin=read_pin(pin_path(self.origin)))

    # ---- the end ----

    def close(self) -> None:
        """Move the pin and let go of the store. Recording afterwards opens it again."""
        with self._lock:
            try:
                self._move_pin(now=True)
            finally:
                self._placing = self._writing = None
                self.store.close()
                if self._mode:
                    self._outbox.spool.close()

    def __enter__(self) -> Self:
        """Return itself; the end of the block closes it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def __repr__(self) -> str:
        """Name the log and its place."""
        return f"<Ledger {self.origin} at {self.place.location}>"


def _path(given: str | os.PathLike[str] | None) -> Path | None:
    return None if given is None else Path(given)


def _after_fork() -> None:
    """In a forked child: locks may be held by threads that are not there; what was known is read again."""
    for ledger in list(_open):
        ledger._lock = threading.RLock()
        ledger._placing = ledger._writing = None


os.register_at_fork(after_in_child=_after_fork)

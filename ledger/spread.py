"""The ranges of a verification on any `concurrent.futures` executor: processes of this machine, or of a cluster.

What goes to a worker is a range and what must be known beforehand; it opens the store by itself, and answers with what
it found, a few hundred kilobytes for a range at most. Whoever asked puts the answers together in the log's order, so
the report is the same whoever worked. A worker's answer is believed: it must be one's own machine.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import nullcontext
from multiprocessing import get_context
from typing import Any, Final, NamedTuple

from ledger import entry
from ledger.cycles import no_search
from ledger.errors import LedgerError, Withheld
from ledger.parts import Known, Part
from ledger.ranges import RangeCheck
from ledger.scan import START, Before
from ledger.store import Opener, Store
from ledger.workers import result_of, submit

WORKERS: Final = 32  # that an executor is taken to have, where nobody says: so many ranges are under way, twice


class _Job(NamedTuple):
    opener: Opener
    place: str
    start: int
    stop: int
    length: int
    known: tuple[Any, ...]


def spread(
    store: Store, size: int, known: Known, length: int, opener: Opener, workers: int, executor: Executor | None
) -> Iterator[Part]:
    """Yield the parts of a log in order, each checked wherever `executor` has it done; None: in processes made for it.

    Ranges have about `length` entries; of `workers`, each has two under way, so that memory stays flat.
    """
    plain = (known.genesis, known.tables, known.credentials, known.doubts, known.limits)
    ahead = 2 * (WORKERS if executor is not None and workers == 1 else workers)
    waiting: deque[Future[list[Part]]] = deque()
    with nullcontext(executor) if executor is not None else _processes(workers) as pool:
        try:
            for start, stop in _cuts(store, size, length):
                job = _Job(opener, store.place, start, stop, length, plain)
                waiting.append(submit(pool, "nothing was judged", _work, job))
                if len(waiting) > ahead:
                    yield from result_of(waiting.popleft(), "nothing was judged")
            while waiting:
                yield from result_of(waiting.popleft(), "nothing was judged")
        finally:
            for one in waiting:
                one.cancel()


def _processes(count: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(count, mp_context=get_context("spawn"))


def _cuts(store: Store, size: int, length: int) -> Iterator[tuple[int, int]]:
    """Yield ranges that begin where no batch is open, by the word of the entry there: if it lies, C15 fails."""
    start = 0
    for nominal in (*range(length, size, length), size):
        stop = nominal if nominal == size else _batch_start(store, nominal)
        if stop > start:
            yield start, stop
            start = stop


def _batch_start(store: Store, seq: int) -> int:
    try:
        batch = entry.view(store.read(seq)).batch
    except Withheld:
        raise
    except LedgerError:
        return seq
    first = batch.first if isinstance(batch, entry.BatchMember) else seq
    return first if seq - entry.BATCH_LIMIT < first <= seq else seq


def _work(job: _Job) -> list[Part]:
    store = job.opener(job.place)
    try:
        known = Known(*job.known, store.find, store.read)  # type: ignore[call-arg]
        check = RangeCheck(job.start, _before(store, job.start), known)
        with no_search():
            return list(check.parts(store.triples(job.start, job.stop), job.length))
    finally:
        store.close()


def _before(store: Store, start: int) -> Before:
    if start == 0:
        return START
    try:
        data = store.read(start - 1)
        return Before(start - 1, entry.leaf(data).hex(), entry.view(data).recorded)
    except LedgerError:
        return Before(start - 1, "", "")

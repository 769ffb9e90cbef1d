"""A fold shared out: the workers of any `concurrent.futures` executor each fold some of the keys, whole.

Every worker reads all entries, for it cannot know beforehand which keys an entry touches; it folds those of its share,
and of the others none. People and their keys are folded by all: what they may do decides about others' keys. A share
comes back as a small database, and its rows are written beside those of the other shares: the tables, and so the
fingerprint, are those of one fold. A worker's answer is believed: it must be one's own machine.
"""

from collections.abc import Iterator
from concurrent.futures import Executor, Future
from contextlib import closing
from typing import Final

from ledger.elsewhere import Elsewhere, elsewhere
from ledger.workers import result_of, submit
from projections import position
from projections.database import TEMPORARY, Database
from projections.engine import Folding, Moment
from projections.projection import EntrySource, Share
from projections.registry import REGISTRY

_SO_FAR: Final = "the tables are as they were"


def share_out(source: EntrySource, size: int, executor: Executor, shares: int) -> Iterator[bytes]:
    """Have the registry of the first `size` entries folded in so many shares; yield each, a whole database.

    Raises `Misuse` where others cannot open what `source` reads, `Unavailable` where a worker is lost.
    """
    place = elsewhere(source, size)
    futures: list[Future[bytes]] = []
    try:
        futures.extend(submit(executor, _SO_FAR, fold_share, place, Share(at, shares)) for at in range(shares))
        while futures:
            yield result_of(futures.pop(0), _SO_FAR)
    finally:
        for one in futures:
            one.cancel()


def fold_share(place: Elsewhere, share: Share) -> bytes:
    """Fold one share of the registry, in any process; return its database, packed."""
    with place.open() as source:
        return fold_of(source, share)


def fold_of(source: EntrySource, share: Share) -> bytes:
    """Fold one share of all that a source holds; return its database, packed."""
    with closing(Database(TEMPORARY)) as database:
        position.prepare(database)
        Folding(database, REGISTRY, source, Moment(), share).catch_up()
        return database.packed()

"""A walk over entries in PostgreSQL: short statements, and the next one under way while the rows at hand are used."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from ledger.store import Row

STRIDE: Final = 500  # rows of one statement: two times so many are in memory


def walk(fetch: Callable[[int], list[Row]], start: int, stop: int) -> Iterator[Row]:
    """Yield rows `start` to `stop` - 1; `fetch(start)` returns the next `STRIDE` of them at most, none at the end.

    Between two statements no transaction is open, however slowly a caller walks. In a child that was forked on the way
    the helper is not there, and the walk goes on without.
    """
    if start >= stop:
        return
    found = fetch(start)
    owner, helper = os.getpid(), ThreadPoolExecutor(1, "ledger-rows")  # its thread is started when first needed
    try:
        while found:
            start = found[-1].seq + 1
            coming = helper.submit(fetch, start) if start < stop and os.getpid() == owner else None
            yield from found
            if start >= stop:
                return
            found = coming.result() if coming is not None and os.getpid() == owner else fetch(start)
    finally:
        if os.getpid() == owner:
            helper.shutdown(wait=False, cancel_futures=True)

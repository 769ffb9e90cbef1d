"""Publishing: all of a log, what is new in it, in flat memory."""

from functools import cache

from benchmarks import works
from benchmarks.bench import Bench, Row
from ledger.api import Ledger


def rows(bench: Bench) -> dict[str, Row]:
    """The lines of publishing, by name."""

    @cache
    def published(name: str, count: int) -> Ledger:
        ledger = bench.ledger(name)
        ledger.record_many(works.events(count))
        works.publish_all(ledger, bench.folder / name)
        return ledger

    def more(name: str, count: int) -> float:
        return works.publish_more(published(name, count), bench.folder / name)

    return {
        "publish": Row(
            "`publish`, all", "H", 6.0, 4.5, lambda: works.publish_all(bench.reading, bench.folder / "bulk"), bench.h
        ),
        "publish_more": Row(
            "`publish` of 1,000 more",
            "of the same on a log of 600",
            1.5,
            1.1,
            lambda: more("long", bench.events),
            lambda: more("short", 600),
        ),
        "memory_publish": Row(
            "peak memory, `publish`",
            "MiB",
            200,
            100,
            lambda: works.peak_of("publish", bench.folder, bench.size),
            lambda: 1.0,
            once=True,
        ),
    }

"""Recording, verifying, rebuilding, asking; size on disk and in memory."""

import os
import sys
from pathlib import Path

from benchmarks import baselines, works
from benchmarks.bench import Bench, Row
from projections import Projections


def rows(bench: Bench) -> dict[str, Row]:
    """The lines of the core, by name."""
    return _recording(bench) | _checking(bench) | _asking(bench) | _room(bench)


def _recording(bench: Bench) -> dict[str, Row]:
    some = bench.some

    def many() -> float:
        with bench.ledger("many") as ledger:
            return baselines.timed(lambda: ledger.record_many(works.events(bench.events)), bench.events)

    def alone() -> float:
        with bench.ledger("one") as ledger:
            return works.record_one(ledger, some)

    def crowd(threads: int) -> float:
        with bench.ledger("crowd") as ledger:
            return works.record_threads(ledger, threads, max(2 * some // threads, 1))

    return {
        "record": Row("`record`, one caller", "C", 2.2, 1.7, alone, bench.c),
        "threads8": Row("`record`, 8 threads", "W", 2.0, 1.3, lambda: crowd(8), bench.w),
        "threads64": Row("`record`, 64 threads", "W", 1.2, 0.7, lambda: crowd(64), bench.w),
        "many": Row("`record_many`", "I", 4.5, 3.0, many, bench.i),
    }


def _checking(bench: Bench) -> dict[str, Row]:
    parallel = os.cpu_count() or 1

    def per_speed_up() -> float:
        return baselines.verify_one() / works.spin_speed_up(parallel)

    def signed() -> float:
        with bench.ledger("signed") as ledger:
            works.record_threads(ledger, 64, min(100_000, bench.events) // 64)
            size = len(ledger)
        return works.verify(ledger.path, size, parallel)

    batches = Row(
        "`verify`, batch-signed, one core", "H", 4.5, 3.0, lambda: works.verify(bench.bulk, bench.size), bench.h
    )
    each = f"`verify`, a signature an entry, {parallel} processes"
    rebuild = Row(
        "rebuild of the registry",
        "D",
        5.0,
        2.8,
        lambda: works.rebuild(bench.reading, bench.size, bench.folder / "r.projections.db"),
        bench.d,
    )
    return {
        "verify": batches,
        "signed": Row(each, "V / speed-up", 1.25, 1.08, signed, per_speed_up, once=True),
        "rebuild": rebuild,
    }


def _asking(bench: Bench) -> dict[str, Row]:
    def ask() -> float:
        with Projections.open(bench.reading, bench.folder / "ask.projections.db") as projections:
            projections.catch_up("registry")
            return works.ask(projections)

    def command() -> float:
        words = [str(Path(sys.executable).parent / "ledger"), "production"]
        return baselines.start(words, {**os.environ, "LEDGER_URL": str(bench.bulk)})

    def importing() -> float:
        return baselines.start([sys.executable, "-c", "import ledger"])

    return {
        "production": Row("`production`, library", "ms", 1.0, 0.2, ask, lambda: 1e-3),
        "command": Row("`ledger production`, command", "P", 25, 15, command, baselines.start_python),
        "import": Row("`import ledger`", "P", 7, 5, importing, baselines.start_python),
    }


def _room(bench: Bench) -> dict[str, Row]:
    def peak(what: str, size: int) -> float:
        return works.peak_of(what, bench.bulk.parent, size)

    def on_disk() -> float:
        return float(bench.bulk.stat().st_size)

    def in_entries() -> float:
        return float(sum(len(row.data) for row in bench.reading.store.rows(0, bench.size)))

    return {
        "disk": Row("bytes on disk an event", "entry", 1.25, 1.1, on_disk, in_entries, once=True),
        "memory_verify": Row(
            "peak memory, `verify`", "MiB", 200, 100, lambda: peak("verify", bench.size), lambda: 1.0, once=True
        ),
        "memory_rebuild": Row(
            "peak memory, rebuild", "MiB", 200, 100, lambda: peak("rebuild", bench.size), lambda: 1.0, once=True
        ),
        "memory_many": Row(
            "peak memory, `record_many`", "MiB", 200, 100, lambda: peak("record_many", bench.events), lambda: 1.0,
            once=True,
        ),
    }  # fmt: skip

"""`python -m benchmarks`: the table of what must hold and what is aimed at, as ratios in one interleaved run."""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw

from benchmarks import baselines, works
from benchmarks.works import Row
from ledger.api import Ledger
from projections import Projections

ROUNDS = 5


def rows(folder: Path, events: int) -> dict[str, Row]:
    """Set everything up and return the rows by name."""
    bulk, commands = folder / "bulk.db", str(Path(sys.executable).parent / "ledger")
    with works.a_ledger(folder, "bulk") as ledger:
        ledger.record_many(works.events(events))
        ledger.record("deployed", **serving(0))
    reading = Ledger.open(bulk, read_only=True)
    size = len(reading)
    datas = [row.data for row in reading.store.rows(1, min(size, 20_001))]
    one, crowd, signed = (works.a_ledger(folder, name) for name in ("one", "crowd", "signed"))
    count = min(2_000, events)
    works.record_one(signed, count)
    signed.close()
    projections = Projections.open(reading, folder / "ask.projections.db")
    projections.catch_up("registry")
    home = {**os.environ, "LEDGER_URL": str(bulk)}
    parallel = os.cpu_count() or 1
    many = [0]

    def bulk_again() -> float:
        many[0] += 1
        with works.a_ledger(folder, f"many-{many[0]}") as ledger:
            return baselines.timed(lambda: ledger.record_many(works.events(events)), events)

    def c() -> float:
        return baselines.commit_one(folder, datas[:count])

    def w() -> float:
        return baselines.write_4k(folder)

    def per_speed_up() -> float:
        return baselines.verify_one() / works.spin_speed_up(parallel)

    return {
        "record": Row("`record`, one caller", "C", 2.2, 1.7, lambda: works.record_one(one, count), c),
        "threads8": Row(
            "`record`, 8 threads", "W", 2.0, 1.3, lambda: works.record_threads(crowd, 8, max(count // 8, 1)), w
        ),
        "threads64": Row(
            "`record`, 64 threads", "W", 1.2, 0.7, lambda: works.record_threads(crowd, 64, max(count // 32, 1)), w
        ),
        "many": Row(
            "`record_many`", "I", 4.5, 3.0, bulk_again, lambda: baselines.insert_bulk(folder, datas)
        ),
        "verify": Row(
            "`verify`, batch-signed, one core", "H", 4.5, 3.0,
            lambda: works.verify(bulk, size), lambda: baselines.read_and_hash(bulk, size),
        ),
        "signed": Row(
            f"`verify`, a signature an entry, {parallel} processes", "V / speed-up", 1.25, 1.08,
            lambda: works.verify(folder / "signed.db", count + 1, parallel), per_speed_up,
        ),
        "rebuild": Row(
            "rebuild of the registry", "D", 5.0, 2.8,
            lambda: works.rebuild(reading, size, folder / "r.projections.db"),
            lambda: baselines.read_and_decode(bulk, size),
        ),
        "production": Row("`production`, library", "ms", 1.0, 0.2, lambda: works.ask(projections), lambda: 1e-3),
        "command": Row(
            "`ledger production`, command", "P", 25, 15,
            lambda: baselines.start([commands, "production"], home), baselines.start_python,
        ),
        "import": Row(
            "`import ledger`", "P", 7, 5,
            lambda: baselines.start([sys.executable, "-c", "import ledger"]), baselines.start_python,
        ),
        "disk": Row(
            "bytes on disk an event", "entry", 1.25, 1.1,
            lambda: float(bulk.stat().st_size), lambda: float(sum(len(r.data) for r in reading.store.rows(0, size))),
        ),
        "memory_verify": Row(
            "peak memory, `verify`", "MiB", 200, 100, lambda: works.peak_of("verify", folder, size), lambda: 1.0
        ),
        "memory_rebuild": Row(
            "peak memory, rebuild", "MiB", 200, 100, lambda: works.peak_of("rebuild", folder, size), lambda: 1.0
        ),
        "memory_many": Row(
            "peak memory, `record_many`", "MiB", 200, 100,
            lambda: works.peak_of("record_many", folder, events), lambda: 1.0,
        ),
    }  # fmt: skip


ONCE = {"disk", "memory_verify", "memory_rebuild", "memory_many"}


def serving(n: int) -> dict[str, Any]:
    """Return a deployment of one version."""
    return {
        "system": "credit-scoring",
        "version": f"3.{n}.0",
        "artifacts": {"model": f"sha256:{works.DIGESTS[n]}"},
        "environment": "production",
        "deployment": "main",
    }


def measure(name: str, row: Row, rounds: int) -> dict[str, Any]:
    """Run work and baseline in turn; the ratio is that of each pair, the median of them is told."""
    pairs = [(row.baseline(), row.work()) for _ in range(1 if name in ONCE else rounds)]
    ratios = sorted(work / base for base, work in pairs)
    middle = statistics.median(ratios)
    return {
        "name": name,
        "work": row.name,
        "unit": row.unit,
        "baseline_us": round(statistics.median(base for base, _ in pairs) * 1e6, 3),
        "work_us": round(statistics.median(work for _, work in pairs) * 1e6, 3),
        "ratio": round(middle, 3),
        "low": round(ratios[0], 3),
        "high": round(ratios[-1], 3),
        "must": row.must,
        "goal": row.goal,
        "verdict": "goal" if middle <= row.goal else "must" if middle <= row.must else "missed",
    }


def line(found: dict[str, Any]) -> str:
    """Return a line of the Markdown table."""
    spread = f"{found['ratio']:.2f} [{found['low']:.2f}, {found['high']:.2f}] {found['unit']}"
    return f"| {found['work']} | {spread} | {found['must']:g} | {found['goal']:g} | {found['verdict']} |"


def machine() -> str:
    """Say where this was measured."""
    info = Path("/proc/cpuinfo")
    known = info.read_text().splitlines() if info.exists() else []
    cpu = next(
        (text.split(":")[1].strip() for text in known if "model name" in text),
        platform.processor(),
    )
    return (
        f"{os.cpu_count()} cores of {cpu}, {platform.system()} {platform.release()},"
        f" Python {platform.python_version()}, SQLite {apsw.sqlite_lib_version()}"
    )


def main() -> None:
    """Measure, print the table, save the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000, help="events in the bulk ledger (1,000,000 takes long)")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", nargs="*", default=[], help="names of rows")
    parser.add_argument("--json", type=Path, help="where to save the figures")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        for name, part in (("HOME", "home"), ("XDG_CONFIG_HOME", "config"), ("XDG_STATE_HOME", "state")):
            os.environ[name] = str(Path(temporary) / part)
        found = []
        made = rows(Path(temporary), given.events)
        print(f"{given.events:,} events; {datetime.now(UTC):%Y-%m-%d}; {machine()}\n")
        print("| work | ratio, median [low, high] | must | goal | |\n|---|---|---|---|---|")
        for name in given.only or made:
            found.append(measure(name, made[name], given.rounds))
            print(line(found[-1]), flush=True)
        if given.json:
            document = {"events": given.events, "machine": machine(), "rows": found}
            given.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

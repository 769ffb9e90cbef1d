"""`python -m benchmarks`: the table of what must hold and what is aimed at, as ratios in one interleaved run."""

import argparse
import json
import os
import platform
import statistics
import tempfile
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import apsw

from benchmarks.bench import Bench, Row

ROUNDS = 5


# Modules here, each with a function `rows`.
GROUPS = (
    "core", "proofs", "growing", "spooling", "publishing", "bundling", "served", "migrating", "clustered", "peers",
)  # fmt: skip


def measure(name: str, row: Row, rounds: int) -> dict[str, Any]:
    """Run work and baseline in turn; the ratio is that of each pair, the median of them is told."""
    pairs = [(row.baseline(), row.work()) for _ in range(1 if row.once else rounds)]
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
        "verdict": _verdict(middle, row),
    }


def _verdict(ratio: float, row: Row) -> str:
    if row.must is None or row.goal is None:
        return ""
    return "goal" if ratio <= row.goal else "must" if ratio <= row.must else "missed"


def line(found: dict[str, Any]) -> str:
    """Return a line of the Markdown table."""
    spread = f"{found['ratio']:.2f} [{found['low']:.2f}, {found['high']:.2f}] {found['unit']}"
    must, goal = (f"{found[name]:g}" if found[name] is not None else "" for name in ("must", "goal"))
    return f"| {found['work']} | {spread} | {must} | {goal} | {found['verdict']} |"


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
        bench, made = Bench(Path(temporary), given.events), dict[str, Row]()
        for group in GROUPS:
            made |= import_module(f"benchmarks.{group}").rows(bench)
        if unknown := set(given.only) - made.keys():
            parser.error(f"no row {', '.join(sorted(unknown))}; there are {', '.join(made)}")
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

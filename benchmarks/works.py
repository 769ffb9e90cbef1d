"""The work that is measured, each in seconds a unit, or in MiB."""

import hashlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks import baselines
from ledger.api import Ledger
from ledger.bundle.export import export_bundle
from ledger.cli.moving import fingerprints
from ledger.migrate import migrate
from ledger.publish import publish
from ledger.stores.folder import Folder
from ledger.stores.opening import open_read_only
from ledger.verify import verify_log
from projections import Projections, production

VERSIONS = 1_000
DIGESTS = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(VERSIONS)]


def events(count: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield evaluations of a thousand versions, as a monitoring job records them; making them is timed too.

    A statement has about 500 bytes, its entry 700.
    """
    about = [
        {"system": "credit-scoring", "version": f"3.{v}.0", "artifacts": {"model": f"sha256:{DIGESTS[v]}"}}
        for v in range(min(VERSIONS, count))
    ]
    groups = {"age<25": {"auc": 0.71}}
    methods = {"auc": "sklearn.metrics.roc_auc_score", "f1": "sklearn.metrics.f1_score"}
    verdict = {"groups": groups, "methods": methods, "passed": True, "capture": False}
    for n in range(count):
        metrics = {"auc": 0.5 + n / 1e7, "f1": 0.7}
        yield "evaluated", {**about[n % VERSIONS], "metrics": metrics, **verdict}


def serving(n: int) -> dict[str, Any]:
    """Return a deployment of one version."""
    return {
        "system": "credit-scoring",
        "version": f"3.{n}.0",
        "artifacts": {"model": f"sha256:{DIGESTS[n]}"},
        "environment": "production",
        "deployment": "main",
    }


def a_ledger(folder: Path, name: str) -> Ledger:
    """Make a ledger of its own for a measurement."""
    return Ledger.create(folder / f"{name}.db", origin=f"bench.example/{name}", actor="mara")


def record_one(ledger: Ledger, count: int) -> float:
    """One caller, one statement a commit."""
    fields = [said for _, said in events(count)]

    def work():
        for said in fields:
            ledger.record("evaluated", **said)

    return baselines.timed(work, count)


def record_threads(ledger: Ledger, threads: int, each: int) -> float:
    """Many callers of one process, who share commits."""

    def one():
        for _, said in events(each):
            ledger.record("evaluated", **said)

    crowd = [threading.Thread(target=one) for _ in range(threads)]

    def work():
        for thread in crowd:
            thread.start()
        for thread in crowd:
            thread.join()

    return baselines.timed(work, threads * each)


def verify(database: Path, size: int, processes: int = 1) -> float:
    """Every check over a whole log."""
    store = open_read_only(str(database))

    def work():
        report = verify_log(store, processes=processes, opener=open_read_only)
        assert report.verdict == "UNPINNED", report

    seconds = baselines.timed(work, size)
    store.close()
    return seconds


def spin_speed_up(processes: int) -> float:
    """How much faster `processes` are than one at doing nothing: what any work can hope for here."""
    alone = baselines.spin()
    with get_context("spawn").Pool(processes) as pool:
        pool.map(baselines.spin, [1000] * processes)
        together = baselines.timed(lambda: pool.map(baselines.spin, [3_000_000] * processes), 1)
    return processes * alone / together


def rebuild(ledger: Ledger, size: int, path: Path) -> float:
    """The registry from nothing."""
    path.unlink(missing_ok=True)

    def work():
        with Projections.open(ledger, path) as projections:
            projections.catch_up("registry")

    return baselines.timed(work, size)


def ask(projections: Projections, count: int = 200) -> float:
    """`production`, one slot, in the library: seconds a question."""

    def work():
        for _ in range(count):
            projections.catch_up("registry")
            assert production(projections)

    return baselines.timed(work, count)


def publish_all(ledger: Ledger, folder: Path) -> float:
    """Static files of a whole log, into a new folder: seconds an entry."""
    shutil.rmtree(folder, ignore_errors=True)
    head = ledger.store.head()
    return baselines.timed(lambda: publish(ledger.store, head.note, Folder(folder)), head.covered)


def publish_more(ledger: Ledger, folder: Path, count: int = 1_000) -> float:
    """What is new in a log since it was published to a folder: seconds an entry."""
    ledger.record_many(events(count))
    head = ledger.store.head()

    def work():
        assert publish(ledger.store, head.note, Folder(folder)).before == head.size - count

    return baselines.timed(work, count)


def export(ledger: Ledger, output: Path) -> float:
    """Write a log into one file: seconds an entry."""
    output.unlink(missing_ok=True)
    size = len(ledger)
    return baselines.timed(lambda: export_bundle(ledger.store, ledger.genesis, output), size)


def move(bulk: Path, destination: Path | str, *, fold: bool = False) -> float:
    """A copy of the bulk ledger moved elsewhere: seconds an entry. `fold`: projections are folded on both sides."""
    path = bulk.with_name(f"moving-{Path(destination).name}"[:80])
    shutil.copy(bulk, path)
    os.environ["LEDGER_PIN"] = f"{path}.pin"  # nobody has seen this copy: no pin holds it against another
    compared = fingerprints if fold else lambda _: {}
    try:
        with Ledger.open(path, actor="mara") as ledger:
            return baselines.timed(lambda: migrate(ledger, str(destination), fingerprints=compared), len(ledger))
    finally:
        del os.environ["LEDGER_PIN"]
        path.unlink()


PEAK = """
import sys
from pathlib import Path
from benchmarks import works
works.peak(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(int(peak.split()[1]) // 1024)  # not ru_maxrss: that begins with what the parent had
"""


def peak(what: str, folder: Path, size: int) -> None:
    """Do one thing, in a process that does nothing else, so that its peak memory is the thing's."""
    if what == "record_many":
        with a_ledger(folder, f"peak-{size}") as ledger:
            ledger.record_many(events(size))
        return
    if what == "migrate":
        move(folder / "bulk.db", folder / "moved-peak.db", fold=True)
        return
    with Ledger.open(folder / "bulk.db", read_only=True) as ledger:
        if what == "verify":
            verify(ledger.path, size)
        elif what == "export":
            export(ledger, folder / "peak.zip")
        elif what == "publish":
            publish_all(ledger, folder / "peak.public")
        else:
            rebuild(ledger, size, folder / "peak.projections.db")


def peak_of(what: str, folder: Path, size: int) -> float:
    """Return the peak memory of `what` in MiB."""
    words = [sys.executable, "-c", PEAK, what, str(folder), str(size)]
    top = str(Path(__file__).parents[1])
    done = subprocess.run(words, check=True, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": top})
    return float(done.stdout)

"""Verification and rebuild by the workers of an executor: how much they gain, beside a loop that spins."""

import os
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from multiprocessing import get_context

from benchmarks import baselines
from benchmarks.bench import Bench, Row
from ledger.stores.opening import open_read_only
from ledger.verify import verify_log
from projections import Projections

MUST = 1.25  # of what a spinning loop gains, 0.8


def rows(bench: Bench) -> dict[str, Row]:
    """The lines of clusters, by name; Dask's where it is installed."""
    workers = os.cpu_count() or 1
    made = {}
    for name, kind in {"pool": _pool, "dask": _dask}.items():
        if name == "dask" and find_spec("distributed") is None:
            continue
        said = {"pool": "processes", "dask": "Dask workers"}[name]
        made[f"{name}_verify"] = Row(
            f"`verify` by {workers} {said}", "loop's speed-up", MUST, 1.08,
            lambda kind=kind: _ratio(kind, workers, lambda on: _verify(bench, on)), lambda: 1.0,
        )  # fmt: skip
        made[f"{name}_rebuild"] = Row(
            f"rebuild by {workers} {said}", "loop's speed-up", MUST, 1.08,
            lambda kind=kind: _ratio(kind, workers, lambda on: _rebuild(bench, on, workers)), lambda: 1.0,
        )  # fmt: skip
    return made


def _ratio(kind, workers: int, work) -> float:
    """Return the speed-up of a loop that spins, divided by that of some work: all on the same workers, in turn."""
    with kind(workers) as executor:
        list(executor.map(_warm, range(4 * workers)))
        spins = [3_000_000] * workers
        spun, together = (
            sum(baselines.spin() for _ in range(workers)),
            baselines.timed(lambda: list(executor.map(baselines.spin, spins)), 1),
        )
        alone, shared = work(None), work(executor)
    return (spun / together) / (alone / shared)


def _warm(_: int) -> str:
    """Import in a worker what it will need."""
    return f"{verify_log} {Projections}"


def _verify(bench: Bench, executor: Executor | None) -> float:
    store = bench.reading.store
    many = os.cpu_count() or 1

    def work():
        report = verify_log(store, executor=executor, processes=many if executor else 1, opener=open_read_only)
        assert report.verdict == "UNPINNED", report

    return baselines.timed(work, 1)


def _rebuild(bench: Bench, executor: Executor | None, shares: int) -> float:
    path = bench.folder / "clustered.projections.db"
    path.unlink(missing_ok=True)
    with Projections.open(bench.reading, path) as projections:
        return baselines.timed(lambda: projections.rebuild("registry", executor=executor, shares=shares), 1)


def _pool(workers: int) -> AbstractContextManager[Executor]:
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"))


@contextmanager
def _dask(workers: int):
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster,
        Client(cluster) as client,
    ):
        yield client.get_executor()

"""What a run of the benchmarks shares: a folder, a number of events, ledgers that are made when first asked for."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from benchmarks import baselines, works
from ledger.api import Ledger


class Row(NamedTuple):
    """One line of the table: what is measured, in which unit of the baseline, what is allowed and aimed at.

    Work and baseline are run in turn, and give seconds a unit (or MiB, bytes). `once`: it says the same each time.
    """

    name: str
    unit: str
    must: float | None
    goal: float | None
    work: Callable[[], float]
    baseline: Callable[[], float]
    once: bool = False


class Bench:
    """The surroundings of a run."""

    def __init__(self, folder: Path, events: int) -> None:
        self.folder = folder
        self.events = events
        self.some = min(2_000, events)  # of what waits for the disk
        self._names = iter(range(1_000_000))

    def number(self) -> int:
        """Return a number that was not given out before, for names."""
        return next(self._names)

    def ledger(self, name: str) -> Ledger:
        """Make a new ledger."""
        return works.a_ledger(self.folder, f"{name}-{self.number()}")

    @cached_property
    def bulk(self) -> Path:
        """A ledger of all events in batches, and one deployment."""
        with works.a_ledger(self.folder, "bulk") as ledger:
            ledger.record_many(works.events(self.events))
            ledger.record("deployed", **works.serving(0))
        return self.folder / "bulk.db"

    @cached_property
    def reading(self) -> Ledger:
        """That ledger, opened for reading."""
        return Ledger.open(self.bulk, read_only=True)

    @cached_property
    def size(self) -> int:
        """Its number of entries."""
        return len(self.reading)

    @cached_property
    def datas(self) -> list[bytes]:
        """The bytes of some of its entries, for the baselines."""
        return [row.data for row in self.reading.store.rows(1, min(self.size, 20_001))]

    def w(self) -> float:
        """W: 4 KiB and fdatasync."""
        return baselines.write_4k(self.folder)

    def c(self) -> float:
        """C: one insert of an entry's bytes, one durable commit."""
        return baselines.commit_one(self.folder, self.datas[: self.some])

    def i(self) -> float:
        """I: a row of a bulk insert."""
        return baselines.insert_bulk(self.folder, self.datas)

    def h(self) -> float:
        """H: read and hash an entry."""
        return baselines.read_and_hash(self.bulk, self.size)

    def d(self) -> float:
        """D: read and decode an entry."""
        return baselines.read_and_decode(self.bulk, self.size)

"""Verifying what a log grew by, for somebody who relies on a few of its entries: no walk over the others."""

from functools import cache

from benchmarks import baselines
from benchmarks.bench import Bench, Row
from ledger.growth import Checked, verify_growth
from ledger.policy import Policy

SHOWN = 12  # entries that a decision rests on


@cache
def before(bench: Bench) -> Checked:
    """Return what all checks over all entries but the newest leave behind."""
    ledger = bench.reading
    report = ledger.verify(Policy(keys=ledger.genesis.log_keys))
    assert not report.failures
    return Checked(ledger.genesis_leaf, report.size, report.root, report.acts, frozenset())


def look_again(bench: Bench) -> float:
    """Verify the log once more: seconds in all."""
    ledger, known = bench.reading, before(bench)
    shown = range(1, known.size, max(1, known.size // SHOWN))

    def work() -> None:
        report = verify_growth(ledger.store, Policy(keys=ledger.genesis.log_keys), known, shown)
        assert report is not None
        assert report.verdict == "VERIFIED"

    return baselines.timed(work, 1)


def rows(bench: Bench) -> dict[str, Row]:
    """The rows of this group."""
    name = f"verify again, {bench.events:,} events known, {SHOWN} of them shown"
    return {"growth": Row(name, "ms", None, None, lambda: look_again(bench), lambda: 1e-3)}

"""One's own ledger verified: by what this user's side vouches for."""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from ledger.bundle.checks import verify_store
from ledger.config import Place
from ledger.growth import verify_growth
from ledger.marks import keep_mark, read_mark
from ledger.pins import trusted_pins
from ledger.policy import Policy
from ledger.report import Report
from ledger.roots import read_roots
from ledger.store import Store
from ledger.stores.opening import opener_of
from ledger.telemetry import span, verified

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from ledger.api import Ledger


def own_policy(place: Place, origin: str, genesis: str, now: str) -> Policy:
    """Return what this user's side vouches for: the pins, and the key in the ledger.toml of the checkout."""
    return Policy(
        keys=(place.key,) if place.key else (),
        key_source=place.source,
        genesis=place.genesis,
        genesis_source=place.source,
        origin=place.origin,
        checkpoints=trusted_pins(origin, genesis, place.location),
        tsa_roots=read_roots((), place),
        now=now,
    )


def verify(
    store: Store,
    origin: str,
    policy: Policy,
    *,
    processes: int,
    executor: "Executor | None" = None,
    progress: Callable[[int, int], None] | None,
) -> Report:
    """Run every check over a log, and tell telemetry what was found."""
    with span("verify", origin=origin) as at:
        report = verify_store(
            store, policy, processes=processes, executor=executor, opener=opener_of(store), progress=progress
        )
        verified(report.verdict, report.size, at)
    return report


def look_over(
    ledger: "Ledger",
    shown: Collection[int],
    release: str,
    *,
    processes: int,
    progress: Callable[[int, int], None] | None,
) -> tuple[Report, str]:
    """Verify one's own ledger for somebody who relies on the entries `shown`; return the report, and "" or a time.

    Where this user ran all checks before (at that time), what grew since and the shown entries are checked, all of it
    under the roots of then and now; where that leaves anything open, all checks are run again.
    """
    mark, policy = read_mark(ledger.origin, release), ledger.own_policy()
    if mark is not None:
        report = verify_growth(ledger.store, policy, mark.checked, shown)
        if report is not None:
            keep_mark(ledger.store, ledger.genesis, report, release, mark)
            return report, mark.time
    report = ledger.verify(policy, processes=processes, progress=progress)
    keep_mark(ledger.store, ledger.genesis, report, release)
    return report, ""

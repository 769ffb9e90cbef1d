"""One's own ledger verified: by what this user's side vouches for."""

from collections.abc import Callable

from ledger.config import Place
from ledger.pins import trusted_pins
from ledger.policy import Policy
from ledger.report import Report
from ledger.roots import read_roots
from ledger.store import Store
from ledger.stores.opening import opener_of
from ledger.telemetry import span, verified
from ledger.verify import verify_log


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
    store: Store, origin: str, policy: Policy, *, processes: int, progress: Callable[[int, int], None] | None
) -> Report:
    """Run every check over a log, and tell telemetry what was found."""
    with span("verify", origin=origin) as at:
        report = verify_log(store, policy, processes=processes, opener=opener_of(store), progress=progress)
        verified(report.verdict, report.size, at)
    return report

"""`ledger verify`."""

import os
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ledger import __version__
from ledger.bundle.checks import take_evidence, verify_store
from ledger.bundle.store import BundleStore
from ledger.cli.frame import Call, command
from ledger.cli.pinning import keep
from ledger.cli.progress import progress_bar
from ledger.cli.screen import Answer
from ledger.cli.trusting import Given, genesis_of, policy_of, read_keys
from ledger.cli.verdict import report_block
from ledger.config import FILE, held_by, resolve
from ledger.errors import Misuse, Tampered
from ledger.extracts import is_consistency
from ledger.marks import keep_mark
from ledger.pins import UNKEPT, pin_path, read_pin
from ledger.presence import Present, check_evidence, read_below
from ledger.receipts import is_proof
from ledger.report import Failure, Report
from ledger.stores.opening import is_url, locate, open_read_only, opener_of

if TYPE_CHECKING:
    from ledger.api import Ledger
    from ledger.policy import Policy
    from ledger.store import Store

_MANY: Final = 100_000  # entries from which further processes are worth their start


@command()
@click.argument("what", metavar="[PATH|URL|RECEIPT]", required=False)
@click.option("--key", "keys", metavar="VKEY", multiple=True, help="The log's key, got by another way.")
@click.option(
    "--checkpoint", "checkpoints", multiple=True, type=click.Path(path_type=Path), help="A signed checkpoint."
)
@click.option("--policy", type=click.Path(path_type=Path), help="A file of yours: keys, witnesses, least size.")
@click.option(
    "--tsa-root", "roots", multiple=True, type=click.Path(path_type=Path), help="A time-stamping authority's root, PEM."
)
@click.option("--evidence", type=click.Path(path_type=Path), help="A folder in which all evidence must be found.")
@click.option("--allow-unpinned", is_flag=True, help="Exit 0 for UNPINNED too.")
@click.option("--processes", type=click.IntRange(1), help="Else: one a core for a long log.")
def verify(
    call: Call,
    what: str | None,
    keys: tuple[str, ...],
    checkpoints: tuple[Path, ...],
    policy: Path | None,
    roots: tuple[Path, ...],
    evidence: Path | None,
    allow_unpinned: bool,
    processes: int | None,
) -> Answer:
    """Run every check. Without PATH: your own ledger, by its ledger.toml and your pin. PATH of something received: by
    --key, --policy, --checkpoint and your own pins alone, never by files beside it. A URL is a PATH, too."""
    given = Given(read_keys(keys), checkpoints, roots, policy, Path(what) if what is not None else None)
    if what is not None and Path(what).is_file() and (checked := _small_file(call, Path(what), given)) is not None:
        return checked
    if what is not None and call.location is not None:
        raise Misuse("PATH and --ledger both say which", "PATH for what you received, --ledger for yours", code="usage")
    place = None if what is not None else resolve(call.location)
    location = _received(what) if what is not None else resolve(call.location).location
    with closing(open_read_only(location)) as store:
        report = _verify(store, policy_of(genesis_of(store), place, given), processes, evidence)
        pinned = _pin(store, report, "" if place is None else place.location)
        if place is not None and (genesis := genesis_of(store)) is not None:
            keep_mark(store, genesis, report, __version__)
        said = _pin_said(pinned, report.verdict)
        received = "" if what is None else location if is_url(location) else what
        block = report_block(report, store, received, pin=said)
    code = 0 if allow_unpinned and report.verdict == "UNPINNED" else report.exit_code
    return Answer({**report.to_json(), "pin": pinned}, block, code)


def _small_file(call: Call, path: Path, given: Given) -> Answer | None:
    """Check a receipt or a proof of consistency; None for any other file."""
    begin = _first_bytes(path)
    if is_proof(begin):
        from ledger.cli.receipt import check_receipt

        return check_receipt(call, path, given)
    if is_consistency(begin):
        from ledger.cli.consistent import check_consistency_file

        return check_consistency_file(call, path, given)
    return None


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(64)
    except OSError as error:
        raise Misuse(f"{path}: {error.strerror}", "name a ledger or a receipt", code="no_file") from None


def _received(what: str) -> str:
    """Return where what was received is, by its own name: a ledger.toml beside it is not read."""
    location = locate(what, "the argument")
    if is_url(location):
        return location
    path = Path(location)
    if not path.exists():
        raise Misuse(f"{path}: no such file or folder", "name a ledger or a receipt", code="no_file")
    return held_by(path.parent if path.name == FILE else path)


def look_over(ledger: "Ledger", shown: Collection[int] = ()) -> tuple[Report, str]:
    """Verify one's own ledger for what is `shown` of it, with a bar on a terminal where that takes a while."""
    from ledger.own import look_over as look

    size = len(ledger)
    workers = os.cpu_count() or 1 if size >= _MANY else 1
    with progress_bar("verify", size) as progress:
        return look(ledger, shown, __version__, processes=workers, progress=progress)


def _verify(store: "Store", policy: "Policy", processes: int | None, evidence: Path | None) -> Report:
    size = store.head().size
    workers = processes or (os.cpu_count() or 1 if size >= _MANY else 1)
    try:
        with progress_bar("verify", size) as progress:
            report = verify_store(store, policy, processes=workers, opener=opener_of(store), progress=progress)
        report = _beside(store, report, evidence)
    except Tampered as error:
        report = _unreadable(error, size, policy)
    return report


def _beside(store: "Store", report: Report, evidence: Path | None) -> Report:
    """What is to be checked besides the log: the rest of a bundle, and evidence, where that is asked for."""
    present = read_below(evidence) if evidence is not None else Present.nothing()
    if isinstance(store, BundleStore):
        take_evidence(store, present)
    elif evidence is None:
        return report
    return check_evidence(store, report, present, asked=evidence is not None)


def _unreadable(error: Tampered, size: int, policy: "Policy") -> Report:
    """What the store itself could not give is broken, too."""
    return Report(
        origin=policy.origin,
        size=size,
        checked=0,
        covered=0,
        root="",
        verdict="BROKEN",
        failures=(Failure(error.check, error.code, error.seq, error.message),),
    )


def _pin(store: "Store", report: Report, location: str) -> dict[str, object]:
    """Move the pin after checks that passed; the first one vouches from the next run on, never for this one."""
    if report.verdict not in ("VERIFIED", "UNPINNED"):
        return {"moved": False}
    genesis = genesis_of(store)
    if genesis is None:
        return {"moved": False}
    path = pin_path(report.origin)
    first = read_pin(path) is None
    try:
        moved = keep(store, report.origin, genesis.leaf, report.covered, location)
    except Misuse as error:
        if error.code != UNKEPT:
            raise
        return {"moved": False, "first": False, "path": str(path), "why": f"{error.message}: {error.fix}"}
    return {"moved": moved, "first": first and moved, "path": str(path)}


def _pin_said(pinned: dict[str, object], verdict: str) -> str:
    """What a person is told of their pin, where it is new or could not be kept: the verdict stands without it."""
    if "why" in pinned:
        return f"not kept: {pinned['why']}"
    if verdict != "UNPINNED" or not pinned.get("first"):
        return ""
    return "made now; the next run can say that nothing was changed since"

"""`ledger production`, `registry`, `lineage`, `diff`: questions to the projections, and how they are opened."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from ledger.cli.frame import Call, command, nearest
from ledger.cli.screen import Answer, Paint
from ledger.errors import LedgerError, Misuse, Tampered, Unavailable

if TYPE_CHECKING:
    from ledger.api import Ledger
    from projections.opening import Projections


def past(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the two options that every state takes."""
    for option, words in (
        ("--known-at", "As the ledger stood then."),
        ("--as-of", "As things were, by all known now."),
    ):
        function = click.option(option, metavar="TIME", help=words)(function)
    return function


@contextmanager
def asked(call: Call, as_of: str | None = None, known_at: str | None = None) -> "Iterator[Asked]":
    """Open ledger and projections, caught up; a past moment, or a folder that cannot be written, gets its own."""
    with call.open() as ledger, opened(ledger, as_of, known_at) as projections:
        yield ledger, projections


Asked = tuple["Ledger", "Projections"]


def opened(ledger: "Ledger", as_of: str | None = None, known_at: str | None = None) -> "Projections":
    """Return the projections beside a ledger, caught up, or those of a moment of the past."""
    from projections.opening import Projections
    from projections.opening import as_of as of_the_past

    _check_whole(ledger)
    if as_of is None and known_at is None and not _is_bundle(ledger):
        try:
            projections = Projections.open(ledger)
        except Unavailable:
            return of_the_past(ledger)
        try:
            projections.catch_up("registry")
        except BaseException:
            projections.close()
            raise
        return projections
    from ledger.cli.said import moment

    return of_the_past(
        ledger,
        as_of=moment(as_of, "--as-of") if as_of else None,
        known_at=moment(known_at, "--known-at") if known_at else None,
    )


def _is_bundle(ledger: "Ledger") -> bool:
    """Whether this is one file for an auditor: nothing is kept beside it, and nothing that lies there is believed."""
    from ledger.bundle.store import BundleStore

    return isinstance(ledger.store, BundleStore)


def _received(ledger: "Ledger") -> str:
    """Where something lies that nothing is ever recorded in, such as a bundle: it came from somebody."""
    from ledger.cli.layout import short_path
    from ledger.stores.static import StaticStore

    given = _is_bundle(ledger) or isinstance(ledger.store, StaticStore)
    return short_path(ledger.place.location) if given else ""


def _check_whole(ledger: "Ledger") -> None:
    """What entries say that are not here might change every answer: so none is given."""
    if omitted := getattr(ledger.store, "omitted", 0):
        lacks = f"{omitted:,} of {len(ledger):,} entries"
        what = f"{ledger.place.location} leaves out {lacks}: nothing can be concluded from it"
        raise Misuse(what, "ask for the whole bundle; ledger log lists the entries that are here", code="left_out")


@command()
@click.argument("system", required=False)
@click.option("--environment", help="Else all of the production tier.")
@click.option("--prove", is_flag=True, help="Check all entries, and make the answer of all of them.")
@past
def production(
    call: Call, system: str | None, environment: str | None, as_of: str | None, known_at: str | None, *, prove: bool
) -> Answer:
    """Print which exact version runs, from which data, with which results, approved by whom.

    What is printed is read again in the entries that say it. That nothing was said later, --prove shows.
    """
    from ledger.cli.held import hold, proved, told
    from projections.questions.production import production as answer

    now = datetime.now(UTC)

    def ask(projections: "Projections") -> dict[str, Any]:
        return answer(projections, system, environment, now=now)

    with asked(call, as_of, known_at) as (ledger, projections):
        received, now_asked = _received(ledger), as_of is None and known_at is None
        if prove and (received or not now_asked):
            raise Misuse("--prove is about now, and about a ledger of one's own", "ledger verify", code="usage")
        found = proved(ledger, ask) if prove else told(ledger, projections, ask)
        if system is not None and not found["deployments"]:
            check_system(projections, system)
        covered, size = ledger.covered, len(ledger)
        if not received:
            found |= _checked_here(ledger)
            if found["deployments"] and now_asked and not prove:
                found["read_again"] = hold(ledger, projections, found, ask)
    spooled, waiting = _waiting()

    def lines(paint: Paint) -> list[str]:
        from ledger.cli.running import production_lines

        place = environment or "production"
        return [*production_lines(found, covered, size, place, paint, received=received), *waiting]

    return Answer(found | {"unsealed": size - covered, "spooled": spooled}, lines)


def _checked_here(ledger: "Ledger") -> dict[str, Any]:
    """When this user last ran all checks, to which size, and whether the entries of now still lead to that root."""
    from ledger import __version__
    from ledger.checked import last_checked
    from ledger.proving import root_at

    mark = last_checked(ledger.origin, __version__)
    if mark is None or mark.genesis != ledger.genesis_leaf:
        return {}
    try:
        holds = root_at(ledger.store, ledger.store.head(), mark.size).hex() == mark.root
    except (Misuse, Tampered):  # it shrank, or its hashes are gone
        holds = False
    return {"checked_here": {"time": mark.time, "size": mark.size, "holds": holds}}


def _waiting() -> tuple[int, list[str]]:
    """How much of what was said on this machine is not in its ledger yet, and a line about it."""
    from ledger.spool.file import Spool, spool_path

    box = Spool(spool_path())
    if not box.mark():
        return 0, []
    try:
        waits, aside, _ = box.count()
        if not waits + aside:
            return 0, []
        from ledger.cli.spooling import summary

        return waits + aside, [summary(box)]
    except LedgerError as error:
        return 0, [f"the spool cannot be read: {error.message}"]
    finally:
        box.close()


@command()
@click.argument("system", required=False)
@past
def registry(call: Call, system: str | None, as_of: str | None, known_at: str | None) -> Answer:
    """Print all systems and versions, each with its state."""
    from projections.questions.registry import registry as answer

    with asked(call, as_of, known_at) as (_, projections):
        if system is not None:
            check_system(projections, system)
        found = answer(projections, system)

    def lines(paint: Paint) -> list[str]:
        from ledger.cli.versions import registry_lines

        return registry_lines(found, paint)

    return Answer(found, lines)


def check_system(projections: "Projections", system: str) -> None:
    """Raise `Misuse` with the nearest name where there is no such system."""
    from projections.questions.registry import registry as answer

    known = [one["system"] for one in answer(projections)["systems"]]
    if system not in known:
        raise Misuse(f"no system {system!r} here{nearest(system, known)}", "ledger registry", code="unknown_system")


@command()
@click.argument("version", metavar="SYSTEM@VERSION")
@past
def lineage(call: Call, version: str, as_of: str | None, known_at: str | None) -> Answer:
    """Print whence a version came: data, code, training, evaluation, approval, deployment."""
    from projections.questions.lineage import lineage as answer

    with asked(call, as_of, known_at) as (ledger, projections):
        found = answer(projections, full_name(version, ledger))

    def lines(paint: Paint) -> list[str]:
        from ledger.cli.versions import lineage_lines

        return lineage_lines(found, paint)

    return Answer(found, lines)


@command()
@click.argument("before", metavar="SYSTEM@VERSION")
@click.argument("after", metavar="SYSTEM@VERSION")
@past
def diff(call: Call, before: str, after: str, as_of: str | None, known_at: str | None) -> Answer:
    """Print what differs between two versions: data, parameters, metrics overall and by group, artifacts."""
    from projections.questions.diff import diff as answer

    with asked(call, as_of, known_at) as (ledger, projections):
        found = answer(projections, full_name(before, ledger), full_name(after, ledger))

    def lines(paint: Paint) -> list[str]:
        from ledger.cli.versions import diff_lines

        return diff_lines(found, paint)

    return Answer(found, lines)


def full_name(version: str, ledger: "Ledger") -> str:
    """Return a version with the system of ledger.toml, where it names none."""
    return f"{ledger.place.system}{version}" if version.startswith("@") and ledger.place.system else version

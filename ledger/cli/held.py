"""What runs, held against the entries that say it: `ledger production` believes no table, and says what it read again.

    1  the answer is made from the tables of the projections, which are quick and belong to nobody
    2  it is made again from nothing but the entries that it rests on, and must be the same
    3  each of these entries stands in the tree that this user checked last; those that came since, in the stored one

What nobody can see so: that an entry was left out of the tables. That takes all entries: --prove, or a rebuild.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from ledger import entry
from ledger.errors import Misuse, Tampered
from ledger.merkle.proofs import check_inclusion, inclusion_proof
from ledger.proving import root_at, tree_reader

if TYPE_CHECKING:
    from ledger.api import Ledger
    from projections.opening import Projections

Facts = dict[str, Any]
Ask = Callable[["Projections"], Facts]
MOST: Final = 4_096  # entries that are read again: a second's work


def told(ledger: "Ledger", projections: "Projections", ask: Ask) -> Facts:
    """Return what the tables answer; raise `Tampered` where they make no sense though what all entries say does."""
    try:
        return ask(projections)
    except (IndexError, KeyError, TypeError):
        _all_say(ledger, projections, ask)  # raises the same where it is no fault of the tables
    raise Tampered("the projections' tables were changed: they make no sense", "ledger rebuild", code="projection")


def proved(ledger: "Ledger", ask: Ask) -> Facts:
    """Return what all entries say, once all of them passed the checks; raise `Tampered` where they do not."""
    from ledger.cli.verifying import look_over
    from projections.opening import as_of

    report, _ = look_over(ledger)
    if report.verdict == "BROKEN":
        first = report.failures[0]
        raise Tampered(
            f"this ledger is broken: {first.message}", "ledger verify", code="broken", seq=first.seq, report=report
        )
    with as_of(ledger) as whole:
        return ask(whole) | {"proved": report.verdict}


def hold(ledger: "Ledger", projections: "Projections", found: Facts, ask: Ask) -> int:
    """Return how many entries `found`, which `ask` made of the tables, was held against; 0 where they are too many.

    `checked_here` in it says to which size this user checked all entries, and whether they are still those. Raises
    `Tampered` where tables and entries differ, or an entry is not the one that was sealed.
    """
    from projections.questions.resting import from_entries_of_each

    try:
        again, rests = from_entries_of_each(
            projections, found["deployments"], ledger.store.authority(), ask, MOST
        )
    except Misuse as error:
        if error.code != "too_many":
            raise
        return 0
    if again["deployments"] != found["deployments"] and _all_say(ledger, projections, ask) != found["deployments"]:
        raise Tampered(
            "what the projections say of what runs is not what its entries say: one of the two was changed",
            "ledger verify; if that is VERIFIED, ledger rebuild",
            code="projection",
        )
    here = found.get("checked_here", {})
    _prove(ledger, sorted(rests), here["size"] if here.get("holds") else 0)
    return len(rests)


def _all_say(ledger: "Ledger", projections: "Projections", ask: Ask) -> list[Facts]:
    """Return what all entries say: what some of them say may be less, and nobody is accused for that."""
    from projections.opening import as_of

    moment = projections.moment
    with as_of(ledger, as_of=moment.as_of_or_none, known_at=moment.known_at_or_none) as whole:
        deployments: list[Facts] = ask(whole)["deployments"]
    return deployments


def _prove(ledger: "Ledger", seqs: Iterable[int], checked: int) -> None:
    """Show that entries are those under the root to which all was checked, or that is stored (C9)."""
    store = ledger.store
    head = store.head()
    tree = tree_reader(store, head)
    roots = {size: root_at(store, head, size) for size in (checked, head.size) if size}
    for seq in seqs:
        size = checked if seq < checked else head.size
        try:
            check_inclusion(seq, size, entry.leaf(store.read(seq)), inclusion_proof(seq, size, tree), roots[size])
        except Tampered:  # by an entry beside it, it may be: which one, all of them tell
            raise Tampered(
                "what this rests on is not what was sealed: entries were changed, or the hashes beside them",
                "ledger verify",
                code="not_sealed",
                check=9,
            ) from None

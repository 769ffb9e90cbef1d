"""What differs between two versions."""

from typing import TYPE_CHECKING, Any

from ledger.errors import Misuse
from projections.comparing import Item, compare
from projections.database import Database
from projections.questions import facts
from projections.questions.facts import Facts, lean
from projections.questions.naming import find_version

if TYPE_CHECKING:
    from projections.opening import Projections


def diff(projections: "Projections", before: str, after: str) -> dict[str, Any]:
    """Return the document `ledger.diff/1`: what differs, what is equal, and metrics as far as they may be compared.

    Raises `Misuse` for an unknown version, and for versions of two systems.
    """
    with projections.reading() as database:
        old, new = find_version(database, before), find_version(database, after)
        if old[0] != new[0]:
            systems = f"{old[0]}, {new[0]}"
            raise Misuse(f"{before!r} and {after!r} are of two systems: {systems}", "compare versions of one system")
        items = compare(database, new[0], old[1], new[1])
        return {
            "schema": "ledger.diff/1", "origin": projections.source.origin, "size": projections.position("registry"),
            "system": new[0], "before": _named(database, *old), "after": _named(database, *new),
            "differences": [facts.with_data(database, told(one)) for one in items if not one.equal],
            "equal": [{"part": one.part, "name": one.name} for one in items if one.equal],
        }  # fmt: skip


def _named(database: Database, system: str, digest: str) -> Facts:
    row = facts.version(database, system, digest)
    return lean({"version": row.get("version"), "digest_set": digest, "first_seq": row.get("first_seq")})


def told(item: Item) -> Facts:
    """One difference as JSON; a metric that may not be compared has `why_not` and no `delta`."""
    return lean(
        {
            "part": item.part, "name": item.name, "group": item.group or None,
            "before": item.before, "after": item.after, "delta": item.delta, "why_not": item.why_not or None,
            "threshold": item.threshold or None, "met": item.met, "seqs": list(item.seqs),
        }
    )  # fmt: skip

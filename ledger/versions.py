"""Which digest set a version's name stands for in a ledger: what its own statements bound it to."""

from typing import TYPE_CHECKING, Final

from ledger import entry, statement
from ledger.errors import Misuse
from ledger.statement import Ref

if TYPE_CHECKING:
    from ledger.api import Ledger


def look_up(ledger: "Ledger", system: str, version: str) -> tuple[Ref | None, dict[str, str]]:
    """Return a reference to the statement that first named the version's digest set, and the set.

    The set is the registered one; where none is registered, the trained one; else the one that is spoken of. Raises
    `Misuse` where no statement names one, or where two name different ones in the same way.
    """
    sets = named_sets(ledger, system, version)
    if not sets:
        raise Misuse(
            f"no statement here names the artifacts of {system}@{version}",
            'of=RECEIPT, or artifacts={"model": ledger.file("model.joblib")}',
            code="no_set",
        )
    if len(sets) > 1:
        places = ", ".join(str(seq) for seq, _ in sets.values())
        raise Misuse(
            f"'{system}@{version}' names {len(sets)} sets (entries {places})",
            "of=RECEIPT, or artifacts={...}; better a new version",
            code="two_sets",
        )
    seq, artifacts = next(iter(sets.values()))
    return ref_to(ledger.read(seq)), artifacts


def named_sets(ledger: "Ledger", system: str, version: str) -> dict[str, tuple[int, dict[str, str]]]:
    """Return the digest sets that a version's name stands for, each with the first entry that names it."""
    found: dict[str, dict[str, tuple[int, dict[str, str]]]] = {}
    for placed in ledger.entries(system=system, version=version):
        artifacts = placed.statement.subject.get("artifacts")
        if isinstance(artifacts, dict):
            how = placed.statement.type if placed.statement.type in MAKES else ""
            found.setdefault(how, {}).setdefault(statement.set_digest(artifacts), (placed.seq, artifacts))
    return next((found[how] for how in (*MAKES, "") if how in found), {})


MAKES: Final = ("version_registered", "trained")  # what binds a name to a set; the first that is there counts


def find_dataset(ledger: "Ledger", dataset: str) -> str | None:
    """Return the digest under which a dataset was registered last; None where it was not, or without its bytes."""
    found = None
    for placed in ledger.entries(type="dataset_registered"):
        if placed.statement.subject.get("dataset") == dataset and placed.statement.evidence:
            found = str(placed.statement.evidence[0]["digest"])
    return found


def ref_to(data: bytes) -> Ref:
    """Return a reference to the statement in an entry's bytes: its id and its hash."""
    hash = statement.statement_hash(entry.body_of(data)).hex()
    return Ref(hash=hash, id=entry.view(data).statement.id)

"""Which digest set a version's name stands for in a ledger: what its own statements bound it to."""

from typing import TYPE_CHECKING

from ledger import statement
from ledger.errors import Misuse

if TYPE_CHECKING:
    from ledger.api import Ledger


def look_up(ledger: "Ledger", system: str, version: str) -> tuple[str | None, dict[str, str]]:
    """Return the id of the first statement that names the version's digest set, and the set.

    Raises `Misuse` where no statement names one, or where two name different ones.
    """
    sets: dict[str, tuple[int, str, dict[str, str]]] = {}
    for placed in ledger.entries(system=system, version=version):
        artifacts = placed.statement.subject.get("artifacts")
        if isinstance(artifacts, dict):
            sets.setdefault(statement.set_digest(artifacts), (placed.seq, placed.statement.id, artifacts))
    if not sets:
        raise Misuse(
            f"no statement here names the artifacts of {system}@{version}",
            'of=RECEIPT, or artifacts={"model": ledger.file("model.joblib")}',
            code="no_set",
        )
    if len(sets) > 1:
        places = ", ".join(str(seq) for seq, _, _ in sets.values())
        raise Misuse(
            f"'{system}@{version}' names {len(sets)} sets (entries {places})",
            "of=RECEIPT, or artifacts={...}; better a new version",
            code="two_sets",
        )
    _, id, artifacts = next(iter(sets.values()))
    return id, artifacts

"""Pieces of work that are done on a breaking disk, and what must hold of the ledger after each, whatever broke.

A work is given the folder and says what it asks for before it asks (`asked`), and what was acknowledged (`ok`).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ledger.api import Ledger
from ledger.errors import LedgerError
from ledger.fresh import new_id
from projections import Projections
from tests.log.acts import say, say_many

Tell = Callable[..., None]


def record(folder: Path, tell: Tell) -> None:
    """Three events, each its own commit; what fails is asked for once more with its id."""
    with Ledger.open(folder / "ledger.db") as ledger:
        for number in (21, 22, 23):
            _one(ledger, tell, number)


def _one(ledger: Ledger, tell: Tell, number: int) -> None:
    id = new_id()
    for _ in range(2):
        tell(asked=id)
        try:
            say(ledger, number, id=id)
        except LedgerError as error:
            tell(refused=id, kind=error.kind, outcome=getattr(error, "outcome", "not recorded"))
        else:
            tell(ok=[id])
            return


def record_many(folder: Path, tell: Tell) -> None:
    """Three hundred events under one signature, twice."""
    with Ledger.open(folder / "ledger.db") as ledger:
        for start in (100, 500):
            recorded = say_many(ledger, 300, start)
            tell(ok=[one.statement.id for one in ledger.entries(recorded.first, recorded.last + 1)])


def cover(folder: Path, tell: Tell) -> None:
    """Take in and seal what a writer without the log's key placed."""
    with Ledger.open(folder / "tail.db") as ledger:
        _one(ledger, tell, 30)


def close(folder: Path, tell: Tell) -> None:
    """Close the newest checkpoint with both of the log's keys, and keep it."""
    with Ledger.open(folder / "ledger.db") as ledger:
        tell(note=ledger.close_checkpoint().decode())


def mend(folder: Path, tell: Tell) -> None:
    """Make again all that can be computed, in a ledger that has lost it."""
    with Ledger.open(folder / "bare.db") as ledger:
        tell(mended=ledger.mend().size)


def project(folder: Path, tell: Tell) -> None:
    """Fold the registry, record on, fold on, and make it anew beside the old one."""
    with Ledger.open(folder / "ledger.db") as ledger, Projections.open(ledger) as projections:
        projections.catch_up()
        _one(ledger, tell, 40)
        projections.catch_up()
        projections.rebuild()
        tell(rebuilt=projections.fingerprint("registry"))


WORKS: dict[str, tuple[str, Callable[[Path, Tell], None]]] = {
    "record": ("ledger.db", record),
    "record_many": ("ledger.db", record_many),
    "cover a tail": ("tail.db", cover),
    "close a checkpoint": ("ledger.db", close),
    "rebuild what is computed": ("bare.db", mend),
    "rebuild projections": ("ledger.db", project),
}


def check(path: Path, said: list[dict[str, Any]]) -> None:
    """Acknowledged means present, refused as not recorded means absent; what is there verifies, and work goes on."""
    acknowledged = {id for words in said for id in words.get("ok", ())}
    last = {words["refused"]: words["outcome"] for words in said if "refused" in words}
    with Ledger.open(path) as ledger:
        if path.name == "bare.db":
            ledger.mend()
        there = [one.statement.id for one in ledger]
        assert acknowledged <= set(there), said
        assert len(set(there)) == len(there)
        for id, outcome in last.items():
            if id not in acknowledged and outcome == "not recorded" and not _unknown(said, id):
                assert id not in there, said
        report = ledger.verify()
        assert (report.verdict, report.failures) == ("VERIFIED", ()), (report, said)
        for words in said:
            if "note" in words:
                assert words["note"].encode() in [note for _, note in ledger.store.checkpoints()]
        receipt = say(ledger, 77)
        assert receipt.seq == len(there)
        assert ledger.verify().covered == len(there) + 1
        _check_projections(ledger)


def _unknown(said: list[dict[str, Any]], id: str) -> bool:
    return any(words.get("refused") == id and words["outcome"] == "unknown" for words in said)


def _check_projections(ledger: Ledger) -> None:
    """What a broken round left is folded on to what a fold from nothing gives."""
    with Projections.open(ledger) as kept:
        kept.catch_up()
        fingerprint = kept.fingerprint("registry")
    with Projections.open(ledger, ledger.path.with_suffix(".anew.db")) as anew:
        anew.catch_up()
        assert anew.fingerprint("registry") == fingerprint

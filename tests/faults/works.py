"""Pieces of work that are done on a breaking disk, and what must hold of the ledger after each, whatever broke.

A work is given the folder and says what it asks for before it asks (`asked`), and what was acknowledged (`ok`).
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ledger import copying
from ledger.api import Ledger
from ledger.backups import back_up, restore
from ledger.cli.moving import fingerprints
from ledger.errors import Conflict, LedgerError, Misuse
from ledger.fresh import new_id
from ledger.known import moved
from ledger.migrate import migrate
from ledger.sealing import erase, sealed_fields
from projections import Projections
from tests.faults.tally import Found
from tests.log.acts import say, say_many

Tell = Callable[..., None]
Said = list[dict[str, Any]]
BEFORE = 18  # entries of the ledger that the works begin with
SEALED = 5  # the one that introduces ana, whose name is sealed


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
            tell(refused=id, code=error.code, outcome=getattr(error, "outcome", "not recorded"))
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


def move(folder: Path, tell: Tell) -> None:
    """Move the ledger into another file, a few entries a commit."""
    copying.PART = 5
    with Ledger.open(folder / "ledger.db") as ledger:
        tell(moved=migrate(ledger, str(folder / "new.db"), fingerprints=fingerprints).size)


def remove(folder: Path, tell: Tell) -> None:
    """Erase a person's name: the event, the rows, the file, its WAL."""
    with Ledger.open(folder / "ledger.db") as ledger:
        erase(ledger, SEALED, ("name",), reason="asked by the person")
        tell(erased=SEALED)


def copy(folder: Path, tell: Tell) -> None:
    """Make a backup."""
    with Ledger.open(folder / "ledger.db") as ledger:
        tell(copied=back_up(ledger, folder / "copy.db").size)


# ---- what must hold ----


def check(path: Path, said: Said, found: Found) -> None:
    """Acknowledged means present, refused as not recorded means absent; what is there verifies, and work goes on."""
    with Ledger.open(path) as ledger:
        if path.name == "bare.db":
            ledger.mend()
        judge(ledger, said, found)
        for words in said:
            if "note" in words:
                assert words["note"].encode() in [note for _, note in ledger.store.checkpoints()]
        size = len(ledger)
        assert say(ledger, 77).seq == size
        assert ledger.verify().covered == size + 1
        _check_projections(ledger)


def judge(ledger: Ledger, said: Said, found: Found) -> None:
    """Hold what a work said against what is there, and count it."""
    there = [one.statement.id for one in ledger]
    acknowledged = {id for words in said for id in words.get("ok", ())}
    found.judge(acknowledged, there, {words["asked"] for words in said if "asked" in words})
    last = {words["refused"]: words["outcome"] for words in said if "refused" in words}
    unknown = {words["refused"] for words in said if words.get("outcome") == "unknown" and "refused" in words}
    for id in last.keys() - acknowledged - unknown:
        assert id not in there, said
    for words in said:
        if "code" in words:
            found.refuse(words["code"], words["outcome"])
    report = ledger.verify()
    assert (report.verdict, report.failures) == ("VERIFIED", ()), (report, said)


def check_moved(path: Path, said: Said, found: Found) -> None:
    """The destination is whole or no ledger yet; run again it is whole, and all that was at the source is there."""
    new = path.with_name("new.db")
    with Ledger.open(path) as source:
        before = [one.statement.id for one in source]
        left = source.find(-1).statement
        gone = moved(left.type, left.id, left.data)
        with suppress(Misuse), Ledger.open(new) as half:  # Misuse: there is nothing yet
            if half.find(-1).statement.type != "verified":
                with pytest.raises(Conflict):
                    say(half, 1)
        if not gone:
            before.append(say(source, 76).id)
        assert all("moved" not in words or gone for words in said)
        migrate(source, str(new), fingerprints=fingerprints)
        size = len(source)
        with Ledger.open(new) as there:
            assert [row.data for row in there.store.rows(0, size)] == [row.data for row in source.store.rows(0, size)]
            judge(there, [*said, {"ok": before}], found)
            assert say(there, 77).seq == len(there) - 1


def check_erased(path: Path, said: Said, found: Found) -> None:
    """Erased is gone from every byte; else run again it is. Every entry stays."""
    with Ledger.open(path) as ledger:
        if not any("erased" in words for words in said):
            erase(ledger, SEALED, ("name",), reason="asked by the person")
        assert sealed_fields(ledger, SEALED)[0].text == ""
        judge(ledger, said, found)
        assert [one.statement.type for one in ledger.entries(BEFORE)].count("erased") == 1
        assert say(ledger, 77).seq == BEFORE + 1
    assert not [file for file in path.parent.glob("ledger.db*") if b"ana P." in file.read_bytes()]


def check_copied(path: Path, said: Said, found: Found) -> None:
    """At the backup's place is a whole copy, or nothing; run again it is made, and restored it is the ledger."""
    copy, restored = path.with_name("copy.db"), path.with_name("restored.db")
    with Ledger.open(path) as ledger:
        size = len(ledger)
        assert copy.exists() or not any("copied" in words for words in said)
        if not copy.exists():
            back_up(ledger, copy)
    with Ledger.open(copy, read_only=True) as backup:
        restore(backup, str(restored))
    with Ledger.open(restored) as there:
        judge(there, said, found)
        assert say(there, 77).seq == size


def _check_projections(ledger: Ledger) -> None:
    """What a broken round left is folded on to what a fold from nothing gives."""
    with Projections.open(ledger) as kept:
        kept.catch_up()
        fingerprint = kept.fingerprint("registry")
    with Projections.open(ledger, ledger.path.with_suffix(".anew.db")) as anew:
        anew.catch_up()
        assert anew.fingerprint("registry") == fingerprint


Work = tuple[str, Callable[[Path, Tell], None], Callable[[Path, Said, Found], None]]
BREAKING: dict[str, Work] = {  # by the names of the table: which file it works on, the work, what must hold
    "record": ("ledger.db", record, check),
    "record many": ("ledger.db", record_many, check),
    "seal a tail": ("tail.db", cover, check),
    "close a checkpoint": ("ledger.db", close, check),
    "rebuild what is computed": ("bare.db", mend, check),
    "rebuild projections": ("ledger.db", project, check),
    "migrate": ("ledger.db", move, check_moved),
    "erase": ("ledger.db", remove, check_erased),
    "back up": ("ledger.db", copy, check_copied),
}

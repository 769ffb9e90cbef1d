"""Fills a disk: `python full.py FOLDER limit|disk`, in a process of its own. Prints what it found.

`limit`: no file may grow beyond a size (RLIMIT_FSIZE). `disk`: FOLDER is a small file system of its own.
"""

import json
import resource
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ledger.api import Ledger
from ledger.errors import Unavailable
from ledger.fresh import new_id


def note(ledger, id):
    return ledger.record("acme.example/note", text="x" * 40_000, id=id)


def fill(ledger, acknowledged):
    """Record until it cannot be; return the error and the id that was refused."""
    for _ in range(2_000):
        id = new_id()
        try:
            note(ledger, id)
        except Unavailable as error:
            return error, id
        acknowledged.add(id)
    raise SystemExit("it never became full")


def ids(ledger):
    return {entry.statement.id for entry in ledger.entries(1)}


def main(folder, way):
    folder = Path(folder)
    if way == "disk":
        (folder / "ballast").write_bytes(bytes(300_000))
    ledger = Ledger.create(folder / "ledger.db", origin="ledger.test/one", actor="mara")
    if way == "limit":
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, resource.RLIM_INFINITY))
    acknowledged: set[str] = set()
    error, refused = fill(ledger, acknowledged)
    again, _ = fill(ledger, acknowledged)
    assert len(acknowledged) > 5
    for one in (error, again):
        assert one.outcome in ("not recorded", "unknown"), one
        assert one.fix
    assert acknowledged <= ids(ledger)
    assert error.outcome == "unknown" or refused not in ids(ledger)
    report = ledger.verify()
    assert not report.failures, report.failures
    if way == "limit":
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    else:
        (folder / "ballast").unlink()
    acknowledged.add(note(ledger, refused).id)
    assert acknowledged == ids(ledger)
    ledger.close()
    with Ledger.open(folder / "ledger.db") as later:
        assert acknowledged == ids(later)
        report = later.verify()
        assert report.verdict == "VERIFIED", report
        there = sorted(ids(later))
    refusals = [[one.code, one.outcome] for one in (error, again)]
    print(json.dumps({"acknowledged": sorted(acknowledged), "there": there, "refused": refusals}))


if __name__ == "__main__":
    main(*sys.argv[1:])

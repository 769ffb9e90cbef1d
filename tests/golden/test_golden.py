"""Ledgers that earlier releases wrote open, verify and project: the bytes are theirs, the verdict is the same.

A fingerprint is that of one version of a projection's tables: where a later release has other tables, it is made anew,
and only what stands in it is compared.
"""

import json
import shutil
from pathlib import Path

import pytest

from ledger.api import Ledger
from ledger.entry import Entry
from ledger.events import EVENTS, upcast
from ledger.notes.verifier import VerifierKey
from ledger.policy import Policy
from ledger.revisions import NEWEST
from projections import Projections, production
from projections.registry import REGISTRY
from tests.reference.second import SECOND

HERE = Path(__file__).parent
RELEASES = sorted(path.name for path in HERE.iterdir() if (path / "known.json").exists())


@pytest.fixture(params=RELEASES)
def golden(request, tmp_path):
    """A copy of a release's ledger, what is known of it, its bundle."""
    place = HERE / request.param
    shutil.copy(place / "ledger.db", tmp_path / "ledger.db")
    known = json.loads((place / "known.json").read_text("utf-8"))
    with Ledger.open(tmp_path / "ledger.db", read_only=True) as ledger:
        yield ledger, known, place / "bundle.zip"


def test_there_is_one_of_every_release():
    assert "0.1.0" in RELEASES


def test_it_opens_and_verifies(golden):
    ledger, known, _ = golden
    policy = Policy(keys=(VerifierKey.parse(known["vkey"]),), key_source="the golden key", genesis=known["genesis"])
    report = ledger.verify(policy)
    assert (report.verdict, report.failures, report.missing) == ("VERIFIED", (), ())
    assert (report.size, report.root) == (known["size"], known["root"])
    assert ledger.verify(Policy()).verdict == "UNPINNED"


def test_every_entry_is_read(golden):
    ledger, known, _ = golden
    read = list(ledger)
    assert len(read) == known["size"]
    assert all(isinstance(one, Entry) for one in read)
    assert len({one.statement.type for one in read}) >= 15


def test_it_projects_to_the_same(golden):
    ledger, known, _ = golden
    with Projections.open(ledger, ledger.path.with_suffix(".p.db")) as projections:
        projections.catch_up()
        if REGISTRY.version == known["registry_version"]:
            found = {name: projections.fingerprint(name) for name in known["fingerprints"]}
            assert found == known["fingerprints"]
        now = production(projections)["deployments"]
        assert [(one["system"], one["version"], one["digest_set"]) for one in now] == [
            (one["system"], one["version"], one["digest_set"]) for one in known["production"]
        ]


def test_its_bundle_verifies_in_todays_file(golden, capsys):
    _, known, bundle = golden
    assert SECOND.main([str(bundle), "--key", known["vkey"]]) == 0
    assert "VERIFIED" in capsys.readouterr().out


def test_a_newer_format_is_refused_with_what_to_do(golden, tmp_path, edit):
    ledger, _, _ = golden
    ledger.close()
    edit(ledger.path, "PRAGMA user_version = 2")
    with pytest.raises(Exception, match="format 2") as caught:
        Ledger.open(ledger.path)
    assert caught.value.code == "newer_format"
    assert "lifecycle-ledger" in caught.value.fix


# ---- upcasting ----


def test_steps_and_newest_revs_go_together():
    """A type whose newest rev is n has a step from each rev below; there are no others."""
    from ledger.events.upcast import STEPS

    wanted = {(name, rev) for name, newest in NEWEST.items() for rev in range(1, newest)}
    assert set(STEPS) == wanted
    assert all(EVENTS[name].rev == newest for name, newest in NEWEST.items())


def test_an_older_rev_is_read_as_todays(golden, monkeypatch):
    """As if the next release had turned `metrics.auc` into `metrics.roc_auc`: old entries say it the new way."""
    from ledger.events.upcast import STEPS

    ledger, _, _ = golden
    with Projections.open(ledger, ledger.path.with_suffix(".before.db")) as projections:
        projections.catch_up()
        before = _metrics(projections)
    monkeypatch.setitem(NEWEST, "evaluated", 2)
    monkeypatch.setitem(
        STEPS,
        ("evaluated", 1),
        lambda data: {**data, "metrics": {f"new_{name}": value for name, value in data["metrics"].items()}},
    )
    with Projections.open(ledger, ledger.path.with_suffix(".after.db")) as projections:
        projections.catch_up()
        after = _metrics(projections)
    assert before
    assert after == {seq: {f"new_{name}": value for name, value in metrics.items()} for seq, metrics in before.items()}
    assert upcast("evaluated", 2, {"metrics": {}}) == {"metrics": {}}
    report = ledger.verify(Policy())
    assert (report.verdict, report.failures) == ("UNPINNED", ())  # it reads bytes, not meanings


def _metrics(projections):
    rows = projections.database.rows("SELECT seq, data FROM evaluations ORDER BY seq")
    return {seq: json.loads(data)["metrics"] for seq, data in rows}

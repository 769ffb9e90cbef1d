"""`export_bundle`: what is in the file, what is not, and that it is the same file every time."""

import hashlib
import json
import zipfile
from contextlib import closing

import pytest

import ledger as package
from ledger.bundle.checks import check_bundle
from ledger.bundle.export import export_bundle, is_closed
from ledger.bundle.state import State
from ledger.bundle.store import BundleStore
from ledger.errors import Misuse, Unavailable
from ledger.evidence import directory
from ledger.stores import ids
from ledger.verify import verify_log
from tests.bundle.packing import both, by_file, lines, pack, unpack
from tests.log.acts import MODEL, say
from tests.reference.second import FILE, SECOND


def export(ledger, path, **choice):
    return export_bundle(ledger.store, ledger.genesis, path, **choice)


def test_it_verifies_in_both_and_holds_what_was_recorded(bundle):
    head = bundle.ledger.store.head()
    assert both(bundle.path, keys=bundle.keys).verdict == "VERIFIED"
    assert both(bundle.path).verdict == "UNPINNED"
    assert both(bundle.path, pins=[bundle.note]).verdict == "VERIFIED"
    assert both(bundle.path, genesis=bundle.leaf).verdict == "VERIFIED"
    assert lines(bundle.files) == [row.data for row in bundle.ledger.store.rows(0, head.size)]
    assert bundle.files["checkpoint"] == bundle.note
    assert bundle.files["verify.py"] == FILE.read_bytes()
    assert json.loads(bundle.files["schemas/trained.json"])["title"] == "trained"
    assert bundle.files["disclosures.txt"].split() == sorted(t.encode() for t in bundle.ledger.store.disclosures())


def test_no_room_for_what_is_worked_with(long, tmp_path):
    long.close_checkpoint()
    export(long, tmp_path / "b.zip")
    small = (*ids._MAKING[:2], "PRAGMA max_page_count=3", *ids._MAKING[2:])
    with closing(BundleStore(str(tmp_path / "b.zip"))) as store:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ids, "_MAKING", small)
            for work in (store.head, lambda: store.read(1)):
                with pytest.raises(Unavailable) as caught:
                    work()
                assert caught.value.code == "scratch"
        assert store.head() == long.store.head()
        assert store.read(len(long) - 1) == long.read(-1)


def test_other_programs_read_it(bundle):
    with zipfile.ZipFile(bundle.path) as opened:
        assert opened.testzip() is None
        assert all(one.external_attr >> 16 == 0o100644 for one in opened.infolist())
    for line in bundle.files["MANIFEST"].decode().splitlines()[4:]:
        digest, size, name = line.split(" ")
        data = bundle.files[name]
        assert (digest, int(size)) == (hashlib.sha256(data).hexdigest(), len(data))


def test_the_same_head_gives_the_same_bytes(bundle):
    again = bundle.folder / "again.zip"
    export(bundle.ledger, again, disclose="all")
    assert again.read_bytes() == bundle.path.read_bytes()
    say(bundle.ledger, 40)
    later = bundle.folder / "later.zip"
    export(bundle.ledger, later, disclose="all")
    assert later.read_bytes() != again.read_bytes()


def test_exporting_signs_nothing(bundle):
    before = bundle.ledger.store.head(), bundle.ledger.store.checkpoints()
    export(bundle.ledger, bundle.folder / "again.zip")
    assert (bundle.ledger.store.head(), bundle.ledger.store.checkpoints()) == before


def test_a_head_is_closed_by_both_keys_over_all_entries(told):
    assert not is_closed(told.store.head(), told.genesis.log_keys)
    told.close_checkpoint()
    assert is_closed(told.store.head(), told.genesis.log_keys)
    say(told, 40)
    assert not is_closed(told.store.head(), told.genesis.log_keys)


def test_what_was_not_chosen_is_not_disclosed(told, tmp_path):
    """The name is in the file's bytes in no form: not as text, not in base64."""
    shown = list(told.store.disclosures())
    sealed = [told.find(SECOND.read_disclosure(text)[0]).seq for text in shown]
    export(told, tmp_path / "none.zip")
    data = (tmp_path / "none.zip").read_bytes()
    assert b"ana P." not in data
    assert not any(text.encode() in data for text in shown)
    assert "disclosures.txt" not in unpack(tmp_path / "none.zip")
    export(told, tmp_path / "one.zip", disclose={sealed[0]})
    assert unpack(tmp_path / "one.zip")["disclosures.txt"] == shown[0].encode() + b"\n"
    with pytest.raises(Misuse) as raised:
        export(told, tmp_path / "two.zip", disclose={1})
    assert raised.value.code == "not_sealed"
    assert not (tmp_path / "two.zip").exists()


def test_evidence_goes_by_the_digest_that_an_entry_names(told, tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("a,b\n1,2\n")
    folder = tmp_path / "folder"
    (folder / "below").mkdir(parents=True)
    (folder / "one.txt").write_text("one")
    (folder / "below/two.txt").write_text("two")
    for name, one in (("d@1", package.file(table)), ("d@2", directory(folder))):
        told.record("dataset_registered", dataset=name, role="test", evidence=[one])
    made = export(told, tmp_path / "b.zip", evidence=[table, folder])
    files = unpack(tmp_path / "b.zip")
    digest = hashlib.sha256(table.read_bytes()).hexdigest()
    assert files[f"evidence/{digest}"] == table.read_bytes()
    assert made.evidence == 4
    manifest = files["evidence/" + directory(folder).digest.removeprefix("sha256:")]
    for line in manifest.decode().splitlines()[1:]:
        assert files[f"evidence/{line[:64]}"] in (b"one", b"two")
    assert by_file(tmp_path / "b.zip").verdict == "UNPINNED"
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,3\n")
    with pytest.raises(Misuse) as raised:
        export(told, tmp_path / "c.zip", evidence=[table, other])
    assert raised.value.code == "evidence_unnamed"
    assert "other.csv" in raised.value.message
    assert not (tmp_path / "c.zip").exists()


def test_what_is_there_is_not_written_over(told, tmp_path):
    (tmp_path / "b.zip").write_text("mine")
    with pytest.raises(Misuse) as raised:
        export(told, tmp_path / "b.zip")
    assert raised.value.code == "exists"
    assert (tmp_path / "b.zip").read_text() == "mine"


def test_an_uncovered_tail_is_in_it_and_is_said(told, tmp_path, own_home, keys):
    keys.log = None
    head = told.store.head()
    (own_home / "config").rename(own_home / "away")
    with package.Ledger.open(told.path, key=own_home / "away/ledger/keys/mara.key") as without:
        say(without, 41)
        assert without.covered == head.size
        export(without, tmp_path / "b.zip")
    result = SECOND.verify_bundle(str(tmp_path / "b.zip"))
    assert (result.verdict, result.size, result.covered) == ("UNPINNED", head.size + 1, head.size)
    assert both(tmp_path / "b.zip").verdict == "UNPINNED"


def test_state_says_what_runs(told):
    """Both fold what was told alike, and as the registry's own projection does."""
    from projections.opening import Projections
    from projections.questions.production import production

    deploy = {"system": "credit", "environment": "production"}
    other = {"model": "sha256:" + "c" * 64}
    told.record("deployed", **deploy, version="2.0", artifacts=other, traffic=0.1, deployment="eu")
    told.record("deployed", **deploy, version="2.0", artifacts=other, deployment="us")
    told.record("rolled_back", **deploy, version="1.0", artifacts={"model": MODEL}, deployment="us")
    told.record("deployed", **deploy, version="2.0", artifacts=other, deployment="gone")
    told.record("undeployed", **deploy, deployment="gone")
    state, second = State(), SECOND.State()
    for entry in told.entries():
        data = told.read(entry.seq)
        state.take(data)
        second.take(entry.seq, json.loads(data)["statement"])
    assert state.to_bytes() == second.text()
    running = {(one["deployment"], one["version"], one["seq"]) for one in state.document()["running"]}
    assert running == {("eu", "1.0", 15), ("eu", "2.0", 16), ("us", "1.0", 18)}
    with Projections.open(told) as projections:
        projections.catch_up()
        found = production(projections)["deployments"]
    assert running == {(one["deployment"], one["version"], one["deployed"]["seq"]) for one in found}
    assert [one["decision"] for one in state.document()["decisions"]] == ["approved"]


def test_a_bundle_is_opened_and_asked_as_a_ledger(bundle):
    """The questions read it; its own verify looks at the rest of the bundle too."""
    with package.Ledger.open(bundle.path, read_only=True) as opened:
        assert len(opened) == 16
        assert [one.seq for one in opened.entries(type="approved")] == [4]
        assert opened.verify().verdict == "VERIFIED"  # by this user's pin
        with pytest.raises(Misuse):
            opened.record("trained", system="credit", version="9", artifacts={"model": MODEL})
    path = pack(bundle.folder / "t.zip", {**bundle.files, "README.txt": b"other"}, honest=False)
    with package.Ledger.open(path, read_only=True) as opened:
        assert [one.check for one in opened.verify().failures] == [1]


def test_corrections_are_listed_and_that_they_are_not_applied_is_said(told, tmp_path):
    """A deployment that was taken back still runs in state.json: both verifiers say where to look."""
    told.record("corrected", corrects=told.find(15), void=True, reason="it never ran")  # 16
    for number in range(8):
        told.record("corrected", corrects=told.find(3), changes={"data.metrics": {"auc": number}}, reason="a typo")
    told.close_checkpoint()
    export(told, tmp_path / "b.zip")
    state = json.loads(unpack(tmp_path / "b.zip")["state.json"])
    assert [one["seq"] for one in state["running"]] == [15]
    assert state["corrections"][0] == {"corrects": [told.find(15).statement.id], "seq": 16}
    assert both(tmp_path / "b.zip").verdict == "UNPINNED"
    what = "state.json lists what entries 16, 17, 18, 19, 20, 21, 22, 23, ... correct, and applies none of it"
    with closing(BundleStore(tmp_path / "b.zip")) as store:
        report = check_bundle(store, verify_log(store))
    assert [one.message.split(":")[0] for one in report.findings if one.code == "corrections"] == [what]
    said = SECOND.verify_bundle(tmp_path / "b.zip")
    assert [one.what.split(":")[0] for one in said.findings if one.check == 24] == [what]
    assert b"corrections are listed in it and not applied" in unpack(tmp_path / "b.zip")["README.txt"]

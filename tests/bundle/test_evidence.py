"""C21: evidence in a bundle, in a folder, missing, and not what was recorded; package and one file agree."""

import json
import os

import pytest

import ledger as package
from ledger.bundle.export import export_bundle
from ledger.evidence import directory
from tests.bundle.test_commands import alone, run
from tests.reference.second import SECOND


@pytest.fixture
def kept(told, tmp_path):
    """A folder with a file and a folder that entries 16 and 17 name, and a bundle without them."""
    place = tmp_path / "kept"
    (place / "deep/plots").mkdir(parents=True)
    (place / "credit.csv").write_text("a,b\n1,2\n")
    (place / "deep/notes.txt").write_text("notes")
    (place / "deep/plots/one.svg").write_text("<svg/>")
    for name, one in (("e@1", package.file(place / "credit.csv")), ("e@2", directory(place / "deep"))):
        told.record("dataset_registered", dataset=name, role="test", evidence=[one])
    told.close_checkpoint()
    export_bundle(told.store, told.genesis, tmp_path / "b.zip")
    key = told.genesis.log_keys[0].text

    def ask(folder, bundle=tmp_path / "b.zip"):
        """Verdict, first place and exit code of both."""
        words = [bundle, "--json", "--key", key, *(("--evidence", folder) if folder else ())]
        one, other = run("verify", *words), alone(*words)
        assert one.exit_code == other.returncode, (one.output, other)
        mine, theirs = json.loads(one.stdout), json.loads(other.stdout)
        assert mine["verdict"] == theirs["verdict"], (mine, theirs)
        places = [[found["seq"] for found in said["failures"] + said["missing"]] for said in (mine, theirs)]
        assert places[0] == places[1]
        return mine["verdict"], places[0], mine

    return ask, place, told


def test_a_folder_that_holds_all_but_what_nobody_has(kept):
    """Entry 1 of the told ledger names a file that was never there."""
    ask, place, _ = kept
    verdict, places, said = ask(place)
    assert (verdict, places) == ("unverifiable", [1])
    assert said["missing"][0]["code"] == "evidence"
    assert "credit" in said["missing"][0]["message"] or "evidence" in said["missing"][0]["message"]


def test_what_is_not_asked_for_is_counted(kept):
    ask, _, _ = kept
    verdict, places, said = ask(None)
    assert (verdict, places) == ("verified", [])
    assert any("3 of 3 files" in one["message"] for one in said["findings"]), said["findings"]


def test_a_file_that_is_missing(kept):
    ask, place, _ = kept
    (place / "credit.csv").unlink()
    assert ask(place)[:2] == ("unverifiable", [1, 16])
    (place / "deep/plots/one.svg").unlink()
    assert ask(place)[:2] == ("unverifiable", [1, 16, 17])


def test_another_file_under_the_name(kept):
    ask, place, _ = kept
    (place / "credit.csv").write_text("a,b\n1,3\n")
    verdict, places, said = ask(place)
    assert (verdict, places[0]) == ("broken", 16)
    assert "not the file that was recorded" in said["failures"][0]["message"]


def test_a_file_that_was_recorded_again_under_its_name(kept, tmp_path):
    """What lies there is the newer one; the older one is missing, and nothing is forged."""
    ask, place, told = kept
    (place / "credit.csv").write_text("a,b\n1,3\n")
    told.record("dataset_registered", dataset="e@3", role="test", evidence=[package.file(place / "credit.csv")])
    told.close_checkpoint()
    export_bundle(told.store, told.genesis, tmp_path / "again.zip")
    assert ask(place, tmp_path / "again.zip")[:2] == ("unverifiable", [1, 16])


def test_names_and_places_do_not_matter(kept):
    ask, place, _ = kept
    (place / "credit.csv").rename(place / "deep/x")
    (place / "deep/x").rename(place / "renamed.bin")
    (place / "deep").rename(place / "elsewhere")
    assert ask(place)[:2] == ("unverifiable", [1])


def test_what_lies_in_the_bundle_need_not_be_in_the_folder(kept, tmp_path):
    ask, place, told = kept
    export_bundle(told.store, told.genesis, tmp_path / "with.zip", evidence=[place / "credit.csv", place / "deep"])
    (tmp_path / "empty").mkdir()
    assert ask(tmp_path / "empty", tmp_path / "with.zip")[:2] == ("unverifiable", [1])


def test_ones_own_ledger_too(kept):
    _, place, told = kept
    done = run("verify", "--ledger", told.path, "--evidence", place)
    assert done.exit_code == 5
    assert "UNVERIFIABLE  18 entries checked; 1 thing is missing" in done.stdout
    assert "ask for the files" in done.stdout
    (place / "credit.csv").write_text("changed")
    done = run("verify", "--ledger", told.path, "--evidence", place)
    assert done.exit_code == 3
    assert "BROKEN  at entry 16 of 18" in done.stdout
    assert "the entries themselves are whole" in done.stdout


def test_links_are_refused_by_both(kept):
    _, place, told = kept
    os.symlink("/etc/hostname", place / "link")
    done = run("verify", "--ledger", told.path, "--evidence", place)
    assert done.exit_code == 2
    with pytest.raises(SECOND.Misuse):
        SECOND.read_folder(SECOND.Log(SECOND.Policy()), str(place))
    missing = alone(told.path.parent / "b.zip", "--evidence", place / "nowhere")
    assert missing.returncode == 2

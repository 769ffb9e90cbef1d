"""C21: evidence in a bundle, in a folder, missing, and not what was recorded; package and one file agree."""

import hashlib
import json
import os

import pytest

import ledger as package
from ledger.bundle.export import export_bundle
from ledger.evidence import directory, read_manifest
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


def sorted_by_digest(place, target):
    """Lay the files of a folder out as a store of evidence does: each under its digest, and the manifest."""
    manifest, _ = read_manifest(place)
    target.mkdir()
    for data in (manifest, *(path.read_bytes() for path in place.rglob("*") if path.is_file())):
        (target / hashlib.sha256(data).hexdigest()).write_bytes(data)
    return target, hashlib.sha256(manifest).hexdigest()


def test_a_folder_by_its_manifest_and_its_files(kept, tmp_path):
    ask, place, _ = kept
    target, manifest = sorted_by_digest(place / "deep", tmp_path / "sorted")
    (target / "credit.csv").write_bytes((place / "credit.csv").read_bytes())
    assert ask(target)[:2] == ("unverifiable", [1])
    (target / hashlib.sha256(b"<svg/>").hexdigest()).unlink()
    verdict, places, said = ask(target)
    assert (verdict, places) == ("unverifiable", [1, 17])
    assert said["missing"][1]["message"].endswith("is not here: only its manifest is, and 1 of 2 files are not")
    (target / hashlib.sha256(b"notes").hexdigest()).write_bytes(b"others")
    assert ask(target)[2]["missing"][1]["message"].endswith("and 2 of 2 files are not")
    (target / manifest).unlink()
    assert ask(target)[2]["missing"][1]["message"].endswith("is not here")


def test_a_manifest_that_names_files_outside_is_none(kept, tmp_path):
    """Its digest is what an entry says, and its files are here: by a name that leaves the folder it is refused."""
    ask, _, told = kept
    target = tmp_path / "kept2"
    target.mkdir()
    (target / "x").write_bytes(b"x")
    for name in ("../x", "/x", "a/./x"):
        manifest = f"ledger-manifest/v1\n{hashlib.sha256(b'x').hexdigest()}  {name}\n".encode()
        (target / name.replace("/", "_")).write_bytes(manifest)
        digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
        one = package.Evidence(digest=digest, kind="directory", media_type="text/plain", size=1, name="z")
        told.record("dataset_registered", dataset=f"f@{len(told)}", role="test", evidence=[one])
    told.close_checkpoint()
    export_bundle(told.store, told.genesis, tmp_path / "out.zip")
    assert ask(target, tmp_path / "out.zip")[1] == [1, 16, 17, 18, 19, 20]


def test_only_the_manifest_in_a_bundle(kept, tmp_path):
    """A folder that has the manifest, exported as if it were the file itself: the bundle does not hold the folder."""
    ask, place, told = kept
    target, manifest = sorted_by_digest(place / "deep", tmp_path / "sorted")
    export_bundle(told.store, told.genesis, tmp_path / "thin.zip", evidence=[target / manifest])
    (tmp_path / "empty").mkdir()
    verdict, places, said = ask(tmp_path / "empty", tmp_path / "thin.zip")
    assert (verdict, places) == ("unverifiable", [1, 16, 17])
    assert "only its manifest is, and 2 of 2" in said["missing"][2]["message"]
    assert any("3 of 3 files" in one["message"] for one in ask(None, tmp_path / "thin.zip")[2]["findings"])


def test_a_folder_is_no_file_of_its_manifests_digest(kept, tmp_path):
    ask, place, told = kept
    manifest, _ = read_manifest(place / "deep")
    digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
    one = package.Evidence(digest=digest, kind="file", media_type="text/plain", size=len(manifest), name="m")
    told.record("dataset_registered", dataset="e@3", role="test", evidence=[one])
    told.close_checkpoint()
    export_bundle(told.store, told.genesis, tmp_path / "kinds.zip")
    assert ask(place, tmp_path / "kinds.zip")[:2] == ("unverifiable", [1, 18])


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

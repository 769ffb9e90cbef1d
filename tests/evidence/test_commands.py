"""`ledger evidence put | get | check`, and `ledger verify --evidence`."""

import hashlib
import os
import re
import shutil
from pathlib import Path

import pytest

import ledger as package
from tests.cli.conftest import run as _run
from tests.evidence.conftest import BUCKET

run = _run


@pytest.fixture
def settled(named, monkeypatch, tmp_path):
    """The ledger of the tests is the one that is meant, and its evidence goes into a folder."""
    monkeypatch.setenv("LEDGER_URL", str(named.path))
    monkeypatch.setenv("LEDGER_EVIDENCE", str(tmp_path / "kept"))
    return tmp_path / "kept"


@pytest.fixture
def kept(run, settled):
    assert run("evidence", "put", "credit.csv", "model.bin", "report").code == 0
    return settled


def digest(path):
    return package.file(path).digest.removeprefix("sha256:")


def object_of(kept, path):
    return kept / digest(path)[:2] / digest(path)


def states(run, *words):
    document = run("evidence", "check", "--json", *words).document
    return {one["name"]: one["state"] for one in document["objects"]}


def test_put(run, settled):
    done = run("evidence", "put", "credit.csv", "model.bin", "report")
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert re.match(rf"kept  credit\.csv +sha256:{digest('credit.csv')[:16]}…  16 B", lines[0])
    assert len(lines) == 6  # two files, a manifest, two files of three: two are the same bytes; and what locks nothing
    assert "locks nothing" in lines[-1]
    again = run("evidence", "put", "credit.csv", "--json").document
    assert [(one["new"], one["named"]) for one in again["objects"]] == [(False, True)]


def test_what_no_entry_names_is_told(run, settled, work):
    (work / "stray.txt").write_text("stray")
    done = run("evidence", "put", "stray.txt")
    assert done.code == 0
    assert "1 not named by any entry of the ledger" in done.out


def test_without_a_ledger_files_can_be_kept_too(run, work, tmp_path):
    assert run("evidence", "put", "credit.csv", "--store", tmp_path / "kept").code == 0
    done = run("evidence", "put", "credit.csv")
    assert (done.code, done.error[0]) == (2, "no store of evidence is named")


def test_get(run, kept, tmp_path):
    target = tmp_path / "again.csv"
    done = run("evidence", "get", f"sha256:{digest('credit.csv')}", "-o", target)
    assert done.code == 0, done.err
    assert target.read_bytes() == Path("credit.csv").read_bytes()
    twice = run("evidence", "get", digest("credit.csv"), "-o", target)
    assert (twice.code, "is there already" in twice.error[0]) == (2, True)
    assert run("evidence", "get", "ab" * 32, "-o", tmp_path / "x").code == 2
    assert run("evidence", "get", "not-a-digest").code == 2


def test_get_a_folder(run, kept, tmp_path):
    wanted = package.directory("report").digest
    done = run("evidence", "get", wanted, "-o", tmp_path / "again")
    assert done.code == 0, done.err
    assert package.directory(tmp_path / "again").digest == wanted
    assert done.out.endswith("3 files, as recorded\n")


def test_get_what_was_changed(run, kept, tmp_path):
    path = object_of(kept, "credit.csv")
    path.chmod(0o644)
    path.write_bytes(b"age,income\n31,9\n")
    done = run("evidence", "get", digest("credit.csv"), "-o", tmp_path / "again.csv")
    assert done.code == 3
    assert "not what was recorded" in done.error[0]
    assert list(tmp_path.glob("*again*")) == []
    assert list(tmp_path.glob(".get*")) == []


@pytest.mark.parametrize("name", ["../out", "/tmp/out", "a/../../out", ""])
def test_a_manifest_whose_names_leave_the_folder(run, settled, named, tmp_path, name):
    bad = b"ledger-manifest/v1\n" + b"ab" * 32 + b"  " + name.encode() + b"\n"
    found = hashlib.sha256(bad).hexdigest()
    (settled / found[:2]).mkdir(parents=True)
    (settled / found[:2] / found).write_bytes(bad)
    item = {"digest": f"sha256:{found}", "kind": "directory", "media_type": "text/x", "size": 1}
    named.record("acme.example/note", text="a", evidence=[item])
    done = run("evidence", "get", found, "-o", tmp_path / "again")
    assert (done.code, "leaves the folder" in done.error[0]) == (2, True)
    assert not (tmp_path / "out").exists()


def test_check(run, kept):
    done = run("evidence", "check")
    assert done.code == 0, done.out
    assert done.out.splitlines()[0] == f"{kept}: 5 ok"


def test_check_finds_what_is_missing_and_changed(run, kept, work):
    object_of(kept, "credit.csv").unlink()
    path = object_of(kept, "report/index.html")
    path.chmod(0o644)
    path.write_bytes(b"<p>auc 0.97</p>")
    done = run("evidence", "check")
    assert done.code == 1
    assert re.search(rf"missing  entry 1  credit\.csv +{digest('credit.csv')[:12]} is not here", done.out)
    assert re.search(r"changed  entry 2  report/index\.html +\w{12} holds sha256:\w{12}", done.out)
    found = states(run)
    assert (found["credit.csv"], found["report/index.html"], found["model"]) == ("missing", "changed", "ok")


def test_check_all_finds_what_no_entry_names(run, kept, work):
    (work / "stray.txt").write_text("stray")
    run("evidence", "put", "stray.txt")
    assert "unnamed" not in states(run).values()
    done = run("evidence", "check", "--all")
    assert (done.code, "1 unnamed" in done.out) == (0, True)
    path = object_of(kept, "stray.txt")
    path.chmod(0o644)
    path.write_text("other")
    assert run("evidence", "check", "--all").code == 1


# ---- a bucket ----


@pytest.fixture
def locked(run, named, bucket, monkeypatch):
    monkeypatch.setenv("LEDGER_URL", str(named.path))
    monkeypatch.setenv("LEDGER_EVIDENCE", f"s3://{BUCKET}/credit")
    assert run("evidence", "put", "credit.csv", "model.bin", "report").code == 0
    return bucket


def test_a_bucket_is_locked_until_the_ledger_says(run, locked, named):
    done = run("evidence", "check")
    assert (done.code, done.out) == (0, f"s3://{BUCKET}/credit: 5 ok\n")
    named.record(
        "put_into_service",
        system="credit-scoring",
        version="1",
        artifacts={"model": package.file("model.bin").digest},
        **_service(),
    )
    assert run("evidence", "check").code == 0


def _service():
    from ledger.events.places import places_of

    return {"own_use": True} if "own_use" in places_of("put_into_service").places else {}


def test_what_is_not_locked_or_hidden_is_found(run, locked, named, work):
    (work / "late.txt").write_text("late")
    named.record("acme.example/note", text="a", system="credit-scoring", evidence=[package.file("late.txt")])
    assert run("evidence", "put", "late.txt", "--no-lock").code == 0
    locked.delete_object(Bucket=BUCKET, Key=f"credit/{digest('credit.csv')}")
    found = states(run)
    assert (found["late.txt"], found["credit.csv"], found["model"]) == ("unlocked", "hidden", "ok")
    assert run("evidence", "check").code == 1
    assert run("evidence", "put", "late.txt").code == 0  # now it is locked
    assert states(run)["late.txt"] == "ok"


def test_personal_data_stays_erasable(run, locked, named, work):
    (work / "people.csv").write_text("name\nAna\n")
    named.record("acme.example/note", text="a", evidence=[package.file("people.csv", personal_data=True)])
    assert run("evidence", "put", "people.csv", "--json").document["objects"][0].keys() & {"locked_until"} == set()
    assert states(run)["people.csv"] == "ok"
    key = f"credit/{digest('people.csv')}"
    (version,) = locked.list_object_versions(Bucket=BUCKET, Prefix=key)["Versions"]
    locked.delete_object(Bucket=BUCKET, Key=key, VersionId=version["VersionId"])
    assert states(run)["people.csv"] == "missing"


def test_a_hidden_object_can_be_fetched(run, locked, tmp_path):
    locked.delete_object(Bucket=BUCKET, Key=f"credit/{digest('credit.csv')}")
    assert run("evidence", "get", digest("credit.csv"), "-o", tmp_path / "again.csv").code == 0
    assert (tmp_path / "again.csv").read_bytes() == Path("credit.csv").read_bytes()


def test_a_lock_that_ends_too_early(run, named, bucket, work, monkeypatch):
    from datetime import UTC, datetime, timedelta

    monkeypatch.setenv("LEDGER_URL", str(named.path))
    monkeypatch.setenv("LEDGER_EVIDENCE", f"s3://{BUCKET}")
    data = Path("model.bin").read_bytes()
    bucket.put_object(
        Bucket=BUCKET, Key=digest("model.bin"), Body=data, ChecksumAlgorithm="SHA256", ObjectLockMode="COMPLIANCE",
        ObjectLockRetainUntilDate=datetime.now(UTC) + timedelta(days=30),
    )  # fmt: skip
    named.record("put_into_service", system="credit-scoring", version="1",
                 artifacts={"model": f"sha256:{digest('model.bin')}"}, **_service())  # fmt: skip
    assert states(run)["model"] == "short"
    assert run("evidence", "put", "model.bin").code == 0
    assert states(run)["model"] == "ok"


# ---- verify --evidence ----


def verdict(run, *words):
    done = run("verify", "--allow-unpinned", *words, "--json")
    return done.code, done.document


def test_verify_with_all_evidence_present(run, settled, work):
    code, said = verdict(run, "--evidence", work)
    assert (code, said["missing"], said["failures"]) == (0, [], [])


def test_verify_with_the_evidence_store(run, kept):
    code, said = verdict(run, "--evidence", kept)
    assert (code, said["missing"], said["failures"]) == (0, [], [])
    object_of(kept, "credit.csv").unlink()
    code, said = verdict(run, "--evidence", kept)
    assert (code, [one["seq"] for one in said["missing"]]) == (5, [1])


def test_verify_and_check_say_the_same_of_a_folder_with_a_file_less(run, kept):
    """The folder's manifest is in the store; one of the files that it names is gone."""
    object_of(kept, "report/index.html").unlink()
    code, said = verdict(run, "--evidence", kept)
    assert (code, said["verdict"]) == (5, "unverifiable")
    ((seq, message),) = [(one["seq"], one["message"]) for one in said["missing"]]
    assert seq == 2
    assert message.endswith("is not here: only its manifest is, and 1 of 2 files are not")
    assert run("evidence", "check").code == 1


def test_verify_lists_what_is_absent_only_when_asked(run, settled, work, tmp_path):
    (work / "model.bin").unlink()
    assert verdict(run)[0] == 0
    code, said = verdict(run, "--evidence", work)
    assert (code, said["verdict"]) == (5, "unverifiable")
    ((message),) = [one["message"] for one in said["missing"]]
    assert re.fullmatch(r"entry 2: evidence model sha256:\w{16} \(3,000,000 bytes\) is not here", message)
    (tmp_path / "empty").mkdir()
    assert len(verdict(run, "--evidence", tmp_path / "empty")[1]["missing"]) == 3


def test_verify_finds_a_file_that_is_not_the_one_recorded(run, settled, work):
    Path("credit.csv").write_bytes(b"age,income\n31,9\n")
    code, said = verdict(run, "--evidence", work)
    assert (code, said["verdict"]) == (3, "broken")
    ((check, seq, message),) = [(one["check"], one["seq"], one["message"]) for one in said["failures"]]
    assert (check, seq) == (21, 1)
    assert message.startswith("entry 1: credit.csv is sha256:")


def test_a_file_that_another_entry_names_is_no_forgery(run, settled, named, work):
    """The newer version of a file lies under its name: the older one is absent, not changed."""
    Path("credit.csv").write_bytes(b"age,income\n31,9\n")
    named.record.dataset_registered(dataset="credit@2026-12", role="training", evidence=[package.file("credit.csv")])
    code, said = verdict(run, "--evidence", work)
    assert (code, [one["seq"] for one in said["missing"]]) == (5, [1])


def test_a_bundle_and_what_is_in_it_counts(run, settled, work, tmp_path):
    assert run("export", tmp_path / "b.zip", "--evidence", "model.bin", "--evidence", "report").code == 0
    shutil.rmtree(work / "report")
    os.remove("model.bin")
    code, said = verdict(run, tmp_path / "b.zip", "--evidence", work)
    assert (code, said["missing"]) == (0, [])
    assert run("verify", tmp_path / "b.zip", "--evidence", tmp_path / "nowhere").code == 2

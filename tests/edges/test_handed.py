"""A receipt goes from one process to the next as a file."""

import json
from pathlib import Path

import pytest

import ledger
from ledger.api import Ledger
from ledger.errors import Misuse
from tests.conftest import ORIGIN

MODEL = "sha256:" + "a" * 64


@pytest.fixture
def book(tmp_path, own_home):
    with Ledger.create(tmp_path / "ledger.db", origin=ORIGIN, actor="mara") as made:
        yield made


def trained(book):
    return book.record.trained(system="credit", version="1.0", artifacts={"model": MODEL})


def test_a_saved_receipt_stands_for_its_event(book, tmp_path):
    run, file = trained(book), tmp_path / "run.json"
    run.save(file)
    said = book.record.evaluated(of=file, uses=[file], metrics={"auc": 0.8})
    placed = book.find(said.seq).statement
    assert placed.subject == run.subject
    assert {name: [(ref.id, ref.hash) for ref in refs] for name, refs in placed.refs.items()} == {
        "of": [(run.id, run.hash)],
        "uses": [(run.id, run.hash)],
    }
    book.record_many([("evaluated", {"of": file, "metrics": {"auc": 0.9}})])
    assert book.find(-1).statement.refs["of"][0].id == run.id


def test_the_file_is_what_the_command_prints(book, tmp_path):
    run, file = trained(book), tmp_path / "run.json"
    run.save(str(file))
    assert json.loads(file.read_text()) == {
        "schema": "ledger.record/1", "seq": 1, "id": run.id, "hash": run.hash, "leaf": run.leaf, "type": "trained",
        "subject": {"system": "credit", "version": "1.0", "artifacts": {"model": MODEL}}, "actor": "mara",
        "time": run.time, "recorded": run.recorded, "state": "sealed", "again": False,
    }  # fmt: skip
    assert [path.name for path in tmp_path.iterdir() if "run" in path.name] == ["run.json"]


@pytest.mark.parametrize(
    "content",
    [None, b"", b"[]", b"{}", b'{"schema":"ledger.verify/1"}', b"\xff", b"[" * 100_000, b" " * 1_048_577],
)
def test_what_is_no_receipt_is_refused_by_name(book, tmp_path, content):
    file = tmp_path / "run.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Misuse, match=r"no receipt in .*run\.json") as caught:
        book.record.evaluated(of=file, metrics={"auc": 0.8})
    assert caught.value.code == "no_receipt"
    assert len(book) == 1


def test_a_receipt_of_nothing_that_was_signed_is_no_reference(book, tmp_path):
    file = tmp_path / "run.json"
    file.write_text('{"schema":"ledger.record/1","id":"01a21ac2-eff4-78b3-8d16-2a3c5716e1e3","hash":"x"}')
    with pytest.raises(Misuse) as caught:
        book.record.evaluated(of=file, metrics={"auc": 0.8})
    assert caught.value.code == "invalid_ref"


def test_a_place_that_cannot_be_written_is_said_and_leaves_nothing(book, tmp_path):
    run, folder = trained(book), tmp_path / "taken"
    folder.mkdir()
    for place in (folder, tmp_path / "none" / "run.json"):
        with pytest.raises(Misuse, match="cannot be written"):
            run.save(place)
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".new")]


def test_a_draft_keeps_what_the_file_said(book, tmp_path, monkeypatch):
    run, file = trained(book), tmp_path / "run.json"
    run.save(file)
    monkeypatch.setenv("LEDGER_URL", str(tmp_path / "ledger.db"))
    with pytest.raises(Misuse) as caught:
        ledger.record("evaluated", of=file, metrics="no map")
    file.unlink()
    (draft,) = Path(tmp_path.parent).rglob(f"{caught.value.draft}*") or [None]
    assert run.hash in draft.read_text()

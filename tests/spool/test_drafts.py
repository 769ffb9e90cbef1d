"""Fields of events that could not be recorded: kept, bounded, without secrets, and recorded at last."""

import errno
import json
import math
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

import ledger as package
from ledger.errors import Misuse
from ledger.events.common import Evidence
from ledger.spool import drafts, seen
from ledger.spool.file import spool_path
from tests.spool.conftest import say


class Odd:
    """Something that no form is for."""

    def __repr__(self):
        raise RuntimeError("not even this")


class Scalar:
    """What NumPy's scalars are like."""

    shape = ()

    def item(self):
        return 0.25


def folder():
    return drafts.folder_of(spool_path())


def refused(what="evaluated", **fields):
    with pytest.raises(Misuse) as caught:
        package.record(what, **fields)
    return caught.value


def test_a_nan_does_not_cost_the_run(project):
    error = refused(
        system="a", version="1", artifacts={"model": "sha256:" + "ab" * 32}, metrics={"auc": math.nan, "f1": Scalar()}
    )
    assert error.code == "nan"
    assert str(error).splitlines()[-1] == f"  kept as a draft: ledger record --draft {error.draft}"
    (path,) = drafts.listed(folder())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    draft = drafts.load(path)
    assert (draft.id, draft.type) == (error.draft, "evaluated")
    assert draft.fields["metrics"] == {"auc": "nan", "f1": 0.25}
    assert draft.why.startswith("evaluated.metrics.auc is NaN")


@pytest.mark.parametrize(
    "odd",
    ["\ud800", {"\udfff": 1}, [2**70, -(2**64)], {"a": {1, 2}}, {2: "number"}, b"\xff", Odd(), "a\x00b", [[[["x"]]]],
     {"deep": json.loads("[" * 400 + "]" * 400)}, float("-inf"), complex(1, 2), range(3), type, lambda: 0],
    ids=lambda odd: type(odd).__name__,
)  # fmt: skip
def test_whatever_was_said_is_misuse_and_its_draft_can_be_read(project, odd):
    error = refused(system="a", version="1", artifacts={"model": "sha256:" + "ab" * 32}, metrics={"auc": 0.5, "x": odd})
    assert drafts.load(drafts.find(folder(), error.draft)).fields["metrics"]["auc"] == 0.5
    assert "x" in drafts.load(drafts.find(folder(), error.draft)).fields["metrics"]


@pytest.mark.parametrize("what", [{"type": "trained"}, None, 3, b"trained", ["trained"]])
def test_what_is_no_type_and_no_struct_is_misuse(project, what):
    assert refused(what).message.startswith("record takes a type's name or a struct, not ")


def test_a_type_that_cannot_be_written_is_misuse(project):
    assert drafts.load(drafts.find(folder(), refused("tra\ud800ined").draft)).type == "tra\\ud800ined"


def test_what_was_recorded_leaves_no_draft(project):
    say(1)
    assert not folder().exists()


def test_fields_come_back_as_they_were(project):
    (project / "m.bin").write_bytes(b"a model")
    model, first = package.file("m.bin"), say(1)
    when = datetime(2026, 11, 23, 9, 5, tzinfo=UTC)
    error = refused(
        "trained", system="a", version="1", artifacts={"model": model}, caused_by=[first], time=when,
        paramters={"a": 1}, evidence=[model],
    )  # fmt: skip
    fields = drafts.load(drafts.find(folder(), error.draft)).fields
    assert fields["artifacts"] == {"model": model}
    assert fields["evidence"] == [model]
    assert isinstance(fields["artifacts"]["model"], Evidence)
    assert fields["caused_by"] == [{"id": first.id, "hash": first.hash, "subject": first.subject}]
    assert fields["time"] == "2026-11-23T09:05:00.000000Z"
    fields["parameters"] = fields.pop("paramters")
    assert package.record("trained", **fields).seq == 2


@pytest.mark.parametrize(
    "field",
    [{"password": "hunter2"}, {"url": "postgresql://mara:hunter2@db/ml"}, {"pem": "-----BEGIN PRIVATE KEY-----"}],
)
def test_what_looks_like_a_secret_is_not_kept(project, field):
    refusals = [
        refused("trained", system="a", version="1", parameters=field, artifacts={"m": "sha256:" + "ab" * 32}),
        refused("evaluated", system="a", version="1", metrics={"auc": math.nan}, oops=field),  # refused before the look
    ]
    assert [one.draft for one in refusals] == ["", ""]
    assert not folder().exists() or drafts.listed(folder()) == []


def test_what_no_form_is_for_is_written_as_text(project):
    deep = value = {}
    for _ in range(100):
        value["below"] = value = {}
    error = refused("acme.example/note", odd=Odd(), deep=deep, big=10**400, data="no map")
    fields = drafts.load(drafts.find(folder(), error.draft)).fields
    assert fields["odd"] == f"<{Odd.__module__}.Odd>"
    assert json.dumps(fields["deep"]).count("below") < 40


def test_a_draft_is_small_and_they_are_few(project, monkeypatch):
    assert refused("evaluated", text="x" * 70_000).draft == ""
    monkeypatch.setattr(drafts, "COUNT_LIMIT", 3)
    ids = [refused("evaluated", oops=number).draft for number in range(5)]
    assert [path.stem for path in drafts.listed(folder())] == ids[2:]


def test_a_folder_that_cannot_be_written_changes_no_error(project, monkeypatch):
    monkeypatch.setenv("LEDGER_SPOOL", str(project / "ledger.toml/spool.db"))
    error = refused("evaluated", oops=1)
    assert (error.code, error.draft) == ("unknown_field", "")


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_fails_leaves_nothing_half_written(project, call):
    def fail(*_):
        raise OSError(errno.ENOSPC, "full")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drafts.os, call, fail)
        assert refused("evaluated", oops=1).draft == ""
        seen.keep_seen(spool_path(), "a place", seen.Seen("ab" * 32, "ledger.test/one"))
    assert folder().is_dir()
    left = [path for path in spool_path().parent.rglob("*") if path.name.startswith((".draft", ".seen"))]
    assert left == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"id": 1}', "[" * 100_000])
def test_a_draft_that_was_spoilt(project, text):
    path = Path("spoilt.json")
    path.write_text(text)
    with pytest.raises(Misuse, match="is no draft"):
        drafts.load(path)


def test_a_receipt_that_is_a_draft_is_kept_as_such(nowhere):
    run = package.record.trained(system="a", version="1", artifacts={"m": "sha256:" + "ab" * 32})
    after = package.record.evaluated(of=run, metrics={"auc": 0.7})
    assert drafts.load(drafts.find(folder(), after.id)).fields["of"] == {"draft": run.id}


def test_what_is_too_large_to_keep_is_said_so(project):
    error = refused("acme.example/thing", text="y" * 200_000)
    assert error.draft == ""
    assert error.message.endswith("; what was said is not kept")

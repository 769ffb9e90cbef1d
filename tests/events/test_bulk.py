"""The way for many events makes what the way for one makes, byte for byte, and leaves all else to it."""

import enum
import json
import random
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from unittest import mock

import pytest

from ledger import encoding
from ledger.errors import Misuse
from ledger.events.common import Measure
from ledger.events.table import EVENTS

EXAMPLES = json.loads((Path(__file__).parent / "examples.json").read_text("utf-8"))
DIGEST = "sha256:" + "a" * 64
EVENT = {
    "system": "credit-scoring",
    "version": "3.1.0",
    "artifacts": {"model": DIGEST},
    "metrics": {"auc": 0.79, "n": 3},
    "groups": {"age<25": {"auc": 0.7}},
}


class Word(enum.StrEnum):
    """Text that is more than text."""

    BIAS = "bias"


@mock.patch("os.urandom", lambda size: bytes(size))  # salts of sealed fields differ, of course
def made(ledger, kind, fields):
    """What both ways make of an event whose subject was met before; the message, where it is refused."""
    author = ledger._author()

    def of(way):
        try:
            return way()
        except Misuse as error:
            return error.message

    now = "2026-11-23T09:00:00.000000Z"
    of(lambda: author._bulk._chunk([(kind, fields)], [now]))
    with mock.patch.object(author._bulk, "_compose", wraps=author._bulk._compose) as other_way:
        many = of(lambda: author._bulk._chunk([(kind, fields)], [now])[0])
    id = encoding.id_text(many.id) if not isinstance(many, str) else "01920000-0000-7000-8000-000000000000"
    one = of(lambda: author._member(author._compose(kind, fields), id, now))
    alone = of(lambda: author._bulk.alone(kind, fields, id, now)) if isinstance(kind, str) else None
    assert not isinstance(many, str) or alone is None
    assert alone is None or (alone[:4] == one[:4] and not isinstance(one, str)), "one by itself is the same"
    return not other_way.called, many, one


def same(many, one):
    if isinstance(many, str) or isinstance(one, str):
        return many == one
    shared = {name: value for name, value in one.fields.items() if name not in ("data", "id", "time")}
    said = {name: value for name, value in many.fields.items() if name not in ("data", "id", "time")}
    time = many.time or many.fields["time"]
    return many[1:4] == one[1:4] and said == shared and time == one.fields["time"]


def test_what_is_common_goes_the_quick_way(ledger):
    quick, many, one = made(ledger, "evaluated", EVENT | {"capture": False})
    assert quick
    assert same(many, one)
    quick, many, one = made(ledger, "evaluated", EVENT)
    assert quick
    assert "context" in many.fields
    assert same(many, one)


ABOUT = {
    "system": "credit-scoring",
    "version": "3.1.0",
    "artifacts": {"model": DIGEST},
    "environment": "production",
    "dataset": "credit@2026-11",
    "component": "bert@1",
    "deployment": "main",
    "handle": "ana",
    **dict.fromkeys(("alert", "incident", "action", "document", "plan", "request", "hold", "segment"), "one"),
}


def test_every_type_said_every_way(ledger):
    quickly = []
    for name, data in EXAMPLES.items():
        kind = EVENTS[name]
        for keys in (kind.required, {*kind.required, *kind.optional, *kind.needs_one}):
            quick, many, one = made(ledger, name, data | {key: ABOUT[key] for key in keys})
            assert same(many, one), name
            quickly += [name] if quick else []
            assert not quick or not isinstance(many, str), name
    assert "undeployed" in quickly


ODD = [
    None, "", [], {}, (), 0, -0.0, 1e16, 1e-7, 2**53, -(2**53), float("nan"), float("inf"), True, "é", "null", "[]",
    "\x7f", "a\nb", "\ud800", "x" * 300, "x" * 60_000, Decimal("1.5"), datetime(2026, 11, 23, tzinfo=UTC), Word.BIAS,
    uuid.UUID(int=7), b"x", {"bias"}, frozenset({"bias"}), ("bias",), ["bias"], MappingProxyType({"a": 1}), object(),
    {"a": None}, {"a": []}, {1: 2}, {"a": Measure(value=0.5, n=3)}, {"a": {"value": 0.5}}, {"auc": True},
    {"auc": "0.5"}, {"auc": Decimal("0.5")}, {"x" * 300: 1}, {"token": "abc"}, "https://a:b@c/", 1.0,
    123456789012345678,
]  # fmt: skip


@pytest.mark.parametrize("name", ["metrics", "groups", "covers", "passed", "methods", "system", "artifacts", "capture"])
def test_odd_values_fare_alike(ledger, name):
    for value in ODD:
        _, many, one = made(ledger, "evaluated", EVENT | {name: value})
        assert same(many, one), (name, value)


@pytest.mark.parametrize("name", ["parameters", "seed", "algorithm", "note", "started", "datasets"])
def test_odd_values_of_a_training_fare_alike(ledger, name):
    event = {**EVENT, "parameters": {"max_depth": 6}}
    del event["metrics"], event["groups"]
    for value in [*ODD, *[{"p": odd} for odd in ODD], *[{"p": [odd]} for odd in ODD]]:
        _, many, one = made(ledger, "trained", event | {name: value})
        assert same(many, one), (name, value)


def test_one_odd_event_among_many_is_found(ledger):
    events = [("evaluated", EVENT | {"metrics": {"auc": at / 1000}, "capture": False}) for at in range(600)]
    chosen = random.Random(7).randrange(600)
    events[chosen] = ("evaluated", EVENT | {"metrics": {"auc": -0.0}, "capture": False})
    recorded = ledger.record_many(events)
    assert recorded.count == 600
    aucs = [one.statement.data["metrics"]["auc"] for one in ledger.entries(1)]
    assert aucs[chosen] == 0.0
    assert str(aucs[chosen]) == "0.0"
    assert [auc for at, auc in enumerate(aucs) if at != chosen] == [n / 1000 for n in range(600) if n != chosen]
    events[chosen] = ("evaluated", EVENT | {"metrics": {"auc": float("nan")}})
    with pytest.raises(Misuse, match=r"evaluated\.metrics\.auc is NaN"):
        ledger.record_many(events)
    assert len(ledger) == 601
    assert ledger.verify().verdict == "VERIFIED"


def test_the_context_is_that_of_the_folder_one_is_in(ledger, tmp_path, monkeypatch):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "uv.lock").write_text("version = 1\n")
    events = [("evaluated", EVENT), ("evaluated", EVENT)]
    ledger.record_many(events)
    monkeypatch.chdir(tmp_path / "other")
    ledger.record_many(events)
    ledger.record(*events[0][:1], **EVENT)
    lockfiles = [(one.statement.context or {}).get("lockfile") for one in ledger.entries(1)]
    assert lockfiles[:2] == [None, None]
    assert all(lockfiles[2:])
    assert len(lockfiles) == 5

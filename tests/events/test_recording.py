"""The generated methods: equal to what the structs give, light to import, and passing on just what was said."""

import inspect
import re
import subprocess
import sys

import pytest

from ledger.compose import compose
from ledger.errors import Misuse
from ledger.events import EVENTS, RELATIONS
from ledger.events.generate import TARGET, written
from ledger.events.places import ENVELOPE_WORDS, places_of
from ledger.receipts import Receipt
from ledger.recording import Recorder


def test_the_file_is_what_the_structs_give():
    assert TARGET.read_text(encoding="utf-8") == written(), "run: python -m ledger.events.generate"


@pytest.mark.parametrize("name", sorted(set(EVENTS) - {"genesis"}))
def test_each_method_takes_exactly_the_keywords_of_its_type(name):
    parameters = inspect.signature(getattr(Recorder, name)).parameters
    assert set(parameters) - {"self"} == set(places_of(name).places) - {"data"}
    assert all(p.kind is p.KEYWORD_ONLY for word, p in parameters.items() if word != "self")
    required = {word for word, p in parameters.items() if p.default is p.empty and word != "self"}
    assert required <= set(places_of(name).places) - set(ENVELOPE_WORDS) - set(RELATIONS) | {
        "reason",
        "of",
        "ends",
        "corrects",
    }
    assert EVENTS[name].summary in getattr(Recorder, name).__doc__


def test_what_is_said_is_passed_on():
    said = []
    record = Recorder(lambda what, fields: said.append((what, fields)))
    record.evaluated(metrics={"auc": 1}, of="credit@1")
    record("acme.example/thing", what=1, self=2)
    assert said == [
        ("evaluated", {"metrics": {"auc": 1}, "of": "credit@1"}),
        ("acme.example/thing", {"what": 1, "self": 2}),
    ]
    name, fields = said[0]
    assert compose(name, fields, lambda *_: (None, {"m": "sha256:" + "a" * 64})).data == {"metrics": {"auc": 1}}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"of": "credit@1"}, "needs metrics"),
        ({"of": "credit@1", "metrcs": {"auc": 1}}, "has no field 'metrcs'; nearest 'metrics'"),
        ({"of": "credit@1", "metrics": {"auc": 1}, "what": 1}, "has no field 'what'"),
    ],
)
def test_a_keyword_that_is_wrong_or_missing_is_refused_by_the_rules(fields, message):
    """Not by Python: what was said reaches whoever keeps it, and the error says what to do."""
    record = Recorder(lambda what, said: compose(what, said, lambda *_: (None, {"m": "sha256:" + "a" * 64})))
    with pytest.raises(Misuse, match=message):
        record.evaluated(**fields)


def test_fields_are_said_by_name():
    with pytest.raises(Misuse, match="evaluated takes its fields by name") as caught:
        Recorder(print).evaluated("credit@1")
    assert caught.value.fix == "record.evaluated(metrics=..., ...)"


def test_a_misspelt_type_names_the_nearest():
    record = Recorder(print)
    with pytest.raises(AttributeError, match="no event type 'trian'; nearest is 'trained'"):
        _ = record.trian
    assert not hasattr(record, "genesis")
    assert not hasattr(record, "__deepcopy__")


def test_importing_is_light():
    code = (
        "import sys; before = set(sys.modules); import ledger.recording; "
        "print(sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"msgspec", "apsw", "cryptography", "sqlalchemy", "click", "rich", "inspect", "difflib", "datetime"}
    assert not heavy & set(eval(done.stdout))


def receipt(**said):
    base = {"seq": 2, "id": "0" * 36, "hash": "1" * 64, "leaf": "2" * 64, "type": "trained", "actor": "mara"}
    subject = {"system": "credit", "version": "3.1.0", "artifacts": {"model": "sha256:" + "ab" * 32}}
    times = {"time": "2026-11-23T09:05:41.000000Z", "recorded": "2026-11-23T09:05:42.000000Z"}
    return Receipt(**(base | times | {"subject": subject, "state": "sealed"} | said))


def test_nothing_that_was_said_steers_a_notebook():
    bad = "<script>alert('x')</script>\""
    subject = {"system": bad, bad: bad, "artifacts": {bad: bad}}
    shown = receipt(subject=subject, actor=bad, why=bad, type=bad)._repr_html_()
    tags = ("table", "tr", "th", "td", "span")
    assert set(re.findall(r"<(/?\w+)", shown)) <= {f"{end}{tag}" for end in ("", "/") for tag in tags}

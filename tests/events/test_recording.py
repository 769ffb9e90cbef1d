"""The generated methods: equal to what the structs give, light to import, and passing on just what was said."""

import inspect
import subprocess
import sys

import pytest

from ledger.compose import compose
from ledger.events import EVENTS, RELATIONS
from ledger.events.generate import TARGET, written
from ledger.events.places import ENVELOPE_WORDS, places_of
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
    with pytest.raises(TypeError, match="metrics"):
        record.evaluated(of="credit@1")


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

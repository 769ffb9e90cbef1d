"""Keywords become drafts: what goes where, what is taken over, what is looked up, and what is refused how."""

import enum
import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.compose import Draft, compose, compose_struct
from ledger.encoding import encode, is_time
from ledger.entry import Entry
from ledger.errors import Misuse
from ledger.events import EVENTS, check_data
from ledger.events.common import Evidence, Threshold
from ledger.events.development import Trained
from ledger.statement import Ref, Statement, set_digest, statement_hash
from tests.examples import examples

GOOD = json.loads((Path(__file__).parent / "examples.json").read_text())
A, B, C = (f"sha256:{letter * 64}" for letter in "abc")
ID = "019a0000-0000-7000-8000-00000000000{}".format
RUN = SimpleNamespace(
    id=ID(1), hash="1" * 64, subject={"system": "credit", "version": "3.1.0", "artifacts": {"model": A}}
)
DATA = SimpleNamespace(id=ID(2), hash="2" * 64, subject={"dataset": "credit@2026-10", "artifacts": {"content": B}})
SLOT = {"system": "credit", "environment": "production", "deployment": "main"}
DEPLOYED = SimpleNamespace(id=ID(3), hash="3" * 64, subject={**RUN.subject, **SLOT})
FILE = Evidence(digest=C, kind="file", media_type="text/csv", size=3, name="credit.csv")
REGISTERED = Ref(hash="9" * 64, id=ID(9))


def look_up(system, version):
    known = {("credit", "3.1.0"): {"model": A}, ("credit", "3.0.0"): {"model": B, "rules": C}}
    if (system, version) not in known:
        raise Misuse(f"no {system}@{version}")
    return REGISTERED, known[system, version]


def blind(system, version):
    raise AssertionError("nothing had to be looked up")


def refused(name, /, **keywords):
    with pytest.raises(Misuse) as caught:
        compose(name, keywords, look_up)
    return caught.value


def test_each_keyword_goes_to_its_place():
    draft = compose(
        "trained",
        {
            "system": "credit",
            "version": "3.1.0",
            "artifacts": {"model": FILE, "rules": A},
            "parameters": {"max_depth": 6},
            "caused_by": RUN,
            "uses": [DATA, DATA, {"hash": "4" * 64, "id": ID(4)}],
            "reason": "drift",
            "time": datetime(2026, 10, 5, 10, tzinfo=timezone(timedelta(hours=2))),
            "on_behalf_of": "mara",
            "critical": True,
            "source": {"tool": "mlflow", "mode": "live"},
            "claimed_by": {"source": "mlflow", "name": "Petru"},
            "note": "asked by Ana",
            "seed": None,
            "metrics": {},
        },
        blind,
    )
    assert draft == Draft(
        type="trained",
        rev=1,
        subject={"system": "credit", "version": "3.1.0", "artifacts": {"model": C, "rules": A}},
        data={"parameters": {"max_depth": 6}, "note": "asked by Ana"},
        refs={
            "caused_by": [Ref(RUN.hash, RUN.id)],
            "uses": [Ref(DATA.hash, DATA.id), Ref("4" * 64, ID(4))],
        },
        evidence=[{"digest": C, "kind": "file", "media_type": "text/csv", "name": "model", "size": 3}],
        reason="drift",
        time="2026-10-05T08:00:00.000000Z",
        on_behalf_of="mara",
        claimed_by={"source": "mlflow", "name": "Petru"},
        source={"tool": "mlflow", "mode": "live"},
        critical=True,
        sealed=("/data/note", "/claimed_by/name"),
        captures=True,
    )


SUBJECTS = {"handle": "ana", "dataset": "credit@1", "alert": "a-1", "plan": "p", "environment": "test"}


@pytest.mark.parametrize("name", sorted(set(EVENTS) - {"genesis"}))
def test_every_type_can_be_said_with_its_example(name):
    kind = EVENTS[name]
    keywords = {key: SUBJECTS[key] for key in kind.required if key in SUBJECTS} | dict.fromkeys(
        kind.needs_refs, DEPLOYED
    )
    keywords |= {"system": "credit"} if "system" in kind.required else {}
    keywords |= {"artifacts": {"model": A}} if kind.needs_set or kind.needs_one else {}
    keywords |= {"version": "3.1.0"} if "version" in kind.required else {}
    draft = compose(name, {**GOOD[name], **keywords, "reason": "because"}, look_up)
    assert draft.data == GOOD[name]
    check_data(name, draft.rev, draft.data)
    assert set(draft.subject) >= set(kind.required)
    encode(msgspec.to_builtins(draft))


def test_of_takes_the_subject_over():
    draft = compose("evaluated", {"of": RUN, "metrics": {"auc": 0.79}, "uses": [RUN]}, blind)
    assert draft.subject == RUN.subject
    assert draft.refs == {"of": [Ref(RUN.hash, RUN.id)], "uses": [Ref(RUN.hash, RUN.id)]}
    alert = compose("drift_alerted", {"of": DEPLOYED, "metric": "psi", "id": ID(7)}, blind)
    assert alert.subject == {**DEPLOYED.subject, "alert": ID(7)}
    assert compose("drift_alerted", {"of": DEPLOYED, "metric": "psi"}, blind).opens == "alert"
    answer = SimpleNamespace(id=ID(7), hash="7" * 64, subject=alert.subject)
    assert compose("alert_acknowledged", {"of": answer}, blind).subject == alert.subject
    revoked = compose("approval_revoked", {"ends": [RUN], "reason": "wrong data"}, blind)
    assert revoked.subject == RUN.subject
    assert compose("undeployed", {"ends": DEPLOYED}, blind).subject == DEPLOYED.subject


def test_of_an_entry_hashes_its_statement():
    said = {"actor": "mara", "data": {}, "id": ID(5), "key": "5" * 64, "rev": 1, "subject": dict(RUN.subject)}
    said |= {"time": "2026-10-05T08:00:00.000000Z", "type": "trained"}
    entry = Entry(
        prev="0" * 64, recorded=said["time"], seq=3, signatures=[], statement=msgspec.convert(said, Statement)
    )
    draft = compose("evaluated", {"of": entry, "metrics": {"auc": 1}}, blind)
    assert draft.refs["of"] == [Ref(statement_hash(encode(said)).hex(), ID(5))]
    assert draft.subject == RUN.subject


def test_a_version_is_looked_up_by_its_label():
    for keywords in ({"of": "credit@3.0.0"}, {"system": "credit", "version": "3.0.0"}):
        draft = compose("evaluated", {**keywords, "metrics": {"auc": 1}}, look_up)
        assert draft.subject == {"system": "credit", "version": "3.0.0", "artifacts": {"model": B, "rules": C}}
        assert draft.refs == {"of": [REGISTERED]}
    plain = compose("approved", {"of": "credit@3.0.0", "stage": "x"}, lambda *_: (ID(1), {"model": A}))
    assert plain.refs == {}
    assert refused("evaluated", of="credit@9", metrics={"auc": 1}).message == "no credit@9"
    assert refused("deployed", system="credit", version="9", environment="test").message == "no credit@9"
    unknown = compose("drift_alerted", {"system": "credit", "version": "9", "metric": "psi"}, look_up)
    assert unknown.subject == {"system": "credit", "version": "9"}
    assert unknown.opens == "alert"


@pytest.mark.parametrize("name", ["evaluated", "approved", "change_recorded"])
def test_of_which_version(name):
    error = refused(name, **{key: GOOD[name][key] for key in ("metrics", "stage", "summary") if key in GOOD[name]})
    assert error.message == f"{name}: of which version?"
    assert error.fix.startswith('of=run, of="credit-scoring@3.1.0" or artifacts={...}')
    assert "which version" in refused(name, system="credit", metrics={"a": 1}, data=None).message or name != "evaluated"


def test_another_label_is_another_set():
    """A roll-back says of= the deployment that failed: the set must be that of the label, not of the receipt."""
    draft = compose("rolled_back", {"of": DEPLOYED, "version": "3.0.0", "left": DEPLOYED}, look_up)
    assert draft.subject == {**SLOT, "version": "3.0.0", "artifacts": {"model": B, "rules": C}}
    assert draft.data == {"left": {"version": "3.1.0", "set": "sha256:" + set_digest({"model": A})}}
    named = compose("version_registered", {"of": RUN, "version": "3.1.0-final"}, blind)
    assert named.subject == {**RUN.subject, "version": "3.1.0-final"}


def test_a_different_system_or_set_is_refused():
    assert "of= is about 'credit'" in refused("evaluated", of=RUN, system="fraud", metrics={"a": 1}).message
    assert "another set" in refused("evaluated", of=RUN, artifacts={"model": B}, metrics={"a": 1}).message
    more = compose("version_registered", {"of": RUN, "artifacts": {"model": A, "rules": C}}, blind)
    assert more.subject["artifacts"] == {"model": A, "rules": C}
    assert "another set" in refused("version_registered", of=RUN, artifacts={"model": B, "rules": C}).message
    again = compose("trained", {"of": RUN, "system": "fraud", "artifacts": {"model": B}}, blind)
    assert again.subject == {"system": "fraud", "artifacts": {"model": B}, "version": "3.1.0"}


def test_a_dataset_is_its_one_piece_of_evidence():
    draft = compose("dataset_registered", {"dataset": "credit@1", "evidence": [FILE]}, blind)
    assert draft.subject == {"dataset": "credit@1", "artifacts": {"content": C}}
    assert draft.evidence == [FILE.to_json()]
    assert "which of 2" in refused("dataset_registered", dataset="credit@1", evidence=[FILE, FILE]).message
    assert "which bytes" in refused("dataset_registered", dataset="credit@1").message
    assert "name@label" in refused("dataset_registered", dataset="credit", evidence=FILE).fix


def test_datasets_versions_and_components_are_mentioned_by_receipt_label_or_evidence():
    found = {"credit@2026-10": B}
    draft = compose(
        "trained",
        {
            "system": "credit",
            "artifacts": {"model": A},
            "datasets": {
                "training": ["credit@2026-10", "new@1"],
                "test": DATA,
                "validation": FILE,
                "reference": [{"dataset": "x@1"}],
            },
            "parents": ["3.0.0", "credit@3.1.0", RUN],
            "base_models": ["llama@3"],
        },
        look_up,
        found.get,
    )
    of_31, of_30 = ("sha256:" + set_digest(look_up("credit", version)[1]) for version in ("3.1.0", "3.0.0"))
    assert draft.data == {
        "datasets": {
            "training": [{"dataset": "credit@2026-10", "digest": B}, {"dataset": "new@1"}],
            "test": [{"dataset": "credit@2026-10", "digest": B}],
            "validation": [{"digest": C}],
            "reference": [{"dataset": "x@1"}],
        },
        "parents": [
            {"version": "3.0.0", "set": of_30},
            {"version": "3.1.0", "set": of_31},
            {"version": "3.1.0", "set": of_31},
        ],
        "base_models": [{"component": "llama@3"}],
    }
    assert FILE.to_json() in draft.evidence
    placed = compose("placed_on_market", {"of": RUN, "ifu": FILE}, blind)
    assert placed.data == {"ifu": C}
    seen = compose("deployed", {"of": RUN, "environment": "test", "observed": {"model": FILE}, "config": A}, blind)
    assert seen.data == {"observed": {"model": C}, "config": A}
    plan = {"system": "credit", "thresholds": [Threshold(metric="auc", op=">=", bound=1)], "test_dataset": DATA}
    assert compose("metric_plan_defined", plan, blind).data == {
        "thresholds": [{"metric": "auc", "op": ">=", "bound": 1}],
        "test_dataset": {"dataset": "credit@2026-10", "digest": B},
    }


class Scalar:
    shape = ()

    def __init__(self, value):
        self.value = value

    def item(self):
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


class Single(float):
    """As numpy.float64 is."""


class Color(enum.StrEnum):
    RED = "red"


def array(*shape):
    kind = type("ndarray", (), {"shape": shape, "item": lambda self: 1, "__module__": "numpy"})
    return kind()


@pytest.mark.parametrize(
    ("said", "written"),
    [
        (Scalar(3), 3),
        (Scalar(0.5), 0.5),
        (Single(0.5), 0.5),
        (Color.RED, "red"),
        (-0.0, 0.0),
        (Single(-0.0), 0.0),
        (True, True),
        ((1, Scalar(2)), [1, 2]),
    ],
)
def test_numbers_are_those_of_the_format(said, written):
    draft = compose("trained", {"system": "c", "artifacts": {"m": A}, "parameters": {"x": said}}, blind)
    found = draft.data["parameters"]["x"]
    assert (found, type(found), str(found)) == (written, type(written), str(written))
    encode(draft.data)


def test_times_are_written_out():
    said = {"due": datetime(2026, 1, 1, tzinfo=UTC), "stage": "x", "artifacts": {"m": A}}
    assert compose("approval_requested", said, blind).data["due"] == "2026-01-01T00:00:00.000000Z"
    days = {"dataset": "c@1", "evidence": FILE, "period_start": date(2025, 1, 2)}
    assert compose("dataset_registered", days, blind).data == {"period_start": "2025-01-02"}
    assert "not a real date" in refused("dataset_registered", **{**days, "period_start": "2025-02-30"}).message
    naive = refused("trained", system="c", artifacts={"m": A}, time=datetime(2026, 11, 23, 9))
    assert naive.message == "time 2026-11-23 09:00:00 has no zone"
    assert "not a time" in refused("trained", system="c", artifacts={"m": A}, time="2026-11-23T09:00:00Z").message


METRICS = "evaluated.metrics"
CYCLE: list = []
CYCLE.append(CYCLE)


@pytest.mark.parametrize(
    ("keywords", "message", "fix"),
    [
        (
            {"groups": {"age<25": {"auc": float("nan")}}},
            "evaluated.groups['age<25'].auc is NaN",
            "leave it out and say why",
        ),
        ({"metrics": {"auc": Scalar(float("inf"))}}, f"{METRICS}.auc is infinite", "leave it out"),
        (
            {"metrics": {"confusion": array(2, 2)}},
            f"{METRICS}.confusion is numpy.ndarray (2, 2)",
            ".tolist(), or a file: ledger.file(...)",
        ),
        ({"metrics": {"auc": array(1)}}, f"{METRICS}.auc is numpy.ndarray (1)", ".tolist()"),
        ({"metrics": {"auc": Scalar(RuntimeError())}}, f"{METRICS}.auc is ", ".tolist()"),
        ({"metrics": {"auc": Scalar(Scalar(1j))}}, f"{METRICS}.auc is ", ""),
        ({"metrics": {"auc": 2**53}}, f"{METRICS}.auc 9007199254740992 is beyond 2^53 - 1", "write it as text"),
        ({"metrics": {"auc": Decimal("0.1")}}, f"{METRICS}.auc is decimal.Decimal", "float(...)"),
        ({"metrics": {"auc": None}}, f"{METRICS}.auc says nothing", "leave it out"),
        ({"metrics": {1: 1}}, f"{METRICS} has a key that is not text: 1", "use '1'"),
        ({"metrics": {"auc": FILE}}, f"{METRICS}.auc is ledger.events.common.Evidence", "evidence=[...]"),
        ({"metrics": {"auc": {1, 2}}}, f"{METRICS}.auc is set", "sorted"),
        ({"metrics": {"auc": CYCLE}}, "evaluated is nested too deep", "evidence="),
        ({"groups": {"a": {}}}, "evaluated.groups.a says nothing", "leave it out"),
        ({"metrcs": 1}, "evaluated has no field 'metrcs'; nearest 'metrics'", "ledger types evaluated"),
        ({"sytem": 1}, "evaluated has no field 'sytem'; nearest 'system'", "ledger types evaluated"),
        ({"dataset": "x@1"}, "evaluated takes no dataset=", "ledger types evaluated"),
        ({"corrects": RUN}, "evaluated takes no corrects=", "ledger types evaluated"),
        ({"caused_by": "the alert"}, "caused_by= 'the alert' is no receipt", "what record() returned"),
        ({"caused_by": 95}, "caused_by= 95 is no receipt", "ledger.find(95)"),
        ({"caused_by": {"hash": "1", "id": ID(1)}}, "caused_by= of type dict is no receipt", "what record() returned"),
        ({"uses": [RUN, None]}, "uses= of type NoneType is no receipt", "what record() returned"),
        ({"of": [RUN, DEPLOYED]}, "evaluated: of= takes one event", "uses=[...]"),
        ({"of": "3.1.0"}, "evaluated: of='3.1.0' is no SYSTEM@VERSION", "of=run"),
        ({"system": "Credit"}, "evaluated: system 'Credit' is no name", "lower-case"),
        ({"version": 3.1}, "evaluated: version of type float is no name", "letters"),
        ({"artifacts": {"Model": A}}, "evaluated: 'Model' is no artifact name", "lower-case"),
        ({"artifacts": {"model": "m.joblib"}}, "evaluated.artifacts['model'] 'm.joblib' is no digest", "ledger.file"),
        ({"artifacts": [A]}, "evaluated: artifacts are 1 to 64 names", "ledger.directory"),
        ({"artifacts": {f"a{n}": A for n in range(65)}}, "evaluated: artifacts are 1 to 64 names", "ledger.directory"),
        (
            {"evidence": "report.html"},
            "evaluated.evidence[0] 'report.html' is no evidence",
            "ledger.file('report.html')",
        ),
        ({"evidence": [{"digest": A}]}, "evaluated.evidence[0]: ", "ledger.file(PATH)"),
        ({"evidence": [FILE] * 257}, "evaluated has over 256 references", "ledger.directory"),
        ({"reason": "x" * 2001}, "evaluated.reason is 2,001 characters", "2,000"),
        ({"id": "95"}, "id '95' is no UUIDv7", "leave it out"),
        ({"critical": 1}, "critical is 1", "True"),
        ({"on_behalf_of": "Ana"}, "on_behalf_of 'Ana' is no handle", "lower-case"),
        ({"claimed_by": {"source": "mlflow"}}, "evaluated.claimed_by needs either actor or name", "claimed_by="),
        ({"source": {"tool": "mlflow", "mode": "copy"}}, "evaluated.source: ", "import"),
        ({"data": {"metrics": {"b": 1}}}, "evaluated: metrics is said twice", "data="),
        ({"data": {"note": "x", "system": "y"}}, "evaluated has no field 'system'", "ledger types"),
        ({"data": 3}, "evaluated: data= is int", "data="),
        ({"methods": {"auc": "postgresql://u:p@db/x"}}, "evaluated.methods.auc holds a password", "allow_secret=True"),
        ({"methods": {"api_token": "x"}}, "evaluated.methods.api_token holds a secret", "allow_secret=True"),
        ({"note": "-----BEGIN OPENSSH PRIVATE KEY-----"}, "evaluated.note holds a private key", "allow_secret=True"),
        ({"covers": ["bais"]}, "evaluated.covers[0] is 'bais', which is none of its words; nearest 'bias'", "one of:"),
    ],
)
def test_refusals(keywords, message, fix):
    base = {"metrics": {"auc": 0.79}} | ({} if {"of", "artifacts"} & set(keywords) else {"artifacts": {"model": A}})
    error = refused("evaluated", **{**base, **keywords})
    assert error.message.startswith(message)
    assert fix in error.fix


def test_a_secret_can_be_insisted_on_and_innocent_words_pass():
    said = {
        "artifacts": {"m": A},
        "metrics": {"token_count": 3, "auc": 1},
        "methods": {"tokens": "see http://h:80/a@b"},
    }
    compose("evaluated", said, blind)
    compose("evaluated", {**said, "methods": {"token": "x"}, "allow_secret": True}, blind)


def test_reasons():
    slot = {"of": DEPLOYED}
    assert refused("suspended", **slot).message == "suspended needs a reason"
    assert refused("suspended", **slot, reason="  ").code == "needs_reason"
    assert "needs a reason" in refused("alert_resolved", alert="a", resolution="false_alarm").message
    assert compose("alert_resolved", {"alert": "a", "resolution": "retrained"}, blind).reason is None
    assert compose("suspended", {**slot, "reason": "wrong"}, blind).captures
    assert not compose("suspended", {**slot, "reason": "wrong", "capture": False}, blind).captures


def test_missing_subjects_and_relations():
    assert refused("system_registered", purpose="x").message == "system_registered: which system?"
    assert refused("trained", system="c").message == "trained: which artifacts?"
    assert refused("trained", system="c", version="3.1.0", of="c@1").message == "no c@1"
    assert refused("deployed", of=RUN).message == "deployed: which environment?"
    assert refused("corrected", void=True, reason="x").message == "corrected needs corrects="
    assert refused("approval_revoked", artifacts={"m": A}, reason="x").message == "approval_revoked needs ends="
    assert compose("approved", {"document": "ifu", "stage": "dossier"}, blind).subject == {"document": "ifu"}


def test_a_correction_may_empty_a_field():
    draft = compose("corrected", {"corrects": RUN, "changes": {"data.note": None}, "reason": "x"}, blind)
    assert draft.data == {"changes": {"data.note": None}}
    assert draft.subject == {}


def test_own_types_take_any_object():
    draft = compose(
        "acme.example/thing", {"system": "credit", "any": {"deep": [None, {}]}, "empty": [], "of": DATA}, blind
    )
    assert draft.data == {"any": {"deep": [None, {}]}, "empty": []}
    assert draft.subject == {"system": "credit", **DATA.subject}
    assert draft.sealed == ()
    assert refused("acme.example/thing", x=float("nan")).message == "acme.example/thing.x is NaN"
    assert refused("thing").code == "unknown_type"


def test_structs_are_events_too():
    event = Trained(parameters={"max_depth": 6}, note="by Ana")
    draft = compose_struct(event, {"system": "credit", "artifacts": {"model": A}}, blind)
    assert draft == compose(
        "trained",
        {"system": "credit", "artifacts": {"model": A}, "parameters": {"max_depth": 6}, "note": "by Ana"},
        blind,
    )
    for wrong, keywords in ((FILE, {}), (event, {"note": "x"})):
        with pytest.raises(Misuse):
            compose_struct(wrong, keywords, blind)


def test_sealed_places_are_found_below():
    said = {"system": "c", "purpose": "x", "provider": {"name": "B", "contact": "Ana"}}
    assert compose("system_registered", said, blind).sealed == ("/data/provider/contact",)
    person = {"handle": "ana", "kind": "human", "name": "Ana", "contact": {"sealed": "A" * 43}}
    assert compose("actor_introduced", person, blind).sealed == ("/data/name",)


def test_what_was_handed_over_is_left_as_it_was():
    said = {
        "system": "c",
        "artifacts": {"m": A},
        "data": {"parameters": {"x": -0.0}},
        "uses": [RUN],
        "evidence": [FILE],
    }
    before = repr(said)
    compose("trained", said, blind)
    assert repr(said) == before


WORDS = sorted(
    {word for kind in EVENTS.values() for word in (*kind.subjects, *kind.relations)} | {"metrics", "data", "time"}
)
WORDS += [
    "evidence",
    "reason",
    "id",
    "source",
    "claimed_by",
    "datasets",
    "parameters",
    "note",
    "parents",
    "thresholds",
    "x",
]
ODD = st.sampled_from(
    [
        RUN,
        DATA,
        DEPLOYED,
        FILE,
        Scalar(1),
        Scalar(float("nan")),
        array(2),
        CYCLE,
        object(),
        b"x",
        A,
        ID(1),
        1j,
        date.max,
        "credit@3.1.0",
        "credit",
        "@",
        "�",
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime.min,
        10**400,
        Decimal(1),
        int,
        iter(()),
    ]
)
ATOMS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | ODD
VALUES = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*WORDS, "digest", "dataset", "training", "model"]) | st.text(max_size=3), inner, max_size=3
        )
        | st.dictionaries(st.integers() | st.none(), inner, max_size=1)
    ),
    max_leaves=6,
)


@examples(400)
@given(
    st.sampled_from([*EVENTS, "acme.example/thing", "nothing"]),
    st.dictionaries(st.sampled_from(WORDS), VALUES, max_size=6),
)
def test_anything_becomes_a_draft_or_misuse(name, keywords):
    try:
        draft = compose(name, keywords, look_up)
    except Misuse:
        return
    assert isinstance(draft, Draft)
    assert draft.time is None or is_time(draft.time)
    if not EVENTS.get(name):
        return
    check_data(name, draft.rev, draft.data)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"depth": None, "trees": 10, "rate": 0.1}, {"depth": "None", "trees": 10, "rate": 0.1}),
        ({"missing": float("nan"), "most": float("inf")}, {"missing": "nan", "most": "inf"}),
        ({"a": 1, "least": Scalar(float("-inf")), "b": True}, {"a": 1, "least": "-inf", "b": True}),
    ],
)
def test_what_a_program_was_set_to_may_be_none_or_not_finite(parameters, said):
    draft = compose("trained", {"system": "c", "artifacts": {"m": A}, "parameters": parameters}, look_up)
    assert draft.data == {"parameters": said}
    refused("trained", system="c", artifacts={"m": A}, parameters={"grid": [None]})


def test_what_is_odd_is_named_though_numbers_stand_before_it():
    """Every kind that has a form, then one that has none: it alone is to blame."""
    before = {"a": 1, "b": 0.5, "c": True, "d": "text", "e": [1, 0.5], "f": Scalar(2), "g": Scalar(0.5)}
    error = refused("trained", system="c", artifacts={"m": A}, parameters={**before, "odd": {1, 2}})
    assert (error.message, error.fix) == ("trained.parameters.odd is set", "a list: sorted(...)")
    assert refused("evaluated", of=RUN, metrics={"n": 1, "auc": None}).message == f"{METRICS}.auc says nothing"


class NaT(datetime):
    """As in pandas: a datetime that is not equal to itself."""

    __hash__ = None

    def __eq__(self, other):
        return False

    def __ne__(self, other):
        return True


def test_no_time_and_a_class_are_named_as_what_they_are():
    where = {"system": "c", "artifacts": {"m": A}}
    assert ".NaT" in refused("trained", **where, parameters={"x": NaT(2026, 1, 1)}).message
    error = refused("trained", **where, parameters={"x": type("Array", (), {"shape": property(id)})})
    assert (error.message, error.fix) == ("trained.parameters.x is type", "its name: str(...)")


@pytest.mark.parametrize(
    ("said", "shown", "fix"),
    [
        ("credit@1", "is 'credit@1', not a map", 'datasets={"training": "credit@1"}'),
        (["credit@1"], "is a list, not a map", 'datasets={"training": "..."}'),
    ],
)
def test_datasets_are_said_by_role(said, shown, fix):
    error = refused("trained", system="c", artifacts={"m": A}, datasets=said)
    assert (error.message, error.fix) == (f"trained.datasets {shown}", fix)

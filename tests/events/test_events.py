"""Every type of the vocabulary, one row each: what it takes, what it refuses, and how it says so."""

import copy
import json
import keyword
from pathlib import Path

import jsonschema
import pytest

from ledger.changes import EVENTS as CHANGES
from ledger.errors import Misuse
from ledger.events import EVENTS, RELATIONS, ROLES, RULES, SUBJECT_KEYS, check_data, event_type, json_schema, upcast
from ledger.events.anatomy import fields_of

GOOD = json.loads((Path(__file__).parent / "examples.json").read_text())
FIRST_PART = {
    *("genesis", "actor_introduced", "key_authorized", "key_revoked", "system_registered", "dataset_registered"),
    *("metric_plan_defined", "trained", "version_registered", "evaluated", "approval_requested", "approved"),
    *("rejected", "approval_revoked", "deployed", "undeployed", "rolled_back", "suspended", "resumed"),
    *("change_recorded", "substantial_modification_assessed", "placed_on_market", "put_into_service"),
    *("drift_alerted", "alert_acknowledged", "alert_resolved", "corrected", "retired", "verified"),
}
TRUST = {"clock_reset", "role_assigned", "role_ended", "delegated", "policy_set", "log_key_rotated"}
ENVELOPE = {"id", "type", "v", "rev", "subject", "actor", "time", "data", "reason", "refs", "evidence", "context"}
ENVELOPE |= {"source", "claimed_by", "on_behalf_of", "log", "critical"}
DIGEST = "sha256:" + "a" * 64


def test_the_first_part_is_whole():
    more = {"deployment_observed", "erased", "migrated", "timestamped", "retimestamped"}
    assert set(EVENTS) == FIRST_PART | TRUST | more
    assert set(GOOD) == set(EVENTS)


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_good_data_pass_check_and_schema(name):
    before = copy.deepcopy(GOOD[name])
    check_data(name, 1, GOOD[name])
    assert GOOD[name] == before
    schema = json_schema(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(GOOD[name])


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_unknown_field_names_the_nearest(name):
    fields = list(fields_of(EVENTS[name].struct))
    data = {**GOOD[name], fields[0] + "x": 1}
    with pytest.raises(Misuse, match=f"^{name} has no field '{fields[0]}x'; nearest '{fields[0]}'") as caught:
        check_data(name, 1, data)
    assert caught.value.code == "unknown_field"
    assert caught.value.fix == f"ledger types {name}"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, json_schema(name))


REQUIRED = [
    (name, f.name) for name, row in sorted(EVENTS.items()) for f in fields_of(row.struct).values() if f.required
]


@pytest.mark.parametrize(("name", "field"), REQUIRED)
def test_missing_field(name, field):
    data = {key: value for key, value in GOOD[name].items() if key != field}
    with pytest.raises(Misuse, match=f"^{name} needs {field}: ") as caught:
        check_data(name, 1, data)
    assert caught.value.code == "missing_field"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, json_schema(name))


def test_required_fields_are_those_of_the_vocabulary():
    found: dict[str, set[str]] = {}
    for name, field in REQUIRED:
        found.setdefault(name, set()).add(field)
    del found["genesis"]
    assert found == {
        "actor_introduced": {"kind"},
        "key_authorized": {"keys", "roles"},
        "deployment_observed": {"observed"},
        "key_revoked": {"key_id", "why"},
        "system_registered": {"purpose"},
        "metric_plan_defined": {"thresholds"},
        "evaluated": {"metrics"},
        "approval_requested": {"stage"},
        "approved": {"stage"},
        "rejected": {"stage"},
        "change_recorded": {"summary"},
        "substantial_modification_assessed": {"decision"},
        "drift_alerted": {"metric"},
        "alert_resolved": {"resolution"},
        "verified": {"size", "root", "verdict"},
        "erased": {"fields"},
        "migrated": {"to", "size", "root"},
        "timestamped": {"size", "root", "stamp", "proofs", "authority", "stamped", "renew_by"},
        "retimestamped": {"size", "root", "stamp", "proofs", "authority", "stamped", "renew_by", "hash", "rehashed"},
        "role_assigned": {"role"},
        "role_ended": {"role"},
        "delegated": {"to"},
        "policy_set": {"kind", "value"},
        "log_key_rotated": {"old", "new"},
    }


FIELDS = [(name, field) for name, row in sorted(EVENTS.items()) for field in fields_of(row.struct)]


@pytest.mark.parametrize(("name", "field"), FIELDS)
def test_wrong_kind_is_refused_with_its_path(name, field):
    class Odd:
        pass

    with pytest.raises(Misuse) as caught:
        check_data(name, 1, {**GOOD[name], field: Odd()})
    assert caught.value.message.startswith(f"{name}.{field} is Odd")


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("trained", {"parameters": 3}, "trained.parameters is an integer, not a map"),
        ("trained", {"seed": True}, "trained.seed is a boolean, not an integer"),
        ("trained", {"seed": 1.5}, "trained.seed is a decimal, not an integer"),
        ("evaluated", {"metrics": {"auc": "0.79"}}, "evaluated.metrics.auc is '0.79', not a number"),
        ("evaluated", {"metrics": {"auc": True}}, "evaluated.metrics.auc is a boolean, not a number"),
        ("evaluated", {"metrics": {}}, "evaluated.metrics says nothing"),
        ("evaluated", {"groups": None}, "evaluated.groups says nothing"),
        (
            "evaluated",
            {"groups": {"age<25": {"auc": {"value": 1, "m": 2}}}},
            "evaluated.groups['age<25'].auc has no field 'm'",
        ),
        ("deployed", {"traffic": 1.5}, "deployed.traffic is 1.5, not from 0 to 1"),
        ("deployed", {"traffic": -1}, "deployed.traffic is -1, not from 0 to 1"),
        ("dataset_registered", {"rows": -1}, "dataset_registered.rows is -1, below 0"),
        ("dataset_registered", {"role": "train"}, "is 'train', which is none of its words; nearest 'training'"),
        ("dataset_registered", {"period_start": "2025-02-30"}, "period_start is '2025-02-30', not a real date"),
        ("dataset_registered", {"geography": ["ro"]}, "dataset_registered.geography[0] is 'ro', not a country"),
        ("drift_alerted", {"due": "2026-13-01T00:00:00.000000Z"}, "drift_alerted.due is '2026-13-01T"),
        (
            "drift_alerted",
            {"window": {"end": "2026-10-32T00:00:00.000000Z"}},
            "drift_alerted.window.end is '2026-10-32T",
        ),
        ("placed_on_market", {"ifu": "a" * 64}, "not a digest: sha256: and 64"),
        ("placed_on_market", {"ifu": DIGEST + "\n"}, "not a digest"),
        ("actor_introduced", {"name": {"sealed": "short"}}, "actor_introduced.name"),
        ("trained", {"datasets": {"train": []}}, "trained.datasets: the key 'train' is 'train', which is none"),
        ("policy_set", {"kind": "four_eyes"}, "policy_set.value is no value of the kind four_eyes"),
        ("policy_set", {"value": "refusal"}, "policy_set.value is no value of the kind roles"),
        ("policy_set", {"kind": "four_eyes", "value": "never"}, "policy_set.value"),
        ("corrected", {"void": True}, "corrected needs either changes or void"),
        ("corrected", {"changes": {"subject.system": "x"}}, "cannot be corrected"),
    ],
)
def test_refusals_say_where_and_what(name, change, message):
    with pytest.raises(Misuse) as caught:
        check_data(name, 1, {**GOOD[name], **change})
    assert message in caught.value.message
    assert caught.value.fix


def test_types_unknown_and_own():
    with pytest.raises(Misuse, match=r"^no event type 'train'; nearest 'trained'") as caught:
        event_type("train")
    assert caught.value.code == "unknown_type"
    for data in ({}, {"anything": [{"deep": None}], "": 1}):
        check_data("acme.example/thing", 7, data)
        jsonschema.validate(data, json_schema("acme.example/thing"))
    assert event_type("acme.example/thing").own
    with pytest.raises(Misuse):
        event_type("Acme.example/thing")
    with pytest.raises(Misuse, match="rev 1, not 2"):
        check_data("trained", 2, {})


def test_names_never_collide():
    taken = ENVELOPE | set(SUBJECT_KEYS) | set(RELATIONS) | {"ledger", "key", "expect", "capture", "self", "what"}
    # The key events have the fields that FORMAT gives them; `compose` looks the envelope up first.
    fields = {field for name, field in FIELDS if name != "genesis"}
    assert not fields & taken
    assert not {field for field in fields if keyword.iskeyword(field)}


def test_rules_are_those_of_the_format():
    trust = TRUST | {"actor_introduced", "key_authorized", "key_revoked"}
    assert {name for name, rule in RULES.items() if rule["trust"]} == trust == set(CHANGES)
    for name in trust:
        assert RULES[name] == {"batch": False, "roles": ["admin"], "trust": True}
    for name in ("approved", "rejected", "approval_revoked"):
        assert RULES[name] == {"batch": False, "roles": ["approver"], "trust": False}
    for name in ("deployed", "substantial_modification_assessed", "placed_on_market"):
        assert RULES[name] == {"batch": True, "roles": [], "trust": False}
    for name in ("genesis", "trained", "evaluated", "dataset_registered", "drift_alerted", "corrected"):
        assert name not in RULES
    assert ROLES == ("recorder", "approver", "compliance", "admin", "auditor")
    assert all(set(rule["roles"]) <= set(ROLES) for rule in RULES.values())
    check_data("genesis", 1, {**GOOD["genesis"], "rules": RULES})


def test_the_table_of_changes_and_the_structs_agree():
    """Two tables say which fields an event of trust has: the verifier's, and the vocabulary's."""
    for name, event in CHANGES.items():
        row = EVENTS[name]
        required = {field.name for field in fields_of(row.struct).values() if field.required}
        assert (event.required, event.required | event.optional) == (required, set(fields_of(row.struct))), name
        assert (set(row.required), set(row.optional)) == (event.subject, event.about), name
        assert row.needs_reason == event.reason, name


def test_sealed_places_are_those_of_the_vocabulary():
    sealed = {name: set(row.sealed) - {("note",)} for name, row in EVENTS.items()}
    assert {name: places for name, places in sealed.items() if places} == {
        "actor_introduced": {("name",), ("contact",)},
        "system_registered": {("provider", "contact")},
    }
    exact = {"genesis", "actor_introduced", "key_authorized", "key_revoked"} | TRUST - {"clock_reset"}
    assert {name for name, row in EVENTS.items() if ("note",) not in row.sealed} == exact


def test_data_of_today_need_no_upcast():
    data = {"metrics": {"auc": 1}}
    assert upcast("evaluated", 1, data) is data
    assert upcast("acme.example/thing", 9, data) is data

"""The answer to the question that everything serves."""

from datetime import UTC, datetime

import pytest

from projections.database import TEMPORARY, Database
from projections.opening import Projections
from projections.questions.production import production

NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def told(book):
    """Data, plan, training, registration, evaluation, approval, deployment: entries 0 to 8."""
    data = {"artifacts": {"content": book.digest("data")}, "dataset": "credit@2026-11"}
    version = {"system": "credit", "version": "3.2.0", "artifacts": book.files("m", "preprocessing")}
    book.add("dataset_registered", role="training", rows=1000, **data)
    book.add("metric_plan_defined", system="credit", plan="p", thresholds=[
        {"metric": "auc", "op": ">=", "bound": 0.75}, {"metric": "auc", "op": ">=", "bound": 0.7, "group": "*"},
        {"metric": "auc", "op": "<=", "bound": 0.2, "group": "age", "kind": "gap"},
    ])  # fmt: skip
    evidence = [{"name": "model", "digest": book.digest("m"), "size": 81234, "media_type": "x/y", "kind": "file",
                 "uri": "file:///models/model.joblib"}]  # fmt: skip
    book.add("trained", actor="trainer", evidence=evidence, parameters={"max_depth": 8}, **version,
             datasets={"training": [{"dataset": "credit@2026-11", "digest": book.digest("data")}]},
             context={"code": {"commit": "a81d04c"}})  # fmt: skip
    book.add("version_registered", actor="platform", **version)
    groups = {"age<25": {"auc": {"value": 0.684, "n": 90}}, "age>=25": {"auc": 0.83}}
    book.add("evaluated", metrics={"auc": 0.812}, groups=groups, uses=1, **version)
    book.add("approval_requested", actor="chivu", stage="production", **version)
    book.add("approved", actor="ana", stage="production", conditions=["recalibrate"], key="a" * 64, uses=4,
             valid_until="2026-12-01T00:00:00.000000Z", **version)  # fmt: skip
    book.add("deployed", actor="ci", environment="production", under=6, **version)
    book.add("verified", size=8, root="0" * 64, verdict="verified")
    return book


def test_the_exact_version_with_its_whole_story(told, folded):
    answer = production(folded(told), now=NOW)
    assert (answer["schema"], answer["origin"], answer["size"]) == ("ledger.production/1", "ledger.test/one", 9)
    assert answer["last_verify"] == {"verdict": "verified", "time": "2026-11-09T00:00:00.000000Z", "size": 8, "seq": 8}
    (slot,) = answer["deployments"]
    assert (slot["version"], slot["since"], slot["deployed"]["seq"], slot["deployed"]["by"]) == (
        "3.2.0", "2026-11-08T00:00:00.000000Z", 7, "ci",
    )  # fmt: skip
    assert slot["artifacts"]["model"] == {
        "digest": told.digest("m"), "name": "model.joblib", "size_bytes": 81234, "media_type": "x/y",
    }  # fmt: skip
    assert slot["artifacts"]["preprocessing"] == {"digest": told.digest("preprocessing")}
    (data,) = slot["datasets"]
    assert (data["dataset"], data["rows"], data["seq"]) == ("credit@2026-11", 1000, 0)
    assert data["digest"] == told.digest("data")
    assert slot["parameters"] == {"max_depth": 8}
    assert slot["code"] == {"commit": "a81d04c"}
    (evaluated,) = slot["evaluations"]
    assert [(one["metric"], one.get("group"), one["met"]) for one in evaluated["thresholds"]] == [
        ("auc", None, True), ("auc", "age<25", False), ("auc", "age>=25", True), ("auc", "age", True),
    ]  # fmt: skip
    assert evaluated["thresholds"][1]["at_least"] == 0.7
    assert evaluated["thresholds"][3]["value"] == 0.146
    assert evaluated["passed"] is False
    (approved,) = slot["approvals"]
    assert (approved["seq"], approved["by"], approved["key"], approved["own_work"]) == (6, "ana", "a" * 64, False)
    assert approved["conditions"] == [{"text": "recalibrate", "met": False}]
    assert slot["missing"] == ["observation"]


def test_no_value_is_null(told, folded):
    def walk(value):
        assert value is not None
        for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(one)

    walk(production(folded(told), now=NOW))


def test_an_expired_approval_is_not_in_force(told, folded):
    (slot,) = production(folded(told), now=datetime(2026, 12, 2, tzinfo=UTC))["deployments"]
    assert slot["approvals"][0]["expired"] is True
    assert "approval_in_force" in slot["missing"]


def test_an_approval_of_one_s_own_work_says_so(told, folded):
    version = {"system": "credit", "version": "3.2.0", "artifacts": told.files("m", "preprocessing")}
    told.add("approved", actor="trainer", stage="production", **version)
    (slot,) = production(folded(told), now=NOW)["deployments"]
    assert [(one["by"], one["own_work"]) for one in slot["approvals"]] == [("ana", False), ("trainer", True)]


def test_what_nobody_recorded_is_missing(book, folded):
    book.add("deployed", system="s", version="1", artifacts=book.files("m"), environment="prod-eu")
    (slot,) = production(folded(book))["deployments"]
    assert slot["missing"] == [
        "training", "training_data", "evaluation", "bias_examination", "approval", "observation",
    ]  # fmt: skip


def test_an_approval_for_staging_or_of_other_bytes_does_not_count(told, folded):
    other = {"system": "credit", "version": "3.3.0", "artifacts": told.files("m2", "preprocessing")}
    told.add("approved", actor="ana", stage="staging", **other)
    told.add("approved", actor="ana", stage="production", **{**other, "artifacts": told.files("m3")})
    told.add("deployed", environment="production", **other)
    (slot,) = production(folded(told), now=NOW)["deployments"]
    assert "approval" in slot["missing"]


def test_an_approval_that_needs_two_people_is_not_complete_with_one(book, folded):
    version = {"system": "s", "version": "1", "artifacts": book.files("m")}
    book.add("approval_requested", stage="production", needed=2, **version)
    book.add("approved", actor="ana", stage="production", **version)
    book.add("deployed", environment="production", **version)
    (slot,) = production(folded(book))["deployments"]
    assert slot["approvals"][0]["complete"] is False
    assert "approval" in slot["missing"]


def test_canary_shadow_suspension_and_filters(book, folded):
    def deploy(word, environment="production", system="s", **more):
        book.add("deployed", system=system, version=word, artifacts=book.files(word), environment=environment, **more)

    deploy("1")
    deploy("2", traffic=0.25)
    deploy("3", traffic=0)
    deploy("9", "staging")
    deploy("8", "gpu", tier="production", system="t")
    book.add("suspended", system="s", version="2", environment="production", reason="odd")
    projections = folded(book)

    def told(**asked):
        found = production(projections, **asked)["deployments"]
        return [(one["version"], one["traffic"], one["serving"]) for one in found]

    assert told(system="s") == [("1", 0.75, True), ("2", 0.25, False), ("3", 0.0, False)]
    assert told(environment="staging") == [("9", 1.0, True)]
    assert [one[0] for one in told()] == ["1", "2", "3", "8"]


def test_a_question_before_the_first_catch_up_folds_first(told):
    with Projections(told, Database(TEMPORARY)) as projections:
        assert production(projections, now=NOW)["size"] == 9


def test_an_up_to_date_projection_reads_at_most_one_entry(told, folded):
    projections = folded(told)
    asked = []
    real = told.find
    told.find = lambda which: (asked.append(which), real(which))[1]
    told.entries = None  # not to be read at all
    projections.catch_up("registry")
    production(projections)
    assert asked == [8]

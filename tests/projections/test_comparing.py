"""Registry, lineage and difference; above all: what may not be compared is not compared."""

import pytest

from ledger.errors import Misuse
from projections.comparing import difference
from projections.judging import Plan, judge, measures, thresholds
from projections.questions.diff import diff
from projections.questions.lineage import lineage
from projections.questions.registry import registry
from projections.values import set_of


def version(book, word):
    return {"system": "credit", "version": word, "artifacts": book.files(word, "lockfile")}


def evaluate(book, word, test="holdout", **more):
    used = {"test": [{"dataset": test, "digest": book.digest(test)}]} if test else {}
    return book.add("evaluated", datasets=used, **version(book, word), **more)


def metric(projections, name, group=None):
    for one in diff(projections, "credit@1", "credit@2")["differences"]:
        if (one["part"], one["name"], one.get("group")) == ("metric", name, group):
            return one
    raise AssertionError(f"{name} is not told")


@pytest.fixture
def two(book):
    for word, depth in (("1", 6), ("2", 8)):
        data = {"training": [{"dataset": f"credit@{word}", "digest": book.digest(f"data{word}"), "rows": 10}]}
        book.add("trained", parameters={"max_depth": depth, "rate": 0.1}, datasets=data, **version(book, word))
    return book


def test_what_differs_and_what_is_equal(two, folded):
    answer = diff(folded(two), "credit@1", "credit@2")
    told = {(one["part"], one["name"]): one for one in answer["differences"]}
    assert set(told) == {("artifact", "model"), ("data", "training"), ("parameter", "max_depth")}
    assert (told["parameter", "max_depth"]["before"], told["parameter", "max_depth"]["after"]) == (6, 8)
    assert told["parameter", "max_depth"]["seqs"] == [0, 1]
    assert {"part": "parameter", "name": "rate"} in answer["equal"]
    assert {"part": "artifact", "name": "lockfile"} in answer["equal"]


def test_the_same_test_data_gives_a_difference_at_the_precision_said(two, folded):
    evaluate(two, "1", metrics={"auc": 0.74}, groups={"age<25": {"auc": 0.66}})
    evaluate(two, "2", metrics={"auc": 0.79}, groups={"age<25": {"auc": 0.71}})
    projections = folded(two)
    assert metric(projections, "auc")["delta"] == 0.05
    assert metric(projections, "auc")["seqs"] == [2, 3]
    assert metric(projections, "auc", "age<25")["delta"] == 0.05


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ({"test": "other"}, {}, "other_test_data"),
        ({"test": ""}, {"test": ""}, "test_data_unknown"),
        ({"methods": {"auc": "trapezoid"}}, {"methods": {"auc": "ranks"}}, "other_method"),
        ({"metrics": {"f1": 0.5}}, {}, "metric_missing"),
        (None, {}, "no_evaluation_before"),
        ({}, None, "no_evaluation_after"),
    ],
)
def test_what_may_not_be_compared_says_why_and_has_no_difference(two, folded, old, new, why):
    for word, said in (("1", old), ("2", new)):
        if said is not None:
            evaluate(two, word, **({"metrics": {"auc": 0.7}} | said))
    found = metric(folded(two), "auc")
    assert found["why_not"] == why
    assert "delta" not in found


def test_a_plan_that_moved_the_threshold_in_between_stops_the_comparison(two, folded):
    for word, bound in (("1", 0.7), ("2", 0.6)):
        lines = [{"metric": "auc", "op": ">=", "bound": bound}]
        two.add("metric_plan_defined", system="credit", plan="p", thresholds=lines)
        evaluate(two, word, metrics={"auc": 0.65})
    found = metric(folded(two), "auc")
    assert found["why_not"] == "other_plan"
    assert (found["before"]["value"], found["after"]["value"], found["met"]) == (0.65, 0.65, True)


def test_a_plan_that_only_adds_another_metric_does_not(two, folded):
    lines = [{"metric": "auc", "op": ">=", "bound": 0.6}, {"metric": "f1", "op": ">=", "bound": 0.1}]
    for word, count in (("1", 1), ("2", 2)):
        two.add("metric_plan_defined", system="credit", plan="p", thresholds=lines[:count])
        evaluate(two, word, metrics={"auc": 0.65})
    assert metric(folded(two), "auc")["delta"] == 0.0


def test_a_voided_evaluation_is_not_compared(two, folded):
    evaluate(two, "1", metrics={"auc": 0.7})
    evaluate(two, "2", metrics={"auc": 0.9})
    evaluate(two, "2", metrics={"auc": 0.8})
    two.add("corrected", corrects=4, void=True, reason="wrong file")
    assert metric(folded(two), "auc")["delta"] == 0.2


def test_difference_is_exact():
    assert difference(0.1, 0.3) == 0.2
    assert difference(0.74, 0.79) == 0.05


def plan(*lines, groups=(), min_n=0):
    return Plan(0, "", "p", "", thresholds(list(lines)), groups, min_n)


def test_judging():
    groups = {"sex=f": {"auc": {"value": 0.7, "n": 20}}, "sex=m": {"auc": 0.9}}
    measured = measures({"metrics": {"auc": 0.8}, "groups": groups})
    line = {"metric": "auc", "op": ">=", "bound": 0.75}

    def judged(one, **more):
        return [(v.group, v.value, v.met, v.why) for v in judge(plan(line | one, **more), measured)]

    assert judged({}) == [("", 0.8, True, "")]
    assert judged({"group": "*"}) == [("sex=f", 0.7, False, ""), ("sex=m", 0.9, True, "")]
    assert judged({"group": "*"}, groups=("age<25",))[0] == ("age<25", None, None, "group_missing")
    assert judged({"group": "sex=f"}, min_n=30) == [("sex=f", 0.7, None, "below_min_n")]
    assert judged({"group": "sex", "kind": "gap", "op": "<=", "bound": 0.2}) == [("sex", 0.2, True, "")]
    assert judged({"group": "sex", "kind": "ratio", "bound": 0.8}) == [("sex", 0.777777777778, False, "")]
    assert judged({"group": "age", "kind": "gap"}) == [("age", None, None, "group_missing")]


def test_lineage_goes_back_to_every_ancestor_once(book, folded):
    def parent(word):
        return {"version": word, "set": set_of(version(book, word)["artifacts"])}

    book.add("trained", **version(book, "1"))
    book.add("trained", parents=[parent("1")], **version(book, "2"))
    book.add("trained", parents=[parent("1"), parent("2")], **version(book, "3"))
    projections = folded(book)
    found = lineage(projections, "credit@3")["parents"]
    assert sorted((one["version"], one["distance"]) for one in found) == [("1", 1), ("2", 1)]
    assert [one["seq"] for one in lineage(projections, "credit@1")["children"]] == [1, 2]
    assert "approval" in lineage(projections, "@3")["missing"]


def test_a_version_is_found_by_label_or_digest_and_never_guessed(book, folded):
    book.add("trained", **version(book, "1"))
    book.add("version_registered", **(version(book, "1") | {"artifacts": book.files("1", "thresholds")}))
    projections = folded(book)
    registered = set_of(book.files("1", "thresholds"))
    assert lineage(projections, "credit@1")["digest_set"] == registered
    assert lineage(projections, f"credit@set:{registered[7:15]}")["digest_set"] == registered
    book.add("version_registered", **(version(book, "1") | {"artifacts": book.files("other")}))
    projections.catch_up()
    with pytest.raises(Misuse) as caught:
        lineage(projections, "credit@1")
    assert caught.value.code == "two_sets"
    with pytest.raises(Misuse):
        lineage(projections, "credit@9")


def test_states_of_versions(book, folded):
    for word in ("1", "2", "3", "4"):
        book.add("trained", **version(book, word))
    for word in ("1", "2"):
        book.add("deployed", environment="production", **version(book, word))
    book.add("approved", stage="production", **version(book, "3"))
    book.add("retired", **version(book, "4"))
    ((credit),) = registry(folded(book))["systems"]
    assert {one["version"]: one["state"] for one in credit["versions"]} == {
        "1": "trained", "2": "in production", "3": "approved", "4": "retired",
    }  # fmt: skip

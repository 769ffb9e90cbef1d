"""The changelog: numbers that never move, what is compared, what is pending, and words that stay words."""

from datetime import UTC, datetime

import pytest

from ledger.errors import Misuse
from projections.opening import as_of
from projections.questions.changes import changelog
from projections.questions.changes_text import render_changelog
from projections.values import set_of

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def version(book, word):
    return {"system": "credit", "version": word, "artifacts": book.files(word, "lockfile")}


def train(book, word, **more):
    data = {"training": [{"dataset": f"credit@{word}", "digest": book.digest(f"data{word}"), "rows": 10}]}
    return book.add("trained", datasets=data, parameters={"depth": 6}, **version(book, word), **more)


def evaluate(book, word, auc):
    test = {"test": [{"dataset": "holdout", "digest": book.digest("holdout")}]}
    return book.add("evaluated", metrics={"auc": auc}, datasets=test, **version(book, word))


def deploy(book, word, day=None, **more):
    return book.add("deployed", day, **({"environment": "production"} | version(book, word) | more))


@pytest.fixture
def told(book):
    """1.0 in service; an alert; 2.0 trained for it, evaluated, approved, recorded, deployed. Entries 0 to 11."""
    book.add("system_registered", system="credit", purpose="scores", provider={"name": "Bank *one*"})
    train(book, "1.0")
    evaluate(book, "1.0", 0.74)
    deploy(book, "1.0")
    book.add("put_into_service", **version(book, "1.0"))
    book.add("drift_alerted", alert="a", metric="psi", value=0.31, system="credit")
    train(book, "2.0", caused_by=5)
    evaluate(book, "2.0", 0.79)
    book.add("approval_requested", actor="chivu", stage="production", **version(book, "2.0"))
    book.add("approved", actor="ana", stage="production", conditions=["watch"], **version(book, "2.0"))
    book.add("change_recorded", actor="chivu", summary="retrained | [x](http://evil)\n# fake", reason="drift",
             categories=["retraining"], **version(book, "2.0"))  # fmt: skip
    deploy(book, "2.0")
    return book


def asked(projections):
    projections.catch_up()
    return changelog(projections, "credit", now=NOW)


def test_a_change_with_before_after_why_and_who(told, folded):
    log = asked(folded(told))
    first, second = log["changes"]
    assert (first["number"], first["to"]["version"], "digest_set" in first["from"]) == (1, "1.0", False)
    assert (second["number"], second["from"]["version"], second["to"]["version"]) == (2, "1.0", "2.0")
    differs = {(one["part"], one["name"]): one for one in second["differences"]}
    assert set(differs) == {("artifact", "model"), ("data", "training"), ("metric", "auc")}
    assert (differs["metric", "auc"]["delta"], differs["metric", "auc"]["seqs"]) == (0.05, [2, 7])
    assert ["parameter", "depth"] in second["equal"]
    assert second["suggested"] == ["retraining", "training_data"]
    assert [one["seq"] for one in second["why"]] == [5]
    assert [one["seq"] for one in second["approvals"]] == [9]
    assert [one["seq"] for one in second["decisions"]] == [8]


def test_pending_until_a_person_decides(told, folded):
    projections = folded(told)
    first, second = (one["substantial_modification"] for one in asked(projections)["changes"])
    assert (first["state"], second["state"]) == ("not_applicable", "pending")
    assert second["baseline_set"] == set_of(told.files("1.0", "lockfile"))
    assert second["pending_from"] == "2026-11-12T00:00:00.000000Z"
    (gap,) = [one for one in asked(projections)["gaps"] if one["code"] == "substantial_modification_pending"]
    assert "pending 11 days" in gap["text"]
    said = version(told, "2.0")
    told.add("substantial_modification_assessed", decision="uncertain", reason="?", **said)
    assert asked(projections)["changes"][1]["substantial_modification"]["state"] == "pending"
    decided = told.add("substantial_modification_assessed", decision="not_substantial", reason="same recipe", **said)
    found = asked(projections)["changes"][1]["substantial_modification"]
    assert (found["state"], found["seq"], found["reason"]) == ("not_substantial", decided, "same recipe")
    told.add("corrected", corrects=decided, void=True, reason="wrong version")
    assert asked(projections)["changes"][1]["substantial_modification"]["state"] == "pending"


def test_a_decision_about_other_bytes_decides_nothing(told, folded):
    other = version(told, "2.0") | {"artifacts": told.files("2.0", "lockfile", "thresholds")}
    told.add("substantial_modification_assessed", decision="not_substantial", reason="x", **other)
    assert asked(folded(told))["changes"][1]["substantial_modification"]["state"] == "pending"


def test_numbers_never_move(told, folded):
    projections = folded(told)
    before = {one["key"]: one["number"] for one in asked(projections)["changes"]}
    train(told, "1.5")
    deploy(told, "1.5", 7)  # ran between the two, recorded after
    told.add("corrected", corrects=11, void=True, reason="never happened")
    told.add("corrected", actor="chivu", corrects=10, void=True, reason="never happened")
    log = asked(projections)
    numbers = {one["key"]: one["number"] for one in log["changes"]}
    assert numbers.items() >= before.items()
    assert [one["number"] for one in log["changes"] if one["status"] == "effective"] == [1, 3]
    assert [one["number"] for one in log["changes"] if one["status"] == "void"] == [2]
    assert "## Change 2: void [10, 11]" in render_changelog(log)


def test_a_deployment_nobody_described_is_a_change_with_a_gap(told, folded):
    train(told, "3.0")
    deploy(told, "3.0")
    log = asked(folded(told))
    last = log["changes"][-1]
    assert (last["from"]["version"], last["to"]["version"], last["status"]) == ("2.0", "3.0", "effective")
    assert {one["code"] for one in log["gaps"] if one["change"] == last["number"]} >= {
        "no_change_record", "no_approval", "no_evaluation", "substantial_modification_pending", "no_reason",
    }  # fmt: skip


def test_an_approval_recorded_after_the_fact_is_a_gap(book, folded):
    train(book, "1.0")
    deploy(book, "1.0", 5)
    book.add("approved", 4, actor="ana", stage="production", **version(book, "1.0"))  # dated before, recorded after
    assert "no_approval" in {one["code"] for one in asked(folded(book))["gaps"]}


def test_rollback_proposed_and_rejected(told, folded):
    told.add("rolled_back", environment="production", reason="worse", caused_by=5, **version(told, "1.0"))
    for word in ("4.0", "5.0"):
        told.add("change_recorded", summary="new", **version(told, word))
    told.add("rejected", stage="production", reason="no", **version(told, "5.0"))
    log = asked(folded(told))
    by_status = {one["status"]: one["number"] for one in log["changes"] if one["number"] > 1}
    assert by_status == {"rolled_back": 2, "effective": 3, "proposed": 4, "rejected": 5}
    text = render_changelog(log)
    assert "Proposed: change 4 (4.0)" in text
    assert "Rejected: change 5 (5.0)" in text
    assert "roll-back to 1.0" in text


def test_another_purpose_is_a_change_and_the_same_again_is_none(told, folded):
    told.add("system_registered", system="credit", purpose="scores")
    told.add("system_registered", system="credit", purpose="ranks people", reason="new use")
    log = asked(folded(told))
    (one,) = [one for one in log["changes"] if one["kind"] == "purpose"]
    assert one["differences"] == [
        {"part": "purpose", "name": "purpose", "before": "scores", "after": "ranks people", "seqs": [13]}
    ]
    assert one["substantial_modification"]["state"] == "pending"


def test_evaluations_made_after_the_change_do_not_count_for_it(told, folded):
    evaluate(told, "2.0", 0.99)
    log = asked(folded(told))
    (auc,) = [one for one in log["changes"][1]["differences"] if one["part"] == "metric"]
    assert auc["after"]["value"] == 0.79


def test_the_text_says_what_it_rests_on_and_what_is_missing(told, folded):
    text = render_changelog(asked(folded(told)))
    assert text.startswith("# Changes to credit: Annex IV point 6 (Section 6)\n")
    assert text.count("Annex IV point 6 (Section 6)") == 1
    assert "compliant" not in text.lower()
    assert "| auc | all | 0.74 | 0.79 | +0.05 | - | - | [2, 7] |" in text
    assert "**Substantial modification.** PENDING since 2026-11-12" in text
    assert "drift\\_alerted of 2026-11-06, metric psi, value 0.31 [5]" in text
    assert "What this page could not know" in text
    rows = [number for number, line in enumerate(text.split("\n")) if line.startswith("|")]
    after = {text.split("\n")[number + 1][:1] for number in rows}
    assert after == {"|", ""}  # what follows a table without a blank line would become a row of it
    assert "approved for production by ana" in text
    assert "[9]; conditions: “watch”" in text


def test_words_of_others_stay_words(told, folded):
    text = render_changelog(asked(folded(told)))
    assert "“retrained \\| \\[x\\](http:\\//evil) \\# fake” [10]" in text
    assert "Provider: Bank \\*one\\*." in text
    assert "\n# fake" not in text


def test_data_is_told_with_what_its_registration_says_even_if_that_came_later(told, folded):
    seq = told.add("dataset_registered", dataset="credit@2.0", rows=10, period_start="2026-01-01",
                   artifacts={"content": told.digest("data2.0")})  # fmt: skip
    log = asked(folded(told))
    (data,) = [one for one in log["changes"][1]["differences"] if one["part"] == "data"]
    assert [data["after"][0][name] for name in ("seq", "period_start", "rows")] == [seq, "2026-01-01", 10]
    assert data["seqs"] == [1, 6, seq]
    row = f"credit@2.0, 10 rows, 2026-01-01 to, {told.digest('data2.0')[:15]}.. | [1, 6, {seq}] |"
    assert row in render_changelog(log)


def test_metrics_stand_under_the_plan_and_the_data_they_were_measured_with(told, folded):
    log = asked(folded(told))
    assert [(one["side"], one["seq"]) for one in log["changes"][1]["measured"]] == [("before", 2), ("after", 7)]
    digest = told.digest("holdout")[:15]
    assert f"**Measured.** Before [2] by mara, no plan, on holdout, {digest}.." in render_changelog(log)


def test_what_adds_up_since_the_baseline_stands_beside_what_changed_last(told, folded):
    """Small steps are measured together: 3.0 differs from 2.0 in little, from 1.0, the first in service, in more."""
    said = version(told, "3.0")
    data = {"training": [{"dataset": "credit@2.0", "digest": told.digest("data2.0"), "rows": 10}]}
    told.add("trained", datasets=data, parameters={"depth": 7}, **said)
    evaluate(told, "3.0", 0.8)
    deploy(told, "3.0")
    log = asked(folded(told))
    second, third = log["changes"][1:]
    assert "cumulative_differences" not in second  # there the baseline is the version before
    assert {(one["part"], one["name"]) for one in third["differences"] if one["part"] != "metric"} == {
        ("artifact", "model"), ("parameter", "depth"),
    }  # fmt: skip
    summed = {(one["part"], one["name"]): one for one in third["cumulative_differences"]}
    assert set(summed) == {("artifact", "model"), ("parameter", "depth"), ("data", "training"), ("metric", "auc")}
    assert summed["metric", "auc"]["delta"] == 0.06
    text = render_changelog(log)
    assert "Since the baseline, 4 things differ:" in text
    assert "| what | baseline | after | entries |" in text
    assert "| auc | 0.74 | 0.8 (+0.06) | [2, 13] |" in text
    assert text.count("Since the baseline nothing else changed than what stands above.") == 1


def test_what_people_answered_is_printed_and_what_they_left_out_is_not(told, folded):
    told.add("substantial_modification_assessed", decision="not_substantial", reason="same recipe", foreseen=False,
             articles_affected=[10, 15], notified_body_informed="2026-11-20", cumulative="two retrainings",
             baseline={"set": set_of(told.files("1.0", "lockfile"))}, **version(told, "2.0"))  # fmt: skip
    train(told, "3.0")
    told.add("change_recorded", summary="next", rollback_plan="deploy 1.0 *again*", watch_days=30,
             affected={"deployers": ["branch north"], "groups": ["age<25"]}, **version(told, "3.0"))  # fmt: skip
    deploy(told, "3.0")
    text = render_changelog(asked(folded(told)))
    for words in (
        "not foreseen in the conformity assessment; articles whose fulfilment it affects: 10, 15",
        "notified body informed 2026-11-20; measured by the assessor against set:",
        "Cumulative, as the assessor says: “two retrainings”.",
        "deployers branch north named [14]; groups age\\<25 named [14]",
        "Watch 30 days [14]; to go back: “deploy 1.0 \\*again\\*” [14]",
    ):
        assert words in text
    assert "change plan" not in text
    assert "intended purpose" not in text


def test_what_was_said_again_of_a_change_is_told_behind_what_was_said_first(told, folded):
    told.add("change_recorded", summary="in other words", **version(told, "2.0"))
    text = render_changelog(asked(folded(told)))
    assert "# fake” [10]; said again by mara: “in other words” [12]." in text


def test_gaps_count_what_may_not_be_compared_and_say_why(told, folded):
    train(told, "3.0")
    told.add("evaluated", metrics={"auc": 0.9, "f1": 0.5}, datasets={"test": [{"dataset": "fresh", "digest":
             told.digest("fresh")}]}, **version(told, "3.0"))  # fmt: skip
    deploy(told, "3.0")
    (gap,) = [one for one in asked(folded(told))["gaps"] if one["code"] == "not_comparable"]
    assert gap["text"].startswith("2 of 2 metrics of before and after may not be compared: ")
    assert gap["text"].endswith("metric_missing, other_test_data")


def test_categories_lead_to_their_changes(told, folded):
    train(told, "3.0")
    deploy(told, "3.0")
    text = render_changelog(asked(folded(told)))
    assert "| retraining | 2, 3 (suggested) |" in text


def test_a_system_without_a_change_has_an_empty_page(book, folded):
    train(book, "1.0")
    text = render_changelog(asked(folded(book)))
    assert "No change is on record" in text
    assert "Versions trained or registered that never became part of a change: 1." in text


def test_a_metric_on_other_test_data_has_no_difference_in_the_text(told, folded):
    train(told, "3.0")
    used = {"test": [{"dataset": "fresh", "digest": told.digest("fresh")}]}
    told.add("evaluated", metrics={"auc": 0.9}, datasets=used, **version(told, "3.0"))
    deploy(told, "3.0")
    text = render_changelog(asked(folded(told)))
    assert "| auc | all | 0.79 | 0.9 | not comparable: other_test_data |" in text


def test_quiet_stretches_are_said(book, folded):
    train(book, "1.0")
    deploy(book, "1.0", "2026-05-01T00:00:00.000000Z")
    text = render_changelog(asked(folded(book)))
    assert "No change recorded from 2026-05-01 to 2026-11-23" in text


def test_the_past_lists_only_what_was_effective_then(told):
    with as_of(told, "2026-11-11T12:00:00.000000Z") as past:
        (first, second) = changelog(past, "credit")["changes"]
    assert (first["status"], second["status"], second["number"]) == ("effective", "proposed", 2)
    with as_of(told, "2026-11-04T12:00:00.000000Z") as past:
        assert [one["number"] for one in changelog(past, "credit")["changes"]] == [1]


def test_an_unknown_system_is_misuse(told, folded):
    projections = folded(told)
    projections.catch_up()
    with pytest.raises(Misuse):
        changelog(projections, "scoring")

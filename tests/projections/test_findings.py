"""Each rule of the completeness audit: it finds what it is about, and finds nothing in a story that is whole."""

import base64
from datetime import UTC, datetime

import pytest

from ledger.errors import Misuse
from projections.database import TEMPORARY, Database
from projections.findings.rules import RULES, UNCHECKED
from projections.opening import Projections
from projections.questions.approving import candidate
from projections.questions.findings import findings
from projections.registry.people import credential_id

NOW = datetime(2026, 11, 28, tzinfo=UTC)
KEYS = [{"public": base64.b64encode(b"k" * 32).decode(), "scheme": "ed25519"}]
KEY = credential_id(KEYS)
CLEAN = {"code": {"commit": "a81d04c", "dirty": False}}
# All ids of the audit: what no rule looks for has to be said so.
AUDIT = {
    "C": range(1, 8), "D": range(1, 8), "V": range(1, 9), "A": range(1, 6), "F": range(1, 11), "T": range(1, 6),
    "M": range(1, 8), "N": range(1, 9), "L": range(1, 8), "S": (*range(1, 9), 9),
}  # fmt: skip


class Story:
    """Steps by name, in order: a version 1 in production, and a version 2 of which nothing is missing."""

    def __init__(self, book):
        self.steps = {}
        one = self.one = {"system": "credit", "version": "1", "artifacts": book.files("m1")}
        two = self.two = {"system": "credit", "version": "2", "artifacts": book.files("m2")}
        self.book = book
        self.say("ana", "actor_introduced", handle="ana", data={"kind": "human"}, actor="root")
        self.say("role", "role_assigned", handle="ana", role="approver", actor="root")
        self.say("key", "key_authorized", handle="mara", keys=KEYS, roles=["recorder"], actor="root")
        self.say("compliance", "role_assigned", handle="lena", role="compliance", actor="root")
        for name, label, role in (("data", "d@1", "training"), ("test", "h@1", "test")):
            self.say(name, "dataset_registered", dataset=label, role=role, provenance="core banking export",
                     artifacts={"content": book.digest(label)})  # fmt: skip
        self.say("plan", "metric_plan_defined", system="credit", plan="p", groups=["age<25"], retest_days=365,
                 thresholds=[{"metric": "auc", "op": ">=", "bound": 0.75}])  # fmt: skip
        for at, version in (("1", one), ("2", two)):
            self.say(f"trained {at}", "trained", key=KEY, context=CLEAN, datasets={"training": [self.data("d@1")]},
                     **version)  # fmt: skip
            self.say(f"evaluated {at}", "evaluated", actor="eva", metrics={"auc": 0.8}, groups={"age<25": {"auc": 0.8}},
                     datasets={"test": [self.data("h@1")]}, **version)  # fmt: skip
            if at == "1":
                self.say("approved 1", "approved", actor="ana", stage="production", **version)
                self.say("deployed 1", "deployed", actor="ci", environment="production", **version)
        self.say("assessed", "substantial_modification_assessed", actor="lena", decision="not_substantial",
                 reason="same model", **two)  # fmt: skip

    def data(self, label):
        return {"dataset": label, "digest": self.book.digest(label)}

    def say(self, name, kind, /, *, before=None, **said):
        self.steps[name] = (kind, said)
        if before is not None:
            names = [one for one in self.steps if one != name]
            names.insert(names.index(before), name)
            self.steps = {one: self.steps[one] for one in names}

    def change(self, name, **said):
        kind, old = self.steps[name]
        self.steps[name] = (kind, {key: value for key, value in (old | said).items() if value is not None})

    def drop(self, *names):
        for name in names:
            del self.steps[name]

    def told(self, name="credit@2", actor=""):
        """Record the steps, and return the findings as (rule, severity, names of the steps)."""
        at = {name: self.book.add(kind, **said) for name, (kind, said) in self.steps.items()}
        names = {seq: name for name, seq in at.items()}
        with Projections(self.book, Database(TEMPORARY)) as projections:
            projections.catch_up()
            if actor:
                found = candidate(projections, name, "production", actor, now=NOW)["findings"]
            else:
                found = findings(projections, name, now=NOW)["findings"]
        for one in found:
            assert None not in one.values()
            assert one["text"] == " ".join(one["text"].split())
        return [(one["rule"], one["severity"], [names[seq] for seq in one["seqs"]]) for one in found]


@pytest.fixture
def story(book):
    return Story(book)


@pytest.mark.parametrize("name", ["credit@1", "credit@2", "credit", None])
def test_a_story_that_is_whole_has_no_findings(story, name):
    assert story.told(name) == []


CASES = {}


def case(rule, severity, *places, name="credit@2", actor="", more=()):
    """Register a change to the story, after which exactly this is found (and `more`, which follows from it)."""

    def keep(change):
        CASES[change.__name__] = (change, name, actor, [(rule, severity, list(places)), *more])
        return change

    return keep


@case("C03", "warning", "evaluated 2")
def recorded_ten_days_later(story):
    story.change("evaluated 2", recorded=25, day=15)


@case("C04", "info", "assessed")
def assessed_by_one_without_the_role(story):
    story.change("assessed", actor="mara")


@case("C07", "warning", "trained 2", "revoked")
def trained_with_a_key_that_was_stolen_by_then(story):
    story.say("revoked", "key_revoked", handle="mara", key_id=KEY, why="compromised", actor="root",
              compromised_since="2026-11-11T00:00:00.000000Z")  # fmt: skip
    story.change("trained 2", day=12)


@case("D01", "error", "trained 2")
def no_training_data(story):
    story.change("trained 2", datasets={"validation": [story.data("d@1")]})


@case("D02", "error", "trained 2")
def data_without_a_digest(story):
    story.change("trained 2", datasets={"training": [{"dataset": "d@1"}]})


@case("D03", "warning", "data", more=[])
def data_of_which_nobody_says_whence(story):
    story.change("data", provenance=None)


@case("D04", "warning", "trained 2")
def bias_was_not_examined(story):
    story.change("evaluated 2", covers=["performance"])


@case("D05", "error", "evaluated 2", more=[("V08", "warning", ["evaluated 2"])])
def it_was_tested_on_what_it_learnt_from(story):
    story.change("evaluated 2", datasets={"test": [story.data("d@1")]})


@case("V01", "error", "trained 2", more=[("D04", "warning", ["trained 2"])])
def not_evaluated(story):
    story.drop("evaluated 2")


@case("V01", "error", "evaluated 2", more=[("V03", "error", ["evaluated 2"])])
def failed_by_its_authors_word(story):
    story.drop("plan")
    story.change("evaluated 2", passed=False)


@case("V02", "error", "evaluated 2", more=[("S02", "warning", ["evaluated 2"]), ("V01", "error", ["trained 2"]),
                                           ("D04", "warning", ["trained 2"])])  # fmt: skip
def another_set_of_that_name_was_evaluated(story):
    story.change("evaluated 2", artifacts=story.book.files("m3"))
    story.change("trained 2", version="2")
    story.say("registered", "version_registered", before="evaluated 2", actor="mara", **story.two)


@case("V03", "error", "evaluated 2")
def plan_after_the_test(story):
    story.say("plan 2", *story.steps["plan"][:1], **story.steps["plan"][1])
    story.drop("plan")


@case("V04", "warning", "evaluated 2")
def evaluated_by_a_service(story):
    story.say("service", "actor_introduced", before="plan", handle="robot", data={"kind": "service"}, actor="root")
    story.change("evaluated 2", actor="robot")


@case("V05", "warning", "evaluated 2")
def no_groups(story):
    story.change("evaluated 2", groups=None, covers=["performance", "bias"])


@case("V05", "warning", "evaluated 2")
def a_group_of_the_plan_is_not_there(story):
    story.change("evaluated 2", groups={"age>=25": {"auc": 0.8}})


@case("V06", "warning", "evaluated 2")
def too_long_ago(story):
    story.change("plan", retest_days=10)


@case("V07", "warning", "evaluated 2")
def below_the_threshold(story):
    story.change("evaluated 2", metrics={"auc": 0.7499})


@case("V07", "warning", "evaluated 2")
def the_metric_of_the_threshold_was_not_measured(story):
    story.change("evaluated 2", metrics={"f1": 0.9})


@case("V07", "warning", "approved 2")
def a_condition_of_an_approval(story):
    story.say("approved 2", "approved", actor="ana", stage="production", conditions=["recalibrate"], **story.two)
    story.change("evaluated 2", metrics={"auc": 0.7})


@case("V08", "warning", "evaluated 2")
def measured_on_other_data(story):
    story.say("test 2", "dataset_registered", before="plan", dataset="h@2", role="test", provenance="the same bank",
              artifacts={"content": story.book.digest("h@2")})  # fmt: skip
    story.change("evaluated 2", datasets={"test": [story.data("h@2")]})


@case("A01", "error", "deployed 1", name="credit@1")
def runs_and_nobody_approved_it(story):
    story.change("approved 1", stage="staging")


@case("A01", "error", "approved 1", name="credit@1")
def runs_and_the_approval_is_over(story):
    story.change("approved 1", valid_until="2026-11-20T00:00:00.000000Z")


@case("A01", "error", "deployed 1", "approved 1", name="credit@1")
def approved_when_it_ran_already(story):
    story.say("approved 1", *story.steps["approved 1"][:1], before="trained 2", **story.steps["approved 1"][1])


@case("A02", "info", "approved 1", name="credit@1")
def approved_own_work(story):
    story.change("trained 1", actor="ana", key="0" * 64)


@case("A02", "warning", "approved 1", name="credit@1")
def approved_own_work_where_a_policy_asks(story):
    approved_own_work(story)
    story.say("eyes", "policy_set", actor="root", data={"kind": "four_eyes", "value": "finding"})


@case("A02", "error", "approved 1", name="credit@1")
def approved_own_work_where_this_systems_policy_refuses(story):
    approved_own_work(story)
    story.say("eyes", "policy_set", actor="root", data={"kind": "four_eyes", "value": "refusal"}, system="credit")
    story.say("others", "policy_set", actor="root", data={"kind": "four_eyes", "value": "off"})


@case("A02", "info", "approved 1", name="credit@1")
def whoever_made_it_brought_the_approver_in(story):
    story.change("ana", actor="eva")


@case("A02", "info", "trained 2", actor="mara")
def about_to_approve_own_work(story):
    pass


@case("A02", "info", "evaluated 2", actor="ana")
def about_to_approve_brought_in_by_its_evaluator(story):
    story.change("ana", actor="eva")


@case("A03", "warning", "approved 2", "evaluated 2")
def approved_before_it_was_tested(story):
    story.say("approved 2", "approved", before="evaluated 2", actor="ana", stage="production", **story.two)


@case("A04", "warning", "approved 1", name="credit@1")
def approved_without_the_role(story):
    story.change("role", role="auditor")


@case("F03", "error", "trained 2")
def not_assessed_before_it_goes_into_service(story):
    story.drop("assessed")


@case("F03", "error", "trained 2")
def assessed_and_uncertain(story):
    story.change("assessed", decision="uncertain")


@case("F03", "error", "deployed 2", more=[])
def not_assessed_and_in_service(story):
    story.drop("assessed")
    story.say("approved 2", "approved", actor="ana", stage="production", **story.two)
    story.say("deployed 2", "deployed", actor="ci", environment="production", **story.two)


@case("M02", "warning", "alert")
def an_alert_on_what_it_would_replace(story):
    story.say("alert", "drift_alerted", alert="a1", metric="psi", **story.one)


@case("M02", "info", "alert")
def an_alert_that_somebody_took_up(story):
    an_alert_on_what_it_would_replace(story)
    story.say("seen", "alert_acknowledged", alert="a1", system="credit")


@case("M02", "error", "alert", name="credit@1")
def an_alert_long_due(story):
    story.say("alert", "drift_alerted", alert="a1", metric="psi", due="2026-11-27T00:00:00.000000Z", **story.one)


@case("L01", "error", "retired")
def the_version_was_retired(story):
    story.say("retired", "retired", **story.two)


@case("L01", "error", "retired", more=[])
def the_system_was_retired(story):
    story.say("retired", "retired", system="credit")


@case("L03", "warning", "back", name="credit@1", more=[("F03", "error", ["back"])])
def rolled_back_without_a_word(story):
    story.say("approved 2", "approved", actor="ana", stage="production", **story.two)
    story.say("deployed 2", "deployed", actor="ci", environment="production", **story.two)
    story.say("back", "rolled_back", environment="production", left={"set": "0" * 64}, **story.one)


@case("L04", "error", "deployed 1")
def what_it_would_replace_is_not_what_runs(story):
    story.change("deployed 1", observed={"model": story.book.digest("another")})


@case("S01", "warning", "evaluated 2", more=[("D01", "error", []), ("D04", "warning", [])])
def nobody_trained_it(story):
    story.drop("trained 2")
    story.change("evaluated 2", groups={"age<25": {"auc": 0.8}}, covers=["performance"])


@case("S02", "warning", "again")
def the_name_stands_for_two_sets(story):
    story.say("again", "trained", system="credit", version="2", artifacts=story.book.files("m9"), context=CLEAN)
    story.say("registered", "version_registered", before="evaluated 2", actor="mara", **story.two)


@case("S02", "warning", "other")
def the_data_have_two_digests(story):
    story.say("other", "dataset_registered", dataset="d@1", role="training", provenance="a copy",
              artifacts={"content": story.book.digest("changed")})  # fmt: skip


@case("S06", "warning", "trained 2")
def the_data_are_not_registered(story):
    story.change("trained 2", datasets={"training": [story.data("d@7")]})


@case("S06", "warning", "trained 2")
def a_parent_nobody_knows(story):
    story.change("trained 2", parents=[{"version": "0", "set": "a" * 64}])


@case("S06", "warning", "trained 2")
def a_cause_that_is_not_here(story):
    story.change("trained 2", caused_by="019a0000-0000-7000-8000-00000000ffff")


@case("S09", "warning", "trained 2")
def code_that_was_not_committed(story):
    story.change("trained 2", context={"code": {"commit": "a81d04c", "dirty": True}})


@case("S09", "warning", "trained 2")
def no_commit(story):
    story.change("trained 2", context={"python": "3.11"})


@pytest.mark.parametrize("which", CASES)
def test_a_rule_finds_what_it_is_about_and_nothing_else_does(story, which):
    change, name, actor, expected = CASES[which]
    change(story)
    assert sorted(story.told(name, actor)) == sorted(expected)


def test_every_rule_has_a_case_that_fires():
    assert {rule for _, _, _, expected in CASES.values() for rule, *_ in expected[:1]} == {rule.id for rule in RULES}
    assert len({rule.id for rule in RULES}) == len(RULES)


def test_what_no_rule_looks_for_is_said_so():
    unchecked = [rule for ids in UNCHECKED for rule in ids.split()]
    looked_for = [rule.id for rule in RULES]
    audit = [f"{letter}{number:02}" for letter, numbers in AUDIT.items() for number in numbers]
    assert sorted(unchecked + looked_for) == sorted(audit)


def test_the_order_is_by_severity_and_this_version_before_what_it_replaces(story):
    story.drop("assessed", "evaluated 2")
    story.say("alert", "drift_alerted", alert="a1", metric="psi", due="2026-11-27T00:00:00.000000Z", **story.one)
    told = story.told(actor="mara")
    assert [severity for _, severity, _ in told] == sorted((one for _, one, _ in told), key="error warning info".find)
    assert [rule for rule, severity, _ in told if severity == "error"] == ["V01", "F03", "M02"]


def test_the_same_of_several_entries_is_said_once(story):
    for stage in ("first", "second"):
        story.say(stage, "approved", actor="mara", stage=stage, **story.two)
    assert story.told() == [("A04", "warning", ["first", "second"]), ("A02", "info", ["first", "second"])]


def test_mending_names_the_version_and_unknown_names_are_refused(story):
    story.drop("assessed")
    story.told()
    with Projections(story.book, Database(TEMPORARY)) as projections:
        (one,) = findings(projections, "credit@2", now=NOW)["findings"]
        assert "credit@2" in one["mend"]
        for name in ("credit@7", "nothing"):
            with pytest.raises(Misuse):
                findings(projections, name, now=NOW)


def test_every_mend_names_a_command_and_a_type_that_exist():
    from ledger.cli.commands import COMMANDS
    from ledger.events.table import EVENTS

    for rule in RULES:
        words = rule.mend.split()
        assert not words or (words[0] == "ledger" and words[1] in COMMANDS)
        assert words[1:2] != ["record"] or words[2] in EVENTS

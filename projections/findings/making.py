"""Findings on what a version was made from, and how it was evaluated (Art. 9(8), 10, 15; Annex IV 2(d), 2(g), 3)."""

from collections.abc import Iterator
from typing import Final

from projections.findings.about import About, Found, data_name, days, numbers
from projections.questions.facts import plan_said
from projections.values import mapping, texts, unpacked, whole


def training_data(one: About) -> Iterator[Found]:
    """Nothing says on what it was trained."""
    if not any(each["role"] == "training" for each in one.datasets):
        yield Found("no training data recorded", numbers(one.row.get("trained_seq")))


def no_digest(one: About) -> Iterator[Found]:
    """Data that only a name stands for."""
    trained = numbers(one.row.get("trained_seq"))
    for each in one.datasets:
        if "digest" not in each:
            yield Found(f"{each['role'] or 'other'} data {data_name(each)} has no digest", trained)


_DATASET: Final = "SELECT seq, provenance, data FROM datasets WHERE digest = ? ORDER BY seq LIMIT 1"
_SAMPLED: Final = ("collection", "selection")


def provenance(one: About) -> Iterator[Found]:
    """Registered data of which nobody said where they come from."""
    for each in one.datasets:
        for seq, provenance, data in one.database.rows(_DATASET, (each.get("digest"),)):
            said = mapping(unpacked(data, {}))
            if not provenance and not any(said.get(name) for name in _SAMPLED):
                yield Found(f"where {data_name(each)} comes from, and how it was selected, is not recorded", (seq,))


def bias(one: About) -> Iterator[Found]:
    """Nobody examined it for bias."""
    if not any("bias" in each["covers"] for each in one.evaluations):
        yield Found("no examination for bias recorded", numbers(one.row.get("trained_seq")))


def same_data(one: About) -> Iterator[Found]:
    """Tested on what it was trained on."""
    trained_on = {each["digest"] for each in one.datasets if each["role"] == "training" and "digest" in each}
    for each in one.evaluations:
        if shared := [used for used in each["datasets"] if used.get("digest") in trained_on]:
            yield Found(f"evaluated on {data_name(shared[0])}, on which it was trained", (each["seq"],))


# ---- evaluation (Art. 9(8), 15, Annex IV 2(g), 3) ----

_OTHER_SETS: Final = (
    "SELECT seq, set_digest FROM evaluations WHERE system = ? AND version = ? AND set_digest <> ? ORDER BY seq DESC"
)


def no_evaluation(one: About) -> Iterator[Found]:
    """No evaluation, or one that its author says failed."""
    if not one.evaluations:
        yield Found("no evaluation recorded", numbers(one.row.get("trained_seq")))
    for each in one.evaluations:
        if each.get("passed") is False and not each["thresholds"]:
            yield Found("its author says of the evaluation that it did not pass", (each["seq"],))


def other_set(one: About) -> Iterator[Found]:
    """The name was evaluated, but of another set."""
    if one.evaluations:
        return
    for seq, digest in one.database.rows(_OTHER_SETS, (one.system, one.label, one.digest))[:1]:
        yield Found(f"what was evaluated as {one.label} is another set, {digest[7:19]}", (seq,))


def no_plan(one: About) -> Iterator[Found]:
    """An evaluation without thresholds set before it."""
    for each in one.evaluations:
        if "plan" not in each:
            yield Found("no metric plan recorded before the evaluation", (each["seq"],))


_KIND: Final = "SELECT kind FROM people WHERE handle = ?"


def unsigned_report(one: About) -> Iterator[Found]:
    """A service signed the evaluation, and no person signed the test report."""
    signed = [each for each in one.approvals if each["stage"] == "test_report" and each.get("kind") == "human"]
    for each in one.evaluations:
        if not signed and one.database.rows(_KIND, (each["by"],)) == [("service",)]:
            yield Found(f"the evaluation is signed by the service {each['by']}, and by no person", (each["seq"],))


def groups(one: About) -> Iterator[Found]:
    """No results by group, or not for all groups of the plan."""
    if not one.evaluations:
        return
    if not any(each["groups"] for each in one.evaluations):
        yield Found("no results by group of persons", tuple(each["seq"] for each in one.evaluations))
        return
    measured = {group for each in one.evaluations for group in each["groups"]}
    for each in one.evaluations:
        plan = plan_said(one.database, each["plan"]["seq"]) if "plan" in each else {}
        if lacks := [group for group in texts(plan.get("groups")) if group not in measured]:
            yield Found(f"no results for {', '.join(lacks)}, which the plan asks for", (each["seq"],))


def stale(one: About) -> Iterator[Found]:
    """Older than the plan's days between tests."""
    for each in one.evaluations:
        plan = plan_said(one.database, each["plan"]["seq"]) if "plan" in each else {}
        most, ago = whole(plan.get("retest_days")), days(each["time"], one.at)
        if most is not None and ago > most:
            yield Found(f"evaluated {ago} days ago, the plan says every {most}", (each["seq"],))


_BOUNDS: Final = {"at_least": ">=", "at_most": "<=", "above": ">", "below": "<"}


def threshold(one: About) -> Iterator[Found]:
    """A threshold missed without a condition; a condition of an approval, which nothing says is met."""
    held = any(each["conditions"] for each in one.approvals)
    for each in one.evaluations:
        for said in each["thresholds"]:
            if said["met"] or held:
                continue
            about = f"{said['metric']} for {said['group']}" if "group" in said else said["metric"]
            kind = f" ({said['kind']})" if "kind" in said else ""
            word = next(word for word in _BOUNDS if word in said)
            bound = f"threshold {_BOUNDS[word]} {said[word]:.12g}"
            if "value" in said and "not_judged" not in said:
                text = f"{about}{kind} is {said['value']:.6g}, {bound}; no condition recorded"
            else:
                text = f"{about}{kind} could not be held against its {bound}: {said['not_judged'].replace('_', ' ')}"
            yield Found(text, (each["seq"],))
    for one_approval in one.approvals:
        for condition in one_approval["conditions"]:
            yield Found(f"condition, not known to be met: {condition['text']}", (one_approval["seq"],))


def other_tests(one: About) -> Iterator[Found]:
    """Before and after were measured on different data."""
    names = [each.name for each in one.differences if each.part == "metric" and each.why_not == "other_test_data"]
    if names:
        seqs = tuple(each["seq"] for each in one.evaluations)
        yield Found(f"{names[0]} before and after was measured on different test data", seqs)

"""The story, step by step: each step records real events about real files and says in a line or two what happened.

The steps are a table (`STEPS`), played in order by `play`. A step returns the lines it tells; what it recorded is in
the ledger, and `play` reads from there which entries those were.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from ledger.demo.acts import approve_version, deploy_version, evaluate_version, register, short, train_version
from ledger.demo.data import stability_index
from ledger.demo.models import SMALLEST_GROUP, Recipe
from ledger.demo.plan import PLAN, said
from ledger.demo.stage import LIVE, RETRAINING, SYSTEM, TEST, TRAINING, Stage, people, set_up

FIRST = Recipe("3.0.0", {"n_estimators": 150, "max_depth": 4, "learning_rate": 0.1}, decline_from=0.4)
SECOND = Recipe(
    "3.1.0", {"n_estimators": 200, "max_depth": 3, "learning_rate": 0.05, "subsample": 0.8}, decline_from=0.45
)
DRIFT_LIMIT = 0.2


def make_ledger(stage: Stage) -> list[str]:
    """Make the ledger, with three actors who each hold a key of their own."""
    people(stage)
    return [
        f"{stage.by('mara').origin}: mara trains, ana approves, ci deploys and watches; one key each.",
        "The keys lie in the demo's keys/ folder, so that nothing of yours is touched.",
    ]


def register_system(stage: Stage) -> list[str]:
    """Say what the system is for, before anything is built."""
    stage.by("mara").record.system_registered(
        system=SYSTEM,
        name="Consumer credit scoring",
        purpose="estimate the chance that a consumer loan is not repaid, for a clerk who decides on it",
        provider={"name": "Example Bank"},
        affected_persons=["applicants for a consumer loan"],
        countries=["DE"],
    )
    return ["Its intended purpose: the chance that a loan is not repaid, for a clerk who decides."]


def register_data(stage: Stage) -> list[str]:
    """Write the training and the test snapshot and register both by digest."""
    first = register(stage, TRAINING, "training", stage.loans.first, "credit-snapshot-1.csv")
    test = register(stage, TEST, "test", stage.loans.test, "credit-test.csv")
    return [
        f"{TRAINING}: {len(stage.loans.first)} loans, {short(first)}; {TEST}: {len(stage.loans.test)}, {short(test)}.",
        "Left out: the column on sex, which this copy of the data holds in sorted order; the entry says so.",
    ]


def define_plan(stage: Stage) -> list[str]:
    """Fix the thresholds before there is any result."""
    stage.told["plan"] = stage.by("mara").record.metric_plan_defined(
        system=SYSTEM,
        plan="credit-plan",
        thresholds=PLAN,
        min_n=SMALLEST_GROUP,
        groups=["age<25", "age>=25", "foreign_worker=no", "foreign_worker=yes"],
        test_dataset=TEST,
        rationale="a score must rank applicants of every age; results by sex are missing, see the data's cleaning",
    )
    return ["Before any result: " + "; ".join(f"{said(bound)} {bound['op']} {bound['bound']}" for bound in PLAN) + "."]


def deploy_first(stage: Stage) -> list[str]:
    """Deploy 3.0.0 and put it into service: from here on every change is one after market."""
    deploy_version(stage, FIRST)
    stage.by("mara").record.put_into_service(
        of=stage.told[FIRST.version], own_use=True, countries=["DE"], form="service inside the bank"
    )
    return ["ci deploys it; mara records that it is in service, for the bank's own use."]


def watch(stage: Stage) -> list[str]:
    """Compare the newest applications with the training data and raise an alert."""
    live, first = stage.loans.later, stage.loans.first
    column = "credit_amount"
    register(stage, LIVE, "reference", live, "applications-quarter-1.csv")
    value = stability_index(first[column], live[column])
    stage.told["alert"] = stage.by("ci").record.drift_alerted(
        of=stage.told["deployed"],
        alert="psi-credit-amount-1",
        metric="psi",
        value=value,
        threshold=DRIFT_LIMIT,
        op=">",
        feature=column,
        detector="ledger demo: ten bins of the training data",
        severity="high",
        baseline={"dataset": {"dataset": TRAINING}, "value": 0.0},
    )
    return [
        f"PSI of {column} on {len(live)} new applications is {value} (limit {DRIFT_LIMIT}): on average they ask",
        f"for {live[column].mean():,.0f} DM, those in the training data for {first[column].mean():,.0f}.",
    ]


def answer(stage: Stage) -> list[str]:
    """Acknowledge the alert and register data that has the newer applications in it."""
    stage.by("mara").record.alert_acknowledged(of=stage.told["alert"])
    digest = register(stage, RETRAINING, "training", stage.loans.combined, "credit-snapshot-2.csv")
    return [f"mara acknowledges. {RETRAINING}: {len(stage.loans.combined)} loans, {short(digest)}."]


def record_change(stage: Stage) -> list[str]:
    """Say what changes from 3.0.0 to 3.1.0, and why."""
    summary = (
        f"Retrained on {len(stage.loans.combined)} loans with the newer applications; "
        f"declines from {SECOND.decline_from} on instead of {FIRST.decline_from}."
    )
    stage.by("mara").record.change_recorded(
        of=stage.told[SECOND.version],
        summary=summary,
        categories=["training_data", "retraining", "hyperparameters", "decision_rule"],
        before=stage.told[FIRST.version],
        caused_by=stage.told["alert"],
        reason="newer applications ask for larger loans than the training data held",
        points=["2(b)", "2(d)", "2(g)", "3"],
    )
    return [f'"{summary}"', "Because of the alert."]


def deploy_second(stage: Stage) -> list[str]:
    """Deploy 3.1.0, which replaces 3.0.0, and close the alert."""
    deploy_version(stage, SECOND)
    stage.by("mara").record.alert_resolved(of=stage.told["alert"], resolution="retrained")
    return [
        "It replaces 3.0.0, and the alert is resolved: retrained.",
        "Left open on purpose: is this a substantial modification? Nobody has said. The changelog will.",
    ]


STEPS: tuple[tuple[str, Callable[[Stage], list[str]]], ...] = (
    ("A ledger is made", make_ledger),
    ("The system is registered", register_system),
    ("Data is registered", register_data),
    ("Thresholds are fixed", define_plan),
    ("mara trains 3.0.0", partial(train_version, recipe=FIRST, dataset=TRAINING)),
    ("3.0.0 is evaluated", partial(evaluate_version, recipe=FIRST)),
    ("ana approves 3.0.0", partial(approve_version, recipe=FIRST)),
    ("3.0.0 goes to production", deploy_first),
    ("Drift is alerted", watch),
    ("The alert is answered", answer),
    ("mara trains 3.1.0", partial(train_version, recipe=SECOND, dataset=RETRAINING)),
    ("3.1.0 is evaluated", partial(evaluate_version, recipe=SECOND)),
    ("The change is recorded", record_change),
    ("ana approves 3.1.0", partial(approve_version, recipe=SECOND)),
    ("3.1.0 goes to production", deploy_second),
)


def play(folder: Path, seed: int, tell: Callable[[str], None]) -> Path:
    """Play the whole story in `folder`, telling each step through `tell`; return the ledger's folder.

    Raises `Misuse` where the folder exists or the extra `demo` is not installed.
    """
    stage = set_up(folder, seed)
    placed = 0
    try:
        for number, (title, act) in enumerate(STEPS, start=1):
            lines = act(stage)
            size = len(stage.by("mara"))
            entries = f"entry {placed}" if size == placed + 1 else f"entries {placed}-{size - 1}"
            tell(f"{number:>2}  {title:<78}{entries:>18}")
            for line in lines:
                tell(f"      {line}")
            placed = size
    finally:
        stage.close()
    return folder

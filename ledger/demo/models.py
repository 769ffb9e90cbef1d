"""The demo's models: trained with scikit-learn, judged overall and by group with fairlearn, kept as files.

A version is three files: `model.joblib`, `preprocessing.joblib` and `thresholds.json`. The decision threshold is one of
them because it decides outcomes as much as the model does.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.demo.data import TARGET

SMALLEST_GROUP = 30
"""Groups with fewer loans are reported with their size, not judged."""


@dataclass(frozen=True)
class Recipe:
    """What a version is made from: hyperparameters, and the chance of default from which a loan is declined."""

    version: str
    parameters: dict[str, int | float]
    decline_from: float


@dataclass(frozen=True)
class Trained:
    """A fitted version and its files, by artifact name."""

    recipe: Recipe
    preprocessing: Any
    model: Any
    files: dict[str, Path]


@dataclass(frozen=True)
class Evaluation:
    """Measures overall and by group, in the form that the event `evaluated` takes."""

    metrics: dict[str, float]
    groups: dict[str, dict[str, dict[str, float | int]]]


def train(loans: Any, recipe: Recipe, folder: Path, seed: int) -> Trained:
    """Fit gradient-boosted trees to the loans and write the version's three files into `folder`."""
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    features = loans.drop(columns=[TARGET])
    numbers = list(features.select_dtypes("number").columns)
    words = [name for name in features.columns if name not in numbers]
    preprocessing = ColumnTransformer(
        [("numbers", StandardScaler(), numbers), ("words", OneHotEncoder(handle_unknown="ignore"), words)]
    )
    model = GradientBoostingClassifier(**recipe.parameters, random_state=seed)
    model.fit(preprocessing.fit_transform(features), defaulted(loans))
    return Trained(recipe, preprocessing, model, save(folder, recipe, preprocessing, model))


def save(folder: Path, recipe: Recipe, preprocessing: Any, model: Any) -> dict[str, Path]:
    """Write the three files of a version and return their paths by artifact name."""
    import joblib

    folder.mkdir(parents=True)
    files = {
        "model": folder / "model.joblib",
        "preprocessing": folder / "preprocessing.joblib",
        "thresholds": folder / "thresholds.json",
    }
    joblib.dump(model, files["model"])
    joblib.dump(preprocessing, files["preprocessing"])
    files["thresholds"].write_text(json.dumps({"decline_from": recipe.decline_from}) + "\n", encoding="utf-8")
    return files


def evaluate(trained: Trained, loans: Any) -> Evaluation:
    """Judge a version on loans it has not seen: AUC, accuracy and share of approvals, overall and by group.

    `approval_gap_age` is the difference between the approval rates of the age groups. A group's measures carry its
    size; the AUC is left out of a group in which all loans ended the same way, where it is undefined.
    """
    import pandas

    truth = defaulted(loans)
    scores = trained.model.predict_proba(trained.preprocessing.transform(loans))[:, 1]
    chance = pandas.Series(scores, index=loans.index)
    approved = chance < trained.recipe.decline_from
    metrics = {
        "auc": area(truth, chance),
        "accuracy": rounded((approved != truth).mean()),
        "approval_rate": rounded(approved.mean()),
    }
    ages = by_group(truth, chance, trained.recipe.decline_from, age_group(loans))
    foreign = loans["foreign_worker"].map("foreign_worker={}".format)
    rates = [ages[group]["approval_rate"]["value"] for group in ages]
    metrics["approval_gap_age"] = rounded(max(rates) - min(rates))
    return Evaluation(metrics, {**ages, **by_group(truth, chance, trained.recipe.decline_from, foreign)})


def by_group(truth: Any, chance: Any, decline_from: float, attribute: Any) -> dict[str, dict[str, dict[str, Any]]]:
    """Measure each group of one attribute, each measure with the group's size."""
    from fairlearn.metrics import MetricFrame, count

    measured = {"n": count, "auc": area, "approval_rate": lambda _, chances: rounded((chances < decline_from).mean())}
    frame = MetricFrame(metrics=measured, y_true=truth, y_pred=chance, sensitive_features=attribute).by_group
    return {
        str(group): {
            name: {"value": float(row[name]), "n": int(row["n"])}
            for name in ("auc", "approval_rate")
            if row[name] == row[name]  # an AUC that is undefined comes as NaN
        }
        for group, row in frame.iterrows()
    }


def defaulted(loans: Any) -> Any:
    """Whether each loan went bad."""
    return loans[TARGET] == "bad"


def age_group(loans: Any) -> Any:
    """`age<25` or `age>=25` for each loan."""
    return (loans["age_in_years"] < 25).map({True: "age<25", False: "age>=25"})


def area(truth: Any, chance: Any) -> float:
    """Area under the receiver operating characteristic; NaN where all loans ended the same way."""
    from sklearn.metrics import roc_auc_score

    return rounded(roc_auc_score(truth, chance)) if len(set(truth)) > 1 else float("nan")


def rounded(value: Any) -> float:
    """A plain float of four decimal places: more would be noise on 300 loans."""
    return round(float(value), 4)

"""The demo's metric plan: thresholds fixed before there is any result, and how results are held to them."""

from typing import Any

from ledger.demo.models import Evaluation

PLAN: list[dict[str, Any]] = [
    {"metric": "auc", "op": ">=", "bound": 0.75},
    {"metric": "auc", "op": ">=", "bound": 0.7, "group": "age<25"},
    {"metric": "approval_gap_age", "op": "<=", "bound": 0.3},
]


def measured(found: Evaluation, bound: dict[str, Any]) -> float:
    """Return what was measured for a threshold."""
    if "group" in bound:
        return float(found.groups[bound["group"]][bound["metric"]]["value"])
    return found.metrics[bound["metric"]]


def met(found: Evaluation, bound: dict[str, Any]) -> bool:
    """Whether a threshold is met."""
    value = measured(found, bound)
    limit = float(bound["bound"])
    return value >= limit if bound["op"] == ">=" else value <= limit


def said(bound: dict[str, Any]) -> str:
    """Name a threshold's measure: `auc for age<25`."""
    name = str(bound["metric"]).replace("_", " ")
    return f"{name} for {bound['group']}" if "group" in bound else name


def judged(found: Evaluation, bound: dict[str, Any]) -> str:
    """Say what was measured for a threshold, and whether that meets it."""
    verdict = "met" if met(found, bound) else "NOT MET"
    return f"{said(bound)} {measured(found, bound):.3f} ({bound['op']} {bound['bound']}: {verdict})"

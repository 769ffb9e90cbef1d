"""What kind of change the digests suggest (vocabulary 6.3). A suggestion only: a person says what it was."""

from typing import Final

from projections.comparing import Item
from projections.values import mapping

_ARTIFACTS: Final = {
    "thresholds": "decision_rule",
    "rules": "decision_rule",
    "prompt": "prompt_or_retrieval",
    "index": "prompt_or_retrieval",
    "adapter": "prompt_or_retrieval",
    "preprocessing": "input_specification",
    "features": "input_specification",
}
_PARTS: Final = {
    ("training", "algorithm"): "architecture",
    ("training", "architecture"): "architecture",
}
_SOFTWARE: Final = frozenset(
    {("artifact", "container"), ("artifact", "lockfile"), ("artifact", "config"), ("artifact", "requirements")}
    | {("training", "lockfile"), ("training", "python"), ("training", "framework")}
)


def suggest(items: list[Item]) -> list[str]:
    """Return the categories that the differences between two sets suggest, sorted."""
    differs = {(one.part, one.name): one for one in items if one.part != "metric" and not one.equal}
    found: set[str] = set()
    for (part, name), one in differs.items():
        if part == "artifact" and name in _ARTIFACTS:
            found.add(_ARTIFACTS[name])
        elif part == "parameter":
            found.add("hyperparameters")
        elif part == "component":
            found.add("component")
        elif part == "data" and name == "training":
            found |= {"retraining", "training_data" if _same_source(one) else "training_data_new_source"}
        elif (part, name) in _PARTS:
            found.add(_PARTS[part, name])
    model = ("artifact", "model") in differs
    if model and ("code", "commit") in differs:
        found.add("algorithm")
    if model and not found:
        found.add("retraining")
    if differs and differs.keys() <= _SOFTWARE:
        found.add("software")
    return sorted(found)


def _same_source(one: Item) -> bool:
    """Whether both sides name datasets of the same names, whatever their labels."""
    before, after = (
        {str(mapping(used).get("dataset", "")).partition("@")[0] for used in side or []}
        for side in (one.before, one.after)
    )
    return before == after

"""What a change is weighed with: on which data and under which plan it was measured, and what adds up since a baseline.

Asked when the changelog is, and never kept: a dataset may be registered after the change that used it.
"""

from projections.comparing import ALL, compare
from projections.database import Database
from projections.questions import facts
from projections.questions.diff import told
from projections.questions.facts import Facts, lean


def measured(database: Database, system: str, differences: list[Facts]) -> list[Facts]:
    """The evaluations that the metrics come from, each with its side, its plan and its test data."""
    seqs = {
        (side, metric[side]["seq"])
        for metric in differences
        if metric["part"] == "metric"
        for side in ("before", "after")
        if side in metric
    }
    ordered = sorted(seqs, key=lambda one: (one[0] != "before", one[1]))
    return [_measured(database, system, side, seq) for side, seq in ordered]


def _measured(database: Database, system: str, side: str, seq: int) -> Facts:
    row = facts.evaluation(database, seq)
    plan = facts.plan_of(database, system, seq, row["time"], row["uses"])
    used = [one for one in facts.used_data(row["data"]) if one["role"] == "test"]
    return lean(
        {
            "side": side, "seq": seq, "by": row["actor"], "plan": plan and {"plan": plan.name, "seq": plan.seq},
            "test": facts.registered(database, used),
        }
    )  # fmt: skip


def cumulative(database: Database, system: str, change: Facts) -> list[Facts] | None:
    """All that differs from the baseline, metrics that may be compared among it; None where there is no other baseline.

    Many small changes are measured together (Art. 3(23)): so beside before and after stands baseline and after.
    """
    base = change["substantial_modification"].get("baseline_set")
    before, after = change["from"].get("digest_set"), change["to"].get("digest_set")
    if base is None or after is None or base in (before, after):
        return None
    items = compare(database, system, base, after, change.get("effective_time", ALL))
    found = [one for one in items if not one.equal and (one.part != "metric" or one.delta is not None)]
    return [facts.with_data(database, told(one)) for one in found]

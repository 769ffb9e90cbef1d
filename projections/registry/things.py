"""Datasets, metric plans, alerts and verifications: keys `D|name@label`, `L|system|plan`, `A|alert`, `G`."""

from typing import Any, Final

from ledger.entry import Entry
from ledger.statement import Statement
from projections.projection import Out, Route, State, Subject
from projections.tables import table
from projections.values import ids, items, mapping, packed, set_of, text, texts, whole

DATASETS: Final = table(
    "datasets",
    "dataset digest",
    "seq:integer statement_id time actor role rows:integer columns:integer period_start period_end provenance"
    " personal_data groups target data evidence",
    owner=1,
    indexes=("digest",),
)
PLANS: Final = table(
    "plans",
    "seq:integer",
    "statement_id system plan time actor thresholds supersedes data",
    indexes=("system", "statement_id"),
)
ALERTS: Final = table(
    "alerts",
    "alert episode:integer",
    "system set_digest version environment deployment statement_id opened opened_seq:integer opened_by metric"
    " severity due data repeats:integer state acknowledged acknowledged_seq:integer acknowledged_by"
    " resolved resolved_seq:integer resolved_by resolution reason",
    owner=1,
    indexes=("system state",),
)
VERIFICATIONS: Final = table(
    "verifications", "seq:integer", "statement_id time actor size:integer root verdict tool policy"
)
# What the log says of its own rules: rows of the rule table, what becomes of approvals of own work.
POLICIES: Final = table("policies", "seq:integer", "kind system value actor time reason", indexes=("kind system",))


def dataset_keys(entry: Entry, said: Statement) -> tuple[str, ...]:  # noqa: ARG001
    """The key of the dataset's label."""
    subject = said.subject
    return (f"D|{subject['dataset']}",) if "dataset" in subject and "artifacts" in subject else ()


def dataset_start(parts: list[str]) -> State:
    """A label without data."""
    return {"dataset": parts[0], "digests": {}}


def dataset_registered(state: State, entry: Entry, said: Statement, out: Out) -> None:  # noqa: ARG001
    """A snapshot under the label; the same digest again changes nothing, another one stands beside it (S02)."""
    artifacts = said.subject["artifacts"]
    digest = next(iter(artifacts.values())) if len(artifacts) == 1 else set_of(artifacts)
    data = said.data
    if digest in state["digests"]:
        return
    state["digests"][digest] = [
        entry.seq, said.id, said.time, said.actor, text(data.get("role")), whole(data.get("rows")),
        whole(data.get("columns")), text(data.get("period_start")), text(data.get("period_end")),
        text(data.get("provenance")), text(data.get("personal_data")), packed(texts(data.get("groups"))),
        text(data.get("target")), packed(data), packed(said.evidence),
    ]  # fmt: skip


def dataset_rows(state: State, out: Out) -> None:
    """One row a digest."""
    out.rows["datasets"].extend((state["dataset"], digest, *row) for digest, row in state["digests"].items())


def plan_keys(entry: Entry, said: Statement) -> tuple[str, ...]:  # noqa: ARG001
    """The key of the plan; one without a name is named by its statement."""
    system = said.subject.get("system")
    return (f"L|{system}|{said.subject.get('plan', said.id)}",) if system else ()


def plan_start(parts: list[str]) -> State:
    """A plan nobody has defined."""
    return {"place": parts}


def plan_defined(state: State, entry: Entry, said: Statement, out: Out) -> None:
    """Each definition is kept: an evaluation is judged by the one it was made under."""
    data = said.data
    out.rows["plans"].append(
        (entry.seq, said.id, *state["place"], said.time, said.actor, packed(items(data.get("thresholds"))),
         packed(ids(said, "supersedes")), packed(data))
    )  # fmt: skip


def alert_keys(entry: Entry, said: Statement) -> tuple[str, ...]:  # noqa: ARG001
    """The key of the alert; one that was opened without a name is named by its statement."""
    alert = said.subject.get("alert") or (said.id if said.type == "drift_alerted" else None)
    return (f"A|{alert}",) if alert else ()


def alert_start(parts: list[str]) -> State:
    """An alert that nobody raised."""
    return {"alert": parts[0], "episode": 0, "now": {}}


def alerted(state: State, entry: Entry, said: Statement, out: Out) -> None:
    """Raised; raised again while open: a repeat; raised again after it was resolved: another episode."""
    now = state["now"]
    if now and now["state"] != "resolved":
        now["repeats"] += 1
        return
    if now:
        _alert_row(state, out)
    subject, data = said.subject, said.data
    artifacts = subject.get("artifacts")
    state["episode"] += 1
    state["now"] = {
        "system": subject.get("system"), "set_digest": set_of(artifacts) if artifacts else None,
        "version": subject.get("version"), "environment": subject.get("environment"),
        "deployment": subject.get("deployment"), "statement_id": said.id, "opened": said.time, "opened_seq": entry.seq,
        "opened_by": said.actor, "metric": text(data.get("metric")),
        "severity": text(data.get("severity")) or "warning",
        "due": text(data.get("due")), "data": packed(data), "repeats": 0, "state": "open",
    }  # fmt: skip


def acknowledged(state: State, entry: Entry, said: Statement, out: Out) -> None:  # noqa: ARG001
    """Somebody took it up; the first to do so counts."""
    if state["now"].get("state") == "open":
        state["now"].update(
            state="acknowledged", acknowledged=said.time, acknowledged_seq=entry.seq, acknowledged_by=said.actor
        )


def resolved(state: State, entry: Entry, said: Statement, out: Out) -> None:  # noqa: ARG001
    """It was answered."""
    if state["now"] and state["now"]["state"] != "resolved":
        state["now"].update(
            state="resolved", resolved=said.time, resolved_seq=entry.seq, resolved_by=said.actor,
            resolution=text(said.data.get("resolution")), reason=said.reason,
        )  # fmt: skip


def alert_rows(state: State, out: Out) -> None:
    """The episode that was opened last."""
    if state["now"]:
        _alert_row(state, out)


def _alert_row(state: State, out: Out) -> None:
    now = state["now"]
    row = (state["alert"], state["episode"], *(now.get(name) for name in ALERTS.columns[2:]))
    out.rows["alerts"].append(row)


def ledger_keys(entry: Entry, said: Statement) -> tuple[str, ...]:  # noqa: ARG001
    """The key of what is said about the log itself."""
    return ("G",)


def ledger_start(parts: list[str]) -> State:  # noqa: ARG001
    """Nothing is remembered."""
    return {}


def verified(state: State, entry: Entry, said: Statement, out: Out) -> None:  # noqa: ARG001
    """Somebody says that they verified the log up to a size."""
    data = said.data
    out.rows["verifications"].append(
        (entry.seq, said.id, said.time, said.actor, whole(data.get("size")), text(data.get("root")),
         text(data.get("verdict")), text(data.get("tool")), text(data.get("policy")))
    )  # fmt: skip


def policy_set(state: State, entry: Entry, said: Statement, out: Out) -> None:  # noqa: ARG001
    """A rule of the log was changed, from the next entry on."""
    data = said.data
    value = text(data.get("value")) or packed(mapping(data.get("value")))
    row = (entry.seq, text(data.get("kind")), said.subject.get("system"), value, said.actor, said.time, said.reason)
    out.rows["policies"].append(row)


def no_rows(state: State, out: Out) -> None:
    """The rows about single entries are all there is."""


TABLES: Final = (DATASETS, PLANS, ALERTS, VERIFICATIONS, POLICIES)
DATASET: Final = Subject("D", 1, dataset_start, dataset_rows, (DATASETS,))
PLAN: Final = Subject("L", 2, plan_start, no_rows, (PLANS,), system=0)
ALERT: Final = Subject("A", 1, alert_start, alert_rows, (ALERTS,))
LEDGER: Final = Subject("G", 0, ledger_start, no_rows, (VERIFICATIONS, POLICIES))
ROUTES: Final[dict[str, Any]] = {
    "dataset_registered": Route(dataset_keys, DATASET, dataset_registered),
    "metric_plan_defined": Route(plan_keys, PLAN, plan_defined),
    "drift_alerted": Route(alert_keys, ALERT, alerted),
    "alert_acknowledged": Route(alert_keys, ALERT, acknowledged),
    "alert_resolved": Route(alert_keys, ALERT, resolved),
    "verified": Route(ledger_keys, LEDGER, verified),
    "policy_set": Route(ledger_keys, LEDGER, policy_set),
}

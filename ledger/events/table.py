"""The table of event types: what each is about, what it needs, and which struct holds its data."""

from typing import Final, Literal, TypeAlias

from msgspec import Struct

from ledger.events import approval, data, deployment, development, evaluation, governance, monitoring
from ledger.events.common import Event, Evidence, Fields
from ledger.revisions import NEWEST
from ledger.shapes import learn

Phase: TypeAlias = Literal[
    "data", "development", "evaluation", "approval", "deployment", "monitoring", "governance", "own"
]
Pointer: TypeAlias = tuple[str, ...]

SUBJECT_KEYS: Final = (
    "system",
    "version",
    "artifacts",
    "dataset",
    "component",
    "environment",
    "deployment",
    "alert",
    "incident",
    "action",
    "document",
    "plan",
    "request",
    "hold",
    "segment",
    "handle",
)
RELATIONS: Final = ("of", "caused_by", "answers", "uses", "under", "ends", "supersedes", "corrects")


class EventType(Struct, frozen=True, kw_only=True):
    """One row: what may, and must, be said with a type.

    `required` and `optional` are subject keys. `needs_one` holds further keys of which one must be there;
    `needs_set`: the statement must carry a digest set; `opens`: the key that names a new thing, by default after the
    statement's id; `said`: keys that are the caller's to say (they are not copied from another event); `captures`:
    the edge adds the context of the run; `sealed`: where in `data` a personal value stands; `bare`: lists in `data`
    may be empty (a rule table).
    """

    name: str
    struct: type[Fields] | None
    phase: Phase
    rev: int = 1
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    needs_one: tuple[str, ...] = ()
    needs_set: bool = False
    needs_refs: tuple[str, ...] = ()
    needs_reason: bool = False
    subject_from: str = ""
    said: tuple[str, ...] = ()
    opens: str = ""
    captures: bool = False
    sealed: tuple[Pointer, ...] = ()
    bare: bool = False
    summary: str = ""

    @property
    def own(self) -> bool:
        """Whether it is a type of somebody's own, `domain/name`, of which nothing more is known."""
        return self.struct is None

    @property
    def subjects(self) -> tuple[str, ...]:
        """All subject keys the type takes."""
        return self.required + self.optional

    @property
    def relations(self) -> tuple[str, ...]:
        """All relations the type takes: `corrects` belongs to `corrected` alone."""
        return RELATIONS if self.name == "corrected" else RELATIONS[:-1]


def _row(
    name: str, struct: type[Fields], phase: Phase, *, sealed: tuple[Pointer, ...] = (), **rules: object
) -> EventType:
    note: tuple[Pointer, ...] = (("note",),) if issubclass(struct, Event) else ()
    summary = (struct.__doc__ or "").partition("\n")[0]
    rev = NEWEST.get(name, 1)
    return EventType(name=name, struct=struct, phase=phase, rev=rev, sealed=sealed + note, summary=summary, **rules)  # type: ignore[arg-type]


_SLOT = ("system", "environment", "deployment")
_VERSION = ("system", "version")
_ABOUT = ("system", "version", "artifacts", "document", "dataset", "component")
_ALERT = ("system", "version", "artifacts", "environment", "deployment")
_SET_OR_DOCUMENT = ("artifacts", "document")

_ROWS: tuple[EventType, ...] = (
    _row("genesis", governance.Genesis, "governance", bare=True),
    _row(
        "actor_introduced",
        governance.ActorIntroduced,
        "governance",
        required=("handle",),
        said=("handle",),
        sealed=(("name",), ("contact",)),
    ),
    _row("key_authorized", governance.KeyAuthorized, "governance", required=("handle",), said=("handle",)),
    _row("key_revoked", governance.KeyRevoked, "governance", required=("handle",), said=("handle",)),
    _row("role_assigned", governance.RoleAssigned, "governance", required=("handle",), said=("handle",)),
    _row("role_ended", governance.RoleEnded, "governance", required=("handle",), said=("handle",)),
    _row("delegated", governance.Delegated, "governance", required=("handle",), said=("handle",)),
    _row("policy_set", governance.PolicySet, "governance", optional=("system",), said=("system",), bare=True),
    _row("log_key_rotated", governance.LogKeyRotated, "governance", needs_reason=True),
    _row("clock_reset", governance.ClockReset, "governance", needs_reason=True),
    _row(
        "system_registered",
        governance.SystemRegistered,
        "governance",
        required=("system",),
        said=("system",),
        sealed=(("provider", "contact"),),
    ),
    _row(
        "dataset_registered",
        data.DatasetRegistered,
        "data",
        required=("dataset", "artifacts"),
        needs_set=True,
        said=("dataset",),
        captures=True,
    ),
    _row(
        "trained",
        development.Trained,
        "development",
        required=("system", "artifacts"),
        optional=("version",),
        needs_set=True,
        said=("system", "artifacts"),
        captures=True,
    ),
    _row(
        "version_registered",
        development.VersionRegistered,
        "development",
        required=("system", "version", "artifacts"),
        needs_set=True,
        captures=True,
    ),
    _row(
        "metric_plan_defined",
        evaluation.MetricPlanDefined,
        "evaluation",
        required=("system", "plan"),
        opens="plan",
        captures=True,
    ),
    _row(
        "evaluated",
        evaluation.Evaluated,
        "evaluation",
        required=("artifacts",),
        optional=_VERSION,
        needs_set=True,
        captures=True,
    ),
    _row("approval_requested", approval.ApprovalRequested, "approval", optional=_ABOUT, needs_one=_SET_OR_DOCUMENT),
    _row("approved", approval.Approved, "approval", optional=_ABOUT, needs_one=_SET_OR_DOCUMENT),
    _row("rejected", approval.Rejected, "approval", optional=_ABOUT, needs_one=_SET_OR_DOCUMENT, needs_reason=True),
    _row(
        "approval_revoked",
        approval.ApprovalRevoked,
        "approval",
        optional=_ABOUT,
        needs_one=_SET_OR_DOCUMENT,
        needs_refs=("ends",),
        needs_reason=True,
        subject_from="ends",
    ),
    _row(
        "deployed",
        deployment.Deployed,
        "deployment",
        required=("system", "artifacts", "environment", "deployment"),
        optional=("version",),
        needs_set=True,
        captures=True,
    ),
    _row(
        "undeployed",
        deployment.Undeployed,
        "deployment",
        required=_SLOT,
        optional=("version", "artifacts"),
        subject_from="ends",
        captures=True,
    ),
    _row(
        "rolled_back",
        deployment.RolledBack,
        "deployment",
        required=("system", "version", "artifacts", "environment", "deployment"),
        needs_set=True,
        captures=True,
    ),
    _row(
        "suspended",
        deployment.Suspended,
        "deployment",
        required=_SLOT,
        optional=("version", "artifacts"),
        needs_reason=True,
        captures=True,
    ),
    _row(
        "resumed",
        deployment.Resumed,
        "deployment",
        required=_SLOT,
        optional=("version", "artifacts"),
        subject_from="ends",
        captures=True,
    ),
    _row(
        "change_recorded",
        deployment.ChangeRecorded,
        "deployment",
        required=("artifacts",),
        optional=_VERSION,
        needs_set=True,
        captures=True,
    ),
    _row(
        "substantial_modification_assessed",
        deployment.SubstantialModificationAssessed,
        "deployment",
        required=("artifacts",),
        optional=_VERSION,
        needs_set=True,
        needs_reason=True,
        captures=True,
    ),
    _row(
        "placed_on_market",
        deployment.PlacedOnMarket,
        "deployment",
        required=("system", "artifacts"),
        optional=("version",),
        needs_set=True,
        captures=True,
    ),
    _row(
        "put_into_service",
        deployment.PutIntoService,
        "deployment",
        required=("system", "artifacts"),
        optional=("version",),
        needs_set=True,
        captures=True,
    ),
    _row(
        "retired",
        deployment.Retired,
        "deployment",
        required=("system",),
        optional=("version", "artifacts"),
        captures=True,
    ),
    _row(
        "deployment_observed",
        monitoring.DeploymentObserved,
        "monitoring",
        required=_SLOT,
        optional=("version", "artifacts"),
    ),
    _row("drift_alerted", monitoring.DriftAlerted, "monitoring", required=("alert",), optional=_ALERT, opens="alert"),
    _row("alert_acknowledged", monitoring.AlertAcknowledged, "monitoring", required=("alert",), optional=_ALERT),
    _row("alert_resolved", monitoring.AlertResolved, "monitoring", required=("alert",), optional=_ALERT),
    _row("corrected", governance.Corrected, "governance", needs_refs=("corrects",), needs_reason=True),
    _row("verified", governance.Verified, "governance"),
    _row("erased", governance.Erased, "governance", needs_refs=("of",), needs_reason=True),
    _row("timestamped", governance.Timestamped, "governance"),
    _row("retimestamped", governance.Retimestamped, "governance"),
    _row("migrated", governance.Migrated, "governance"),
)

EVENTS: Final[dict[str, EventType]] = {row.name: row for row in _ROWS}

learn(Evidence, *(row.struct for row in _ROWS if row.struct is not None))

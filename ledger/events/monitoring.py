"""Monitoring: drift alerts and what became of them (Article 72; Annex IV point 9)."""

from typing import Annotated, Literal

from ledger.events.common import Count, DatasetRef, Digest, Event, Fields, Name, Number, Operator, Text, Time, says


class Baseline(Fields, frozen=True, kw_only=True):
    """What a drifted value is compared with."""

    value: Annotated[Number | None, says("its value there")] = None
    dataset: Annotated[DatasetRef | None, says("the dataset it was computed on")] = None


class Window(Fields, frozen=True, kw_only=True):
    """A stretch of time."""

    start: Annotated[Time | None, says("its first moment")] = None
    end: Annotated[Time | None, says("its end")] = None


class DeploymentObserved(Event, frozen=True, kw_only=True):
    """A runtime reported what it serves in a slot; its silence, where reports are due, is a finding."""

    observed: Annotated[
        dict[Name, Digest],
        says("artifact digests as the runtime sees them, may be some only", "Annex IV 1(a), Art. 72"),
    ]
    requests: Annotated[Count | None, says("number of requests served in the window", "Art. 72")] = None
    window: Annotated[Window | None, says("the time it reports on", "Art. 12(2)")] = None


class DriftAlerted(Event, frozen=True, kw_only=True):
    """Monitoring saw a measure leave its bounds."""

    metric: Annotated[Text, says("the measure", "Art. 72(2)")]
    value: Annotated[Number | None, says("its value", "Art. 72(2)")] = None
    threshold: Annotated[Number | None, says("the bound it left", "Art. 72(2)")] = None
    op: Annotated[Operator | None, says("how value and threshold are compared", "Art. 72(2)")] = None
    baseline: Annotated[Baseline | None, says("what it is compared with", "Art. 72(2)")] = None
    window: Annotated[Window | None, says("the time it was computed over", "Art. 12(2)")] = None
    detector: Annotated[Text | None, says("the tool that saw it", "Art. 12(2)")] = None
    method: Annotated[Text | None, says("how it is computed", "Art. 72(2)")] = None
    feature: Annotated[Text | None, says("the feature that drifted", "Art. 72(2)")] = None
    group: Annotated[Text | None, says("the group it was seen in", "Art. 72(2)")] = None
    severity: Annotated[
        Literal["info", "warning", "high", "critical"] | None, says("how grave; left out: warning", "Art. 9(2)(c)")
    ] = None
    due: Annotated[Time | None, says("until when an answer is needed", "Art. 72(2)")] = None


class AlertAcknowledged(Event, frozen=True, kw_only=True):
    """Someone took up an alert."""


class AlertResolved(Event, frozen=True, kw_only=True):
    """An alert was answered."""

    resolution: Annotated[
        Literal[
            "retrained",
            "rolled_back",
            "threshold_changed",
            "risk_updated",
            "incident_opened",
            "suspended",
            "self_cleared",
            "false_alarm",
            "no_action",
        ],
        says("what was done; false_alarm and no_action need a `reason`", "Art. 72(2), 9(2)(c)"),
    ]

"""Evaluation: which measures have to be where, and where they were (Article 15; Annex IV points 2(g), 3 and 4)."""

from typing import Annotated, Literal

from msgspec import Meta

from ledger.events.common import (
    Count,
    DatasetRef,
    Datasets,
    Event,
    Measures,
    Positive,
    Text,
    Threshold,
    says,
)


class MetricPlanDefined(Event, frozen=True, kw_only=True):
    """A metric plan was laid down: the thresholds that evaluations will be judged by."""

    thresholds: Annotated[
        Annotated[list[Threshold], Meta(min_length=1)], says("the thresholds", "Art. 9(8), Annex IV 3")
    ]
    rationale: Annotated[Text | None, says("why these metrics are appropriate", "Annex IV 4")] = None
    methods: Annotated[dict[Text, Text] | None, says("metric to the way it is computed", "Annex IV 2(g)")] = None
    groups: Annotated[list[Text] | None, says("groups to be reported", "Annex IV 2(g), 3")] = None
    test_dataset: Annotated[DatasetRef | None, says("the dataset to test on", "Annex IV 2(g)")] = None
    retest_days: Annotated[Positive | None, says("days after which an evaluation is stale", "Art. 17(1)(d)")] = None
    min_n: Annotated[Count | None, says("size of the smallest group that is judged", "Annex IV 3")] = None


class Evaluated(Event, frozen=True, kw_only=True):
    """A digest set was evaluated on test data."""

    metrics: Annotated[Measures, says("measures over all cases", "Annex IV 2(g), Art. 15")]
    groups: Annotated[
        dict[Text, Measures] | None,
        says("the measures of each group, such as `age<25`, with `n`", "Annex IV 2(g), 3, Art. 13(3)(b)"),
    ] = None
    datasets: Annotated[
        Datasets | None, says("what it was tested on: test; for drift reference and test", "Annex IV 2(g)")
    ] = None
    covers: Annotated[
        list[Literal["performance", "bias", "drift", "robustness", "security"]] | None,
        says("what was examined; left out: performance, and bias where there are groups", "Art. 10(2)(f), 15"),
    ] = None
    passed: Annotated[
        bool | None, says("the author's verdict; counts only where no plan covers the metric", "Annex IV 2(g)")
    ] = None
    methods: Annotated[dict[Text, Text] | None, says("metric to the way it was computed", "Annex IV 2(g)")] = None

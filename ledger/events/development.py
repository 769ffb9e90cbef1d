"""Development: training runs and the versions they yield (Annex IV points 1 and 2)."""

from typing import Annotated

from ledger.events.common import (
    ComponentRef,
    Datasets,
    Event,
    Fields,
    Measures,
    Number,
    Parameter,
    Text,
    Time,
    VersionRef,
    says,
)


class Compute(Fields, frozen=True, kw_only=True):
    """What a training run took."""

    hardware: Annotated[Text | None, says("machines it ran on")] = None
    hours: Annotated[Number | None, says("duration, hours")] = None
    kwh: Annotated[Number | None, says("energy, kilowatt hours")] = None
    flops: Annotated[Number | None, says("floating point operations")] = None


class Trained(Event, frozen=True, kw_only=True):
    """A training run ended and produced this digest set."""

    datasets: Annotated[Datasets | None, says("what it was trained on, by role", "Annex IV 2(d)")] = None
    parameters: Annotated[dict[Text, Parameter] | None, says("hyperparameters", "Annex IV 2(b)")] = None
    seed: Annotated[int | None, says("seed of the random numbers", "Annex IV 2(b)")] = None
    algorithm: Annotated[Text | None, says("method, such as gradient boosting", "Annex IV 2(b)")] = None
    architecture: Annotated[Text | None, says("structure of the model: a short text or a digest", "Annex IV 2(c)")] = (
        None
    )
    framework: Annotated[Text | None, says("library and version it was trained with", "Annex IV 2(a)")] = None
    objective: Annotated[Text | None, says("what it optimises", "Annex IV 2(b)")] = None
    parents: Annotated[list[VersionRef] | None, says("versions it was made from", "Annex IV 1(a)")] = None
    base_models: Annotated[list[ComponentRef] | None, says("models of others it builds on", "Annex IV 2(a)")] = None
    run: Annotated[Text | None, says("the training tool's own id of the run", "Annex IV 2(b)")] = None
    started: Annotated[Time | None, says("when the run began", "Annex IV 2(c)")] = None
    metrics: Annotated[Measures | None, says("measures of the training itself; no evaluation", "Annex IV 2(b)")] = None
    compute: Annotated[Compute | None, says("computing resources it took", "Annex IV 2(c)")] = None


class VersionRegistered(Event, frozen=True, kw_only=True):
    """A digest set was registered as a version; the set is its bill of artifacts."""

    parents: Annotated[list[VersionRef] | None, says("versions it was made from", "Annex IV 1(a)")] = None
    components: Annotated[list[ComponentRef] | None, says("parts that come from others", "Annex IV 2(a)")] = None
    software: Annotated[dict[Text, Text] | None, says("software it needs, name to version", "Annex IV 1(c)")] = None
    update_requirements: Annotated[Text | None, says("what an update of it requires", "Annex IV 1(c)")] = None
    summary: Annotated[Text | None, says("what is new in it, a sentence", "Annex IV 1(a)")] = None

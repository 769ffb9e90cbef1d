"""Deployment: what runs where, what changed, what is on the market (Annex IV points 1, 6; Articles 20, 26, 43(4))."""

from typing import Annotated, Literal, TypeAlias

from ledger.events.common import (
    Count,
    Country,
    Date,
    Digest,
    Event,
    Fields,
    Name,
    Positive,
    Share,
    Text,
    VersionRef,
    says,
)

Category: TypeAlias = Literal[
    "algorithm",
    "architecture",
    "component",
    "decision_rule",
    "documentation",
    "hyperparameters",
    "input_specification",
    "intended_purpose",
    "monitoring_plan",
    "oversight",
    "pre_determined",
    "prompt_or_retrieval",
    "retraining",
    "risk_control",
    "rollback",
    "security_fix",
    "software",
    "training_data",
]


class Affected(Fields, frozen=True, kw_only=True):
    """Whom and what a change touches."""

    environments: Annotated[list[Text] | None, says("environments it reaches")] = None
    deployers: Annotated[list[Text] | None, says("deployers it reaches")] = None
    countries: Annotated[list[Country] | None, says("countries it reaches, ISO 3166 alpha-2")] = None
    groups: Annotated[list[Text] | None, says("groups of persons it touches")] = None


class Deployed(Event, frozen=True, kw_only=True):
    """A digest set serves in a slot from now on."""

    traffic: Annotated[
        Share | None,
        says("share of live traffic after this event, 0 to 1; left out: 1; 0: shadow or warm", "Annex IV 1(d)"),
    ] = None
    observed: Annotated[
        dict[Name, Digest] | None, says("artifact digests as the runtime sees them, may be some only", "Annex IV 1(a)")
    ] = None
    config: Annotated[Digest | None, says("digest of the configuration it runs with", "Annex IV 1(d)")] = None
    tier: Annotated[
        Literal["development", "test", "staging", "production"] | None,
        says("kind of the environment, where its name does not say", "Annex IV 1(d)"),
    ] = None
    deployer: Annotated[Text | None, says("who uses it", "Art. 26(5)")] = None
    countries: Annotated[list[Country] | None, says("where it is used, ISO 3166 alpha-2", "Annex VIII.A 10")] = None


class Undeployed(Event, frozen=True, kw_only=True):
    """A version, or without one all of them, no longer serves in a slot."""


class RolledBack(Event, frozen=True, kw_only=True):
    """A slot went back to another version; the subject is what runs afterwards."""

    left: Annotated[
        VersionRef | None, says("the version that was left; filled in where the slot is known", "Art. 20(1)")
    ] = None


class Suspended(Event, frozen=True, kw_only=True):
    """The output of a version, or without one of the whole slot, is not used until resumed."""


class Resumed(Event, frozen=True, kw_only=True):
    """The output of a suspended version or slot is used again."""


class ChangeRecorded(Event, frozen=True, kw_only=True):
    """A change was described in words, for the changelog; the subject is the version after it."""

    summary: Annotated[Text, says("what was changed, one plain sentence", "Annex IV 6")]
    categories: Annotated[list[Category] | None, says("kinds of change", "Annex IV 6")] = None
    before: Annotated[VersionRef | None, says("the version before", "Annex IV 6")] = None
    points: Annotated[list[Text] | None, says("Annex IV points that must follow, such as 2(d)", "Art. 11(1)")] = None
    ifu_changed: Annotated[bool | None, says("whether the instructions for use change", "Art. 13")] = None
    affected: Annotated[Affected | None, says("whom and what it touches", "Annex IV 6")] = None
    watch_days: Annotated[Positive | None, says("days of closer monitoring afterwards", "Art. 72")] = None
    rollback_plan: Annotated[Text | None, says("how to go back", "Annex IV 6")] = None


class SubstantialModificationAssessed(Event, frozen=True, kw_only=True):
    """A person assessed whether a change is a substantial modification; the subject is the version after it."""

    decision: Annotated[
        Literal["not_substantial", "substantial", "pre_determined", "uncertain"],
        says("the decision; uncertain leaves it pending", "Art. 3(23), 43(4)"),
    ]
    baseline: Annotated[VersionRef | None, says("the version compared with", "Art. 43(4)")] = None
    cumulative: Annotated[Text | None, says("the sum of the changes since the baseline", "Annex VII 4.7")] = None
    after_market: Annotated[bool | None, says("made after the placing on the market", "Art. 3(23)")] = None
    foreseen: Annotated[bool | None, says("foreseen in the conformity assessment", "Art. 3(23)")] = None
    purpose_modified: Annotated[bool | None, says("the intended purpose is modified", "Art. 3(23), 25(1)(c)")] = None
    within_plan: Annotated[bool | None, says("within the bounds of the change plan", "Annex IV 2(f)")] = None
    articles_affected: Annotated[list[Count] | None, says("articles whose fulfilment it affects", "Art. 3(23)")] = None
    notified_body_informed: Annotated[Date | None, says("when the notified body was informed", "Annex VII 4.7")] = None


class PlacedOnMarket(Event, frozen=True, kw_only=True):
    """A version was placed on the market."""

    countries: Annotated[list[Country] | None, says("where, ISO 3166 alpha-2", "Art. 3(9)")] = None
    form: Annotated[Text | None, says("in which form", "Annex IV 1(d)")] = None
    ifu: Annotated[Digest | None, says("digest of the instructions for use", "Art. 13")] = None


class PutIntoService(Event, frozen=True, kw_only=True):
    """A version was put into service."""

    countries: Annotated[list[Country] | None, says("where, ISO 3166 alpha-2", "Art. 3(11)")] = None
    form: Annotated[Text | None, says("in which form", "Annex IV 1(d)")] = None
    ifu: Annotated[Digest | None, says("digest of the instructions for use", "Art. 13")] = None
    own_use: Annotated[bool | None, says("put into service for the provider's own use", "Art. 3(11)")] = None


class Retired(Event, frozen=True, kw_only=True):
    """A version, or without one the system, is no longer offered or used."""

    successor: Annotated[VersionRef | None, says("the version that follows it", "Annex VIII.A 7")] = None
    data_disposition: Annotated[Text | None, says("what becomes of its data", "Annex VIII.A 7")] = None

"""Data: what is known of a dataset when it enters (Article 10; Annex IV point 2(d))."""

from typing import Annotated, Literal

from ledger.events.common import Count, Country, DatasetRef, DatasetRole, Date, Event, Text, says


class DatasetRegistered(Event, frozen=True, kw_only=True):
    """A dataset snapshot was registered under a label."""

    role: Annotated[DatasetRole | None, says("what it is meant for; what counts is its use", "Art. 3(29)-(32)")] = None
    rows: Annotated[Count | None, says("number of rows", "Annex IV 2(d)")] = None
    columns: Annotated[Count | None, says("number of columns", "Annex IV 2(d)")] = None
    period_start: Annotated[Date | None, says("first day the data speak of", "Annex IV 2(d)")] = None
    period_end: Annotated[Date | None, says("last day the data speak of", "Annex IV 2(d)")] = None
    provenance: Annotated[Text | None, says("where the data come from, a sentence", "Annex IV 2(d)")] = None
    collection: Annotated[Text | None, says("how they were collected", "Art. 10(2)(b)")] = None
    selection: Annotated[Text | None, says("how they were selected", "Annex IV 2(d)")] = None
    labelling: Annotated[Text | None, says("how they were labelled", "Annex IV 2(d), Art. 10(2)(c)")] = None
    cleaning: Annotated[Text | None, says("how they were cleaned", "Annex IV 2(d), Art. 10(2)(c)")] = None
    licence: Annotated[Text | None, says("under which terms they may be used", "Annex IV 2(d)")] = None
    groups: Annotated[list[Text] | None, says("groups of persons they cover", "Art. 10(3)-(4)")] = None
    geography: Annotated[list[Country] | None, says("countries they cover, ISO 3166 alpha-2", "Art. 10(4)")] = None
    target: Annotated[Text | None, says("what is predicted from them", "Annex IV 2(b)")] = None
    personal_data: Annotated[
        Literal["none", "personal", "special"] | None,
        says("whether they are personal data, or special categories", "Art. 10(5)"),
    ] = None
    original_purpose: Annotated[Text | None, says("what personal data were first collected for", "Art. 10(2)(b)")] = (
        None
    )
    derived_from: Annotated[list[DatasetRef] | None, says("datasets they were made from", "Annex IV 2(d)")] = None

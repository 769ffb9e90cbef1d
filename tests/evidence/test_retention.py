"""Until when evidence is kept, by what entries say."""

from datetime import date

import pytest

import ledger as package
from ledger.evidence_store.retention import after_years, named_evidence

TODAY = date(2026, 11, 27)


def digest(path):
    return package.file(path).digest.removeprefix("sha256:")


def rules(ledger):
    return named_evidence(ledger.entries(), TODAY)


def placed(ledger, kind, when, system="credit-scoring", version="1"):
    fields = {"system": system, "version": version, "time": f"{when}T10:00:00.000000Z"}
    if kind == "placed_on_market":
        fields |= {"country": ["DE"]}
    return ledger.record(kind, **_needed(kind, fields))


def _needed(kind, fields):
    """The fields that the type asks for besides."""
    from ledger.events.places import places_of

    known = places_of(kind).places
    more = {"artifacts": {"model": "sha256:" + "ab" * 32}}
    return {name: value for name, value in {**fields, **more}.items() if name in known}


@pytest.mark.parametrize(
    ("day", "later"),
    [
        (date(2026, 11, 27), date(2036, 11, 27)),
        (date(2028, 2, 29), date(2038, 3, 1)),  # no 29 February: the later date
        (date(2024, 2, 29), date(2034, 3, 1)),
        (date(2026, 12, 31), date(2036, 12, 31)),
    ],
)
def test_ten_calendar_years(day, later):
    assert after_years(day) == later


def test_before_a_system_is_on_the_market_the_end_is_open(named):
    found = rules(named)
    assert {one.until for one in found.values()} == {date(2036, 11, 27)}
    assert all(one.open for one in found.values())


def test_the_latest_placing_or_putting_into_service_counts(named):
    placed(named, "put_into_service", "2026-03-01")
    placed(named, "put_into_service", "2026-09-02")
    placed(named, "put_into_service", "2026-05-05")
    found = rules(named)
    model = found[digest("model.bin")]
    assert (model.until, model.open) == (date(2036, 9, 2), False)


def test_another_systems_clock_does_not_count_but_for_what_names_no_system(named):
    placed(named, "put_into_service", "2026-03-01")
    placed(named, "put_into_service", "2026-10-10", system="fraud")
    found = rules(named)
    assert found[digest("model.bin")].until == date(2036, 3, 1)
    assert found[digest("credit.csv")].until == date(2036, 10, 10)  # it may have trained any of them


def test_what_holds_personal_data_is_not_locked(named, work):
    (work / "people.csv").write_text("name\nAna\n")
    named.record(
        "acme.example/note",
        text="a",
        evidence=[package.file("people.csv", personal_data=True)],
        system="credit-scoring",
    )
    assert rules(named)[digest("people.csv")].until is None


def test_what_was_not_seen_is_not_asked_for(named):
    named.record(
        "acme.example/note",
        text="a",
        evidence=[
            {"digest": "sha256:" + "cd" * 32, "kind": "file", "media_type": "text/csv", "size": 1, "unread": True},
            {"digest": "sha256:" + "ef" * 32, "kind": "external", "media_type": "text/csv", "size": 1},
        ],
    )
    assert {"cd" * 32, "ef" * 32} & rules(named).keys() == set()


def test_the_first_entry_that_names_it_is_told(named):
    before = rules(named)[digest("credit.csv")]
    named.record("acme.example/note", text="a", evidence=[package.file("credit.csv", name="other.csv")])
    after = rules(named)[digest("credit.csv")]
    assert (after.seq, after.name) == (before.seq, before.name) == (1, "credit.csv")

"""What the registry says of the stories that the vocabulary tells."""

import pytest

from ledger.errors import Misuse
from projections.opening import as_of


def deploy(book, word, day, recorded=None, **more):
    said = {"system": "credit", "version": word, "artifacts": book.files(word), "environment": "production"} | more
    return book.add("deployed", day, recorded, **said)


def rows(projections, sql):
    return projections.database.rows(sql)


def running(projections):
    return [word for (word,) in rows(projections, "SELECT version FROM deployments WHERE ended IS NULL ORDER BY 1")]


def asked(book, day=None, known=None):
    def moment(when):
        whole = int(when)
        return f"2026-11-{whole:02}T{int((when - whole) * 24):02}:00:00.000000Z"

    known_at = None if known is None else moment(known)
    with as_of(book, None if day is None else moment(day), known_at) as projections:
        return running(projections)


@pytest.fixture
def late(book):
    """The worked example of a late event and its correction: positions 0 to 3."""
    deploy(book, "3.0.0", 1, 1)
    deploy(book, "3.1.0", 9, 9)
    deploy(book, "3.0.1", 5, 12)
    book.add("corrected", 14, 14, corrects=1, reason="clock", changes={"time": "2026-11-08T00:00:00.000000Z"})
    return book


def test_as_of_and_known_at_answer_as_the_worked_examples_say(late):
    before_correction = late.upto(3)
    assert asked(before_correction, 6) == ["3.0.1"]
    assert asked(before_correction, 6, known=10) == ["3.0.0"]
    assert asked(before_correction) == ["3.1.0"]
    assert asked(late, 8.5) == ["3.1.0"]
    assert asked(late, 8.5, known=13) == ["3.0.1"]
    assert asked(late, 8.5, known=10) == ["3.0.0"]
    assert asked(late, 0.5 + 0.5) == ["3.0.0"]


def test_a_moment_that_is_no_time_is_misuse(late):
    with pytest.raises(Misuse):
        as_of(late, "yesterday")


def test_an_end_that_comes_before_its_start_waits_for_it(book, folded):
    book.add("undeployed", 7, 7, system="credit", environment="production", ends=1)
    projections = folded(book)
    assert rows(projections, "SELECT * FROM deployments") == []
    deploy(book, "A", 3, 8)
    projections.catch_up()
    found = rows(projections, "SELECT started, ended, end_cause FROM deployments")
    assert [(one[8:10], two[8:10], why) for one, two, why in found] == [("03", "07", "undeployed")]


def test_an_end_that_names_a_start_pairs_with_it_whatever_the_clocks_said(book, folded):
    deploy(book, "A", 10.5)
    book.add("undeployed", 10.2, system="credit", environment="production", ends=0)
    ((started, ended),) = rows(folded(book), "SELECT started, ended FROM deployments")
    assert started == ended


def test_shares_of_a_canary(book, folded):
    deploy(book, "A", 1)
    deploy(book, "B", 2, traffic=0.1)
    projections = folded(book)
    assert rows(projections, "SELECT version, share FROM deployments ORDER BY 1") == [("A", 0.9), ("B", 0.1)]
    deploy(book, "C", 3, traffic=0)
    deploy(book, "B", 4)
    projections.catch_up()
    assert rows(projections, "SELECT version, share, end_cause, effective FROM deployments ORDER BY 1") == [
        ("A", 0.9, "replaced", "2026-11-01T00:00:00.000000Z"),
        ("B", 1.0, None, "2026-11-02T00:00:00.000000Z"),
        ("C", 0.0, "replaced", None),
    ]


def test_a_rollback_ends_the_others_and_says_what_was_left(book, folded):
    deploy(book, "A", 1)
    deploy(book, "B", 2)
    said = {"system": "credit", "version": "A", "artifacts": book.files("A"), "environment": "production"}
    book.add("rolled_back", 3, **said, reason="bad")
    projections = folded(book)
    assert running(projections) == ["A"]
    assert rows(projections, "SELECT end_cause FROM deployments WHERE version = 'B'") == [("rolled_back",)]
    left, to = rows(projections, "SELECT left_set, to_set FROM rollbacks")[0]
    sets = dict(rows(projections, "SELECT version, set_digest FROM versions"))
    assert (left, to) == (sets["B"], sets["A"])


def state(projections):
    return rows(projections, "SELECT state, standing FROM approval_states")


def test_approvals_stand_until_rejected_or_revoked(book, folded):
    said = {"system": "credit", "version": "A", "artifacts": book.files("A"), "stage": "production"}
    book.add("approval_requested", **said, needed=2)
    book.add("approved", actor="ana", **said)
    book.add("approved", actor="ana", **said)  # one person twice is one person
    projections = folded(book)
    assert state(projections) == [("requested", "[1,2]")]
    book.add("approved", actor="bo", **said)
    projections.catch_up()
    assert state(projections) == [("approved", "[1,2,3]")]
    book.add("approval_revoked", ends=3, reason="x")
    projections.catch_up()
    assert state(projections) == [("requested", "[1,2]")]
    book.add("rejected", reason="no", **said)
    projections.catch_up()
    assert state(projections) == [("rejected", None)]


def test_an_approval_of_a_renamed_artifact_is_of_another_set(book, folded):
    files = book.files("A")
    book.add("approved", system="credit", version="A", artifacts=files, stage="production")
    deploy(book, "A", 5, artifacts={"weights": files["model"]})
    projections = folded(book)
    approved = rows(projections, "SELECT set_digest FROM approval_states")
    deployed = rows(projections, "SELECT set_digest FROM deployments")
    assert approved != deployed


def test_who_may_correct(book, folded):
    deploy(book, "A", 1)
    said = {"system": "credit", "version": "A", "artifacts": book.files("A"), "stage": "production"}
    book.add("approved", 2, **said)
    book.add("corrected", 3, actor="eve", key="e" * 64, corrects=0, reason="x", void=True)
    book.add("corrected", 4, corrects=1, reason="x", void=True)
    book.add("corrected", 5, corrects=99, reason="x", void=True)
    projections = folded(book)
    assert running(projections) == ["A"]
    assert state(projections) == [("approved", "[1]")]
    done = rows(projections, "SELECT effect FROM corrections ORDER BY seq")
    assert done == [("not_permitted",), ("not_correctable",), ("target_unknown",)]
    book.add("corrected", 6, corrects=0, reason="x", void=True)
    projections.catch_up()
    assert running(projections) == []


def test_an_alert_is_opened_repeated_acknowledged_resolved_and_opened_again(book, folded):
    for kind in ("drift_alerted", "drift_alerted", "alert_acknowledged", "alert_resolved", "drift_alerted"):
        book.add(kind, alert="a", metric="psi", resolution="retrained")
    found = rows(folded(book), "SELECT episode, state, repeats, resolution FROM alerts ORDER BY 1")
    assert found == [(1, "resolved", 1, "retrained"), (2, "open", 0, None)]


@pytest.mark.parametrize("data", [{"traffic": "all"}, {"observed": [1]}, {"countries": "RO"}, {"tier": 7}])
def test_a_field_of_another_shape_does_not_stop_the_fold(book, folded, data):
    deploy(book, "A", 1, **data)
    assert running(folded(book)) == ["A"]


def test_types_that_nobody_folds_are_counted(book, folded):
    book.add("acme.example/thing", x=1)
    projections = folded(book)
    assert rows(projections, "SELECT * FROM counts") == [("acme.example/thing", 1, 0, 0, 1)]
    assert projections.position("registry") == 1

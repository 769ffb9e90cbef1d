"""`ledger correct`: the entry stays, and is read differently from then on."""

import pytest

VERSION = "credit-scoring@3.1.0"


def test_a_field_is_read_differently_and_the_entry_stays(run, story):
    before = run("show", "3", "--json").document
    done = run("correct", "3", 'metrics={"auc": 0.75}', "--reason", "a typing mistake")
    assert done.code == 0, done.err
    assert done.out.startswith("Recorded entry 6: corrected")
    assert "auc 0.75" in run("production").out
    assert run("show", "3", "--json").document == before
    assert run("verify").code == 0


def test_a_void_entry_does_not_count(run, story):
    assert run("correct", "5", "--void", "--reason", "never deployed").code == 0
    assert "Nothing runs" in run("production").out


def test_a_time_is_corrected_with_its_zone(run, story):
    assert run("correct", "5", "time=2020-01-01T00:00:00Z", "--reason", "wrong clock").code == 0
    assert "since 2020-01-01" in run("production").out


@pytest.mark.parametrize(
    ("words", "what", "fix"),
    [
        (("3", "metrix=1"), "evaluated has no field 'metrix'; nearest 'metrics'", "ledger types evaluated"),
        (("3",), "a correction has FIELD=VALUE, or --void, not both", "ledger correct SEQ rows=1000"),
        (("3", "passed=true", "--void"), "a correction has FIELD=VALUE, or --void, not both", "ledger correct SEQ"),
        (("4", "stage=staging"), "entry 4 is approved: a correction of it has no effect", "ledger record"),
        (("3", "passed"), "'passed' is no FIELD=VALUE", "ledger correct SEQ"),
        (("5", "time=2020-01-01"), "time 2020-01-01 has no zone", "2020-01-01T00:00:00Z"),
        (("99", "passed=true"), "there is no entry 99", "ledger log"),
    ],
)
def test_what_cannot_be_corrected(run, story, words, what, fix):
    done = run("correct", *words, "--reason", "x")
    assert done.code == 2
    assert done.error[0].startswith(what)
    assert done.error[1].startswith(fix)
    assert len(run("log").out.splitlines()) == 7


def test_a_reason_is_needed(run, story):
    assert "--reason" in run("correct", "3", "passed=true").error[0]

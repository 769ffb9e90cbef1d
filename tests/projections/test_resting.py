"""What is made again from the entries that it rests on is what the tables say, whatever the ledger holds besides."""

import pytest

from projections.database import TEMPORARY, Database
from projections.opening import Projections
from projections.questions.approving import candidate
from projections.questions.resting import from_entries
from tests.projections.test_findings import CASES, NOW, Story


def compared(book, name, actor=""):
    """The answer from the tables and from the entries, and how many entries that took."""

    def ask(projections):
        return candidate(projections, name, "production", actor or "nobody", now=NOW)

    acts = [
        entry.seq for entry in book.entries()
        if entry.statement.type in ("actor_introduced", "role_assigned", "key_authorized", "key_revoked", "policy_set")
    ]  # fmt: skip
    with Projections(book, Database(TEMPORARY)) as projections:
        projections.catch_up()
        told = ask(projections)
        found, read = from_entries(projections, told, acts, ask)
    return told, found, read


@pytest.mark.parametrize("which", CASES)
def test_every_story_is_told_the_same(book, which):
    """Corrected, rolled back, retired, compromised or not: all that the findings look at is in those entries."""
    change, name, actor, _ = CASES[which]
    story = Story(book)
    change(story)
    if name is None or "@" not in name:
        name = "credit@2"
    story.told(name, actor)
    told, found, _ = compared(book, name, actor)
    assert found == told


def test_it_takes_its_own_entries_and_no_more(book):
    story = Story(book)
    other = {"system": "fraud", "version": "7", "artifacts": book.files("another")}
    for number in range(300):
        book.add("evaluated", metrics={"auc": number / 300}, **other)
    story.told()
    told, found, read = compared(book, "credit@2")
    assert found == told
    assert not read & set(range(300))
    assert len(read) <= len(story.steps) + 1  # and the newest


def test_a_correction_is_among_them(book):
    story = Story(book)
    story.told()
    seqs = {(entry.statement.type, entry.statement.subject.get("version")): entry.seq for entry in book.entries()}
    place = seqs["evaluated", "2"]
    key = book.list[place].statement.key
    book.add("corrected", actor="eva", key=key, corrects=place, data={"changes": {"data.metrics": {"auc": 0.1}}},
             reason="typo")  # fmt: skip
    told, found, read = compared(book, "credit@2")
    assert told["evaluations"][0]["metrics"] == {"auc": 0.1}
    assert found == told
    assert len(book) - 1 in read


@pytest.mark.parametrize("sql", [
    "UPDATE evaluations SET actor = 'eve'", "UPDATE versions SET parameters = '{\"max_depth\":99}'",
    "UPDATE approvals SET conditions = NULL, time = '2020'", "UPDATE alerts SET state = 'resolved'",
    "UPDATE assessments SET decision = 'substantial'", "DELETE FROM evaluations", "UPDATE people SET kind = 'human'",
    "UPDATE authority SET role = 'approver'", "DELETE FROM policies",
])  # fmt: skip
def test_a_forged_row_is_in_the_one_and_not_in_the_other(book, sql):
    story = Story(book)
    story.change("trained 1", actor="ana", key="0" * 64)
    story.change("evaluated 1", actor="robot")
    story.say("robot", "actor_introduced", before="plan", handle="robot", data={"kind": "service"}, actor="root")
    story.say("eyes", "policy_set", actor="root", data={"kind": "four_eyes", "value": "finding"})
    story.say("alert", "drift_alerted", alert="a1", metric="psi", **story.one)
    story.change("assessed", actor="mara")
    story.told("credit@1")

    def ask(projections):
        return candidate(projections, "credit@1", "production", "ana", now=NOW)

    acts = [entry.seq for entry in book.entries() if "handle" in entry.statement.subject]
    acts += [entry.seq for entry in book.entries() if entry.statement.type == "policy_set"]
    with Projections(book, Database(TEMPORARY)) as projections:
        projections.catch_up()
        good = ask(projections)
        assert from_entries(projections, good, acts, ask)[0] == good
        projections.database.execute(sql)
        try:
            forged = ask(projections)
        except (IndexError, KeyError, TypeError):
            return  # it does not even read
        again = from_entries(projections, forged, acts, ask)[0]
    assert again == good
    assert forged != good or "assessments" in sql or "authority" in sql


def test_it_is_the_same_from_tables_in_a_server(book, folded):
    story = Story(book)
    story.drop("assessed")
    story.say("alert", "drift_alerted", alert="a1", metric="psi", **story.one)
    story.told()

    def ask(projections):
        return candidate(projections, "credit@2", "production", "mara", now=NOW)

    projections = folded(book)
    told = ask(projections)
    acts = [entry.seq for entry in book.entries() if "handle" in entry.statement.subject]
    found, read = from_entries(projections, told, acts, ask)
    assert found == told
    assert {one["rule"] for one in found["findings"]} == {"F03", "M02", "A02"}
    assert len(read) == len(story.steps) - 1  # all but the registration of the test data, of which nothing is shown

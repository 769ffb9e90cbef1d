"""`record_many` where the store is lost on the way: all of it is somewhere, once, in order; or it is said what is."""

import itertools

import pytest

import ledger as package
from ledger import authoring, bulk, outbox, versions
from ledger.api import Ledger
from ledger.errors import Misuse, Unavailable
from ledger.log import Log
from ledger.placing import Batch
from ledger.spool.file import Spool
from ledger.spool.flush import flush
from tests.spool.conftest import forget, texts

COUNT = 100
ALL = [f"note {number}" for number in range(COUNT)]


def events(count=COUNT, **more):
    for number in range(count):
        yield "acme.example/note", {"text": f"note {number}", "system": "a", **more}


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Commits of twenty statements, in two batches."""
    monkeypatch.setattr(authoring, "BATCH_LIMIT", 10)
    monkeypatch.setattr(authoring, "BATCHES_A_COMMIT", 2)
    monkeypatch.setattr(bulk, "CHUNK", 5)
    monkeypatch.setattr(outbox, "PUT_LIMIT", 7)


@pytest.fixture
def lose(monkeypatch):
    """The store is lost at the n-th commit of many; `made`: that commit was made, and its answer never came."""
    patched = pytest.MonkeyPatch()

    def begin(at, *, made=False):
        append, calls = Log.append, itertools.count(1)

        def failing(self, request):
            if isinstance(request.parts[0], Batch) and next(calls) >= at:
                if made:
                    append(self, request)
                raise Unavailable("the answer never came", "try again", outcome="unknown" if made else "not recorded")
            return append(self, request)

        patched.setattr(Log, "append", failing)

    yield begin, patched.undo
    patched.undo()


@pytest.mark.parametrize("made", [False, True])
@pytest.mark.parametrize("at", [1, 2, 5])
def test_what_is_not_acknowledged_waits_and_all_is_there_once(project, spool, lose, at, made, caplog):
    begin, end = lose
    begin(at, made=made)
    done = package.record_many(events())
    sure = 20 * (at - 1)
    assert (done.count, done.spooled) == (COUNT, COUNT - sure)
    assert (done.first, done.last) == ((1, sure) if sure else (-1, -1))
    assert spool.count()[0] == COUNT - sure
    assert len([one for one in caplog.records if one.levelname == "WARNING"]) == 1
    end()
    forget()
    with Ledger.open("ledger.db") as here:
        assert len(here) == 1 + sure + 20 * made
        sent = flush(here, spool)
        assert (sent.placed, sent.before, sent.aside) == (COUNT - sure - 20 * made, 20 * made, ())
        assert texts(here) == ALL
        assert len({entry.statement.id for entry in here}) == COUNT + 1
        assert here.verify().verdict == "VERIFIED"


def test_ids_sealed_values_and_times_stay_what_they_were(project, spool, lose):
    begin, end = lose
    begin(2, made=True)
    said = [dict(fields, note=f"of person {number}", seal=["note"]) for number, (_, fields) in enumerate(events())]
    assert package.record_many(("acme.example/note", fields) for fields in said).spooled == 80
    waiting = spool.items()
    assert all(len(item.disclosures) == 1 for item in waiting)
    end()
    forget()
    with Ledger.open("ledger.db") as here:
        stored = [here.find(seq).statement.id for seq in range(21, 41)]
        assert [item.id for item in waiting[:20]] == stored
        assert flush(here, spool).before == 20
        assert len(list(here.store.disclosures())) == COUNT
        report = here.verify()
        assert (report.failures, report.findings) == ((), ())


def test_the_next_record_goes_behind_what_was_left(project, spool, lose):
    begin, end = lose
    begin(2)
    package.record_many(events())
    assert package.record("acme.example/note", text="after", system="a").state == "spooled"  # it is away still
    end()
    forget()
    assert package.record("acme.example/note", text="last", system="a").seq == COUNT + 2
    with Ledger.open("ledger.db") as here:
        assert texts(here) == [*ALL, "after", "last"]


def test_lost_while_events_are_composed(project, spool, monkeypatch):
    """Not in a commit, but where a dataset is looked up: events that were taken and not sent are not lost either."""
    (project / "credit.csv").write_text("age,income")
    package.record.dataset_registered(dataset="credit@1", role="training", evidence=[package.file("credit.csv")])
    looked = itertools.count()
    find = versions.find_dataset

    def away(ledger, dataset):
        if next(looked) >= 30:
            raise Unavailable("db/ml is not reachable", "wait", code="network")
        return find(ledger, dataset)

    monkeypatch.setattr("ledger.writing.find_dataset", away)
    forget()
    artifacts = {"m": "sha256:" + "cd" * 32}
    said = [
        ("trained", {"system": "a", "version": str(n), "artifacts": artifacts, "datasets": {"training": "credit@1"}})
        for n in range(50)
    ]
    done = package.record_many(iter(said))
    assert (done.count, done.first, done.last, done.spooled) == (50, 2, 21, 30)
    forget()
    with Ledger.open("ledger.db") as here:
        flush(here, spool)
        assert [one.statement.subject["version"] for one in here.entries(type="trained")] == [str(n) for n in range(50)]


# ---- what is raised says what is ----


def test_ledger_require_says_what_is_recorded(project, spool, lose, monkeypatch):
    monkeypatch.setenv("LEDGER_REQUIRE", "1")
    lose[0](3)
    with pytest.raises(Unavailable) as caught:
        package.record_many(events())
    assert caught.value.message == (
        "the answer never came; the first 40 events of this call are recorded (entries 1 to 40)"
    )
    assert spool.count()[0] == 0


def test_a_ledger_of_ones_own_raises_and_says_it(project, lose):
    lose[0](3, made=True)
    with Ledger.open("ledger.db") as here, pytest.raises(Unavailable) as caught:
        here.record_many(events())
    assert "the first 40 events of this call are recorded (entries 1 to 40)" in caught.value.message
    assert caught.value.outcome == "unknown"


def test_the_first_commit_lost_says_nothing_of_others(project, lose):
    lose[0](1)
    with Ledger.open("ledger.db") as here, pytest.raises(Unavailable) as caught:
        here.record_many(events())
    assert caught.value.message == "the answer never came"


def bad_at(number):
    yield from events(number)
    yield "evaluated", {"oops": 1}
    yield from events(5)


def test_a_bad_event_says_what_was_recorded_before_it(project):
    with pytest.raises(Misuse, match="the first 40 events of this call are recorded"):
        package.record_many(bad_at(45))
    with Ledger.open("ledger.db") as here:
        assert len(here) == 41


def test_a_bad_event_after_the_loss_says_both(project, spool, lose):
    lose[0](3)
    with pytest.raises(Misuse) as caught:
        package.record_many(bad_at(75))
    assert caught.value.message.endswith(
        "; 35 wait in the spool; the first 40 events of this call are recorded (entries 1 to 40)"
    )
    assert [item.said["data"]["text"] for item in spool.items()] == ALL[40:75]


def test_a_spool_that_fails_says_what_was_recorded(project, lose, monkeypatch):
    lose[0](3)

    def full(*_, **__):
        raise Unavailable("no space left; nothing was recorded", "free space")

    monkeypatch.setattr(Spool, "put_many", full)
    monkeypatch.setattr(Spool, "put", full)
    with pytest.raises(Unavailable) as caught:
        package.record_many(events())
    assert caught.value.code == "spool_failed"
    assert caught.value.message.startswith("the answer never came; and the spool failed: no space left")
    assert caught.value.message.endswith("the first 40 events of this call are recorded (entries 1 to 40)")


def test_an_id_that_waits_already_is_one_statement(project, spool, lose):
    lose[0](1)
    first = package.record_many(events(5))
    assert first.spooled == 5
    ids = [item.id for item in spool.items()]
    again = [("acme.example/note", dict(fields, id=id)) for (_, fields), id in zip(events(5), ids, strict=True)]
    assert package.record_many([*again, *events(2)]).spooled == 7
    assert spool.count()[0] == 7
    with pytest.raises(Exception, match="waits in the spool with other content"):
        package.record_many([("acme.example/note", {"text": "another", "id": ids[0]})])

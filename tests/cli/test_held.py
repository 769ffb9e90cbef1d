"""`ledger production` believes no table: what it prints was read again in the entries that say it."""

import json
from pathlib import Path

import apsw
import pytest

from ledger.cli import held

SET = json.dumps({"model": "sha256:" + "a" * 64})


def change(path, *statements):
    database = apsw.Connection(path)
    for statement in statements:
        database.execute(statement)
    database.close()


@pytest.fixture
def runs(run, ledger):
    """Version 3.1.0 runs; it was evaluated three times, by mara."""
    run("record", "system_registered", "--system", "credit", "--purpose", "scoring")
    assert run("record", "trained", "credit@3.1.0", "--set", f"artifacts={SET}", "--parameters", "depth=6").code == 0
    for auc in ("0.75", "0.77", "0.79"):
        assert run("record", "evaluated", "credit@3.1.0", "--metrics", f"auc={auc}").code == 0
    assert run("record", "deployed", "credit@3.1.0", "--environment", "production").code == 0
    assert run("production").code == 0
    return run


def test_it_says_how_many_entries_it_read_again(runs):
    done = runs("production", "--json")
    assert done.code == 0
    found = done.document
    assert found["deployments"][0]["evaluations"][0]["metrics"] == {"auc": 0.79}
    assert found["read_again"] == 5  # registration and training, first and last evaluation, deployment
    assert "read again in the 5 entries that it rests on" in " ".join(runs("production").out.split())


@pytest.mark.parametrize(
    "forged",
    [
        "UPDATE evaluations SET data = replace(data, '0.79', '0.99')",
        "UPDATE evaluations SET actor = 'eve'",
        "UPDATE deployments SET version = '3.0.9'",
        "UPDATE deployments SET started_by = 'eve', started = '2020-01-01T00:00:00.000000Z'",
        "UPDATE versions SET parameters = '{\"depth\":7}'",
        "UPDATE versions SET trained_by = 'eve'",
        "UPDATE artifacts SET digest = 'sha256:' || substr(digest, 9) || 'b'",
        "DELETE FROM evaluations WHERE seq = (SELECT max(seq) FROM evaluations)",
    ],
)
def test_a_forged_row_is_no_answer_and_a_rebuild_puts_it_right(runs, forged):
    change("ledger.projections.db", forged)
    what, fix = runs("production").error
    begins = "what the projections say of what runs is not what its entries say", "the projections' tables were changed"
    assert what.startswith(begins)
    assert "ledger rebuild" in fix
    assert runs("production", "--json").code == 3
    assert runs("rebuild").code in (0, 1)
    assert runs("production").code == 0


def test_a_row_that_was_made_up_is_no_answer(runs):
    columns = "system, environment, deployment, start_seq, set_digest, started, version, tier, share, share_inferred"
    change(
        "ledger.projections.db",
        f"INSERT INTO deployments ({columns}, statement_id, started_by, recorded) SELECT system, environment, 'other',"
        " 5, set_digest, started, '9.9', tier, share, share_inferred, statement_id, 'eve', recorded FROM deployments",
    )
    assert runs("production").code == 3


def test_an_entry_that_was_edited_is_no_answer_whatever_was_built_of_it(runs, edit):
    edit("ledger.db", "UPDATE entries SET bytes = replace(bytes, '0.79', '0.99') WHERE seq = 5")
    assert runs("production").code == 3
    for name in ("ledger.projections.db", "ledger.projections.db-wal", "ledger.projections.db-shm"):
        if Path(name).exists():
            Path(name).unlink()
    what, fix = runs("production").error
    assert (what, fix) == (
        "what this rests on is not what was sealed: entries were changed, or the hashes beside them", "ledger verify",
    )  # fmt: skip


def test_more_entries_than_can_be_read_at_once_are_not_read_and_not_said_to_be(runs, monkeypatch):
    monkeypatch.setattr(held, "MOST", 3)
    done = runs("production")
    assert done.code == 0
    assert "read again" not in done.out
    assert runs("production", "--json").document["read_again"] == 0


def test_a_correction_is_read_again_too(runs):
    assert runs("correct", "5", 'metrics={"auc":0.71}', "--reason", "a typo").code == 0
    found = runs("production", "--json").document
    assert found["deployments"][0]["evaluations"][0]["metrics"] == {"auc": 0.71}
    assert found["read_again"] == 6


def test_of_the_past_it_is_made_of_entries_in_the_first_place(runs):
    change("ledger.projections.db", "UPDATE evaluations SET data = replace(data, '0.79', '0.99')")
    found = runs("production", "--as-of", "2100-01-01T00:00:00Z", "--json").document
    assert found["deployments"][0]["evaluations"][0]["metrics"] == {"auc": 0.79}
    assert "read_again" not in found


def test_what_was_left_out_of_the_tables_takes_all_entries(runs):
    """A withdrawal is taken out of the tables, and of their book-keeping: no answer can show that, `--prove` does."""
    names = ("deployments", "touches", "subjects")
    database = apsw.Connection("ledger.projections.db")
    before = {name: list(database.execute(f"SELECT * FROM {name}")) for name in names}
    assert runs("record", "undeployed", "credit@3.1.0", "--environment", "production", "--reason", "fault").code == 0
    assert runs("production").out.startswith("Nothing runs in production")
    for name, rows in before.items():
        database.execute(f"DELETE FROM {name}")
        database.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(rows[0]))})", rows)
    database.close()
    assert runs("production").out.startswith("credit 3.1.0")
    proved = runs("production", "--prove")
    assert (proved.code, proved.out.splitlines()[0]) == (0, "Nothing runs in production, as far as anybody recorded.")
    assert "all checked: VERIFIED. What is shown was made of all of them." in " ".join(proved.out.split())


def test_a_broken_ledger_proves_nothing(runs, edit):
    edit("ledger.db", "UPDATE entries SET bytes = replace(bytes, '0.75', '0.99') WHERE seq = 3")
    what, fix = runs("production", "--prove").error
    assert what.startswith("this ledger is broken: entry 3")
    assert fix == "ledger verify"


def test_only_what_runs_now_is_proved(runs):
    assert runs("production", "--prove", "--as-of", "2100-01-01T00:00:00Z").code == 2

"""Projections in a schema of PostgreSQL: the same rows, answers and fingerprints as in a file; who may do what."""

from contextlib import nullcontext
from operator import methodcaller

import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from ledger.api import Ledger
from ledger.errors import Unavailable
from projections import Projections, as_of, diff, lineage, production
from projections.database import TEMPORARY, Database
from projections.engine import all_tables
from projections.questions.changes import changelog
from projections.questions.registry import registry
from projections.registry import REGISTRY
from projections.server import ServerDatabase
from tests.conftest import ORIGIN
from tests.examples import examples
from tests.log.acts import MODEL, say, say_many, tell
from tests.projections.test_orders import EVENTS
from tests.projections.test_orders import say as add
from tests.projections.test_sharing import rebuilt
from tests.servers import at


def fingerprints(projections):
    return [projections.fingerprint(name) for name in ("registry", "changelog")]


@examples(12, HealthCheck.function_scoped_fixture)
@given(st.lists(EVENTS, min_size=6, max_size=16), st.integers(1, 5))
def test_equal_ledgers_have_equal_fingerprints_in_a_file_and_in_a_server(new_book, in_server, events, step):
    book = new_book()
    for event in events:
        add(book, *event)
    with Projections(book, Database(TEMPORARY)) as one:
        one.catch_up()
        expected = fingerprints(one)
    database = in_server()
    with Projections(book, database) as two:
        for size in range(0, len(book), step):  # cut as another reader would
            Projections(book.upto(size), database).catch_up()
        two.catch_up()
        assert fingerprints(two) == expected
        results = [two.rebuild(name) for name in ("registry", "changelog")]
        assert [one.old for one in results] == [one.new for one in results] == expected
        assert not [one for result in results for one in result.findings]
        assert rebuilt(book, database, 3).new == expected[0]
        assert two.fingerprint("registry") == expected[0]


@pytest.fixture
def told(url, own_home, tmp_path):
    with Ledger.create(url, origin=ORIGIN, actor="mara") as ledger:
        tell(ledger, tmp_path)
        ledger.record("system_registered", system="credit", purpose="scoring")
        trained = ledger.record(
            "trained",
            system="credit",
            version="2.0",
            artifacts={"model": "sha256:" + "c" * 64},
            parameters={"depth": 7},
        )
        ledger.record("evaluated", of=trained, metrics={"auc": 0.8, "n%": 1}, groups={"age<25": {"auc": 0.71}})
        ledger.record("deployed", of=trained, environment="production", deployment="eu")
        ledger.record("drift_alerted", system="credit", version="1.0", artifacts={"model": MODEL}, alert="psi-1",
                      metric="psi", severity="high", reason="a 100 % '?' of it")  # fmt: skip
        say_many(ledger, 300)
        yield ledger


def answers(projections):
    found = [
        production(projections),
        registry(projections),
        lineage(projections, "credit@2.0"),
        diff(projections, "credit@1.0", "credit@2.0"),
        changelog(projections, "credit"),
    ]
    for one in found:
        one.pop("as_of", None)  # the clock, where no moment is asked about
    return found


def test_every_question_is_answered_alike(told, tmp_path):
    with Projections.open(told) as served, Projections.open(told, tmp_path / "p.db") as filed:
        assert isinstance(served.database, ServerDatabase)
        assert not isinstance(filed.database, ServerDatabase)
        for one in (served, filed):
            one.catch_up()
        assert answers(served) == answers(filed)
        assert fingerprints(served) == fingerprints(filed)
        assert production(served)["deployments"][0]["version"] == "2.0"


def test_it_goes_on_where_another_process_stopped(told):
    with Projections.open(told) as one:
        assert one.catch_up() == len(told)
        with Projections.open(told) as two:
            assert two.catch_up() == 0
            say(told, 7)
            assert two.catch_up() == 1
            assert (one.catch_up(), one.position("registry")) == (0, len(told))
            assert fingerprints(one) == fingerprints(two)
    with as_of(told, known_at=told.find(16).recorded) as past:
        assert production(past)["deployments"][0]["version"] == "1.0"


def test_a_row_that_was_edited_is_found_and_put_right(told, server, schema):
    with Projections.open(told) as projections:
        projections.catch_up()
        before = fingerprints(projections)
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"UPDATE {schema}_projections.deployments SET environment = 'test'")
        assert fingerprints(projections) != before
        result = projections.rebuild()
        assert (result.old != result.new, result.new) == (True, before[0])
        assert [one.split()[0] for one in result.findings] == ["deployments"]
        assert fingerprints(projections) == before
        assert projections.rebuild().findings == ()


def test_readers_see_what_was_before_while_a_round_is_written(told):
    with Projections.open(told) as one, Projections.open(told) as two:
        one.catch_up()
        with one.database.transaction():
            one.database.execute("DELETE FROM deployments")
            assert len(two.database.rows("SELECT * FROM deployments")) > 0
        with two.database.reading():
            first = two.database.rows("SELECT count(*) FROM counts")
            say(told, 8)
            one.catch_up()
            assert two.database.rows("SELECT count(*) FROM counts") == first


MANY = "SELECT n FROM generate_series(1, 100) AS n"


def end_session(server, database):
    """End the server's side of a connection, as an administrator or a failover does; return when it is gone."""
    pid = database._link.info.backend_pid
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s, 30000)", (pid,))


def begin_batches_and_lose_them(server, database, outer, then):
    with database.reading() if outer else nullcontext():
        batches = database.batches(MANY, 10)
        assert len(next(batches)) == 10
        end_session(server, database)
        then(batches)


@pytest.mark.parametrize("then", [next, methodcaller("close")], ids=["next", "close"])
@pytest.mark.parametrize("outer", [False, True])
def test_a_session_that_ends_between_two_batches_is_said_plainly(in_server, server, outer, then):
    database = in_server()
    with pytest.raises(Unavailable) as caught:
        begin_batches_and_lose_them(server, database, outer, then)
    assert caught.value.code == "projections_server"
    database.close()


@pytest.mark.parametrize("outer", [False, True])
def test_batches_that_were_left_early_are_begun_again(in_server, outer):
    database = in_server()
    with database.transaction() if outer else nullcontext():
        database.execute("CREATE TABLE kept (n bigint)")
        for _ in range(3):
            batches = database.batches(MANY, 10)
            assert next(batches)[0] == (1,)
            batches.close()
            database.execute("INSERT INTO kept VALUES (1)")
        assert sum(map(len, database.batches(MANY, 7))) == 100
    assert database.rows("SELECT count(*) FROM kept") == [(3,)]
    database.close()


def test_batches_whose_query_fails_leave_the_database_usable(in_server):
    database = in_server()
    with pytest.raises(Unavailable) as caught:
        list(database.batches("SELECT 1 / (3 - n) FROM generate_series(1, 9) AS n", 1))
    assert "division by zero" in caught.value.message
    assert sum(map(len, database.batches(MANY, 7))) == 100
    database.close()


def login(connection, schema, name, role):
    connection.execute(f"CREATE ROLE {schema}_{name} LOGIN PASSWORD 'x'; GRANT {schema}_{role} TO {schema}_{name}")
    return f"{schema}_{name}:x"


def test_any_writer_goes_on_in_tables_that_another_made_and_readers_use_a_file(told, server, schema, own_home):
    with psycopg.connect(server, autocommit=True) as connection:
        people = {name: login(connection, schema, name, role) for name, role in
                  (("ann", "writer"), ("ben", "writer"), ("eve", "reader"))}  # fmt: skip
        found = []
        for user in (*people.values(), people["ann"]):
            with Ledger.open(at(server, user=user, schema=schema)) as ledger, Projections.open(ledger) as projections:
                projections.catch_up()
                kind = isinstance(projections.database, ServerDatabase)
                found.append((kind, *fingerprints(projections)))
                assert projections.rebuild().findings == ()
                if kind:
                    say(ledger, len(found))
        assert [kind for kind, *_ in found] == [True, True, False, True]
        assert found[2][1:] == found[3][1:]
        assert found[0][1:] != found[2][1:]
        names = {made.name for made in all_tables(REGISTRY)}
        owners = connection.execute(
            "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = %s AND tablename = ANY (%s)",
            (f"{schema}_projections", list(names)),
        ).fetchall()
        assert owners == [(f"{schema}_writer",)]
    eve = at(server, user=people["eve"]).replace("schema=", "")
    with psycopg.connect(eve, autocommit=True) as connection:
        assert connection.execute(f"SELECT count(*) FROM {schema}_projections.deployments").fetchone()[0] > 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"DELETE FROM {schema}_projections.deployments")
    assert list((own_home / "cache/ledger").glob("*.projections.db"))


def test_a_writer_of_projections_can_still_not_change_entries(told, server, schema):
    with psycopg.connect(server, autocommit=True) as connection:
        user = login(connection, schema, "ann", "writer")
    with Ledger.open(at(server, user=user, schema=schema)) as ledger, Projections.open(ledger) as projections:
        projections.catch_up()
        with pytest.raises(Unavailable) as caught:
            projections.database.execute(f"DELETE FROM {schema}.entries")
        assert "permission denied" in caught.value.message
        assert ledger.verify().verdict == "VERIFIED"

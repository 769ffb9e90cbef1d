"""Behind PgBouncer: every transaction may meet another session, so none is left behind with anything of ours.

Needs the program `pgbouncer` (Debian: apt-get install pgbouncer); without it these are skipped.
"""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from ledger.api import Ledger
from ledger.errors import Misuse
from ledger.stores import opening
from projections import Projections
from projections.server import ServerDatabase
from tests.conftest import ORIGIN
from tests.log import child
from tests.log.acts import say, say_many, tell
from tests.stores.test_contract import everything, sound

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is not installed")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


@pytest.fixture
def pooled(server, schema):
    """Return the URL of the server's database through a PgBouncer in some mode, with two sessions at most."""
    started, folders = [], []

    def start(mode):
        parts = urlsplit(server)
        host = parse_qs(parts.query).get("host", [parts.hostname])[0]
        folder = tempfile.TemporaryDirectory(prefix="ledger-pgbouncer-")
        folders.append(folder)
        port, place = free_port(), Path(folder.name)
        name = parts.path.lstrip("/")
        (place / "users.txt").write_text(f'"{parts.username}" ""\n')
        (place / "pgbouncer.ini").write_text(
            f"[databases]\n{name} = host={host} port={parts.port or 5432} dbname={name} user={parts.username}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
            f"auth_file = {place}/users.txt\npool_mode = {mode}\ndefault_pool_size = 2\nlogfile = {place}/log\n"
            "ignore_startup_parameters = extra_float_digits\n"
        )
        user = {}
        if os.geteuid() == 0:  # it does not run as root, and must reach the server's socket
            owner = os.stat(host).st_uid if host.startswith("/") else pwd.getpwnam("nobody").pw_uid
            for path in (place, *place.iterdir()):
                os.chown(path, owner, -1)
            user = {"user": owner, "extra_groups": []}
        process = subprocess.Popen([PROGRAM, "-q", str(place / "pgbouncer.ini")], stderr=subprocess.DEVNULL, **user)
        started.append(process)
        while process.poll() is None and not answers(port):
            time.sleep(0.05)
        if process.returncode is not None:
            assert "Address already in use" in (place / "log").read_text(), (place / "log").read_text()
            return start(mode)  # somebody else took the port meanwhile
        return f"postgresql://{parts.username}@127.0.0.1:{port}/{name}?schema={schema}&sslmode=disable"

    yield start
    for one in started:
        one.terminate()
        one.wait()
    for folder in folders:
        folder.cleanup()


def test_in_transaction_mode_it_does_all_that_it_does_elsewhere(pooled, server, schema, tmp_path, own_home):
    url = pooled("transaction")
    with Ledger.create(url, origin=ORIGIN, actor="mara") as ledger:
        with ledger.store._links.lend() as link:
            assert not link.direct
        tell(ledger, tmp_path)
        for number in range(20, 40):
            say(ledger, number)
        with ledger.store.writing(sure=False) as section:
            assert not section.sure  # alone: one round trip here, too
        say_many(ledger, 600)
        ledger.close_checkpoint()
        before = everything(ledger.store)
        ledger.mend()
        assert everything(ledger.store) == before
        sound(ledger, 636)
        assert ledger.verify(processes=2).verdict == "VERIFIED"
        with Projections.open(ledger) as projections, Projections.open(ledger, tmp_path / "p.db") as filed:
            for one in (projections, filed):
                one.catch_up()
            assert isinstance(projections.database, ServerDatabase)
            assert projections.fingerprint("registry") == filed.fingerprint("registry")
            assert projections.rebuild().findings == ()
    direct = f"{server}&schema={schema}" if "?" in server else f"{server}?schema={schema}"
    with Ledger.open(direct) as ledger:
        sound(ledger, 636)


def test_no_session_is_left_with_anything_of_ours(pooled, own_home):
    url = pooled("transaction")
    with Ledger.create(url, origin=ORIGIN, actor="mara") as ledger:
        for number in range(12):
            say(ledger, number)
        list(ledger.entries())
        ledger.verify()
    plain = url.replace(url[url.index("schema=") : url.index("&sslmode")], "").replace("?&", "?")
    names = ("search_path", "lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
    for _ in range(4):
        with psycopg.connect(plain, autocommit=True, prepare_threshold=None) as connection:
            found = [connection.execute(f"SHOW {name}").fetchone()[0] for name in names]
            assert found == ['"$user", public', "0", "0", "0"]
            assert connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchone() == (0,)
            assert connection.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone() == (0,)


def test_writers_through_two_sessions(pooled, own_home):
    """Four processes, two sessions: transactions of different writers take turns in one session."""
    url = pooled("transaction")
    with Ledger.create(url, origin=ORIGIN, actor="mara") as ledger:
        command = [sys.executable, child.__file__, url, "20"]
        started = [subprocess.Popen([*command, str(100 * n)], stdout=subprocess.PIPE, text=True) for n in range(4)]
        said = [line for one in started for line in one.communicate(timeout=120)[0].split() if line != "ready"]
        assert [one.returncode for one in started] == [0] * 4
        assert sorted(sound(ledger, 81)[1:]) == sorted(said)


def test_in_session_mode(pooled, own_home):
    with Ledger.create(pooled("session"), origin=ORIGIN, actor="mara") as ledger:
        for number in range(12):
            say(ledger, number)
        sound(ledger, 13)


def test_statement_mode_is_named_as_what_is_wrong(pooled, url, own_home):
    with Ledger.create(url, origin=ORIGIN, actor="mara") as ledger:
        say(ledger)
    with pytest.raises(Misuse) as caught:
        opening.open_store(pooled("statement"))
    assert (caught.value.code, caught.value.fix) == ("pool_mode", "pool_mode = transaction")

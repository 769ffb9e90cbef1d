"""The store in one SQLite file: legible, guarded, and clear about what is wrong with a file."""

import os
import shutil
import sqlite3
import threading
from pathlib import Path

import apsw
import pytest

from ledger.api import Ledger
from ledger.errors import Misuse, Tampered, Unavailable
from ledger.stores.sqlite import SqliteStore, create, open_store
from tests.log.acts import say, say_many, tell


@pytest.fixture
def shell(ledger, tmp_path):
    """A told ledger, closed, in SQLite's own hands."""
    tell(ledger, tmp_path)
    ledger.close()
    with sqlite3.connect(ledger.path, isolation_level=None) as connection:
        yield connection
    connection.close()


def test_any_sqlite_shell_reads_the_entries(shell, ledger):
    assert shell.execute("SELECT count(*), min(seq), max(seq) FROM entries").fetchone() == (16, 0, 15)
    text, kind = shell.execute("SELECT bytes, typeof(bytes) FROM entries WHERE seq = 2").fetchone()
    assert kind == "text"
    assert text.encode() == ledger.read(2)
    assert shell.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_the_view_of_the_log(shell):
    columns = [row[1] for row in shell.execute("PRAGMA table_info(log)")]
    assert columns == ["seq", "recorded", "type", "system", "version", "actor", "time", "data"]
    row = shell.execute("SELECT type, system, version, actor FROM log WHERE seq = 4").fetchone()
    assert row == ("approved", "credit", "1.0", "mara")
    assert shell.execute("SELECT json_extract(data, '$.metrics.auc') FROM log WHERE seq = 7").fetchone() == (0.007,)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE entries SET bytes = bytes WHERE seq = 2",
        "UPDATE entries SET seq = 99 WHERE seq = 2",
        "DELETE FROM entries WHERE seq = 2",
        "DELETE FROM entries",
    ],
)
def test_entries_are_guarded_against_a_shell(shell, sql):
    with pytest.raises(sqlite3.DatabaseError, match="never"):
        shell.execute(sql)
    assert shell.execute("SELECT count(*) FROM entries").fetchone() == (16,)


def test_ids_are_unique_in_the_file(shell):
    with pytest.raises(sqlite3.IntegrityError):
        shell.execute("INSERT INTO entries SELECT 99, id, bytes FROM entries WHERE seq = 2")


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE entries SET bytes = ''",
        "DELETE FROM entries",
    ],
)
def test_the_writing_connection_itself_cannot_change_entries(ledger, sql):
    """Nor with the triggers gone: the authorizer refuses before a row is looked at."""
    say(ledger)
    say(ledger, 2)
    ledger.close()
    with sqlite3.connect(ledger.path) as connection:
        connection.executescript("DROP TRIGGER entries_no_update; DROP TRIGGER entries_no_delete")
    connection.close()
    before = ledger.read(2)
    with pytest.raises(Unavailable), ledger.store.writing() as section:
        section.connection.execute(sql)
    assert ledger.read(2) == before
    assert len(list(ledger)) == 3


def test_tiles_and_head_are_kept_as_entries_come(ledger):
    say_many(ledger, 600)
    for number in range(3):
        say(ledger, number)
    head = ledger.store.head()
    assert (head.size, head.covered) == (604, 604)
    assert [len(ledger.store.tile(0, n)) for n in range(3)] == [8192, 8192, 0]
    assert len(ledger.store.tile(1, 0)) == 64


# ---- what is no ledger ----


def test_a_missing_file_is_not_made(tmp_path):
    with pytest.raises(Misuse) as caught:
        Ledger.open(tmp_path / "none.db")
    assert "ledger init" in caught.value.fix
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize("content", [b"", b"not a database, though long enough to look at" * 40, b"SQLite format 3\0"])
def test_a_file_that_is_no_ledger_is_left_as_it_is(tmp_path, content):
    path = tmp_path / "ledger.db"
    path.write_bytes(content)
    with pytest.raises(Misuse) as caught:
        Ledger.open(path)
    assert caught.value.code == "not_a_ledger"
    assert path.read_bytes() == content
    assert os.listdir(tmp_path) == ["ledger.db"]


def test_another_programs_database_is_no_ledger(tmp_path):
    path = tmp_path / "app.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE entries (seq INTEGER PRIMARY KEY, id BLOB, bytes TEXT)")
    connection.close()
    with pytest.raises(Misuse) as caught:
        Ledger.open(path)
    assert caught.value.code == "not_a_ledger"


def test_a_folder_is_no_ledger(tmp_path):
    with pytest.raises(Misuse):
        open_store(str(tmp_path))


def test_a_newer_format_says_so(ledger):
    ledger.close()
    with sqlite3.connect(ledger.path) as connection:
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    with pytest.raises(Misuse) as caught:
        Ledger.open(ledger.path)
    assert caught.value.code == "newer_format"
    assert "format 2" in caught.value.message
    assert "pip install -U" in caught.value.fix


def test_an_empty_file_of_ours_has_no_entry_0(tmp_path):
    create(str(tmp_path / "ledger.db")).close()
    with pytest.raises((Misuse, Tampered)):
        Ledger.open(tmp_path / "ledger.db")


def test_a_ledger_is_never_made_over_something(ledger, tmp_path):
    say(ledger)
    with pytest.raises(Misuse) as caught:
        Ledger.create(ledger.path, origin="ledger.test/two", actor="mara")
    assert "nothing was changed" in caught.value.message
    assert len(ledger) == 2


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE notes (text TEXT)",
        "CREATE INDEX by_text ON entries (bytes)",
        "CREATE TRIGGER more AFTER INSERT ON entries BEGIN UPDATE head SET covered = 0; END",
        "DROP TRIGGER entries_no_delete",
        "DROP VIEW log",
        "DROP INDEX entries_by_id",
        "DROP TABLE head",
        "DROP TABLE checkpoints",
        "DROP TABLE disclosures",
        "ALTER TABLE head ADD COLUMN more TEXT",
        "CREATE VIEW entries2 AS SELECT * FROM entries",
    ],
)
def test_another_schema_is_c1(ledger, sql):
    say(ledger)
    ledger.close()
    with sqlite3.connect(ledger.path) as connection:
        connection.execute(sql)
    connection.close()
    report = ledger.verify()
    assert report.verdict == "BROKEN"
    assert [(failure.check, failure.code) for failure in report.failures] in ([(1, "schema")], [(1, "guards")])
    assert report.exit_code == 3


@pytest.mark.parametrize(
    ("sql", "read"),
    [
        ("INSERT INTO disclosures VALUES ('a', CAST(x'ff' AS TEXT))", "disclosures"),
        ("INSERT INTO anchors VALUES (1, CAST(x'ff' AS TEXT), 1, zeroblob(16), x'00', x'00', x'00')", "anchors"),
        ("INSERT INTO disclosures VALUES (CAST(x'ff' AS TEXT), 'a')", ""),
        ("INSERT INTO checkpoints VALUES (1, CAST(x'ff' AS TEXT))", ""),
        ("UPDATE head SET note = CAST(x'ff' AS TEXT)", ""),
        ("UPDATE entries SET bytes = CAST(x'ff' AS TEXT) WHERE seq = 1", ""),
    ],
)
def test_bytes_that_are_no_text_are_found(ledger, edit, sql, read):
    """SQLite keeps any bytes as a text, and hands them on."""
    say(ledger)
    ledger.close()
    edit(ledger.path, sql)
    report = ledger.verify()
    assert (report.verdict, report.exit_code) == ("BROKEN", 3)
    if read:
        with pytest.raises(Tampered) as caught:
            list(getattr(ledger.store, read)())
        assert caught.value.code == "damaged"


def test_a_view_in_the_place_of_entries_is_c1(ledger):
    """A view could show a reader one history and a verifier another."""
    ledger.close()
    with sqlite3.connect(ledger.path) as connection:
        connection.executescript(
            "DROP TRIGGER entries_no_update; DROP TRIGGER entries_no_delete; DROP VIEW log;"
            "ALTER TABLE entries RENAME TO kept; CREATE VIEW entries AS SELECT * FROM kept"
        )
    connection.close()
    report = ledger.verify()
    assert [failure.check for failure in report.failures] == [1]


# ---- what cannot be used now ----


def test_a_locked_database_is_unavailable_and_usable_afterwards(ledger):
    say(ledger)
    store = SqliteStore(ledger.path, busy_seconds=0.05)
    other = apsw.Connection(str(ledger.path))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable) as caught, store.writing():
        pass
    assert (caught.value.code, caught.value.outcome) == ("locked", "not recorded")
    assert store.head().size == 2  # readers go on
    other.execute("ROLLBACK")
    other.close()
    with store.writing() as section:
        assert section.head().size == 2
    store.close()


def test_a_writer_waits_for_a_lock_that_is_let_go(ledger):
    say(ledger)
    other = apsw.Connection(str(ledger.path))
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.2, lambda: other.execute("ROLLBACK"))
    timer.start()
    assert say(ledger, 2).seq == 2
    timer.join()
    other.close()


def as_nobody(work):
    """Run `work` where permissions count: in a child without root's rights. Returns its exit code."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    code = 1
    try:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
        work()
        code = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


def refuses_to_write(path):
    def write():
        with SqliteStore(path).writing() as section:
            section.append([], [], [], [], section.head())

    with pytest.raises(Unavailable) as caught:
        write()
    assert (caught.value.code, caught.value.outcome) == ("access", "not recorded")


@pytest.fixture
def shown(ledger, own_home, tmp_path_factory):
    """A closed ledger, and the user's keys and pin, in a folder that any user can reach."""
    import tempfile

    say(ledger)
    ledger.close()
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        folder = Path(place) / "shown"
        folder.mkdir()
        shutil.copy(ledger.path, folder / "ledger.db")
        yield folder
        os.chmod(folder, 0o755)


def test_a_read_only_folder_is_read_and_not_written(shown):
    path = shown / "ledger.db"
    os.chmod(path, 0o444)
    os.chmod(shown, 0o555)

    def work():
        store = SqliteStore(path, read_only=True)
        assert store.head().size == 2
        assert len(list(store.rows(0, 2))) == 2
        for check in (store.check_container, store.check_guards, store.check_ids):
            check()
        store.close()
        refuses_to_write(path)

    assert as_nobody(work) == 0


def test_a_read_only_file_in_a_folder_of_ones_own(shown):
    path = shown / "ledger.db"
    os.chmod(path, 0o444)
    os.chmod(shown, 0o777)

    def work():
        store = SqliteStore(path, read_only=True)
        assert store.head().size == 2
        store.close()
        refuses_to_write(path)

    assert as_nobody(work) == 0


def test_a_file_that_may_not_be_read_is_unavailable(shown):
    os.chmod(shown / "ledger.db", 0o000)

    def work():
        with pytest.raises(Unavailable):
            SqliteStore(shown / "ledger.db", read_only=True)

    assert as_nobody(work) == 0


def test_a_reading_ledger_never_writes(ledger):
    say(ledger)
    ledger.close()
    before = ledger.path.read_bytes()
    with Ledger.open(ledger.path, read_only=True) as reader:
        assert reader.verify().verdict == "VERIFIED"
        assert len(list(reader)) == 2
    assert ledger.path.read_bytes() == before


def test_threads_that_come_and_go_leave_no_files_open(ledger):
    say(ledger)

    def count():
        return len(os.listdir("/proc/self/fd"))

    before = count()
    for _ in range(40):
        thread = threading.Thread(target=lambda: (ledger.find(1), list(ledger.entries())))
        thread.start()
        thread.join()
    assert count() <= before + 4


def test_the_store_is_durable_by_its_settings(ledger):
    say(ledger)
    with ledger.store.writing() as section:
        assert section.connection.pragma("journal_mode") == "wal"
        assert section.connection.pragma("synchronous") == 2  # FULL: a commit waits for the disk

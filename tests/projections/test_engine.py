"""The engine: exactly once, all or nothing, late entries, rebuilds."""

import threading
import time

import apsw
import pytest

from ledger.errors import Conflict, Misuse, Tampered, Unavailable
from projections import tables
from projections.database import TEMPORARY, Database
from projections.opening import Projections, as_of
from projections.registry.slots import DEPLOYMENTS


def story(book):
    book.add("trained", 1, system="credit", version="1.0", artifacts=book.files("one"), parameters={"depth": 6})
    book.add("evaluated", 2, system="credit", version="1.0", artifacts=book.files("one"), metrics={"auc": 0.79})
    book.add("approved", 3, system="credit", version="1.0", artifacts=book.files("one"), stage="production")
    book.add("deployed", 4, system="credit", version="1.0", artifacts=book.files("one"), environment="production")
    return book


def intervals(projections):
    found = projections.database.rows("SELECT version, started, ended FROM deployments ORDER BY started, version")
    return [(version, int(started[8:10]), int(ended[8:10]) if ended else None) for version, started, ended in found]


def deploy(book, word, day, recorded=None, **more):
    said = {"system": "credit", "version": word, "artifacts": book.files(word), "environment": "production"}
    return book.add("deployed", day, recorded, **said, **more)


def test_each_entry_counts_once_however_often_it_is_asked(book, folded):
    projections = folded(story(book))
    assert projections.catch_up() == 0
    book.add("evaluated", 6, system="credit", version="1.0", artifacts=book.files("one"), metrics={"auc": 0.8})
    assert projections.catch_up() == 1
    assert projections.catch_up() == 0
    assert projections.position("registry") == 5
    assert projections.database.rows("SELECT evaluations FROM versions") == [(2,)]
    assert projections.database.rows("SELECT events FROM counts WHERE type = 'evaluated'") == [(2,)]


def test_a_round_that_fails_leaves_neither_rows_nor_position(book, folded, monkeypatch):
    projections = folded(story(book))
    before = projections.fingerprint("registry")
    deploy(book, "2.0", 6)
    home = type(projections.database)
    real = home.executemany

    def failing(self, sql, rows):
        if "INSERT INTO deployments" in sql:
            raise Unavailable("the disk is full")
        real(self, sql, rows)

    monkeypatch.setattr(home, "executemany", failing)
    with pytest.raises(Unavailable):
        projections.catch_up()
    monkeypatch.undo()
    assert projections.position("registry") == 4
    assert projections.fingerprint("registry") == before
    assert projections.catch_up() == 1
    assert intervals(projections) == [("1.0", 4, 6), ("2.0", 6, None)]
    assert projections.fingerprint("registry") == folded(book).fingerprint("registry")


def test_two_processes_at_one_file_do_not_fold_an_entry_twice(book, tmp_path):
    with Projections(book, Database(tmp_path / "p.db")) as one, Projections(book, Database(tmp_path / "p.db")) as two:
        story(book)
        one.catch_up()
        assert two.catch_up() == 0
        deploy(book, "2.0", 5)
        assert two.catch_up() == 1
        deploy(book, "3.0", 6)
        assert one.catch_up() == 1  # its states in memory are of an older position, and must not be used
        assert intervals(one) == [("1.0", 4, 5), ("2.0", 5, 6), ("3.0", 6, None)]


def test_a_late_event_falls_where_it_is_dated(book, folded):
    deploy(book, "3.0.0", 1)
    deploy(book, "3.1.0", 9)
    projections = folded(book)
    deploy(book, "3.0.1", 5, 12)
    projections.catch_up()
    assert intervals(projections) == [("3.0.0", 1, 5), ("3.0.1", 5, 9), ("3.1.0", 9, None)]


def test_a_late_event_reads_again_only_what_touches_its_own_subject(book, folded):
    for day in range(1, 21):
        book.add("system_registered", day, system=f"other-{day}", purpose="x")
        for _ in range(70):
            book.add("verified", day, size=1, root="0" * 64, verdict="verified")
    deploy(book, "1.0", 22)
    projections = folded(book)
    deploy(book, "0.9", 3)
    read = []
    real = book.entries
    book.entries = lambda start=0, stop=None: (read.append((start, stop)), real(start, stop))[1]
    projections.catch_up()
    touched = {seq for start, stop in read for seq in range(start, stop)}
    assert touched <= set(range(len(book) - 2, len(book)))
    assert intervals(projections) == [("0.9", 3, 22), ("1.0", 22, None)]


def test_rebuild_makes_the_same_rows_and_says_so(book, folded):
    projections = folded(story(book))
    result = projections.rebuild("registry")
    assert result.old == result.new == projections.fingerprint("registry")
    assert (result.position, result.swapped, result.findings) == (4, True, ())


def test_rebuild_finds_a_row_that_was_edited_and_puts_it_right(book, folded):
    projections = folded(story(book))
    right = projections.fingerprint("registry")
    projections.database.execute("UPDATE approvals SET actor = 'eve'")
    result = projections.rebuild("registry")
    assert result.old != result.new == right
    assert [finding.split()[0] for finding in result.findings] == ["approvals"]
    assert projections.database.rows("SELECT actor FROM approvals") == [("mara",)]
    assert projections.database.rows("SELECT actor FROM old_approvals") == [("eve",)]
    assert projections.catch_up() == 0
    deploy(book, "2.0", 9)
    assert projections.catch_up() == 1
    assert projections.rebuild("registry").findings == ()


def test_a_rebuild_that_fails_leaves_the_old_tables(book, folded, monkeypatch):
    projections = folded(story(book))
    before = projections.fingerprint("registry")

    def failing(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("projections.fingerprint.in_order", failing)
    with pytest.raises(KeyboardInterrupt):
        projections.rebuild("registry")
    monkeypatch.undo()
    assert projections.fingerprint("registry") == before
    assert not [name for name in projections.database.table_names() if name.startswith("new_")]


def test_a_ledger_that_became_shorter_or_other_is_refused(book, folded):
    projections = folded(story(book))
    projections.source.list.pop()
    with pytest.raises(Tampered) as caught:
        projections.catch_up()
    assert caught.value.code == "ledger_shrank"
    deploy(book, "9.9", 4, id="019a0000-0000-7000-8000-00000000ffff")
    with pytest.raises(Tampered) as caught:
        projections.catch_up()
    assert caught.value.code == "ledger_changed"
    projections.source.origin = "ledger.test/two"
    with pytest.raises(Misuse):
        projections.catch_up()


def test_a_hole_in_the_ledger_is_refused(book, folded):
    story(book)
    del book.list[1]
    with pytest.raises(Tampered) as caught:
        folded(book)
    assert caught.value.code == "entry_out_of_order"


def test_tables_of_another_version_are_made_anew(book, folded, monkeypatch):
    projections = folded(story(book))
    right = projections.fingerprint("registry")
    projections.database.execute("UPDATE positions SET version = 0")
    projections.database.execute("DROP TABLE approvals")
    assert projections.catch_up() == 4
    assert projections.fingerprint("registry") == right


def test_the_file_lies_beside_the_ledger_and_may_be_deleted(book, tmp_path):
    story(book)
    book.path = tmp_path / "ledger.db"
    with Projections.open(book) as projections:
        projections.catch_up()
        before = projections.fingerprint("registry")
    beside = tmp_path / "ledger.projections.db"
    assert beside.exists()
    beside.unlink()
    with Projections.open(book) as projections:
        projections.catch_up()
        assert projections.fingerprint("registry") == before


def test_a_file_that_is_no_database_is_unavailable_and_says_what_to_delete(book, tmp_path):
    path = tmp_path / "p.db"
    path.write_bytes(b"nonsense " * 1000)
    with pytest.raises(Unavailable) as caught:
        Projections(book, Database(path))
    assert "delete" in caught.value.fix


def test_a_question_of_an_unknown_projection_is_misuse(book, folded):
    with pytest.raises(Misuse):
        folded(book).rebuild("inventory")


def test_what_ended_a_reading_or_a_transaction_is_what_is_said():
    database = Database(TEMPORARY)
    for begun in (database.reading, database.transaction):

        def fail(begun=begun):
            with begun():
                database.execute("ROLLBACK")  # as SQLite itself does where the disk fails
                raise Conflict("this")

        with pytest.raises(Conflict):
            fail()
        with begun():
            assert database.rows("SELECT 1") == [(1,)]
    database.close()


def test_rows_of_another_that_are_still_read_are_let_go_later(book, folded):
    database, source = Database(TEMPORARY), Database(TEMPORARY)
    for statement in tables.create(DEPLOYMENTS, "", database.dialect):
        source.execute(statement)
        database.execute(statement)
    packed = source.packed()
    with database.transaction():
        database.take_in(packed, [DEPLOYMENTS], "")
        reading = database.batches("SELECT 1 FROM (VALUES (1), (2), (3)) LEFT JOIN taken_0.deployments", 2)
        next(reading)
    assert database._taken == ["taken_0"]
    reading.close()
    with database.transaction():
        database.take_in(packed, [DEPLOYMENTS], "")
    assert database._taken == []
    for one in (database, source):
        one.close()


def test_closed_projections_say_so(book, tmp_path):
    projections = Projections(story(book), Database(tmp_path / "p.db"))
    projections.catch_up()
    batches = projections.database.batches("SELECT * FROM deployments", 1)
    next(batches)
    projections.close()
    for work in (projections.catch_up, lambda: projections.position("registry"), lambda: next(batches)):
        with pytest.raises(Misuse) as caught:
            work()
        assert caught.value.code == "closed"
    with pytest.raises(Misuse), projections.database.reading():
        pass
    projections.close()


def test_projections_that_cannot_be_opened_leave_nothing_open(book, folded, tmp_path, monkeypatch):
    story(book)
    book.path = tmp_path / "ledger.db"
    with Projections.open(book) as projections:
        projections.database.execute("DROP TABLE positions")
        projections.database.execute("CREATE VIEW positions AS SELECT 1")
    closed = []
    monkeypatch.setattr(Database, "close", lambda self, close=Database.close: closed.append(close(self)))
    with pytest.raises(Unavailable):
        Projections.open(book).catch_up()
    with pytest.raises(Misuse):
        as_of(book, "yesterday")
    book.list.pop(1)
    with pytest.raises(Tampered):
        as_of(book)
    assert len(closed) == 2


def test_two_threads_at_once_are_told_so():
    database = Database(TEMPORARY)
    working = threading.Event()
    database._connection.create_scalar_function("wait", lambda: working.set() or time.sleep(0.5))
    worker = threading.Thread(target=database.rows, args=("SELECT wait()",))
    worker.start()
    assert working.wait(60)
    try:
        found = database.rows("SELECT 1")
    except Misuse as error:
        found = error.code  # as APSW decides: it waits, or it refuses
    worker.join()
    assert found in ([(1,)], "threads")
    database.close()


def test_the_database_refuses_a_value_of_the_wrong_kind(tmp_path):
    database = Database(tmp_path / "p.db")
    for statement in tables.create(DEPLOYMENTS, "", database.dialect):
        database.execute(statement)
    row = ["x"] * len(DEPLOYMENTS.columns)
    with pytest.raises(Unavailable) as caught:
        database.executemany(tables.upsert(DEPLOYMENTS, ""), [tuple(row)])
    assert isinstance(caught.value.__cause__, apsw.Error)

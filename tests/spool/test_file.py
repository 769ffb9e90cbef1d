"""The file of the spool: its index comes with ids that somebody gave, and goes; its WAL keeps its length."""

import apsw
import pytest

import ledger as package
from ledger.errors import Conflict
from ledger.spool.file import Spool
from ledger.spool.flush import flush
from ledger.spool.item import Signed, Target
from ledger.spool.opened import WAL_PAGES
from tests.spool.conftest import away, back, forget, say, texts

TARGET = Target("ab" * 32, "", "a")
IDS = [f"01a0b0c0-0000-7000-8000-{number:012x}" for number in range(400)]


def put(spool, number, text="", **more):
    body = b'{"n":"%b"}' % (text or "x").encode()
    return spool.put(TARGET, IDS[number], body, (b"x",), (), since="", why="", **more)


def indexes(spool):
    connection = apsw.Connection(str(spool.path), flags=apsw.SQLITE_OPEN_READONLY)
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'index'")]
    connection.close()
    return names


def test_what_is_made_here_needs_no_index(project, spool):
    """The first id that somebody gives brings it, for all that wait; it goes with the last of them."""
    away(project)
    first = say(0)
    package.record_many([("acme.example/note", {"text": f"note {n}", "system": "a"}) for n in (1, 2)])
    assert indexes(spool) == []
    assert package.record("acme.example/note", text="note 0", system="credit-scoring", id=first.id).again
    assert indexes(spool) == ["waiting_by_id"]
    say(3)
    back(project)
    forget()
    with package.Ledger.open("ledger.db") as here:
        assert flush(here, spool, limit=2).placed == 2
        assert indexes(spool) == ["waiting_by_id"]
        assert flush(here, spool).placed == 2
        assert indexes(spool) == []
        assert texts(here) == [f"note {n}" for n in range(4)]


@pytest.mark.parametrize("many", [False, True])
def test_an_id_that_was_put_as_a_new_one_is_found(spool, many):
    for number in range(3):
        put(spool, number, fresh=True)
    assert put(spool, 1) is True
    other = Signed(IDS[2], b'{"n":"y"}', (b"x",), ())
    again = [Signed(IDS[5], b"{}", (), ()), other]
    with pytest.raises(Conflict):
        spool.put_many(TARGET, again, since="", why="") if many else put(spool, 2, "y")
    assert [item.id for item in spool.items()] == IDS[:3]
    assert put(spool, 5) is False


def test_two_processes_give_one_id(spool):
    """Each has the file open, and one of them lets the index go between two puts of the other."""
    other = Spool(spool.path)
    put(spool, 0)
    other.remove(other.items())
    assert indexes(spool) == []
    assert put(other, 1) is False
    assert put(spool, 1) is True
    with pytest.raises(Conflict):
        put(spool, 1, "another")
    assert spool.count()[0] == 1
    other.close()


def test_the_wal_keeps_its_length(spool):
    """A commit that writes over it costs half of one that makes it longer."""
    for number in range(300):
        put(spool, number, "x" * 3000, fresh=True)
    wal = spool.path.with_name(spool.path.name + "-wal")
    assert wal.stat().st_size < (WAL_PAGES + 8) * 4200
    assert spool.path.stat().st_size > 0
    assert [item.id for item in spool.items()] == IDS[:300]


GONE = {"all": range(30), "first": range(20), "inner": range(10, 20), "gaps": range(0, 30, 2), "one": [29], "none": []}


@pytest.mark.parametrize("gone", GONE.values(), ids=GONE)
def test_only_what_is_named_is_removed(spool, gone):
    for number in range(30):
        put(spool, number, f"mark {number}!" + "x" * 900, fresh=True)
    items = spool.items()
    spool.remove([items[number] for number in gone])
    assert [item.id for item in spool.items()] == [IDS[n] for n in range(30) if n not in gone]
    data = b"".join(path.read_bytes() for path in spool.path.parent.glob("spool.db*"))
    assert [n for n in gone if b"mark %d!" % n in data] == []


def test_what_took_the_place_of_what_is_removed_stays(spool):
    """A place is given out again where the last row went: whoever read before removes by place and id."""
    for number in range(3):
        put(spool, number)
    read = spool.items()
    spool.remove(read[2:])
    put(spool, 3)
    assert [item.place for item in spool.items()] == [1, 2, 3]
    spool.remove(read)
    assert [item.id for item in spool.items()] == [IDS[3]]


def test_a_file_of_the_release_before_is_taken_over(spool):
    """Its table has an index of its own by the rule that ids are unique."""
    put(spool, 0)
    put(spool, 1)
    kept = spool.items()
    spool.close()
    connection = apsw.Connection(str(spool.path))
    text = connection.execute("SELECT sql FROM sqlite_schema WHERE name = 'waiting'").get
    connection.execute("ALTER TABLE waiting RENAME TO old; DROP INDEX waiting_by_id")
    connection.execute(text.replace("BLOB NOT NULL,         --", "BLOB NOT NULL UNIQUE,  --"))
    connection.execute("INSERT INTO waiting SELECT * FROM old; DROP TABLE old; PRAGMA user_version=2")
    connection.execute("PRAGMA auto_vacuum=0")
    connection.execute("VACUUM")
    connection.close()
    assert indexes(spool) == ["sqlite_autoindex_waiting_1"]
    assert spool.items() == kept
    assert indexes(spool) == []
    assert put(spool, 1) is True
    spool.remove(kept)
    assert spool.path.stat().st_size <= 4 * 4096  # pages that hold nothing are cut off

"""After an erasure no byte of the value is left in the spool's file, its WAL, or any draft of this machine."""

import os
import random
import subprocess
import sys

import apsw
import pytest

import ledger as package
from ledger.api import Ledger
from ledger.errors import Misuse, Unavailable
from ledger.fresh import new_id
from ledger.sealing import erase, sealed_fields
from ledger.spool import drafts
from ledger.spool.file import Spool, spool_path
from ledger.spool.flush import flush
from ledger.spool.item import Target
from tests.sealing.test_erasing import forms, where
from tests.spool.conftest import away, back, forget, say, texts

SECRET = "Ana Popescu, strada Lungă 7"


@pytest.fixture
def here(project):
    with Ledger.open("ledger.db") as opened:
        yield opened


def introduce(handle="ana", name=SECRET, **more):
    return package.record.actor_introduced(handle=handle, kind="human", name=name, **more)


class Killed(BaseException):
    """The process ends here."""


def cut_off(here, spool, monkeypatch, at="remove"):
    """Flush, and end between placing and deleting."""

    def killed(*_):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Spool, at, killed)
        with pytest.raises(Killed):
            flush(here, spool)


def stop(*opened):
    """Let go of all files, as the end of a process does."""
    forget()
    for one in opened:
        one.close()


@pytest.fixture
def cut(project, here, spool, monkeypatch):
    """A sealed name that stands in the log, and still in the spool, among others that stay there."""
    away(project)
    for number in range(20):
        say(number)
    introduce()
    back(project)
    cut_off(here, spool, monkeypatch)
    return here


def needles_of(here, seq):
    return forms(SECRET, sealed_fields(here, seq)[0].text)


def everywhere(project, own_home):
    return lambda needles: where(project, needles) + where(own_home, needles)


def test_what_a_cut_off_flush_left_goes_with_the_value(cut, project, own_home, spool):
    needles, look = needles_of(cut, 21), everywhere(project, own_home)
    assert any("spool.db" in name for name in look(needles))
    done = erase(cut, 21, ("name",), reason="asked")
    assert (done.removed, done.cleared.items) == (1, (cut.find(21).statement.id,))
    assert look(needles) == []
    stop(cut, spool)
    assert look(needles) == []
    with Ledger.open("ledger.db") as later:  # the others are found in the log, the erased one is not there again
        assert flush(later, spool).before == 20
        assert texts(later) == [f"note {number}" for number in range(20)]
        assert later.verify().failures == ()
        assert where(own_home, needles) == []


def test_a_plain_delete_would_not_do(cut, own_home, spool):
    """The test above can fail: a row that is deleted without more leaves its bytes in file or WAL."""
    needles = needles_of(cut, 21)
    connection = apsw.Connection(str(spool.path))
    connection.execute("PRAGMA secure_delete=OFF; DELETE FROM waiting")
    connection.close()
    assert where(own_home, needles)


CHILD = """
import os, sys
from ledger.api import Ledger
from ledger.spool import opened
from ledger.spool.file import Spool, spool_path
from ledger.spool.flush import flush
from ledger.spool.item import Target

die = lambda *_: os._exit(9)
step = sys.argv[1]
if step == "placed":
    Spool.remove = die
if step == "deleted":  # the rows are gone, the WAL still holds them
    connect = opened.Opened.connect
    class Dying:
        def __init__(self, inner): self.inner = inner
        def __enter__(self): return self.inner.__enter__()
        def __exit__(self, *given): return self.inner.__exit__(*given)
        def __getattr__(self, name): return getattr(self.inner, name)
        def execute(self, sql, *given):
            if "wal_checkpoint" in sql:
                die()
            return self.inner.execute(sql, *given)
    opened.Opened.connect = lambda self: Dying(connect(self))
with Ledger.open("ledger.db") as here:
    flush(here, Spool(spool_path()))
die()
"""


@pytest.mark.parametrize("step", ["placed", "deleted"])
def test_a_process_that_died_in_a_flush(project, here, own_home, spool, step):
    """A child that is gone without a word: what its WAL holds goes, too, though no row is left to be found."""
    away(project)
    introduce()
    text = spool.items()[0].disclosures[0]
    back(project)
    spool.close()
    stop()
    keeper = apsw.Connection(str(spool.path))  # as another process of this user has it open: the WAL outlives the child
    list(keeper.execute("SELECT 1 FROM waiting LIMIT 1"))
    done = subprocess.run([sys.executable, "-c", CHILD, step], capture_output=True, text=True)
    assert done.returncode == 9, done.stderr
    needles = forms(SECRET, text)
    assert any("spool.db" in name for name in where(own_home, needles))
    erase(here, 1, ("name",), reason="asked")
    assert where(own_home, needles) + where(project, needles) == []
    keeper.close()


def test_pages_that_rows_were_moved_out_of(spool):
    """Rows that come and go move others about, and leave copies that no row points at, also of rows that went since."""
    chooser = random.Random(10)
    marks = {}
    for _ in range(150):
        id, mark = new_id(), chooser.randbytes(12).hex()
        marks[id] = mark.encode()
        spool.put(Target("ab" * 32, "", "a"), id, b"{}", (), (mark + "x" * chooser.randrange(600),), since="", why="")
    gone = chooser.sample(spool.items(), 130)
    for at in range(0, len(gone), 25):
        spool.remove(gone[at : at + 25])

    def left():
        return [item.id for item in gone if marks[item.id] in spool.path.read_bytes()]

    assert left()
    kept = spool.items()
    assert spool.make_anew(kept[7].id, lambda _: None) == (kept[7].id,)
    assert left() == []
    assert marks[kept[7].id] not in spool.path.read_bytes()
    assert spool.items() == kept[:7] + kept[8:]


def test_another_statement_under_the_same_id(project, here, own_home, spool):
    """It took the id too late and can never be recorded: it loses the value, is set aside, and says why."""
    away(project)
    taken = introduce()
    other = spool.items()[0]
    back(project)
    flush(here, spool)
    away(project)
    again = package.record("acme.example/note", text="another", person=SECRET, seal=["person"], id=taken.id)
    assert again.state == "spooled"
    back(project)
    with Ledger.open("ledger.db") as opened:
        done = erase(opened, 1, ("name",), reason="asked")
    assert done.cleared.items == ()  # another field of another statement: it is not what was erased
    assert spool.items()[0].disclosures != other.disclosures
    away(project)
    spool.remove(spool.items())
    introduce("other", id=taken.id)
    text = spool.items()[0].disclosures[0]
    back(project)
    with Ledger.open("ledger.db") as opened:
        done = erase(opened, 1, ("name",), reason="asked")
        assert done.again
        assert done.cleared.items == (taken.id,)
    (item,) = spool.items()
    assert item.disclosures == ()
    assert "entry 1 has this id, and /data/name was erased there" in item.aside
    assert where(own_home, forms(SECRET, text)) == []


def test_a_retry_with_another_salt(project, here, own_home, spool):
    """The same statement said again while the ledger was away: its value is sealed anew, and goes as well."""
    first = introduce()
    placed = sealed_fields(here, 1)[0].text
    here.close()
    away(project)
    introduce(id=first.id)
    text = spool.items()[0].disclosures[0]
    assert text != placed
    back(project)
    with Ledger.open("ledger.db") as opened:
        assert erase(opened, 1, ("name",), reason="asked").cleared.items == (first.id,)
    assert spool.items() == []
    assert where(own_home, forms(SECRET, text)) == []


def test_an_open_reader_of_the_spool_is_named_and_the_next_run_finishes(cut, own_home, spool, monkeypatch):
    needles = needles_of(cut, 21)
    monkeypatch.setattr("ledger.spool.opened.BUSY_SECONDS", 0.2)
    reader = apsw.Connection(str(spool.path))
    walk = reader.execute("SELECT disclosures FROM waiting")
    next(walk)
    with pytest.raises(Unavailable, match="but the spool may hold it") as caught:
        erase(cut, 21, ("name",), reason="asked")
    assert "run this again" in caught.value.fix
    assert sealed_fields(cut, 21)[0].text == ""  # it is not kept in the ledger for the reader's sake
    walk.close()
    reader.close()
    assert erase(cut, 21, ("name",), reason="asked").again
    assert where(own_home, needles) == []


def test_a_spool_that_is_none_keeps_no_value_in_the_ledger(project, here, spool):
    introduce()
    stop()
    spool.close()
    spool_path().parent.mkdir(parents=True, exist_ok=True)
    spool_path().write_bytes(b"not a database at all, but text")
    with pytest.raises(Unavailable, match="erased from the ledger, but the spool may hold it"):
        erase(here, 1, ("name",), reason="asked")
    assert sealed_fields(here, 1)[0].text == ""


@pytest.mark.parametrize("step", ["ledger.sealing.clear_drafts", "ledger.sealing.clear_spool"])
def test_killed_at_each_step_the_next_run_ends_it(cut, project, own_home, monkeypatch, step):
    draft = drafts.Draft(id=new_id(), type="actor_introduced", fields={"name": SECRET}, why="a slip", saved="")
    assert drafts.keep(drafts.folder_of(spool_path()), draft)
    needles, look = needles_of(cut, 21), everywhere(project, own_home)

    def killed(*_):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(step, killed)
        with pytest.raises(Killed):
            erase(cut, 21, ("name",), reason="asked")
    assert look(needles)
    done = erase(cut, 21, ("name",), reason="asked")
    assert done.again
    assert look(needles) == []


# ---- drafts ----


def refused(**fields):
    """Say something that is refused; return the draft's file."""
    with pytest.raises(Misuse) as caught:
        package.record("actor_introduced", handle="ana", kind="robot", **fields)
    return drafts.folder_of(spool_path()) / f"{caught.value.draft}.json"


def test_a_draft_with_a_slip_loses_the_value(project, here, own_home):
    """A typo kept the name in the clear; the corrected call sealed it."""
    path = refused(name=SECRET, contact="ana@bank.example")
    introduce()
    needles = needles_of(here, 1)
    assert where(own_home, needles)
    done = erase(here, 1, ("name",), reason="asked")
    assert (done.cleared.removed, done.cleared.redacted) == ((), (path.stem,))
    assert where(own_home, needles) == []
    left = drafts.load(path)
    assert left.fields == {"handle": "ana", "kind": "robot", "contact": "ana@bank.example"}
    assert left.why.startswith("without a value of entry 1 that was erased; actor_introduced.kind is ")
    assert path.stat().st_mode & 0o077 == 0


def test_the_draft_that_was_recorded_goes(project, here, own_home):
    path = refused(name=SECRET)
    fields = drafts.load(path).fields | {"kind": "human"}
    package.record("actor_introduced", id=path.stem, **fields)
    assert erase(here, 1, ("name",), reason="asked").cleared.removed == (path.stem,)
    assert not path.exists()


@pytest.mark.parametrize(
    "field",
    [
        {"note": f"said by {SECRET} himself"},
        {"extra": {"people": [{"who": SECRET}, "another"]}},
        {"extra": {SECRET: 1}},
        {"kind_": [SECRET, SECRET]},
    ],
)
def test_wherever_it_stands_in_a_draft(project, here, own_home, field):
    path = refused(name="another", **field)
    introduce()
    needles = needles_of(here, 1)
    assert where(own_home, needles)
    assert erase(here, 1, ("name",), reason="asked").cleared.redacted == (path.stem,)
    assert where(own_home, needles) == []
    assert drafts.load(path).fields["name"] == "another"


@pytest.mark.parametrize("name", [".draftq8z", "notes.txt", "0199aaaa-0000-7000-8000-000000000000.json"])
@pytest.mark.parametrize("spelling", [SECRET, '{"fields": {"name": "Ana Popescu, strada Lung\\u0103 7"'])
def test_a_file_that_no_longer_has_a_form(project, here, own_home, name, spelling):
    """A crash while a draft was written leaves a part of it; a person may have spoilt another."""
    introduce()
    folder = drafts.folder_of(spool_path())
    folder.mkdir(parents=True)
    (folder / name).write_text(f"{spelling} and so on")
    (folder / "harmless").write_text("{")
    assert len(erase(here, 1, ("name",), reason="asked").cleared.removed) == 1
    assert [path.name for path in folder.iterdir()] == ["harmless"]


def test_other_drafts_stay_as_they_are(project, here):
    untouched = [refused(name="Anatol Popescu"), refused(name="x", note="an Ana")]
    before = [path.read_bytes() for path in untouched]
    introduce(name="Ana P")
    introduce("eva", "an")  # a short value counts as a word, not as letters inside others
    erase(here, 1, ("name",), reason="asked")
    erase(here, 2, ("name",), reason="asked")
    assert untouched[0].read_bytes() == before[0]
    assert "note" not in drafts.load(untouched[1]).fields


def test_a_number_counts_under_its_own_name_alone(project, here):
    path = refused(amount=7, epochs=7)
    here.record("acme.example/case", amount=7, seal=["amount"])
    erase(here, 1, ("amount",), reason="asked")
    assert drafts.load(path).fields == {"handle": "ana", "kind": "robot", "epochs": 7}


def test_a_list_that_was_sealed_as_a_whole(project, here, own_home):
    people = [{"name": "Ana Popescu"}, {"name": "Ion Ionescu"}]
    path = refused(people=people, other="with Ion Ionescu", age=7)
    here.record("acme.example/case", people=people, seal=["people"])
    erase(here, 1, ("people",), reason="asked")
    assert drafts.load(path).fields == {"handle": "ana", "kind": "robot", "age": 7}
    assert where(own_home, [b"Ion Ionescu"]) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_drafts_that_cannot_be_changed_are_told_before_the_value_is_lost(project, here):
    path = refused(name=SECRET)
    introduce()
    path.parent.chmod(0o500)
    try:
        with pytest.raises(Unavailable, match="no value was erased yet"):
            erase(here, 1, ("name",), reason="asked")
    finally:
        path.parent.chmod(0o700)
    assert sealed_fields(here, 1)[0].value == SECRET


def test_a_folder_in_the_way_of_the_drafts_is_told_before_the_value_is_lost(project, here):
    introduce()
    folder = drafts.folder_of(spool_path())
    (folder / "sub").mkdir(parents=True)
    with pytest.raises(Unavailable, match="no value was erased yet"):
        erase(here, 1, ("name",), reason="asked")
    assert sealed_fields(here, 1)[0].value == SECRET

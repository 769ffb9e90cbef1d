"""A ledger moves to another store: the same bits, the same opinions, one place to go on; killed, it goes on."""

import json
import os
import random
import subprocess
import sys
import threading
import time

import pytest

from ledger import copying
from ledger.api import Ledger
from ledger.certificates import check_certificate, read_certificate, write_certificate
from ledger.cli.moving import fingerprints
from ledger.copying import Difference, copy_entries, difference, finish, root_of
from ledger.errors import Conflict, Misuse, Tampered
from ledger.migrate import check_migration, migrate
from ledger.stores import opening
from tests.log.acts import authorise, say, say_many
from tests.log.forging import put, replace
from tests.moving import child


def move(ledger, destination):
    return migrate(ledger, str(destination), fingerprints=fingerprints)


def rows(ledger):
    return [row.data for row in ledger.store.rows(0, len(ledger))]


def test_not_a_bit_changes_and_it_goes_on_there(long, tmp_path):
    before = rows(long)
    done = move(long, tmp_path / "new.db")
    assert (done.size, done.migrated, done.verified) == (len(before) + 1, len(before), len(before) + 1)
    with Ledger.open(tmp_path / "new.db") as there:
        assert rows(there)[: len(before)] == before
        assert [there.find(seq).statement.type for seq in (-2, -1)] == ["migrated", "verified"]
        assert there.find(-1).statement.refs["of"][0].id == there.find(-2).statement.id
        assert there.find(-2).statement.data == {
            "to": str(tmp_path / "new.db"), "size": len(before), "root": there.find(-2).statement.data["root"]
        }  # fmt: skip
        assert list(there.store.disclosures()) == list(long.store.disclosures()) != []
        assert say(there, 5).seq == done.size + 1
        report = there.verify()
        assert (report.verdict, report.failures) == ("VERIFIED", ())
    assert long.verify().exit_code == 3  # of its own pin, the source is an old copy now: it says so


def test_the_source_takes_no_more(told, tmp_path):
    move(told, tmp_path / "new.db")
    for attempt in (lambda: say(told, 5), lambda: say_many(told, 3), lambda: told.record("verified", **VERDICT)):
        with pytest.raises(Conflict) as caught:
            attempt()
        assert caught.value.code == "moved"
        assert str(tmp_path / "new.db") in caught.value.message
    with Ledger.open(told.path) as again, pytest.raises(Conflict, match="moved"):
        say(again, 6)


VERDICT = {"size": 3, "root": "sha256:" + "a" * 64, "verdict": "verified"}


def test_running_it_again_changes_nothing(told, tmp_path):
    first = move(told, tmp_path / "new.db")
    again = move(told, tmp_path / "new.db")
    assert (again.size, again.root, again.migrated, again.verified, again.projections) == (
        first.size, first.root, first.migrated, first.verified, first.projections
    )  # fmt: skip
    with Ledger.open(tmp_path / "new.db") as there:
        assert len(there) == first.size + 1


def test_the_second_place_is_lost(told, tmp_path):
    """What was said there is lost, and the pin has seen it: no third place may go on as if it had not been said."""
    move(told, tmp_path / "new.db")
    (tmp_path / "new.db").unlink()
    with pytest.raises(Tampered) as caught:
        move(told, tmp_path / "third.db")
    assert [failure.code for failure in caught.value.report.failures] == ["shrunk"]


def test_to_a_folder_and_back(told, tmp_path):
    folder = move(told, f"{tmp_path}/tiles/")
    assert folder.verified == -1
    with Ledger.open(tmp_path / "tiles", read_only=True) as tiles:
        assert difference(told.store, tiles.store) is None
        back = move(tiles, tmp_path / "back.db")
    assert (back.size, back.root, back.projections) == (folder.size, folder.root, folder.projections)
    with Ledger.open(tmp_path / "back.db") as there:
        say(there, 9)
        assert there.verify().verdict == "VERIFIED"


def test_a_writer_keeps_writing(told, tmp_path):
    """Whatever was acknowledged before the source closed is at the destination; afterwards the writer is told where."""
    said, told_where = [], []

    def write():
        with Ledger.open(told.path) as mine:
            number = 100
            while not told_where:
                try:
                    said.append(say(mine, number % 1000).id)
                except Conflict as error:
                    told_where.append(error.code)
                number += 1

    writer = threading.Thread(target=write)
    writer.start()
    while len(said) < 20:
        time.sleep(0.001)
    move(told, tmp_path / "new.db")
    writer.join()
    assert told_where == ["moved"]
    with Ledger.open(tmp_path / "new.db") as there:
        assert set(said) <= {one.statement.id for one in there}
        assert there.verify().verdict == "VERIFIED"


def test_a_source_that_never_rests_is_not_closed(told, tmp_path):
    def meanwhile(store, head):
        with Ledger.open(told.path) as other:  # always a moment sooner than `migrated`
            say(other, 1)
        return root_of(store, head)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ledger.migrate.PATIENCE", 0.5)
        patch.setattr("ledger.migrate.root_of", meanwhile)
        with pytest.raises(Conflict) as caught:
            move(told, tmp_path / "new.db")
    assert caught.value.code == "busy"
    assert move(told, tmp_path / "new.db").size == len(told)


KILLS = int(os.environ.get("LEDGER_KILL_ROUNDS", "8")) // 4  # before it may come to the end


@pytest.mark.kill
def test_killed_at_any_moment_it_goes_on(long, tmp_path, caused):
    say_many(long, 900)
    before, chooser, finished = rows(long), random.Random(), False
    found, ids = caused("migrate", "kill -9"), [one.statement.id for one in long]
    long.close()
    words = [sys.executable, child.__file__, str(long.path), str(tmp_path / "new.db"), "40"]
    for _ in range(200):
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "ready\n"
            time.sleep(chooser.random() * 0.05)
            if found.caused < KILLS or chooser.random() < 0.8:
                process.kill()
            said = process.stdout.read()
        if "done" in said:
            finished = True
            break
        assert process.returncode == -9, said
        found.caused += 1
        found.gone += 1
    assert finished
    with Ledger.open(tmp_path / "new.db") as there:
        assert rows(there)[: len(before)] == before
        assert [one.statement.type for one in there.entries(len(before))] == ["migrated", "verified"]
        report = there.verify()
        assert (report.verdict, report.failures) == ("VERIFIED", ())
        found.judge(ids, [one.statement.id for one in there])


def test_a_copy_that_is_not_finished_is_no_ledger(long, tmp_path, monkeypatch):
    monkeypatch.setattr(copying, "PART", 100)
    with pytest.raises(KeyboardInterrupt):
        migrate(long, str(tmp_path / "new.db"), fingerprints=fingerprints, progress=interrupt)
    with Ledger.open(tmp_path / "new.db") as half:
        assert 0 < len(half) < len(long)
        with pytest.raises(Conflict) as caught:
            say(half, 1)
    assert caught.value.code == "unfinished"
    assert long.find(-1).statement.type == "evaluated"  # the source is as it was
    assert move(long, tmp_path / "new.db").size == len(long)


def interrupt(done, size):
    raise KeyboardInterrupt


@pytest.mark.parametrize("seq", [3, 9, 300])
def test_a_changed_entry_is_not_copied(long, tmp_path, edit, seq):
    old, new = (b'"auc":0.', b'"auc":1.')
    edit(long.path, replace(long, seq, old, new))
    with pytest.raises(Tampered) as caught:
        move(long, tmp_path / "new.db")
    assert caught.value.seq in range(seq + 2)
    assert long.find(-1).statement.type != "migrated"


def test_something_else_is_in_the_way(told, tmp_path):
    with Ledger.create(tmp_path / "other.db", origin="ledger.test/two", actor="mara"):
        pass
    with pytest.raises(Misuse) as caught:
        move(told, tmp_path / "other.db")
    assert caught.value.code == "other_ledger"
    (tmp_path / "text.db").write_text("not a ledger")
    with pytest.raises(Misuse):
        move(told, tmp_path / "text.db")
    with pytest.raises(Misuse) as caught:
        move(told, told.path)
    assert caught.value.code == "same_place"
    assert told.find(-1).statement.type == "deployed"


def copied(ledger, place):
    target = opening.create(str(place))
    assert finish(ledger.store, target, copy_entries(ledger.store, target, len(ledger)))
    return target


def test_every_difference_is_found(told, tmp_path, edit):
    told.close_checkpoint()
    copied(told, tmp_path / "same.db").close()
    with Ledger.open(tmp_path / "same.db") as same:
        assert difference(told.store, same.store) is None
    changes = {
        "entry 3 is not the same in both": [put(3, told.read(3).replace(b"0.79", b"0.78"))],
        "the newest checkpoint is not the same in both": ["UPDATE head SET note = 'x'"],
        "a kept checkpoint is not the same in both": ["DELETE FROM checkpoints"],
        "the value of a sealed field is not the same in both": ["DELETE FROM disclosures"],
    }
    for number, (what, statements) in enumerate(changes.items()):
        place = tmp_path / f"{number}.db"
        copied(told, place).close()
        edit(place, *statements)
        with Ledger.open(place) as other:
            found = difference(told.store, other.store)
        assert isinstance(found, Difference)
        assert found.what == what
    say(told, 4)
    with Ledger.open(tmp_path / "same.db") as shorter:
        found = difference(told.store, shorter.store)
        assert found is not None
        assert found.seq == 16


def test_the_certificate(told, tmp_path, keys):
    done = move(told, tmp_path / "new.db")
    certificate = read_certificate(done.certificate)
    assert certificate.body["projections"] == done.projections
    assert certificate.body["root"] == f"sha256:{done.root}"
    with Ledger.open(tmp_path / "new.db") as there:
        check_migration(certificate, there)
        say(there, 3)
        check_migration(certificate, there)  # it speaks of its size, whatever came since
        envelope = json.loads(done.certificate)
        envelope["signatures"][0]["sig"] = envelope["signatures"][0]["sig"][::-1]
        for bad in (
            write_certificate("migration", {**strip(certificate.body), "size": 3}, "mara", keys.mara),
            write_certificate("migration", {**strip(certificate.body), "size": 10**6}, "mara", keys.mara),
            write_certificate("migration", {**strip(certificate.body), "genesis": "a" * 64}, "mara", keys.mara),
        ):
            with pytest.raises(Tampered):
                check_migration(read_certificate(bad), there)
        replay = read_certificate(write_certificate("replay", strip(certificate.body), "mara", keys.mara))
        with pytest.raises(Misuse):
            check_migration(replay, there)
    with pytest.raises(Tampered):
        check_certificate(certificate, keys.ana.credential)
    for text in (b"", b"{}", b"[]", done.certificate[:-9], b"x" * 70_000, json.dumps(envelope).encode()[:-1]):
        with pytest.raises(Misuse):
            read_certificate(text)


def strip(body):
    return {name: value for name, value in body.items() if name not in ("actor", "certificate", "key")}


def test_a_statement_is_no_certificate_and_the_reverse(told, keys):
    """The payload type keeps them apart: the same bytes, signed for another purpose, do not verify."""
    body = told.read(3)
    with pytest.raises(Misuse):
        read_certificate(body)
    certificate = read_certificate(write_certificate("migration", {"size": 3}, "mara", keys.mara))
    signed = keys.mara.sign("application/vnd.lifecycle-ledger.statement.v1+json", certificate.signed)
    with pytest.raises(Tampered):
        check_certificate(certificate._replace(signatures=signed), keys.mara.credential)


def test_one_without_the_logs_key_moves_it_too(told, tmp_path, monkeypatch):
    """What is placed at either end waits to be covered, as everything that such a writer says."""
    key = authorise(told, "node", tmp_path)
    monkeypatch.setenv("LEDGER_LOG_KEY", str(tmp_path / "none.key"))
    with Ledger.open(told.path, key=key) as node:
        done = move(node, tmp_path / "new.db")
    monkeypatch.delenv("LEDGER_LOG_KEY")
    with Ledger.open(tmp_path / "new.db") as there:
        assert there.covered == done.size - 1
        say(there, 1)
        assert there.covered == len(there) == done.size + 2
        assert there.verify().verdict == "VERIFIED"

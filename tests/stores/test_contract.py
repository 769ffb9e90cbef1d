"""What every store promises: one file, run over all of them.

A store that takes writes is a row of `WRITABLE`; whatever can be read is a row of `READABLE`, made from a ledger that a
writable one holds.
"""

import itertools
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ledger import encoding, entry
from ledger.api import Ledger
from ledger.authoring import new_id
from ledger.config import log_key_path
from ledger.disclosures import commitment
from ledger.errors import Conflict, LedgerError, Misuse, Tampered
from ledger.keys.log_key import LogKey
from ledger.merkle.edge import Edge, Tile
from ledger.notes.checkpoint import Checkpoint, sign_checkpoint
from ledger.publish import publish
from ledger.store import Anchor, Head, Moved, Row
from ledger.stores import opening
from ledger.stores.folder import Folder
from tests.conftest import ORIGIN
from tests.log import child
from tests.log.acts import authorise, say, say_many, saying, tell
from tests.log.test_appending import ended, forked

EACH = int(os.environ.get("LEDGER_CROWD", "25"))  # events that each of eight writers records


def published(ledger, folder):
    """The same log as static files."""
    publish(ledger.store, ledger.close_checkpoint(), Folder(folder))
    return opening.open_read_only(str(folder))


WRITABLE = {
    "sqlite": lambda request: str(request.getfixturevalue("tmp_path") / "ledger.db"),
    "postgresql": lambda request: request.getfixturevalue("url"),
}
READABLE = {
    "sqlite": ("sqlite", lambda ledger, _: opening.open_read_only(ledger.store.place)),
    "postgresql": ("postgresql", lambda ledger, _: opening.open_read_only(ledger.store.place)),
    "tiles": ("sqlite", published),
}


@pytest.fixture(params=WRITABLE)
def location(request):
    """Where a ledger can be made."""
    return WRITABLE[request.param](request)


@pytest.fixture
def ledger(location, own_home):
    """A new ledger there: `tests/conftest.py` has the same in a file."""
    with Ledger.create(location, origin=ORIGIN, actor="mara") as made:
        yield made


@pytest.fixture
def store(location):
    """An empty store, without a log's rules."""
    opening.create(location).close()
    made = opening.open_store(location)
    yield made
    made.close()


@pytest.fixture(params=READABLE)
def read(request, own_home, tmp_path):
    """A told and long ledger, and its store as opened for reading."""
    home, opened = READABLE[request.param]
    with Ledger.create(WRITABLE[home](request), origin=ORIGIN, actor="mara") as made:
        tell(made, tmp_path)
        say_many(made, 600)
        for number in range(3):
            say(made, number)
        found = opened(made, tmp_path / "copy")
        yield made, found
        found.close()


def rows_of(start, count, size=10):
    return [Row(seq, seq.to_bytes(16, "big"), b"%d %s" % (seq, b"x" * size)) for seq in range(start, start + count)]


def put(store, rows, tiles=(), authority=(), disclosures=(), **head):
    """Append made-up rows, as `log` appends real ones."""
    with store.writing() as section:
        size = section.head().size + len(rows)
        new = Head(size, b"l" * 32, b"p" * 64, size, b"a note\n")._replace(**head)
        section.append(rows, tiles, authority, disclosures, new)
    return new


def everything(store):
    return (
        list(store.rows(0, 2**53)),
        store.head(),
        store.authority(),
        store.checkpoints(),
        sorted(store.disclosures()),
        [store.tile(level, n) for level in range(3) for n in range(3)],
        store.anchors(),
    )


# ---- what is written, is read ----


def test_an_empty_store(store):
    assert store.head() == Head(0, b"", b"", 0, b"")
    assert everything(store) == ([], Head(0, b"", b"", 0, b""), [], [], [], [b""] * 9, [])
    assert store.find(bytes(16)) is None
    with pytest.raises(Misuse):
        store.read(0)


@pytest.mark.parametrize("counts", [(1, 1, 1, 1), (2, 1, 7, 1), (47, 48, 49), (3_000, 1, 4_096)])
def test_rows_come_back_in_order_however_they_were_written(store, counts):
    written = []
    for count in counts:
        rows = rows_of(len(written), count)
        head = put(store, rows)
        written += rows
        assert store.head() == head
    assert list(store.rows(0, 2**53)) == written
    assert [store.read(row.seq) for row in written[:: max(1, len(written) // 7)]] == [
        row.data for row in written[:: max(1, len(written) // 7)]
    ]
    assert all(store.find(row.id) == row.seq for row in written[:: max(1, len(written) // 7)])
    store.check_container()
    store.check_guards()
    store.check_ids()


def test_a_walk_begins_and_ends_anywhere(store):
    rows = rows_of(0, 5_000)
    put(store, rows)
    for start, stop in [(0, 0), (0, 1), (4_999, 5_000), (5_000, 6_000), (2, 2), (3, 2), (1_999, 4_001), (0, 5_001)]:
        assert list(store.rows(start, stop)) == rows[start:stop]


def test_a_walk_that_pauses_sees_one_moment_and_stops_nobody(store):
    put(store, rows_of(0, 5_000))
    walk = store.rows(0, 2**53)
    first = list(itertools.islice(walk, 3))
    put(store, rows_of(5_000, 10))
    assert [row.seq for row in first + list(walk)] == list(range(5_000))


@pytest.mark.parametrize(
    "text",
    ["", "0", "x" * 65_535, "é" * 32_767, "\U0001f9fe日本語 \\u0001 \" ' % %s {} $1 \n\t\x7f", " \x01 ", "\ufeff"],
)
def test_bytes_come_back_as_they_were(store, text):
    data = text.encode()
    put(store, [Row(0, bytes(range(16)), data), Row(1, b"\xff" * 16, data)])
    put(store, [Row(2, b"\0" * 15 + b"\1", data)])
    assert [row.data for row in store.rows(0, 9)] == [data] * 3
    assert (store.read(0), store.read(2)) == (data, data)
    assert [store.find(id) for id in (bytes(range(16)), b"\xff" * 16, b"\0" * 15 + b"\1")] == [0, 1, 2]


def test_many_large_entries_in_one_commit(store):
    rows = rows_of(0, 300, size=60_000)
    put(store, rows)
    assert list(store.rows(0, 300)) == rows


def test_what_lies_beside_the_entries(store):
    texts = ["WyJhIiwiYiIsImMiXQ", "WyJkIiwiZSIsImYiXQ"]
    put(store, rows_of(0, 1), [Tile(0, 0, b"h" * 8192), Tile(1, 0, b"i" * 32)], [0], texts[:1])
    put(store, rows_of(1, 2), [Tile(1, 0, b"j" * 64), Tile(2, 1, b"k" * 32)], [1, 2], texts[1:])
    assert (store.tile(0, 0), store.tile(1, 0), store.tile(2, 1)) == (b"h" * 8192, b"j" * 64, b"k" * 32)
    assert store.authority() == [0, 1, 2]
    assert sorted(store.disclosures()) == sorted(texts)
    with store.writing() as section:
        assert section.authority() == [0, 1, 2]
        assert [section.read(seq) for seq in (0, 2)] == [row.data for row in rows_of(0, 3)][::2]
        assert section.newest_id() == (2).to_bytes(16, "big")
        assert (section.find((1).to_bytes(16, "big")), section.find(b"\x07" * 16)) == (1, None)
        assert list(section.rows(1, 3)) == rows_of(1, 2)
        assert section.tile(1, 0) == b"j" * 64
    assert all(len(commitment(text)) == 43 for text in texts)


def test_checkpoints_are_kept(store):
    put(store, rows_of(0, 3))
    key = LogKey.generate(ORIGIN)
    two = Checkpoint(ORIGIN, 2, bytes(32))
    store.keep_checkpoint(2, sign_checkpoint(two, key.everyday))
    store.keep_checkpoint(1, b"one\n")
    both = sign_checkpoint(two, key.all)
    store.keep_checkpoint(2, both)
    assert [size for size, _ in store.checkpoints()] == [1, 2]
    assert sorted(store.checkpoints()[1][1].splitlines()) == sorted(both.splitlines())
    with pytest.raises(Tampered):
        store.keep_checkpoint(2, sign_checkpoint(Checkpoint(ORIGIN, 2, b"\1" * 32), key.all))
    with store.writing() as section:
        assert (section.kept(1), section.kept(3)) == (b"one\n", None)
        section.keep(3, b"three\n")
        section.append((), (), (), (), section.head()._replace(covered=3, note=b"three\n"))
    assert store.checkpoints()[-1] == (3, b"three\n")
    assert (store.head().note, store.head().size) == (b"three\n", 3)


def test_time_stamps_are_kept(store):
    anchors = [Anchor(n, "checkpoint", 3, bytes([n]) * 16, b"text \xff", b"\0DER", b"PEM") for n in (1, 2)]
    for anchor in anchors:
        store.keep_anchor(anchor)
    assert store.anchors() == anchors
    with pytest.raises(Conflict):
        store.keep_anchor(anchors[0]._replace(token=b"another"))
    assert store.anchors() == anchors


def test_disclosures_are_erased(store):
    texts = [f"Wy{n}JhIiwiYiIsImMiXQ" for n in range(40)]
    put(store, rows_of(0, 1), disclosures=texts)
    gone = [commitment(text) for text in texts[::2]]
    assert store.erase(gone) == 20
    assert sorted(store.disclosures()) == sorted(texts[1::2])
    assert store.erase(gone[:3]) == 0
    assert store.head().size == 1
    put(store, rows_of(1, 1))


def test_what_is_computed_can_be_computed_again(store):
    put(store, rows_of(0, 3), [Tile(0, 0, b"h" * 8192), Tile(1, 0, b"i" * 32)], [0, 2])
    head = Head(3, b"m" * 32, b"q" * 32, 2, b"older\n")
    store.replace_derived([Tile(1, 0, b"n" * 32)], [1], head)
    assert (store.head(), store.authority()) == (head, [1])
    assert (store.tile(0, 0), store.tile(1, 0)) == (b"", b"n" * 32)
    assert list(store.rows(0, 9)) == rows_of(0, 3)


# ---- all or nothing ----


class Interrupted(BaseException):
    """Nothing that anybody catches."""


def test_a_section_left_without_append_changes_nothing(store):
    put(store, rows_of(0, 2))
    before = everything(store)
    with store.writing() as section:
        section.keep(1, b"never\n")
    for error in (Misuse("no"), Interrupted()):
        with pytest.raises(type(error)), store.writing():
            raise error
    assert everything(store) == before
    put(store, rows_of(2, 1))
    assert store.checkpoints() == []


@pytest.mark.parametrize("count", [1, 3, 500])
def test_an_append_that_is_refused_leaves_nothing(store, count):
    """The last of its rows has an id, or a place, that is taken."""
    put(store, rows_of(0, 3))
    before = everything(store)
    good = rows_of(3, count)
    for bad in (good[-1]._replace(id=rows_of(1, 1)[0].id), good[-1]._replace(seq=1)):
        with pytest.raises(LedgerError):
            put(store, [*good[:-1], bad], [Tile(0, 0, b"x" * 8192)], [3], ["WyJhIl0"])
        assert everything(store) == before
    put(store, good)
    assert store.head().size == 3 + count


def test_nobody_appends_between_entry_and_exit(location, store):
    """Two stores on one place: the second waits until the first is out."""
    other = opening.open_store(location)
    put(store, rows_of(0, 1))
    inside, order = threading.Event(), []

    def second():
        inside.wait()
        with other.writing() as section:
            order.append(("second", section.head().size))
            section.append(rows_of(2, 1), (), (), (), Head(3, b"", b"", 0, b""))

    thread = threading.Thread(target=second)
    thread.start()
    with store.writing() as section:
        inside.set()
        thread.join(0.2)
        order.append(("first", section.head().size))
        section.append(rows_of(1, 1), (), (), (), Head(2, b"", b"", 0, b""))
    thread.join()
    assert order == [("first", 1), ("second", 2)]
    assert list(other.rows(0, 9)) == rows_of(0, 3)
    other.close()


def test_a_presumed_head_is_a_guess_that_is_checked(location, store):
    """With `sure=False` either the newest head is told, or `append` says that it moved and writes nothing."""
    other = opening.open_store(location)
    for number in range(12):  # long enough for a store to presume
        with store.writing(sure=False) as section:
            assert section.head().size == number
            section.append(rows_of(number, 1), (), (), (), Head(number + 1, b"", b"", 0, b""))
    put(other, rows_of(12, 1))
    before = everything(other)
    try:
        with store.writing(sure=False) as section:
            presumed = section.head().size
            section.append(rows_of(presumed, 1), (), (), (), Head(presumed + 1, b"", b"", 0, b""))
        assert presumed == 13
    except Moved:
        assert presumed == 12
        assert not section.sure
        assert everything(other) == before
    with store.writing() as section:
        assert section.head() == other.head()
    other.close()


# ---- one log over it ----


def sound(ledger, size):
    report = ledger.verify()
    assert (report.verdict, report.size, report.checked) == ("VERIFIED", size, size), report
    ids = [one.statement.id for one in ledger]
    assert [one.seq for one in ledger] == list(range(size))
    assert len(set(ids)) == size
    return ids


def test_a_told_log_verifies_proves_mends_and_closes(ledger, tmp_path):
    tell(ledger, tmp_path)
    say_many(ledger, 600)
    assert ledger.prove(5).startswith(b"c2sp.org/tlog-proof@v1")
    sound(ledger, 616)
    before = everything(ledger.store)
    ledger.mend()
    assert everything(ledger.store) == before
    note = ledger.close_checkpoint()
    assert ledger.store.checkpoints()[-1] == (616, note)
    assert say(ledger).seq == 616
    sound(ledger, 617)


def test_the_tree_is_that_of_the_entries(ledger):
    say_many(ledger, 520)
    for number in range(3):
        say(ledger, number)
    edge = Edge()
    edge.extend([entry.leaf(row.data) for row in ledger.store.rows(0, 2**53)])
    assert (edge.peaks(), edge.size) == (ledger.store.head().peaks, 524)
    assert ledger.checkpoint().root == edge.root()


def test_what_is_lost_of_the_computed_is_mended(ledger, tmp_path):
    tell(ledger, tmp_path)
    say_many(ledger, 300)
    before = everything(ledger.store)
    ledger.store.replace_derived([], [], before[1]._replace(peaks=b"", note=b""))
    with Ledger.open(ledger.place.location) as other, pytest.raises(Tampered):
        say(other)
    ledger.mend()
    after = everything(ledger.store)
    assert (after[0], after[2], after[5]) == (before[0], before[2], before[5])
    assert after[1][:4] == before[1][:4]
    sound(ledger, 316)


def test_a_retry_with_the_same_id_is_found_here_and_elsewhere(ledger):
    ids = [new_id() for _ in range(14)]
    first = [say(ledger, number, id=id) for number, id in enumerate(ids)]
    with Ledger.open(ledger.place.location) as other:
        assert say(other, 99).seq == 15
        again = [say(one, number, id=id) for one in (ledger, other) for number, id in enumerate(ids)]
        assert [one.seq for one in again] == [one.seq for one in first] * 2
        assert [one.leaf for one in again] == [one.leaf for one in first] * 2
        for one in (ledger, other):
            with pytest.raises(Conflict) as caught:
                say(one, 50, id=ids[3])
            assert caught.value.code == "same_id"
    sound(ledger, 16)


def test_an_expected_head_is_judged_by_the_newest(ledger):
    """Also where this process wrote alone so far, and presumes that it still does."""
    for number in range(12):
        say(ledger, number)
    with Ledger.open(ledger.place.location) as other:
        say(other, 20)
        assert say(ledger, 21, expected_head=14).seq == 14
        with pytest.raises(Conflict) as caught:
            say(ledger, 22, expected_head=14)
        assert caught.value.code == "expected_head"
        assert "has 15 entries, not 14" in caught.value.message
        assert say(other, 23, expected_head=15).seq == 15
        for number in range(12):
            say(other, 30 + number)
        with pytest.raises(Conflict):
            say(ledger, 24, expected_head=16)
        assert say(ledger, 24, expected_head=28).seq == 28
    sound(ledger, 29)


@pytest.mark.parametrize("after", [0, 1, 3])
def test_what_another_process_said_of_keys_is_known_at_once(ledger, tmp_path, after):
    """A key that is authorised, and one that is revoked, while this process presumes that it writes alone."""
    key = authorise(ledger, "ana", tmp_path)
    with Ledger.open(ledger.place.location, key=key) as hers:
        for number in range(12):
            say(hers, number)
        credential = hers.identity.signer.credential.id
        ledger.record("key_revoked", handle="ana", key_id=credential, why="lost")
        for number in range(after):
            say(ledger, 20 + number)
        with pytest.raises(Misuse):
            say(hers, 13)
        sound(ledger, 16 + after)


@pytest.mark.parametrize("claim", ["old note", "own note", "no note"])
@pytest.mark.parametrize("count", [1, 3])
def test_nobody_says_that_a_checkpoint_covers_what_the_logs_key_did_not_sign(ledger, tmp_path, claim, count):
    """A writer who has not the log's key puts entries in, forged ones, and a head that calls them covered."""
    say(ledger)
    known, store = ledger.store.head(), opening.open_store(ledger.place.location)
    forged, last = [], known.last
    edge = Edge.load(known.size, known.peaks, [entry.leaf(row.data) for row in store.rows(0, known.size)], store.tile)
    for number in range(count):
        body = entry.body_of(store.read(1)).replace(b'"auc":0.001', b'"auc":0.9%02d' % number)
        id = new_id()
        body = body[: body.index(b'"id":"') + 6] + id.encode() + body[body.index(b'"id":"') + 42 :]
        data = entry.write(known.size + number, last, entry.view(store.read(1)).recorded, body, '["AAAA"]', "")
        last = entry.leaf(data)
        forged.append(Row(known.size + number, encoding.id_bytes(id), data))
    edge.extend([entry.leaf(row.data) for row in forged])
    note = {
        "old note": known.note,
        "own note": sign_checkpoint(Checkpoint(ORIGIN, edge.size, edge.root()), LogKey.generate(ORIGIN).everyday),
        "no note": b"",
    }[claim]
    with store.writing() as section:
        section.append(forged, [], [], [], Head(edge.size, last, edge.peaks(), edge.size, note))
    store.close()
    for number in range(2):
        with pytest.raises(Tampered):
            say(ledger, 7 + number)
    assert len(ledger) == edge.size  # nothing was built on it
    assert ledger.store.head().note == note
    assert ledger.verify().verdict == "BROKEN"


def test_it_is_found_again_when_it_is_opened_again(ledger, tmp_path):
    tell(ledger, tmp_path)
    before = everything(ledger.store)
    ledger.close()
    with Ledger.open(ledger.place.location) as again:
        assert everything(again.store) == before
        assert say(again).seq == 16
        sound(again, 17)
    assert say(ledger).seq == 17  # a closed one opens again where it is used


def test_a_ledger_is_never_made_over_another(ledger, own_home):
    say(ledger)
    before = everything(ledger.store)
    with pytest.raises(Misuse) as caught:
        Ledger.create(ledger.place.location, origin="ledger.test/two", actor="eve")
    assert (caught.value.code, "nothing was changed" in caught.value.message) == ("exists", True)
    assert everything(ledger.store) == before
    assert not log_key_path("ledger.test/two").exists()


def test_a_store_without_entries_is_no_ledger_yet(location):
    opening.create(location).close()
    with pytest.raises((Misuse, Tampered)):
        Ledger.open(location)


# ---- many at once ----


def test_eight_threads(ledger):
    with ThreadPoolExecutor(8) as pool:
        work = pool.map(lambda n: [say(ledger, (n * EACH + i) % 1000).id for i in range(EACH)], range(8))
        said = [id for ids in work for id in ids]
    assert sorted(sound(ledger, 8 * EACH + 1)[1:]) == sorted(said)


@pytest.mark.crowd
def test_eight_processes(ledger):
    """All that was acknowledged is there, once, and nothing else: no hole, no loss."""
    command = [sys.executable, child.__file__, ledger.place.location, str(EACH)]
    started = [subprocess.Popen([*command, str(100 * n)], stdout=subprocess.PIPE, text=True) for n in range(8)]
    said = [line for one in started for line in one.communicate(timeout=600)[0].split() if line != "ready"]
    assert [one.returncode for one in started] == [0] * 8
    assert len(said) == 8 * EACH
    assert sorted(sound(ledger, 8 * EACH + 1)[1:]) == sorted(said)
    assert say(ledger).seq == 8 * EACH + 1


def test_one_id_from_many_at_once_is_one_entry(ledger):
    id = new_id()
    with ThreadPoolExecutor(4) as pool, Ledger.open(ledger.place.location) as other:
        found = list(pool.map(lambda one: say(one, 5, id=id).seq, [ledger, other] * 4))
    assert found == [1] * 8
    sound(ledger, 2)


def test_readers_see_whole_moments_while_it_is_written(ledger):
    stop, faults, seen = threading.Event(), [], []

    def watch():
        reader = opening.open_read_only(ledger.place.location)
        try:
            while not stop.is_set():
                head = reader.head()
                rows = list(reader.rows(0, 2**53))
                seen.append(len(rows))
                if [row.seq for row in rows] != list(range(len(rows))) or len(rows) < head.size:
                    faults.append((head.size, len(rows)))
                if entry.leaf(rows[head.size - 1].data) != head.last:
                    faults.append(("head", head.size))
        except Exception as error:
            faults.append(error)
        finally:
            reader.close()

    watchers = [threading.Thread(target=watch) for _ in range(2)]
    for one in watchers:
        one.start()
    for number in range(40):
        say(ledger, number)
    say_many(ledger, 300)
    stop.set()
    for one in watchers:
        one.join()
    assert faults == []
    assert seen
    sound(ledger, 341)


def test_parent_and_child_record_after_a_fork(ledger):
    for number in range(12):
        say(ledger, number)
    pid = forked(lambda: [say(ledger, number) for number in range(20)])
    for number in range(20, 40):
        say(ledger, number)
    assert ended(pid) == 0
    assert say(ledger).seq == 53
    sound(ledger, 54)


def test_a_fork_in_the_middle_of_reading(ledger):
    say_many(ledger, 3_000)
    walk = ledger.entries()
    first = list(itertools.islice(walk, 5))
    pid = forked(lambda: [say(ledger, 1), list(ledger.entries()), ledger.close()])
    assert ended(pid) == 0
    assert [one.seq for one in first + list(walk)] == list(range(3_001))
    assert len(ledger) == 3_002
    assert say(ledger, 2).seq == 3_002


# ---- what is read, wherever it lies ----


def test_every_copy_says_the_same(read):
    ledger, store = read
    head = store.head()
    assert (head.size, head.covered) == (619, 619)
    rows = list(ledger.store.rows(0, 2**53))
    assert list(store.rows(0, head.size)) == rows
    for start, stop in [(0, 1), (255, 257), (300, 300), (511, 619), (600, 700)]:
        assert list(store.rows(start, min(stop, head.size))) == rows[start:stop]
    for row in rows[::50]:
        assert store.read(row.seq) == row.data
        assert store.find(row.id) == row.seq
    assert store.find(bytes(16)) is None
    with pytest.raises(Misuse):
        store.read(619)
    assert store.authority() == ledger.store.authority()
    assert [store.tile(0, n) for n in range(2)] == [ledger.store.tile(0, n) for n in range(2)]


def test_every_copy_verifies(read):
    from ledger.verify import verify_log

    ledger, store = read
    for check in (store.check_container, store.check_guards, store.check_ids):
        check()
    for processes in (1, 2):
        report = verify_log(store, ledger.own_policy(), processes=processes, opener=opening.opener_of(store))
        assert (report.verdict, report.size) == ("VERIFIED", 619)


def test_what_is_opened_for_reading_is_not_written(read):
    ledger, store = read
    before = everything(ledger.store)
    with pytest.raises(LedgerError), store.writing() as section:
        section.append(rows_of(619, 1), (), (), (), section.head()._replace(size=620))
    with pytest.raises(LedgerError):
        store.keep_checkpoint(3, b"three\n")
    with pytest.raises(LedgerError):
        store.erase(["a"])
    with pytest.raises(LedgerError):
        store.keep_anchor(Anchor(1, "checkpoint", 3, bytes(16), b"", b"", b""))
    assert everything(ledger.store) == before


def test_ids_and_times_stand_as_they_were_said(read):
    _, store = read
    for row in store.rows(0, 20):
        placed = entry.view(row.data)
        assert (placed.seq, encoding.id_bytes(placed.statement.id)) == (row.seq, row.id)
    assert saying(1)["time"] in store.read(618).decode()

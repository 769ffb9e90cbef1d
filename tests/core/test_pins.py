"""Pins: kept outside the log, forward only, whole or not at all; tails, places, first use."""

import os
import signal
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import entry, pins
from ledger.api import Ledger
from ledger.errors import Misuse, Tampered
from ledger.keys.log_key import LogKey
from ledger.notes.checkpoint import Checkpoint, sign_checkpoint
from ledger.pins import HOWS, Pin, Tail, leave_place, move_pin, parse_pin, pin_path, place_of, read_pin, strangers_at
from tests.examples import examples
from tests.log.acts import say
from tests.log.conftest import keys, template, told  # noqa: F401 - fixtures
from tests.log.forging import chained_anew, history, stored

TIME = "2026-11-01T08:00:00.000000Z"
KEY = LogKey.generate("ledger.test/one")


def pin(size, genesis="a" * 64, origin="ledger.test/one", **more):
    key = KEY if origin == "ledger.test/one" else LogKey.generate(origin)
    note = sign_checkpoint(Checkpoint(origin, size, bytes([size % 256]) * 32), key.everyday)
    return Pin(genesis, note.decode(), TIME, TIME, **more)


def test_a_pin_reads_back(tmp_path):
    path = tmp_path / "state/pins/one.json"
    move_pin(path, pin(5))
    assert read_pin(path) == pin(5)
    assert read_pin(path).checkpoint.size == 5
    first, *lines = path.read_text().split("\n\n")[0].split("\n")
    assert first == "ledger-pin/v1"
    assert [line.split()[0] for line in lines] == ["genesis", "how", "seen", "moved"]
    assert path.read_text().endswith(pin(5).note)
    assert path.parent.stat().st_mode & 0o077 == 0


def test_there_is_none_at_first(tmp_path):
    assert read_pin(tmp_path / "none.json") is None


def test_it_moves_forward_only(tmp_path):
    path = tmp_path / "one.json"
    for size, kept in ((5, 5), (4, 5), (5, 5), (9, 9), (1, 9), (10, 10)):
        move_pin(path, pin(size))
        assert read_pin(path).checkpoint.size == kept


def test_another_log_never_takes_its_place(tmp_path):
    path = tmp_path / "one.json"
    move_pin(path, pin(5))
    move_pin(path, pin(50, genesis="b" * 64))
    assert read_pin(path) == pin(5)


def test_a_child_that_is_forked_while_another_thread_moves_a_pin(tmp_path):
    """It inherits the open lock file: forked inside, it would wait for a lock that it holds itself."""
    path, begun, end = tmp_path / "one.pin", threading.Event(), threading.Event()

    def move():
        with pins._held(path):
            begun.set()
            end.wait(20)

    mover = threading.Thread(target=move)
    mover.start()
    assert begun.wait(20)
    threading.Timer(0.1, end.set).start()
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        move_pin(path, pin(5))
        os._exit(0)
    mover.join()
    assert os.waitpid(child, 0)[1] == 0
    move_pin(path, pin(6))
    assert read_pin(path).checkpoint.size == 6


def test_of_many_movers_the_farthest_wins(tmp_path):
    path = tmp_path / "one.json"
    sizes = [(n * 37) % 101 + 1 for n in range(100)]
    pins = {size: pin(size) for size in sizes}
    seen, stop = [], threading.Event()

    def watch():
        while not stop.is_set():
            found = read_pin(path)  # whole at every moment
            seen.append(found.checkpoint.size if found else 0)

    def move(part):
        for size in part:
            move_pin(path, pins[size])

    watcher = threading.Thread(target=watch)
    movers = [threading.Thread(target=move, args=(sizes[n::4],)) for n in range(4)]
    watcher.start()
    for mover in movers:
        mover.start()
    for mover in movers:
        mover.join()
    stop.set()
    watcher.join()
    assert read_pin(path).checkpoint.size == max(sizes)
    assert seen == sorted(seen)
    assert sorted(os.listdir(tmp_path)) == [".lock", "one.json"]  # nothing half-written is left


def test_of_many_processes_the_farthest_wins(tmp_path):
    path = tmp_path / "one.json"
    children = []
    for part in range(3):
        child = os.fork()
        if child == 0:
            for size in range(part + 1, 91, 3):
                move_pin(path, pin(size))
            os._exit(0)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 3
    assert read_pin(path).checkpoint.size == 90


GOOD = pin(5, places=("/srv/a b/ledger.db", "postgresql://db/ml")).text
BAD = {
    "nothing": "",
    "JSON": "{}",
    "a control": "\x00",
    "another version": GOOD.replace("/v1", "/v2"),
    "a genesis in capitals": GOOD.replace("a" * 64, "A" * 64),
    "no day": GOOD.replace("moved 2026-11-01", "moved 2026-11-31"),
    "another how": GOOD.replace("how first-use", "how guessed"),
    "a size with a zero": GOOD.replace("\n5\n", "\n05\n"),
    "no note": GOOD.partition("\n\n")[0] + "\n\n",
    "a line more": GOOD.replace("how ", "more 1\nhow ", 1),
    "lines the other way round": GOOD.replace("moved", "x").replace("seen", "moved").replace("x", "seen"),
    "a place unquoted": GOOD.replace("%20", " "),
    "a place with another spelling": GOOD.replace("%20", "%2520").replace("ledger.db", "%6cedger.db"),
    "CR LF": GOOD.replace("\n", "\r\n"),
    "a tail below the note": GOOD.replace("\n\n", f"\ntail 4 {'b' * 64}\n\n", 1),
    "two tails": GOOD.replace("\n\n", f"\ntail 5 {'b' * 64}\ntail 6 {'b' * 64}\n\n", 1),
    "a tail with words": GOOD.replace("\n\n", f"\ntail five {'b' * 64}\n\n", 1),
    "too long": GOOD + "x" * 100_000,
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_what_is_no_pin_is_said_and_left(tmp_path, content):
    path = tmp_path / "one.json"
    path.write_bytes(content.encode())
    with pytest.raises(Misuse) as caught:
        read_pin(path)
    assert caught.value.code == "pin"
    assert str(path) in caught.value.message
    with pytest.raises(Misuse):
        move_pin(path, pin(6))
    assert path.read_bytes() == content.encode()


def test_a_pin_in_the_way_of_which_a_folder_stands(tmp_path):
    (tmp_path / "one.json").mkdir()
    with pytest.raises(Misuse):
        read_pin(tmp_path / "one.json")
    (tmp_path / "file").write_text("")
    with pytest.raises(Misuse):
        move_pin(tmp_path / "file/one.json", pin(5))


def test_where_a_pin_is(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert pin_path("a.b/c") == tmp_path / "state/ledger/pins/a.b%2Fc.pin"
    assert pin_path("..").parent == tmp_path / "state/ledger/pins"
    assert "/" not in pin_path("../../x").name
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert pin_path("a") == tmp_path / ".local/state/ledger/pins/a.pin"
    monkeypatch.setenv("LEDGER_PIN", str(tmp_path / "own.json"))
    assert pin_path("a") == tmp_path / "own.json"


def test_a_damaged_pin_stops_the_writer(ledger):
    say(ledger)
    ledger.close()
    pin_path(ledger.origin).write_text("{}")
    with pytest.raises(Misuse) as caught:
        say(ledger)
    assert caught.value.code == "pin"
    assert len(ledger) == 2


def test_of_those_who_record_at_one_time_one_moves_the_pin(ledger):
    """The others move it when they end: it is never behind what a process recorded that closed its ledger."""
    path = pin_path(ledger.origin)
    say(ledger)
    moved = path.stat().st_ino
    with Ledger.open(ledger.path) as other:
        say(other, 2)
        assert path.stat().st_ino == moved
        long_ago = time.time() - 10
        os.utime(path, (long_ago, long_ago))
        other._pinned = 0.0
        say(other, 3)
        assert path.stat().st_ino != moved
        say(other, 4)
    assert read_pin(path).end == len(ledger) == 5


def test_recording_and_reading_by_another_user_needs_no_pin_of_ours(ledger, monkeypatch, tmp_path):
    say(ledger)
    ledger.close()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "hers"))
    with Ledger.open(ledger.path) as hers:
        assert hers.verify().verdict == "UNPINNED"
        say(hers, 2)
    assert read_pin(pin_path(ledger.origin)).checkpoint.size == 3


# ---- the form ----

HOW = st.sampled_from(HOWS)
BOUNDED = examples(200)


@BOUNDED
@given(st.lists(st.text(min_size=1, max_size=20), max_size=16), st.none() | st.integers(5, 2**50), HOW)
def test_what_is_written_is_read(places, tail, how):
    places = tuple(dict.fromkeys(place.replace("\x00", "") or "x" for place in places))
    made = pin(5, places=places, how=how, tail=None if tail is None else Tail(tail, "b" * 64))
    assert parse_pin(made.text.encode()) == made


@BOUNDED
@given(st.data())
def test_any_bytes_are_a_pin_with_one_spelling_or_misuse(data):
    good = GOOD.encode()
    place, cut = data.draw(st.integers(0, len(good))), data.draw(st.integers(0, 20))
    changed = good[:place] + data.draw(st.binary(max_size=20)) + good[place + cut :]
    try:
        found = parse_pin(changed)
    except Misuse:
        return
    assert found.text.encode() == changed


# ---- forward, with what was known before ----


def test_since_when_and_how_stay(tmp_path):
    path = tmp_path / "one.pin"
    move_pin(path, pin(5, how="created", places=("/a",)))
    later = Pin("a" * 64, pin(9).note, "2027-01-01T00:00:00.000000Z", places=("/b",))
    move_pin(path, later)
    found = read_pin(path)
    assert (found.checkpoint.size, found.time, found.seen, found.how) == (9, later.time, TIME, "created")
    assert found.places == ("/a", "/b")
    move_pin(path, pin(3, places=("/c",)))  # an older one only tells of a place
    assert (read_pin(path).checkpoint.size, read_pin(path).places) == (9, ("/a", "/b", "/c"))


def test_a_tail_grows_and_goes(tmp_path):
    path = tmp_path / "one.pin"
    for tail, kept in ((None, None), (7, 7), (6, 7), (9, 9), (None, 9)):
        move_pin(path, pin(5, tail=None if tail is None else Tail(tail, "b" * 64)))
        assert (read_pin(path).tail.seq if read_pin(path).tail else None) == kept
    assert read_pin(path).end == 10
    move_pin(path, pin(10))
    assert read_pin(path).tail is None


# ---- places ----


def test_another_log_at_the_place(monkeypatch, tmp_path):
    place = place_of(str(tmp_path / "ledger.db"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    move_pin(pin_path("ledger.test/one"), pin(5, places=(place,)))
    assert strangers_at(place, "a" * 64) == []
    ((path, found),) = strangers_at(place, "b" * 64)
    assert (path, found.checkpoint.origin) == (pin_path("ledger.test/one"), "ledger.test/one")
    assert strangers_at(place_of(str(tmp_path / "other.db")), "b" * 64) == []
    leave_place(str(tmp_path / "ledger.db"), "b" * 64)
    assert strangers_at(place, "b" * 64) == []
    assert read_pin(path) == pin(5)


def test_a_whole_ledger_is_replaced(ledger, tmp_path, monkeypatch):
    """Another origin, genesis and key at the same path: the writer refuses, the verifier says what used to be there."""
    say(ledger)
    ledger.close()
    with monkeypatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path / "theirs"))
        with Ledger.create(tmp_path / "forged.db", origin="ledger.test/two", actor="mara") as forged:
            say(forged)
    ledger.path.unlink()
    for left in tmp_path.glob("ledger.db-*"):
        left.unlink()
    (tmp_path / "forged.db").rename(ledger.path)
    with Ledger.open(ledger.path) as there:
        assert there.origin == "ledger.test/two"
        report = there.verify()
        assert (report.verdict, report.failures[0].code) == ("BROKEN", "other_genesis")
        assert "ledger.test/one, which used to be here" in report.failures[0].message
        with pytest.raises(Tampered) as caught:
            say(there, 2)
        assert caught.value.code == "replaced"
        leave_place(str(ledger.path), there.genesis_leaf)  # a person says so
        say(there, 2)
        assert there.verify().verdict == "VERIFIED"


def test_a_new_ledger_made_on_purpose_takes_the_place(ledger):
    say(ledger)
    path = ledger.path
    ledger.close()
    path.unlink()
    for left in path.parent.glob("ledger.db-*"):
        left.unlink()
    with Ledger.create(path, origin="ledger.test/two", actor="mara") as made:
        say(made)
        assert made.verify().verdict == "VERIFIED"
        assert read_pin(pin_path("ledger.test/two")).how == "created"


# ---- tails: what was placed without the log's key ----


@pytest.fixture
def placed(told, tmp_path, monkeypatch):  # noqa: F811
    """Three entries that no checkpoint covers, placed and closed."""
    monkeypatch.setenv("LEDGER_LOG_KEY", str(tmp_path / "none.key"))
    with Ledger.open(told.path) as other:
        for number in (50, 51, 52):
            say(other, number)
    monkeypatch.delenv("LEDGER_LOG_KEY")
    return told


def test_the_tail_is_pinned(placed):
    found = read_pin(pin_path(placed.origin))
    assert (found.checkpoint.size, found.end) == (16, 19)
    assert found.tail.leaf == entry.leaf(placed.read(18)).hex()
    assert placed.verify().verdict == "VERIFIED"
    say(placed, 60)
    placed.close()
    assert read_pin(pin_path(placed.origin)).tail is None


def rewritten(ledger, edit, datas):
    """Put other entries beyond the checkpoint, consistently, without any key."""
    head = ledger.store.head()
    edit(ledger.path, *history(datas, note=head.note))


def test_the_uncovered_tail_is_deleted(placed, edit):
    rewritten(placed, edit, stored(placed)[:16])
    report = placed.verify()
    assert [(one.check, one.code, one.seq) for one in report.failures] == [(4, "tail", 18)]
    assert "is missing, though it was placed" in report.failures[0].message
    with Ledger.open(placed.path) as again, pytest.raises(Tampered) as caught:
        say(again, 61)
    assert caught.value.code == "shrunk"


def test_the_uncovered_tail_is_placed_again_in_another_order(placed, edit):
    datas = stored(placed)
    rewritten(placed, edit, chained_anew([*datas[:16], datas[17], datas[16], datas[18]]))
    report = placed.verify()
    assert (4, "tail", 18) in [(one.check, one.code, one.seq) for one in report.failures]
    with Ledger.open(placed.path) as again, pytest.raises(Tampered) as caught:
        again.close_checkpoint()  # the log's key must not cover it
    assert caught.value.code == "tail"


# ---- first use ----


def test_a_pin_of_first_use_says_since_when(told, monkeypatch, tmp_path):  # noqa: F811
    assert "first_use" not in str(told.verify().vouchers) or not any(one.first_use for one in told.verify().vouchers)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "hers"))
    with Ledger.open(told.path) as hers:
        hers._log()
        hers.close_checkpoint()
        (voucher,) = [one for one in hers.verify().vouchers if one.kind == "pin"]
        assert voucher.first_use == read_pin(pin_path(told.origin)).seen

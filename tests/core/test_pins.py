"""Pins: kept outside the log, forward only, whole or not at all."""

import json
import os
import threading

import pytest

from ledger.api import Ledger
from ledger.errors import Misuse
from ledger.keys.log_key import LogKey
from ledger.notes.checkpoint import Checkpoint, sign_checkpoint
from ledger.pins import Pin, move_pin, pin_path, read_pin
from tests.log.acts import say

TIME = "2026-11-01T08:00:00.000000Z"
KEY = LogKey.generate("ledger.test/one")


def pin(size, genesis="a" * 64):
    note = sign_checkpoint(Checkpoint("ledger.test/one", size, bytes([size % 256]) * 32), KEY.everyday)
    return Pin(genesis, note.decode(), TIME)


def test_a_pin_reads_back(tmp_path):
    path = tmp_path / "state/pins/one.json"
    move_pin(path, pin(5))
    assert read_pin(path) == pin(5)
    assert read_pin(path).checkpoint.size == 5
    assert json.loads(path.read_text()).keys() == {"genesis", "note", "time"}
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


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[]", "null", "\x00", '{"genesis":"a","note":"","time":""}',
     json.dumps({"genesis": "a" * 64, "note": "x", "time": TIME}),
     json.dumps({"genesis": "a" * 64, "note": pin(5).note, "time": "monday"}),
     json.dumps({"genesis": "A" * 64, "note": pin(5).note, "time": TIME}),
     json.dumps({"genesis": "a" * 64, "note": pin(5).note.replace("\n5\n", "\n05\n"), "time": TIME}),
     json.dumps({"genesis": "a" * 64, "note": 5, "time": TIME})],
)  # fmt: skip
def test_what_is_no_pin_is_said_and_left(tmp_path, content):
    path = tmp_path / "one.json"
    path.write_text(content)
    with pytest.raises(Misuse) as caught:
        read_pin(path)
    assert caught.value.code == "pin"
    assert str(path) in caught.value.message
    with pytest.raises(Misuse):
        move_pin(path, pin(6))
    assert path.read_text() == content


def test_a_pin_in_the_way_of_which_a_folder_stands(tmp_path):
    (tmp_path / "one.json").mkdir()
    with pytest.raises(Misuse):
        read_pin(tmp_path / "one.json")
    (tmp_path / "file").write_text("")
    with pytest.raises(Misuse):
        move_pin(tmp_path / "file/one.json", pin(5))


def test_where_a_pin_is(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert pin_path("a.b/c") == tmp_path / "state/ledger/pins/a.b%2Fc.json"
    assert pin_path("..").parent == tmp_path / "state/ledger/pins"
    assert "/" not in pin_path("../../x").name
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert pin_path("a") == tmp_path / ".local/state/ledger/pins/a.json"
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


def test_recording_and_reading_by_another_user_needs_no_pin_of_ours(ledger, monkeypatch, tmp_path):
    say(ledger)
    ledger.close()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "hers"))
    with Ledger.open(ledger.path) as hers:
        assert hers.verify().verdict == "UNPINNED"
        say(hers, 2)
    assert read_pin(pin_path(ledger.origin)).checkpoint.size == 3

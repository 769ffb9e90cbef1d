"""Recording: order, all or nothing, retries, an expected head, many threads, many processes, a fork in the middle."""

import os
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from ledger.api import Ledger
from ledger.errors import Conflict, Misuse
from ledger.fresh import new_id
from tests.log import child
from tests.log.acts import MODEL, authorise, say, say_many, saying, tell


def sound(ledger, size):
    report = ledger.verify()
    assert (report.verdict, report.failures, report.size, report.checked) == ("VERIFIED", (), size, size)


def ids_of(ledger):
    return [entry.statement.id for entry in ledger]


def test_a_history_of_every_kind_stands_in_order(ledger, tmp_path):
    tell(ledger, tmp_path)
    entries = list(ledger)
    assert [entry.seq for entry in entries] == list(range(16))
    assert [entry.statement.actor for entry in entries] == ["mara"] * 7 + ["ana"] + ["mara"] * 8
    assert entries[8].batch.count == 4
    assert [entry.batch.first for entry in entries[9:12]] == [8, 8, 8]
    assert [entry.recorded for entry in entries] == sorted(entry.recorded for entry in entries)
    assert ledger.covered == len(ledger) == 16
    sound(ledger, 16)


def test_a_retry_with_the_same_id_gets_the_earlier_receipt(ledger):
    first = say(ledger)
    say(ledger, 2)
    again = say(ledger, id=first.id)
    assert (again.seq, again.leaf, again.hash, again.recorded) == (first.seq, first.leaf, first.hash, first.recorded)
    assert again.again
    assert not first.again
    assert len(ledger) == 3


def test_a_retry_in_another_process_gets_the_earlier_receipt(ledger):
    first = say(ledger)
    with Ledger.open(ledger.path) as other:
        again = say(other, id=first.id)
    assert (again.seq, again.leaf, again.again) == (first.seq, first.leaf, True)
    assert len(ledger) == 2


def test_a_retry_of_an_id_that_was_chosen_before_the_first_try(ledger):
    chosen = new_id()
    later = say(ledger)
    first = say(ledger, 2, id=chosen)  # below the newest id: it has to be looked up
    assert later.id > chosen
    assert say(ledger, 2, id=chosen).seq == first.seq == 2


@pytest.mark.parametrize(
    "changed",
    [{"metrics": {"auc": 0.5}}, {"version": "1.1"}, {"time": "2026-11-01T08:00:00.000001Z"}, {"reason": "another"}],
)
def test_the_same_id_with_other_content_is_a_conflict(ledger, changed):
    first = say(ledger)
    with pytest.raises(Conflict) as caught:
        ledger.record("evaluated", **{**saying(1), **changed}, id=first.id)
    assert caught.value.code == "same_id"
    assert "entry 1" in caught.value.message
    assert len(ledger) == 2


def test_the_id_of_the_genesis_is_taken(ledger):
    with pytest.raises(Conflict):
        say(ledger, id=ledger.find(0).statement.id)


def test_one_id_from_many_threads_is_recorded_once(ledger):
    chosen = new_id()
    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(lambda _: say(ledger, id=chosen), range(16)))
    assert {receipt.seq for receipt in receipts} == {1}
    assert sum(not receipt.again for receipt in receipts) == 1
    sound(ledger, 2)


def test_the_expected_head_is_the_size_before(ledger):
    say(ledger, expected_head=1)
    for wrong in (0, 1, 3):
        with pytest.raises(Conflict) as caught:
            say(ledger, 2, expected_head=wrong)
        assert caught.value.code == "expected_head"
        assert "2 entries" in caught.value.message
    assert say(ledger, 2, expected_head=2).seq == 2


def test_of_many_threads_that_expect_one_head_one_succeeds(ledger):
    def attempt(number):
        try:
            return say(ledger, number, expected_head=1).seq
        except Conflict:
            return None

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, range(8)))
    assert sorted(seq for seq in outcomes if seq is not None) == [1]
    assert len(ledger) == 2


def test_a_batch_is_recorded_whole_or_not_at_all(ledger):
    say_many(ledger, 3)

    def events():
        yield "evaluated", saying(10)
        yield "evaluated", saying(11) | {"metrics": {"auc": float("nan")}}

    with pytest.raises(Misuse):
        ledger.record_many(events())
    assert len(ledger) == 4
    with pytest.raises(Misuse):
        ledger.record_many([("evaluated", saying(20)), ("approved", {"system": "credit", "artifacts": {"m": MODEL}})])
    assert len(ledger) == 4
    assert say(ledger).seq == 4
    sound(ledger, 5)


def test_an_iterable_that_fails_leaves_the_ledger_usable(ledger):
    def events():
        yield "evaluated", saying(1)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ledger.record_many(events())
    assert len(ledger) == 1
    assert say(ledger).seq == 1
    sound(ledger, 2)


def test_no_events_are_no_entries(ledger):
    assert ledger.record_many([]).count == 0
    assert len(ledger) == 1


def test_more_than_a_batch_is_several_batches(ledger):
    recorded = say_many(ledger, 4_097 + 900)
    assert (recorded.count, recorded.first, recorded.last) == (4_997, 1, 4_997)
    assert ledger.find(1).batch.count == 4_096
    assert ledger.find(4_097).batch.count == 901
    sound(ledger, 4_998)


def test_the_limit_of_a_statement_is_exact(ledger):
    from ledger.encoding import STATEMENT_LIMIT
    from ledger.entry import body_of

    def note(size):
        return ledger.record("acme.example/note", text="x" * size)

    small = note(1)
    room = STATEMENT_LIMIT - len(body_of(ledger.read(small.seq)))
    largest = note(1 + room)
    assert len(body_of(ledger.read(largest.seq))) == STATEMENT_LIMIT
    with pytest.raises(Misuse) as caught:
        note(2 + room)
    assert "evidence" in str(caught.value)
    assert len(ledger) == 3
    sound(ledger, 3)


def test_eight_threads(ledger):
    def work(first):
        return [say(ledger, number) for number in range(first, first + 50)]

    with ThreadPoolExecutor(8) as pool:
        receipts = [receipt for part in pool.map(work, range(0, 400, 50)) for receipt in part]
    assert sorted(receipt.seq for receipt in receipts) == list(range(1, 401))
    assert all(ledger.find(receipt.seq).statement.id == receipt.id for receipt in receipts)
    sound(ledger, 401)


def test_errors_go_to_the_thread_that_made_them(ledger):
    taken = say(ledger).id

    def attempt(number):
        try:
            return say(ledger, number, id=taken if number % 2 else None).seq
        except Conflict as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, range(2, 42)))
    assert [outcome for outcome in outcomes if outcome == "same_id"] == ["same_id"] * 20
    assert sorted(outcome for outcome in outcomes if outcome != "same_id") == list(range(2, 22))
    sound(ledger, 22)


def test_two_authors_in_one_process(ledger, tmp_path):
    key = authorise(ledger, "ana", tmp_path)
    with Ledger.open(ledger.path, key=key) as hers, ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda one: [say(one, number) for number in range(30)], (ledger, hers)))
    actors = [entry.statement.actor for entry in ledger.entries(3)]
    assert (actors.count("ana"), actors.count("mara")) == (30, 30)
    sound(ledger, 63)


def test_four_processes(ledger):
    """Each takes in what the others placed, in between its own."""
    command = [sys.executable, child.__file__, str(ledger.path), "50"]
    started = [subprocess.Popen([*command, str(200 * n)], stdout=subprocess.PIPE, text=True) for n in range(4)]
    said = [line for one in started for line in one.communicate(timeout=120)[0].split()]
    assert [one.returncode for one in started] == [0] * 4
    acknowledged = [line for line in said if line != "ready"]
    assert len(acknowledged) == 200
    assert sorted(acknowledged) == sorted(ids_of(ledger)[1:])
    assert say(ledger).seq == 201
    sound(ledger, 202)


def test_readers_see_whole_moments_while_it_is_written(ledger):
    stop = threading.Event()
    faults = []

    def watch():
        with Ledger.open(ledger.path, read_only=True) as reader:
            while not stop.is_set():
                try:
                    size, entries = len(reader), list(reader.entries())
                    if not size <= len(entries) <= len(reader):
                        faults.append((size, len(entries)))
                    faults.extend(reader.verify().failures)
                except Exception as error:
                    faults.append(error)

    watchers = [threading.Thread(target=watch) for _ in range(2)]
    for one in watchers:
        one.start()
    for number in range(60):
        say(ledger, number)
    say_many(ledger, 300)
    stop.set()
    for one in watchers:
        one.join()
    assert faults == []
    sound(ledger, 361)


def test_a_reader_that_pauses_keeps_its_moment_and_stops_nobody(ledger):
    say_many(ledger, 600)
    reading = ledger.entries()
    head = [next(reading) for _ in range(5)]
    for number in range(20):
        say(ledger, number)
    rest = list(reading)
    assert [entry.seq for entry in head + rest] == list(range(601))


def test_it_is_found_again_when_it_is_opened_again(ledger, tmp_path):
    tell(ledger, tmp_path)
    before = ids_of(ledger)
    ledger.close()
    with Ledger.open(ledger.path) as again:
        assert ids_of(again) == before
        assert say(again).seq == 16
        sound(again, 17)
    assert say(ledger).seq == 17  # a closed one opens again where it is used


# ---- forks ----


def forked(work):
    """Run `work` in a forked child; return its exit code (0: it ended well). The parent goes on at once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12 warns of forks beside threads: that is the test
        pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        work()
        code = 0
    finally:
        os._exit(code)


def ended(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_parent_and_child_record_after_a_fork(ledger):
    say(ledger)
    pid = forked(lambda: [say(ledger, number) for number in range(20)])
    for number in range(20, 40):
        say(ledger, number)
    assert ended(pid) == 0
    assert len(ledger) == 42
    sound(ledger, 42)


def test_what_a_child_was_told_is_durable_though_its_parent_closed_first(ledger):
    """Where a child inherits what SQLite knows of locks, the parent removes the WAL that the child writes into."""
    say(ledger)
    asks, tells = os.pipe()
    goes, lets_go = os.pipe()

    def work():
        say(ledger, 2)
        os.write(tells, b".")
        os.read(goes, 1)
        said = [say(ledger, number).id for number in range(3, 8)]
        Path(f"{ledger.path}.said").write_text("\n".join(said))
        # ends without closing anything, as a killed process does

    pid = forked(work)
    os.read(asks, 1)
    ledger.close()
    os.write(lets_go, b".")
    assert ended(pid) == 0
    for end in (asks, tells, goes, lets_go):
        os.close(end)
    with Ledger.open(ledger.path) as again:
        said = Path(f"{ledger.path}.said").read_text().split()
        assert set(said) <= set(ids_of(again))
        sound(again, 8)


def test_forks_while_other_threads_record(ledger):
    stop = threading.Event()
    recorded, failed = [], []

    def work(first):
        number = first
        while not stop.is_set():
            try:
                recorded.append(say(ledger, number % 1000).id)
                list(ledger.entries(max(0, len(ledger) - 3)))
            except BaseException as error:
                failed.append(error)
                return
            number += 1

    threads = [threading.Thread(target=work, args=(n * 100,)) for n in range(3)]
    for thread in threads:
        thread.start()
    try:
        codes = [ended(forked(lambda: [say(ledger, number) for number in range(5)])) for _ in range(8)]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failed == []
    assert codes == [0] * 8
    assert set(recorded) <= set(ids_of(ledger))
    sound(ledger, 1 + len(recorded) + 40)


def test_a_fork_in_the_middle_of_reading(ledger):
    say_many(ledger, 600)
    reading = ledger.entries()
    next(reading)
    pid = forked(lambda: [say(ledger, number) for number in range(3)])
    assert sum(1 for _ in reading) == 600
    assert ended(pid) == 0
    sound(ledger, 604)


def test_a_notebook_shows_a_receipt_as_one_table_of_text(ledger):
    receipt = say(ledger)
    shown = receipt._repr_html_()
    assert shown.startswith("<table><tr><th>state</th><td>sealed; entry ")
    assert f'<span title="{receipt.leaf}">{receipt.leaf[:12]}</span>' in shown
    hostile = msgspec.structs.replace(receipt, actor="<script>alert(1)</script>", subject={"system": "<b>"})
    assert "<script" not in hostile._repr_html_()
    assert "<b>" not in hostile._repr_html_()
    spooled = msgspec.structs.replace(receipt, seq=-1, state="spooled", leaf="", why="db/ml is away")
    assert "spooled; db/ml is away" in spooled._repr_html_()

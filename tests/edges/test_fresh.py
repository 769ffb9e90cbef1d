"""Ids that rise within a process, and that no two processes share."""

import os
import threading
import warnings

from ledger import encoding
from ledger.fresh import new_id, new_ids


def test_ids_rise_whoever_asks_and_however_many():
    made = [new_id(), *new_ids(300)[0], *(new_id() for _ in range(300)), *new_ids(2)[0]]
    assert made == sorted(set(made))
    assert all(map(encoding.is_id, made))


def test_no_two_threads_get_the_same():
    made = [[] for _ in range(8)]
    threads = [threading.Thread(target=lambda own=own: own.extend(new_id() for _ in range(500))) for own in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ends = [text[-12:] for own in made for text in own]
    assert len(set(ends)) == len(ends)
    assert all(own == sorted(own) for own in made)


def test_a_forked_child_has_other_random_bytes_than_its_parent():
    new_id()  # bytes for more are in store now
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12 warns of forks beside threads
        child = os.fork()
    if child == 0:
        os.write(writing, "".join(new_id()[-12:] for _ in range(8)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reading, 96).decode()
    os.close(reading)
    os.close(writing)
    ours = {new_id()[-12:] for _ in range(80)}
    assert len(theirs) == 96
    assert not ours & {theirs[at : at + 12] for at in range(0, 96, 12)}

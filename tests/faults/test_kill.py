"""kill -9 against a process that records, at any moment: what was acknowledged is there, and the log verifies."""

import os
import random
import subprocess
import sys
import time

import pytest

from ledger.api import Ledger
from tests.conftest import ORIGIN
from tests.log import child
from tests.log.acts import say

ROUNDS = int(os.environ.get("LEDGER_KILL_ROUNDS", "8"))
WAYS = {"one_by_one": "record", "threads": "record by four threads", "many": "record many"}


def start_and_kill(location, number, way, chooser):
    """Return what was acknowledged before the end."""
    command = [sys.executable, child.__file__, location, "100000", str(number * 7), way]
    said = ""
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        if number < len(WAYS) or chooser.random() < 0.9:
            said = process.stdout.readline().decode()
        time.sleep(chooser.random() * 0.06)
        process.kill()
        said += process.stdout.read().decode()
    assert process.returncode == -9
    return said[: said.rfind("\n") + 1].split()


def kill_again_and_again(location, rounds, row):
    chooser = random.Random()
    acknowledged, sizes = [], []
    for number in range(rounds):
        way = list(WAYS)[number % 3]
        mine = start_and_kill(location, number, way, chooser)
        acknowledged += mine
        with Ledger.open(location) as after:
            there = [entry.statement.id for entry in after]
            found = row(WAYS[way])
            found.caused += 1
            found.gone += 1
            found.judge(mine, there)
            assert set(acknowledged) <= set(there)
            assert len(there) == len(after)
            report = after.verify()
            verdict = "VERIFIED" if acknowledged else report.verdict  # before that no pin may be made yet
            assert (report.verdict, report.failures) == (verdict, ()), report
            assert report.covered == report.size  # entries and their checkpoint are one commit
            sizes.append(len(after))
            acknowledged.append(say(after, number).id)
    assert sizes == sorted(set(sizes))
    assert sizes[-1] > rounds * 2  # they were killed at work, not before it


@pytest.mark.kill
def test_what_was_acknowledged_survives_a_kill(ledger, caused):
    ledger.close()
    kill_again_and_again(str(ledger.path), ROUNDS, lambda work: caused(work, "kill -9"))


@pytest.mark.kill
def test_what_was_acknowledged_survives_a_kill_before_a_server(url, caused):
    Ledger.create(url, origin=ORIGIN, actor="mara").close()
    kill_again_and_again(url, max(3, ROUNDS // 2), lambda work: caused(f"{work}, server", "kill -9"))

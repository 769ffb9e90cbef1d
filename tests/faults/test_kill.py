"""kill -9 against a process that records, at any moment: what was acknowledged is there, and the log verifies."""

import os
import random
import subprocess
import sys
import time

import pytest

from ledger.api import Ledger
from tests.log import child
from tests.log.acts import say

ROUNDS = int(os.environ.get("LEDGER_KILL_ROUNDS", "8"))
WAYS = ("one_by_one", "threads", "many")


@pytest.mark.kill
def test_what_was_acknowledged_survives_a_kill(ledger):
    chooser = random.Random()
    ledger.close()
    acknowledged, sizes = [], []
    for number in range(ROUNDS):
        command = [sys.executable, child.__file__, str(ledger.path), "100000", str(number * 7), WAYS[number % 3]]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout.readline() == b"ready\n"
            if chooser.random() < 0.9:
                acknowledged.append(process.stdout.readline().decode().strip())
            time.sleep(chooser.random() * 0.06)
            process.kill()
            said = process.stdout.read()
        assert process.returncode == -9
        acknowledged += said[: said.rfind(b"\n") + 1].decode().split()
        with Ledger.open(ledger.path) as after:
            there = [entry.statement.id for entry in after]
            assert len(set(there)) == len(there) == len(after)
            assert set(acknowledged) <= set(there)
            report = after.verify()
            verdict = "VERIFIED" if acknowledged else report.verdict  # before that no pin may be made yet
            assert (report.verdict, report.failures) == (verdict, ()), report
            assert report.covered == report.size  # entries and their checkpoint are one commit
            sizes.append(len(after))
            say(after, number)
    assert sizes == sorted(set(sizes))
    assert sizes[-1] > ROUNDS * 2  # they were killed at work, not before it

"""Several threads record for the first time at once: what reads a struct was learned before, by one of them."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from ledger.events import EVENTS
from ledger.shapes import LEARNED

TOP = Path(__file__).parents[2]

FIRST = """
import sys, threading
sys.setswitchinterval(1e-6)
from ledger.errors import LedgerError
from ledger.events import EVENTS, check_data
started = threading.Barrier(6)
def go():
    for name in EVENTS:
        started.wait()
        try:
            check_data(name, EVENTS[name].rev, {"metrics": {"auc": 0.5}, "kind": "human", "stage": "p", "reason": "x"})
        except LedgerError:
            pass
threads = [threading.Thread(target=go) for _ in range(6)]
[one.start() for one in threads]
[one.join() for one in threads]
"""


@pytest.mark.parametrize("time", range(4))
def test_threads_that_check_for_the_first_time_at_once(time):
    done = subprocess.run([sys.executable, "-c", FIRST], capture_output=True, text=True, cwd=TOP)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_struct_of_the_vocabulary_is_learned():
    assert {row.struct for row in EVENTS.values() if row.struct is not None} <= LEARNED


def structs_read_in(path):
    """Names of structs that a module has msgspec read when it is called: `convert(_, X)`, `decode(_, type=X)`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("msgspec.convert", "msgspec.json.decode"):
            words = {one.arg: one.value for one in node.keywords}
            kind = words.get("type") or (node.args[1] if len(node.args) > 1 else None)
            yield from (one.id for one in ast.walk(kind) if isinstance(one, ast.Name)) if kind is not None else ()


def test_every_struct_that_is_read_is_learned_or_decoded_where_its_module_is_imported():
    found = 0
    for package in ("ledger", "projections"):
        for path in (TOP / package).rglob("*.py"):
            name = ".".join(path.relative_to(TOP).with_suffix("").parts)
            for word in structs_read_in(path):
                kind = getattr(importlib.import_module(name), word, None)
                if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
                    found += 1
                    assert kind in LEARNED or f"msgspec.json.Decoder({word})" in path.read_text("utf-8"), (name, word)
    assert found > 6

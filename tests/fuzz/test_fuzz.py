"""What strangers hand over, changed at random for a while: every parser gives a value or a named error, and soon.

Some seconds for all of them by default, and the same changes in every run; for longer, and others each time,
`LEDGER_FUZZ_SECONDS=3600 pytest -m fuzz`. An input that reaches a
line of code that none before it has reached is kept, and changed further. One that fails is printed in base64: it goes
into kept.json.
"""

import ast
import base64
import json
import os
import random
import re
import sys
import time
from pathlib import Path

import pytest

from tests.anchors.conftest import _made  # noqa: F401 - a fixture
from tests.fuzz import world as good
from tests.fuzz.mutating import mutate
from tests.fuzz.parsers import BOTH, PARSERS, SECONDS_REFUSALS

LONG = os.environ.get("LEDGER_FUZZ_SECONDS", "")
SECONDS = float(LONG or 12)
SLOW = {False: 3.0, True: 20.0}  # most seconds of this process for one input, by whether it takes its time
CODE = (str(Path(__file__).parents[2] / "ledger"),)
KEPT = json.loads(Path(__file__).with_name("kept.json").read_text("utf-8"))


@pytest.fixture(scope="session")
def world(tmp_path_factory, request):
    """One small ledger and all that is made of it; with time-stamps where openssl is here."""
    import shutil

    from tests.anchors.authority import Served

    place, authority, served = tmp_path_factory.mktemp("fuzz"), None, None
    if shutil.which("openssl") is not None:
        authority = request.getfixturevalue("_made")
        served = Served(authority)
    with pytest.MonkeyPatch.context() as patch:
        for name, folder in (("HOME", ""), ("XDG_CONFIG_HOME", "config"), ("XDG_STATE_HOME", "state")):
            patch.setenv(name, str(place / "home" / folder))
        made = good.make(place, authority)
    if served is not None:
        served.close()
    return made


def seeds(world, name):
    found = PARSERS[name].seeds(world)
    if not found:
        pytest.skip("openssl is not installed: no time-stamping authority can be made")
    return list(found)


class Reached:
    """Which lines of the package were run: what reaches a new one is worth changing further."""

    def __init__(self):
        self.seen = set()
        self.new = False

    def trace(self, frame, event, arg):
        return self.line if frame.f_code.co_filename.startswith(CODE) else None

    def line(self, frame, event, arg):
        place = (frame.f_code, frame.f_lineno)
        if place not in self.seen:
            self.seen.add(place)
            self.new = True
        return self.line


def tried(world, parser, data, reached=None):
    """Give an input to a parser; fail for any outcome but a value or a named error, and for one that takes long."""
    started = time.process_time()
    try:
        if reached is not None:
            reached.new = False
            sys.settrace(reached.trace)
        parser.read(world, data)
    except parser.refuses:
        pass
    except Exception as error:
        sys.settrace(None)
        pytest.fail(f"{type(error).__name__}: {error}; the input is {base64.b64encode(data[:100_000]).decode()}")
    finally:
        sys.settrace(None)
    took = time.process_time() - started
    assert took < SLOW[parser.heavy], f"{took:.1f} s for {base64.b64encode(data[:100_000]).decode()}"


@pytest.mark.parametrize("name", PARSERS)
def test_good_examples_are_taken(world, name):
    parser = PARSERS[name]
    taken = 0
    for data in seeds(world, name):
        try:
            parser.read(world, data)
            taken += 1
        except parser.refuses:
            pass
    assert taken


def takes_bytes(node):
    return any(one.annotation is not None and ast.unparse(one.annotation) == "bytes" for one in node.args.args)


def test_every_parser_of_bytes_is_in_the_table():
    """By its name: whatever reads or parses bytes, in the package and in the auditor's file."""
    table = Path(__file__).with_name("parsers.py").read_text("utf-8")
    found = [
        node.name
        for path in (Path(CODE[0])).rglob("*.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and re.match("(read|parse)_", node.name) and takes_bytes(node)
    ]
    assert len(found) > 18
    assert not [name for name in found if not re.search(rf"\b{name}\b", table)]


@pytest.mark.fuzz
@pytest.mark.parametrize("name", PARSERS)
def test_a_value_or_a_named_error(world, name, record_property):
    parser, chooser = PARSERS[name], random.Random(None if LONG else name)
    corpus, reached, count = seeds(world, name), Reached(), 0
    for data in [base64.b64decode(text) for text in KEPT.get(name, ())] + corpus[:]:
        tried(world, parser, data, None if parser.heavy else reached)
    end = time.monotonic() + SECONDS / (len(PARSERS) + len(BOTH))
    while time.monotonic() < end:
        data = mutate(chooser.choice(corpus), corpus, chooser)
        tried(world, parser, data, None if parser.heavy else reached)
        count += 1
        if reached.new and len(data) < 200_000:
            corpus.append(data)
    assert count > 0
    record_property("inputs", count)
    record_property("lines", len(reached.seen))


def outcome(read, world, data):
    """Return the verdict where there is one, else whether it was taken."""
    try:
        found = read(world, data)
    except Exception as error:  # which ones may be raised is the other test's matter
        return "refused" if isinstance(error, (*SECONDS_REFUSALS, PARSERS["entry"].refuses[0])) else error
    return found if isinstance(found, str) else "taken"


@pytest.mark.fuzz
@pytest.mark.parametrize("name", BOTH)
def test_the_package_and_the_auditors_file_agree(world, name):
    ours, theirs = BOTH[name]
    corpus, chooser = seeds(world, name), random.Random(None if LONG else name)
    end = time.monotonic() + SECONDS / (len(PARSERS) + len(BOTH))
    waiting = [base64.b64decode(text) for text in KEPT.get(f"both: {name}", ())] + corpus[:]
    while waiting or time.monotonic() < end:
        data = waiting.pop() if waiting else mutate(chooser.choice(corpus), corpus, chooser)
        one, other = outcome(ours, world, data), outcome(theirs, world, data)
        assert one == other, f"{one} by the package, {other} by verify.py: {base64.b64encode(data[:100_000]).decode()}"
        if one == "taken" and len(data) < 100_000:
            corpus.append(data)

"""Text for people: nothing is lost where it does not fit, and it fits."""

import os
import pty
import struct
import subprocess
import sys
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

import pytest

from ledger.cli.layout import blocks, columns, fit

ROW = ("metric", "approval_rate, foreign_worker=yes", "0.8571", "below min n", "10, 20")


@pytest.mark.parametrize("width", [100, 60, 40])
def test_a_cell_that_does_not_fit_goes_on_below(width):
    lines = columns([("part", "name", "before", "note", "entries"), ROW], width=width)
    assert all(len(line) <= width for line in lines)
    letters = "".join("".join(lines[1:]).split())
    assert sorted(letters) == sorted("".join("".join(ROW).split()))


def test_words_are_broken_only_where_nothing_else_gives_way():
    first, *rest = columns([("credit@2026-11 of last year", "sha256:9372c470eeadd5ecd9c3")], width=48)
    assert first.split()[-1] == "sha256:9372c470eeadd5ecd9c3"
    assert rest
    assert any(len(part) < 27 for line in columns([("a", "sha256:9372c470eeadd5ecd9c3")], width=20) for part in [line])


def test_what_is_kept_gives_way_last():
    assert fit([30, 20, 20], 60, [30, 1, 1], frozenset({1, 2})) == [16, 20, 20]
    assert sum(fit([30, 20, 20], 20, [30, 1, 1], frozenset({1, 2}))) + 4 <= 20


def test_each_row_keeps_its_lines():
    assert [len(lines) for lines in blocks([("a", "b"), ("a", "word " * 20)], width=60)] == [1, 2]


def test_a_narrow_terminal_is_filled_and_not_left(story):
    """In a real terminal of 70 columns no line is longer, and nothing is coloured under NO_COLOR."""
    for words in (("production",), ("lineage", "credit-scoring@3.1.0"), ("log",), ("verify",), ("doctor",)):
        text = in_terminal(words, 70)
        assert "\x1b" not in text
        assert max(map(len, text.splitlines())) <= 70, text
        assert text.strip(), words


def in_terminal(words, width):
    main, side = pty.openpty()
    ioctl(side, TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    setting = {key: value for key, value in os.environ.items() if key != "COLUMNS"} | {"NO_COLOR": "1"}
    with subprocess.Popen([sys.executable, "-m", "ledger", *words], stdout=side, stderr=side, env=setting) as child:
        os.close(side)
        said = b""
        while True:
            try:
                part = os.read(main, 65536)
            except OSError:  # Linux's word for the end of a terminal
                break
            if not part:
                break
            said += part
        child.wait(60)
    os.close(main)
    return said.decode().replace("\r\n", "\n")


def test_names_as_long_as_they_may_be_fit(run, ledger, tmp_path):
    """System and version of 60 characters each: every line of every answer still fits into 100 columns."""
    name, label = "s" * 60, "1" * 60
    Path("a").write_text("a")
    run("record", "trained", f"{name}@{label}", "--file", "model=a", "--parameters", f"{'q' * 90}={'w' * 90}")
    run("record", "deployed", f"{name}@{label}", "--environment", "production")
    Path("a").write_text("b")
    run("record", "trained", f"{name}@2", "--file", "model=a")
    for words in (
        *(("log",), ("show", "1"), ("production",), ("registry",), ("lineage", f"{name}@{label}")),
        *(("diff", f"{name}@{label}", f"{name}@2"), ("verify",), ("key", "list"), ("pin", "show")),
    ):
        done = run(*words)
        assert done.code == 0, words
        assert max(map(len, done.out.splitlines())) <= 100, words

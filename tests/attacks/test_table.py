"""The table is whole, says what is tested, and names tests that exist."""

import ast
from pathlib import Path

from tests.attacks import forms, keys, rows, write  # noqa: F401 - they fill the table
from tests.attacks.elsewhere import ELSEWHERE
from tests.attacks.table import ATTACKS

TESTS = Path(__file__).parents[1]


def test_every_number_is_in_it():
    assert {one.number for one in ATTACKS} | {one.number for one in ELSEWHERE} == set(range(1, 76))


def test_every_test_that_is_named_exists():
    known = {}
    for row in ELSEWHERE:
        file, _, name = row.test.partition("::")
        if file not in known:
            tree = ast.parse((TESTS / file).read_text("utf-8"))
            known[file] = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert name in known[file], row


def test_the_page_is_what_the_tables_give():
    assert write.README.read_text("utf-8") == write.text()


def test_no_two_attacks_are_the_same():
    runs = [(one.number, one.what) for one in ATTACKS]
    assert len(set(runs)) == len(runs)

"""The page of faults says what the tests do: a row each, no loss, no test without a row, no work left out."""

import ast
import json
from pathlib import Path

import pytest

from tests.faults import write
from tests.faults.table import FAULTS, ROWS, WORKS
from tests.faults.tally import Found

TESTS = Path(__file__).parents[1]
# Every work of a ledger, and every way in which a disk fails it, at each of its calls.
GRID_WORKS = ("record", "record many", "seal a tail", "close a checkpoint", "publish", "rebuild what is computed",
              "rebuild projections", "migrate", "spool")  # fmt: skip
GRID_FAULTS = ("I/O error", "short write", "disk full", "crash", "power cut")


def fault_tests():
    """Every test that causes faults, and whether it reports them: those marked so, and those that take `caused`."""
    for path in sorted(TESTS.rglob("test_*.py")):
        text = path.read_text("utf-8")
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                marks = {ast.unparse(one) for one in node.decorator_list}
                reports = "caused" in {one.arg for one in node.args.args} or 'getfixturevalue("caused")' in (
                    ast.get_source_segment(text, node) or ""
                )
                if reports or marks & {"pytest.mark.faults", "pytest.mark.kill"}:
                    yield f"{path.relative_to(TESTS)}::{node.name}", reports


def test_no_fault_test_is_without_a_row():
    found = dict(fault_tests())
    assert all(found.values()), [name for name, reports in found.items() if not reports]
    assert set(found) == set(ROWS.values())


def test_every_work_is_done_under_every_fault():
    assert {(work, fault) for work in GRID_WORKS for fault in GRID_FAULTS} <= ROWS.keys()
    assert {fault for _, fault in ROWS} == set(FAULTS)
    assert {work.removesuffix(", server") for work, _ in ROWS} == set(WORKS)


def test_the_page_is_that_of_its_figures_and_of_the_tests():
    figures = json.loads(write.FIGURES.read_text("utf-8"))
    assert write.README.read_text("utf-8") == write.text(figures)
    assert {(row["work"], row["fault"]) for row in figures["rows"]} == ROWS.keys()


def test_nothing_was_lost():
    for row in json.loads(write.FIGURES.read_text("utf-8"))["rows"]:
        assert row["lost"] == 0
        assert row["caused"] > 0
        assert row["acknowledged"] + row["absent"] + row["whole"] > 0, row


@pytest.mark.parametrize("there", [["a"], [], ["a", "b", "b"]])
def test_a_loss_and_a_double_fail_at_once(there):
    with pytest.raises(AssertionError):
        Found().judge(["a", "b"], there)


def test_what_is_counted():
    found = Found()
    found.judge(["a"], ["a", "c", "x"], ["a", "b", "c"])
    found.refuse("full", "not recorded")
    found.refuse("store", "unknown")
    assert found.row() == {
        "caused": 0, "acknowledged": 1, "lost": 0, "absent": 1, "whole": 1, "gone": 0,
        "refused": {"full": 1, "store: outcome unknown": 1},
    }  # fmt: skip

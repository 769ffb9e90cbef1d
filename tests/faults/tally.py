"""What was caused, how often, and what was found: every fault test reports here, and the page is made of it.

A test takes the fixture `caused`, says which row of the table it fills, and hands over what was asked for, what was
acknowledged and what is there: a loss fails the test at once. With LEDGER_FAULT_FIGURES=FILE a run writes its rows.
"""

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.faults.table import ROWS

FIGURES = os.environ.get("LEDGER_FAULT_FIGURES", "")
ALL = os.environ.get("LEDGER_FAULTS") == "all"
TESTS = Path(__file__).parents[1]


class Found:
    """One row: faults caused, entries acknowledged and lost, unacknowledged ones absent and whole, refusals by code."""

    def __init__(self) -> None:
        self.caused = self.acknowledged = self.lost = self.absent = self.whole = self.gone = 0
        self.refused: Counter[str] = Counter()

    def judge(self, acknowledged: Iterable[str], there: Iterable[str], asked: Iterable[str] = ()) -> None:
        """Count what one fault left: by id, what was acknowledged, what was asked for, what is there."""
        acknowledged, there, asked = set(acknowledged), list(there), set(asked)
        assert len(there) == len(set(there)), "an entry is there twice"
        lost, open_ = acknowledged - set(there), asked - acknowledged
        self.acknowledged += len(acknowledged)
        self.lost += len(lost)
        self.whole += len(open_ & set(there))
        self.absent += len(open_ - set(there))
        assert not lost, f"acknowledged, and not there: {sorted(lost)}"

    def refuse(self, code: str, outcome: str = "") -> None:
        """Count a refusal; `outcome` is what an `Unavailable` says of what was asked for."""
        self.refused[f"{code}: outcome unknown" if outcome == "unknown" else code] += 1

    def row(self) -> dict[str, object]:
        """Return it as the page's file keeps it."""
        return {**vars(self), "refused": dict(sorted(self.refused.items()))}


@pytest.fixture(scope="session")
def _found() -> Iterator[dict[tuple[str, str], Found]]:
    found: dict[tuple[str, str], Found] = {}
    yield found
    if FIGURES:
        rows = [{"work": key[0], "fault": key[1], "in_full": ALL, **found[key].row()} for key in sorted(found)]
        Path(FIGURES).write_text(json.dumps(rows), encoding="utf-8")


@pytest.fixture
def caused(request, _found):
    """Return the row of a work and a fault, as `caused(work, fault)`; the table must name this test for it."""
    here = f"{request.path.relative_to(TESTS)}::{request.node.originalname}"
    mine: list[Found] = []

    def row(work: str, fault: str) -> Found:
        assert ROWS.get((work, fault)) == here, f"tests/faults/table.py names no {work!r} under {fault!r} by {here}"
        found = _found.setdefault((work, fault), Found())
        mine.append(found)
        return found

    yield row
    assert mine, "it caused nothing, or did not say so"
    assert all(one.caused for one in mine), "no fault was met"

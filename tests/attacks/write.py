"""Writes tests/attacks/README.md from the tables: `python -m tests.attacks.write`."""

from pathlib import Path

from tests.attacks import forms, keys, rows  # noqa: F401 - they fill the table
from tests.attacks.elsewhere import ELSEWHERE
from tests.attacks.table import ATTACKS

README = Path(__file__).with_name("README.md")
_HEAD = """# The attack lab

Who attacks, what exactly is changed, what must notice, and what is said: V verified, U unpinned, N unverifiable,
B broken, M refused at once, `-` not noticed by anything. `alone -> held`: where the verifier has nothing of their own,
and where they hold the log's key and a checkpoint from before. Numbers of checks are those of
[FORMAT.md](../../ledger/FORMAT.md), section 12; one number of an attack may have several rows.

The first table's attacks are carried out on every run against a SQLite file, a bundle and a published folder, each made
consistent as far as the attacker can, before the library, the command line and, for bundles, `verify.py`: all must say
what stands here, and name the same entry. The second table names the test that carries each attack out.

| # | who has | what is changed | must notice | said | named |
|---|---|---|---|---|---|
"""
_MIDDLE = """
| # | who has | what is changed | must notice | said | carried out by |
|---|---|---|---|---|---|
"""


def text() -> str:
    """Return the page."""
    first = []
    for one in sorted(ATTACKS, key=lambda one: one.number):
        said = one.alone if one.alone == one.held else f"{one.alone} -> {one.held}"
        said += f"; folder {one.tiles}" if one.tiles else ""
        checks = ", ".join(f"C{check}" for check in sorted(one.checks)) or "-"
        named = f"entry {one.entry}" if one.entry is not None else ""
        first.append(f"| {one.number} | {one.who} | {one.what} | {checks} | {said} | {named} |\n")
    second = [
        f"| {one.number} | {one.who} | {one.what} | {one.notice} | {one.verdict} | `{one.test}` |\n"
        for one in sorted(ELSEWHERE, key=lambda one: one.number)
    ]
    return _HEAD + "".join(first) + _MIDDLE + "".join(second)


if __name__ == "__main__":
    README.write_text(text(), encoding="utf-8")

"""Asking a person: on a terminal, where somebody sits; never where nobody does."""

import shutil
import sys
from typing import NamedTuple, TextIO

import click

from ledger.cli.layout import WIDTH
from ledger.cli.screen import Paint
from ledger.errors import Misuse


class Seat(NamedTuple):
    """Where somebody is shown things; `asks`: they can be asked, too."""

    stream: TextIO
    asks: bool

    @property
    def paint(self) -> Paint:
        """Colour, where that is seen."""
        return Paint.of(self.stream)

    def say(self, lines: list[str]) -> None:
        """Print lines at once: what is asked next rests on them."""
        print("\n".join(lines), file=self.stream, flush=True)


def seat(verb: str, named: str, yes: str | None) -> Seat:
    """Return where to show and ask; raise `Misuse` where nobody can be asked and `--yes` does not answer.

    What is shown goes to stdout where that is a terminal, else to stderr: stdout is then an answer for programs.
    """
    stream = sys.stdout if sys.stdout.isatty() else sys.stderr
    if yes is not None:
        return Seat(stream, asks=False)
    if not (sys.stdin.isatty() and stream.isatty()):
        version = named.rpartition("@")[2]
        raise Misuse(
            f"{verb} asks a person, and there is no terminal; nothing was recorded",
            f"look first (ledger lineage {named}), then: --yes {version}",
            code="no_terminal",
        )
    return Seat(stream, asks=True)


def width() -> int:
    """Return how many columns there are, at most 100."""
    return max(60, min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns))


def ask_condition() -> list[str]:
    """Return the condition that the person names, if any."""
    said = _ask("Condition (empty for none)")
    return [said] if said else []


def ask_version(verb: str, version: str) -> bool:
    """Whether the person typed the version, which is what stands between looking and signing."""
    return _ask(f"Type the version to {verb}, anything else stops") == version


def confirm(lines: list[str], what: str) -> str:
    """Show lines on stderr and return what the person types: whether it is right is for the caller to say."""
    print("\n".join(lines), file=sys.stderr, flush=True)
    return _ask(what, err=True)


def _ask(what: str, *, err: bool | None = None) -> str:
    try:
        return str(click.prompt(what, default="", show_default=False, err=err or not sys.stdout.isatty())).strip()
    except click.Abort:
        print("\nStopped. Nothing was recorded.", file=sys.stderr)
        raise

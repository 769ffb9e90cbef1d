"""`ledger changelog`: Annex IV point 6, as Markdown in a file or a pipe, as a page on a terminal."""

import sys
from typing import TYPE_CHECKING

import click

from ledger import __version__
from ledger.cli.asking import asked, check_system, past
from ledger.cli.frame import Call, command
from ledger.cli.page import page_lines
from ledger.cli.screen import Answer, Paint
from ledger.errors import Misuse
from ledger.proving import root_at
from projections.questions.changes import changelog as answer
from projections.questions.changes_text import render_changelog
from projections.questions.registry import registry

if TYPE_CHECKING:
    from projections.opening import Projections


@command()
@click.argument("system", required=False)
@click.option("--markdown", is_flag=True, help="Markdown on a terminal too, as in a file or a pipe.")
@past
def changelog(call: Call, system: str | None, markdown: bool, as_of: str | None, known_at: str | None) -> Answer:
    """Print what changed from version to version, why, and by whom it was approved (Annex IV point 6)."""
    with asked(call, as_of, known_at) as (ledger, projections):
        projections.catch_up()
        wanted = system or ledger.place.system or _only_system(projections)
        check_system(projections, wanted)
        found = answer(projections, wanted) | {"generator": f"lifecycle-ledger {__version__}"}
        if found["size"]:
            root = root_at(ledger.store, ledger.store.head(), found["size"])
            found["root"] = f"sha256:{root.hex()}"
    text = render_changelog(found)

    def lines(paint: Paint) -> list[str]:
        if markdown or not sys.stdout.isatty():
            return text.splitlines()
        return page_lines(text, paint)

    return Answer(found, lines)


def _only_system(projections: "Projections") -> str:
    known = [one["system"] for one in registry(projections)["systems"]]
    if len(known) != 1:
        what = f"{len(known)} systems are here: {', '.join(known)}" if known else "no system is here yet"
        raise Misuse(
            what,
            "ledger changelog SYSTEM" if known else "ledger record system_registered NAME --purpose TEXT",
            code="which_system",
        )
    return str(known[0])

"""`ledger demo`: the whole story on a real model, and what to try next."""

from pathlib import Path
from typing import Any, Final

import click

from ledger.cli.frame import Call, command
from ledger.cli.screen import Answer, Paint
from ledger.errors import Misuse

_ASK: Final = (
    ("ledger production", "which version runs now, from which data, approved by whom"),
    ("ledger changelog", "what changed and why, as Annex IV point 6 asks"),
    ("ledger findings", "what is odd or missing, and the command that mends it"),
    ("ledger show 10", "one entry, in full"),
    ("ledger verify", "every check"),
)
_GO_ON: Final = (
    "ledger record substantial_modification_assessed credit-scoring@3.1.0 \\",
    "  --decision not_substantial --reason 'same purpose, same inputs, within its thresholds'",
)
_CHEAT: Final = (
    'sqlite3 ledger.db "DROP TRIGGER entries_no_update"',
    "sqlite3 ledger.db \"UPDATE entries SET bytes = replace(bytes, '0.7', '0.9') WHERE seq = 10\"",
)


@command()
@click.option("--folder", default="ledger-demo", show_default=True, help="Where to play; must not exist yet.")
@click.option("--seed", default=7, show_default=True, type=int, help="Seed of the cut and of the training.")
def demo(call: Call, folder: str, seed: int) -> Answer:
    """Play the whole story on a real credit model: data, training, approval, deployment, drift, replacement."""
    from ledger import __version__
    from ledger.api import Ledger
    from ledger.demo.story import play
    from ledger.marks import keep_mark

    if call.location is not None:
        raise Misuse("the demo makes a ledger of its own", "ledger demo --folder NAME", code="option")
    tell = (lambda _: None) if call.json else click.echo
    place = play(Path(folder), seed, tell)
    with Ledger.open(place, read_only=True) as ledger:
        report = ledger.verify()
        keep_mark(ledger.store, ledger.genesis, report, __version__)
        document: dict[str, Any] = {
            "schema": "ledger.demo/1",
            "folder": str(place),
            "origin": ledger.origin,
            "size": len(ledger),
            "verdict": report.verdict.lower(),
        }

    def lines(paint: Paint) -> list[str]:
        return [
            "",
            f"{paint('green', report.verdict)}  {report.checked} of {report.size} entries: every check and signature.",
            "",
            "Everything is in that folder. Now ask it:",
            f"  cd {place}",
            *(f"  {words:<31}{told}" for words, told in _ASK),
            "Go on with the story, as mara, with her key and the log's:",
            "  export LEDGER_KEY=keys/mara.key LEDGER_LOG_KEY=keys/log.key",
            *(f"  {line}" for line in _GO_ON),
            "Then cheat: better a result in the database, and verify again.",
            *(f"  {line}" for line in _CHEAT),
        ]

    return Answer(document, lines)

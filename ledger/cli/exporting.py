"""`ledger export`."""

import re
from pathlib import Path
from typing import Final

import click

from ledger.bundle.export import ALL, export_bundle, is_closed
from ledger.cli.frame import Call, command
from ledger.cli.layout import pairs, short_path
from ledger.cli.screen import Answer, Paint
from ledger.errors import Misuse
from ledger.identity import log_key_file

_MANY: Final = 1_000_000


@command()
@click.argument("output", metavar="BUNDLE.zip", type=click.Path(path_type=Path))
@click.option(
    "--evidence",
    multiple=True,
    metavar="PATH",
    type=click.Path(path_type=Path, exists=True),
    help="A file or folder that an entry names.",
)
@click.option("--disclose", metavar="all|SEQ,SEQ...", help="Hand out sealed values; else none.")
@click.option("--entries", "chosen", metavar="SEQ,SEQ-SEQ...", help="These alone, of the others only the hashes.")
def export(call: Call, output: Path, evidence: tuple[Path, ...], disclose: str | None, chosen: str | None) -> Answer:
    """Write one file for an auditor: entries, checkpoints, the format, a verifier that needs only Python."""
    shown = ALL if disclose == ALL else numbers(disclose, "--disclose") if disclose else ()
    entries = numbers(chosen, "--entries") if chosen else None
    _close(call)
    with call.open() as ledger:
        key = ledger.trust().log_keys.current.keys[0].text
        made = export_bundle(ledger.store, ledger.genesis, output, evidence=evidence, disclose=shown, entries=entries)
        document = {"schema": "ledger.export/1", "origin": ledger.origin, "file": str(output), **made._asdict()}

    def lines(paint: Paint) -> list[str]:
        uncovered = made.size - made.covered
        partial = f"{made.entries:,} of " if made.entries < made.size else ""
        rows = [
            ("entries", f"{partial}{made.size:,}" + (f", the last {uncovered:,} not covered" if uncovered else "")),
            ("disclosed", f"{made.disclosed:,} sealed values" if made.disclosed else "none: sealed values stay sealed"),
            ("evidence", f"{made.evidence:,} files" if made.evidence else "no files, only their digests"),
            ("key", "tell it by another way than the file goes (contract, web site, telephone):"),
            ("", key),
            ("check", f"ledger verify {short_path(output)} --key '...'"),
            ("or", f"python3 -I verify.py {short_path(output)} --key '...'   (verify.py is in it, and in the package)"),
            ("ask", f"ledger production --ledger {short_path(output)}; so registry, lineage, changelog, show, log"),
        ]
        return [f"{paint('green', 'Wrote')} {short_path(output)}, {made.bytes:,} bytes.", *pairs(rows)]

    return Answer(document, lines)


def _close(call: Call) -> None:
    """Have both of the log's keys sign the head, where that was not done yet and the keys are here."""
    with call.open() as ledger:
        log_keys = ledger.trust().log_keys
        if is_closed(ledger.store.head(), log_keys.current.keys) or log_key_file(log_keys) is None:
            return
    with call.open(read_only=False) as ledger:
        ledger.close_checkpoint()


def numbers(text: str, option: str) -> set[int]:
    """Return the numbers that `4,9-12` names."""
    if not re.fullmatch(r"[0-9]{1,15}(-[0-9]{1,15})?(,[0-9]{1,15}(-[0-9]{1,15})?)*", text, re.ASCII):
        raise Misuse(f"{option} {text!r} does not name entries by their numbers", f"{option} 4,9-12", code="usage")
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        span = range(int(first), int(last or first) + 1)
        if len(span) > _MANY:
            raise Misuse(f"{option} {part} names more than {_MANY:,} entries", "export all of them", code="usage")
        found.update(span)
    return found

"""`ledger export`."""

import re
from pathlib import Path

import click

from ledger.bundle.export import ALL, export_bundle, is_closed
from ledger.cli.frame import Call, command
from ledger.cli.layout import pairs, short_path
from ledger.cli.screen import Answer, Paint
from ledger.config import log_key_path
from ledger.errors import Misuse


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
def export(call: Call, output: Path, evidence: tuple[Path, ...], disclose: str | None) -> Answer:
    """Write one file for an auditor: entries, checkpoints, the format, a verifier that needs only Python."""
    chosen = _entries(disclose) if disclose else ()
    _close(call)
    with call.open() as ledger:
        made = export_bundle(ledger.store, ledger.genesis, output, evidence=evidence, disclose=chosen)
        document = {"schema": "ledger.export/1", "origin": ledger.origin, "file": str(output), **made._asdict()}

    def lines(paint: Paint) -> list[str]:
        uncovered = made.size - made.covered
        rows = [
            ("entries", f"{made.size:,}" + (f", the last {uncovered:,} not covered" if uncovered else "")),
            ("disclosed", f"{made.disclosed:,} sealed values" if made.disclosed else "none: sealed values stay sealed"),
            ("evidence", f"{made.evidence:,} files" if made.evidence else "no files, only their digests"),
            ("check", f"ledger verify {short_path(output)} --key 'NAME+HEX+BASE64'"),
            ("or", f"python3 -I verify.py {short_path(output)} --key '...'   (verify.py is in it, and in the package)"),
        ]
        return [f"{paint('green', 'Wrote')} {short_path(output)}, {made.bytes:,} bytes.", *pairs(rows)]

    return Answer(document, lines)


def _close(call: Call) -> None:
    """Have both of the log's keys sign the head, where that was not done yet and the keys are here."""
    with call.open() as ledger:
        if is_closed(ledger.store.head(), ledger.genesis) or not log_key_path(ledger.origin).exists():
            return
    with call.open(read_only=False) as ledger:
        ledger.close_checkpoint()


def _entries(text: str) -> set[int] | str:
    if text == ALL:
        return ALL
    if not re.fullmatch(r"[0-9]{1,15}(,[0-9]{1,15})*", text):
        raise Misuse(f"--disclose {text!r} is neither all nor numbers of entries", "--disclose 4,9", code="usage")
    return {int(number) for number in text.split(",")}

"""`ledger backup` and `ledger restore`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ledger.cli.frame import Call, command
from ledger.cli.layout import pairs
from ledger.cli.progress import progress_bar
from ledger.cli.screen import Answer, Paint
from ledger.errors import Misuse

if TYPE_CHECKING:
    from ledger.backups import Copied


@command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
def backup(call: Call, file: Path) -> Answer:
    """Copy the ledger, while it is written to, into FILE: a SQLite file that every command reads; and check the copy.

    What runs on PostgreSQL can be backed up with pg_dump, too. Keys and pins are not in it: keep them elsewhere.
    """
    from ledger.backups import back_up

    with call.open() as ledger:
        origin = ledger.origin
        with progress_bar("copy", len(ledger)) as progress:
            copied = back_up(ledger, file, progress)
    return _told(
        "ledger.backup/1", f"Backed up {origin}.", origin, copied, file=str(file), size_bytes=file.stat().st_size
    )


@command()
@click.argument("backup", metavar="BACKUP", type=click.Path(path_type=Path))
@click.argument("destination", metavar="[DST]", required=False)
def restore(call: Call, backup: Path, destination: str | None) -> Answer:
    """Take BACKUP up again as the ledger at DST (else where ledger.toml says), where none may be.

    One that is behind your pin is refused: what came after it was acknowledged, and nothing may be signed over it.
    """
    from ledger.api import Ledger
    from ledger.backups import restore as take_up
    from ledger.config import resolve
    from ledger.stores.opening import locate

    if not backup.exists():
        raise Misuse(f"{backup}: no such file or folder", "name what ledger backup wrote", code="no_file")
    given = destination or call.location
    try:
        target = locate(given, "the argument") if given is not None else resolve(None).location
    except Misuse as error:
        if error.code != "no_ledger":
            raise
        raise Misuse(error.message, f"say where to: ledger restore {backup} ledger.db", code="no_ledger") from None
    with Ledger.open(backup, read_only=True) as kept:
        origin = kept.origin
        with progress_bar("copy", len(kept)) as progress:
            copied = take_up(kept, target, progress)
    return _told("ledger.restore/1", f"Restored {origin}.", origin, copied, place=target)


def _told(schema: str, headline: str, origin: str, copied: "Copied", **more: Any) -> Answer:
    document = {"schema": schema, "origin": origin, **copied._asdict(), **more}
    document["verdict"] = copied.verdict.lower()
    open_end = copied.size - copied.covered

    def lines(paint: Paint) -> list[str]:
        rows = [
            *(
                (name.replace("_bytes", ""), f"{value:,} bytes" if name == "size_bytes" else str(value))
                for name, value in more.items()
            ),
            ("entries", f"{copied.size:,}, {'all sealed' if not open_end else f'{open_end:,} not sealed yet'}"),
            ("checked", f"{copied.verdict}: every check"),
            ("waiting", "what is in the spool of a machine is delivered with: ledger spool flush"),
        ]
        return [paint("green", headline), *pairs(rows[: None if "place" in more else -1])]

    return Answer(document, lines)

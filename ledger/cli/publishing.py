"""`ledger publish`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ledger.cli.frame import Call, command
from ledger.cli.layout import pairs, short_path
from ledger.cli.progress import progress_bar
from ledger.cli.screen import Answer, Paint
from ledger.errors import Misuse

if TYPE_CHECKING:
    from ledger.api import Ledger

_OTHERS = ("ledger.db", "ledger.toml", "ledger", "tile")  # a project's folder, or a ledger's


@command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--disclose", is_flag=True, help="Publish the values of sealed fields, too: names, contacts.")
def publish(call: Call, folder: Path, disclose: bool) -> Answer:
    """Write the ledger into DIR as static files (c2sp.org/tlog-tiles): checkpoint, tiles of hashes, bundles of entries.

    Any web server can serve DIR, any C2SP verifier checks it, and `ledger verify DIR|URL` does. Run again, it adds what
    is new. With the log's key at hand a checkpoint is closed first; else the newest one is published.
    """
    from ledger import publish as publishing
    from ledger.stores.folder import Folder

    _check_folder(folder)
    with call.open(read_only=False) as ledger:
        note, lacking = _checkpoint(ledger)
        with progress_bar("publish", len(ledger)) as progress:
            done = publishing.publish(ledger.store, note, Folder(folder), disclosures=disclose, progress=progress)
        document: dict[str, Any] = {
            "schema": "ledger.publish/1",
            "origin": ledger.origin,
            "folder": str(folder),
            "size": done.size,
            "before": done.before,
            "root": f"sha256:{done.root.hex()}",
            "files": done.files,
            "disclosed": done.disclosed,
            "uncovered": len(ledger) - done.size,
            "log_key": ledger.trust().log_keys.current.keys[0].text,
            "signed": ["ed25519"] if lacking else ["ed25519", "ml-dsa-44"],
        }
        sealed = 0 if disclose else sum(1 for _ in ledger.store.disclosures())
    return Answer(document, lambda paint: _lines(paint, document, folder, lacking, sealed))


def _check_folder(folder: Path) -> None:
    """Refuse what looks like something else: tiles are not strewn over a project."""
    from ledger.stores.folder import STAGING

    if (folder / "checkpoint").exists() or (folder / STAGING).exists():
        return
    found = [name for name in _OTHERS if (folder / name).exists()]
    if found:
        raise Misuse(f"{folder} holds {found[0]}: nothing was published there", "choose an empty folder", code="folder")


def _checkpoint(ledger: "Ledger") -> tuple[bytes, str]:
    """Return the checkpoint to publish, and why it has not both signatures, if it has not."""
    try:
        return ledger.close_checkpoint(), ""
    except Misuse as error:
        if error.code != "log_key":
            raise
        lacking = error.message
    ledger.checkpoint()  # its signature is checked
    head = ledger.store.head()
    return dict(ledger.store.checkpoints()).get(head.covered, head.note), lacking


def _lines(paint: Paint, document: dict[str, Any], folder: Path, lacking: str, sealed: int) -> list[str]:
    size, new = document["size"], document["size"] - document["before"]
    rows = [
        ("checkpoint", f"{size:,} entries, signed with {' and '.join(document['signed'])}"),
        ("new", f"{new:,} entries in {document['files']:,} files" if new else "nothing: all of it was there"),
    ]
    if lacking:
        rows.append(("note", f"{lacking}; the newest checkpoint was published as it is"))
    if document["uncovered"]:
        rows.append(("left out", f"{document['uncovered']:,} entries that no checkpoint covers yet"))
    if sealed:
        rows.append(("stays sealed", f"{sealed:,} values (--disclose publishes them)"))
    if document["disclosed"]:
        rows.append(("disclosed", f"{document['disclosed']:,} values of sealed fields"))
    rows.append(("to check", f"ledger verify {short_path(folder)} --key KEY, the log's key as ledger.toml has it"))
    return [f"{paint('green', 'Published')} {document['origin']} in {short_path(folder)}.", *pairs(rows)]

"""`ledger init`."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ledger.cli.frame import Call, command
from ledger.cli.layout import pairs, short_path
from ledger.cli.screen import Answer, Paint
from ledger.errors import Misuse

if TYPE_CHECKING:
    from ledger.api import Ledger

IGNORED = ("ledger.db*", "ledger.projections.db*")


@command()
@click.argument("folder", required=False)
@click.option("--origin", help="The ledger's name for ever, such as ledger.bank.example/credit.")
@click.option("--as", "actor", metavar="HANDLE", help="Your handle: the first administrator.")
def init(call: Call, folder: str | None, origin: str | None, actor: str | None) -> Answer:
    """Start a ledger in FOLDER (else here): ledger.db, ledger.toml and, where they are not there, two keys."""
    from ledger.api import Ledger
    from ledger.config import FILE, write_config

    path = _database(folder, call.location)
    _check_free(path.parent / FILE)
    asking = sys.stdin.isatty() and not call.json
    origin = origin or _ask(asking, "Origin, the ledger's name for ever", "--origin ledger.bank.example/credit")
    actor = actor or _ask(asking, "Your handle", "--as mara")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Misuse(f"{path.parent} cannot be made: {error.strerror}", "choose another", code="folder") from None
    with Ledger.create(path, origin=origin, actor=actor) as ledger:
        key = ledger.genesis.log_keys[0].text
        written = write_config(path.parent, database=path.name, origin=origin, key=key, genesis=ledger.genesis_leaf)
        _pin(ledger)
    return _told(path, written, origin, actor, key, ledger.genesis_leaf)


def _database(folder: str | None, location: str | None) -> Path:
    from ledger.config import DATABASE

    if location is None:
        return Path(folder or ".") / DATABASE
    if folder is not None:
        raise Misuse("FOLDER and --ledger both say where", "give one of them", code="usage")
    scheme, separator, rest = location.partition("://")
    if separator and scheme != "sqlite":
        raise Misuse(f"{scheme}:// is no store of this release", "name a SQLite file", code="store")
    path = Path(rest.removeprefix("/") if separator else location)
    return path / DATABASE if path.is_dir() or not path.suffix else path


def _check_free(config: Path) -> None:
    if not config.exists():
        return
    from ledger.api import Ledger

    what = f"{config} is there already"
    try:
        with Ledger.open(config, read_only=True) as found:
            entries = "1 entry" if len(found) == 1 else f"{len(found):,} entries"
            what = f"{config} already names {found.origin} ({entries})"
    except Misuse:
        pass  # it names a ledger that is not here: still nothing to write over
    raise Misuse(f"{what}; nothing was changed", "use it, or init in another folder", code="exists")


def _ask(asking: bool, what: str, option: str) -> str:
    name = option.partition(" ")[0]
    if not asking:
        why = "it is in every signature and cannot be changed" if name == "--origin" else "it signs entry 0"
        raise Misuse(f"{name} is needed without a terminal: {why}", option, code="missing")
    answer: str = click.prompt(what, err=True)
    return answer.strip()


def _pin(ledger: "Ledger") -> None:
    """Who made the log knows its beginning: the first pin is theirs."""
    from ledger.cli.pinning import keep

    keep(ledger.store, ledger.origin, ledger.genesis_leaf)


def _ignore(folder: Path) -> Path | None:
    """Keep the database out of Git, where there is a checkout; return the file that was changed, if one was."""
    folder = folder.resolve()
    if not any((parent / ".git").exists() for parent in (folder, *folder.parents)):
        return None
    path = folder / ".gitignore"
    try:
        text = path.read_text("utf-8") if path.exists() else ""
        missing = [line for line in IGNORED if line not in text.splitlines()]
        if not missing:
            return None
        gap = "" if not text or text.endswith("\n") else "\n"
        path.write_text(text + gap + "".join(f"{line}\n" for line in missing), "utf-8")
    except (OSError, UnicodeDecodeError):
        return None  # the ledger stands; what Git ignores is a convenience
    return path


def _told(path: Path, config: Path, origin: str, actor: str, key: str, genesis: str) -> Answer:
    from ledger.config import key_path, log_key_path

    ignored = _ignore(path.parent)
    author, sealer = key_path(actor), log_key_path(origin)
    document: dict[str, Any] = {
        "schema": "ledger.init/1",
        "origin": origin,
        "entries": 1,
        "actor": actor,
        "database": str(path),
        "config": str(config),
        "log_key_file": str(sealer),
        "key_file": str(author),
        "key": key,
        "genesis": f"sha256:{genesis}",
        "ignored": list(IGNORED) if ignored else [],
    }

    def lines(paint: Paint) -> list[str]:
        kept = " (added to .gitignore)" if ignored else ""
        rows = [
            (short_path(path), f"the entries; stays out of Git{kept}"),
            (short_path(config), "where the ledger is, its public key; commit it: Git then vouches for the key"),
            ("log's key", f"{short_path(sealer)}  seals entries"),
            ("your key", f"{short_path(author)}  {actor}: every role, among them administrator"),
        ]
        return [
            paint("green", f"Made the ledger {origin} (1 entry)."),
            *pairs(rows, label=max(len(name) for name, _ in rows)),
            "Copy both key files to a safe place now: without the log's key nothing can be sealed.",
            *_hidden(config),
        ]

    return Answer(document, lines)


def _hidden(config: Path) -> list[str]:
    """Say what decides otherwise which ledger is meant here."""
    notes = []
    if url := os.environ.get("LEDGER_URL"):
        notes.append(f"note: LEDGER_URL is set, so commands use {url}, not this ledger, until it is unset.")
    folder = config.parent.resolve()
    above = next((parent / config.name for parent in folder.parents if (parent / config.name).is_file()), None)
    if above is not None and not (folder / ".git").exists():
        notes.append(f"note: {above} is hidden from here on by the one just made.")
    return notes

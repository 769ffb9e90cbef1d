"""`ledger init`."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ledger.cli.frame import Call, command
from ledger.cli.layout import pairs, short_path
from ledger.cli.screen import Answer, Paint
from ledger.errors import Misuse
from ledger.stores.opening import server_roles

if TYPE_CHECKING:
    from ledger.cli.continuing import Before
    from ledger.genesis import Recovery

_CONNECTING = (
    "ledger.toml does not say who connects: PGUSER and .pgpass do, or LEDGER_URL.",
)
IGNORED = ("ledger.db*", "ledger.projections.db*")


@command()
@click.argument("where", metavar="[FOLDER|URL]", required=False)
@click.option("--origin", help="The ledger's name for ever, such as ledger.bank.example/credit.")
@click.option("--as", "actor", metavar="HANDLE", help="Your handle: the first administrator.")
@click.option("--recovery", "quorum", metavar="FILE", multiple=True, help="Who may replace a lost log's key.")
@click.option("--recovery-threshold", "threshold", type=click.IntRange(1), help="How many of them together; else all.")
@click.option("--continues", metavar="PATH|URL", help="What is left of a ledger that lost entries, to take it up.")
def init(
    call: Call,
    where: str | None,
    origin: str | None,
    actor: str | None,
    quorum: tuple[str, ...],
    threshold: int | None,
    continues: str | None,
) -> Answer:
    """Start a ledger in FOLDER (else here): ledger.db, ledger.toml and, where they are not there, two keys.

    With URL: in a PostgreSQL server, postgresql://OWNER@HOST/DATABASE; ledger.toml is written here. --recovery takes
    what `ledger key request` wrote, once for each person; without it you alone may replace a lost key of the log.
    --continues takes a backup, bundle or published folder of the ledger before, or a checkpoint, receipt or pin of it.
    """
    from ledger.api import Ledger
    from ledger.cli.continuing import find_before
    from ledger.config import FILE, write_config

    target = _target(where, call.location)
    _check_free(target.folder / FILE)
    before = find_before(continues) if continues is not None else None
    note = before.note if before is not None else None
    asking = sys.stdin.isatty() and not call.json
    origin = origin or _ask(asking, "Origin, the ledger's name for ever", "--origin ledger.bank.example/credit")
    actor = actor or _ask(asking, "Your handle", "--as mara")
    try:
        target.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Misuse(f"{target.folder} cannot be made: {error.strerror}", "choose another", code="folder") from None
    recovery = _recovery(quorum, threshold)
    with Ledger.create(target.location, origin=origin, actor=actor, recovery=recovery, continues=note) as ledger:
        key = ledger.genesis.log_keys[0].text
        genesis = ledger.genesis_leaf
        written = write_config(target.folder, database=target.url, origin=origin, key=key, genesis=genesis)
    return _told(target, written, origin, actor, key, genesis, _continued(before, continues or ""))


class _Continued(NamedTuple):
    """What is told of the ledger before, where there is one: rows, and fields of the document."""

    rows: list[tuple[str, str]]
    said: dict[str, Any]


def _continued(before: "Before | None", where: str) -> _Continued:
    from ledger.cli.continuing import before_rows

    if before is None:
        return _Continued([], {})
    checkpoint = before.checkpoint
    said = {"origin": checkpoint.origin, "size": checkpoint.size, "root": f"sha256:{checkpoint.root.hex()}"}
    held = {"held": before.held, "lost": before.lost, "checks": before.verdict} if before.held >= 0 else {}
    return _Continued(before_rows(before, where), {"continues": said | held})


def _recovery(files: tuple[str, ...], threshold: int | None) -> "Recovery | None":
    from ledger.cli.keyfiles import read_request
    from ledger.founding import check_recovery
    from ledger.genesis import Recovery

    if not files:
        if threshold is not None:
            raise Misuse("--recovery-threshold of whom?", "--recovery FILE, once for each person", code="usage")
        return None
    found = []
    for name in files:
        try:
            found.append(read_request(Path(name).read_bytes(), name).credential)
        except OSError as error:
            raise Misuse(f"{name}: {error.strerror}", "ledger key request -o FILE", code="no_file") from None
    recovery = Recovery(tuple(found), threshold or len(found))
    check_recovery(recovery)
    return recovery


class _Target(NamedTuple):
    """Where the ledger is to be, the folder of its ledger.toml, and what that says of where it is."""

    location: str
    folder: Path
    url: str


def _target(where: str | None, location: str | None) -> _Target:
    from ledger.config import DATABASE
    from ledger.stores.opening import is_url, locate, without_user

    if where is not None and location is not None:
        raise Misuse("FOLDER or URL and --ledger both say where", "give one of them", code="usage")
    given = locate(where or location or ".", "the argument")
    if is_url(given):
        return _Target(given, Path(), without_user(given))
    path = Path(given)
    if where is not None or location is None or path.is_dir() or not path.suffix:
        path /= DATABASE
    return _Target(str(path), path.parent, path.name)


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


def _told(
    target: _Target, config: Path, origin: str, actor: str, key: str, genesis: str, continued: _Continued
) -> Answer:
    from ledger.config import key_source, log_key_path
    from ledger.stores.opening import is_url

    served = is_url(target.location)
    ignored = None if served else _ignore(target.folder)
    author, sealer = key_source(actor), log_key_path(origin)
    document: dict[str, Any] = {
        "schema": "ledger.init/1",
        "origin": origin,
        "entries": 1,
        "actor": actor,
        "database": target.location,
        "config": str(config),
        "log_key_file": str(sealer),
        "key_file": str(author),
        "key": key,
        "genesis": f"sha256:{genesis}",
        "ignored": list(IGNORED) if ignored else [],
        **continued.said,
    }
    if served:
        document["roles"] = list(server_roles(target.location)[1:])

    def lines(paint: Paint) -> list[str]:
        kept = "stays out of Git (added to .gitignore)" if ignored else "not for Git (ledger.db*)"
        rows = [
            *(_server_rows(target) if served else _file_rows(target, kept)),
            (short_path(config), "where the ledger is, its public key; commit it: Git then vouches for the key"),
            ("log's key", f"{short_path(sealer)}  seals entries"),
            ("your key", f"{short_path(author)}  {actor}: every role, among them administrator"),
            *continued.rows,
        ]
        return [
            paint("green", f"Made the ledger {origin} (1 entry)."),
            *pairs(rows, label=max(len(name) for name, _ in rows)),
            "Copy both key files to a safe place now: without the log's key nothing can be sealed.",
            *(_CONNECTING if served else ()),
            *_hidden(config),
        ]

    return Answer(document, lines)


def _file_rows(target: _Target, kept: str) -> list[tuple[str, str]]:
    return [(short_path(Path(target.location)), f"the entries; {kept}")]


def _server_rows(target: _Target) -> list[tuple[str, str]]:
    """Where the entries are, and the two roles that its users are to be given."""
    roles = server_roles(target.location)
    return [
        ("entries", f"in schema {roles.schema} of {target.url}"),
        (roles.writer, f"records, and changes nothing: GRANT {roles.writer} TO who trains and deploys"),
        (roles.reader, f"reads and verifies: GRANT {roles.reader} TO who audits"),
    ]


def _hidden(config: Path) -> list[str]:
    """Say what decides otherwise which ledger is meant here."""
    from ledger.stores.opening import split_password

    notes = []
    if url := os.environ.get("LEDGER_URL"):
        url = split_password(url)[0]
        notes.append(f"note: LEDGER_URL is set, so commands use {url}, not this ledger, until it is unset.")
    folder = config.parent.resolve()
    above = next((parent / config.name for parent in folder.parents if (parent / config.name).is_file()), None)
    if above is not None and not (folder / ".git").exists():
        notes.append(f"note: {above} is hidden from here on by the one just made.")
    return notes

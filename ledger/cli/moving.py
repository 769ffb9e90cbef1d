"""`ledger migrate`."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ledger.cli.frame import Call, command
from ledger.cli.layout import pairs, wrapped
from ledger.cli.progress import progress_bar
from ledger.cli.screen import Answer, Paint
from ledger.errors import Misuse

if TYPE_CHECKING:
    from ledger.api import Ledger
    from ledger.migrate import Migration


@command()
@click.argument("source", metavar="SRC")
@click.argument("destination", metavar="DST")
@click.option("--check", is_flag=True, help="Move nothing: compare two that are there, bit for bit.")
@click.option(
    "--certificate", type=click.Path(path_type=Path), help="The proof, to write; with --check, to hold DST against."
)
@click.option("--as", "actor", metavar="HANDLE", help="Whose key signs.")
def migrate(
    call: Call, source: str, destination: str, check: bool, certificate: Path | None, actor: str | None
) -> Answer:
    """Move the ledger at SRC to DST, where none is yet, while SRC is still written to; prove that not a bit changed.

    SRC and DST are files, postgresql:// URLs or, with a slash at the end, folders of published tiles; SRC may be a
    bundle or an http(s):// URL, too. Cut off, run it again: it goes on. Afterwards SRC takes no more entries.
    """
    from ledger.api import Ledger
    from ledger.stores.opening import locate

    if call.location is not None:
        raise Misuse("SRC says which ledger; --ledger is not needed", "leave it out", code="usage")
    target = locate(destination, "the argument")
    with ExitStack() as opened:
        ledger = opened.enter_context(Ledger.open(source, actor=actor, read_only=check))
        if check:
            return _compare(ledger, opened.enter_context(Ledger.open(target, read_only=True)), certificate)
        from ledger.migrate import migrate as move

        with progress_bar("copy", len(ledger)) as progress:
            done = move(ledger, target, fingerprints=fingerprints, progress=progress)
    path = certificate or _unused(f"ledger-migration-{done.size}")
    _write(path, done.certificate)
    return _answer(done, path)


def _unused(name: str) -> Path:
    names = (f"{name}{f'-{number}' if number > 1 else ''}.json" for number in range(1, 10_000))
    return next(path for path in map(Path, names) if not path.exists())


def fingerprints(ledger: "Ledger") -> dict[str, str]:
    """Return the fingerprints of a ledger's projections, folded anew from its entries and kept nowhere."""
    from projections.opening import NAMES, as_of

    with as_of(ledger) as projections:
        return {name: projections.fingerprint(name) for name in NAMES}


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise Misuse(
            f"the ledger moved, but {path} cannot be written: {error.strerror}",
            "run the same command again with --certificate FILE",
            code="certificate",
        ) from None


def _answer(done: "Migration", path: Path) -> Answer:
    document: dict[str, Any] = {
        "schema": "ledger.migrate/1",
        **done._asdict(),
        "root": f"sha256:{done.root}",
        "certificate": str(path),
    }

    def lines(paint: Paint) -> list[str]:
        told = f"entry {done.migrated} says so at the source: it takes no more entries"
        arrived = f"entry {done.verified} says so at the destination"
        unread = "can only be read"
        rows = [
            ("from", done.source),
            ("to", done.destination),
            ("the same", f"{done.size:,} entries, bit for bit; root {done.root[:16]}…; what is kept beside them"),
            ("projections", ", ".join(f"{name} {value[7:19]}" for name, value in done.projections.items())),
            ("closed", told if done.migrated >= 0 else f"not: the source {unread}; nobody must write to what it is of"),
            ("checked", arrived if done.verified >= 0 else f"yes; the destination {unread}, and says nothing of it"),
            ("certificate", str(path)),
            ("to check", f"ledger migrate --check SRC DST --certificate {path}"),
        ]
        return [paint("green", f"Moved {done.origin}."), *pairs(rows), *_next(done.destination)]

    return Answer(document, lines)


def _next(destination: str) -> list[str]:
    return wrapped(f'Now let everybody look there: url = "{destination}" in ledger.toml, or LEDGER_URL.')


def _compare(one: "Ledger", other: "Ledger", path: Path | None) -> Answer:
    from ledger.copying import difference

    with progress_bar("compare", len(one)) as progress:
        found = difference(one.store, other.store, progress)
    proven = _hold(path, other) if path is not None else None
    document: dict[str, Any] = {"schema": "ledger.compare/1", "equal": found is None, "size": len(one)}
    if found is not None:
        document |= {"seq": found.seq, "difference": found.what}
    if proven is not None:
        document["certificate"] = proven
    same = f"Equal: {len(one):,} entries, checkpoints, time-stamps and values of {one.origin} are the same in both."
    held = [] if proven is None else [f"The certificate holds: {proven['size']:,} entries, by {proven['actor']}."]

    def lines(paint: Paint) -> list[str]:
        word = paint("green", same) if found is None else paint("red", f"Different: {found.what}.")
        return [word, *held]

    return Answer(document, lines, 0 if found is None else 1)


def _hold(path: Path, ledger: "Ledger") -> dict[str, Any]:
    """Hold a certificate against a ledger: its key, the root at its size, the projections there."""
    from ledger.certificates import read_certificate
    from ledger.migrate import check_migration

    try:
        certificate = read_certificate(path.read_bytes())
    except OSError as error:
        raise Misuse(f"{path}: {error.strerror}", "--certificate FILE", code="no_file") from None
    check_migration(certificate, ledger)
    body = certificate.body
    return {name: body[name] for name in ("actor", "size", "root", "source", "destination", "time")}

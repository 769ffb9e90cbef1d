"""`ledger evidence`: keep files by their digest, get them back, and check that what entries name is still there."""

import io
import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple

import click

from ledger.bundle.files import choose, size_of
from ledger.cli.commands import EVIDENCE_COMMANDS
from ledger.cli.frame import SETTINGS, Call, Commands, command
from ledger.cli.layout import blocks, columns, short_path
from ledger.cli.running import byte_text
from ledger.cli.screen import Answer, Paint
from ledger.config import resolve
from ledger.encoding import is_digest
from ledger.errors import Misuse, Tampered
from ledger.evidence_store.checking import Checked, check_store, digest_of, read_manifest_of
from ledger.evidence_store.opening import open_evidence
from ledger.evidence_store.retention import Named, after_years, named_evidence

if TYPE_CHECKING:
    from datetime import date

    from ledger.config import Place
    from ledger.evidence_store.store import EvidenceStore

evidence = Commands(
    name="evidence",
    rows=EVIDENCE_COMMANDS,
    context_settings=SETTINGS,
    help="Files by their digest, in a folder or in a bucket that locks them: --store, LEDGER_EVIDENCE or ledger.toml.",
)
_STORE: Final = click.option("--store", metavar="FOLDER|s3://BUCKET/PREFIX", help="Else LEDGER_EVIDENCE, ledger.toml.")


def _place(call: Call) -> "Place | None":
    try:
        return resolve(call.location)
    except Misuse:
        if call.location is not None:
            raise
        return None


def _named(call: Call, place: "Place | None") -> dict[str, Named]:
    if place is None:
        return {}
    with call.open() as ledger:
        return named_evidence(ledger)


# ---- put ----


class Put(NamedTuple):
    """One object that was put."""

    digest: str
    name: str
    size: int
    new: bool
    until: "date | None"
    named: bool


@command()
@click.argument("paths", metavar="FILE|DIR...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--no-lock", is_flag=True, help="Also in a bucket that cannot lock.")
@_STORE
def put(call: Call, paths: tuple[Path, ...], no_lock: bool, store: str | None) -> Answer:
    """Keep files and folders under their digests; in a bucket, locked for as long as the ledger says."""
    from datetime import UTC, datetime

    place = _place(call)
    chosen = choose(paths)
    kept, today = open_evidence(store, place, need_lock=not no_lock), datetime.now(UTC).date()
    named = _named(call, place)
    done: list[Put] = []
    rule: Named | None = None
    for digest, source in chosen.sources.items():
        # A folder's manifest comes before its files, which are kept as long as it is.
        rule = named.get(digest) or (None if digest in chosen.named else rule)
        until = rule.until if rule else after_years(today)
        with _opened(source) as opened:
            new = kept.put(digest, size_of(source), opened, None if no_lock else until)
        if not new and until is not None and not no_lock:
            _move_lock(kept, digest, until)
        top = chosen.named.get(digest)
        name = short_path(top if top is not None else source if isinstance(source, Path) else digest[:12])
        done.append(Put(digest, name, size_of(source), new, until if kept.locks else None, rule is not None))
    return _put_answer(kept, done)


def _opened(source: Path | bytes) -> IO[bytes]:
    return io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")


def _move_lock(kept: "EvidenceStore", digest: str, until: "date") -> None:
    """Move the lock of what was kept before to the later day; one that lasts longer stays."""
    found = kept.stat(digest)
    if found is not None and kept.locks and (found.locked is None or found.locked < until):
        kept.lock(digest, until)


def _put_answer(kept: "EvidenceStore", done: list[Put]) -> Answer:
    document = {
        "schema": "ledger.evidence_put/1",
        "store": kept.place,
        "locks": kept.locks,
        "objects": [
            {"digest": f"sha256:{one.digest}", "name": one.name, "size_bytes": one.size, "new": one.new,
             "named": one.named, **({"locked_until": str(one.until)} if one.until else {})}
            for one in done
        ],
    }  # fmt: skip

    def lines(paint: Paint) -> list[str]:
        rows = [
            ("kept" if one.new else "was here", one.name, f"sha256:{one.digest[:16]}…", byte_text(one.size),
             f"locked until {one.until}" if one.until else "")
            for one in done
        ]  # fmt: skip
        told = [*columns(rows)]
        loose = sum(not one.named for one in done)
        if loose:
            told.append(paint("yellow", f"{loose:,} not named by any entry of the ledger: record them as evidence"))
        if not kept.locks:
            told.append(f"{kept.place} locks nothing: its owner can remove what is in it.")
        return told

    return Answer(document, lines)


# ---- get ----


@command()
@click.argument("digest")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Else its name in the ledger, or its digest.")
@_STORE
def get(call: Call, digest: str, output: Path | None, store: str | None) -> Answer:
    """Fetch a file, or a folder by its manifest's digest; what is not what the digest says is refused (exit 3)."""
    wanted = digest.removeprefix("sha256:")
    if not is_digest(wanted):
        raise Misuse(f"{digest} is no SHA-256 in 64 hexadecimal digits", "ledger show SEQ prints it", code="digest")
    place = _place(call)
    kept, one = open_evidence(store, place, need_lock=False), _named(call, place).get(wanted)
    target = output or Path(Path(one.name).name if one else wanted[:12])
    if target.exists():
        raise Misuse(f"{target} is there already; nothing was changed", "-o ANOTHER", code="exists")
    if one is not None and one.kind == "directory":
        count = _get_folder(kept, wanted, target)
    else:
        _get_file(kept, wanted, target)
        count = 1
    document = {"schema": "ledger.evidence_get/1", "digest": f"sha256:{wanted}", "path": str(target), "files": count}
    return Answer(document, lambda _: [f"{short_path(target)}  {count:,} file{'' if count == 1 else 's'}, as recorded"])


def _get_folder(kept: "EvidenceStore", digest: str, target: Path) -> int:
    files = read_manifest_of(kept, digest)
    target.mkdir(parents=True)
    for each, name in files:
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _get_file(kept, each, path)
    return len(files)


def _get_file(kept: "EvidenceStore", digest: str, target: Path) -> None:
    with tempfile.NamedTemporaryFile(dir=target.absolute().parent, prefix=".get") as file:

        def written() -> Any:
            for part in kept.parts(digest):
                file.write(part)
                yield part

        found = digest_of(written())
        file.flush()
        if found != digest:
            raise Tampered(
                f"{kept.place} holds sha256:{found[:16]} under {digest[:16]}: not what was recorded", "another copy",
                code="evidence", check=21,
            )  # fmt: skip
        os.link(file.name, target)
    target.chmod(0o644)


# ---- check ----

_COLOURS: Final = {"ok": "green", "unnamed": "yellow"}
_SHOWN: Final = 50


@command()
@click.option("--all", "everything", is_flag=True, help="Also what no entry names.")
@_STORE
def check(call: Call, everything: bool, store: str | None) -> Answer:
    """Read and digest the evidence that entries name: what is missing, changed, or not locked. Exit 1 where any is."""
    place = resolve(call.location)
    kept = open_evidence(store, place, need_lock=False)
    found = list(check_store(kept, _named(call, place), everything=everything))
    counts: Counter[str] = Counter(one.state for one in found)
    bad = [one for one in found if one.state not in ("ok", "unnamed")]
    document = {
        "schema": "ledger.evidence_check/1",
        "store": kept.place,
        "locks": kept.locks,
        "checked": len(found),
        "counts": dict(sorted(counts.items())),
        "objects": [_document(one) for one in found],
    }
    return Answer(document, lambda paint: _check_lines(kept, found, counts, paint), 1 if bad else 0)


def _document(one: Checked) -> dict[str, Any]:
    said = {"digest": f"sha256:{one.digest}", "name": one.name, "state": one.state, "why": one.why}
    return said | ({"seq": one.seq} if one.seq >= 0 else {})


def _check_lines(kept: "EvidenceStore", found: list[Checked], counts: Counter[str], paint: Paint) -> list[str]:
    odd = [one for one in found if one.state != "ok"]
    rows = [
        (one.state, f"entry {one.seq}" if one.seq >= 0 else "", one.name, f"{one.digest[:12]} {one.why}")
        for one in odd[:_SHOWN]
    ]
    lines = [
        paint(_COLOURS.get(one.state, "red"), line)
        for one, block in zip(odd, blocks(rows), strict=False)
        for line in block
    ]
    if len(odd) > _SHOWN:
        lines.append(f"... and {len(odd) - _SHOWN:,} more: --json")
    said = ", ".join(f"{count:,} {state}" for state, count in sorted(counts.items())) or "no entry names evidence"
    lines.append(f"{kept.place}: {said}")
    if not kept.locks:
        lines.append("It locks nothing: its owner can remove what is in it.")
    return lines

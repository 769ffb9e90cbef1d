"""`ledger disclose`, `ledger erase`: sealed values handed out, checked, erased."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ledger import encoding
from ledger.cli.frame import Call, command
from ledger.cli.layout import clean, pairs, wrapped
from ledger.cli.screen import Answer, Paint
from ledger.cli.showing import number
from ledger.errors import Misuse
from ledger.sealing import Erased, Field, check, choose, sealed_fields
from ledger.sealing import erase as erase_fields
from ledger.spool.file import Spool, spool_path

if TYPE_CHECKING:
    from ledger.api import Ledger

_LIMIT: Final = 1 << 24
_FILE = click.Path(path_type=Path)


@command()
@click.argument("which", metavar="SEQ|ID", required=False)
@click.argument("fields", metavar="[FIELD]...", nargs=-1)
@click.option("--check", "given", metavar="FILE", type=_FILE, help="Check disclosures that were handed over.")
@click.option("-o", "--output", type=_FILE, help="A new file; else stdout.")
def disclose(
    call: Call, which: str | None, fields: tuple[str, ...], given: Path | None, output: Path | None
) -> Answer | int:
    """Print what opens the sealed fields of an entry, to hand out: one line each (FORMAT.md section 10).

    Whoever has the entry can check it; nobody can make one for another value. --check FILE says what lines open here.
    """
    if (which is None) == (given is None):
        raise Misuse("an entry, or --check FILE?", "ledger disclose SEQ [FIELD]", code="usage")
    with call.open() as ledger:
        if given is not None:
            return _checked([check(ledger, text) for text in _lines_of(given)], ledger.origin)
        assert which is not None
        seq = ledger.find(number(which)).seq
        chosen = choose(sealed_fields(ledger, number(which)), fields, seq)
        origin = ledger.origin
    if missing := [one.pointer for one in chosen if not one.text]:
        what = f"entry {seq}: {', '.join(missing)} is withheld or erased; no disclosure is kept here"
        raise Misuse(what, "ask who recorded it; other fields by their names", code="withheld")
    return _hand_out(call, origin, seq, chosen, output)


def _hand_out(call: Call, origin: str, seq: int, chosen: list[Field], output: Path | None) -> Answer | int:
    text = "".join(f"{one.text}\n" for one in chosen)
    document: dict[str, Any] = {"schema": "ledger.disclose/1", "origin": origin, "seq": seq}
    document["disclosures"] = [{"field": one.pointer, "disclosure": one.text} for one in chosen]
    if output is None:
        if call.json:
            return Answer(document, lambda _: [])
        sys.stdout.write(text)
        sys.stdout.flush()
        return 0
    try:
        with output.open("x", encoding="ascii") as file:
            output.chmod(0o600)
            file.write(text)
    except FileExistsError:
        raise Misuse(f"{output} is there already; nothing was written", "-o another file", code="exists") from None
    except OSError as error:
        raise Misuse(f"{output} cannot be made: {error.strerror}", "-o another file", code="output") from None
    said = f"Wrote {output}: {len(chosen)} of entry {seq:,}. Check: ledger disclose --check {output}"
    return Answer({**document, "file": str(output)}, lambda _: wrapped(said))


def _lines_of(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT)
        lines = data.decode("ascii").split("\n")
    except OSError as error:
        raise Misuse(f"{path}: {error.strerror}", "--check FILE", code="no_file") from None
    except UnicodeDecodeError:
        raise Misuse(f"{path} holds no disclosures", "a line each, as ledger disclose writes", code="file") from None
    found = [line.rstrip("\r") for line in lines if line.strip()]
    if not found:
        raise Misuse(f"{path} holds no disclosures", "a line each, as ledger disclose writes", code="file")
    return found


def _checked(found: list[tuple[int, str, Any]], origin: str) -> Answer:
    rows = [{"seq": seq, "field": pointer, "value": value} for seq, pointer, value in found]
    document = {"schema": "ledger.disclose/1", "origin": origin, "opened": rows}

    def lines(paint: Paint) -> list[str]:
        told = [(f"entry {seq:,}", f"{pointer}: {clean(str(value))}") for seq, pointer, value in found]
        return [paint("green", f"Each opens a sealed field of {origin}: it is what was recorded there."), *pairs(told)]

    return Answer(document, lines)


@command()
@click.argument("which", metavar="SEQ|ID")
@click.argument("fields", metavar="FIELD...", nargs=-1, required=True)
@click.option("--reason", required=True, help="Why, in words; recorded, open.")
@click.option("--basis", help="What it rests on: a request, a rule of retention.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--as", "actor", metavar="HANDLE", help="Who erases, where keys of several are here.")
def erase(
    call: Call, which: str, fields: tuple[str, ...], reason: str, basis: str | None, yes: bool, actor: str | None
) -> Answer:
    """Erase the values of sealed fields of an entry, for good. Who and why is recorded; the chain still verifies.

    The value and its salt go from the ledger's file and its WAL, and from your spool and drafts on this machine. Not
    reached: spools and drafts elsewhere (run it there, too), backups, exports, published copies (publish again), disks'
    own copies, and what somebody has read.
    """
    with call.open(read_only=False, actor=actor) as ledger:
        seq = _found(ledger, which)
        chosen = choose(sealed_fields(ledger, number(which)), fields, seq)
        if not yes:
            _ask(seq, [one.pointer for one in chosen])
        done = erase_fields(ledger, number(which), fields, reason=reason, basis=basis)
        return _erased(done, seq, ledger.origin)


def _found(ledger: "Ledger", which: str) -> int:
    """Return the number of the entry; `Misuse` also says where a statement only waits."""
    try:
        return ledger.find(number(which)).seq
    except Misuse:
        if not encoding.is_id(which) or Spool(spool_path()).find(which) is None:
            raise
    raise Misuse(
        f"{which} waits in the spool and stands in no ledger yet; nothing was erased",
        "ledger spool drop ID, or ledger spool flush and then this", code="no_entry",
    )  # fmt: skip


def _ask(seq: int, pointers: list[str]) -> None:
    if not sys.stdin.isatty():
        raise Misuse("erasing asks a person, and there is no terminal; nothing was erased", "--yes", code="no_terminal")
    said = click.prompt(
        f"{', '.join(pointers)} of entry {seq} cannot be brought back. Type the entry's number to erase",
        default="",
        show_default=False,
        err=True,
    )
    if str(said).strip() != str(seq):
        raise Misuse("nothing was erased", "type the entry's number to erase", code="stopped")


def _erased(done: Erased, seq: int, origin: str) -> Answer:
    document: dict[str, Any] = {
        "schema": "ledger.erase/1",
        "origin": origin,
        "of": seq,
        "fields": list(done.fields),
        "recorded": done.seq,
        "removed": done.removed,
        "again": done.again,
        "spool": list(done.cleared.items),
        "drafts": {"removed": list(done.cleared.removed), "redacted": list(done.cleared.redacted)},
        "recorded_by": done.actor,
    }
    head = f"Erased: {', '.join(done.fields)} of entry {seq:,}."
    if not done.removed:
        head = f"{', '.join(done.fields)} of entry {seq:,}: no value was here any more."
    rows = [
        ("recorded", f"entry {done.seq:,}" + (", by an earlier run" if done.again else "")),
        ("this machine", _cleared(done)),
        ("stays", "the commitment, and with it the proof that something stood there; the chain verifies"),
        ("elsewhere", f"a spool or draft where {done.actor} records may hold it: run this there, too"),
        ("not reached", "backups, exports, published copies, what others have read"),
    ]
    return Answer(document, lambda paint: [*(paint("green", one) for one in wrapped(head)), *pairs(rows)])


def _cleared(done: Erased) -> str:
    found = done.cleared
    parts = ["a copy in the spool, erased"] if found.items else []
    parts += [f"{len(found.removed)} draft{'s' * (len(found.removed) != 1)} removed"] if found.removed else []
    parts += [f"{len(found.redacted)} without the value now: ledger spool list"] if found.redacted else []
    return "; ".join(parts) or "your spool and drafts held no copy"

"""`ledger prove`: what is handed to others of one entry, or of two checkpoints."""

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ledger.cli.files import read_small, write_new
from ledger.cli.frame import Call, command
from ledger.cli.layout import wrapped
from ledger.cli.screen import Answer
from ledger.cli.showing import number
from ledger.errors import Misuse, Unavailable
from ledger.notes.note import NOTE_LIMIT, parse_note
from ledger.notes.treehead import parse_checkpoint

if TYPE_CHECKING:
    from ledger.api import Ledger


@command()
@click.argument("which", metavar="SEQ|ID|OLD [NEW]", nargs=-1, required=True)
@click.option(
    "--consistency", is_flag=True, help="That checkpoint OLD leads to NEW (else: the newest). Sizes or files."
)
@click.option("--plain", is_flag=True, help="The entry and its place alone, without what shows its author's key.")
@click.option("--dsse", is_flag=True, help="The statement as a DSSE envelope, with its author's signature.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A new file; else stdout.")
def prove(
    call: Call, which: tuple[str, ...], consistency: bool, plain: bool, dsse: bool, output: Path | None
) -> Answer | int:
    """Write a receipt of an entry (c2sp.org/tlog-proof): whoever has it and the log's key checks it offline, and who
    signed it. Under the newest checkpoint that is kept with both of the log's keys; where there is none, one is
    closed, if the log's key is here."""
    if consistency + plain + dsse > 1 or len(which) > 1 + consistency:
        raise Misuse("one entry, one kind of proof", "ledger prove SEQ, or --consistency OLD NEW", code="usage")
    with call.open() as ledger:
        if consistency:
            data, document, said = _consistency(call, ledger, *which)
        elif dsse:
            data, document, said = _envelope(ledger, which[0])
        else:
            data, document, said = _receipt(call, ledger, which[0], plain=plain)
    if output is None:
        if call.json:
            return Answer(document, lambda _: [])
        sys.stdout.write(data.decode())
        sys.stdout.flush()
        return 0
    write_new(output, data)
    check = "" if dsse else f" Check: ledger verify {output}"
    return Answer({**document, "file": str(output)}, lambda _: wrapped(f"Wrote {output}: {said}.{check}"))


_Written = tuple[bytes, dict[str, Any], str]


def _receipt(call: Call, ledger: "Ledger", which: str, *, plain: bool) -> _Written:
    seq = ledger.find(number(which)).seq
    if not any(size > seq for size, _ in ledger.store.checkpoints()):
        with suppress(Misuse, Unavailable):  # no log's key here, or nothing to write to: the newest is what there is
            _close(call)
    proof = ledger.prove(seq, authors=not plain)
    size = parse_checkpoint(parse_note(proof.partition(b"\n\n")[2]).text).size
    document = {"schema": "ledger.prove/1", "origin": ledger.origin, "seq": seq, "size": size}
    said = f"entry {seq:,} under the checkpoint of {size:,}"
    return proof, {**document, "receipt": proof.decode()}, said


def _close(call: Call) -> bytes:
    with call.open(read_only=False) as writer:
        return writer.close_checkpoint()


def _envelope(ledger: "Ledger", which: str) -> _Written:
    from ledger.extracts import credential_of, envelope

    found = ledger.find(number(which))
    data = envelope(ledger.read(found.seq), credential_of(ledger.store, ledger.genesis, found.statement.key))
    document = {"schema": "ledger.envelope/1", "origin": ledger.origin, "seq": found.seq, "envelope": data.decode()}
    return data, document, f"the statement of entry {found.seq:,}, signed by {found.statement.actor}"


def _consistency(call: Call, ledger: "Ledger", old: str, new: str = "") -> _Written:
    from ledger.extracts import check_consistent, consistency

    keys = tuple(key for one in ledger.trust().log_keys.sets for key in one.keys)
    later = _note(ledger, new) if new else _close(call)
    data = consistency(ledger.store, _note(ledger, old), later, ledger.origin, keys)
    first, second = check_consistent(data, ledger.origin, keys)
    document = {
        "schema": "ledger.prove_consistency/1",
        "origin": ledger.origin,
        "old": first.size,
        "new": second.size,
        "proof": data.decode(),
    }
    return data, document, f"the checkpoint of {second.size:,} entries begins with that of {first.size:,}"


def _note(ledger: "Ledger", which: str) -> bytes:
    """Return a kept checkpoint by its size, or the one in a file."""
    if not which.isdecimal():
        return read_small(Path(which), NOTE_LIMIT, "a checkpoint")
    kept = dict(ledger.store.checkpoints())
    head = ledger.store.head()
    found = kept.get(int(which)) or (head.note if head.covered == int(which) else None)
    if found is None:
        sizes = ", ".join(map(str, sorted(kept)[-8:])) or "none"
        raise Misuse(f"no checkpoint of size {which} is kept; kept: {sizes}", "one of these, or a file", code="no_size")
    return found

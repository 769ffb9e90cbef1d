"""`ledger prove`."""

import sys
from pathlib import Path

import click

from ledger.cli.frame import Call, command
from ledger.cli.layout import wrapped
from ledger.cli.screen import Answer
from ledger.cli.showing import number
from ledger.errors import Misuse


@command()
@click.argument("which", metavar="SEQ|ID")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A new file; else stdout.")
def prove(call: Call, which: str, output: Path | None) -> Answer | int:
    """Write a receipt of an entry (c2sp.org/tlog-proof). Whoever has it and the log's key checks it offline."""
    with call.open() as ledger:
        proof = ledger.prove(number(which))
        seq = ledger.find(number(which)).seq
        document = {"schema": "ledger.prove/1", "origin": ledger.origin, "seq": seq, "size": ledger.covered}
    if output is None:
        if call.json:
            return Answer({**document, "receipt": proof.decode()}, lambda _: [])
        sys.stdout.write(proof.decode())
        sys.stdout.flush()
        return 0
    try:
        with output.open("xb") as file:
            file.write(proof)
    except FileExistsError:
        raise Misuse(f"{output} is there already; nothing was written", "-o another file", code="exists") from None
    except OSError as error:
        raise Misuse(f"{output} cannot be made: {error.strerror}", "-o another file", code="output") from None
    text = f"Wrote {output}: entry {seq:,} under the checkpoint of {document['size']:,}. Check: ledger verify {output}"
    return Answer({**document, "file": str(output)}, lambda _: wrapped(text))

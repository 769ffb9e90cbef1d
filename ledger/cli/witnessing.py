"""`ledger witness`, the ledger's side: requests to witnesses, and their lines kept."""

import sys
from pathlib import Path

import click

from ledger.anchors.witness import keep_cosigned, last_cosigned, request_for
from ledger.cli.commands import WITNESS_COMMANDS
from ledger.cli.files import read_small, write_new
from ledger.cli.frame import SETTINGS, Call, Commands, command
from ledger.cli.layout import wrapped
from ledger.cli.screen import Answer
from ledger.cli.trusting import Given, read_keys, written_policy
from ledger.notes.note import NOTE_LIMIT
from ledger.notes.verifier import VerifierKey

witness = Commands(
    name="witness",
    rows=WITNESS_COMMANDS,
    context_settings=SETTINGS,
    help="Have checkpoints cosigned by others, and cosign those of others. What two witnesses signed, nobody rewrites.",
)


@command()
@click.option("--old", type=click.IntRange(0), help="The size that the witness cosigned last; else by the kept lines.")
@click.option("--for", "name", metavar="NAME", help="The witness's name: begin where its newest kept line is.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A new file; else stdout.")
def request(call: Call, old: int | None, name: str | None, output: Path | None) -> Answer | int:
    """Close the newest checkpoint and write a request for a witness: that checkpoint, and the way from its last one."""
    with call.open(read_only=False) as ledger:
        begin = old if old is not None else last_cosigned(ledger, name) if name else 0
        data = request_for(ledger, begin)
        document = {"schema": "ledger.witness_request/1", "origin": ledger.origin, "old": begin, "size": ledger.covered}
    if output is None:
        if call.json:
            return Answer({**document, "request": data.decode()}, lambda _: [])
        sys.stdout.write(data.decode())
        return 0
    write_new(output, data)
    text = f"Wrote {output}: size {begin:,} to {document['size']:,}. The witness runs: ledger witness cosign {output}"
    return Answer({**document, "file": str(output)}, lambda _: wrapped(text))


def given_witnesses(keys: tuple[str, ...], policy: Path | None) -> tuple[VerifierKey, ...]:
    """Return the witnesses' keys that were named, one by one or in a policy file."""
    written = written_policy(Given(policy=policy))
    return (*read_keys(keys, "--witness"), *(written.quorum.keys if written.quorum else ()))


@command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--witness", "keys", metavar="VKEY", multiple=True, help="A witness's key: its lines are checked.")
@click.option("--policy", type=click.Path(path_type=Path), help="Your policy file: its witnesses' lines are checked.")
def add(call: Call, files: tuple[Path, ...], keys: tuple[str, ...], policy: Path | None) -> Answer:
    """Keep the cosignatures in FILE, as `ledger witness cosign` wrote it, under this ledger's checkpoint."""
    known = given_witnesses(keys, policy)
    notes = [read_small(path, NOTE_LIMIT, "a cosigned checkpoint") for path in files]
    with call.open(read_only=False) as ledger:
        added = [keep_cosigned(ledger, note, known) for note in notes]
        origin = ledger.origin
    document = {
        "schema": "ledger.witness_added/1",
        "origin": origin,
        "added": [{"size": one.size, "checked": list(one.checked), "unchecked": list(one.unchecked)} for one in added],
    }
    lines = []
    for one in added:
        said = [f"{', '.join(one.checked)} (signature good)"] if one.checked else []
        said += [f"{', '.join(one.unchecked)} (key not given: not checked)"] if one.unchecked else []
        lines += wrapped(f"Size {one.size:,} is kept with the lines of {' and '.join(said) or 'nobody but the log'}.")
    return Answer(document, lambda _: lines)

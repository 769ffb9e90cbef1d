"""`ledger witness`, the witness's side: a key, a memory, and lines for what follows from what it signed before."""

import sys
from pathlib import Path
from typing import Final

import click

from ledger.cli.files import read_small, write_new
from ledger.cli.frame import Call, command
from ledger.cli.layout import columns, day, short_path, wrapped
from ledger.cli.screen import Answer, Paint
from ledger.cli.trusting import read_keys
from ledger.config import ask_passphrase, keys_folder, passphrase, witness_key_path, witness_state_path
from ledger.encoding import time_text
from ledger.errors import Conflict, LedgerError, Misuse, Tampered
from ledger.keys.files import load_witness_key, save
from ledger.keys.witness_key import WitnessKey
from ledger.notes.adding import (
    FORBIDDEN,
    MALFORMED,
    OTHER_SIZE,
    REQUEST_LIMIT,
    UNKNOWN_LOG,
    UNPROVEN,
    is_request,
    read_request,
)
from ledger.notes.merging import add_lines
from ledger.notes.note import parse_note, render_note
from ledger.notes.verifier import ED25519, MLDSA44_COSIGNATURE, VerifierKey
from ledger.witness.cosigner import Cosigned, Cosigner
from ledger.witness.state import Followed, State

named = click.option("--as", "name", metavar="NAME", help="Which witness, where there are several of yours.")
_REFUSALS: Final[dict[int, tuple[type[LedgerError], str]]] = {
    MALFORMED: (Misuse, "ledger witness request --old SIZE"),
    FORBIDDEN: (Tampered, "ask the log's keeper; a changed key comes by another way than the request"),
    UNKNOWN_LOG: (Misuse, "ledger witness follow VKEY, the log's key got by another way than the request"),
    OTHER_SIZE: (Conflict, "ask for: ledger witness request --old {size}"),
    UNPROVEN: (Tampered, "cosign nothing; keep the request: it may prove two histories"),
}


@command()
@click.argument("name")
def init(call: Call, name: str) -> Answer:  # noqa: ARG001 - a witness belongs to a user, not to a ledger
    """Make a witness called NAME, such as witness.bank.example/w1: its key, and what it remembers."""
    key = WitnessKey.generate(name)
    path, state = witness_key_path(name), witness_state_path(name)
    if state.exists():
        raise Misuse(f"{state} is there already: {name} has cosigned before", "name another witness", code="exists")
    save(path, key.to_pem(passphrase()))
    State.create(state)
    keys = [one.text for one in key.verifier_keys]
    lines = [
        *wrapped(f"Made {short_path(path)} and {short_path(state)}. Keep both: a witness that forgets is none."),
        "For the policies of others, one of:",
        *(f"witness {name} {text}" for text in keys),
    ]
    document = {"schema": "ledger.witness/1", "name": name, "keys": keys, "file": str(path), "state": str(state)}
    return Answer(document, lambda _: lines)


def chosen(name: str | None) -> Cosigner:
    """Return the witness of that name, or the only one there is."""
    if name is None:
        found = sorted((keys_folder() / "witness").glob("*.key"))
        if len(found) != 1:
            many = ", ".join(path.stem.replace("+", "/") for path in found) or "none"
            raise Misuse(f"which witness? Here: {many}", "--as NAME, or ledger witness init NAME", code="which_witness")
        name = found[0].stem.replace("+", "/")
    return Cosigner(load_witness_key(witness_key_path(name), name, ask_passphrase), State(witness_state_path(name)))


@command()
@click.argument("keys", metavar="VKEY...", nargs=-1, required=True)
@named
def follow(call: Call, keys: tuple[str, ...], name: str | None) -> Answer:  # noqa: ARG001
    """Cosign the log of these keys from now on. Get them by another way than its requests come."""
    parsed = read_keys(keys, "VKEY")
    _check_log_keys(parsed)
    witness = chosen(name)
    if any(key.public in {own.public for own in witness.key.verifier_keys} for key in parsed):
        raise Misuse("that is the witness's own key", "the log's key", code="same_key")
    witness.state.follow(parsed)
    text = f"{witness.key.name} follows {parsed[0].name} ({', '.join(key.key_id.hex() for key in parsed)})."
    document = {"schema": "ledger.witness_follows/1", "name": witness.key.name, "origin": parsed[0].name}
    return Answer(document, lambda _: wrapped(text))


def _check_log_keys(keys: tuple[VerifierKey, ...]) -> None:
    if len({key.name for key in keys}) > 1 or len({key.key_id for key in keys}) < len(keys):
        raise Misuse("the keys are of several logs, or one stands twice", "one log at a time", code="keys")
    if any(key.kind not in (ED25519, MLDSA44_COSIGNATURE) for key in keys):
        raise Misuse("a log's key is of type 0x01 or 0x06", "the key in its ledger.toml", code="keys")


@command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A new file, or a folder; else stdout.")
@named
def cosign(call: Call, files: tuple[Path, ...], output: Path | None, name: str | None) -> Answer | int:
    """Cosign what FILE asks (`ledger witness request`, or a first checkpoint), if nothing that was cosigned is lost."""
    if len(files) > 1 and (output is None or not output.is_dir()):
        raise Misuse("several files need a folder to go to", "-o FOLDER", code="usage")
    witness, written = chosen(name), []
    for path in files:
        note, done = _cosign(witness, path)
        target = output / f"{path.name}.cosigned" if output is not None and output.is_dir() else output
        if target is not None:
            write_new(target, note)
        written.append((path, target, note, done))
    if output is None and not call.json:
        sys.stdout.write(written[0][2].decode())
        return 0
    document = {
        "schema": "ledger.witness_cosigned/1",
        "name": witness.key.name,
        "cosigned": [
            {"request": str(path), "size": done.size, "note": note.decode()} | ({"file": str(target)} if target else {})
            for path, target, note, done in written
        ],
    }
    lines = [
        line
        for path, target, _, done in written
        for line in wrapped(
            f"{path}: size {done.size:,} cosigned: {target}. For its keeper: ledger witness add {target}"
        )
    ]
    return Answer(document, lambda _: lines)


def _cosign(witness: Cosigner, path: Path) -> tuple[bytes, Cosigned]:
    data = read_small(path, REQUEST_LIMIT, "a request or a checkpoint")
    try:
        asked = read_request(data) if is_request(data) else None
        done = witness.cosign(asked) if asked else witness.cosign_note(data)
    except Tampered as error:
        what = f"{path} is neither a request nor a checkpoint: {error.message}"
        raise Misuse(what, "ledger witness request", code=error.code) from None
    if done.judged.checkpoint is None:
        kind, fix = _REFUSALS[done.judged.status]
        code = "fork" if done.judged.fork else f"witness_{done.judged.status}"
        raise kind(f"{path}: not cosigned: {done.judged.why}", fix.format(size=done.size), code=code)
    return render_note(add_lines(parse_note(asked.note if asked else data), done.lines)), done


@command()
@named
def show(call: Call, name: str | None) -> Answer:  # noqa: ARG001
    """Print a witness's keys, the logs it follows, what it cosigned last, and forks that it was shown."""
    witness = chosen(name)
    logs = witness.state.logs()
    keys = [key.text for key in witness.key.verifier_keys]
    document = {
        "schema": "ledger.witness/1",
        "name": witness.key.name,
        "keys": keys,
        "logs": [_log_document(one) for one in logs],
    }
    return Answer(document, lambda paint: [*keys, "", *_table(logs, paint)])


def _log_document(one: Followed) -> dict[str, object]:
    latest = one.latest
    return {
        "origin": one.origin,
        "keys": [key.text for key in one.keys],
        "size": latest.size if latest else 0,
        **({"root": f"sha256:{latest.root.hex()}", "time": _time(one.time)} if latest else {}),
        "forks": [fork.decode() for fork in one.forks],
    }


def _table(logs: list[Followed], paint: Paint) -> list[str]:
    if not logs:
        return ["It follows no log yet: ledger witness follow VKEY"]
    rows = [("log", "size", "cosigned", "forks shown")]
    for one in logs:
        latest = one.latest
        size, time = (f"{latest.size:,}", f"{day(_time(one.time))}Z") if latest else ("-", "never")
        rows.append((one.origin, size, time, str(len(one.forks)) if one.forks else "none"))
    head, *rest = columns(rows, right=frozenset({1}))
    return [paint("dim", head), *rest]


def _time(seconds: int) -> str:
    from datetime import UTC, datetime

    return time_text(datetime.fromtimestamp(seconds, UTC))

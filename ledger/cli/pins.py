"""`ledger pin`: what this user has seen of each log; moved to another machine, never back."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from ledger.cli.commands import PIN_COMMANDS
from ledger.cli.files import read_small, write_new
from ledger.cli.frame import SETTINGS, Call, Commands, command
from ledger.cli.layout import columns, day, short_path, wrapped
from ledger.cli.screen import Answer, Paint
from ledger.config import resolve
from ledger.encoding import time_text
from ledger.errors import Misuse, Tampered
from ledger.extracts import CONSISTENCY_LIMIT, both_notes
from ledger.merkle.proofs import check_consistency
from ledger.notes.note import parse_note
from ledger.pins import LIMIT, Pin, leave_place, parse_pin, pin_path, pin_paths, place_of, read_pin, replace_pin
from ledger.policy.file import TEMPLATE

if TYPE_CHECKING:
    from ledger.notes.treehead import Checkpoint


def _template(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        sys.stdout.write(TEMPLATE)
        ctx.exit()


pin = Commands(
    name="pin",
    rows=PIN_COMMANDS,
    context_settings=SETTINGS,
    help="What you have seen of each log, kept outside it. An old copy, a cut end, a second history do not pass it.",
    params=[
        click.Option(
            ["--policy-template"], is_flag=True, is_eager=True, expose_value=False, callback=_template,
            help="Print a policy file to fill in, for ledger verify --policy.",
        )
    ],
)  # fmt: skip


@command()
def show(call: Call) -> Answer:  # noqa: ARG001 - pins are of a user, not of a ledger
    """Print your pins: which log, to which size, since when, where it is."""
    pins = [(path, found) for path in pin_paths() if (found := read_pin(path)) is not None]
    document = {"schema": "ledger.pins/1", "pins": [_document(path, one) for path, one in pins]}
    return Answer(document, lambda paint: _table([one for _, one in pins], paint))


def _document(path: Path, one: Pin) -> dict[str, Any]:
    checkpoint = one.checkpoint
    return {
        "origin": checkpoint.origin,
        "genesis": one.genesis,
        "size": checkpoint.size,
        "root": f"sha256:{checkpoint.root.hex()}",
        "time": one.time,
        "seen": one.seen,
        "how": one.how,
        "places": list(one.places),
        "file": str(path),
        **({"tail": {"seq": one.tail.seq, "leaf": one.tail.leaf}} if one.tail else {}),
    }


_HOWS: Final = {"created": "you made it", "given": "it was given", "first-use": "first use"}


def _table(pins: list[Pin], paint: Paint) -> list[str]:
    if not pins:
        return ["No pins: ledger verify makes one of what it has checked."]
    rows = [("log", "size", "seen", "since", "how", "where")]
    for one in pins:
        tail = f" +{one.end - one.checkpoint.size:,}" if one.tail else ""
        where = ", ".join(short_path(place) if place.startswith("/") else place for place in one.places) or "-"
        size = f"{one.checkpoint.size:,}{tail}"
        rows.append((one.checkpoint.origin, size, f"{day(one.time)}Z", f"{day(one.seen)}Z", _HOWS[one.how], where))
    head, *rest = columns(rows, right=frozenset({1}), keep=frozenset({1, 2, 3, 4}))
    return [paint("dim", head), *rest]


@command()
@click.argument("origin", required=False)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A new file; else stdout.")
def export(call: Call, origin: str | None, output: Path | None) -> Answer | int:
    """Write the pin of ORIGIN (else of your ledger here) for another machine: ledger pin add."""
    path = pin_path(origin or _origin_here(call))
    found = read_pin(path)
    if found is None:
        raise Misuse(f"there is no pin of {origin or 'this ledger'}", "ledger pin show", code="no_pin")
    data = msgspec.structs.replace(found, places=(), tail=None).text.encode()
    if output is None and not call.json:
        sys.stdout.write(data.decode())
        return 0
    document = {**_document(path, found), "schema": "ledger.pin/1", "pin": data.decode()}
    if output is None:
        return Answer(document, lambda _: [])
    write_new(output, data)
    text = f"Wrote {output}: size {found.checkpoint.size:,}. On the other machine: ledger pin add {output}"
    return Answer(document, lambda _: wrapped(text))


def _origin_here(call: Call) -> str:
    with call.open() as ledger:
        return ledger.origin


@command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--proof", type=click.Path(path_type=Path), help="What ties it to your own pin: ledger prove --consistency."
)
@click.option("--other-key", is_flag=True, help="It bears another key of the log than yours does: you know why.")
@click.option("--other-log", is_flag=True, help="It is of another log of the same name: you know why.")
def add(call: Call, file: Path, proof: Path | None, other_key: bool, other_log: bool) -> Answer:
    """Take up a pin that another machine of yours, or an auditor, wrote. Yours moves forward only: an older one is
    refused, and a newer one must follow from it, by your own ledger or by a proof."""
    given = _given(file)
    path = pin_path(given.checkpoint.origin)
    own = read_pin(path)
    if own is not None:
        _check_log(given, own, other_key=other_key, other_log=other_log)
        if own.genesis == given.genesis:
            _check_forward(call, given, own, proof)
    kept = own if own is not None and own.genesis == given.genesis else None
    how, seen = (kept.how, kept.seen) if kept else ("given", time_text(datetime.now(UTC)))
    places = kept.places if kept else ()
    replace_pin(path, msgspec.structs.replace(given, how=how, seen=seen, places=places, tail=None))
    text = f"Pinned {given.checkpoint.origin} at size {given.checkpoint.size:,}, as it was seen {day(given.time)}Z."
    found = read_pin(path)
    document = {"schema": "ledger.pin/1", **(_document(path, found) if found else {})}
    return Answer(document, lambda _: wrapped(text))


def _given(file: Path) -> Pin:
    try:
        return parse_pin(read_small(file, LIMIT, "a pin"))
    except Misuse as error:
        if error.code == "pin":
            raise Misuse(f"{file} is no pin", "ledger pin export, on the other machine", code="pin") from None
        raise


def _check_log(given: Pin, own: Pin, *, other_key: bool, other_log: bool) -> None:
    if own.genesis != given.genesis and not other_log:
        raise Misuse(
            f"it is of another log than your pin: entry 0 is {given.genesis[:16]}, yours is {own.genesis[:16]}",
            "find out which is right; then --other-log",
            code="other_log",
        )
    keys = [_keys(one) for one in (given, own)]
    if not keys[0] & keys[1] and not other_key:
        raise Misuse("it bears none of the log's keys that yours does", "find out why; then --other-key", code="key")


def _keys(one: Pin) -> set[bytes]:
    origin = one.checkpoint.origin
    return {line.key_id for line in parse_note(one.note.encode()).signatures if line.name == origin}


def _check_forward(call: Call, given: Pin, own: Pin, proof: Path | None) -> None:
    old, new = own.checkpoint, given.checkpoint
    if new.size < old.size:
        what = f"your pin has seen {old.size:,} entries, this one {new.size:,}: a pin never moves back"
        raise Misuse(what, "nothing: yours is the newer one", code="older")
    if new.size == old.size:
        if new.root != old.root:
            raise Tampered(
                f"two pins of {new.size:,} entries say different things: two histories",
                "keep both files",
                code="forked",
            )
        return
    if proof is not None:
        _by_proof(read_small(proof, CONSISTENCY_LIMIT, "a proof of consistency"), old, new)
    else:
        _by_ledger(call, old, new)


def _by_proof(data: bytes, old: "Checkpoint", new: "Checkpoint") -> None:
    from ledger.extracts import path_of
    from ledger.notes.treehead import parse_checkpoint

    texts = [parse_note(note).text for note in both_notes(data)]
    if [parse_checkpoint(text) for text in texts] != [old, new]:
        raise Misuse("the proof ties other checkpoints together", "ledger prove --consistency OLD NEW", code="proof")
    check_consistency(old.size, new.size, path_of(data), old.root, new.root)


def _by_ledger(call: Call, old: "Checkpoint", new: "Checkpoint") -> None:
    """Tie the two together by one's own ledger, if it has come that far."""
    from ledger.proving import root_at

    try:
        with call.open() as ledger:
            head = ledger.store.head()
            here = ledger.origin == new.origin and head.size >= new.size
            roots = [root_at(ledger.store, head, one.size) for one in (old, new)] if here else []
    except Misuse:
        roots = []
    if not roots:
        raise Misuse(
            f"nothing here ties size {old.size:,}, which you have seen, to size {new.size:,}",
            "--proof FILE, made by: ledger prove --consistency OLD NEW",
            code="no_way",
        )
    if roots != [old.root, new.root]:
        raise Tampered("your ledger fits one of the two pins, or neither: two histories", "keep all", code="forked")


@command()
def leave(call: Call) -> Answer:
    """Say that the ledger here is another than the one that used to be here, on purpose."""
    place = resolve(call.location)
    with call.open() as ledger:
        leave_place(place.location, ledger.genesis_leaf)
        text = f"{short_path(place_of(place.location))} is {ledger.origin} from now on."
        document = {"schema": "ledger.pin_left/1", "origin": ledger.origin, "place": place_of(place.location)}
    return Answer(document, lambda _: wrapped(text))

"""`ledger record`: an event from options, from one JSON object, or many from a stream."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import click

from ledger.cli.frame import Call, command
from ledger.cli.layout import about, listed, wrapped
from ledger.cli.reaching import Absent, drafted_fields, forget_draft, load_draft, outbox, reached
from ledger.cli.said import from_options, from_words, parse, read_object, resolve_refs
from ledger.cli.screen import Answer, Paint
from ledger.errors import Misuse
from ledger.versions import MAKES, named_sets
from ledger.writing import DECISIONS

if TYPE_CHECKING:
    from ledger.api import Ledger
    from ledger.cli.reaching import Reached
    from ledger.outbox import Outbox
    from ledger.receipts import Receipt, Recorded

_EPILOG = "Each field of the type is an option too: --parameters max_depth=6 --purpose TEXT. See: ledger types TYPE"


@command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": True}, epilog=_EPILOG, name="record"
)
@click.argument("kind", metavar="TYPE", required=False)
@click.argument("rest", metavar="[SYSTEM@VERSION] [--FIELD VALUE]...", nargs=-1, type=click.UNPROCESSED)
@click.option("--of", metavar="SYSTEM@VERSION|ID|SEQ|FILE", help="What this is about; FILE is a receipt.")
@click.option("--environment", help="Such as production or staging.")
@click.option("--file", "files", metavar="NAME=PATH", multiple=True, help="A file or folder, by its digest.")
@click.option("--set", "sets", metavar="FIELD=JSON", multiple=True, help="A field, its value in JSON.")
@click.option("--reason", help="Why, in words.")
@click.option("--id", "id_", metavar="UUIDv7", help="Makes a retry safe: the same id is recorded once.")
@click.option("--time", "time_", metavar="TIME", help="When it happened (with a zone); else now.")
@click.option("--as", "actor", metavar="HANDLE", help="Whose key signs, where several are here.")
@click.option("--draft", metavar="ID", help="Record a draft that was kept; what is said here counts instead.")
@click.option("--clock-ok", is_flag=True, help="This clock is right, though the newest entry is ahead of it.")
@click.option("--stdin", "stdin", is_flag=True, help="Read the fields as one JSON object (also: -).")
@click.option("--many", is_flag=True, help="Read many events: a JSON list, or one object a line.")
def record(
    call: Call,
    kind: str | None,
    rest: tuple[str, ...],
    stdin: bool,
    many: bool,
    actor: str | None,
    draft: str | None,
    clock_ok: bool,
    **options: Any,
) -> Answer:
    """Record an event of TYPE and print its entry number; where the ledger is away, it waits in the spool."""
    if many:
        return _many(call, kind, rest, actor, clock_ok=clock_ok)
    drafted = load_draft(draft) if draft else None
    if kind is None and drafted is None:
        raise Misuse("record needs TYPE", "ledger types", code="missing")
    if drafted and kind is not None and kind != drafted.type:  # its type need not be said: that was the next word
        if not kind.startswith("--") and "@" not in kind:
            raise Misuse(f"the draft is of type {drafted.type}, not {kind}", "leave the type out", code="usage")
        rest = (kind, *rest)
    kind = drafted.type if drafted else str(kind)
    words = tuple(word for word in rest if word != "-")
    stdin = stdin or len(words) < len(rest)
    with reached(call, actor, clock_ok=clock_ok) as ledger:
        fields = drafted_fields(drafted, ledger) if drafted else {}
        fields |= _from_stdin(ledger) if stdin else {}
        fields |= from_words(kind, words, ledger)
        fields |= from_options(kind, options, ledger)
        if kind in DECISIONS and not isinstance(ledger, Absent):
            _check_approver(ledger, kind, fields)
        receipt = _do(outbox(call, ledger, actor, keeps_drafts=stdin), kind, fields)
        others = () if isinstance(ledger, Absent) else _other_sets(ledger, receipt)
    if drafted:
        forget_draft(drafted)
    return recorded(receipt, others)


def _other_sets(ledger: "Ledger", receipt: "Receipt") -> tuple[int, ...]:
    """The entries that bound the version's name to other digest sets before: recorded all the same, and said."""
    system, version = (receipt.subject.get(name) for name in ("system", "version"))
    if receipt.type not in MAKES or receipt.again or receipt.seq < 0 or not (system and version):
        return ()
    found = named_sets(ledger, system, version).values()
    return tuple(seq for seq, artifacts in found if artifacts != receipt.subject.get("artifacts"))


def _check_approver(ledger: "Ledger", kind: str, fields: dict[str, Any]) -> None:
    from ledger.cli.approver import require_approver

    about = fields.get("of", {})
    subject = fields if "system" in fields else getattr(getattr(about, "statement", None), "subject", {})
    version = f"{subject.get('system', 'SYSTEM')}@{subject.get('version', 'VERSION')}"
    key = ledger.identity.signer.credential.id
    require_approver(ledger, key, kind, version, str(fields.get("stage", "STAGE")))


# The same advice as the library's, in the words of the command line.
_FIXES: Final = {
    "missing_ref": "--{} SEQ, the entry's number",
    "needs_reason": '--reason "..."',
    "no_set": "--of SEQ of the entry that made it, or record that first",
    "two_sets": "--of SEQ, one of these entries; better a new version",
    "which_version": "--of SYSTEM@VERSION or --of SEQ",
    "away": "record it again when the ledger is back, or name the files: --artifacts '{{\"model\": \"sha256:...\"}}'",
    "missing_subject": "ledger types {} says what it needs; files: --file NAME=PATH",
}


def _do(box: "Outbox", kind: str, fields: dict[str, Any]) -> "Receipt":
    try:
        return box.record(kind, fields)
    except Misuse as error:
        fix = _FIXES.get(error.code)
        if fix is None:
            raise
        name = error.fix.partition("=")[0] if error.code == "missing_ref" else kind
        told = Misuse(error.message, fix.format(name), code=error.code, where=error.where)
        told.draft = error.draft
        raise told from None


def _from_stdin(ledger: "Reached") -> dict[str, Any]:
    return resolve_refs(read_object(sys.stdin.buffer.read().decode(), where="stdin"), ledger)


def recorded(receipt: "Receipt", others: tuple[int, ...] = ()) -> Answer:
    """Return the answer about what was recorded; `others`: entries that bound its name to other digest sets."""
    from ledger.receipts import SCHEMA, said_of

    document: dict[str, Any] = {"schema": SCHEMA, **said_of(receipt)}
    document |= {"same_name": list(others)} if others else {}
    again = ", recorded before" if receipt.again else ""
    what = f"{receipt.type} {about(receipt.subject)}"
    text = f"Recorded entry {receipt.seq}: {what}, {receipt.state}{again}."
    if receipt.state == "spooled":
        text = f"Spooled {what}: it waits on this machine. Deliver it: ledger spool flush"
    elif receipt.state == "off":
        text = f"Recorded nothing ({what}): {receipt.why}."
    return Answer(document, lambda paint: [_green(paint, text, receipt.state), *_same_name(receipt, others, paint)])


def _same_name(receipt: "Receipt", others: tuple[int, ...], paint: Paint) -> list[str]:
    if not others:
        return []
    name = f"{receipt.subject['system']}@{receipt.subject['version']}"
    where = f"entr{'y' if len(others) == 1 else 'ies'} {listed(others)}"
    told = f"{name} is the name of another digest set too ({where}): a new version would be clearer."
    return [paint("yellow", line) for line in wrapped(f"{told} This one is named by its entry: --of {receipt.seq}")]


def _green(paint: Paint, text: str, state: str) -> str:
    return paint("green" if state == "sealed" else "yellow", text)


def _many(call: Call, kind: str | None, rest: tuple[str, ...], actor: str | None, *, clock_ok: bool) -> Answer:
    if [word for word in rest if word != "-"]:
        raise Misuse("--many takes its fields from stdin alone", "one JSON object a line", code="usage")
    with reached(call, actor, clock_ok=clock_ok) as ledger:
        made = outbox(call, ledger, actor).record_many(_events(kind, ledger))
    document: dict[str, Any] = {"schema": "ledger.record_many/1", "count": made.count}
    if made.spooled:
        document["spooled"] = made.spooled
    if made.count > made.spooled:
        document |= {"first": made.first, "last": made.last}
    return Answer(document, lambda paint: [paint("green", _summary(made))])


def _summary(made: "Recorded") -> str:
    if not made.count:
        return "Recorded nothing: there was no event on stdin."
    placed = made.count - made.spooled
    where = f"entries {made.first:,} to {made.last:,}"
    if made.spooled and placed:
        rest = f"{made.spooled:,} more wait on this machine"
        return f"Recorded {placed:,} events: {where}; {rest}. Deliver them: ledger spool flush"
    if made.spooled:
        return f"Spooled {made.spooled:,} events: they wait on this machine. Deliver them: ledger spool flush"
    return f"Recorded {placed:,} events: {where}."


def _events(kind: str | None, ledger: "Reached") -> Iterator[tuple[str, dict[str, Any]]]:
    for where, fields in _objects():
        named = fields.pop("type", kind)
        if not isinstance(named, str):
            raise Misuse(f"{where} has no type", '"type": "evaluated", or: ledger record TYPE --many', code="event")
        yield named, resolve_refs(fields, ledger)


def _objects() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield objects with where each stands: of a list, read whole, or of lines, one at a time."""
    first = ""
    stream = sys.stdin.buffer
    for number, data in enumerate(stream, 1):
        text = data.decode()
        first = first or text.lstrip()[:1]
        if first == "[":
            whole = read_list(text + stream.read().decode())
            yield from ((f"item {at} of the list", item) for at, item in enumerate(whole))
            return
        if text.strip():
            yield f"line {number}", read_object(text, where=f"line {number}")


def read_list(text: str) -> list[dict[str, Any]]:
    """Return the objects of a JSON list."""
    found = parse(text, "stdin")
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise Misuse("stdin is a list that holds more than objects", '[{"type": ...}, ...]', code="json")
    return found

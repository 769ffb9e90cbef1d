"""`ledger record`: an event from options, from one JSON object, or many from a stream."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import click

from ledger.cli.frame import Call, command
from ledger.cli.layout import about
from ledger.cli.said import from_options, from_words, parse, read_object, resolve_refs
from ledger.cli.screen import Answer, Paint
from ledger.deciding import DECISIONS
from ledger.errors import Misuse

if TYPE_CHECKING:
    from ledger.api import Ledger
    from ledger.receipts import Receipt, Recorded

_EPILOG = "Each field of the type is an option too: --parameters max_depth=6 --purpose TEXT. See: ledger types TYPE"


@command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": True}, epilog=_EPILOG, name="record"
)
@click.argument("kind", metavar="TYPE", required=False)
@click.argument("rest", metavar="[SYSTEM@VERSION] [--FIELD VALUE]...", nargs=-1, type=click.UNPROCESSED)
@click.option("--of", metavar="SYSTEM@VERSION|ID|SEQ", help="The event, or the version, that this is about.")
@click.option("--environment", help="Such as production or staging.")
@click.option("--file", "files", metavar="NAME=PATH", multiple=True, help="A file or folder, by its digest.")
@click.option("--set", "sets", metavar="FIELD=JSON", multiple=True, help="A field, its value in JSON.")
@click.option("--reason", help="Why, in words.")
@click.option("--id", "id_", metavar="UUIDv7", help="Makes a retry safe: the same id is recorded once.")
@click.option("--time", "time_", metavar="TIME", help="When it happened (with a zone); else now.")
@click.option("--as", "actor", metavar="HANDLE", help="Whose key signs, where several are here.")
@click.option("--stdin", "stdin", is_flag=True, help="Read the fields as one JSON object (also: -).")
@click.option("--many", is_flag=True, help="Read many events: a JSON list, or one object a line.")
def record(
    call: Call,
    kind: str | None,
    rest: tuple[str, ...],
    stdin: bool,
    many: bool,
    actor: str | None,
    **options: Any,
) -> Answer:
    """Record an event of TYPE and print its entry number."""
    if many:
        return _many(call, kind, rest, actor)
    if kind is None:
        raise Misuse("record needs TYPE", "ledger types", code="missing")
    with call.open(read_only=False, actor=actor) as ledger:
        words = tuple(word for word in rest if word != "-")
        fields = _from_stdin(ledger) if stdin or len(words) < len(rest) else {}
        fields |= from_words(kind, words, ledger)
        fields |= from_options(kind, options, ledger)
        if kind in DECISIONS:
            _check_approver(ledger, kind, fields)
        receipt = _do(ledger, kind, fields)
    return _recorded(receipt)


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
    "missing_subject": "ledger types {} says what it needs; files: --file NAME=PATH",
}


def _do(ledger: "Ledger", kind: str, fields: dict[str, Any]) -> "Receipt":
    try:
        return ledger.record(kind, **fields)
    except Misuse as error:
        fix = _FIXES.get(error.code)
        if fix is None:
            raise
        name = error.fix.partition("=")[0] if error.code == "missing_ref" else kind
        raise Misuse(error.message, fix.format(name), code=error.code, where=error.where) from None


def _from_stdin(ledger: "Ledger") -> dict[str, Any]:
    return resolve_refs(read_object(sys.stdin.buffer.read().decode(), where="stdin"), ledger)


def _recorded(receipt: "Receipt") -> Answer:
    document: dict[str, Any] = {"schema": "ledger.record/1", **_fields(receipt)}
    again = ", recorded before" if receipt.again else ""
    text = f"Recorded entry {receipt.seq}: {receipt.type} {about(receipt.subject)}, {receipt.state}{again}."
    return Answer(document, lambda paint: [_green(paint, text, receipt.state)])


def _fields(receipt: "Receipt") -> dict[str, Any]:
    return {name: getattr(receipt, name) for name in receipt.__struct_fields__}


def _green(paint: Paint, text: str, state: str) -> str:
    return paint("green" if state == "sealed" else "yellow", text)


def _many(call: Call, kind: str | None, rest: tuple[str, ...], actor: str | None) -> Answer:
    if [word for word in rest if word != "-"]:
        raise Misuse("--many takes its fields from stdin alone", "one JSON object a line", code="usage")
    with call.open(read_only=False, actor=actor) as ledger:
        recorded = ledger.record_many(_events(kind, ledger))
    document: dict[str, Any] = {"schema": "ledger.record_many/1", "count": recorded.count}
    if recorded.count:
        document |= {"first": recorded.first, "last": recorded.last}
    return Answer(document, lambda paint: [paint("green", _summary(recorded))])


def _summary(recorded: "Recorded") -> str:
    if not recorded.count:
        return "Recorded nothing: there was no event on stdin."
    return f"Recorded {recorded.count:,} events: entries {recorded.first:,} to {recorded.last:,}."


def _events(kind: str | None, ledger: "Ledger") -> Iterator[tuple[str, dict[str, Any]]]:
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

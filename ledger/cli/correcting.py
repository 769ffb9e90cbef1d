"""`ledger correct`: say that an entry is to be read differently from now on; its bytes stay as they are."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ledger.cli.frame import Call, command, nearest
from ledger.cli.reaching import Absent, outbox, reached
from ledger.cli.recording import recorded
from ledger.cli.said import evidence, moment, parsed
from ledger.cli.screen import Answer
from ledger.cli.showing import number
from ledger.errors import Misuse
from ledger.events.anatomy import fields_of
from ledger.events.check import event_type

if TYPE_CHECKING:
    from ledger.entry import Entry

_OWN: Final = ("time", "reason")  # what is corrected beside the type's own fields


@command()
@click.argument("which", metavar="SEQ|ID")
@click.argument("changes", metavar="[FIELD=VALUE]...", nargs=-1)
@click.option("--reason", required=True, help="Why, in words.")
@click.option("--void", is_flag=True, help="It does not count at all.")
@click.option("--evidence", "files", type=click.Path(path_type=Path), multiple=True, help="A file that shows it.")
@click.option("--as", "actor", metavar="HANDLE", help="Whose key signs, where several are here.")
def correct(
    call: Call,
    which: str,
    changes: tuple[str, ...],
    reason: str,
    void: bool,
    files: tuple[Path, ...],
    actor: str | None,
) -> Answer:
    """Record that an entry is to be read differently: fields with other values, or the whole of it void.

    FIELD is a field of the entry's type, `time` or `reason`; VALUE is text, or JSON where it is more. A wrong subject
    cannot be corrected: make the entry void, and record it anew.
    """
    if bool(changes) == void:
        raise Misuse("a correction has FIELD=VALUE, or --void, not both", "ledger correct SEQ rows=1000", code="usage")
    with reached(call, actor) as ledger:
        if isinstance(ledger, Absent):
            raise Misuse("the ledger is away: nothing can be looked up", "run it again where it is", code="away")
        target = ledger.find(number(which))
        _check(target)
        fields: dict[str, Any] = {"corrects": target, "reason": reason}
        fields |= {"void": True} if void else {"changes": dict(_change(target, text) for text in changes)}
        fields |= {"evidence": [evidence(str(path)) for path in files]} if files else {}
        return recorded(outbox(call, ledger, actor).record("corrected", fields))


def _check(target: "Entry") -> None:
    from projections.corrections import NOT_CORRECTABLE

    kind = target.statement.type
    if kind in NOT_CORRECTABLE:
        what = f"entry {target.seq} is {kind}: a correction of it has no effect"
        raise Misuse(what, _OPPOSITES.get(kind, "record what holds now"), code="not_correctable")


# What is no mistake to correct but an act to be followed by its opposite.
_OPPOSITES: Final = {
    "approved": "ledger record approval_revoked --ends SEQ --reason TEXT",
    "key_authorized": "ledger key revoke",
    "role_assigned": "ledger key end-role",
}


def _change(target: "Entry", text: str) -> tuple[str, Any]:
    name, mark, value = text.partition("=")
    if not mark:
        raise Misuse(f"{text!r} is no FIELD=VALUE", "ledger correct SEQ rows=1000 --reason TEXT", code="usage")
    name = name.replace("-", "_").removeprefix("data.")
    if name in _OWN:
        return name, moment(value, "time") if name == "time" else value
    kind = target.statement.type
    struct = event_type(kind).struct
    if struct is None:
        return f"data.{name}", parsed(value)
    fields = fields_of(struct)
    if name not in fields:
        known = [*fields, *_OWN]
        raise Misuse(
            f"{kind} has no field {name!r}{nearest(name, known)}", f"ledger types {kind}", code="unknown_field"
        )
    return f"data.{name}", value if fields[name].part.kind == "text" else parsed(value)

"""`ledger types`."""

from typing import Any

import click

from ledger.cli.frame import Call, command
from ledger.cli.layout import pairs
from ledger.cli.screen import Answer, Paint
from ledger.events.anatomy import Field, Part, fields_of
from ledger.events.check import event_type
from ledger.events.common import Sealed
from ledger.events.table import EVENTS, EventType


@command()
@click.argument("name", metavar="[TYPE]", required=False)
def types(call: Call, name: str | None) -> Answer:  # noqa: ARG001 - the vocabulary is the same for every ledger
    """Print the types of events by phase; or what TYPE is about and its fields. --json TYPE: its JSON Schema."""
    if name is None:
        return _all()
    from ledger.events.schema import json_schema

    kind = event_type(name)
    return Answer(json_schema(name), lambda paint: _one(kind, paint))


def _all() -> Answer:
    rows = [row for row in EVENTS.values() if row.name != "genesis"]
    document = {
        "schema": "ledger.types/1",
        "types": [{"name": row.name, "phase": row.phase, "rev": row.rev, "summary": row.summary} for row in rows],
    }

    def lines(paint: Paint) -> list[str]:
        out: list[str] = []
        widest = max(len(row.name) for row in rows)
        for phase in dict.fromkeys(row.phase for row in rows):
            out += [paint("bold", phase)]
            out += pairs([(row.name, row.summary) for row in rows if row.phase == phase], label=widest)
        return [*out, "Fields of one: ledger types TYPE. Your own: any name such as your.domain/name."]

    return Answer(document, lines)


def _one(kind: EventType, paint: Paint) -> list[str]:
    lines = [f"{paint('bold', kind.name)}  ({kind.phase})", *pairs([("", kind.summary)], label=0, indent=0)]
    if kind.struct is None:
        return [*lines, "  Any JSON object is its data."]
    about = [("needs", ", ".join(kind.required)), ("may name", ", ".join(kind.optional))]
    about += [("one of", ", ".join(kind.needs_one)), ("refers by", ", ".join(kind.needs_refs))]
    lines += [text for row in about if row[1] for text in pairs([row])]
    if kind.needs_reason:
        lines += pairs([("needs", "a reason")])
    lines += [paint("dim", "fields"), *_fields(list(fields_of(kind.struct).values()), kind)]
    return lines


def _fields(fields: list[Field], kind: EventType) -> list[str]:
    sealed = {pointer[0] for pointer in kind.sealed if len(pointer) == 1}
    rows: list[tuple[str, str]] = []
    for field in fields:
        notes: list[Any] = ["required"] if field.required else []
        notes += ["sealed"] if field.name in sealed and "sealed" not in field.meaning else []
        form = _form(field.part)
        text = f"{form}: {field.meaning}" if field.meaning else form
        text += f" ({', '.join(notes)})" if notes else ""
        rows.append((field.name, text + (f"  [{field.serves}]" if field.serves else "")))
    return pairs(rows, label=max((len(name) for name, _ in rows), default=0))


def _form(part: Part) -> str:
    """Return what a value looks like; a star marks what a map of fixed names cannot do without."""
    if part.choices:
        return "|".join(part.choices) if len(part.choices) < 6 else f"one of {', '.join(part.choices)}"
    if part.kind == "list" and part.item is not None:
        return f"list of {_form(part.item)}"
    if part.kind == "map" and part.item is not None:
        return f"map of names to {_form(part.item)}"
    if part.kind == "union":
        return " or ".join(_form(one) for one in part.options if one.struct is not Sealed)
    if part.struct is not None:
        inner = fields_of(part.struct).values()
        return f"{{{', '.join(one.name + ('*' if one.required else '') for one in inner)}}}"
    return part.form or ("any value" if part.kind == "any" else part.kind)

"""`ledger types`."""

from typing import Any

import click

from ledger.cli.frame import Call, command
from ledger.cli.layout import pairs
from ledger.cli.screen import Answer, Paint
from ledger.events.anatomy import Field, fields_of
from ledger.events.check import event_type
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
        text = f"{_form(field)}: {field.meaning}" if field.meaning else _form(field)
        text += f" ({', '.join(notes)})" if notes else ""
        rows.append((field.name, text + (f"  [{field.serves}]" if field.serves else "")))
    return pairs(rows, label=max((len(name) for name, _ in rows), default=0))


def _form(field: Field) -> str:
    part = field.part
    if part.choices:
        return "|".join(part.choices)
    return part.form or part.kind

"""JSON Schema of the data of a type, for `ledger types` and for readers in other languages."""

from typing import Any

import msgspec

from ledger.events.anatomy import fields_of
from ledger.events.check import event_type


def json_schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a type's `data`; the subject keys and relations stand under `x-ledger`.

    Raises `Misuse` for a name that is no type.
    """
    kind = event_type(name)
    schema: dict[str, Any] = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": name}
    schema["description"] = kind.summary
    if kind.struct is None:
        return {**schema, "type": "object"}
    made = msgspec.json.schema(kind.struct)
    shapes = {title: _without_null(shape) for title, shape in made["$defs"].items()}
    body = shapes.pop(kind.struct.__name__)
    for field in fields_of(kind.struct).values():
        if field.serves:
            body["properties"][field.name]["x-serves"] = field.serves
    body.pop("title")
    body.pop("description", None)
    schema |= body
    schema["x-ledger"] = {"required": list(kind.required), "optional": list(kind.optional), "rev": kind.rev}
    return {**schema, "$defs": shapes} if shapes else schema


def _without_null(schema: Any) -> Any:
    """The schema with "may be null" taken out: what is not said is absent."""
    if isinstance(schema, list):
        return [_without_null(item) for item in schema if item != {"type": "null"}]
    if not isinstance(schema, dict):
        return schema
    cut = {key: _without_null(value) for key, value in schema.items() if not (key == "default" and value is None)}
    options = cut.get("anyOf")
    if options is not None and len(options) == 1:
        del cut["anyOf"]
        cut = {**options[0], **cut}
    return cut

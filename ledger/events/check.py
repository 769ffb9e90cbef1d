"""Checking the data of a statement, and saying what is wrong with it so that a person can mend it."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, Final

import msgspec

from ledger.encoding import encode, is_time
from ledger.errors import Misuse
from ledger.events.anatomy import Field, Part, fields_of
from ledger.events.table import EVENTS, EventType

_FORMS: Final = {
    "": "text that is not empty",
    "label": "a label: letters, digits and . _ @ : + / -, at most 128",
    "handle": "a handle: lower-case letters, digits and . _ -",
    "name": "a name: lower-case letters, digits and . _ -",
    "digest": "a digest: sha256: and 64 hexadecimal digits",
    "hex": "64 lower-case hexadecimal digits",
    "hex512": "128 lower-case hexadecimal digits",
    "time": "a time: 2026-11-23T09:05:41.000000Z",
    "date": "a date: 2026-11-23",
    "country": "a country: two capital letters (ISO 3166)",
    "base64": "base64 with padding",
}
_KINDS: Final = {
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "list": "a list",
    "map": "a map",
    "struct": "a map",
}
_SAID: Final = {str: "text", bool: "a boolean", int: "an integer", float: "a decimal", list: "a list", dict: "a map"}


def nearest(word: str, words: "tuple[str, ...] | list[str]") -> str:
    """`; nearest 'x'`, where one of the words is near."""
    import difflib

    found = difflib.get_close_matches(word, words, 1)
    return f"; nearest {found[0]!r}" if found else ""


def event_type(name: str) -> EventType:
    """The row of a type; a type of one's own (`domain/name`) gets a generic one. Raises `Misuse` for any other name."""
    from ledger.encoding import is_own_type

    row = EVENTS.get(name)
    if row is not None:
        return row
    if is_own_type(name):
        return EventType(name=name, struct=None, phase="own", summary="A type of one's own: any object.")
    raise Misuse(
        f"no event type {name!r}{nearest(name, list(EVENTS))}",
        f"ledger types; your own: 'your.domain/{name.rpartition('/')[2] or 'name'}'",
        code="unknown_type",
    )


def check_data(name: str, rev: int, data: dict[str, Any]) -> None:
    """Raise `Misuse`, naming the path and the nearest field, unless `data` is what type `name` says in `rev`.

    For a type of one's own any object will do. An absent field is absent: null, empty lists and empty maps are refused.
    """
    kind = event_type(name)
    if kind.struct is None:
        return
    if rev != kind.rev:
        raise Misuse(f"{name} is known here in rev {kind.rev}, not {rev}", "a newer release", code="unknown_rev")
    check_shape(kind, data)
    check_leaves(kind, data)


def check_leaves(kind: EventType, data: dict[str, Any]) -> None:
    """The thorough part of `check_data`: nothing says nothing, and each time and date is a real one."""
    if kind.struct is None or kind.bare:
        return
    for path, part, value in _leaves(kind.name, fields_of(kind.struct), data):
        if value is None or value in ([], {}):
            raise _refused(kind, path, "says nothing", "leave it out", code="empty")
        if part.form == "time" and not is_time(value):
            raise _refused(kind, path, f"is {value!r}, not a real time")
        if part.form == "date" and not is_date(value):
            raise _refused(kind, path, f"is {value!r}, not a real date")


def check_shape(kind: EventType, data: dict[str, Any], reason: str | None = None) -> None:
    """The quick part of `check_data`: names, kinds and forms; and `reason`, where the caller knows it ("" is none)."""
    try:
        msgspec.convert(data, kind.struct, strict=True)
    except msgspec.ValidationError as error:
        raise _explain(kind, data, error) from None
    except UnicodeEncodeError:  # a lone surrogate, which msgspec meets only where it compares words
        encode(data, kind.name)
        raise
    rule = BETWEEN.get(kind.name)
    if rule is not None:
        rule(kind, data, reason)


def is_date(text: str) -> bool:
    """Whether `text` is a real day, YYYY-MM-DD."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _leaves(path: str, fields: dict[str, Field], data: dict[str, Any]) -> Iterator[tuple[str, Part, Any]]:
    for name, value in data.items():
        yield from _walk(step(path, name), fields[name].part, value)


def _walk(path: str, part: Part, value: Any) -> Iterator[tuple[str, Part, Any]]:
    if part.kind == "any":
        return
    part = _option(part, value)
    yield path, part, value
    if part.struct is not None and value:
        yield from _leaves(path, fields_of(part.struct), value)
    elif part.item is not None and isinstance(value, dict):
        for key, item in value.items():
            yield from _walk(step(path, key), part.item, item)
    elif part.item is not None and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(f"{path}[{index}]", part.item, item)


def _option(part: Part, value: Any) -> Part:
    """The option of a union that a value is meant as: by list, map or neither."""
    if part.kind != "union":
        return part
    wanted = ("struct", "map") if isinstance(value, dict) else ("list",) if isinstance(value, list) else ()
    fitting = [o for o in part.options if (o.kind in wanted if wanted else o.kind not in ("struct", "map", "list"))]
    return fitting[0] if len(fitting) == 1 else part


def step(path: str, key: str) -> str:
    """A path one map key further: `.key`, or `['a key']` where it is no plain word."""
    return f"{path}.{key}" if key.isidentifier() else f"{path}[{key!r}]"


def _refused(kind: EventType, path: str, what: str, fix: str = "", *, code: str = "invalid_field") -> Misuse:
    return Misuse(f"{path} {what}", fix or f"ledger types {kind.name}", code=code, where=path)


def _explain(kind: EventType, data: dict[str, Any], error: msgspec.ValidationError) -> Misuse:
    assert kind.struct is not None
    whole = Part(kind="struct", annotation=kind.struct, struct=kind.struct)
    return _find(kind, whole, data, kind.name) or _refused(kind, kind.name, str(error))


def _find(kind: EventType, part: Part, value: Any, path: str) -> Misuse | None:
    """The first thing below `part` that msgspec refuses, said in words; `None` if it takes the value."""
    try:
        msgspec.convert(value, part.annotation, strict=True)
    except msgspec.ValidationError as error:
        part = _option(part, value)
        found = _find_below(kind, part, value, path)
        return found or _refused(kind, path, _what(part, value, str(error)), _choices(part))
    return None


def _find_below(kind: EventType, part: Part, value: Any, path: str) -> Misuse | None:
    if part.struct is not None and isinstance(value, dict):
        fields = fields_of(part.struct)
        return _find_name(kind, fields, value, path) or _first(
            kind, [(fields[name].part, item, step(path, name)) for name, item in value.items() if item is not None]
        )
    if part.item is not None and isinstance(value, dict) and part.kind == "map":
        assert part.key is not None
        keys = [(part.key, key, f"{path}: the key {key!r}") for key in value]
        return _first(kind, keys + [(part.item, item, step(path, key)) for key, item in value.items()])
    if part.item is not None and isinstance(value, list) and part.kind == "list":
        return _first(kind, [(part.item, item, f"{path}[{index}]") for index, item in enumerate(value)])
    return None


def _first(kind: EventType, below: list[tuple[Part, Any, str]]) -> Misuse | None:
    return next((found for part, value, path in below if (found := _find(kind, part, value, path))), None)


def _find_name(kind: EventType, fields: dict[str, Field], value: dict[str, Any], path: str) -> Misuse | None:
    for name in value:
        if name not in fields:
            what = f"has no field {name!r}{nearest(name, list(fields))}"
            return _refused(kind, path, what, code="unknown_field")
    missing = [field for field in fields.values() if field.required and field.name not in value]
    if missing:
        return _refused(kind, path, f"needs {missing[0].name}: {missing[0].meaning}", code="missing_field")
    return None


def _what(part: Part, value: Any, error: str) -> str:
    said = f"{_SAID.get(type(value), type(value).__name__)}" if not isinstance(value, str) else repr(value)
    if part.kind == "choice":
        return f"is {said}, which is none of its words{nearest(value, part.choices) if isinstance(value, str) else ''}"
    if part.kind == "text":
        return f"is {said}, not {_FORMS[part.form]}"
    wanted = _KINDS.get(part.kind, "")
    if part.low is not None and type(value) in (int, float):
        return (
            f"is {value}, not from {part.low} to {part.high}"
            if part.high is not None
            else f"is {value}, below {part.low}"
        )
    if wanted and error.startswith("Expected") and " of length " not in error:
        return f"is {said}, not {wanted}"
    return f"is {said}: {error[:1].lower()}{error[1:].partition(' - at ')[0]}"


def _choices(part: Part) -> str:
    return f"one of: {', '.join(part.choices)}" if part.choices else ""


def not_a_map(kind: EventType, name: str, value: Any) -> Misuse:
    """What to say of a field that maps something to datasets or digests, where there is no map."""
    assert kind.struct is not None
    part = fields_of(kind.struct)[name].part
    keys = part.key.choices if part.key is not None and part.key.choices else ("NAME",)
    shown = repr(value) if isinstance(value, str) else _SAID.get(type(value), type(value).__name__)
    item = value if isinstance(value, str) else "..."
    return _refused(kind, f"{kind.name}.{name}", f"is {shown}, not a map", f'{name}={{"{keys[0]}": "{item}"}}')


def _corrected(kind: EventType, data: dict[str, Any], _reason: str | None) -> None:
    if data.get("void") is False:
        raise _refused(kind, "corrected.void", "is false: leave it out")
    if ("void" in data) == ("changes" in data):
        raise _refused(kind, "corrected", "needs either changes or void", 'changes={"data.rows": 1000}, or void=True')
    for path in data.get("changes", ()):
        if path not in ("time", "reason") and not path.startswith("data."):
            raise _refused(kind, f"corrected.changes: {path!r}", "cannot be corrected", "time, reason, or data.FIELD")


def _alert_resolved(kind: EventType, data: dict[str, Any], reason: str | None) -> None:
    if reason == "" and data["resolution"] in ("false_alarm", "no_action"):
        raise _refused(
            kind, "alert_resolved", f"as {data['resolution']} needs a reason", 'reason="..."', code="needs_reason"
        )


def _policy_set(kind: EventType, data: dict[str, Any], _reason: str | None) -> None:
    if (data["kind"] == "roles") != isinstance(data["value"], dict):
        fix = 'kind="roles", value={"approved": {...}}; or kind="four_eyes", value="refusal"'
        raise _refused(kind, "policy_set.value", f"is no value of the kind {data['kind']}", fix)


# What one field demands of another. `reason` is None where only the data are at hand.
BETWEEN: Final[dict[str, Callable[[EventType, dict[str, Any], str | None], None]]] = {
    "alert_resolved": _alert_resolved,
    "corrected": _corrected,
    "policy_set": _policy_set,
}

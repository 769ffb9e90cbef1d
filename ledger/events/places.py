"""Where each keyword of a type belongs, and which form its value has: one table a type, made once."""

import re
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from ledger.encoding import is_handle
from ledger.errors import Misuse
from ledger.events.anatomy import Part, fields_of
from ledger.events.check import event_type, nearest
from ledger.events.common import ComponentRef, DatasetRef, VersionRef
from ledger.events.table import RELATIONS, SUBJECT_KEYS, EventType

ENVELOPE, SUBJECT, RELATION, DATA = range(4)
ENVELOPE_WORDS: Final = (
    *("allow_secret", "capture", "claimed_by", "critical", "data", "evidence", "id", "on_behalf_of", "reason"),
    *("seal", "source", "time"),
)
Shape: TypeAlias = Literal["dataset", "version", "component", "digest"]

_SHAPES: Final[dict[type[Struct], Shape]] = {DatasetRef: "dataset", VersionRef: "version", ComponentRef: "component"}


class Places(Struct, frozen=True):
    """A type's keywords: which of the four places each goes to, and what is known of the values before they are seen.

    `shapes`: fields that take a receipt, a label or evidence; `dated`: fields with a time or a date somewhere;
    `bare`: null and empty values mean something; `copied`: subject keys that `of` hands over; `settings`: maps whose
    values may be text where they are no number; `maps`: those of `shapes` that are maps.
    """

    kind: EventType
    places: dict[str, int]
    shapes: dict[str, Shape]
    dated: frozenset[str]
    bare: bool
    copied: tuple[str, ...]
    settings: frozenset[str] = frozenset()
    maps: frozenset[str] = frozenset()

    def unknown(self, name: str) -> Misuse:
        """What to say of a keyword that the type does not have."""
        if name in SUBJECT_KEYS or name in RELATIONS:
            what = f"{self.kind.name} takes no {name}="
        else:
            what = f"{self.kind.name} has no field {name!r}{nearest(name, list(self.places))}"
        where = f"{self.kind.name}.{name}"
        return Misuse(what, f"ledger types {self.kind.name}", code="unknown_field", where=where)


def places_of(name: str) -> Places:
    """The keywords of a type; raises `Misuse` for a name that is none."""
    if not isinstance(name, str):
        raise Misuse(f"no event type {name!r}", "ledger types", code="unknown_type")
    return _places_of(name)


@lru_cache(maxsize=1024)
def _places_of(name: str) -> Places:
    kind = event_type(name)
    places = dict.fromkeys(ENVELOPE_WORDS, ENVELOPE)
    if kind.struct is None:
        places |= dict.fromkeys(kind.relations, RELATION) | dict.fromkeys(SUBJECT_KEYS, SUBJECT)
        return Places(kind, places, {}, frozenset(), True, SUBJECT_KEYS)
    fields = fields_of(kind.struct)
    places |= dict.fromkeys(fields, DATA) | dict.fromkeys(kind.relations, RELATION)
    places |= dict.fromkeys(kind.subjects, SUBJECT)
    shapes = {field.name: shape for field in fields.values() if (shape := _shape(field.part)) is not None}
    dated = frozenset(field.name for field in fields.values() if _has(field.part, {"time", "date"}))
    bare = kind.bare or any(_has(field.part, {"any"}) for field in fields.values())
    copied = tuple(key for key in kind.subjects if key not in kind.said)
    settings = frozenset(field.name for field in fields.values() if _is_settings(field.part))
    maps = frozenset(name for name in shapes if fields[name].part.kind == "map")
    return Places(kind, places, shapes, dated, bare, copied, settings, maps)


def _is_settings(part: Part) -> bool:
    kinds = {option.kind for option in part.item.options} if part.kind == "map" and part.item is not None else set()
    return {"number", "text"} <= kinds


def _below(part: Part) -> list[Part]:
    below = [part, *part.options]
    if part.item is not None:
        below += _below(part.item)
    if part.struct is not None:
        below += [inner for field in fields_of(part.struct).values() for inner in _below(field.part)]
    return below


def _has(part: Part, words: set[str]) -> bool:
    return any(inner.form in words or inner.kind in words for inner in _below(part))


def _shape(part: Part) -> Shape | None:
    while part.item is not None:
        part = part.item
    if part.struct is not None:
        return _SHAPES.get(part.struct)
    return "digest" if part.form == "digest" else None


_NAME: Final = "[a-z0-9][a-z0-9._-]{0,62}"
_VERSION: Final = "[A-Za-z0-9][A-Za-z0-9._+-]{0,63}"
_THING: Final = re.compile("[A-Za-z0-9][A-Za-z0-9._:/+-]{0,127}")
_GRAMMARS: Final = {
    **dict.fromkeys(("system", "environment", "deployment"), re.compile(_NAME)),
    **dict.fromkeys(("dataset", "component"), re.compile(f"{_NAME}@{_VERSION}")),
    "version": re.compile(_VERSION),
}
_SAY: Final = {
    **dict.fromkeys(("system", "environment", "deployment"), "lower-case letters, digits and . _ -"),
    **dict.fromkeys(("dataset", "component"), "name@label, such as credit@2026-11"),
    "version": "letters, digits and . _ + -",
    "handle": "lower-case letters, digits and . _ -",
}


@lru_cache(maxsize=16384)
def _fits(key: str, text: str) -> bool:
    return is_handle(text) if key == "handle" else _GRAMMARS.get(key, _THING).fullmatch(text) is not None


def check_key(type_name: str, key: str, value: object) -> None:
    """Raise `Misuse` unless `value` has the form of the subject key `key`."""
    if type(value) is str and _fits(key, value):
        return
    said = repr(value) if isinstance(value, str) else f"of type {type(value).__name__}"
    fix = f"{key}: {_SAY.get(key, 'letters, digits and . _ : / + -')}"
    where = f"{type_name}.{key}"
    raise Misuse(f"{type_name}: {key} {said} is no name of that kind", fix, code="invalid_subject", where=where)

"""What a struct is made of, seen once: reading keywords, checking, explaining and generating all walk these parts."""

from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

from msgspec import Meta, Struct, structs

Kind: TypeAlias = Literal["text", "choice", "integer", "number", "boolean", "list", "map", "struct", "union", "any"]

_SCALARS: Final[dict[Any, Kind]] = {str: "text", int: "integer", bool: "boolean", Any: "any"}


class Part(Struct, frozen=True, kw_only=True):
    """One place in a struct: its kind, the annotation that msgspec checks, and what lies below it."""

    kind: Kind
    annotation: Any
    form: str = ""
    """Which small form a text has (`time`, `digest`, ...); "" is any text."""
    choices: tuple[str, ...] = ()
    key: "Part | None" = None
    item: "Part | None" = None
    struct: type[Struct] | None = None
    options: "tuple[Part, ...]" = ()
    low: float | None = None
    high: float | None = None


class Field(Struct, frozen=True, kw_only=True):
    """One field of a struct."""

    name: str
    part: Part
    required: bool
    meaning: str
    serves: str


@cache
def fields_of(struct: type[Struct]) -> dict[str, Field]:
    """The fields of a struct by name, `note` last."""
    hints = get_type_hints(struct, include_extras=True)
    found = sorted(structs.fields(struct), key=lambda field: field.name == "note")
    return {field.name: _field(field.name, hints[field.name], required=field.required) for field in found}


def _field(name: str, annotation: Any, *, required: bool) -> Field:
    metas = _metas(annotation)
    meaning = next((meta.description for meta in metas if meta.description), "")
    serves = next((meta.extra["serves"] for meta in metas if meta.extra and "serves" in meta.extra), "")
    return Field(name=name, part=part_of(annotation), required=required, meaning=meaning, serves=serves)


def _metas(annotation: Any) -> list[Meta]:
    if get_origin(annotation) is not Annotated:
        return []
    return [meta for meta in annotation.__metadata__ if isinstance(meta, Meta)]


def part_of(annotation: Any) -> Part:
    """The part that an annotation describes; `None` among its options only says that it may be left out."""
    metas = _metas(annotation)
    bare = annotation.__origin__ if metas else annotation
    origin, arguments = get_origin(bare), get_args(bare)
    if origin in (Union, UnionType):
        return _union([argument for argument in arguments if argument is not NoneType], annotation)
    if origin is Annotated:
        return part_of(bare)
    if origin is Literal:
        return Part(kind="choice", annotation=annotation, choices=tuple(str(argument) for argument in arguments))
    if origin is list:
        return Part(kind="list", annotation=annotation, item=part_of(arguments[0]))
    if origin is dict:
        return Part(kind="map", annotation=annotation, key=part_of(arguments[0]), item=part_of(arguments[1]))
    if isinstance(bare, type) and issubclass(bare, Struct):
        return Part(kind="struct", annotation=annotation, struct=bare)
    form = next((meta.extra["form"] for meta in metas if meta.extra and "form" in meta.extra), "")
    low, high = next(((meta.ge, meta.le) for meta in metas if meta.ge is not None), (None, None))
    kind: Kind = "number" if bare is float else _SCALARS[bare]
    return Part(kind=kind, annotation=annotation, form=form, low=low, high=high)


def _union(members: list[Any], annotation: Any) -> Part:
    if len(members) == 1:
        return part_of(members[0])
    options = [part_of(member) for member in members]
    numbers = [option for option in options if option.kind in ("integer", "number")]
    if len(numbers) > 1:
        one = Part(kind="number", annotation=annotation, low=numbers[0].low, high=numbers[0].high)
        options = [one, *(option for option in options if option not in numbers)]
    return options[0] if len(options) == 1 else Part(kind="union", annotation=annotation, options=tuple(options))

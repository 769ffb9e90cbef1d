"""Writes ledger/recording.py: a method for each type, so that editors and type checkers know exactly its fields.

python -m ledger.events.generate
"""

import textwrap
from pathlib import Path
from typing import Final

from ledger.events.anatomy import Field, Part, fields_of
from ledger.events.table import EVENTS, EventType

TARGET: Final = Path(__file__).parent.parent / "recording.py"

_HEAD: Final = '''"""Recording: one method a type of event. Written by ledger.events.generate: edit the structs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date, datetime
    from os import PathLike
    from typing import Literal, TypeAlias

    from msgspec import Struct

    from ledger.entry import Entry
    from ledger.events.common import Evidence
    from ledger.receipts import Receipt

    Said: TypeAlias = Receipt | Entry | PathLike[str] | Mapping[str, Any]
    """An event that is referred to: what `record` returned, its file, an entry, or a map with its `id` and `hash`."""
    Named: TypeAlias = str | Said | Evidence
    """A dataset, version or component: its label, a receipt, evidence, or a map."""


def _said(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None and name != "self"}


def _judged(method: Callable[..., Receipt]) -> Callable[..., Receipt]:
    """A method of a type that lets the type's own rules refuse a wrong keyword, or one that is missing.

    Python's TypeError names no fix, and nothing would be kept of what was said.
    """
    import functools

    name, code = method.__name__, method.__code__
    known = frozenset(code.co_varnames[1 : 1 + code.co_kwonlyargcount])
    needed = known.difference(method.__kwdefaults__ or ())

    @functools.wraps(method)
    def judged(self: Recorder, /, *words: Any, **fields: Any) -> Receipt:
        if words:
            from ledger.errors import Misuse

            fix = f"record.{name}({min(needed, default='system')}=..., ...)"
            raise Misuse(f"{name} takes its fields by name", fix, code="by_name")
        if needed <= fields.keys() <= known:
            return method(self, **fields)
        return self._do(name, _said(fields))

    return judged


class Recorder:
    """Records events: `record("trained", ...)`, `record(Trained(...), ...)`, or one method for each type:

@phases@

    A type of one's own is said by its name: `record("acme.example/thing", ...)`. Every call returns a receipt once
    the event is durable, and raises `ledger.errors.Misuse` for what cannot be said. Every type takes these, too:

@common@
    """

    __slots__ = ("_do",)

    def __init__(self, do: Callable[[str | Struct, dict[str, Any]], Receipt]) -> None:
        self._do = do

    def __call__(self, what: str | Struct, /, **fields: Any) -> Receipt:
        """Record an event of a type named by text, or an event struct; fields, subject and the rest are keywords."""
        if not isinstance(what, str) and not hasattr(what, "__struct_fields__"):
            from ledger.errors import Misuse

            kind = type(what).__name__
            raise Misuse(f"record takes a type's name or a struct, not {kind}", 'record("trained", ...)', code="event")
        return self._do(what, fields)

    if not TYPE_CHECKING:  # a checker shall see the mistake itself

        def __getattr__(self, name: str) -> Any:
            import difflib

            known = [word for word in dir(type(self)) if not word.startswith("_")]
            near = difflib.get_close_matches(name, known, 1)
            raise AttributeError(f"no event type {name!r}" + (f"; nearest is {near[0]!r}" if near else ""))
'''
_TAIL: Final = """

for _name, _method in list(vars(Recorder).items()):
    if not _name.startswith("_"):
        setattr(Recorder, _name, _judged(_method))
"""
_NAMED: Final = ("DatasetRef", "VersionRef", "ComponentRef")
_ONE: Final = "Said | Sequence[Said] | None"
_RELATIONS: Final = {
    "of": ("str | Said | None", "the event whose subject this is about, or SYSTEM@VERSION"),
    "caused_by": (_ONE, "why this happened"),
    "answers": (_ONE, "the request it replies to"),
    "uses": (_ONE, "facts it rests on"),
    "under": (_ONE, "authority it was done under"),
    "ends": (_ONE, "the event whose interval it closes"),
    "supersedes": (_ONE, "the event whose place it takes"),
    "corrects": (_ONE, "the event it corrects"),
}
_SUBJECTS: Final = {
    "system": "the AI system",
    "version": "label of the version",
    "artifacts": "name to file: what the version, dataset or document consists of",
    "dataset": "label of the dataset, name@label",
    "component": "label of the component, name@label",
    "environment": "where: staging, production, ...",
    "deployment": "slot in the environment; left out: main",
    "alert": "the alert's own id; left out: that of its first event",
    "document": "name of the document",
    "plan": "name of the plan",
    "handle": "the actor spoken about",
}
_ENVELOPE: Final = {
    "reason": ("str | None", "why, in words; open, printed"),
    "evidence": ("Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None", "files that show it"),
    "time": ("datetime | str | None", "when it happened; left out: now"),
    "id": ("str | None", "UUIDv7; the same id is recorded once"),
    "on_behalf_of": ("str | None", "handle of the person it was done for"),
    "claimed_by": ("Mapping[str, Any] | None", "who did it by the word of `source`: source, and actor or name"),
    "source": ("Mapping[str, Any] | None", "the system whose words are repeated: tool, mode, uri, key"),
    "critical": ("bool | None", "True: who does not know the type must not pass it"),
    "capture": ("bool | None", "False: nothing is taken from the surroundings"),
    "seal": ("Sequence[str] | None", "fields of free text to seal: a salted commitment stands in the entry"),
    "allow_secret": ("bool | None", "True: what looks like a password is none"),
}


def written() -> str:
    """The text of ledger/recording.py."""
    kinds = [kind for kind in EVENTS.values() if kind.name != "genesis"]
    phases: dict[str, list[str]] = {}
    for kind in kinds:
        phases.setdefault(kind.phase, []).append(kind.name)
    listed = "\n".join(_wrap(f"{phase}: {', '.join(names)}", 4, 6) for phase, names in phases.items())
    common = {**_RELATIONS, **_ENVELOPE}
    told = "\n".join(_wrap(f"{name}: {meaning}", 4, 6) for name, (_, meaning) in common.items() if name != "corrects")
    return _HEAD.replace("@phases@", listed).replace("@common@", told) + "".join(map(_method, kinds)) + _TAIL


def _method(kind: EventType) -> str:
    assert kind.struct is not None
    lines = [(name, *row) for name, row in _keywords(kind).items()]
    lines.sort(key=lambda line: line[1].endswith("| None"))  # what is required comes first
    signature = "\n".join(
        _wrap(f"{name}: {hint}{' = None' * hint.endswith('| None')},", 8, 12) for name, hint, _ in lines
    )
    common = {*_ENVELOPE, *_RELATIONS} - {*kind.needs_refs} - ({"reason"} if kind.needs_reason else set())
    told = "\n".join(_wrap(f"{name}: {meaning}", 8, 12) for name, _, meaning in lines if name not in common)
    return (
        f"\n    def {kind.name}(\n        self,\n        *,\n{signature}\n    ) -> Receipt:\n"
        f'        """{kind.summary}\n\n{told}\n        """\n'
        f'        return self._do("{kind.name}", _said(locals()))\n'
    )


def _keywords(kind: EventType) -> dict[str, tuple[str, str]]:
    """Keyword -> type hint and meaning: subject, fields, relations, envelope."""
    assert kind.struct is not None
    rows: dict[str, tuple[str, str]] = {}
    for key in kind.subjects:
        hint = "Mapping[str, Evidence | str]" if key == "artifacts" else "str"
        required = key in kind.required and key in kind.said
        rows[key] = (hint if required else f"{hint} | None", _SUBJECTS[key])
    rows |= {field.name: (_hint(field), _meaning(field)) for field in fields_of(kind.struct).values()}
    for name in kind.relations:
        hint, meaning = _RELATIONS[name]
        rows[name] = (hint.removesuffix(" | None") if name in kind.needs_refs else hint, meaning)
    for name, (hint, meaning) in _ENVELOPE.items():
        needed = name == "reason" and kind.needs_reason
        rows[name] = (hint.removesuffix(" | None") if needed else hint, meaning)
    return rows


def _hint(field: Field) -> str:
    hint = _hint_of(field.part)
    return hint if field.required else f"{hint} | None"


def _hint_of(part: Part) -> str:
    if part.kind == "choice":
        return f"Literal[{', '.join(repr(word) for word in part.choices)}]".replace("'", '"')
    if part.kind == "map":
        assert part.item is not None
        return f"Mapping[str, {_hint_of(part.item)}]"
    if part.kind == "list":
        assert part.item is not None
        return f"Sequence[{_hint_of(part.item)}]"
    if part.kind == "struct":
        assert part.struct is not None
        return "Named" if part.struct.__name__ in _NAMED else "Mapping[str, Any] | Struct"
    if part.kind == "union":
        return " | ".join(dict.fromkeys(hint for option in part.options for hint in _hint_of(option).split(" | ")))
    texts = {"time": "datetime | str", "date": "date | str", "digest": "Evidence | str"}
    scalars = {"text": "str", "integer": "int", "number": "float", "boolean": "bool", "any": "Any"}
    return texts.get(part.form) or scalars[part.kind]


def _meaning(field: Field) -> str:
    return f"{field.meaning} ({field.serves})" if field.serves else field.meaning


def _wrap(text: str, indent: int, further: int) -> str:
    return textwrap.fill(
        text,
        118,
        initial_indent=" " * indent,
        subsequent_indent=" " * further,
        break_on_hyphens=False,
        break_long_words=False,
    )


if __name__ == "__main__":
    TARGET.write_text(written(), encoding="utf-8")

"""What a user typed, as the keywords that `Ledger.record` takes: words, options, JSON."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ledger.encoding import is_id, time_text
from ledger.errors import Misuse
from ledger.events.anatomy import Part, fields_of
from ledger.events.check import event_type
from ledger.events.places import RELATION, Places, places_of

if TYPE_CHECKING:
    from ledger.cli.reaching import Reached
    from ledger.events.common import Evidence

# The one word after the type names this, for types that are about such a thing.
_ABOUT: Final = ("dataset", "handle", "alert")
# Types whose files are what they are about; for all others a file is evidence.
_MAKES: Final = frozenset(("dataset_registered", "trained", "version_registered"))


def parse(text: str, where: str, fix: str = '{"field": "value"}') -> Any:
    """Return JSON that says each name once; `Misuse` with the place for anything else."""
    import json

    try:
        return json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise Misuse(f"{where} is no JSON: {error}", fix, code="json", where=where) from None


def _once(found: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(found)
    if len(made) != len(found):
        raise ValueError("a name stands twice in one object")
    return made


def read_object(text: str, where: str) -> dict[str, Any]:
    """Return a JSON object."""
    found = parse(text, where)
    if not isinstance(found, dict):
        raise Misuse(f"{where} is no JSON object", '{"field": "value"}', code="json", where=where)
    return found


def resolve_refs(fields: dict[str, Any], ledger: "Reached") -> dict[str, Any]:
    """Return fields with entry numbers and ids in relations turned into the entries they name."""
    from ledger.events.table import RELATIONS

    return {
        name: [_entry(one, ledger) for one in value]
        if name in RELATIONS and isinstance(value, list)
        else _entry(value, ledger)
        if name in RELATIONS
        else value
        for name, value in fields.items()
    }


def _entry(value: Any, ledger: "Reached") -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return ledger.find(value)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return ledger.find(int(value))
    return ledger.find(value) if isinstance(value, str) and is_id(value) else value


# ---- the words after the type ----


def from_words(kind: str, words: tuple[str, ...], ledger: "Reached") -> dict[str, Any]:
    """Return what `SYSTEM@VERSION` and `--field value ...` after the type say."""
    places = places_of(kind)
    named: list[str] = []
    said: dict[str, list[str]] = {}
    left = list(words)
    while left:
        word = left.pop(0)
        if not word.startswith("--"):
            named.append(word)
            continue
        name, mark, value = word[2:].partition("=")
        field = name.replace("-", "_")
        if field not in places.places and not places.kind.own:
            raise places.unknown(field)
        if not mark and (not left or left[0].startswith("--")) and _is_boolean(places, field):
            value, mark = "true", "="
        if not mark and not left:
            raise Misuse(f"--{name} needs a value", f"ledger types {kind}", code="usage")
        said.setdefault(field, []).append(value if mark else left.pop(0))
    fields = {name: _value(places, name, texts) for name, texts in said.items()}
    return _subject(places, named, ledger) | resolve_refs(fields, ledger)


def _subject(places: Places, named: list[str], ledger: "Reached") -> dict[str, Any]:
    if not named:
        return {}
    kind = places.kind
    only = next((key for key in _ABOUT if key in kind.required and "system" not in kind.required), None)
    if only is not None and len(named) == 1 and (only != "alert" or is_id(named[0])):
        return {only: named[0]}
    if len(named) > 2 or (len(named) == 2 and "@" in named[0]):
        raise Misuse(f"{kind.name}: what is {named[-1]!r}?", f"ledger record {kind.name} SYSTEM@VERSION", code="usage")
    system, mark, version = named[0].rpartition("@") if len(named) == 1 else (named[0], "@", named[1])
    if not mark:
        return {"system": version}
    system = system or ledger.place.system
    if not system:
        raise Misuse(f"@{version} of which system?", f"SYSTEM@{version}", code="which_system")
    return {"system": system, "version": version}


# ---- one field's value ----

_BOOLEANS: Final = ("allow_secret", "capture", "critical")


def _is_boolean(places: Places, name: str) -> bool:
    """Whether a field is said by its name alone, too: `--passed` is `--passed true`."""
    fields = fields_of(places.kind.struct) if places.kind.struct is not None else {}
    return name in _BOOLEANS or (name in fields and fields[name].part.kind == "boolean")


def _value(places: Places, name: str, texts: list[str]) -> Any:
    struct = places.kind.struct
    where = f"{places.kind.name}.{name}"
    if struct is None:
        if name == "seal":
            return texts
        return _one(texts, where) if name in places.places else parsed(_one(texts, where))
    field = fields_of(struct).get(name)
    if field is not None:
        return _as_part(field.part, texts, where)
    if places.places.get(name) == RELATION:
        return texts if len(texts) > 1 else texts[0]
    return texts if name == "seal" else _as_envelope(name, _one(texts, where), where)


def _as_envelope(name: str, text: str, where: str) -> Any:
    if name in ("artifacts", "claimed_by", "data", "source"):
        return parse(text, where)
    if name in _BOOLEANS:
        return _boolean(text, where)
    if name == "evidence":
        return [evidence(text)]
    return text


def _as_part(part: Part, texts: list[str], where: str) -> Any:
    """Return texts as the kind of value that a field takes."""
    if len(texts) == 1 and texts[0][:1] in ("{", "[") and part.kind in ("list", "map", "struct", "union", "any"):
        return parse(texts[0], where, f"JSON, or {option_of(where.split('.')[1])} NAME=VALUE")
    if part.kind == "list":
        item = part.item or part
        return [_as_part(item, [text], where) for text in texts]
    if part.kind in ("map", "struct") and all("=" in text for text in texts):
        return _as_map(part, texts, where)
    if part.kind == "map":
        what = f"{where} is {next(text for text in texts if '=' not in text)!r}, not NAME=VALUE"
        option = option_of(where.split(".")[1])
        raise Misuse(what, f"{option} NAME=VALUE, once for each", code="invalid_field", where=where)
    text = _one(texts, where)
    if part.kind == "boolean":
        return _boolean(text, where)
    if part.kind in ("integer", "number"):
        return _number(text, where)
    return parsed(text) if part.kind in ("union", "any") else text


def option_of(name: str) -> str:
    """Return the option of a field."""
    return f"--{name.replace('_', '-')}"


def _as_map(part: Part, texts: list[str], where: str) -> dict[str, Any]:
    fields = fields_of(part.struct) if part.struct is not None else {}
    gathered: dict[str, list[str]] = {}
    for text in texts:
        key, _, value = text.partition("=")
        gathered.setdefault(key, []).append(value)
    made = {}
    for key, values in gathered.items():
        inner = fields[key].part if key in fields else part.item
        made[key] = values[0] if inner is None or _mentions(inner) else _as_part(inner, values, f"{where}.{key}")
        if inner is not None and _mentions(inner) and len(values) > 1:
            made[key] = values  # labels of datasets: what they name is looked up when the event is composed
    return made


def _mentions(part: Part) -> bool:
    return part.kind == "struct" or (part.item is not None and part.item.kind == "struct")


def _one(texts: list[str], where: str) -> str:
    if len(texts) > 1:
        raise Misuse(f"{where} is said {len(texts)} times", "say it once", code="twice", where=where)
    return texts[0]


def _boolean(text: str, where: str) -> bool:
    if text.lower() not in ("true", "false", "yes", "no"):
        raise Misuse(f"{where} is {text!r}, not true or false", "true, or false", code="invalid_field", where=where)
    return text.lower() in ("true", "yes")


def _number(text: str, where: str) -> Any:
    found = parsed(text)
    if isinstance(found, str):
        raise Misuse(f"{where} is {text!r}, not a number", "such as 6 or 0.79", code="invalid_field", where=where)
    return found


def parsed(text: str) -> Any:
    """Return a number, a boolean, a list or a map where the text is one in JSON; else the text."""
    import json

    try:
        return json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return text


# ---- options ----


def from_options(kind: str, options: dict[str, Any], ledger: "Reached") -> dict[str, Any]:
    """Return what the options that every type has say."""
    fields: dict[str, Any] = {}
    for text in options["sets"]:
        name, mark, value = text.partition("=")
        if not mark:
            raise Misuse(f"--set {text!r} is no FIELD=JSON", "--set parameters='{\"max_depth\": 6}'", code="usage")
        fix = f"--set '{name}=\"TEXT\"'; or {option_of(name)} TEXT"
        fields[name.replace("-", "_")] = parse(value, f"--set {name}", fix)
    fields |= _files(kind, options["files"])
    for name, option in (("environment", "environment"), ("reason", "reason"), ("id", "id_")):
        if options[option] is not None:
            fields[name] = options[option]
    if options["time_"] is not None:
        fields["time"] = moment(options["time_"], "--time")
    if options["of"] is not None:
        of = _entry(options["of"], ledger)
        fields["of"] = Path(of) if isinstance(of, str) and "@" not in of and Path(of).is_file() else of
    return fields


def _files(kind: str, files: tuple[str, ...]) -> dict[str, Any]:
    makes = event_type(kind).name in _MAKES
    artifacts: dict[str, Any] = {}
    shown: list[Any] = []
    for text in files:
        name, mark, path = text.partition("=")
        if not mark or Path(text).exists():
            shown.append(evidence(text))
        elif makes:
            artifacts[name] = evidence(path)
        else:
            shown.append(evidence(path, name=name))
    return {**({"artifacts": artifacts} if artifacts else {}), **({"evidence": shown} if shown else {})}


def evidence(path: str, **more: Any) -> "Evidence":
    """Return the evidence of a file, or of a folder."""
    from ledger.evidence import directory, file

    made: Evidence = directory(path, **more) if Path(path).is_dir() else file(path, **more)
    return made


def moment(text: str, option: str) -> str:
    """Return a time that a user typed as the 27 characters; raise `Misuse` where it is none, or has no zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Misuse(f"{option} {text!r} is no time", "2026-11-23T09:05:41Z", code="time") from None
    if found.tzinfo is None:
        raise Misuse(f"{option} {text} has no zone", f"{found.isoformat()}Z for UTC", code="naive_time")
    return time_text(found)

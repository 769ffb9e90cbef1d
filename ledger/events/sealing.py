"""What a caller may seal besides what the vocabulary marks: free text, and anything in a type of one's own."""

from collections.abc import Sequence
from typing import Any

from ledger.errors import Misuse
from ledger.events.anatomy import Part, fields_of
from ledger.events.common import Event
from ledger.events.places import Places


def sealing(table: Places, data: dict[str, Any], names: Sequence[Any]) -> list[str]:
    """Return pointers into the statement for `seal=`: field names, or JSON pointers into `data`.

    Raises `Misuse` for what is not said, and for what readers need open: numbers, labels, handles, digests, choices.
    """
    kind, struct = table.kind.name, table.kind.struct
    if struct is not None and not issubclass(struct, Event):
        raise Misuse(f"{kind} is read by every verifier and takes no seal=", "leave it out", code="seal")
    found = []
    for name in names:
        if not isinstance(name, str) or not name:
            raise Misuse(f"{kind}: seal= takes names of fields", 'seal=["summary"]', code="seal")
        pointer = name if name.startswith("/") else f"/{name.replace('~', '~0').replace('/', '~1')}"
        steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/")]
        value = _value(data, steps)
        if value is None or (isinstance(value, dict) and value.keys() == {"sealed"}):
            raise Misuse(f"{kind}: {name} is not said here, so it cannot be sealed", "a field that is", code="seal")
        if struct is not None and not (
            isinstance(value, str) and _is_free(fields_of(struct)[steps[0]].part, steps[1:])
        ):
            what = f"{kind}: {name} is read by others and cannot be sealed; free text can"
            raise Misuse(what, "put what is personal into note=", code="seal")
        found.append(f"/data{pointer}")
    return found


def _value(data: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        try:
            data = data[int(step) if isinstance(data, list) else step]
        except (LookupError, TypeError, ValueError):
            return None
    return data


def _is_free(part: Part, steps: Sequence[str]) -> bool:
    """Whether a place takes free text: no label, handle, digest, time or word of a list."""
    options = part.options or (part,)
    if not steps:
        return any(one.kind == "any" or (one.kind == "text" and not one.form) for one in options)
    for one in options:
        if one.kind == "any":
            return True
        if one.struct is not None and steps[0] in (fields := fields_of(one.struct)):
            return _is_free(fields[steps[0]].part, steps[1:])
        if one.kind in ("list", "map") and one.item is not None:
            return _is_free(one.item, steps[1:])
    return False

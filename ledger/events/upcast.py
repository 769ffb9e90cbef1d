"""Upcasting: the data of an older `rev` as if it had been written today.

Entries are never rewritten; a reader asks for the data in today's form. A step stands under (type, rev) and takes
the data of that rev to the next one; it must not change the object it is given. No type has an older rev yet: the first
that gets one stands in `ledger.revisions`, too, and a test holds the two together.
"""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

Step: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]

STEPS: Final[dict[tuple[str, int], Step]] = {}


def upcast(name: str, rev: int, data: dict[str, Any]) -> dict[str, Any]:
    """The data of type `name` in the newest form this library knows; a rev newer than that is left as it is."""
    while step := STEPS.get((name, rev)):
        data, rev = step(data), rev + 1
    return data

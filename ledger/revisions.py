"""Which rev of a type's fields is the newest, where that is not 1; `ledger.events.upcast` has the steps to it.

Light, because readers ask this of every entry, and of the vocabulary only where one is older.
"""

from typing import Final

NEWEST: Final[dict[str, int]] = {}

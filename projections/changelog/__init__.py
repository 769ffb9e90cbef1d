"""The changelog: which changes a system went through, in the sense of Annex IV point 6. Derived from the registry.

    openings     what opens a change, and the number it keeps for ever
    categories   what kind of change the digests suggest
    deriving     before, after, status, differences, assessment

A change is known by its key: `to:` and the set that became effective, or the id of the statement that opened it.
"""

from typing import Final

from projections.changelog.deriving import TABLES, derive, groups
from projections.projection import Derived

CHANGELOG: Final = Derived(name="changelog", version=1, tables=TABLES, groups=groups, derive=derive)

"""Between which two moments each entry came, by outside evidence: how far one could be dated back unnoticed."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from ledger.report import Existed


class Bound(NamedTuple):
    """Entries `first` to `last` are no older than `not_before` and existed by `existed_by`; "" where nothing says."""

    first: int
    last: int
    not_before: str
    existed_by: str


def bounds(times: Sequence[Existed], size: int) -> list[Bound]:
    """Return the bounds of all entries of a log of `size`, in order."""
    cuts = {cut for one in times for cut in (one.size, one.after) if 0 < cut < size}
    found: list[Bound] = []
    for first, stop in pairwise(sorted({0, *cuts, size})):
        not_before = max((one.time for one in times if 0 <= one.after <= first), default="")
        existed_by = min((one.time for one in times if one.size > first), default="")
        if found and found[-1][2:] == (not_before, existed_by):
            found[-1] = found[-1]._replace(last=stop - 1)
        else:
            found.append(Bound(first, stop - 1, not_before, existed_by))
    return found

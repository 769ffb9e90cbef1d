"""A store that is not asked: what stands behind a ledger whose statements go to the spool by choice, or nowhere."""

from typing import NoReturn, cast

from ledger.errors import Unavailable
from ledger.store import Store


class _Unasked:
    """Every call but `close` raises `Unavailable`."""

    def __init__(self, place: str, mode: str) -> None:
        self.place = place
        self._mode = mode

    def close(self) -> None:
        """Nothing is open."""

    def __getattr__(self, name: str) -> NoReturn:
        raise Unavailable(
            f"{self.place} was opened with mode={self._mode!r}: it is not asked for anything",
            "open it without a mode to read it", code="mode",
        )  # fmt: skip


def unasked(place: str, mode: str) -> Store:
    """Return a store that answers nothing; `mode` is why."""
    return cast("Store", _Unasked(place, mode))

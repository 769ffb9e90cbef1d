"""What a check of the doctor sees, and what it says."""

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ledger.errors import LedgerError

if TYPE_CHECKING:
    from ledger.api import Ledger
    from ledger.config import Place

Level = Literal["ok", "warn", "fail"]


class Finding(NamedTuple):
    """One line: how it stands, with what, in words; and the command or edit that mends it ("" where nothing must)."""

    level: Level
    name: str
    text: str
    fix: str = ""

    @property
    def document(self) -> dict[str, Any]:
        """Return it for a program."""
        return {name: value for name, value in self._asdict().items() if value != ""}


class Patient(NamedTuple):
    """Where the ledger should be, and the ledger where it could be opened; else why it could not."""

    place: "Place | None"
    ledger: "Ledger | None"
    error: LedgerError | None

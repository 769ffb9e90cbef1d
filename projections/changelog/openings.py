"""What opens a change, and its number (vocabulary 6.1).

A number is the rank of the entry by which the log first knew the change. Later entries never move it; what was taken
back keeps its number and is printed void.
"""

from typing import Final, NamedTuple

from projections.database import Database
from projections.projection import LATER, STANDS

RECORD, SLOT, MARKET, ROLLBACK, PURPOSE = "record", "slot", "market", "rollback", "purpose"
_SOURCES: Final = {  # statement_id, set, known_seq, seq, stands, time
    RECORD: "SELECT statement_id, set_digest, seq, seq, stands, time FROM change_records WHERE system = ?",
    SLOT: "SELECT statement_id, set_digest, known_seq, seq, stands, time FROM slot_openings WHERE system = ?",
    MARKET: (
        "SELECT statement_id, set_digest, seq, seq, stands, time FROM market"
        " WHERE system = ? AND set_digest IS NOT NULL AND kind IN ('placed_on_market', 'put_into_service')"
    ),
    ROLLBACK: "SELECT statement_id, to_set, known_seq, seq, stands, time FROM rollbacks WHERE system = ?",
    PURPOSE: "SELECT statement_id, NULL, known_seq, seq, stands, time FROM registrations WHERE system = ?",
}
_BY_SET: Final = (RECORD, SLOT, MARKET)


class Opening(NamedTuple):
    """One event that opens a change or joins it."""

    source: str
    statement_id: str
    set_digest: str | None
    known_seq: int
    seq: int
    stands: str
    time: str

    @property
    def key(self) -> str:
        """The change it belongs to."""
        return f"to:{self.set_digest}" if self.source in _BY_SET else self.statement_id


class Change(NamedTuple):
    """A change before it is described: its number and all that opened it, in the log's order."""

    key: str
    number: int
    opened_seq: int
    openings: tuple[Opening, ...]

    @property
    def standing(self) -> list[Opening]:
        """What was not taken back and is not dated later than asked."""
        return [one for one in self.openings if one.stands == STANDS]

    @property
    def effective(self) -> Opening | None:
        """The event by which it first became effective."""
        found = [one for one in self.standing if one.source != RECORD]
        return min(found, key=lambda one: (one.time, one.seq), default=None)

    @property
    def gone(self) -> str:
        """`void` or `later` if nothing of it stands."""
        if self.standing:
            return ""
        return LATER if any(one.stands == LATER for one in self.openings) else "void"


def changes(database: Database, system: str) -> list[Change]:
    """Return all changes of a system in the order of their numbers."""
    by_key: dict[str, list[Opening]] = {}
    for source, sql in _SOURCES.items():
        for row in database.rows(sql, (system,)):
            one = Opening(source, *row)
            by_key.setdefault(one.key, []).append(one)
    opened = sorted((min(one.known_seq for one in found), key) for key, found in by_key.items())
    return [
        Change(key, number, seq, tuple(sorted(by_key[key], key=lambda one: one.seq)))
        for number, (seq, key) in enumerate(opened, start=1)
    ]

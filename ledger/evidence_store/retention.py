"""Until when evidence is to be kept, by what the ledger says (Regulation (EU) 2024/1689, Article 18(1) and 47(1)).

Ten calendar years after the system that it is evidence for was placed on the market or put into service; the latest
such day of any of its versions counts. Before there is one the end is open: a lock made today runs ten years from
today, and is moved on when it is known. Evidence with personal data is not locked: it must be erasable
(Regulation (EU) 2016/679, Article 5(1)(e)). This is a rule of keeping, no legal advice: a hold, an incident or another
law may ask for longer.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple

from ledger.entry import Entry

YEARS: Final = 10
_STARTS: Final = ("placed_on_market", "put_into_service")


class Named(NamedTuple):
    """What entries say of a piece of evidence: who names it first, its size and kind, and until when it is kept.

    `until` is None where it may be erased; `open`: no system was placed on the market yet, the day is ten years away.
    """

    digest: str
    seq: int
    name: str
    size: int
    kind: str
    systems: frozenset[str]
    personal: bool
    until: date | None = None
    open: bool = True


def named_evidence(entries: Iterable[Entry], today: date | None = None) -> dict[str, Named]:
    """Return the evidence that entries name by a digest whose bytes were seen, by digest (64 hexadecimal digits)."""
    found: dict[str, Named] = {}
    starts: dict[str, date] = {}
    for placed in entries:
        said = placed.statement
        system = said.subject.get("system")
        if said.type in _STARTS and isinstance(system, str):
            day = datetime.fromisoformat(said.time).date()
            starts[system] = max(day, starts.get(system, day))
        for item in said.evidence or ():
            _take(found, placed.seq, item, system)
    now = today or datetime.now(UTC).date()
    return {digest: _kept(one, starts, now) for digest, one in found.items()}


def _take(found: dict[str, Named], seq: int, item: dict[str, Any], system: Any) -> None:
    if item["kind"] == "external" or item.get("unread"):
        return
    digest = item["digest"].removeprefix("sha256:")
    systems = frozenset([system] if isinstance(system, str) else [])
    before = found.get(digest)
    if before is None:
        name = item.get("name") or f"evidence of entry {seq}"
        personal = item.get("personal_data") is True
        found[digest] = Named(digest, seq, name, item["size"], item["kind"], systems, personal)
        return
    personal = before.personal or item.get("personal_data") is True
    found[digest] = before._replace(systems=before.systems | systems, personal=personal)


def _kept(one: Named, starts: dict[str, date], today: date) -> Named:
    """Data that names no system may have trained any of them: the latest day of all counts."""
    if one.personal:
        return one._replace(until=None, open=False)
    days = [starts[system] for system in (one.systems or starts) if system in starts]
    if not days:
        return one._replace(until=after_years(today))
    return one._replace(until=after_years(max(days)), open=False)


def after_years(day: date, years: int = YEARS) -> date:
    """Return the day so many calendar years later; from 29 February, where there is none, 1 March."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)

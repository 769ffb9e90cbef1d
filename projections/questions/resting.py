"""An answer made again from the entries that it rests on, so that nobody has to believe the tables.

The tables say which entries these are, and could leave one out; they cannot make up what one says. So what was forged
into a row is not in the answer that is made here, and whoever proves these entries has proven what was shown.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Final

from ledger.encoding import is_id
from ledger.entry import Entry
from ledger.errors import Misuse
from projections.database import TEMPORARY, Database
from projections.opening import Projections
from projections.projection import EntrySource
from projections.values import unpacked

Facts = dict[str, Any]
_TOUCHES: Final = "SELECT seqs FROM touches WHERE subject_key = ? OR (subject_key >= ? AND subject_key < ?)"
_SETS: Final = (
    "SELECT set_digest FROM labels WHERE system = ? AND version IN"
    " (SELECT version FROM labels WHERE system = ? AND set_digest IN (?, ?))"
    " UNION SELECT digest FROM version_inputs WHERE system = ? AND set_digest IN (?, ?) AND kind = 'parent'"
)
_EVALUATIONS: Final = (
    "SELECT seq FROM evaluations WHERE set_digest = ?"
    " AND seq NOT IN (SELECT min(seq) FROM evaluations WHERE set_digest = ? GROUP BY actor)"
)
_PLACES: Final = "SELECT DISTINCT system FROM versions WHERE set_digest = ?"
_DATASETS: Final = (
    "SELECT DISTINCT dataset FROM datasets WHERE digest IN"
    " (SELECT digest FROM version_inputs WHERE system = ? AND set_digest IN (?, ?))"
    " OR dataset IN (SELECT ref FROM version_inputs WHERE system = ? AND set_digest IN (?, ?))"
)
_SAID: Final = (
    "SELECT seq FROM change_records WHERE system = ? UNION SELECT seq FROM assessments WHERE system = ?"
    " UNION SELECT opened_seq FROM alerts WHERE system = ?"
)
_ALERTS: Final = "SELECT DISTINCT alert FROM alerts WHERE system = ?"


def from_entries(
    projections: Projections, found: Facts, acts: Collection[int], ask: Callable[[Projections], Facts]
) -> tuple[Facts, set[int]]:
    """Return the answer about a version that its own entries give, and these entries.

    `found` is the answer from the tables (`system`, `digest_set`, `running`, `size`), `ask` makes it; `acts`: the
    entries that change who may say what.
    """
    return _made_again(projections, found["size"], {*_rests_on(projections.database, found), *acts}, ask)


def from_entries_of_each(
    projections: Projections,
    found: Sequence[Facts],
    acts: Collection[int],
    ask: Callable[[Projections], Facts],
    most: int,
) -> tuple[Facts, set[int]]:
    """Do so for several versions together, each with the `seq` of all that it shows somewhere inside.

    Of their evaluations, those that are not shown are left out but for the first of each evaluator: a version that
    runs for years has thousands. Raises `Misuse` (`too_many`) where there are more than `most` entries all the same.
    """
    seqs = set(acts)
    for one in found:
        shown, digest = cited(one), one["digest_set"]
        more = {seq for (seq,) in projections.database.rows(_EVALUATIONS, (digest, digest))}
        seqs |= {*_rests_on(projections.database, one)} - more | shown
    if len(seqs) > most:
        raise Misuse(f"it rests on {len(seqs):,} entries", "ledger rebuild", code="too_many")
    return _made_again(projections, projections.position("registry"), seqs, ask)


def cited(value: Any) -> set[int]:
    """Return every entry that facts name."""
    if isinstance(value, dict):
        places = {one for name, one in value.items() if name in ("seq", "reported") and type(one) is int}
        places.update(one for one in value.get("seqs", ()) if type(one) is int)
        return places.union(*(cited(one) for one in value.values()))
    return set().union(*map(cited, value)) if isinstance(value, list) else set()


def _made_again(
    projections: Projections, size: int, seqs: set[int], ask: Callable[[Projections], Facts]
) -> tuple[Facts, set[int]]:
    source = _Some(projections.source, size, {seq for seq in seqs if 0 <= seq < size})
    with Projections(source, Database(TEMPORARY), projections.moment) as some:
        some.fold_these(source.chosen())
        return ask(some), source.read


class _Some:
    """Some entries of a ledger, as if there were no others; `read`: all that were looked at."""

    def __init__(self, source: EntrySource, size: int, seqs: set[int]) -> None:
        self._source, self._size = source, size
        self.read = set(seqs)

    @property
    def origin(self) -> str:
        """The log's name."""
        return self._source.origin

    def __len__(self) -> int:
        return self._size

    def chosen(self) -> list[Entry]:
        """The entries to fold, in order."""
        return [self._source.find(seq) for seq in sorted(self.read)]

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[Entry]:
        """Those of them from `start` to `stop` - 1."""
        end = self._size if stop is None else stop
        return (self._source.find(seq) for seq in sorted(self.read) if start <= seq < end)

    def find(self, which: int | str) -> Entry:
        """An entry that one of them names; it counts as read from then on."""
        if isinstance(which, str) and not is_id(which):
            raise Misuse(f"no entry {which!r}")
        found = self._source.find(which)
        if found.seq >= self._size:
            raise Misuse(f"no entry {which!r}")
        self.read.add(found.seq)
        return found


def _rests_on(database: Database, found: Facts) -> Iterator[int]:
    """The entries about the version, what runs in its place, and what either is made of and judged by."""
    system, digest = found["system"], found["digest_set"]
    before = found["running"]["digest_set"] if "running" in found else digest
    pair = (system, digest, before)
    sets = {digest, before} | {one for (one,) in database.rows(_SETS, (system, *pair, *pair))}
    keys = [f"V|{place}|{one}" for one in sorted(sets) for (place,) in database.rows(_PLACES, (one,))]
    keys += [f"D|{one}" for (one,) in database.rows(_DATASETS, pair * 2)]
    keys += [f"A|{one}" for (one,) in database.rows(_ALERTS, (system,))]
    whole = [f"P|{system}|{digest}|", f"P|{system}|{before}|", f"E|{system}|", f"L|{system}|"]
    for key, first, last in (
        *((key, "", "") for key in (*keys, f"S|{system}")),
        *(("", begin, begin[:-1] + "}") for begin in whole),
    ):
        for (seqs,) in database.rows(_TOUCHES, (key, first, last)):
            yield from unpacked(seqs, [])
    for (seq,) in database.rows(_SAID, (system,) * 3):
        yield seq

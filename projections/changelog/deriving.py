"""Describing a system's changes: before and after, status, what differs, baseline, assessment (vocabulary 6)."""

from typing import Any, Final, NamedTuple

from projections.changelog.categories import suggest
from projections.changelog.openings import MARKET, PURPOSE, RECORD, ROLLBACK, SLOT, Change, Opening, changes
from projections.comparing import ALL, Item, compare
from projections.database import Database, Row
from projections.tables import table
from projections.values import mapping, named, packed, text, texts, unpacked

Facts = dict[str, Any]

CHANGES: Final = table(
    "changes",
    "system change_key",
    "number:integer opened_seq:integer kind status from_set to_set from_version to_version"
    " built_from:integer effective_time effective_seq:integer effective_by record_seq:integer"
    " summary reason caused_by categories suggested equal baseline_set baseline_seq:integer sm_state"
    " sm_note sm_seq:integer pending_from seqs",
    owner=1,
)
ITEMS: Final = table(
    "change_items",
    "system change_key part name grp",
    "before after delta:real why_not threshold met:integer seqs",
    owner=1,
)
TABLES: Final = (CHANGES, ITEMS)

PENDING, NOT_APPLICABLE, NOT_YET = "pending", "not_applicable", "not_yet"
_RECORDS: Final = (
    "SELECT seq, summary, reason, caused_by, data FROM change_records WHERE system = ? AND stands = 'stands'"
)
_BEFORE: Final = (
    "SELECT effective_seq, before_set, environment, deployment FROM deployments"
    " WHERE system = ? AND effective_seq IS NOT NULL"
)
_ROLLED: Final = (
    "SELECT seq, left_set, to_set, time, reason, caused_by FROM rollbacks WHERE system = ? AND stands = 'stands'"
)
_REGISTERED: Final = "SELECT seq, reason, caused_by, before, after FROM registrations WHERE system = ?"
_DECISIONS: Final = (
    "SELECT seq, set_digest, decision, reason, about FROM assessments"
    " WHERE system = ? AND decision IS NOT NULL AND decision <> 'uncertain' ORDER BY seq"
)
_REJECTED: Final = (
    "SELECT set_digest, MAX(decided_seq) FROM approval_states"
    " WHERE system = ? AND document = '' AND state = 'rejected' GROUP BY set_digest"
)
_LABELS: Final = (
    "SELECT set_digest, version, trained_by, trained_seq, registered_seq, caused_by FROM versions WHERE system = ?"
)
_PARENTS: Final = (
    "SELECT set_digest, digest FROM version_inputs WHERE system = ? AND kind = 'parent'"
    " ORDER BY seq DESC, set_digest, role, ref, digest"
)


class World(NamedTuple):
    """What is read once of a system, to describe all its changes."""

    system: str
    changes: list[Change]
    records: dict[int, Row]
    before: dict[int, str]
    rollbacks: dict[int, Row]
    registrations: dict[int, Row]
    decisions: list[Row]
    rejected: set[str]
    versions: dict[str, Row]
    parents: dict[str, list[str]]
    market: Opening | None

    def label(self, digest: str | None) -> str | None:
        """The name of a version."""
        return text(self.versions[digest][1]) if digest in self.versions else None


def groups(database: Database) -> list[str]:
    """All systems of which anything is known that may be a change."""
    found: set[str] = set()
    for name in ("change_records", "slot_openings", "market", "rollbacks", "registrations"):
        found |= {system for (system,) in database.rows(f"SELECT DISTINCT system FROM {name}")}  # noqa: S608
    return sorted(found)


def derive(database: Database, system: str) -> dict[str, list[Row]]:
    """Return all rows of one system."""
    world = _read(database, system)
    rows: dict[str, list[Row]] = {CHANGES.name: [], ITEMS.name: []}
    for change in world.changes:
        said, items = _describe(database, world, change)
        rows[CHANGES.name].append((system, change.key, *(said.get(name) for name in CHANGES.columns[2:])))
        rows[ITEMS.name].extend(_item_row(system, change.key, one) for one in items if not one.equal)
    return rows


def _read(database: Database, system: str) -> World:
    def keyed(sql: str) -> dict[Any, Row]:
        return {row[0]: row for row in database.rows(sql, (system,))}

    found = changes(database, system)
    placed = [one for change in found for one in change.standing if one.source == MARKET]
    parents: dict[str, list[str]] = {}
    for child, parent in database.rows(_PARENTS, (system,)):
        parents.setdefault(child, []).append(parent)
    return World(
        system, found, keyed(_RECORDS),
        {seq: before for seq, before, *_ in database.rows(_BEFORE, (system,)) if before},
        keyed(_ROLLED), keyed(_REGISTERED), database.rows(_DECISIONS, (system,)),
        {digest for digest, _ in database.rows(_REJECTED, (system,))}, keyed(_LABELS), parents,
        min(placed, key=lambda one: (one.time, one.seq), default=None),
    )  # fmt: skip


def _describe(database: Database, world: World, change: Change) -> tuple[Facts, list[Item]]:
    said: Facts = {"number": change.number, "opened_seq": change.opened_seq}
    if change.gone:
        seqs = packed(sorted({one.seq for one in change.openings}))
        return said | {"kind": change.openings[0].source, "status": change.gone, "seqs": seqs}, []
    record = next((world.records[one.seq] for one in change.standing if one.source == RECORD), None)
    effective = change.effective
    if effective is not None:
        said |= {"effective_time": effective.time, "effective_seq": effective.seq, "effective_by": effective.source}
    if record is not None:
        seq, summary, reason, caused_by, data = record
        categories = texts(mapping(unpacked(data, {})).get("categories"))
        said |= {"record_seq": seq, "summary": summary, "reason": reason, "caused_by": caused_by}
        said |= {"categories": packed(sorted(categories))}
    if change.standing[0].source == PURPOSE:
        items = _purpose(world, change, said)
    else:
        items = _sets(database, world, change, said, record)
    _assess(world, change, said)
    said["equal"] = packed([[one.part, one.name] for one in items if one.equal])
    said["seqs"] = packed(sorted({one.seq for one in change.standing}))
    return said, items


def _purpose(world: World, change: Change, said: Facts) -> list[Item]:
    seq, reason, caused_by, before, after = world.registrations[change.standing[0].seq]
    said |= {"kind": "purpose", "status": "effective", "reason": reason, "caused_by": caused_by}
    said |= {"suggested": packed(["intended_purpose"])}
    old, new = unpacked(before, {}), unpacked(after, {})
    return [Item("purpose", name, "", old.get(name), new.get(name), (seq,)) for name in sorted({*old, *new})]


def _sets(database: Database, world: World, change: Change, said: Facts, record: Row | None) -> list[Item]:
    first = change.standing[0]
    after = first.set_digest
    if after is None:
        return []
    if first.source == ROLLBACK:
        _, before, _, _, reason, caused_by = world.rollbacks[first.seq]
        said |= {"kind": "rollback", "status": "effective", "reason": reason, "caused_by": caused_by}
        said |= {"categories": packed(["rollback"])}
    else:
        before = _before(database, world, change, after, record)
        said |= {"kind": "version", "status": _status(world, change, after)}
    if said.get("caused_by") is None and after in world.versions:
        said["caused_by"] = world.versions[after][5]
    said |= {"to_set": after, "to_version": world.label(after), "from_set": before, "from_version": world.label(before)}
    parents = world.parents.get(after, [])
    said["built_from"] = int(bool(parents) and before is not None and before not in parents)
    items = compare(database, world.system, before, after, said.get("effective_time", ALL))
    if before is not None and first.source != ROLLBACK:
        said["suggested"] = packed(suggest(items))
    return items


def _before(database: Database, world: World, change: Change, after: str, record: Row | None) -> str | None:
    """The set that was there before: as a person said, as the slot served, or the nearest ancestor ever effective."""
    if record is not None:
        said = mapping(mapping(unpacked(record[4], {})).get("before"))
        if (digest := named(said.get("set"))) is not None:
            return digest
        if label := text(said.get("version")):
            sql = "SELECT set_digest FROM labels WHERE system = ? AND version = ? ORDER BY first_seq"
            found = [digest for (digest,) in database.rows(sql, (world.system, label))]
            if len(found) == 1:
                return str(found[0])
    effective = change.effective
    if effective is not None and effective.source == SLOT and world.before.get(effective.seq) not in (None, after):
        return world.before[effective.seq]
    ever = {one.set_digest for other in world.changes for one in other.standing if one.source in (SLOT, MARKET)}
    edge, seen = [after], {after}
    while edge:
        edge = [one for child in edge for one in world.parents.get(child, []) if one not in seen]
        seen.update(edge)
        if found := [one for one in edge if one in ever]:
            return found[0]
    return None


def _status(world: World, change: Change, after: str) -> str:
    openings = [one for one in change.standing if one.source != RECORD]
    if not openings:
        return "rejected" if after in world.rejected else "proposed"
    last = max((one.time, one.seq) for one in openings)
    left = any(row[1] == after and (row[3], row[0]) >= last for row in world.rollbacks.values())
    return "rolled_back" if left else "effective"


# ---- substantial modification (Art. 3(23)) --------------------------------------------------------------------------


def _assess(world: World, change: Change, said: Facts) -> None:
    """Say whether a person assessed the change, whether it is pending, or why that does not apply."""
    _baseline(world, said)
    decision = _decision(world, change, said)
    if decision is not None:
        said |= {"sm_state": decision[2], "sm_seq": decision[0]}
        return
    state, note, seq = _undecided(world, change, said)
    said |= {"sm_state": state, "sm_note": note, "sm_seq": seq}
    if state == PENDING:
        said["pending_from"] = said["effective_time"]


def _decision(world: World, change: Change, said: Facts) -> Row | None:
    """The last decision about this change: of the same set, or naming the statement that opened it."""
    ids = {one.statement_id for one in change.standing}
    after = said.get("to_set")
    found = [
        row for row in world.decisions if (after is not None and row[1] == after) or ids & set(unpacked(row[4], []))
    ]
    return found[-1] if found else None


def _undecided(world: World, change: Change, said: Facts) -> tuple[str, str, int | None]:
    time = said.get("effective_time")
    if time is None:
        return NOT_YET, "not effective", None
    market = world.market
    if market is not None and time < market.time:
        return NOT_APPLICABLE, "before placing on the market or putting into service", market.seq
    if market is not None and market in change.standing:
        return NOT_APPLICABLE, "the first placing on the market or putting into service", market.seq
    if not any(_earlier(other, change) for other in world.changes):
        return NOT_APPLICABLE, "initial version: nothing was in service before", None
    if said["kind"] == "rollback" and said.get("to_set") == said.get("baseline_set"):
        return NOT_APPLICABLE, "back to the baseline", said.get("baseline_seq")
    return PENDING, "" if market else "market status not recorded", None


def _earlier(other: Change, change: Change) -> bool:
    """Whether a set was effective before this change."""
    one, this = other.effective, change.effective
    return (
        one is not None and this is not None and one.source != PURPOSE and (one.time, one.seq) < (this.time, this.seq)
    )


def _baseline(world: World, said: Facts) -> None:
    """The set to measure against: the first that came on the market or into service."""
    market, time = world.market, said.get("effective_time")
    if market is None:
        return
    later = (time is None or market.time < time) and market.set_digest != said.get("to_set")
    if later or said.get("kind") == "rollback":
        said |= {"baseline_set": market.set_digest, "baseline_seq": market.seq}


def _item_row(system: str, key: str, one: Item) -> Row:
    met = None if one.met is None else int(one.met)
    before, after = (None if value is None else packed([value]) for value in (one.before, one.after))
    return (
        system, key, one.part, one.name, one.group, before, after, one.delta, one.why_not or None,
        one.threshold or None, met, packed(list(one.seqs)),
    )  # fmt: skip

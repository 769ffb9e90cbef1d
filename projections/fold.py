"""The fold: entries in, rows out, one round a transaction.

A round gathers entries; its rows about single entries are written as it goes, the rows that sum a key up, the keys'
states and the position once, at its end. What arrives late (dated before something its key has seen) and what is
corrected is not undone: the key is folded anew from its own entries when the round ends.
"""

from operator import itemgetter
from typing import Final

from msgspec.structs import replace

from ledger.entry import Entry
from ledger.errors import Misuse
from ledger.revisions import NEWEST
from ledger.statement import Statement
from projections import tables
from projections.corrections import effect
from projections.database import Database, Row
from projections.projection import LATER, EntrySource, Folded, Out, Route, Share
from projections.refold import refold
from projections.subjects import Held, Subjects
from projections.tables import table
from projections.values import ids, in_newest_form, mapping, packed

ROUND_KEYS: Final = 12_000
FLUSH: Final = 1024  # entries
ALWAYS: Final = "~"  # after every time

COUNTS: Final = table("counts", "type", "events:integer first_seq:integer last_seq:integer unrouted:integer")
CORRECTIONS: Final = table(
    "corrections",
    "seq:integer",
    "statement_id target_id target_seq:integer actor time reason changes void:integer effect",
)
STALE: Final = table("stale", "grp", "")  # groups that a derived projection has to make again


class Fold:
    """Folds entries into the tables named with `prefix`, from `position` on, which only moves forward."""

    def __init__(
        self,
        database: Database,
        projection: Folded,
        source: EntrySource,
        *,
        prefix: str,
        position: int,
        horizon: str,
        share: Share | None = None,
    ) -> None:
        self.position = position
        self._share = share
        self._database = database
        self._projection = projection
        self._source = source
        self._prefix = prefix
        self._horizon = horizon
        self._routes = projection.routes
        self._subjects = Subjects(database, prefix, empty=position == 0)
        self._out = Out((*projection.tables, CORRECTIONS))
        self._counts: dict[str, list[int]] = {}
        self._loose = 0
        self.full = False
        """Whether the round should end for the sake of memory; asked whenever rows were written."""
        self._pending: dict[str, list[int]] = {}
        if position:
            self._load()

    def _load(self) -> None:
        for target, seq in self._database.rows(f"SELECT target_id, seq FROM {self._prefix}pending"):  # noqa: S608
            self._pending.setdefault(target, []).append(seq)
        self._projection.remember(self._database, self._prefix, self._out.authority)

    def take(self, entry: Entry) -> None:
        """Fold the next entry."""
        said = entry.statement
        kind = said.type
        if said.rev < NEWEST.get(kind, 1):
            said = in_newest_form(said)
        seq = entry.seq
        routes = self._routes.get(kind)
        taken = False
        if routes is not None:
            for route in routes:
                for key in route.keys(entry, said):
                    self._apply(key, route, entry, said)
                    taken = True
        elif kind == "corrected":
            taken = self._correct(entry)
        elif kind in self._projection.by_target:
            taken = self._follow(entry, said)
        if self._pending and said.id in self._pending:
            self._arrived(entry)
        count = self._counts.get(kind)
        if count is None:
            count = self._counts[kind] = [0, seq, seq, 0]
        count[0] += 1
        count[2] = seq
        if not taken:
            count[3] += 1
        self.position = seq + 1
        self._loose += 1
        if self._loose >= FLUSH:
            self._flush()
            self.full = len(self._subjects.touched) >= ROUND_KEYS

    def _apply(self, key: str, route: Route, entry: Entry, said: Statement) -> None:
        _, subject, handler, mark = route
        if self._share is not None and not self._share.holds(key, subject):
            return
        held = self._subjects.hold(key, subject, entry.seq)
        if held.late:
            return
        time = said.time
        if time < held.time and not subject.by_seq:
            held.late = True
            return
        held.time = time
        if time <= self._horizon:
            handler(held.state, entry, said, self._out)
        elif mark is not None:
            mark(held.state, entry, said, self._out, LATER)

    # ---- what belongs where the statement it names belongs -------------------------------------------------------

    def _find(self, which: str, before: int) -> Entry | None:
        try:
            found = self._source.find(which)
        except Misuse:
            return None
        return found if found.seq < before else None

    def _wait(self, target: str, seq: int) -> None:
        self._pending.setdefault(target, []).append(seq)
        sql = f"INSERT INTO {self._prefix}pending (target_id, seq) VALUES (?, ?) ON CONFLICT DO NOTHING"  # noqa: S608
        self._database.execute(sql, (target, seq))

    def _arrived(self, target: Entry) -> None:
        for seq in self._pending.pop(target.statement.id):
            for waiting in self._source.entries(seq, seq + 1):
                if waiting.statement.type == "corrected":
                    self._correct_one(waiting, target.statement.id, target)
                else:
                    self._join(waiting, target, late=True)
        self._database.execute(f"DELETE FROM {self._prefix}pending WHERE target_id = ?", (target.statement.id,))  # noqa: S608

    def _follow(self, entry: Entry, said: Statement) -> bool:
        """Fold an event into the keys of the statements it names."""
        relation, _ = self._projection.by_target[said.type]
        for target_id in ids(said, relation):
            target = self._find(target_id, entry.seq)
            if target is None:
                self._wait(target_id, entry.seq)
            else:
                self._join(entry, target, late=False)
        return bool(ids(said, relation))

    def _join(self, entry: Entry, target: Entry, *, late: bool) -> None:
        _, own = self._projection.by_target[entry.statement.type]
        for route in self._routes.get(target.statement.type, ()):
            if route.subject.letter != own.subject.letter:
                continue
            for key in route.keys(target, target.statement):
                self._apply(key, own, entry, entry.statement)
                if late and (self._share is None or self._share.holds(key, own.subject)):
                    self._subjects.hold(key, own.subject, entry.seq).late = True

    def _correct(self, entry: Entry) -> bool:
        targets = ids(entry.statement, "corrects")
        for target_id in targets:
            self._correct_one(entry, target_id, self._find(target_id, entry.seq))
        return bool(targets)

    def _correct_one(self, entry: Entry, target_id: str, target: Entry | None) -> None:
        said = entry.statement
        done = effect(target, entry, self._out.authority)
        if target is None:
            self._wait(target_id, entry.seq)
        elif done == "applied":
            self._refold_all(target, entry)
        void = 1 if said.data.get("void") is True else 0
        changes = packed(mapping(said.data.get("changes")))
        at = None if target is None else target.seq
        row = (entry.seq, said.id, target_id, at, said.actor, said.time, said.reason, changes, void, done)
        self._out.rows["corrections"].append(row)

    def _refold_all(self, target: Entry, correction: Entry) -> None:
        """Have every key folded anew that the target touches, before or after the correction."""
        changes = mapping(correction.statement.data.get("changes"))
        data = target.statement.data | {path[5:]: value for path, value in changes.items() if path.startswith("data.")}
        after = replace(target.statement, data=data)
        for route in self._routes.get(target.statement.type, ()):
            for said in (target.statement, after):
                for key in route.keys(target, said):
                    if self._share is not None and not self._share.holds(key, route.subject):
                        continue
                    self._subjects.hold(key, route.subject, target.seq)
                    self._subjects.hold(key, route.subject, correction.seq).late = True

    # ---- writing ---------------------------------------------------------------------------------------------------

    def _flush(self) -> None:
        self._loose = 0
        for made in (*self._projection.tables, CORRECTIONS):
            rows = self._out.rows[made.name]
            if rows:
                # Neighbours in the table are written together; the sort is stable: a key's later row stays later.
                if made.key[0][0] != "seq":
                    rows.sort(key=itemgetter(*range(len(made.key))) if len(made.key) > 1 else itemgetter(0))
                self._database.executemany(tables.upsert(made, self._prefix), rows)
                self._out.rows[made.name] = []

    def settle(self) -> None:
        """End the round: fold late keys anew, write sums, states and counts. The caller commits."""
        self.full = False
        touched = self._subjects.touched
        self._flush()
        self._subjects.write_touches()
        for held in touched:
            if held.late:
                self._again(held)
        for held in touched:
            held.subject.rows(held.state, self._out)
        self._flush()
        self._write_stale(touched)
        self._subjects.write_states()
        self._write_counts()

    def _again(self, held: Held) -> None:
        seqs = self._subjects.seqs(held.key)
        for made in held.subject.tables:
            sql = tables.delete(made, self._prefix)
            keys: list[Row] = [(seq,) for seq in seqs] if made.owner == 0 else [tuple(held.parts[: made.owner])]
            self._database.executemany(sql, keys)
        refold(held, seqs, self._projection, self._source, self._out, self._horizon)
        self._flush()

    def _write_stale(self, touched: list[Held]) -> None:
        groups = {held.parts[held.subject.system] for held in touched if held.subject.system >= 0}
        sql = f"INSERT INTO {self._prefix}stale (grp) VALUES (?) ON CONFLICT DO NOTHING"  # noqa: S608
        self._database.executemany(sql, [(group,) for group in sorted(groups)])

    def _write_counts(self) -> None:
        sql = (
            f"INSERT INTO {self._prefix}counts AS kept (type, events, first_seq, last_seq, unrouted)"  # noqa: S608
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT (type) DO UPDATE SET events = kept.events + excluded.events,"
            " last_seq = excluded.last_seq, unrouted = kept.unrouted + excluded.unrouted"
        )
        self._database.executemany(sql, [(kind, *count) for kind, count in sorted(self._counts.items())])
        self._counts = {}

"""The states of subject keys: kept in memory while they are used, and in the database between.

`subjects` holds each key's state and the newest time it has seen; `touches` the entries routed to it, so that it can be
folded anew without reading the world. Both are book-keeping: their rows depend on how the reading was cut, and no
fingerprint looks at them.
"""

import array
from typing import Final

import msgspec

from projections.database import Database
from projections.projection import State, Subject
from projections.tables import Table, table
from projections.values import packed

SUBJECTS: Final = table("subjects", "subject_key", "time state")
TOUCHES: Final = table("touches", "subject_key last_seq:integer", "seqs")
# A statement that arrived before the one it names, and that belongs where that one belongs.
PENDING: Final = table("pending", "target_id seq:integer", "")
KEEPING: Final[tuple[Table, ...]] = (SUBJECTS, TOUCHES, PENDING)

CACHE: Final = 16_000  # keys: 1-2 KiB each

_state_encoder: Final = msgspec.json.Encoder()  # order of keys kept: a state read back must fold on as if it had stayed
_state_decoder: Final = msgspec.json.Decoder(dict)
_seqs_decoder: Final = msgspec.json.Decoder(list[int])


class Held:
    """A key in use. `seqs`: the entries of this round that touched it; `late`: one of them was dated before `time`."""

    __slots__ = ("key", "late", "seqs", "state", "subject", "time")

    def __init__(self, key: str, subject: Subject, time: str, state: State | None = None) -> None:
        self.key = key
        self.subject = subject
        self.time = time
        self.state: State = subject.start(self.parts) if state is None else state
        self.seqs: array.array[int] = array.array("q")
        self.late = False

    @property
    def parts(self) -> list[str]:
        """The key's parts after its letter; the last one may hold anything."""
        return self.key.split("|", self.subject.parts)[1:]

    def begin(self) -> None:
        """Forget what was folded, to fold it again."""
        self.state = self.subject.start(self.parts)
        self.time = ""


class Subjects:
    """The keys of one projection's tables (those named with `prefix`)."""

    def __init__(self, database: Database, prefix: str, *, empty: bool) -> None:
        self._database = database
        self._prefix = prefix
        self._held: dict[str, Held] = {}
        self._whole = empty  # nothing is in the database that is not here: a key that is not held is new
        self.touched: list[Held] = []

    def hold(self, key: str, subject: Subject, seq: int) -> Held:
        """Return the key's state, and note that entry `seq` touches it."""
        held = self._held.get(key)
        if held is None:
            held = self._held[key] = self._load(key, subject)
        seqs = held.seqs
        if not seqs:
            self.touched.append(held)
            seqs.append(seq)
        elif seqs[-1] != seq:
            seqs.append(seq)
        return held

    def _load(self, key: str, subject: Subject) -> Held:
        if self._whole:
            return Held(key, subject, "")
        sql = f"SELECT time, state FROM {self._prefix}subjects WHERE subject_key = ?"  # noqa: S608
        for time, state in self._database.rows(sql, (key,)):
            return Held(key, subject, time, _state_decoder.decode(state))
        return Held(key, subject, "")

    def write_touches(self) -> None:
        """Write which entries touched which keys in this round."""
        sql = (
            f"INSERT INTO {self._prefix}touches (subject_key, last_seq, seqs) VALUES (?, ?, ?)"  # noqa: S608
            " ON CONFLICT (subject_key, last_seq) DO UPDATE SET seqs = excluded.seqs"
        )
        # The greatest is an entry of this round, so no earlier row is written over.
        rows = sorted((held.key, max(held.seqs), packed(held.seqs.tolist())) for held in self.touched)
        self._database.executemany(sql, rows)

    def seqs(self, key: str) -> list[int]:
        """Return all entries that ever touched a key, in order."""
        sql = f"SELECT seqs FROM {self._prefix}touches WHERE subject_key = ?"  # noqa: S608
        return sorted({seq for (seqs,) in self._database.rows(sql, (key,)) for seq in _seqs_decoder.decode(seqs)})

    def write_states(self) -> None:
        """Write the states of this round's keys and begin the next round."""
        sql = (
            f"INSERT INTO {self._prefix}subjects (subject_key, time, state) VALUES (?, ?, ?)"  # noqa: S608
            " ON CONFLICT (subject_key) DO UPDATE SET time = excluded.time, state = excluded.state"
        )
        rows = sorted((held.key, held.time, _state_encoder.encode(held.state).decode()) for held in self.touched)
        self._database.executemany(sql, rows)
        for held in self.touched:
            held.seqs = array.array("q")
            held.late = False
        if len(self._held) > CACHE:
            self._held.clear()
            self._whole = False
        self.touched = []

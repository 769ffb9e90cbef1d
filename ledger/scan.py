"""Chunks of stored entries read strictly, with every check that one entry and the one before it allow: C5 to C8.

Two ways that must agree. `_by_entry` is the rule: each entry by itself, each failure named. `_at_once` is for the
common case, that nothing is wrong: a chunk goes through the decoder in one call and is compared as a whole. It says yes
only where `_by_entry` would find nothing, and says nothing otherwise.
"""

import re
from collections.abc import Sequence
from hashlib import sha256
from operator import attrgetter
from typing import Any, Final, NamedTuple

import msgspec

from ledger import encoding, entry, statement
from ledger.errors import Tampered
from ledger.report import Failure
from ledger.statement import Ref
from ledger.store import Row

CHUNK: Final = 512  # entries


class Said(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A statement's envelope as it stands in an entry."""

    actor: str
    data: dict[str, Any]
    id: str
    key: str
    rev: int
    subject: dict[str, str | dict[str, str]]
    time: str
    type: str
    claimed_by: dict[str, Any] | None = None
    context: dict[str, Any] | None = None
    critical: bool | None = None
    evidence: list[dict[str, Any]] | None = None
    log: str | None = None
    on_behalf_of: str | None = None
    reason: str | None = None
    refs: dict[str, list[Ref]] | None = None
    source: dict[str, Any] | None = None


class Placed(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """An entry as it stands in the log."""

    prev: str
    recorded: str
    seq: int
    signatures: list[str]
    statement: Said
    batch: dict[str, str | int] | None = None


class Chunk(NamedTuple):
    """Entries in order; `entries` holds None where one could not be read, `bodies` then an empty one.

    `leaves` are the hashes of what is stored, `bodies` the statements' bytes in it.
    """

    rows: Sequence[Row]
    entries: list[Placed | None]
    bodies: list[bytes]
    leaves: list[bytes]
    failures: list[Failure]


class Before(NamedTuple):
    """What the entry before says: its place, its leaf (hex), its `recorded`."""

    seq: int
    leaf: str
    recorded: str


START: Final = Before(-1, entry.FIRST_PREV, "")

_decoder: Final = msgspec.json.Decoder(Placed)
_encoder: Final = msgspec.json.Encoder(order="sorted")
_ID: Final = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_ids: Final = re.compile(f"(?:{_ID}\n)*")
_clocks: Final = re.compile(r"(?:T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}Z\n)*", re.ASCII)
_SEEN_LIMIT: Final = 65_536


class Scanner:
    """Reads chunks. Keeps what it has found well-formed once, so that the same words are not judged a million times."""

    def __init__(self) -> None:
        self._words: set[tuple[str, str, str, str | None, int]] = set()
        self._subjects: set[bytes] = set()
        self._moments: set[str] = set()
        self._pairs: set[tuple[str, str]] = set()
        self._member: dict[str, str | int] | None = None

    def read(self, rows: Sequence[Row], before: Before) -> Chunk:
        """Check rows that follow `before`: C5, C6, C7 and C8 of each."""
        leaves = [sha256(b"\x00" + row.data).digest() for row in rows]
        chunk = self._at_once(rows, leaves, before)
        return _by_entry(rows, leaves, before) if chunk is None else chunk

    # ---- the common case ----

    def _at_once(self, rows: Sequence[Row], leaves: list[bytes], before: Before) -> Chunk | None:
        datas = [row.data for row in rows]
        whole = b"\n".join(datas) + b"\n"
        if max(map(len, datas)) > encoding.ENTRY_LIMIT:
            return None
        try:
            entries = _decoder.decode_lines(whole)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        # An entry's encoding holds no raw LF: with equal bytes, the k-th line is the k-th entry, and is the k-th row.
        if _encoder.encode_lines(entries) != whole or whole.count(b"\n") != len(rows):
            return None
        if not _follow(entries, rows, leaves, before):
            return None
        bodies = [data[data.index(entry.MARK) + _MARK : -1] for data in datas]
        if not self._well_formed(entries, bodies):
            return None
        return Chunk(rows, list(entries), bodies, leaves, [])

    def _well_formed(self, entries: list[Placed], bodies: list[bytes]) -> bool:
        statements = [placed.statement for placed in entries]
        times = [said.time for said in statements]
        if not _clocks.fullmatch("".join([time[10:] + "\n" for time in times])):
            return False
        moments = {time[:10] + "T00:00:00.000000Z" for time in times}
        moments.update([placed.recorded for placed in entries])
        words = {(said.actor, said.key, said.type, said.log, said.rev) for said in statements}
        if not (self._are_moments(moments) and self._are_words(words)):
            return False
        # No subject holds a key "subject" or "time": the last of each begins the subject and what follows it.
        subjects = {
            body[body.rindex(b'"subject":') : body.rindex(b',"time":')]: said.subject
            for body, said in zip(bodies, statements, strict=True)
        }
        try:
            return (
                self._are_subjects(subjects)
                and self._are_places(entries)
                and max(map(len, bodies)) <= encoding.STATEMENT_LIMIT
                and self._are_plain(statements, bodies)
            )
        except Tampered:
            return False

    def _are_plain(self, statements: list[Said], bodies: list[bytes]) -> bool:
        """Whether what an author says in words of their own is in the form; all else has been looked at by itself.

        `data`, and what may stand before it, end at the last `,"id":"`: no subject holds that, and what refs hold is
        looked at with the rest. `null` may stand in `data` only: `_by_entry` looks where it does.
        """
        odd = {at for at, said in enumerate(statements) if _seldom(said) != _NOTHING}
        if not all(self._is_plain(statements[at]) for at in odd):
            return False
        free = b"\n".join(
            [body if at in odd else body[: body.rindex(b',"id":"')] for at, body in enumerate(bodies)]
            if odd
            else [body[: body.rindex(b',"id":"')] for body in bodies]
        )
        return b"null" not in free and encoding.plain_lines(free, statement.DEPTH_LIMIT, max(map(len, bodies)))

    def _are_subjects(self, subjects: dict[bytes, dict[str, str | dict[str, str]]]) -> bool:
        for text, subject in subjects.items():
            if text not in self._subjects:
                if not statement.is_subject(subject):
                    return False
                _remember(self._subjects, text)
        return True

    def _are_places(self, entries: list[Placed]) -> bool:
        member = self._member
        for placed in [one for one in entries if one.signatures or one.batch != member]:
            if placed.batch is not None:
                entry.check_batch(placed.batch)
                self._member = placed.batch
            entry.check_signatures(placed.signatures)
        return True

    def _is_plain(self, said: Said) -> bool:
        if _rare(said) != _NOTHING[:6]:
            statement.check(msgspec.to_builtins(said))
            return True
        return said.context != {} and (said.refs is None or self._are_refs(said.refs))

    def _are_refs(self, refs: dict[str, list[Ref]]) -> bool:
        for relation, each in refs.items():
            if relation not in statement.RELATIONS or not each:
                return False
            for ref in each:
                pair = (ref.hash, ref.id)
                if pair not in self._pairs:
                    if not (encoding.is_digest(ref.hash) and encoding.is_id(ref.id)):
                        return False
                    _remember(self._pairs, pair)
        return bool(refs) and sum(map(len, refs.values())) <= statement.REFS_LIMIT

    def _are_moments(self, moments: set[str]) -> bool:
        for moment in moments - self._moments:
            if not encoding.is_time(moment):
                return False
            _remember(self._moments, moment)
        return True

    def _are_words(self, words: set[tuple[str, str, str, str | None, int]]) -> bool:
        for actor, key, kind, log, rev in words - self._words:
            good = encoding.is_handle(actor) and encoding.is_digest(key) and encoding.is_type(kind)
            if not good or not 1 <= rev <= encoding.SAFE_INTEGER or (log is not None and not encoding.is_digest(log)):
                return False
            _remember(self._words, (actor, key, kind, log, rev))
        return True


_rare: Final = attrgetter("reason", "evidence", "source", "claimed_by", "critical", "on_behalf_of")
_seldom: Final = attrgetter(
    "reason", "evidence", "source", "claimed_by", "critical", "on_behalf_of", "context", "refs"
)
_NOTHING: Final = (None,) * 8
_MARK: Final = len(entry.MARK)


def _remember(seen: set[Any], what: Any) -> None:
    if len(seen) >= _SEEN_LIMIT:
        seen.clear()
    seen.add(what)


def _follow(entries: list[Placed], rows: Sequence[Row], leaves: list[bytes], before: Before) -> bool:
    """Whether places, ids, links and clocks of a chunk are in order, and `first` of members is a place below theirs."""
    first = before.seq + 1
    places = list(range(first, first + len(rows)))
    if [placed.seq for placed in entries] != places or [row.seq for row in rows] != places:
        return False
    ids = [placed.statement.id for placed in entries]
    if not _ids.fullmatch("\n".join(ids) + "\n"):
        return False
    kept = [row.id for row in rows]
    if set(map(len, kept)) != {16} or bytes.fromhex("".join(ids).replace("-", "")) != b"".join(kept):
        return False
    if [placed.prev for placed in entries] != [before.leaf, *[leaf.hex() for leaf in leaves[:-1]]]:
        return False
    clocks = [before.recorded, *[placed.recorded for placed in entries]]
    return clocks == sorted(clocks)


# ---- the rule ----


def _by_entry(rows: Sequence[Row], leaves: list[bytes], before: Before) -> Chunk:
    chunk = Chunk(rows, [], [], leaves, [])
    for row, leaf in zip(rows, leaves, strict=True):
        try:
            parts = entry.read(row.data)
            placed: Placed | None = msgspec.convert(parts.fields, Placed)
            body = parts.body
        except (Tampered, msgspec.ValidationError) as error:
            message = error.message if isinstance(error, Tampered) else str(error)
            chunk.failures.append(Failure(5, "entry_form", row.seq, f"entry {row.seq} is {message}"))
            placed, body = None, b""
        chunk.entries.append(placed)
        chunk.bodies.append(body)
        expected = before.seq + 1
        if placed is not None:
            chunk.failures.extend(_follows(placed, row, before))
        elif row.seq != expected:
            chunk.failures.append(_hole(expected, row.seq))
        recorded = placed.recorded if placed is not None else before.recorded
        before = Before(row.seq, leaf.hex(), recorded)
    return chunk


def _follows(placed: Placed, row: Row, before: Before) -> list[Failure]:
    found = []
    expected, said = before.seq + 1, placed.statement
    if row.seq != expected:
        found.append(_hole(expected, row.seq))
    if placed.seq != row.seq:
        found.append(Failure(6, "wrong_place", row.seq, f"row {row.seq} holds the bytes of entry {placed.seq}"))
    if encoding.id_bytes(said.id) != row.id:
        found.append(Failure(6, "row_id", row.seq, f"row {row.seq} is kept under another id than its bytes say"))
    if placed.prev != before.leaf:
        found.append(Failure(7, "prev", row.seq, f"entry {row.seq} was not chained to the entry that is before it"))
    if placed.recorded < before.recorded and said.type != "clock_reset":
        found.append(Failure(8, "recorded", row.seq, f"entry {row.seq} is recorded before the entry before it"))
    return found


def _hole(expected: int, found: int) -> Failure:
    if found > expected:
        few = f"entry {expected} is" if found == expected + 1 else f"entries {expected} to {found - 1} are"
        return Failure(6, "hole", expected, f"{few} missing")
    return Failure(6, "order", found, f"row {found} stands where {expected} should")

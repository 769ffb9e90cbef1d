"""Many events of few shapes as statements: the bytes that `compose` and `statement.write` make, for less work.

Two ways that must agree. `Author` composes one event by the rules, each fault named. `Bulk` is for the common case of a
long row of events that say the same fields of the same few things: a subject is assembled once, data go through the
encoder and the type's struct in C, and the envelope around them is text that does not change. It makes only what the
other way would make, byte for byte, and hands on whatever is out of the common.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from typing import Any, Final, NamedTuple

import msgspec

from ledger import encoding, statement
from ledger.compose import Draft
from ledger.cycles import no_search
from ledger.events.check import BETWEEN
from ledger.events.places import DATA, SUBJECT, places_of
from ledger.events.secrets import HINTS
from ledger.events.table import EVENTS, EventType
from ledger.fresh import new_ids, now_text
from ledger.placing import Item
from ledger.statement import statement_hash

CHUNK: Final = 512  # events whose words are searched at once
_SUBJECTS_LIMIT: Final = 16_384
_encoder: Final = msgspec.json.Encoder(order="sorted")
_decoder: Final = msgspec.json.Decoder()
_DEPTH: Final = statement.DEPTH_LIMIT - 1  # of the data in a statement

Said = tuple[str | msgspec.Struct, dict[str, Any]]
Compose = Callable[[str | msgspec.Struct, dict[str, Any]], Draft]


class _Shape(NamedTuple):
    """A type said with certain keywords, none of which needs more than a look at its value."""

    kind: EventType
    others: Callable[[dict[str, Any]], Any]
    has_artifacts: bool
    data: tuple[str, ...]
    has_capture: bool


_Quick = tuple[_Shape, bytes, tuple[dict[str, Any], bytes], bool]
"""An event on its way: its data as bytes, its subject and the subject's bytes, whether the context is wanted."""


class Envelope(NamedTuple):
    """What all statements of an author share: handle, key; the log, for types that need it; the context of the run."""

    actor: str
    key: str
    log: Callable[[str], str | None]
    context: Callable[[], dict[str, Any]]


class Bulk:
    """Makes items from (type, fields) pairs; `compose` and `write` are the other way, for what is out of the common."""

    def __init__(self, envelope: Envelope, compose: Compose, write: Callable[[Draft, str, str], Item]) -> None:
        self._envelope = envelope
        self._compose = compose
        self._write = write
        self._subjects: dict[tuple[Any, ...], tuple[dict[str, Any], bytes]] = {}
        self._ends: dict[tuple[str, bool], tuple[dict[str, Any], bytes, bytes, bytes]] = {}

    def items(self, events: Iterable[Said]) -> Iterator[Item]:
        """Yield an item an event, in order; raise `Misuse` as `compose` does."""
        stamped = ((event, now_text()) for event in events)
        while chunk := list(islice(stamped, CHUNK)):
            with no_search():
                made = self._chunk(chunk)
            yield from made

    def _chunk(self, chunk: list[tuple[Said, str]]) -> list[Item]:
        made = [self._quick(*event) for event, _ in chunk]
        texts = [one[1] for one in made if type(one) is tuple]
        whole = not texts or _is_plain(b"\n".join(texts))
        items = []
        for one, (event, now), (id, id_bytes) in zip(made, chunk, new_ids(len(chunk)), strict=True):
            item = None
            if type(one) is tuple and (whole or _is_plain(one[1])):
                item = self._item(one, id, id_bytes, now)
            items.append(item or self._write(one if type(one) is Draft else self._compose(*event), id, now))
        return items

    def _quick(self, kind: str | msgspec.Struct, fields: dict[str, Any]) -> _Quick | Draft | None:
        """Return what the common way makes of an event; a draft of the other way; None where that has to be asked."""
        if type(kind) is not str:
            return None
        shape = _shape(kind, tuple(fields))
        if shape is None or (shape.has_capture and type(fields["capture"]) is not bool):
            return None
        data = {name: fields[name] for name in shape.data}
        try:
            text = _encoder.encode(data)
            msgspec.convert(data, shape.kind.struct, strict=True)
            if _decoder.decode(text) != data:  # a set, a Decimal
                return None
            artifacts = tuple(fields["artifacts"].items()) if shape.has_artifacts else ()
            named = (kind, artifacts, shape.others(fields))
            subject = self._subjects.get(named)
        except (AttributeError, ArithmeticError, TypeError, ValueError, RecursionError, msgspec.MsgspecError):
            return None
        if subject is None:
            return self._meet(kind, fields, named)
        return shape, text, subject, shape.kind.captures and not (shape.has_capture and fields["capture"] is False)

    def _meet(self, kind: str, fields: dict[str, Any], named: tuple[Any, ...]) -> Draft:
        """Compose by the rules, and keep the subject where it follows from what was said alone."""
        draft = self._compose(kind, fields)
        if not (draft.refs or draft.evidence or draft.opens):
            if len(self._subjects) >= _SUBJECTS_LIMIT:
                self._subjects.clear()
            self._subjects[named] = (draft.subject, encoding.encode(draft.subject))
        return draft

    def _item(self, one: _Quick, id: str, id_bytes: bytes, now: str) -> Item | None:
        shape, text, (subject, subject_text), captures = one
        ends = self._ends.get((shape.kind.name, captures)) or self._remember_ends(shape.kind, captures=captures)
        base, first, middle, last = ends
        body = b'%b%b,"id":"%b%b%b,"time":"%b%b' % (
            first, text, id.encode(), middle, subject_text, now.encode(), last
        )  # fmt: skip
        if len(body) > encoding.STATEMENT_LIMIT:
            return None
        return Item({**base, "id": id, "subject": subject, "time": now}, body, id_bytes, statement_hash(body))

    def _remember_ends(self, kind: EventType, *, captures: bool) -> tuple[dict[str, Any], bytes, bytes, bytes]:
        """Return what is the same in every statement of a type: fields, and the bytes before, between and after."""
        base: dict[str, Any] = {"actor": self._envelope.actor, "key": self._envelope.key}
        if captures and (context := self._envelope.context()):
            base["context"] = context
        if (log := self._envelope.log(kind.name)) is not None:
            base["log"] = log
        base |= {"rev": kind.rev, "type": kind.name}
        model = statement.write({**base, "data": {}, "id": _ID, "subject": {}, "time": _TIME})
        first, _, rest = model.partition(b'{},"id":"' + _ID.encode())
        middle, _, last = rest.partition(b'{},"time":"' + _TIME.encode())
        ends = (base, first, middle, last)
        self._ends[kind.name, captures] = ends
        return ends


_ID: Final = "00000000-0000-7000-8000-000000000000"
_TIME: Final = "2000-01-01T00:00:00.000000Z"


@lru_cache(maxsize=1024)
def _shape(type_name: str, names: tuple[str, ...]) -> _Shape | None:
    """Return how a type said with these keywords is taken at once; None where it cannot be."""
    kind = EVENTS.get(type_name)
    if kind is None or kind.struct is None or kind.phase == "governance" or kind.needs_refs or kind.needs_reason:
        return None
    table = places_of(type_name)
    about = [name for name in names if table.places.get(name) == SUBJECT]
    data = tuple(name for name in names if table.places.get(name) == DATA)
    looks_up = "version" in about and "artifacts" in table.copied and "artifacts" not in about
    if (
        set(names) - {*about, *data, "capture"}
        or table.bare
        or looks_up
        or type_name in BETWEEN
        or not (table.dated | table.shapes.keys() | {pointer[0] for pointer in kind.sealed}).isdisjoint(data)
    ):
        return None
    others = [name for name in about if name != "artifacts"]
    return _Shape(kind, itemgetter(*others) if others else _nothing, "artifacts" in about, data, "capture" in names)


def _nothing(fields: dict[str, Any]) -> None:  # noqa: ARG001 - takes what an itemgetter takes
    return None


def _is_plain(lines: bytes) -> bool:
    """Whether nothing in data, one on each line, has to be refused, converted or looked into for secrets."""
    return (
        b"null" not in lines
        and b"[]" not in lines
        and b"{}" not in lines
        and b"-0.0" not in lines
        and encoding.plain_lines(lines, _DEPTH, len(lines))
        and not any(map(lines.__contains__, HINTS))
    )

"""Many events of few shapes as statements: the bytes that `compose` and `statement.write` make, for less work.

Two ways that must agree. `Author` composes one event by the rules, each fault named. `Bulk` is for the common case of a
long row of events that say the same fields of the same few things: a subject is assembled once, the data of many go
through the encoder and the type's struct in one call, and the envelope around them is text that does not change. It
makes only what the other way would make, byte for byte, and hands on whatever is out of the common.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import sha256
from itertools import islice, repeat
from operator import itemgetter
from time import time_ns
from typing import Any, Final, NamedTuple, cast

import msgspec

from ledger import encoding, statement
from ledger.compose import Draft
from ledger.cycles import no_search
from ledger.errors import LedgerError
from ledger.events.check import BETWEEN
from ledger.events.places import DATA, SUBJECT, places_of
from ledger.events.secrets import hinted
from ledger.events.table import EVENTS, EventType
from ledger.fresh import new_ids, times_text
from ledger.placing import Item, as_item

CHUNK: Final = 512  # events that are looked at together
_SUBJECTS_LIMIT: Final = 16_384
_encoder: Final = msgspec.json.Encoder(order="sorted")
_decoder: Final = msgspec.json.Decoder()
_BODY: Final = b'%b%b,"id":"%b%b%b,"time":"%b%b'
_DEPTH: Final = statement.DEPTH_LIMIT - 1  # of the data in a statement

Said = tuple[str | msgspec.Struct, dict[str, Any]]
Compose = Callable[[str | msgspec.Struct, dict[str, Any]], Draft]
About = Callable[[str, dict[str, Any]], dict[str, Any] | None]
"""Returns the subject that the keywords of a type name, None where it does not follow from them alone."""


class _Shape(NamedTuple):
    """A type said with certain keywords, none of which needs more than a look at its value."""

    kind: EventType
    others: Callable[[dict[str, Any]], Any]
    has_artifacts: bool
    data: tuple[str, ...]
    decoder: msgspec.json.Decoder[Any]
    has_capture: bool
    captures: bool


_Group = tuple[str, tuple[str, ...], bool]
"""What events have in common that are taken together: type, keywords, whether the context is not wanted."""


class _New(NamedTuple):
    """Events on their way: what each says, its id as text and as bytes, its time."""

    said: Sequence[dict[str, Any]]
    ids: Sequence[str]
    ids_bytes: Sequence[bytes]
    times: Sequence[str]

    def at(self, places: Sequence[int]) -> "_New":
        """Return some of them."""
        return _New(*([column[at] for at in places] for column in self))  # type: ignore[arg-type]


class _Around(NamedTuple):
    """What is the same in all statements of a shape: fields, and the bytes before, between and after what differs."""

    fields: dict[str, Any]
    first: bytes
    middle: bytes
    last: bytes


class _Subject(NamedTuple):
    """A subject that was met: the fields that all statements of a shape about it share, and its bytes."""

    fields: dict[str, Any]
    text: bytes


class Envelope(NamedTuple):
    """What all statements of an author share: handle, key; the log, for types that need it; the context of the run."""

    actor: str
    key: str
    log: Callable[[str], str | None]
    context: Callable[[], dict[str, Any]]


class Bulk:
    """Makes items from (type, fields) pairs; `compose` and `write` are the other way, for what is out of the common."""

    def __init__(
        self, envelope: Envelope, about: About, compose: Compose, write: Callable[[Draft, str, str], Item]
    ) -> None:
        self._envelope = envelope
        self._about = about
        self._compose = compose
        self._write = write
        self._subjects: dict[tuple[Any, ...], _Subject | None] = {}
        self._arounds: dict[tuple[str, bool], _Around] = {}
        self._context: dict[str, Any] = {}

    def items(self, events: Iterable[Said]) -> Iterator[Item]:
        """Yield an item an event, in order; raise `Misuse` as `compose` does."""
        stamped = zip(events, iter(time_ns, None), strict=False)  # the clock is read when an event has come
        while chunk := list(islice(stamped, CHUNK)):
            with no_search():
                made = self._chunk([event for event, _ in chunk], times_text([moment for _, moment in chunk]))
            yield from made

    def alone(self, kind: str, fields: dict[str, Any], id: str, now: str) -> Item | None:
        """Return the item of one event, with all its fields; None where the other way has to be asked."""
        shape = _shape(kind, tuple(fields), fields.get("capture") is False)
        if shape is None or (shape.has_capture and type(fields["capture"]) is not bool):
            return None
        if shape.captures:
            self._take_context()
        subjects = self._subjects_of(shape, [fields])
        data = {name: fields[name] for name in shape.data}
        texts = _texts([data], shape.decoder) if subjects is not None else None
        if subjects is None or texts is None:
            return None
        (subject,) = subjects
        _, first, middle, last = self._around(shape)
        body = _BODY % (first, texts[0], id.encode(), middle, subject.text, now.encode(), last)
        if len(body) > encoding.STATEMENT_LIMIT:
            return None
        said = {**subject.fields, "data": data, "id": id, "time": now}
        return Item(said, body, encoding.id_bytes(id), sha256(b"\x00" + body).digest())

    def _chunk(self, events: list[Said], times: list[str]) -> list[Item]:
        new = _New([said for _, said in events], *new_ids(len(events)), times)
        groups = _groups(events)
        if len(groups) == 1:
            (group,) = groups
            made = self._quickly(group, new)
        else:
            made = [None] * len(events)
            for group, places in groups.items():
                for at, item in zip(places, self._quickly(group, new.at(places)), strict=True):
                    made[at] = item
        return [
            self._write(self._compose(*events[at]), new.ids[at], times[at]) if item is None else item
            for at, item in enumerate(made)
        ]

    def _quickly(self, group: _Group, new: _New) -> list[Item | None]:
        """Return what the common way makes of events that are alike; None where the other way has to be asked."""
        shape = _shape(*group)
        if shape is None:
            return [None] * len(new.said)
        items = self._all(shape, new)
        if items is not None:
            return cast("list[Item | None]", items)
        alone = [self._all(shape, new.at([at])) for at in range(len(new.said))]
        return [None if one is None else one[0] for one in alone]

    def _all(self, shape: _Shape, new: _New) -> list[Item] | None:
        """Return an item an event, or None where one of them is out of the common."""
        said, ids, ids_bytes, times = new
        if shape.captures:
            self._take_context()
        if shape.has_capture and not {type(one["capture"]) for one in said} <= {bool}:
            return None
        texts = _texts([{name: one[name] for name in shape.data} for one in said], shape.decoder)
        subjects = None if texts is None else self._subjects_of(shape, said)
        if texts is None or subjects is None:
            return None
        _, first, middle, last = self._around(shape)
        bodies = [
            _BODY % (first, text, id.encode(), middle, subject, now.encode(), last)
            for text, id, (_, subject), now in zip(texts, ids, subjects, times, strict=True)
        ]
        if max(map(len, bodies)) > encoding.STATEMENT_LIMIT:
            return None
        hashes = [sha256(b"\x00" + body).digest() for body in bodies]
        fields = [fields for fields, _ in subjects]
        return list(map(as_item, zip(fields, bodies, ids_bytes, hashes, times, strict=True)))

    def _subjects_of(self, shape: _Shape, said: Sequence[dict[str, Any]]) -> list[_Subject] | None:
        """Return the subjects of events, None where one does not follow from what is said alone."""
        if len(self._subjects) > _SUBJECTS_LIMIT:
            self._subjects.clear()
        names = _names(shape, said)
        if names is None:
            return None
        found = list(map(self._subjects.get, names))
        if None in found:
            for name, one in dict(zip(names, said, strict=True)).items():
                if name not in self._subjects:
                    self._subjects[name] = self._meet(shape, one)
            found = list(map(self._subjects.get, names))  # another thread may have cleared them
        return None if None in found else cast("list[_Subject]", found)

    def _meet(self, shape: _Shape, said: dict[str, Any]) -> _Subject | None:
        """Return the subject of an event, None where it does not follow from what is said alone."""
        try:
            about = self._about(shape.kind.name, said)
        except LedgerError:  # this is said when it is composed in its turn
            return None
        if about is None:
            return None
        return _Subject({**self._around(shape).fields, "subject": about}, encoding.encode(about))

    def _take_context(self) -> None:
        """Forget what was made with another context: the process may have gone to another folder."""
        context = self._envelope.context()
        if context is not self._context:
            self._context = context
            self._subjects.clear()
            self._arounds.clear()

    def _around(self, shape: _Shape) -> _Around:
        found = self._arounds.get((shape.kind.name, shape.captures))
        if found is None:
            found = self._arounds[shape.kind.name, shape.captures] = self._make_around(shape)
        return found

    def _make_around(self, shape: _Shape) -> _Around:
        base: dict[str, Any] = {"actor": self._envelope.actor, "key": self._envelope.key}
        if shape.captures and self._context:
            base["context"] = self._context
        if (log := self._envelope.log(shape.kind.name)) is not None:
            base["log"] = log
        base |= {"rev": shape.kind.rev, "type": shape.kind.name}
        model = statement.write({**base, "data": {}, "id": _ID, "subject": {}, "time": _TIME})
        first, _, rest = model.partition(b'{},"id":"' + _ID.encode())
        middle, _, last = rest.partition(b'{},"time":"' + _TIME.encode())
        return _Around(base, first, middle, last)


def _groups(events: list[Said]) -> dict[_Group, Sequence[int]]:
    """Return the places of events that are taken together: of one type, with the same keywords, captured or not."""
    keys = [
        (kind if type(kind) is str else "", tuple(fields), fields.get("capture") is False) for kind, fields in events
    ]
    if keys.count(keys[0]) == len(keys):
        return {keys[0]: range(len(keys))}
    groups: dict[_Group, Sequence[int]] = {}
    for at, key in enumerate(keys):
        cast("list[int]", groups.setdefault(key, [])).append(at)
    return groups


def _names(shape: _Shape, said: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]] | None:
    """Return what says which subject events have; None where something is said that cannot name any."""
    try:
        sets = [tuple(one["artifacts"].items()) if shape.has_artifacts else () for one in said]
        shared = repeat((shape.kind.name, shape.captures), len(sets))
        names = list(zip(shared, sets, map(shape.others, said), strict=True))
        hash(tuple(names))
    except (AttributeError, TypeError):
        return None
    return names


def _texts(datas: list[dict[str, Any]], decoder: msgspec.json.Decoder[Any]) -> list[bytes] | None:
    """Return each as bytes in the one form; None where one of them is not just what the type's struct takes."""
    try:
        lines = _encoder.encode_lines(datas)
        texts = lines.split(b"\n")
        plain = not datas[0] or _is_plain(lines, max(map(len, texts)))  # all have the same keywords: none, or some
        if not plain or _decoder.decode_lines(lines) != datas:  # a set, a Decimal
            return None
        decoder.decode_lines(lines)
    except (ArithmeticError, AttributeError, TypeError, ValueError, RecursionError, msgspec.MsgspecError):
        return None
    return texts[:-1]


_ID: Final = "00000000-0000-7000-8000-000000000000"
_TIME: Final = "2000-01-01T00:00:00.000000Z"


@lru_cache(maxsize=1024)
def _shape(type_name: str, names: tuple[str, ...], uncaptured: bool) -> _Shape | None:
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
    return _Shape(
        kind,
        itemgetter(*others) if others else _nothing,
        "artifacts" in about,
        data,
        msgspec.json.Decoder(kind.struct),
        "capture" in names,
        kind.captures and not uncaptured,
    )


def _nothing(fields: dict[str, Any]) -> None:  # noqa: ARG001 - takes what an itemgetter takes
    return None


def _is_plain(lines: bytes, longest: int) -> bool:
    """Whether nothing in data, one on each line, has to be refused, converted or looked into for secrets."""
    return (
        b"null" not in lines
        and (b"[" not in lines or b"[]" not in lines)
        and b"{}" not in lines
        and (b"-" not in lines or b"-0.0" not in lines)
        and encoding.plain_lines(lines, _DEPTH, longest)
        and not hinted(lines)
    )

"""Later members of an open batch, many at once: C5 to C8, C14 and C15 of what is nearly every entry of a large log.

A second way beside the rule (`scan.by_entry`), which must agree with it: it says yes only where the rule would find
nothing, and nothing otherwise. It rests on two things:

- what surrounds a member's statement follows from its place in the log: it is made here and compared, not read;
- two strict objects side by side, `{"a":1` and `,"b":2}`, are a strict object where every key of the one is below every
  key of the other. Fronts of statements (`actor`, `context`, `data`) are decoded and compared. Their ends, from `id`
  on, are alike but for id and time: what surrounds these is read strictly when first seen, and known from then on.
"""

from binascii import hexlify, unhexlify
from collections.abc import Sequence
from hashlib import sha256
from itertools import repeat
from operator import itemgetter
from typing import Annotated, Any, Final, NamedTuple

import msgspec

from ledger import encoding, entry, statement
from ledger.errors import Tampered
from ledger.scan import Before
from ledger.store import Triple

MEMBERS: Final = 1_024  # that are taken at once
SEALED: Final = b'{"sealed":"'
_SEEN_LIMIT: Final = 65_536


class Kind(NamedTuple):
    """What ends of statements have in common that matters for who may say it."""

    type: str
    key: str
    log: str | None
    system: Any
    behalf: str | None


class Members(NamedTuple):
    """Members in order. `size`: bytes of their statements; `spans`: first and last place of a kind.

    `sealed` holds a place as often as a commitment stands there.
    """

    leaves: list[bytes]
    hashes: list[bytes]
    size: int
    recorded: str
    spans: dict[Kind, tuple[int, int]]
    sealed: list[int]


class _Front(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    actor: str
    data: dict[str, Any]
    context: Annotated[dict[str, Any], msgspec.Meta(min_length=1)] | None = None


class _Parts(NamedTuple):
    """Statements in parts: `front`, id, `middle`, time, `tail`."""

    fronts: list[bytes]
    ids: list[bytes]
    middles: list[bytes]
    times: list[bytes]
    tails: list[bytes]


_decoder: Final = msgspec.json.Decoder(_Front)
_encoder: Final = msgspec.json.Encoder(order="sorted")

_RECORDED: Final = b'","recorded":"'
_ID: Final = b',"id":"'
_TIME: Final = b',"time":"'
_IDS: Final = b"00000000-0000-0000-0000-000000000000\n"
_TIMES: Final = b"0000-00-00T00:00:00.000000Z\n"
_HEX: Final = bytes.maketrans(b"123456789abcdef", b"0" * 15)
_DIGITS: Final = bytes.maketrans(b"123456789", b"0" * 9)


class MembersReader:
    """Reads runs of members; keeps what it has found well-formed once."""

    def __init__(self) -> None:
        self._ends: dict[bytes, dict[bytes, Kind]] = {}  # by what stands behind the time, and before it
        self._hours: set[bytes] = set()

    def read(self, rows: Sequence[Triple], before: Before, first: int, actor: str) -> Members | None:
        """Return what `rows` hold if they follow `before` as members of the batch at `first`, and nothing is wrong."""
        places, ids, datas = zip(*rows, strict=True)
        leaves = [sha256(b"\x00" + data).digest() for data in datas]
        following = range(before.seq + 1, before.seq + 1 + len(rows))
        recorded = _recorded(datas[0])
        if places != tuple(following) or recorded < before.recorded or not encoding.is_time(recorded):
            return None
        prevs = [before.leaf.encode(), *map(hexlify, leaves[:-1])]
        head = _head(first, recorded)
        bodies = _bodies(datas, [head % pair for pair in zip(prevs, following, strict=True)])
        parts = _split(bodies) if bodies else None
        if parts is None or not (_are_ids(parts.ids, ids) and self._are_times(parts.times, recorded.encode())):
            return None
        # An encoding holds no raw LF: with equal bytes, the k-th line is the k-th front.
        lines = b"}\n".join(parts.fronts) + b"}\n"
        kinds = self._kinds_of(parts, bodies) if _are_fronts(lines, parts.fronts, actor) else None
        if kinds is None:
            return None
        holding = zip(following, parts.fronts, strict=True) if SEALED in lines else ()
        return Members(
            leaves,
            [sha256(b"\x00" + body).digest() for body in bodies],
            sum(map(len, bodies)),
            recorded,
            _spans(kinds, following),
            [seq for seq, front in holding for _ in range(front.count(SEALED))],
        )

    def _are_times(self, times: list[bytes], recorded: bytes) -> bool:
        """Whether times have their form, and none is after `recorded`."""
        text = b"\n".join(times) + b"\n"
        if text.translate(_DIGITS) != _TIMES * len(times) or max(times) > recorded:
            return False
        if max(text[14::28]) > ord("5") or max(text[17::28]) > ord("5"):  # tens of minutes, of seconds
            return False
        hours = {time[:13] for time in times} - self._hours
        if not all(encoding.is_time(hour.decode() + ":00:00.000000Z") for hour in hours):
            return False
        self._hours = (self._hours if len(self._hours) < _SEEN_LIMIT else set()) | hours
        return True

    def _kinds_of(self, parts: _Parts, bodies: list[bytes]) -> list[Kind] | None:
        """Return each end's kind; None where one is not well-formed, or asks to be looked at by itself."""
        if sum(map(len, self._ends.values())) > _SEEN_LIMIT:
            self._ends.clear()
        tails = set(parts.tails)
        try:
            if len(tails) == 1:
                known = self._ends[tails.pop()]
                return [known[middle] for middle in parts.middles]
            return [self._ends[tail][middle] for tail, middle in zip(parts.tails, parts.middles, strict=True)]
        except KeyError:
            return self._learn(parts, bodies)

    def _learn(self, parts: _Parts, bodies: list[bytes]) -> list[Kind] | None:
        alike = {kind: kind for known in self._ends.values() for kind in known.values()}  # one object a kind
        kinds = []
        for tail, middle, body in zip(parts.tails, parts.middles, bodies, strict=True):
            known = self._ends.setdefault(tail, {})
            if middle not in known:
                kind = _kind_of(body)
                if kind is None:
                    return None
                known[middle] = alike.setdefault(kind, kind)
            kinds.append(known[middle])
        return kinds


def _recorded(data: bytes) -> str:
    """Return what stands where a member says when it was recorded."""
    at = data.find(_RECORDED) + len(_RECORDED)
    return data[at : at + 27].decode("ascii", "replace")


def _head(first: int, recorded: str) -> bytes:
    """Return what stands before a member's statement, with places for `prev` and `seq`."""
    around = f'{{"batch":{{"first":{first}}},"prev":"%b","recorded":"{recorded}","seq":%d,"signatures":[]'
    return around.encode() + entry.MARK


def _bodies(datas: Sequence[bytes], heads: list[bytes]) -> list[bytes]:
    """Return the statements of entries that begin with `heads` and are within the limits; else nothing."""
    start = len(heads[0])
    good = (
        start == len(heads[-1])
        and all(map(bytes.startswith, datas, heads))
        and {data[-1] for data in datas} == {ord("}")}
        and max(map(len, datas)) <= encoding.STATEMENT_LIMIT
    )
    return [data[start:-1] for data in datas] if good else []


def _split(bodies: list[bytes]) -> _Parts | None:
    """Cut at the first `,"id":"` (where data holds one, what is before it is no front) and at the last `,"time":"`."""
    halves = [body.partition(_ID) for body in bodies]
    fronts, ends = [half[0] for half in halves], [half[2] for half in halves]
    at = ends[0].rfind(_TIME)
    if at < 0:
        return None
    tail = ends[0][at + len(_TIME) + 27 :]
    cut = -len(tail) - 27
    # A tail holds no time: where all end alike, with a time before that, it is the last one.
    if tail and all(map(bytes.endswith, ends, repeat(tail))):
        middles = list(map(itemgetter(slice(36, cut)), ends))
        if all(map(bytes.endswith, middles, repeat(_TIME))):
            times = list(map(itemgetter(slice(cut, -len(tail))), ends))
            return _Parts(fronts, list(map(_first_36, ends)), middles, times, [tail] * len(ends))
    try:
        places = [end.rindex(_TIME) + len(_TIME) for end in ends]
    except ValueError:
        return None
    return _Parts(
        fronts,
        list(map(_first_36, ends)),
        [end[36:time] for end, time in zip(ends, places, strict=True)],
        [end[time : time + 27] for end, time in zip(ends, places, strict=True)],
        [end[time + 27 :] for end, time in zip(ends, places, strict=True)],
    )


_first_36: Final = itemgetter(slice(36))


def _are_ids(texts: list[bytes], stored: Sequence[bytes]) -> bool:
    """Whether texts are UUIDv7, those under which the rows are kept."""
    text = b"\n".join(texts) + b"\n"
    return (
        text.translate(_HEX) == _IDS * len(texts)
        and set(map(len, stored)) == {16}
        and not text[14::37].strip(b"7")
        and not text[19::37].strip(b"89ab")
        and unhexlify(text.translate(None, b"-\n")) == b"".join(stored)
    )


def _are_fronts(lines: bytes, fronts: list[bytes], actor: str) -> bool:
    """Whether each, a line of `lines` once it is closed, is in the one form and says actor, context and data alone."""
    begin = b'{"actor":"%b",' % actor.encode()
    if not all(map(bytes.startswith, fronts, repeat(begin))) or b"null" in lines:
        return False
    try:
        read = _decoder.decode_lines(lines)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False
    return (
        lines.count(b"\n") == len(fronts)
        and _encoder.encode_lines(read) == lines
        and encoding.plain_lines(lines, statement.DEPTH_LIMIT, max(map(len, fronts)))
    )


def _spans(kinds: list[Kind], places: range) -> dict[Kind, tuple[int, int]]:
    """Return where each kind stands first and last."""
    if kinds.count(kinds[0]) == len(kinds):
        return {kinds[0]: (places[0], places[-1])}
    firsts = dict(zip(reversed(kinds), reversed(places), strict=True))
    return {kind: (firsts[kind], last) for kind, last in zip(kinds, places, strict=True)}


def _kind_of(body: bytes) -> Kind | None:
    """Read the end of a statement strictly, as that of another with nothing before it."""
    at = body.index(_ID)
    try:
        said = statement.read(b'{"actor":"a","data":{}' + body[at:])
    except Tampered:
        return None
    time = body.rindex(_TIME)
    placed = said["id"].encode() == body[at + 7 : at + 43] and said["time"].encode() == body[time + 9 : time + 36]
    if not placed or "refs" in said or SEALED in body[at:]:
        return None
    return Kind(said["type"], said["key"], said.get("log"), said["subject"].get("system"), said.get("on_behalf_of"))

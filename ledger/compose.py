"""Flat keywords as a draft of a statement: each keyword to its place, each value to its form, each thing to its set.

Pure: what is known of other events comes from receipts that the caller hands over, or from `look_up`. A keyword is
looked for in the envelope, then in the subject, the relations, the fields of the type; the names never collide.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from ledger.encoding import encode, is_handle, is_id, parse_time, time_text
from ledger.errors import Misuse
from ledger.events.check import check_leaves, check_shape, nearest, not_a_map
from ledger.events.common import Evidence, Fields
from ledger.events.mentions import FindDataset, LookUp, Mentions, refs_of
from ledger.events.places import Places, places_of
from ledger.events.plain import plain
from ledger.events.sealing import sealing
from ledger.events.secrets import check_secrets
from ledger.events.sources import check_claim, check_source
from ledger.events.subjects import Subject
from ledger.events.table import EVENTS
from ledger.statement import REASON_LIMIT, REFS_LIMIT, Ref

_encoder: Final = msgspec.json.Encoder()
_TYPE_OF: Final = {row.struct: row.name for row in EVENTS.values()}


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A statement without its author: the caller adds actor, key, log, and what it takes from the surroundings.

    `opens` is the subject key that has to become the statement's id ("" where none has to); `captures`: the context
    of the run is wanted; `sealed`: JSON pointers into the statement to text that stands open here and must not there.
    """

    type: str
    rev: int
    subject: dict[str, Any]
    data: dict[str, Any]
    refs: dict[str, list[Ref]]
    evidence: list[dict[str, Any]]
    reason: str | None = None
    time: str | None = None
    id: str | None = None
    on_behalf_of: str | None = None
    claimed_by: dict[str, Any] | None = None
    source: dict[str, Any] | None = None
    critical: bool | None = None
    sealed: tuple[str, ...] = ()
    opens: str = ""
    captures: bool = False


def compose(
    type_name: str, keywords: Mapping[str, Any], look_up: LookUp, find_dataset: FindDataset | None = None
) -> Draft:
    """Return the draft of a statement of type `type_name` said with flat `keywords`.

    `look_up(system, version)` returns (a `Ref` to the event that registered the version, or nothing; its artifacts)
    or raises `Misuse`; `find_dataset(label)` the digest of a dataset, if it is known. A keyword that is None is not
    said. Raises `Misuse`, with the path, for all that cannot be said so.
    """
    table = places_of(type_name)
    try:
        return _compose(table, keywords, look_up, find_dataset)
    except RecursionError:
        raise Misuse(f"{type_name} is nested too deep", "put it into a file: evidence=[...]", code="depth") from None


def compose_struct(
    event: msgspec.Struct, keywords: Mapping[str, Any], look_up: LookUp, find_dataset: FindDataset | None = None
) -> Draft:
    """Return the draft of an event struct such as `Trained(...)`, with its subject and the rest as keywords."""
    name = _TYPE_OF.get(type(event))  # type: ignore[arg-type]
    if name is None:
        raise Misuse(f"{type(event).__name__} is no event", "ledger types", code="unknown_type")
    said = {field: value for field in event.__struct_fields__ if (value := getattr(event, field)) is not None}
    if twice := said.keys() & keywords.keys():
        raise Misuse(f"{name}: {min(twice)} is said twice", "in the struct, or as a keyword", code="twice")
    return compose(name, {**said, **keywords}, look_up, find_dataset)


def subject_of(type_name: str, keywords: Mapping[str, Any], look_up: LookUp) -> dict[str, Any] | None:
    """Return the subject that keywords name by themselves, as `compose` assembles it.

    None where it does not follow from them alone (an event, a file or the statement's own id come into it). Raises
    `Misuse` for what names none.
    """
    table = places_of(type_name)
    envelope, keys, related, _ = _sort(table, keywords)
    if related or envelope.get("evidence"):
        return None
    subject = Subject(table=table, look_up=look_up, evidence=[], refs={}, id=None)
    about, opens = subject.assemble(keys, related)
    return None if opens or subject.refs or subject.evidence else about


def _compose(table: Places, keywords: Mapping[str, Any], look_up: LookUp, find_dataset: FindDataset | None) -> Draft:
    kind = table.kind
    envelope, keys, related, data = _sort(table, keywords)
    evidence = _evidence(envelope.get("evidence"), kind.name)
    refs = {name: refs_of(said, name) for name, said in related.items() if name != "of" or not isinstance(said, str)}
    subject = Subject(table=table, look_up=look_up, evidence=evidence, refs=refs, id=_id(envelope.get("id")))
    about, opens = subject.assemble(keys, related)
    reason = _reason(envelope.get("reason"), table)
    mentions = Mentions(look_up, find_dataset, about.get("system"), evidence)
    data = _data(table, data, mentions, reason)
    if envelope.get("allow_secret") is not True:
        _check_secrets(data, kind.name)
    _check_refs(table, refs, evidence)
    claimed_by = check_claim(envelope.get("claimed_by"), kind.name)
    return Draft(
        type=kind.name,
        rev=kind.rev,
        subject=about,
        data=data,
        refs=refs,
        evidence=evidence,
        reason=reason,
        time=_time(envelope.get("time")),
        id=subject.id,
        on_behalf_of=_handle(envelope.get("on_behalf_of")),
        claimed_by=claimed_by,
        source=check_source(envelope.get("source"), kind.name),
        critical=_true(envelope.get("critical")),
        sealed=_sealed(table, data, claimed_by, envelope.get("seal")),
        opens=opens,
        captures=kind.captures and envelope.get("capture") is not False,
    )


def _sort(table: Places, keywords: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """The keywords by place: envelope, subject, relations, data. None, and an empty list or map, is not said."""
    places, own = table.places, table.kind.own
    sorted_: tuple[dict[str, Any], ...] = ({}, {}, {}, {})
    for name, value in keywords.items():
        if value is None:
            continue
        place = places.get(name)
        if place is None:
            if not own or not isinstance(name, str):
                raise table.unknown(name)
            place = 3
        elif type(value) in (dict, list, tuple) and not value:
            continue
        sorted_[place][name] = value
    whole = sorted_[0].get("data")
    if whole is not None:
        _merge(table, whole, sorted_[3])
    return sorted_


def _merge(table: Places, whole: Any, data: dict[str, Any]) -> None:
    if isinstance(whole, Fields):
        whole = {name: value for name in whole.__struct_fields__ if (value := getattr(whole, name)) is not None}
    if not isinstance(whole, Mapping):
        raise Misuse(f"{table.kind.name}: data= is {type(whole).__name__}, not a map", 'data={"field": value}')
    for name, value in whole.items():
        if name in data:
            raise Misuse(f"{table.kind.name}: {name} is said twice", "in data=, or as a keyword", code="twice")
        if not isinstance(name, str) or not (table.kind.own or table.places.get(name) == 3):
            fields = [field for field, place in table.places.items() if place == 3]
            what = f"{table.kind.name} has no field {name!r}{nearest(str(name), fields)}"
            raise Misuse(what, f"ledger types {table.kind.name}", code="unknown_field")
        data[name] = value


def _data(table: Places, data: dict[str, Any], mentions: Mentions, reason: str | None) -> dict[str, Any]:
    name, shapes = table.kind.name, table.shapes
    for field, value in data.items():
        kind = type(value)
        if field in table.maps and not isinstance(value, Mapping):
            raise not_a_map(table.kind, field, value)
        if kind is str or kind is bool:
            if field in shapes:
                data[field] = mentions.read(shapes[field], value, f"{name}.{field}")
            continue
        if field in shapes:
            value = mentions.read(shapes[field], value, f"{name}.{field}")
        data[field] = plain(value, f"{name}.{field}", bare=table.bare, settings=field in table.settings)
    if table.kind.struct is not None:
        check_shape(table.kind, data, reason or "")
        if not table.dated.isdisjoint(data):
            check_leaves(table.kind, data)
    return data


def _check_secrets(data: dict[str, Any], name: str) -> None:
    try:
        encoded = _encoder.encode(data)
    except (ArithmeticError, TypeError, ValueError, msgspec.MsgspecError):
        encoded = encode(data, name)  # which says what is wrong with it
    check_secrets(encoded, data, name)


def _sealed(table: Places, data: dict[str, Any], claimed_by: dict[str, Any] | None, asked: Any) -> tuple[str, ...]:
    """Pointers to what is sealed: what the vocabulary marks, and what the caller asked for."""
    found = [f"/data/{'/'.join(pointer)}" for pointer in table.kind.sealed if isinstance(_at(data, pointer), str)]
    if claimed_by is not None and isinstance(claimed_by.get("name"), str):
        found.append("/claimed_by/name")
    if asked is not None:
        names = [asked] if isinstance(asked, str) else list(asked) if isinstance(asked, list | tuple) else [None]
        found += sealing(table, data, names)
    return tuple(dict.fromkeys(found))


def _at(data: dict[str, Any], pointer: tuple[str, ...]) -> Any:
    value: Any = data
    for key in pointer:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _evidence(value: Any, name: str) -> list[dict[str, Any]]:
    if value is None:
        return []
    items = value if isinstance(value, list | tuple) else [value]
    return [_evidence_item(item, f"{name}.evidence[{index}]") for index, item in enumerate(items)]


def _evidence_item(item: Any, where: str) -> dict[str, Any]:
    if isinstance(item, Evidence):
        return item.to_json()
    if not isinstance(item, Mapping):
        shown = repr(item) if isinstance(item, str) else f"of type {type(item).__name__}"
        fix = f"ledger.file({item!r})" if isinstance(item, str) else "ledger.file(PATH)"
        raise Misuse(f"{where} {shown} is no evidence", fix, code="invalid_evidence", where=where)
    written: dict[str, Any] = plain(item, where)
    try:
        msgspec.convert(written, Evidence, strict=True)
    except msgspec.ValidationError as error:
        raise Misuse(f"{where}: {error}", "ledger.file(PATH)", code="invalid_evidence", where=where) from None
    return written


def _check_refs(table: Places, refs: dict[str, list[Ref]], evidence: list[dict[str, Any]]) -> None:
    name = table.kind.name
    for relation in table.kind.needs_refs:
        if relation not in refs:
            raise Misuse(f"{name} needs {relation}=", f"{relation}=RECEIPT", code="missing_ref", where=name)
    if (refs and sum(map(len, refs.values())) > REFS_LIMIT) or len(evidence) > REFS_LIMIT:
        fix = "one ledger.directory(...) for many files"
        raise Misuse(f"{name} has over {REFS_LIMIT} references or pieces of evidence", fix, code="too_many")


def _reason(value: Any, table: Places) -> str | None:
    name = table.kind.name
    if value is None or (isinstance(value, str) and not value.strip()):
        if table.kind.needs_reason:
            raise Misuse(f"{name} needs a reason", 'reason="..."', code="needs_reason", where=f"{name}.reason")
        return None
    if not isinstance(value, str) or len(value) > REASON_LIMIT:
        what = f"is {len(value):,} characters" if isinstance(value, str) else f"is {type(value).__name__}"
        fix = f"text of at most {REASON_LIMIT:,} characters"
        raise Misuse(f"{name}.reason {what}", fix, code="invalid_reason", where=f"{name}.reason")
    return str.__str__(value)


def _time(value: Any) -> str | None:
    if isinstance(value, datetime):
        return time_text(value)
    if value is None:
        return None
    if not isinstance(value, str):
        raise Misuse(f"time is {type(value).__name__}", "datetime.now().astimezone()", code="invalid_time")
    parse_time(value)
    return str.__str__(value)


def _id(value: Any) -> str | None:
    if value is None or (isinstance(value, str) and is_id(value)):
        return value
    raise Misuse(f"id {value!r} is no UUIDv7 in lower case", "leave it out: one is made", code="invalid_id")


def _handle(value: Any) -> str | None:
    if value is None or (isinstance(value, str) and is_handle(value)):
        return value
    raise Misuse(f"on_behalf_of {value!r} is no handle", "lower-case letters, digits and . _ -", code="invalid_handle")


def _true(value: Any) -> bool | None:
    if value is None or value is False:
        return None
    if value is True:
        return True
    raise Misuse(f"critical is {value!r}", "True, or leave it out")

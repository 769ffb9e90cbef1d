"""Entries by themselves: written around a statement's very bytes, read strictly, shown as structs."""

import base64
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import encoding, entry, statement
from ledger.errors import Misuse, Tampered
from tests.examples import examples
from tests.reference.second import SECOND

VECTORS = Path(__file__).parents[1] / "vectors"
BOUNDED = examples(300)
INDEX = json.loads((VECTORS / "index.json").read_text())["logs"]
BODY = base64.b64decode(json.loads((VECTORS / "statements/good.json").read_text())["plain"])
TIME = "2026-03-02T09:00:00.000000Z"
PREV = hashlib.sha256(b"before").digest()
HEADER = {
    "actor": "ci",
    "count": 2,
    "id": "019cad5f-1000-7abc-8def-0123456789ab",
    "key": "a" * 64,
    "log": "b" * 64,
    "root": "c" * 64,
}


def lines(one):
    return b"".join((VECTORS / file).read_bytes() for file in one["entries"]).split(b"\n")[:-1]


ENTRIES = {line: f"{one['name']}-{row}" for one in INDEX for row, line in enumerate(lines(one))}
BROKEN = {lines(one)[one["expect"]["seq"]] for one in INDEX if one["expect"].get("check") == 5}


def test_every_entry_of_every_vector():
    """An entry is refused where, and only where, the index says C5."""
    wrong = []
    for line, name in ENTRIES.items():
        try:
            parts = entry.read(line)
        except Tampered:
            good = False
        else:
            good = parts.fields == json.loads(line) and statement.read(parts.body) == parts.fields["statement"]
        if good == (line in BROKEN):
            wrong.append(name)
    assert wrong == []
    assert len(BROKEN) > 20


def made(seq=7, signatures=(bytes(64),), batch=""):
    return entry.write(seq, PREV, TIME, BODY, entry.signatures_text(signatures), batch)


@pytest.mark.parametrize("batch", ["", entry.batch_text(b'{"first":5}'), entry.batch_text(encoding.encode(HEADER))])
@pytest.mark.parametrize("signatures", [(), (bytes(64),), (bytes(64), b"\xff" * 2420)])
def test_what_is_written_is_read(batch, signatures):
    data = made(7, signatures, batch)
    parts = entry.read(data)
    assert parts.body == BODY == entry.body_of(data)
    assert parts.fields["prev"] == PREV.hex()
    assert (parts.fields["seq"], parts.fields["recorded"]) == (7, TIME)
    assert [encoding.b64decode(text) for text in parts.fields["signatures"]] == list(signatures)
    assert encoding.encode(parts.fields) == data
    assert SECOND.read_entry(data)[:2] == (parts.fields, BODY)


def test_leaf():
    data = made()
    assert entry.leaf(data) == hashlib.sha256(b"\0" + data).digest()


def test_the_body_is_cut_at_the_first_mark_even_if_the_statement_holds_another():
    fields = json.loads(BODY)
    fields["data"] = {"x": ',"statement":{}', "statement": {"a": 1}, "z": {"a": 1, "statement": 2}}
    body = statement.write(fields)
    data = entry.write(0, bytes(32), TIME, body, "[]")
    assert entry.read(data).body == body


@pytest.mark.parametrize("seq", [0, 1, 2**53 - 2])
def test_places(seq):
    assert entry.read(made(seq)).fields["seq"] == seq
    assert entry.view(made(seq)).seq == seq


def test_limits():
    with pytest.raises(Misuse):
        made(2**53 - 1)
    with pytest.raises(Misuse):
        entry.signatures_text((bytes(9300),))
    with pytest.raises(Misuse):
        entry.write(0, bytes(32), TIME, b"{" + b"x" * 65_500 + b"}", "[]")


def test_what_was_signed_offline_is_placeable():
    """The largest statement, the largest signatures and the largest header fit into one entry (section 11)."""
    fields = json.loads(BODY)
    fields["data"] = {"pad": ""}
    fields["data"]["pad"] = "x" * (encoding.STATEMENT_LIMIT - len(statement.write(fields)))
    body = statement.write(fields)
    assert len(body) == encoding.STATEMENT_LIMIT
    texts = "[" + ",".join(['"' + "A" * 6136 + '"', '"' + "A" * 6140 + '"']) + "]"
    assert encoding.SIGNATURES_LIMIT - 8 < len(texts) <= encoding.SIGNATURES_LIMIT
    header = encoding.encode({**HEADER, "actor": "a" * 64, "count": 4096})
    data = entry.write(2**53 - 2, PREV, TIME, body, texts, entry.batch_text(header))
    assert entry.read(data).body == body
    assert len(data) + 2_500 < encoding.ENTRY_LIMIT


CHANGES = {
    "prev": [None, "", "0" * 63, "0" * 65, "A" * 64, 0, ["0" * 64]],
    "recorded": [None, "", "2026-03-02T09:00:00Z", 0, "2026-02-30T09:00:00.000000Z"],
    "seq": [None, -1, 1.0, "1", True, 2**53 - 1, [1]],
    "signatures": [None, {}, "", [1], [""] * 3, ["A"], ["AA=="[:3]], ["AB=="], ["_-8="], [None], [["AA=="]]],
    "statement": [None, [], "", {}, {"actor": "ci"}],
    "batch": [
        None,
        [],
        {},
        {"first": -1},
        {"first": 1.0},
        {"first": True},
        {"first": 1, "x": 1},
        {"first": 2**53 - 1},
        5,
    ]
    + [{**HEADER, "count": n} for n in (0, 4097, 1.0, True, "2")]
    + [{**HEADER, "x": 1}, {**HEADER, "first": 1}]
    + [{name: value for name, value in HEADER.items() if name != key} for key in HEADER]
    + [
        {**HEADER, key: value}
        for key in ("actor", "id", "key", "log", "root")
        for value in ("", "A", 1, None, "a" * 65)
    ],
    "": [1],
    "zz": [1],
}


@pytest.mark.parametrize(
    ("key", "value"), [(key, value) for key, values in CHANGES.items() for value in values], ids=repr
)
def test_closed_envelope(key, value):
    data = encoding.encode({**json.loads(made()), key: value})
    with pytest.raises(Tampered) as raised:
        entry.read(data)
    assert raised.value.check == 5


def accepted(read, data):
    try:
        read(data)
    except (Tampered, SECOND.Bad):
        return False
    return True


SAMPLES = [
    made(),
    made(7, (), entry.batch_text(b'{"first":5}')),
    made(8, (bytes(64),), entry.batch_text(encoding.encode(HEADER))),
]


@BOUNDED
@given(st.sampled_from(SAMPLES), st.data())
def test_both_readers_agree_on_every_neighbour(sample, data):
    place = data.draw(st.integers(0, len(sample) - 1))
    byte = data.draw(st.sampled_from(b'"{}[]:,0019aZ.-_=A\xc3 ') | st.integers(0, 255))
    changed = sample[:place] + bytes([byte]) + sample[place + 1 :]
    assert accepted(entry.read, changed) == accepted(SECOND.read_entry, changed)


def test_every_bit_of_an_entry_counts():
    """A flipped bit is refused, or is another entry: another leaf, and never the same fields."""
    sample = made()
    fields = entry.read(sample).fields
    for place in range(len(sample) * 8):
        changed = bytearray(sample)
        changed[place // 8] ^= 1 << place % 8
        try:
            other = entry.read(bytes(changed)).fields
        except Tampered:
            continue
        assert other != fields


@BOUNDED
@given(
    st.binary(max_size=60)
    | st.sampled_from([b"{}", b"[]", b"null", b"0", b"[" * 5000, b'{"a":' * 5000, b'{"statement":{}}'])
)
def test_rubbish_raises_only_tampered(data):
    with pytest.raises(Tampered):
        entry.read(data)
    with pytest.raises(Tampered):
        entry.view(data)


def test_view_shows_what_read_judges():
    for line in (SAMPLES[2], *ENTRIES):
        if accepted(entry.read, line):
            seen, fields = entry.view(line), entry.read(line).fields
            said = fields["statement"]
            assert (seen.seq, seen.prev, seen.recorded) == (fields["seq"], fields["prev"], fields["recorded"])
            assert seen.signatures == fields["signatures"]
            assert (seen.statement.id, seen.statement.type, seen.statement.data) == (
                said["id"],
                said["type"],
                said["data"],
            )
            refs = {name: [{"hash": r.hash, "id": r.id} for r in refs] for name, refs in seen.statement.refs.items()}
            assert refs == said.get("refs", {})
    head = entry.view(SAMPLES[2]).batch
    assert isinstance(head, entry.BatchHead)
    assert (head.count, head.root) == (2, "c" * 64)
    assert entry.view(SAMPLES[1]).batch == entry.BatchMember(5)
    assert entry.view(SAMPLES[0]).batch is None

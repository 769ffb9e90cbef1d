"""Statements by themselves: every vector, what is written is what is read, and nothing beside the envelope."""

import base64
import hashlib
import json
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import encoding, statement
from ledger.errors import Misuse, Tampered
from tests.examples import examples
from tests.reference.second import SECOND

VECTORS = Path(__file__).parents[1] / "vectors"
BOUNDED = examples(200)
GOOD = {
    name: base64.b64decode(data) for name, data in json.loads((VECTORS / "statements/good.json").read_text()).items()
}
BAD = {name: base64.b64decode(data) for name, data in json.loads((VECTORS / "statements/bad.json").read_text()).items()}
PLAIN = json.loads(GOOD["plain"])
DIGEST = "0123456789abcdef" * 4


@pytest.mark.parametrize("name", GOOD)
def test_good_statement(name):
    fields = statement.read(GOOD[name])
    assert fields == json.loads(GOOD[name])
    assert statement.write(fields) == GOOD[name]


@pytest.mark.parametrize("name", BAD)
def test_bad_statement(name):
    with pytest.raises(Tampered) as raised:
        statement.read(BAD[name])
    assert raised.value.check == 5


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_cannot_be_written(name):
    """A writer that is given the fields of a bad statement refuses, or writes something else that is good."""
    try:
        fields = json.loads(BAD[name])
        data = statement.write(fields)
    except (Misuse, ValueError):
        return
    assert data != BAD[name]
    assert statement.read(data) == fields


@pytest.mark.parametrize("key", sorted(PLAIN))
def test_each_key_is_needed(key):
    fields = {name: value for name, value in PLAIN.items() if name != key}
    with pytest.raises(Misuse, match=f"missing {key}"):
        statement.write(fields)


def test_a_large_statement_without_data_is_named_and_no_crash():
    with pytest.raises(Misuse):
        statement.write({"reason": "x" * 60_000})


def test_the_largest_part_is_named():
    with pytest.raises(Misuse, match=r"evaluated is .* largest: data\.table") as raised:
        statement.write({**PLAIN, "data": {"auc": 0.79, "table": ["x" * 100] * 500}})
    assert raised.value.code == "too_large"


def lists(depth):
    value = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_a_statement_leaves_room_for_the_entry_around_it():
    """Depth 31 by itself: `data` is 2, so its value may be 29 deep."""
    data = statement.write({**PLAIN, "data": {"a": lists(29)}})
    assert statement.read(data)["data"] == {"a": lists(29)}
    too_deep = {**PLAIN, "data": {"a": lists(30)}}
    with pytest.raises(Misuse, match="deeper than 31"):
        statement.write(too_deep)
    with pytest.raises(Tampered, match="deeper than 31"):
        statement.read(encoding.encode(too_deep))


def test_many_shallow_brackets_are_not_depth():
    fields = {**PLAIN, "data": {"rows": [[1], {"a": []}] * 50}}
    assert statement.read(statement.write(fields)) == fields


LABELS = st.from_regex(SECOND.LABEL, fullmatch=True)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1000, 1000)
    | st.sampled_from([0.5, 1e-7, 1e16])
    | st.sampled_from(["", "é", "\n"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "é", ""]), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = st.fixed_dictionaries(
    {
        "actor": st.from_regex(SECOND.HANDLE, fullmatch=True),
        "data": st.dictionaries(st.sampled_from(["a", "b", "c"]), JSON, max_size=3),
        "id": st.builds(encoding.make_id, st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10)),
        "key": st.binary(min_size=32, max_size=32).map(bytes.hex),
        "rev": st.integers(1, 2**53 - 1),
        "subject": st.dictionaries(st.sampled_from(["system", "version", "segment"]), LABELS, max_size=3),
        "time": st.datetimes(min_value=datetime(1970, 1, 1)).map(lambda t: f"{t:%Y-%m-%dT%H:%M:%S.%f}Z"),
        "type": st.from_regex("[a-z][a-z0-9_]{1,47}", fullmatch=True),
    },
    optional={
        "critical": st.just(True),
        "on_behalf_of": st.from_regex(SECOND.HANDLE, fullmatch=True),
        "reason": st.text(st.sampled_from('aé😀\n\t"\\'), min_size=1, max_size=20),
        "refs": st.dictionaries(
            st.sampled_from(sorted(statement.RELATIONS)),
            st.lists(st.just({"hash": DIGEST, "id": PLAIN["id"]}), min_size=1, max_size=3),
            min_size=1,
            max_size=3,
        ),
    },
)


@BOUNDED
@given(FIELDS)
def test_what_is_written_is_read_by_both_readers(fields):
    data = statement.write(fields)
    assert statement.read(data) == fields
    assert SECOND.read_statement(data) == fields


def accepted(read, data):
    try:
        read(data)
    except (Tampered, SECOND.Bad):
        return False
    return True


@BOUNDED
@given(st.sampled_from(sorted(set(GOOD) - {"size-49152"})), st.data())
def test_both_readers_agree_on_every_neighbour(name, data):
    changed = bytearray(GOOD[name][:4000])
    place = data.draw(st.integers(0, len(changed) - 1))
    changed[place] = data.draw(st.sampled_from(b'"{}[]:,0019aZ.-_\xc3 ') | st.integers(0, 255))
    whole = bytes(changed) + GOOD[name][4000:]
    assert accepted(statement.read, whole) == accepted(SECOND.read_statement, whole)


@BOUNDED
@given(st.sampled_from(sorted(PLAIN) + sorted(set(SECOND.STATEMENT) - set(PLAIN))), JSON)
def test_both_readers_agree_on_any_value_under_any_key(key, value):
    body = encoding.encode({**PLAIN, key: value})
    assert accepted(statement.read, body) == accepted(SECOND.read_statement, body)


def test_statement_hash_and_message():
    body = GOOD["plain"]
    assert statement.statement_hash(body) == hashlib.sha256(b"\0" + body).digest()
    head = b"DSSEv1 50 application/vnd.lifecycle-ledger.statement.v1+json %d " % len(body)
    assert statement.message(body) == head + body


def test_a_set_is_its_parts_and_not_their_order():
    one, two = "sha256:" + "1" * 64, "sha256:" + "2" * 64
    whole = f'{{"a":"{one}","b":"{two}"}}'.encode()
    assert statement.set_digest({"b": two, "a": one}) == hashlib.sha256(whole).hexdigest()
    assert statement.set_digest({"a": one, "b": two}) != statement.set_digest({"a": two, "b": one})

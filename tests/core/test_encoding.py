"""The one form: every vector, every file of JSONTestSuite, and a second reader that must agree on any bytes."""

import base64
import json
import math
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger import encoding
from ledger.errors import Misuse, Tampered
from tests.examples import examples
from tests.reference.second import SECOND

VECTORS = Path(__file__).parents[1] / "vectors"
BOUNDED = examples(150)

SUITE = json.loads((VECTORS / "thirdparty/jsontestsuite/parsing.json").read_text())["tests"]


def buffers(file):
    cases = json.loads((VECTORS / file).read_text()).items()
    return [pytest.param(base64.b64decode(data), id=name) for name, data in cases]


def accepts(data):
    """Whether `decode` takes it; anything but a value and Tampered is a crash."""
    try:
        value = encoding.decode(data)
    except Tampered:
        return False
    assert encoding.encode(value) == data
    return True


def reference_accepts(data):
    try:
        SECOND.decode(data, 65_535)
    except SECOND.Bad:
        return False
    return True


# ---- vectors ----


@pytest.mark.parametrize("data", buffers("json/good.json"))
def test_good_buffer(data):
    value = encoding.decode(data)
    assert value == json.loads(data)
    assert encoding.encode(value) == data


@pytest.mark.parametrize("data", buffers("json/bad.json"))
def test_bad_buffer(data):
    assert not accepts(data)


def suite_bytes(case):
    if "base64" in case:
        return base64.b64decode(case["base64"])
    return (case["unit"] * case["times"] + case["tail"]).encode()


@pytest.mark.parametrize("case", SUITE, ids=lambda case: case["file"])
def test_json_test_suite(case):
    """What is no JSON is never taken; what is JSON is taken where it is in the one form, by both readers alike."""
    data = suite_bytes(case)
    for buffer in (data, b'{"a":' + data + b"}", b'{"a":[' + data + b"]}"):
        taken = accepts(buffer)
        assert taken == reference_accepts(buffer)
        assert not (taken and data and case["file"].startswith("n_"))


def test_json_test_suite_is_not_refused_wholesale():
    taken = {case["file"] for case in SUITE if accepts(b'{"a":' + suite_bytes(case) + b"}")}
    assert {"y_array_empty", "y_object_empty", "y_number_simple_real", "y_structure_lonely_null"} <= taken
    assert len(taken) >= 30


# ---- any value, any bytes ----

ALPHABET = st.characters(codec="utf-8").filter(lambda c: not encoding._FORBIDDEN.match(c))
SOME_TEXT = st.text(ALPHABET, max_size=12)
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False).map(
    lambda x: x or 0.0
)
LEAVES = st.none() | st.booleans() | NUMBERS | SOME_TEXT
VALUES = st.recursive(
    LEAVES, lambda v: st.lists(v, max_size=4) | st.dictionaries(SOME_TEXT, v, max_size=4), max_leaves=20
)
OBJECTS = st.dictionaries(SOME_TEXT, VALUES, max_size=5)


def same(one, other):
    """Equal, and integers are integers and decimals decimals."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


@BOUNDED
@given(OBJECTS)
@example({"\n": 1, "!": 2, "\ufb33": 3, "😀": 4})
@example({"a": [1, 1.0, True]})
def test_what_is_written_is_read(value):
    data = encoding.encode(value)
    assert same(encoding.decode(data), value)
    assert same(SECOND.decode(data, 65_535), value)
    assert len(data.splitlines()) == 1


@examples(1000)
@given(st.floats(allow_nan=False, allow_infinity=False))
@example(1e-5)
@example(9.999999999999999e-6)
@example(1e16)
@example(9999999999999998.0)
@example(5e-324)
@example(1.7976931348623157e308)
@example(2.0**-44)
def test_a_decimal_has_one_spelling(number):
    number = number or 0.0
    data = encoding.encode({"a": number})
    assert data == f'{{"a":{SECOND.spell(number)}}}'.encode()
    assert math.copysign(1, encoding.decode(data)["a"]) == math.copysign(1, number)


@BOUNDED
@given(OBJECTS, st.data())
def test_one_change_is_refused_or_another_value(value, data):
    """Readers agree on every neighbour of a good buffer: a bit, a byte more, a byte less, two bytes exchanged."""
    good = bytearray(encoding.encode(value))
    place = data.draw(st.integers(0, len(good) - 1))
    match data.draw(st.sampled_from(("bit", "more", "less", "swap"))):
        case "bit":
            good[place] ^= 1 << data.draw(st.integers(0, 7))
        case "more":
            good.insert(place, data.draw(st.sampled_from(b' \t\n\r"\\/0-.eE+,:[]{}\x00\x7f\xc3\xff')))
        case "less":
            del good[place]
        case "swap":
            good[place], good[place - 1] = good[place - 1], good[place]
    changed = bytes(good)
    assert accepts(changed) == reference_accepts(changed)


TOKENS = [b"{", b"}", b"[", b"]", b",", b":", b'"a"', b'"b"', b'""', b"0", b"-0", b"1", b"-1", b"1.0", b"1e16", b"0.1"]
TOKENS += [b"-0.0", b"1E2", b"9007199254740991", b"9007199254740992", b"-9007199254740992", b"true", b"false", b"null"]
TOKENS += [b" ", b"\\", b"\xff", b"\xc2\x80", b"\xef\xbb\xbf", b"NaN", b"Infinity", b"1e-5", b"0.00001", b'"a":']


@examples(1000)
@given(st.lists(st.sampled_from(TOKENS), max_size=10).map(b"".join) | st.binary(max_size=24))
def test_readers_agree_on_rubbish(inner):
    for data in (inner, b'{"a":' + inner + b"}", b'{"a":[' + inner + b"]}"):
        assert accepts(data) == reference_accepts(data)


def test_every_bit_of_a_buffer_counts():
    data = '{"a":{"x":"é😀","y":[1,2.5,true,null]},"b":-1}'.encode()
    value = encoding.decode(data)
    for place in range(len(data) * 8):
        changed = bytearray(data)
        changed[place // 8] ^= 1 << place % 8
        if accepts(bytes(changed)):
            assert not same(encoding.decode(bytes(changed)), value)


def test_the_limit_is_checked_first():
    data = b'{"a":"' + b"x" * 40 + b'"}'
    assert encoding.decode(data, len(data)) == {"a": "x" * 40}
    with pytest.raises(Tampered, match="limit"):
        encoding.decode(data, len(data) - 1)
    with pytest.raises(Tampered, match="limit"):
        encoding.decode(b"\xff" * 65_536)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": {"b": [0, math.nan]}}, r"a\.b\[1\] is nan"),
        ({"a": math.inf}, "a is inf"),
        ({"a": -math.inf}, "a is -inf"),
        ({"a": [-0.0]}, r"a\[0\] is -0\.0"),
        ({"a": 2**53}, "a is beyond"),
        ({"a": -(2**53)}, "a is beyond"),
        ({"a": 2**70}, "a is beyond"),
        ({"a": {1: 2}}, "a has a key that is not text"),
        ({"a": {None: 2}}, "a has a key that is not text"),
        ({"a b": {"c": "\x00"}}, "a b"),
        ({"a": "x\u202ey"}, r"U\+202E"),
        ({"a": "\ud800"}, r"U\+D800"),
        ({"\ud800": 1}, r"U\+D800"),
        ({"k" * 257: 1}, "key of 257 bytes"),
        ({"é" * 129: 1}, "key of 258 bytes"),
        ({"a": object()}, "no JSON form"),
    ],
    ids=repr,
)
def test_what_cannot_be_said_is_named(value, path):
    with pytest.raises(Misuse, match=path):
        encoding.encode(value)


def nested(depth, value=0):
    for _ in range(depth):
        value = {"a": value}
    return value


def test_depth():
    assert encoding.decode(encoding.encode(nested(32))) == nested(32)
    for depth in (33, 200, 5000):
        with pytest.raises(Misuse):
            encoding.encode(nested(depth))

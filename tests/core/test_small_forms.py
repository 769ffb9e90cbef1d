"""The small forms of FORMAT.md section 2: what each is, what is next to it and is not."""

import base64
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import encoding
from ledger.errors import Misuse, Tampered
from tests.examples import examples
from tests.reference.second import SECOND

BOUNDED = examples(200)

FORMS = {
    encoding.is_handle: (
        ["a", "0", "a" * 64, "a.b_c-d"],
        ["", "A", "-a", ".a", "a" * 65, "a b", "а", "a\n", "a/b", "a@b"],
    ),
    encoding.is_artifact_name: (["model", "0-x"], ["", "Model", "m" * 65, "m\n"]),
    encoding.is_label: (["A", "a" * 128, "v1.2+b@c:d/e_f-g"], ["", "a" * 129, ".a", "a b", "é", "a\n", "-a", "/a"]),
    encoding.is_digest: (
        ["0" * 64, "0123456789abcdef" * 4],
        ["0" * 63, "0" * 65, "A" * 64, "g" * 64, "0" * 64 + "\n", "٠" * 64],
    ),
    encoding.is_named_digest: (
        ["sha256:" + "0" * 64],
        ["0" * 64, "sha512:" + "0" * 64, "sha256:" + "0" * 63, "SHA256:" + "0" * 64],
    ),
    encoding.is_type: (
        ["ab", "a" * 48, "a_1", "a.b/c", "9-a.b/0._-", "a" * 52 + ".example.com/" + "b" * 63],
        [
            "a",
            "a" * 49,
            "A1",
            "1a",
            "_a",
            "a-b",
            "a.b",
            "a/b",
            "a.b/",
            "a.b/C",
            "a..b/c",
            ".a/b",
            "a.b/c/d",
            "ab\n",
            "a.b/c\n",
            "a.b/-c",
            "a" * 53 + ".example.com/" + "b" * 63,
            "a.b/" + "c" * 65,
            "é.b/c",
        ],
    ),
    encoding.is_id: (
        ["019cad5f-1000-7abc-8def-0123456789ab", "ffffffff-ffff-7fff-bfff-ffffffffffff"],
        [
            "019CAD5F-1000-7abc-8def-0123456789ab",
            "019cad5f-1000-4abc-8def-0123456789ab",
            "019cad5f-1000-7abc-cdef-0123456789ab",
            "019cad5f10007abc8def0123456789ab",
            "019cad5f-1000-7abc-8def-0123456789ab\n",
            "019cad5f-1000-7abc-7def-0123456789ab",
        ],
    ),
    encoding.is_origin: (
        ["a", "example.com/log", "a" * 255, "~!x", "a:/b", "a,b-c."],
        ["", "a" * 256, "a+b", "a b", "https://a", "é", "a\n", "a\x7f", "x://", "://"],
    ),
    encoding.is_time: (
        ["1970-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z", "2028-02-29T00:00:00.000000Z"],
        [
            "1969-12-31T23:59:59.999999Z",
            "2026-02-29T00:00:00.000000Z",
            "2026-13-01T00:00:00.000000Z",
            "2026-01-01T24:00:00.000000Z",
            "2016-12-31T23:59:60.000000Z",
            "2026-01-01T00:60:00.000000Z",
            "2026-01-01T00:00:00.00000Z",
            "2026-01-01T00:00:00Z",
            "2026-01-01t00:00:00.000000Z",
            "2026-01-01T00:00:00.000000z",
            "2026-01-01T00:00:00.000000+00:00",
            "2026-01-01 00:00:00.000000Z",
            "2026-01-01T00:00:00,000000Z",
            "2026-W01-1T00:00:00.000000Z",
            "٢٠٢٦-01-01T00:00:00.000000Z",
            "2026-01-01T00:00:00.000000Z\n",
            "2026-00-01T00:00:00.000000Z",
            "2026-01-00T00:00:00.000000Z",
            "2100-02-29T00:00:00.000000Z",
            "0000-01-01T00:00:00.000000Z",
        ],
    ),
}


@pytest.mark.parametrize("test", FORMS, ids=lambda test: test.__name__)
def test_small_form(test):
    good, bad = FORMS[test]
    assert [text for text in good if not test(text)] == []
    assert [text for text in bad if test(text)] == []


@BOUNDED
@given(st.binary(max_size=40))
def test_base64_is_its_one_spelling(data):
    text = encoding.b64encode(data)
    assert encoding.b64decode(text) == data
    assert text == base64.b64encode(data).decode()


@pytest.mark.parametrize(
    "text", ["QQ", "QQ=", "QR==", "QUJ=", "Q Q=", "QQ==\n", "QQ===", "_-8=", "=", "====", "QQ==QQ==", "é", "QUI"]
)
def test_other_base64_is_refused(text):
    with pytest.raises(Tampered):
        encoding.b64decode(text)


@BOUNDED
@given(st.datetimes(datetime(1971, 1, 1), datetime(9998, 1, 1)), st.integers(-14 * 60, 14 * 60))
def test_times_are_utc_and_read_back(moment, minutes):
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    text = encoding.time_text(aware)
    assert len(text) == 27
    assert encoding.is_time(text)
    assert encoding.parse_time(text) == aware
    assert encoding.parse_time(text).utcoffset() == timedelta(0)


def test_text_order_is_time_order():
    early = datetime(2026, 1, 1, tzinfo=UTC)
    texts = [encoding.time_text(early + timedelta(microseconds=n)) for n in (0, 1, 999_999, 1_000_000, 86_400_000_000)]
    assert texts == sorted(texts)
    assert encoding.later(texts[0], 86_400) == texts[-1]


def test_times_without_a_zone_or_before_1970_are_refused():
    for moment in (datetime(2026, 1, 1), datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)):
        with pytest.raises(Misuse):
            encoding.time_text(moment)
    for text in FORMS[encoding.is_time][1]:
        with pytest.raises(Misuse):
            encoding.parse_time(text)


@BOUNDED
@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_ids_are_uuid7(milliseconds, random):
    made = encoding.make_id(milliseconds, random)
    assert encoding.is_id(made)
    assert int(made.replace("-", "")[:12], 16) == milliseconds
    assert encoding.id_bytes(made).hex() == made.replace("-", "")
    assert re.fullmatch(SECOND.ID, made)


def test_pae_is_the_one_of_dsse():
    """The example of the DSSE specification (github.com/secure-systems-lab/dsse, protocol.md)."""
    assert encoding.pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert encoding.pae("a", b"") == b"DSSEv1 1 a 0 "

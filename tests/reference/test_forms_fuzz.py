"""Entry 0 and disclosures with anything in them: both verifiers take the same, read the same, and fall over nothing.

For longer: LEDGER_EXAMPLES=500.
"""

import copy
from base64 import urlsafe_b64encode

from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from ledger.disclosures import open_disclosure, opens_in, steps
from ledger.errors import Misuse, Tampered
from ledger.genesis import read_genesis
from ledger.trust import Trust
from tests.examples import examples
from tests.reference.second import SECOND
from tests.reference.test_trust_fuzz import LEAF, SAID, VALUES, places
from tests.vectors.making.build import ADA, BOB, CAROL, RECOVERY

MANY = examples(200, *HealthCheck)

# ---- entry 0 ----

KINDS = sorted(SAID[0]["data"]["rules"])
ROWS = st.fixed_dictionaries(
    {"batch": st.booleans(), "roles": st.lists(st.sampled_from(["admin", "approver", "king"]), max_size=2),
     "trust": st.booleans()}
)  # fmt: skip
PEOPLE = st.builds(
    lambda handle, keys, roles: {"handle": handle, "keys": keys.json(), "roles": roles},
    st.sampled_from(["ada", "bob", "Bob"]), st.sampled_from([ADA, BOB, CAROL]),
    st.lists(st.sampled_from(["admin", "recorder"]), max_size=2),
)  # fmt: skip


@st.composite
def founded(draw):
    data = copy.deepcopy(SAID[0]["data"])
    for what in draw(st.lists(st.sampled_from(["row", "no row", "people", "recovery", "anything"]), max_size=2)):
        if what == "row":
            data["rules"][draw(st.sampled_from([*KINDS, "own.example/x", "limit_set", "Bad"]))] = draw(ROWS)
        elif what == "no row":
            data["rules"].pop(draw(st.sampled_from(KINDS)), None)
        elif what == "people":
            data["administrators"].append(draw(PEOPLE))
        elif what == "recovery":
            named = [RECOVERY.json(), ADA.json(), BOB.json()]
            data["recovery"] = {"keys": draw(st.lists(st.sampled_from(named), max_size=3)),
                                "threshold": draw(st.integers(0, 3))}  # fmt: skip
        else:
            *path, last = draw(st.sampled_from([one for one in places(data) if one]))
            place = data
            for step in path:
                place = place[step]
            place[last] = draw(VALUES)
            break  # what was replaced may have no such places any more
    return {**SAID[0], "data": data}


def by_package(said):
    try:
        genesis = read_genesis(said, LEAF)
        Trust.of_genesis(genesis)
    except Misuse as error:
        return error.code
    except Tampered as error:
        return error.check
    return sorted(genesis.rules), [one.handle for one in genesis.administrators], genesis.recovery.threshold


def by_second(said):
    try:
        trust = SECOND.Trust(said, LEAF)
    except SECOND.Unknown:
        return "newer_genesis"
    except SECOND.Bad as error:
        return error.check
    return sorted(trust.rules), [one["handle"] for one in said["data"]["administrators"]], trust.threshold


@MANY
@given(founded())
def test_entry_0(said):
    assert by_package(said) == by_second(said)


# ---- disclosures ----

IDENT = SAID[0]["id"]
SALTS = ["AAECAwQFBgcICQoLDA0ODw", "AAECAwQFBgcICQoLDA0ODx", "A" * 21 + "=", "A" * 22, "A" * 21, "", "+" * 22, "é" * 22]
PATHS = ["/data/name", "/data/rows/1", "/data/rows/01", "/data/rows/-1", "/data/a~1b", "/data/a~2b", "/claimed_by/x",
         "/context/x", "/data", "data/name", "/", "", "/data/", "/data//", "/data/rows/\u0661",
         "/data/rows/99999999999", "/data/name/x", "/data/rows/1/x", "/data/a\nb"]  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**54), 2**54) | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=5,
)
ARRAYS = st.builds(
    lambda salt, ident, path, value, more: [salt, ident + path, value, *more],
    st.sampled_from(SALTS) | st.text(max_size=23), st.sampled_from([IDENT, IDENT.upper(), "", "x"]),
    st.sampled_from(PATHS) | st.text(max_size=6).map("/data/".__add__), JSON, st.lists(JSON, max_size=1),
)  # fmt: skip


@st.composite
def shown(draw):
    """A disclosure; its bytes perhaps in another spelling, its text with other characters."""
    value = draw(st.one_of(ARRAYS, ARRAYS, JSON))
    try:
        data = SECOND.spell(value).encode()
    except (ValueError, TypeError, IndexError):  # infinities and NaN have no spelling
        data = b'["AAECAwQFBgcICQoLDA0ODw","' + IDENT.encode() + b'/data/name",Infinity]'
    if draw(st.integers(0, 4)) == 0 and data:
        at = draw(st.integers(0, len(data) - 1))
        data = data[:at] + draw(st.sampled_from([b" ", b"0", b",", b"\\u0041", b"\\", b"\xff", b"]"])) + data[at:]
    text = urlsafe_b64encode(data).decode().rstrip("=")
    if draw(st.integers(0, 9)) == 0 and text:
        at = draw(st.integers(0, len(text) - 1))
        text = text[:at] + draw(st.sampled_from(["=", "A", "+", " ", "\n", "é", ""])) + text[at + 1 :]
    return text


@MANY
@given(shown())
@example("")
@example("A")
@example("====")
@example("W" * 65_537)
def test_disclosures(text):
    try:
        ident, pointer, _ = open_disclosure(text)
        here = ident, steps(pointer)
    except Tampered as error:
        here = error.check
    try:
        there = SECOND.read_disclosure(text)
    except SECOND.Bad as error:
        there = error.check
    assert here == there
    if here == 20:
        return
    mark = SECOND.base64.urlsafe_b64encode(SECOND.sha(text.encode())).decode().rstrip("=")
    sealed = {"sealed": mark}
    said = {"id": ident, "claimed_by": {"x": sealed},
            "data": {"name": sealed, "rows": [0, sealed], "a/b": sealed, "": {"": sealed}, "a\nb": sealed}}  # fmt: skip
    assert opens_in(said, pointer, text) == SECOND.opens(said, here[1], text)
    assert opens_in(said, pointer, text) == (
        pointer in ("/data/name", "/data/rows/1", "/data/a~1b", "/data//", "/data/a\nb", "/claimed_by/x")
    )

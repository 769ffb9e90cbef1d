"""Events of trust with anything in them: a value or a named error, and the same of the two from both verifiers.

For longer: LEDGER_EXAMPLES=300.
"""

import copy
import json

from hypothesis import given
from hypothesis import strategies as st

from ledger import entry
from ledger.changes import EVENTS
from ledger.errors import Tampered
from ledger.genesis import Unknown, read_genesis
from ledger.trust import Trust
from tests.examples import examples
from tests.reference.second import SECOND
from tests.vectors.making.build import ADA, BOB, CAROL, CI, DAN, RECOVERY, Log
from tests.vectors.making.log_keys import FIRST, quorum
from tests.vectors.making.log_keys import SECOND as NEW
from tests.vectors.making.roles import APPROVER_OR_RECORDER

BASE = Log("fuzz").base()
LEAF = entry.leaf(BASE.entries[0]).hex()
SAID = [json.loads(one)["statement"] for one in BASE.entries]
NOW = "2026-03-02T10:00:00.000000Z"

# Data that pass as they stand, for each type: what is bent starts from one of them.
GOOD = {
    "actor_introduced": [{"kind": "human"}, {"kind": "service", "function": "x"}],
    "key_authorized": [{"keys": DAN.json(), "roles": ["recorder"]}, {"keys": CI.json(), "roles": ["admin"]}],
    "key_revoked": [{"key_id": one.id, "why": "lost"} for one in (ADA, BOB, CAROL, CI)],
    "role_assigned": [{"role": "approver"}, {"role": "admin", "systems": ["credit"], "not_after": NOW}],
    "role_ended": [{"role": "approver"}, {"role": "admin"}, {"role": "approver", "systems": ["credit"]}],
    "delegated": [{"to": "carol"}, {"to": "ci", "systems": ["credit"], "not_after": NOW}],
    "policy_set": [
        {"kind": "roles", "value": {"approved": APPROVER_OR_RECORDER}},
        {"kind": "roles", "value": {"key_revoked": {"batch": False, "roles": ["admin"], "trust": True}}},
        {"kind": "four_eyes", "value": "refusal"},
    ],
    "log_key_rotated": [{"old": FIRST, "new": NEW}, {"old": FIRST, "new": NEW, "recovery": quorum(BASE, RECOVERY)}],
    "clock_reset": [{}, {"note": "x"}],
}
assert GOOD.keys() == EVENTS.keys()

CHECKS = (3, 12, 13, 16, 17)
WORDS = ["", "admin", "approver", "credit", "carol", "eve", "Carol", "roles", "four_eyes", "off", NOW, "2026", CI.id]
FIELDS = ["since", "systems", "not_after", "recovery", "roles", "to", "kind"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 300) | st.sampled_from(WORDS) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3),
    max_leaves=6,
)
SUBJECTS = [{}, {"handle": "ci"}, {"handle": "carol"}, {"handle": "ada"}, {"handle": "eve"}, {"system": "credit"}]


def places(value, path=()):
    """Every place in a value."""
    yield path
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from places(value[key], (*path, key))


@st.composite
def statements(draw):
    kind = draw(st.sampled_from(sorted(GOOD)))
    data = copy.deepcopy(draw(st.sampled_from(GOOD[kind])))
    for _ in range(draw(st.integers(0, 2))):
        path = draw(st.sampled_from(list(places(data))))
        if not path:
            data[draw(st.sampled_from(FIELDS))] = draw(VALUES)
            continue
        *steps, last = path
        place = data
        for step in steps:
            place = place[step]
        if draw(st.booleans()):
            place[last] = draw(VALUES)
        else:
            del place[last]
    said = {
        "actor": "ada", "data": data, "id": SAID[0]["id"], "key": ADA.id, "log": LEAF,
        "subject": draw(st.sampled_from(SUBJECTS)), "rev": draw(st.sampled_from([1, 1, 1, 1, 2])),
        "time": NOW, "type": kind,
    }  # fmt: skip
    return said | ({"reason": "x"} if draw(st.booleans()) else {})


def by_package(events):
    trust = Trust.of_genesis(read_genesis(SAID[0], LEAF))
    for seq, said in enumerate(SAID[1:], 1):
        trust.apply(seq, said)
    for seq, said in enumerate(events, len(SAID)):
        try:
            trust.judge(said, NOW)
            trust.apply(seq, said)
        except Tampered as error:
            yield "bad" if error.check in CHECKS else f"check {error.check}"
        except Unknown:
            yield "unknown"
        else:
            yield "good"


def by_second(events):
    trust = SECOND.Trust(SAID[0], LEAF)
    for seq, said in enumerate(SAID[1:], 1):
        trust.change(said, seq)
    for seq, said in enumerate(events, len(SAID)):
        try:
            trust.judge(said, NOW)
            trust.change(said, seq)
        except SECOND.Bad as error:
            yield "bad" if error.check in CHECKS else f"check {error.check}"
        except SECOND.Unknown:
            yield "unknown"
        else:
            yield "good"


@examples(300)
@given(st.lists(statements(), min_size=1, max_size=4))
def test_both_say_the_same_of_anything(events):
    assert list(by_package(copy.deepcopy(events))) == list(by_second(copy.deepcopy(events)))


def test_what_is_bent_passes_as_it_stands():
    """Else the search would start from what is refused anyway."""
    for kind, data in GOOD.items():
        subject = {"handle": "carol"} if EVENTS[kind].subject else {}
        one = {"actor": "ada", "id": SAID[0]["id"], "key": ADA.id, "log": LEAF, "rev": 1, "time": NOW, "type": kind}
        said = [one | {"data": each, "subject": subject, "reason": "x"} for each in data]
        assert "good" in [outcome for each in said for outcome in by_package([each])], kind

"""Who may say what: every refusal of `judge` and `apply`, and what stands right beside it and passes."""

import pytest

from ledger.encoding import b64encode
from ledger.errors import Tampered
from ledger.events.rules import RULES
from ledger.genesis import Administrator, Genesis, Rule, Unknown
from ledger.keys import Credential, Ed25519Signer, Key, LogKey
from ledger.signatures import MLDSA44_PUBLIC
from ledger.trust import Trust

ORIGIN, LEAF = "ledger.test/one", "a" * 64
LOG_KEYS = LogKey.generate(ORIGIN).verifier_keys
MARA, ANA, BEN, NEW = (Ed25519Signer.generate().credential for _ in range(4))
ML_DSA = Key("ml-dsa-44", bytes(range(256)) * 5 + bytes(MLDSA44_PUBLIC - 1280))
TABLE = {name: Rule(rule["batch"], frozenset(rule["roles"]), rule["trust"]) for name, rule in RULES.items()}
NOW = "2026-11-01T08:00:00.000000Z"


def genesis(*administrators):
    first = Administrator("mara", MARA, frozenset({"admin", "approver", "recorder"}))
    return Genesis(LEAF, ORIGIN, LOG_KEYS, TABLE, (first, *administrators))


def said(kind="evaluated", actor="mara", key=MARA, subject=None, data=None, **more):
    """A statement's fields; what is for this log says so."""
    log = {"log": LEAF} if kind in RULES else {}
    return {"actor": actor, "key": key.id, "type": kind, "rev": 1, "subject": subject or {}, "data": data or {}} | (
        log | more
    )


def introduced(handle, kind="human"):
    return said("actor_introduced", subject={"handle": handle}, data={"kind": kind})


def authorised(handle, credential, roles=("recorder",), **more):
    keys = credential.to_json() if isinstance(credential, Credential) else credential
    return said("key_authorized", subject={"handle": handle}, data={"keys": keys, "roles": list(roles), **more})


def revoked(handle, credential, why="lost", **more):
    return said("key_revoked", subject={"handle": handle}, data={"key_id": credential.id, "why": why, **more})


@pytest.fixture
def trust():
    """mara administers and approves; ana records for one system; ben recorded until entry 6."""
    state = Trust.of_genesis(genesis())
    events = [
        introduced("ana"),
        authorised("ana", ANA, systems=["credit"], not_after=NOW),
        introduced("ben", "service"),
    ]
    events += [authorised("ben", BEN), revoked("ben", BEN)]
    for seq, event in enumerate(events, 2):
        state.judge(event, NOW)
        state.apply(seq, event)
    return state


CREDIT = {"system": "credit", "version": "1.0"}
MAY = {
    "a type of no rule": said(),
    "a type of one's own": said("acme.example/note"),
    "a rule without roles": said("deployed"),
    "a role that is held": said("approved", subject=CREDIT),
    "in scope": said(actor="ana", key=ANA, subject=CREDIT),
    "a portable type that names this log": said(log=LEAF),
}


@pytest.mark.parametrize("case", MAY)
def test_it_may_be_said(trust, case):
    assert trust.judge(MAY[case], NOW).id == MAY[case]["key"]


LATER = "2026-11-01T08:00:00.000001Z"
MAY_NOT = {
    "a second genesis": (said("genesis"), NOW, 10, "genesis"),
    "no log where the rules ask": (said("deployed", log=None), NOW, 12, "log_missing"),
    "another log": (said("deployed", log="b" * 64), NOW, 12, "other_log"),
    "another log, though portable": (said(log="b" * 64), NOW, 12, "other_log"),
    "a key nobody authorised": (said(key=NEW), NOW, 13, "unauthorised"),
    "somebody else's key": (said(actor="mara", key=ANA, subject=CREDIT), NOW, 13, "not_yours"),
    "one's own key, another's name": (said(actor="ana", key=MARA), NOW, 13, "not_yours"),
    "a handle nobody introduced": (said(actor="eve", key=MARA), NOW, 13, "not_yours"),
    "a revoked key": (said(actor="ben", key=BEN), NOW, 13, "revoked"),
    "after its last moment": (said(actor="ana", key=ANA, subject=CREDIT), LATER, 13, "expired"),
    "another system": (said(actor="ana", key=ANA, subject={"system": "fraud"}), NOW, 13, "out_of_scope"),
    "no system": (said(actor="ana", key=ANA, subject={}), NOW, 13, "out_of_scope"),
    "a role that is not held": (said("approved", actor="ana", key=ANA, subject=CREDIT), NOW, 16, "role"),
    "a key event by no administrator": (
        said("key_authorized", actor="ana", key=ANA, subject={"handle": "ana", "system": "credit"}), NOW, 16, "role",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MAY_NOT)
def test_it_may_not_be_said(trust, case):
    statement, recorded, check, code = MAY_NOT[case]
    with pytest.raises(Tampered) as caught:
        trust.judge(statement, recorded)
    assert (caught.value.check, caught.value.code) == (check, code)


def assigned(handle, role="approver", **more):
    return said("role_assigned", subject={"handle": handle}, data={"role": role, **more})


def ended(handle, role="approver", **more):
    return said("role_ended", subject={"handle": handle}, data={"role": role, **more})


def delegated(handle, to, **more):
    return said("delegated", subject={"handle": handle}, data={"to": to, **more})


def policy(kind, value, system=""):
    return said("policy_set", subject={"system": system} if system else {}, data={"kind": kind, "value": value})


def rotated(old=LOG_KEYS, new=None, **more):
    new = new or LogKey.generate(ORIGIN).verifier_keys
    texts = {"old": [key.text for key in old], "new": [key.text for key in new]}
    return said("log_key_rotated", data=texts | more, reason="yearly")


SMALL_ORDER = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
NOT_CANONICAL = (2**255 - 19 + 1).to_bytes(32, "little")


def one(scheme, public):
    return [{"public": b64encode(public), "scheme": scheme}]


def pair(*keys):
    ordered = sorted(keys, key=lambda key: key.id)
    return [{"public": b64encode(key.public), "scheme": key.scheme} for key in ordered]


CANNOT = {
    "nobody introduced": (authorised("eve", NEW), 13, "not_introduced"),
    "a key that serves": (authorised("ana", MARA), 13, "key_used"),
    "one's own key again": (authorised("ana", ANA), 13, "key_used"),
    "a revoked key again": (authorised("ben", BEN), 13, "key_used"),
    "the log's key": (authorised("ana", one("ed25519", LOG_KEYS[0].public)), 13, "key_used"),
    "the log's other key": (authorised("ana", one("ml-dsa-44", LOG_KEYS[1].public)), 13, "key_used"),
    "a serving key under another scheme": (
        authorised("ana", one("sshsig-ed25519", MARA.keys[0].public)),
        13,
        "key_used",
    ),
    "a serving key beside a new one": (authorised("ana", pair(ANA.keys[0], ML_DSA)), 13, "key_used"),
    "a point of small order": (authorised("ana", one("ed25519", SMALL_ORDER)), 13, "bad_point"),
    "the neutral point": (authorised("ana", one("ed25519", b"\1" + bytes(31))), 13, "bad_point"),
    "a spelling that is not canonical": (authorised("ana", one("ed25519", NOT_CANONICAL)), 13, "bad_point"),
    "a small point of OpenSSH": (authorised("ana", one("sshsig-ed25519", SMALL_ORDER)), 13, "bad_point"),
    "a short key": (authorised("ana", one("ed25519", bytes(31))), 13, "key_size"),
    "a long key": (authorised("ana", one("ml-dsa-44", bytes(1313))), 13, "key_size"),
    "no keys": (authorised("ana", []), 13, "credential"),
    "three keys": (authorised("ana", pair(NEW.keys[0], ML_DSA, Key("x", b"1"))), 13, "credential"),
    "keys out of order": (authorised("ana", pair(NEW.keys[0], ML_DSA)[::-1]), 13, "credential"),
    "two keys of one scheme": (
        authorised("ana", pair(NEW.keys[0], Key("ed25519", ANA.keys[0].public))),
        13,
        "credential",
    ),
    "one key twice": (authorised("ana", NEW.to_json() * 2), 13, "credential"),
    "a key with more to it": (authorised("ana", [NEW.to_json()[0] | {"more": "x"}]), 13, "credential"),
    "no roles": (authorised("ana", NEW, roles=()), 17, "trust_form"),
    "an unknown role": (authorised("ana", NEW, roles=("owner",)), 17, "trust_form"),
    "a role twice": (authorised("ana", NEW, roles=("admin", "admin")), 17, "trust_form"),
    "a last moment that is none": (authorised("ana", NEW, not_after="2026-11-01"), 17, "trust_form"),
    "no systems": (authorised("ana", NEW, systems=[]), 17, "trust_form"),
    "a system that is no label": (authorised("ana", NEW, systems=["a b"]), 17, "trust_form"),
    "a kind that is none": (introduced("eve", "robot"), 17, "trust_form"),
    "revoked for no known reason": (revoked("ana", ANA, why="bored"), 17, "trust_form"),
    "compromised since no time": (revoked("ana", ANA, compromised_since="monday"), 17, "trust_form"),
    "revoked twice": (revoked("ben", BEN), 13, "no_such_key"),
    "revoked under another's name": (revoked("ana", MARA), 13, "no_such_key"),
    "a key that never was": (revoked("ana", NEW), 13, "no_such_key"),
    "the last administrator": (revoked("mara", MARA), 13, "last_admin"),
    "a subject with more to it": (introduced("eve") | {"subject": {"handle": "eve", "system": "a"}}, 17, "trust_form"),
    "no subject": (introduced("eve") | {"subject": {}}, 17, "trust_form"),
    "a role of nobody": (assigned("eve"), 13, "not_introduced"),
    "a role that is none": (assigned("ana", "owner"), 17, "trust_form"),
    "a role that is a list": (assigned("ana", ["admin"]), 17, "trust_form"),
    "a role for no system": (assigned("ana", systems=[]), 17, "trust_form"),
    "the end of what is not held": (ended("ana"), 13, "no_role"),
    "the end for a system that was not named": (ended("ana", systems=["credit"]), 13, "no_role"),
    "the end of the last administrator's role": (ended("mara", "admin"), 13, "last_admin"),
    "a delegation to nobody": (delegated("ana", "eve"), 13, "not_introduced"),
    "a delegation of nobody": (delegated("eve", "ana"), 13, "not_introduced"),
    "a delegation to oneself": (delegated("ana", "ana"), 17, "trust_form"),
    "a delegation to no handle": (delegated("ana", "Ben"), 17, "trust_form"),
    "a table without rows": (policy("roles", {}), 17, "trust_form"),
    "a table that is a list": (policy("roles", []), 17, "trust_form"),
    "a table of one system": (
        policy("roles", {"deployed": {"batch": True, "roles": [], "trust": False}}, "credit"),
        17,
        "trust_form",
    ),
    "keys out of the rules": (
        policy("roles", {"key_revoked": {"batch": False, "roles": [], "trust": False}}),
        17,
        "trust_form",
    ),
    "keys out of an administrator's hands": (
        policy("roles", {"key_revoked": {"batch": False, "roles": ["auditor"], "trust": True}}),
        17,
        "trust_form",
    ),
    "four eyes, sometimes": (policy("four_eyes", "sometimes"), 17, "trust_form"),
    "four eyes in a list": (policy("four_eyes", ["refusal"]), 17, "trust_form"),
    "a policy whose kind is no text": (policy(["roles"], {}), 17, "trust_form"),
    "other keys than the log's": (rotated(old=LogKey.generate(ORIGIN).verifier_keys), 13, "old_log_key"),
    "the log's keys once more": (rotated(new=LOG_KEYS), 13, "key_used"),
    "the log's keys in disorder": (rotated(new=LOG_KEYS[::-1]), 17, "trust_form"),
    "keys of another log": (rotated(new=LogKey.generate("ledger.test/two").verifier_keys), 17, "trust_form"),
    "new keys of the log without a reason": (
        {name: value for name, value in rotated().items() if name != "reason"},
        17,
        "trust_form",
    ),
    "a recovery by nobody": (rotated(recovery=[]), 17, "trust_form"),
    "a recovery by who is not named for it": (
        rotated(recovery=[{"key": MARA.id, "signatures": ["AAAA"]}]),
        3,
        "quorum",
    ),
    "a clock_reset without a reason": (said("clock_reset"), 17, "trust_form"),
    "no keys said": (said("key_authorized", subject={"handle": "ana"}, data={"roles": ["admin"]}), 17, "trust_form"),
}


@pytest.mark.parametrize("case", CANNOT)
def test_trust_cannot_be_changed_so(trust, case):
    statement, check, code = CANNOT[case]
    before = trust.grants(), trust.rules, trust.log_keys, trust.holders.assigned("ana"), trust.holders.delegations()
    trust.judge(statement, NOW)  # mara may say it; what it says cannot be
    with pytest.raises(Tampered) as caught:
        trust.apply(9, statement)
    assert (caught.value.check, caught.value.code) == (check, code)
    after = trust.grants(), trust.rules, trust.log_keys, trust.holders.assigned("ana"), trust.holders.delegations()
    assert after == before


LATER_RELEASES = {
    "a type": said("key_suspended", subject={"handle": "ana"}, data={"key_id": ANA.id}),
    "a kind of policy": said("policy_set", data={"kind": "quorum", "value": 2}),
    "a rev": introduced("eve") | {"rev": 2},
    "a field": said("actor_introduced", subject={"handle": "eve"}, data={"kind": "human", "clearance": "high"}),
    "a field of an authorisation": authorised("ana", NEW, quota=3),
}


@pytest.mark.parametrize("case", LATER_RELEASES)
def test_what_later_releases_may_mean_is_unknown_and_not_broken(trust, case):
    with pytest.raises(Unknown):
        trust.apply(9, LATER_RELEASES[case])
    assert trust.unknown_since == 9


def test_a_revocation_counts_from_its_place_on(trust):
    statement = said(actor="ana", key=ANA, subject=CREDIT)
    trust.judge(statement, NOW)
    trust.apply(9, revoked("ana", ANA, why="compromised", compromised_since="2020-01-01T00:00:00.000000Z"))
    with pytest.raises(Tampered) as caught:
        trust.judge(statement, NOW)
    assert "entry 9" in caught.value.message
    assert trust.credential(ANA.id) == ANA  # what it signed before is still checked
    assert trust.holder(ANA.id) == ""


def test_an_administrator_may_go_once_there_is_another(trust):
    trust.apply(9, authorised("ana", NEW, roles=("admin",)))
    trust.apply(10, revoked("mara", MARA))
    with pytest.raises(Tampered) as caught:
        trust.apply(11, revoked("ana", NEW))
    assert caught.value.code == "last_admin"


def test_a_credential_of_two_keys_and_one_of_an_unknown_scheme_may_be_authorised(trust):
    two = Credential.from_json(pair(NEW.keys[0], ML_DSA))
    trust.apply(9, authorised("ana", two))
    trust.apply(10, authorised("ana", one("falcon-512", b"\1\2\3")))
    assert trust.holder(two.id) == "ana"
    assert trust.credential(NEW.id) is None  # half of a credential is none


def test_a_key_whose_authorisation_failed_is_free(trust):
    with pytest.raises(Tampered):
        trust.apply(9, authorised("ana", pair(ANA.keys[0], ML_DSA)))
    trust.apply(10, authorised("ana", one("ml-dsa-44", ML_DSA.public)))


def test_a_copy_goes_its_own_way(trust):
    copy = trust.copy()
    copy.apply(9, authorised("ana", NEW))
    assert trust.holder(NEW.id) == ""
    trust.apply(9, introduced("eve"))
    with pytest.raises(Tampered):
        copy.apply(10, authorised("eve", Ed25519Signer.generate().credential))


@pytest.mark.parametrize(
    "second",
    [MARA, Credential((Key("ed25519", SMALL_ORDER),)), Credential((Key("ed25519", LOG_KEYS[0].public),))],
    ids=["the first one's key", "small order", "the log's key"],
)
def test_keys_of_the_genesis_are_judged_too(second):
    with pytest.raises(Tampered) as caught:
        Trust.of_genesis(genesis(Administrator("eve", second, frozenset({"admin"}))))
    assert (caught.value.check, caught.value.seq) == (10, 0)


def test_what_may_stand_in_a_batch(trust):
    may = {"evaluated": True, "deployed": True, "approved": False, "key_revoked": False, "genesis": False}
    assert {kind: trust.may_batch(kind) for kind in may} == may


def test_a_role_of_a_handle_reaches_as_far_as_it_was_given(trust):
    trust.apply(9, authorised("ana", NEW))
    here, there = (said("approved", actor="ana", key=NEW, subject={"system": name}) for name in ("credit", "fraud"))
    for statement in (here, there):
        with pytest.raises(Tampered):
            trust.judge(statement, NOW)
    trust.apply(10, assigned("ana", systems=["credit"], not_after=NOW))
    trust.judge(here, NOW)
    for statement, moment in ((there, NOW), (here, LATER)):
        with pytest.raises(Tampered) as caught:
            trust.judge(statement, moment)
        assert caught.value.check == 16
    trust.apply(11, assigned("ana"))
    trust.judge(there, LATER)
    trust.apply(12, ended("ana", systems=["credit"]))
    trust.judge(here, LATER)  # what was assigned for all systems stays
    trust.apply(13, ended("ana"))
    with pytest.raises(Tampered):
        trust.judge(here, NOW)
    with pytest.raises(Tampered) as caught:
        trust.apply(14, ended("ana"))
    assert caught.value.code == "no_role"


def test_a_role_reaches_no_further_than_the_key(trust):
    trust.apply(9, assigned("ana"))
    trust.judge(said("approved", actor="ana", key=ANA, subject=CREDIT), NOW)
    with pytest.raises(Tampered) as caught:
        trust.judge(said("approved", actor="ana", key=ANA, subject={"system": "fraud"}), NOW)
    assert caught.value.code == "out_of_scope"


def test_the_last_administrator_is_one_for_everything_and_for_good(trust):
    trust.apply(9, authorised("ana", NEW, roles=("admin",), systems=["credit"]))
    trust.apply(10, assigned("ana", "admin", not_after=NOW))
    for event in (revoked("mara", MARA), ended("mara", "admin")):
        with pytest.raises(Tampered) as caught:
            trust.apply(11, event)
        assert caught.value.code == "last_admin"
    trust.apply(12, authorised("ben", Ed25519Signer.generate().credential))
    trust.apply(13, assigned("ben", "admin"))
    trust.apply(14, ended("mara", "admin"))
    with pytest.raises(Tampered):
        trust.judge(introduced("eve"), NOW)
    with pytest.raises(Tampered):
        trust.apply(15, ended("ben", "admin"))


def test_the_table_in_force_is_the_one_before_the_entry(trust):
    deployed = said("deployed", actor="ana", key=ANA, subject=CREDIT)
    trust.judge(deployed, NOW)
    row = {"batch": False, "roles": ["compliance"], "trust": False}
    trust.apply(9, policy("roles", {"deployed": row, "acme.example/limit": row}))
    assert [since for since, _ in trust.tables] == [-1, 9]
    assert trust.tables[0][1] == TABLE
    assert not trust.may_batch("deployed")
    for statement in (deployed, said("acme.example/limit", log=LEAF)):
        with pytest.raises(Tampered) as caught:
            trust.judge(statement, NOW)
        assert caught.value.check == 16
    with pytest.raises(Tampered) as caught:
        trust.judge(said("acme.example/limit"), NOW)
    assert caught.value.check == 12


def test_four_eyes_by_system_and_by_place(trust):
    assert trust.four_eyes_for("credit", 99) == "off"
    trust.apply(9, policy("four_eyes", "finding"))
    trust.apply(11, policy("four_eyes", "refusal", "credit"))
    trust.apply(13, policy("four_eyes", "off"))
    found = [trust.four_eyes_for("credit", seq) for seq in (9, 10, 11, 12, 14)]
    assert found == ["off", "finding", "finding", "refusal", "refusal"]
    assert [trust.four_eyes_for(None, seq) for seq in (12, 14)] == ["finding", "off"]


def test_who_may_speak_for_whom(trust):
    def may(system="credit", moment=NOW):
        return trust.may_speak_for(said(subject={"system": system}, on_behalf_of="ana"), moment)

    assert not may()
    trust.apply(9, delegated("ana", "mara", systems=["credit"], not_after=NOW))
    assert (may(), may("fraud"), may(moment=LATER)) == (True, False, False)
    trust.apply(10, delegated("ana", "mara", not_after="2020-01-01T00:00:00.000000Z"))
    assert not may()


def test_new_keys_of_the_log_sign_above_and_are_no_authors(trust):
    new = LogKey.generate(ORIGIN).verifier_keys
    trust.apply(9, rotated(new=new))
    sets = trust.log_keys
    assert [sets.place_of(size) for size in (0, 9, 10, 11)] == [0, 0, 1, 1]
    assert [len(sets.signers(size)) for size in (9, 10, 11)] == [1, 2, 1]
    with pytest.raises(Tampered) as caught:
        trust.apply(10, authorised("ana", one("ed25519", new[0].public)))
    assert caught.value.code == "key_used"
    with pytest.raises(Tampered) as caught:
        trust.apply(11, rotated(new=LogKey.generate(ORIGIN).verifier_keys))
    assert caught.value.code == "old_log_key"


def test_what_is_doubtful_since_when(trust):
    trust.apply(9, revoked("ana", ANA, why="compromised", compromised_since=NOW))
    doubt = trust.holders.doubts({9: LATER})[ANA.id]
    assert (doubt.handle, doubt.seq, doubt.recorded) == ("ana", 9, LATER)
    before = "2026-11-01T07:59:59.999999Z"
    assert [doubt.touches(*pair) for pair in ((before, before), (NOW, before), (before, NOW))] == [False, True, True]
    assert NOW in doubt.words
    assert LATER in doubt.words


def test_the_types_of_trust_are_those_that_change_it():
    from ledger.changes import EVENTS
    from ledger.events.rules import RULES
    from ledger.genesis import TRUST_TYPES

    assert EVENTS.keys() == TRUST_TYPES
    assert {name for name, rule in RULES.items() if rule["trust"]} == TRUST_TYPES

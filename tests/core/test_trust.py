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
    "no keys said": (said("key_authorized", subject={"handle": "ana"}, data={"roles": ["admin"]}), 17, "trust_form"),
}


@pytest.mark.parametrize("case", CANNOT)
def test_trust_cannot_be_changed_so(trust, case):
    statement, check, code = CANNOT[case]
    before = trust.grants()
    trust.judge(statement, NOW)  # mara may say it; what it says cannot be
    with pytest.raises(Tampered) as caught:
        trust.apply(9, statement)
    assert (caught.value.check, caught.value.code) == (check, code)
    assert trust.grants() == before


LATER_RELEASES = {
    "a type": said("role_assigned", subject={"handle": "ana"}, data={"role": "admin"}),
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

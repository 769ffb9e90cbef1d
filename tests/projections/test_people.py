"""Roles given and ended, who speaks for whom, policies, doubt: the tables say what the log's own fold says."""

import pytest

from ledger.api import Ledger
from ledger.keys.ed25519 import Ed25519Signer
from ledger.keys.files import save
from projections.opening import Projections
from projections.questions.production import production

SET = {"system": "credit", "version": "1.0", "artifacts": {"model": "sha256:" + "b" * 64}}


def enrol(ledger, handle, folder, roles, **more):
    ledger.record("actor_introduced", handle=handle, kind="human")
    signer = Ed25519Signer.generate()
    save(folder / f"{handle}.key", signer.to_pem())
    ledger.record("key_authorized", handle=handle, keys=signer.credential.to_json(), roles=roles, **more)
    return signer.credential.id


@pytest.fixture
def real(tmp_path, own_home):
    with Ledger.create(tmp_path / "ledger.db", origin="ledger.test/people", actor="mara") as made:
        yield made


@pytest.fixture
def story(real, tmp_path):
    """ana and ben, with roles that come and go; what is trained by mara is approved by ana."""
    ana = enrol(real, "ana", tmp_path, ["recorder", "auditor"])  # 1, 2
    ben = enrol(real, "ben", tmp_path, ["recorder"], systems=["fraud"])  # 3, 4
    real.record("role_assigned", handle="ana", role="approver", systems=["credit", "fraud"])  # 5
    real.record("role_ended", handle="ana", role="approver", systems=["fraud"])  # 6
    real.record("role_ended", handle="ana", role="auditor")  # 7
    real.record("role_assigned", handle="ben", role="compliance", not_after="2099-01-01T00:00:00.000000Z")  # 8
    real.record("delegated", handle="mara", to="ana", systems=["credit"])  # 9
    real.record("policy_set", kind="four_eyes", value="finding", system="credit", reason="procedure 4")  # 10
    real.record("trained", **SET)  # 11
    with Ledger.open(real.path, key=tmp_path / "ana.key") as hers:
        hers.record("approved", stage="production", **SET)  # 12
    real.record("deployed", environment="production", **SET)  # 13
    return ana, ben


def told(projections, sql):
    return [tuple(row) for row in projections.database.rows(sql)]


def test_the_tables_are_those_of_the_log(real, story):
    ana, ben = story
    with Projections.open(real) as projections:
        projections.catch_up()
        found = told(projections, "SELECT handle, role, key_id, source_seq, until_seq, why, systems FROM authority")
        assert sorted(row for row in found if row[0] != "mara") == sorted(
            [
                ("ana", "recorder", ana, 2, None, None, None),
                ("ana", "auditor", ana, 2, 7, "ended", None),
                ("ana", "approver", None, 5, None, None, '["credit"]'),
                ("ben", "recorder", ben, 4, None, None, '["fraud"]'),
                ("ben", "compliance", None, 8, None, None, None),
            ]
        )
        in_force = {(handle, role) for handle, role, *_, until, _, _ in found if until is None}
        assert told(projections, "SELECT handle, to_handle, systems, seq FROM delegations") == [
            ("mara", "ana", '["credit"]', 9)
        ]
        assert told(projections, "SELECT seq, kind, system, value, reason FROM policies") == [
            (10, "four_eyes", "credit", "finding", "procedure 4")
        ]
    trust = real.trust()
    held = {(one.handle, role) for one in trust.grants() for role in one.roles}
    held |= {(handle, role) for handle in ("ana", "ben") for role in trust.holders.assigned(handle)}
    assert in_force == held


def test_a_role_that_ended_corrects_nothing_more(real, story, tmp_path):
    row = real.record("evaluated", metrics={"auc": 0.5}, **SET)
    with Projections.open(real) as projections:
        projections.catch_up()  # what is taken up below is from the tables
    with Ledger.open(real.path, key=tmp_path / "ana.key") as hers:
        outcomes = [hers.record("corrected", corrects=row, reason="typo", changes={"data.metrics": {"auc": 0.6}}).seq]
        real.record("role_assigned", handle="ana", role="compliance")
        outcomes.append(
            hers.record("corrected", corrects=row, reason="typo", changes={"data.metrics": {"auc": 0.7}}).seq
        )
        with Projections.open(real) as projections:
            projections.catch_up()
        real.record("role_ended", handle="ana", role="compliance")
        outcomes.append(
            hers.record("corrected", corrects=row, reason="typo", changes={"data.metrics": {"auc": 0.8}}).seq
        )
    with Projections.open(real) as projections:
        projections.catch_up()
        effects = dict(told(projections, "SELECT seq, effect FROM corrections"))
        assert [effects[seq] for seq in outcomes] == ["not_permitted", "applied", "not_permitted"]
        again = projections.rebuild()
        assert again.old == again.new


def test_an_approval_says_who_brought_its_author_in_and_whether_it_is_doubtful(real, story, tmp_path):
    with Projections.open(real) as projections:
        projections.catch_up()
        (one,) = production(projections)["deployments"][0]["approvals"]
        assert (one["own_work"], one["brought_in_by_maker"], one["roles"]) == (
            False,
            ["mara"],
            ["approver", "recorder"],
        )
        assert "doubtful" not in one
        since = real.find(12).recorded
        real.record("key_revoked", handle="ana", key_id=story[0], why="compromised", compromised_since=since)
        projections.catch_up()
        (one,) = production(projections)["deployments"][0]["approvals"]
        assert one["doubtful"] == {"since": since, "reported": 14}

"""Roles, policies, four eyes and doubt in a log that is written to: what it refuses, what verification then says."""

import pytest

from ledger.api import Ledger
from ledger.errors import Misuse
from ledger.placing import Commit, Request, Single
from tests.log.acts import MODEL, authorise, say, say_many

SET = {"system": "credit", "artifacts": {"model": MODEL}}
RECORDER_APPROVES = {"approved": {"batch": False, "roles": ["recorder"], "trust": False}}


def codes(report):
    return [(one.code, one.seq) for one in report.findings]


@pytest.fixture
def hers(told, tmp_path):
    """The told ledger as ana has it open: she records, and evaluated entry 7."""
    with Ledger.open(told.path, key=tmp_path / "ana.key") as opened:
        yield opened


def test_a_role_counts_from_its_entry_on(told, hers):
    for _ in range(2):
        with pytest.raises(Misuse) as caught:
            hers.record("approved", stage="production", **SET)
        assert caught.value.code == "role"
        if len(told) == 16:
            told.record("role_assigned", handle="ana", role="approver", systems=["fraud"])
    told.record("role_assigned", handle="ana", role="approver", systems=["credit"])
    assert hers.record("approved", stage="production", **SET).seq == 18
    told.record("role_ended", handle="ana", role="approver")
    with pytest.raises(Misuse):
        hers.record("approved", stage="production", **SET)
    assert told.verify().verdict == "VERIFIED"


def test_the_rule_table_is_changed_in_the_log_for_every_writer(told, hers):
    told.record("policy_set", kind="roles", value=RECORDER_APPROVES)
    assert hers.record("approved", stage="production", **SET).seq == 17
    told.record("policy_set", kind="roles", value={"evaluated": {"batch": False, "roles": [], "trust": False}})
    with pytest.raises(Misuse) as caught:
        told.record_many([("evaluated", {**SET, "metrics": {"auc": 0.5}})])
    assert caught.value.code == "batch_type"
    say(hers, 9)
    assert hers.find(19).statement.log == told.genesis_leaf
    report = told.verify()
    assert (report.verdict, codes(report)) == ("VERIFIED", [("policy_set", 16), ("policy_set", 18)])
    assert "approved: approver, never in a batch -> recorder, never in a batch" in report.findings[0].message
    again = told.verify(processes=2)
    assert again == report


@pytest.mark.parametrize("rows", [{"key_revoked": {"batch": False, "roles": ["admin"], "trust": False}}, {}])
def test_a_rule_that_cannot_be(told, rows):
    with pytest.raises(Misuse):
        told.record("policy_set", kind="roles", value=rows)
    assert len(told) == 16


def test_own_work_is_refused_where_a_policy_says_so(told, hers):
    told.record("role_assigned", handle="ana", role="approver")
    told.record("policy_set", kind="four_eyes", value="refusal", system="credit")
    with pytest.raises(Misuse) as caught:
        hers.record("approved", stage="production", **SET)
    assert caught.value.code == "four_eyes"
    assert "approved by ana, who evaluated this in entry 7" in caught.value.message
    with pytest.raises(Misuse):
        told.record("approved", stage="production", **SET)
    assert hers.record("approved", stage="production", **{**SET, "system": "fraud"}).seq == 18
    assert len(told) == 19
    assert told.verify().verdict == "VERIFIED"


def test_own_work_in_the_same_commit_is_seen(told, hers):
    other = {"system": "credit", "artifacts": {"model": "sha256:" + "c" * 64}}
    told.record("role_assigned", handle="ana", role="approver")
    told.record("policy_set", kind="four_eyes", value="refusal")
    author = hers._author()
    made = [
        author.sign("evaluated", {**other, "metrics": {"auc": 0.5}}),
        author.sign("approved", {**other, "stage": "x"}),
    ]
    requests = [Request([Single(one.item, one.signatures)], None, (), signed_here=True) for one in made]
    outcomes = hers._place_each(requests)
    assert isinstance(outcomes[0], list)
    assert outcomes[1].code == "four_eyes"


def test_own_work_that_was_sealed_all_the_same_is_found(told, hers, monkeypatch):
    told.record("role_assigned", handle="ana", role="approver")
    told.record("policy_set", kind="four_eyes", value="refusal")
    monkeypatch.setattr(Commit, "_check_four_eyes", lambda self, said: None)
    row = hers.record("approved", stage="production", **SET).seq
    report = told.verify()
    assert (report.verdict, report.failures[0].check, report.failures[0].seq) == ("BROKEN", 19, row)
    assert "ana" in report.failures[0].message


def test_a_policy_of_findings_refuses_nothing_and_forgets_nothing(told, hers):
    told.record("policy_set", kind="four_eyes", value="finding")
    row = told.record("approved", stage="production", **SET).seq  # mara trained it
    told.record("role_assigned", handle="ana", role="approver")
    second = hers.record("approved", stage="production", **SET).seq  # own work, and mara brought her in
    told.record("policy_set", kind="four_eyes", value="off")
    hers.record("approved", stage="production", **SET)
    report = told.verify()
    assert report.verdict == "VERIFIED"
    eyes = [(one.seq, one.message) for one in report.findings if one.code == "four_eyes"]
    assert [seq for seq, _ in eyes] == [row, second, second]
    assert "whom mara brought in" in eyes[2][1]


def test_what_a_compromised_key_signed_is_doubtful_and_stands(told, hers, tmp_path):
    before = say(hers, 20)
    told.record("role_assigned", handle="ana", role="approver")
    row = hers.record("approved", stage="production", **SET)
    key = hers.identity.signer.credential.id
    since = told.find(row.seq).recorded
    told.record("key_revoked", handle="ana", key_id=key, why="compromised", compromised_since=since)
    report = told.verify()
    assert report.verdict == "VERIFIED"
    assert codes(report) == [("doubtful", row.seq), ("compromised", row.seq + 1)]
    for one in report.findings:
        assert since in one.message
        assert told.find(row.seq + 1).recorded in one.message
    assert before.seq < row.seq
    assert told.verify(processes=2) == report


def test_batches_of_a_compromised_key_are_doubtful_too(told, tmp_path):
    key = authorise(told, "ci", tmp_path)
    with Ledger.open(told.path, key=key) as his:
        say_many(his, 700)
        credential = his.identity.signer.credential.id
    said = {
        "handle": "ci",
        "key_id": credential,
        "why": "compromised",
        "compromised_since": "2020-01-01T00:00:00.000000Z",
    }
    row = told.record("key_revoked", **said).seq
    report = told.verify()
    assert (report.verdict, codes(report)) == ("VERIFIED", [("compromised", row)])
    assert "entries 18 to 717" in report.findings[0].message


def test_on_behalf_of_is_listed_until_it_was_delegated(told, hers):
    first = say(hers, 20, on_behalf_of="mara").seq
    told.record("delegated", handle="mara", to="ana", systems=["credit"])
    say(hers, 21, on_behalf_of="mara")
    assert codes(told.verify()) == [("not_delegated", first)]


@pytest.mark.parametrize("kind", ["approved", "rejected"])
def test_what_is_signed_one_by_one_is_in_no_batch(told, kind):
    with pytest.raises(Misuse) as caught:
        told.record_many([(kind, {**SET, "stage": "production", "reason": "seen"})])
    assert caught.value.code == "batch_type"
    assert len(told) == 16


def test_the_logs_key_is_not_rotated_by_a_mere_statement(told):
    keys = [key.text for key in told.genesis.log_keys]
    with pytest.raises(Misuse) as caught:
        told.record("log_key_rotated", old=keys, new=keys, reason="yearly")
    assert "rotate-log" in caught.value.fix
    assert len(told) == 16

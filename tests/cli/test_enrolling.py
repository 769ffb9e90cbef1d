"""Keys that ask, administrators who look, roles, rules and the log's own keys, as people type them."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import ORIGIN
from tests.cli.test_approving import Terminal

VERSION = "credit-scoring@3.1.0"


def ask(run, handle, *more):
    done = run("key", "request", "--as", handle, "-o", f"{handle}.json", *more)
    assert done.code == 0, done.err
    return json.loads(Path(f"{handle}.json").read_text()), done


def fingerprint(run, handle):
    run("key", "request", "--as", handle, "-o", "again.json")
    return run("key", "request", "--as", handle, "-o", "again.json", "--json").document["fingerprint"]


def enrol(run, handle, role="approver", kind="human", *more):
    ask(run, handle)
    done = run("key", "authorize", f"{handle}.json", "--role", role, "--kind", kind, "--as", "mara", *more)
    assert done.code == 0, done.err
    return done


def size(run):
    return run("log", "--json").document["size"]


def test_a_request_is_signed_by_the_key_it_asks_for(run, ledger, home):
    said, done = ask(run, "ana")
    assert "tell them by another way that the key ends in" in done.out
    assert (said["schema"], said["handle"], len(said["signatures"])) == ("ledger.key_request/1", "ana", 1)
    assert (home / ".config/ledger/keys/ana.key").exists()
    assert "PRIVATE" not in Path("ana.json").read_text()
    assert run("key", "request", "--as", "ana", "--json").document["id"] == said["id"]
    done = run("key", "authorize", "ana.json", "--role", "approver", "--kind", "human", "--json")
    assert done.document["proven"] is True
    assert done.document["entries"] == [1, 2]


BENT = {
    "another handle": lambda said: said | {"handle": "eve"},
    "another time": lambda said: said | {"time": "2020-01-01T00:00:00.000000Z"},
    "another's signature": lambda said: said | {"signatures": ["A" * 86 + "=="]},
    "no signature": lambda said: said | {"signatures": []},
}


@pytest.mark.parametrize("case", BENT)
def test_a_request_that_its_key_did_not_sign(run, ledger, case):
    said, _ = ask(run, "ana")
    Path("ana.json").write_text(json.dumps(BENT[case](said)))
    done = run("key", "authorize", "ana.json", "--role", "approver", "--kind", "human")
    assert (done.code, size(run)) == (2, 1)
    assert "not signed by the key it asks for" in done.error[0]


ODD = [
    "{",
    "[]",
    '{"schema": "ledger.key_request/1"}',
    '{"schema": "ledger.key_request/1", "handle": 3}',
    "null",
    '"x"',
]


@pytest.mark.parametrize("text", [*ODD, "[" * 100_000])
def test_what_is_no_request(run, ledger, text):
    Path("odd.json").write_text(text)
    for option in ("odd.json", "--from-file=odd.json"):
        done = run("key", "authorize", option, "--role", "approver", "--kind", "human")
        assert (done.code, size(run)) == (2, 1)
        assert done.error


def test_the_last_characters_of_the_fingerprint(run, ledger):
    name = fingerprint(run, "ana")
    wrong = run("key", "authorize", "again.json", "--role", "approver", "--kind", "human", "--yes", "abcdef")
    assert (wrong.code, size(run)) == (2, 1)
    assert f"ends in {name[-6:]}, not in 'abcdef'" in wrong.error[0]
    right = run("key", "authorize", "again.json", "--role", "approver", "--kind", "human", "--yes", name[-6:])
    assert right.code == 0, right.err


@pytest.mark.parametrize(("typed", "code", "entries"), [("", 0, 3), ("nonono", 2, 1)])
def test_an_administrator_is_asked_on_a_terminal(run, ledger, typed, code, entries):
    name = fingerprint(run, "ana")
    one = Terminal("key", "authorize", "again.json", "--role", "approver", "--kind", "human")
    one.until("told by another way than the file came: ", typed or name[-6:])
    assert one.end() == code, one.text
    assert name in one.text
    assert size(run) == entries


def test_many_at_once_and_once_more(run, ledger):
    handles = [f"eng-{number}" for number in range(12)]
    lines = [json.dumps(ask(run, handle)[0]) for handle in handles]
    Path("keys.txt").write_text("\n".join(lines[:10]) + "\n")
    words = (
        "key",
        "authorize",
        "--from-file",
        "keys.txt",
        "--role",
        "recorder",
        "--system",
        "credit",
        "--kind",
        "human",
    )
    done = run(*words)
    assert "Authorised 10 keys (recorder): entries 1 to 20." in done.out
    assert (run(*words, "--as", "mara").code, size(run)) == (0, 21)
    Path("keys.txt").write_text("[" + ",".join(lines) + "]")
    assert run(*words, "--as", "mara", "--json").document["entries"] == [21, 22, 23, 24]
    held = run("key", "list", "--json").document["keys"]
    assert [one["systems"] for one in held[1:]] == [["credit"]] * 12
    assert run("verify").code == 0


def test_roles_of_a_handle(run, story):
    enrol(run, "ana", "recorder")
    version = ("approved", VERSION, "--stage", "production", "--as", "ana")
    assert run("record", *version).code == 2
    assert run("key", "assign", "ana", "--role", "approver", "--system", "credit-scoring", "--as", "mara").code == 0
    assert run("record", *version).code == 0
    document = run("key", "list", "--json").document
    ana = document["keys"][1]
    assert ana["roles"] == ["approver", "recorder"]
    assert ana["assigned"] == [{"role": "approver", "since": 8, "systems": ["credit-scoring"]}]
    text = run("key", "list").out
    assert "ana: approver for credit-scoring, since entry 8" in text
    assert all(len(line) <= 100 for line in text.splitlines())
    done = run("key", "end-role", "ana", "--role", "approver", "--as", "mara", "--reason", "on leave")
    assert "ana is no longer approver: entry 10." in done.out
    assert run("record", *version).code == 2
    assert run("key", "end-role", "ana", "--role", "approver", "--as", "mara").code == 2
    assert run("key", "list", "--json").document["keys"][1]["roles"] == ["recorder"]
    assert run("verify").code == 0


def test_speaking_for_another(run, story):
    enrol(run, "ana", "recorder")
    done = run("key", "delegate", "mara", "--to", "ana", "--until", "2030-01-01T00:00Z", "--as", "mara")
    assert done.code == 0, done.err
    assert "ana for mara for all systems until 2030-01-01T00:00:00.000000Z" in run("key", "list").out
    said = ("evaluated", VERSION, "--metrics", "auc=0.5", "--as", "ana", "--on-behalf-of", "mara")
    assert run("record", *said).code == 0
    assert run("verify", "--json").document["findings"] == []
    assert run("key", "delegate", "mara", "--to", "mara", "--as", "mara").code == 2


def test_the_rule_table(run, story):
    before = run("key", "rules", "--json").document
    assert {"type": "approved", "roles": ["approver"], "batch": False, "trust": False} in before["rules"]
    assert before["since"] == 0
    assert run("key", "rules", "deployed").code == 2
    done = run("key", "rules", "deployed", "--role", "compliance", "--role", "approver", "--reason", "new procedure")
    assert "deployed needs approver or compliance: entry 6." in done.out
    after = run("key", "rules", "--json").document
    assert after["since"] == 6
    assert {"type": "deployed", "roles": ["approver", "compliance"], "batch": True, "trust": False} in after["rules"]
    assert run("key", "rules", "key_revoked", "--any-role").code == 2
    assert size(run) == 7
    text = run("key", "rules").out
    assert all(len(line) <= 100 for line in text.splitlines())
    report = run("verify")
    assert report.code == 0
    assert "entry 6: mara set the policy deployed: any role -> approver or compliance" in report.out


def test_four_eyes(run, story):
    assert run("key", "four-eyes", "refusal", "--system", "credit-scoring").code == 0
    done = run("record", "approved", VERSION, "--stage", "staging")
    assert (done.code, "approved by mara, who trained this in entry 2" in done.error[0]) == (2, True)
    enrol(run, "ana")
    assert run("record", "approved", VERSION, "--stage", "staging", "--as", "ana").code == 0
    report = run("verify")
    assert report.code == 0
    assert "whom mara brought in" in " ".join(report.out.split())
    assert "credit-scoring: refusal, since entry 6" in run("key", "list").out
    assert run("key", "four-eyes", "sometimes").code == 2


def test_what_a_compromised_key_signed_is_shown_as_doubtful(run, story):
    enrol(run, "ana")
    run("record", "approved", VERSION, "--stage", "staging", "--as", "ana")
    since = run("show", "8", "--json").document["recorded"]
    run("key", "revoke", "ana", "--why", "compromised", "--compromised-since", since, "--as", "mara")
    shown = run("show", "8")
    assert "doubtful" in shown.out
    assert run("show", "8", "--json").document["doubtful"]["since"] == since
    assert "doubtful" not in run("show", "3").out
    assert "doubtful" not in run("show", "3", "--json").document
    report = run("verify")
    assert report.code == 0
    assert "doubtful, not void" in " ".join(report.out.split())


# ---- the log's own keys ----


def test_the_logs_key_is_rotated(run, story, home):
    old = Path("ledger.toml").read_text()
    done = run("key", "rotate-log", "--reason", "yearly", "--json")
    assert done.code == 0, done.err
    document = done.document
    assert (document["seq"], size(run)) == (6, 7)
    assert Path(document["file"]).stat().st_mode & 0o777 == 0o600
    assert run("record", "evaluated", VERSION, "--metrics", "auc=0.5").code == 0
    report = run("verify", "--json").document
    assert (report["verdict"], report["covered"], report["log_key"]) == ("verified", 8, document["key"])
    assert [one["code"] for one in report["findings"]] == ["log_key_rotated"]
    line = old[old.index('key = "') :].split("\n")[0]
    Path("ledger.toml").write_text(old.replace(line, f'key = "{document["key"]}"'))
    assert run("verify").code == 0
    assert "handed over to in entry 6" in run("key", "list").out
    run("prove", "2", "-o", "old.receipt")
    assert run("verify", "old.receipt").code == 0
    assert run("rebuild").code == 0
    assert run("verify", "--key", document["key"]).code == 0


def test_a_receipt_under_the_new_key_is_followed_from_the_old_one(run, story):
    run("key", "rotate-log", "--reason", "yearly")
    run("record", "evaluated", VERSION, "--metrics", "auc=0.5")
    assert run("prove", "7", "-o", "new.receipt").code == 0
    assert run("verify", "new.receipt").code == 0  # ledger.toml has the old key; the ledger is here


def test_rotation_says_why_it_cannot_be(run, story, home):
    assert run("key", "rotate-log").code == 2
    enrol(run, "ana")
    assert run("key", "rotate-log", "--reason", "mine", "--as", "ana").code == 2
    before = size(run)
    (home / ".config/ledger/keys" / f"{ORIGIN.replace('/', '+')}.key").unlink()
    done = run("key", "rotate-log", "--reason", "yearly", "--as", "mara")
    assert (done.code, size(run)) == (2, before)
    assert "recover-log" in done.error[1]


def test_a_lost_key_is_replaced_by_who_is_named_for_it(run, story, home):
    (home / ".config/ledger/keys" / f"{ORIGIN.replace('/', '+')}.key").unlink()
    assert run("key", "recover-log").code == 2
    done = run("key", "recover-log", "--reason", "the disk is gone", "--json")
    assert done.code == 0, done.err
    assert run("record", "evaluated", VERSION, "--metrics", "auc=0.5").code == 0
    report = run("verify")
    assert report.code == 5
    assert "entry 6" in report.out
    assert "recovery" in report.out
    told = run("verify", "--key", done.document["key"], "--json")
    assert (told.code, told.document["verdict"]) == (0, "verified")
    assert [one["code"] for one in told.document["findings"]] == ["log_key_recovered"]


def test_a_quorum_of_two_signs_a_file_that_goes_round(run, home):
    for handle in ("frieda", "grete", "hilde"):
        ask(run, handle)
    files = [option for handle in ("frieda", "grete", "hilde") for option in ("--recovery", f"{handle}.json")]
    assert run("init", "--origin", ORIGIN, "--as", "mara", *files, "--recovery-threshold", "4").code == 2
    done = run("init", "--origin", ORIGIN, "--as", "mara", *files, "--recovery-threshold", "2")
    assert done.code == 0, done.err
    genesis = run("show", "0", "--json").document["data"]["recovery"]
    assert (genesis["threshold"], len(genesis["keys"])) == (2, 3)
    (home / ".config/ledger/keys" / f"{ORIGIN.replace('/', '+')}.key").unlink()
    alone = run("key", "recover-log", "--reason", "gone", "--as", "mara")
    assert (alone.code, "--prepare" in alone.error[1]) == (2, True)
    prepared = run("key", "recover-log", "r.json", "--prepare", "--as", "mara")
    assert "2 of 3 must sign it" in prepared.out
    Path("copy.json").write_text(Path("r.json").read_text())
    record = ("key", "recover-log", "r.json", "copy.json", "--reason", "gone", "--as", "mara")
    assert run(*record).code in (2, 3)
    keys = home / ".config/ledger/keys"
    assert run("key", "recover-log", "r.json", "--sign", "--key", keys / "frieda.key").code == 0
    assert run(*record).code in (2, 3)
    assert run("key", "recover-log", "copy.json", "--sign", "--key", keys / "mara.key").code == 0
    assert run(*record).code in (2, 3)  # she is no one of them
    assert size(run) == 1
    Path("copy.json").write_text(Path("r.json").read_text())
    assert run("key", "recover-log", "copy.json", "--sign", "--key", keys / "hilde.key").code == 0
    assert run(*record).code == 0
    assert size(run) == 2
    assert run("key", "recover-log", "credit.csv", "--sign").code == 2
    assert run("key", "recover-log", "ledger.toml", "--reason", "gone").code == 2

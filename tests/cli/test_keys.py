import json
import stat
from pathlib import Path

import pytest

VERSION = "credit-scoring@3.1.0"


def authorised(run, *, handle="ana", role="approver", kind="human", more=()):
    run("key", "new", handle)
    Path(f"{handle}.json").write_text(run("key", "show", handle).out)
    done = run("key", "authorize", f"{handle}.json", "--role", role, "--kind", kind, "--as", "mara", *more)
    assert done.code == 0, done.err
    return done


def test_a_second_person_approves_with_their_own_key(run, story):
    done = authorised(run)
    assert "Authorised ana (approver): entries 6 and 7." in done.out
    assert run("record", "approved", VERSION, "--stage", "production", "--as", "ana").code == 0
    assert run("show", "8", "--json").document["actor"] == "ana"
    refused = run("record", "key_revoked", "mara", "--key-id", "0" * 64, "--why", "left", "--as", "ana")
    assert refused.code in (2, 3)
    assert "admin" in refused.error[0]


def test_the_list_follows_the_log(run, ledger):
    authorised(run)
    authorised(run, handle="ci", role="recorder", kind="service", more=("--system", "credit-scoring"))
    mara, ana, ci = run("key", "list", "--json").document["keys"]
    assert (mara["since"], ana["since"], ci["since"]) == (0, 2, 4)
    assert (ana["kind"], ana["roles"], ana["systems"]) == ("human", ["approver"], [])
    assert (ci["kind"], ci["roles"], ci["systems"]) == ("service", ["recorder"], ["credit-scoring"])
    assert run("key", "revoke", "ana", "--why", "lost", "--as", "mara").code == 0
    ana = run("key", "list", "--json").document["keys"][1]
    assert (ana["in_force"], ana["until"]) == (False, "entry 5")
    text = run("key", "list").out
    assert "credit-scoring" in text
    assert all(len(line) <= 100 for line in text.splitlines())


def test_a_revoked_key_says_nothing_more(run, story):
    authorised(run)
    run("key", "revoke", "ana", "--why", "compromised", "--compromised-since", "2026-01-01T00:00Z", "--as", "mara")
    assert run("show", "8", "--json").document["data"]["compromised_since"] == "2026-01-01T00:00:00.000000Z"
    done = run("record", "approved", VERSION, "--stage", "production", "--as", "ana")
    assert (done.code, "not authorised" in done.error[0]) == (2, True)
    assert run("key", "revoke", "ana", "--why", "lost", "--as", "mara").code == 2


def test_human_or_service_is_never_assumed(run, ledger):
    run("key", "new", "ana")
    shown = run("key", "show", "ana").out
    done = run("key", "authorize", "-", "--role", "approver", "--as", "mara", stdin=shown)
    assert done.code == 2
    assert "a person or a service?" in done.error[0]
    assert run("log", "--json").document["size"] == 1
    run("key", "introduce", "ana", "--kind", "human", "--name", "Ana Popescu", "--as", "mara")
    assert run("key", "authorize", "-", "--role", "approver", "--as", "mara", stdin=shown).code == 0
    assert "Popescu" not in json.dumps(run("show", "1", "--json").document["data"])


def test_new_key_files_are_private_and_never_replaced(run, home):
    assert run("key", "new", "ana").code == 0
    path = home / ".config/ledger/keys/ana.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    assert run("key", "new", "ana").code == 2
    assert path.read_bytes() == before
    assert run("key", "new", "../ana").code == 2


def test_show_prints_the_public_side_only(run, ledger, home):
    by_handle = run("key", "show", "mara").document
    assert by_handle == run("key", "show", home / ".config/ledger/keys/mara.key").document
    assert by_handle == run("key", "show", "--json").document  # the log's key beside it is no author's
    assert by_handle["id"] == run("key", "list", "--json").document["keys"][0]["key"]
    assert "PRIVATE" not in run("key", "show", "mara").out


@pytest.mark.parametrize("change", ["private", "handle", "id", "public", "none", "small order"])
def test_a_request_that_must_not_pass(run, ledger, home, change):
    run("key", "new", "ana")
    said = run("key", "show", "ana").document
    match change:
        case "private":
            text = (home / ".config/ledger/keys/ana.key").read_text()
        case "none":
            text = "{"
        case "handle":
            text = json.dumps(said | {"handle": "Not A Handle"})
        case "id":
            text = json.dumps(said | {"id": "0" * 64})
        case "public":
            text = json.dumps(said | {"keys": [{"public": "AA==", "scheme": "ed25519"}]})
        case _:
            text = json.dumps(said | {"keys": [{"public": "A" * 43 + "=", "scheme": "ed25519"}]})
    done = run("key", "authorize", "-", "--role", "approver", "--kind", "human", "--as", "mara", stdin=text)
    assert done.code == 2
    assert done.error
    assert run("log", "--json").document["size"] == 1


def test_the_last_administrator_stays(run, ledger):
    done = run("key", "revoke", "mara", "--why", "left")
    assert done.code in (2, 3)
    assert "last administrator" in done.error[0]
    assert run("log", "--json").document["size"] == 1


def test_words_that_are_none(run, ledger):
    assert "nearest 'show'" in run("key", "shwo").error[0]
    assert run("key", "introduce", "bot", "--kind", "robot").code == 2
    assert run("key", "revoke", "nobody", "--why", "lost").error[1] == "ledger key list"
    assert run("key", "authorize", "nowhere.json", "--role", "approver").code == 2

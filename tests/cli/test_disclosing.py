"""`ledger disclose`, `ledger erase`, and what `ledger show` and `ledger verify` say before and after."""

from pathlib import Path

import pytest


@pytest.fixture
def sealed(run):
    """A ledger with a sealed name (entry 1) and two sealed fields of an event (entry 2)."""
    run("init", "--origin", "ledger.bank.example/credit", "--as", "mara")
    run("record", "actor_introduced", "--handle", "ana", "--kind", "human", "--name", "Ana Pop")
    done = run(
        "record", "bank.example/case", "--system", "credit-scoring", "--person", "Ion Ionescu", "--town", "Iași",
        "--amount", "7", "--seal", "person", "--seal", "town",
    )  # fmt: skip
    assert done.code == 0, done.err
    return run


def test_shown_handed_out_checked(sealed, tmp_path):
    shown = " ".join(sealed("show", "2").out.split())
    assert "Ion Ionescu (sealed in the entry; opened by a disclosure kept here)" in shown
    one = sealed("disclose", "2", "person")
    assert one.code == 0
    assert one.out.count("\n") == 1
    both = tmp_path / "both"
    assert sealed("disclose", "2", "-o", str(both)).code == 0
    assert both.stat().st_mode & 0o077 == 0
    assert sealed("disclose", "2", "-o", str(both)).code == 2
    checked = sealed("disclose", "--check", str(both))
    assert checked.code == 0
    assert "/data/person: Ion Ionescu" in checked.out
    assert "/data/town: Iași" in checked.out
    assert sealed("disclose", "--check", str(both), "--json").document["opened"][0]["value"] == "Ion Ionescu"


def test_what_opens_nothing(sealed, tmp_path):
    sealed("disclose", "2", "person", "-o", "good")
    good = Path("good").read_text()
    cases = {"changed": (good[:-3] + "AA\n", 3), "empty": ("\n", 2), "binary": ("é\n", 2)}
    for name, (text, code) in cases.items():
        (tmp_path / name).write_text(text)
        done = sealed("disclose", "--check", str(tmp_path / name))
        assert done.code == code, name
        assert done.error
    assert sealed("disclose", "--check", "missing").code == 2
    assert sealed("disclose").code == 2
    assert sealed("disclose", "2", "amount").code == 2
    assert sealed("disclose", "0").error[0] == "entry 0 has no sealed field"


def test_erased_for_good(sealed):
    kept = sealed("disclose", "2", "person").out
    asked = sealed("erase", "2", "person", "--reason", "request of 2026-11-30")
    assert asked.code == 2
    assert "no terminal" in asked.error[0]
    assert sealed("show", "2", "--json").document["sealed_fields"][0]["opened"]
    done = sealed("erase", "2", "person", "--reason", "request of 2026-11-30", "--basis", "GDPR 17", "--yes")
    assert done.code == 0, done.err
    assert "Erased: /data/person of entry 2." in done.out
    assert "entry 3" in done.out
    assert b"Ion Ionescu" not in Path("ledger.db").read_bytes()
    shown = " ".join(sealed("show", "2").out.split())
    assert "erased (entry 3)" in shown
    assert "Iași" in shown
    withheld = sealed("disclose", "2", "person")
    assert withheld.code == 2
    assert "withheld or erased" in withheld.error[0]
    assert sealed("disclose", "2").code == 2
    assert sealed("disclose", "2", "town").code == 0
    verified = sealed("verify")
    assert verified.code == 0
    assert "entry 2: /data/person was erased by mara (entry 3)" in " ".join(verified.out.split())
    again = sealed("erase", "2", "person", "--reason", "once more", "--yes", "--json")
    assert (again.document["again"], again.document["recorded"], again.document["removed"]) == (True, 3, 0)
    with open("kept", "w") as file:
        file.write(kept)
    assert sealed("disclose", "--check", "kept").code == 0  # who has it can still show it: said in the help


def test_a_name_that_is_withheld_is_a_note(sealed):
    sealed("erase", "1", "name", "--reason", "left", "--yes")
    found = sealed("verify", "--json").document
    assert found["verdict"] == "verified"
    assert [one["code"] for one in found["findings"]] == ["erased"]
    assert "erased (entry 3)" in sealed("show", "1").out


def test_erased_on_this_machine_and_what_is_said_of_others(sealed):
    draft = sealed("record", "actor_introduced", "--stdin", stdin='{"handle": "eva", "name": "Ion Ionescu", "x": 1}')
    assert draft.code == 2
    done = sealed("erase", "2", "person", "--reason", "asked", "--yes")
    told = " ".join(done.out.split())
    assert "this machine 1 without the value now: ledger spool list" in told
    assert "a spool or draft where mara records may hold it: run this there, too" in told
    listed = " ".join(sealed("spool", "list").out.split())
    assert "without a value of entry 2 that was erased; actor_introduced has no field" in listed
    again = sealed("erase", "2", "person", "--reason", "asked", "--yes", "--json").document
    assert again["drafts"] == {"removed": [], "redacted": []}
    assert (again["spool"], again["recorded_by"]) == ([], "mara")
    assert "your spool and drafts held no copy" in sealed("erase", "2", "person", "--reason", "asked", "--yes").out


def test_what_only_waits_is_not_erased_but_dropped(sealed, monkeypatch):
    monkeypatch.setenv("LEDGER_MODE", "spool")
    id = sealed("record", "actor_introduced", "--handle", "eva", "--name", "Eva Pop", "--kind", "human", "--json")
    id = id.document["id"]
    done = sealed("erase", id, "name", "--reason", "asked", "--yes")
    assert done.code == 2
    assert "waits in the spool and stands in no ledger yet; nothing was erased" in done.error[0]
    assert "ledger spool drop ID" in done.error[1]

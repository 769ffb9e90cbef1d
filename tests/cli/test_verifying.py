import shutil
from pathlib import Path

import pytest

ORIGIN = "ledger.bank.example/credit"


def checked(run, code, *words):
    """Run a verification, see that text and document agree, and return both."""
    told = run("verify", *words, "--json")
    done = run("verify", *words)
    assert (done.code, told.code) == (code, code), done.out + done.err
    assert all(len(line) <= 100 for line in done.out.splitlines()), done.out
    assert done.out.split()[0].lower() == told.document["verdict"]
    return done.out, told.document


def test_verified_by_the_config_and_the_pin(run, story):
    text, document = checked(run, 0)
    assert text.startswith("VERIFIED  6 of 6 entries")
    assert "the log's key in ledger.toml; your pin, size 6, since" in text
    assert "not proven       that what was stated is true or complete" in text
    assert {one["kind"] for one in document["vouched_by"]} == {"key", "genesis", "pin"}
    assert (document["checked"], document["size"], document["covered"]) == (6, 6, 6)


def test_never_the_word_that_only_a_person_may_say(run, story):
    assert "compliant" not in checked(run, 0)[0]


CHEATS = [
    ("UPDATE entries SET bytes = replace(bytes, '0.71', '0.91') WHERE seq = 3", 3),
    ("DELETE FROM entries WHERE seq = 2", 2),
    (
        (
            "UPDATE entries SET seq = 100 WHERE seq = 3; UPDATE entries SET seq = 3 WHERE seq = 4;"
            " UPDATE entries SET seq = 4 WHERE seq = 100"
        ),
        3,
    ),
    ("UPDATE entries SET bytes = substr(bytes, 1, length(bytes) - 1) WHERE seq = 1", 1),
]


@pytest.mark.parametrize(("sql", "seq"), CHEATS, ids=["changed", "removed", "swapped", "cut"])
def test_broken_names_the_entry(run, story, cheat, sql, seq):
    cheat(story, sql)
    text, document = checked(run, 3)
    assert text.startswith(f"BROKEN  at entry {seq} of 6")
    assert f"  entry {seq} " in text
    assert document["failures"][0]["seq"] == seq
    assert document["sound_before"] == seq
    before = "entry 0 is the bytes" if seq == 1 else f"entries 0 to {seq - 1} are the bytes"
    assert before in text
    assert "to mend          nothing here repairs a log: restore a copy" in text


def test_broken_says_what_it_was_and_what_rests_on_it(run, story, cheat):
    cheat(story, "UPDATE entries SET bytes = replace(bytes, 'max_depth', 'max_width') WHERE seq = 2")
    text, document = checked(run, 3)
    assert "trained credit-scoring@3.1.0, 20" in text
    assert "rests on it      entries 3 (evaluated by mara), 4 (approved by mara) and 5 (deployed by" in text
    assert [one["seq"] for one in document["touches"]] == [3, 4, 5]


def test_a_tail_cut_off_and_an_old_copy_are_seen_by_the_pin(run, story, cheat):
    shutil.copy(story, "old.db")
    run("record", "evaluated", "--of", "2", "--metrics", "auc=0.5")
    shutil.move("old.db", story)
    for name in ("ledger.db-wal", "ledger.db-shm"):
        Path(name).unlink(missing_ok=True)
    text, document = checked(run, 3)
    assert "your pin has 7 entries, the log has 6: the newest are missing" in text
    assert document["failures"][0]["code"] == "shrunk"
    refused = run("record", "evaluated", "--of", "2", "--metrics", "auc=0.6")
    assert refused.code == 3
    assert "nothing was written" in refused.error[0]


def test_a_database_torn_apart_is_broken_not_a_traceback(run, story):
    data = bytearray(story.read_bytes())
    data[4096:8192] = b"\x5a" * 4096
    story.write_bytes(data)
    for name in ("ledger.db-wal", "ledger.db-shm"):
        Path(name).unlink(missing_ok=True)
    assert run("verify").code == 3
    assert run("verify", "--json").document["schema"] in ("ledger.verify/1", "ledger.error/1")


def test_unpinned_for_a_stranger_whatever_lies_beside_it(run, story, stranger):
    received = story.parent.resolve()
    stranger()
    text, document = checked_once(run, 5, received)
    assert text.startswith("UNPINNED  6 of 6 entries are consistent in themselves")
    assert "vouched for by   nothing of yours" in text
    assert "--key 'NAME+HEX+BASE64'" in " ".join(text.split())  # wherever the line breaks
    assert document is None


def checked_once(run, code, *words):
    done = run("verify", *words)
    assert done.code == code, done.out + done.err
    return done.out, None


def test_first_sight_vouches_from_the_next_run_on(run, story, stranger):
    received = story.parent.resolve()
    stranger()
    assert run("verify", received).out.startswith("UNPINNED")
    second = run("verify", received)
    assert second.out.startswith("VERIFIED")
    assert "your pin, size 6" in second.out
    assert "ledger.toml" not in second.out


def test_allow_unpinned_changes_the_code_not_the_verdict(run, story, stranger):
    received = story.parent.resolve()
    stranger()
    done = run("verify", received, "--allow-unpinned", "--json")
    assert (done.code, done.document["verdict"]) == (0, "unpinned")


def test_a_failed_run_makes_no_pin(run, story, stranger, cheat, tmp_path):
    received = story.resolve()
    cheat(story, CHEATS[0][0])
    stranger()
    assert run("verify", received, "--allow-unpinned").code == 3
    assert run("verify", received, "--allow-unpinned").code == 3
    assert not list(tmp_path.glob("stranger/**/pins/*.json"))


def test_the_key_that_was_given_decides(run, story, stranger, tmp_path, monkeypatch):
    key = run("show", "0", "--json").document["data"]["log_keys"][0]
    received = story.resolve()
    other = tmp_path / "other"
    run("init", other, "--origin", "other.example/x", "--as", "mara")
    wrong = run("show", "0", "--json", "--ledger", other).document["data"]["log_keys"][0]
    stranger()
    assert run("verify", received, "--key", wrong).code == 3
    good = run("verify", received, "--key", key)
    assert good.code == 0
    assert "the log's key in --key" in good.out
    assert "nothing was cut off the end" in good.out


def test_a_key_that_is_none(run, story):
    what, fix = run("verify", "--key", "ledger.bank.example/credit+12").error
    assert "--key is not NAME+8 HEX+BASE64 (29 characters)" in what
    assert fix == "quote it: --key '...'"


def checkpoint_of(story, path):
    import sqlite3

    with sqlite3.connect(story) as connection:
        path.write_text(connection.execute("SELECT note FROM head").fetchone()[0])
    connection.close()


def test_a_checkpoint_vouches_and_notices_what_is_missing(run, story, stranger, tmp_path):
    received, old = story.resolve(), tmp_path / "old.db"
    shutil.copy(story, old)
    run("record", "evaluated", "--of", "2", "--metrics", "auc=0.5")
    checkpoint_of(story, tmp_path / "note")
    stranger()
    good = run("verify", received, "--checkpoint", tmp_path / "note")
    assert good.code == 0
    assert "size 7" in good.out
    bad = run("verify", old, "--checkpoint", tmp_path / "note")
    assert bad.code == 3
    assert "has 7 entries, the log has 6" in bad.out.replace("\n                   ", " ")


def test_a_checkpoint_of_another_log_is_the_wrong_file(run, story, tmp_path):
    other = tmp_path / "other"
    run("init", other, "--origin", "other.example/x", "--as", "mara")
    checkpoint_of(other / "ledger.db", tmp_path / "note")
    done = run("verify", "--checkpoint", tmp_path / "note")
    assert done.code == 2
    assert done.error == (f"your checkpoint is of other.example/x, the log is {ORIGIN}", "take the other file")
    assert run("verify", "--checkpoint", "nowhere").code == 2
    assert run("verify", "--checkpoint", story).code == 2


def test_what_is_no_ledger(run, ledger):
    Path("text.zip").write_text("not a database" * 100)
    for words in (("text.zip",), ("nowhere",), ("--ledger", "text.zip"), ("--ledger", "mysql://db/ml")):
        done = run("verify", *words)
        assert (done.code, done.out) == (2, ""), words
        assert done.error


# ---- receipts ----


def test_a_receipt_is_checked_offline(run, story, stranger, tmp_path):
    key = run("show", "0", "--json").document["data"]["log_keys"][0]
    receipt = tmp_path / "receipt"
    assert run("prove", "2", "-o", receipt).code == 0
    assert "VERIFIED  receipt receipt" in run("verify", receipt).out
    stranger()
    assert run("verify", receipt).code == 5
    assert run("verify", receipt).out.startswith("UNVERIFIABLE")
    good = run("verify", receipt, "--key", key, "--json")
    assert good.code == 0
    assert (good.document["verdict"], good.document["seq"], good.document["size"]) == ("verified", 2, 6)


@pytest.mark.parametrize("at", [40, 60, -30, -200])
def test_a_changed_receipt_is_broken(run, story, tmp_path, at):
    receipt = tmp_path / "receipt"
    run("prove", "2", "-o", receipt)
    data = bytearray(receipt.read_bytes())
    data[at] ^= 1
    receipt.write_bytes(data)
    done = run("verify", receipt)
    assert (done.code, done.out.split()[0]) == (3, "BROKEN"), done.out
    assert run("verify", receipt, "--json").document["verdict"] == "broken"


def test_a_receipt_of_a_history_that_is_not_ours(run, story, tmp_path, home):
    shutil.copytree(".", tmp_path / "fork")
    run("record", "evaluated", "--of", "2", "--metrics", "auc=0.5")
    receipt = tmp_path / "receipt"
    (home / ".local").rename(home / "away")  # the pin would not let the fork go on
    run("record", "evaluated", "--of", "2", "--metrics", "auc=0.9", "--ledger", tmp_path / "fork")
    assert run("prove", "6", "-o", receipt, "--ledger", tmp_path / "fork").code == 0
    done = run("verify", receipt)
    assert done.code == 3
    assert "your own ledger has another entry 6" in done.out


def test_prove_writes_what_it_says_and_over_nothing(run, story, tmp_path):
    text = run("prove", "2").out
    assert text.startswith("c2sp.org/tlog-proof@v1\n")
    receipt = tmp_path / "receipt"
    run("prove", "2", "-o", receipt)
    assert receipt.read_text() == text == run("prove", "2", "--json").document["receipt"]
    assert run("prove", "3", "-o", receipt).code == 2
    assert receipt.read_text() == text


# ---- rebuild ----


@pytest.mark.parametrize("table", ["tiles", "head"])
def test_what_can_be_computed_comes_back(run, story, cheat, table):
    cheat(story, f"DELETE FROM {table}")
    before = run("verify")
    if table != "tiles":  # six entries fill no tile
        assert before.code == 3
        assert "ledger rebuild" in before.out
    done = run("rebuild", "--json")
    assert done.code == 0, done.out
    assert done.document["log"]["size"] == 6
    assert run("verify").code == 0


def test_rebuild_blesses_nothing(run, story, cheat):
    cheat(story, CHEATS[0][0])
    before = story.read_bytes()
    done = run("rebuild")
    assert done.code == 3
    assert "nothing was changed" in done.error[0]
    assert story.read_bytes() == before


def test_rebuild_says_whether_the_projections_were_right(run, story, cheat):
    assert "nothing to compare" in run("rebuild").out
    first = run("rebuild", "--json").document
    assert (first["equal"], first["findings"]) == (True, [])
    projections = Path("ledger.projections.db")
    cheat(projections, "UPDATE versions SET version = '9.9.9'")
    second = run("rebuild", "--json").document
    assert (second["equal"], second["fingerprint"]) == (False, first["fingerprint"])
    assert second["findings"]


def test_another_logs_key_is_named_beside_the_one_that_signed(run, story, tmp_path):
    """Two key ids tell an auditor more than that something is wrong: which was given, and which one signed."""
    document = run("verify", "--json").document
    signed = document["log_key"].split("+")[1]
    run("export", "b.zip")
    run("init", "elsewhere", "--origin", "other.example/log", "--as", "eve")
    other = run("log", "--ledger", "elsewhere", "--json").document["entries"][0]["data"]["log_keys"][0]
    done = run("verify", "b.zip", "--key", other)
    assert done.code == 3
    text = " ".join(done.out.split())
    assert f"ledger.bank.example/credit+{signed} did, not other.example/log+{other.split('+')[1]}" in text
    assert "your pin no" not in text

import json
import signal
import subprocess
import sys

import apsw

VERSION = "credit-scoring@3.1.0"


def test_the_table(run, story):
    lines = run("log").out.splitlines()
    assert lines[0].split() == ["seq", "recorded", "(UTC)", "type", "subject", "by"]
    assert len(lines) == 7
    assert lines[2].split()[3:] == ["dataset_registered", "credit@2026-11", "mara"]
    starts = {line.index("mara") for line in lines[1:]}
    assert starts == {lines[0].index("by")}
    assert all(len(line) <= 100 for line in lines)


def test_long_names_give_way(run, ledger):
    name, version = "s" * 60, "v" * 60
    run("record", "trained", f"{name}@{version}", "--set", 'artifacts={"m":"sha256:' + "b" * 64 + '"}')
    lines = run("log").out.splitlines()
    assert max(map(len, lines)) == 100
    assert "…" in lines[-1]
    assert lines[-1].endswith("mara")


def test_filters_and_ranges(run, story):
    def seqs(*words):
        return [one["seq"] for one in run("log", "--json", *words).document["entries"]]

    assert seqs() == [0, 1, 2, 3, 4, 5]
    assert seqs("--from", "2", "--to", "3") == [2, 3]
    assert seqs("--type", "trained") == [2]
    assert seqs("--system", "credit-scoring", "--version", "3.1.0") == [2, 3, 4, 5]
    assert seqs("--actor", "eve") == []
    assert run("log", "--actor", "eve").out == "No entry is like that.\n"


def test_a_page_says_where_the_next_begins(run, story, monkeypatch):
    monkeypatch.setattr("ledger.cli.reading.PAGE", 2)
    seen, start = [], 0
    while start is not None:
        page = run("log", "--json", "--from", start).document
        assert page["schema"] == "ledger.log/1"
        seen += [one["seq"] for one in page["entries"]]
        start = page.get("next")
    assert seen == [0, 1, 2, 3, 4, 5]


def test_one_entry_a_line(run, story):
    lines = [json.loads(line) for line in run("log", "--jsonl").out.splitlines()]
    assert [one["seq"] for one in lines] == [0, 1, 2, 3, 4, 5]
    assert lines == run("log", "--json").document["entries"]


def test_an_unknown_type_is_no_empty_answer(run, ledger):
    assert "nearest 'trained'" in run("log", "--type", "train").error[0]


def test_follow_prints_what_comes_and_ends_quietly(run, ledger, process):
    following = process("log", "--follow", "--jsonl", "--from", "1")
    run("record", "trained", VERSION, "--set", 'artifacts={"m":"sha256:' + "b" * 64 + '"}')
    assert json.loads(following.stdout.readline())["type"] == "trained"
    following.send_signal(signal.SIGINT)
    out, err = following.communicate(timeout=30)
    assert (following.returncode, out, err.strip()) == (130, "", "")


def test_a_reader_that_leaves_is_no_error(run, ledger, tmp_path):
    events = [{"type": "bank.example/ping", "n": at} for at in range(3000)]
    run("record", "--many", stdin="\n".join(map(json.dumps, events)))
    for words in ("log", "log --jsonl", "log --json"):
        done = subprocess.run(
            f"{sys.executable} -m ledger {words} | head -c 10 >{tmp_path}/seen; echo ${{PIPESTATUS[0]}}",
            shell=True, executable="/bin/bash", capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.stdout, done.stderr) == ("0\n", ""), words


def test_show_for_a_person(run, story):
    text = run("show", "4").out
    assert text.startswith(f"entry 4  approved {VERSION}\n")
    assert "sealed: a checkpoint covers it" in text
    assert "of               entry 2 (trained)" in text
    assert "seen with Ana Popescu  (sealed in the entry; opened by a disclosure kept here)" in text
    assert all(len(line) <= 100 for line in text.splitlines())


def test_show_by_id_is_show_by_number(run, story):
    one = run("show", "3", "--json").document
    assert run("show", one["id"], "--json").document == one
    assert one["refs"][0]["type"] == "trained"
    assert one["sealed"] is True


def test_a_sealed_field_without_its_disclosure(run, story, cheat):
    shown = run("show", "4", "--json").document
    assert shown["sealed_fields"] == [{"field": "/data/note", "opened": True, "value": "seen with Ana Popescu"}]
    assert "Popescu" not in json.dumps(shown["data"])
    cheat(story, "DELETE FROM disclosures")
    assert run("show", "4", "--json").document["sealed_fields"] == [{"field": "/data/note", "opened": False}]
    assert "withheld or erased; the commitment stands" in run("show", "4").out


def test_a_disclosure_of_another_entry_opens_nothing(run, story, cheat):
    cheat(story, "UPDATE disclosures SET text = substr(text, 1, length(text) - 4) || 'AAAA'")
    done = run("show", "4")
    assert "Popescu" not in done.out


def test_text_that_steers_a_terminal_is_written_out(run, ledger):
    run("record", "trained", VERSION, "--set", 'artifacts={"m":"sha256:' + "b" * 64 + '"}', "--algorithm", "a\u202eb")
    assert "\u202e" not in run("show", "1").out


def test_show_what_is_not_there(run, ledger):
    for which in ("99", "99999999999999999999", "018f0000-0000-7000-8000-000000000000", "first"):
        done = run("show", which)
        assert done.code == 2, which
        assert done.error


def test_what_no_checkpoint_covers_says_so(run, ledger, home):
    key = home / ".config/ledger/keys/ledger.bank.example+credit.key"
    key.rename(home / "away.key")
    assert "placed" in run("record", "trained", VERSION, "--set", 'artifacts={"m":"sha256:' + "b" * 64 + '"}').out
    assert run("show", "1", "--json").document["sealed"] is False
    assert "not yet covered by a checkpoint" in run("show", "1").out
    done = run("verify")
    assert done.code == 0
    assert "  not sealed       entry 1 since " in done.out
    assert "no checkpoint covers" in done.out
    assert run("prove", "1").code == 2


def edit(sql):
    database = apsw.Connection("ledger.db")
    for (name,) in list(database.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")):
        database.execute(f"DROP TRIGGER {name}")
    database.execute(sql)
    database.close()


def test_an_entry_that_was_changed_is_not_shown_as_sealed(run, story):
    assert "sealed: a checkpoint covers it" in run("show", "3").out
    edit("UPDATE entries SET bytes = replace(bytes, '0.79', '0.97') WHERE seq = 3")
    done = run("show", "3")
    assert done.code == 3
    assert "0.97" in done.out
    assert "NOT WHAT WAS SEALED" in done.out
    document = run("show", "3", "--json").document
    assert (document["sealed"], document["changed"]) == (False, True)


def test_the_table_says_where_an_entry_is_not(run, story):
    edit("DELETE FROM entries WHERE seq IN (2, 4)")
    lines = run("log").out.splitlines()[1:]
    assert [line.split()[0] for line in lines] == ["0", "1", "2", "3", "4", "5"]
    assert [("NOT HERE" in line) for line in lines] == [False, False, True, False, True, False]
    assert "NOT HERE" not in run("log", "--type", "deployed").out
    edit("DELETE FROM entries WHERE seq = 3")
    assert "to 4" in run("log").out


def test_a_correction_says_which_entry_it_is_about(run, story):
    run("correct", "3", "passed=true", "--reason", "left out")
    assert run("log", "--from", "6").out.splitlines()[1].split()[3:] == ["corrected", "entry", "3", "mara"]

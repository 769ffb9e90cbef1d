import json
import subprocess
import sys
from pathlib import Path

import pytest

VERSION = "credit-scoring@3.1.0"
DIGEST = "sha256:" + "a" * 64
SET = f"artifacts={json.dumps({'model': DIGEST})}"
TRAINED = ("record", "trained", VERSION, "--set", SET)


def show(run, seq):
    return run("show", seq, "--json").document


def test_words_become_subject_data_and_evidence(run, story):
    data, trained, evaluated, _, deployed = (show(run, seq) for seq in range(1, 6))
    assert data["subject"]["dataset"] == "credit@2026-11"
    assert data["data"]["role"] == "training"
    assert trained["subject"]["system"] == "credit-scoring"
    assert trained["subject"]["version"] == "3.1.0"
    assert trained["subject"]["artifacts"] == {"model": trained["evidence"][0]["digest"]}
    assert trained["data"]["parameters"] == {"max_depth": 6}
    assert trained["data"]["datasets"]["training"][0]["digest"] == data["subject"]["artifacts"]["content"]
    assert evaluated["data"] == {"metrics": {"auc": 0.79}, "groups": {"age<25": {"auc": 0.71}}}
    assert evaluated["subject"]["artifacts"] == trained["subject"]["artifacts"]
    assert [(one["relation"], one["seq"]) for one in evaluated["refs"]] == [("of", 2)]
    assert deployed["subject"]["environment"] == "production"


def test_one_line_with_the_entry_number(run, ledger):
    assert run(*TRAINED).out == f"Recorded entry 1: trained {VERSION}, sealed.\n"
    receipt = run("record", "evaluated", "--of", "1", "--metrics", "auc=0.5", "--json").document
    assert receipt["schema"] == "ledger.record/1"
    assert (receipt["seq"], receipt["state"], receipt["type"]) == (2, "sealed", "evaluated")
    assert receipt["id"] == show(run, 2)["id"]


@pytest.mark.parametrize("of", ["1", VERSION, "the id"])
def test_of_a_number_an_id_or_a_version(run, ledger, of):
    made = run(*TRAINED, "--json").document
    word = made["id"] if of == "the id" else of
    assert run("record", "evaluated", "--of", word, "--metrics", "auc=0.5").code == 0
    assert show(run, 2)["subject"] == show(run, 1)["subject"]


def test_of_the_receipt_that_a_step_before_printed(run, ledger):
    made = run(*TRAINED, "--json")
    Path("run.json").write_text(made.out)
    assert run("record", "evaluated", "--of", "run.json", "--metrics", "auc=0.8").code == 0
    (ref,) = show(run, 2)["refs"]
    assert (ref["id"], ref["hash"]) == (made.document["id"], made.document["hash"])
    Path("run.json").write_text("{}")
    what, _ = run("record", "evaluated", "--of", "run.json", "--metrics", "auc=0.8").error
    assert what.startswith("no receipt in run.json")


def test_system_and_version_as_two_words_and_the_default_system(run, ledger):
    assert run("record", "trained", "credit-scoring", "3.1.0", "--set", SET).code == 0
    config = Path("ledger.toml")
    assert "of which system" in run("record", "evaluated", "@3.1.0", "--metrics", "auc=1").error[0]
    config.write_text(config.read_text() + 'system = "credit-scoring"\n')
    assert run("record", "evaluated", "@3.1.0", "--metrics", "auc=1").code == 0
    assert show(run, 2)["subject"] == show(run, 1)["subject"]


def test_values_take_the_kind_of_their_field(run, ledger):
    done = run(*TRAINED, "--seed", "7", "--algorithm", "7", "--parameters", "a=1", "--parameters", "b=x", "--run=r=1")
    assert done.code == 0, done.err
    data = show(run, 1)["data"]
    assert data["seed"] == 7
    assert data["algorithm"] == "7"
    assert data["parameters"] == {"a": 1, "b": "x"}
    assert data["run"] == "r=1"


def test_an_object_on_stdin(run, ledger):
    said = {"system": "s", "version": "1", "artifacts": {"model": DIGEST}, "parameters": {"depth": 6}}
    assert run("record", "trained", "-", stdin=json.dumps(said)).code == 0
    assert run("record", "evaluated", "--stdin", stdin='{"of": 1, "metrics": {"auc": 0.5}}').code == 0
    assert show(run, 1)["data"]["parameters"] == {"depth": 6}
    assert show(run, 2)["subject"] == show(run, 1)["subject"]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{", "no JSON"),
        ("[1]", "no JSON object"),
        ('{"a": 1, "a": 2}', "twice"),
        (b"\xff{}", "UTF-8"),
        ("[" * 100_000, "no JSON"),
        ('{"system":"s","version":"1","artifacts":{"m":"' + DIGEST + '"},"metrics":{"x":NaN}}', "NaN"),
    ],
)
def test_stdin_that_is_no_object(run, ledger, text, word):
    done = run("record", "trained", "-", stdin=text)
    assert done.code == 2
    assert word in done.error[0]
    assert len(run("log", "--json").document["entries"]) == 1


@pytest.mark.parametrize("form", ["lines", "list"])
def test_many(run, ledger, form):
    run(*TRAINED)
    events = [{"type": "evaluated", "of": 1, "metrics": {"auc": at / 10}} for at in range(5)]
    text = json.dumps(events, indent=1) if form == "list" else "\n".join(map(json.dumps, events)) + "\n\n"
    done = run("record", "--many", "--json", stdin=text)
    assert done.document == {"schema": "ledger.record_many/1", "count": 5, "first": 2, "last": 6}
    assert [one["data"]["metrics"]["auc"] for one in run("log", "--json", "--from", "2").document["entries"]] == [
        0, 0.1, 0.2, 0.3, 0.4,
    ]  # fmt: skip
    assert run("verify").code == 0


def test_many_names_the_line_and_records_nothing_of_its_batch(run, ledger):
    run(*TRAINED)
    good = '{"type": "evaluated", "of": 1, "metrics": {"auc": 0.5}}\n'
    assert "line 2" in run("record", "--many", stdin=good + '{"of": 1}\n').error[0]
    assert "line 2" in run("record", "--many", stdin=good + "{\n").error[0]
    assert run("log", "--json").document["size"] == 2
    assert run("record", "--many", stdin="").out == "Recorded nothing: there was no event on stdin.\n"


def test_the_same_id_is_recorded_once(run, ledger):
    id = run(*TRAINED, "--json").document["id"]
    again = run(*TRAINED, "--id", id)
    assert again.code == 0
    assert "sealed, recorded before" in again.out
    other = run(*TRAINED, "--id", id, "--seed", "1")
    assert other.code == 4
    assert f"id {id} is entry 1 with other content" in other.error[0]
    assert run("log", "--json").document["size"] == 2


ERRORS = [
    (("trian",), "no event type 'trian'; nearest 'trained'", "ledger types"),
    (("trained", VERSION, "--paramters", "a=1"), "no field 'paramters'; nearest 'parameters'", "ledger types trained"),
    (("evaluated", "--metrics", "auc=0.5"), "of which version?", "--of SYSTEM@VERSION"),
    (("evaluated", VERSION, "--metrics", "auc=NaN"), "evaluated.metrics.auc is NaN", "reason="),
    (("evaluated", "s@9", "--metrics", "auc=1"), "names the artifacts of s@9", "--of SEQ"),
    (("trained", VERSION, "--time", "2026-11-23 09:00:00"), "has no zone", "2026-11-23T09:00:00Z"),
    (("trained", VERSION, "--time", "yesterday"), "is no time", "2026-"),
    (("trained", VERSION, "--file", "model=nowhere.bin"), "nowhere.bin", ""),
    (("trained", VERSION), "which artifacts?", "--file NAME=PATH"),
    (("trained", VERSION, "--seed", "x", "--set", SET), "is 'x', not a number", ""),
    (("trained", VERSION, "--set", "parameters"), "no FIELD=JSON", "--set"),
    (("trained", VERSION, "--set", "parameters={"), "is no JSON", ""),
    (("trained", "a", "b", "c"), "what is 'c'?", "SYSTEM@VERSION"),
    (("evaluated", "--of", "77", "--metrics", "auc=1"), "there is no entry 77", "ledger log"),
    (("rejected", "--of", "1", "--stage", "production"), "rejected needs a reason", "--reason"),
    ((), "record needs TYPE", "ledger types"),
]


@pytest.mark.parametrize(("words", "what", "fix"), ERRORS, ids=lambda value: " ".join(value) if value else "-")
def test_errors_in_two_lines_and_nothing_recorded(run, ledger, words, what, fix):
    run(*TRAINED)
    done = run("record", *words)
    assert done.code == 2
    assert what in done.error[0]
    assert fix in done.error[1]
    told = run("record", *words, "--json")
    assert (told.code, told.err) == (2, "")
    assert told.document["error"]["message"] == done.error[0]
    assert told.document["error"]["recorded"] == "no"
    assert run("log", "--json").document["size"] == 2


def test_a_key_of_nobody(run, ledger, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "empty"))
    done = run(*TRAINED)
    assert (done.code, "authorised" in done.error[0]) == (2, True)


def test_the_key_that_is_named_signs_or_nobody(run, ledger, home, monkeypatch):
    monkeypatch.setenv("LEDGER_KEY", str(home / ".config/ledger/keys/mara.key"))
    assert run(*TRAINED, "--as", "mara").code == 0
    what, fix = run(*TRAINED, "--as", "ana").error
    assert what == "LEDGER_KEY holds a key of mara, not of ana"
    assert fix == "unset LEDGER_KEY"


def test_a_key_file_that_others_can_read(run, ledger, home):
    key = home / ".config/ledger/keys/mara.key"
    key.chmod(0o640)
    what, fix = run(*TRAINED).error
    assert "can be read by others (mode 640)" in what
    assert fix == f"chmod 600 {key}"


def test_no_ledger_here(run):
    done = run(*TRAINED)
    assert done.code == 2
    assert done.error[0].startswith("no ledger found from ")
    assert "ledger init" in done.error[1]


def test_what_a_shell_hands_over_that_is_not_utf8(ledger):
    done = subprocess.run(
        [sys.executable, "-m", "ledger", b"log", b"--system", b"\xff"], capture_output=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: ")
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "what", "fix"),
    [
        (("--metrics", "auc"), "evaluated.metrics is 'auc', not NAME=VALUE", "--metrics NAME=VALUE, once for each"),
        (("--metrics", "auc=0.7", "--groups", "x"), "evaluated.groups is 'x', not NAME=VALUE", "--groups NAME=VALUE"),
        (("--set", "run=x"), "--set run is no JSON", "--set 'run=\"TEXT\"'; or --run TEXT"),
        (("--metrics", "{auc"), "evaluated.metrics is no JSON", "JSON, or --metrics NAME=VALUE"),
    ],
)
def test_a_map_that_is_none_says_how_one_is_typed(run, story, words, what, fix):
    done = run("record", "evaluated", "--of", "2", *words)
    assert done.code == 2
    assert done.error[0].startswith(what)
    assert done.error[1].startswith(fix)


def test_a_name_that_stands_for_another_set_too_is_recorded_and_said(run, story):
    """A training script that is run twice makes other bytes under the same name: a warning, never a lost run."""
    Path("again.bin").write_bytes(b"trained again")
    done = run("record", "trained", "credit-scoring@3.1.0", "--file", "model=again.bin")
    assert (done.code, done.err) == (0, "")
    assert "credit-scoring@3.1.0 is the name of another digest set too (entry 2)" in done.out
    assert "--of 6" in done.out
    same = run("record", "trained", "credit-scoring@3.1.0", "--file", "model=again.bin", "--json").document
    assert same["same_name"] == [2]
    Path("new.bin").write_bytes(b"new")
    assert "another digest set" not in run("record", "trained", "credit-scoring@4", "--file", "model=new.bin").out


def test_the_registered_set_is_what_a_name_stands_for(run, ledger):
    """What was trained is one file, what is deployed are two: once registered, the name means both."""
    Path("m.bin").write_bytes(b"model")
    Path("t.json").write_text("{}")
    run("record", "trained", "a@1", "--file", "model=m.bin")
    run("record", "version_registered", "a@1", "--file", "model=m.bin", "--file", "thresholds=t.json")
    assert run("record", "deployed", "a@1", "--environment", "production").code == 0
    assert sorted(run("show", "3", "--json").document["subject"]["artifacts"]) == ["model", "thresholds"]
    run("record", "version_registered", "a@1", "--file", "model=t.json")
    refused = run("record", "deployed", "a@1", "--environment", "production")
    assert refused.error[0] == "'a@1' names 2 sets (entries 2, 4)"


def test_an_interruption_says_where_to_look(run, story, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("ledger.outbox.Outbox.record", interrupted)
    done = run("record", "evaluated", "--of", "2", "--metrics", "auc=0.5")
    assert (done.code, done.out) == (130, "")
    assert done.err == "interrupted; ledger log says whether it was recorded (--id makes a retry safe)\n"


def test_a_boolean_is_said_by_its_name_alone(run, story):
    """As the mending commands of findings are typed: --covers drift --passed --evidence drift.json"""
    Path("drift.json").write_text("{}")
    words = ("--metrics", "psi=0.1", "--covers", "drift", "--passed", "--evidence", "drift.json")
    assert run("record", "evaluated", "--of", "2", *words).code == 0
    assert show(run, 6)["data"]["passed"] is True
    assert run("record", "evaluated", "--of", "2", "--metrics", "psi=0.1", "--passed", "no").code == 0
    assert show(run, 7)["data"]["passed"] is False
    assert run("record", "evaluated", "--of", "2", "--metrics", "psi=0.1", "--passed").code == 0
    assert show(run, 8)["data"]["passed"] is True
    assert run("record", "evaluated", "--of", "2", "--metrics").error[0] == "--metrics needs a value"

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

VERSION = "credit-scoring@3.1.0"
COMMANDS = (
    *("init", "record", "correct", "log", "show", "types", "production", "registry", "lineage", "diff", "changelog"),
    *("verify", "prove", "key", "rebuild", "key new", "key show", "key list", "key introduce", "key authorize"),
    *("key request", "key assign", "key end-role", "key delegate", "key rules", "key four-eyes", "key rotate-log"),
    *("key revoke", "key recover-log"),
)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_each_command(run, name):
    done = run(*name.split(), "--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Usage: ledger {name} ")
    assert all(len(line) <= 100 for line in done.out.splitlines())
    if name != "key":
        assert "--json" in done.out
        assert "--ledger" in done.out


def test_the_overview_names_every_command(run):
    text = run("--help").out
    assert all(f"  {name} " in text for name in COMMANDS if " " not in name)
    assert run().out == text


USAGE = [
    (("lgo",), "no command 'lgo'; nearest 'log'", "ledger --help"),
    (("log", "--frm", "1"), "ledger log has no option '--frm'; nearest '--from'", "ledger log --help"),
    (("log", "--from", "x"), "'x' is not a valid", "ledger log --help"),
    (("log", "--from"), "requires an argument", "ledger COMMAND --help"),
    (("show",), "SEQ|ID", "ledger show --help"),
    (("show", "1", "2"), "unexpected extra argument", "ledger show --help"),
    (("--ledger", "x", "log"), "--ledger stands before the command", "ledger COMMAND --ledger"),
    (("--jsn",), "no option '--jsn'", "ledger --help"),
    (("log",), "no ledger found from", "ledger init"),
    (("log", "--ledger", "nowhere.db"), "no ledger at nowhere.db", "ledger init"),
]


@pytest.mark.parametrize(("words", "what", "fix"), USAGE, ids=lambda value: " ".join(value) if value else "-")
def test_misuse_in_two_lines_or_one_document(run, words, what, fix):
    done = run(*words)
    assert (done.code, done.out) == (2, "")
    assert what in done.error[0]
    assert fix in done.error[1]
    if words[0] == "--ledger":
        return
    told = run(*words, "--json")
    assert (told.code, told.err) == (2, "")
    document = told.document
    assert document["schema"] == "ledger.error/1"
    assert document["error"]["kind"] == "misuse"
    assert document["error"].keys() >= {"kind", "code", "message", "fix", "recorded"}
    assert None not in document["error"].values()


def test_a_fault_of_ours_is_one_line_and_no_answer(run, ledger, monkeypatch):
    def fault(*_, **__):
        raise ZeroDivisionError("by accident")

    monkeypatch.setattr("ledger.api.Ledger.entries", fault)
    done = run("log")
    assert done.code == 70
    assert done.error[0] == "ZeroDivisionError: by accident (a fault of this program, not yours)"
    assert run("log", "--json").document["error"]["kind"] == "bug"


def test_debug_shows_where(ledger):
    done = subprocess.run([sys.executable, "-c", _FAULT, "log", "--debug"], capture_output=True, text=True, check=False)
    assert done.returncode == 70
    assert "Traceback" in done.stderr


_FAULT = """
import ledger.api
def fault(*_, **__): raise ZeroDivisionError
ledger.api.Ledger.entries = fault
from ledger.cli import main
main()
"""


def test_every_answer_is_one_document(run, story):
    for words in (
        *(("log",), ("show", "1"), ("types",), ("types", "trained"), ("production",), ("registry",), ("verify",)),
        *(("lineage", VERSION), ("diff", VERSION, VERSION), ("prove", "1"), ("key", "list"), ("key", "show", "mara")),
        *(("rebuild",), ("changelog",), ("show", "99"), ("verify", "nowhere"), ("key", "nwe"), ("lineage", "x@1")),
    ):
        done = run(*words, "--json")
        assert done.err == "", words
        assert done.out.count("\n") == 1, words
        document = json.loads(done.out, parse_constant=lambda word: pytest.fail(word))
        assert "schema" in document or "$schema" in document, words
        assert ("error" in document) == (done.code == 2), words


def test_the_schema_of_a_type_is_the_document(run):
    schema = run("types", "evaluated", "--json").document
    assert (schema["title"], schema["type"]) == ("evaluated", "object")
    text = run("types", "evaluated").out
    assert "metrics" in text
    assert "Annex IV" in text
    names = {one["name"] for one in run("types", "--json").document["types"]}
    assert {"trained", "evaluated", "approved", "deployed"} <= names
    listed = run("types").out
    assert all(name in listed for name in names)
    assert all(len(line) <= 100 for line in (text + listed).splitlines())
    for name in names:
        shown = run("types", name).out
        assert all(len(line) <= 100 for line in shown.splitlines()), name
        assert not re.search(r"\b(union|struct|any):", shown), name
    assert "number or {value*, n, low, high}" in text
    assert run("types", "evaluted").error[0] == "no event type 'evaluted'; nearest 'evaluated'"
    assert run("types", "bank.example/thing").code == 0


def test_colour_is_for_terminals(run, story, monkeypatch):
    from ledger.cli.screen import Paint

    class Terminal:
        def isatty(self):
            return True

    assert "\x1b" not in run("verify").out + run("log").out
    monkeypatch.setenv("TERM", "xterm")
    assert Paint.of(Terminal())("red", "x") == "\x1b[31mx\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert Paint.of(Terminal())("red", "x") == "x"


LOADED = """
import sys
from ledger.cli import main
sys.argv[0] = "ledger"
try:
    main()
except SystemExit:
    pass
print(" ".join(name for name in sys.modules), file=sys.stderr)
"""


def loaded(*words):
    done = subprocess.run([sys.executable, "-c", LOADED, *words], capture_output=True, text=True, check=False)
    return set(done.stderr.split())


def test_a_command_loads_only_what_it_needs(story):
    nothing = subprocess.run(
        [sys.executable, "-c", "import sys, ledger.cli; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert not {"click", "rich", "msgspec", "apsw", "cryptography", "projections"} & set(nothing)
    production = loaded("production")
    assert "projections.questions.production" in production
    assert not {"rich", "cryptography", "asyncio", "ledger.recording", "ledger.verify"} & production
    assert not {"rich", "projections", "apsw", "cryptography"} & loaded("types")


def test_the_environment_names_the_ledger(run, story, monkeypatch, tmp_path):
    monkeypatch.setenv("LEDGER_URL", str(Path("ledger.db").resolve()))
    monkeypatch.chdir(tmp_path)
    assert run("log", "--json").document["size"] == 6
    monkeypatch.setenv("LEDGER_URL", "mysql://db/ml")
    assert "no store of this release" in run("log").error[0]


def test_an_unknown_setting_is_named(run, ledger):
    config = Path("ledger.toml")
    config.write_text(config.read_text() + 'orign = "x"\n')
    assert "unknown key 'orign'; nearest 'origin'" in run("log").error[0]


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(("words", "code"), [("log", 0), ("verify --json", 0), ("show 99", 2)])
def test_a_stream_that_is_closed_changes_no_exit_code(story, words, code, closed):
    shell = f'"{sys.executable}" -m ledger {words} {closed}'
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=False)
    assert done.returncode == code, done
    assert "fault of this program" not in done.stderr


def test_nothing_comes_in_where_nothing_is_open(story):
    shell = f'"{sys.executable}" -m ledger record --many <&-'
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 2), done
    assert "fault of this program" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("words", [("types",), ("types", "--json"), ("log",), ("show", "99", "--json")])
def test_a_full_disk_is_two_lines_and_no_traceback(story, words):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "ledger", *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == (2 if words[0] == "show" else 4)
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 2

import stat
import tomllib
from pathlib import Path

ORIGIN = "ledger.bank.example/credit"
START = ("init", "--origin", ORIGIN, "--as", "mara")


def test_what_is_made_and_said(run, home):
    Path(".git").mkdir()
    done = run(*START)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Made the ledger {ORIGIN} (1 entry).\n")
    for words in ("stays out of Git (added to .gitignore)", "commit it", "Copy both key files"):
        assert words in done.out
    keys = home / ".config/ledger/keys"
    for name in ("mara.key", "ledger.bank.example+credit.key"):
        assert f"~/.config/ledger/keys/{name}" in done.out
        assert stat.S_IMODE((keys / name).stat().st_mode) == 0o600
    assert {"ledger.db*", "ledger.projections.db*"} <= set(Path(".gitignore").read_text().splitlines())


def test_without_a_checkout_nothing_is_said_to_be_ignored(run):
    done = run(*START)
    assert "not for Git (ledger.db*)" in done.out
    assert "stays out of Git" not in done.out
    assert not Path(".gitignore").exists()


def test_the_config_vouches_for_the_log_it_names(run):
    made = run(*START, "--json").document
    table = tomllib.loads(Path("ledger.toml").read_text())
    assert table["origin"] == made["origin"] == ORIGIN
    assert table["key"] == made["key"]
    shown = run("show", "0", "--json").document
    assert f"sha256:{table['genesis']}" == shown["leaf"] == made["genesis"]
    assert table["key"] in shown["data"]["log_keys"]


def test_no_git_no_gitignore(run):
    assert "added to" not in run(*START).out
    assert not Path(".gitignore").exists()


def test_gitignore_is_added_to_not_replaced(run):
    Path(".git").mkdir()
    Path(".gitignore").write_text("*.pyc")
    run(*START)
    assert Path(".gitignore").read_text() == "*.pyc\nledger.db*\nledger.projections.db*\n"


def test_a_folder_of_its_own(run):
    assert run(*START, "new/place").code == 0
    assert Path("new/place/ledger.db").exists()
    assert run("log", "--ledger", "new/place").code == 0


def test_never_twice(run, ledger):
    before = (ledger.read_bytes(), Path("ledger.toml").read_bytes())
    done = run("init", "--origin", "other.example/x", "--as", "eve")
    assert done.code == 2
    what, fix = done.error
    assert what == f"ledger.toml already names {ORIGIN} (1 entry); nothing was changed"
    assert fix == "use it, or init in another folder"
    assert (ledger.read_bytes(), Path("ledger.toml").read_bytes()) == before


def test_a_database_without_config_is_not_overwritten(run, ledger, home):
    Path("ledger.toml").unlink()
    before = ledger.read_bytes()
    assert run("init", "--origin", "other.example/x", "--as", "eve").code == 2
    assert ledger.read_bytes() == before
    assert not Path("ledger.toml").exists()
    assert not (home / ".config/ledger/keys/eve.key").exists()


def test_origin_and_handle_are_asked_for_on_a_terminal_only(run):
    what, fix = run("init", "--as", "mara").error
    assert "--origin is needed without a terminal" in what
    assert fix == "--origin ledger.bank.example/credit"
    assert "--as is needed without a terminal" in run("init", "--origin", ORIGIN).error[0]
    assert not Path("ledger.toml").exists()


def test_a_handle_or_origin_that_cannot_be(run):
    assert run("init", "--origin", "has blanks", "--as", "mara").code == 2
    assert run("init", "--origin", ORIGIN, "--as", "Mara M").code == 2
    assert not Path("ledger.db").exists()


def test_a_hidden_config_and_a_louder_environment_are_said(run, ledger, monkeypatch):
    Path("inner").mkdir()
    monkeypatch.chdir("inner")
    monkeypatch.setenv("LEDGER_URL", "/elsewhere/ledger.db")
    done = run("init", "--origin", "other.example/x", "--as", "mara")
    assert done.code == 0
    assert "is hidden from here on" in done.out
    assert "LEDGER_URL is set" in done.out

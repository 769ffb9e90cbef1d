"""`ledger export`, `ledger verify BUNDLE`, and `python3 -I verify.py BUNDLE` as an auditor runs it: alone."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.bundle.packing import lines, pack, with_lines
from tests.reference.second import FILE, SECOND


def found(version):
    """A Python of that version on this machine, if there is one that runs."""
    kept = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    for one in [*filter(None, [shutil.which(f"python{version}")]), *map(str, kept)]:
        if subprocess.run([one, "-c", "pass"], capture_output=True, check=False).returncode == 0:
            return one
    return None


PYTHONS = [("this", sys.executable), ("python3.9", found("3.9")), ("python3.13", found("3.13"))]


def alone(*words, python=sys.executable):
    """Run the one file with nothing of this environment: no variables, no site packages, no package of ours."""
    done = subprocess.run(
        ["env", "-i", python, "-I", "-S", str(FILE), *map(str, words)],
        capture_output=True,
        text=True,
        cwd="/",
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def run(*words):
    from ledger.cli.frame import cli

    result = CliRunner().invoke(cli, [str(word) for word in words])
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.mark.parametrize(("name", "python"), PYTHONS, ids=[name for name, _ in PYTHONS])
def test_a_bare_python_says_what_is_proven(bundle, name, python):
    if python is None:
        pytest.skip(f"{name} is not on this machine")
    done = alone(bundle.path, "--key", bundle.keys[0], python=python)
    assert done.returncode == 0, done
    assert done.stdout.startswith("VERIFIED  16 of 16 entries")
    assert "ledger.test/one" in done.stdout.splitlines()[0]
    assert max(map(len, done.stdout.splitlines())) <= 100
    done = alone(bundle.path, python=python)
    assert (done.returncode, done.stdout[:8]) == (5, "UNPINNED")
    entries = lines(bundle.files)
    entries[3] = entries[3].replace(b'"auc":0.79', b'"auc":0.97')
    changed = pack(bundle.folder / "t.zip", with_lines(bundle.files, entries))
    done = alone(changed, "--key", bundle.keys[0], python=python)
    assert done.returncode == 3
    assert done.stdout.startswith("BROKEN  at entry 3 of 16")


def test_it_answers_in_json_with_the_names_of_the_command(bundle):
    document = json.loads(alone(bundle.path, "--json", "--key", bundle.keys[0]).stdout)
    same = run("verify", bundle.path, "--json", "--key", bundle.keys[0])
    other = json.loads(same.stdout)
    for name in ("schema", "verdict", "origin", "size", "root", "checked", "covered", "sound_before", "log_key"):
        assert document[name] == other[name], name
    assert document.keys() - {"vouched_by"} <= other.keys()


def test_what_an_auditor_brings(bundle):
    note = bundle.folder / "note"
    note.write_bytes(bundle.note)
    for words in (("--checkpoint", note), ("--genesis", bundle.leaf), ("--key", bundle.keys[1]), ("--allow-unpinned",)):
        assert alone(bundle.path, *words).returncode == 0, words
    assert alone(bundle.path, "--genesis", "0" * 64).returncode == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "BUNDLE.zip"),
        (("nowhere.zip",), "No such file"),
        ((FILE,), "does not begin as one"),
        (("BUNDLE", "--key", "abc"), "--key is not NAME+8 HEX+BASE64"),
        (("BUNDLE", "--genesis", "abc"), "64 hexadecimal digits"),
        (("BUNDLE", "--checkpoint", FILE), "--checkpoint"),
        (("BUNDLE", "--checkpoint", "nowhere"), "No such file"),
        (("BUNDLE", "--frob"), "unrecognized"),
        (("x\x1b[2Jy.zip",), "x\\x1b[2Jy.zip"),
    ],
)
def test_what_it_cannot_do_is_said_in_two_lines(bundle, words, said):
    done = alone(*(bundle.path if word == "BUNDLE" else word for word in words))
    assert (done.returncode, done.stdout) == (2, "")
    first, second = done.stderr.rstrip("\n").split("\n")
    assert first.startswith("error: ")
    assert said in first
    assert second.startswith("  fix: ")


def test_ledger_verify_trusts_nothing_in_a_bundle(bundle, tmp_path, monkeypatch):
    """A second run meets the pin of the first: unchanged since then, and no more."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "auditor"))
    (bundle.path.parent / "ledger.toml").write_text(f'url = "b.zip"\norigin = "x.test/y"\nkey = "{bundle.keys[0]}"\n')
    first = run("verify", bundle.path)
    assert (first.exit_code, first.stdout[:8]) == (5, "UNPINNED")
    assert "nothing of yours" in first.stdout
    keyed = run("verify", bundle.path, "--key", bundle.keys[0])
    assert (keyed.exit_code, keyed.stdout[:8]) == (0, "VERIFIED")


def test_export_and_verify(told, tmp_path, monkeypatch):
    monkeypatch.setenv("LEDGER_URL", str(told.path))
    path = tmp_path / "out.zip"
    made = run("export", path)
    assert made.exit_code == 0, made.output
    assert made.stdout.startswith("Wrote ")
    assert "sealed values stay sealed" in made.stdout
    assert max(map(len, made.stdout.splitlines())) <= 100
    assert len(told.genesis.log_keys) == 2
    assert told.store.head().note.count(b"\n\xe2\x80\x94 ") == 2  # closed by exporting, once
    again = run("export", tmp_path / "again.zip", "--json")
    assert json.loads(again.stdout)["size"] == 16
    assert (tmp_path / "again.zip").read_bytes() == path.read_bytes()
    assert run("export", path).exit_code == 2
    assert run("export", tmp_path / "x.zip", "--disclose", "some").exit_code == 2
    assert run("export", tmp_path / "y.zip", "--disclose", "all", "--json").exit_code == 0
    assert json.loads(run("verify", tmp_path / "y.zip", "--json").stdout)["verdict"] == "verified"  # by this user's pin
    log = run("log", "--ledger", path, "--json")
    assert log.exit_code == 0, log.output
    assert len(json.loads(log.stdout)["entries"]) == 16
    refused = run("record", "trained", "--ledger", path)
    assert refused.exit_code != 0


def test_entries_are_found_in_a_broken_bundle_with_what_rests_on_them(bundle):
    entries = lines(bundle.files)
    entries[2] = entries[2].replace(b'"depth":6', b'"depth":7')
    changed = pack(bundle.folder / "t.zip", with_lines(bundle.files, entries))
    done = run("verify", changed, "--key", bundle.keys[0])
    assert done.exit_code == 3
    assert "BROKEN  at entry 2 of 16" in done.stdout
    assert "rests on it" in done.stdout


def test_it_is_the_file_that_is_installed():
    assert os.access(FILE, os.R_OK)
    assert SECOND.__doc__.count("python3 -I verify.py") == 1

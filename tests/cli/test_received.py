"""What somebody sent: a bundle asked, judged by a wrong key, unpacked, cut to a part; what a stranger reads."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.cli.conftest import ORIGIN, VERSION

OTHER = "ledger.bank.example/fraud"
VERIFIER = Path(__file__).parents[2] / "ledger" / "verifier" / "verify.py"


@pytest.fixture
def key(story):
    """The log's key, as it came by mail."""
    return re.search('^key = "(.*)"$', Path("ledger.toml").read_text(), re.MULTILINE)[1]


@pytest.fixture
def other_key(run, story):
    """The key of another log of the same house."""
    assert run("init", "other", "--origin", OTHER, "--as", "mara").code == 0
    return re.search('^key = "(.*)"$', Path("other/ledger.toml").read_text(), re.MULTILINE)[1]


@pytest.fixture
def bundle(run, key, tmp_path):
    """A bundle, in a folder of its own."""
    folder = tmp_path / "received"
    folder.mkdir()
    assert run("export", folder / "credit.zip").code == 0
    return folder / "credit.zip"


def verifier(*words):
    """Run verify.py alone."""
    command = [sys.executable, "-I", str(VERIFIER), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_export_names_the_key_to_hand_over(run, key, tmp_path):
    assert key in run("export", tmp_path / "b.zip").out


def test_a_bundle_answers_and_says_that_it_is_not_judged(run, bundle, stranger):
    stranger()
    shown = run("production", "--ledger", bundle).out
    key = run("key", "list", "--ledger", bundle, "--json").document["keys"][0]["fingerprint"]
    assert "approved      mara, " in shown
    assert key in " ".join(shown.split())
    assert key in run("show", "4", "--ledger", bundle).out
    assert f" {key[-6:]}  " in run("key", "list", "--ledger", bundle).out
    told = " ".join(" ".join(shown.splitlines()[-2:]).split())
    assert told.endswith(f"6 entries, read as they came. What of this holds says: ledger verify {bundle} --key '...'")
    assert "sealed" not in shown


def test_nothing_is_kept_beside_a_bundle_and_nothing_beside_it_is_believed(run, bundle, stranger):
    """A forged answer that lies where projections would lie is not read; a bundle put in its place is read anew."""
    stranger()
    beside = bundle.with_suffix(".projections.db")
    beside.write_bytes(b"a forged answer")
    assert "auc 0.79" in run("production", "--ledger", bundle).out
    assert beside.read_bytes() == b"a forged answer"
    beside.unlink()
    bundle.write_bytes(bundle.read_bytes().replace(b'"auc":0.79', b'"auc":0.99'))
    assert "auc 0.99" in run("production", "--ledger", bundle).out
    assert [path.name for path in bundle.parent.iterdir()] == ["credit.zip"]
    assert run("verify", bundle).code == 3


def test_the_doctor_looks_at_a_bundle(run, bundle):
    done = run("doctor", "--ledger", bundle)
    assert (done.code, "to be read only" in done.out) == (0, True)


def test_a_partial_bundle(run, key, tmp_path):
    path = tmp_path / "part.zip"
    assert run("export", path, "--entries", "4").code == 0
    assert "sealed: a checkpoint covers it" in run("show", "4", "--ledger", path).out
    assert run("prove", "4", "--ledger", path, "-o", tmp_path / "receipt").code == 0
    assert run("verify", tmp_path / "receipt", "--key", key).code == 0
    for words in (("production",), ("findings",), ("lineage", VERSION), ("changelog",)):
        done = run(*words, "--ledger", path, "--json")
        assert (done.code, done.document["error"]["code"]) == (2, "left_out")


def test_the_key_of_another_log(run, bundle, key, other_key, stranger):
    name = "+".join(other_key.split("+")[:2])
    stranger()
    done = run("verify", bundle, "--key", other_key)
    text = " ".join(done.out.split())
    assert done.code == 3
    assert f"{ORIGIN}+{key.split('+')[1]}" in text
    assert f" did, not {name} [C3]" in text
    assert "to mend if the key is right, this is not its log" in text
    assert "two histories" not in text
    told = verifier(bundle, "--key", other_key)
    assert (told.returncode, "if the key is right, this is not its log" in told.stdout) == (3, True)


def test_a_changed_bundle_is_not_said_to_be_a_wrong_key(run, bundle, key):
    bundle.write_bytes(bundle.read_bytes().replace(b'"auc":0.79', b'"auc":0.99'))
    for shown in (run("verify", bundle, "--key", key).out, verifier(bundle, "--key", key).stdout):
        assert "if the key is right" not in shown
        assert "keep this copy as it is" in shown


def test_a_pin_is_named_without_its_path(run, bundle, other_key, stranger):
    stranger()
    run("verify", bundle)
    assert "your pin: no known key signed the note" in " ".join(run("verify", bundle, "--key", other_key).out.split())


def test_an_unpacked_bundle(run, bundle):
    folder = bundle.parent / "unpacked"
    with zipfile.ZipFile(bundle) as file:
        file.extractall(folder)
    assert run("verify", folder).error == (
        f"{folder} is what a bundle was unpacked to",
        "name the bundle itself, the .zip as you were given it",
    )
    told = verifier(folder)
    assert told.stderr.splitlines()[0] == f"error: {folder} is a folder"
    assert told.returncode == 2


@pytest.mark.parametrize(
    ("words", "fix"),
    [
        (("missing.zip",), "name the file that you were given"),
        (("cut.zip",), "ask for it again, compare sha256sum; keep this one as it is"),
        (("credit.zip", "--key", "credit+00"), "copy the whole of it, in quotes: --key 'NAME+HEX+BASE64'"),
        ((), "python3 -I verify.py --help; keep what you were given as it is"),
    ],
)
def test_the_second_verifier_says_what_to_do(bundle, monkeypatch, words, fix):
    monkeypatch.chdir(bundle.parent)
    Path("cut.zip").write_bytes(bundle.read_bytes()[:20_000])
    told = verifier(*words)
    assert (told.returncode, told.stderr.splitlines()[1]) == (2, f"  fix: {fix}")


# ---- one's own ----


def test_a_difference_names_data_by_what_tells_them_apart(run, story):
    Path("m.bin").write_bytes(b"another model")
    data = ("record", "dataset_registered", "credit@2026-12", "--role", "training", "--file", "credit.csv")
    assert run(*data).code == 0
    words = ("--datasets", "training=credit@2026-12", "--file", "model=m.bin")
    assert run("record", "trained", "credit-scoring@3.2.0", *words).code == 0
    shown = " ".join(run("diff", VERSION, "credit-scoring@3.2.0").out.split())
    assert re.search(r"data +training +credit@2026-11 .*credit@2026-12", shown)
    assert "{" not in shown


def test_a_system_where_a_version_is_asked_for(run, story):
    assert run("lineage", "credit-scoring").error == (
        "'credit-scoring' is a system; of which version?",
        f"one of {VERSION}",
    )


def test_a_ledger_that_went_on_elsewhere_says_where(run, story):
    assert run("migrate", "ledger.db", "moved-to-here.db").code == 0
    done = run("verify")
    assert done.code == 3
    assert "this log went on elsewhere, as entry 6 says: ledger verify --ledger moved-to-here.db" in " ".join(
        done.out.split()
    )
    assert run("verify", "--ledger", "moved-to-here.db").code == 0


def test_what_is_missing_is_named_with_what_it_takes(run, ledger):
    assert run("key", "rotate-log").error == (
        "ledger key rotate-log needs --reason",
        "ledger key rotate-log --reason TEXT",
    )
    _, fix = run("key", "end-role", "mara").error
    assert re.fullmatch(r"ledger key end-role --role [a-z|]*approver[a-z|]*", fix)


def test_where_to_restore_to(run, story, tmp_path, stranger):
    backup = tmp_path / "backup.db"
    assert run("backup", backup).code == 0
    stranger()
    assert run("restore", backup).error[1] == f"say where to: ledger restore {backup} ledger.db"

"""Every code block of the documentation runs, in the order it is read, in a folder of its own."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.anchors.authority import Authority, Served

TOP = Path(__file__).parents[1]
RUN = [
    TOP / "README.md",
    TOP / "ledger/witness/README.md",
    TOP / "ledger/spool/README.md",
    TOP / "ledger/evidence_store/README.md",
]  # from top to bottom
PAGES = [
    *RUN,
    TOP / "ledger/FORMAT.md",
    TOP / "ledger/stores/README.md",
    TOP / "ledger/anchors/README.md",
    TOP / "projections/README.md",
    TOP / "benchmarks/README.md",
]
KEYS = TOP / "ledger/keys/README.md"
STAMPED = TOP / "ledger/anchors/README.md"
ROLES = TOP / "ledger/keys/ROLES.md"
CLUSTER = TOP / "projections/README.md"  # its block is run by tests/projections/test_sharing.py
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INSTALL = re.compile(r"^pip install [^&]*(&& )?")  # what is installed is tested below
SHELL = """import sqlite3, sys
try:
    sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])
except sqlite3.Error as error:
    sys.exit(f"Error: {error}")
"""


def blocks(page):
    return BLOCK.findall(page.read_text("utf-8"))


@pytest.fixture
def place(tmp_path):
    """A folder with what the reader has of their own, the commands on the path, and nobody's keys touched."""
    (tmp_path / "bin").mkdir()
    tool = tmp_path / "bin/sqlite3"  # the sqlite3 shell is not on every machine; this runs the same statements
    tool.write_text(f"#!{sys.executable}\n{SHELL}")
    tool.chmod(0o755)
    project = tmp_path / "project"
    project.mkdir()
    (project / "credit.csv").write_text("age,good\n31,1\n")
    (project / "model.joblib").write_bytes(b"weights")
    return project


def run(words, place):
    keep = {name: value for name, value in os.environ.items() if not name.startswith("LEDGER_")}
    home = str(place.parent)
    path = os.pathsep.join([str(place.parent / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**keep, "HOME": home, "PATH": path, "XDG_CONFIG_HOME": "", "XDG_STATE_HOME": ""}
    return subprocess.run(words, cwd=place, env=environment, capture_output=True, text=True, timeout=120, check=False)


def told(page, place):
    """Run every block of a page; return what they print."""
    said = []
    for language, text in blocks(page):
        lines = [INSTALL.sub("", line) for line in text.splitlines() if line != "pytest"]  # this is pytest
        if language == "python":
            done = run([sys.executable, "-c", text], place)
        else:
            done = run(["bash", "-euc", "\n".join(lines)], place)
        assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        said.append(done.stdout)
    return "\n".join(said)


def test_the_readme_from_top_to_bottom(place):
    whole = told(TOP / "README.md", place)
    assert "VERIFIED  6 of 6 entries" in whole
    assert "credit-scoring 3.1.0" in whole
    assert "the table refuses" in whole
    assert re.search(r"BROKEN\s+at entry 3 of 6", whole)
    assert (place / "ledger-demo/ledger.db").exists()
    follow_the_demo(place, whole.partition("Everything is in that folder.")[2])


def follow_the_demo(place, advice):
    """What the demo says at its end is typed, line by line: its questions answer, its cheat is noticed."""
    lines = [line[2:].partition("   ")[0] for line in advice.splitlines() if line.startswith("  ")]
    questions = lines[: lines.index("ledger verify") + 1]
    done = run(["bash", "-euc", "\n".join(word for word in questions if word != "ledger findings")], place)
    assert done.returncode == 0, done.stderr
    for words in ("all checked by you", "# Changes to credit-scoring", "entry 10  evaluated", "VERIFIED  26 of 26"):
        assert words in done.stdout
    cheat = next(at for at, line in enumerate(lines) if "DROP TRIGGER" in line)
    rest = "\n".join([lines[0], *lines[len(questions) : cheat + 2], "ledger production", "ledger verify"])
    done = run(["bash", "-uc", rest], place)
    assert done.returncode == 3
    assert "substantial_modification_assessed credit-scoring@3.1.0, sealed" in done.stdout
    assert "what this rests on is not what was sealed" in done.stderr
    assert "BROKEN  at entry 10 of 27" in done.stdout


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed here")
def test_the_page_of_keys_from_top_to_bottom(place):
    whole = told(KEYS, place)
    assert "ana, a person" in whole
    assert whole.count("Approved: ") == 2
    assert "VERIFIED  6 of 6 entries" in whole
    assert "system_registered credit-scoring entry 8" in whole


def test_the_page_on_roles_from_top_to_bottom(place):
    said = []
    for _, text in blocks(ROLES):
        done = run(["bash", "-euc", text], place)
        assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        said.append(done.stdout)
    whole = "\n".join(said)
    assert "VERIFIED" in whole
    assert "UNVERIFIABLE" in whole
    assert "2 of 3 must sign it" in whole


def test_the_page_on_outside_evidence_from_top_to_bottom(place):
    whole = told(TOP / "ledger/witness/README.md", place)
    assert "first.request: size 1 cosigned: first.cosigned" in whole
    assert "VERIFIED  receipt founding.receipt" in whole
    assert "the log of 2 entries begins with all 1 of the older checkpoint" in whole
    vouched = " ".join(whole.split())
    assert re.search(r"vouched for by the log's key in mine.txt; your pin, .*the witness w1, size 1, by 20", vouched)


def test_the_page_on_the_spool_from_top_to_bottom(place):
    whole = told(TOP / "ledger/spool/README.md", place)
    assert whole.count("spooled - there is no ledger at") == 3
    assert "Delivered 3 statements to ledger.bank.example/credit." in whole
    assert "Delivered 2 statements to ledger.bank.example/credit." in whole
    assert "VERIFIED  4 of 4 entries" in whole


def test_the_page_on_the_evidence_store_from_top_to_bottom(place):
    whole = told(TOP / "ledger/evidence_store/README.md", place)
    assert "kept: 1 ok" in whole
    assert "kept: 1 missing" in whole
    assert "VERIFIED  2 of 2 entries" in whole
    assert "UNVERIFIABLE  2 entries checked" in whole


def test_what_is_installed_is_there():
    extras = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    lines = [line for page in PAGES for _, text in blocks(page) for line in text.splitlines()]
    installs = [line for line in lines if "pip install" in line]
    assert installs
    for line in installs:
        named = re.search(r"\[([\w,]+)\]", line)
        assert named is not None
        assert set(named[1].split(",")) <= set(extras)


def test_time_and_sealing_from_top_to_bottom(place, tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: no time-stamping authority can be made")
    authority = Authority(tmp_path / "tsa")
    (place / "root.pem").write_bytes(authority.pem())
    served = Served(authority)
    try:
        said = []
        for _, text in blocks(STAMPED):
            done = run(["bash", "-euc", f"TSA={authority.url}\n{text}"], place)
            assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
            said.append(" ".join(done.stdout.split()))
    finally:
        served.close()
    whole = "\n".join(said)
    assert "Stamped: the first 1 entries existed by" in whole
    assert "existed entries 0 to 0 by" in whole
    assert "/data/person: Ion Ionescu" in whole
    assert "Erased: /data/person of entry 3." in whole
    assert "/data/person was erased by mara" in said[-1]


def test_no_block_is_left_unread():
    """What is in RUN is run above, the format's line by the evidence test; others may only say how to run things."""
    for page in (page for page in PAGES[len(RUN) :] if page not in (STAMPED, CLUSTER)):
        shells = [text for language, text in blocks(page) if language in ("python", "sh")]
        assert all("python -m" in text for text in shells), page


def test_every_link_leads_somewhere():
    for page in [*PAGES, KEYS, ROLES]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"

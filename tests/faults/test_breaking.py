"""Every call of the file system fails in turn, or is the last one; then the ledger is opened again and looked at.

By default some of the calls of each work; all of them with `LEDGER_FAULTS=all pytest -m faults`.
"""

import os
import shutil

import pytest

from ledger.api import Ledger
from tests.faults import breaking
from tests.faults.works import BEFORE, BREAKING
from tests.log.acts import authorise, say, tell

ALL = os.environ.get("LEDGER_FAULTS") == "all"
MOST = 2_000  # calls of one work: far more than any makes


@pytest.fixture(scope="session")
def broken_ground(tmp_path_factory):
    """A folder with a sound ledger, one with an uncovered tail, one that lost what can be computed; and the home.

    With it, the ids that are in each: all that was acknowledged before anything breaks.
    """
    place = tmp_path_factory.mktemp("ground")
    with pytest.MonkeyPatch.context() as patch:
        for name, folder in (("HOME", ""), ("XDG_CONFIG_HOME", "config"), ("XDG_STATE_HOME", "state")):
            patch.setenv(name, str(place / "home" / folder))
        with Ledger.create(place / "ledger.db", origin="ledger.test/one", actor="mara") as made:
            tell(made, place)
            key = authorise(made, "node", place)
        for name in ("tail.db", "bare.db"):
            shutil.copy(place / "ledger.db", place / name)
        patch.setenv("LEDGER_LOG_KEY", str(place / "none.key"))
        patch.setenv("XDG_STATE_HOME", str(place / "another"))  # a pin that saw tail.db knows more than ledger.db holds
        with Ledger.open(place / "tail.db", key=key) as node:
            for number in (25, 26, 27):
                say(node, number)
            tail = [one.statement.id for one in node]
    return place, {"ledger.db": tail[:BEFORE], "bare.db": tail[:BEFORE], "tail.db": tail}


@pytest.fixture
def ground(broken_ground, tmp_path, own_home, edit):
    """Lay the ground anew, as often as asked."""
    place = broken_ground[0]

    def lay():
        for path in tmp_path.glob("*.db*"):
            path.unlink()
        for name in ("ledger.db", "tail.db", "bare.db"):
            shutil.copy(place / name, tmp_path / name)
        shutil.rmtree(own_home)
        shutil.copytree(place / "home", own_home)
        edit(tmp_path / "bare.db", "DELETE FROM tiles", "DELETE FROM authority")
        return tmp_path

    return lay


def steps():
    """Which call is to fail next: all, or the first ones and then wider and wider apart."""
    at = 1
    while at < MOST:
        yield at
        at += 1 if ALL else 1 + at // 2


# Faults of `breaking`, as the page calls them.
KINDS = {
    "io_error": "I/O error",
    "stays_bad": "I/O errors from there on",
    "full": "disk full",
    "short_write": "short write",
    "crash": "crash",
    "power_cut": "power cut",
}


@pytest.mark.faults
@pytest.mark.parametrize("kind", breaking.KINDS)
@pytest.mark.parametrize("name", BREAKING)
def test_whatever_breaks_what_was_acknowledged_stands(ground, broken_ground, name, kind, caused):
    database, work, check = BREAKING[name]
    found, before = caused(name, KINDS[kind]), {"ok": broken_ground[1][database]}
    for at in steps():
        folder = ground()
        told = breaking.run(lambda say, place=folder: work(place, say), kind, at, folder / "said")
        check(folder / database, [before, *told.said], found)
        if not told.met:
            break
        found.caused += 1
        found.gone += told.gone
        for words in told.said:
            if "error" in words:
                found.refuse(words["error"], words["outcome"])
    assert found.caused > 3

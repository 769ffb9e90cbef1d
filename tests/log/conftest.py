"""A told ledger: made once, copied for each test with the keys and the pin of its user."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from ledger.api import Ledger
from ledger.config import keys_folder, log_key_path
from ledger.keys.files import load_log_key, load_signer
from ledger.pins import pin_path
from tests.log.acts import say, say_many, tell

ORIGIN = "ledger.test/one"


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """Folders with what `tell` records, the same with 600 more entries, and a home whose pin knows the first."""
    place = tmp_path_factory.mktemp("template")
    with pytest.MonkeyPatch.context() as patch:
        for name, folder in (("HOME", ""), ("XDG_CONFIG_HOME", "config"), ("XDG_STATE_HOME", "state")):
            patch.setenv(name, str(place / "home" / folder))
        with Ledger.create(place / "ledger.db", origin=ORIGIN, actor="mara") as made:
            tell(made, place)
        shutil.copytree(place / "home", place / "home-long")
        shutil.copy(place / "ledger.db", place / "long.db")
        patch.setenv("XDG_STATE_HOME", str(place / "home-long/state"))
        with Ledger.open(place / "long.db") as made:
            say_many(made, 600)
            say(made, 20)
    return place


def _set_out(template, database, home, own_home, tmp_path):
    shutil.copytree(template / home, own_home, dirs_exist_ok=True)
    shutil.copy(template / "ana.key", tmp_path / "ana.key")
    shutil.copy(template / database, tmp_path / "ledger.db")
    return Ledger.open(tmp_path / "ledger.db")


@pytest.fixture
def told(template, own_home, tmp_path):
    """Sixteen entries, sealed and pinned: see `tell`."""
    with _set_out(template, "ledger.db", "home", own_home, tmp_path) as made:
        yield made


@pytest.fixture
def long(template, own_home, tmp_path):
    """617 entries: two full tiles of hashes, a batch of 600."""
    with _set_out(template, "long.db", "home-long", own_home, tmp_path) as made:
        yield made


@pytest.fixture
def keys(tmp_path):
    """Every private key of the told ledger, as its worst keeper would have them; `pin` is the pin's file."""
    return SimpleNamespace(
        mara=load_signer(keys_folder() / "mara.key"),
        ana=load_signer(tmp_path / "ana.key"),
        log=load_log_key(log_key_path(ORIGIN), ORIGIN),
        pin=Path(pin_path(ORIGIN)),
    )

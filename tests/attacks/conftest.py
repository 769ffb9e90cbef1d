"""The world, made once."""

import pytest

from ledger.api import Ledger
from ledger.config import keys_folder, log_key_path
from ledger.keys.files import load_log_key, load_signer
from tests.attacks.world import ORIGIN, Log, World
from tests.log.acts import tell


@pytest.fixture(scope="session")
def ground(tmp_path_factory):
    """The world and the file of its honest ledger."""
    place = tmp_path_factory.mktemp("world")
    with pytest.MonkeyPatch.context() as patch:
        for name, folder in (("HOME", ""), ("XDG_CONFIG_HOME", "config"), ("XDG_STATE_HOME", "state")):
            patch.setenv(name, str(place / "home" / folder))
        with Ledger.create(place / "ledger.db", origin=ORIGIN, actor="mara") as made:
            first = made.close_checkpoint()
            key = tell(made, place)
            note = made.close_checkpoint()
            log = Log(
                tuple(row.data for row in made.store.rows(0, len(made))),
                note,
                (first, note),
                tuple(made.store.disclosures()),
            )
            log_key = load_log_key(log_key_path(ORIGIN), ORIGIN, None)
            world = World(log, load_signer(keys_folder() / "mara.key"), load_signer(key), log_key, made.genesis_leaf)
    return world, place / "ledger.db"


@pytest.fixture
def world(ground):
    """The honest log, and everybody's keys."""
    return ground[0]


@pytest.fixture
def template(ground):
    """The honest ledger's file."""
    return ground[1]

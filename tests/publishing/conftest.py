"""A ledger to publish, what publishes it, and what judges the folder."""

import pytest

from ledger.publish import publish
from ledger.stores.folder import Folder
from tests.log.conftest import keys, long, template, told  # noqa: F401 - fixtures
from tests.publishing import c2sp


@pytest.fixture
def out(tmp_path):
    return tmp_path / "public"


@pytest.fixture
def send(out):
    """Publish a ledger as the command does, and check the folder by the specification's text."""

    def run(ledger, **more):
        done = publish(ledger.store, ledger.close_checkpoint(), Folder(out), **more)
        size, entries = c2sp.check(out, ledger.genesis.log_keys[0].text)
        assert size == done.size == len(ledger)
        assert entries == [row.data for row in ledger.store.rows(0, size)]
        return done

    return run


def files(folder):
    """Path, bytes, and which file it is, of all that is published as immutable."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_ino, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] == "tile"
    }

"""A told ledger's bundle, with the vkeys that its auditor got by another way."""

from types import SimpleNamespace

import pytest

from ledger.bundle.export import export_bundle
from tests.bundle.packing import unpack
from tests.log.conftest import keys, long, template, told  # noqa: F401 - fixtures

HISTORY = ("dataset_registered", "trained", "evaluated", "approved")


@pytest.fixture
def bundle(told, tmp_path):  # noqa: F811
    """`path`, `files`, and what an auditor may bring: `keys`, `note`, `leaf`. All sealed values are disclosed."""
    note = told.close_checkpoint()
    path = tmp_path / "b.zip"
    export_bundle(told.store, told.genesis, path, disclose="all")
    texts = [key.text for key in told.genesis.log_keys]
    return SimpleNamespace(
        path=path, files=unpack(path), keys=texts, note=note, leaf=told.genesis_leaf, ledger=told, folder=tmp_path
    )

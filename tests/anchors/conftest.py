"""Time-stamping authorities, made with openssl once a session; tests that need it are skipped without it."""

import shutil

import pytest

from tests.anchors.authority import Authority, Served


@pytest.fixture(scope="session")
def _made(tmp_path_factory):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: no time-stamping authority can be made")
    return Authority(tmp_path_factory.mktemp("tsa") / "one")


@pytest.fixture
def authority(_made):
    """The authority behind HTTP at `authority.url`."""
    _made.status = 200
    _made.chain, _made.spoil, _made.files, _made.asked = True, lambda answer: answer, {}, []
    served = Served(_made)
    yield _made
    served.close()


@pytest.fixture(scope="session")
def another(tmp_path_factory):
    """Make a further authority, with settings of its own."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: no time-stamping authority can be made")
    return lambda **settings: Authority(tmp_path_factory.mktemp("tsa") / "other", **settings)

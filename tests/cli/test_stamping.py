"""`ledger timestamp`, and what `ledger verify` says of times."""

import shutil

import pytest

from tests.anchors.authority import Authority, Served


@pytest.fixture(scope="module")
def _made(tmp_path_factory):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: no time-stamping authority can be made")
    return Authority(tmp_path_factory.mktemp("tsa") / "cli")


@pytest.fixture
def authority(_made):
    served = Served(_made)
    yield _made
    served.close()


def test_from_init_to_a_bound(run, authority, tmp_path):
    run("init", "--origin", "ledger.bank.example/credit", "--as", "mara")
    root = tmp_path / "root.pem"
    root.write_bytes(authority.pem())
    code, message = run("timestamp").code, run("timestamp").error
    assert (code, message[0]) == (2, "which time-stamping authority?")
    done = run("timestamp", "--tsa", authority.url, "--tsa-root", str(root))
    assert done.code == 0, done.err
    assert "Stamped: the first 1 entries existed by" in done.out
    again = run("timestamp", "--tsa", authority.url, "--json")
    assert (again.document["fresh"], again.document["seq"], again.document["size"]) == (False, 1, 1)
    listed = run("verify")
    assert "is not counted: its authority (Example TSA) is under no root of yours" in " ".join(listed.out.split())
    found = run("verify", "--tsa-root", str(root))
    assert found.code == 0
    words = " ".join(found.out.split())
    assert "existed entries 0 to 0 by " in words
    assert "(time-stamp of Example TSA)" in words
    assert "each entry is no older than the outside evidence before it and existed by the one after it" in words
    document = run("verify", "--tsa-root", str(root), "--json").document
    assert [one["kind"] for one in document["times"]] == ["token", "pin"]
    assert document["hybrid"] == 1


def test_the_doctor_says_how_far_the_stamps_reach(run, authority):
    run("init", "--origin", "ledger.bank.example/credit", "--as", "mara")
    with open("ledger.toml", "a") as file:
        file.write(f'tsa = "{authority.url}"\n')
    assert "nothing was stamped yet" in " ".join(run("doctor").out.split())
    run("timestamp")
    assert "size 1 at" in " ".join(run("doctor").out.split())
    assert [one["level"] for one in run("doctor", "--json").document["checks"] if one["name"] == "stamps"] == ["ok"]


def test_settings_name_authority_and_roots(run, authority):
    run("init", "--origin", "ledger.bank.example/credit", "--as", "mara")
    with open("ledger.toml", "a") as file:
        file.write(f'tsa = "{authority.url}"\ntsa_roots = "roots.pem"\n')
    assert run("timestamp").error[0].startswith("/")
    with open("roots.pem", "w") as file:
        file.write("nothing")
    assert "holds no certificate" in run("timestamp").error[0]
    with open("roots.pem", "wb") as file:
        file.write(authority.pem())
    assert run("timestamp").code == 0
    assert "time-stamp of Example TSA" in " ".join(run("verify").out.split())

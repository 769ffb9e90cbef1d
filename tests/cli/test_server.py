"""The command line on a ledger in PostgreSQL: from `init` to the doctor, without a password in sight."""

import tomllib
from pathlib import Path

import psycopg
import pytest

from tests.cli.conftest import ORIGIN, VERSION
from tests.servers import at

PASSWORD = "correct-horse"


@pytest.fixture
def owner(server, schema, run):
    """The URL of an owner who is no superuser."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {schema}_owner LOGIN CREATEROLE PASSWORD '{PASSWORD}'")
        connection.execute(f"CREATE ROLE {schema}_trainer LOGIN PASSWORD '{PASSWORD}'")
        for name in (schema, f"{schema}_projections"):
            connection.execute(f"CREATE SCHEMA {name} AUTHORIZATION {schema}_owner")
    return at(server, user=f"{schema}_owner:{PASSWORD}", schema=schema)


def test_from_init_to_doctor(run, owner, server, schema, monkeypatch):
    done = run("init", owner, "--origin", ORIGIN, "--as", "mara")
    assert (done.code, done.err) == (0, "")
    for words in (f"in schema {schema} of postgresql://", f"GRANT {schema}_writer TO", f"GRANT {schema}_reader TO"):
        assert words in " ".join(done.out.split())
    assert "PGUSER and .pgpass" in done.out
    assert max(map(len, done.out.splitlines())) <= 100
    table = tomllib.loads(Path("ledger.toml").read_text())
    assert table["url"] == at(server, schema=schema).replace("postgres@", "")
    assert PASSWORD not in Path("ledger.toml").read_text() + done.out

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"GRANT {schema}_writer TO {schema}_trainer")
    monkeypatch.setenv("LEDGER_URL", at(server, user=f"{schema}_trainer:{PASSWORD}", schema=schema))
    assert run("record", "trained", VERSION, "--artifacts", '{"model": "sha256:' + "b" * 64 + '"}').code == 0
    assert run("record", "deployed", VERSION, "--environment", "production").code == 0
    assert "credit-scoring 3.1.0" in run("production").out
    assert run("rebuild").code == 4  # the tree's hashes are the owner's to make again
    verified = run("verify", "--json")
    assert (verified.code, verified.document["verdict"], verified.document["size"]) == (0, "verified", 3)
    assert {one["kind"] for one in verified.document["vouched_by"]} == {"key", "genesis", "pin"}
    assert [one["type"] for one in run("log", "--json").document["entries"]] == ["genesis", "trained", "deployed"]

    doctor = run("doctor")
    assert f"user {schema}_trainer: insert and select only" in " ".join(doctor.out.split())
    monkeypatch.setenv("LEDGER_URL", owner)
    rebuilt = run("rebuild", "--json")
    assert (rebuilt.code, rebuilt.document["equal"], rebuilt.document["findings"]) == (0, True, [])
    doctor = " ".join(run("doctor").out.split())
    assert f"user {schema}_owner: its owner or a superuser" in doctor
    assert "could take the guards of the entries away" in doctor
    assert PASSWORD not in doctor


def test_init_says_what_is_in_the_way(run, owner, schema, server):
    assert run("init", owner, "--origin", ORIGIN, "--as", "mara").code == 0
    Path("ledger.toml").unlink()
    what, fix = run("init", owner, "--origin", "other.example/x", "--as", "eve").error
    assert f"schema '{schema}'" in what
    assert "is a ledger already; nothing was changed" in what
    assert "?schema=NAME" in fix
    assert not Path("ledger.toml").exists()


def test_a_schema_without_a_ledger(run, server, schema):
    what, fix = run("log", "--ledger", at(server, schema=schema)).error
    assert f"is reachable but schema '{schema}' holds no ledger" in what
    assert fix.startswith("ledger init postgresql://")
    assert fix.endswith("as its owner")


def test_a_password_in_the_settings(run, owner):
    Path("ledger.toml").write_text(f'url = "{owner}"\n')
    done = run("log")
    assert done.code == 2
    assert "ledger.toml:1 holds a password and belongs in Git" in done.error[0]
    assert ".pgpass" in done.error[1]
    assert PASSWORD not in done.err
    assert PASSWORD not in run("doctor").out

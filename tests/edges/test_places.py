"""Which ledger is meant: paths and URLs, settings from Git, and passwords that stay out of sight."""

import os
import subprocess
import sys

import pytest

from ledger.config import resolve
from ledger.errors import Misuse
from ledger.stores import opening
from ledger.stores.opening import locate, password_of, reopening, same_place

PASSWORD = "correct-horse"


@pytest.mark.parametrize(
    ("given", "location"),
    [
        ("ledger.db", "ledger.db"),
        ("sqlite:///ledger.db", "ledger.db"),
        ("sqlite:////srv/ledger.db", "/srv/ledger.db"),
        ("postgresql://db/ml", "postgresql://db/ml"),
        ("postgresql+psycopg://writer@db:6432/ml", "postgresql://writer@db:6432/ml"),
        ("POSTGRESQL://db/ml?sslmode=require", "postgresql://db/ml?sslmode=require"),
        (f"postgresql://writer:{PASSWORD}@db/ml", "postgresql://writer@db/ml"),
        (f"postgresql://writer:{PASSWORD}@a:1,b:2/ml?schema=fraud", "postgresql://writer@a:1,b:2/ml?schema=fraud"),
    ],
)
def test_a_location_has_one_form_and_no_password(given, location):
    assert locate(given, "a test") == location
    assert locate(location, "a test") == location


@pytest.mark.parametrize(
    "given",
    [
        "mysql://db/ml",
        "postgresql+psycopg2://db/ml",
        "http+evil://db/ml",
        "://db",
        "file:ledger.db?mode=memory",
        "FILE:///srv/ledger.db",
        "sqlite:///ledger.db?mode=memory",
        "sqlite:///ledger.db?vfs=other",
        f"postgresql://db/ml?password={PASSWORD}",
        "postgresql://db/ml?passfile=/home/eve/.pgpass",
        "postgresql://db/ml?options=-csearch_path%3Devil",
        "postgresql://db/ml?service=other",
        "postgresql://db/ml?sslmode=require&sslkey=/home/mara/key",
    ],
)
def test_foreign_dialects_and_options_are_refused(given):
    with pytest.raises(Misuse) as caught:
        locate(given, "LEDGER_URL")
    assert caught.value.code == "store"
    assert "LEDGER_URL" in caught.value.message
    assert PASSWORD not in str(caught.value)


def test_a_password_is_remembered_here_and_found_by_other_processes(monkeypatch):
    monkeypatch.setattr(opening, "_passwords", {})
    assert password_of("postgresql://w@db/one") is None
    monkeypatch.setenv("LEDGER_URL", f"postgresql://w:{PASSWORD}%40@db/one")
    assert password_of("postgresql://w@db/one") == f"{PASSWORD}@"
    assert password_of("postgresql://w@db/two") is None
    monkeypatch.delenv("LEDGER_URL")
    assert password_of("postgresql://w@db/one") == f"{PASSWORD}@"
    opener = reopening("postgresql://w@db/one")
    assert opener is not opening.open_read_only
    assert reopening("ledger.db") is opening.open_read_only


def test_a_url_without_a_host_keeps_its_slashes():
    """Hosts may be left to libpq, or be a folder with a socket."""
    assert opening.without_user("postgresql://mara@/ml?host=/run/pg") == "postgresql:///ml?host=/run/pg"
    assert locate(f"postgresql://:{PASSWORD}@/ml", "a test") == "postgresql://@/ml"


def settings(folder, url):
    folder.mkdir(exist_ok=True)
    (folder / "ledger.toml").write_text(f'# a comment\n\nurl = "{url}"\norigin = "ledger.test/one"\n')
    return folder


def test_settings_name_a_server_or_a_file_beside_them(tmp_path):
    assert resolve(start=settings(tmp_path, "postgresql://db/ml")).location == "postgresql://db/ml"
    assert resolve(start=settings(tmp_path, "postgresql://db/ml")).path is None
    assert resolve(start=settings(tmp_path, "sqlite:///x.db")).path == tmp_path / "x.db"
    assert resolve(start=settings(tmp_path, "x.db")).path == tmp_path / "x.db"
    assert resolve(start=settings(tmp_path, "")).path == tmp_path / "ledger.db"


def test_a_password_in_settings_is_refused_by_line(tmp_path):
    with pytest.raises(Misuse) as caught:
        resolve(start=settings(tmp_path, f"postgresql://w:{PASSWORD}@db/ml"))
    assert "ledger.toml:3 holds a password and belongs in Git" in caught.value.message
    assert ".pgpass" in caught.value.fix
    assert PASSWORD not in str(caught.value)


def test_settings_with_a_foreign_location_are_refused(tmp_path):
    for url in ("file:x.db", "mysql://db/ml", "postgresql://db/ml?options=-c"):
        with pytest.raises(Misuse) as caught:
            resolve(start=settings(tmp_path, url))
        assert "ledger.toml" in caught.value.message


def test_what_settings_say_goes_with_the_same_ledger_only(tmp_path, monkeypatch):
    monkeypatch.chdir(settings(tmp_path, "postgresql://db/ml"))
    monkeypatch.setenv("LEDGER_URL", f"postgresql+psycopg://writer:{PASSWORD}@db:5432/ml?sslmode=require")
    place = resolve()
    assert (place.location, place.origin) == ("postgresql://writer@db:5432/ml?sslmode=require", "ledger.test/one")
    assert PASSWORD not in repr(place)
    for other in ("postgresql://db/other", "postgresql://db2/ml", "postgresql://db/ml?schema=fraud", "x.db"):
        monkeypatch.setenv("LEDGER_URL", other)
        assert resolve().origin == ""


def test_the_same_place():
    assert same_place("postgresql://a@db/ml", "postgresql://b@db:5432/ml?sslmode=require")
    assert same_place("postgresql:///ml?host=/run/pg", "postgresql://a@/ml?host=/run/pg")
    assert not same_place("postgresql:///ml?host=/run/pg", "postgresql:///ml?host=/run/other")
    assert not same_place("postgresql://db/ml", "ledger.db")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_a_strangers_settings_in_a_shared_folder_are_not_used(tmp_path, monkeypatch):
    shared = settings(tmp_path / "shared", "planted.db")
    os.chown(shared / "ledger.toml", 12345, 12345)
    inner = shared / "mine"
    inner.mkdir()
    with pytest.raises(Misuse) as caught:
        resolve(start=inner)
    assert caught.value.code == "owner"
    assert "12345" in caught.value.message
    assert resolve(shared / "ledger.toml").path == shared / "planted.db"  # named, it is used
    os.chown(inner, 12345, 12345)
    assert resolve(start=inner).path == shared / "planted.db"  # all of one owner: a mounted checkout


def test_a_server_needs_its_extra():
    """Without psycopg the message names what to install."""
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from ledger.api import Ledger\nfrom ledger.errors import Misuse\n"
        "try: Ledger.open('postgresql://db/ml')\n"
        "except Misuse as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "postgresql:// needs an extra\n  fix: pip install 'lifecycle-ledger[postgres]'\n"

"""`ledger doctor`: each fault is made, and found with what mends it."""

import os
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import ledger as package
from ledger import api
from ledger.api import Ledger
from ledger.cli import doctor
from ledger.cli.doctoring import machine, person
from ledger.cli.doctoring.settings import VARIABLES
from ledger.encoding import time_text
from ledger.spool.file import Spool, spool_path
from tests.cli.conftest import ORIGIN
from tests.spool.conftest import forget, say

TOP = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def closed():
    yield
    forget()


def found(run, *words):
    """The lines of the doctor, by name, as (level, text, fix)."""
    document = run("doctor", "--json", *words).document
    assert document["schema"] == "ledger.doctor/1"
    lines = {}
    for one in document["checks"]:
        lines.setdefault(one["name"], []).append((one["level"], one["text"], one.get("fix", "")))
    levels = [one["level"] for one in document["checks"]]
    assert (document["problems"], document["warnings"]) == (levels.count("fail"), levels.count("warn"))
    return lines


def fails(lines):
    return [(name, text, fix) for name, each in lines.items() for level, text, fix in each if level == "fail"]


def test_a_healthy_ledger(run, story):
    lines = found(run)
    assert fails(lines) == []
    assert lines["config"] == [("ok", "ledger.toml", "")]
    assert lines["store"] == [("ok", f"SQLite, wal mode, ledger.db ({ORIGIN})", "")]
    assert lines["entries"] == [("ok", "6, all sealed", "")]
    assert re.fullmatch(r"mara, SHA256:\S+: admin, approver, compliance, recorder", lines["you"][0][1])
    assert lines["pin"][0][1].startswith("size 6, ")
    assert lines["spool"] == [("ok", "nothing waits (~/.local/state/ledger/spool.db)", "")]
    assert lines["clock"][0][0] == "ok"
    assert lines["log key"][0][0] == "warn"  # the same person writes and seals here
    assert "keys" not in lines
    assert not spool_path().exists()


def test_what_a_person_sees(run, story):
    done = run("doctor")
    assert done.code == 0
    lines = done.out.splitlines()
    assert all(len(line) <= 100 for line in lines)
    assert lines[0] == "ok    config      ledger.toml"
    assert lines[-1] == "0 problems, 2 warnings."
    (story.parent / "ledger.db").chmod(0o666)
    told = run("doctor")
    assert told.code == 1
    assert "fail  store       everybody may write to ledger.db (666)  chmod o-w ledger.db" in told.out
    assert told.out.splitlines()[-1] == "1 problem, 2 warnings."


def test_no_ledger(run):
    lines = found(run)
    ((name, text, fix),) = fails(lines)
    assert (name, fix) == ("config", "ledger init, or set LEDGER_URL")
    assert text.startswith("no ledger found from ")
    assert {"spool", "disk", "versions"} <= lines.keys()


def test_settings_that_are_none_and_settings_that_hide_others(run, ledger, monkeypatch, tmp_path):
    monkeypatch.setenv("LEDGER_MOED", "spool")
    monkeypatch.setenv("LEDGER_URL", str(tmp_path / "other.db"))
    lines = found(run)
    assert ("warn", "LEDGER_MOED is no setting; nearest LEDGER_MODE", "unset LEDGER_MOED") in lines["config"]
    assert any(text.startswith("LEDGER_URL overrides ledger.toml: ") for _, text, _ in lines["config"])
    assert fails(lines) == [
        ("store", f"there is no ledger at {tmp_path / 'other.db'}", lines["store"][0][2]),
    ]
    assert os.environ["LEDGER_URL"] == str(tmp_path / "other.db")


def test_no_value_that_may_be_secret_is_printed(run, ledger, monkeypatch):
    monkeypatch.setenv("LEDGER_KEY_PASSPHRASE_COMMAND", "echo hunter2")
    monkeypatch.setenv("LEDGER_URL", "postgresql://mara:hunter2@127.0.0.1:9/ml?connect_timeout=1")
    done = run("doctor", "--json")
    assert "LEDGER_KEY_PASSPHRASE_COMMAND" in done.out
    assert "hunter2" not in done.out + done.err


def test_every_variable_that_is_read_is_known_to_the_doctor():
    read = set()
    for path in (TOP / "ledger").rglob("*.py"):
        read |= set(re.findall(r"environ(?:\.get)?[(\[]\s*\"(LEDGER_[A-Z_]+)\"", path.read_text("utf-8")))
    assert {"LEDGER_URL", "LEDGER_SPOOL"} <= read
    assert read <= VARIABLES.keys()


def test_settings_that_vouch_for_no_key(run, ledger):
    settings = Path("ledger.toml")
    lines = [one for one in settings.read_text().splitlines() if not one.startswith(("key", "genesis"))]
    settings.write_text("\n".join(lines) + "\n")
    told = found(run)["config"][1]
    assert told[:2] == ("warn", "ledger.toml does not say key and genesis: nothing vouches for the log's key")


@pytest.mark.parametrize("mode", ["off", "spool"])
def test_a_mode_that_records_nothing_here(run, ledger, monkeypatch, mode):
    monkeypatch.setenv("LEDGER_MODE", mode)
    assert found(run)["mode"][0][0] == "warn"


def test_guards_that_were_removed(run, ledger):
    subprocess.run(
        ["python3", "-c", "import sqlite3; sqlite3.connect('ledger.db').execute('DROP TRIGGER entries_no_update')"],
        check=True,
    )
    ((name, text, _),) = fails(found(run))
    assert (name, "triggers" in text) == ("store", True)


def test_another_journal_than_the_wal(run, ledger):
    code = "import sqlite3; sqlite3.connect('ledger.db').execute('PRAGMA journal_mode=DELETE')"
    subprocess.run(["python3", "-c", code], check=True)
    lines = found(run)
    assert lines["store"][1][:2] == ("warn", "delete mode: readers and writers wait for each other")
    assert fails(lines) == []


def test_keys_that_others_can_read(run, ledger, home):
    path = home / ".config/ledger/keys/mara.key"
    path.chmod(0o640)
    lines = found(run)
    assert lines["keys"][0][:2] == ("fail", "~/.config/ledger/keys/mara.key can be read by others (640)")
    assert lines["keys"][0][2] == "chmod 600 ~/.config/ledger/keys/mara.key"
    assert lines["you"][0][0] == "fail"


def test_no_key_and_a_key_that_nobody_authorised(run, ledger, home):
    keys = home / ".config/ledger/keys"
    (keys / "mara.key").rename(home / "mara.key")
    assert found(run)["you"][0][:1] == ("warn",)
    assert run("key", "new", "eve").code == 0
    assert found(run)["you"][0][0] == "warn"


def test_the_logs_key_of_another_log(run, ledger, home, tmp_path):
    keys = home / ".config/ledger/keys"
    with Ledger.create(tmp_path / "two.db", origin="ledger.test/two", actor="mara"):
        pass
    shutil.copy(keys / "ledger.test+two.key", keys / f"{ORIGIN.replace('/', '+')}.key")
    assert tuple({name for name, _, _ in fails(found(run))} - {"you"}) == ("log key",)


def test_without_the_logs_key_what_is_not_sealed_is_told(run, story, home):
    path = home / f".config/ledger/keys/{ORIGIN.replace('/', '+')}.key"
    path.rename(home / "away.key")
    assert run("record", "acme.example/note", "--text", "one").code == 0
    lines = found(run)
    assert re.fullmatch(r"1 of 7 not sealed, the oldest for \d+ s: no checkpoint covers them", lines["entries"][0][1])
    assert lines["log key"][0][0] == "ok"


def test_a_ledger_that_is_older_than_its_pin(run, story):
    copy = Path("copy.db")
    with Ledger.open("ledger.db") as opened:
        opened.close()
    shutil.copy("ledger.db", copy)
    assert run("record", "acme.example/note", "--text", "one").code == 0
    assert run("verify").code == 0
    for path in (Path("ledger.db"), *Path().glob("ledger.db-*")):
        path.unlink(missing_ok=True)
    copy.rename("ledger.db")
    ((_, text, _),) = [one for one in fails(found(run)) if one[0] == "pin"]
    assert "an old copy?" in text


def test_no_pin_and_one_that_is_none(run, story, monkeypatch, tmp_path):
    monkeypatch.setenv("LEDGER_PIN", str(tmp_path / "pin.json"))
    assert found(run)["pin"][0][0] == "warn"
    (tmp_path / "pin.json").write_text("{}")
    assert found(run)["pin"][0][0] == "fail"


def test_what_waits(run, ledger):
    Path("ledger.db").rename("gone.db")
    say(1)
    Path("gone.db").rename("ledger.db")
    level, text, fix = found(run)["spool"][0]
    assert (level, fix) == ("warn", "ledger spool flush")
    assert re.fullmatch(r"1 waits, the oldest for \d+ s", text)
    box = Spool(spool_path())
    (item,) = box.items()
    with box._opened as connection:
        old = time_text(datetime.now(UTC) - timedelta(hours=26))
        connection.execute("UPDATE waiting SET since = ?", (old,))
    assert found(run)["spool"][0] == ("fail", "1 waits, the oldest for 26 h", "ledger spool flush")
    box.set_aside(item, "why")
    assert found(run)["spool"][0] == ("fail", "1 set aside", "ledger spool list")
    box.close()


def test_drafts_and_a_spool_that_is_none(run, ledger, monkeypatch, tmp_path):
    with pytest.raises(package.Misuse):
        package.record.evaluated(system="a", version="1", metrics={"auc": float("nan")})
    assert found(run)["spool"][1][:2] == ("warn", "1 unsigned draft")
    (tmp_path / "spool.db").write_text("no spool")
    monkeypatch.setenv("LEDGER_SPOOL", str(tmp_path / "spool.db"))
    assert found(run)["spool"][0][0] == "fail"


def test_a_clock_behind_the_newest_entry(run, ledger, monkeypatch):
    ahead = time_text(datetime.now(UTC) + timedelta(minutes=3))
    monkeypatch.setattr(api, "_now", lambda: ahead)
    assert run("record", "acme.example/note", "--text", "one").code == 0
    level, text, fix = found(run)["clock"][0]
    assert (level, fix) == ("warn", "set the clock (NTP)")
    assert text.startswith("this clock is 2 min behind the newest entry")
    monkeypatch.setattr(machine, "CLOCK_SECONDS", 60)
    assert found(run)["clock"][0][0] == "fail"


def test_little_room(run, ledger, monkeypatch):
    monkeypatch.setattr(machine, "LITTLE", 1 << 60)
    assert found(run)["disk"][0][0] == "warn"
    monkeypatch.setattr(machine, "TOO_LITTLE", 1 << 59)
    ((name, _, fix),) = fails(found(run))
    assert (name, fix) == ("disk", "free space")


MOUNTS = r"""22 1 0:20 / / rw,relatime - ext4 /dev/root rw
40 22 0:35 / /mnt/a\040share rw - nfs4 server:/x rw
41 40 0:36 / /mnt/a\040share/inner rw shared:3 - xfs /dev/sdb rw
odd line
42 22 0:37 / /mnt/win rw - cifs //server/x rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/mnt/a share/x/ledger.db", "nfs4"),
        ("/mnt/a share", "nfs4"),
        ("/mnt/a share/inner/x", "xfs"),
        ("/mnt/a sharex", "ext4"),
        ("/mnt/win/x", "cifs"),
        ("/srv/x", "ext4"),
    ],
)
def test_which_file_system_a_path_is_on(tmp_path, path, kind):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert machine.file_system(Path(path), mounts) == kind
    assert machine.file_system(Path(path), tmp_path / "none") == ""


def test_a_ledger_and_a_spool_on_a_share(run, ledger, monkeypatch):
    monkeypatch.setattr(machine, "file_system", lambda *_: "nfs4")
    shares = [one for one in fails(found(run)) if "its locks are not safe" in one[1]]
    assert [name for name, _, _ in shares] == ["store", "spool"]
    assert shares[0] == ("store", "store ledger.db is on nfs4: its locks are not safe", shares[0][2])


def test_a_spool_that_goes_with_its_container(run, ledger, monkeypatch):
    monkeypatch.setattr(person, "_in_container", lambda: True)
    monkeypatch.setattr(person, "file_system", lambda *_: "overlay")
    assert found(run)["spool"][1][2] == "mount a volume, set LEDGER_SPOOL"


def test_every_check_is_a_row_of_the_table():
    written = [
        function
        for module in (doctor.settings, doctor.store, doctor.person, doctor.machine)
        for name, function in vars(module).items()
        if getattr(function, "__module__", "") == module.__name__
        and "patient" in getattr(getattr(function, "__code__", None), "co_varnames", ())[:1]
        and not name.startswith("_")
    ]
    assert set(written) == set(doctor.CHECKS)

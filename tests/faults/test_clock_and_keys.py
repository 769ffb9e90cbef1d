"""A clock that steps back, and keys that are not to be used."""

import os
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from ledger import api, encoding
from ledger.api import Ledger
from ledger.config import keys_folder, log_key_path
from ledger.errors import Misuse, Unavailable
from ledger.fresh import new_id
from ledger.keys.ed25519 import Ed25519Signer
from ledger.keys.files import save
from ledger.keys.log_key import LogKey
from tests.log.acts import say


def clock(monkeypatch, **away):
    now = encoding.time_text(datetime.now(UTC) + timedelta(**away))
    monkeypatch.setattr(api, "_now", lambda: now)
    return now


def test_a_clock_far_behind_the_log_is_unavailable(told, monkeypatch):
    newest = say(told, 1).recorded
    told.close()
    now = clock(monkeypatch, minutes=-10)
    with pytest.raises(Unavailable) as caught:
        say(told, 2)
    error = caught.value
    assert (error.code, error.outcome) == ("clock", "not recorded")
    assert now in error.message
    assert newest in error.message
    assert len(told) == 17


def test_a_clock_a_little_behind_makes_recorded_stand_still(told, monkeypatch):
    newest = say(told, 1).recorded
    told.close()
    clock(monkeypatch, minutes=-1)
    assert [say(told, number).recorded for number in (2, 3)] == [newest, newest]
    assert told.verify().verdict == "VERIFIED"


def test_the_clock_steps_back_between_two_recordings(told, monkeypatch):
    say(told, 1)
    told._log()._now = lambda: encoding.time_text(datetime.now(UTC) - timedelta(minutes=6))
    with pytest.raises(Unavailable) as caught:
        say(told, 2)
    assert caught.value.code == "clock"
    assert len(told) == 17


DAY = 86_400
OFF = (-3, 5, -290, -310, 3, -3_600, 290, -30 * DAY, 295, -2 * DAY, 3_600, 0, DAY, 0)  # seconds by which it is wrong


def test_a_clock_that_is_stepped_between_any_two_events(told, caused):
    """Whatever it says: `recorded` never decreases, what was acknowledged is there; a clock set right goes on."""
    found, acknowledged = caused("record", "clock stepped"), []
    for number in range(6):
        right = 3 * DAY * number
        for off in (0, *OFF):
            now = datetime.now(UTC) + timedelta(seconds=right + off)
            late = encoding.time_text(now + timedelta(minutes=5)) < told.find(-1).recorded
            told._log()._now = lambda now=now: encoding.time_text(now)
            found.caused += off != 0
            id = new_id()
            try:
                acknowledged.append(say(told, number, id=id).id)
            except Unavailable as error:
                refused = error.code
                found.refuse(error.code, error.outcome)
                with pytest.raises(Misuse):
                    told.find(id)
            else:
                refused = ""
            assert refused == ("clock" if late else "")
    told.close()
    with Ledger.open(told.path) as after:
        times = [entry.recorded for entry in after]
        assert times == sorted(times)
        found.judge(acknowledged, [entry.statement.id for entry in after])
        assert after.verify().failures == ()
    assert 10 < found.refused["clock"] < 6 * len(OFF)


def test_a_time_ahead_of_the_clock(told):
    def at(**ahead):
        return encoding.time_text(datetime.now(UTC) + timedelta(**ahead))

    with pytest.raises(Misuse) as caught:
        told.record("acme.example/note", text="a", time=at(minutes=6))
    assert caught.value.code == "time_ahead"
    assert told.record("acme.example/note", text="a", time=at(minutes=4)).seq == 16
    assert told.verify().findings == ()


def test_the_key_of_another_log(told, tmp_path):
    save(tmp_path / "other.key", LogKey.generate(told.origin).to_pem())
    with Ledger.open(told.path, log_key=tmp_path / "other.key") as other, pytest.raises(Misuse) as caught:
        say(other)
    assert caught.value.code == "log_key"
    assert len(told) == 16


def test_the_key_of_another_log_where_this_logs_key_should_be(told, tmp_path):
    log_key_path(told.origin).unlink()
    save(log_key_path(told.origin), LogKey.generate("ledger.test/two").to_pem())
    with pytest.raises(Misuse) as caught:
        say(told)
    assert caught.value.code == "log_key"
    assert len(told) == 16


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
@pytest.mark.parametrize("which", ["mara.key", "ledger.test+one.key"])
def test_a_key_that_others_can_read(told, which, mode):
    path = keys_folder() / which
    os.chmod(path, mode)
    with pytest.raises(Misuse) as caught:
        say(told)
    assert caught.value.code == "key_mode"
    assert f"chmod 600 {path}" in caught.value.fix
    assert len(told) == 16
    os.chmod(path, 0o600)
    assert say(told).seq == 16


def test_a_key_that_nobody_authorised(told, tmp_path):
    save(tmp_path / "eve.key", Ed25519Signer.generate().to_pem())
    with Ledger.open(told.path, key=tmp_path / "eve.key") as hers, pytest.raises(Misuse) as caught:
        say(hers)
    assert caught.value.code == "unauthorised"
    assert len(told) == 16


def test_no_key_at_all(told):
    shutil.rmtree(keys_folder())
    with pytest.raises(Misuse) as caught:
        say(told)
    assert caught.value.code == "no_key"
    assert len(told) == 16


def test_an_authors_key_is_no_logs_key_and_the_other_way_round(told):
    with Ledger.open(told.path, log_key=keys_folder() / "mara.key") as one, pytest.raises(Misuse) as caught:
        say(one)
    assert caught.value.code == "key_kind"
    with Ledger.open(told.path, key=log_key_path(told.origin)) as one, pytest.raises(Misuse) as caught:
        say(one)
    assert caught.value.code == "key_kind"
    assert len(told) == 16


def test_an_administrator_puts_back_the_clock_of_the_log(told):
    """A writer was years ahead: nobody can record until an administrator says so; then all go on from there."""
    with pytest.MonkeyPatch.context() as patch:
        clock(patch, days=3650)
        ahead = say(told, 1).recorded
        told.close()
    with pytest.raises(Unavailable) as caught:
        say(told, 2)
    assert "clock_reset" in caught.value.fix
    reset = told.record("clock_reset", reason="node 7 had a dead battery")
    assert reset.seq == 17
    assert reset.recorded < ahead
    after = [say(told, number).recorded for number in (3, 4)]
    assert reset.recorded <= after[0] <= after[1] < ahead
    report = told.verify()
    assert (report.verdict, report.covered) == ("VERIFIED", 20)
    told.close()
    with Ledger.open(told.path) as again:
        say(again, 5)
    with pytest.raises(Misuse):
        told.record("clock_reset")


def test_nobody_else_puts_back_the_clock(told, tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        clock(patch, days=1)
        say(told, 1)
        told.close()
    with Ledger.open(told.path, key=tmp_path / "ana.key") as hers, pytest.raises(Misuse) as caught:
        hers.record("clock_reset", reason="mine is right")
    assert caught.value.code == "role"
    assert len(told) == 17

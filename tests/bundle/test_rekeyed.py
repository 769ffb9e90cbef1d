"""A log whose keys were replaced, as an auditor gets it: in a bundle, and as published files."""

import pytest

from ledger.bundle.export import export_bundle, is_closed
from ledger.config import keys_folder
from ledger.keys.files import load_signer
from ledger.notes.verifier import VerifierKey
from ledger.policy import Policy, Trusted
from ledger.publish import publish
from ledger.rekeying import prepare_recovery, recover_log_key, rotate_log_key
from ledger.stores.folder import Folder
from ledger.stores.static import open_static
from ledger.verify import verify_log
from tests.bundle.packing import both, pack, unpack
from tests.log.acts import say

BOARD = {"acme.example/board": {"batch": False, "roles": ["admin"], "trust": True}}


@pytest.fixture
def rotated(told):
    """17 entries under the first key, the rest under a second; a pin from before."""
    pin = told.close_checkpoint()
    done = rotate_log_key(told, "yearly")
    say(told, 60)
    told.close_checkpoint()
    return told, [key.text for key in told.genesis.log_keys], list(done.keys), pin


def sent(ledger, folder):
    publish(ledger.store, ledger.close_checkpoint(), Folder(folder))
    return open_static(str(folder))


def by(**trust):
    pins = tuple(Trusted(note, "a pin", "pin") for note in trust.get("pins", ()))
    return Policy(keys=tuple(map(VerifierKey.parse, trust.get("keys", ()))), key_source="a test", checkpoints=pins)


def test_whoever_knows_the_old_key_follows(rotated, tmp_path):
    ledger, old, new, pin = rotated
    path = tmp_path / "b.zip"
    export_bundle(ledger.store, ledger.genesis, path)
    assert unpack(path)["keys.txt"].decode().split("\n")[2:4] == new
    assert is_closed(ledger.store.head(), [VerifierKey.parse(key) for key in new])
    published = sent(ledger, tmp_path / "out")
    for trust in ({"keys": old[:1]}, {"keys": old}, {"keys": new[:1]}, {"keys": new}, {"pins": [pin]}):
        assert both(path, **trust).verdict == "VERIFIED", trust
        report = verify_log(published, by(**trust))
        assert report.verdict == "VERIFIED", trust
        assert "log_key_rotated" in {one.code for one in report.findings}
    assert both(path).verdict == "UNPINNED"


def test_the_hand_over_cannot_be_left_out(rotated, tmp_path):
    ledger, old, new, _ = rotated
    path = tmp_path / "b.zip"
    export_bundle(ledger.store, ledger.genesis, path)
    kept = unpack(path)
    assert len(kept["checkpoints.jsonl"].splitlines()) >= 2
    lines = [line for line in kept["checkpoints.jsonl"].splitlines(keepends=True) if b"\\n17\\n" not in line]
    assert len(lines) == len(kept["checkpoints.jsonl"].splitlines()) - 1
    cut = pack(tmp_path / "cut.zip", {**kept, "checkpoints.jsonl": b"".join(lines)})
    for key in (old[0], new[0]):
        assert both(cut, keys=[key])[:3] == ("BROKEN", 16, 3)


def test_nobody_follows_over_a_recovery(told, tmp_path):
    old = told.genesis.log_keys[0].text
    recovery, _ = prepare_recovery(told)
    done = recover_log_key(told, recovery.signed(load_signer(keys_folder() / "mara.key")), "stolen")
    say(told, 61)
    told.close_checkpoint()
    path = tmp_path / "b.zip"
    export_bundle(told.store, told.genesis, path)
    published = sent(told, tmp_path / "out")
    assert both(path, keys=[old]).verdict == "UNVERIFIABLE"
    assert both(path, keys=[done.keys[0]]).verdict == "VERIFIED"
    assert verify_log(published, by(keys=[old])).verdict == "UNVERIFIABLE"
    assert verify_log(published, by(keys=[done.keys[0]])).verdict == "VERIFIED"


def test_a_type_that_changes_trust_from_a_policy_on(told, tmp_path):
    """Published files hold no list of such entries: it is made from them, by the table in force at each."""
    told.record("acme.example/board", text="before the rule it changes nothing", log=told.genesis_leaf)
    told.record("policy_set", kind="roles", value=BOARD)
    published = sent(told, tmp_path / "out")
    assert 16 not in published.authority()
    assert published.authority()[-1] == 17
    assert verify_log(published, by(keys=[told.genesis.log_keys[0].text])).verdict == "VERIFIED"

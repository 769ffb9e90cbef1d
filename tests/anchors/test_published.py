"""Time-stamps go with what is published, and are judged there by the same rules."""

from ledger.anchors.stamping import stamp
from ledger.api import Ledger
from ledger.policy import Policy
from ledger.publish import publish
from ledger.stores.folder import Folder
from tests.log.acts import say


def test_a_published_time_stamp_is_judged_offline(ledger, authority, tmp_path):
    say(ledger)
    stamp(ledger, authority.url, roots=(authority.pem(),))
    publish(ledger.store, ledger.close_checkpoint(), Folder(tmp_path / "public"))
    policy = Policy(keys=ledger.genesis.log_keys, key_source="test", tsa_roots=(authority.pem(),))
    with Ledger.open(tmp_path / "public") as read:
        assert read.store.anchors() == ledger.store.anchors()
        report = read.verify(policy)
    assert report.verdict == "VERIFIED"
    assert report.times == ledger.verify(policy).times
    assert [one[:3] for one in report.times] == [("token", "Example TSA", 2)]


def test_a_changed_time_stamp_is_broken(ledger, authority, tmp_path):
    say(ledger)
    stamp(ledger, authority.url)
    publish(ledger.store, ledger.close_checkpoint(), Folder(tmp_path / "public"))
    path = tmp_path / "public/ledger/3/anchors"
    lies = {
        "less": path.read_bytes().replace(b'"size":2', b'"size":1'),
        "more": path.read_bytes().replace(b'"size":2', b'"size":3'),
        "another": path.read_bytes() + b"{}\n",
        "cut": path.read_bytes()[:-1],
    }
    for lie in lies.values():
        path.write_bytes(lie)
        with Ledger.open(tmp_path / "public") as read:
            report = read.verify(Policy(keys=ledger.genesis.log_keys, key_source="test"))
        assert report.verdict == "BROKEN", lie
        assert report.failures[0].check == 22

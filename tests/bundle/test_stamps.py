"""Time-stamps in a bundle: carried whole, judged by both as far as each can; openssl reads what lies there."""

import json

import msgspec
import pytest

from ledger.anchors.stamping import stamp
from ledger.bundle.checks import verify_store
from ledger.bundle.export import export_bundle
from ledger.bundle.store import BundleStore
from ledger.policy import Policy
from tests.anchors.conftest import _made, authority  # noqa: F401 - fixtures
from tests.bundle.packing import both, pack, unpack
from tests.log.acts import say
from tests.reference.second import PURE, SECOND


@pytest.fixture
def stamped(told, authority, tmp_path):  # noqa: F811
    """A log with a stamp over 16 entries, and a rehash over 18, and its bundle."""
    stamp(told, authority.url)
    say(told, 50)
    stamp(told, authority.url, new_hash=True)
    told.close_checkpoint()
    path = tmp_path / "b.zip"
    export_bundle(told.store, told.genesis, path)
    return path, [key.text for key in told.genesis.log_keys], authority


def test_all_that_a_stamp_needs_is_in_the_bundle(stamped):
    path, keys, authority = stamped  # noqa: F811
    files = unpack(path)
    assert [json.loads(line)["kind"] for line in files["timestamps.jsonl"].splitlines()] == ["checkpoint", "rehash"]
    for number in (1, 2):
        names = [f"timestamps/{number}/{name}" for name in ("imprinted", "token.der", "proofs.pem")]
        imprinted, token, proofs = map(files.__getitem__, names)
        assert authority.accepts(imprinted, token, proofs)
    assert both(path, keys=keys).verdict == "VERIFIED"
    policy = Policy(tsa_roots=(authority.pem(),), key_source="test")
    store = BundleStore(str(path))
    report = verify_store(store, policy)
    store.close()
    assert [(one.kind, one.size) for one in report.times] == [("token", 16), ("token", 18)]
    said = SECOND.verify_bundle(str(path), keys)
    assert [one.what.split(":")[0] for one in said.findings if one.check == 22] == [
        "time-stamp 1, of size 16",
        "time-stamp 2, of size 18",
    ]
    assert all("not judged here" in one.what for one in said.findings if one.check == 22)
    assert PURE.verify_bundle(str(path), keys).verdict == "VERIFIED"


def bent(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def other_bytes(files):
    return {**files, "timestamps/1/imprinted": files["timestamps/1/imprinted"] + b"\n"}


def other_token(files):
    return {**files, "timestamps/1/token.der": files["timestamps/2/token.der"]}


def no_token(files):
    return {name: data for name, data in files.items() if name != "timestamps/2/token.der"}


def cut_token(files):
    return {**files, "timestamps/1/token.der": files["timestamps/1/token.der"][:-40]}


def another_event(files):
    """The entry that is named records another token, or none."""
    line = files["timestamps.jsonl"].splitlines()
    event = json.loads(line[1])["event"]
    first = json.loads(line[0]) | {"event": event}
    return {**files, "timestamps.jsonl": msgspec.json.encode(first, order="sorted") + b"\n" + line[1] + b"\n"}


def numbered_from_two(files):
    return {**files, "timestamps.jsonl": files["timestamps.jsonl"].replace(b'"number":1', b'"number":3')}


def of_another_kind(files):
    return {**files, "timestamps.jsonl": files["timestamps.jsonl"].replace(b'"checkpoint"', b'"receipt"')}


def a_rehash_of_other_tokens(files):
    """The first stamp is taken away: the rehash was made over it."""
    line = json.loads(files["timestamps.jsonl"].splitlines()[1]) | {"number": 1}
    kept = {name: data for name, data in files.items() if not name.startswith("timestamps/1/")}
    moved = {name.replace("timestamps/2/", "timestamps/1/"): data for name, data in kept.items()}
    return {**moved, "timestamps.jsonl": msgspec.json.encode(line, order="sorted") + b"\n"}


CHANGES = [
    other_bytes, other_token, no_token, cut_token, another_event, numbered_from_two, of_another_kind,
    a_rehash_of_other_tokens,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_stamp_that_was_changed(stamped, change, tmp_path):
    path, keys, _ = stamped
    said = both(pack(tmp_path / "t.zip", change(unpack(path))), keys=keys)
    assert (said.verdict, said.seq) == ("BROKEN", None)
    assert said.check in (2, 22)


def test_an_entry_changed_under_a_rehash(stamped, tmp_path):
    path, keys, _ = stamped
    files = unpack(path)
    files["entries.jsonl"] = files["entries.jsonl"].replace(b'"auc":0.05', b'"auc":0.06')
    assert both(pack(tmp_path / "t.zip", files), keys=keys)[:2] == ("BROKEN", 17)


TOKENS = [b"", b"\x30", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", b"\x30\x03\x02\x01\x01", b"\xff" * 9]


@pytest.mark.parametrize("data", TOKENS)
def test_what_is_no_token(data):
    with pytest.raises(SECOND.Bad):
        SECOND.read_token(data)

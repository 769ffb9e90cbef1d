"""Signatures and the keys below them: Wycheproof, points of small and mixed order, keys of the vectors."""

import base64
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import signatures
from ledger.errors import Misuse
from ledger.notes.verifier import ED25519, VerifierKey
from tests.reference.second import SECOND

VECTORS = Path(__file__).parents[1] / "vectors"
INDEX = json.loads((VECTORS / "index.json").read_text())["logs"]
WYCHEPROOF = json.loads((VECTORS / "thirdparty/wycheproof/ed25519.json").read_text())["tests"]
LOG = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.mark.parametrize("case", WYCHEPROOF, ids=lambda case: f"{case['tcId']}-{case['comment']}")
def test_wycheproof_ed25519(case):
    public, message, signature = (bytes.fromhex(case[key]) for key in ("public", "msg", "sig"))
    assert signatures.verify_ed25519(public, message, signature) == (case["result"] == "valid")


def test_every_key_of_wycheproof_is_of_prime_order():
    keys = {bytes.fromhex(case["public"]) for case in WYCHEPROOF}
    for public in keys:
        signatures.check_point(public)
    assert len(keys) > 5


P = 2**255 - 19
ORDER_8 = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
OTHER_8 = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
SMALL = [bytes([1]) + bytes(31), (P - 1).to_bytes(32, "little"), bytes(32), ORDER_8, OTHER_8]
SMALL += [P.to_bytes(32, "little"), (P + 1).to_bytes(32, "little")]
SMALL += [data[:31] + bytes([data[31] ^ 0x80]) for data in SMALL]


@pytest.mark.parametrize("public", SMALL, ids=bytes.hex)
def test_the_14_spellings_of_points_of_small_order_are_refused(public):
    with pytest.raises(Misuse) as raised:
        signatures.check_point(public)
    assert raised.value.code == "bad_point"
    assert not SECOND.is_prime_order(public)


@pytest.mark.parametrize("one", [one for one in INDEX if "-point-" in one["name"] or one["name"].startswith("point-")])
def test_points_of_the_vectors_are_refused(one):
    last = b"".join((VECTORS / file).read_bytes() for file in one["entries"]).splitlines()[-1]
    said = json.loads(last)["statement"]["data"]
    keys = said.get("keys") or said["administrators"][1]["keys"]
    with pytest.raises(Misuse):
        signatures.check_point(base64.b64decode(keys[0]["public"]))


def test_mixed_points_are_refused_and_good_ones_are_not():
    """A point of prime order, and the same moved by a point of order 2, 4 or 8, by the reference's own arithmetic."""
    good = LOG.public_key().public_bytes_raw()
    signatures.check_point(good)
    moved = {SECOND.write_point(SECOND.add(*map(SECOND.read_point, (good, small)))) for small in SMALL[1:5]}
    assert len(moved) == 4
    for public in moved:
        with pytest.raises(Misuse, match="prime order"):
            signatures.check_point(public)


# ---- the extra `fast`: libsodium's yes is enough, its no is asked again ----


@pytest.fixture(scope="module")
def sodium():
    """libsodium's own answer."""
    pytest.importorskip("nacl", reason="the extra `fast` is not installed")
    return signatures.sodium()


@pytest.fixture
def openssl(monkeypatch):
    """The package's answer where the extra is not installed."""
    signatures._ed25519.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(signatures, "sodium", lambda: None)
        yield lambda *words: signatures.verify_ed25519(*words)
    signatures._ed25519.cache_clear()


def odd_cases():
    """What is at the edge: points of small and mixed order as A and as R, scalars at and beyond the order."""
    order = 2**252 + 27742317777372353535851937790883648493
    good = LOG.public_key().public_bytes_raw()
    points = [
        *SMALL,
        good,
        *(SECOND.write_point(SECOND.add(*map(SECOND.read_point, (good, one)))) for one in SMALL[1:5]),
    ]
    for public in points:
        for first in points:
            for scalar in (0, 1, order - 1, order, order + 1, 2**255 - 1, 2**256 - 1):
                yield public, b"message", first + scalar.to_bytes(32, "little")
    for case in WYCHEPROOF:
        yield tuple(bytes.fromhex(case[key]) for key in ("public", "msg", "sig"))
    signature = LOG.sign(b"message")
    for at in range(0, 512, 7):
        yield good, b"message", (int.from_bytes(signature, "big") ^ 1 << at).to_bytes(64, "big")
    yield from ((good, b"message", part) for part in (signature, signature[:63], signature + b"\0", b""))


def test_a_yes_of_libsodium_is_a_yes_of_openssl_and_the_two_together_are_openssl(sodium, openssl):
    cases = list(odd_cases())
    alone = [openssl(*case) for case in cases]
    theirs = [sodium(*case) for case in cases]
    assert not [case for case, one, other in zip(cases, alone, theirs, strict=True) if other and not one]
    assert sum(theirs) < sum(alone)  # of small order libsodium takes none: such a no is judged again
    signatures._ed25519.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signatures, "sodium", lambda: sodium)
        assert [signatures.verify_ed25519(*case) for case in cases] == alone


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_other_lengths_are_no_points(length):
    public = LOG.public_key().public_bytes_raw() * 2
    with pytest.raises(Misuse):
        signatures.check_point(public[:length])
    assert not signatures.verify_ed25519(public[:length], b"", bytes(64))


def test_a_signature_fits_one_message():
    """Under the neutral point this signature would fit every message."""
    for public in SMALL[:1]:
        forged = bytes([1]) + bytes(63)
        assert signatures.verify_ed25519(
            public, b"any", forged
        )  # the equation holds: which keys may be is check_point's
        with pytest.raises(Misuse):
            VerifierKey.make("example.com/log", ED25519, public)
    good = LOG.sign(b"message")
    public = LOG.public_key().public_bytes_raw()
    assert signatures.verify_ed25519(public, b"message", good)
    for spoilt in (good[:63], good + b"\0", good[::-1], b"", bytes(64)):
        assert not signatures.verify_ed25519(public, b"message", spoilt)


# ---- signing ----


@pytest.mark.parametrize("fast", [True, False])
def test_libsodium_and_openssl_make_the_same_signatures(monkeypatch, fast):
    """A key signs by OpenSSL at first, then by libsodium, where it is installed."""
    if fast:
        pytest.importorskip("nacl", reason="the extra `fast` is not installed")
    else:
        monkeypatch.setitem(sys.modules, "nacl.bindings", None)
    asked = []
    private = SimpleNamespace(
        sign=lambda message: asked.append(message) or LOG.sign(message),
        private_bytes_raw=LOG.private_bytes_raw, public_key=LOG.public_key,
    )  # fmt: skip
    sign = signatures.ed25519_signing(private)
    messages = [b"m" * number for number in range(3 * signatures.FEW)]
    assert [sign(message) for message in messages] == [LOG.sign(message) for message in messages]
    assert len(asked) == (signatures.FEW - 1 if fast else len(messages))

"""The second verifier's own Ed25519 and ML-DSA-44, which it uses where `cryptography` is not installed."""

import json
import random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from tests.reference.second import PURE, SECOND
from tests.reference.test_reference import VECTORS

WYCHEPROOF = json.loads((VECTORS / "thirdparty/wycheproof/ed25519.json").read_text())["tests"]
P, L = PURE.P, PURE.L
SMALL = [bytes([1]) + bytes(31), (P - 1).to_bytes(32, "little"), bytes(32)]
SMALL += [bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")]


@pytest.mark.parametrize("case", WYCHEPROOF, ids=lambda case: str(case["tcId"]))
def test_wycheproof(case):
    public, message, signature = (bytes.fromhex(case[key]) for key in ("public", "msg", "sig"))
    assert PURE.ed25519(public, message, signature) == (case["result"] == "valid")


def test_ed25519_agrees_on_changed_bits():
    dice = random.Random(8032)
    for _ in range(40):
        private = Ed25519PrivateKey.from_private_bytes(dice.randbytes(32))
        public, message = private.public_key().public_bytes_raw(), dice.randbytes(dice.randrange(200))
        signature = private.sign(message)
        assert PURE.ed25519(public, message, signature)
        for _ in range(3):
            at = dice.randrange(512)
            changed = bytearray(signature)
            changed[at // 8] ^= 1 << at % 8
            assert not PURE.ed25519(public, message, bytes(changed))
        assert not PURE.ed25519(public, message + b"x", signature)


def test_ed25519_agrees_under_points_of_small_order_and_on_odd_spellings():
    """What OpenSSL accepts and refuses where R, S or A are at the edge. Which keys may be used is another test."""
    dice, seen = random.Random(25519), set()
    odd = [*SMALL, (P + 1).to_bytes(32, "little"), bytes([1]) + bytes(30) + b"\x80", b"\xff" * 32]
    for public in odd:
        for r in odd:
            for s in (0, 1, L - 1, L, L + 1, 2**256 - 1):
                signature, message = r + s.to_bytes(32, "little"), dice.randbytes(4)
                verdict = SECOND.ed25519(public, message, signature)
                assert PURE.ed25519(public, message, signature) == verdict, (public.hex(), signature.hex())
                seen.add(verdict)
    assert seen == {True, False}


def test_mldsa44_agrees_on_changed_bits():
    dice = random.Random(204)
    for _ in range(3):
        private = MLDSA44PrivateKey.from_seed_bytes(dice.randbytes(32))
        public, message = private.public_key().public_bytes_raw(), dice.randbytes(100)
        signature = private.sign(message)
        assert PURE.mldsa44(public, message, signature)
        # One bit of the challenge, of each polynomial of z, of the hints and of their counts.
        for at in (3, 40, 700, 1300, 1900, 2336, 2400, 2415, 2416, 2419):
            changed = bytearray(signature)
            changed[at] ^= 1 << dice.randrange(8)
            verdict = SECOND.mldsa44(public, message, bytes(changed))
            assert PURE.mldsa44(public, message, bytes(changed)) == verdict is False
        assert not PURE.mldsa44(public, message + b"x", signature)
        assert not PURE.mldsa44(public, message, signature[:-1])
        assert not PURE.mldsa44(public[:-1], message, signature)


def test_mldsa44_refuses_hints_that_are_spelt_otherwise():
    """FIPS 204 algorithm 21: rising places, rising counts, and nothing behind the last."""
    private = MLDSA44PrivateKey.from_seed_bytes(bytes(32))
    public = private.public_key().public_bytes_raw()
    signature = next(s for s in (private.sign(b"m") for _ in range(99)) if s[2416] >= 2 and s[2419] < 80)
    hints = signature[2336:]
    assert PURE.read_hints(hints) is not None
    swapped = bytes([hints[1], hints[0]]) + hints[2:]
    doubled = bytes([hints[0], hints[0]]) + hints[2:]
    behind = hints[:79] + b"\x01" + hints[80:]
    falling = hints[:80] + bytes([hints[81] + 1]) + hints[81:]
    over = hints[:83] + bytes([81])
    for other in (swapped, doubled, behind, falling, over):
        assert PURE.read_hints(other) is None
        assert not PURE.mldsa44(public, b"m", signature[:2336] + other)
        assert not SECOND.mldsa44(public, b"m", signature[:2336] + other)

"""The signature algorithms of format 1, raw: is this signature good, and is this public key one that may be used.

Ed25519 is RFC 8032's cofactorless equation with S < L and with R and A canonical; ML-DSA-44 is FIPS 204, pure, with an
empty context (FORMAT.md section 5). What is signed, and with which key, is decided by `notes` and `keys`.
"""

from collections.abc import Callable
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from ledger.errors import Misuse, Unavailable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ED25519_PUBLIC: Final = 32
ED25519_SIGNATURE: Final = 64
MLDSA44_PUBLIC: Final = 1312
MLDSA44_SIGNATURE: Final = 2420

Check = Callable[[bytes, bytes], bool]
"""(message, signature) -> whether it is good, under a key that is already loaded."""
Sign = Callable[[bytes], bytes]
"""message -> signature, by a key that is already loaded."""
FEW: Final = 8  # signatures of a key before libsodium is loaded for it

_P: Final = 2**255 - 19
_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
_D: Final = -121665 * pow(121666, -1, _P) % _P
_ROOT_OF_MINUS_ONE: Final = pow(2, (_P - 1) // 4, _P)

Point = tuple[int, int, int, int]
_IDENTITY: Final[Point] = (0, 1, 1, 0)

_KEYS_HELD = 1024


def verify_ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (64 bytes) is good for `message` under `public` (32 bytes). Loaded keys are kept."""
    return _ed25519(public)(message, signature)


def verify_mldsa44(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (2,420 bytes) is good for `message` under `public` (1,312 bytes). Loaded keys are kept.

    Raises Unavailable where the OpenSSL below has no ML-DSA: that says nothing about the signature.
    """
    return _mldsa44(public)(message, signature)


@lru_cache(maxsize=256)
def check_point(public: bytes) -> None:
    """Raise Misuse unless `public` is the canonical spelling of a point of prime order on edwards25519.

    Under the other points OpenSSL accepts signatures that fit many messages (RFC 8032 section 8.4, and the 14 spellings
    of small-order points), so that a signature would no longer say which message was signed.
    """
    point = _decode_point(public)
    if point is None:
        raise _unfit("it is not the canonical spelling of a point on the curve")
    if _is_identity(point) or not _is_identity(_times(_ORDER, point)):
        raise _unfit("its point is not of prime order: one signature could fit many messages")


@lru_cache(maxsize=_KEYS_HELD)
def _ed25519(public: bytes) -> Check:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if _decode_point(public) is None:
        return _never
    verify = Ed25519PublicKey.from_public_bytes(public).verify

    def check(message: bytes, signature: bytes) -> bool:
        try:
            verify(signature, message)
        except InvalidSignature:
            return False
        return True

    fast = sodium()
    if fast is None:
        return check
    return lambda message, signature: fast(public, message, signature) or check(message, signature)


@cache
def sodium() -> Callable[[bytes, bytes, bytes], bool] | None:
    """Return libsodium's check (extra `fast`) of public, message, signature, where it is installed: it is faster.

    Its yes is OpenSSL's yes: the same equation over the same bytes, and of points and scalars it takes fewer. Its no
    says nothing, and is asked again: so no verdict hangs on which of the two is installed.
    """
    try:
        from nacl.bindings import crypto_sign_open
        from nacl.exceptions import CryptoError
    except ImportError:
        return None

    def check(public: bytes, message: bytes, signature: bytes) -> bool:
        try:
            return len(signature) == ED25519_SIGNATURE and crypto_sign_open(signature + message, public) == message
        except CryptoError:
            return False

    return check


def ed25519_signing(private: "Ed25519PrivateKey") -> Sign:
    """Return what signs with a key: OpenSSL; after a few messages libsodium, where the extra `fast` is installed.

    Both make the same bytes (RFC 8032 leaves nothing to choose), libsodium in three quarters of the time. To load it
    takes longer than all signatures of a command.
    """
    left = FEW
    sign: Sign = private.sign

    def signed(message: bytes) -> bytes:
        nonlocal sign, left
        if left > 0:
            left -= 1
            if not left:
                sign = _sodium_signing(private) or sign
        return sign(message)

    return signed


def _sodium_signing(private: "Ed25519PrivateKey") -> Sign | None:
    try:
        from nacl.bindings import crypto_sign
    except ImportError:
        return None
    key = private.private_bytes_raw() + private.public_key().public_bytes_raw()
    return lambda message: bytes(crypto_sign(message, key)[:ED25519_SIGNATURE])


@lru_cache(maxsize=_KEYS_HELD)
def _mldsa44(public: bytes) -> Check:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

    if len(public) != MLDSA44_PUBLIC:
        return _never
    try:
        verify = MLDSA44PublicKey.from_public_bytes(public).verify
    except UnsupportedAlgorithm:
        raise no_mldsa() from None

    def check(message: bytes, signature: bytes) -> bool:
        try:
            verify(signature, message)
        except InvalidSignature:
            return False
        return True

    return check


def no_mldsa() -> Unavailable:
    """The error for a machine whose OpenSSL cannot do ML-DSA."""
    return Unavailable(
        "the OpenSSL below `cryptography` has no ML-DSA-44",
        "install the wheel of cryptography from PyPI, which brings its own OpenSSL",
        code="no_mldsa",
    )


def _never(message: bytes, signature: bytes) -> bool:  # noqa: ARG001 - takes what every Check takes
    return False


def _unfit(why: str) -> Misuse:
    return Misuse(f"an Ed25519 public key cannot be used: {why}", "make a new key pair", code="bad_point")


def _decode_point(public: bytes) -> Point | None:
    """RFC 8032 section 5.1.3, in extended coordinates; None for what is not canonical or not on the curve."""
    if len(public) != ED25519_PUBLIC:
        return None
    y = int.from_bytes(public, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if x * x % _P != square:
        x = x * _ROOT_OF_MINUS_ONE % _P
    if x * x % _P != square or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


def _add(one: Point, other: Point) -> Point:
    """RFC 8032 section 5.1.4; complete, so it doubles too."""
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = other
    a = (y1 - x1) * (y2 - x2) % _P
    b = (y1 + x1) * (y2 + x2) % _P
    c = 2 * _D * t1 * t2 % _P
    d = 2 * z1 * z2 % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(scalar: int, point: Point) -> Point:
    result = _IDENTITY
    while scalar:
        if scalar & 1:
            result = _add(result, point)
        point = _add(point, point)
        scalar >>= 1
    return result


def _is_identity(point: Point) -> bool:
    x, y, z, _ = point
    return x == 0 and y == z

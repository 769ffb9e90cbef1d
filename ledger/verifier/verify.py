"""Is this ledger what was signed? A whole verifier in one file, for whoever trusts nobody.

    python3 -I verify.py BUNDLE.zip --key 'NAME+HEX+BASE64'

Written from FORMAT.md (it lies beside this file) and from nothing else: it shares no code with the package that wrote
the ledger. Python 3.9 or later and its standard library are enough. Where the package `cryptography` is installed, its
Ed25519 and ML-DSA-44 are used, because they are faster; else those below are, and the verdict is the same.

This is one file, and long, so that it can be read from top to bottom by one person in an afternoon, and run anywhere.
The order is FORMAT.md's: bytes (1), small forms (2), statements (3), keys and signatures (4, 5), entries and batches
(6, 7), tree and checkpoints (9), the checks (12) over a whole log, in one pass, entry after entry, receipts (14), the
bundle (15).

Nothing that comes with a ledger is trusted: keys, genesis leaf and checkpoints that vouch for it are the caller's.
"""

import sys

if sys.version_info < (3, 9):
    sys.stderr.write("error: verify.py needs Python 3.9, this is %d.%d\n" % sys.version_info[:2])
    sys.stderr.write("  fix: run it with a newer one, such as python3.11\n")
    sys.exit(2)

import argparse
import base64
import hashlib
import itertools
import json
import os
import re
import struct
import textwrap
import time
import zlib
from collections import namedtuple
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

try:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    Ed25519PublicKey = None
try:
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
except ImportError:
    MLDSA44PublicKey = None


class Bad(Exception):
    """A rule is broken: the number of the check (section 12) and why."""

    def __init__(self, check, why):
        super().__init__(f"C{check}: {why}")
        self.check = check
        self.why = why


class Unknown(Exception):
    """C17: a later release may know what this means; this file does not."""


def need(good, why, check=5):
    if not good:
        raise Bad(check, why)


def sha(data):
    return hashlib.sha256(data).digest()


# ---- 1. Bytes: one form ----

FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufdd0-\ufdef\ud800-\udfff"
    + "".join(chr(plane * 0x10000 + 0xFFFE) + chr(plane * 0x10000 + 0xFFFF) for plane in range(17))
    + "]"
)
ESCAPES = re.compile(r'\\[tn"\\]')
TEXTS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


def decode(data, limit, depth=32):
    """The object in `data`; Bad where it is not in the one form. Decode, spell again, compare."""
    need(len(data) <= limit, f"{len(data)} bytes, the limit is {limit}")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Bad(5, "not UTF-8") from None
    plain = text.isascii()
    need((plain and text.isprintable()) or not FORBIDDEN.search(text), "a forbidden character")
    need("\\" not in text or "\\" not in ESCAPES.sub("", text), "an escape that is none")
    need(text.count("{") + text.count("[") <= depth or depth_of(text) <= depth, "too deep")
    try:
        value, end = READER.raw_decode(text)
    except ValueError:
        raise Bad(5, "not JSON") from None
    need(end == len(text) and isinstance(value, dict), "not one object")
    # CPython's writer is right but for the spelling of some decimals: where it differs, the plain one decides.
    need(WRITER.encode(value) == text or spell(value) == text, "not in the one form")
    if "\\" in text or max(map(len, text.split('"'))) > (256 if plain else 64):  # else no key can be that long
        need(all(len(key.encode()) <= 256 for key in keys_of(value)), "a key over 256 bytes")
    return value


def depth_of(text):
    deepest = depth = 0
    for c in TEXTS.sub("", text):
        depth += (c in "{[") - (c in "}]")
        deepest = max(deepest, depth)
    return deepest


def read_integer(token):
    need(len(token) < 18 and token != "-0" and abs(int(token)) < 2**53, "an integer that is none")
    return int(token)


def read_decimal(token):
    value = float(token)
    if repr(value) == token and 1e-4 <= abs(value) < 1e16:
        return value  # where CPython's spelling is the form's
    need(abs(value) != float("inf") and spell_decimal(value) == token, "a decimal spelt otherwise")
    return value


def no_constant(token):
    raise Bad(5, f"{token} is no number")


READER = json.JSONDecoder(parse_int=read_integer, parse_float=read_decimal, parse_constant=no_constant)
WRITER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def spell(value):
    """A value in the one form, as text."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{spell(key)}:{spell(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(spell, value)) + "]"
    return spell_decimal(value) if isinstance(value, float) else WRITER.encode(value)


def spell_decimal(value):
    """Rule 4. CPython's repr has the digits; where they stand is decided here."""
    if value == 0:
        return "0.0"  # -0.0 does not exist: its token differs from this
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    digits, minus = "".join(map(str, digits)), "-" * sign
    if 1e-5 <= abs(value) < 1e16:
        plain = f"{Decimal(minus + digits).scaleb(exponent):f}"
        return plain if "." in plain else plain + ".0"
    rest = "." + digits[1:] if len(digits) > 1 else ""
    return f"{minus}{digits[0]}{rest}e{exponent + len(digits) - 1}"


def keys_of(value):
    if isinstance(value, dict):
        yield from value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from keys_of(item)


# ---- 2. Small forms ----

HANDLE = NAME = "[a-z0-9][a-z0-9._-]{0,63}"
LABEL = "[A-Za-z0-9][A-Za-z0-9._@:+/-]{0,127}"
DIGEST, NAMED = "[0-9a-f]{64}", "sha256:[0-9a-f]{64}"
ID = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
TYPE = r"[a-z][a-z0-9_]{1,47}|(?=.{1,128}\Z)[a-z0-9-]+(\.[a-z0-9-]+)+/[a-z0-9][a-z0-9._-]{0,63}"
ORIGIN = r"(?!.*://)[!-*,-~]{1,255}"
CLOCK = re.compile(r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}Z", re.ASCII).fullmatch


UUID = re.compile(ID, re.ASCII).fullmatch
HASH = re.compile(DIGEST, re.ASCII).fullmatch


@lru_cache(maxsize=65536)
def matches(pattern, text):
    return re.fullmatch(pattern, text, re.ASCII)


def fits(pattern, value):
    return isinstance(value, str) and matches(pattern, value) is not None


def is_time(value):
    return isinstance(value, str) and CLOCK(value) is not None and is_day(value[:10])


@lru_cache(maxsize=4096)
def is_day(text):
    try:
        return date(*map(int, text.split("-"))).year >= 1970
    except ValueError:
        return False


def is_integer(value, low, high):
    return type(value) is int and low <= value <= high


def unbase64(text):
    """The bytes of strict base64, or None."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (ValueError, AttributeError):
        return None
    return data if base64.b64encode(data).decode() == text else None


# ---- 3. Statement ----

LABELS = set(
    "action alert component dataset deployment document environment hold incident plan request segment system version"
    "".split()
)
RELATIONS = set("answers caused_by corrects ends of supersedes under uses".split())
REQUIRED = {"actor", "data", "id", "key", "rev", "subject", "time", "type"}


def is_subject(value):
    if not isinstance(value, dict):
        return False
    rest = dict(value)
    if "artifacts" in rest:
        parts = rest.pop("artifacts")
        if not isinstance(parts, dict) or not 1 <= len(parts) <= 64:
            return False
        if not all(fits(NAME, name) and fits(NAMED, digest) for name, digest in parts.items()):
            return False
    if "handle" in rest and not fits(HANDLE, rest.pop("handle")):
        return False
    return all(key in LABELS and fits(LABEL, name) for key, name in rest.items())


def is_refs(value):
    if not isinstance(value, dict) or not value or not set(value) <= RELATIONS:
        return False
    if not all(isinstance(refs, list) and refs for refs in value.values()):
        return False
    every = [ref for refs in value.values() for ref in refs]
    return len(every) <= 256 and all(
        isinstance(ref, dict) and set(ref) == {"hash", "id"} and fits(DIGEST, ref["hash"]) and fits(ID, ref["id"])
        for ref in every
    )


def is_also(value):
    return isinstance(value, dict) and bool(value) and all(isinstance(digest, str) for digest in value.values())


EVIDENCE = {
    "digest": lambda v: fits(NAMED, v),
    "kind": lambda v: fits("file|directory|external", v),
    "media_type": lambda v: isinstance(v, str),
    "size": lambda v: is_integer(v, 0, 2**53 - 1),
    "also": is_also,
    "name": lambda v: isinstance(v, str),
    "personal_data": lambda v: v is True,
    "retention": lambda v: fits("[AC]", v),
    "unread": lambda v: v is True,
    "uri": lambda v: isinstance(v, str),
}


def is_evidence(value):
    return isinstance(value, list) and 1 <= len(value) <= 256 and all(map(is_evidence_item, value))


def is_evidence_item(item):
    if not isinstance(item, dict) or not {"digest", "kind", "media_type", "size"} <= set(item) <= set(EVIDENCE):
        return False
    return all(EVIDENCE[key](value) for key, value in item.items())


def is_full(value):
    return isinstance(value, dict) and bool(value) and not has_null(value)


def has_null(value):
    if not isinstance(value, (dict, list)):
        return value is None
    return any(map(has_null, value.values() if isinstance(value, dict) else value))


STATEMENT = {
    "actor": lambda v: fits(HANDLE, v),
    "claimed_by": is_full,
    "context": is_full,
    "critical": lambda v: v is True,
    "data": lambda v: isinstance(v, dict),
    "evidence": is_evidence,
    "id": lambda v: isinstance(v, str) and UUID(v) is not None,
    "key": lambda v: fits(DIGEST, v),
    "log": lambda v: fits(DIGEST, v),
    "on_behalf_of": lambda v: fits(HANDLE, v),
    "reason": lambda v: isinstance(v, str) and 1 <= len(v) <= 2000,
    "refs": is_refs,
    "rev": lambda v: is_integer(v, 1, 2**53 - 1),
    "source": is_full,
    "subject": is_subject,
    "time": is_time,
    "type": lambda v: fits(TYPE, v),
}


def check_statement(value):
    need(isinstance(value, dict) and REQUIRED <= value.keys() <= STATEMENT.keys(), "keys of a statement")
    for key, item in value.items():
        need(STATEMENT[key](item), f"{key} of a statement")


def read_statement(data):
    """A statement by itself."""
    value = decode(data, 49_152, 31)
    check_statement(value)
    return value


# ---- 5. Ed25519 (RFC 8032), where `cryptography` is not there; and which points may be used, always ----

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
NEUTRAL = (0, 1, 1, 0)  # points are (X, Y, Z, T): x = X/Z, y = Y/Z, xy = T/Z


@lru_cache(maxsize=1024)
def read_point(public):
    """The point that 32 bytes spell, or None where they are not its canonical spelling (section 5.1.3)."""
    if len(public) != 32:
        return None
    y, sign = int.from_bytes(public, "little") % 2**255, public[31] >> 7
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x % 2 != sign else x
    return x, y, 1, x * y % P


def write_point(point):
    x, y, z, _ = point
    inverse = pow(z, P - 2, P)
    return (y * inverse % P | (x * inverse % P % 2) << 255).to_bytes(32, "little")


def add(p, q):
    """The addition law of section 5.1.4. It holds for any two points."""
    a, b = (p[1] - p[0]) * (q[1] - q[0]), (p[1] + p[0]) * (q[1] + q[0])
    c, d = 2 * D * p[3] * q[3], 2 * p[2] * q[2]
    e, f, g, h = (b - a) % P, (d - c) % P, (d + c) % P, (b + a) % P
    return e * f % P, g * h % P, f * g % P, e * h % P


def odd_multiples(point, count):
    """[1 P, 3 P, 5 P, ...]."""
    twice, found = add(point, point), [point]
    for _ in range(count - 1):
        found.append(add(found[-1], twice))
    return found


def signed_digits(n, width):
    """n as a sum of digits[i] * 2^i, where each digit is 0 or odd and below 2^(width - 1), and few are not 0."""
    digits = []
    while n:
        digit = 0
        if n % 2:
            digit = n % 2**width
            digit -= 2**width if digit >= 2 ** (width - 1) else 0
            n -= digit
        digits.append(digit)
        n //= 2
    return digits


@lru_cache(maxsize=256)
def table_of(public, width):
    """Odd multiples of a point and of its negative, by signed digit."""
    point = read_point(public)
    table = {}
    for at, (x, y, z, t) in enumerate(odd_multiples(point, 2 ** (width - 2))):
        table[2 * at + 1], table[-2 * at - 1] = (x, y, z, t), (P - x, y, z, P - t)
    return table


BASE = (4 * pow(5, P - 2, P) % P).to_bytes(32, "little")  # y = 4/5, x even


def combine(s, k, public):
    """s B - k A (Straus: the doublings are shared)."""
    of_base, of_key = table_of(BASE, 8), table_of(public, 5)
    base, key = signed_digits(s, 8), signed_digits(k, 5)
    x, y, z, t = NEUTRAL
    for at in range(max(len(base), len(key)) - 1, -1, -1):
        a, b, e = x * x, y * y, x + y
        h = a + b
        e, g = (h - e * e) % P, (a - b) % P
        f = (2 * z * z + g) % P
        x, y, z, t = e * f % P, g * h % P, f * g % P, e * h % P
        if at < len(base) and base[at]:
            x, y, z, t = add((x, y, z, t), of_base[base[at]])
        if at < len(key) and key[at]:
            x, y, z, t = add((x, y, z, t), of_key[-key[at]])
    return x, y, z, t


@lru_cache(maxsize=1024)
def is_prime_order(public):
    """Whether 32 bytes are the canonical spelling of a point of order L."""
    point, total, n = read_point(public), NEUTRAL, L
    if point is None or point[0] == 0:
        return False  # not on the curve; orders 1 and 2
    while n:
        total = add(total, point) if n % 2 else total
        point, n = add(point, point), n // 2
    return total[0] == 0 and total[1] == total[2]


def ed25519(public, message, signature):
    """Section 5.1.7, cofactorless: S < L, and R is the canonical spelling of S B - k A."""
    if len(signature) != 64 or read_point(public) is None:
        return False
    if Ed25519PublicKey is not None:
        return by_cryptography(Ed25519PublicKey, public, message, signature)
    s = int.from_bytes(signature[32:], "little")
    if s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    return write_point(combine(s, k, public)) == signature[:32]


def by_cryptography(kind, public, message, signature):
    try:
        kind.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


# ---- 5. ML-DSA-44 (FIPS 204, pure, empty context), where `cryptography` is not there ----

Q = 8380417
ZETAS = [pow(1753, int(f"{k:08b}"[::-1], 2), Q) for k in range(256)]  # 1753: a 512th root of unity
GAMMA1, GAMMA2, BETA, OMEGA, TAU = 2**17, (Q - 1) // 88, 78, 80, 39


def ntt(w):
    """Algorithm 41."""
    w, k, length = list(w), 0, 128
    while length:
        for start in range(0, 256, 2 * length):
            k += 1
            zeta = ZETAS[k]
            for j in range(start, start + length):
                t = zeta * w[j + length] % Q
                w[j], w[j + length] = w[j] + t, w[j] - t
        length //= 2
    return [c % Q for c in w]


def inverse_ntt(w):
    """Algorithm 42."""
    w, k, length = list(w), 256, 1
    while length < 256:
        for start in range(0, 256, 2 * length):
            k -= 1
            zeta = -ZETAS[k]
            for j in range(start, start + length):
                t = w[j]
                w[j], w[j + length] = (t + w[j + length]) % Q, zeta * (t - w[j + length]) % Q
        length *= 2
    return [c * 8347681 % Q for c in w]  # 1/256


def unpack_bits(data, width):
    """Little-endian numbers of `width` bits."""
    whole, mask = int.from_bytes(data, "little"), 2**width - 1
    return [whole >> at & mask for at in range(0, 8 * len(data), width)]


def sample_uniform(seed):
    """Algorithm 30: a polynomial of the matrix, by rejection."""
    size, found = 840, []
    while len(found) < 256:
        stream = hashlib.shake_128(seed).digest(size)
        found = [c & 0x7FFFFF for c in (int.from_bytes(stream[at : at + 3], "little") for at in range(0, size, 3))]
        found, size = [c for c in found if c < Q], size + 840
    return found[:256]


def sample_in_ball(seed):
    """Algorithm 29: a polynomial with TAU coefficients 1 or -1, the others 0."""
    stream = hashlib.shake_256(seed).digest(2048)
    signs, at, c = int.from_bytes(stream[:8], "little"), 8, [0] * 256
    for i in range(256 - TAU, 256):
        while stream[at] > i:
            at += 1
        j, at = stream[at], at + 1
        c[i], c[j] = c[j], -1 if signs & 1 else 1
        signs >>= 1
    return c


def read_hints(data):
    """Algorithm 21: where the high bits are to be put right, in four polynomials; None for another spelling."""
    hints, at = [], 0
    for end in data[OMEGA:]:
        places = data[at:end]
        if not at <= end <= OMEGA or list(places) != sorted(set(places)):
            return None
        hints.append(set(places))
        at = end
    return hints if not any(data[at:OMEGA]) else None


def use_hint(r, hint):
    """Algorithm 40 (and 36): the high bits of r, one further where the hint says so."""
    low = r % (2 * GAMMA2)
    low -= 2 * GAMMA2 if low > GAMMA2 else 0
    high = (r - low) // (2 * GAMMA2)
    if r - low == Q - 1:
        high, low = 0, low - 1
    return (high + (1 if low > 0 else -1)) % 44 if hint else high


@lru_cache(maxsize=64)
def mldsa44_key(public):
    """The matrix, and minus t1 * 2^13, both as they are multiplied."""
    matrix = [[sample_uniform(public[:32] + bytes([s, r])) for s in range(4)] for r in range(4)]
    high = [unpack_bits(public[at : at + 320], 10) for at in range(32, 1312, 320)]
    return matrix, [ntt([-c << 13 for c in poly]) for poly in high], hashlib.shake_256(public).digest(64)


def mldsa44(public, message, signature):
    """Algorithms 3 and 8."""
    if len(public) != 1312 or len(signature) != 2420:
        return False
    if MLDSA44PublicKey is not None:
        try:
            return by_cryptography(MLDSA44PublicKey, public, message, signature)
        except UnsupportedAlgorithm:
            pass  # an OpenSSL without it
    z = [[GAMMA1 - c for c in unpack_bits(signature[at : at + 576], 18)] for at in range(32, 2336, 576)]
    hints = read_hints(signature[2336:])
    if hints is None or max(abs(c) for poly in z for c in poly) >= GAMMA1 - BETA:
        return False
    matrix, minus_t, tr = mldsa44_key(public)
    mu = hashlib.shake_256(tr + b"\0\0" + message).digest(64)
    c, z = ntt(sample_in_ball(signature[:32])), [ntt(poly) for poly in z]
    packed = b""
    for row, t, hint in zip(matrix, minus_t, hints):
        w = inverse_ntt([
            a0 * z0 + a1 * z1 + a2 * z2 + a3 * z3 + c0 * t0
            for a0, a1, a2, a3, z0, z1, z2, z3, c0, t0 in zip(*row, *z, c, t)
        ])  # fmt: skip
        high = (use_hint(r, at in hint) << 6 * at for at, r in enumerate(w))
        packed += sum(high).to_bytes(192, "little")
    return hashlib.shake_256(mu + packed).digest(32) == signature[:32]


# ---- 4, 5. What is signed, keys and credentials ----

NAMESPACES = {kind: kind.encode() + b".v1@lifecycle-ledger" for kind in ("statement", "batch", "certificate")}
SIZES = {"ed25519": (32, 32), "sshsig-ed25519": (32, 32), "sshsig-sk-ed25519": (36, 96), "ml-dsa-44": (1312, 1312)}


def strings(*parts):
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def sshsig(public, message, signature, namespace):
    """PROTOCOL.sshsig: everything but the inner signature is known beforehand, so it is built and compared."""
    rest, signed = after_start([b"ssh-ed25519", public], message, signature, namespace, 64)
    return rest is not None and ed25519(public, signed, rest)


def sshsig_sk(public, message, signature, namespace):
    """The same by a key in a device (PROTOCOL.u2f), which has to have been touched: bit 01 of the flags."""
    point, application = public[:32], public[32:]
    rest, signed = after_start([b"sk-ssh-ed25519@openssh.com", point, application], message, signature, namespace, 69)
    if rest is None or not rest[64] & 1:
        return False
    return ed25519(point, sha(application) + rest[64:] + sha(signed), rest[:64])


def after_start(key, message, signature, namespace, size):
    """(what the key made, None where what is before it is not as it must be; what the key signs for `message`)."""
    inner = strings(key[0]) + (64).to_bytes(4, "big")
    start = b"SSHSIG\0\0\0\1" + strings(strings(*key), namespace, b"", b"sha512")
    start += (len(inner) + size).to_bytes(4, "big") + inner
    signed = b"SSHSIG" + strings(namespace, b"", b"sha512", hashlib.sha512(message).digest())
    right = signature[: len(start)] == start and len(signature) == len(start) + size
    return signature[len(start) :] if right else None, signed


def serves(scheme, public):
    """What may serve one actor, one scheme, one purpose: the key, without a device's application."""
    return public[:32] if scheme == "sshsig-sk-ed25519" else public


def read_credential(value, check):
    """[(scheme, public, key id)] and the credential's id; Bad(check) where it cannot be."""
    need(isinstance(value, list) and 1 <= len(value) <= 2, "a credential has not one or two keys", check)
    keys = []
    for item in value:
        need(isinstance(item, dict) and set(item) == {"public", "scheme"}, "a malformed key", check)
        scheme, public = item["scheme"], unbase64(item["public"])
        need(isinstance(scheme, str) and 1 <= len(scheme) <= 64 and public is not None, "a malformed key", check)
        least, most = SIZES.get(scheme, (0, len(public)))
        need(least <= len(public) <= most, "size of a key", check)
        point = public[:32]
        need("ed25519" not in scheme or scheme not in SIZES or is_prime_order(point), "a point not of order L", check)
        if scheme == "sshsig-sk-ed25519":
            need(re.fullmatch(rb"ssh:[!-~]*", public[32:]) is not None, "application of a hardware key", check)
        keys.append((scheme, public, sha(b"lifecycle-ledger/key/v1\n" + scheme.encode() + b"\0" + public).hex()))
    ids = [key[2] for key in keys]
    need(ids == sorted(set(ids)) and len({key[0] for key in keys}) == len(keys), "order or schemes of keys", check)
    need(len({serves(*key[:2]) for key in keys}) == len(keys), "one key under two schemes", check)
    pair = sha(b"lifecycle-ledger/credential/v1\n" + b"".join(i.encode() + b"\n" for i in ids)).hex()
    return keys, ids[0] if len(ids) == 1 else pair


def signed_by(keys, purpose, body, signatures):
    """True, False, or None where one of the schemes is not known and the others are good."""
    kind = f"application/vnd.lifecycle-ledger.{purpose}.v1+json"
    message = f"DSSEv1 {len(kind)} {kind} {len(body)} ".encode() + body
    if len(signatures) != len(keys):
        return False
    unknown = False
    for (scheme, public, _), text in zip(keys, signatures):
        signature = unbase64(text)
        if scheme == "ed25519":
            good = ed25519(public, message, signature)
        elif scheme == "ml-dsa-44":
            good = mldsa44(public, message, signature)
        elif scheme == "sshsig-ed25519":
            good = sshsig(public, message, signature, NAMESPACES[purpose])
        elif scheme == "sshsig-sk-ed25519":
            good = sshsig_sk(public, message, signature, NAMESPACES[purpose])
        else:
            good = unknown = True
        if not good:
            return False
    return None if unknown else True


# ---- 6, 7. Entry and batch ----

HEAD = {
    "actor": lambda v: fits(HANDLE, v),
    "count": lambda v: is_integer(v, 1, 4096),
    "id": lambda v: fits(ID, v),
    "key": lambda v: fits(DIGEST, v),
    "log": lambda v: fits(DIGEST, v),
    "root": lambda v: fits(DIGEST, v),
}


def read_entry(data):
    """An entry's fields, the bytes of its statement and those of its batch header."""
    value = decode(data, 65_535)
    need(value.keys() - {"batch"} == {"prev", "recorded", "seq", "signatures", "statement"}, "keys of an entry")
    need(isinstance(value["prev"], str) and HASH(value["prev"]), "prev")
    need(is_time(value["recorded"]), "recorded")
    need(is_integer(value["seq"], 0, 2**53 - 2), "seq")
    signatures, batch = value["signatures"], value.get("batch")
    need(isinstance(signatures, list) and all(unbase64(s) is not None for s in signatures), "signatures")
    need(len(signatures) <= 2, "more than two signatures")
    need(2 + sum(len(s) + 3 for s in signatures) - bool(signatures) <= 12_288, "signatures too large")
    if "batch" in value:
        need(isinstance(batch, dict) and (batch.keys() == {"first"} or batch.keys() == HEAD.keys()), "batch")
        need(is_integer(batch.get("first", 0), 0, 2**53 - 2), "first")
        need("first" in batch or all(HEAD[key](item) for key, item in batch.items()), "batch header")
    body = data[data.index(b',"statement":') + len(b',"statement":') : -1]
    need(len(body) <= 49_152, "statement too large")
    check_statement(value["statement"])
    header = data[len(b'{"batch":') : data.index(b',"prev":')] if batch else b""
    return value, body, header


# ---- 9. Tree and checkpoint ----


def leaf(data):
    return sha(b"\0" + data)


class Tree:
    """RFC 6962, leaf after leaf: the roots of the complete subtrees so far, the largest first."""

    def __init__(self, sha=sha):
        self.sha, self.size, self.peaks = sha, 0, []

    def add(self, hash):
        self.size += 1
        n = self.size
        while n % 2 == 0:
            hash, n = self.sha(b"\1" + self.peaks.pop() + hash), n // 2
        self.peaks.append(hash)

    def root(self):
        if not self.peaks:
            return self.sha(b"")
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = self.sha(b"\1" + peak + root)
        return root


def tree_root(leaves):
    tree = Tree()
    for hash in leaves:
        tree.add(hash)
    return tree.root()


SPACES = "\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
LINE = re.compile(f"\u2014 ([^ +{SPACES}]+) ([A-Za-z0-9+/=]+)")

Note = namedtuple("Note", "text origin size root signatures")
Vkey = namedtuple("Vkey", "name id kind public")


def read_vkey(text, check=3):
    """(name, key id, kind, public)."""
    parts = text.split("+", 2) if isinstance(text, str) else []
    need(len(parts) == 3 and parts[0], "not a verifier key", check)
    data = unbase64(parts[2]) or b"\0"
    kind, public = data[0], data[1:]
    need(kind in (1, 4, 6) and len(public) == (1312 if kind == 6 else 32), "kind or size of a verifier key", check)
    ident = sha(parts[0].encode(errors="replace") + b"\n" + data)[:4]
    need(ident.hex() == parts[1], "id of a verifier key", check)
    need(kind == 6 or is_prime_order(public), "a point not of order L", check)
    return Vkey(parts[0], ident, kind, public)


def read_note(data):
    """A checkpoint: text, origin, size, root, and [(name, key id, signature)]; Bad(2) for any other form."""
    need(len(data) <= 65_536, "a note too large", 2)
    try:
        whole = data.decode()
    except UnicodeDecodeError:
        raise Bad(2, "a note that is not UTF-8") from None
    need(not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", whole), "a control character in a note", 2)
    text, blank, rest = whole.rpartition("\n\n")
    lines = rest.split("\n")
    need(blank and lines.pop() == "" and 1 <= len(lines) <= 32, "no signature lines, or too many", 2)
    signatures = []
    for line in lines:
        found = LINE.fullmatch(line)
        payload = unbase64(found[2]) if found else None
        need(payload is not None and len(payload) > 4, "a malformed signature line", 2)
        signatures.append((found[1], payload[:4], payload[4:]))
    parts = text.split("\n")
    need(len(parts) == 3 and fits(ORIGIN, parts[0]), "a checkpoint is not of three lines", 2)
    need(fits("0|[1-9][0-9]{0,15}", parts[1]) and int(parts[1]) < 2**53, "size of a checkpoint", 2)
    root = unbase64(parts[2])
    need(root is not None and len(root) == 32, "root of a checkpoint", 2)
    return Note(text + "\n", parts[0], int(parts[1]), root, signatures)


STRANGE = "no key of the log that is trusted here signed it"


def check_note(note, keys):
    """Bad(3) unless a key of the log signed, and no known key's line is bad."""
    good = False
    for name, ident, signature in note.signatures:
        for key in keys:
            if key[:2] != (name, ident):
                continue
            need(is_good_line(note, key, signature), f"the signature of {name} does not fit", 3)
            good = good or (name == note.origin and key.kind != 4)
    need(good, STRANGE, 3)


def is_good_line(note, key, signature):
    if key.kind == 1:
        return ed25519(key.public, note.text.encode(), signature)
    time, rest = int.from_bytes(signature[:8], "big"), signature[8:]
    if len(signature) < 8 or time >= 2**63:
        return False
    if key.kind == 4:
        return ed25519(key.public, f"cosignature/v1\ntime {time}\n{note.text}".encode(), rest)
    if time and key.name == note.origin:
        return False
    names = [bytes([len(part.encode())]) + part.encode() for part in (key.name, note.origin)]
    message = b"subtree/v1\n\0" + names[0] + time.to_bytes(8, "big") + names[1] + bytes(8)
    return mldsa44(key.public, message + note.size.to_bytes(8, "big") + note.root, rest)


# ---- 8. Genesis, keys, rules ----

GENESIS = {"administrators", "format", "hash", "log_keys", "nonce", "origin", "recovery", "rules"}
ROLES = {"recorder", "approver", "compliance", "admin", "auditor"}
WHYS = ("retired", "replaced", "lost", "compromised", "left")
SCOPE = {"systems", "not_after"}
Event = namedtuple("Event", "subject required optional also reason", defaults=(set(), False))
EVENTS = {  # what changes who may say what: keys of the subject, fields of data that must be, that may be; and
    # keys of the subject that may be, whether a reason must be given
    "actor_introduced": Event({"handle"}, {"kind"}, {"name", "contact", "function", "organisation"}),
    "key_authorized": Event({"handle"}, {"keys", "roles"}, SCOPE),
    "key_revoked": Event({"handle"}, {"key_id", "why"}, {"compromised_since"}),
    "role_assigned": Event({"handle"}, {"role"}, SCOPE),
    "role_ended": Event({"handle"}, {"role"}, {"systems"}),
    "delegated": Event({"handle"}, {"to"}, SCOPE),
    "policy_set": Event(set(), {"kind", "value"}, set(), {"system"}),
    "log_key_rotated": Event(set(), {"old", "new"}, {"recovery"}, reason=True),
    "clock_reset": Event(set(), set(), {"note"}, reason=True),
}
MAKING = {"trained", "evaluated", "approval_requested"}  # who says these of a set should not approve it
Scope = namedtuple("Scope", "systems not_after", defaults=(None, "9999"))  # None: all systems
Grant = namedtuple("Grant", "actor keys roles scope by revoked since why seq", defaults=("", False, "", "", 0))
KeySet = namedtuple("KeySet", "start keys seq recovered")  # keys of the log, and the first size that they sign


def read_scope(data):
    systems = data.get("systems", ["all"])
    need(isinstance(systems, list) and 1 <= len(systems) <= 256, "systems", 17)
    need(all(fits(LABEL, system) for system in systems), "systems", 17)
    need("not_after" not in data or is_time(data["not_after"]), "not_after", 17)
    return Scope(frozenset(systems) if "systems" in data else None, data.get("not_after", "9999"))


def covers(scope, system, recorded):
    return (scope.systems is None or system in scope.systems) and recorded <= scope.not_after


def read_roles(value, check):
    need(isinstance(value, list) and value and all(isinstance(r, str) and r in ROLES for r in value), "roles", check)
    need(len(set(value)) == len(value), "a role said twice", check)
    return set(value)


def read_rules(value, check):
    need(isinstance(value, dict) and len(value) <= 1024, "rules", check)
    for kind, rule in value.items():
        need(fits(TYPE, kind) and isinstance(rule, dict) and set(rule) == {"batch", "roles", "trust"}, "a rule", check)
        need(isinstance(rule["batch"], bool) and isinstance(rule["trust"], bool), "a rule", check)
        need(rule["roles"] == [] or read_roles(rule["roles"], check), "roles of a rule", check)
    return value


def read_log_keys(value, origin, check):
    need(isinstance(value, list) and len(value) == 2, "log keys", check)
    keys = [read_vkey(text, check) for text in value]
    need([key.kind for key in keys] == [1, 6], "types of the log keys", check)
    need(all(key.name == origin for key in keys), "names of the log keys", check)
    need(keys[0].id != keys[1].id, "two log keys with one id", check)
    return keys


def read_predecessor(value, origin):
    """The checkpoint of the log that this one takes up; its signatures are another log's and are not judged."""
    need(isinstance(value, dict) and set(value) == {"checkpoint", "origin"}, "continues", 10)
    need(isinstance(value["checkpoint"], str) and value["origin"] != origin, "continues", 10)
    try:
        note = read_note(value["checkpoint"].encode())
    except Bad as bad:
        raise Bad(10, "continues: " + bad.why) from None
    need(note.origin == value["origin"], "continues: a checkpoint of another origin", 10)
    return note


class Trust:
    """Who may say what at one place of the log: C10, C12, C13, C16, C17; and which keys of the log sign what."""

    def __init__(self, said, own_leaf):
        """C10: from the statement of entry 0."""
        data = said["data"]
        need(said["type"] == "genesis" and said["subject"] == {} and "log" not in said, "entry 0 is no genesis", 10)
        if said["rev"] != 1 or data.keys() - GENESIS - {"continues"}:
            raise Unknown("the genesis is of a later release")
        need(data.keys() >= GENESIS, "fields of the genesis", 10)
        number, hash = data["format"], data["hash"]
        need(is_integer(number, 1, 2**53 - 1) and fits("[a-z][a-z0-9-]{1,31}", hash), "format or hash", 10)
        if number != 1 or hash != "sha256":
            raise Unknown(f"format {number} with the hash {hash}; known here is 1 with sha256")
        need(fits(ORIGIN, data["origin"]) and len(unbase64(data["nonce"]) or b"") == 32, "origin or nonce", 10)
        self.leaf, self.origin, self.rules = own_leaf, data["origin"], read_rules(data["rules"], 10)
        self.before = read_predecessor(data["continues"], self.origin) if "continues" in data else None
        for name in EVENTS:
            rule = self.rules.get(name, {"trust": False})
            need(rule["trust"] or (name == "clock_reset" and name in self.rules), f"the rule of {name}", 10)
            need("admin" in rule["roles"] and not rule["batch"], f"{name} is an administrator's", 10)
        self.handles, self.used, self.grants, self.unknown = {}, set(), {}, False  # handle -> who introduced it
        self.assigned, self.delegated, self.four_eyes = {}, {}, {}  # (handle, role), (for whom, who), system
        self.sets = [KeySet(0, read_log_keys(data["log_keys"], self.origin, 10), 0, False)]
        self.used = {key.public for key in self.sets[0].keys}
        self.read_recovery(data["recovery"])
        self.read_administrators(data["administrators"], said)

    def read_recovery(self, value):
        need(isinstance(value, dict) and set(value) == {"keys", "threshold"}, "recovery", 10)
        need(isinstance(value["keys"], list) and 1 <= len(value["keys"]) <= 64, "recovery", 10)
        need(is_integer(value["threshold"], 1, len(value["keys"])), "threshold of recovery", 10)
        self.recovery = {ident: keys for keys, ident in (read_credential(one, 10) for one in value["keys"])}
        need(len(self.recovery) == len(value["keys"]), "a recovery credential twice", 10)
        self.threshold = value["threshold"]

    def read_administrators(self, value, said):
        need(isinstance(value, list) and 1 <= len(value) <= 64, "administrators", 10)
        for place, one in enumerate(value):
            need(isinstance(one, dict) and set(one) == {"handle", "keys", "roles"}, "an administrator", 10)
            need(fits(HANDLE, one["handle"]), "handle of an administrator", 10)
            roles = read_roles(one["roles"], 10)
            need("admin" in roles, "an administrator without the role admin", 10)
            keys, ident = read_credential(one["keys"], 10)
            if place == 0:
                first = (one["handle"], ident)
                need((said["actor"], said["key"]) == first, "the genesis is not signed by the first administrator", 10)
            self.use(keys, 10)
            self.handles[one["handle"]] = set()
            self.grants[ident] = Grant(one["handle"], keys, roles, Scope())

    def use(self, keys, check):
        """One public key: one actor, one scheme, one purpose."""
        for scheme, public, _ in keys:
            need(serves(scheme, public) not in self.used, "a key that serves here already", check)
            self.used.add(serves(scheme, public))

    def judge(self, said, recorded):
        """C10, C12, C13, C16: may this be said here?"""
        kind, rule, log = said["type"], self.rules.get(said["type"]), said.get("log")
        need(kind != "genesis", "a second genesis", 10)
        need(rule is None or log is not None, f"{kind} does not say which log it is for", 12)
        need(log is None or log == self.leaf, f"{kind} is meant for another log", 12)
        grant = self.grants.get(said["key"])
        need(grant is not None, "its key is not authorised here", 13)
        need(grant.actor == said["actor"], f"its key is {grant.actor}'s, not {said['actor']}'s", 13)
        need(not grant.revoked, "its key was revoked", 13)
        system = said["subject"].get("system")
        need(recorded <= grant.scope.not_after, "its key had run out", 13)
        need(covers(grant.scope, system, recorded), "a system not of its key", 13)
        roles = rule["roles"] if rule else []
        need(not roles or self.holds(grant, roles, system, recorded), "its key has not got the role", 16)

    def holds(self, grant, roles, system, recorded):
        """A role is the key's own, or was assigned to its handle."""
        scopes = [scope for role in roles for scope in self.assigned.get((grant.actor, role), ())]
        return grant.roles & set(roles) or any(covers(scope, system, recorded) for scope in scopes)

    def may_speak(self, said, recorded):
        scope = self.delegated.get((said["on_behalf_of"], said["actor"]))
        return scope is not None and covers(scope, said["subject"].get("system"), recorded)

    def change(self, said, seq):
        """C13, C17: events of trust. What nobody knows is Unknown, and then what follows may be right after all."""
        event, data, handle = EVENTS.get(said["type"]), said["data"], said["subject"].get("handle")
        if event is None or said["rev"] != 1 or data.keys() - event.required - event.optional:
            self.unknown = True
            raise Unknown(f"{said['type']} changes who may say what in a way that is not known here")
        need(event.subject <= said["subject"].keys() <= event.subject | event.also, "subject", 17)
        need(data.keys() >= event.required and ("reason" in said or not event.reason), "fields or reason", 17)
        if said["type"] == "actor_introduced":
            need(data["kind"] in ("human", "service"), "kind", 17)
            self.handles.setdefault(handle, set()).add(said["actor"])
        elif said["type"] == "key_authorized":
            self.authorise(data, handle, said["actor"])
        elif said["type"] == "key_revoked":
            self.revoke(data, handle, seq)
        elif said["type"] in ("role_assigned", "role_ended", "delegated"):
            self.give(said["type"], data, handle)
        elif said["type"] == "policy_set":
            self.set_policy(data["kind"], data["value"], said["subject"].get("system", ""))
        elif said["type"] == "log_key_rotated":
            self.rotate(data, seq)

    def authorise(self, data, handle, by):
        need(handle in self.handles, f"a key of {handle}, whom nobody introduced", 13)
        scope, roles = read_scope(data), read_roles(data["roles"], 17)
        keys, ident = read_credential(data["keys"], 13)
        self.use(keys, 13)
        self.grants[ident] = Grant(handle, keys, roles, scope, by)

    def revoke(self, data, handle, seq):
        need(fits(DIGEST, data["key_id"]) and data["why"] in WHYS, "key_id or why", 17)
        need("compromised_since" not in data or is_time(data["compromised_since"]), "compromised_since", 17)
        grant = self.grants.get(data["key_id"])
        need(grant and grant.actor == handle and not grant.revoked, f"a key that {handle} has not got", 13)
        since = data.get("compromised_since", "")
        ended = grant._replace(revoked=True, since=since, why=data["why"], seq=seq)
        self.keep_an_administrator({data["key_id"]: ended}, {})

    def keep_an_administrator(self, grants, assigned):
        """Put both in place, if a credential then administers all systems, without an end."""
        grants, assigned, every = {**self.grants, **grants}, {**self.assigned, **assigned}, Scope()
        left = [
            one for one in grants.values()
            if not one.revoked and one.scope == every
            and ("admin" in one.roles or every in assigned.get((one.actor, "admin"), ()))
        ]  # fmt: skip
        need(left, "the last administrator", 13)
        self.grants, self.assigned = grants, assigned

    def give(self, kind, data, handle):
        """Roles of a handle, and words for another."""
        if kind == "delegated":
            need(fits(HANDLE, data["to"]) and data["to"] != handle, "to", 17)
            need(handle in self.handles and data["to"] in self.handles, "of somebody whom nobody introduced", 13)
            self.delegated[handle, data["to"]] = read_scope(data)
            return
        read_roles([data["role"]], 17)
        place, scope = (handle, data["role"]), read_scope(data)
        if kind == "role_assigned":
            need(handle in self.handles, f"a role of {handle}, whom nobody introduced", 13)
            self.assigned[place] = [*self.assigned.get(place, ()), scope]
        elif scope.systems is not None:
            self.end_for(place, scope.systems)
        else:
            own = {
                ident: one._replace(roles=one.roles - {data["role"]})
                for ident, one in self.grants.items()
                if one.actor == handle and data["role"] in one.roles and not one.revoked
            }
            need(own or self.assigned.get(place), f"a role that {handle} has not got", 13)
            self.keep_an_administrator(own, {place: []})

    def end_for(self, place, systems):
        """End an assigned role for some of the systems that it was assigned for."""
        scopes = self.assigned.get(place, ())
        named = set().union(*(scope.systems or () for scope in scopes))
        need(systems <= named, f"a role for systems that {place[0]} was not assigned", 13)
        less = [scope if scope.systems is None else scope._replace(systems=scope.systems - systems) for scope in scopes]
        self.keep_an_administrator({}, {place: [scope for scope in less if scope.systems != frozenset()]})

    def set_policy(self, kind, value, system):
        need(isinstance(kind, str), "kind", 17)
        if kind == "four_eyes":
            need(value in ("finding", "refusal", "off"), "value", 17)
            self.four_eyes[system] = value
        elif kind == "roles":
            rows = read_rules(value, 17)
            need(rows and not system, "value or subject", 17)
            for name, rule in rows.items():
                ours, before = name in EVENTS, self.rules.get(name, {"trust": False})
                need(rule["trust"] or not (ours or before["trust"]), f"{name} must go on changing trust", 17)
                need(not ours or ("admin" in rule["roles"] and not rule["batch"]), f"{name} is an administrator's", 17)
            self.rules = {**self.rules, **rows}
        else:
            self.unknown = True
            raise Unknown(f"a policy of the kind {kind}")

    def rotate(self, data, seq):
        """Section 8: new keys of the log; without the old ones, by a quorum that the genesis names."""
        old = read_log_keys(data["old"], self.origin, 17)
        new = read_log_keys(data["new"], self.origin, 17)
        need(old == self.sets[-1].keys, "in the place of keys that the log has not got", 13)
        if "recovery" in data:
            self.recover(data)
        ids = {key.id for one in self.sets for key in one.keys}
        need(not any(key.id in ids or key.public in self.used for key in new), "a key that serves here already", 13)
        self.used |= {key.public for key in new}
        self.sets.append(KeySet(seq + 1, new, seq, "recovery" in data))

    def recover(self, data):
        signed, fields = data["recovery"], {"certificate": "log_key_recovered", "log": self.leaf}
        body = spell({**fields, "new": data["new"], "old": data["old"]}).encode()
        need(isinstance(signed, list) and 1 <= len(signed) <= 64, "recovery", 17)
        for one in signed:
            need(isinstance(one, dict) and set(one) == {"key", "signatures"}, "recovery", 17)
            many = one["signatures"]
            good = fits(DIGEST, one["key"]) and isinstance(many, list) and len(many) <= 2
            need(good and all(isinstance(text, str) for text in many), "recovery", 17)
            grant = self.grants.get(one["key"])
            disowned = grant is not None and grant.revoked and grant.why == "compromised"
            need(one["key"] in self.recovery and not disowned, "a recovery by a key that does not count for it", 3)
            good = all(unbase64(text) is not None for text in many)
            good = good and signed_by(self.recovery[one["key"]], "certificate", body, many)
            if good is None:
                self.unknown = True
                raise Unknown("a recovery signed with a scheme that is not known here")
            need(good, "a recovery that a key did not sign", 3)
        ids = [one["key"] for one in signed]
        need(ids == sorted(set(ids)), "order of a recovery", 17)
        need(len(ids) >= self.threshold, "a recovery by too few", 3)

    # ---- the log's keys, C3 ----

    def place_of(self, size):
        return max(at for at, one in enumerate(self.sets) if one.start <= size)

    def check_signed(self, note, brought):
        """Bad(3) unless each set of keys that must sign this size did, by those of them that were brought, if any."""
        at = self.place_of(note.size)
        wanted = [self.sets[at].keys]
        if at and self.sets[at].start == note.size and not self.sets[at].recovered:
            wanted.append(self.sets[at - 1].keys)
        if brought and not any(key in one.keys for one in self.sets for key in brought):
            wanted = [brought]
        for keys in wanted:
            check_note(note, [key for key in keys if key in brought] or keys)

    def out_of_reach(self, brought, sizes):
        """The first set by recovery after those that are trusted: no key that was trusted before speaks for it."""
        known = [at for at, one in enumerate(self.sets) if any(key in one.keys for key in brought)]
        known = known or [self.place_of(size) for size in sizes if not brought]
        return next((one for one in self.sets[max(known) + 1 :] if one.recovered), None) if known else None


# ---- 14. The policy: what the verifier trusts, a file of their own ----

Policy = namedtuple(
    "Policy",
    "keys genesis origin require size date witnesses groups quorum",
    defaults=((), "", "", "any", 0, "", {}, {}, None),  # group -> (needed, members); quorum: the name that must hold
)
WORDS = {  # how many items follow; whether it may stand once only
    "origin": (1, 1, True), "genesis": (1, 1, True), "log": (1, 2, False), "require": (1, 1, True),
    "size": (1, 1, True), "date": (1, 1, True), "tsa-root": (1, 1, False), "witness": (2, 3, False),
    "group": (3, 128, False), "quorum": (1, 1, True),
}  # fmt: skip


def read_policy(data):
    """Bad(0) for a line that is not known, stands twice or cannot be: what is not read does not protect."""
    need(len(data) <= 262_144 and data.count(b"\n") < 1024, "too large for a policy", 0)
    try:
        lines = data.decode().split("\n")
    except UnicodeDecodeError:
        raise Bad(0, "a policy that is not UTF-8") from None
    need(lines[0] == "ledger-policy/v1", "its first line is not ledger-policy/v1", 0)
    need(not any(re.search(r"[\x00-\x08\x0b-\x1f\x7f]", line) for line in lines), "a control character", 0)
    one, many = {}, {"log": [], "witness": {}, "group": {}}
    for number, line in enumerate(lines[1:], 2):
        items = [item for item in line.replace("\t", " ").split(" ") if item]
        if items and not items[0].startswith("#"):
            try:
                read_policy_line(items, one, many)
            except Bad as bad:
                raise Bad(0, f"line {number}: {bad.why}") from None
    return whole_policy(one, many)


def read_policy_line(items, one, many):
    word, rest = items[0], items[1:]
    need(word in WORDS and WORDS[word][0] <= len(rest) <= WORDS[word][1], f"{word!a} is not known, or not so", 0)
    need(word not in one or not WORDS[word][2], f"{word} stands twice", 0)
    named = {**many["witness"], **many["group"]}
    if word in ("log", "witness"):
        address = rest[WORDS[word][0] :]
        need(not address or address[0].startswith(("https://", "http://")), "no address", 0)
    if word == "log":
        many["log"].append(read_vkey(rest[0], 0))
        need(many["log"][-1].kind != 4, "no log's key", 0)
    elif word in ("witness", "group"):
        need(rest[0] != "none" and rest[0] not in named, "a name that is taken", 0)
        if word == "witness":
            many["witness"][rest[0]] = read_vkey(rest[1], 0)
            return
        count, members = rest[1], rest[2:]
        taken = {member for _, others in many["group"].values() for member in others}
        good = all(member in named for member in members) and len(set(members)) == len(members)
        need(good and not taken & set(members), "a member that is not defined above, or of two groups", 0)
        need(count in ("all", "any") or fits("[1-9][0-9]{0,2}", count), "not all, any or a number", 0)
        needed = {"all": len(members), "any": 1}.get(count) or int(count)
        need(needed <= len(members), "more than there are", 0)
        many["group"][rest[0]] = (needed, members)
    else:
        one[word] = rest[0]


def whole_policy(one, many):
    genesis, date = one.get("genesis", "").replace("sha256:", "", 1), one.get("date", "")
    date = f"{date}T00:00:00.000000Z" if fits("[0-9]{4}-[0-9]{2}-[0-9]{2}", date) else date
    keys, witnesses = many["log"], many["witness"]
    names = {key.name for key in keys} | {one["origin"] for _ in range("origin" in one)}
    need(not genesis or fits(DIGEST, genesis), "genesis is no leaf", 0)
    need(all(fits(ORIGIN, name) for name in names) and len(names) <= 1, "keys of several logs", 0)
    need(keys or genesis, "neither a log's key nor a genesis", 0)
    need(not date or is_time(date), "date", 0)
    need(one.get("require", "any") in ("all", "any"), "require is all or any", 0)
    need(fits("[1-9][0-9]{0,15}", one.get("size", "1")) and int(one.get("size", "1")) < 2**53, "size", 0)
    both = genesis or {key.kind for key in keys} == {1, 6}
    need(one.get("require") != "all" or both, "require all needs both of the log's keys, or the genesis", 0)
    public = [key.public for key in [*keys, *witnesses.values()]]
    need(len(set(public)) == len(public), "a key that stands twice", 0)
    need(len({key[:2] for key in keys}) == len(keys), "two keys with one name and id", 0)
    need(all(key.kind in (4, 6) for key in witnesses.values()), "no witness's key", 0)
    need("quorum" in one or not (witnesses or many["group"]), "witnesses, but no quorum", 0)
    quorum = None if one.get("quorum", "none") == "none" else one["quorum"]
    need(quorum is None or quorum in {**witnesses, **many["group"]}, "a quorum that is not defined", 0)
    return Policy(
        keys, genesis, min(names, default=""), one.get("require", "any"), int(one.get("size", 0)), date, witnesses,
        many["group"], quorum,
    )  # fmt: skip


def cosigners(note, policy):
    """{name: time} of the witnesses whose line is good; one that is not good counts as if it were not there."""
    found, latest = {}, time.time() + 300
    for name, ident, signature in note.signatures:
        for witness, key in policy.witnesses.items():
            said = int.from_bytes(signature[:8], "big")
            if key[:2] == (name, ident) and 0 < said <= latest and is_good_line(note, key, signature):
                found[witness] = max(said, found.get(witness, 0))
    return found


def is_enough(names, policy):
    held = set(names)
    for group, (needed, members) in policy.groups.items():
        if sum(member in held for member in members) >= needed:
            held.add(group)
    return policy.quorum in held


# ---- 10. Sealed fields ----


SALT = re.compile("[A-Za-z0-9_-]{21}[AQgw]", re.ASCII).fullmatch  # 16 bytes: the last character holds two bits
POINTER = re.compile("(data|claimed_by)(/([^/~]|~[01])*)*", re.DOTALL).fullmatch
INDEX = re.compile("0|[1-9][0-9]{0,5}", re.ASCII).fullmatch


def read_disclosure(shown):
    """The id and the steps of the place that a disclosure names."""
    need(len(shown) <= 65_536 and re.fullmatch("[A-Za-z0-9_-]*", shown), "a disclosure of another form", 20)
    try:
        data = base64.urlsafe_b64decode(shown + "=" * (-len(shown) % 4))
        found = decode(b'{"":' + data + b"}", 65_535)
    except (ValueError, Bad):
        raise Bad(20, "a disclosure that is no base64url of JSON in the one form") from None
    need(base64.urlsafe_b64encode(data).decode().rstrip("=") == shown, "a disclosure of another form", 20)
    array = found.get("")
    need(len(found) == 1 and isinstance(array, list) and len(array) == 3, "a disclosure of another form", 20)
    need(all(isinstance(item, str) for item in array[:2]) and SALT(array[0]), "a disclosure of another form", 20)
    ident, _, pointer = array[1].partition("/")
    need(fits(ID, ident) and POINTER(pointer), "a disclosure that names no place", 20)
    return ident, [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")]


def opens(said, path, shown):
    """Whether the commitment at the place is the one that the disclosure opens."""
    value = said
    for step in path:
        if isinstance(value, list) and INDEX(step) and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            return False
    return value == {"sealed": base64.urlsafe_b64encode(sha(shown.encode())).decode().rstrip("=")}


# ---- 10a. Time-stamps: that each speaks of its bytes, and of this log. Who made the token is not judged here ----

Stamp = namedtuple("Stamp", "number kind size event imprinted token")
HASHES = {"608648016503040201": "sha256", "608648016503040202": "sha384", "608648016503040203": "sha512"}
REHASH = re.compile(rb"lifecycle-ledger/rehash/v1\n[^\n]+\n[0-9]+\nsha512\n([^\n]+)\n([^\n]+)\n\n", re.ASCII)


def sha512(data):
    return hashlib.sha512(data).digest()


def der_parts(data):
    """[(tag, body)] of DER values, one after another."""
    parts, at = [], 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length >= 128:
            wide = length - 128
            length, at = int.from_bytes(data[at : at + wide], "big"), at + wide
        need(at + length <= len(data), "a token that is cut", 22)
        parts.append((tag, data[at : at + length]))
        at += length
    return parts


def read_token(data):
    """RFC 3161: hash, imprint and time of a token, by its place in CMS SignedData (RFC 5652)."""
    try:
        ((_, outer),) = der_parts(data)
        signed = der_parts(der_parts(der_parts(outer)[1][1])[0][1])
        ((_, octets),) = der_parts(der_parts(signed[2][1])[1][1])
        ((_, info),) = der_parts(octets)
        fields = der_parts(info)
        (_, algorithm), (_, imprint) = der_parts(fields[2][1])
        return HASHES.get(der_parts(algorithm)[0][1].hex()), imprint, fields[4][1].decode("ascii")
    except (IndexError, ValueError):
        raise Bad(22, "a token of another form") from None


def note_of(stamp):
    """The checkpoint that was stamped."""
    found = REHASH.match(stamp.imprinted) if stamp.kind == "rehash" else None
    return stamp.imprinted[found.end() :] if found else stamp.imprinted


# ---- 12. The checks, over a whole log ----

# The types of format 1 that this file knows (C17: what is critical must be among them).
KNOWN = set(
    """
    actor_introduced alert_acknowledged alert_resolved approval_requested approval_revoked approved
    change_recorded clock_reset corrected dataset_registered delegated deployed deployment_observed drift_alerted
    erased evaluated genesis key_authorized key_revoked log_key_rotated metric_plan_defined migrated placed_on_market
    policy_set put_into_service rejected resumed retimestamped retired role_assigned role_ended rolled_back
    substantial_modification_assessed suspended system_registered timestamped trained undeployed verified
    version_registered
    """.split()
)

BATCH = "the batch that begins here is not"
AHEAD = timedelta(minutes=5)
OMITTED = re.compile(r'\["([0-9a-f]{64})"(?:,"([0-9a-f]{64})")?\]')
Found = namedtuple("Found", "check seq what")  # seq is None where the place is no entry
Placed = namedtuple("Placed", "seq fields body header")
Result = namedtuple(
    "Result", "verdict failures missing findings size covered origin root vouchers sound_before log_key genesis omitted"
)


def verify(entries, checkpoints, keys=(), genesis="", pins=(), disclosures=()):
    """Judge a log: its entries' bytes in order, the notes kept with it (the newest last), and its disclosures.

    What the verifier brought: `keys` (vkeys), `genesis` (leaf of entry 0), `pins` (checkpoints).
    """
    log = Log(Policy([read_vkey(key) for key in keys], genesis))
    for shown in disclosures:
        log.disclose(shown)
    entries = iter(entries)
    first = next(entries, None)
    second = next(entries, None)
    if log.begin(first, second):
        log.expect(checkpoints, 9)
        log.expect(pins, 4)
        for data in (first, second):
            if data is not None:
                log.take(data)
        for data in entries:
            log.take(data)
        log.finish()
    return log.result()


class Log:
    """One verification: begin, expect, take entry after entry, finish, result."""

    def __init__(self, policy):
        self.policy, self.keys, self.wanted_genesis = policy, policy.keys, policy.genesis
        self.tree, self.trust, self.leaf0 = Tree(), None, b""
        self.failures, self.missing, self.findings = [], [], []
        self.notes, self.roots, self.cut = [], {}, set()  # (note, check); size -> root; sizes inside a batch
        self.prev, self.recorded = "0" * 64, ""
        self.partial, self.omitted = False, 0
        self.ids, self.waiting = {}, []  # id -> statement hash and seq; references to what is not there yet
        self.shown = {}  # id -> [(disclosure, path)]
        self.opened, self.erased = {}, {}  # (id, place) -> entry: of a value that is kept; of the word that it is gone
        self.batch, self.hashes, self.bytes, self.lost = None, [], 0, None
        self.vouchers, self.covered, self.good_to = [], 0, 0
        self.stamps, self.tree512, self.roots512 = [], None, {}
        self.made = {}  # (whether it was trained, what) -> {actor: seq of the first that said so}
        self.items, self.names = [], {}  # evidence that is named; digests at hand, by file name
        self.files, self.folders, self.manifests = set(), set(), {}  # at hand: digests; of manifests, what they name
        self.decided, self.latest = [], {}  # (key, seq, type, time) of types with a rule; key -> its last moment

    def fail(self, check, seq, what):
        self.failures.append(Found(check, seq, what))

    def fail_unless(self, good, check, seq, what):
        if not good:
            self.fail(check, seq, what)

    # ---- C10 ----

    def begin(self, first, second):
        """Read entry 0. False where nothing after it would mean anything."""
        if first is None:
            self.fail(10, 0, "there is no entry 0")
            return False
        self.leaf0 = leaf(first)
        try:
            said = read_entry(first)[0]["statement"]
            self.trust = Trust(said, self.leaf0.hex())
            need(self.wanted_genesis in ("", self.leaf0.hex()), "another log: entry 0 is not the one you named", 10)
            named = self.policy.origin or self.trust.origin
            need(self.trust.origin == named, f"this log is {self.trust.origin}, not {named}", 10)
            self.trust.used |= {key.public for key in self.policy.witnesses.values()}
            if self.trust.before is not None:
                old = self.trust.before
                what = f"takes up {old.origin} after a loss, from its first {old.size:,} entries on: judge that, too"
                self.findings.append(Found(10, 0, what))
        except Bad as bad:
            self.fail(bad.check, 0, bad.why)
            return False
        except Unknown as unknown:
            self.later_genesis(second, unknown)
            return False
        return True

    def later_genesis(self, second, unknown):
        """C17 if entry 0 is what the log was built on; else it was changed to look like a later release's."""
        try:
            prev = read_entry(second)[0]["prev"] if second is not None else self.leaf0.hex()
        except Bad:
            prev = self.leaf0.hex()
        if {prev, self.wanted_genesis or prev} != {self.leaf0.hex()}:
            self.fail(7, 0, f"not the bytes that the log was built on ({unknown})")
        else:
            self.missing.append(Found(17, 0, str(unknown)))

    # ---- C2, C3; what C4 and C9 will compare ----

    def expect(self, notes, check):
        """Take checkpoints: kept ones (C9) or the verifier's own (C4). Which keys must have signed, the entries say."""
        for at, data in enumerate(notes):
            name = "a kept checkpoint" if check == 9 else "your checkpoint"
            try:
                note = read_note(data)
                need(note.origin == self.trust.origin, f"of {note.origin}, not of {self.trust.origin}", 2)
            except Bad as bad:
                self.fail(bad.check, None, f"{name}: {bad.why}")
                continue
            self.notes.append((note, check, name, check == 9 and at == len(notes) - 1))
            self.roots[note.size] = self.tree.root() if note.size == 0 else None

    # ---- entry after entry ----

    def take(self, data):
        """C5 to C8, C11, and all that one entry and those before it allow to check."""
        omitted = OMITTED.fullmatch(data.decode("latin-1")) if self.partial else None
        if omitted:
            self.omit(omitted)
            return None
        seq, hash, placed = self.tree.size, leaf(data), None
        try:
            placed = Placed(seq, *read_entry(data))
        except Bad as bad:
            self.fail(bad.check, seq, bad.why)
            if self.batch:
                self.lost, self.batch = self.batch.seq, None  # the batch around it cannot be judged
        else:
            self.follow(placed)
            self.place_in_batch(placed)
            self.author(placed)
            self.refer(placed)
            self.open(placed)
            self.erase(placed)
            self.record_stamp(placed)
            items = placed.fields["statement"].get("evidence", ())
            self.items += [(placed.seq, item) for item in items if item["kind"] != "external"]
        self.chain(hash)
        if self.tree512:
            self.tree512.add(sha512(b"\0" + data))
            if self.tree512.size in self.roots512:
                self.roots512[self.tree512.size] = self.tree512.root()
        return placed

    def chain(self, hash):
        self.prev = hash.hex()
        self.tree.add(hash)
        if self.tree.size in self.roots:
            self.roots[self.tree.size] = self.tree.root()

    def omit(self, line):
        """An entry that a partial bundle leaves out: its leaf, and the hash of its statement where a batch needs it."""
        statement, seq = line[2], self.tree.size
        if statement and not self.batch:
            self.fail(5, seq, "it is left out, with a hash that no batch here needs")
        elif self.batch and not statement:
            self.fail(15, self.batch.seq, f"{BATCH} whole: entry {seq} is left out without its hash")
            self.batch = None
        elif self.batch:
            self.add_to_batch(bytes.fromhex(statement))
        self.omitted += 1
        self.chain(bytes.fromhex(line[1]))

    def follow(self, placed):
        fields, said, seq = placed.fields, placed.fields["statement"], placed.seq
        self.fail_unless(fields["seq"] == seq, 6, seq, f"here stand the bytes of entry {fields['seq']}")
        self.fail_unless(fields["prev"] == self.prev, 7, seq, "not chained to the entry before it")
        late = fields["recorded"] >= self.recorded or said["type"] == "clock_reset"
        self.fail_unless(late, 8, seq, "recorded before the entry before it")
        self.recorded = fields["recorded"]
        if said["time"] > self.recorded and moment(said["time"]) - moment(self.recorded) > AHEAD:
            self.findings.append(Found(22, seq, "dated after it was recorded"))

    # ---- C15 ----

    def place_in_batch(self, placed):
        batch, seq = placed.fields.get("batch"), placed.seq
        first = batch.get("first") if batch else None
        if self.batch and first != self.batch.seq:
            self.fail(15, self.batch.seq, f"{BATCH} whole: entry {seq} is none of its members")
            self.batch = None
        if not batch:
            return
        if first is None:
            self.batch, self.hashes, self.bytes = placed, [], 0
            self.fail_unless(batch["log"] == self.leaf0.hex(), 15, seq, "a batch for another log")
        elif not self.batch:
            self.fail_unless(first == self.lost, 15, seq, "a member of no batch here")
            return
        else:
            self.cut.add(seq)  # a checkpoint of this size would end inside the batch
        self.member(placed, self.batch.fields["batch"])

    def member(self, placed, head):
        said, seq = placed.fields["statement"], placed.seq
        rule = self.trust.rules.get(said["type"], {"batch": True})
        author = (said["actor"], said["key"]) == (head["actor"], head["key"])
        self.fail_unless(author, 15, seq, "by another than its batch")
        self.fail_unless(said["type"] != "genesis" and rule["batch"], 15, seq, f"{said['type']} in a batch")
        signed = placed.fields["signatures"] and placed is not self.batch
        self.fail_unless(not signed, 15, seq, "a member with a signature")
        self.bytes += len(placed.body)
        self.add_to_batch(leaf(placed.body))

    def add_to_batch(self, hash):
        head = self.batch.fields["batch"]
        self.hashes.append(hash)
        if len(self.hashes) == head["count"]:
            right = tree_root(self.hashes).hex() == head["root"] and self.bytes <= 2**23
            self.fail_unless(right, 15, self.batch.seq, f"{BATCH} what was signed")
            self.batch = None

    # ---- C12, C13, C14, C16, C17, C19 ----

    def author(self, placed):
        said, seq, kind = placed.fields["statement"], placed.seq, placed.fields["statement"]["type"]
        self.signatures(placed)
        if kind in ("approved", "rejected"):
            bound = "artifacts" in said["subject"] or "document" in said["subject"]
            self.fail_unless(bound, 19, seq, f"{kind} names no digest set or document")
        if seq == 0:
            return
        self.remember(said, seq)
        if kind == "approved":
            self.four_eyes(said, seq)
        if "on_behalf_of" in said and not self.trust.may_speak(said, self.recorded):
            self.findings.append(Found(13, seq, f"on behalf of {said['on_behalf_of']}, who did not say so"))
        rule = self.trust.rules.get(kind)
        try:
            self.trust.judge(said, self.recorded)
            if rule and rule["trust"]:
                self.trust.change(said, seq)
                self.list_change(said, seq)
        except Bad as bad:
            if self.trust.unknown:
                self.missing.append(Found(17, seq, f"{bad.why}, unless an unknown event allows it"))
            else:
                self.fail(bad.check, seq, bad.why)
        except Unknown as unknown:
            self.missing.append(Found(17, seq, str(unknown)))
        if said.get("critical") and kind not in KNOWN:
            self.missing.append(Found(17, seq, f"{kind} is critical, and not known here"))

    def remember(self, said, seq):
        """What may be asked later: who made what; what a key decided, and when it last spoke."""
        key, latest, kind = said["key"], max(said["time"], self.recorded), said["type"]
        if key in self.trust.grants and not self.trust.grants[key].revoked:
            self.latest[key] = max(latest, self.latest.get(key, ""))
            if kind in self.trust.rules:
                self.decided.append((key, seq, kind, latest))
        if kind in MAKING and about(said):
            self.made.setdefault((kind == "trained", about(said)), {}).setdefault(said["actor"], seq)

    def list_change(self, said, seq):
        """Whoever changes the rules and changes them back leaves two findings."""
        if said["type"] == "policy_set":
            self.findings.append(Found(16, seq, f"{said['actor']} set the policy {spell(said['data'])}"))
        elif said["type"] == "log_key_rotated":
            how = "recovery: the old ones did not sign" if "recovery" in said["data"] else "rotation"
            self.findings.append(Found(3, seq, f"the log's keys were replaced, by {how}"))

    def four_eyes(self, said, seq):
        """C19: approved by who trained, evaluated or asked; or by somebody whom one of these brought in."""
        policies, system, what = self.trust.four_eyes, said["subject"].get("system", ""), about(said)
        policy = policies.get(system, policies.get("", "off"))
        if policy == "off":
            return
        makers = set()
        for (trained, made), actors in self.made.items():
            if made == what or (trained and made <= what):
                makers.update(actors)
        grant = self.trust.grants.get(said["key"])
        others = self.trust.handles.get(said["actor"], set()) | {grant.by if grant else ""}
        if said["actor"] in makers:
            own = Found(19, seq, f"approved by {said['actor']}, whose own work it is")
            (self.failures if policy == "refusal" else self.findings).append(own)
        for other in others & makers - {said["actor"]}:
            self.findings.append(Found(19, seq, f"approved by {said['actor']}, whom its maker {other} brought in"))

    def signatures(self, placed):
        batch, signatures = placed.fields.get("batch"), placed.fields["signatures"]
        if batch and "first" in batch:
            return  # C15 looks after members
        key = batch["key"] if batch else placed.fields["statement"]["key"]
        purpose, body = ("batch", placed.header) if batch else ("statement", placed.body)
        grant = self.trust.grants.get(key)
        if grant is None:
            if batch and key != placed.fields["statement"]["key"]:
                self.fail(14, placed.seq, "a batch signed with an unknown key")
            return  # C13 says that the key is not authorised
        good = signed_by(grant.keys, purpose, body, signatures)
        if good is None:
            self.missing.append(Found(14, placed.seq, "a signature of a scheme that is not known here"))
        elif not good:
            self.fail(14, placed.seq, "its signature does not fit")

    # ---- C11, C18 ----

    def refer(self, placed):
        said, seq = placed.fields["statement"], placed.seq
        own = bytes.fromhex(said["id"].replace("-", ""))
        self.fail_unless(own not in self.ids, 11, seq, "an id that stands in the log before it")
        strict = said["type"] in self.trust.rules
        for refs in said.get("refs", {}).values():
            for ref in refs:
                ident = bytes.fromhex(ref["id"].replace("-", ""))
                if ident == own:
                    self.fail(18, seq, "a reference to itself")
                elif ident in self.ids:
                    right = self.ids[ident][:32].hex() == ref["hash"]
                    self.fail_unless(right, 18, seq, f"a reference to {ref['id']}, but not with that hash")
                elif strict and not self.partial:
                    self.fail(18, seq, f"a reference to {ref['id']}, which is not in the log before it")
                else:
                    self.waiting.append((seq, ident, ref["hash"]))
        self.ids.setdefault(own, leaf(placed.body) + seq.to_bytes(8, "big"))

    # ---- C20 ----

    def disclose(self, shown):
        try:
            ident, path = read_disclosure(shown)
        except Bad as bad:
            self.fail(bad.check, None, bad.why)
        else:
            self.shown.setdefault(ident, []).append((shown, path))

    def open(self, placed):
        if self.shown:
            said = placed.fields["statement"]
            here = self.shown.pop(said["id"], ())
            for shown, path in here:
                where = "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in path)
                self.fail_unless(opens(said, path, shown), 20, placed.seq, f"a disclosure does not open {where}")
                if opens(said, path, shown):
                    self.opened[said["id"], where] = placed.seq
                once = here.count((shown, path)) == 1
                self.fail_unless(once, 20, placed.seq, f"a disclosure of {where} stands twice")

    def erase(self, placed):
        """Remember what an entry says was erased: what is kept all the same is a finding."""
        said = placed.fields["statement"]
        fields = said["data"].get("fields") if said["type"] == "erased" else None
        for ref in said.get("refs", {}).get("of", ()) if isinstance(fields, list) else ():
            self.erased.update(((ref["id"], field), placed.seq) for field in fields if isinstance(field, str))

    # ---- C21 ----

    def ask_evidence(self, asked):
        """What is not at hand is missing where it was asked for, else counted; other bytes of its name are BROKEN."""
        wanted = {item["digest"][7:] for _, item in self.items}
        every = {(item["kind"], item["digest"][7:]) for _, item in self.items}
        lacking = {one for one in every if not self.has(*one)}
        if lacking and not asked:
            what = f"{len(lacking):,} of {len(every):,} files and folders that entries name are not here: known by"
            self.findings.append(Found(21, None, f"{what} digest alone"))
        for seq, item in self.items if asked else ():
            digest, name = item["digest"][7:], item.get("name", "evidence")
            others = set(self.names.get(name, ())) - wanted  # what was recorded again lies under the same name
            if (item["kind"], digest) in lacking and others:
                what = f"{name} is sha256:{min(others)[:16]}, the entry says {digest[:16]}: not what was recorded"
                self.fail(21, seq, what)
            elif (item["kind"], digest) in lacking:
                what = f"evidence {name} sha256:{digest[:16]} ({item['size']:,} bytes) is not here"
                self.missing.append(Found(21, seq, what))

    def has(self, kind, digest):
        """Whether evidence is at hand; a folder's manifest alone is not the folder."""
        if kind != "directory":
            return digest in self.files
        return digest in self.folders or (digest in self.manifests and self.manifests[digest] <= self.files)

    def take_file(self, digest, parts):
        """Take a file as evidence; of one that is the manifest of a folder (section 10), also what it names."""
        first, data = b"ledger-manifest/v1\n", bytearray()
        self.files.add(digest)
        for part in parts:
            data += part
            if not first.startswith(data[: len(first)]) or len(data) > 2**26:
                return
        if data.startswith(first) and sha(data).hex() == digest:
            rows = bytes(data[len(first) :]).splitlines()
            inside = [not row[66:].startswith(b"/") and not {b"..", b"."} & {*row[66:].split(b"/")} for row in rows]
            if all(inside) and all(re.match(rb"[0-9a-f]{64}  .", row) for row in rows):
                self.manifests[digest] = {row[:64].decode() for row in rows}

    # ---- C22 ----

    def stamp(self, stamps):
        """Take time-stamps; their checkpoints are judged as kept ones are."""
        self.stamps = stamps
        self.roots512 = {stamp.size: None for stamp in stamps if stamp.kind == "rehash"}
        self.tree512 = Tree(sha512) if self.roots512 else None
        tokens = b""
        for stamp in stamps:
            try:
                self.check_stamp(stamp, sha512(tokens))
            except Bad as bad:
                self.fail(22, None, f"time-stamp {stamp.number}: {bad.why}")
            tokens += sha512(stamp.token)

    def check_stamp(self, stamp, tokens):
        name, imprint, time = read_token(stamp.token)
        said = f"time-stamp {stamp.number}, of size {stamp.size:,}: its token says {time}"
        need(name is None or hashlib.new(name, stamp.imprinted).digest() == imprint, "it is of other bytes", 22)
        self.findings.append(Found(22, None, f"{said}; who made it is not judged here (openssl ts -verify does)"))
        if stamp.kind == "rehash":
            found = REHASH.match(stamp.imprinted)
            need(found, "it is no rehash", 22)
            need(unbase64(found[2].decode("ascii", "replace")) == tokens, "made over other tokens", 22)

    def record_stamp(self, placed):
        said = placed.fields["statement"]
        for stamp in self.stamps:
            if stamp.event == said["id"]:
                right = said["type"] in ("timestamped", "retimestamped") and said["data"].get("stamp")
                named = "sha256:" + sha(stamp.token).hex()
                what = f"time-stamp {stamp.number} is not the token that entry {placed.seq} records"
                self.fail_unless(right == named, 22, None, what)

    def rehashed(self):
        for stamp in self.stamps:
            found = REHASH.match(stamp.imprinted) if stamp.kind == "rehash" else None
            if found and self.roots512.get(stamp.size) != unbase64(found[1].decode("ascii", "replace")):
                self.fail(22, None, f"time-stamp {stamp.number}: a rehash of other entries")

    # ---- the end ----

    def finish(self):
        if self.batch:
            self.fail(15, self.batch.seq, f"{BATCH} whole: the log ends")
        for seq, ident, hash in self.waiting:
            if ident in self.ids and self.ids[ident][:32].hex() != hash:
                self.fail(18, seq, "a reference to a later entry, but not with its hash")
        for ident in self.shown:
            self.fail(20, None, f"a disclosure is for {ident}, which is not in the log")
        for place in self.opened.keys() & self.erased.keys():
            what = f"{place[1]} is kept here, and entry {self.erased[place]} says that it was erased"
            self.findings.append(Found(20, self.opened[place], what))
        self.doubt()
        for one in self.trust.sets[1:]:
            if not one.recovered and all(note.size != one.start for note, _, _, _ in self.notes):
                self.fail(3, one.seq, f"new keys of the log, and no checkpoint of {one.start:,} entries signed by both")
        good = [one for one in self.notes if self.is_signed(one[0], one[2])]
        self.covered = max([note.size for note, _, _, newest in good if newest], default=0)
        if self.policy.require == "all":
            self.require_all(good)
        for note, check, name, _ in good:
            self.hold(note, check, name)
        self.ask_policy(good)
        self.rehashed()
        sizes = [size for _, size in self.vouchers] + [0] * bool(self.wanted_genesis)
        beyond = self.trust.out_of_reach(self.keys, sizes)
        if beyond:
            self.missing.append(Found(3, beyond.seq, "new keys of the log, by recovery: name them if you know them"))

    def is_signed(self, note, name):
        try:
            self.trust.check_signed(note, self.keys)
        except Bad as bad:
            self.fail(bad.check, None, f"{name}: {bad.why}")
            return False
        return True

    def is_hybrid(self, note):
        """Whether both of the log's keys signed."""
        keys = self.trust.sets[self.trust.place_of(note.size)].keys
        return all(
            any(line[:2] == key[:2] and is_good_line(note, key, line[2]) for line in note.signatures) for key in keys
        )

    def require_all(self, good):
        """C3: what is kept or given bears both lines; the newest may not yet, and then covers nothing."""
        both = [self.is_hybrid(note) for note, _, _, _ in good]
        for (note, _, name, newest), hybrid in zip(good, both):
            self.fail_unless(newest or hybrid, 3, None, f"{name} of {note.size:,} entries lacks a line of the log's")
        own = [note.size for (note, check, _, _), hybrid in zip(good, both) if hybrid and check == 9]
        self.fail_unless(own, 3, None, "no checkpoint is signed by both of the log's keys")
        self.covered = max(own, default=0)

    def ask_policy(self, good):
        """C4: least size, quorum of witnesses, date that evidence must reach."""
        policy, newest = self.policy, 0
        size = max([note.size for note, check, _, _ in good if check == 9], default=0)
        what = f"the policy wants {policy.size:,} sealed entries or more, here are {size:,}"
        self.fail_unless(size >= policy.size, 4, size, what)
        seal = [note for note, _, _, _ in good if policy.require == "any" or self.is_hybrid(note)]
        for note in sorted(seal, key=lambda note: -note.size) if policy.quorum else ():
            signed = cosigners(note, policy)
            if is_enough(signed, policy):
                said = f"the quorum {policy.quorum} ({', '.join(sorted(signed))})"
                self.hold(note, 4, said)
                times = sorted(signed.values())
                newest = max(at for at in times if is_enough([n for n in signed if signed[n] >= at], policy))
                break
        else:
            if policy.quorum:
                self.missing.append(Found(4, None, f"the policy wants the quorum {policy.quorum}: not enough cosigned"))
        reached = datetime(1970, 1, 1) + timedelta(seconds=min(newest, 253_402_300_799))
        if policy.date and reached < moment(policy.date):
            self.missing.append(Found(4, None, f"the policy wants evidence of {policy.date[:10]} or later"))

    def doubt(self):
        """What a key signed from the moment on that it was reported compromised: findings, with the report's entry."""
        for ident, grant in self.trust.grants.items():
            if grant.revoked and grant.since and self.latest.get(ident, "") >= grant.since:
                what = f"what {grant.actor}'s key signed since {grant.since} is doubtful"
                self.findings.append(Found(13, grant.seq, what))
        for ident, seq, kind, latest in self.decided:
            grant = self.trust.grants[ident]
            if grant.revoked and grant.since and latest >= grant.since and seq <= grant.seq:
                self.findings.append(Found(13, seq, f"{kind} is doubtful: its key was compromised since {grant.since}"))

    def hold(self, note, check, name):
        """C4, C9: the root at the checkpoint's size; C15: no batch is cut there."""
        root = self.roots[note.size]
        if note.size > self.tree.size:
            what = f"{name} has {note.size:,} entries, the log has {self.tree.size:,}: the newest are missing"
            self.fail(check, self.tree.size, what)
        elif root != note.root:
            self.fail(check, None, f"the first {note.size:,} entries are not those that {name} was signed over")
        else:
            self.good_to = max(self.good_to, note.size)
            if note.size in self.cut:
                self.fail(15, None, f"a checkpoint of {note.size:,} entries ends inside a batch")
            if check == 4:
                self.vouchers.append((name, note.size))

    def result(self):
        failures = in_order(self.failures)
        vouched = bool(self.keys or self.wanted_genesis or self.vouchers)
        verdict = "BROKEN" if failures else "UNVERIFIABLE" if self.missing else "VERIFIED" if vouched else "UNPINNED"
        places = [found.seq for found in failures if found.seq is not None]
        sound = min(places) if places else self.good_to if failures else self.tree.size
        trust = self.trust
        return Result(
            verdict, failures, self.missing, self.findings, self.tree.size, self.covered,
            trust.origin if trust else "", self.tree.root().hex(), self.vouchers, sound,
            trust.sets[-1].keys[0] if trust else None, self.leaf0.hex(), self.omitted,
        )  # fmt: skip


def in_order(failures):
    """Failures by entry; what repeats another one (a batch around it, a note over it) after it.

    C7: where only the link into entry k is broken, and the link out of k holds, the bytes of k are what was sealed, and
    k - 1 was changed; unless k is not in its place (C6): then something between is missing.
    """
    links, named = {found.seq for found in failures if found.check == 7}, []
    moved = {found.seq for found in failures if found.check == 6}
    for found in failures:
        if found.check == 7 and found.seq and not {found.seq - 1, found.seq + 1} & links and found.seq not in moved:
            found = Found(7, found.seq - 1, f"not the bytes that entry {found.seq} was chained to")
        named.append(found)
    return sorted(
        named, key=lambda found: (found.seq is None, found.what.startswith(BATCH), found.seq or 0, found.check)
    )


def about(said):
    """The artifacts of a statement's subject, else its document."""
    subject = said["subject"]
    document = [("", subject["document"])] if "document" in subject else []
    return frozenset(subject["artifacts"].items() if "artifacts" in subject else document)


def moment(time):
    return datetime.strptime(time, "%Y-%m-%dT%H:%M:%S.%fZ")


# ---- 14. Receipts, and two checkpoints of one log ----

RECEIPT, CONSISTENCY = b"c2sp.org/tlog-proof@v1\n", b"ledger-consistency/v1\n"
LINKS = 256

Link = namedtuple("Link", "data path")
Chain = namedtuple("Chain", "links head within")
Shown = namedtuple("Shown", "verdict why rows document")


def take_apart(data, first, word, limit):
    """A proof file: what stands after `word`, the other lines up to the blank one, the note."""
    need(len(data) <= limit and data.startswith(first), "another form, or too large", 0)
    head, blank, note = data.partition(b"\n\n")
    lines = head.decode("ascii", "replace").split("\n")[1:]
    need(blank and lines and lines[0].startswith(word), f"no line {word.strip()!r}", 0)
    held = unbase64(lines[0][len(word) :])
    need(held is not None, "not base64", 0)
    return held, lines[1:], note


def read_path(texts):
    need(isinstance(texts, list) and len(texts) <= 53, "a path of over 53 hashes", 0)
    path = [unbase64(text) for text in texts]
    need(all(step is not None and len(step) == 32 for step in path), "a hash of another length", 0)
    return path


def check_inclusion(index, size, hash, path, root):
    """RFC 9162 section 2.1.3.2."""
    need(0 <= index < size, "a place outside the tree", 0)
    at, last = index, size - 1
    for step in path:
        need(last > 0, "a path too long", 0)
        if at % 2 or at == last:
            hash = sha(b"\1" + step + hash)
            while at and at % 2 == 0:
                at, last = at // 2, last // 2
        else:
            hash = sha(b"\1" + hash + step)
        at, last = at // 2, last // 2
    need(last == 0 and hash == root, "the path does not lead to the root", 0)


def check_consistency(old, size, path, old_root, root):
    """RFC 9162 section 2.1.4.2; from nothing to anything without a hash."""
    need(old <= size, "the older one is the larger", 0)
    if old in (0, size):
        need(not path and old_root == (root if old else sha(b"")), "two trees of one size, or a root of nothing", 0)
        return
    path = ([old_root] if old & (old - 1) == 0 else []) + path
    need(len(path) > (old & (old - 1) == 0), "no hashes", 0)
    at, last = old - 1, size - 1
    while at % 2:
        at, last = at // 2, last // 2
    left = right = path[0]
    for step in path[1:]:
        need(last > 0, "a path too long", 0)
        if at % 2 or at == last:
            left, right = sha(b"\1" + step + left), sha(b"\1" + step + right)
            while at and at % 2 == 0:
                at, last = at // 2, last // 2
        else:
            right = sha(b"\1" + right + step)
        at, last = at // 2, last // 2
    need(last == 0 and left == old_root and right == root, "the hashes do not lead to both roots", 0)


def read_extra(extra):
    """The entry's bytes, and its author's chain where the receipt brings one."""
    if not extra.startswith(b'{"chain":'):
        return extra, None
    value = decode(extra, 1 << 20)
    keys = {"chain", "entry", "format"}
    need(keys <= value.keys() <= keys | {"head", "within"}, "fields of a receipt", 0)
    need(value["format"] == 1 and is_integer(value["format"], 1, 1), "another format of receipt", 0)
    need(isinstance(value["chain"], list) and len(value["chain"]) <= LINKS, "a chain too long", 0)
    links = [read_link(one) for one in value["chain"]]
    head = read_link(value["head"]) if "head" in value else None
    within = read_path(value["within"]) if "within" in value else None
    return read_bytes(value["entry"]), Chain(links, head, within)


def read_link(value):
    need(isinstance(value, dict) and value.keys() == {"entry", "path"}, "a link of another form", 0)
    return Link(read_bytes(value["entry"]), read_path(value["path"]))


def read_bytes(text):
    data = unbase64(text) if isinstance(text, str) else None
    need(data is not None, "not base64", 0)
    return data


def signed(keys, purpose, body, signatures, missing):
    """Bad(14) where one of the keys did not sign; nothing is asked where it is not known whose must."""
    good = signed_by(keys, purpose, body, signatures) if keys is not None else True
    need(good is not False, "a signature that does not fit", 14)
    if good is None:
        missing.append("a scheme that is not known here")


def check_author(chain, data, note, missing):
    """R5, R6: entry 0 and the key events behind the author's key, in order, then the author's own signature."""
    entry, body, header = read_entry(data)
    seq = entry["seq"]
    need((not chain.links) is (seq == 0), "a chain that does not begin with entry 0", 0)
    first, before = chain.links[0] if chain.links else Link(data, None), -1
    trust = None
    for link in [first, *chain.links[1:]]:
        one, text, _ = read_entry(link.data)
        place, what = one["seq"], one["statement"]
        need(before < place and (place < seq or place == seq == 0), "a chain out of order", 0)
        if link.path is not None:
            check_inclusion(place, note.size, leaf(link.data), link.path, note.root)
        if trust is None:
            need(place == 0, "a chain that does not begin with entry 0", 0)
            trust = Trust(what, leaf(link.data).hex())
            need(trust.origin == note.origin, "entry 0 of another log", 10)
        else:
            rule = trust.rules.get(what["type"], {})
            need("batch" not in one and rule.get("trust"), "a link that is no key event", 0)
        signed(keys_of_author(trust, one, missing), "statement", text, one["signatures"], missing)
        try:
            trust.change(what, place) if place else None
        except Unknown as unknown:
            missing.append(str(unknown))
        before = place
    if seq:
        keys = keys_of_author(trust, entry, missing)
        if "batch" in entry:
            check_batch(chain, entry, body, header, trust, keys, note, missing)
        else:
            need(chain.head is None and chain.within is None, "a batch that the entry is not in", 0)
            signed(keys, "statement", body, entry["signatures"], missing)
    return trust


def keys_of_author(trust, entry, missing):
    """The keys that must sign an entry; none where an event that is not known here may have allowed another."""
    said = entry["statement"]
    try:
        if entry["seq"]:
            trust.judge(said, entry["recorded"])
    except Bad as bad:
        if not trust.unknown:
            raise
        missing.append(f"{bad.why}, unless an unknown event allows it")
        return None
    return trust.grants[said["key"]].keys


def check_batch(chain, entry, body, header, trust, keys, note, missing):
    """C15 of one member."""
    seq, said = entry["seq"], entry["statement"]
    first, top = entry["batch"].get("first", seq), entry
    rule = trust.rules.get(said["type"], {"batch": True})
    need(rule["batch"] and said["type"] != "genesis", "a type that must not be in a batch", 15)
    if keys is None:
        return  # by whom it may be said, an event that is not known here says
    need(chain.within is not None and (chain.head is None) is (first == seq), "a batch that is not shown", 15)
    if first != seq:
        top, _, header = read_entry(chain.head.data)
        need(top["seq"] == first and "root" in top.get("batch", {}), "another entry as the batch's head", 15)
        check_inclusion(first, note.size, leaf(chain.head.data), chain.head.path, note.root)
    batch = top["batch"]
    need((batch["actor"], batch["key"]) == (said["actor"], said["key"]), "a batch by another", 15)
    need(batch["log"] == trust.leaf, "a batch for another log", 15)
    check_inclusion(seq - first, batch["count"], leaf(body), chain.within, bytes.fromhex(batch["root"]))
    signed(keys, "batch", header, top["signatures"], missing)


def verify_receipt(data, policy):
    """R1 to R6, offline: the entry stands under the checkpoint; whose key signed it, where the file shows that."""
    try:
        extra, lines, note = take_apart(data, RECEIPT, "extra ", 1 << 20)
        held, chain = read_extra(extra)
        entry, _, _ = read_entry(held)
        need(lines and lines[0] == f"index {entry['seq']}", "another place than the entry says", 0)
        path, note, missing = read_path(lines[1:]), read_note(note), []
        start = chain.links[0].data if chain and chain.links else held if chain or entry["seq"] == 0 else None
        known = list(policy.keys) or known_by(start, policy.genesis)
        if not known:
            return Shown("UNVERIFIABLE", f"no key of {note.origin} is at hand", [], {"origin": note.origin})
        check_checkpoint(note, known, policy, missing)
        check_inclusion(entry["seq"], note.size, leaf(held), path, note.root)
        if chain:
            trust = check_author(chain, held, note, missing)
            need(policy.genesis in ("", trust.leaf), "entry 0 is not the one that you know", 10)
            check_note(note, [*known, *(read_vkey(key) for key in json.loads(start)["statement"]["data"]["log_keys"])])
    except Unknown as unknown:
        return Shown("UNVERIFIABLE", str(unknown), [], {})
    except Bad as bad:
        return Shown("BROKEN", bad.why, [], {})
    return shown(entry, note, bool(chain), missing)


def check_checkpoint(note, known, policy, missing):
    """R2: origin, the log's key or both, enough witnesses."""
    need(policy.origin in ("", note.origin), "a checkpoint of another log", 2)
    check_note(note, known)
    good = {key.kind for key in known for line in note.signatures if key[:2] == line[:2]}
    need(policy.require == "any" or good >= {1, 6}, "a checkpoint without a line of both of the log's keys", 3)
    if policy.quorum and not is_enough(cosigners(note, policy), policy):
        missing.append(f"the policy wants the quorum {policy.quorum}: not enough cosigned")


def known_by(start, genesis):
    """The log's keys, by the word of an entry 0 whose leaf the verifier knows, where it is brought."""
    if not genesis or start is None:
        return []
    entry, _, _ = read_entry(start)
    need(leaf(start).hex() == genesis, "entry 0 is not the one that you know", 10)
    return [read_vkey(key, 10) for key in entry["statement"]["data"]["log_keys"]]


def shown(entry, note, author, missing):
    said, seq = entry["statement"], entry["seq"]
    rows = [(f"entry {seq}", f"{said['type']} by {said['actor']}, recorded {entry['recorded']}")]
    rows.append(("proven", f"this entry stands in the log of {note.size:,} entries that the key signed"))
    if author:
        rows.append(("", f"{said['actor']} signed it, with a key that this log had authorised before"))
    why = "that what it states is true; that nothing later corrects it" + (
        "; that the key, or its role, was not taken away before" if author else "; whose signature it bears"
    )
    facts = {"origin": note.origin, "seq": seq, "size": note.size, "author_proven": author}
    verdict = "UNVERIFIABLE" if missing else "VERIFIED"
    return Shown(verdict, "; ".join(missing), [*rows, ("not proven", why)], facts)


def verify_consistency(data, policy):
    """The log of the newer checkpoint begins with all that the older one covers."""
    try:
        old, lines, note = take_apart(data, CONSISTENCY, "old ", 3 << 16)
        old, note, path = read_note(old), read_note(note), read_path(lines)
        known, missing = list(policy.keys), []
        if not known:
            return Shown("UNVERIFIABLE", f"no key of {note.origin} is at hand", [], {"origin": note.origin})
        need(old.origin == note.origin, "checkpoints of two logs", 2)
        check_note(old, known)
        check_checkpoint(note, known, policy, missing)
        check_consistency(old.size, note.size, path, old.root, note.root)
    except Bad as bad:
        return Shown("BROKEN", bad.why, [], {})
    row = ("proven", f"the log of {note.size:,} entries begins with all {old.size:,} of the older checkpoint")
    facts = {"origin": note.origin, "old": old.size, "new": note.size}
    return Shown("UNVERIFIABLE" if missing else "VERIFIED", "; ".join(missing), [row], facts)


def small_proof(path):
    """The bytes of a receipt or a proof of consistency; None for any other file."""
    if os.path.isdir(path):
        raise Misuse(f"{path} is a folder", "name the .zip as you were given it; published files: ledger verify")
    try:
        with open(path, "rb") as file:
            data = file.read((1 << 20) + 1)
    except OSError as error:
        raise Misuse(f"{path}: {error.strerror}", "name the file that you were given") from None
    return data if data.startswith((RECEIPT, CONSISTENCY)) else None


# ---- 15. The bundle ----

NAMES = re.compile(
    r"FORMAT\.md|MANIFEST|README\.txt|checkpoint|checkpoints\.jsonl|disclosures\.txt|entries\.jsonl|keys\.txt"
    r"|state\.json|timestamps\.jsonl|timestamps/[1-9][0-9]{0,4}/(?:imprinted|proofs\.pem|token\.der)"
    r"|verify\.py|evidence/[0-9a-f]{64}|schemas/[a-z][a-z0-9_]{1,47}\.json"
)
WIDE = 0xFFFFFFFF  # sizes and offsets from here on stand in a ZIP64 field
File = namedtuple("File", "header start size crc")  # where its header and its bytes begin


class Misuse(Exception):
    """What was given cannot be judged: it is no bundle, or not what the command line says."""

    def __init__(self, what, fix="python3 -I verify.py --help; keep what you were given as it is"):
        super().__init__(what)
        self.fix = fix


def not_a_bundle(why):
    return Misuse(f"not a ledger's bundle: {why}", "ask for it again, compare sha256sum; keep this one as it is")


def local_header(name, size, crc):
    """APPNOTE 4.3.7: nothing in it that does not follow from these."""
    large = size >= WIDE
    extra = struct.pack("<HHQQ", 1, 16, size, size) if large else b""
    shown = min(size, WIDE)
    fixed = ("<4s5H3I2H", b"PK\3\4", 45 if large else 10, 0, 0, 0, 33, crc, shown, shown, len(name), len(extra))
    return struct.pack(*fixed) + name.encode() + extra


def directory(files):
    """APPNOTE 4.3.12 to 4.3.16: all that stands behind the last file."""
    rows, end = b"", 0
    for name, (header, start, size, crc) in files.items():
        wide = ([size, size] if size >= WIDE else []) + ([header] if header >= WIDE else [])
        extra = struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
        version, shown = 45 if wide else 10, min(size, WIDE)
        rows += struct.pack("<4s6H3I", b"PK\1\2", 768 + version, version, 0, 0, 0, 33, crc, shown, shown)
        rows += struct.pack("<5HII", len(name), len(extra), 0, 0, 0, 0o100644 << 16, min(header, WIDE))
        rows += name.encode() + extra
        end = start + size
    last = struct.pack("<4s4HIIH", b"PK\5\6", 0, 0, len(files), len(files), len(rows), min(end, WIDE), 0)
    if end < WIDE:
        return rows + last
    wide = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 813, 45, 0, 0, len(files), len(files), len(rows), end)
    return rows + wide + struct.pack("<4sIQI", b"PK\6\7", 0, end + len(rows), 1) + last


def read_at(file, start, size):
    file.seek(start)
    data = file.read(size)
    if len(data) != size:
        raise not_a_bundle("it ends early")
    return data


def open_bundle(file):
    """{name: File}. Names, sizes and CRCs are read; every other byte outside the files is made anew and compared."""
    size = file.seek(0, 2)
    if size < 22 or read_at(file, 0, 4) != b"PK\3\4":
        raise not_a_bundle("it does not begin as one")
    end = struct.unpack("<4s4HIIH", read_at(file, size - 22, 22))
    if end[0] != b"PK\5\6":
        raise not_a_bundle("it ends early, or something stands behind its end")
    start = end[6]
    if start == WIDE and size >= 98:
        start = struct.unpack("<40x8xQ", read_at(file, size - 98, 56))[0]
    if not 0 < size - start <= 2**24:
        raise not_a_bundle("its directory is too large, or none")
    tail = read_at(file, start, size - start)
    files = read_directory(tail)
    last = list(files.values())[-1]
    if directory(files) != tail or last.start + last.size != start:
        raise not_a_bundle("its directory is not in the one form")
    for name, one in files.items():
        header = local_header(name, one.size, one.crc)
        if read_at(file, one.header, len(header)) != header:
            raise not_a_bundle(f"{name} is not where, or not what, the directory says")
    for name in ("MANIFEST", "checkpoint", "entries.jsonl"):
        if name not in files:
            raise not_a_bundle(f"there is no {name} in it")
    return files


def read_directory(tail):
    files, at, place = {}, 0, 0
    while tail[at : at + 4] == b"PK\1\2" and len(tail) >= at + 46:
        crc, _, size, length, extra = struct.unpack("<16xIIIHH", tail[at : at + 32])
        name = tail[at + 46 : at + 46 + length].decode("ascii", "replace")
        if size == WIDE:
            size = int.from_bytes(tail[at + 50 + length : at + 58 + length], "little")
        if not NAMES.fullmatch(name) or name in files or len(files) == 65_534:
            raise not_a_bundle(f"a file {name[:100]!a}: none of a bundle's, or there twice, or one too many")
        start = place + len(local_header(name, size, crc))
        files[name] = File(place, start, size, crc)
        at, place = at + 46 + length + extra, start + size
    if not files:
        raise not_a_bundle("there are no files in it")
    return files


def parts_of(file, one, step=1 << 20):
    for at in range(0, one.size, step):
        yield read_at(file, one.start + at, min(step, one.size - at))


def lines_of(file, one, limit):
    """The lines of a file, each ended by one LF: (its bytes, whether it was ended). A long one: its beginning."""
    begun = b""
    for part in parts_of(file, one) if one else ():
        *ended, rest = part.split(b"\n")
        for piece in ended:
            yield (begun + piece)[: limit + 1], True
            begun = b""
        begun = (begun + rest)[: limit + 1]
    if begun:
        yield begun, False


def small_file(file, files, name, limit):
    if name in files and files[name].size > limit:
        raise Bad(1, f"{name} is too large")
    return b"".join(parts_of(file, files[name])) if name in files else b""


def read_kept(file, files):
    """The kept checkpoints, the newest last."""
    kept = []
    for line, ended in lines_of(file, files.get("checkpoints.jsonl"), 131_072):
        try:
            note = json.loads(line.decode())
            kept.append(note.encode())
        except (ValueError, AttributeError, RecursionError):
            ended = False
        need(ended, "checkpoints.jsonl has another form than it must", 2)
    newest = small_file(file, files, "checkpoint", 65_536)
    return kept + [newest] if newest else kept


def read_stamps(file, files):
    """The time-stamps of the bundle, in their order."""
    stamps, lines = [], small_file(file, files, "timestamps.jsonl", 2**23).split(b"\n")
    need(lines.pop() == b"", "timestamps.jsonl has another form than it must", 22)
    for number, line in enumerate(lines, 1):
        try:
            said = decode(line, 256)
        except Bad:
            said = {}
        right = set(said) == {"event", "kind", "number", "size"} and said["kind"] in ("checkpoint", "rehash")
        right = right and said["number"] == number and is_integer(said["size"], 0, 2**53) and fits(ID, said["event"])
        need(right, "timestamps.jsonl has another form than it must", 22)
        home = f"timestamps/{number}/"
        imprinted = small_file(file, files, home + "imprinted", 2**18)
        token = small_file(file, files, home + "token.der", 2**18)
        stamps.append(Stamp(number, said["kind"], said["size"], said["event"], imprinted, token))
    return stamps


def read_folder(log, top):
    """Take the files below a folder as evidence, and each folder's manifest (section 10)."""
    digests = {}  # path below the folder -> digest
    for place, folders, names in os.walk(top):
        for name in folders + names:
            path = os.path.join(place, name)
            if os.path.islink(path) or not (os.path.isfile(path) or os.path.isdir(path)):
                raise Misuse(f"--evidence {path}: neither a file nor a folder")
        for name in names:
            path, digest = os.path.join(place, name), hashlib.sha256()
            with open(path, "rb") as file:
                for part in iter(lambda: file.read(1 << 20), b""):
                    digest.update(part)
            digests[os.fsencode(os.path.relpath(path, top))] = digest.hexdigest()
            with open(path, "rb") as file:
                log.take_file(digest.hexdigest(), iter(lambda: file.read(2**16), b""))
            log.names.setdefault(name, set()).add(digest.hexdigest())
    for folder in {b""} | {path[: at + 1] for path in digests for at in range(len(path)) if path[at : at + 1] == b"/"}:
        inside = sorted((path[len(folder) :], digest) for path, digest in digests.items() if path.startswith(folder))
        rows = b"".join(digest.encode() + b"  " + path + b"\n" for path, digest in inside)
        log.folders.add(sha(b"ledger-manifest/v1\n" + rows).hex())


def verify_bundle(path, keys=(), genesis="", pins=(), policy=None, evidence=None):
    """Judge a bundle by what the verifier brought: `policy`, or vkeys and a genesis leaf; `pins` are checkpoints.

    `evidence`: a folder in which what entries name is to be found. Nothing in the bundle is trusted: keys.txt and
    verify.py are not even read.
    """
    if not os.path.isfile(path):
        raise Misuse(f"{path}: there is no such file")
    try:
        file = open(path, "rb")
    except OSError as error:
        raise Misuse(f"{path}: {error.strerror}") from None
    with file:
        files = open_bundle(file)
        log, state = Log(policy or Policy([read_vkey(key) for key in keys], genesis)), State()
        found = read_manifest(file, files)
        log.partial = bool(found) and int(found[3]) < int(found[2])
        try:
            kept, stamps = read_kept(file, files), read_stamps(file, files)
        except Bad as bad:
            log.fail(bad.check, None, bad.why)
        else:
            walk(log, state, file, files, [note_of(stamp) for stamp in stamps] + kept, stamps, pins)
        if evidence:
            read_folder(log, evidence)
        for name in files:
            if name.startswith("evidence/"):
                log.take_file(name[9:], parts_of(file, files[name]))
        log.ask_evidence(bool(evidence))
        check_manifest(log, file, files)
        if not log.failures and "state.json" in files and not log.partial:
            found = b"".join(parts_of(file, files["state.json"]))
            log.fail_unless(state.text() == found, 24, None, "state.json is not what the entries come to")
            if state.corrections and not log.failures:
                more = ", ..." if len(state.corrections) > 8 else ""
                where = ", ".join(str(one["seq"]) for one in state.corrections[:8]) + more
                what = f"state.json lists what entries {where} correct, and applies none of it: read both"
                log.findings.append(Found(24, None, what))
        return log.result()


def walk(log, state, file, files, kept, stamps, pins):
    """All entries, with the checks of section 12."""
    for shown, ended in lines_of(file, files.get("disclosures.txt"), 65_536):
        log.disclose(shown.decode("ascii", "replace") if ended else "")
    entries = lines_of(file, files["entries.jsonl"], 65_535)
    first, second = next(entries, (None, True)), next(entries, (None, True))
    if not log.begin(first[0], second[0]):
        return
    log.expect(kept, 9)
    log.expect(pins, 4)
    log.stamp(stamps)
    for data, ended in itertools.chain([line for line in (first, second) if line[0] is not None], entries):
        placed = log.take(data)
        if placed:
            state.take(placed.seq, placed.fields["statement"])
        if not ended:
            log.fail(5, log.tree.size - 1, "it is cut: no LF ends it")
    log.finish()


# The first line names the form; then whose log, entries in the log, entries that are here; then the other files.
MANIFEST = re.compile(
    r"ledger-bundle/v1\norigin ([!-~]+)\nsize (0|[1-9][0-9]{0,15})\nentries (0|[1-9][0-9]{0,15})\n"
    r"((?:[0-9a-f]{64} (?:0|[1-9][0-9]{0,15}) [!-~]+\n)*)",
    re.ASCII,
)


def read_manifest(file, files):
    if files["MANIFEST"].size > 2**24:
        return None
    return MANIFEST.fullmatch(b"".join(parts_of(file, files["MANIFEST"])).decode("ascii", "replace"))


def check_manifest(log, file, files):
    """C1: MANIFEST names the files that are here, by their SHA-256. C21: evidence has the digest that is its name."""
    found = read_manifest(file, files)
    log.fail_unless(found, 1, None, "MANIFEST has another form than it must")
    rows = [line.split(" ") for line in found[4].splitlines()] if found else []
    named = {name: (digest, int(size)) for digest, size, name in rows}
    for name, one in files.items():
        digest, crc = hashlib.sha256(), 0
        for part in parts_of(file, one):
            digest.update(part)
            crc = zlib.crc32(part, crc)
        log.fail_unless(crc == one.crc, 1, None, f"{name} is not what was packed: its CRC differs")
        if name.startswith("evidence/") and name[9:] != digest.hexdigest():
            log.fail(21, first_naming(file, files, name[9:]), f"{name} holds other bytes")
        if found and name != "MANIFEST":
            right = named.pop(name, None) == (digest.hexdigest(), one.size)
            log.fail_unless(right, 1, None, f"{name} is not a file that MANIFEST names")
    if found:
        log.fail_unless(not named, 1, None, "a file that MANIFEST names is not here")
        order = sorted(set(files) - {"MANIFEST"})
        right = list(files) == order + ["MANIFEST"] and [name for _, _, name in rows] == order
        log.fail_unless(right, 1, None, "the files are not in their order")
    if found and log.trust:
        log.fail_unless("state.json" not in files or not log.partial, 1, None, "a partial bundle has no state.json")
        counts = (log.trust.origin, str(log.tree.size), str(log.tree.size - log.omitted))
        log.fail_unless(found.groups()[:3] == counts, 1, None, "MANIFEST is of another log or number of entries")


def first_naming(file, files, digest):
    for seq, (data, _) in enumerate(lines_of(file, files["entries.jsonl"], 65_535)):
        if digest.encode() in data:
            return seq
    return None


class State:
    """state.json: what the entries come to, by the rules of section 15."""

    def __init__(self):
        self.origin, self.size, self.versions = "", 0, {}
        self.decisions, self.moves, self.corrections = [], [], []

    def take(self, seq, said):
        subject, refs, kind = said["subject"], said.get("refs", {}), said["type"]
        self.size += 1
        if seq == 0:
            self.origin = said["data"]["origin"]
        if "system" in subject and "version" in subject:
            sets = self.versions.setdefault((subject["system"], subject["version"]), {})
            if "artifacts" in subject:
                sets.setdefault(set_digest(subject), seq)
        if kind in ("approved", "rejected", "approval_revoked"):
            self.decisions.append(decision(seq, said))
        if kind in ("deployed", "rolled_back", "undeployed") and "system" in subject and "environment" in subject:
            self.moves.append((said["time"], seq, said))
        if "corrects" in refs:
            self.corrections.append({"corrects": [ref["id"] for ref in refs["corrects"]], "seq": seq})

    def text(self):
        versions = [
            {
                "sets": [{"seq": seq, "set": digest} for digest, seq in sets.items()],
                "system": system,
                "version": version,
            }
            for (system, version), sets in sorted(self.versions.items())
        ]
        document = {
            "corrections": self.corrections, "decisions": self.decisions, "origin": self.origin,
            "running": self.running(), "size": self.size, "versions": versions,
        }  # fmt: skip
        return spell(document).encode() + b"\n"

    def running(self):
        """What serves in each slot after all moves, in the order of their times."""
        slots = {}
        for since, seq, said in sorted(self.moves, key=lambda move: move[:2]):
            subject, data = said["subject"], said["data"]
            place = (subject["system"], subject["environment"], subject.get("deployment", "main"))
            slot = slots.setdefault(place, {})
            digest = set_digest(subject) if "artifacts" in subject else None
            if said["type"] == "undeployed":
                for one, (ident, facts) in list(slot.items()):
                    ended = [ref["id"] for ref in said.get("refs", {}).get("ends", ())]
                    whole = subject.get("version") in (None, facts.get("version"))
                    if ident in ended if ended else one == digest if digest else whole:
                        del slot[one]
            elif digest:
                facts = dict(zip(("system", "environment", "deployment"), place), seq=seq, set=digest, since=since)
                facts.update({key: subject[key] for key in ("version",) if key in subject})
                kept = slot.get(digest, (said["id"], facts))
                share = data.get("traffic", 1)
                if said["type"] == "rolled_back" or type(share) not in (int, float) or share >= 1:
                    slot.clear()
                slot[digest] = kept
        return [facts for _, slot in sorted(slots.items()) for _, (_, facts) in sorted(slot.items())]


def decision(seq, said):
    subject, facts = said["subject"], {"actor": said["actor"], "decision": said["type"], "seq": seq}
    facts.update({key: subject[key] for key in ("system", "version", "document") if key in subject})
    if "artifacts" in subject:
        facts["set"] = set_digest(subject)
    if isinstance(said["data"].get("stage"), str):
        facts["stage"] = said["data"]["stage"]
    if "ends" in said.get("refs", {}):
        facts["ends"] = [ref["id"] for ref in said["refs"]["ends"]]
    return facts


def set_digest(subject):
    return digest_of(tuple(sorted(subject["artifacts"].items())))


@lru_cache(maxsize=4096)
def digest_of(parts):
    return "sha256:" + sha(spell(dict(parts)).encode()).hex()


# ---- the command line ----

STEERS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
EXITS = {"VERIFIED": 0, "BROKEN": 3, "UNVERIFIABLE": 5, "UNPINNED": 5}
SHOWN = 8


def clean(text):
    """Text from a file, with what steers a terminal written out."""
    return STEERS.sub(lambda found: ascii(found.group())[1:-1], text)


def pairs(rows):
    for name, text in rows:
        margin = " " * 19
        yield from textwrap.wrap(clean(text), 100, initial_indent=f"  {name:<15}  ", subsequent_indent=margin)


def place_of(found):
    return "the bundle" if found.seq is None else f"entry {found.seq:,}"


def listed(found):
    rows = [(place_of(one), f"{one.what} [C{one.check}]") for one in found[:SHOWN]]
    return rows + ([("", f"and {len(found) - SHOWN:,} more (--json has all)")] if len(found) > SHOWN else [])


def entries_of(result):
    partial = "partial: " if result.omitted else ""
    return f"{partial}{result.size - result.omitted:,} of {result.size:,} entries"


def verified(result, vouchers):
    neither = "that what was stated is true or complete; that others are shown the same log (no witness)"
    ends = [size for _, size in result.vouchers]
    if any(name.startswith("the quorum") for name, _ in result.vouchers):
        neither = "that what was stated is true or complete"
    if not ends:
        neither += "; that nothing was cut off the end (no checkpoint of yours)"
    elif max(ends) < result.size:
        neither += f"; that nothing after entry {max(ends) - 1:,} was cut off or written anew"
    proven = f"nothing up to entry {result.size - 1:,} was changed, moved, added, removed; each key had its role"
    if result.omitted:
        proven = f"these {result.size - result.omitted:,} entries stand in this log, unchanged, in their places; their"
        proven += " keys had a role"
        neither += f"; what the {result.omitted:,} left out say, such as that a key or an approval was revoked"
    return f"VERIFIED  {entries_of(result)}", [
        ("vouched for by", "; ".join(vouchers)),
        ("proven", proven),
        ("not proven", f"{neither}; times: they are the writers' clocks"),
    ]


def unpinned(result, vouchers):
    whose = f"that this is the key of {result.origin}; that nothing was cut off the end or written anew"
    return f"UNPINNED  {entries_of(result)} are consistent in themselves", [
        ("vouched for by", "nothing of yours (what lies in the bundle was not used)"),
        ("proven", f"these entries are what the key {result.log_key.id.hex()} signed"),
        ("not proven", whose),
        ("to mend", "get the key by another way than this came (contract, web site, telephone), then:"),
        ("", "python3 -I verify.py BUNDLE.zip --key 'NAME+HEX+BASE64'"),
    ]


def unverifiable(result, vouchers):
    things = "1 thing is" if len(result.missing) == 1 else f"{len(result.missing):,} things are"
    return f"UNVERIFIABLE  {result.size:,} entries checked; {things} missing", listed(result.missing) + [
        ("vouched for by", "; ".join(vouchers) or "nothing of yours"),
        ("proven", "what could be checked of the other entries holds"),
        ("not proven", "what these entries rest on"),
        ("to mend", "a later verify.py, or the newest lifecycle-ledger"),
    ]


def broken(result, vouchers):
    places = [one.seq for one in result.failures if one.seq is not None]
    where = f"at entry {places[0]:,} of {result.size:,}" if places else f"the log of {result.size:,} entries"
    sound = result.sound_before
    mend = "keep this copy as it is; ask for another one, and ask how it came about"
    if all(one.what.endswith(STRANGE) for one in result.failures):
        mend = "if the key is right, this is not its log: keep this copy, and ask how it came about; else get the key"
    return f"BROKEN  {where}", listed(result.failures) + [
        ("proven", f"entries 0 to {sound - 1:,} are the bytes that were sealed" if sound else "nothing"),
        ("not proven", "what stood there before, who changed it, when; what comes after it"),
        ("to mend", mend),
    ]


REPORTS = {"VERIFIED": verified, "UNPINNED": unpinned, "UNVERIFIABLE": unverifiable, "BROKEN": broken}


def report(result, vouchers):
    """The lines to print."""
    head, rows = REPORTS[result.verdict](result, vouchers)
    if result.size > result.covered and result.verdict != "BROKEN":
        which = f"entries {result.covered:,} to {result.size - 1:,}"
        which = f"entry {result.covered:,}" if result.covered == result.size - 1 else which
        rows.append(("not sealed", f"{which}: no checkpoint covers them"))
    rows += [("note", f"{place_of(one)}: {one.what}") for one in result.findings[:SHOWN]]
    return [f"{head:<60}  {clean(result.origin)}".rstrip(), *pairs(rows)]


def write_vkey(key):
    return f"{key.name}+{key.id.hex()}+{base64.b64encode(bytes([key.kind]) + key.public).decode()}"


def document(result, vouchers):
    """The same for a program; the names are those of `ledger verify --json`."""

    def plain(found):
        return [{"check": one.check, "seq": -1 if one.seq is None else one.seq, "message": one.what} for one in found]

    return {
        "schema": "ledger.verify/1", "verdict": result.verdict.lower(), "origin": result.origin, "size": result.size,
        "root": f"sha256:{result.root}", "checked": result.size - result.omitted, "omitted": result.omitted,
        "covered": result.covered,
        "uncovered": result.size - result.covered, "sound_before": result.sound_before,
        "log_key": write_vkey(result.log_key) if result.log_key else "",
        "vouched_by": vouchers, "failures": plain(result.failures), "missing": plain(result.missing),
        "findings": plain(result.findings), "not_proven": ["truth", "completeness", "same_view", "time"],
    }  # fmt: skip


class Arguments(argparse.ArgumentParser):
    def error(self, message):
        raise Misuse(message)


def arguments():
    parser = Arguments(prog="verify.py", description="Verify a ledger's bundle, by what you bring and nothing in it.")
    parser.add_argument("bundle", metavar="BUNDLE.zip", help="or a receipt, or a proof of consistency")
    parser.add_argument("--key", action="append", default=[], metavar="VKEY", help="the log's key, got by another way")
    parser.add_argument(
        "--checkpoint", action="append", default=[], metavar="FILE", help="a signed checkpoint you have"
    )
    parser.add_argument("--policy", metavar="FILE", help="your policy (FORMAT.md section 14) instead of --key")
    parser.add_argument("--evidence", metavar="FOLDER", help="where all evidence must be found")
    parser.add_argument("--genesis", default="", metavar="HEX", help="the leaf of entry 0, got by another way")
    parser.add_argument("--allow-unpinned", action="store_true", help="exit 0 for UNPINNED too")
    parser.add_argument("--json", action="store_true", help="answer with one JSON document")
    return parser


def read_checkpoint(path):
    try:
        with open(path, "rb") as file:
            data = file.read(65_537)
        read_note(data)
    except (OSError, Bad) as error:
        raise Misuse(f"--checkpoint {path}: {getattr(error, 'why', None) or error.strerror}") from None
    return data


def brought(given):
    """The policy that the command line comes to."""
    if given.policy:
        if given.key or given.genesis:
            raise Misuse("--policy says which keys: --key and --genesis cannot stand beside it")
        try:
            with open(given.policy, "rb") as file:
                return read_policy(file.read(262_145))
        except (OSError, Bad) as error:
            raise Misuse(f"--policy {given.policy}: {getattr(error, 'why', None) or error.strerror}") from None
    if given.genesis and not fits(DIGEST, given.genesis):
        raise Misuse("--genesis is not 64 hexadecimal digits")
    try:
        return Policy([read_vkey(key) for key in given.key], given.genesis)
    except Bad as bad:
        fix = "copy the whole of it, in quotes: --key 'NAME+HEX+BASE64'"
        raise Misuse(f"--key is not NAME+8 HEX+BASE64: {bad.why}", fix) from None


def run(words):
    given = arguments().parse_args(words)
    policy, pins = brought(given), [read_checkpoint(path) for path in given.checkpoint]
    if given.evidence and not os.path.isdir(given.evidence):
        raise Misuse(f"--evidence {given.evidence}: there is no such folder")
    data = small_proof(given.bundle)
    if data is not None:
        return answer(given, data, policy)
    result = verify_bundle(given.bundle, pins=pins, policy=policy, evidence=given.evidence)
    source = "your policy" if given.policy else None
    vouchers = [f"the log's key in {source or '--key'}"] if policy.keys else []
    vouchers += [f"its entry 0 in {source or '--genesis'}"] if policy.genesis else []
    vouchers += [f"{name}, size {size:,}" for name, size in result.vouchers]
    if given.json:
        print(json.dumps(document(result, vouchers)))
    else:
        print("\n".join(report(result, vouchers)))
    return 0 if given.allow_unpinned and result.verdict == "UNPINNED" else EXITS[result.verdict]


def answer(given, data, policy):
    """What a receipt or a proof of consistency comes to."""
    found = (verify_receipt if data.startswith(RECEIPT) else verify_consistency)(data, policy)
    if given.json:
        why = {"why": found.why} if found.why else {}
        print(json.dumps({"verdict": found.verdict.lower(), **why, **found.document}))
    else:
        rows = [("why", found.why)] if found.why else []
        print("\n".join([f"{found.verdict}  {clean(given.bundle)}", *pairs([*rows, *found.rows])]))
    return EXITS[found.verdict]


def main(words=None):
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        return run(words)
    except Misuse as error:
        print(f"error: {clean(str(error))}", file=sys.stderr)
        print(f"  fix: {clean(error.fix)}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # nobody reads on
        return 0
    except OSError as error:
        print(f"error: {clean(str(error.filename))}: {error.strerror}", file=sys.stderr)
        print("  fix: mend that, then run it again", file=sys.stderr)
        return 4
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())

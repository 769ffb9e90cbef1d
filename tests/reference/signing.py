"""FORMAT.md sections 4, 5 and 9: keys, credentials, signatures, notes."""

import hashlib
import re
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from tests.reference.form import ORIGIN, fits, need, unbase64

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
NAMESPACES = {"statement": b"statement.v1@lifecycle-ledger", "batch": b"batch.v1@lifecycle-ledger"}
SIZES = {"ed25519": 32, "sshsig-ed25519": 32, "ml-dsa-44": 1312}


def sha(data):
    return hashlib.sha256(data).digest()


@lru_cache
def is_prime_order(public):
    """Whether 32 bytes are the canonical spelling of a point of order L (RFC 8032 section 5.1)."""
    y, sign = int.from_bytes(public, "little") % 2**255, public[31] >> 7
    if y >= P:
        return False
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and sign):
        return False
    point, total, n = (P - x if x % 2 != sign else x, y, 1), (0, 1, 1), L
    if x == 0:
        return False  # orders 1 and 2
    while n:
        total = add(total, point) if n % 2 else total
        point, n = add(point, point), n // 2
    return total[0] % P == 0 and (total[1] - total[2]) % P == 0


def add(p, q):
    """The addition law of RFC 8032 section 5.1.4 in projective coordinates."""
    a, c, d = p[2] * q[2] % P, p[0] * q[0] % P, p[1] * q[1] % P
    b, e = a * a % P, D * c * d % P
    f, g = b - e, b + e
    x = a * f * ((p[0] + p[1]) * (q[0] + q[1]) - c - d)
    return x % P, a * g * (d + c) % P, f * g % P


def ed25519(public, message, signature):
    return verify(Ed25519PublicKey, public, message, signature)


def mldsa44(public, message, signature):
    return verify(MLDSA44PublicKey, public, message, signature)


def verify(kind, public, message, signature):
    try:
        kind.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def strings(*parts):
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def sshsig(public, message, signature, namespace):
    """PROTOCOL.sshsig: everything but the inner signature is known beforehand, so it is built and compared."""
    inner = strings(b"ssh-ed25519") + (64).to_bytes(4, "big")
    key = strings(b"ssh-ed25519", public)
    start = b"SSHSIG\0\0\0\1" + strings(key, namespace, b"", b"sha512") + (len(inner) + 64).to_bytes(4, "big") + inner
    signed = b"SSHSIG" + strings(namespace, b"", b"sha512", hashlib.sha512(message).digest())
    right = signature[: len(start)] == start and len(signature) == len(start) + 64
    return right and ed25519(public, signed, signature[-64:])


def read_credential(value, check):
    """[(scheme, public, key id)] and the credential's id; Bad(check) where it cannot be."""
    need(isinstance(value, list) and 1 <= len(value) <= 2, "one or two keys", check)
    keys = []
    for item in value:
        need(isinstance(item, dict) and set(item) == {"public", "scheme"}, "a key", check)
        scheme, public = item["scheme"], unbase64(item["public"])
        need(isinstance(scheme, str) and public is not None, "a key", check)
        need(SIZES.get(scheme, len(public)) == len(public), "size of a key", check)
        need("ed25519" not in scheme or scheme not in SIZES or is_prime_order(public), "order of a point", check)
        keys.append((scheme, public, sha(b"lifecycle-ledger/key/v1\n" + scheme.encode() + b"\0" + public).hex()))
    ids = [key[2] for key in keys]
    need(ids == sorted(set(ids)) and len({key[0] for key in keys}) == len(keys), "order or schemes", check)
    need(len({key[1] for key in keys}) == len(keys), "one key under two schemes", check)
    pair = sha(b"lifecycle-ledger/credential/v1\n" + b"".join(i.encode() + b"\n" for i in ids)).hex()
    return keys, ids[0] if len(ids) == 1 else pair


def signed_by(keys, purpose, body, signatures):
    """True, False, or None where one of the schemes is not known and the others are good."""
    kind = f"application/vnd.lifecycle-ledger.{purpose}.v1+json"
    message = f"DSSEv1 {len(kind)} {kind} {len(body)} ".encode() + body
    if len(signatures) != len(keys):
        return False
    unknown = False
    for (scheme, public, _), text in zip(keys, signatures, strict=True):
        signature = unbase64(text)
        if scheme == "ed25519":
            good = ed25519(public, message, signature)
        elif scheme == "ml-dsa-44":
            good = mldsa44(public, message, signature)
        elif scheme == "sshsig-ed25519":
            good = sshsig(public, message, signature, NAMESPACES[purpose])
        else:
            good = unknown = True
        if not good:
            return False
    return None if unknown else True


# ---- section 9 ----


def leaf(data):
    return sha(b"\0" + data)


def tree_root(leaves):
    if len(leaves) < 2:
        return leaves[0] if leaves else sha(b"")
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha(b"\1" + tree_root(leaves[:split]) + tree_root(leaves[split:]))


SPACES = "\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
LINE = re.compile(f"\u2014 ([^ +{SPACES}]+) ([A-Za-z0-9+/=]+)")


def read_vkey(text, check):
    """(name, key id, kind, public)."""
    parts = text.split("+", 2) if isinstance(text, str) else []
    need(len(parts) == 3, "a vkey", check)
    data = unbase64(parts[2]) or b"\0"
    kind, public = data[0], data[1:]
    need(kind in (1, 4, 6) and len(public) == (1312 if kind == 6 else 32), "kind or size of a vkey", check)
    ident = sha(parts[0].encode() + b"\n" + data)[:4]
    need(ident.hex() == parts[1], "id of a vkey", check)
    need(kind == 6 or is_prime_order(public), "order of a point", check)
    return parts[0], ident, kind, public


def read_note(data):
    """(text, origin, size, root, [(name, key id, signature)]); Bad(2) for any other form."""
    need(len(data) <= 65_536, "a note too large", 2)
    try:
        whole = data.decode()
    except UnicodeDecodeError:
        need(False, "a note that is not UTF-8", 2)
    need(not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", whole), "a control character in a note", 2)
    text, blank, rest = whole.rpartition("\n\n")
    lines = rest.split("\n")
    need(blank and lines.pop() == "" and 1 <= len(lines) <= 32, "no signature lines, or too many", 2)
    signatures = []
    for line in lines:
        found = LINE.fullmatch(line)
        payload = unbase64(found[2]) if found else None
        need(payload is not None and len(payload) > 4, "a signature line", 2)
        signatures.append((found[1], payload[:4], payload[4:]))
    parts = text.split("\n")
    need(len(parts) == 3 and fits(ORIGIN, parts[0]), "not three lines", 2)
    need(fits("0|[1-9][0-9]*", parts[1]) and int(parts[1]) < 2**53, "a size", 2)
    root = unbase64(parts[2])
    need(root is not None and len(root) == 32, "a root", 2)
    return text + "\n", parts[0], int(parts[1]), root, signatures


def check_note(note, keys):
    """Bad(3) unless a key of the log signed, and no known key's line is bad."""
    text, origin, size, root, signatures = note
    good = False
    for name, ident, signature in signatures:
        for key in keys:
            if key[:2] != (name, ident):
                continue
            time, rest = int.from_bytes(signature[:8], "big"), signature[8:]
            if key[2] == 1:
                fine = ed25519(key[3], text.encode(), signature)
            elif key[2] == 4:
                fine = ed25519(key[3], f"cosignature/v1\ntime {time}\n{text}".encode(), rest)
            else:
                names = [bytes([len(part.encode())]) + part.encode() for part in (name, origin)]
                message = b"subtree/v1\n\0" + names[0] + time.to_bytes(8, "big") + names[1] + bytes(8)
                fine = mldsa44(key[3], message + size.to_bytes(8, "big") + root, rest)
                fine = fine and (time == 0 or name != origin)
            need(fine, f"the signature of {name}", 3)
            good = good or (name == origin and key[2] != 4)
    need(good, "no key of the log signed", 3)

"""FORMAT.md sections 4, 5 and 9, signing side: keys from fixed seeds, credentials, notes, bad signatures."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from .encode import b64, sha

STATEMENT = "application/vnd.lifecycle-ledger.statement.v1+json"
BATCH = "application/vnd.lifecycle-ledger.batch.v1+json"
CERTIFICATE = "application/vnd.lifecycle-ledger.certificate.v1+json"
NAMESPACES = {STATEMENT: b"statement.v1@lifecycle-ledger", BATCH: b"batch.v1@lifecycle-ledger"}

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int]
ZERO: Point = (0, 1)


def add(a: Point, b: Point) -> Point:
    """Edwards addition, RFC 8032 section 5.1.4, in affine coordinates: slow and plain."""
    (x1, y1), (x2, y2) = a, b
    k = D * x1 * x2 * y1 * y2
    return (x1 * y2 + x2 * y1) * pow(1 + k, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - k, -1, P) % P


def times(n: int, point: Point) -> Point:
    total = ZERO
    while n:
        if n & 1:
            total = add(total, point)
        point, n = add(point, point), n >> 1
    return total


def unpack(data: bytes) -> Point:
    word = int.from_bytes(data, "little")
    y, sign = word & (1 << 255) - 1, word >> 255
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    assert (x * x - square) % P == 0
    return (P - x if x & 1 != sign else x), y % P


def pack(point: Point) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


BASE = unpack(bytes.fromhex("58" + "66" * 31))
ORDER_8 = unpack(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"))


def wire(*parts: bytes) -> bytes:
    return b"".join(len(p).to_bytes(4, "big") + p for p in parts)


def pae(kind: str, body: bytes) -> bytes:
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(body), body)


class Key:
    """An Ed25519 key from a seed, used raw or as SSHSIG. `sign` takes what a test wants to spoil."""

    def __init__(self, name: str, scheme: str = "ed25519", seed: bytes | None = None) -> None:
        self.seed = seed or sha(b"lifecycle-ledger test vector key ", name.encode())
        self.scheme = scheme
        self.private = Ed25519PrivateKey.from_private_bytes(self.seed)
        self.public = self.private.public_key().public_bytes_raw()

    def sign(self, kind: str, body: bytes, **ssh: Any) -> bytes:
        message = pae(kind, body)
        if self.scheme == "sshsig-ed25519":
            return self.sshsig(message, **{"namespace": NAMESPACES.get(kind, b"x"), **ssh})
        return self.private.sign(message)

    def sshsig(
        self,
        message: bytes,
        namespace: bytes,
        hash_name: str = "sha512",
        reserved: bytes = b"",
        tail: bytes = b"",
        holder: Key | None = None,
        version: int = 1,
    ) -> bytes:
        hashed = hashlib.new(hash_name, message).digest()
        signed = b"SSHSIG" + wire(namespace, reserved, hash_name.encode(), hashed)
        shown = wire(b"ssh-ed25519", (holder or self).public)
        signature = wire(b"ssh-ed25519", (holder or self).private.sign(signed))
        return (
            b"SSHSIG"
            + version.to_bytes(4, "big")
            + wire(shown, namespace, reserved, hash_name.encode(), signature)
            + tail
        )

    def odd(self, message: bytes, nonce: int, shift: Point = ZERO, r_bytes: bytes | None = None) -> bytes:
        """A signature with a chosen nonce, R moved by `shift`, R spelt as `r_bytes`: S fits the moved equation."""
        half = hashlib.sha512(self.seed).digest()[:32]
        secret = int.from_bytes(half, "little") & (1 << 254) - 8 | 1 << 254
        r = r_bytes or pack(add(times(nonce, BASE), shift))
        k = int.from_bytes(hashlib.sha512(r + self.public + message).digest(), "little") % L
        return r + ((nonce + k * secret) % L).to_bytes(32, "little")


class DeviceKey:
    """An Ed25519 key as a security key holds it: public key and application; it signs with flags and a counter."""

    scheme = "sshsig-sk-ed25519"

    def __init__(self, name: str, application: bytes = b"ssh:") -> None:
        self.inner, self.application = Key(name), application
        self.public = self.inner.public + application

    def sign(
        self,
        kind: str,
        body: bytes,
        flags: int = 1,
        counter: int = 7,
        said: bytes | None = None,
        shown: tuple[int, int] | None = None,
        tail: bytes = b"",
    ) -> bytes:
        """`said`: the application that is signed; `shown`: the flags and counter that are written down."""
        name, space = b"sk-ssh-ed25519@openssh.com", NAMESPACES[kind]
        signed = b"SSHSIG" + wire(space, b"", b"sha512", hashlib.sha512(pae(kind, body)).digest())
        state = bytes([flags]) + counter.to_bytes(4, "big")
        made = self.inner.private.sign(sha(said or self.application) + state + sha(signed))
        state = bytes([shown[0]]) + shown[1].to_bytes(4, "big") if shown else state
        key = wire(name, self.inner.public, self.application)
        return b"SSHSIG\0\0\0\1" + wire(key, space, b"", b"sha512", wire(name, made) + state) + tail


class Fixed:
    """A public key without a private one: points that must be refused, schemes nobody knows."""

    def __init__(self, public: bytes, scheme: str = "ed25519", signature: bytes = bytes(64)) -> None:
        self.public, self.scheme, self.signature = public, scheme, signature

    def sign(self, kind: str, body: bytes) -> bytes:
        return self.signature


def key_id(key: Key | DeviceKey | Fixed | MlDsaKey) -> str:
    return sha(b"lifecycle-ledger/key/v1\n", key.scheme.encode(), b"\0", key.public).hex()


class Credential:
    """One or two keys, in the order of their ids (or as given, with ordered=False)."""

    def __init__(self, *keys: Key | DeviceKey | Fixed | MlDsaKey, ordered: bool = True) -> None:
        self.keys = sorted(keys, key=key_id) if ordered else list(keys)
        ids = sorted(key_id(k) for k in keys)
        self.id = (
            ids[0]
            if len(ids) == 1
            else sha(b"lifecycle-ledger/credential/v1\n", *(i.encode() + b"\n" for i in ids)).hex()
        )

    def json(self) -> list[dict[str, str]]:
        return [{"public": b64(k.public), "scheme": k.scheme} for k in self.keys]

    def sign(self, kind: str, body: bytes) -> list[str]:
        return [b64(k.sign(kind, body)) for k in self.keys]


def one(name: str, scheme: str = "ed25519") -> Credential:
    return Credential(Key(name, scheme))


HEDGED = Path(__file__).with_name("hedged.json")


class MlDsaKey:
    """An ML-DSA-44 key from a seed. Its signatures are hedged: each is made once and kept in `hedged.json`."""

    scheme = "ml-dsa-44"
    kept: dict[str, str] = json.loads(HEDGED.read_text()) if HEDGED.exists() else {}

    def __init__(self, first: int) -> None:
        self.private = MLDSA44PrivateKey.from_seed_bytes(bytes(range(first, first + 32)))
        self.public = self.private.public_key().public_bytes_raw()

    def sign_bytes(self, message: bytes) -> bytes:
        name = sha(self.public, message).hex()
        if name not in self.kept:
            self.kept[name] = b64(self.private.sign(message))
            HEDGED.write_text(json.dumps(self.kept, indent=1, sort_keys=True) + "\n")
        return base64.b64decode(self.kept[name])

    def sign(self, kind: str, body: bytes) -> bytes:
        return self.sign_bytes(pae(kind, body))


def ml_dsa_public(first: int) -> bytes:
    """Public key of the ML-DSA-44 seed first, first+1, ... (32 bytes): deterministic, unlike its signatures."""
    return MLDSA44PrivateKey.from_seed_bytes(bytes(range(first, first + 32))).public_key().public_bytes_raw()


def note_id(name: str, kind: int, public: bytes) -> bytes:
    return sha(name.encode(), b"\n", bytes([kind]), public)[:4]


def vkey(name: str, kind: int, public: bytes) -> str:
    return f"{name}+{note_id(name, kind, public).hex()}+{b64(bytes([kind]) + public)}"


def signature_line(name: str, key: Key, text: bytes, blob: str | None = None) -> bytes:
    payload = b64(note_id(name, 1, key.public) + key.private.sign(text))
    return f"— {name} {blob or payload}\n".encode()


def note_text(origin: str, size: int | str, root: bytes | str) -> bytes:
    return f"{origin}\n{size}\n{root if isinstance(root, str) else b64(root)}\n".encode()


def ml_dsa_line(name: str, key: MlDsaKey, note: bytes, time: int = 0) -> bytes:
    """A cosignature of type 0x06 under a checkpoint."""
    origin, size, head = note.split(b"\n")[:3]
    message = b"subtree/v1\n\0" + bytes([len(name)]) + name.encode() + time.to_bytes(8, "big") + bytes([len(origin)])
    message += origin + bytes(8) + int(size).to_bytes(8, "big") + base64.b64decode(head)
    payload = note_id(name, 6, key.public) + time.to_bytes(8, "big") + key.sign_bytes(message)
    return f"— {name} {b64(payload)}\n".encode()


def timed_line(name: str, note: bytes, time: int = 1772442000) -> bytes:
    """A cosignature of type 0x04 by the witness."""
    text = note.split(b"\n\n")[0] + b"\n"
    signature = WITNESS.private.sign(f"cosignature/v1\ntime {time}\n".encode() + text)
    return f"— {name} {b64(note_id(name, 4, WITNESS.public) + time.to_bytes(8, 'big') + signature)}\n".encode()


LOG = Key("log", seed=bytes(range(32)))
WITNESS = Key("witness", seed=bytes(range(32, 64)))
SSH = Key("approver", "sshsig-ed25519", bytes(range(0x60, 0x80)))
DEVICE = DeviceKey("device")
LOG_ML_DSA_KEY = MlDsaKey(0x80)
LOG_ML_DSA = LOG_ML_DSA_KEY.public
AUTHOR_ML_DSA = (MlDsaKey(0x20), MlDsaKey(0x30))
ORIGIN = "example.com/audit-log"
VKEY = vkey(ORIGIN, 1, LOG.public)
VKEY_ML_DSA = vkey(ORIGIN, 6, LOG_ML_DSA)

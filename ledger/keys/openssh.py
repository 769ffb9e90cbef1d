"""OpenSSH's key files: the public line, and what a private key file says of itself before it is unlocked.

Formats: the one-line public key (sshd(8), AUTHORIZED_KEYS FILE FORMAT) and `openssh-key-v1` (OpenSSH's PROTOCOL.key).
The private part is read by `cryptography`; what stands in the open before it is read here, with bounds, so that a
key's public side is known without its passphrase.
"""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Final, NamedTuple

from ledger.errors import Misuse
from ledger.keys.credential import Credential, Key
from ledger.keys.sshsig import HARDWARE, KINDS, key_blob
from ledger.keys.wire import Malformed, Reader, strings
from ledger.signatures import ED25519_PUBLIC

PRIVATE_BEGIN: Final = b"-----BEGIN OPENSSH PRIVATE KEY-----"
_PRIVATE_END: Final = b"-----END OPENSSH PRIVATE KEY-----"
_MAGIC: Final = b"openssh-key-v1\x00"
_LINE_LIMIT: Final = 16_384
_FILE_LIMIT: Final = 65_536
_TAG: Final = 16  # bytes that ciphers which authenticate put behind the private part
_ROUNDS_LIMIT: Final = 65_536  # of bcrypt; ssh-keygen's default is 24, and each costs milliseconds
NEW_KEY: Final = "make one that is: ssh-keygen -t ed25519"


class PrivateFile(NamedTuple):
    """What a private key file says in the open: its public key, and whether a passphrase locks the private one."""

    key: Key
    locked: bool


def _ed25519(reader: Reader) -> Key:
    return Key("sshsig-ed25519", reader.string())


def _hardware(reader: Reader) -> Key:
    point = reader.string()
    if len(point) != ED25519_PUBLIC:
        raise Malformed(f"its point has {len(point)} bytes")
    return Key(HARDWARE, point + reader.string())


# Key type as OpenSSH names it -> what follows the name in a key blob, as the scheme that such a key signs by.
_READERS: Final[dict[bytes, Callable[[Reader], Key]]] = {
    KINDS["sshsig-ed25519"]: _ed25519,
    KINDS[HARDWARE]: _hardware,
}


def read_blob(blob: bytes, where: str) -> Key:
    """Return the key in a public key blob; raise `Misuse` for another kind of key, and for one that is unfit."""
    try:
        reader = Reader(blob)
        kind = reader.string()
        read = _READERS.get(kind)
        if read is None:
            shown = kind.decode("ascii", "replace")[:64]
            raise Misuse(f"{where} is a key of kind {shown}; only Ed25519 signs here", NEW_KEY, code="key_kind")
        key = read(reader)
        reader.end()
    except Malformed as error:
        raise Misuse(f"{where} is no OpenSSH key: {error}", "copy it whole", code="key_file") from None
    key.check()
    return key


def write_blob(key: Key) -> bytes:
    """Return the blob of a key, as it stands in OpenSSH's files and in an agent; a raw one as if it were OpenSSH's."""
    return key_blob(key.scheme if key.scheme in KINDS else "sshsig-ed25519", key.public)


def read_public(text: str, where: str) -> Credential:
    """Return the credential of an OpenSSH public key: one line `ssh-ed25519 AAAA... comment`.

    Raises `Misuse` for RSA, ECDSA and DSA keys, for certificates, for a private key, and for anything else; `where`
    (a file's name) is said in it.
    """
    if "PRIVATE KEY" in text:
        what = f"{where} holds a private key; that must never be handed on"
        raise Misuse(what, "name its .pub file", code="private")
    words = text[: _LINE_LIMIT + 1].split(None, 2)
    kind = words[0].encode("utf-8", "replace") if words else b""
    if kind not in _READERS and not kind.startswith((b"ssh-", b"sk-", b"ecdsa-")):
        raise Misuse(f"{where} is no OpenSSH public key", "name a .pub file", code="key_file")
    if kind not in _READERS:
        shown = kind.decode()[:64]
        raise Misuse(f"{where} is a key of kind {shown}; only Ed25519 signs here", NEW_KEY, code="key_kind")
    try:
        good = len(words) > 1 and len(text) <= _LINE_LIMIT and "\n" not in text.rstrip("\r\n")
        blob = b64decode(words[1], validate=True) if good else b""
    except ValueError:
        blob = b""
    if not blob.startswith(strings(kind)):
        raise Misuse(f"{where} is no OpenSSH public key", "copy its one line whole", code="key_file")
    return Credential((read_blob(blob, where),))


def read_private(data: bytes, where: str) -> PrivateFile:
    """Return what an OpenSSH private key file says in the open; raise `Misuse` for what is none, or of another kind."""
    body = data.strip()
    try:
        if not (body.startswith(PRIVATE_BEGIN) and body.endswith(_PRIVATE_END) and len(data) <= _FILE_LIMIT):
            raise Malformed("its first or last line is missing")
        inner = b64decode(b"".join(body[len(PRIVATE_BEGIN) : -len(_PRIVATE_END)].split()), validate=True)
        return _read_open_part(Reader(inner), where)
    except ValueError as error:
        raise Misuse(f"{where} is no OpenSSH private key: {error}", "copy it whole", code="key_file") from None


def _read_open_part(reader: Reader, where: str) -> PrivateFile:
    if reader.take(len(_MAGIC)) != _MAGIC:
        raise Malformed("it is of another version")
    cipher, kdf, options = reader.string(), reader.string(), reader.string()
    if reader.uint32() != 1:
        raise Malformed("it does not hold one key")
    public = reader.string()
    reader.string()  # the private part, for `cryptography`
    locked = cipher != b"none"
    if locked and reader.left() == _TAG:
        reader.take(_TAG)
    reader.end()
    if locked != (kdf != b"none") or (locked and kdf != b"bcrypt"):
        raise Malformed("it is locked in a way unknown here")
    if locked:
        inner = Reader(options)
        inner.string()
        if not 1 <= inner.uint32() <= _ROUNDS_LIMIT:
            raise Malformed(f"it asks for more than {_ROUNDS_LIMIT:,} rounds of bcrypt")
        inner.end()
    return PrivateFile(read_blob(public, where), locked)


def fingerprint(key: Key) -> str:
    """Return `SHA256:` and the unpadded base64 that ssh-keygen and ssh-add print for a key; its id for other kinds."""
    if key.scheme != "ed25519" and key.scheme not in KINDS:
        return key.id
    return "SHA256:" + b64encode(hashlib.sha256(write_blob(key)).digest()).decode().rstrip("=")


def name_of(credential: Credential) -> str:
    """Return how a credential is shown to a person: the fingerprint of its one key, or its id where it has two."""
    return fingerprint(credential.keys[0]) if len(credential.keys) == 1 else credential.id

"""What OpenSSH signs and how it is written down: the SSHSIG blob (OpenSSH's PROTOCOL.sshsig; FORMAT.md section 5).

All of a blob but the signature inside is known beforehand: the key, the namespace, the hash. So a blob is judged by
building that part and comparing, byte for byte; nothing of it is parsed and nothing in it chooses an algorithm.
"""

import hashlib
from base64 import b64decode, b64encode
from typing import Final

from ledger.errors import Misuse
from ledger.keys.wire import Malformed, Reader, strings
from ledger.signatures import ED25519_SIGNATURE, verify_ed25519

_MAGIC: Final = b"SSHSIG"
_HASH: Final = b"sha512"
_PREFIX, _SUFFIX = "application/vnd.lifecycle-ledger.", "+json"
ARMOUR_LIMIT: Final = 16_384
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"


def namespace(payload_type: str) -> str:
    """Return the SSHSIG namespace of a payload type: `statement.v1@lifecycle-ledger` for statements, and so on."""
    return payload_type.removeprefix(_PREFIX).removesuffix(_SUFFIX) + "@lifecycle-ledger"


def to_be_signed(payload_type: str, message: bytes) -> bytes:
    """Return what the key signs for `message` (the DSSE encoding): namespace, empty reserved, hash, digest."""
    return _MAGIC + strings(namespace(payload_type).encode(), b"", _HASH, hashlib.sha512(message).digest())


def write_blob(public: bytes, payload_type: str, signature: bytes) -> bytes:
    """Return the SSHSIG blob around an Ed25519 signature (64 bytes) by the key `public` (32 bytes)."""
    return _before_signature(public, payload_type) + signature


def verify_blob(public: bytes, payload_type: str, message: bytes, blob: bytes) -> bool:
    """Whether `blob` is the SSHSIG of `message` by `public`, in this namespace, and not a byte more."""
    start = _before_signature(public, payload_type)
    if len(blob) != len(start) + ED25519_SIGNATURE or not blob.startswith(start):
        return False
    return verify_ed25519(public, to_be_signed(payload_type, message), blob[len(start) :])


def _before_signature(public: bytes, payload_type: str) -> bytes:
    key = strings(b"ssh-ed25519", public)
    inner = strings(b"ssh-ed25519") + ED25519_SIGNATURE.to_bytes(4, "big")
    head = _MAGIC + (1).to_bytes(4, "big") + strings(key, namespace(payload_type).encode(), b"", _HASH)
    return head + (len(inner) + ED25519_SIGNATURE).to_bytes(4, "big") + inner


# ---- the text form ----


def armour(blob: bytes) -> str:
    """Return a blob as `ssh-keygen -Y sign` writes it: lines of 70 between two marks."""
    text = b64encode(blob).decode()
    lines = [text[at : at + 70] for at in range(0, len(text), 70)]
    return "\n".join([_BEGIN, *lines, _END, ""])


def read_armour(data: bytes, where: str) -> bytes:
    """Return the blob in an SSH signature file; raise `Misuse` for what is none."""
    try:
        lines = data[: ARMOUR_LIMIT + 1].decode("ascii").split()
        whole = " ".join(lines)
        good = len(data) <= ARMOUR_LIMIT and whole.startswith(_BEGIN) and whole.endswith(_END)
        blob = b64decode("".join(whole[len(_BEGIN) : -len(_END)].split()), validate=True) if good else b""
    except ValueError:
        blob = b""
    if not blob:
        raise Misuse(f"{where} is no SSH signature", "name what ssh-keygen -Y sign wrote", code="signature_file")
    return blob


def signed_as(blob: bytes) -> tuple[bytes, str]:
    """Return the key blob and the namespace that an SSHSIG names, to say what is wrong with it; never to judge it.

    Raises `Malformed` for what is none.
    """
    reader = Reader(blob)
    if reader.take(len(_MAGIC)) != _MAGIC or reader.uint32() != 1:
        raise Malformed("it is of another version")
    return reader.string(), reader.string().decode("ascii", "replace")

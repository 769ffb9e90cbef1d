"""What OpenSSH signs and how it is written down: the SSHSIG blob (OpenSSH's PROTOCOL.sshsig; FORMAT.md section 5).

All of a blob but the signature inside is known beforehand: the key, the namespace, the hash. So a blob is judged by
building that part and comparing, byte for byte; nothing of it is parsed and nothing in it chooses an algorithm.
"""

from base64 import b64decode, b64encode
from hashlib import sha256, sha512
from typing import Final

from ledger.errors import Misuse
from ledger.keys.wire import Malformed, Reader, strings
from ledger.signatures import ED25519_PUBLIC, ED25519_SIGNATURE, verify_ed25519

HARDWARE: Final = "sshsig-sk-ed25519"
KINDS: Final = {"sshsig-ed25519": b"ssh-ed25519", HARDWARE: b"sk-ssh-ed25519@openssh.com"}
"""Scheme -> the kind of key, as OpenSSH names it."""
FLAGS_AND_COUNTER: Final = 5
_TOUCHED: Final = 1
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
    return _MAGIC + strings(namespace(payload_type).encode(), b"", _HASH, sha512(message).digest())


def write_blob(scheme: str, public: bytes, payload_type: str, made: bytes) -> bytes:
    """Return the SSHSIG blob around what the key made: 64 bytes of Ed25519; from hardware also flags and counter."""
    return _before_signature(scheme, public, payload_type) + made


def key_blob(scheme: str, public: bytes) -> bytes:
    """Return a public key as OpenSSH writes it: its kind, the point, and the application of a hardware key."""
    application = public[ED25519_PUBLIC:]
    return strings(KINDS[scheme], public[:ED25519_PUBLIC], *([application] if scheme == HARDWARE else []))


def verify_blob(public: bytes, payload_type: str, message: bytes, blob: bytes) -> bool:
    """Whether `blob` is the SSHSIG of `message` by `public`, in this namespace, and not a byte more."""
    made = _made("sshsig-ed25519", public, payload_type, blob, ED25519_SIGNATURE)
    return made is not None and verify_ed25519(public, to_be_signed(payload_type, message), made)


def verify_hardware_blob(public: bytes, payload_type: str, message: bytes, blob: bytes) -> bool:
    """The same for a key in a device, which signs what it hashes with its flags and counter; it must have been touched.

    OpenSSH's PROTOCOL.u2f: the signature is over SHA-256(application), flags, counter, SHA-256(what OpenSSH signs).
    """
    made = _made(HARDWARE, public, payload_type, blob, ED25519_SIGNATURE + FLAGS_AND_COUNTER)
    if made is None or not made[ED25519_SIGNATURE] & _TOUCHED:
        return False
    point, application = public[:ED25519_PUBLIC], public[ED25519_PUBLIC:]
    inner = sha256(to_be_signed(payload_type, message)).digest()
    return verify_ed25519(
        point, sha256(application).digest() + made[ED25519_SIGNATURE:] + inner, made[:ED25519_SIGNATURE]
    )


def _made(scheme: str, public: bytes, payload_type: str, blob: bytes, size: int) -> bytes | None:
    """Return what the key made, where all before it is as it must be."""
    start = _before_signature(scheme, public, payload_type)
    return blob[len(start) :] if len(blob) == len(start) + size and blob.startswith(start) else None


def _before_signature(scheme: str, public: bytes, payload_type: str) -> bytes:
    inner = strings(KINDS[scheme]) + ED25519_SIGNATURE.to_bytes(4, "big")
    made = ED25519_SIGNATURE + (FLAGS_AND_COUNTER if scheme == HARDWARE else 0)
    space = namespace(payload_type).encode()
    head = _MAGIC + (1).to_bytes(4, "big") + strings(key_blob(scheme, public), space, b"", _HASH)
    return head + (len(inner) + made).to_bytes(4, "big") + inner


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

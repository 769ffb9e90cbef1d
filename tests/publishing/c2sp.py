"""A published folder read by the text of c2sp.org/tlog-tiles, tlog-checkpoint and signed-note alone.

Nothing of the package is used, and not its way of working either: the tree is made level by level from the entries.
"""

import base64
import hashlib
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def checkpoint(folder, vkey):
    """(origin, size, root) of the checkpoint, after the Ed25519 signature of `vkey` under it was checked."""
    name, key_id, key = vkey.split("+", 2)
    key = base64.b64decode(key)
    assert key[0] == 1
    assert hashlib.sha256(name.encode() + b"\n" + key).digest()[:4].hex() == key_id
    text, _, signatures = (Path(folder) / "checkpoint").read_text("utf-8").rpartition("\n\n")
    text += "\n"
    good = 0
    for line in signatures.splitlines():
        dash, signer, payload = line.split(" ")
        payload = base64.b64decode(payload)
        assert dash == "\u2014"
        if (signer, payload[:4].hex()) == (name, key_id):
            Ed25519PublicKey.from_public_bytes(key[1:]).verify(payload[4:], text.encode())
            good += 1
    assert good == 1
    origin, size, root, end = text.split("\n")
    assert end == ""
    assert str(int(size)) == size
    return origin, int(size), base64.b64decode(root)


def number(n):
    """The N of a path: 1234067 is x001/x234/067."""
    digits = str(n)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    return "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])


def implied(size):
    """(level, N, width, path) of every tile of a tree of `size` leaves, as the section "Merkle Tree" counts them."""
    level = 0
    while size // 256**level:
        count = size // 256**level
        for n in range(count // 256):
            yield level, n, 256, f"tile/{level}/{number(n)}"
        if count % 256:
            yield level, count // 256, count % 256, f"tile/{level}/{number(count // 256)}.p/{count % 256}"
        level += 1


def entries(folder, size):
    """Every entry, from the bundles: their lengths use them up, and they hold 256 or W entries."""
    for level, n, width, path in implied(size):
        if level == 0:
            where = f"tile/entries/{number(n)}" + ("" if width == 256 else f".p/{width}")
            data = (Path(folder) / where).read_bytes()
            count = 0
            while data:
                length = data[0] << 8 | data[1]
                assert len(data) >= 2 + length
                yield data[2 : 2 + length]
                data, count = data[2 + length :], count + 1
            assert count == width, path


def root_of(hashes):
    """MTH of RFC 6962 over leaf hashes: pairs level by level; an odd last one moves up as it is."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    while len(hashes) > 1:
        odd = hashes[len(hashes) & ~1 :]
        pairs = zip(hashes[::2], hashes[1::2], strict=False)
        hashes = [hashlib.sha256(b"\x01" + left + right).digest() for left, right in pairs] + odd
    return hashes[0]


def check(folder, vkey):
    """Assert all that the specifications ask of what is published; return (size, entries)."""
    _, size, root = checkpoint(folder, vkey)
    read = list(entries(folder, size))
    leaves = [hashlib.sha256(b"\x00" + data).digest() for data in read]
    assert len(leaves) == size
    assert root_of(leaves) == root
    for level, n, width, path in implied(size):
        span = 256**level
        hashes = [root_of(leaves[at * span : (at + 1) * span]) for at in range(n * 256, n * 256 + width)]
        assert (Path(folder) / path).read_bytes() == b"".join(hashes), path
    return size, read

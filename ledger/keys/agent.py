"""A key that lives in an ssh-agent: this asks for one signature and never sees the key (draft-ietf-sshm-ssh-agent).

A request and its answer are each a uint32 length, a byte that says which message it is, and its body. Answers are
bounded before they are read; whatever else the agent says is `Unavailable`, for the agent is a machine of its own.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from ledger.errors import Misuse, Unavailable
from ledger.keys.credential import Key
from ledger.keys.openssh import fingerprint, read_blob, write_blob
from ledger.keys.ssh_signer import SshSigner
from ledger.keys.sshsig import FLAGS_AND_COUNTER, HARDWARE, KINDS
from ledger.keys.wire import Malformed, Reader, strings
from ledger.signatures import ED25519_SIGNATURE

_REQUEST_IDENTITIES, _IDENTITIES = 11, 12
_SIGN_REQUEST, _SIGN_RESPONSE = 13, 14
_ANSWER_LIMIT: Final = 262_144  # OpenSSH's own bound on a message is 256 KiB
_KEYS_LIMIT: Final = 2_048
_LIST_SECONDS: Final = 10.0
_SIGN_SECONDS: Final = 300.0  # a person may have to confirm it


class Held(NamedTuple):
    """A key that the agent holds and that may sign here, with its comment."""

    key: Key
    comment: str


def agent_signer(name: str) -> SshSigner:
    """Return the signer for the agent's key that `name` says: a fingerprint (`SHA256:` and at least 8 characters).

    Raises `Misuse` where the agent holds no such key, or more than one; `Unavailable` where no agent answers.
    """
    wanted = name.removeprefix("SHA256:")
    held = list_keys()
    found = [one for one in held if wanted and fingerprint(one.key)[7:].startswith(wanted)]
    if len(found) != 1 or len(wanted) < 8:
        what = f"{len(found)} keys that begin so" if len(found) > 1 else f"no Ed25519 key {name or '(none was named)'}"
        have = ", ".join(f"{fingerprint(one.key)} ({one.comment})" for one in held[:4]) or "none"
        raise Misuse(
            f"the agent holds {what}; its Ed25519 keys: {have}",
            "ssh-add FILE; --key agent:SHA256:...",
            code="agent_key",
        )
    key = found[0].key
    return SshSigner(key, lambda data: _sign(key, data), "ssh-agent")


def list_keys() -> list[Held]:
    """Return the keys of the agent that may sign here; raise `Unavailable` where no agent answers in its form."""
    with _connected(_LIST_SECONDS) as agent:
        return read_identities(_ask(agent, bytes([_REQUEST_IDENTITIES]), _IDENTITIES))


def _sign(key: Key, data: bytes) -> bytes:
    request = bytes([_SIGN_REQUEST]) + strings(write_blob(key), data) + bytes(4)
    with _connected(_SIGN_SECONDS) as agent:
        return read_signature(_ask(agent, request, _SIGN_RESPONSE), key.scheme)


# ---- its answers ----


def read_identities(answer: bytes) -> list[Held]:
    """Return the Ed25519 keys in the body of an answer; raise `Malformed` for one that is in another form."""
    reader = Reader(answer)
    count = reader.uint32()
    if count > _KEYS_LIMIT:
        raise Malformed(f"it says it holds {count:,} keys")
    pairs = [(reader.string(), reader.string()) for _ in range(count)]
    reader.end()
    found = []
    for blob, comment in pairs:
        try:
            found.append(Held(read_blob(blob, "a key of the agent"), comment.decode("utf-8", "replace")))
        except Misuse:
            continue  # RSA and others: not for here
    return found


def read_signature(answer: bytes, scheme: str) -> bytes:
    """Return what a key of `scheme` made, from the body of an answer; raise `Malformed` for one in another form."""
    outer = Reader(answer)
    inner = Reader(outer.string())
    outer.end()
    kind, raw = inner.string(), inner.string()
    more = inner.take(FLAGS_AND_COUNTER if scheme == HARDWARE else 0)
    inner.end()
    if kind != KINDS[scheme] or len(raw) != ED25519_SIGNATURE:
        raise Malformed("it signed in another form")
    return raw + more


# ---- the socket ----


@contextmanager
def _connected(seconds: float) -> Iterator[socket.socket]:
    path = os.environ.get("SSH_AUTH_SOCK")
    if not path:
        raise Unavailable(
            "no ssh-agent is here: SSH_AUTH_SOCK is not set; nothing was recorded",
            "eval $(ssh-agent); ssh-add FILE",
            code="no_agent",
        )
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as agent:
        agent.settimeout(seconds)
        try:
            agent.connect(path)
            yield agent
        except TimeoutError:
            raise _away(f"did not answer within {seconds:.0f} s") from None
        except Malformed as error:
            raise _away(f"gave an answer that is none: {error}") from None
        except OSError as error:
            raise _away(f"at {path} does not answer: {error.strerror or error}") from None


def _ask(agent: socket.socket, request: bytes, wanted: int) -> bytes:
    agent.sendall(strings(request))
    size = int.from_bytes(_receive(agent, 4), "big")
    if not 1 <= size <= _ANSWER_LIMIT:
        raise Malformed(f"it says it is {size:,} bytes long")
    answer = _receive(agent, size)
    if answer[0] != wanted:
        raise _away("refused: it is locked, the key was taken out, or a person said no")
    return answer[1:]


def _receive(agent: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = agent.recv(min(65_536, size - len(data)))
        if not part:
            raise Malformed("it ends early")
        data += part
    return bytes(data)


def _away(why: str) -> Unavailable:
    return Unavailable(f"ssh-agent {why}; nothing was recorded", "ssh-add -l shows what it holds", code="agent")

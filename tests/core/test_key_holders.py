"""Keys that others hold: a real ssh-agent, a real ssh-keygen, and agents that lie, stop or talk nonsense."""

import os
import shutil
import socket
import subprocess
import threading
from base64 import b64encode
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.api import Ledger
from ledger.encoding import BATCH_TYPE, STATEMENT_TYPE, pae
from ledger.errors import LedgerError, Misuse, Tampered, Unavailable
from ledger.keys import Key, SshSigner, verify_signatures
from ledger.keys.agent import list_keys, read_identities, read_signature
from ledger.keys.openssh import fingerprint, read_public
from ledger.keys.sources import open_signer
from ledger.keys.sshsig import armour, namespace
from ledger.keys.wire import Malformed, strings
from tests.vectors.making.keys import DeviceKey

BODY = b'{"a":1}'
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = Key("sshsig-ed25519", PRIVATE.public_key().public_bytes_raw())
BLOB = strings(b"ssh-ed25519", KEY.public)
NAME = fingerprint(KEY)
needs_openssh = pytest.mark.skipif(shutil.which("ssh-agent") is None, reason="OpenSSH is not installed here")


@pytest.fixture
def keys(tmp_path):
    """An Ed25519 key under a passphrase, and an RSA key."""
    for name, words in (("id", ("ed25519",)), ("rsa", ("rsa", "-b", "2048"))):
        command = ["ssh-keygen", "-q", "-t", *words, "-N", "open sesame" if name == "id" else "", "-f", tmp_path / name]
        subprocess.run(command, check=True)
    return tmp_path


@pytest.fixture
def agent(keys, monkeypatch):
    """A real ssh-agent that holds both."""
    path = keys / "agent.sock"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.DEVNULL)
    while not path.exists():
        assert process.poll() is None
    monkeypatch.setenv("SSH_AUTH_SOCK", str(path))
    (keys / "ask").write_text("#!/bin/sh\necho open sesame\n")
    (keys / "ask").chmod(0o755)
    environment = {**os.environ, "SSH_ASKPASS": str(keys / "ask"), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0"}
    subprocess.run(["ssh-add", "-q", keys / "id", keys / "rsa"], env=environment, check=True, stderr=subprocess.DEVNULL)
    yield path
    process.terminate()
    process.wait(10)


@needs_openssh
def test_the_agent_signs_what_its_key_is_authorised_for(keys, agent):
    credential = read_public((keys / "id.pub").read_text(), "id.pub")
    name = fingerprint(credential.keys[0])
    assert [fingerprint(one.key) for one in list_keys()] == [name]  # the RSA key is not for here
    for said in (name, name[7:], name[:20]):
        signer = open_signer(f"agent:{said}")
        assert signer.credential == credential
        for kind in (STATEMENT_TYPE, BATCH_TYPE):
            verify_signatures(credential, kind, BODY, signer.sign(kind, BODY))
    subprocess.run(["ssh-add", "-q", "-D"], check=True, stderr=subprocess.DEVNULL)
    with pytest.raises(Unavailable) as caught:
        signer.sign(STATEMENT_TYPE, BODY)
    assert "refused" in caught.value.message
    for said in (name, "SHA256:", "", name[:14]):
        with pytest.raises(Misuse) as refused:
            open_signer(f"agent:{said}")
        assert refused.value.code == "agent_key"


@needs_openssh
def test_ssh_keygen_signs_by_way_of_the_agent(keys, agent):
    """The private half is moved away: what signs is what ssh-keygen finds in the agent."""
    (keys / "id").unlink()
    signer = open_signer(f"ssh-keygen:{keys / 'id.pub'}")
    verify_signatures(signer.credential, STATEMENT_TYPE, BODY, signer.sign(STATEMENT_TYPE, BODY))
    subprocess.run(["ssh-add", "-q", "-D"], check=True, stderr=subprocess.DEVNULL)
    with pytest.raises(Unavailable) as caught:
        signer.sign(STATEMENT_TYPE, BODY)
    assert caught.value.code == "keygen"
    assert "nothing was recorded" in caught.value.message
    for name, word in (("rsa.pub", "only Ed25519"), ("none.pub", "No such file"), ("ask", "is no OpenSSH public key")):
        with pytest.raises(Misuse) as refused:
            open_signer(f"ssh-keygen:{keys / name}")
        assert word in refused.value.message


# ---- a key in a device ----

PROVIDER = Path("/usr/lib/openssh/regress/misc/sk-dummy/sk-dummy.so")  # OpenSSH's own test device, in software


@pytest.mark.skipif(not PROVIDER.exists(), reason="OpenSSH's test device (Debian: openssh-tests) is not installed here")
def test_a_device_signs_by_way_of_ssh_keygen_and_of_the_agent(tmp_path, monkeypatch):
    monkeypatch.setenv("SSH_SK_PROVIDER", str(PROVIDER))
    command = ["ssh-keygen", "-q", "-t", "ed25519-sk", "-w", PROVIDER, "-N", "", "-f", tmp_path / "sk"]
    subprocess.run(command, check=True, capture_output=True)
    credential = read_public((tmp_path / "sk.pub").read_text(), "sk.pub")
    assert credential.keys[0].scheme == "sshsig-sk-ed25519"
    assert credential.keys[0].public[32:] == b"ssh:"
    shown = subprocess.run(["ssh-keygen", "-l", "-f", tmp_path / "sk.pub"], capture_output=True, text=True, check=True)
    assert shown.stdout.split()[1] == fingerprint(credential.keys[0])
    for source in (str(tmp_path / "sk"), f"ssh-keygen:{tmp_path / 'sk.pub'}"):
        signer = open_signer(source)
        assert signer.credential == credential
        verify_signatures(credential, STATEMENT_TYPE, BODY, signer.sign(STATEMENT_TYPE, BODY))
    untouched = ["ssh-keygen", "-q", "-t", "ed25519-sk", "-O", "no-touch-required", "-w", PROVIDER, "-N", ""]
    subprocess.run([*untouched, "-f", tmp_path / "lax"], check=True, capture_output=True)
    with pytest.raises(Unavailable) as caught:  # a device that asks for no touch proves none
        open_signer(str(tmp_path / "lax")).sign(STATEMENT_TYPE, BODY)
    assert caught.value.code == "bad_signer"


@needs_openssh
def test_ssh_keygen_judges_a_device_as_we_do(tmp_path):
    """With the device played by Python. One difference, on purpose: `-Y verify` does not ask whether it was touched."""
    device, kind = DeviceKey("somebody"), b"sk-ssh-ed25519@openssh.com"
    line = f"{kind.decode()} {b64encode(strings(kind, device.inner.public, b'ssh:')).decode()}"
    credential = read_public(line, "a file")
    (tmp_path / "allowed").write_text(f"ana {line}\n")
    command = ["ssh-keygen", "-Y", "verify", "-f", tmp_path / "allowed", "-I", "ana", "-n", namespace(STATEMENT_TYPE)]
    for spoil in ({}, {"flags": 5}, {"flags": 0}, {"flags": 4}, {"shown": (1, 8)}, {"said": b"ssh:x"}, {"tail": b"x"}):
        blob = device.sign(STATEMENT_TYPE, BODY, **spoil)
        (tmp_path / "sig").write_text(armour(blob))
        message = pae(STATEMENT_TYPE, BODY)
        theirs = subprocess.run([*command, "-s", tmp_path / "sig"], input=message, capture_output=True, check=False)
        try:
            verify_signatures(credential, STATEMENT_TYPE, BODY, [blob])
            ours = True
        except Tampered:
            ours = False
        assert (theirs.returncode == 0) is (ours or "flags" in spoil), spoil
        assert ours is (spoil in ({}, {"flags": 5}))


def test_a_machine_without_them(tmp_path, monkeypatch):
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with pytest.raises(Unavailable) as caught:
        open_signer("agent:SHA256:abcdefgh")
    assert "SSH_AUTH_SOCK is not set" in caught.value.message
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "none"))
    with pytest.raises(Unavailable) as caught:
        open_signer("agent:SHA256:abcdefgh")
    assert "No such file" in caught.value.message
    (tmp_path / "a.pub").write_text("ssh-ed25519 " + b64encode(BLOB).decode())
    signer = open_signer(f"ssh-keygen:{tmp_path / 'a.pub'}")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Misuse) as missing:
        signer.sign(STATEMENT_TYPE, BODY)
    assert missing.value.code == "no_keygen"


def test_a_signer_of_ones_own(ledger):
    """An HSM: whoever has a public key and can sign 64 bytes is an author, without a word of ours in between."""
    asked = []

    def sign(data):
        asked.append(data)
        return PRIVATE.sign(data)

    ledger.record.actor_introduced(handle="ana", kind="human")
    ledger.record.key_authorized(handle="ana", keys=[{"public": b64encode(KEY.public).decode(), "scheme": KEY.scheme}],
                                 roles=["recorder"])  # fmt: skip
    with Ledger.open(ledger.path, key=SshSigner(KEY, sign, "the HSM")) as hers:
        assert hers.identity.actor == "ana"
        hers.record.system_registered(system="credit", purpose="scoring")
        assert hers.verify().verdict == "VERIFIED"
    assert len(asked) == 1
    other = Ed25519PrivateKey.generate()
    stranger = Key(KEY.scheme, other.public_key().public_bytes_raw())
    opened = Ledger.open(ledger.path, key=SshSigner(stranger, other.sign, "the HSM"))
    with opened, pytest.raises(Misuse) as caught:
        opened.record.system_registered(system="credit", purpose="scoring")
    assert caught.value.code == "unauthorised"


# ---- agents that lie ----


def framed(kind, body):
    return strings(bytes([kind]) + body)


LIST = framed(12, (1).to_bytes(4, "big") + strings(BLOB, b"ana"))


@contextmanager
def fake_agent(path, answers):
    """A socket at `path` that answers each connection with the next of `answers`, and closes it."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def serve():
            for answer in answers:
                connection, _ = server.accept()
                with connection:
                    connection.recv(65_536)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join(10)


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (b"", "ends early"),
        (b"\0\0", "ends early"),
        (framed(5, b""), "refused"),
        (b"\0\0\0\0", "0 bytes long"),
        (b"\xff\xff\xff\xff", "4,294,967,295 bytes long"),
        (b"\0\0\1\0" + b"\x0c", "ends early"),
        (framed(12, b"\xff\xff\xff\xff"), "holds 4,294,967,295 keys"),
        (framed(12, (1).to_bytes(4, "big") + b"\xff\xff\xff\xff"), "4,294,967,295 bytes long"),
        (LIST[:3] + bytes([LIST[3] + 1]) + LIST[4:] + b"\0", "follows its end"),
    ],
)
def test_an_agent_that_talks_nonsense(tmp_path, monkeypatch, answer, word):
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "s"))
    with fake_agent(tmp_path / "s", [answer]), pytest.raises(Unavailable) as caught:
        list_keys()
    assert word in caught.value.message


@pytest.mark.parametrize(
    "answer",
    [
        framed(14, strings(strings(b"ssh-ed25519", bytes(64)))),
        framed(14, strings(strings(b"ssh-rsa", bytes(64)))),
        framed(14, strings(strings(b"ssh-ed25519", PRIVATE.sign(b"something else")))),
        framed(14, strings(strings(b"ssh-ed25519", bytes(63)))),
        framed(14, strings(strings(b"ssh-ed25519", bytes(64), b"more"))),
        framed(12, b""),
    ],
)
def test_an_agent_that_signs_something_else(tmp_path, monkeypatch, answer):
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "s"))
    with fake_agent(tmp_path / "s", [LIST, answer]):
        signer = open_signer(f"agent:{NAME}")
        with pytest.raises(Unavailable):
            signer.sign(STATEMENT_TYPE, BODY)


def test_two_keys_that_begin_alike_are_not_guessed(tmp_path, monkeypatch):
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "s"))
    twice = framed(12, (2).to_bytes(4, "big") + strings(BLOB, b"one", BLOB, b"two"))
    with fake_agent(tmp_path / "s", [twice]), pytest.raises(Misuse) as caught:
        open_signer(f"agent:{NAME}")
    assert "2 keys that begin so" in caught.value.message


GOOD = [LIST[5:], strings(strings(b"ssh-ed25519", bytes(64)))]


@given(
    st.one_of(
        st.binary(max_size=200),
        st.builds(
            lambda good, at, more: good[: at % len(good)] + more + good[at % len(good) + len(more) :],
            st.sampled_from(GOOD),
            st.integers(0, 300),
            st.binary(max_size=6),
        ),
    )
)
def test_every_answer_ends_in_a_value_or_a_named_error(data):
    readers = (
        lambda: read_identities(data),
        lambda: read_signature(data, "sshsig-ed25519"),
        lambda: read_signature(data, "sshsig-sk-ed25519"),
    )
    for read in readers:
        try:
            read()
        except (LedgerError, Malformed):
            continue

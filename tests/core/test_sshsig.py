"""OpenSSH's signatures and key files: judged byte for byte, as ssh-keygen judges them, and read from what it writes."""

import shutil
import subprocess
from base64 import b64decode, b64encode
from hashlib import sha512

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.encoding import BATCH_TYPE, STATEMENT_TYPE, pae
from ledger.errors import LedgerError, Misuse, Tampered, Unavailable
from ledger.keys import Credential, Key, verify_signatures
from ledger.keys.files import load_signer
from ledger.keys.openssh import fingerprint, read_blob, read_private, read_public
from ledger.keys.sources import open_signer
from ledger.keys.ssh_signer import SshSigner
from ledger.keys.sshsig import armour, namespace, read_armour, signed_as, to_be_signed, verify_blob, write_blob
from ledger.keys.wire import Malformed, strings
from ledger.signatures import verify_ed25519

BODY = b'{"a":1}'
MESSAGE = pae(STATEMENT_TYPE, BODY)
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = Key("sshsig-ed25519", PRIVATE.public_key().public_bytes_raw())
BLOB = write_blob(KEY.scheme, KEY.public, STATEMENT_TYPE, PRIVATE.sign(to_be_signed(STATEMENT_TYPE, MESSAGE)))
needs_openssh = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed here")


def keygen(*words, data=b"", ok=True):
    done = subprocess.run(["ssh-keygen", *map(str, words)], input=data, capture_output=True, check=False)
    assert not ok or done.returncode == 0, done.stderr
    return done


@pytest.fixture
def own(tmp_path):
    """An OpenSSH key of somebody's, in the open."""
    keygen("-q", "-t", "ed25519", "-N", "", "-C", "ana@laptop", "-f", tmp_path / "id")
    return tmp_path / "id"


# ---- the blob ----


def test_the_vector_that_ssh_keygen_made():
    """Message, namespace and signature of a real ssh-keygen: what is signed is built the same way, hash included."""
    signed = bytes.fromhex(
        "535348534947000000126c6564676572406578616d706c652e636f6d000000000000000673686135313200000040"
        "77585366e7e2e2573805d2b6a62ab3784bad99b9433521a530f5097347f39fcb"
        "27c814160f46199d9e91a04968b880530e813e42fb29572e88f6f6f299293e57"
    )  # fmt: skip
    blob = read_armour(
        b"-----BEGIN SSH SIGNATURE-----\n"
        b"U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgF0VTtFbd38aQjsqxwQH+arIeK6\n"
        b"oGF3lbfUOmNIKZP9UAAAASbGVkZ2VyQGV4YW1wbGUuY29tAAAAAAAAAAZzaGE1MTIAAABT\n"
        b"AAAAC3NzaC1lZDI1NTE5AAAAQP2mISJnDFeXA2feh+ePhHrZ+Tq7Ia3dFlIRiQ468lWVL5\n"
        b"XWRJmLOaAmqnXW8YF5tHoj+i1dGuckCR42nlES/gE=\n"
        b"-----END SSH SIGNATURE-----\n",
        "a vector",
    )
    key_blob, space = signed_as(blob)
    key = read_blob(key_blob, "a vector")
    assert space == "ledger@example.com"
    assert fingerprint(key) == "SHA256:OD42K2r1p8To2i8ghGLiHbiVdnwQuA2FVbSTnNqhFLc"
    ours = b"SSHSIG" + strings(space.encode(), b"", b"sha512", sha512(b"hello ledger\n").digest())
    assert ours == signed
    assert verify_ed25519(key.public, signed, blob[-64:])


def test_a_blob_is_good_for_its_message_key_and_purpose_alone():
    assert verify_blob(KEY.public, STATEMENT_TYPE, MESSAGE, BLOB)
    other = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
    assert not verify_blob(other, STATEMENT_TYPE, MESSAGE, BLOB)
    assert not verify_blob(KEY.public, BATCH_TYPE, MESSAGE, BLOB)
    assert not verify_blob(KEY.public, STATEMENT_TYPE, MESSAGE + b" ", BLOB)
    assert namespace(STATEMENT_TYPE) == "statement.v1@lifecycle-ledger"
    assert namespace(BATCH_TYPE) == "batch.v1@lifecycle-ledger"


def test_every_bit_of_a_blob_counts():
    for bit in range(len(BLOB) * 8):
        changed = bytearray(BLOB)
        changed[bit // 8] ^= 1 << bit % 8
        assert not verify_blob(KEY.public, STATEMENT_TYPE, MESSAGE, bytes(changed)), bit
    for cut in range(len(BLOB)):
        assert not verify_blob(KEY.public, STATEMENT_TYPE, MESSAGE, BLOB[:cut])
    assert not verify_blob(KEY.public, STATEMENT_TYPE, MESSAGE, BLOB + b"\0")


def test_a_raw_signature_and_one_of_openssh_are_two_things():
    raw, ssh = Credential((Key("ed25519", KEY.public),)), Credential((KEY,))
    verify_signatures(ssh, STATEMENT_TYPE, BODY, [BLOB])
    for credential, signature in ((raw, BLOB), (raw, BLOB[-64:]), (ssh, PRIVATE.sign(MESSAGE)), (ssh, BLOB[-64:])):
        with pytest.raises(Tampered) as caught:
            verify_signatures(credential, STATEMENT_TYPE, BODY, [signature])
        assert caught.value.check == 14


def test_a_holder_that_lies_is_caught_before_anything_is_recorded():
    for wrong in (lambda _: bytes(64), lambda data: PRIVATE.sign(data + b" "), lambda data: PRIVATE.sign(data)[:-1]):
        with pytest.raises(Unavailable) as caught:
            SshSigner(KEY, wrong, "the agent").sign(STATEMENT_TYPE, BODY)
        assert caught.value.code == "bad_signer"
        assert "the agent" in caught.value.message
    assert SshSigner(KEY, PRIVATE.sign, "x").sign(STATEMENT_TYPE, BODY) == (BLOB,)


@needs_openssh
def test_ssh_keygen_accepts_what_we_sign(tmp_path, own):
    (signature,) = load_signer(own).sign(STATEMENT_TYPE, BODY)
    (tmp_path / "sig").write_text(armour(signature))
    (tmp_path / "allowed").write_text(f"ana {own.with_suffix('.pub').read_text()}")
    ask = ["-Y", "verify", "-f", tmp_path / "allowed", "-I", "ana", "-s", tmp_path / "sig", "-n"]
    assert b"Good" in keygen(*ask, namespace(STATEMENT_TYPE), data=MESSAGE).stdout
    assert keygen(*ask, namespace(BATCH_TYPE), data=MESSAGE, ok=False).returncode
    assert keygen(*ask, namespace(STATEMENT_TYPE), data=MESSAGE + b" ", ok=False).returncode


@needs_openssh
def test_we_accept_what_ssh_keygen_signs_and_nothing_near_it(own):
    credential = load_signer(own).credential

    def made(space, *more):
        return read_armour(keygen("-Y", "sign", "-f", own, "-n", space, *more, data=MESSAGE).stdout, "it")

    blob = made("statement.v1@lifecycle-ledger")
    verify_signatures(credential, STATEMENT_TYPE, BODY, [blob])
    assert (
        armour(blob).encode() == keygen("-Y", "sign", "-f", own, "-n", namespace(STATEMENT_TYPE), data=MESSAGE).stdout
    )
    wrong = (
        made("git"),
        made("file"),
        made("batch.v1@lifecycle-ledger"),
        made(namespace(STATEMENT_TYPE), "-O", "hashalg=sha256"),
    )
    for one in wrong:
        with pytest.raises(Tampered):
            verify_signatures(credential, STATEMENT_TYPE, BODY, [one])


# ---- key files ----


@needs_openssh
@pytest.mark.parametrize("more", [(), ("-Z", "aes256-gcm@openssh.com"), ("-Z", "aes256-cbc")])
def test_a_locked_key_is_asked_for_when_it_signs_and_not_before(tmp_path, more):
    keygen("-q", "-t", "ed25519", "-N", "open sesame", *more, "-f", tmp_path / "id")
    asked = []

    def typed(where):
        asked.append(where)
        return b"wrong" if len(asked) == 1 else b"open sesame"

    signer = load_signer(tmp_path / "id", typed)
    public = read_public((tmp_path / "id.pub").read_text(), "id.pub")
    assert signer.credential == public
    assert asked == []
    verify_signatures(public, STATEMENT_TYPE, BODY, signer.sign(STATEMENT_TYPE, BODY))
    signer.sign(STATEMENT_TYPE, BODY)
    assert asked == [str(tmp_path / "id")] * 2  # once wrong, once right, and then it is open
    with pytest.raises(Misuse) as caught:
        load_signer(tmp_path / "id", lambda _: b"wrong").sign(STATEMENT_TYPE, BODY)
    assert caught.value.code == "key_file"


@needs_openssh
@pytest.mark.parametrize("kind", [("rsa", "-b", "2048"), ("ecdsa",)])
def test_other_kinds_of_key_are_refused_with_the_line_that_makes_a_good_one(tmp_path, kind):
    keygen("-q", "-t", *kind, "-N", "", "-f", tmp_path / "id")
    for read in (
        lambda: load_signer(tmp_path / "id"),
        lambda: read_public((tmp_path / "id.pub").read_text(), "id.pub"),
    ):
        with pytest.raises(Misuse) as caught:
            read()
        assert "only Ed25519 signs here" in caught.value.message
        assert "ssh-keygen -t ed25519" in caught.value.fix


@needs_openssh
def test_what_is_no_key_of_the_author(own, tmp_path, monkeypatch):
    text = own.read_text()
    monkeypatch.setenv("THE_KEY", text)
    assert open_signer("env:THE_KEY").credential == open_signer(str(own)).credential
    for source, word in (
        ("env:NOT_SET", "is not set"),
        ("env:PATH", "holds no private key"),
        (f"{own}.pub", "public half"),
        (str(tmp_path), "cannot be read"),
        (str(tmp_path / "none"), "cannot be read"),
    ):
        with pytest.raises(Misuse) as caught:
            open_signer(source)
        assert word in caught.value.message, source
    own.chmod(0o640)
    with pytest.raises(Misuse) as caught:
        open_signer(str(own))
    assert (caught.value.code, caught.value.fix) == ("key_mode", f"chmod 600 {own}")


@needs_openssh
def test_a_private_half_of_another_key_is_found(own, tmp_path):
    """The public key stands in the file three times; the one that is believed must be the one that signs."""
    inner = b64decode("".join(own.read_text().split("\n")[1:-2]))
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    public = read_private(own.read_bytes(), "id").key.public
    at = inner.index(public)
    mixed = inner[:at] + other + inner[at + 32 :]
    own.write_text(
        f"-----BEGIN OPENSSH PRIVATE KEY-----\n{b64encode(mixed).decode()}\n-----END OPENSSH PRIVATE KEY-----\n"
    )
    signer = load_signer(own)
    with pytest.raises(Misuse):
        signer.sign(STATEMENT_TYPE, BODY)


LINE = "ssh-ed25519 " + b64encode(strings(b"ssh-ed25519", KEY.public)).decode()


@pytest.mark.parametrize(
    "text",
    ["", "ssh-ed25519", "ssh-ed25519 AAAA", LINE[:-4], LINE + "AAAA", LINE + "\n" + LINE, "x" * 20_000, LINE[12:],
     "ssh-ed25519 " + b64encode(strings(b"ssh-ed25519", KEY.public) + b"\0").decode(),
     "ssh-ed25519 " + b64encode(strings(b"ssh-ed25519", KEY.public[:-1])).decode(),
     "ssh-ed25519 " + b64encode(strings(b"ssh-ed25519", bytes(32))).decode(),
     "ssh-ed25519 " + b64encode(strings(b"ssh-rsa", KEY.public)).decode(),
     "ssh-ed25519-cert-v01@openssh.com AAAA", "-----BEGIN OPENSSH PRIVATE KEY-----\n"],
)  # fmt: skip
def test_public_lines_that_are_none(text):
    with pytest.raises(Misuse):
        read_public(text, "a file")


def test_a_public_line_is_a_credential():
    assert read_public(f"{LINE} ana@laptop, her second\n", "a file") == Credential((KEY,))
    assert read_public(LINE, "a file").id == KEY.id


def test_bcrypt_without_bounds_is_refused_unread():
    """A key file that asks for four thousand million rounds must not cost an hour before it is refused."""
    options = strings(b"s" * 16) + (2**32 - 1).to_bytes(4, "big")
    inner = b"openssh-key-v1\0" + strings(b"aes256-ctr", b"bcrypt", options) + (1).to_bytes(4, "big")
    inner += strings(strings(b"ssh-ed25519", KEY.public), b"x" * 64)
    data = b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + b64encode(inner) + b"\n-----END OPENSSH PRIVATE KEY-----\n"
    with pytest.raises(Misuse) as caught:
        read_private(data, "a file")
    assert "rounds of bcrypt" in caught.value.message


# ---- strangers' bytes ----

ALMOST = st.one_of(
    st.binary(max_size=300),
    st.builds(
        lambda good, at, more: good[: at % len(good)] + more + good[at % len(good) + len(more) :],
        st.sampled_from(
            [BLOB, strings(b"ssh-ed25519", KEY.public), b"openssh-key-v1\0" + strings(b"none", b"none", b"")]
        ),
        st.integers(0, 500),
        st.binary(max_size=8),
    ),
)


@given(ALMOST)
def test_every_reader_ends_in_a_value_or_a_named_error(data):
    text = b64encode(data)
    readers = (
        lambda: read_blob(data, "x"),
        lambda: signed_as(data),
        lambda: read_armour(data, "x"),
        lambda: read_armour(b"-----BEGIN SSH SIGNATURE-----\n" + text + b"\n-----END SSH SIGNATURE-----", "x"),
        lambda: read_public("ssh-ed25519 " + text.decode(), "x"),
        lambda: read_public(data.decode("latin-1"), "x"),
        lambda: read_private(data, "x"),
        lambda: read_private(
            b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + text + b"\n-----END OPENSSH PRIVATE KEY-----", "x"
        ),
        lambda: verify_blob(KEY.public, STATEMENT_TYPE, MESSAGE, data),
    )
    for read in readers:
        try:
            found = read()
        except (LedgerError, Malformed):
            continue
        assert found is not True or data == BLOB

"""Credentials: their ids, their one form, every key of theirs signs; and the files of private keys."""

import hashlib
import os

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from ledger.encoding import BATCH_TYPE, STATEMENT_TYPE, pae
from ledger.errors import Misuse, Tampered
from ledger.keys import Credential, Ed25519Signer, Key, LogKey, UnknownScheme, verify_signatures
from ledger.keys.files import load_log_key, load_signer, save

BODY = b'{"a":1}'
ED, ML = Ed25519PrivateKey.generate(), MLDSA44PrivateKey.generate()
ED_KEY = Key("ed25519", ED.public_key().public_bytes_raw())
ML_KEY = Key("ml-dsa-44", ML.public_key().public_bytes_raw())
PRIVATE = {ED_KEY.id: ED, ML_KEY.id: ML}
BOTH = Credential(tuple(sorted((ED_KEY, ML_KEY), key=lambda key: key.id)))


def signed(credential, payload_type=STATEMENT_TYPE, body=BODY):
    return tuple(PRIVATE[key.id].sign(pae(payload_type, body)) for key in credential.keys)


def test_ids_are_what_the_format_says():
    def sha(data):
        return hashlib.sha256(data).hexdigest()

    assert ED_KEY.id == sha(b"lifecycle-ledger/key/v1\n" + b"ed25519\0" + ED_KEY.public)
    first, second = sorted((ED_KEY.id, ML_KEY.id))
    assert BOTH.id == sha(f"lifecycle-ledger/credential/v1\n{first}\n{second}\n".encode())
    assert Credential((ED_KEY,)).id == ED_KEY.id
    assert Key("sshsig-ed25519", ED_KEY.public).id != ED_KEY.id


@pytest.mark.parametrize("credential", [Credential((ED_KEY,)), Credential((ML_KEY,)), BOTH])
def test_a_credential_reads_back(credential):
    assert Credential.from_json(credential.to_json()) == credential
    verify_signatures(credential, STATEMENT_TYPE, BODY, signed(credential))


def test_both_keys_must_sign():
    good = signed(BOTH)
    for count in (good[:1], good[1:], (), (*good, good[0])):
        with pytest.raises(Tampered) as caught:
            verify_signatures(BOTH, STATEMENT_TYPE, BODY, count)
        assert (caught.value.code, caught.value.check) == ("signature_count", 14)
    for half in ((good[0], good[0]), (good[1], good[1]), good[::-1], (good[0], b""), (b"", good[1])):
        with pytest.raises(Tampered) as caught:
            verify_signatures(BOTH, STATEMENT_TYPE, BODY, half)
        assert (caught.value.code, caught.value.check) == ("bad_signature", 14)


@pytest.mark.parametrize("at", [0, 1])
def test_one_bit_of_either_signature(at):
    good = list(signed(BOTH))
    for bit in (0, 77, len(good[at]) * 8 - 1):
        changed = bytearray(good[at])
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Tampered):
            verify_signatures(BOTH, STATEMENT_TYPE, BODY, [*good[:at], bytes(changed), *good[at + 1 :]])


def test_what_is_signed_for_one_purpose_is_not_for_another():
    credential = Credential((ED_KEY,))
    for payload_type, body in ((BATCH_TYPE, BODY), (STATEMENT_TYPE, BODY + b" "), (STATEMENT_TYPE, b"")):
        with pytest.raises(Tampered):
            verify_signatures(credential, payload_type, body, signed(credential))
    with pytest.raises(Tampered):  # raw bytes, without the encoding that says what for
        verify_signatures(credential, STATEMENT_TYPE, BODY, [ED.sign(BODY)])


def test_an_unknown_scheme_is_no_error_of_anybody():
    strange = Key("falcon-512", b"\1" * 897)
    with pytest.raises(UnknownScheme) as caught:
        verify_signatures(Credential((strange,)), STATEMENT_TYPE, BODY, [b"any"])
    assert caught.value.scheme == "falcon-512"


@pytest.mark.parametrize("first", [True, False])
def test_beside_an_unknown_scheme_a_bad_signature_is_still_bad(first):
    strange = Key("falcon-512", b"\1" * 897)
    keys = (strange, ED_KEY) if first else (ED_KEY, strange)
    good = signed(Credential((ED_KEY,)))[0]

    def check(own):
        signatures = [b"any", own] if first else [own, b"any"]
        verify_signatures(Credential(keys), STATEMENT_TYPE, BODY, signatures)

    with pytest.raises(UnknownScheme):
        check(good)
    with pytest.raises(Tampered):
        check(good[::-1])


@pytest.mark.parametrize(
    "value",
    [None, {}, "x", [], [{}], [{"public": "AA==", "scheme": ""}], [{"public": "AA==", "scheme": "x" * 65}],
     [{"public": "AB==", "scheme": "x"}], [{"public": "AA", "scheme": "x"}], [{"public": 1, "scheme": "x"}],
     [{"public": "AA==", "scheme": None}], [{"public": "AA==", "scheme": "x", "more": 1}], BOTH.to_json()[::-1],
     [*BOTH.to_json(), {"public": "AA==", "scheme": "x"}]],
)  # fmt: skip
def test_other_forms_of_a_credential_are_refused(value):
    with pytest.raises(Tampered):
        Credential.from_json(value)


# ---- files ----


@pytest.mark.parametrize("passphrase", [None, b"a long passphrase"])
def test_a_key_file_reads_back(tmp_path, passphrase):
    signer, log_key = Ed25519Signer.generate(), LogKey.generate("ledger.test/one")
    save(tmp_path / "a/author.key", signer.to_pem(passphrase))
    save(tmp_path / "a/log.key", log_key.to_pem(passphrase))
    assert load_signer(tmp_path / "a/author.key", passphrase).credential == signer.credential
    assert load_log_key(tmp_path / "a/log.key", "ledger.test/one", passphrase).verifier_keys == log_key.verifier_keys
    for name in ("author.key", "log.key"):
        assert (tmp_path / "a" / name).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700


def test_a_key_is_never_overwritten(tmp_path):
    path = tmp_path / "a.key"
    save(path, Ed25519Signer.generate().to_pem())
    before = path.read_bytes()
    with pytest.raises(Misuse) as caught:
        save(path, Ed25519Signer.generate().to_pem())
    assert caught.value.code == "key_exists"
    assert path.read_bytes() == before


@pytest.mark.parametrize("mode", [0o640, 0o644, 0o604, 0o660, 0o610])
def test_a_key_open_to_others_is_refused_before_it_is_read(tmp_path, mode):
    path = tmp_path / "a.key"
    save(path, Ed25519Signer.generate().to_pem())
    os.chmod(path, mode)
    with pytest.raises(Misuse) as caught:
        load_signer(path)
    assert caught.value.code == "key_mode"
    assert f"{mode:o}" in caught.value.message


def test_passphrases_that_do_not_fit(tmp_path):
    save(tmp_path / "open.key", Ed25519Signer.generate().to_pem())
    save(tmp_path / "shut.key", Ed25519Signer.generate().to_pem(b"right"))
    for name, passphrase, code in (
        ("open.key", b"any", "passphrase"),
        ("shut.key", None, "passphrase"),
        ("shut.key", b"wrong", "key_file"),
    ):
        with pytest.raises(Misuse) as caught:
            load_signer(tmp_path / name, passphrase)
        assert caught.value.code == code


@pytest.mark.parametrize(
    "content", [b"", b"-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n", b"\xff" * 99]
)
def test_what_is_no_key(tmp_path, content):
    save(tmp_path / "a.key", content)
    with pytest.raises(Misuse):
        load_signer(tmp_path / "a.key")
    with pytest.raises(Misuse):
        load_log_key(tmp_path / "a.key", "ledger.test/one")


def test_a_key_that_is_not_there_and_one_of_another_kind(tmp_path):
    with pytest.raises(Misuse):
        load_signer(tmp_path / "none.key")
    save(tmp_path / "author.key", Ed25519Signer.generate().to_pem())
    save(tmp_path / "log.key", LogKey.generate("ledger.test/one").to_pem())
    for load in (lambda: load_signer(tmp_path / "log.key"), lambda: load_log_key(tmp_path / "author.key", "a")):
        with pytest.raises(Misuse) as caught:
            load()
        assert caught.value.code == "key_kind"


def test_no_private_key_shows_in_a_repr():
    signer, log_key = Ed25519Signer.generate(), LogKey.generate("ledger.test/one")
    private = signer._private.private_bytes_raw()
    for shown in (repr(signer), repr(log_key), f"{signer}", f"{[log_key]}"):
        assert private.hex() not in shown
        assert len(shown) < 200

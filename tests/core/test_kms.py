"""A key in AWS KMS: against moto for what moto plays, and against a double of KMS's wire protocol for Ed25519.

moto (5.2) knows no Ed25519 keys. The double below speaks what botocore's own model of KMS says (JSON 1.1 over HTTP, the
operation in X-Amz-Target, base64 for bytes, errors in `__type`), and is reached by the real boto3 client.
"""

import json
import sys
import threading
from base64 import b64decode, b64encode
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from moto import mock_aws

from ledger.api import Ledger
from ledger.encoding import BATCH_TYPE, STATEMENT_TYPE
from ledger.errors import Misuse, Unavailable
from ledger.keys import verify_signatures
from ledger.keys.sources import open_signer

ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
BODY = b'{"a":1}'


@pytest.fixture(autouse=True)
def account(monkeypatch, tmp_path):
    """Credentials of nobody, and no setting of this machine."""
    for name, value in (("ACCESS_KEY_ID", "AKIAEXAMPLE"), ("SECRET_ACCESS_KEY", "secret"), ("MAX_ATTEMPTS", "1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


class Kms:
    """One Ed25519 key behind KMS's wire protocol. `fail`: (status, type) to answer with; `lie`: sign other bytes."""

    def __init__(self):
        self.private = Ed25519PrivateKey.generate()
        self.fail, self.lie, self.seen = None, False, []

    def answer(self, operation, asked):
        self.seen.append((operation, asked))
        if self.fail:
            return self.fail[0], {"__type": self.fail[1], "message": "no"}
        if asked["KeyId"] != ARN:
            return 400, {"__type": "NotFoundException", "message": f"Key '{asked['KeyId']}' does not exist"}
        if operation == "TrentService.GetPublicKey":
            public = self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            about = {"KeyId": ARN, "KeySpec": "ECC_NIST_EDWARDS25519", "KeyUsage": "SIGN_VERIFY"}
            about["SigningAlgorithms"] = ["ED25519_SHA_512", "ED25519_PH_SHA_512"]
            return 200, {**about, "PublicKey": b64encode(public).decode()}
        assert (operation, asked["MessageType"], asked["SigningAlgorithm"]) == (
            "TrentService.Sign",
            "RAW",
            "ED25519_SHA_512",
        )
        message = b64decode(asked["Message"], validate=True)
        if len(message) > 4096:
            return 400, {"__type": "ValidationException", "message": "message must have length at most 4096"}
        signature = self.private.sign(message + b"!" if self.lie else message)
        return 200, {"KeyId": ARN, "Signature": b64encode(signature).decode(), "SigningAlgorithm": "ED25519_SHA_512"}


@contextmanager
def serving(kms):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/")
            status, answer = kms.answer(self.headers["X-Amz-Target"], asked)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(10)


@pytest.fixture
def kms(monkeypatch):
    made = Kms()
    with serving(made) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", url)
        yield made


def test_a_key_in_kms_signs_as_openssh_does(kms):
    signer = open_signer(f"kms:{ARN}")
    (key,) = signer.credential.keys
    assert (key.scheme, key.public) == ("sshsig-ed25519", kms.private.public_key().public_bytes_raw())
    for kind, body in ((STATEMENT_TYPE, BODY), (BATCH_TYPE, BODY), (STATEMENT_TYPE, b"x" * 49_000)):
        verify_signatures(signer.credential, kind, body, signer.sign(kind, body))
    # Whatever the statement's size, what goes over the wire says what for, and is small.
    sent = [b64decode(asked["Message"]) for operation, asked in kms.seen if operation == "TrentService.Sign"]
    assert all(one.startswith(b"SSHSIG") and len(one) < 200 for one in sent)


def test_a_key_in_kms_records(kms, ledger, monkeypatch):
    signer = open_signer(f"kms:{ARN}")
    ledger.record.actor_introduced(handle="ana", kind="human")
    ledger.record.key_authorized(handle="ana", keys=signer.credential.to_json(), roles=["approver", "recorder"])
    with Ledger.open(ledger.path, key=f"kms:{ARN}") as hers:
        assert hers.identity.actor == "ana"
        hers.record.approved(system="s", version="1", artifacts={"m": "sha256:" + "0" * 64}, stage="production")
        assert hers.verify().verdict == "VERIFIED"
        kms.lie = True
        with pytest.raises(Unavailable) as caught:
            hers.record.approved(system="s", version="1", artifacts={"m": "sha256:" + "0" * 64}, stage="production")
        assert caught.value.code == "bad_signer"
        size = len(hers)
    assert size == len(ledger)


@pytest.mark.parametrize(
    ("status", "type", "error", "code"),
    [
        (400, "AccessDeniedException", Misuse, "kms_refused"),
        (400, "NotFoundException", Misuse, "kms_refused"),
        (400, "DisabledException", Misuse, "kms_refused"),
        (400, "KMSInvalidStateException", Misuse, "kms_refused"),
        (400, "InvalidKeyUsageException", Misuse, "kms_refused"),
        (400, "ThrottlingException", Unavailable, "kms"),
        (500, "KMSInternalException", Unavailable, "kms"),
        (503, "DependencyTimeoutException", Unavailable, "kms"),
        (502, "", Unavailable, "kms"),
    ],
)
def test_what_kms_refuses_and_what_it_cannot_do_now(kms, status, type, error, code):
    signer = open_signer(f"kms:{ARN}")
    kms.fail = (status, type)
    for act in (lambda: signer.sign(STATEMENT_TYPE, BODY), lambda: open_signer(f"kms:{ARN}")):
        with pytest.raises(error) as caught:
            act()
        assert caught.value.code == code
        assert "nothing was recorded" in caught.value.message
        assert "secret" not in str(caught.value)


def test_a_kms_that_is_away(monkeypatch):
    with serving(Kms()) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", url)
    with pytest.raises(Unavailable) as caught:  # the server is gone
        open_signer(f"kms:{ARN}")
    assert caught.value.code == "kms"


def test_without_credentials_or_a_region(kms, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(Misuse) as caught:
        open_signer(f"kms:{ARN}")
    assert caught.value.code == "kms_credentials"
    for wrong in ("", "alias/x", "arn:aws:s3:::bucket", "arn:aws:kms::1:key/2", "1234abcd-12ab-34cd-56ef-1234567890ab"):
        with pytest.raises(Misuse) as refused:
            open_signer(f"kms:{wrong}")
        assert refused.value.code == "kms_arn"


def test_keys_of_other_kinds_and_keys_that_are_not_there():
    """moto plays the account: a real list of specs, real ARNs, real refusals."""
    with mock_aws():
        client = boto3.client("kms", region_name="eu-central-1")
        for spec in ("ECC_NIST_P256", "RSA_2048"):
            arn = client.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
            with pytest.raises(Misuse) as caught:
                open_signer(f"kms:{arn}")
            assert caught.value.code == "key_kind"
            assert "ECC_NIST_EDWARDS25519" in caught.value.fix
        with pytest.raises(Misuse) as caught:
            open_signer(f"kms:{ARN}")
        assert "NotFoundException" in caught.value.message


def test_without_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(Misuse) as caught:
        open_signer(f"kms:{ARN}")
    assert caught.value.fix == "pip install 'lifecycle-ledger[kms]'"

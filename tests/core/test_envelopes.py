"""DSSE envelopes: read by somebody else's verifier; nothing is signed anew; what does not fit is refused."""

import base64
import json

import pytest
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

from ledger import entry
from ledger.errors import Misuse, Tampered
from ledger.extracts import credential_of, envelope
from ledger.keys.credential import Credential, Key
from tests.log.acts import say_many
from tests.log.conftest import keys, template, told  # noqa: F401 - fixtures

TYPE = "application/vnd.lifecycle-ledger.statement.v1+json"


def made(ledger, seq):
    credential = credential_of(ledger.store, ledger.genesis, ledger.find(seq).statement.key)
    return envelope(ledger.read(seq), credential), credential


def theirs(key):
    value = {"public": key.public.hex()}
    return SSlibKey(key.id, "ed25519", "ed25519", value)


def test_another_verifier_reads_it(told):  # noqa: F811
    for seq in (0, 1, 4, 7, 15):
        data, credential = made(told, seq)
        value = json.loads(data)
        read = Envelope.from_dict(json.loads(data))
        (key,) = credential.keys
        assert read.verify([theirs(key)], threshold=1).keys() == {key.id}
        assert read.payload_type == TYPE
        assert read.payload == entry.body_of(told.read(seq))
        assert [one["sig"] for one in value["signatures"]] == entry.view(told.read(seq)).signatures


def test_another_key_or_another_statement_does_not_fit(told, keys):  # noqa: F811
    data, credential = made(told, 7)
    (key,) = credential.keys
    mara = theirs(keys.mara.credential.keys[0])
    with pytest.raises(VerificationError):
        Envelope.from_dict(json.loads(data)).verify([mara], threshold=1)
    for field, changed in (
        ("payload", base64.b64encode(entry.body_of(told.read(3))).decode()),
        ("payloadType", "application/json"),
    ):
        with pytest.raises(VerificationError):
            Envelope.from_dict(json.loads(data) | {field: changed}).verify([theirs(key)], threshold=1)


def test_what_was_signed_in_a_batch_has_none(told):  # noqa: F811
    say_many(told, 3)
    for seq in (8, 9, 16):
        with pytest.raises(Misuse) as caught:
            made(told, seq)
        assert caught.value.code == "no_envelope"


def test_what_an_openssh_key_signed_has_none(told):  # noqa: F811
    ssh = Credential((Key("sshsig-ed25519", bytes(32)),))
    with pytest.raises(Misuse) as caught:
        envelope(told.read(3), ssh)
    assert caught.value.code == "no_envelope"


def test_a_key_that_nobody_authorised(told):  # noqa: F811
    with pytest.raises(Tampered):
        credential_of(told.store, told.genesis, "f" * 64)

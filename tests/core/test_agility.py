"""Every place where an algorithm has a name: a name that is not known here is never taken for a good signature."""

import json
from pathlib import Path

import pytest

from ledger.errors import Misuse, Tampered
from ledger.keys.credential import Credential, UnknownScheme, verify_signatures
from ledger.keys.log_key import LogKey
from ledger.notes.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from ledger.notes.note import SignatureLine
from ledger.notes.verifier import VerifierKey
from ledger.tokens.exchange import write_request
from ledger.tokens.token import HASHES, OIDS

INDEX = json.loads((Path(__file__).parents[1] / "vectors/index.json").read_text("utf-8"))
ORIGIN = "ledger.test/one"
KEY = LogKey.generate(ORIGIN)
KNOWN = {0x01, 0x04, 0x06}


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("scheme-unknown", 14),
        ("scheme-unknown-half", 14),
        ("genesis-hash-other", 17),
        ("genesis-format-2", 17),
        ("genesis-rev-2", 17),
    ],
)
def test_the_vectors_say_unverifiable(name, check):
    """Package and second verifier are held to them: neither VERIFIED nor BROKEN, and the place is named."""
    (one,) = (log for log in INDEX["logs"] if log["name"] == name)
    assert (one["expect"]["verdict"], one["expect"]["check"]) == ("UNVERIFIABLE", check)


@pytest.mark.parametrize("scheme", ["ed448", "ml-dsa-65", "slh-dsa-128s", "Ed25519", "ed25519 ", "none"])
def test_a_credential_of_an_unknown_scheme_verifies_nothing(scheme):
    credential = Credential.from_json([{"public": "AAAA", "scheme": scheme}])
    with pytest.raises(UnknownScheme):
        verify_signatures(credential, "x", b"body", [b"anything"])


@pytest.mark.parametrize("kind", sorted(set(range(256)) - KNOWN))
def test_a_verifier_key_of_an_unknown_kind_is_refused(kind):
    """Whoever trusts it hears so, instead of a note that no known key signed."""
    with pytest.raises(Misuse, match="is none of"):
        VerifierKey.make(ORIGIN, kind, bytes(32))


def test_a_note_with_lines_of_unknown_kinds_alone_is_unsigned():
    checkpoint = Checkpoint(ORIGIN, 5, bytes(32))
    text = sign_checkpoint(checkpoint, KEY.everyday).partition(b"\n\n")[0].decode()
    strange = "".join(SignatureLine(ORIGIN, bytes([kind] * 4), bytes(64)).text for kind in (2, 3, 5, 7))
    with pytest.raises(Tampered, match="no known key"):
        open_checkpoint(f"{text}\n\n{strange}".encode(), ORIGIN, KEY.verifier_keys)


def test_hashes_of_tokens_are_a_closed_list():
    assert set(HASHES.values()) == {"sha256", "sha384", "sha512"}
    assert OIDS["sha256"] == "2.16.840.1.101.3.4.2.1"
    for name in ("sha1", "md5", "sha3-256"):
        with pytest.raises(KeyError):
            write_request(b"x", 1, name)

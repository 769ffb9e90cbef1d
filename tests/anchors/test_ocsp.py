"""OCSP responses beside revocation lists: what `openssl ocsp` says, and every response that must say nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509 import ocsp

from ledger.anchors.stamping import stamp
from ledger.encoding import later, time_text
from ledger.errors import Misuse
from ledger.roots import read_pem
from ledger.tokens import chain
from ledger.tokens.ocsp import said_of, write_answer
from tests.anchors.authority import Served
from tests.anchors.test_tokens import certified, codes, report_of
from tests.log.acts import say

NOW = datetime.now(UTC).replace(microsecond=0, tzinfo=None)


def proofs(*answers):
    return chain.read_proofs(b"".join(map(write_answer, answers)), "x")


@pytest.fixture
def told(another):
    """An authority whose responder knows the signer's certificate; its token's time and chain, without the root."""
    authority = another()
    authority.count_as_issued("tsa")
    token, found = certified(authority)
    return authority, token.time, found[:2]


def test_openssls_word_counts_as_a_list_does(told):
    authority, time, found = told
    good = proofs(authority.ocsp("tsa"))
    assert chain.check_revocation(found, good, time)
    assert not chain.check_revocation(found, proofs(), time)
    assert chain.check_revocation(found, good, later(time, 86_400 * 6))
    assert not chain.check_revocation(found, good, later(time, 86_400 * 8))  # it says nothing so late
    # With the root's word on the intermediate all of the chain is told of; without it, it is not.
    assert not chain.check_revocation([*found, certified(authority)[1][2]], good, time)


@pytest.mark.parametrize(("reason", "counts"), [("superseded", True), ("cessationOfOperation", True),
                                                ("keyCompromise", False), ("unspecified", False)])  # fmt: skip
def test_revoked(told, reason, counts):
    authority, time, found = told
    authority.revoke("tsa", reason)
    after = proofs(authority.ocsp("tsa"))
    if counts:
        assert chain.check_revocation(found, after, later(time, -10))
    else:
        with pytest.raises(Misuse, match="was revoked on"):
            chain.check_revocation(found, after, later(time, -10))
    with pytest.raises(Misuse, match="was revoked on"):
        chain.check_revocation(found, after, later(time, 3_600))


def test_a_list_and_a_response_are_both_heard(told):
    authority, time, found = told
    good = proofs(authority.ocsp("tsa"))
    authority.revoke("tsa", "keyCompromise")
    with pytest.raises(Misuse, match="was revoked"):
        chain.check_revocation(found, good.joined(chain.read_proofs(authority.crl(), "x")), time)


def test_a_certificate_that_the_responder_does_not_know(another):
    authority = another()
    token, found = certified(authority)
    assert not chain.check_revocation(found[:2], proofs(authority.ocsp("tsa")), token.time)  # status unknown


def test_a_responder_that_the_authority_named(told):
    authority, time, found = told
    authority.issue("ocsp", "sub", "Example Responder", 21, 30)
    answer = authority.ocsp("tsa", "ocsp")
    assert chain.check_revocation(found, proofs(answer), time)
    assert chain.check_revocation(found, proofs(authority.ocsp("tsa", "ocsp", "-resp_key_id")), time)
    # Without its certificate nobody can tell whose word it is.
    assert not chain.check_revocation(found, proofs(authority.ocsp("tsa", "ocsp", "-resp_no_certs")), time)


def test_a_certificate_for_something_else_is_no_responder(told):
    authority, time, found = told
    assert not chain.check_revocation(found, proofs(authority.ocsp("tsa", "tsa")), time)


def test_a_strangers_responder(told, another):
    authority, time, found = told
    other = another()
    other.issue("ocsp", "sub", "Example Responder", 21, 30)
    for name in ("ocsp.pem", "ocsp.key"):
        (authority.folder / name).write_bytes((other.folder / name).read_bytes())
    assert not chain.check_revocation(found, proofs(authority.ocsp("tsa", "ocsp")), time)


# ---- responses that are made to deceive ----


def made(authority, *, of="tsa", issuer="sub", signer="sub", key="sub", status=ocsp.OCSPCertStatus.GOOD,
         since=None, reason=None, first=NOW, until=NOW + timedelta(days=3), extra=(), named=None):  # fmt: skip
    def certificate(name):
        return x509.load_pem_x509_certificate(authority.pem(name))

    private = load_pem_private_key((authority.folder / f"{key}.key").read_bytes(), None)
    by = ocsp.OCSPResponderEncoding.HASH
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=certificate(of), issuer=certificate(issuer), algorithm=named or hashes.SHA256(), cert_status=status,
        this_update=first, next_update=until, revocation_time=since, revocation_reason=reason,
    ).responder_id(by, certificate(signer))  # fmt: skip
    for one in extra:
        builder = builder.add_extension(one, critical=True)
    return builder.sign(private, hashes.SHA256()).public_bytes(Encoding.DER)


def test_what_is_made_here_counts_before_it_is_bent(told):
    authority, time, found = told
    assert chain.check_revocation(found, proofs(made(authority)), time)
    assert chain.check_revocation(found, proofs(made(authority, named=hashes.SHA1())), time)
    assert chain.check_revocation(found, proofs(made(authority, until=None)), later(time, -3_600))
    assert chain.check_revocation(found, proofs(made(authority, extra=[x509.OCSPNonce(b"n" * 16)])), time)


@pytest.mark.parametrize(
    "bent",
    [
        {"of": "sub"},  # another certificate
        {"issuer": "root"},  # a number that another issuer gave, too
        {"signer": "tsa", "key": "tsa"},
        {"signer": "root", "key": "root"},  # an authority, but not the one that issued it
        {"status": ocsp.OCSPCertStatus.UNKNOWN},
        {"first": NOW - timedelta(days=30), "until": NOW - timedelta(days=20)},
        {"first": NOW - timedelta(days=30), "until": None},
        {"extra": [x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")]},
    ],
    ids=str,
)
def test_it_tells_nothing(told, bent):
    authority, time, found = told
    assert not chain.check_revocation(found, proofs(made(authority, **bent)), time)


def test_a_sha1_signature_tells_nothing(told):
    authority, _, found = told
    assert list(said_of(*found, proofs(authority.ocsp("tsa", "sub", "-rmd", "sha384")).answers))
    assert list(said_of(*found, proofs(authority.ocsp("tsa", "sub", "-rmd", "sha1")).answers)) == []


def test_a_changed_byte(told):
    authority, time, found = told
    answer = authority.ocsp("tsa", "sub", "-resp_no_certs")
    assert chain.check_revocation(found, proofs(answer), time)
    spare = answer.index(ocsp.load_der_ocsp_response(answer).signature) - 1  # how many bits of it count: unsigned
    for at in range(len(answer)):
        changed = answer[:at] + bytes([answer[at] ^ 1]) + answer[at + 1 :]
        try:
            counts = chain.check_revocation(found, proofs(changed), time)
        except Misuse:
            continue
        assert at == spare or not counts, at


@pytest.mark.parametrize("pem", [
    b"-----BEGIN OCSP RESPONSE-----\n-----END OCSP RESPONSE-----\n", b"-----BEGIN OCSP RESPONSE-----\nMAMKAQE=",
    b"-----BEGIN OCSP RESPONSE-----\n!!\n-----END OCSP RESPONSE-----\n", write_answer(b"junk"),
    write_answer(b"0" * 999), write_answer(b"\x30\x84\xff\xff\xff\xff"), write_answer(b"0\x03\n\x01\x01") * 300,
])  # fmt: skip
def test_blocks_that_are_no_response(pem):
    with pytest.raises(Misuse, match="x: "):
        chain.read_proofs(pem, "x")


def test_a_refusal_is_a_response_that_says_nothing(told):
    _, time, found = told
    refused = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
    assert not chain.check_revocation(found, proofs(refused.public_bytes(Encoding.DER)), time)


def test_an_ed25519_authority_may_speak(told, tmp_path):
    from cryptography.hazmat.primitives.asymmetric import ed25519

    key = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Edwards")])

    def issue(subject, public, number):
        return x509.CertificateBuilder(name, subject, public, number, NOW, NOW + timedelta(days=9)).sign(key, None)

    ca = issue(name, key.public_key(), 1)
    leaf = issue(x509.Name([]), ec.generate_private_key(ec.SECP256R1()).public_key(), 7)
    answer = ocsp.OCSPResponseBuilder().add_response(
        leaf, ca, hashes.SHA256(), ocsp.OCSPCertStatus.GOOD, NOW, NOW + timedelta(days=1), None, None
    ).responder_id(ocsp.OCSPResponderEncoding.NAME, ca).sign(key, None)  # fmt: skip
    (said,) = said_of(leaf, ca, [answer])
    assert (said.revoked, said.tells(time_text(NOW.replace(tzinfo=UTC)))) == ("", True)


# ---- kept with a stamp ----


def test_a_response_is_given_kept_and_read_years_later(ledger, another, tmp_path):
    authority = another()
    authority.count_as_issued("tsa")
    served = Served(authority)
    (tmp_path / "tsa.ocsp").write_bytes(authority.ocsp("tsa"))
    given = read_pem(tmp_path / "tsa.ocsp")  # DER, as the responder gave it
    try:
        say(ledger)
        stamp(ledger, authority.url, roots=(authority.pem(),), proofs=given)
    finally:
        served.close()
    (anchor,) = ledger.store.anchors()
    assert b"-----BEGIN OCSP RESPONSE-----" in anchor.proofs
    (kept,) = chain.read_proofs(anchor.proofs, "x").answers
    assert write_answer(kept.public_bytes(Encoding.DER)) == given
    assert len(report_of(ledger, authority.pem()).times) == 1
    authority.revoke("tsa", "keyCompromise")
    later_word = write_answer(authority.ocsp("tsa"))
    report = report_of(ledger, authority.pem() + later_word)  # the verifier brings a later word
    assert (report.verdict, codes(report), report.times) == ("VERIFIED", ["revoked"], ())


def test_a_responder_that_the_certificate_names_is_asked(ledger, another):
    authority = another(points="http://127.0.0.1:1/never")
    served = Served(authority)
    try:
        place = authority.url.replace("/tsr", "/ocsp")
        cnf = authority.folder / "cnf"
        cnf.write_text(
            cnf.read_text().replace("crlDistributionPoints = URI:http://127.0.0.1:1/never",
                                    f"authorityInfoAccess = OCSP;URI:{place}")
        )  # fmt: skip
        authority.issue("tsa", "sub", "Example TSA", 5, 900)
        authority.count_as_issued("tsa")

        def respond(asked):
            (authority.folder / "oq").write_bytes(asked)
            authority.run("ocsp", "-index", "index.txt", "-CA", "sub.pem", "-rsigner", "sub.pem", "-rkey", "sub.key",
                          "-reqin", "oq", "-respout", "or", "-ndays", "7")  # fmt: skip
            return (authority.folder / "or").read_bytes()

        authority.responders = {"/ocsp": respond}
        say(ledger)
        stamp(ledger, authority.url, roots=(authority.pem(),))
    finally:
        served.close()
    (anchor,) = ledger.store.anchors()
    assert len(chain.read_proofs(anchor.proofs, "x").answers) == 1
    report = report_of(ledger, authority.pem())
    assert len(report.times) == 1

"""Tokens under attack: each lie, what must notice it, and the same answer as openssl and another library give."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from ledger.anchors.stamping import stamp
from ledger.encoding import later, time_text
from ledger.errors import LedgerError, Misuse, Tampered
from ledger.policy import Policy
from ledger.tokens import chain, der, judge, rehash
from ledger.tokens.exchange import read_answer, wrap, write_request
from ledger.tokens.token import Token
from tests.log.acts import say, say_many

DATA = b"ledger.test/one\n2\nAAAA\n"
NOW = time_text(datetime.now(UTC))


def report_of(ledger, *roots, now="", **more):
    return ledger.verify(Policy(keys=ledger.genesis.log_keys, key_source="test", tsa_roots=roots, now=now, **more))


def replace(ledger, edit, **columns):
    for name, value in columns.items():
        edit(ledger.path, (f"UPDATE anchors SET {name} = ? WHERE number = 1", (value,)))


@pytest.fixture
def stamped(ledger, authority):
    say(ledger)
    stamp(ledger, authority.url)
    return ledger


def codes(report):
    return [one.code for one in report.findings if one.code != "revocation"]


# ---- threats 68 ----


def test_a_token_of_another_checkpoint(stamped, authority, edit):
    say(stamped)
    other = authority.stamp(stamped.close_checkpoint())
    replace(stamped, edit, token=other)
    report = report_of(stamped, authority.pem())
    assert (report.verdict, report.failures[0].check, report.times) == ("BROKEN", 22, ())
    assert "does not speak of the bytes" in report.failures[0].message


def test_stamped_bytes_that_were_changed(stamped, authority, edit):
    """A cosignature that was appended to the imprinted bytes themselves, a line less, another line's signature."""
    (anchor,) = stamped.store.anchors()
    lines = anchor.imprinted.split(b"\n")
    for changed in (
        anchor.imprinted + "— witness.example AAAAAQAAAAAAAAAAAAAAAA==\n".encode(),
        b"\n".join(lines[:-2] + lines[-1:]),
        anchor.imprinted[:-1],
        b"",
    ):
        replace(stamped, edit, imprinted=changed)
        report = report_of(stamped, authority.pem())
        assert report.verdict == "BROKEN"
        assert 22 in {one.check for one in report.failures}
        assert report.times == ()


def test_another_genuine_token_than_the_recorded_one(stamped, authority, edit):
    """Stamped again later, and put in the place of the first: the entry names the first."""
    (anchor,) = stamped.store.anchors()
    replace(stamped, edit, token=authority.stamp(anchor.imprinted))
    report = report_of(stamped, authority.pem())
    assert report.verdict == "BROKEN"
    assert "is not the token that entry 2 records" in report.failures[0].message


def test_an_event_that_is_none(stamped, authority, edit):
    replace(stamped, edit, event=bytes.fromhex(stamped.find(1).statement.id.replace("-", "")))
    assert report_of(stamped, authority.pem()).verdict == "BROKEN"
    replace(stamped, edit, event=bytes(16))
    report = report_of(stamped, authority.pem())
    assert (report.verdict, codes(report)) == ("VERIFIED", ["unrecorded"])
    assert [one.after for one in report.times] == [-1]  # it still proves "existed by", no more


def test_a_hash_that_is_no_longer_trusted_is_not_counted(stamped, authority, edit):
    (anchor,) = stamped.store.anchors()
    replace(stamped, edit, token=authority.stamp(anchor.imprinted, "sha1"), event=bytes(16))
    report = report_of(stamped, authority.pem())
    assert (report.verdict, codes(report), report.times) == ("VERIFIED", ["weak"], ())


@pytest.mark.parametrize("usage", ["timeStamping", "critical,timeStamping,codeSigning", "critical,emailProtection"])
def test_a_certificate_for_more_than_time_stamping(another, usage):
    authority = another()
    chain.check_purpose(*x509.load_pem_x509_certificates(authority.pem("tsa")))
    cnf = authority.folder / "cnf"
    cnf.write_text(cnf.read_text().replace("extendedKeyUsage = critical,timeStamping", f"extendedKeyUsage = {usage}"))
    authority.issue("tsa", "sub", "Example TSA", 9, 9)
    (leaf,) = x509.load_pem_x509_certificates(authority.pem("tsa"))
    roots = x509.load_pem_x509_certificates(authority.pem("sub"))
    with pytest.raises(Misuse, match="not for time-stamping alone"):
        chain.build_chain(leaf, [], roots, NOW)


def certified(authority):
    """A token, and the chain under it."""
    token = Token(authority.stamp(DATA))
    roots = x509.load_pem_x509_certificates(authority.pem())
    return token, chain.build_chain(token.signed_by([]), token.certificates, roots, token.time)


@pytest.mark.parametrize(("reason", "counts"), [("keyCompromise", False), ("superseded", True), ("unspecified", False)])
def test_a_revoked_certificate(another, reason, counts):
    """Revoked for its key, or nobody says why: no token of it counts. Replaced: those from before stay good."""
    authority = another()
    token, found = certified(authority)
    before = chain.read_proofs(authority.crl(), "x")
    assert not chain.check_revocation(found, before, token.time)  # nothing tells of the intermediate
    assert chain.check_revocation(found[:2], before, token.time)
    authority.revoke("tsa", reason)
    after = chain.read_proofs(authority.crl(), "x")
    if counts:
        assert chain.check_revocation(found[:2], after, later(token.time, -10))
    else:
        with pytest.raises(Misuse, match="was revoked on"):
            chain.check_revocation(found, after, later(token.time, -10))
    with pytest.raises(Misuse, match="was revoked"):
        chain.check_revocation(found, after, later(token.time, 3_600))


def test_a_list_by_somebody_else_tells_nothing(another):
    one, other = another(), another()
    token, found = certified(one)
    other.revoke("tsa", "keyCompromise")
    assert not chain.check_revocation(found[:2], chain.read_proofs(other.crl(), "x"), token.time)


def test_lists_are_fetched_kept_and_used(ledger, another):
    from tests.anchors.authority import Served

    authority = another(points="http://127.0.0.1:1/never")
    served = Served(authority)
    try:
        crl = authority.url.replace("/tsr", "/crl")
        authority.folder.joinpath("cnf").write_text(
            authority.folder.joinpath("cnf").read_text().replace("http://127.0.0.1:1/never", crl)
        )
        authority.issue("tsa", "sub", "Example TSA", 5, 900)
        authority.files = {"/crl": authority.crl()}
        say(ledger)
        stamp(ledger, authority.url, roots=(authority.pem(),))
    finally:
        served.close()
    (anchor,) = ledger.store.anchors()
    kept = chain.read_proofs(anchor.proofs, "x")
    assert len(kept.lists) == 1
    assert len(report_of(ledger, authority.pem()).times) == 1
    authority.revoke("tsa", "keyCompromise")
    report = report_of(ledger, authority.pem() + authority.crl())  # the verifier brings a later list
    assert (report.verdict, codes(report), report.times) == ("VERIFIED", ["revoked"], ())


def test_the_chain_is_judged_link_by_link(another):
    authority = another()
    token = Token(authority.stamp(DATA))
    (root,) = x509.load_pem_x509_certificates(authority.pem())
    leaf = token.signed_by([])
    assert [chain.name_of(one) for one in chain.build_chain(leaf, token.certificates, [root], token.time)] == [
        "Example TSA", "Example CA", "Example Root",
    ]  # fmt: skip
    for time in (later(token.time, -86_400), later(token.time, 86_400 * 1_001)):
        with pytest.raises(Misuse, match="was not valid at the time"):
            chain.build_chain(leaf, token.certificates, [root], time)
    with pytest.raises(Misuse, match="under no root of yours"):
        chain.build_chain(leaf, [], [root], token.time)
    with pytest.raises(Misuse, match="under no root of yours"):
        chain.build_chain(leaf, [*token.certificates, root], [], token.time)


def test_who_may_issue(another):
    """A leaf is no authority; under path length 0 there is no further one."""
    authority = another()
    (root,), (sub,), (tsa,) = (x509.load_pem_x509_certificates(authority.pem(name)) for name in ("root", "sub", "tsa"))

    def issue(name, by, section):
        authority.run("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")
        authority.run("req", "-new", "-key", f"{name}.key", "-config", "cnf", "-subj", f"/CN={name}", "-out", "csr")
        authority.run("x509", "-req", "-in", "csr", "-CA", f"{by}.pem", "-CAkey", f"{by}.key", "-set_serial", "12",
                      "-days", "9", "-extfile", "cnf", "-extensions", section, "-out", f"{name}.pem")  # fmt: skip
        return x509.load_pem_x509_certificates(authority.pem(name))[0]

    fine, low, middle = issue("fine", "sub", "tsa"), issue("low", "tsa", "tsa"), issue("middle", "sub", "sub")
    deep = issue("deep", "middle", "tsa")
    now = time_text(datetime.now(UTC))
    assert len(chain.build_chain(fine, [sub], [root], now)) == 3
    with pytest.raises(Misuse, match=r"may not issue|no certificate authority"):
        chain.build_chain(low, [tsa, sub], [root], now)
    with pytest.raises(Misuse, match="Example CA may not issue"):
        chain.build_chain(deep, [middle, sub], [root], now)


# ---- two other judges ----


@pytest.mark.parametrize("settings", [{}, {"rsa": True}, {"ess": "sha1"}, {"ess": "sha512"}])
def test_openssl_and_we_accept_the_same(another, settings):
    authority = another(**settings)
    for hash in ("sha256", "sha384", "sha512"):
        data = authority.stamp(DATA, hash)
        token = Token(data)
        assert token.hash == hash
        assert token.fits(DATA)
        assert not token.fits(DATA + b"\n")
        assert chain.name_of(token.signed_by([])) == "Example TSA"
        assert authority.accepts(DATA, data)
        assert not authority.accepts(DATA + b"\n", data)


def test_a_request_of_ours_is_what_openssl_writes(another):
    authority = another()
    (authority.folder / "d").write_bytes(DATA)
    authority.run("ts", "-query", "-data", "d", "-sha256", "-cert", "-out", "q")
    theirs = (authority.folder / "q").read_bytes()
    nonce = der.read(theirs).children()[2].number()
    assert write_request(DATA, nonce) == theirs
    assert read_answer(authority.answer(theirs), DATA, nonce).nonce == nonce
    with pytest.raises(Misuse, match="nonce"):
        read_answer(authority.answer(theirs), DATA, nonce + 1)


def test_the_request_of_the_reference():
    """C2SP's checkpoint of formats.md, no nonce left out: 59 bytes and the nonce's ten."""
    made = write_request(b"x", 0x1234)
    assert made.startswith(bytes.fromhex("303d0201013031300d060960864801650304020105000420"))
    assert made.endswith(bytes.fromhex("020212340101ff"))


def test_another_library_agrees(another):
    """rfc3161-client, where its own parser takes the token: it wants certificates in DER's order."""
    client = pytest.importorskip("rfc3161_client", reason="rfc3161-client is not installed: no second opinion")
    authority = another()
    authority.chain = False
    (root,), (sub,) = (x509.load_pem_x509_certificates(authority.pem(name)) for name in ("root", "sub"))
    good = authority.stamp(DATA)
    dice = random.Random(3)
    judged = 0
    for at in [None, *(dice.randrange(len(good)) for _ in range(150))]:
        data = good if at is None else good[:at] + bytes([good[at] ^ 1 << dice.randrange(8)]) + good[at + 1 :]
        ours = accepted(data, [sub], [root])
        verifier = client.VerifierBuilder(roots=[root], intermediates=[sub]).build()
        try:
            theirs = bool(verifier.verify_message(client.decode_timestamp_response(wrap(data)), DATA))
        except (ValueError, client.VerificationError):
            theirs = False
        assert not ours or theirs, at  # we may be stricter, never laxer
        judged += ours == theirs
    assert judged >= 140
    assert accepted(good, [sub], [root])


def accepted(data, others, roots):
    try:
        token = Token(data)
        if not token.fits(DATA):
            return False
        chain.build_chain(token.signed_by(others), [*token.certificates, *others], roots, token.time)
    except Misuse:
        return False
    return True


# ---- bad input ----


def test_no_bit_of_a_token_may_change_unseen(another):
    """Every byte of what is signed: a changed bit is refused, or stands where nothing is said (unsigned parts)."""
    authority = another()
    good = authority.stamp(DATA)
    (root,) = x509.load_pem_x509_certificates(authority.pem())
    token = Token(good)
    start = good.index(token._content)
    for at in range(start, start + len(token._content)):
        assert not accepted(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :], [], [root]), at
    attributes = token._signer[3].whole
    start = good.index(attributes)
    for at in range(start, start + len(attributes)):
        assert not accepted(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :], [], [root]), at


def test_strange_bytes_give_a_value_or_a_named_error(another):
    authority = another()
    good = authority.stamp(DATA)
    dice = random.Random(11)
    for _ in range(3_000):
        data = bytearray(good)
        for _ in range(dice.randrange(1, 6)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        if dice.random() < 0.3:
            del data[dice.randrange(len(data)) :]
        try:
            token = Token(bytes(data))
            token.fits(DATA)
            token.signed_by([])
        except LedgerError:
            pass
    for data in (
        b"",
        b"\x30",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\x80",
        b"\x30\x81\x01\x00",
        b"\x1f\x81\x00",
        bytes(9),
    ):
        with pytest.raises(Misuse):
            Token(data)
    deep = b""
    for _ in range(200):
        deep = der.write(der.SEQUENCE, deep)
    with pytest.raises(Misuse):
        Token(deep)
    with pytest.raises(Misuse, match="the limit is"):
        Token(bytes(der.LIMIT + 1))


@pytest.mark.parametrize("oid", ["1.2.840.113549.1.7.2", "2.16.840.1.101.3.4.2.1", "0.9.1", "2.999.3", "1.39.16383"])
def test_identifiers_read_back(oid):
    assert der.read(der.write_oid(oid)).text() == oid


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 65_535, 65_536])
def test_lengths_read_back(size):
    node = der.read(der.write(der.OCTETS, bytes(size)))
    assert node.body == bytes(size)


@pytest.mark.parametrize("pem", [b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                                 b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
                                 b"-----BEGIN X509 CRL-----\n", b"-----BEGIN CERTIFICATE-----"])  # fmt: skip
def test_roots_that_cannot_be_read_are_the_callers_fault(stamped, pem):
    with pytest.raises(Misuse, match="the roots of time-stamping"):
        report_of(stamped, pem)


def test_what_is_kept_with_a_token_may_be_anything(stamped, authority, edit):
    dice = random.Random(5)
    (anchor,) = stamped.store.anchors()
    for junk in (b"", b"junk", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", dice.randbytes(500)):
        replace(stamped, edit, proofs=junk)
        assert report_of(stamped, authority.pem()).verdict in ("VERIFIED", "BROKEN")
    replace(stamped, edit, proofs=anchor.proofs, kind="rehash")
    assert report_of(stamped, authority.pem()).verdict == "BROKEN"
    replace(stamped, edit, kind="unheard of")
    assert report_of(stamped, authority.pem()).verdict in ("VERIFIED", "BROKEN")


# ---- renewal ----


def test_renewal_is_due_then_overdue_then_too_late(ledger, another):
    from tests.anchors.authority import Served

    short, long = another(days=200), another(days=1_500)
    say(ledger)
    for authority in (short,):
        served = Served(authority)
        first = stamp(ledger, authority.url)
        served.close()
    roots = short.pem() + long.pem()
    due = later(first.token.time, 86_400 * 111)
    too_late = later(first.token.time, 86_400 * 201)
    assert first.renew_by < due < too_late
    assert ledger.find(2).statement.data["renew_by"] == first.renew_by
    assert codes(report_of(ledger, roots, now=first.token.time)) == []
    overdue = report_of(ledger, roots, now=due)
    assert (overdue.verdict, codes(overdue), len(overdue.times)) == ("VERIFIED", ["renewal"], 1)
    assert f"renewal was due {first.renew_by[:10]}" in " ".join(one.message for one in overdue.findings)
    late = report_of(ledger, roots, now=too_late)
    assert (codes(late), late.times) == (["ended"], ())
    served = Served(long)
    stamp(ledger, long.url, again=True)
    served.close()
    for now in (due, too_late):
        renewed = report_of(ledger, roots, now=now)
        assert (codes(renewed), [one.size for one in renewed.times]) == ([], [2, 3])


def test_what_is_due_is_renewed_though_nothing_came(ledger, another):
    from tests.anchors.authority import Served

    authority = another(days=80)  # ends before the margin: due from the first day
    served = Served(authority)
    say(ledger)
    stamp(ledger, authority.url)
    assert stamp(ledger, authority.url).fresh
    served.close()


def test_a_later_token_that_does_not_cover_the_event_renews_nothing(ledger, another):
    """The log is stamped twice at one size: the second token says nothing of the first."""
    from tests.anchors.authority import Served

    short, long = another(days=100), another(days=1_500)
    say(ledger)
    served = Served(short)
    first = stamp(ledger, short.url)
    served.close()
    (anchor,) = ledger.store.anchors()
    ledger.store.keep_anchor(anchor._replace(number=2, event=bytes(16), token=long.stamp(anchor.imprinted)))
    report = report_of(ledger, short.pem() + long.pem(), now=later(first.token.time, 86_400 * 101))
    assert sorted(codes(report)) == ["ended", "unrecorded"]
    assert len(report.times) == 1


def test_all_entries_in_another_hash(ledger, authority, edit):
    """RFC 4998 5.3: root over the same bytes with SHA-512, one token over it and the checkpoint."""
    say(ledger)
    stamp(ledger, authority.url)
    say_many(ledger, 300)
    done = stamp(ledger, authority.url, new_hash=True)
    assert done.anchor.kind == "rehash"
    event = ledger.find(done.seq).statement
    assert event.type == "retimestamped"
    said = rehash.read(done.anchor.imprinted)
    assert (
        event.data["rehashed"] == said.root.hex() == naive_root([row.data for row in ledger.store.rows(0, 303)]).hex()
    )
    assert Token(done.anchor.token).hash == "sha512"
    assert authority.accepts(done.anchor.imprinted, done.anchor.token)
    report = report_of(ledger, authority.pem())
    assert [one.size for one in report.times] == [2, 303]
    lines = done.anchor.imprinted.split(b"\n")
    lines[4] = lines[5]
    token = authority.stamp(b"\n".join(lines), "sha512")
    edit(
        ledger.path,
        (
            "UPDATE anchors SET imprinted = ?, token = ?, event = zeroblob(16) WHERE number = 2",
            (b"\n".join(lines), token),
        ),
    )
    report = report_of(ledger, authority.pem())
    assert report.verdict == "BROKEN"
    assert "the entries are not those that it was made over" in report.failures[0].message


def test_a_rehash_names_the_tokens_before_it(ledger, authority, edit):
    say(ledger)
    stamp(ledger, authority.url)
    stamp(ledger, authority.url, new_hash=True)
    edit(ledger.path, "DELETE FROM anchors WHERE number = 1")
    report = report_of(ledger, authority.pem())
    assert report.verdict == "BROKEN"
    assert "the tokens before it" in report.failures[0].message


def naive_root(entries):
    from hashlib import sha512

    level = [sha512(b"\x00" + data).digest() for data in entries]

    def root(nodes):
        if len(nodes) == 1:
            return nodes[0]
        k = 1
        while k * 2 < len(nodes):
            k *= 2
        return sha512(b"\x01" + root(nodes[:k]) + root(nodes[k:])).digest()

    return root(level)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 7, 8, 9, 255, 256, 257])
def test_the_other_tree_is_rfc_6962s(count):
    from hashlib import sha512

    entries = [str(at).encode() for at in range(count)]
    assert rehash.root_of(iter(entries)) == (naive_root(entries) if entries else sha512(b"").digest())


CHANGES = [
    lambda text: text[1:],
    lambda text: text.replace(b"sha512", b"sha513"),
    lambda text: text.replace(b"/v1", b"/v2", 1),
    lambda text: b"\n" + text,
    lambda text: text.replace(b"\n\n", b"\n", 1),
    lambda text: b"",
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_rehash_has_one_form(ledger, change):
    say(ledger)
    text = rehash.write(ledger.store, ledger.close_checkpoint(), [])
    assert rehash.read(text).note == ledger.store.head().note
    with pytest.raises(Tampered):
        rehash.read(change(text))


def test_renewal_margin():
    assert judge.renew_by("2030-12-31T00:00:00.000000Z") == "2030-10-02T00:00:00.000000Z"
    assert timedelta(days=judge.MARGIN_DAYS) == timedelta(days=90)

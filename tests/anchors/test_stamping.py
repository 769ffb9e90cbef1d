"""Stamping a ledger with a real authority: what is asked, kept, recorded, proven offline, finished after a crash."""

import pytest

from ledger.anchors import stamping
from ledger.anchors.stamping import stamp
from ledger.api import Ledger
from ledger.config import log_key_path
from ledger.errors import Misuse, Unavailable
from ledger.policy import Policy
from ledger.tokens.bounds import bounds
from ledger.tokens.exchange import wrap
from ledger.tokens.token import Token
from tests.log.acts import say


def policy(ledger, *roots, now="", **more):
    return Policy(keys=ledger.genesis.log_keys, key_source="test", tsa_roots=roots, now=now, **more)


def test_a_stamp_is_kept_recorded_and_proven_offline(ledger, authority):
    say(ledger)
    done = stamp(ledger, authority.url, roots=(authority.pem(),))
    assert (done.seq, done.anchor.size, done.fresh, done.authority) == (2, 2, True, "Example TSA")
    (anchor,) = ledger.store.anchors()
    assert authority.accepts(anchor.imprinted, anchor.token)
    assert not authority.accepts(anchor.imprinted + b"\n", anchor.token)
    kind, body = authority.asked[0]
    assert kind == "application/timestamp-query"
    assert anchor.imprinted not in body
    event = ledger.find(2).statement
    assert event.type == "timestamped"
    assert event.data["size"] == 2
    assert event.data["stamped"] == Token(anchor.token).time
    report = ledger.verify(policy(ledger, authority.pem()))
    assert report.verdict == "VERIFIED"
    assert [one.code for one in report.findings] == ["revocation"]  # the authority names no list
    (existed,) = report.times
    assert existed[:3] == ("token", "Example TSA", 2)
    assert existed.after == 3
    assert report.hybrid == 2


def test_appended_cosignatures_change_nothing(ledger, authority):
    say(ledger)
    stamp(ledger, authority.url)
    (size, note), *_ = ledger.store.checkpoints()
    ledger.store.keep_checkpoint(size, note + "— witness.example AAAAAQAAAAAAAAAAAAAAAA==\n".encode())
    report = ledger.verify(policy(ledger, authority.pem()))
    assert report.verdict == "VERIFIED"
    assert [one.size for one in report.times] == [2]


def test_without_a_root_it_is_listed_not_counted(ledger, authority, another):
    say(ledger)
    stamp(ledger, authority.url)
    for roots in ((), (another().pem(),), (authority.pem("sub").replace(b"\n", b"\r\n"),)):
        report = ledger.verify(policy(ledger, *roots))
        if roots and b"\r" in roots[0]:
            assert [one.source for one in report.times] == ["Example TSA"]  # the verifier may trust an intermediate
            continue
        assert report.verdict == "VERIFIED"
        assert report.times == ()
        assert [one.code for one in report.findings] == ["unlisted"]
        assert "Example TSA" in report.findings[0].message


def test_what_comes_with_the_token_is_never_trusted(ledger, authority, another):
    """Certificates kept beside it, the whole chain with its root among them, make no root of the verifier's."""
    say(ledger)
    stamp(ledger, authority.url, proofs=authority.pem() + authority.pem("sub"))
    assert b"".join(authority.pem().split()) in b"".join(ledger.store.anchors()[0].proofs.split())
    report = ledger.verify(policy(ledger, another().pem()))
    assert report.times == ()


def test_a_token_without_its_chain_is_judged_by_what_is_kept(ledger, authority):
    authority.chain = False
    say(ledger)
    stamp(ledger, authority.url, proofs=authority.pem("sub"))
    assert [one.size for one in ledger.verify(policy(ledger, authority.pem())).times] == [2]


def test_the_bound_on_dating_back(ledger, authority):
    for number in range(3):
        say(ledger, number)
        stamp(ledger, authority.url)
    report = ledger.verify(policy(ledger, authority.pem()))
    assert [(one.size, one.after) for one in report.times] == [(2, 3), (4, 5), (6, 7)]
    dated = [one._replace(time=f"2026-12-0{day}") for day, one in enumerate(report.times, 1)]
    assert bounds(dated, report.size + 2) == [
        (0, 1, "", "2026-12-01"),
        (2, 2, "", "2026-12-02"),
        (3, 3, "2026-12-01", "2026-12-02"),
        (4, 4, "2026-12-01", "2026-12-03"),
        (5, 5, "2026-12-02", "2026-12-03"),
        (6, 6, "2026-12-02", ""),
        (7, 8, "2026-12-03", ""),
    ]
    assert bounds([], 9) == [(0, 8, "", "")]
    assert bounds(dated, 0) == []


def test_nothing_new_is_not_stamped_again(ledger, authority):
    say(ledger)
    stamp(ledger, authority.url)
    done = stamp(ledger, authority.url)
    assert not done.fresh
    assert len(authority.asked) == 1
    assert stamp(ledger, authority.url, again=True).fresh
    assert len(authority.asked) == 2
    say(ledger)
    assert stamp(ledger, authority.url).fresh


def test_a_root_that_does_not_stand_behind_it_keeps_nothing(ledger, authority, another):
    say(ledger)
    with pytest.raises(Misuse, match="under no root of yours"):
        stamp(ledger, authority.url, roots=(another().pem(),))
    assert ledger.store.anchors() == []
    assert len(ledger) == 2


def test_a_run_that_stopped_before_its_event_is_finished_by_the_next(ledger, authority, monkeypatch):
    say(ledger)

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(stamping, "_record", killed)
        with pytest.raises(KeyboardInterrupt):
            stamp(ledger, authority.url)
    assert len(ledger.store.anchors()) == 1
    assert len(ledger) == 2
    report = ledger.verify(policy(ledger, authority.pem()))
    assert [one.code for one in report.findings] == ["revocation", "unrecorded"]
    assert [one.after for one in report.times] == [-1]
    with Ledger.open(ledger.path) as later:
        done = stamp(later, authority.url)
        assert (done.finished, done.fresh, len(later)) == (1, False, 3)
    findings = ledger.verify(policy(ledger, authority.pem())).findings
    assert [one.code for one in findings] == ["revocation"]


def test_who_cannot_close_asks_nobody(ledger, authority):
    say(ledger)
    path = log_key_path(ledger.origin)
    path.rename(path.with_suffix(".away"))
    with Ledger.open(ledger.path) as without, pytest.raises(Misuse, match="log's key"):
        stamp(without, authority.url)
    assert authority.asked == []


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (b"", Misuse, "not a time-stamp"),
        (b"<html>no</html>", Misuse, "not a time-stamp"),
        (b"\x30\x80\x00\x00", Misuse, "not a time-stamp"),
        (b"\x30\x05\x30\x03\x02\x01\x02", Unavailable, "refused"),
        (b"\x30\x05\x30\x03\x02\x01\x00", Misuse, "no token"),
        (bytes(1 << 18) + b"x", Unavailable, "more than"),
    ],
)
def test_a_bad_answer_keeps_nothing(ledger, authority, answer, error, words):
    say(ledger)
    authority.spoil = lambda _: answer
    with pytest.raises(error, match=words):
        stamp(ledger, authority.url)
    assert ledger.store.anchors() == []


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_an_authority_that_is_out_of_order(ledger, authority, status):
    say(ledger)
    authority.status = status
    with pytest.raises(Unavailable, match=f"answers {status}; nothing was stamped") as refused:
        stamp(ledger, authority.url)
    assert refused.value.exit_code == 4
    assert ledger.store.anchors() == []
    authority.status = 200
    assert stamp(ledger, authority.url).fresh


def test_an_address_with_a_password_is_not_printed(ledger):
    say(ledger)
    with pytest.raises(Unavailable) as refused:
        stamp(ledger, "http://user:hunter2@127.0.0.1:9/tsr?key=hunter2")
    assert "hunter2" not in str(refused.value)


def test_an_answer_to_another_question_is_refused(ledger, authority):
    say(ledger)
    old = authority.stamp(b"something else")
    authority.spoil = lambda _: wrap(old)
    with pytest.raises(Misuse, match="not one for these bytes"):
        stamp(ledger, authority.url)
    stamp_of = {}

    def replayed(answer):
        return stamp_of.setdefault("first", answer)

    authority.spoil = replayed
    stamp(ledger, authority.url)
    with pytest.raises(Misuse, match=r"nonce|not one for these bytes"):
        stamp(ledger, authority.url, again=True)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x/y", "tsa.example", "http://127.0.0.1:9/tsr"])
def test_an_address_that_is_none(ledger, url):
    say(ledger)
    with pytest.raises((Misuse, Unavailable)):
        stamp(ledger, url)
    assert ledger.store.anchors() == []

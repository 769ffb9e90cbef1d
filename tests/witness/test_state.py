"""A witness's memory: what it is not, when it cannot be written, and the answers by the specification's own bytes."""

import threading
from hashlib import sha256

import apsw
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from ledger.anchors.http import Answer
from ledger.anchors.witness import _size_of, _with_lines, request_for
from ledger.errors import Misuse, Tampered, Unavailable
from ledger.keys.witness_key import WitnessKey
from ledger.merkle.tree import tree_root
from ledger.notes.adding import read_request, write_request
from ledger.notes.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from ledger.notes.note import parse_note, verify_note
from ledger.witness.cosigner import Cosigner
from ledger.witness.state import State
from tests.core.test_cosigning import LEAVES, LOG, ORIGIN, head, note, way
from tests.examples import examples

KEY = WitnessKey.generate("w.test")
BOUNDED = examples(150, HealthCheck.function_scoped_fixture)


@pytest.fixture
def witness(tmp_path):
    state = State.create(tmp_path / "w.db")
    state.follow(LOG.verifier_keys)
    return Cosigner(KEY, state, clock=lambda: 1_800_000_000.5)


def test_the_answers_over_a_life(witness):
    first = witness.reply(write_request(0, (), note(3)))
    assert (first.status, first.media_type) == (200, "text/plain; charset=utf-8")
    whole = note(3) + first.body
    with pytest.raises(Tampered):
        verify_note(parse_note(note(4) + first.body), KEY.verifier_keys)
    assert verify_note(parse_note(whole), KEY.verifier_keys) == KEY.verifier_keys
    told = witness.reply(write_request(0, (), note(7)))
    assert told == (409, b"3\n", "text/x.tlog.size")
    assert witness.reply(write_request(3, way(3, 7), note(7))).status == 200
    assert witness.reply(write_request(7, (), note(7))).status == 200
    assert witness.reply(write_request(3, way(3, 7), note(7))) == (409, b"7\n", "text/x.tlog.size")
    assert witness.reply(write_request(7, (), note(3))).status == 400
    assert witness.reply(write_request(7, way(6, 9), note(9))).status == 422
    assert witness.reply(b"old 7\n").status == 400
    other = sign_checkpoint(Checkpoint("ledger.test/two", 3, bytes(32)), LOG.__class__.generate("ledger.test/two").all)
    assert witness.reply(write_request(0, (), other)).status == 404


def test_the_newest_is_shown_with_its_lines(witness):
    digest = sha256(ORIGIN.encode()).hexdigest()
    assert witness.latest(digest).status == 404
    junk = "— x.test AAAAAQAAAAAAAAAA\n".encode()
    witness.reply(write_request(0, (), note(3) + junk))
    shown = witness.latest(digest)
    assert shown.status == 200
    assert open_checkpoint(shown.body, ORIGIN, LOG.verifier_keys) == head(3)
    assert verify_note(parse_note(shown.body), KEY.verifier_keys) == KEY.verifier_keys
    assert len(parse_note(shown.body).signatures) == 4
    assert witness.latest("0" * 64).status == witness.latest("x").status == 404


def test_a_clock_that_steps_back_makes_no_older_line(tmp_path):
    state, clock = State.create(tmp_path / "w.db"), iter([2_000, 1_000, 3_000])
    state.follow(LOG.verifier_keys)
    witness = Cosigner(KEY, state, clock=lambda: next(clock))
    times = []
    for old, size in ((0, 3), (3, 5), (5, 7)):
        done = witness.cosign(read_request(write_request(old, way(old, size), note(size))))
        times.append(int.from_bytes(done.lines[0].signature[:8]))
    assert times == [2_000, 2_000, 3_000]


def test_two_histories_at_the_same_time(witness):
    """Of eight threads with two trees of one size, all that are signed are of one of the two."""
    other = [*LEAVES[:4], LEAVES[9]]
    signed = []

    def run(leaves):
        done = witness.cosign(read_request(write_request(0, (), note(5, leaves))))
        if done.judged.checkpoint is not None:
            signed.append(done.judged.checkpoint.root)

    threads = [threading.Thread(target=run, args=(leaves,)) for leaves in [LEAVES, other] * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(signed) >= 1
    assert set(signed) <= {tree_root(LEAVES[:5]), tree_root(other)}
    assert len(set(signed)) == 1


def test_nothing_is_signed_that_cannot_be_remembered(witness, monkeypatch):
    connection = apsw.Connection(str(witness.state.path))
    connection.execute("BEGIN IMMEDIATE")  # somebody else writes, and does not end
    monkeypatch.setattr("ledger.witness.state._BUSY", 50)
    asked = read_request(write_request(0, (), note(3)))
    with pytest.raises(Unavailable) as caught:
        witness.cosign(asked)
    assert "nothing was cosigned" in caught.value.message
    connection.execute("ROLLBACK")
    connection.close()
    assert witness.state.logs()[0].latest is None
    assert witness.cosign(asked).judged.status == 200


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100])
def test_what_is_no_state(tmp_path, content):
    path = tmp_path / "w.db"
    with pytest.raises(Misuse):
        State(path).logs()
    path.write_bytes(content)
    with pytest.raises(Misuse):
        State(path).logs()
    with pytest.raises(Misuse):
        State.create(path)
    assert path.read_bytes() == content


def test_a_key_that_is_followed_anew_takes_the_place_of_the_old(witness):
    witness.reply(write_request(0, (), note(3)))
    witness.state.follow(LOG.verifier_keys[:1])
    (log,) = witness.state.logs()
    assert (log.keys, log.latest) == (LOG.verifier_keys[:1], head(3))


@BOUNDED
@given(st.data())
def test_whatever_is_asked_the_answer_has_a_status(witness, data):
    good = write_request(0, (), sign_checkpoint(head(3), LOG.everyday))
    place = data.draw(st.integers(0, len(good)))
    changed = good[:place] + data.draw(st.binary(max_size=20)) + good[place + data.draw(st.integers(0, 20)) :]
    assert witness.reply(changed).status in (200, 400, 403, 404, 409, 422)


@BOUNDED
@given(st.binary(max_size=300), st.sampled_from([200, 409]), st.sampled_from(["text/x.tlog.size", "", "text/plain"]))
def test_whatever_is_answered_it_is_lines_a_size_or_no_answer(body, status, media_type):
    with pytest.raises(Unavailable):
        _with_lines(note(3), Answer(status, media_type, body), "http://w.test", KEY.verifier_keys)
    try:
        size = _size_of(Answer(status, media_type, body), "http://w.test", head(3))
    except (Unavailable, Tampered):
        return
    assert body == f"{size}\n".encode()


def test_a_request_names_no_more_than_there_is(told):
    with pytest.raises(Misuse):
        request_for(told, 99)

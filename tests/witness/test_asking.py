"""A ledger asks witnesses: what servers answer that are none, broken, slow or hostile."""

import threading
import time

import pytest

from ledger.anchors.http import post, shown
from ledger.anchors.witness import ask
from ledger.errors import Conflict, Misuse, Tampered, Unavailable
from ledger.keys.witness_key import WitnessKey
from ledger.notes.adding import REQUEST_LIMIT, SIZE_TYPE, read_request
from tests.log.acts import say

KEY = WitnessKey.generate("w.test")


def plain(handler, status, body=b"", media_type="text/plain", **headers):
    handler.send_response(status)
    handler.send_header("Content-Type", media_type)
    handler.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def answering(status, body=b"", media_type="text/plain", **headers):
    return lambda handler, path, asked: plain(handler, status, body, media_type, **headers)


def signing(time_=None, key=KEY, also=b""):
    def answer(handler, path, asked):
        assert path == "/add-checkpoint"
        at = int(time.time()) if time_ is None else time_
        lines = key.cosign(read_request(asked).checkpoint, at)
        plain(handler, 200, "".join(line.text for line in lines).encode() + also)

    return answer


def slowly(handler, path, asked):
    handler.send_response(200)
    handler.end_headers()
    for _ in range(1_000):
        handler.wfile.write(b"a")
        handler.wfile.flush()
        time.sleep(0.05)


def endless(handler, path, asked):
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"a" * 65_536)


def breaking(handler, path, asked):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"abc")


def no_http(handler, path, asked):
    handler.wfile.write(b"\x16\x03\x01 what is this\r\n\r\n")


def unending_headers(handler, path, asked):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for n in range(500):
        handler.wfile.write(b"X-%d: a\r\n" % n)
    handler.wfile.write(b"\r\n")


BAD = {
    "404": (answering(404, b"who is that?\n"), Misuse, "unknown_log"),
    "403": (answering(403), Misuse, "forbidden"),
    "422": (answering(422), Tampered, "forked"),
    "400": (answering(400), Unavailable, "away"),
    "429": (answering(429), Unavailable, "away"),
    "500": (answering(500, b"\x1b[31m" + b"x" * 500), Unavailable, "away"),
    "301": (answering(301, Location="http://127.0.0.1:1/"), Unavailable, "away"),
    "307": (answering(307, Location="http://127.0.0.1:1/"), Unavailable, "away"),
    "204": (answering(204), Unavailable, "away"),
    "nothing": (answering(200), Unavailable, "answer"),
    "words": (answering(200, b"thank you\n"), Unavailable, "answer"),
    "another's line": (signing(key=WitnessKey.generate("w.test")), Unavailable, "answer"),
    "another name's line": (signing(key=WitnessKey.generate("v.test")), Unavailable, "answer"),
    "from the future": (signing(int(time.time()) + 4_000), Unavailable, "answer"),
    "text after it": (signing(also=b"thank you\n"), Unavailable, "answer"),
    "a blank line after it": (signing(also=b"\n"), Unavailable, "answer"),
    "33 lines": (signing(also="— x.test AAAAAQAAAAAAAAAA\n".encode() * 31), Unavailable, "answer"),
    "too much": (answering(200, b"a" * 70_000), Unavailable, "away"),
    "without an end": (endless, Unavailable, "away"),
    "byte by byte": (slowly, Unavailable, "away"),
    "breaking off": (breaking, Unavailable, "answer"),
    "no HTTP": (no_http, Unavailable, "away"),
    "500 headers": (unending_headers, Unavailable, "away"),
    "409 without a type": (answering(409, b"3\n"), Unavailable, "answer"),
    "409 with words": (answering(409, b"three\n", SIZE_TYPE), Unavailable, "answer"),
    "409 without LF": (answering(409, b"3", SIZE_TYPE), Unavailable, "answer"),
    "409 with a sign": (answering(409, b"+3\n", SIZE_TYPE), Unavailable, "answer"),
    "409 twice": (answering(409, b"3\n", SIZE_TYPE), Conflict, "asked_twice"),
    "409 beyond": (answering(409, b"17\n", SIZE_TYPE), Tampered, "shrunk"),
}


@pytest.mark.parametrize(("answer", "kind", "code"), BAD.values(), ids=BAD)
def test_what_is_no_cosignature(told, server, answer, kind, code):
    url, began = server(answer), time.monotonic()
    seconds = 1.0 if answer in (slowly, endless) else 30.0
    with pytest.raises(kind) as caught:
        ask(told, url, KEY.verifier_keys, seconds=seconds)
    assert caught.value.code == code, caught.value
    assert type(caught.value) is kind
    assert time.monotonic() - began < 25
    (kept,) = [note for size, note in told.store.checkpoints() if size == 16]
    assert kept.count("—".encode()) == 2  # nothing was kept but what the log signed
    assert told.verify().verdict == "VERIFIED"


def test_the_size_it_is_told_is_where_it_begins(told, server):
    seen = []

    def answer(handler, path, asked):
        request = read_request(asked)
        seen.append((request.old, len(request.proof)))
        if request.old != 12:
            plain(handler, 409, b"12\n", SIZE_TYPE)
        else:
            signing()(handler, path, asked)

    added = ask(told, server(answer) + "/", KEY.verifier_keys)
    assert added == (16, ("w.test",), ())
    assert seen == [(0, 0), (12, 3)]
    say(told, 1)
    ask(told, server(signing()), KEY.verifier_keys)
    assert seen == [(0, 0), (12, 3)]


def test_it_begins_where_its_last_line_is(told, server):
    ask(told, server(signing()), KEY.verifier_keys)
    say(told, 1)
    seen = []

    def answer(handler, path, asked):
        seen.append(read_request(asked).old)
        signing()(handler, path, asked)

    ask(told, server(answer), KEY.verifier_keys)
    assert seen == [16]


def test_lines_of_others_in_the_answer_are_left_out(told, server):
    ask(told, server(signing(also="— x.test AAAAAQAAAAAAAAAA\n".encode())), KEY.verifier_keys)
    (note,) = [note for size, note in told.store.checkpoints() if size == 16]
    assert b"x.test" not in note
    assert note.count("— w.test".encode()) == 2


@pytest.mark.parametrize(
    "url",
    [
        "",
        "w.test",
        "file:///etc/passwd",
        "ftp://w.test",
        "http://",
        "http://[::1",
        "http://a:b:c/",
        "http://x\n/",
        "http://é/",
    ],
)
def test_what_is_no_address(told, url):
    with pytest.raises(Misuse) as caught:
        ask(told, url, KEY.verifier_keys)
    assert caught.value.code == "url"


def test_no_password_is_shown():
    assert shown("https://me:secret@w.test:8420/x?token=1") == "https://w.test:8420/x"


def test_nobody_there(told, down):
    with pytest.raises(Unavailable) as caught:
        ask(told, down, KEY.verifier_keys)
    assert caught.value.code == "away"


# ---- the server's side ----


def test_a_request_has_a_bound(serve):
    one = serve("w1.test")
    assert post(f"{one.url}/add-checkpoint", b"a" * (REQUEST_LIMIT + 1), limit=1000).status == 413
    assert post(f"{one.url}/add-checkpoint", b"a" * REQUEST_LIMIT, limit=1000).status == 400
    assert post(f"{one.url}/add-checkpoint", b"", limit=1000).status == 400
    assert post(f"{one.url}/other", b"", limit=1000).status == 404


def test_an_unknown_log_over_http(told, serve, start, make_witness):
    from ledger.config import witness_state_path

    one = serve("w1.test")
    import apsw

    connection = apsw.Connection(str(witness_state_path("w1.test")))
    connection.execute("DELETE FROM logs")
    connection.close()
    with pytest.raises(Misuse) as caught:
        ask(told, one.url, one.keys)
    assert caught.value.code == "unknown_log"


def test_many_at_once_and_no_step_back(told, serve):
    """Thirty requests for different sizes at the same time: each answer is 200 or 409, and the state only grew."""
    from ledger.anchors.witness import request_for
    from ledger.notes.adding import write_request

    one = serve("w1.test")
    ask(told, one.url, one.keys)
    requests = []
    for number in range(6):
        say(told, number)
        requests.append(request_for(told, 16 + number))
        requests.append(request_for(told, 16))
    answers = []

    def submit(body):
        answers.append(post(f"{one.url}/add-checkpoint", body, limit=70_000))

    threads = [threading.Thread(target=submit, args=(body,)) for body in requests * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status for answer in answers} <= {200, 409, 400}
    assert len(answers) == 24
    from ledger.config import witness_state_path
    from ledger.witness.state import State

    (log,) = State(witness_state_path("w1.test")).logs()
    newest = log.latest
    assert newest is not None
    assert newest.size > 16
    again = post(f"{one.url}/add-checkpoint", write_request(0, (), told.close_checkpoint()), limit=1000)
    assert (again.status, again.body) == (409, f"{newest.size}\n".encode())

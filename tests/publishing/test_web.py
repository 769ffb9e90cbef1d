"""A web server that may answer anything: a reader gets bytes within bounds, or a named error in bounded time."""

import gc
import gzip
import os
import socket
import sys
import threading
import time
from contextlib import contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from ledger.api import Ledger
from ledger.errors import Misuse, Unavailable, Withheld
from ledger.stores import web
from ledger.stores.opening import opener_of
from ledger.stores.static import open_static
from ledger.stores.web import Web
from ledger.verify import verify_log
from tests.log.forging import stored


@contextmanager
def serving(handler):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class Static(SimpleHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.asked.append(self.path)
        super().do_GET()


class Zipped(Static):
    """gzip, unasked, as c2sp.org/tlog-tiles lets a server do."""

    def do_GET(self):
        with open(self.translate_path(self.path), "rb") as file:
            data = gzip.compress(file.read())
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(web, "_PAUSE", 0.01)


@pytest.fixture
def impatient(quick, monkeypatch):
    """For what never comes: a server that answers at all may be slower than this on a busy machine."""
    monkeypatch.setattr(web, "_SILENCE", 0.3)
    monkeypatch.setattr(web, "_PATIENCE", 0.6)


@pytest.mark.parametrize("handler", [Static, Zipped])
def test_it_is_the_same_log(long, send, out, handler, monkeypatch):
    send(long, disclosures=True)
    monkeypatch.setattr(Static, "asked", [])
    with serving(partial(handler, directory=str(out))) as url, Ledger.open(url) as read:
        assert stored(read) == stored(long)
        assert read.store.head() == long.store.head()
        monkeypatch.setattr("ledger.verify.RANGE", 128)
        report = verify_log(read.store, processes=2, opener=opener_of(read.store))
        assert (report.verdict, report.checked, report.failures) == ("UNPINNED", 617, ())
        assert read.verify().verdict == "VERIFIED"
    bundles = [path for path in Static.asked if "entries" in path]
    assert sorted(bundles) == sorted(set(bundles))  # by three processes, twice: each was fetched once


def test_an_end_of_a_slash(long, send, out):
    send(long)
    with serving(partial(Static, directory=str(out))) as url:
        assert open_static(f"{url}/").head() == long.store.head()


# ---- lies below the bytes: (answer, what is made of it) ----


def answer(head, body=b"", *, drip=0.0, cut=False):
    """A handler that says this to everything."""

    class Says(BaseHTTPRequestHandler):
        times = 0

        def log_message(self, *_):
            pass

        def do_GET(self):
            type(self).times += 1
            self.wfile.write(head)
            if drip:
                for at in range(len(body)):
                    self.wfile.write(body[at : at + 1])
                    self.wfile.flush()
                    time.sleep(drip)
            elif body == b"endless":
                while True:
                    self.wfile.write(bytes(65_536))
            else:
                self.wfile.write(body)
            if not cut:
                self.wfile.flush()

        def handle(self):
            with suppress(BrokenPipeError, ConnectionResetError):
                super().handle()

    return Says


OK = b"HTTP/1.0 200 OK\r\n"
BOMB = gzip.compress(bytes(200 * 2**20), 9)
ANSWERS = {
    "elsewhere": (b"HTTP/1.0 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n", b"", "names another place"),
    "to a file": (b"HTTP/1.0 301 Moved\r\nLocation: file:///etc/passwd\r\n\r\n", b"", "names another place"),
    "a failing server": (b"HTTP/1.0 503 Busy\r\n\r\n", b"", "status 503"),
    "a body cut short": (OK + b"Content-Length: 100\r\n\r\n", b"x", "missing"),
    "gzip cut short": (OK + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(b"x" * 50)[:-4], "missing"),
    "gzip that is none": (OK + b"Content-Encoding: gzip\r\n\r\n", b"nothing of the kind", "header"),
    "another coding": (OK + b"Content-Encoding: br\r\n\r\n", b"x", "coded as 'br'"),
    "no HTTP at all": (b"\x00\x01\x02\r\n\r\n", b"", "http"),
    "a chunk that lies": (OK.replace(b"1.0", b"1.1") + b"Transfer-Encoding: chunked\r\n\r\n", b"zz\r\n", "missing"),
    "a header without end": (OK + b"X: " + b"x" * 70_000, b"", "header"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_is_no_file(quick, name):
    head, body, said = ANSWERS[name]
    handler = answer(head, body)
    with serving(handler) as url, pytest.raises(Unavailable) as caught:
        Web(url).fetch("tile/0/000", 8_192)
    assert handler.times == (1 if isinstance(caught.value, Withheld) else 3)
    assert said in (caught.value.code + caught.value.message).lower()
    assert url in caught.value.message


@pytest.mark.parametrize("status", [404, 410, 403])
def test_what_is_not_there(quick, status):
    with serving(answer(b"HTTP/1.0 %d Gone\r\n\r\n" % status)) as url:
        assert Web(url).fetch("tile/0/000", 8_192) is None


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (OK + b"\r\n", b"endless"),
        (OK + b"Content-Length: 9999999999\r\n\r\n", b"endless"),
        (OK + b"Content-Encoding: gzip\r\n\r\n", BOMB),
        (OK + b"\r\n", bytes(8_193)),
    ],
    ids=["endless", "endless as announced", "gzip bomb", "a byte too many"],
)
def test_a_body_is_read_to_its_bound_and_a_byte(quick, head, body):
    with serving(answer(head, body)) as url:
        assert len(Web(url).fetch("tile/0/000", 8_192)) == 8_193


def test_a_body_that_drips(impatient, monkeypatch):
    monkeypatch.setattr(web, "_SILENCE", 20.0)
    begun = time.monotonic()
    with serving(answer(OK + b"\r\n", bytes(8_192), drip=0.05)) as url, pytest.raises(Unavailable, match="not whole"):
        Web(url).fetch("tile/0/000", 8_192)
    assert time.monotonic() - begun < 60  # all of it would take seven minutes


def test_silence_and_nobody_there(impatient):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(Unavailable, match="timed out"):
            Web(f"http://127.0.0.1:{port}").fetch("checkpoint", 100)
    with pytest.raises(Unavailable, match="refused"):
        Web(f"http://127.0.0.1:{port}").fetch("checkpoint", 100)


def test_it_is_asked_again(quick, long, send, out):
    send(long)

    class Shaky(Static):
        failed: ClassVar[set[str]] = set()

        def do_GET(self):
            if self.path in self.failed:
                return super().do_GET()
            self.failed.add(self.path)
            return self.send_error(500)

    with serving(partial(Shaky, directory=str(out))) as url:
        assert verify_log(open_static(url)).verdict == "UNPINNED"


@pytest.mark.parametrize(
    "url",
    [
        "https://mara:secret@host/log",
        "https://mara@host/log",
        "https://host/log?key=secret",
        "https://host/log#part",
        "https:///log",
        "ftp://host/log",
        "file:///log",
    ],
)
def test_urls_that_are_refused(url):
    with pytest.raises(Misuse) as caught:
        Web(url)
    assert "secret" not in str(caught.value)


def partly(lie):
    """A server that tells a lie for one bundle."""

    class Partly(Static):
        def do_GET(self):
            if "entries/001" in self.path:
                with suppress(BrokenPipeError, ConnectionResetError):
                    lie(self.wfile.write)
            else:
                super().do_GET()

    return Partly


def test_what_the_network_did_not_bring_gives_no_verdict(quick, long, send, out):
    send(long)
    handler = partly(lambda write: write(OK + b"Content-Length: 100\r\n\r\nx"))
    with serving(partial(handler, directory=str(out))) as url, pytest.raises(Unavailable) as caught:
        verify_log(open_static(url))
    assert not isinstance(caught.value, Withheld)


def test_a_redirected_bundle_is_withheld(quick, long, send, out):
    send(long)
    handler = partly(lambda write: write(ANSWERS["elsewhere"][0]))
    with serving(partial(handler, directory=str(out))) as url:
        report = verify_log(open_static(url))
    assert (report.verdict, report.missing[0].code, report.failures) == ("UNVERIFIABLE", "withheld", ())


def endless(write):
    write(OK + b"\r\n")
    while True:
        write(b"\0\0" * 32_768)


def test_an_endless_bundle_is_broken(long, send, out):
    send(long)

    with serving(partial(partly(endless), directory=str(out))) as url:
        report = verify_log(open_static(url))
    assert (report.verdict, report.failures[0].check, report.failures[0].seq) == ("BROKEN", 5, 256)


# ---- one line for many questions ----


class Kept(Static):
    """A server that keeps its lines open, and counts them."""

    protocol_version = "HTTP/1.1"
    lines: ClassVar[list[object]] = []

    def setup(self):
        super().setup()
        self.lines.append(self)


@pytest.fixture
def lines(monkeypatch):
    monkeypatch.setattr(Kept, "lines", [])
    return Kept.lines


@pytest.fixture
def opened():
    made = []
    yield lambda url: made.append(Web(url)) or made[-1]
    for one in made:
        one.close()


def files(web, *names):
    return [web.fetch(name, 100) for name in names]


def test_a_line_is_kept_between_questions(lines, tmp_path, opened):
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text(name)
    with serving(partial(Kept, directory=str(tmp_path))) as url:
        web = opened(url)
        assert files(web, "a", "b", "c", "a") == [b"a", b"b", b"c", b"a"]
        assert len(lines) == 1
        assert web.fetch("nothing", 100) is None
        assert files(web, "a", "b") == [b"a", b"b"]
        assert len(lines) == 2  # after an answer that was not read, another one


def test_many_threads_have_lines_of_their_own_and_not_more(lines, tmp_path, opened):
    names = [f"{number:03}" for number in range(60)]
    for name in names:
        (tmp_path / name).write_text(name)
    with serving(partial(Kept, directory=str(tmp_path))) as url:
        web = opened(url)
        assert list(web.fetch_all(names, 100)) == [name.encode() for name in names]
        assert len(lines) <= 6


def test_a_line_that_the_server_closed_meanwhile(lines, tmp_path, opened):
    (tmp_path / "a").write_text("a")

    class Hasty(Kept):
        def do_GET(self):
            super().do_GET()
            self.close_connection = True  # without having said so

    with serving(partial(Hasty, directory=str(tmp_path))) as url:
        web = opened(url)
        assert files(web, "a", "a", "a") == [b"a"] * 3
        assert len(lines) == 3


def test_a_line_with_more_on_it_than_was_read_is_not_used_again(quick, lines, tmp_path, opened):
    """What a server sends beyond its bound, or behind its answer, is never taken for the next answer."""

    class Smuggles(Kept):
        def do_GET(self):
            data = b"x" * 300 if "large" in self.path else self.path[1:].encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            if "more" in self.path:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")

    with serving(Smuggles) as url:
        web = opened(url)
        assert len(web.fetch("large", 100)) == 101
        assert web.fetch("small", 100) == b"small"
        assert len(lines) == 2
        assert web.fetch("more", 100) == b"more"
        assert web.fetch("next", 100) == b"next"


def test_a_copy_that_cannot_be_kept_or_read_is_fetched_again(lines, tmp_path, opened):
    (tmp_path / "out/tile").mkdir(parents=True)
    (tmp_path / "out/tile/a").write_text("a")
    (tmp_path / "file").write_text("no folder")
    with serving(partial(Kept, directory=str(tmp_path / "out"))) as url:
        for scratch in (tmp_path / "file", tmp_path / "scratch"):
            web = opened(url)
            web.keep_in(scratch)
            assert files(web, "tile/a", "tile/a") == [b"a", b"a"]
        kept = tmp_path / "scratch/fetched/tile/a"
        assert kept.read_bytes() == b"a"
        kept.unlink()
        kept.mkdir()
        assert files(web, "tile/a") == [b"a"]
        assert sorted(tmp_path.rglob("a.*")) == []


def test_a_child_that_was_forked_begins_with_no_line(lines, tmp_path, opened):
    (tmp_path / "a").write_text("a")
    with serving(partial(Kept, directory=str(tmp_path))) as url:
        web = opened(url)
        assert files(web, "a", "a") == [b"a", b"a"]
        child = os.fork()
        if child == 0:
            sys.unraisablehook = lambda _: os._exit(2)  # a socket that is not closed, but left
            found = files(web, "a")
            gc.collect()
            os._exit(0 if found == [b"a"] else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert files(web, "a") == [b"a"]
        assert len(lines) == 2


def test_through_a_proxy(lines, tmp_path, monkeypatch, opened):
    (tmp_path / "a").write_text("a")
    seen = []

    class Proxy(Kept):
        def do_GET(self):
            seen.append((self.path, self.headers["Host"], self.headers["Proxy-Authorization"]))
            self.path = "/a"
            super().do_GET()

    with serving(partial(Proxy, directory=str(tmp_path))) as url:
        monkeypatch.setenv("http_proxy", url.replace("http://", "http://mara:p%40ss@"))
        monkeypatch.setenv("no_proxy", "")
        assert opened("http://log.bank.example:8080/there").fetch("a", 100) == b"a"
        assert seen == [("http://log.bank.example:8080/there/a", "log.bank.example:8080", "Basic bWFyYTpwQHNz")]
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert opened(url).fetch("a", 100) == b"a"
        assert seen[1:] == [("/a", url[7:], None)]


def test_over_tls_with_a_certificate_that_is_trusted_and_one_that_is_not(lines, tmp_path, monkeypatch, opened):
    import ssl
    import subprocess

    (tmp_path / "a").write_text("a")
    words = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
             "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")  # fmt: skip
    subprocess.run(["openssl", *words, "-keyout", "k", "-out", "c"], cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "c", tmp_path / "k")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Kept, directory=str(tmp_path)))
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "c"))
        web = opened(f"https://localhost:{server.server_port}")
        assert files(web, "a", "a") == [b"a", b"a"]
        assert len(lines) == 1
        monkeypatch.setattr("ledger.stores.web._PAUSE", 0.01)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "a"))
        with pytest.raises(Unavailable, match=r"certificate|CERTIFICATE"):
            opened(f"https://localhost:{server.server_port}").fetch("a", 100)
    finally:
        server.shutdown()
        server.server_close()

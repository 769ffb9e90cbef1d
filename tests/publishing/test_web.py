"""A web server that may answer anything: a reader gets bytes within bounds, or a named error in bounded time."""

import gzip
import socket
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
    monkeypatch.setattr(web, "_SILENCE", 0.3)
    monkeypatch.setattr(web, "_PATIENCE", 0.6)
    monkeypatch.setattr(web, "_PAUSE", 0.01)


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


def test_a_body_that_drips(quick):
    begun = time.monotonic()
    with serving(answer(OK + b"\r\n", bytes(8_192), drip=0.05)) as url, pytest.raises(Unavailable, match="not whole"):
        Web(url).fetch("tile/0/000", 8_192)
    assert time.monotonic() - begun < 8


def test_silence_and_nobody_there(quick):
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

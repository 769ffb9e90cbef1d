"""Lines to one web server, kept open between questions: a handshake costs more than most of the files.

A line is given back only after an answer that was read to its end; any other is closed. So is one on which something
came since. One that the server closes just then is found out by the question, which is then asked on a new one.
Proxies are those of the environment (`http_proxy`, `https_proxy`, `no_proxy`). Safe for several threads, each of which
holds a line of its own; after a fork the child begins with none.
"""

import base64
import os
import select
import threading
from collections import deque
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, RemoteDisconnected
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

KEPT: Final = 8  # lines that nobody uses
HEADERS: Final = {"User-Agent": "lifecycle-ledger", "Accept-Encoding": "identity"}
_STALE: Final = (RemoteDisconnected, ConnectionResetError, ConnectionAbortedError, BrokenPipeError)


class Lines:
    """`ask` for what is under a URL; the caller reads the answer, and gives its line back or closes it."""

    def __init__(self, url: SplitResult) -> None:
        self._url = url
        self._idle: deque[HTTPConnection] = deque()
        self._lock = threading.Lock()
        self._process = os.getpid()

    def ask(self, path: str, timeout: float) -> "tuple[HTTPConnection, HTTPResponse]":
        """Return a line and the head of its answer to a GET; `timeout`: seconds in which something must come.

        Raises what `http.client` raises.
        """
        while True:
            line, used = self._take(timeout)
            try:
                if line.sock is not None:
                    line.sock.settimeout(timeout)
                line.request("GET", self._target(path), headers=self._headers())
                return line, line.getresponse()
            except _STALE:
                line.close()
                if not used:
                    raise
            except BaseException:
                line.close()
                raise

    def give_back(self, line: HTTPConnection, answer: HTTPResponse, *, whole: bool) -> None:
        """Keep a line whose answer was read to its end, `whole`; close any other."""
        answer.close()
        with self._lock:
            if whole and not answer.will_close and line.sock is not None and len(self._idle) < KEPT:
                self._idle.append(line)
                return
        line.close()

    def close(self) -> None:
        """Close what nobody uses."""
        with self._lock:
            idle, self._idle = self._idle, deque()
        for line in idle:
            line.close()

    def _take(self, timeout: float) -> tuple[HTTPConnection, bool]:
        with self._lock:
            if self._process != os.getpid():
                for line in self._idle:
                    line.close()  # this process's end of it: the parent's goes on
                self._process, self._idle = os.getpid(), deque()
            while self._idle:
                line = self._idle.pop()
                if not _has_more(line):
                    return line, True
                line.close()
        return self._new(timeout), False

    # ---- a new one ----

    def _proxy(self) -> SplitResult | None:
        named = getproxies().get(self._url.scheme, "")
        if not named or proxy_bypass(self._url.netloc):
            return None
        return urlsplit(named if "://" in named else f"http://{named}")

    def _new(self, timeout: float) -> HTTPConnection:
        to = self._proxy() or self._url
        if to.hostname is None:
            raise HTTPException("the proxy of the environment has no host")
        safe = self._url.scheme == "https"
        line = (HTTPSConnection if safe else HTTPConnection)(to.hostname, to.port or _port(to), timeout=timeout)
        if safe and to is not self._url:
            line.set_tunnel(str(self._url.hostname), self._url.port, _authority(to))
        return line

    def _target(self, path: str) -> str:
        """What is asked for: a path, or of a proxy that reads along the whole URL."""
        whole = f"{self._url.path.rstrip('/')}/{path}"
        seen = self._url.scheme == "http" and self._proxy() is not None
        return f"http://{self._url.netloc}{whole}" if seen else whole

    def _headers(self) -> dict[str, str]:
        proxy = self._proxy() if self._url.scheme == "http" else None
        return {**HEADERS, **_authority(proxy)} if proxy is not None else HEADERS


def _has_more(line: HTTPConnection) -> bool:
    """Whether something came on an idle line: its end, or what nobody asked for and must answer no question."""
    poll = select.poll()
    poll.register(line.sock, select.POLLIN)
    return bool(poll.poll(0))


def _port(url: SplitResult) -> int:
    return 443 if url.scheme == "https" else 80


def _authority(proxy: SplitResult) -> dict[str, str]:
    """The header that says who asks a proxy, where its URL has a name."""
    if proxy.username is None:
        return {}
    said = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(said.encode()).decode()}"}


"""One HTTP POST to a server that nobody vouches for: bounded in size and in time, no redirects, three outcomes.

The exchange runs in a thread of its own, so that a server that sends a byte now and then cannot hold anybody up.
"""

import http.client
import threading
import urllib.error
import urllib.request
from typing import IO, Any, Final, NamedTuple
from urllib.parse import urlsplit

from ledger.errors import LedgerError, Misuse, Unavailable

SECONDS: Final = 20.0
"""What an exchange may take in all."""


class Answer(NamedTuple):
    """What a server answered, whatever it was."""

    status: int
    media_type: str
    body: bytes


def post(url: str, body: bytes, *, limit: int, seconds: float = SECONDS) -> Answer:
    """Return the answer to a POST of `body`, of at most `limit` bytes.

    Raises `Misuse` for what is no http address, `Unavailable` where there is no whole answer in time.
    """
    shown(url)
    done: list[Answer | LedgerError] = []
    thread = threading.Thread(target=lambda: done.append(_exchange(url, body, limit, seconds)), daemon=True)
    thread.start()
    thread.join(seconds)
    if not done:
        raise _away(url, f"gives no answer within {seconds:g} s")
    if isinstance(done[0], LedgerError):
        raise done[0]
    return done[0]


def shown(url: str) -> str:
    """Return an address without what may be a password in it; raise `Misuse` for what is none."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port is not None else ""
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and url.isascii() and url.isprintable()
    except ValueError:
        good = False
    if not good:
        raise Misuse(f"{url[:100]!r} is no address", "https://...", code="url")
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:  # an answer of 3xx then comes back as it is
        return None


def _exchange(url: str, body: bytes, limit: int, seconds: float) -> Answer | LedgerError:
    opener = urllib.request.build_opener(_NoRedirect)
    headers = {"Content-Type": "application/octet-stream"}
    request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310 - the scheme was looked at
    try:
        with opener.open(request, timeout=seconds) as answer:
            return _read(url, answer, answer.status, answer.headers, limit)
    except urllib.error.HTTPError as refused:
        with refused:
            return _read(url, refused, refused.code, refused.headers, limit)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return _away(url, f"cannot be reached: {getattr(error, 'reason', '') or error or type(error).__name__}")


def _read(url: str, answer: IO[bytes], status: int, headers: Any, limit: int) -> Answer | LedgerError:
    try:
        body = answer.read(limit + 1)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return _away(url, f"breaks off: {error or type(error).__name__}")
    if len(body) > limit:
        return _away(url, f"answers more than {limit:,} bytes")
    return Answer(status, headers.get("Content-Type", "").partition(";")[0].strip().lower(), body)


def _away(url: str, why: str) -> Unavailable:
    return Unavailable(f"{shown(url)} {why}", "try again later", code="away")

"""A published folder on a web server: nothing it answers can make a reader wait, fill memory or be led elsewhere.

Lines to it are kept open from file to file (`lines`).

answer                                     what a reader sees
200                                        the bytes, at most the limit and one more; gzip is undone within it
404, 410, 403                              nothing is there
a redirect                                 Unavailable: the place that is named must be the one that answers
anything else, silence, too slow           Unavailable, after trying again
"""

import os
import threading
import time
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPException, HTTPResponse, IncompleteRead
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from ledger.errors import Misuse, Unavailable, Withheld
from ledger.stores.lines import Lines

_SILENCE: Final = 20.0  # seconds in which something must come
_PATIENCE: Final = 120.0  # seconds for a whole file
_TRIES: Final = 3
_PAUSE: Final = 0.2  # seconds before the second try; four times as long before the third
_AHEAD: Final = 6  # files that are asked for before they are needed
_PIECE: Final = 65_536
_FOUND: Final = 200
_MISSING: Final = (403, 404, 410)


class Web:
    """`Source` over `http://` or `https://`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Misuse(f"{parts.scheme}:// is no place of a published ledger", "https://host/path", code="store")
        if parts.username is not None or parts.query or parts.fragment:
            raise Misuse(
                f"the URL of {parts.hostname} has more than a host and a path: a name, a password, ? or #",
                "https://host/path",
                code="url",
            )
        self.place = url.rstrip("/")
        self._lines = Lines(urlsplit(self.place))
        self._scratch: Path | None = None

    def keep_in(self, scratch: Path) -> None:
        """Keep entries and tiles, which never change, in a folder: a verification reads them more than once."""
        self._scratch = scratch / "fetched"

    def fetch(self, path: str, limit: int) -> bytes | None:
        """Return a file's bytes, cut to `limit` + 1; None where there is none."""
        kept = self._scratch / path if self._scratch is not None and path.startswith("tile/") else None
        if kept is not None:
            with suppress(OSError):  # it is not there, or cannot be read: the server has it
                return kept.read_bytes()
        data = self._ask(path, limit)
        if kept is not None and data is not None:
            _keep(kept, data)
        return data

    def fetch_all(self, paths: Iterable[str], limit: int) -> Iterator[bytes | None]:
        """Yield files in order, a few of them asked for ahead."""
        asked: deque[Future[bytes | None]] = deque()
        pool = ThreadPoolExecutor(_AHEAD)
        try:
            for path in paths:
                asked.append(pool.submit(self.fetch, path, limit))
                if len(asked) >= _AHEAD:
                    yield asked.popleft().result()
            while asked:
                yield asked.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        """Close the lines to the server."""
        self._lines.close()

    # ---- one question ----

    def _ask(self, path: str, limit: int) -> bytes | None:
        for again in range(_TRIES):
            try:
                return self._answer(path, limit)
            except Unavailable as error:
                if isinstance(error, Withheld) or again == _TRIES - 1:
                    raise
                time.sleep(_PAUSE * 4**again)
        raise AssertionError

    def _answer(self, path: str, limit: int) -> bytes | None:
        try:
            line, answer = self._lines.ask(path, _SILENCE)
        except (OSError, ValueError, HTTPException) as error:
            raise self._unavailable(path, str(error) or type(error).__name__) from None
        whole = False
        try:
            data = self._read(answer, path, limit) if self._is_found(answer, path) else None
            whole = data is not None and len(data) <= limit
        except IncompleteRead:
            raise self._unavailable(path, "its end is missing") from None
        except (OSError, ValueError, HTTPException, zlib.error) as error:
            raise self._unavailable(path, str(error) or type(error).__name__) from None
        finally:
            self._lines.give_back(line, answer, whole=whole)
        return data

    def _is_found(self, answer: HTTPResponse, path: str) -> bool:
        """Whether the file is what was answered, or is not there; no other answer is followed."""
        if 300 <= answer.status < 400:
            named = str(answer.headers.get("Location", ""))[:200]
            raise Withheld(
                f"{self.place} does not serve {path}: it names another place, {named}",
                "if you know that place, name it yourself",
                code="withheld",
            )
        if answer.status != _FOUND and answer.status not in _MISSING:
            raise self._unavailable(path, f"status {answer.status}")
        return answer.status == _FOUND

    def _read(self, answer: HTTPResponse, path: str, limit: int) -> bytes:
        coding = answer.headers.get("Content-Encoding", "identity").strip().lower()
        if coding not in ("identity", "gzip"):
            raise self._unavailable(path, f"coded as {coding[:40]!r}")
        unzip = zlib.decompressobj(wbits=31) if coding == "gzip" else None
        data, until = bytearray(), time.monotonic() + _PATIENCE
        while len(data) <= limit and (piece := answer.read1(_PIECE)):
            data += unzip.decompress(piece, limit + 1 - len(data)) if unzip is not None else piece
            if time.monotonic() > until:
                raise self._unavailable(path, f"not whole after {_PATIENCE:.0f} seconds")
        if len(data) <= limit and (answer.length or (unzip is not None and not unzip.eof)):
            raise self._unavailable(path, "its end is missing")
        return bytes(data[: limit + 1])

    def _unavailable(self, path: str, why: str) -> Unavailable:
        return Unavailable(f"{self.place}/{path}: {why}", "try again; is the network there?", code="network")


def _keep(path: Path, data: bytes) -> None:
    """Write a copy whole or not at all; without one, the file is fetched again."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(data)
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink()

"""Connections to one database: lent to one caller at a time, kept while idle, left alone after a fork.

Two ways lead to a server. *Direct*: this connection has a session of its own, so its settings are made once and
statements are prepared. *Pooled* (PgBouncer in transaction mode): every transaction may meet another session, so none
is left behind: settings are made anew in each transaction, and nothing is prepared. Which it is shows itself: a pooler
gives out a process number that is not the server's.
"""

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit

import psycopg
from psycopg.adapt import Dumper, Loader
from psycopg.pq import Format

from ledger.errors import Misuse
from ledger.stores.opening import SCHEMA, password_of, write_url
from ledger.stores.postgres_faults import faults

IDLE: Final = 4  # connections that are kept for the next caller
OLDEST: Final = 140_000
CONNECT_SECONDS: Final = 5
LOCK_SECONDS: Final = 30
STATEMENT_SECONDS: Final = 60
STUCK_SECONDS: Final = 60  # a writer that stops within its transaction is thrown out, and the others go on
# `search_path`: names are qualified everywhere, and functions and operators are the server's own.
SETTINGS: Final = {
    "search_path": "pg_catalog",
    "lock_timeout": f"{LOCK_SECONDS}s",
    "statement_timeout": f"{STATEMENT_SECONDS}s",
    "idle_in_transaction_session_timeout": f"{STUCK_SECONDS}s",
    "synchronous_commit": "on",
}
_NETWORK: Final = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 30_000}
_forking: "Final[weakref.WeakSet[Forking]]" = weakref.WeakSet()
_abandoned: Final[list[psycopg.Connection]] = []  # a parent's: closing one would end the parent's session
_process = object()  # another one in each process: to ask the system takes longer


class _Raw(Dumper):
    """Bytes that are a value's binary form already: an id, an entry's text."""

    format = Format.BINARY

    def dump(self, obj: bytes) -> bytes:
        return obj


class Id(bytes):
    """The 16 bytes of a uuid."""


class Text(bytes):
    """UTF-8."""


class _IdDumper(_Raw):
    oid = 2950


class _TextDumper(_Raw):
    oid = 25


class _BytesLoader(Loader):
    """A value's binary form, as it is: entries are bytes here, never text to be encoded again."""

    format = Format.BINARY

    def load(self, data: "bytes | bytearray | memoryview") -> bytes:
        return bytes(data)


class Link(psycopg.Connection[Any]):
    """A connection that knows whether its session is its own, and whether it lay idle before it was lent.

    `prepared`: the statements that its session keeps for `postgres_talk`, by their text; `ours`: it is
    no parent's; `era`: see `Links.era`.
    """

    direct = True
    rested = False
    era = 0

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.prepared: dict[str, bytes] = {}
        self.numbers = count()
        self._owner = _process

    @property
    def ours(self) -> bool:
        """Whether this process opened it."""
        return self._owner is _process

    def __del__(self, *_: Any) -> None:
        """Say nothing: a ledger may be left to the garbage collector, and libpq closes what this process opened."""


class Forking(Protocol):
    """What begins anew in a forked child."""

    def forget(self) -> None:
        """Take no notice of what the parent has open or locked."""


def watch(one: Forking) -> None:
    """Have something told of forks, in the child, as long as it lives."""
    _forking.add(one)


class Links:
    """The connections to one database.

    `era` counts how often they were closed: what is lent in one is not kept after it, whoever is still at work with it.
    """

    def __init__(self, location: str, *, read_only: bool) -> None:
        self.location = location
        parts = urlsplit(location)
        options = dict(parse_qsl(parts.query))
        self.schema = options.pop("schema", SCHEMA)
        if not _is_name(self.schema):
            raise Misuse(f"{self.schema!r} is no name for a schema", "a-z, 0-9 and _, at most 40", code="schema_name")
        self._url = write_url(parts._replace(query=urlencode(options)))
        self._read_only = read_only
        self.era = 0
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[Link] = []

    def forget(self) -> None:
        """Leave every connection to the parent of this process."""
        _abandoned.extend(self._idle)
        self._begin()

    def close(self) -> None:
        """Close what is idle, and what is lent as soon as it comes back."""
        self.era += 1
        self._close_idle()

    def _close_idle(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for link in idle:
            link.close()

    @contextmanager
    def lend(self, era: int | None = None) -> Iterator[Link]:
        """Lend a connection, at rest between transactions; one that comes back otherwise, or late, is closed."""
        with faults(self.location):
            link = self.take(era)
            try:
                yield link
            finally:
                self.give_back(link)

    def take(self, era: int | None = None) -> Link:
        """Take a connection; who takes one gives it back."""
        with self._lock:
            link = self._idle.pop() if self._idle else None
        link = link or self.connect()
        link.era = self.era if era is None else era
        return link

    def give_back(self, link: Link) -> None:
        """Keep a connection for the next one, where it is at rest; a forked child leaves its parent's alone."""
        if not link.ours:
            return
        if link.broken:
            self._close_idle()  # what else is idle was lost with it
        link.rested = True
        at_rest = not link.closed and link.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        with self._lock:
            if at_rest and link.era == self.era and len(self._idle) < IDLE:
                self._idle.append(link)
                return
        link.close()

    def connect(self) -> Link:
        """Return a new connection, ready for use; the caller closes it."""
        password = password_of(self.location)
        given = {**_NETWORK, "application_name": "lifecycle-ledger", "client_encoding": "utf8"}
        if "connect_timeout" not in self._url:
            given["connect_timeout"] = CONNECT_SECONDS
        if password is not None:
            given["password"] = password
        try:
            link = Link.connect(self._url, autocommit=True, prepare_threshold=None, **given)  # type: ignore[arg-type]
        except UnicodeError:  # from the resolver: a label that is empty, or longer than 63 bytes
            raise Misuse(f"{self.location} names a host that none can be called", "its name", code="store") from None
        try:
            self._prepare(link)
        except BaseException:
            link.close()
            raise
        return link

    def _prepare(self, link: Link) -> None:
        if link.info.server_version < OLDEST:
            found = link.info.server_version // 10_000
            raise Misuse(f"{self.location} is PostgreSQL {found}", "PostgreSQL 14 or later", code="server_version")
        link.adapters.register_dumper(Id, _IdDumper)
        link.adapters.register_dumper(Text, _TextDumper)
        for kind in ("uuid", "text"):
            link.adapters.register_loader(kind, _BytesLoader)
        row = link.execute("SELECT pg_catalog.pg_backend_pid()").fetchone()
        link.direct = row is not None and row[0] == link.info.backend_pid
        if link.direct:
            settings = {**SETTINGS, "default_transaction_read_only": "on" if self._read_only else "off"}
            link.execute("; ".join(f"SET {name} = '{value}'" for name, value in settings.items()))
            link.prepare_threshold = 2
        else:
            with link.transaction():
                pass  # where the pooler gives out sessions by statement, it says so here


def local_settings() -> str:
    """Return the statement that makes the settings for one transaction of a pooled connection."""
    made = [f"pg_catalog.set_config('{name}', '{value}', true)" for name, value in SETTINGS.items()]
    return f"SELECT {', '.join(made)}"


def _is_name(text: str) -> bool:
    return 0 < len(text) <= 40 and text.isascii() and text.replace("_", "a").isalnum() and text == text.lower()


def _after_fork() -> None:
    global _process  # noqa: PLW0603 - what the parent opened is known by its parent's
    _process = object()
    for one in list(_forking):
        one.forget()


os.register_at_fork(after_in_child=_after_fork)

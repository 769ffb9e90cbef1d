"""One process's way into the write section of a ledger in PostgreSQL: what it presumes, and whom it meets there."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import psycopg

from ledger.errors import Unavailable
from ledger.store import Head
from ledger.stores.postgres_faults import is_lost, translate
from ledger.stores.postgres_links import Link, Links
from ledger.stores.postgres_section import Section
from ledger.stores.postgres_talk import Asked, talk

CALM: Final = 8  # commits in a row that met nobody before the next may presume so
_ROLLBACK: Final = Asked("ROLLBACK")  # psycopg's own would also drop what the session keeps prepared
_AT_REST: Final = psycopg.pq.TransactionStatus.IDLE


class Writer:
    """Who writes alone presumes the head that it left; who met others lately queues up, and asks."""

    def __init__(self, links: Links, place: str) -> None:
        self._links = links
        self._place = place
        self.begin()

    def begin(self) -> None:
        """Know nothing yet, as in a forked child."""
        self._lock = threading.RLock()  # who writes, of this process
        self._seen: Head | None = None  # the head as this process left it
        self._size = 0  # entries after that are brought along when the section is entered
        self._calm = CALM - 1

    def rest(self) -> None:
        """Wait for who writes, and presume nothing afterwards."""
        with self._lock:
            self._seen = None

    @contextmanager
    def section(self, *, sure: bool = True) -> Iterator[Section]:
        """Enter by the lock; or, with `sure=False`, on a presumption where there is reason for one."""
        with self._lock:
            seen = self._seen
            try:
                section, link = self._enter(seen if not sure and self._calm >= CALM else None)
                try:
                    yield section
                finally:
                    self._leave(link)
            except psycopg.Error as error:
                self._seen, self._calm = None, 0  # whatever was presumed
                translate(error, self._place)
            except Unavailable:
                self._seen, self._calm = None, 0
                raise
            if section.sure and seen is not None:
                self._calm = self._calm + 1 if section.head() == seen else 0
            self._seen = section.wrote or section.head()
            self._size = self._seen.size

    def _enter(self, presumed: Head | None) -> tuple[Section, Link]:
        while True:
            link = self._links.take()
            try:
                if presumed is not None:
                    return Section(link, self._links.schema, self._place, presumed), link
                return Section.queue_up(link, self._links.schema, self._place, self._size), link
            except BaseException as error:
                gone = isinstance(error, psycopg.Error) and is_lost(error) and link.rested
                self._leave(link)
                if not gone:  # else it was gone before: the next one is newer
                    raise

    def _leave(self, link: Link) -> None:
        if link.ours and not link.closed and link.info.transaction_status != _AT_REST:
            with suppress(psycopg.Error):  # else it is closed, and the server rolls back
                talk(link, _ROLLBACK)
        self._links.give_back(link)

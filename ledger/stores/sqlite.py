"""The ledger in one SQLite file, through APSW: WAL, `synchronous=FULL`, one transaction a commit.

One connection writes, under a lock; one reads, under another; each walk over rows has its own. SQLite's locks belong to
a process, and what it remembers of them would be wrong in a forked child: the child would write into a WAL that its
parent removes. So a fork waits for calls under way and closes what is open; both sides open anew when they need to.
"""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import apsw

from ledger.errors import Misuse
from ledger.merkle.edge import Tile
from ledger.notes.merging import merge_notes
from ledger.store import Anchor, Appending, Head, Row, Triple, as_row, read_only
from ledger.stores.sqlite_erasure import drain, remove
from ledger.stores.sqlite_faults import faults
from ledger.stores.sqlite_process import Files, files_at, watch
from ledger.stores.sqlite_schema import check_index, check_tables, check_triggers, schema_text
from ledger.stores.sqlite_section import ROWS, Section, find_id, read_authority, read_bytes, read_head, read_tile
from ledger.stores.there import is_file, is_there

APPLICATION_ID: Final = 0x4C4C6731  # "LLg1"
FORMAT: Final = 1
PAGE_SIZE: Final = 8192  # rows of 700 bytes waste 1 % of such a page, and 4 % of one of 4,096
WAL_PAGES: Final = 200  # then they go into the file: a commit that makes the WAL longer costs twice one that does not
BUSY_SECONDS: Final = 30.0
BACKUP_PAGES: Final = 1_024  # pages that are copied at a time
STRIDE: Final = 256  # rows that a walk takes at a time


def check_free(location: str) -> None:
    """Raise `Misuse` if something is there already."""
    if is_there(Path(location)):
        raise Misuse(
            f"{location} is there already; nothing was changed", "use it, or choose another place", code="exists"
        )


def create(location: str) -> "SqliteStore":
    """Make an empty ledger file; raise `Misuse` if something is there already."""
    check_free(location)
    path = Path(location)
    making = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        os.close(os.open(making, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o644))
        with faults(making):
            _make(making)
        os.link(making, path)  # whole or not at all, and never over another file
    except OSError as error:
        raise Misuse(f"{path} cannot be made: {error.strerror}", "choose another place") from None
    finally:
        with suppress(OSError):  # whose folder is gone, or whose name is too long, was never made
            making.unlink()
    return SqliteStore(path)


def _make(path: Path) -> None:
    with closing(apsw.Connection(str(path))) as connection:
        execute = connection.execute
        execute(f"PRAGMA page_size={PAGE_SIZE}; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL")
        execute(f"BEGIN; {schema_text()} PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={FORMAT}")
        execute("INSERT INTO head VALUES (1, 0, x'', x'', 0, ''); COMMIT")


def open_store(location: str, *, read_only: bool = False) -> "SqliteStore":
    """Open the ledger file at `location`; raise `Misuse` if it is none, `Unavailable` if it cannot be read."""
    return SqliteStore(Path(location), read_only=read_only)


class SqliteStore:
    """`ledger.store.Store` on one file."""

    def __init__(self, path: Path, *, read_only: bool = False, busy_seconds: float = BUSY_SECONDS) -> None:
        self.place = str(path)
        self._path = path
        self._wal = Path(f"{path}-wal")
        self._read_only = read_only
        self._busy = int(busy_seconds * 1000)
        self._start()
        watch(self)
        if not is_file(path):
            raise Misuse(
                f"there is no ledger at {path}",
                "the right file: --ledger or LEDGER_URL; a lost one: ledger restore BACKUP; a new one: ledger init",
                code="no_ledger",
            )
        try:
            with self._reading() as connection:
                self._recognise(connection)
        except BaseException:
            with suppress(apsw.Error):  # a disk that fails may fail at this, too: the first error is the one to tell
                self._close_idle()
            raise

    def _start(self) -> None:
        self._lock = threading.RLock()  # who writes
        self._gate = threading.RLock()  # who reads, opens or closes; taken after the other one where both are
        self._writer: apsw.Connection | None = None
        self._reader: apsw.Connection | None = None
        self._written: Files | None = None  # what the writer has open, once it has
        self._read: Files | None = None
        self._walks: set[apsw.Connection] = set()

    def before_fork(self) -> None:
        """Wait for calls under way and close what is open."""
        self._lock.acquire()
        self._gate.acquire()
        self._close_idle()

    def after_in_parent(self) -> None:
        """Let calls go on."""
        self._gate.release()
        self._lock.release()

    def after_in_child(self) -> None:
        """Begin anew. Walks that are paused between two rows hold no lock of this process."""
        for connection in self._walks:
            connection.close()
        self._start()

    def _close_idle(self) -> None:
        idle = (self._writer, self._reader)
        self._writer = self._reader = self._written = self._read = None
        for connection in idle:
            if connection is not None:
                connection.close()

    # ---- connections ----

    def _connect(self, *, write: bool) -> apsw.Connection:
        if write:
            connection = apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READWRITE)
        else:
            connection = self._connect_reading()
        connection.set_busy_timeout(self._busy)
        connection.execute("PRAGMA trusted_schema=OFF; PRAGMA synchronous=FULL; PRAGMA cell_size_check=ON")
        if write:
            # Bytes that a page no longer needs are overwritten where that costs no further write.
            connection.pragma("secure_delete", "FAST")
            connection.wal_autocheckpoint(WAL_PAGES)
            connection.authorizer = _refuse_changes
        return connection

    def _connect_reading(self) -> apsw.Connection:
        if not self._read_only:
            return apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            connection = apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READONLY)
            list(connection.execute("SELECT count(*) FROM sqlite_schema"))
        except (apsw.CantOpenError, apsw.ReadOnlyError):
            # A read-only folder has no room for the WAL's index; without a WAL the file alone is whole.
            if self._wal.exists():
                raise
            place = quote(self._path.absolute().as_posix())
            connection = apsw.Connection(
                f"file:{place}?immutable=1", flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
            )
        return connection

    @contextmanager
    def _reading(self) -> Iterator[apsw.Connection]:
        with self._gate, faults(self._path):
            if self._reader is None:
                self._reader = self._connect(write=False)
            yield self._reader

    def _files(self) -> Files:
        """Return which files are there now, database and WAL: what is written to others that are open would be lost.

        A copy may have been moved here; another SQLite library in this process removes the WAL when it closes the file.
        """
        return files_at(self._path, self._wal)

    def _walk(self, sql: str, bindings: tuple[int, ...] = ()) -> Iterator[tuple[Any, ...]]:
        """Return rows as of one moment, one after the other."""
        return chain.from_iterable(self._strides(sql, bindings))

    def _strides(self, sql: str, bindings: tuple[int, ...]) -> Iterator[list[tuple[Any, ...]]]:
        """Yield rows as of one moment, on a connection of its own: who pauses keeps the moment, in nobody's way."""
        with faults(self._path):
            with self._gate:
                connection = self._connect(write=False)
                self._walks.add(connection)
            try:
                with self._gate:
                    found = connection.execute(sql, bindings)
                while stride := self._take(found):
                    yield stride
            finally:
                with self._gate:
                    self._walks.discard(connection)
                    connection.close()

    def _take(self, found: Iterator[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        with self._gate:
            return list(islice(found, STRIDE))

    def _recognise(self, connection: apsw.Connection) -> None:
        if connection.pragma("application_id") != APPLICATION_ID:
            raise Misuse(
                f"{self._path} is no ledger", "name the right file with --ledger or LEDGER_URL", code="not_a_ledger"
            )
        version = connection.pragma("user_version")
        if version != FORMAT:
            raise Misuse(
                f"{self._path} is written in format {version}; this release reads format {FORMAT}",
                "pip install -U lifecycle-ledger",
                code="newer_format",
            )

    # ---- reading ----

    def head(self) -> Head:
        """Return the newest committed head: of the file that is there now, if it is another than the one open."""
        with self._gate:
            if self._read is not None and self._read != self._files() and self._reader is not None:
                self._reader.close()
                self._reader = self._read = None
            with self._reading() as connection:
                head = read_head(connection)
            self._read = self._read or self._files()
        return head

    def rows(self, start: int, stop: int) -> Iterator[Row]:
        """Yield rows `start` to `stop` - 1, as of one moment."""
        return map(as_row, self.triples(start, stop))

    def triples(self, start: int, stop: int) -> Iterator[Triple]:
        """Yield the same, plain."""
        return self._walk(ROWS, (start, stop))

    def read(self, seq: int) -> bytes:
        """Return one entry's bytes."""
        with self._reading() as connection:
            data = read_bytes(connection, seq)
        if data is None:
            raise Misuse(f"there is no entry {seq} in {self._path}", "ledger log", code="no_entry")
        return data

    def find(self, id: bytes) -> int | None:
        """Return the sequence number of the statement with this id."""
        with self._reading() as connection:
            return find_id(connection, id)

    def tile(self, level: int, index: int) -> bytes:
        """Return the stored hashes of a tile; empty if there are none."""
        with self._reading() as connection:
            return read_tile(connection, level, index)

    def authority(self) -> list[int]:
        """Return the places of the entries that change who may say what."""
        with self._reading() as connection:
            return read_authority(connection)

    def checkpoints(self) -> list[tuple[int, bytes]]:
        """Return the kept checkpoints besides the newest."""
        with self._reading() as connection:
            rows = connection.execute("SELECT size, CAST(note AS BLOB) FROM checkpoints ORDER BY size")
            return [(size, note) for size, note in rows]

    def anchors(self) -> list[Anchor]:
        """Return the kept time-stamps, oldest first."""
        with self._reading() as connection:
            return list(map(Anchor._make, connection.execute("SELECT * FROM anchors ORDER BY number")))

    def disclosures(self) -> Iterator[str]:
        """Yield the disclosure texts that are kept."""
        for (text,) in self._walk("SELECT text FROM disclosures ORDER BY commitment"):
            yield text

    # ---- writing ----

    @contextmanager
    def writing(self, *, sure: bool = True) -> Iterator[Appending]:  # noqa: ARG002 - asking is cheap here
        """Enter the write section: `BEGIN IMMEDIATE` under this process's lock; leave by commit or rollback."""
        if self._read_only:
            raise read_only(self.place)
        with self._lock, faults(self._path):
            if self._written is not None and self._written != self._files():
                with self._gate:
                    self._close_idle()
            if self._writer is None:
                self._writer = self._connect(write=True)
            self._writer.execute("BEGIN IMMEDIATE")
            self._written = self._written or self._files()
            try:
                yield Section(self._writer, self._path)
            finally:
                if self._writer is not None and self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")

    def replace_derived(self, tiles: Sequence[Tile], authority: Sequence[int], head: Head) -> None:
        """Put recomputed hashes, key-event places and head in the place of the stored ones, in one transaction."""
        with self.writing() as section:
            assert isinstance(section, Section)
            section.connection.execute(
                "DELETE FROM tiles; DELETE FROM authority; INSERT OR IGNORE INTO head VALUES (1, 0, x'', x'', 0, '')"
            )
            section.append((), tiles, authority, (), head)

    def keep_checkpoint(self, size: int, note: bytes) -> None:
        """Keep a checkpoint that somebody outside has seen; under a kept one of its size, its signature lines.

        Raises `Tampered` where the kept one says something else, `Misuse` where its lines would be too many.
        """
        with self.writing() as section:
            assert isinstance(section, Section)
            kept = section.kept(size)
            section.keep(size, note if kept is None else merge_notes(kept, note))
            section.commit()

    def keep_anchor(self, anchor: Anchor) -> None:
        """Keep a time-stamp, durable when it returns."""
        with self.writing() as section:
            assert isinstance(section, Section)
            section.keep_anchor(anchor)
            section.commit()

    def erase(self, commitments: Sequence[str]) -> int:
        """Remove disclosures from the table, from the pages it leaves and from the WAL; see `sqlite_erasure`."""
        with self._lock, faults(self._path):
            with self.writing() as section:
                assert isinstance(section, Section)
                count = remove(section.connection, commitments)
                section.commit()
            with self._gate:
                self._close_idle()  # a reader of our own would keep the WAL
            drain(self._connect(write=True), self._path)
        return count

    def back_up(self, path: Path) -> None:
        """Copy the file as it stands at one moment into a new one at `path`, whoever writes meanwhile; durable.

        https://www.sqlite.org/backup.html: a page that changes while the copy is made is copied again.
        """
        with self._reading() as connection, faults(path):
            target = apsw.Connection(str(path))
            try:
                with target.backup("main", connection, "main") as copying:
                    while not copying.done:
                        copying.step(BACKUP_PAGES)
            finally:
                target.close()

    # ---- judging the container ----

    def check_container(self) -> None:
        """Raise `Tampered` (C1) unless tables, index and view are a ledger's: else what is read means nothing."""
        with self._reading() as connection:
            check_tables(connection, self._path)

    def check_guards(self) -> None:
        """Raise `Tampered` (C1) unless the triggers that refuse changes, and no others, are there."""
        with self._reading() as connection:
            check_triggers(connection, self._path)

    def check_ids(self) -> None:
        """Raise `Tampered` unless each id stands once (C11), and the index of ids is that of the rows (C6)."""
        with self._reading() as connection, connection:  # one moment for both, whoever writes meanwhile
            check_index(connection, self._path)

    def close(self) -> None:
        """Close every connection."""
        with self._lock, self._gate, faults(self._path):
            self._close_idle()
            for connection in self._walks:
                connection.close()
            self._walks.clear()


def _refuse_changes(operation: int, table: str | None, *_: str | None) -> int:
    if table == "entries" and operation in (apsw.SQLITE_UPDATE, apsw.SQLITE_DELETE):
        return apsw.SQLITE_DENY
    return apsw.SQLITE_OK

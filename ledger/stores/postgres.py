"""The ledger in a schema of PostgreSQL 14 or later, through psycopg: a transaction a commit, a statement where it can.

A caller who writes alone sends each commit in one statement, presuming that the head is where this process left it; who
meets others queues up for the lock first, and asks for the head then. What is read is read in short statements: no
transaction is open between two of them, however slowly a caller walks.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, NamedTuple, TypeVar

import psycopg

from ledger.errors import Conflict, Misuse, Unavailable
from ledger.merkle.edge import Tile
from ledger.notes.merging import merge_notes
from ledger.store import Anchor, Appending, Head, Row, Triple
from ledger.store import read_only as read_only_error
from ledger.stores import postgres_judging as judging
from ledger.stores.opening import server_roles
from ledger.stores.postgres_faults import faults
from ledger.stores.postgres_links import Id, Link, Links, Text, watch
from ledger.stores.postgres_making import FOUND, check_free, make
from ledger.stores.postgres_section import AUTHORITY, FIND, HEAD, READ, ROWS, TILE
from ledger.stores.postgres_texts import named
from ledger.stores.postgres_walking import STRIDE, walk
from ledger.stores.postgres_writing import Writer

__all__ = ["PostgresStore", "Workspace", "check_free", "create", "open_store"]

FORMAT: Final = 1
MARK: Final = "lifecycle-ledger format "
T = TypeVar("T")

_NEXT: Final = "SELECT coalesce(max(seq) + 1, 0) FROM ledger.entries"
_CHECKPOINTS: Final = "SELECT size, note FROM ledger.checkpoints ORDER BY size"
_DISCLOSURES: Final = "SELECT commitment, text FROM ledger.disclosures WHERE commitment > %b ORDER BY 1 LIMIT %b"
_ANCHORS: Final = "SELECT number, kind, size, event, imprinted, token, proofs FROM ledger.anchors ORDER BY number"
_KEEP_ANCHOR: Final = "INSERT INTO ledger.anchors VALUES (%b, %s, %b, %b, %b, %b, %b)"
_ERASE: Final = "DELETE FROM ledger.disclosures WHERE commitment = ANY (%b)"
_REWRITE: Final = "VACUUM (FULL) ledger.disclosures"
_MAY_MAKE: Final = """SELECT pg_catalog.has_schema_privilege(n.oid, 'CREATE'), pg_catalog.pg_has_role(r.oid, 'MEMBER')
FROM pg_catalog.pg_namespace AS n, pg_catalog.pg_roles AS r
WHERE n.nspname = 'ledger_projections' AND r.rolname = 'ledger_writer'"""


def create(location: str) -> "PostgresStore":
    """Make the schema of a ledger and its roles; raise `Misuse` if something is there already."""
    make(location)
    return PostgresStore(location)


def open_store(location: str, *, read_only: bool = False) -> "PostgresStore":
    """Open the ledger at a URL; raise `Misuse` if there is none, `Unavailable` if it cannot be reached."""
    return PostgresStore(location, read_only=read_only)


def _entries(cursor: "psycopg.Cursor[Any]") -> list[Row]:
    """Return the rows of entries that came, straight from what libpq holds."""
    came = cursor.pgresult
    assert came is not None
    value, whole = came.get_value, int.from_bytes
    return [
        Row(whole(value(at, 0) or b"", "big"), value(at, 1) or b"", value(at, 2) or b"") for at in range(came.ntuples)
    ]


class Workspace(NamedTuple):
    """A connection of its own to the schema of projections; tables there are made as `writer`, and `reader` reads."""

    place: str
    link: Link
    schema: str
    writer: str
    reader: str


class PostgresStore:
    """`ledger.store.Store` on one schema."""

    def __init__(self, location: str, *, read_only: bool = False) -> None:
        self.place = location
        self._read_only = read_only
        self._links = Links(location, read_only=read_only)
        self._writer = Writer(self._links, location)
        watch(self)
        try:
            self._ask(self._recognise)
        except BaseException:
            self._links.close()
            raise

    def forget(self) -> None:
        """Begin anew, in a forked child: connections and locks are the parent's."""
        self._links.forget()
        self._writer.begin()

    def _recognise(self, link: Link) -> None:
        judging.check_server(link, self.place)
        found = link.execute(FOUND, (self._links.schema,)).fetchone()
        mark = found[0] if found else None
        if mark is None or not mark.startswith(MARK):
            where = f"{self.place} is reachable but schema {self._links.schema!r} holds no ledger"
            raise Misuse(where, f"ledger init {self.place} as its owner", code="no_ledger")
        if mark != f"{MARK}{FORMAT}":
            raise Misuse(
                f"{self.place} is written in format {mark.removeprefix(MARK)}; this release reads format {FORMAT}",
                "pip install -U lifecycle-ledger",
                code="newer_format",
            )

    # ---- reading ----

    def _ask(self, work: Callable[[Link], T], era: int | None = None) -> T:
        """Do what may be done twice; once more where a connection that lay idle turns out to be gone."""
        rested = False
        try:
            with self._links.lend(era) as link:
                rested = link.rested
                return work(link)
        except Unavailable as error:
            if error.code != "unreachable" or not rested:
                raise
        with self._links.lend(era) as link:
            return work(link)

    def _rows_of(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        statement = named(sql, self._links.schema)
        return self._ask(lambda link: link.execute(statement, values, binary=True).fetchall())

    def head(self) -> Head:
        """Return the newest committed head."""
        found = self._rows_of(HEAD)
        return Head._make(found[0]) if found else Head(0, b"", b"", 0, b"")

    def rows(self, start: int, stop: int) -> Iterator[Row]:
        """Yield rows `start` to `stop` - 1, as of one moment: rows that are there never change, later ones are left."""
        if stop - start > STRIDE:
            stop = min(stop, self._rows_of(_NEXT)[0][0])
        statement, era = named(ROWS, self._links.schema), self._links.era

        def fetch(start: int) -> list[Row]:
            return self._ask(lambda link: _entries(link.execute(statement, (start, stop, STRIDE), binary=True)), era)

        return walk(fetch, start, stop)

    def triples(self, start: int, stop: int) -> Iterator[Triple]:
        """Yield the same."""
        return self.rows(start, stop)

    def read(self, seq: int) -> bytes:
        """Return one entry's bytes."""
        found = self._rows_of(READ, (seq,))
        if not found:
            raise Misuse(f"there is no entry {seq} in {self.place}", "ledger log", code="no_entry")
        data: bytes = found[0][0]
        return data

    def find(self, id: bytes) -> int | None:
        """Return the sequence number of the statement with this id."""
        found = self._rows_of(FIND, (Id(id),))
        return found[0][0] if found else None

    def tile(self, level: int, index: int) -> bytes:
        """Return the stored hashes of a tile; empty if there are none."""
        found = self._rows_of(TILE, (level, index))
        return found[0][0] if found else b""

    def authority(self) -> list[int]:
        """Return the places of the entries that change who may say what."""
        return [seq for (seq,) in self._rows_of(AUTHORITY)]

    def checkpoints(self) -> list[tuple[int, bytes]]:
        """Return the kept checkpoints besides the newest."""
        return [(size, note) for size, note in self._rows_of(_CHECKPOINTS)]

    def disclosures(self) -> Iterator[str]:
        """Yield the disclosure texts that are kept."""
        last = Text(b"")
        while found := self._rows_of(_DISCLOSURES, (last, STRIDE)):
            for _, text in found:
                yield text.decode()
            last = Text(found[-1][0])

    def anchors(self) -> list[Anchor]:
        """Return the kept time-stamps, oldest first."""
        return [Anchor(number, kind.decode(), size, *rest) for number, kind, size, *rest in self._rows_of(_ANCHORS)]

    # ---- writing ----

    def keep_anchor(self, anchor: Anchor) -> None:
        """Keep a time-stamp, durable when it returns."""
        self._check_writable()
        row = (anchor.number, anchor.kind, anchor.size, Id(anchor.event), *anchor[4:])
        with self._links.lend() as link:
            try:
                link.execute(named(_KEEP_ANCHOR, self._links.schema), row)
            except psycopg.errors.UniqueViolation:
                what = f"time-stamp {anchor.number} is there already; nothing was kept"
                raise Conflict(what, "try again", code="anchor") from None

    def erase(self, commitments: Sequence[str]) -> int:
        """Remove disclosures and write what stays into a file of its own; the owner's right.

        Copies of the text stay in the server's write-ahead log until its segments are used again, and in what was made
        of it elsewhere: archives, standbys, backups.
        """
        self._check_writable()
        with self._links.lend() as link:
            count = link.execute(
                named(_ERASE, self._links.schema), ([Text(one.encode()) for one in commitments],)
            ).rowcount
            try:
                link.execute(named(_REWRITE, self._links.schema))
            except psycopg.errors.LockNotAvailable:
                raise Unavailable(
                    f"the value is erased from {self.place}, but somebody reads it and keeps the old file",
                    "run this again: it finishes",
                    code="erasing",
                ) from None
        return count

    def _check_writable(self) -> None:
        if self._read_only:
            raise read_only_error(self.place)

    def writing(self, *, sure: bool = True) -> AbstractContextManager[Appending]:
        """Enter the write section: by the lock, or (`sure=False`) on the presumption that nobody else wrote since."""
        self._check_writable()
        return self._writer.section(sure=sure)

    def replace_derived(self, tiles: Sequence[Tile], authority: Sequence[int], head: Head) -> None:
        """Put recomputed hashes, key-event places and head in the place of the stored ones, in one transaction."""
        self._check_writable()
        with self._writer.section() as section:
            section.start_afresh()
            section.append((), tiles, authority, (), head)

    def keep_checkpoint(self, size: int, note: bytes) -> None:
        """Keep a checkpoint that somebody outside has seen; under a kept one of its size, its signature lines.

        Raises `Tampered` where the kept one says something else, `Misuse` where its lines would be too many.
        """
        self._check_writable()
        with self._writer.section() as section:
            kept = section.kept(size)
            section.keep(size, note if kept is None else merge_notes(kept, note))
            section.append((), (), (), (), section.head())

    # ---- what is computed elsewhere ----

    def workspace(self) -> Workspace | None:
        """Return a place for projections beside this ledger; None where this user may not write there."""
        roles = server_roles(self.place)
        schema = f"{roles.schema}_projections"
        with faults(self.place):
            link = Links(self.place, read_only=False).connect()
            try:
                row = link.execute(named(_MAY_MAKE, roles.schema)).fetchone()
            except BaseException:
                link.close()
                raise
            if row != (True, True):
                link.close()
                return None
        return Workspace(self.place, link, schema, roles.writer, roles.reader)

    # ---- judging the container ----

    def server(self) -> judging.Server:
        """Return which release serves this, as whom this process is connected, and what that user may do."""
        return self._ask(lambda link: judging.server(link, self._links.schema))

    def check_container(self) -> None:
        """Raise `Tampered` (C1) unless tables, indexes and view are a ledger's: else what is read means nothing."""
        self._ask(lambda link: judging.check_container(link, self._links.schema, self.place))

    def check_guards(self) -> None:
        """Raise `Tampered` (C1) unless what refuses changes is there, and nobody but the owner may change entries."""
        self._ask(lambda link: judging.check_guards(link, self._links.schema, self.place))

    def check_ids(self) -> None:
        """Raise `Tampered` unless each id stands once (C11); the index of ids is PostgreSQL's to keep (C6)."""
        self._ask(lambda link: judging.check_ids(link, self._links.schema))

    def close(self) -> None:
        """Close every idle connection."""
        self._writer.rest()
        self._links.close()

"""What a witness must never forget: the newest checkpoint that it cosigned of each log, in one SQLite file.

The check against it and its change are one transaction that is durable before anybody sees a cosignature: after a crash
at any moment the witness knows of every line that left it. Many processes may cosign from one file.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import apsw

from ledger.errors import Misuse, Unavailable
from ledger.notes.checkpoint import Checkpoint, parse_checkpoint
from ledger.notes.note import parse_note
from ledger.notes.verifier import VerifierKey
from ledger.stores.there import is_there

APPLICATION_ID: Final = 0x4C4C6777  # "LLgw"
_BUSY: Final = 30_000  # milliseconds
_FORKS: Final = 16  # of one log: the first are proof enough
_SCHEMA: Final = """
CREATE TABLE logs (            -- the logs that are followed
  origin TEXT PRIMARY KEY,
  keys   TEXT NOT NULL,        -- their verifier keys, one a line
  time   INTEGER NOT NULL,     -- when it was cosigned last, POSIX seconds
  note   TEXT NOT NULL         -- the newest checkpoint that was cosigned; empty: none yet
) STRICT;
CREATE TABLE forks (           -- what a log's key signed against the checkpoint that was cosigned
  origin TEXT NOT NULL,
  note   TEXT NOT NULL,
  PRIMARY KEY (origin, note)
) STRICT;
"""


class Followed(NamedTuple):
    """A log: its keys, the note that was cosigned last (b"": none) and when, and its forks."""

    keys: tuple[VerifierKey, ...]
    note: bytes
    time: int
    forks: tuple[bytes, ...] = ()

    @property
    def origin(self) -> str:
        """The log's name."""
        return self.keys[0].name

    @property
    def latest(self) -> Checkpoint | None:
        """The newest checkpoint that was cosigned."""
        return parse_checkpoint(parse_note(self.note).text) if self.note else None


class State:
    """A witness's memory. Every method opens the file for itself: it may be called from any thread."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path) -> "State":
        """Make an empty one; raise `Misuse` where something is there."""
        if is_there(path):
            raise Misuse(f"{path} is there already; nothing was changed", "use it, or name another", code="exists")
        state = cls(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise Misuse(f"{path.parent} cannot be made: {error.strerror}", "choose another", code="folder") from None
        with state._connected(new=True) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(f"BEGIN; {_SCHEMA} PRAGMA application_id={APPLICATION_ID}; COMMIT")
        return state

    def follow(self, keys: tuple[VerifierKey, ...]) -> None:
        """Cosign the log of these keys from now on; keys that are given again take the place of earlier ones."""
        with self.changing() as connection:
            connection.execute(
                "INSERT INTO logs VALUES (?, ?, 0, '') ON CONFLICT (origin) DO UPDATE SET keys = excluded.keys",
                (keys[0].name, "\n".join(key.text for key in keys)),
            )

    def logs(self) -> list[Followed]:
        """Return every log that is followed, by name."""
        with self._connected() as connection:
            origins = [origin for (origin,) in connection.execute("SELECT origin FROM logs ORDER BY origin")]
            return [found for origin in origins if (found := read_log(connection, origin)) is not None]

    @contextmanager
    def changing(self) -> Iterator[apsw.Connection]:
        """Enter a transaction that nobody else is in; it is durable where the block ends without an exception."""
        with self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                if connection.in_transaction:  # a disk that fails may have ended it
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextmanager
    def _connected(self, *, new: bool = False) -> Iterator[apsw.Connection]:
        flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if new else 0)
        try:
            connection = apsw.Connection(str(self.path), flags=flags)
        except apsw.CantOpenError:
            raise Misuse(f"there is no witness at {self.path}", "ledger witness init NAME", code="no_witness") from None
        try:
            connection.set_busy_timeout(_BUSY)
            connection.execute("PRAGMA synchronous=FULL; PRAGMA trusted_schema=OFF")
            if not new and connection.pragma("application_id") != APPLICATION_ID:
                raise Misuse(f"{self.path} is no witness's state", "name the right file", code="no_witness")
            yield connection
        except apsw.NotADBError:
            raise Misuse(f"{self.path} is no witness's state", "name the right file", code="no_witness") from None
        except (apsw.Error, UnicodeDecodeError) as error:
            what = f"the witness's state {self.path}: {error}; nothing was cosigned"
            raise Unavailable(what, "check disk and owner, try again", code="witness_state") from None
        finally:
            connection.close()


def read_log(connection: apsw.Connection, origin: str) -> Followed | None:
    """Return what is known of a log; None where it is not followed."""
    row = connection.execute("SELECT keys, note, time FROM logs WHERE origin = ?", (origin,)).get
    if row is None:
        return None
    keys, note, time = row
    forks = tuple(one.encode() for (one,) in connection.execute("SELECT note FROM forks WHERE origin = ?", (origin,)))
    return Followed(tuple(map(VerifierKey.parse, keys.split("\n"))), note.encode(), time, forks)


def write_latest(connection: apsw.Connection, origin: str, note: bytes, time: int) -> None:
    """Put down what is cosigned now."""
    connection.execute("UPDATE logs SET note = ?, time = ? WHERE origin = ?", (note.decode(), time, origin))


def write_fork(connection: apsw.Connection, found: Followed, note: bytes) -> None:
    """Keep a note that the log's key signed against what was cosigned: with both, anybody can prove it."""
    if len(found.forks) < _FORKS:
        connection.execute("INSERT OR IGNORE INTO forks VALUES (?, ?)", (found.origin, note.decode()))

"""Where each statement stands, found from the entries in one pass: a file of its own in a folder that is thrown away.

Memory stays flat whatever the size of the log. Other processes of a verification open the file that the first one made.
"""

import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

import apsw
import msgspec

from ledger.errors import Unavailable

_FILE: Final = "ids.db"
_ROWS: Final = 4_096
_MAKING: Final = (
    "PRAGMA journal_mode=OFF",  # it is whole, or it is not there: nothing is to be rolled back or to survive a crash
    "PRAGMA synchronous=OFF",
    "CREATE TABLE ids (id BLOB PRIMARY KEY, seq INTEGER) WITHOUT ROWID",
    "CREATE TABLE acts (seq INTEGER PRIMARY KEY)",
    "BEGIN",
)


class SaidOf(NamedTuple):
    """The 16 bytes of the id that an entry's statement has, and its type; empty where it is no entry."""

    id: bytes
    type: str


class _Statement(msgspec.Struct, gc=False):
    id: str
    type: str


class _Entry(msgspec.Struct, gc=False):
    statement: _Statement


_decode: Final = msgspec.json.Decoder(_Entry).decode


def said_in(data: bytes) -> SaidOf:
    """Return id and type of an entry; not judged: whoever relies on them reads the entry strictly."""
    try:
        said = _decode(data).statement
        id = bytes.fromhex(said.id.replace("-", ""))
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return SaidOf(b"", "")
    return SaidOf(id if len(id) == 16 else b"", said.type)


class Ids:
    """Places by id, and the places of some types. `build` first; `twice` is the first place of an id seen before."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._remove: Callable[[], object] | None = None
        self._connection: apsw.Connection | None = None
        self._process = 0
        self._lock = threading.Lock()
        self.twice = -1

    @property
    def folder(self) -> Path:
        """The working folder; made when it is first asked for, removed by the process that made it."""
        if self._folder is None:
            with room("a working folder"):
                self._folder = Path(tempfile.mkdtemp(prefix="ledger-"))
            self._remove = weakref.finalize(self, _remove, self._folder, os.getpid())
        return self._folder

    @property
    def ready(self) -> bool:
        """Whether there is something to be asked."""
        return self._connection is not None or (self._folder is not None and (self._folder / _FILE).exists())

    def build(self, entries: Iterable[tuple[int, bytes]], kinds: frozenset[str]) -> None:
        """Read (place, entry) pairs in order and note each id, and the places of entries after 0 of these types.

        What was built before is replaced. Raises `Unavailable` where there is no room for it, and what reading raises.
        """
        making = self.folder / f"{_FILE}.{os.getpid()}"
        pairs = iter(entries)
        with room(f"the index of ids in {self.folder}"):
            making.unlink(missing_ok=True)
            with closing(apsw.Connection(str(making))) as connection:
                for statement in _MAKING:
                    list(connection.execute(statement))
                while some := [(seq, said_in(data)) for seq, data in islice(pairs, _ROWS)]:
                    self._note(connection, some, kinds)
                connection.execute("COMMIT")
            making.replace(self.folder / _FILE)
        self._process = 0  # whatever is open is of the file before

    def _note(self, connection: apsw.Connection, some: list[tuple[int, SaidOf]], kinds: frozenset[str]) -> None:
        found = [(said.id, seq) for seq, said in some if said.id]
        before = connection.total_changes()
        connection.executemany("INSERT OR IGNORE INTO ids VALUES (?, ?)", found)
        if connection.total_changes() - before < len(found) and self.twice < 0:
            self.twice = next(seq for id, seq in found if _place(connection, id) != seq)
        acts = [(seq,) for seq, said in some if seq and said.type in kinds]
        connection.executemany("INSERT INTO acts VALUES (?)", acts)

    def _open(self) -> apsw.Connection:
        if self._connection is None or self._process != os.getpid():  # SQLite's connections are not for a fork's child
            place = f"file:{quote(str(self.folder / _FILE))}?immutable=1"
            self._connection = apsw.Connection(place, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
            self._process = os.getpid()
        return self._connection

    def find(self, id: bytes) -> int | None:
        """Return the first place of an id."""
        with self._lock, room(f"the index of ids in {self.folder}"):
            return _place(self._open(), id)

    def acts(self) -> list[int]:
        """Return the places of the types that `build` was given."""
        with self._lock, room(f"the index of ids in {self.folder}"):
            return [seq for (seq,) in self._open().execute("SELECT seq FROM acts ORDER BY seq")]

    def close(self) -> None:
        """Let go of the file, and remove the folder if it was made here."""
        with self._lock:
            if self._connection is not None and self._process == os.getpid():
                self._connection.close()
            self._connection = None
            if self._remove is not None:
                self._remove()
                self._folder = self._remove = None


@contextmanager
def room(what: str) -> Iterator[None]:
    """Turn what a disk for temporary files says into an error that names it."""
    try:
        yield
    except (apsw.Error, OSError) as error:
        said = error.strerror if isinstance(error, OSError) else str(error)
        text = f"{what} cannot be made or read: {said}"
        raise Unavailable(text, "free space, or set TMPDIR", code="scratch") from None


def _place(connection: apsw.Connection, id: bytes) -> int | None:
    found: int | None = connection.execute("SELECT seq FROM ids WHERE id = ?", (id,)).get
    return found


def _remove(folder: Path, process: int) -> None:
    """Not in a forked child: its parent still works there."""
    if process == os.getpid():
        shutil.rmtree(folder, ignore_errors=True)

"""What the bare machine does with the same bytes: W, C, I, H, D, V and P, each in seconds a unit."""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import apsw
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.scan import Placed


def timed(work, units):
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) / units


def write_4k(folder: Path, count: int = 300) -> float:
    """W: overwrite 4 KiB of a file that has its length, and fdatasync."""
    descriptor = os.open(folder / "w.bin", os.O_CREAT | os.O_RDWR)
    block = os.urandom(4096)
    os.pwrite(descriptor, block, 0)
    os.fsync(descriptor)

    def work():
        for _ in range(count):
            os.pwrite(descriptor, block, 0)
            os.fdatasync(descriptor)

    seconds = timed(work, count)
    os.close(descriptor)
    return seconds


def _table(path: Path) -> apsw.Connection:
    path.unlink(missing_ok=True)
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE entries (seq INTEGER PRIMARY KEY, id BLOB NOT NULL, bytes TEXT NOT NULL) STRICT")
    return connection


def commit_one(folder: Path, entries: list[bytes]) -> float:
    """C: one insert of an entry's bytes, one durable commit."""
    connection = _table(folder / "c.db")
    rows = [(seq, data[:16], data) for seq, data in enumerate(entries)]

    def work():
        for row in rows:
            connection.execute("INSERT INTO entries VALUES (?, ?, CAST(? AS TEXT))", row)

    seconds = timed(work, len(rows))
    connection.close()
    return seconds


def insert_bulk(folder: Path, entries: list[bytes]) -> float:
    """I: executemany, 10,000 rows a commit, a row."""
    connection = _table(folder / "i.db")
    rows = [(seq, data[:16], data) for seq, data in enumerate(entries)]

    def work():
        for at in range(0, len(rows), 10_000):
            with connection:
                connection.executemany("INSERT INTO entries VALUES (?, ?, CAST(? AS TEXT))", rows[at : at + 10_000])

    seconds = timed(work, len(rows))
    connection.close()
    return seconds


def read_and_hash(database: Path, size: int) -> float:
    """H: read an entry from SQLite and take its SHA-256."""
    connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)

    def work():
        for (data,) in connection.execute("SELECT CAST(bytes AS BLOB) FROM entries ORDER BY seq"):
            hashlib.sha256(data).digest()

    seconds = timed(work, size)
    connection.close()
    return seconds


def read_and_decode(database: Path, size: int) -> float:
    """D: read an entry from SQLite and decode entry and statement into structs."""
    connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
    decode = msgspec.json.Decoder(Placed).decode

    def work():
        for (data,) in connection.execute("SELECT CAST(bytes AS BLOB) FROM entries ORDER BY seq"):
            decode(data)

    seconds = timed(work, size)
    connection.close()
    return seconds


def verify_one(count: int = 2_000) -> float:
    """V: one Ed25519 verification."""
    private = Ed25519PrivateKey.generate()
    message = os.urandom(700)
    signature = private.sign(message)
    verify = private.public_key().verify

    def work():
        for _ in range(count):
            verify(signature, message)

    return timed(work, count)


def spin(count: int = 3_000_000) -> float:
    """A loop that does nothing, for the speed-up that two processes can have at all."""

    def work():
        for _ in range(count):
            pass

    return timed(work, 1)


def start(words: list[str], environment: dict[str, str] | None = None) -> float:
    """Seconds of a whole process."""
    return timed(lambda: subprocess.run(words, check=True, capture_output=True, env=environment), 1)


def start_python() -> float:
    """P: `python -c pass`."""
    return start([sys.executable, "-c", "pass"])

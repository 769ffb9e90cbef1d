"""The world that is attacked: sixteen entries and everybody's keys; and the three forms a log is handed over in.

An attacker's work is a `Log`: entries, checkpoints and what is kept beside them, as far as it was made consistent. Each
form is written from it without asking the package whether it may be: it is what somebody with a hex editor and patience
can make.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import apsw

from ledger import encoding, entry
from ledger.bundle import contents
from ledger.bundle.container import ContainerWriter
from ledger.bundle.state import State
from ledger.encoding import STATEMENT_TYPE
from ledger.errors import LedgerError
from ledger.keys.credential import Signer
from ledger.keys.log_key import LogKey
from ledger.merkle.bundles import bundle_path, write_bundle
from ledger.merkle.edge import TILE, Edge
from ledger.merkle.tiles import tile_path
from ledger.merkle.tree import tree_root
from ledger.notes.checkpoint import Checkpoint, sign_checkpoint
from ledger.stores.beside import write_beside
from ledger.stores.folder import Folder

ORIGIN = "ledger.test/one"


class Log(NamedTuple):
    """What is handed over: the entries' bytes, the newest checkpoint, kept ones, disclosures; `ids` under which rows
    are filed and `seqs` of the rows, where these are not what the entries say.
    """

    datas: tuple[bytes, ...]
    note: bytes
    kept: tuple[bytes, ...] = ()
    disclosures: tuple[str, ...] = ()
    authority: tuple[int, ...] = (5, 6)

    def put(self, seq: int, data: bytes) -> Self:
        """Return the log with other bytes in the place of an entry's; nothing else is made to fit."""
        return self._replace(datas=(*self.datas[:seq], data, *self.datas[seq + 1 :]))

    def change(self, seq: int, old: bytes, new: bytes) -> Self:
        """Return the log with one place of an entry changed."""
        assert old in self.datas[seq], self.datas[seq]
        return self.put(seq, self.datas[seq].replace(old, new, 1))

    def cut(self, size: int) -> Self:
        """Return the log without its end; checkpoints over it go, too."""
        kept = [note for note in self.kept if size_of(note) <= size]
        newest = self.note if size_of(self.note) <= size else kept[-1] if kept else self.note
        acts = tuple(seq for seq in self.authority if seq < size)
        return self._replace(datas=self.datas[:size], kept=tuple(kept), note=newest, authority=acts, disclosures=())

    def fields(self, seq: int) -> dict[str, Any]:
        """Return an entry as an object."""
        found: dict[str, Any] = json.loads(self.datas[seq])
        return found


class World(NamedTuple):
    """The honest log, whose newest checkpoint and key the verifier has; and every private key."""

    log: Log
    mara: Signer
    ana: Signer
    key: LogKey
    genesis: str

    @property
    def vkey(self) -> str:
        """The log's Ed25519 verifier key."""
        return self.key.verifier_keys[0].text

    def seal(self, log: Log, key: LogKey | None = None) -> Log:
        """Return the log with a newest checkpoint that fits it, by the log's key, or by another; the others go."""
        root = tree_root([entry.leaf(data) for data in log.datas])
        signer = key or self.key
        return log._replace(note=sign_checkpoint(Checkpoint(ORIGIN, len(log.datas), root), signer.all), kept=())


def size_of(note: bytes) -> int:
    """Return the size that a checkpoint says."""
    found = re.search(rb"\n0*([1-9][0-9]*)\r?\s*\n", note)
    return int(found[1]) if found else 0


# ---- what forgers do ----


def chained(datas: Sequence[bytes]) -> tuple[bytes, ...]:
    """The same statements and signatures, numbered and linked as they now stand."""
    made: list[bytes] = []
    last = bytes(32)
    for seq, data in enumerate(datas):
        fields = json.loads(data)
        batch = entry.batch_text(encoding.encode(fields["batch"])) if "batch" in fields else ""
        signatures = json.dumps(fields["signatures"], separators=(",", ":"))
        made.append(entry.write(seq, last, fields["recorded"], entry.body_of(data), signatures, batch))
        last = entry.leaf(made[-1])
    return tuple(made)


def now(log: Log, datas: Sequence[bytes]) -> list[bytes]:
    """The same entries as if they were recorded when the log's newest was."""
    recorded = log.fields(-1)["recorded"].encode()
    return [re.sub(rb'"recorded":"[^"]{27}"', b'"recorded":"' + recorded + b'"', data, count=1) for data in datas]


def say(like: bytes, signer: Signer, payload_type: str = STATEMENT_TYPE, /, **changes: Any) -> bytes:
    """An entry's bytes with another statement in it, signed by `signer`. A change to None leaves the key out."""
    fields = json.loads(like)
    said = {name: value for name, value in (fields["statement"] | changes).items() if value is not None}
    body = encoding.encode(said)
    signatures = entry.signatures_text(signer.sign(payload_type, body))
    return entry.write(fields["seq"], bytes.fromhex(fields["prev"]), fields["recorded"], body, signatures)


# ---- the three forms ----


def as_sqlite(log: Log, folder: Path, template: Path) -> Path:
    """A ledger's file with this log in it, and all that is computed from it made to fit."""
    path = folder / "attacked.db"
    path.write_bytes(template.read_bytes())
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA synchronous=OFF")
    guards = list(connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"))
    edge = Edge()
    tiles = edge.extend([entry.leaf(data) for data in log.datas])
    with connection:
        for name, _ in guards:
            connection.execute(f"DROP TRIGGER {name}")
        for table in ("entries", "tiles", "authority", "checkpoints", "disclosures"):
            connection.execute(f"DELETE FROM {table}")
        filed: set[bytes] = set()
        for seq, data in enumerate(log.datas):
            id = _id(seq, data) if _id(seq, data) not in filed else seq.to_bytes(16, "big")
            filed.add(id)
            connection.execute("INSERT INTO entries VALUES (?, ?, CAST(? AS TEXT))", (seq, id, data))
        for tile in tiles:
            connection.execute("INSERT INTO tiles VALUES (?, ?, ?)", tuple(tile))
        for seq in log.authority:
            connection.execute("INSERT INTO authority VALUES (?)", (seq,))
        for note in log.kept:
            connection.execute("INSERT OR REPLACE INTO checkpoints VALUES (?, CAST(? AS TEXT))", (size_of(note), note))
        for text in log.disclosures:
            connection.execute("INSERT INTO disclosures VALUES (?, ?)", (_commitment(text), text))
        head = (len(log.datas), entry.leaf(log.datas[-1]), edge.peaks(), size_of(log.note), log.note)
        connection.execute("UPDATE head SET size = ?, last = ?, peaks = ?, covered = ?, note = CAST(? AS TEXT)", head)
        for _, text in guards:
            connection.execute(text)
    connection.close()
    return path


def _id(seq: int, data: bytes) -> bytes:
    try:
        return encoding.id_bytes(json.loads(data)["statement"]["id"])
    except (ValueError, KeyError, TypeError):
        return seq.to_bytes(16, "big")


def _commitment(text: str) -> str:
    from ledger.disclosures import commitment

    return commitment(text)


def as_bundle(log: Log, folder: Path) -> Path:
    """A bundle with this log in it, its list of contents made to fit."""
    path = folder / "attacked.zip"
    files = {
        contents.CHECKPOINT: log.note,
        contents.CHECKPOINTS: b"".join(
            json.dumps(note.decode(), ensure_ascii=False).encode() + b"\n" for note in log.kept
        ),
        contents.DISCLOSURES: "".join(f"{text}\n" for text in log.disclosures).encode(),
        contents.ENTRIES: b"".join(data + b"\n" for data in log.datas),
        contents.STATE: _state(log.datas),
    }
    with path.open("wb") as file:
        writer = ContainerWriter(file)
        for name in sorted(name for name, data in files.items() if data):
            writer.add(name, [files[name]])
        manifest = contents.Manifest(ORIGIN, len(log.datas), len(log.datas), list(writer.written))
        writer.add(contents.MANIFEST, [contents.write_manifest(manifest)])
        writer.close()
    return path


def _state(datas: Sequence[bytes]) -> bytes:
    """What the bundle says the entries come to, as far as the package can tell: so nothing else gives them away."""
    state = State()
    try:
        for data in datas:
            state.take(data)
        return state.to_bytes()
    except (LedgerError, ValueError, KeyError, TypeError):
        return b"{}"


def as_tiles(log: Log, folder: Path) -> Path:
    """A published folder with this log in it, its tiles made to fit."""
    path = folder / "attacked"
    for size in {len(log.datas), min(size_of(log.note), len(log.datas))} - {0}:
        _write_tiles(path, log.datas[:size])
    write_beside(Folder(path), size_of(log.note), log.kept, (), log.disclosures)
    _write(path / "checkpoint", log.note)
    return path


def _write_tiles(path: Path, datas: Sequence[bytes]) -> None:
    leaves = [entry.leaf(data) for data in datas]
    edge = Edge()
    tiles = {(tile.level, tile.number): tile.hashes for tile in [*edge.extend(leaves), *edge.open_tiles()]}
    for start in range(0, len(leaves), TILE):
        tiles[0, start // TILE] = b"".join(leaves[start : start + TILE])
        part = datas[start : start + TILE]
        _write(path / bundle_path(start // TILE, len(part)), write_bundle(part))
    for (level, number), hashes in tiles.items():
        _write(path / tile_path(level, number, len(hashes) // 32), hashes)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)

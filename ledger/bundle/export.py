"""`export_bundle`: a ledger, as of its head, in one file; the same bytes whenever the head is the same.

Nothing is signed here, and memory stays flat: entries go from the store into the file one by one. Where the writing is
cut short there is no directory at the file's end, so nothing takes it for a bundle; a failure removes it.
"""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from ledger import encoding, entry
from ledger.bundle import contents, files, texts
from ledger.bundle.container import LARGE, ContainerWriter
from ledger.bundle.stamps import write_stamps
from ledger.bundle.state import State
from ledger.disclosures import open_disclosure
from ledger.encoding import ENTRY_LIMIT
from ledger.errors import Misuse
from ledger.foresight import trust_in
from ledger.genesis import Genesis
from ledger.notes.note import parse_note, verify_note
from ledger.notes.verifier import VerifierKey
from ledger.omitted import Omitted, write_omitted
from ledger.statement import statement_hash
from ledger.store import Head, Store

ALL: Final = "all"
Progress = Callable[[int, int], None]
"""Called with entries done and entries in all."""


class Exported(NamedTuple):
    """What was written: `entries` of `size`, `covered` by a checkpoint; disclosed values, files of evidence, bytes."""

    size: int
    entries: int
    covered: int
    disclosed: int
    evidence: int
    bytes: int


class _Job(NamedTuple):
    store: Store
    genesis: Genesis
    head: Head
    size: int
    here: frozenset[int] | None  # the entries that are put in; None: all
    chosen: files.Chosen
    disclosed: list[str]
    progress: Progress | None

    @property
    def entries(self) -> int:
        """Number of entries that are put in."""
        return self.size if self.here is None else len(self.here)


def is_closed(head: Head, keys: Sequence[VerifierKey]) -> bool:
    """Whether both of the log's keys signed a checkpoint over all entries: then exporting signs nothing new."""
    if not head.note or head.covered != head.size:
        return False
    return len(verify_note(parse_note(head.note), keys)) == len(keys)


def export_bundle(
    store: Store,
    genesis: Genesis,
    output: Path,
    *,
    evidence: Collection[Path] = (),
    disclose: Collection[int] | str = (),
    entries: Collection[int] | None = None,
    progress: Progress | None = None,
) -> Exported:
    """Write all entries of `store` and what belongs to them to `output`, a new file.

    `evidence`: files and folders that entries name by digest. `disclose`: entries whose sealed values are handed out,
    or "all". `entries`: these alone, with those that say who may say what; of the others only the hashes. Raises
    `Misuse` where `output` is there already, where no entry names a file, or where there is no such entry.
    """
    head = store.head()
    here, size = (None, head.size) if entries is None else (_needed(store, head, entries), head.covered)
    disclosed = _disclosed(store, size, here, disclose)
    job = _Job(store, genesis, head, size, here, files.choose(list(evidence)), disclosed, progress)
    try:
        with output.open("xb") as file:
            try:
                writer = ContainerWriter(file)
                _write(writer, job)
                return Exported(size, job.entries, head.covered, len(disclosed), len(job.chosen.sources), file.tell())
            except BaseException:
                output.unlink()
                raise
    except FileExistsError:
        raise Misuse(f"{output} is there already; nothing was written", "name a new file", code="exists") from None
    except OSError as error:
        raise Misuse(f"{output} cannot be made: {error.strerror}", "name another file", code="output") from None


def _write(writer: ContainerWriter, job: _Job) -> None:
    head, genesis = job.head, job.genesis
    state, unnamed = State(), dict(job.chosen.named)
    small = texts.fixed() | {
        "README.txt": texts.readme(
            genesis.origin, job.size, job.entries, head.covered, len(job.disclosed), len(unnamed)
        ),
        "keys.txt": texts.keys(trust_in(genesis, job.store).log_keys.current.keys),
        contents.CHECKPOINT: head.note,
        contents.CHECKPOINTS: b"".join(map(_line, _kept(job))),
        contents.DISCLOSURES: "".join(f"{text}\n" for text in job.disclosed).encode(),
        **write_stamps(one for one in job.store.anchors() if one.size <= job.size),
    }
    small = {name: data for name, data in small.items() if data}
    later = {contents.EVIDENCE + digest: source for digest, source in job.chosen.sources.items()}
    folded = [contents.STATE] if job.here is None else []
    for name in sorted([*small, *later, contents.ENTRIES, *folded]):
        if name == contents.ENTRIES:
            writer.add(name, _entries(job, state, unnamed), size=_size_of_entries(job))
            _check_named(unnamed)
        elif name == contents.STATE:
            writer.add(name, [state.to_bytes()])
        elif name in later:
            writer.add(name, files.read(later[name]), size=files.size_of(later[name]))
            _check_same(name, writer.written[-1].digest, later[name])
        else:
            writer.add(name, [small[name]])
    manifest = contents.Manifest(genesis.origin, job.size, job.entries, list(writer.written))
    writer.add(contents.MANIFEST, [contents.write_manifest(manifest)])
    writer.close()


def _entries(job: _Job, state: State, unnamed: dict[str, Path]) -> Iterator[bytes]:
    """Yield the lines of entries.jsonl; fold them, and strike from `unnamed` what they name."""
    size = job.size
    for row in job.store.rows(0, size):
        if job.here is not None and row.seq not in job.here:
            yield _in_its_place(row.data, job.here) + b"\n"
            continue
        state.take(row.data)
        for digest in [one for one in unnamed if one.encode() in row.data]:
            del unnamed[digest]
        yield row.data + b"\n"
        if job.progress is not None and row.seq % 1_000 == 999:
            job.progress(row.seq + 1, size)


def _size_of_entries(job: _Job) -> int:
    """Return the bytes of entries.jsonl where they may be over 4 GiB: then the header before them is longer."""
    if job.size * (ENTRY_LIMIT + 1) < LARGE or job.here is not None:
        return 0
    return sum(len(row.data) + 1 for row in job.store.rows(0, job.size))


def _needed(store: Store, head: Head, chosen: Collection[int]) -> frozenset[int]:
    """Return the chosen entries, those that say who may say what, and the heads of the batches they are in."""
    beyond = [seq for seq in sorted(chosen) if not 0 <= seq < head.covered]
    if beyond:
        raise Misuse(f"there is no entry {beyond[0]} under a checkpoint", "ledger log names them", code="no_entry")
    here = {0, *(seq for seq in store.authority() if seq < head.covered), *chosen}
    batches = [entry.view(store.read(seq)).batch for seq in here]
    return frozenset(here | {batch.first for batch in batches if isinstance(batch, entry.BatchMember)})


def _in_its_place(data: bytes, here: frozenset[int]) -> bytes:
    """Return the line for an entry that is left out; of its batch only the statement's hash is needed, if that is."""
    batch = entry.view(data).batch
    needed = isinstance(batch, entry.BatchMember) and batch.first in here
    return write_omitted(Omitted(entry.leaf(data), statement_hash(entry.body_of(data)) if needed else b""))


def _kept(job: _Job) -> list[bytes]:
    return [note for size, note in job.store.checkpoints() if size <= job.size and note != job.head.note]


def _line(note: bytes) -> bytes:
    return json.dumps(note.decode(), ensure_ascii=False).encode() + b"\n"


def _disclosed(store: Store, size: int, here: frozenset[int] | None, which: Collection[int] | str) -> list[str]:
    """Return the disclosure texts of the entries that were chosen, in order; `Misuse` where an entry has none."""
    if not which:
        return []
    found: dict[str, int] = {}
    for text in store.disclosures():
        seq = store.find(encoding.id_bytes(open_disclosure(text)[0]))
        if seq is not None and seq < size and (here is None or seq in here) and (which == ALL or seq in which):
            found[text] = seq
    without = [] if isinstance(which, str) else sorted(set(which) - set(found.values()))
    if without:
        raise Misuse(
            f"entry {without[0]} has no sealed value here: there was none, or it was erased",
            "ledger show names them",
            code="not_sealed",
        )
    return sorted(found)


def _check_named(unnamed: dict[str, Path]) -> None:
    for digest, path in unnamed.items():
        raise Misuse(
            f"no entry names {path} (sha256:{digest[:16]}): it is not what was recorded, or never was",
            "leave it out, or find the file that was recorded",
            code="evidence_unnamed",
        )


def _check_same(name: str, digest: str, source: object) -> None:
    if not name.endswith(digest):
        raise Misuse(f"{source} changed while it was exported", "export again", code="evidence_changed")

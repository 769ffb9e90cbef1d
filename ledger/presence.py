"""C21: is the evidence that entries name at hand, and is it what was recorded.

Files are found by their bytes, not by their names: a folder of evidence may be sorted as its keeper likes. A store of
evidence has a folder as its manifest and, each by its own digest, the files in it.
"""

import os
from collections.abc import Iterable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import msgspec

from ledger import entry
from ledger.errors import LedgerError, Misuse
from ledger.evidence import MANIFEST, MANIFEST_LIMIT, manifest_lines, read_manifest
from ledger.report import Failure, Finding, Missing, Report, judge
from ledger.store import Store
from ledger.touched import order

_CHUNK: Final = 1 << 16
KEPT_LIMIT: Final = 1_000  # of one kind that are named; more of them say nothing new


class Present(NamedTuple):
    """Evidence that is at hand, as digests (hex): of `files`; of the `folders` they make up; by file name.

    `manifests`: files that are themselves manifests of folders, each with the files it names. A manifest alone is not
    the folder: that is at hand where all of those are.
    """

    files: set[str]
    folders: set[str]
    named: dict[str, set[str]]
    manifests: dict[str, set[str]]

    @classmethod
    def nothing(cls) -> Self:
        """Return what is at hand where nothing is."""
        return cls(set(), set(), {}, {})

    def lacks(self, item: dict[str, Any]) -> str:
        """Return what of an item of evidence is not at hand, in words; "" where all of it is."""
        digest = item["digest"].removeprefix("sha256:")
        if item["kind"] != "directory":
            return "" if digest in self.files else "is not here"
        if digest in self.folders:
            return ""
        wanted = self.manifests.get(digest)
        if wanted is None:
            return "is not here"
        lacking = len(wanted - self.files)
        return f"is not here: only its manifest is, and {lacking:,} of {len(wanted):,} files are not" if lacking else ""


def read_below(folder: Path) -> Present:
    """Read every file below a folder; raise `Misuse` for what can be no evidence, such as a link."""
    lines = read_manifest(folder)[0].removeprefix(MANIFEST).splitlines(keepends=True)
    present = Present.nothing()
    below: dict[bytes, list[bytes]] = {b"": []}  # the manifest's lines of every folder, in order
    for line in lines:
        digest, path = line[:64], line[66:-1]
        present.files.add(digest.decode())
        present.named.setdefault(os.fsdecode(path.rpartition(b"/")[2]), set()).add(digest.decode())
        if digest.decode() not in present.manifests:
            with open(os.path.join(os.fsencode(folder), path), "rb") as file:  # noqa: PTH118, PTH123 - names are bytes
                take_manifest(present, digest.decode(), iter(partial(file.read, _CHUNK), b""))
        at = -1
        while True:
            below.setdefault(path[: at + 1], []).append(digest + b"  " + path[at + 1 :] + b"\n")
            at = path.find(b"/", at + 1)
            if at < 0:
                break
    present.folders.update(sha256(MANIFEST + b"".join(part)).hexdigest() for part in below.values())
    return present


def take_manifest(present: Present, digest: str, parts: Iterable[bytes]) -> None:
    """Take note of a file, by its digest and bytes, where it is the manifest of a folder; others are not read on."""
    data = bytearray()
    for part in parts:
        data += part
        if not MANIFEST.startswith(data[: len(MANIFEST)]) or len(data) > MANIFEST_LIMIT:
            return
    try:
        present.manifests[digest] = {each for each, _ in manifest_lines(digest, bytes(data))}
    except Misuse:
        return


def check_evidence(store: Store, report: Report, present: Present, *, asked: bool) -> Report:
    """Return a report with what is to be said of the evidence that entries name.

    Where it was `asked` for, a file that is not at hand makes UNVERIFIABLE, and another one under its name BROKEN,
    unless that is recorded, too: a file that was recorded again lies under the name of what it was before. Else those
    that are not here are counted.
    """
    failures: list[Failure] = []
    missing: list[Missing] = []
    wanted: dict[str, bool] = {}
    items = list(_items(store, report.size)) if asked else _items(store, report.size)
    recorded = {item["digest"].removeprefix("sha256:") for _, item in items} if asked else set()
    for seq, item in items:
        digest, lacks = item["digest"].removeprefix("sha256:"), present.lacks(item)
        wanted[f"{item['kind']} {digest}"] = not lacks
        if not lacks or not asked:
            continue
        others = present.named.get(item.get("name", ""), set()) - recorded
        name = item.get("name", "evidence")
        if others:
            what = f"{name} is sha256:{min(others)[:16]}, the entry says {digest[:16]}: not the file that was recorded"
            failures.append(Failure(21, "evidence", seq, f"entry {seq}: {what}"))
        else:
            what = f"{name} sha256:{digest[:16]} ({item['size']:,} bytes) {lacks}"
            missing.append(Missing("evidence", seq, f"entry {seq}: evidence {what}"))
    findings = report.findings + (() if asked else _absent(wanted))
    every = tuple(sorted((*report.failures, *failures[:KEPT_LIMIT]), key=order))
    lacking = (*report.missing, *missing[:KEPT_LIMIT])
    return msgspec.structs.replace(
        report,
        failures=every,
        missing=lacking,
        findings=findings,
        verdict=judge(every, lacking, report.vouchers),
    )


def _items(store: Store, size: int) -> Iterable[tuple[int, dict[str, Any]]]:
    """Yield the files and folders that entries name as evidence, whose bytes somebody saw."""
    for row in store.rows(0, size):
        if b'"evidence":[' in row.data:
            try:
                items = entry.view(row.data).statement.evidence
            except LedgerError:
                continue  # C5 has said so
            yield from ((row.seq, item) for item in items if item.get("kind") in ("file", "directory"))


def _absent(wanted: dict[str, bool]) -> tuple[Finding, ...]:
    lacking = sum(not here for here in wanted.values())
    if not lacking:
        return ()
    what = f"{lacking:,} of {len(wanted):,} files and folders that entries name are not here: known by digest alone"
    return (Finding("evidence", -1, what),)

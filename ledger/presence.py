"""C21: is the evidence that entries name at hand, and is it what was recorded.

Files are found by their bytes, not by their names: a folder of evidence may be sorted as its keeper likes.
"""

import os
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from ledger import entry
from ledger.errors import LedgerError
from ledger.evidence import MANIFEST, read_manifest
from ledger.report import Failure, Finding, Missing, Report, judge
from ledger.store import Store
from ledger.touched import order

KEPT_LIMIT: Final = 1_000  # of one kind that are named; more of them say nothing new


class Present(NamedTuple):
    """Evidence that is at hand: digests (hex) of files and of folders' manifests, and digests by file name."""

    digests: set[str]
    named: dict[str, set[str]]


def read_below(folder: Path) -> Present:
    """Read every file below a folder; raise `Misuse` for what can be no evidence, such as a link."""
    lines = read_manifest(folder)[0].removeprefix(MANIFEST).splitlines(keepends=True)
    present = Present(set(), {})
    below: dict[bytes, list[bytes]] = {b"": []}  # the manifest's lines of every folder, in order
    for line in lines:
        digest, path = line[:64], line[66:-1]
        present.digests.add(digest.decode())
        present.named.setdefault(os.fsdecode(path.rpartition(b"/")[2]), set()).add(digest.decode())
        at = -1
        while True:
            below.setdefault(path[: at + 1], []).append(digest + b"  " + path[at + 1 :] + b"\n")
            at = path.find(b"/", at + 1)
            if at < 0:
                break
    present.digests.update(sha256(MANIFEST + b"".join(part)).hexdigest() for part in below.values())
    return present


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
        digest = item["digest"].removeprefix("sha256:")
        wanted[digest] = digest in present.digests
        if wanted[digest] or not asked:
            continue
        others = present.named.get(item.get("name", ""), set()) - recorded
        name = item.get("name", "evidence")
        if others:
            what = f"{name} is sha256:{min(others)[:16]}, the entry says {digest[:16]}: not the file that was recorded"
            failures.append(Failure(21, "evidence", seq, f"entry {seq}: {what}"))
        else:
            what = f"{name} sha256:{digest[:16]} ({item['size']:,} bytes) is not here"
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

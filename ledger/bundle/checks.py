"""What is to be checked of a bundle besides its log: MANIFEST (C1), evidence in it (C21), state.json (C24)."""

import zlib
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from ledger.bundle import contents
from ledger.bundle.container import Written
from ledger.bundle.state import State
from ledger.bundle.store import BundleStore
from ledger.errors import LedgerError, Tampered
from ledger.policy import Policy
from ledger.presence import Present, take_manifest
from ledger.report import Failure, Finding, Report, judge
from ledger.store import Store
from ledger.touched import order
from ledger.verify import verify_log

if TYPE_CHECKING:
    from concurrent.futures import Executor

_SHOWN: Final = 8  # entries that a finding names


def verify_store(
    store: Store,
    policy: Policy | None = None,
    *,
    processes: int = 1,
    executor: "Executor | None" = None,
    opener: Callable[[str], Store] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Run all checks over a log (`ledger.verify`), and where it lies in a bundle those of the bundle too."""
    bundle = store if isinstance(store, BundleStore) else None
    partial = bundle is not None and bundle.is_partial
    report = verify_log(
        store, policy, processes=processes, executor=executor, opener=opener, progress=progress, partial=partial
    )
    return report if bundle is None else check_bundle(bundle, report)


def take_evidence(store: BundleStore, present: Present) -> None:
    """Add the evidence in a bundle to what is at hand, by its files' names, which `check_bundle` judges."""
    for name in store.members:
        if name.startswith(contents.EVIDENCE):
            digest = name.removeprefix(contents.EVIDENCE)
            present.files.add(digest)
            take_manifest(present, digest, store.parts(name))


def check_bundle(store: BundleStore, report: Report) -> Report:
    """Return a log's report with what else was found in the bundle it was read from."""
    checked = report.checked and report.size - store.omitted
    report = msgspec.structs.replace(report, checked=checked, omitted=store.omitted)
    written = list(_read_all(store))
    failures = [*_manifest(store, written, report), *_evidence(store, written)]
    if not report.failures and not failures and contents.STATE in store.members and not store.is_partial:
        failures += (stated := _state(store, report)).failures
        report = msgspec.structs.replace(report, findings=(*report.findings, *stated.findings))
    if not failures:
        return report
    every = tuple(sorted((*report.failures, *failures), key=order))
    return msgspec.structs.replace(report, failures=every, verdict=judge(every, report.missing, report.vouchers))


def _read_all(store: BundleStore) -> Iterator[Written]:
    """Yield size and digest of each file as it is; size -1 where the CRC beside it is another."""
    for name, member in store.members.items():
        digest, crc = sha256(), 0
        for part in store.parts(name):
            digest.update(part)
            crc = zlib.crc32(part, crc)
        yield Written(name, member.size if crc == member.crc else -1, digest.hexdigest())


def _manifest(store: BundleStore, written: list[Written], report: Report) -> list[Failure]:
    wrong = [f"{one.name} is not what was packed: its CRC differs" for one in written if one.size < 0]
    try:
        manifest = contents.read_manifest(store.small(contents.MANIFEST, contents.MANIFEST_LIMIT))
    except Tampered as error:
        return [_bad(1, "manifest", what) for what in [*wrong, error.message]]
    named, here = {one.name: one for one in manifest.files}, {one.name: one for one in written}
    here.pop(contents.MANIFEST)
    rows, files = [one.name for one in manifest.files], sorted(here)
    if rows != files or list(store.members) != [*files, contents.MANIFEST]:
        wrong.append("the files are not in their order")
    wrong += [f"{name} is in MANIFEST, and not here" for name in sorted(named.keys() - here.keys())]
    wrong += [f"{name} is not in MANIFEST" for name in sorted(here.keys() - named.keys())]
    wrong += [
        f"{name} is not the file that MANIFEST names"
        for name in sorted(here.keys() & named.keys())
        if here[name].digest != named[name].digest or store.members[name].size != named[name].size
    ]
    counted = (report.origin, report.size, report.size - report.omitted)
    if store.is_partial and contents.STATE in store.members:
        wrong.append("a partial bundle has no state.json")
    if report.checked and (manifest.origin, manifest.size, manifest.entries) != counted:
        wrong.append(f"MANIFEST is of {manifest.size:,} entries of {manifest.origin}")
    return [_bad(1, "manifest", what) for what in wrong]


def _evidence(store: BundleStore, written: list[Written]) -> list[Failure]:
    wrong = [
        one.name
        for one in written
        if one.name.startswith(contents.EVIDENCE) and one.name.removeprefix(contents.EVIDENCE) != one.digest
    ]
    return [
        Failure(21, "evidence", _names(store, name.removeprefix(contents.EVIDENCE)), f"{name} holds other bytes")
        for name in wrong
    ]


def _names(store: BundleStore, digest: str) -> int:
    """The first entry that names a file; -1 where none does."""
    return next((row.seq for row in store.rows(0, store.head().size) if digest.encode() in row.data), -1)


class _Stated(NamedTuple):
    failures: list[Failure]
    findings: list[Finding]


def _state(store: BundleStore, report: Report) -> _Stated:
    state = State()
    try:
        for row in store.rows(0, report.size):
            state.take(row.data)
    except LedgerError:
        return _Stated([], [])
    if state.to_bytes() != b"".join(store.parts(contents.STATE)):
        return _Stated([_bad(24, "state", "state.json is not what the entries come to")], [])
    if not state.corrected_by:
        return _Stated([], [])
    where = ", ".join(map(str, state.corrected_by[:_SHOWN])) + (", ..." if len(state.corrected_by) > _SHOWN else "")
    what = f"state.json lists what entries {where} correct, and applies none of it: read both (ledger changelog does)"
    return _Stated([], [Finding("corrections", -1, what)])


def _bad(check: int, code: str, message: str) -> Failure:
    return Failure(check, code, -1, message)

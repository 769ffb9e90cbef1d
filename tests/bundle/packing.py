"""Bundles taken apart and packed again, as whoever forwards one could; and both verifiers asked about one."""

import hashlib
import io
import zipfile
from typing import NamedTuple

import msgspec

from ledger.bundle.checks import verify_store
from ledger.bundle.container import ContainerWriter
from ledger.bundle.store import BundleStore
from ledger.errors import Misuse
from ledger.notes.verifier import VerifierKey
from ledger.policy import Policy, Trusted
from tests.reference.second import SECOND

NAMED = "MANIFEST"


class Said(NamedTuple):
    """A verdict, or "MISUSE"; the first place it names, None where it is no entry; and the check."""

    verdict: str
    seq: int | None = None
    check: int | None = None


def unpack(path):
    """Return {name: bytes} of a bundle."""
    with zipfile.ZipFile(path) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def listed(files, head=None):
    """Return MANIFEST over `files`; its first four lines are those of the one before, or `head`."""
    before = head or b"".join(files[NAMED].splitlines(keepends=True)[:4]).decode()
    rows = [
        f"{hashlib.sha256(data).hexdigest()} {len(data)} {name}\n"
        for name, data in sorted(files.items())
        if name != NAMED
    ]
    return (before + "".join(rows)).encode()


def pack(path, files, *, honest=True):
    """Write a container of `files`; `honest`: with a MANIFEST that is right about them."""
    if honest:
        files = {**files, NAMED: listed(files)}
    with path.open("wb") as file:
        writer = ContainerWriter(file)
        for name in [*sorted(files.keys() - {NAMED}), *(files.keys() & {NAMED})]:
            writer.add(name, [files[name]])
        writer.close()
    return path


def lines(files):
    """Return the entries in a bundle's files."""
    return files["entries.jsonl"].split(b"\n")[:-1]


def with_lines(files, entries):
    """Return files with other entries."""
    return {**files, "entries.jsonl": b"".join(one + b"\n" for one in entries)}


def by_package(path, keys=(), pins=(), genesis="", policy=None, now=""):
    """What the package says, by what is given and nothing else."""
    policy = policy or Policy(
        keys=tuple(map(VerifierKey.parse, keys)),
        checkpoints=tuple(Trusted(note, f"pin {at}") for at, note in enumerate(pins)),
        genesis=genesis,
    )
    policy = msgspec.structs.replace(policy, now=now)
    try:
        store = BundleStore(str(path))
    except Misuse:
        return Said("MISUSE")
    try:
        report = verify_store(store, policy)
    finally:
        store.close()
    if report.failures:
        first = report.failures[0]
        return Said(report.verdict, first.seq if first.seq >= 0 else None, first.check)
    return Said(report.verdict, min((one.seq for one in report.missing if one.seq >= 0), default=None))


def by_file(path, keys=(), pins=(), genesis="", verifier=SECOND):
    """What the one file says."""
    try:
        result = verifier.verify_bundle(str(path), keys, genesis, pins)
    except verifier.Misuse:
        return Said("MISUSE")
    if result.failures:
        return Said(result.verdict, result.failures[0].seq, result.failures[0].check)
    return Said(result.verdict, min((one.seq for one in result.missing if one.seq is not None), default=None))


def both(path, **brought):
    """What both say, which must be the same."""
    one, other = by_package(path, **brought), by_file(path, **brought)
    assert one == other, (one, other)
    return one


def plain_zip(files):
    """Return the bytes of a ZIP file as others make them."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, data in files.items():
            made.writestr(name, data)
    return out.getvalue()

"""The machine: versions, disks, file systems, the clock."""

import os
import platform
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import apsw

from ledger import __version__, entry
from ledger.cli.ages import age
from ledger.cli.doctoring.finding import Finding, Level, Patient
from ledger.cli.layout import short_path
from ledger.encoding import parse_time
from ledger.placing import CLOCK_SECONDS
from ledger.spool.file import spool_path

LITTLE: Final = 1 << 30  # bytes free: less is told
TOO_LITTLE: Final = 100 << 20
# File systems over a network, by their names in Linux: SQLite's locks are not safe on them (sqlite.org/lockingv3.html).
NETWORK: Final = frozenset(
    (
        *("9p", "afs", "beegfs", "ceph", "cifs", "fuse.ceph", "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs", "gfs2"),
        *("glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "smb3", "smbfs", "vboxsf"),
    )
)


def versions(patient: Patient) -> Iterator[Finding]:  # noqa: ARG001 - one form for all checks
    """What runs here, and whether it can make and check every signature."""
    import cryptography

    said = f"ledger {__version__}, Python {platform.python_version()}, SQLite {apsw.sqlite_lib_version()},"
    said += f" apsw {apsw.apsw_version()}, cryptography {cryptography.__version__}"
    yield Finding("ok", "versions", said)
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

        MLDSA44PrivateKey.generate()
    except (ImportError, UnsupportedAlgorithm):
        yield Finding("fail", "versions", "no ML-DSA-44 here: the log's second key", "pip install -U cryptography")


def file_system(path: Path, mounts: Path = Path("/proc/self/mountinfo")) -> str:
    """Return the name of the file system that a path is on ("" where that is not known)."""
    try:
        lines = mounts.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    real = os.path.realpath(path)
    for line in lines:
        left, _, right = line.partition(" - ")
        words, after = left.split(), right.split()
        if len(words) < 5 or not after:
            continue
        point = words[4].encode().decode("unicode_escape")  # a blank is written \040
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, after[0]
    return kind


def disks(patient: Patient) -> Iterator[Finding]:
    """Room where the ledger and the spool are."""
    file = patient.ledger.path if patient.ledger else None
    folders = {"ledger": file.absolute().parent} if file else {}
    folders["spool"] = spool_path().absolute().parent
    told: dict[int, list[str]] = {}
    free: dict[int, int] = {}
    for name, folder in folders.items():
        there = next((one for one in (folder, *folder.parents) if one.exists()), None)
        if there is None:
            continue
        device = there.stat().st_dev
        told.setdefault(device, []).append(name)
        free[device] = shutil.disk_usage(there).free
    for device, names in told.items():
        level: Level = "fail" if free[device] < TOO_LITTLE else "warn" if free[device] < LITTLE else "ok"
        text = f"{free[device] / (1 << 30):,.1f} GiB free for the {' and the '.join(names)}"
        yield Finding(level, "disk", text, "" if level == "ok" else "free space")


def clock(patient: Patient) -> Iterator[Finding]:
    """This clock against the newest entry: behind it, `recorded` stands still, then nothing is placed."""
    if patient.ledger is None or not len(patient.ledger):
        return
    newest = entry.view(patient.ledger.read(-1)).recorded
    ahead = (parse_time(newest) - datetime.now(UTC)).total_seconds()
    if ahead > CLOCK_SECONDS:
        text = f"this clock is {age(int(ahead))} behind the newest entry: what is recorded goes to the spool"
        yield Finding("fail", "clock", text, "set the clock (NTP)")
    elif ahead > 1:
        text = f"this clock is {age(int(ahead))} behind the newest entry: recorded stands still until then"
        yield Finding("warn", "clock", text, "set the clock (NTP)")
    else:
        yield Finding("ok", "clock", f"newest entry {age(max(0, int(-ahead)))} ago")


def share(path: Path, what: str) -> Iterator[Finding]:
    """A file that SQLite writes, on a file system whose locks do not hold."""
    kind = file_system(path.absolute().parent)
    if kind in NETWORK:
        text = f"{what} {short_path(path)} is on {kind}: its locks are not safe"
        yield Finding("fail", what, text, "PostgreSQL, or a local disk and the spool")

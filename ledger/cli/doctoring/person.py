"""Who records here: keys, who can read them, the pin, and what waits."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ledger.cli.ages import seconds_since
from ledger.cli.doctoring.finding import Finding, Level, Patient
from ledger.cli.doctoring.machine import file_system, share
from ledger.cli.layout import day, short_path
from ledger.cli.roster import roster
from ledger.cli.spooling import standing
from ledger.config import keys_folder
from ledger.errors import LedgerError, Misuse
from ledger.identity import log_key_file
from ledger.keys.openssh import name_of
from ledger.pins import hold_against, pin_path, read_pin
from ledger.spool import drafts
from ledger.spool.file import Spool, spool_path

if TYPE_CHECKING:
    from ledger.api import Ledger

WAITS_LONG: Final = 24 * 3600  # seconds: from then on it is a failure that nobody delivered it


def you(patient: Patient) -> Iterator[Finding]:
    """Whose key signs here, and what it may say."""
    ledger = patient.ledger
    if ledger is None:
        return
    try:
        identity = ledger.identity
    except Misuse as error:
        level: Level = "fail" if error.code == "key_mode" else "warn"
        yield Finding(level, "you", error.message.removesuffix("; nothing was recorded"), error.fix)
        return
    key = identity.signer.credential
    roles = next((", ".join(one.roles) for one in roster(ledger) if one.key == key.id), "")
    yield Finding("ok", "you", f"{identity.actor}, {name_of(key)}: {roles}")


def key_files(patient: Patient) -> Iterator[Finding]:  # noqa: ARG001 - one form for all checks
    """Private keys that others can read."""
    named = [Path(text) for name in ("LEDGER_KEY", "LEDGER_LOG_KEY") if (text := os.environ.get(name, ""))]
    for path in [*sorted(keys_folder().glob("*.key")), *(path for path in named if path.is_file())]:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            text = f"{short_path(path)} can be read by others ({mode:o})"
            yield Finding("fail", "keys", text, f"chmod 600 {short_path(path)}")


def log_key(patient: Patient) -> Iterator[Finding]:
    """The log's key beside an author's: who has both can write the log anew."""
    ledger = patient.ledger
    if ledger is None:
        return
    newest, named = ledger.trust().log_keys.current, ledger.place.key
    if named is not None and named not in newest.keys:
        text = f"{ledger.place.source} names a key of the log that was replaced in entry {newest.seq}"
        yield Finding("warn", "log key", text, f'put key = "{newest.keys[0].text}" there, once you know it is right')
    path = log_key_file(ledger.trust().log_keys)
    if path is None:
        yield Finding("ok", "log key", "not here: what is recorded here is placed, and sealed where the key is")
        return
    try:
        ledger._log()
    except Misuse as error:
        yield Finding("fail", "log key", error.message, error.fix)
        return
    text = f"{short_path(path)} is readable here by an author of entries: who has both could rewrite all"
    yield Finding("warn", "log key", text, "keep it on one machine that seals; elsewhere, move the file away")
    if b"ENCRYPTED" not in path.read_bytes():
        yield Finding("warn", "log key", "it has no passphrase", "keep it where only the sealing service can read")


def pin(patient: Patient) -> Iterator[Finding]:
    """What this user has seen of the log, and whether it still stands so."""
    ledger = patient.ledger
    if ledger is None:
        return
    path = pin_path(ledger.origin)
    try:
        found = read_pin(path)
    except Misuse as error:
        yield Finding("fail", "pin", error.message, error.fix)
        return
    if found is None:
        text = "none on this machine: an old copy of the ledger would not be noticed"
        yield Finding("warn", "pin", text, "ledger verify makes one")
        yield from _writable(path, "pin", "none can be kept", "LEDGER_PIN")
        return
    yield from _writable(path, "pin", "it does not follow the ledger", "LEDGER_PIN")
    if not _takes_entries(ledger):
        text = f"size {found.checkpoint.size:,}, {day(found.time)}Z; ledger verify PATH holds this copy against it"
        yield Finding("ok", "pin", text)
        return
    with ledger.store.writing() as section:
        from ledger.known import KnownLog

        known = KnownLog.read(section, section.head())
        hold_against(known, section, ledger.place.location)
    yield Finding("ok", "pin", f"size {found.checkpoint.size:,}, {day(found.time)}Z; the ledger extends it")


def spool(patient: Patient) -> Iterator[Finding]:
    """What waits on this machine, for how long, and whether it would survive."""
    box = Spool(spool_path())
    try:
        waits, aside, oldest = box.count()
    except LedgerError as error:
        yield Finding("fail", "spool", error.message, error.fix)
        return
    finally:
        box.close()
    if not waits + aside:
        yield Finding("ok", "spool", f"nothing waits ({short_path(box.path)})")
    else:
        level: Level = "fail" if aside or seconds_since(oldest) >= WAITS_LONG else "warn"
        yield Finding(
            level, "spool", standing(waits, aside, oldest), "ledger spool list" if aside else "ledger spool flush"
        )
    kept = len(drafts.listed(drafts.folder_of(box.path)))
    if kept:
        yield Finding(
            "warn",
            "spool",
            f"{kept:,} unsigned draft{'' if kept == 1 else 's'}",
            "ledger record --draft ID, or ledger spool drop ID",
        )
    yield from share(box.path, "spool")
    yield from _writable(box.path, "spool", "what cannot be delivered at once would be lost", "LEDGER_SPOOL")
    if _in_container() and file_system(_existing(box.path.parent)) in ("overlay", "aufs"):
        text = f"{short_path(box.path)} is on the container's own disk: it goes with the container"
        yield Finding("warn", "spool", text, "mount a volume, set LEDGER_SPOOL")
    del patient


def _takes_entries(ledger: "Ledger") -> bool:
    from ledger.bundle.store import BundleStore
    from ledger.stores.static import StaticStore

    return not isinstance(ledger.store, BundleStore | StaticStore)


def _writable(path: Path, name: str, what: str, variable: str) -> Iterator[Finding]:
    folder = _existing(path.parent)
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        text = f"{short_path(folder)} cannot be written to: {what}"
        yield Finding("warn", name, text, f"check its owner and permissions, or set {variable}")


def _in_container() -> bool:
    marks = (Path("/.dockerenv"), Path("/run/.containerenv"))
    return "KUBERNETES_SERVICE_HOST" in os.environ or any(mark.exists() for mark in marks)


def _existing(path: Path) -> Path:
    return next((one for one in (path.absolute(), *path.absolute().parents) if one.exists()), path)

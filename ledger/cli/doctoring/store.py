"""The ledger itself: its store, what guards it, what is not covered yet."""

import os
import stat
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Final

from ledger import entry
from ledger.cli.ages import age, seconds_since
from ledger.cli.doctoring.finding import Finding, Patient
from ledger.cli.doctoring.machine import share
from ledger.cli.layout import day, short_path
from ledger.errors import Tampered, Unavailable
from ledger.fresh import now_text

if TYPE_CHECKING:
    from ledger.api import Ledger
    from ledger.stores.postgres_judging import Server

_SQLITE: Final = b"SQLite format 3\0"
_MAY: Final = {
    "own": "its owner or a superuser",
    "change": "may change entries",
    "add": "insert and select only",
    "read": "select only",
    "nothing": "may do nothing",
}


def store(patient: Patient) -> Iterator[Finding]:
    """Kind, place and permissions; what keeps entries from being changed."""
    ledger = patient.ledger
    if ledger is None:
        if patient.place is not None and patient.error is not None:
            yield Finding("fail", "store", patient.error.message, patient.error.fix)
        return
    if ledger.path is None:
        yield from _served(ledger)
    else:
        yield from _file(patient)
    try:
        ledger.store.check_container()
        ledger.store.check_guards()
    except Tampered as error:
        yield Finding("fail", "store", error.message, error.fix or "ledger verify")


def _served(ledger: "Ledger") -> Iterator[Finding]:
    server = getattr(ledger.store, "server", None)
    if server is None:
        yield Finding("ok", "store", f"{ledger.place.location} ({ledger.origin})")
        return
    found: Server = server()
    text = f"PostgreSQL {found.version}, user {found.user}: {_MAY[found.may]} ({ledger.origin})"
    yield Finding("ok", "store", text)
    if found.may in ("own", "change"):
        yield Finding(
            "warn",
            "store",
            f"{found.user} could take the guards of the entries away; who records needs no such rights",
            "GRANT ledger_writer TO another user, and connect as that: LEDGER_URL or PGUSER",
        )


def _file(patient: Patient) -> Iterator[Finding]:
    import apsw

    from ledger.stores.sqlite_faults import faults

    ledger = patient.ledger
    assert ledger is not None
    path = ledger.path
    assert path is not None
    if not path.is_file():
        yield Finding("ok", "store", f"{short_path(path)} ({ledger.origin})")
        return
    with path.open("rb") as file:
        if file.read(len(_SQLITE)) != _SQLITE:
            yield Finding("ok", "store", f"{short_path(path)}, to be read only ({ledger.origin})")
            return
    with faults(path), closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
        journal = connection.pragma("journal_mode")
    yield Finding("ok", "store", f"SQLite, {journal} mode, {short_path(path)} ({ledger.origin})")
    if journal != "wal":
        fix = f'sqlite3 {short_path(path)} "PRAGMA journal_mode=WAL"'
        yield Finding("warn", "store", f"{journal} mode: readers and writers wait for each other", fix)
    mode = path.stat().st_mode
    if mode & stat.S_IWOTH:
        text = f"everybody may write to {short_path(path)} ({stat.S_IMODE(mode):o})"
        yield Finding("fail", "store", text, f"chmod o-w {short_path(path)}")
    if not os.access(path, os.W_OK) or not os.access(path.absolute().parent, os.W_OK):
        yield Finding("warn", "store", f"you may not write to {short_path(path)}: reading only", "ask its owner")
    yield from share(path, "store")


def entries(patient: Patient) -> Iterator[Finding]:
    """How many entries, and how many of them no checkpoint covers."""
    ledger = patient.ledger
    if ledger is None:
        return
    size, covered = len(ledger), ledger.covered
    if covered == size:
        yield Finding("ok", "entries", f"{size:,}, all sealed")
        return
    since = age(seconds_since(entry.view(ledger.read(covered)).recorded))
    text = f"{size - covered:,} of {size:,} not sealed, the oldest for {since}: no checkpoint covers them"
    yield Finding("warn", "entries", text, "the next ledger record where the log's key is seals them, too")


def stamps(patient: Patient) -> Iterator[Finding]:
    """How far outside evidence of time reaches, and whether it is renewed in time."""
    ledger = patient.ledger
    if ledger is None:
        return
    anchors = ledger.store.anchors()
    if not anchors:
        if ledger.place.tsa:
            text = "ledger.toml names an authority, and nothing was stamped yet"
            yield Finding("warn", "stamps", text, "ledger timestamp")
        return
    from ledger.anchors.stamping import read

    newest = anchors[-1]
    token, authority, renew_by = read(newest)
    if any(ledger.store.find(anchor.event) is None for anchor in anchors):
        yield Finding("warn", "stamps", "a time-stamp is kept that no entry records yet", "ledger timestamp")
    if renew_by < now_text():
        text = f"the one of size {newest.size:,} was to be renewed by {renew_by[:10]}"
        yield Finding("fail", "stamps", text, "ledger timestamp")
        return
    text = f"size {newest.size:,} at {day(token.time)}Z by {authority}; to be renewed by {renew_by[:10]}"
    yield Finding("ok", "stamps", text)


def projections(patient: Patient) -> Iterator[Finding]:
    """Whether the projections follow the ledger."""
    from projections import Projections

    ledger = patient.ledger
    if ledger is None or ledger.path is None or not ledger.path.with_suffix(".projections.db").is_file():
        return
    try:
        with Projections.open(ledger) as opened:
            opened.catch_up()
    except Unavailable as error:
        yield Finding("warn", "projections", f"cannot be brought up to date: {error.message}", error.fix)
    else:
        yield Finding("ok", "projections", "registry and changelog follow the ledger")

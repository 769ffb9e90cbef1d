"""`ledger doctor`: what is wrong here, and the command that mends it."""

from collections.abc import Callable, Iterator
from typing import Final

from ledger.cli.doctoring import machine, person, settings, store
from ledger.cli.doctoring.finding import Finding, Patient
from ledger.cli.frame import Call, command
from ledger.cli.layout import across, wrapped
from ledger.cli.screen import Answer, Paint
from ledger.config import resolve
from ledger.errors import LedgerError

Check = Callable[[Patient], Iterator[Finding]]
CHECKS: Final[tuple[Check, ...]] = (
    settings.config,
    settings.hidden,
    settings.git,
    settings.mode,
    store.store,
    store.entries,
    store.stamps,
    store.projections,
    person.you,
    person.key_files,
    person.log_key,
    person.pin,
    person.spool,
    machine.disks,
    machine.clock,
    machine.versions,
)
_COLOURS: Final = {"ok": "green", "warn": "yellow", "fail": "red"}
_MARGIN: Final = 18


@command()
def doctor(call: Call) -> Answer:
    """Print what is right here, what is wrong, and the command that mends it. Exit 1 where something failed."""
    patient = _examine(call)
    try:
        found = [finding for check in CHECKS for finding in _run(check, patient)]
    finally:
        if patient.ledger is not None:
            patient.ledger.close()
    problems = sum(one.level == "fail" for one in found)
    warnings = sum(one.level == "warn" for one in found)
    document = {
        "schema": "ledger.doctor/1",
        "checks": [one.document for one in found],
        "problems": problems,
        "warnings": warnings,
    }
    return Answer(document, lambda paint: [*_lines(found, paint), _summary(problems, warnings)], min(problems, 1))


def _examine(call: Call) -> Patient:
    try:
        place = resolve(call.location)
    except LedgerError as error:
        return Patient(None, None, error)
    try:
        return Patient(place, call.open(read_only=False), None)
    except LedgerError as error:
        return Patient(place, None, error)


def _run(check: Check, patient: Patient) -> Iterator[Finding]:
    """The findings of a check; one that cannot go on is a finding itself."""
    try:
        yield from check(patient)
    except LedgerError as error:
        yield Finding("fail", check.__name__.replace("_", " "), error.message, error.fix)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        yield Finding("fail", check.__name__.replace("_", " "), f"{where}{error.strerror}", "check its owner")


def _lines(found: list[Finding], paint: Paint) -> Iterator[str]:
    for one in found:
        head = f"{one.level:<5} {one.name:<12}"
        text = wrapped(head + one.text, " " * _MARGIN)
        text[0] = paint(_COLOURS[one.level], text[0][:5]) + text[0][5:]
        fits = one.fix and len(text) == 1 and len(head + one.text) + len(one.fix) + 2 <= across()
        if fits:
            text[0] += f"  {one.fix}"
        yield from text
        if one.fix and not fits:
            yield from wrapped(f"{'':{_MARGIN}}{one.fix}", " " * _MARGIN)


def _summary(problems: int, warnings: int) -> str:
    if not problems and not warnings:
        return "Nothing is wrong."
    return f"{problems} problem{'' if problems == 1 else 's'}, {warnings} warning{'' if warnings == 1 else 's'}."

"""Which settings count here, and where each came from."""

import os
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from ledger.cli.doctoring.finding import Finding, Patient
from ledger.cli.layout import listed, short_path
from ledger.config import chosen_mode, resolve
from ledger.errors import Misuse

# Every variable that is read, and whether its value may be shown: a URL may hold a password, a command a secret.
VARIABLES: Final[dict[str, bool]] = {
    "LEDGER_URL": False,
    "LEDGER_KEY": True,
    "LEDGER_LOG_KEY": True,
    "LEDGER_KEY_PASSPHRASE_FILE": True,
    "LEDGER_KEY_PASSPHRASE_COMMAND": False,
    "LEDGER_ACTOR": True,
    "LEDGER_SPOOL": True,
    "LEDGER_PIN": True,
    "LEDGER_MODE": True,
    "LEDGER_REQUIRE": True,
    "LEDGER_FLUSH_SECONDS": True,
    "LEDGER_EVIDENCE": True,
}


def config(patient: Patient) -> Iterator[Finding]:
    """Where the ledger was named, and which variables of the environment count."""
    found = [name for name in sorted(os.environ) if name.startswith("LEDGER_")]
    said = [f"{name}={os.environ[name]}" if VARIABLES.get(name) else name for name in found if name in VARIABLES]
    if patient.place is None:
        error = patient.error
        yield Finding("fail", "config", error.message if error else "no ledger is named", error.fix if error else "")
    else:
        yield Finding("ok", "config", short_path(patient.place.source) if patient.place.source else "no settings")
    if said:
        yield Finding("ok", "config", f"from the environment: {', '.join(said)}")
    for name in found:
        if name not in VARIABLES:
            near = get_close_matches(name, VARIABLES, 1)
            hint = f"; nearest {near[0]}" if near else ""
            yield Finding("warn", "config", f"{name} is no setting{hint}", f"unset {name}")


def hidden(patient: Patient) -> Iterator[Finding]:
    """`LEDGER_URL` in the way of the settings of this folder."""
    if not os.environ.get("LEDGER_URL") or patient.place is None:
        return
    kept = os.environ.pop("LEDGER_URL")
    try:
        other = resolve(None)
    except Misuse:
        return
    finally:
        os.environ["LEDGER_URL"] = kept
    if other.location != patient.place.location:
        text = f"LEDGER_URL overrides {short_path(other.source)}: {patient.place.location}, not {other.location}"
        yield Finding("warn", "config", text, "unset LEDGER_URL, if that is not meant")


def mode(patient: Patient) -> Iterator[Finding]:
    """What `record` does here."""
    chosen = chosen_mode(patient.place)
    where = "LEDGER_MODE" if os.environ.get("LEDGER_MODE") else "ledger.toml"
    if chosen == "off":
        yield Finding("warn", "mode", f"off ({where}): nothing is recorded here", f"take mode out of {where}")
    elif chosen == "spool":
        yield Finding("warn", "mode", f"spool ({where}): what is recorded waits on this machine", "ledger spool flush")


def git(patient: Patient) -> Iterator[Finding]:
    """ledger.toml vouches for the key as far as Git keeps it."""
    place = patient.place
    if place is None or Path(place.source).name != "ledger.toml":
        return
    missing = [name for name, value in (("key", place.key), ("genesis", place.genesis)) if not value]
    if missing:
        text = f"{short_path(place.source)} does not say {listed(missing)}: nothing vouches for the log's key"
        yield Finding("warn", "config", text, "take them from who runs the ledger, by another way than this machine")

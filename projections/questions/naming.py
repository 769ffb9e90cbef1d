"""From the word a person uses for a version to its system and digest set."""

from typing import Final

from ledger.errors import Misuse
from projections.database import Database

SHOWN: Final = 5  # versions that an error names


def find_version(database: Database, name: str) -> tuple[str, str]:
    """Return the system and set that `name` stands for.

    `SYSTEM@VERSION`, `SYSTEM@set:PREFIX` or `SYSTEM@sha256:...`; without a system, `@VERSION`, where one system alone
    has it. Raises `Misuse` where there is none, or more than one.
    """
    system, at, label = name.partition("@")
    if not at:
        system, label = "", name
    kind, colon, prefix = label.partition(":")
    if colon and kind in ("set", "sha256"):
        found = database.rows(
            "SELECT system, set_digest, 'registered' FROM versions WHERE set_digest >= ? AND set_digest < ?",
            (f"sha256:{prefix}", f"sha256:{prefix}g"),
        )
    else:
        found = database.rows("SELECT system, set_digest, origin FROM labels WHERE version = ?", (label,))
    found = [one for one in found if not system or one[0] == system]
    for origin in ("registered", "trained", "mentioned"):
        sets = sorted({(place, digest) for place, digest, how in found if how == origin})
        if len(sets) == 1:
            return sets[0]
        if sets:
            listed = ", ".join(f"{place}@set:{digest[7:19]}" for place, digest in sets)
            raise Misuse(f"{name!r} stands for {len(sets)} digest sets: {listed}", "name one of these", code="two_sets")
    known = [] if at else database.rows("SELECT DISTINCT version FROM labels WHERE system = ?", (name,))
    if known:
        shown = ", ".join(f"{name}@{version}" for (version,) in sorted(known)[-SHOWN:])
        more = f" (the last of {len(known)})" if len(known) > SHOWN else ""
        raise Misuse(f"{name!r} is a system; of which version?", f"one of {shown}{more}", code="which_version")
    raise Misuse(f"there is no version {name!r}", "ledger registry lists all versions", code="unknown_version")

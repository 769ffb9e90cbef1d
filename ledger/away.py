"""Signing while the ledger is away: whose key, for which log, and what cannot be looked up meanwhile."""

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from ledger import versions
from ledger.authoring import Author
from ledger.capture import context
from ledger.config import CAPTURES, Place, ask_passphrase, keys_folder
from ledger.encoding import is_handle
from ledger.errors import Misuse, Unavailable
from ledger.events.rules import RULES
from ledger.identity import Identity
from ledger.keys.credential import Signer
from ledger.keys.sources import open_signer
from ledger.spool.item import Target
from ledger.spool.seen import Seen

if TYPE_CHECKING:
    from ledger.api import Ledger
    from ledger.statement import Ref


def away_author(
    target: Target,
    place: Place | None,
    ledger: "Ledger | None",
    seen: Seen | None,
    actor: str | None,
    key: str | Signer | None = None,
) -> Author:
    """Return one who signs for `target` without placing anything.

    `ledger` is there where it was opened once: what can still be read of it is. A statement for a log that is known
    names it (`log`), whatever its type; without one, types that must name it are refused (FORMAT.md section 8).
    Raises `Misuse` where no key can be meant.
    """
    known = ledger._writing[1] if ledger is not None and ledger._writing is not None else None
    identity = known or away_identity(actor, seen, key)
    return Author(
        None,
        genesis=target.genesis,
        actor=identity.actor,
        signer=identity.signer,
        look_up=partial(_look_up, ledger),
        find_dataset=partial(_find_dataset, ledger),
        context=lambda: context(place.capture if place else CAPTURES),
        find=lambda _: None,
        for_this_log=_names_log if target.genesis else _must_not_name_log,
        state="spooled",
    )


def _names_log(_: str) -> bool:
    return True


def _must_not_name_log(kind: str) -> bool:
    if kind in RULES:
        raise Misuse(
            f"{kind} is meant for one log, and no ledger is known here",
            "ledger init, or commit ledger.toml, or set LEDGER_URL; then record it",
            code="needs_log",
        )
    return False


def _look_up(ledger: "Ledger | None", system: str, version: str) -> "tuple[Ref | None, dict[str, str]]":
    try:
        if ledger is not None:
            return versions.look_up(ledger, system, version)
    except Unavailable:
        pass
    raise Misuse(
        f"the ledger is away: which artifacts {system}@{version} stands for cannot be looked up",
        'of=RECEIPT, or artifacts={"model": ledger.file("model.joblib")}',
        code="away",
    )


def _find_dataset(ledger: "Ledger | None", dataset: str) -> str | None:
    try:
        return versions.find_dataset(ledger, dataset) if ledger is not None else None
    except Unavailable:
        return None


# ---- whose key ----


def away_identity(actor: str | None, seen: Seen | None, key: str | Signer | None = None) -> Identity:
    """Return who signs: by `key` (a signer, or a source of `keys.sources`), `LEDGER_KEY`, `actor`, who recorded in this
    log before, or the only key of this user.

    The key's file is called by its actor's handle; where it is not, `LEDGER_ACTOR` says whose it is.

    Nobody confirms it now; the log does when the statement is placed. Raises `Misuse` (`no_key`, `which_key`).
    """
    named = key or os.environ.get("LEDGER_KEY")
    actor = actor or os.environ.get("LEDGER_ACTOR")
    sources = [named] if named else [str(keys_folder() / f"{actor}.key")] if actor else _own_keys()
    found = [
        (one, open_signer(one, ask_passphrase)) if isinstance(one, str) else (repr(one), one) for one in sources
    ]  # fmt: skip
    if seen is not None and seen.actor:
        for source, signer in found:
            if signer.credential.id == seen.key:
                return Identity(seen.actor, signer, source)
    if len(found) != 1:
        _cannot_tell([source for source, _ in found])
    source, signer = found[0]
    handle = actor or Path(source).stem
    if not is_handle(handle):
        raise Misuse(f"whose key is {source}?", "LEDGER_ACTOR=HANDLE, or call it HANDLE.key", code="which_key")
    return Identity(handle, signer, source)


def _own_keys() -> list[str]:
    """The files of this user's own keys; the logs' keys lie in the same folder."""
    found = [str(path) for path in sorted(keys_folder().glob("*.key")) if is_handle(path.stem)]
    return [source for source in found if _is_authors(source)]


def _is_authors(source: str) -> bool:
    try:
        open_signer(source, ask_passphrase)
    except Misuse as error:
        if error.code in ("key_kind", "key_file"):
            return False
        raise
    return True


def _cannot_tell(sources: list[str]) -> NoReturn:
    if not sources:
        raise Misuse(f"no key of yours is in {keys_folder()}", "ledger key new HANDLE", code="no_key")
    names = ", ".join(Path(source).stem for source in sources)
    raise Misuse(f"keys of {names} are here; which of them records?", "LEDGER_KEY names the file", code="which_key")

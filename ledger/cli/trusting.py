"""What a verification may rely on: one's own side; for something received, only what the command line names."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ledger import entry
from ledger.encoding import time_text
from ledger.errors import LedgerError, Misuse
from ledger.genesis import read_genesis
from ledger.notes.note import parse_note
from ledger.notes.treehead import parse_checkpoint
from ledger.notes.verifier import VerifierKey
from ledger.pins import pin_path, read_pin
from ledger.policy import Policy, Trusted
from ledger.roots import read_roots

if TYPE_CHECKING:
    from ledger.config import Place
    from ledger.genesis import Genesis
    from ledger.store import Store

_NOTE_LIMIT = 100_000


def genesis_of(store: "Store") -> "Genesis | None":
    """Return what entry 0 says, None where it says nothing that can be read: the checks will say so."""
    try:
        data = store.read(0)
        return read_genesis(entry.read(data).fields["statement"], entry.leaf(data).hex())
    except LedgerError:
        return None


def read_keys(texts: tuple[str, ...]) -> tuple[VerifierKey, ...]:
    """Return verifier keys; `Misuse` for a text that is none."""
    keys = []
    for text in texts:
        try:
            keys.append(VerifierKey.parse(text))
        except Misuse as error:
            what = f"--key is not NAME+8 HEX+BASE64 ({len(text)} characters): {error.message}"
            raise Misuse(what, "quote it: --key '...'", code="key") from None
    return tuple(keys)


def read_checkpoint(path: Path, origin: str) -> Trusted:
    """Return a checkpoint from a file; `Misuse` where it is none, or one of another log than `origin` ("": any)."""
    try:
        with path.open("rb") as file:
            note = file.read(_NOTE_LIMIT)
    except OSError as error:
        raise Misuse(f"{path}: {error.strerror}", "--checkpoint FILE", code="no_file") from None
    try:
        named = parse_checkpoint(parse_note(note).text).origin
    except LedgerError as error:
        raise Misuse(
            f"{path} is no checkpoint: {error.message}", "a signed note of the log", code="checkpoint"
        ) from None
    if origin and named != origin:
        raise Misuse(f"your checkpoint is of {named}, the log is {origin}", "take the other file", code="other_origin")
    return Trusted(note, f"the checkpoint {path}")


def policy_of(
    genesis: "Genesis | None",
    place: "Place | None",
    keys: tuple[VerifierKey, ...],
    checkpoints: tuple[Path, ...],
    roots: tuple[Path, ...] = (),
) -> Policy:
    """Return what vouches: `keys` and `checkpoints` as given, this user's pin, and `place`, one's own ledger.toml."""
    origin = genesis.origin if genesis is not None else place.origin if place is not None else ""
    brought = [read_checkpoint(path, origin) for path in checkpoints]
    path = pin_path(origin)
    pin = read_pin(path) if origin else None
    if pin is not None:
        brought.append(pin.trusted(path))
    own = place.key if place is not None else None
    return Policy(
        keys=keys or ((own,) if own is not None else ()),
        key_source="--key" if keys or place is None else place.source,
        genesis=place.genesis if place is not None else "",
        genesis_source=place.source if place is not None else "",
        origin=place.origin if place is not None else "",
        checkpoints=tuple(brought),
        tsa_roots=read_roots(roots, place),
        now=time_text(datetime.now(UTC)),
    )

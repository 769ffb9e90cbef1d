"""What a verification may rely on: one's own side; for something received, only what the command line names."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from ledger import entry
from ledger.encoding import time_text
from ledger.errors import LedgerError, Misuse
from ledger.genesis import read_genesis
from ledger.notes.note import parse_note
from ledger.notes.treehead import parse_checkpoint
from ledger.notes.verifier import VerifierKey
from ledger.pins import trusted_pins
from ledger.policy import Policy, Trusted
from ledger.policy.file import LIMIT as POLICY_LIMIT
from ledger.policy.file import read_policy
from ledger.receipts import PROOF_LIMIT, is_proof
from ledger.roots import read_pem, read_roots
from ledger.stores.opening import open_read_only

if TYPE_CHECKING:
    from ledger.config import Place
    from ledger.genesis import Genesis
    from ledger.store import Store


_LEDGERS: Final = (b"SQLite format 3\0", b"PK")  # how files begin that hold a log


def genesis_of(store: "Store") -> "Genesis | None":
    """Return what entry 0 says, None where it says nothing that can be read: the checks will say so."""
    try:
        data = store.read(0)
        return read_genesis(entry.read(data).fields["statement"], entry.leaf(data).hex())
    except LedgerError:
        return None


def read_keys(texts: tuple[str, ...], option: str = "--key") -> tuple[VerifierKey, ...]:
    """Return verifier keys; `Misuse` for a text that is none."""
    keys = []
    for text in texts:
        try:
            keys.append(VerifierKey.parse(text))
        except Misuse as error:
            what = f"{option} is not NAME+8 HEX+BASE64 ({len(text)} characters): {error.message}"
            raise Misuse(what, f"quote it: {option} '...'", code="key") from None
    return tuple(keys)


def read_checkpoint(path: Path, origin: str) -> Trusted:
    """Return a checkpoint, or that of a receipt, from a file; `Misuse` for neither, or another log's ("": any's).

    Of a later log that took this one up, it is the checkpoint that it began behind.
    """
    try:
        with path.open("rb") as file:
            data = file.read(PROOF_LIMIT + 1)
    except OSError as error:
        raise Misuse(f"{path}: {error.strerror}", "--checkpoint FILE", code="no_file") from None
    if data.startswith(_LEDGERS):
        return _continuing(path, origin)
    note = data.partition(b"\n\n")[2] if is_proof(data) else data
    try:
        named = parse_checkpoint(parse_note(note).text).origin
    except LedgerError as error:
        raise Misuse(
            f"{path} is no checkpoint: {error.message}", "a signed note of the log", code="checkpoint"
        ) from None
    if origin and named != origin:
        raise Misuse(f"your checkpoint is of {named}, the log is {origin}", "take the other file", code="other_origin")
    return Trusted(note, f"the {'receipt' if is_proof(data) else 'checkpoint'} {path}")


def _continuing(path: Path, origin: str) -> Trusted:
    """Return the checkpoint that a later log, in a file or bundle, took this one up from."""
    with closing(open_read_only(str(path))) as store:
        later = genesis_of(store)
    before = later.continues if later is not None else None
    if later is None or before is None or (origin and before.checkpoint.origin != origin):
        what = f"{path} is a log that does not take up {origin or 'another one'}"
        raise Misuse(what, "a signed note of the log", code="checkpoint")
    return Trusted(before.note, f"{later.origin}, which takes it up ({path})")


def read_policy_file(path: Path, received: Path | None) -> Policy:
    """Return the policy in a file; `Misuse` where it is none, or lies in the folder that was received."""
    if received is not None and received.is_dir() and path.resolve().is_relative_to(received.resolve()):
        raise Misuse(
            f"{path} came with what it is to judge: it is its sender's policy",
            "write your own: ledger pin --policy-template",
            code="policy",
        )
    try:
        with path.open("rb") as file:
            data = file.read(POLICY_LIMIT + 1)
    except OSError as error:
        raise Misuse(f"{path}: {error.strerror}", "--policy FILE", code="no_file") from None
    policy, roots = read_policy(data, str(path))
    return msgspec.structs.replace(policy, tsa_roots=tuple(read_pem(path.parent / root) for root in roots))


class Given(NamedTuple):
    """What the command line names. `roots`: of time-stamping authorities; `received`: the path that is judged."""

    keys: tuple[VerifierKey, ...] = ()
    checkpoints: tuple[Path, ...] = ()
    roots: tuple[Path, ...] = ()
    policy: Path | None = None
    received: Path | None = None


def policy_of(genesis: "Genesis | None", place: "Place | None", given: Given) -> Policy:
    """Return what vouches: what is `given`, this user's pin, and `place`, one's own ledger.toml.

    A policy file speaks alone: with one, no other key, genesis or root counts.
    """
    written = written_policy(given)
    origin = written.origin or (genesis.origin if genesis is not None else place.origin if place is not None else "")
    brought = [read_checkpoint(path, origin) for path in given.checkpoints]
    leaf, own = genesis.leaf if genesis is not None else "", place.location if place is not None else ""
    brought += trusted_pins(origin, leaf, own)
    policy = msgspec.structs.replace(written, checkpoints=tuple(brought), now=time_text(datetime.now(UTC)))
    if given.policy is not None:
        return policy
    policy = msgspec.structs.replace(policy, tsa_roots=read_roots(given.roots, place))
    if place is None:
        return policy
    return msgspec.structs.replace(
        policy,
        keys=policy.keys or ((place.key,) if place.key is not None else ()),
        key_source=policy.key_source or place.source,
        genesis=place.genesis,
        genesis_source=place.source,
        origin=place.origin,
    )


def written_policy(given: Given) -> Policy:
    """Return what the command line alone says; raise `Misuse` where it says a key in two places."""
    if given.policy is None:
        return Policy(keys=given.keys, key_source="--key" if given.keys else "")
    if given.keys or given.roots:
        raise Misuse("the policy alone says which keys and roots", "log VKEY, tsa-root FILE", code="usage")
    return read_policy_file(given.policy, given.received)

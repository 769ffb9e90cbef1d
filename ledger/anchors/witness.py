"""A ledger's side of its witnesses: what it asks them, and their lines kept (c2sp.org/tlog-witness)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ledger.errors import Misuse, Tampered
from ledger.merkle.proofs import consistency_proof
from ledger.notes.adding import write_request
from ledger.notes.merging import cosignatures
from ledger.notes.note import SignatureLine, parse_note
from ledger.notes.verifier import VerifierKey
from ledger.proving import root_at, tree_reader

if TYPE_CHECKING:
    from ledger.api import Ledger

_ANY_TIME = 2**63 - 1


class Added(NamedTuple):
    """Lines that are kept now: of which size, whose were checked, and whose could not be, their key being unknown."""

    size: int
    checked: tuple[str, ...]
    unchecked: tuple[str, ...]


def request_for(ledger: "Ledger", old: int) -> bytes:
    """Return a request to a witness that cosigned size `old` last (0: never): the newest checkpoint, closed and kept.

    Raises `Misuse` where the log's key is not here, or `old` is above the log.
    """
    note = ledger.close_checkpoint()
    checkpoint = ledger.trust().log_keys.open(note, ledger.origin)
    head = ledger.store.head()
    return write_request(old, consistency_proof(old, checkpoint.size, tree_reader(ledger.store, head)), note)


def last_cosigned(ledger: "Ledger", name: str) -> int:
    """Return the size of the newest kept checkpoint that has a line by `name`; 0 where there is none."""
    for size, note in reversed(ledger.store.checkpoints()):
        if any(line.name == name for line in parse_note(note).signatures):
            return size
    return 0


def keep_cosigned(ledger: "Ledger", note: bytes, witnesses: Sequence[VerifierKey]) -> Added:
    """Keep the lines of others under a checkpoint of this log; those of `witnesses` must be good.

    Raises `Tampered` where the log did not sign it or has other entries below it, `Misuse` where a known witness's line
    is not good: nothing is kept then.
    """
    log_keys = ledger.trust().log_keys
    checkpoint, parsed = log_keys.open(note, ledger.origin), parse_note(note)
    if root_at(ledger.store, ledger.store.head(), checkpoint.size) != checkpoint.root:
        raise Tampered(
            f"the checkpoint of {checkpoint.size:,} entries is not of the entries that are here: two histories",
            "keep the file; ledger verify --checkpoint FILE",
            code="forked",
            check=4,
        )
    own = {(key.name, key.key_id) for one in log_keys.sets for key in one.keys}
    others = [line for line in parsed.signatures if (line.name, line.key_id) not in own]
    good = {(one.key.name, one.key.key_id) for one in cosignatures(parsed, witnesses, _ANY_TIME)}
    _check_known(others, witnesses, good)
    ledger.store.keep_checkpoint(checkpoint.size, note)
    rest = {line.name for line in others if (line.name, line.key_id) not in good}
    return Added(checkpoint.size, tuple(sorted({name for name, _ in good})), tuple(sorted(rest)))


def _check_known(
    lines: Sequence[SignatureLine], witnesses: Sequence[VerifierKey], good: set[tuple[str, bytes]]
) -> None:
    known = {(key.name, key.key_id) for key in witnesses}
    for line in lines:
        if (line.name, line.key_id) in known - good:
            raise Misuse(f"the line of {line.name} is not its signature", "ask the witness again", code="bad_signature")

"""A log's keys over its life: which set signs checkpoints of which size, and how far a verifier may follow (C3).

size            0 .. s        s + 1            s + 2 ..          entry s is `log_key_rotated`
signed by       old           old and new      new               rotation: the hand-over, kept for ever
                old           new              new               recovery: the old key is lost, a quorum spoke
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple, Self

from ledger import encoding
from ledger.encoding import CERTIFICATE_TYPE, b64decode, is_digest
from ledger.errors import Misuse, Tampered
from ledger.genesis import Genesis, Unknown, check_fields, is_text, require
from ledger.keys.credential import Credential, UnknownScheme, verify_signatures
from ledger.notes.checkpoint import Checkpoint, check_signed, parse_checkpoint
from ledger.notes.note import parse_note
from ledger.notes.verifier import VerifierKey

RECOVERED: Final = "log_key_recovered"


class KeySet(NamedTuple):
    """Keys of a log, and the first size that they sign; `seq` is the entry that names them (0: the genesis)."""

    start: int
    keys: tuple[VerifierKey, ...]
    seq: int = 0
    recovered: bool = False


class LogKeys(NamedTuple):
    """The sets in order; never changed in place."""

    sets: tuple[KeySet, ...]

    @classmethod
    def of_genesis(cls, genesis: Genesis) -> Self:
        """Return the one set that a log begins with."""
        return cls((KeySet(0, genesis.log_keys),))

    @property
    def current(self) -> KeySet:
        """The newest set."""
        return self.sets[-1]

    @property
    def handovers(self) -> list[KeySet]:
        """The sets that came by rotation: each needs the checkpoint of exactly its `start`, signed by both."""
        return [one for one in self.sets[1:] if not one.recovered]

    def replaced(self, seq: int, keys: tuple[VerifierKey, ...], *, recovered: bool) -> Self:
        """Return the sets with a new one, named by entry `seq`."""
        return type(self)((*self.sets, KeySet(seq + 1, keys, seq, recovered)))

    def place_of(self, size: int) -> int:
        """Return which set signs checkpoints of a size."""
        return max(at for at, one in enumerate(self.sets) if one.start <= size)

    def signers(self, size: int) -> tuple[KeySet, ...]:
        """Return the sets that must each have signed a checkpoint of a size."""
        at = self.place_of(size)
        one = self.sets[at]
        return (self.sets[at - 1], one) if at and one.start == size and not one.recovered else (one,)

    def known(self, size: int, brought: Sequence[VerifierKey]) -> Sequence[VerifierKey]:
        """Return the keys that sign checkpoints of a size: those of them that were brought, or all if none was."""
        keys = self.sets[self.place_of(size)].keys
        return [key for key in keys if key in brought] or keys

    def open(self, note: bytes, origin: str, brought: Sequence[VerifierKey] = ()) -> Checkpoint:
        """Return the checkpoint in a note, if every set that must have signed it did; `Tampered` otherwise.

        `brought` are the keys that the verifier came with: where a set holds some of them, only those are looked at;
        where no set does, the log is not that of these keys, and they alone can open the note.
        """
        parsed = parse_note(note)
        checkpoint = parse_checkpoint(parsed.text)
        strange = bool(brought) and not any(set(one.keys) & set(brought) for one in self.sets)
        for one in (KeySet(0, tuple(brought)),) if strange else self.signers(checkpoint.size):
            check_signed(parsed, checkpoint, origin, [key for key in one.keys if key in brought] or one.keys)
        return checkpoint

    def out_of_reach(self, brought: Sequence[VerifierKey], sizes: Iterable[int]) -> KeySet | None:
        """Return the first set that a verifier cannot follow to: it came by recovery, after all that is trusted.

        Trusted are the sets with keys that were `brought`; without any, those that signed outside checkpoints of
        `sizes`. Sets below a trusted one are named in what that one sealed; sets above it are reached by hand-overs.
        """
        known = [at for at, one in enumerate(self.sets) if set(one.keys) & set(brought)]
        known = known or ([] if brought else [self.place_of(size) for size in sizes])
        if not known:
            return None
        return next((one for one in self.sets[max(known) + 1 :] if one.recovered), None)


def certificate(leaf: str, old: Iterable[str], new: Iterable[str]) -> bytes:
    """Return the bytes that a recovery's quorum signs, as a certificate: this log, these keys in the place of those."""
    return encoding.encode({"certificate": RECOVERED, "log": leaf, "new": list(new), "old": list(old)})


def check_quorum(said: Any, body: bytes, genesis: Genesis, disowned: frozenset[str]) -> None:
    """Raise `Tampered` unless enough of the genesis's recovery credentials signed `body`: C3, C17 for the form.

    `disowned` credentials do not count. Raises `Unknown` where a signature of a known credential cannot be checked.
    """
    require(isinstance(said, list) and 1 <= len(said) <= 64, "recovery")
    named = {one.id: one for one in genesis.recovery.credentials if one.id not in disowned}
    ids = [_signed(one, body, named) for one in said]
    require(ids == sorted(set(ids)), "recovery: order")
    if len(ids) < genesis.recovery.threshold:
        raise _short(f"{len(ids)} of the {genesis.recovery.threshold} that must sign a recovery did")


def _signed(one: Any, body: bytes, named: dict[str, Credential]) -> str:
    check_fields(one, {"key", "signatures"}, frozenset())
    key, signatures = one["key"], one["signatures"]
    require(is_text(key) and is_digest(key), "recovery: key")
    require(isinstance(signatures, list) and len(signatures) <= 2 and all(map(is_text, signatures)), "recovery")
    credential = named.get(key)
    if credential is None:
        raise _short(f"key {key[:16]} is not one that the genesis names for recovery, or it was compromised")
    try:
        verify_signatures(credential, CERTIFICATE_TYPE, body, [b64decode(text) for text in signatures])
    except UnknownScheme as unknown:
        raise Unknown(f"a recovery is signed by a key of scheme {unknown.scheme}") from None
    except (Tampered, Misuse) as error:
        raise _short(f"key {key[:16]} did not sign this recovery ({error.message})") from None
    return str(key)


def _short(why: str) -> Tampered:
    return Tampered(f"cannot replace the log's key: {why}", "ledger key recover-log", code="quorum", check=3)

"""A checkpoint's two lines, Ed25519 and ML-DSA-44: whether both are there, for the day when one of them has fallen."""

from collections.abc import Sequence
from typing import Final

from ledger.errors import Misuse, Tampered
from ledger.genesis import Genesis
from ledger.notes.note import parse_note, verify_note
from ledger.notes.verifier import ED25519, MLDSA44_COSIGNATURE, VerifierKey
from ledger.policy import Policy

_BOTH: Final = frozenset((ED25519, MLDSA44_COSIGNATURE))


def both_keys(genesis: Genesis, policy: Policy) -> tuple[VerifierKey, ...]:
    """Return the log's keys of both kinds: the policy's, where it has both, else those of the genesis.

    Raises `Misuse` where the policy requires both lines, and nothing of the verifier's vouches for the second key.
    """
    if {key.kind for key in policy.keys} >= _BOTH:
        return policy.keys
    vouched = policy.genesis == genesis.leaf or any(one.genesis == genesis.leaf for one in policy.checkpoints)
    if policy.require == "all" and policy.keys and not vouched:
        raise Misuse(
            "require all needs both of the log's keys, and the policy has one",
            "add its ML-DSA-44 key (ledger show 0 has it), or the genesis's leaf",
            code="require",
        )
    return genesis.log_keys


def bears_both(note: bytes, keys: Sequence[VerifierKey]) -> bool:
    """Whether a note bears a good line of a key of each kind, and no bad one."""
    try:
        return {key.kind for key in verify_note(parse_note(note), keys)} >= _BOTH
    except Tampered:
        return False

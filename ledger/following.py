"""Log keys that were replaced: is each hand-over there, and does what the verifier trusts reach to the newest (C3)."""

from collections.abc import Iterable
from contextlib import suppress

from ledger.errors import LedgerError
from ledger.logkeys import LogKeys
from ledger.notes.checkpoint import parse_checkpoint
from ledger.notes.note import parse_note
from ledger.policy import Policy
from ledger.report import Failure, Missing


def handovers(log_keys: LogKeys, notes: Iterable[bytes]) -> list[Failure]:
    """C3: each set of log keys that came by rotation has its checkpoint, of exactly the size where it took over."""
    sizes = set()
    for note in notes:
        with suppress(LedgerError):
            sizes.add(parse_checkpoint(parse_note(note).text).size)  # one that is not signed by both is named already
    return [
        Failure(
            3,
            "hand_over",
            one.seq,
            f"entry {one.seq} replaces the log's key; no checkpoint of {one.start:,} entries signed by both is kept",
        )
        for one in log_keys.handovers
        if one.start not in sizes
    ]


def out_of_reach(log_keys: LogKeys, policy: Policy, sizes: Iterable[int]) -> list[Missing]:
    """Return what is missing where the log's keys were recovered after all that the verifier trusts.

    `sizes` are those of the checkpoints that it brought.
    """
    beyond = log_keys.out_of_reach(policy.keys, [*sizes, *([0] if policy.genesis else [])])
    if beyond is None:
        return []
    new = beyond.keys[0].text.split("+")[1]
    missing = Missing(
        "log_key",
        beyond.seq,
        f"entry {beyond.seq}: the log's key was lost and replaced by recovery, which your key did not sign; ask by"
        f" another way than this came whether {new} is the new one, then name it",
    )
    return [missing]

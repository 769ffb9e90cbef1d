"""The verifier's side: what is trusted before a log is looked at. Nothing here comes from the log itself."""

from typing import Literal

import msgspec

from ledger.notes.verifier import VerifierKey
from ledger.policy.quorum import Group, Quorum, Witness

__all__ = ["Group", "Policy", "Quorum", "Trusted", "Witness"]


class Trusted(msgspec.Struct, frozen=True):
    """A checkpoint from outside the log (a signed note), where it came from, and since when it is known (or "").

    Of a pin: `first_use`, when it was first made, if that was on first use (it says nothing of the time before);
    `tail`, place and leaf (hex) of the newest entry that was seen beyond the checkpoint.
    """

    note: bytes
    source: str
    kind: str = "checkpoint"
    time: str = ""
    genesis: str = ""
    first_use: str = ""
    tail: tuple[int, str] | None = None


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Keys, genesis leaf (hex) and checkpoints that a verifier brought, each with its source for the report.

    `require`: "any" takes a checkpoint with one good line of the log, "all" demands Ed25519 and ML-DSA-44 under every
    kept one. `quorum`: the witnesses that must have cosigned one. `least_size`: with fewer sealed entries it is an old
    copy. `least_date` (27 characters): what evidence from outside must reach. `tsa_roots`: PEM texts of time-stamping
    authorities' roots, and revocation lists. `now`: the verifier's clock (27 characters), for what is overdue or ahead
    of it; "" judges none of that.

    Empty: the log is judged by itself, and the verdict is UNPINNED at best.
    """

    keys: tuple[VerifierKey, ...] = ()
    key_source: str = ""
    genesis: str = ""
    genesis_source: str = ""
    origin: str = ""
    checkpoints: tuple[Trusted, ...] = ()
    require: Literal["any", "all"] = "any"
    quorum: Quorum | None = None
    least_size: int = 0
    least_date: str = ""
    tsa_roots: tuple[bytes, ...] = ()
    now: str = ""

"""The verifier's side: what is trusted before a log is looked at. Nothing here comes from the log itself."""

import msgspec

from ledger.notes.verifier import VerifierKey


class Trusted(msgspec.Struct, frozen=True):
    """A checkpoint from outside the log (a signed note), where it came from, and since when it is known (or "")."""

    note: bytes
    source: str
    kind: str = "checkpoint"
    time: str = ""
    genesis: str = ""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Keys, genesis leaf (hex) and checkpoints that a verifier brought, each with its source for the report.

    Empty: the log is judged by itself, and the verdict is UNPINNED at best.
    """

    keys: tuple[VerifierKey, ...] = ()
    key_source: str = ""
    genesis: str = ""
    genesis_source: str = ""
    origin: str = ""
    checkpoints: tuple[Trusted, ...] = ()

"""What can go wrong, cut by whose fault it is.

    LedgerError
    +-- Misuse        the caller's: an invalid event, an unknown type, a bad file. Nothing was written.      exit 2
    +-- Tampered      the keeper's: the bytes are not what was signed. Carries the report, if there is one.  exit 3
    +-- Conflict      another writer's: someone wrote first, or the same id came with other bytes.           exit 4
    +-- Unavailable   the machine's: store, disk, network. Says whether anything was recorded.               exit 4

Every error says what and where (its message) and what to do (`fix`). `code` is a stable word for programs.
"""

from typing import ClassVar, Literal

Outcome = Literal["not recorded", "unknown"]


class LedgerError(Exception):
    """The root: `message` (what, where), `fix` (what to do), `code` (a stable word).

    `draft`: the id under which the fields of an event that was refused are kept ("": they are not).
    """

    exit_code: ClassVar[int] = 2
    kind: ClassVar[str] = "error"

    def __init__(self, message: str, fix: str = "", *, code: str = "", where: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.code = code or self.kind
        self.where = where
        self.draft = ""

    def __str__(self) -> str:
        lines = [self.message]
        if self.fix:
            lines.append(f"  fix: {self.fix}")
        if self.draft:
            lines.append(f"  kept as a draft: ledger record --draft {self.draft}")
        return "\n".join(lines)


class Misuse(LedgerError):
    """The caller asked for something that cannot be; nothing was written."""

    exit_code = 2
    kind = "misuse"


class Tampered(LedgerError):
    """Bytes are not what was signed, or not in the one form.

    `check` is the number of the rule in FORMAT.md section 12 (0 where no list was being worked through), `seq` the
    entry it was found at (-1: none), `report` the whole report where a verification raised it.
    """

    exit_code = 3
    kind = "tampered"

    def __init__(
        self,
        message: str,
        fix: str = "",
        *,
        code: str = "",
        where: str = "",
        check: int = 0,
        seq: int = -1,
        report: object = None,
    ) -> None:
        super().__init__(message, fix, code=code, where=where)
        self.check = check
        self.seq = seq
        self.report = report


class Conflict(LedgerError):
    """Someone else wrote first, or the same id came with other bytes; nothing of this call was written."""

    exit_code = 4
    kind = "conflict"


class Unavailable(LedgerError):
    """Store, disk or network did not do its part. A retry with the same id is always safe.

    `outcome` is "not recorded", or "unknown" where a commit was asked for and its answer never came.
    """

    exit_code = 4
    kind = "unavailable"

    def __init__(
        self,
        message: str,
        fix: str = "",
        *,
        code: str = "",
        where: str = "",
        outcome: Outcome = "not recorded",
    ) -> None:
        super().__init__(message, fix, code=code, where=where)
        self.outcome: Outcome = outcome


class Withheld(Unavailable):
    """A file of a published log that its checkpoint implies is not there; `seq` is the first entry in it (-1: none).

    What it holds can be neither proven nor refuted: a verification ends UNVERIFIABLE.
    """

    def __init__(self, message: str, fix: str = "", *, code: str = "", seq: int = -1) -> None:
        super().__init__(message, fix, code=code)
        self.seq = seq

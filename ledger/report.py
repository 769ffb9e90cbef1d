"""What a verification found, and what it did not prove (FORMAT.md sections 12 and 13)."""

from collections.abc import Iterable
from typing import Any, Final, Literal, NamedTuple

import msgspec

Verdict = Literal["VERIFIED", "UNPINNED", "UNVERIFIABLE", "BROKEN"]

EXIT_CODES: Final[dict[Verdict, int]] = {"VERIFIED": 0, "BROKEN": 3, "UNVERIFIABLE": 5, "UNPINNED": 5}


class Failure(NamedTuple):
    """A check that failed: its number, a stable word, the entry (-1: none in particular), what and where."""

    check: int
    code: str
    seq: int
    message: str


class Missing(NamedTuple):
    """Something needed that is not known here: it makes UNVERIFIABLE."""

    code: str
    seq: int
    message: str


class Finding(NamedTuple):
    """Something to know that changes no verdict."""

    code: str
    seq: int
    message: str


class Voucher(NamedTuple):
    """What outside the log vouches for it: `kind` is key, genesis, pin, checkpoint or witness; size -1: names no end.

    `time` (27 characters, or ""): since when it is known; of witnesses, by when enough had cosigned, and
    `names`: which did. `first_use`: when a pin was first made, if nobody gave it: nothing is known of the time before.
    """

    kind: str
    source: str
    size: int
    time: str
    names: tuple[str, ...] = ()
    first_use: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON; what it does not say has no key."""
        return {name: value for name, value in self._asdict().items() if value not in ("", -1, ())}


class Existed(NamedTuple):
    """Outside evidence of time: the first `size` entries existed by `time`; those from `after` on are no older.

    `kind` is token, pin or witness, `source` who says so; `after` is -1 where it bounds no entry from below.
    """

    kind: str
    source: str
    size: int
    time: str
    after: int


class Touched(NamedTuple):
    """An entry that rests on one that failed."""

    seq: int
    type: str
    actor: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A verification's outcome. `checked` of `size` entries were read; `covered` is the size of the newest checkpoint.

    `sound_before`: entries below it are the bytes that were sealed, as far as could be told (size if all are).
    `omitted`: entries that a partial bundle left out: nothing is said of what they say. `hybrid`: the size to which a
    checkpoint bears the log's ML-DSA-44 line too: that far the log outlives Ed25519. `since`: entries below it were
    checked before, and are the same by a proof; `acts`: the entries that change who may say what.
    """

    origin: str
    size: int
    checked: int
    covered: int
    root: str
    verdict: Verdict
    failures: tuple[Failure, ...] = ()
    missing: tuple[Missing, ...] = ()
    findings: tuple[Finding, ...] = ()
    touched: tuple[Touched, ...] = ()
    vouchers: tuple[Voucher, ...] = ()
    sound_before: int = 0
    log_key: str = ""
    oldest_uncovered: str = ""
    times: tuple[Existed, ...] = ()
    omitted: int = 0
    hybrid: int = 0
    since: int = 0
    acts: tuple[int, ...] = ()

    @property
    def exit_code(self) -> int:
        """What a command ends with: 0 verified, 3 broken, 5 not proven."""
        return EXIT_CODES[self.verdict]

    def to_json(self) -> dict[str, Any]:
        """Return the document `ledger.verify/1`."""
        return {
            "schema": "ledger.verify/1",
            "verdict": self.verdict.lower(),
            "origin": self.origin,
            "size": self.size,
            "root": f"sha256:{self.root}" if self.root else "",
            "checked": self.checked,
            "since": self.since,
            "omitted": self.omitted,
            "covered": self.covered,
            "uncovered": self.size - self.covered,
            "sound_before": self.sound_before,
            "log_key": self.log_key,
            "hybrid": self.hybrid,
            "times": [one._asdict() for one in self.times],
            "vouched_by": [voucher.to_json() for voucher in self.vouchers],
            "failures": [failure._asdict() for failure in self.failures],
            "touches": [touched._asdict() for touched in self.touched],
            "missing": [one._asdict() for one in self.missing],
            "findings": [one._asdict() for one in self.findings],
            "proven": list(self.proven),
            "not_proven": list(self.not_proven),
        }

    @property
    def proven(self) -> tuple[str, ...]:
        """What holds, in stable words."""
        if self.verdict == "BROKEN":
            return (f"entries_before_{self.sound_before}",) if self.sound_before else ()
        words = ["entries_unchanged", "authors_signed", "roles_held"]
        return tuple(words) if self.verdict == "UNVERIFIABLE" else (*words, *_vouched(self.vouchers))

    @property
    def not_proven(self) -> tuple[str, ...]:
        """What does not follow, in stable words."""
        seen = any(voucher.kind == "witness" for voucher in self.vouchers)
        words = (*NOT_PROVEN, "left_out") if self.omitted else NOT_PROVEN
        return tuple(word for word in words if not (seen and word == "same_view"))


NOT_PROVEN: Final = ("truth", "completeness", "same_view", "time")


def _vouched(vouchers: Iterable[Voucher]) -> list[str]:
    ends = [voucher.size for voucher in vouchers if voucher.size >= 0]
    seen = [voucher.size for voucher in vouchers if voucher.kind == "witness"]
    words = ["log_key"] if any(voucher.kind == "key" for voucher in vouchers) else []
    words += [f"end_at_{max(ends)}"] if ends else []
    return words + ([f"same_view_to_{max(seen)}"] if seen else [])


def judge(failures: Iterable[Failure], missing: Iterable[Missing], vouchers: Iterable[Voucher]) -> Verdict:
    """Return the worst verdict that holds, in the order of FORMAT.md section 13."""
    if any(True for _ in failures):
        return "BROKEN"
    if any(True for _ in missing):
        return "UNVERIFIABLE"
    return "VERIFIED" if any(True for _ in vouchers) else "UNPINNED"

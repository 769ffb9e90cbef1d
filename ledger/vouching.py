"""Every checkpoint under the verifier's policy: who sealed it (C2, C3), and who outside the log vouches for it (C4)."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from ledger import entry
from ledger.assembly import Sealed
from ledger.encoding import parse_time, time_text
from ledger.errors import Misuse, Tampered
from ledger.following import handovers, out_of_reach
from ledger.hybrid import bears_both, both_keys
from ledger.notes.checkpoint import Checkpoint
from ledger.notes.merging import Cosigned, cosignatures
from ledger.notes.note import Note, parse_note
from ledger.notes.verifier import VerifierKey
from ledger.policy import Policy, Quorum
from ledger.report import Existed, Failure, Missing, Voucher
from ledger.store import Head, Store
from ledger.trust import Trust

CLOCK_SECONDS: Final = 300  # how far a witness's clock may be ahead of the verifier's
_ANY_TIME: Final = 2**63 - 1
_LAST: Final = 253_402_300_799  # POSIX seconds of the year 9999's end


class Opened(NamedTuple):
    """A checkpoint with a good signature of the log, whether it is signed by both its keys, and where it came from."""

    checkpoint: Checkpoint
    hybrid: bool
    note: Note
    source: str
    newest: bool


class Sealing:
    """What the checkpoints say: `sealed` for C9 and C4, `covered` entries, what failed and what is missing."""

    def __init__(self, kept: list[bytes], head: Head, trust: Trust, policy: Policy) -> None:
        self.failures: list[Failure] = []
        self.missing: list[Missing] = []
        self._policy = policy
        self._log_keys = trust.log_keys
        self._both = both_keys(trust.genesis, policy)
        self._newest_word = 0
        opened = self._open_all(kept, head, trust.genesis.origin)
        self._check_require(opened, head)
        own = [one.checkpoint.size for one in opened if not one.source and self._seals(one)]
        self.covered = max(own, default=0)
        self._check_least(max((one.checkpoint.size for one in opened if not one.source), default=0))
        self.sealed = [self._sealed(one) for one in opened] + self._witnessed(opened)

    def _open_all(self, kept: list[bytes], head: Head, origin: str) -> list[Opened]:
        own = [("", note, note is head.note) for note in (*kept, head.note) if note]
        brought = [(one.source, one.note, False) for one in self._policy.checkpoints]
        opened, covered = [], head.covered if head.note else 0
        for source, data, newest in own + brought:
            try:
                checkpoint, note = self._log_keys.open(data, origin, self._policy.keys), parse_note(data)
            except (Tampered, Misuse) as error:
                check = 3 if error.code in ("bad_signature", "unsigned") else 2
                self._fail(check, error.code, f"{source or 'a kept checkpoint'}: {error.message}")
                continue
            if newest:
                covered = checkpoint.size
            hybrid = bears_both(data, self._log_keys.known(checkpoint.size, self._both))
            opened.append(Opened(checkpoint, hybrid, note, source, newest))
        if head.covered != covered:
            self._fail(9, "head", "the stored head is not of the size that its checkpoint has")
        self.failures += handovers(self._log_keys, [data for _, data, _ in own + brought])
        sizes = [one.checkpoint.size for one in opened if one.source]
        self.missing += out_of_reach(self._log_keys, self._policy, sizes)
        return opened

    # ---- C3: both keys, where the policy wants them ----

    def _seals(self, one: Opened) -> bool:
        return self._policy.require == "any" or one.hybrid

    def _check_require(self, opened: list[Opened], head: Head) -> None:
        """What is kept or handed over was closed with both keys; the newest may not be yet, and then seals nothing."""
        if self._policy.require == "any":
            return
        pins = {one.source for one in self._policy.checkpoints if one.kind == "pin"}
        for one in opened:
            if not (one.newest or one.source in pins or self._seals(one)):
                what = f"{one.source or 'a kept checkpoint'} of {one.checkpoint.size:,} entries"
                self._fail(3, "not_all", f"{what} lacks a line of the log's (require all)")
        if head.size and not any(self._seals(one) for one in opened if not one.source):
            self._fail(3, "not_all", "no checkpoint is signed by both of the log's keys (require all)")

    # ---- C4 ----

    def _check_least(self, size: int) -> None:
        if size < self._policy.least_size:
            wanted, source = self._policy.least_size, self._policy.key_source
            self.failures.append(
                Failure(4, "shrunk", size, f"{source} wants {wanted:,} sealed entries or more, here are {size:,}")
            )

    def _sealed(self, one: Opened) -> Sealed:
        trusted = next((given for given in self._policy.checkpoints if given.source == one.source), None)
        if trusted is None:
            return Sealed(one.checkpoint, None, one.hybrid)
        voucher = Voucher(trusted.kind, one.source, one.checkpoint.size, trusted.time, first_use=trusted.first_use)
        return Sealed(one.checkpoint, voucher, hybrid=False)

    def _witnessed(self, opened: list[Opened]) -> list[Sealed]:
        """The newest checkpoint that enough witnesses cosigned, if any; what is asked for and not there is missing."""
        quorum, latest = self._policy.quorum, _latest(self._policy.now)
        if quorum is None:
            return []
        best: tuple[Opened, tuple[str, ...]] | None = None
        for one in sorted(opened, key=lambda one: -one.checkpoint.size):
            if not self._seals(one):
                continue
            lines = cosignatures(one.note, quorum.keys, latest)
            if quorum.is_met(line.key for line in lines):
                self._newest_word = quorum.met_since(lines)
                return [Sealed(one.checkpoint, _voucher(one, quorum, lines), hybrid=False)]
            names = quorum.names(lines)
            if best is None or len(names) > len(best[1]):
                best = one, names
        self.missing.append(Missing("quorum", -1, _too_few(quorum, best)))
        return []

    def check_date(self, times: Iterable[Existed]) -> list[Missing]:
        """Return what is missing where no evidence from outside reaches the policy's date."""
        wanted = self._policy.least_date
        newest = max(
            [one.time for one in times] + ([_time(self._newest_word)] if self._newest_word else []), default=""
        )
        if newest >= wanted:
            return []
        reaches = f"reaches {newest[:10]}" if newest else "names no time"
        what = f"the policy wants evidence of {wanted[:10]} or later; what is here {reaches}"
        return [Missing("date", -1, what)]

    def _fail(self, check: int, code: str, message: str) -> None:
        self.failures.append(Failure(check, code, -1, message))


def check_tails(store: Store, policy: Policy) -> list[Failure]:
    """C4: the newest entry that a pin has seen beyond its checkpoint is where it was, and by `prev` all before it."""
    failures = []
    for one in policy.checkpoints:
        if one.tail is None:
            continue
        seq, leaf = one.tail
        try:
            found = entry.leaf(store.read(seq)).hex()
        except Misuse:
            found = ""
        if found != leaf:
            what = "is not the one that was placed there" if found else "is missing, though it was placed"
            failures.append(Failure(4, "tail", seq, f"entry {seq} {what}: {one.source} has seen it"))
    return failures


def vouch_note(
    data: bytes, checkpoint: Checkpoint, policy: Policy, both: Sequence[VerifierKey]
) -> tuple[list[Voucher], list[Missing]]:
    """Return who vouches for one checkpoint whose log signature is good, and what the policy misses under it (R2).

    Raises `Tampered` (C3) where the policy requires `both` of the log's keys, and one did not sign.
    """
    if policy.require == "all" and not bears_both(data, both):
        raise Tampered("its checkpoint lacks a line of the log's (require all)", code="not_all", check=3)
    if policy.quorum is None:
        return [], []
    one = Opened(checkpoint, False, parse_note(data), "", newest=True)
    lines = cosignatures(one.note, policy.quorum.keys, _latest(policy.now))
    if policy.quorum.is_met(line.key for line in lines):
        return [_voucher(one, policy.quorum, lines)], []
    return [], [Missing("quorum", -1, _too_few(policy.quorum, (one, policy.quorum.names(lines))))]


def _voucher(one: Opened, quorum: Quorum, lines: list[Cosigned]) -> Voucher:
    names = quorum.names(lines)
    time = _time(quorum.met_by(lines))
    who = quorum.words if names == (quorum.needed,) else f"{quorum.words} ({', '.join(names)})"
    return Voucher("witness", who, one.checkpoint.size, time, names)


def _too_few(quorum: Quorum, best: tuple[Opened, tuple[str, ...]] | None) -> str:
    if best is None or not best[1]:
        return f"the policy wants {quorum.words}; none of them cosigned a checkpoint that is here"
    one, names = best
    return f"the policy wants {quorum.words}; of size {one.checkpoint.size:,} only {', '.join(names)} cosigned"


def _latest(now: str) -> int:
    return int(parse_time(now).timestamp()) + CLOCK_SECONDS if now else _ANY_TIME


def _time(seconds: int) -> str:
    return time_text(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=min(seconds, _LAST)))

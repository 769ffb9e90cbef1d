"""Every check of FORMAT.md section 12 over a whole log, as a numbered list, in constant memory.

    1  the container            C1, C6, C11                        5  roots and stored hashes     C9, C4
    2  the genesis              C10                                6  who may say what            C12, C13, C16, C17
    3  every checkpoint         C2, C3                             7  disclosures, time-stamps    C20, C22
    4  the entries, in ranges   C5-C8, C14, C15, C18, C19, C22     8  the tail, the verdict       C23

(C19's four eyes, where a policy asks for them, belong to 6.)

A failure of 1 or 2 ends the work: nothing after it would mean anything. After another one it goes on and gathers.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from ledger import entry
from ledger.assembly import Assembly
from ledger.cycles import no_search
from ledger.disclosures import check_disclosures, withheld
from ledger.errors import Misuse, Tampered, Withheld
from ledger.foresight import foresee, stored
from ledger.genesis import Genesis, read_genesis
from ledger.grants import Doubt
from ledger.parts import Known, Part
from ledger.policy import Policy
from ledger.ranges import RangeCheck
from ledger.report import Existed, Failure, Finding, Missing, Report, Verdict, Voucher, judge
from ledger.scan import START
from ledger.store import Head, Opener, Store
from ledger.tokens.judge import judge_anchors, notes_of
from ledger.touched import blame, rests_on
from ledger.trust import Trust
from ledger.vouching import Sealing, check_tails

if TYPE_CHECKING:
    from concurrent.futures import Executor

RANGE: Final = 16_384  # entries in a range
Progress = Callable[[int, int], None]
"""Called with entries done and entries in all."""


def verify_log(
    store: Store,
    policy: Policy | None = None,
    *,
    processes: int = 1,
    executor: "Executor | None" = None,
    opener: Opener | None = None,
    progress: Progress | None = None,
    partial: bool = False,
) -> Report:
    """Run all checks and report. On `processes`, or by workers of `executor`, each through `opener(store.place)`.

    `partial`: some entries are left out, and rows hold their leaves (`ledger.omitted`): what needs them is not judged.
    Raises `Misuse` where `store` is no ledger and `Unavailable` where it cannot be read; what is wrong with the log
    itself is in the report.
    """
    policy = policy or Policy()
    head = Head(0, b"", b"", 0, b"")
    try:
        store.check_container()  # 1
        kept = [note for _, note in store.checkpoints()]  # before the head: what comes meanwhile is above it
        kept += [note for note in notes_of(store) if note not in kept]
        head = store.head()
        genesis = genesis_of(store, policy)  # 2
        trust = Trust.of_genesis(genesis)
        trust.reserve(key.public for key in (policy.quorum.keys if policy.quorum else ()))
    except Tampered as error:
        return _stopped(head, policy, "BROKEN", failures=(_failure(error),))
    except Withheld as error:
        return _stopped(head, policy, "UNVERIFIABLE", missing=(Missing(error.code, error.seq, error.message),))
    except Misuse as error:
        if error.code != "newer_genesis":
            raise
        return _later_genesis(store, head, policy, error)
    failures: list[Failure] = []
    foreseen, known = foresee(genesis, stored(store.authority(), store.read), store.find, store.read)
    known = known._replace(partial=partial)
    sealing = Sealing(kept, head, foreseen, policy)  # 3
    missing = _container(store, failures)  # 1, the part after which the work goes on
    assembly = Assembly(store, trust, {one.checkpoint.size for one in sealing.sealed})
    vouchers: list[Voucher] = []
    times: list[Existed] = []
    try:
        with no_search():
            for part in _parts(store, head.size, known, processes, opener, executor):  # 4
                assembly.take(part)
                if progress is not None:
                    progress(part.stop, head.size)
        vouchers = assembly.finish(head, sealing.sealed)  # 5, 6
        times += _beside(store, policy, assembly)  # 7
    except Tampered as error:  # what cannot be read ends the work, and its place is known
        failures.append(_failure(error))
    except Withheld as error:
        missing.append(Missing(error.code, error.seq, error.message))
    assembly.failures += sealing.failures + failures
    assembly.findings += _doubtful(known.doubts, assembly)
    times += [_seen(one) for one in vouchers if one.time]
    missing += sealing.check_date(times)
    report = report_of(store, head, genesis, policy, assembly, sealing, vouchers, missing)  # 8
    hybrid = max((one.checkpoint.size for one in sealing.sealed if one.hybrid), default=0)
    return msgspec.structs.replace(report, times=tuple(times), hybrid=0 if report.failures else hybrid)


def _beside(store: Store, policy: Policy, assembly: Assembly) -> list[Existed]:
    """Judge what is kept beside the entries, values of sealed fields and time-stamps; return what existed by when."""
    opened = check_disclosures(store, assembly.erased)
    stamped = judge_anchors(store, policy)
    assembly.failures += check_tails(store, policy)
    assembly.failures += opened.failures + stamped.failures
    assembly.findings += opened.findings + withheld(store, assembly.sealed, opened, assembly.erased)
    assembly.findings += stamped.findings
    return stamped.existed


def _failure(error: Tampered) -> Failure:
    return Failure(error.check, error.code, error.seq, error.message)


# ---- 1, 2, 3 ----


def _container(store: Store, failures: list[Failure]) -> list[Missing]:
    missing = []
    for check in (store.check_guards, store.check_ids):
        try:
            check()
        except Tampered as error:
            failures.append(_failure(error))
        except Withheld as error:
            missing.append(Missing(error.code, error.seq, error.message))
    return missing


def genesis_of(store: Store, policy: Policy) -> Genesis:
    """Return what entry 0 says; raise `Tampered` (C10) where it is none, or not the one of the policy."""
    try:
        data = store.read(0)
    except Misuse:
        raise Tampered("there is no entry 0", code="genesis", check=10, seq=0) from None
    leaf = entry.leaf(data).hex()
    try:
        fields = entry.read(data).fields
    except Tampered as error:
        raise Tampered(f"entry 0 is {error.message}", code=error.code, check=5, seq=0) from None
    genesis = read_genesis(fields["statement"], leaf)
    for wanted, source in (
        (policy.genesis, policy.genesis_source),
        *((one.genesis, one.source) for one in policy.checkpoints),
    ):
        if wanted and wanted != leaf:
            raise Tampered(
                f"entry 0 is {leaf[:16]}, {source} says {wanted[:16]}: another log",
                code="other_genesis",
                check=10,
                seq=0,
            )
    if policy.origin and policy.origin != genesis.origin:
        raise Tampered(
            f"this log is {genesis.origin}, not {policy.origin}", "name the other file", code="origin", check=10, seq=0
        )
    return genesis


def _seen(voucher: Voucher) -> Existed:
    """Return what a pin or witnesses say of time: the log was seen at that size, and what came later was not there."""
    return Existed(voucher.kind, voucher.source, voucher.size, voucher.time, voucher.size)


# ---- 4 ----


def _parts(
    store: Store, size: int, known: Known, processes: int, opener: Opener | None, executor: "Executor | None"
) -> Iterator[Part]:
    many = executor is not None or processes > 1
    if many and opener is not None and size > RANGE and not known.partial:
        from ledger.spread import spread

        return spread(store, size, known, RANGE, opener, processes, executor)
    return RangeCheck(0, START, known).parts(store.triples(0, size), RANGE)


def _doubtful(doubts: dict[str, Doubt], assembly: Assembly) -> list[Finding]:
    """Name each revoked key of which something is doubtful; its approvals and the like are named one by one already."""
    findings = []
    for key, span in assembly.doubtful.items():
        doubt = doubts[key]
        where = f"entry {span.first}" if span.first == span.last else f"entries {span.first} to {span.last}"
        message = f"what {doubt.handle}'s key {key[:16]} signed since {doubt.since} is doubtful, not void: see {where}"
        findings.append(Finding("compromised", doubt.seq, f"entry {doubt.seq}, recorded {doubt.recorded}: {message}"))
    return findings


def _continues(genesis: Genesis) -> list[Finding]:
    """Name the log that this one takes up: what came before is there, and nowhere here."""
    if genesis.continues is None:
        return []
    before = genesis.continues.checkpoint
    message = (
        f"this log takes up {before.origin} after a loss, from its first {before.size:,} entries on: judge that, too"
    )
    return [Finding("continues", 0, f"entry 0: {message}")]


# ---- 8 ----


def report_of(
    store: Store,
    head: Head,
    genesis: Genesis,
    policy: Policy,
    assembly: Assembly,
    sealing: Sealing,
    vouchers: Sequence[Voucher],
    withheld: list[Missing],
) -> Report:
    """Put together what was found: the verdict, who vouches, and how far the log is covered."""
    keys = [Voucher("key", policy.key_source, -1, "")] if policy.keys else []
    if policy.genesis:
        keys.append(Voucher("genesis", policy.genesis_source, -1, ""))
    failures = blame(assembly.failures)
    checked = [*keys, *vouchers]
    missing = withheld + assembly.missing + sealing.missing
    covered = min(sealing.covered, head.size) if policy.require == "all" else min(head.covered, head.size)
    uncovered = head.size > covered
    return Report(
        origin=genesis.origin,
        size=head.size,
        checked=assembly.size,
        covered=covered,
        root=assembly.root.hex(),
        verdict=judge(failures, missing, checked),
        failures=tuple(failures),
        missing=tuple(dict.fromkeys(missing)),
        findings=(*_continues(genesis), *sorted(assembly.findings, key=lambda one: one.seq)),
        touched=rests_on(store, failures, head.size),
        vouchers=tuple(checked),
        sound_before=min((failure.seq for failure in failures if failure.seq >= 0), default=assembly.sound(failures)),
        log_key=assembly.trust.log_keys.current.keys[0].text,
        oldest_uncovered=_recorded(store, covered) if uncovered and not failures else "",
        acts=assembly.acts,
    )


def _recorded(store: Store, seq: int) -> str:
    try:
        return entry.view(store.read(seq)).recorded
    except Tampered:  # it is left out of a partial bundle
        return ""


def _later_genesis(store: Store, head: Head, policy: Policy, error: Misuse) -> Report:
    """C17, if entry 0 is what the log was built on; else it was changed to look like a later release's."""
    leaf = entry.leaf(store.read(0))
    try:
        following = entry.view(store.read(1)).prev if head.size > 1 else head.last.hex()
    except Tampered:  # it cannot say
        following = leaf.hex()
    wanted = {following, *([policy.genesis] if policy.genesis else ()), *(one.genesis for one in policy.checkpoints)}
    if wanted - {leaf.hex(), ""}:
        changed = Failure(7, "changed", 0, f"entry 0 is not the bytes that the log was built on ({error.message})")
        return _stopped(head, policy, "BROKEN", failures=(changed,))
    return _stopped(head, policy, "UNVERIFIABLE", missing=(Missing(error.code, 0, error.message),))


def _stopped(
    head: Head,
    policy: Policy,
    verdict: Verdict,
    failures: tuple[Failure, ...] = (),
    missing: tuple[Missing, ...] = (),
) -> Report:
    return Report(
        origin=policy.origin,
        size=head.size,
        checked=0,
        covered=head.covered,
        root="",
        verdict=verdict,
        failures=failures,
        missing=missing,
    )

"""Four eyes: who approved what they had made themselves, or what was made by those who brought them in (FORMAT 8, C19).

Makers of a digest set are the actors of entries before the approval: who trained it (or a part of it that was trained
by itself), who evaluated it, who asked for its approval. Names of actors are compared; that two of them are two people
is the administrator's word, which is why those who introduced an approver are looked at too.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from ledger import entry
from ledger.errors import LedgerError, Tampered
from ledger.report import Failure, Finding
from ledger.store import Row
from ledger.trust import Trust

MAKERS: Final = {"trained": "trained", "evaluated": "evaluated", "approval_requested": "asked for"}
_MAKER: Final = re.compile(b'"type":"(?:%b)"' % "|".join(MAKERS).encode())

Things = frozenset[tuple[str, str]]
"""What an approval is about: the (name, digest) pairs of a set; a document is the one pair ("", its label)."""


class Approval(NamedTuple):
    """An approval, in or for entry `seq`: what it is about, who brought its author in, what becomes of own work."""

    seq: int
    actor: str
    about: Things
    brought_in_by: tuple[str, ...]
    policy: str


class Breach(NamedTuple):
    """An approval of what `maker` made in entry `made`; `maker` is its author, or who brought the author in."""

    approval: Approval
    maker: str
    made: int
    kind: str

    @property
    def own(self) -> bool:
        """Whether the author approved own work."""
        return self.maker == self.approval.actor

    @property
    def message(self) -> str:
        """What is wrong, as it is said of the approval's entry."""
        did = f"{MAKERS[self.kind]} this in entry {self.made}"
        if self.own:
            return f"approved by {self.approval.actor}, who {did}: not four eyes"
        return f"approved by {self.approval.actor}, whom {self.maker} brought in, who {did}: four eyes on one word"


def about(subject: dict[str, Any]) -> Things:
    """Return what the subject of a statement names."""
    artifacts = subject.get("artifacts")
    if artifacts:
        return frozenset(artifacts.items())
    return frozenset({("", subject["document"])}) if "document" in subject else frozenset()


def approval_of(trust: Trust, seq: int, said: dict[str, Any]) -> Approval | None:
    """Return an `approved` as what is judged here; None where no policy asks."""
    policy = trust.four_eyes_for(said["subject"].get("system"), seq)
    if policy == "off":
        return None
    brought_in_by = trust.holders.brought_in_by(said["actor"], said["key"], seq)
    return Approval(seq, said["actor"], about(said["subject"]), brought_in_by, policy)


def breaches(rows: Iterable[Row], approvals: Sequence[Approval]) -> list[Breach]:
    """Look through entries for the makers of what was approved; entries that cannot be read are passed over."""
    made: dict[Things, dict[str, tuple[int, str]]] = {one.about: {} for one in approvals}
    holding: dict[tuple[str, str], list[Things]] = {}
    for things in made:
        for pair in things:
            holding.setdefault(pair, []).append(things)
    for row in rows:
        if not _MAKER.search(row.data):
            continue
        try:
            said = entry.view(row.data).statement
        except LedgerError:
            continue
        if said.type in MAKERS and (named := about(said.subject)):
            for things in holding.get(min(named), ()):
                if named == things or (said.type == "trained" and named <= things):
                    made[things].setdefault(said.actor, (row.seq, said.type))
    return [
        Breach(one, maker, *made[one.about][maker])
        for one in approvals
        for maker in dict.fromkeys((one.actor, *one.brought_in_by))
        if maker in made[one.about] and made[one.about][maker][0] < one.seq
    ]


def refuse_own_work(rows: Iterable[Row], approval: Approval) -> None:
    """Raise `Tampered` (C19) where the policy refuses approvals of own work, and this is one."""
    if approval.policy != "refusal":
        return
    for breach in breaches(rows, [approval]):
        if breach.own:
            raise Tampered(breach.message, "somebody else approves", code="four_eyes", check=19)


def told(found: Iterable[Breach]) -> tuple[list[Failure], list[Finding]]:
    """Return breaches as a verification reports them: C19 where the policy refuses own work, findings otherwise."""
    failures, findings = [], []
    for one in found:
        seq, message = one.approval.seq, f"entry {one.approval.seq}: {one.message}"
        if one.own and one.approval.policy == "refusal":
            failures.append(Failure(19, "four_eyes", seq, message))
        else:
            findings.append(Finding("four_eyes", seq, message))
    return failures, findings

"""Which witnesses, and how many of them, must have cosigned (c2sp.org/tlog-policy: witness, group, quorum)."""

from collections.abc import Iterable, Mapping
from typing import Self

import msgspec

from ledger.errors import Misuse
from ledger.notes.merging import WITNESS_KINDS, Cosigned
from ledger.notes.verifier import VerifierKey


class Witness(msgspec.Struct, frozen=True):
    """A witness under the name that the policy gives it; `url` is where it is asked, if anywhere."""

    name: str
    key: VerifierKey
    url: str = ""


class Group(msgspec.Struct, frozen=True):
    """`needed` of the `members`, which are witnesses or groups, must have cosigned."""

    name: str
    needed: int
    members: tuple[str, ...]


class Quorum(msgspec.Struct, frozen=True):
    """Witnesses, groups in the order of their definition, and the name of the one that must hold."""

    witnesses: tuple[Witness, ...]
    groups: tuple[Group, ...]
    needed: str

    @classmethod
    def of(cls, needed: int, witnesses: Mapping[str, VerifierKey]) -> Self:
        """`needed` of these witnesses, each by the name it is given here. Raises Misuse for what cannot be."""
        made = cls(
            tuple(Witness(name, key) for name, key in witnesses.items()),
            (Group("quorum", needed, tuple(witnesses)),),
            "quorum",
        )
        made.check()
        return made

    def check(self) -> None:
        """Raise Misuse unless each key is a witness's and stands once, and each group is possible and defined."""
        seen: set[bytes] = set()
        for witness in self.witnesses:
            if witness.key.kind not in WITNESS_KINDS:
                raise _wrong(f"the key of {witness.name} is no witness's (types 0x04 and 0x06)")
            if witness.key.public in seen:
                raise _wrong(f"the key of {witness.name} stands under two names: it is one witness")
            seen.add(witness.key.public)
        named = [witness.name for witness in self.witnesses]
        taken: set[str] = set()
        for group in self.groups:
            self._check_group(group, named, taken)
            named.append(group.name)
        if len(set(named)) != len(named):
            raise _wrong("two witnesses or groups have one name")
        if self.needed not in named:
            raise _wrong(f"the quorum {self.needed!r} is no witness or group that was defined")

    def _check_group(self, group: Group, named: list[str], taken: set[str]) -> None:
        for member in group.members:
            if member not in named:
                raise _wrong(f"group {group.name} names {member!r}, which was not defined above it")
            if member in taken:
                raise _wrong(f"{member!r} is a member twice: of one group, once")
            taken.add(member)
        if not 1 <= group.needed <= len(group.members):
            raise _wrong(f"group {group.name} wants {group.needed} of {len(group.members)} members")

    @property
    def keys(self) -> tuple[VerifierKey, ...]:
        """Every witness's key."""
        return tuple(witness.key for witness in self.witnesses)

    def is_met(self, signed: Iterable[VerifierKey]) -> bool:
        """Whether the witnesses with these keys are enough. A key counts once, however many lines it signed."""
        public = {key.public for key in signed}
        held = {witness.name for witness in self.witnesses if witness.key.public in public}
        for group in self.groups:
            if sum(member in held for member in group.members) >= group.needed:
                held.add(group.name)
        return self.needed in held

    def met_by(self, lines: Iterable[Cosigned]) -> int:
        """Return the first time (POSIX seconds) by which enough had cosigned; 0 where they never had."""
        signed: list[VerifierKey] = []
        for line in sorted(lines, key=lambda line: line.time):
            signed.append(line.key)
            if self.is_met(signed):
                return line.time
        return 0

    def met_since(self, lines: Iterable[Cosigned]) -> int:
        """Return the last time at which enough said that this was the newest they had seen; 0 where they never did."""
        return -self.met_by(line._replace(time=-line.time) for line in lines)

    def names(self, lines: Iterable[Cosigned]) -> tuple[str, ...]:
        """Return who signed, by the policy's names, in its order."""
        public = {line.key.public for line in lines}
        return tuple(witness.name for witness in self.witnesses if witness.key.public in public)

    @property
    def words(self) -> str:
        """What is wanted, in words: `2 of 3 witnesses`, where it is that simple."""
        members = {witness.name for witness in self.witnesses}
        for group in self.groups:
            if group.name == self.needed and set(group.members) <= members:
                return f"{group.needed} of {len(group.members)} witnesses"
        return f"the witness {self.needed}" if self.needed in members else f"the quorum {self.needed}"


def _wrong(why: str) -> Misuse:
    return Misuse(why, "correct the policy", code="quorum")

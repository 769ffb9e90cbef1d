"""Who may say what in a ledger, and since which entry: its genesis and its key events, folded in order."""

from typing import TYPE_CHECKING, Any, NamedTuple

from ledger import entry
from ledger.errors import Tampered
from ledger.genesis import Unknown
from ledger.grants import Grant
from ledger.trust import Trust

if TYPE_CHECKING:
    from ledger.api import Ledger


class Holder(NamedTuple):
    """A handle and one of its keys ("" where it has none yet)."""

    handle: str
    kind: str
    key: str
    roles: tuple[str, ...]
    systems: tuple[str, ...]
    since: int
    ended: bool
    until: str

    @property
    def document(self) -> dict[str, Any]:
        """Return what `ledger key list --json` says of it."""
        return {
            "handle": self.handle,
            **({"kind": self.kind} if self.kind else {}),
            **({"key": self.key} if self.key else {}),
            "roles": list(self.roles),
            "systems": list(self.systems),
            "since": self.since,
            "in_force": bool(self.key) and not self.ended,
            **({"until": self.until} if self.until else {}),
        }


def roster(ledger: "Ledger") -> list[Holder]:
    """Return every handle with its keys, in the order of authorisation; handles without a key come last."""
    trust = Trust.of_genesis(ledger.genesis)
    since = {grant.credential.id: 0 for grant in trust.grants()}
    introduced: dict[str, tuple[int, str]] = {}
    for seq in ledger.store.authority():
        said = entry.read(ledger.read(seq)).fields["statement"]
        try:
            trust.apply(seq, said)
        except Unknown as unknown:
            raise Tampered(
                f"entry {seq}: {unknown}", "pip install -U lifecycle-ledger", code="newer", seq=seq
            ) from None
        if said["type"] == "actor_introduced":
            introduced.setdefault(said["subject"]["handle"], (seq, said["data"]["kind"]))
        since |= {grant.credential.id: seq for grant in trust.grants() if grant.credential.id not in since}
    holders = [_holder(grant, since[grant.credential.id], introduced) for grant in trust.grants()]
    have = {one.handle for one in holders}
    holders += [
        Holder(handle, kind, "", (), (), seq, ended=False, until="")
        for handle, (seq, kind) in introduced.items()
        if handle not in have
    ]
    return holders


def _holder(grant: Grant, since: int, introduced: dict[str, tuple[int, str]]) -> Holder:
    until = f"entry {grant.revoked}" if grant.revoked >= 0 else grant.not_after
    return Holder(
        grant.handle,
        introduced.get(grant.handle, (0, ""))[1],
        grant.credential.id,
        tuple(sorted(grant.roles)),
        tuple(sorted(grant.systems)),
        since,
        ended=grant.revoked >= 0,
        until=until,
    )

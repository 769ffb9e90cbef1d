"""Who may say what in a ledger, and since which entry: its genesis and its events of trust, folded in order."""

from typing import TYPE_CHECKING, Any, NamedTuple

from ledger import entry
from ledger.errors import Tampered
from ledger.grants import Assigned, Grant, Scope
from ledger.keys.openssh import name_of
from ledger.trust import Trust

if TYPE_CHECKING:
    from ledger.api import Ledger


class Holder(NamedTuple):
    """A handle and one of its keys ("" where it has none yet).

    `roles` are all that the key can be used with: its own, and those `assigned` to the handle, with their scopes.
    `shown` is how its holder sees the key: its fingerprint, where it is one key.
    """

    handle: str
    kind: str
    key: str
    roles: tuple[str, ...]
    systems: tuple[str, ...]
    since: int
    ended: bool
    until: str
    assigned: tuple[tuple[str, Assigned], ...] = ()
    compromised_since: str = ""
    shown: str = ""

    @property
    def document(self) -> dict[str, Any]:
        """Return what `ledger key list --json` says of it."""
        return {
            "handle": self.handle,
            **({"kind": self.kind} if self.kind else {}),
            **({"key": self.key} if self.key else {}),
            **({"fingerprint": self.shown} if self.shown.startswith("SHA256:") else {}),
            "roles": list(self.roles),
            "systems": list(self.systems),
            "assigned": [
                {"role": role, "since": one.since, **scope_document(one.scope)} for role, one in self.assigned
            ],
            "since": self.since,
            "in_force": bool(self.key) and not self.ended,
            **({"until": self.until} if self.until else {}),
            **({"compromised_since": self.compromised_since} if self.compromised_since else {}),
        }


def scope_document(scope: Scope) -> dict[str, Any]:
    """Return how far something reaches, as JSON says it."""
    return {"systems": sorted(scope.systems), **({"not_after": scope.not_after} if scope.not_after else {})}


def trusted(ledger: "Ledger") -> Trust:
    """Return who may say what at the end; raise `Tampered` where an entry is of a later release."""
    trust = ledger.trust()
    if trust.unknown_since >= 0:
        raise Tampered(
            f"entry {trust.unknown_since} changes who may say what in a way that is not known here",
            "pip install -U lifecycle-ledger",
            code="newer",
            seq=trust.unknown_since,
        )
    return trust


def others(trust: Trust) -> dict[str, Any]:
    """Return what else the log says of itself: who speaks for whom, four eyes, its own keys."""
    eyes = {one.system: one for one in trust.four_eyes}
    return {
        "delegations": [
            {"handle": handle, "to": to, **scope_document(scope)}
            for (handle, to), scope in trust.holders.delegations().items()
        ],
        "four_eyes": [
            {**({"system": one.system} if one.system else {}), "value": one.value, "since": one.seq}
            for one in eyes.values()
        ],
        "log_keys": [
            {
                "key": one.keys[0].text,
                "seq": one.seq,
                "from_size": one.start,
                "how": "recovered" if one.recovered else "rotated" if one.seq else "genesis",
            }
            for one in trust.log_keys.sets
        ],
    }


def roster(ledger: "Ledger", trust: Trust | None = None) -> list[Holder]:
    """Return every handle with its keys, in the order of authorisation; handles without a key come last."""
    trust = trust or trusted(ledger)
    introduced = _introduced(ledger)
    holders = [_holder(grant, trust, introduced) for grant in trust.grants()]
    have = {one.handle for one in holders}
    for handle, (seq, kind) in introduced.items():
        if handle not in have:
            given = _given(trust, handle)
            roles = tuple(sorted({role for role, _ in given}))
            holders.append(Holder(handle, kind, "", roles, (), seq, ended=False, until="", assigned=given))
    return holders


def _introduced(ledger: "Ledger") -> dict[str, tuple[int, str]]:
    found: dict[str, tuple[int, str]] = {}
    for seq in ledger.store.authority():
        said = entry.read(ledger.read(seq)).fields["statement"]
        if said["type"] == "actor_introduced":
            found.setdefault(said["subject"]["handle"], (seq, said["data"]["kind"]))
    return found


def _given(trust: Trust, handle: str) -> tuple[tuple[str, Assigned], ...]:
    return tuple((role, one) for role, given in sorted(trust.holders.assigned(handle).items()) for one in given)


def _holder(grant: Grant, trust: Trust, introduced: dict[str, tuple[int, str]]) -> Holder:
    given = _given(trust, grant.handle)
    return Holder(
        grant.handle,
        introduced.get(grant.handle, (0, ""))[1],
        grant.credential.id,
        tuple(sorted({*grant.roles, *(role for role, _ in given)})),
        tuple(sorted(grant.systems)),
        grant.since,
        ended=grant.revoked >= 0,
        until=f"entry {grant.revoked}" if grant.revoked >= 0 else grant.not_after,
        assigned=given,
        compromised_since=grant.compromised_since,
        shown=name_of(grant.credential),
    )

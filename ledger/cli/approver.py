"""Who may approve: a person whose key holds the role, where the version is in the key's scope."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ledger.cli.roster import Holder, roster
from ledger.encoding import time_text
from ledger.errors import Misuse

if TYPE_CHECKING:
    from ledger.api import Ledger

ROLE = "approver"
_VERBS = {"approved": "approve", "rejected": "reject"}


def require_approver(ledger: "Ledger", key: str, kind: str, version: str, stage: str) -> Holder:
    """Return who holds `key`; raise `Misuse` for a service, and for one without the role `approver`."""
    person = next((one for one in roster(ledger) if one.key == key and not one.ended), None)
    if person is None:
        raise Misuse(f"the key {key[:16]} is not in force here", "ledger key list", code="unauthorised")
    if person.kind != "service" and _holds(ledger, key, version):
        return person
    what = "is a service" if person.kind == "service" else f"has not the role {ROLE}"
    raise Misuse(
        f"{kind}: {person.handle!r} {what}, this needs a person with the role {ROLE}",
        f"ledger {_VERBS.get(kind, 'approve')} {version} --for {stage} --key KEY, by such a person (ledger key list)",
        code="not_an_approver",
    )


def _holds(ledger: "Ledger", key: str, version: str) -> bool:
    """Whether a key has the role for this version's system, by its own authorisation or by what its owner was given."""
    holders = ledger.trust().holders
    grant = holders.find(key)
    now = time_text(datetime.now(UTC))
    return grant is not None and holders.holds(grant, frozenset({ROLE}), version.rpartition("@")[0] or None, now)


def key_of_absent(ledger: "Ledger", actor: str | None, key: str | None, version: str) -> str:
    """Return the id of the key that will sign elsewhere: of the public half `key`, or `actor`'s only approver's key."""
    if key is not None:
        from ledger.keys.keygen import keygen_signer

        return keygen_signer(key.removeprefix("ssh-keygen:")).credential.id
    if actor is None:
        raise Misuse("whose decision will that be?", "--as HANDLE, or --key FILE.pub", code="whose")
    keys = [one.key for one in roster(ledger) if one.handle == actor and one.key and not one.ended]
    found = [key for key in keys if _holds(ledger, key, version)]
    if len(found) != 1:
        what = f"{len(found)} keys" if found else "no key"
        raise Misuse(f"{actor} has {what} with the role {ROLE}", "--key FILE.pub says which", code="which_key")
    return found[0]

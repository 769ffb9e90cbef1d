"""Who may approve: a person whose key holds the role, where the version is in the key's scope."""

from typing import TYPE_CHECKING

from ledger.cli.roster import Holder, roster
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
    if person.kind != "service" and ROLE in person.roles:
        return person
    what = "is a service" if person.kind == "service" else f"has not the role {ROLE}"
    raise Misuse(
        f"{kind}: {person.handle!r} {what}, this needs a person with the role {ROLE}",
        f"ledger {_VERBS.get(kind, 'approve')} {version} --for {stage} --key KEY, by such a person (ledger key list)",
        code="not_an_approver",
    )


def key_of_absent(ledger: "Ledger", actor: str | None, key: str | None) -> str:
    """Return the id of the key that will sign elsewhere: of the public half `key`, or `actor`'s only approver's key."""
    if key is not None:
        from ledger.keys.keygen import keygen_signer

        return keygen_signer(key.removeprefix("ssh-keygen:")).credential.id
    if actor is None:
        raise Misuse("whose decision will that be?", "--as HANDLE, or --key FILE.pub", code="whose")
    found = [one for one in roster(ledger) if one.handle == actor and one.key and not one.ended and ROLE in one.roles]
    if len(found) != 1:
        what = f"{len(found)} keys" if found else "no key"
        raise Misuse(f"{actor} has {what} with the role {ROLE}", "--key FILE.pub says which", code="which_key")
    return found[0].key

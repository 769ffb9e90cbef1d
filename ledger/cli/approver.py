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
    assert person is not None  # it was found authorised a moment ago
    if person.kind != "service" and ROLE in person.roles:
        return person
    what = "is a service" if person.kind == "service" else f"has not the role {ROLE}"
    raise Misuse(
        f"{kind}: {person.handle!r} {what}, this needs a person with the role {ROLE}",
        f"ledger {_VERBS.get(kind, 'approve')} {version} --for {stage} --key KEY, by such a person (ledger key list)",
        code="not_an_approver",
    )

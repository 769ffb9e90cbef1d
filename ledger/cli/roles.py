"""Roles of handles, words given for another, the rule table, four eyes: what an administrator sets from here on."""

from typing import Any

import click

from ledger.cli.enrolling import ROLES, said_of
from ledger.cli.frame import Call, command
from ledger.cli.layout import columns
from ledger.cli.roster import trusted
from ledger.cli.said import moment
from ledger.cli.screen import Answer
from ledger.errors import Misuse

_AS = click.option("--as", "actor", metavar="HANDLE", help="Whose key signs.")
_SYSTEM = click.option("--system", "systems", multiple=True, help="Only for these systems.")
_UNTIL = click.option("--until", metavar="TIME", help="For entries recorded later it does not count.")


def _scope(systems: tuple[str, ...], until: str | None) -> dict[str, Any]:
    scope: dict[str, Any] = {"systems": list(systems)} if systems else {}
    return scope | ({"not_after": moment(until, "--until")} if until else {})


def _for(systems: tuple[str, ...]) -> str:
    return f" for {', '.join(systems)}" if systems else ""


@command()
@click.argument("handle")
@click.option("--role", type=click.Choice(ROLES), required=True)
@_SYSTEM
@_UNTIL
@_AS
def assign(
    call: Call, handle: str, role: str, systems: tuple[str, ...], until: str | None, actor: str | None
) -> Answer:
    """Give HANDLE a role from the next entry on, whichever of its keys signs."""
    with call.open(read_only=False, actor=actor) as ledger:
        receipt = ledger.record("role_assigned", handle=handle, role=role, **_scope(systems, until))
    return said_of([receipt.seq], f"{handle} is {role}{_for(systems)}: entry {receipt.seq}.", handle=handle, role=role)


@command()
@click.argument("handle")
@click.option("--role", type=click.Choice(ROLES), required=True)
@_SYSTEM
@click.option("--reason", help="Why.")
@_AS
def end_role(
    call: Call, handle: str, role: str, systems: tuple[str, ...], reason: str | None, actor: str | None
) -> Answer:
    """Take a role from HANDLE and all its keys; with --system, what was assigned for that system."""
    with call.open(read_only=False, actor=actor) as ledger:
        receipt = ledger.record("role_ended", handle=handle, role=role, reason=reason, **_scope(systems, None))
    text = f"{handle} is no longer {role}{_for(systems)}: entry {receipt.seq}."
    return said_of([receipt.seq], text, handle=handle, role=role)


@command()
@click.argument("handle")
@click.option("--to", required=True, metavar="HANDLE", help="Who may say that they speak for HANDLE.")
@_SYSTEM
@_UNTIL
@_AS
def delegate(
    call: Call, handle: str, to: str, systems: tuple[str, ...], until: str | None, actor: str | None
) -> Answer:
    """Let another speak on behalf of HANDLE. It lends no role and no key; said again, it takes the place."""
    with call.open(read_only=False, actor=actor) as ledger:
        receipt = ledger.record("delegated", handle=handle, to=to, **_scope(systems, until))
    text = f"{to} may speak on behalf of {handle}{_for(systems)}: entry {receipt.seq}."
    return said_of([receipt.seq], text, handle=handle, to=to)


@command()
@click.argument("value", type=click.Choice(["finding", "refusal", "off"]))
@click.option("--system", help="For this system; else for all that have no word of their own.")
@click.option("--reason", help="Why.")
@_AS
def four_eyes(call: Call, value: str, system: str | None, reason: str | None, actor: str | None) -> Answer:
    """Say what becomes of approvals of own work: a finding of every verification, a refusal, or nothing (off).

    Own work is what the approver trained, evaluated, or asked an approval for.
    """
    with call.open(read_only=False, actor=actor) as ledger:
        receipt = ledger.record("policy_set", kind="four_eyes", value=value, system=system, reason=reason)
    return said_of(
        [receipt.seq], f"Four eyes for {system or 'all systems'}: {value}: entry {receipt.seq}.", value=value
    )


@command()
@click.argument("kind", metavar="TYPE", required=False)
@click.option("--role", "roles", type=click.Choice(ROLES), multiple=True, help="Who may say it; may be said again.")
@click.option("--any-role", is_flag=True, help="Every authorised key may say it.")
@click.option("--batch/--no-batch", default=None, help="Whether it may stand in a batch.")
@click.option("--reason", help="Why.")
@_AS
def rules(
    call: Call, kind: str | None, roles: tuple[str, ...], any_role: bool, batch: bool | None, **more: Any
) -> Answer:
    """Print which role each type needs, by the table in force; or change TYPE's row from the next entry on."""
    if kind is None:
        return _table(call)
    if any_role == bool(roles):
        raise Misuse(f"which role does {kind} need?", "--role ROLE, or --any-role", code="usage")
    with call.open(read_only=False, actor=more["actor"]) as ledger:
        before = trusted(ledger).rules.get(kind)
        may = batch if batch is not None else before.batch if before is not None else not roles
        row = {"batch": may, "roles": sorted(set(roles)), "trust": before is not None and before.trust}
        receipt = ledger.record("policy_set", kind="roles", value={kind: row}, reason=more["reason"])
    text = f"{kind} needs {' or '.join(sorted(set(roles))) or 'no role'}: entry {receipt.seq}."
    return said_of([receipt.seq], text, type=kind, row=row)


def _table(call: Call) -> Answer:
    with call.open() as ledger:
        trust, origin = trusted(ledger), ledger.origin
    table = [
        {"type": kind, "roles": sorted(rule.roles), "batch": rule.batch, "trust": rule.trust}
        for kind, rule in sorted(trust.rules.items())
    ]
    document = {"schema": "ledger.rules/1", "origin": origin, "rules": table, "since": max(trust.tables[-1][0], 0)}
    rows = [("type", "role", "batch", "")]
    rows += [
        (
            *(kind, " or ".join(sorted(rule.roles)) or "any"),
            *("may" if rule.batch else "never", "changes who may say what" if rule.trust else ""),
        )
        for kind, rule in sorted(trust.rules.items())
    ]
    return Answer(document, lambda _: [*columns(rows), "Every other type: any authorised key, in batches too."])

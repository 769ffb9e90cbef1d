"""`ledger whoami`: the handle, key and roles that a recording here would have, and where each was found."""

import os
from typing import Any

import click

from ledger.cli.frame import Call, command
from ledger.cli.layout import pairs, short_path
from ledger.cli.roster import roster
from ledger.cli.screen import Answer, Paint
from ledger.keys.openssh import name_of
from ledger.keys.sources import is_path


@command()
@click.option("--key", metavar="KEY", help="Else LEDGER_KEY, or the key of yours that this ledger has authorised.")
@click.option("--as", "actor", metavar="HANDLE", help="Whose key, where several are here.")
def whoami(call: Call, key: str | None, actor: str | None) -> Answer:
    """Print who you are in this ledger, what you may say, and where your key and the ledger were found."""
    with call.open(read_only=False, actor=actor, key=key) as ledger:
        identity = ledger.identity
        credential = identity.signer.credential
        holder = next(one for one in roster(ledger) if one.key == credential.id and not one.ended)
        source = "--key" if key else "LEDGER_KEY" if os.environ.get("LEDGER_KEY") else "your folder of keys"
        document: dict[str, Any] = {
            "schema": "ledger.whoami/1",
            "origin": ledger.origin,
            **holder.document,
            "fingerprint": name_of(credential),
            "schemes": [one.scheme for one in credential.keys],
            "key_source": identity.source,
            "key_setting": source,
            "ledger": ledger.place.location,
            "ledger_setting": ledger.place.source,
            "can_seal": ledger._log().seals,
        }

    def lines(paint: Paint) -> list[str]:
        kind = f", a {'person' if holder.kind == 'human' else 'service'}" if holder.kind else ""
        where = short_path(identity.source) if is_path(identity.source) else identity.source
        systems = f"; only for {', '.join(holder.systems)}" if holder.systems else ""
        until = f"; until {holder.until}" if holder.until else ""
        place = short_path(ledger.path) if ledger.path else ledger.place.location
        rows = [
            ("roles", f"{', '.join(holder.roles)}{systems}; since entry {holder.since}{until}"),
            ("key", f"{document['fingerprint']}  {where} ({source})"),
            ("ledger", f"{ledger.origin}  {place} ({short_path(ledger.place.source)})"),
            ("the log's key", "here: what you record is sealed at once" if document["can_seal"] else "not here"),
        ]
        return [f"{paint('bold', holder.handle)}{kind}", *pairs(rows)]

    return Answer(document, lines)

"""`ledger key`: a user's own key files, and who may say what in a ledger."""

import sys
from pathlib import Path
from typing import Any, Final

import click

from ledger.cli.commands import KEY_COMMANDS
from ledger.cli.frame import SETTINGS, Call, Commands, command
from ledger.cli.keyfiles import public_side, read_request, save_new
from ledger.cli.layout import columns, wrapped
from ledger.cli.roster import Holder, roster
from ledger.cli.said import moment
from ledger.cli.screen import Answer, Paint
from ledger.errors import Misuse

_ROLES: Final = ("recorder", "approver", "compliance", "admin", "auditor")
_WHYS: Final = ("retired", "replaced", "lost", "compromised", "left")

key = Commands(
    name="key",
    rows=KEY_COMMANDS,
    context_settings=SETTINGS,
    help="Make, show, list, authorise and revoke keys. Private halves stay in your own folder of keys.",
)


@command()
@click.argument("handle")
def new(call: Call, handle: str) -> Answer:  # noqa: ARG001 - a key belongs to a user, not to a ledger
    """Make a key file for HANDLE in your folder of keys."""
    path, credential = save_new(handle)
    document = {"schema": "ledger.key/1", "handle": handle, "id": credential.id, "keys": credential.to_json()}
    lines = [
        f"Made {path}: the key {credential.id[:16]} of {handle}. Copy it to a safe place.",
        f"For an administrator: ledger key show {handle} > {handle}.json",
    ]
    return Answer({**document, "file": str(path)}, lambda _: [one for text in lines for one in wrapped(text)])


@command()
@click.argument("file", required=False)
@click.option("--handle", help="Whose key it is; else the file's name says.")
def show(call: Call, file: str | None, handle: str | None) -> Answer:  # noqa: ARG001
    """Print the public side of a key, as JSON, for `ledger key authorize`. FILE is a key file or a handle."""
    document = public_side(file, handle)

    def lines(_: Paint) -> list[str]:
        import json

        return json.dumps(document, indent=1).split("\n")

    return Answer(document, lines)


@command()
def list_(call: Call) -> Answer:
    """Print who may say what, since which entry."""
    with call.open() as ledger:
        holders = roster(ledger)
        document = {"schema": "ledger.keys/1", "origin": ledger.origin, "keys": [one.document for one in holders]}
    return Answer(document, lambda paint: _table(holders, paint))


def _table(holders: list[Holder], paint: Paint) -> list[str]:
    rows = [("handle", "kind", "roles", "systems", "key", "since", "until")]
    rows += [
        (
            *(one.handle, one.kind or "-", ", ".join(one.roles) or "-", ", ".join(one.systems) or "all"),
            *(one.key[:16] or "-", f"entry {one.since}", one.until),
        )
        for one in holders
    ]
    head, *rest = columns(rows)
    return [paint("dim", head), *rest]


@command()
@click.argument("handle")
@click.option("--kind", type=click.Choice(["human", "service"]), required=True, help="Only a human can approve.")
@click.option("--name", help="The person's name; sealed in the entry.")
@click.option("--as", "actor", metavar="HANDLE", help="Whose key signs.")
def introduce(call: Call, handle: str, kind: str, name: str | None, actor: str | None) -> Answer:
    """Introduce a person or a service under HANDLE."""
    with call.open(read_only=False, actor=actor) as ledger:
        receipt = ledger.record.actor_introduced(handle=handle, kind=kind, name=name)  # type: ignore[arg-type]
    return _said([receipt.seq], f"Introduced {handle} ({kind}): entry {receipt.seq}.", handle=handle)


@command()
@click.argument("file", metavar="FILE|-")
@click.option("--role", "roles", type=click.Choice(_ROLES), multiple=True, required=True, help="May be said again.")
@click.option("--system", "systems", multiple=True, help="Only for these systems.")
@click.option("--kind", type=click.Choice(["human", "service"]), help="Who it is, where nobody introduced them yet.")
@click.option("--as", "actor", metavar="HANDLE", help="Whose key signs.")
def authorize(
    call: Call, file: str, roles: tuple[str, ...], systems: tuple[str, ...], kind: str | None, actor: str | None
) -> Answer:
    """Let a key sign for its handle. FILE (- is stdin) holds what `ledger key show` printed."""
    request = read_request(sys.stdin.buffer.read() if file == "-" else _read(Path(file)), file)
    handle, credential = request.handle, request.credential
    with call.open(read_only=False, actor=actor) as ledger:
        known = {one.handle for one in roster(ledger)}
        entries = []
        if handle not in known:
            entries.append(ledger.record.actor_introduced(handle=handle, kind=_kind(handle, kind)).seq)  # type: ignore[arg-type]
        fields: dict[str, Any] = {"systems": list(systems)} if systems else {}
        receipt = ledger.record(
            "key_authorized", handle=handle, keys=credential.to_json(), roles=sorted(set(roles)), **fields
        )
        entries.append(receipt.seq)
    places = " and ".join(str(seq) for seq in entries)
    text = (
        f"Authorised {handle} ({', '.join(sorted(set(roles)))}): {'entries' if len(entries) > 1 else 'entry'} {places}."
    )
    note = f"Its key is {credential.id}: compare that with {handle} by another way than the file came."
    return _said(entries, text, note, handle=handle, key=credential.id)


def _kind(handle: str, kind: str | None) -> str:
    if kind is None:
        raise Misuse(
            f"nobody introduced {handle} here; a person or a service? nothing was recorded",
            "--kind human, or --kind service (which can never approve)",
            code="not_introduced",
        )
    return kind


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Misuse(f"{path}: {error.strerror}", "ledger key show HANDLE > FILE", code="no_file") from None


@command()
@click.argument("which", metavar="HANDLE|KEYID")
@click.option("--why", type=click.Choice(_WHYS), required=True, help="What happened.")
@click.option("--compromised-since", "since", metavar="TIME", help="From when on its signatures are doubtful.")
@click.option("--reason", help="More, in words.")
@click.option("--as", "actor", metavar="HANDLE", help="Whose key signs.")
def revoke(call: Call, which: str, why: str, since: str | None, reason: str | None, actor: str | None) -> Answer:
    """End a key's authority from here on; what it signed before stands."""
    doubtful = moment(since, "--compromised-since") if since else None
    with call.open(read_only=False, actor=actor) as ledger:
        holder = _one(which, roster(ledger))
        receipt = ledger.record(
            "key_revoked",
            handle=holder.handle,
            key_id=holder.key,
            why=why,
            compromised_since=doubtful,
            reason=reason,
        )
    text = f"Revoked the key {holder.key[:16]} of {holder.handle} ({why}): entry {receipt.seq}."
    return _said([receipt.seq], text, handle=holder.handle, key=holder.key)


def _one(which: str, holders: list[Holder]) -> Holder:
    """Return the one key in force that a handle or the beginning of an id names."""
    good = [one for one in holders if one.key and not one.ended]
    found = [one for one in good if one.handle == which]
    found = found or [one for one in good if len(which) >= 8 and one.key.startswith(which)]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(one.key[:16] for one in found)
        raise Misuse(f"{which} has {len(found)} keys: {ids}", "name one of these", code="which_key")
    raise Misuse(f"no key in force is {which!r}, by handle or by id", "ledger key list", code="no_such_key")


def _said(entries: list[int], *lines: str, **more: str) -> Answer:
    return Answer(
        {"schema": "ledger.key_event/1", "entries": entries, **more},
        lambda _: [one for text in lines for one in wrapped(text)],
    )

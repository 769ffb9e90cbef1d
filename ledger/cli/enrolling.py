"""`ledger key introduce`, `authorize`, `revoke`: who may sign from here on, and who no longer."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ledger.cli.ceremony import confirm
from ledger.cli.frame import Call, command
from ledger.cli.keyfiles import LAST, Request, name_of_all, read_request, read_requests
from ledger.cli.layout import pairs, wrapped
from ledger.cli.roster import Holder, roster
from ledger.cli.said import moment
from ledger.cli.screen import Answer
from ledger.errors import Misuse
from ledger.keys.openssh import name_of

if TYPE_CHECKING:
    from ledger.api import Ledger

ROLES: Final = ("recorder", "approver", "compliance", "admin", "auditor")
_WHYS: Final = ("retired", "replaced", "lost", "compromised", "left")


@command()
@click.argument("handle")
@click.option("--kind", type=click.Choice(["human", "service"]), required=True, help="Only a human can approve.")
@click.option("--name", help="The person's name; sealed in the entry.")
@click.option("--as", "actor", metavar="HANDLE", help="Whose key signs.")
def introduce(call: Call, handle: str, kind: str, name: str | None, actor: str | None) -> Answer:
    """Introduce a person or a service under HANDLE."""
    with call.open(read_only=False, actor=actor) as ledger:
        receipt = ledger.record.actor_introduced(handle=handle, kind=kind, name=name)  # type: ignore[arg-type]
    return said_of([receipt.seq], f"Introduced {handle} ({kind}): entry {receipt.seq}.", handle=handle)


@command()
@click.argument("file", metavar="FILE|-", required=False)
@click.option("--from-file", "many", metavar="FILE", help="Many requests: a JSON list, or one a line.")
@click.option("--role", "roles", type=click.Choice(ROLES), multiple=True, required=True, help="May be said again.")
@click.option("--system", "systems", multiple=True, help="Only for these systems.")
@click.option("--kind", type=click.Choice(["human", "service"]), help="Who it is, where nobody introduced them yet.")
@click.option("--handle", "whose", metavar="HANDLE", help="Whose key it is, where FILE is an OpenSSH public key.")
@click.option("--yes", metavar="LAST6", help=f"The last {LAST} characters of the fingerprint, instead of typing them.")
@click.option("--as", "actor", metavar="HANDLE", help="Whose key signs.")
def authorize(call: Call, file: str | None, many: str | None, actor: str | None, **options: Any) -> Answer:
    """Let a key sign for its handle. FILE (- is stdin) holds what `ledger key request` or `show` printed, or is an
    OpenSSH public key (ssh-ed25519 AAAA...), with --handle.

    On a terminal the fingerprint is shown, and its last characters are asked for: have them told by another way than
    the file came.
    """
    if (file is None) == (many is None):
        raise Misuse("name one FILE, or many with --from-file", "ledger key authorize FILE --role ROLE", code="usage")
    whose = options["whose"]
    requests = read_requests(_bytes(many), many) if many else [read_request(_bytes(str(file)), str(file), whose)]
    with call.open(read_only=False, actor=actor) as ledger:
        holders = roster(ledger)
        known, have = {one.handle for one in holders}, {(one.handle, one.key) for one in holders if not one.ended}
        if many is not None:  # it may be run again: who has what they ask for is passed over
            requests = [one for one in requests if (one.handle, one.credential.id) not in have]
        kinds = {one.handle: _kind(one.handle, options["kind"]) for one in requests if one.handle not in known}
        _confirm(requests, options["yes"], asks=sys.stdin.isatty() and not call.json and file != "-")
        entries = [seq for one in requests for seq in _authorise(ledger, one, kinds, options)]
    return _authorised(requests, entries, sorted(set(options["roles"])))


def _authorise(ledger: "Ledger", one: Request, kinds: dict[str, str], options: dict[str, Any]) -> list[int]:
    entries = []
    if kind := kinds.pop(one.handle, ""):
        entries.append(ledger.record.actor_introduced(handle=one.handle, kind=kind).seq)  # type: ignore[arg-type]
    scope = {"systems": list(options["systems"])} if options["systems"] else {}
    roles = sorted(set(options["roles"]))
    keys = one.credential.to_json()
    receipt = ledger.record("key_authorized", handle=one.handle, keys=keys, roles=roles, **scope)
    return [*entries, receipt.seq]


def _confirm(requests: list[Request], yes: str | None, *, asks: bool) -> None:
    """Have the last characters of the fingerprint said; `Misuse`, and nothing recorded, where they are others."""
    if not requests:
        return
    name = name_of_all([one.credential for one in requests])
    rows = [
        (one.handle, f"{name_of(one.credential)}{'' if one.proven else '  (NOT signed by that key)'}")
        for one in requests
    ]
    what = f"The last {LAST} characters of the fingerprint, told by another way than the file came"
    if len(requests) > 1:
        rows.append(("all", f"{name}  (over these {len(requests)} keys)"))
        what = f"The last {LAST} characters of the line `all`, once every key was compared"
    said = yes if yes is not None else confirm(pairs(rows), what) if asks else name[-LAST:]
    if said.strip() != name[-LAST:]:
        raise Misuse(
            f"the fingerprint ends in {name[-LAST:]}, not in {said.strip()!r}; nothing was recorded",
            "ask again whose key it is; do not authorise it meanwhile",
            code="fingerprint",
        )


def _authorised(requests: list[Request], entries: list[int], roles: list[str]) -> Answer:
    if not requests:
        return said_of([], "All of them were authorised before; nothing was recorded.")
    places = f"{entries[0]} to {entries[-1]}" if len(entries) > 2 else " and ".join(map(str, entries))
    word = "entries" if len(entries) > 1 else "entry"
    if len(requests) > 1:
        text = f"Authorised {len(requests)} keys ({', '.join(roles)}): {word} {places}."
        keys = [{"handle": one.handle, "key": one.credential.id, "proven": one.proven} for one in requests]
        return said_of(entries, text, keys=keys)
    (one,) = requests
    text = f"Authorised {one.handle} ({', '.join(roles)}): {word} {places}."
    name = name_of(one.credential)
    lines = [text, f"Its key is {name}: compare that with {one.handle} by another way than the file came."]
    if not one.proven:
        lines.append(f"The file was not signed by that key; ledger key request --as {one.handle} makes one that is.")
    return said_of(entries, *lines, handle=one.handle, key=one.credential.id, proven=one.proven)


def _kind(handle: str, kind: str | None) -> str:
    if kind is None:
        raise Misuse(
            f"nobody introduced {handle} here; a person or a service? nothing was recorded",
            "--kind human, or --kind service (which can never approve)",
            code="not_introduced",
        )
    return kind


def _bytes(path: str) -> bytes:
    if path == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise Misuse(f"{path}: {error.strerror}", "ledger key request -o FILE", code="no_file") from None


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
    return said_of([receipt.seq], text, handle=holder.handle, key=holder.key)


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


def said_of(entries: list[int], *lines: str, **more: Any) -> Answer:
    """Return the answer of a command that recorded events on keys."""
    return Answer(
        {"schema": "ledger.key_event/1", "entries": entries, **more},
        lambda _: [one for text in lines for one in wrapped(text)],
    )

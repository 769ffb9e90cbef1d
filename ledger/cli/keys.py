"""`ledger key`: a user's own key files, and who may say what in a ledger."""

import json
from pathlib import Path
from typing import Any, Final

import click

from ledger.cli.commands import KEY_COMMANDS
from ledger.cli.frame import SETTINGS, Call, Commands, command
from ledger.cli.keyfiles import LAST, public_side, request_file, save_new
from ledger.cli.layout import columns, pairs, wrapped
from ledger.cli.roster import Holder, others, roster, trusted
from ledger.cli.screen import Answer, Paint
from ledger.errors import Misuse

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
        f"For an administrator: ledger key request --as {handle} -o {handle}.json",
    ]
    return Answer({**document, "file": str(path)}, lambda _: [one for text in lines for one in wrapped(text)])


@command()
@click.argument("file", required=False)
@click.option("--handle", help="Whose key it is; else the file's name says.")
def show(call: Call, file: str | None, handle: str | None) -> Answer:  # noqa: ARG001
    """Print the public side of a key, as JSON, for `ledger key authorize`. FILE is a key file or a handle."""
    document = public_side(file, handle)

    def lines(_: Paint) -> list[str]:
        return json.dumps(document, indent=1).split("\n")

    return Answer(document, lines)


@command()
@click.option("--as", "handle", metavar="HANDLE", help="The handle that you ask for; else the key file's name says.")
@click.option("--key", metavar="KEY", help="A key of yours: a file (FILE.pub: the key beside it), or env:NAME.")
@click.option("--out", "-o", type=click.Path(path_type=Path), help="Write it to a file; else it is printed.")
def request(call: Call, handle: str | None, key: str | None, out: Path | None) -> Answer:  # noqa: ARG001
    """Ask an administrator to authorise your key: the public side, signed by the key itself.

    Where no key of that handle is here yet, one is made. Send it by mail, chat or pull request; then tell the
    administrator the last characters of its fingerprint by another way.
    """
    document, name = request_file(handle, key)
    text = json.dumps(document, indent=1)
    if out is None:
        return Answer(document, lambda _: text.split("\n"))
    try:
        out.write_text(text + "\n", "utf-8")
    except OSError as error:
        raise Misuse(f"{out} cannot be written: {error.strerror}", "-o FILE", code="no_file") from None
    lines = [
        f"Wrote {out}: {document['handle']} asks for the key {name}.",
        f"Send it to an administrator, and tell them by another way that the key ends in {name[-LAST:]}.",
        f"They run: ledger key authorize {out.name} --kind human --role recorder   (--help: other kinds and roles)",
    ]
    said = {**document, "file": str(out), "fingerprint": name}
    return Answer(said, lambda _: [one for line in lines for one in wrapped(line)])


@command()
def list_(call: Call) -> Answer:
    """Print who may say what, since which entry; who speaks for whom, the policies, the log's own keys."""
    with call.open() as ledger:
        trust = trusted(ledger)
        holders = roster(ledger, trust)
        document = {
            "schema": "ledger.keys/1",
            "origin": ledger.origin,
            "keys": [one.document for one in holders],
            **others(trust),
        }
    return Answer(document, lambda paint: [*_table(holders, paint), *_rest(document)])


def _table(holders: list[Holder], paint: Paint) -> list[str]:
    rows = [("handle", "kind", "roles", "systems", "key", "ends in", "since", "until")]
    rows += [
        (
            *(one.handle, one.kind or "-", ", ".join(one.roles) or "-", ", ".join(one.systems) or "all"),
            *(one.key[:16] or "-", one.shown[-LAST:] or "-", f"entry {one.since}", one.until),
        )
        for one in holders
    ]
    head, *rest = columns(rows, keep=frozenset({4, 5}))
    return [paint("dim", head), *rest]


def _rest(document: dict[str, Any]) -> list[str]:
    """What holds beside the keys' own roles, a line each."""
    given = {(one["handle"], role["role"], role["since"]): role for one in document["keys"] for role in one["assigned"]}
    rows = [
        ("assigned", f"{handle}: {role} {_reach(one)}, since entry {since}")
        for (handle, role, since), one in given.items()
    ]
    rows += [("speaks for", f"{one['to']} for {one['handle']} {_reach(one)}") for one in document["delegations"]]
    rows += [
        ("four eyes", f"{one.get('system', 'all systems')}: {one['value']}, since entry {one['since']}")
        for one in document["four_eyes"]
    ]
    keys = document["log_keys"]
    rows += [("log's key", f"{one['key'].split('+')[1]}, {_HOW[one['how']]} entry {one['seq']}") for one in keys[1:]]
    rows += [
        ("compromised", f"{one['handle']}'s key {one['key'][:16]} since {one['compromised_since']}: see ledger verify")
        for one in document["keys"]
        if "compromised_since" in one
    ]
    return ["", *pairs(rows)] if rows else []


def _reach(one: dict[str, Any]) -> str:
    until = f" until {one['not_after']}" if "not_after" in one else ""
    return (f"for {', '.join(one['systems'])}" if one["systems"] else "for all systems") + until


_HOW: Final = {"rotated": "handed over to in", "recovered": "RECOVERED, the key before it did not sign, in"}

"""`ledger spool`: what waits on this machine for its ledger, and the drafts that nobody signed."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ledger.cli.ages import age, seconds_since
from ledger.cli.commands import SPOOL_COMMANDS
from ledger.cli.frame import SETTINGS, Call, Commands, command
from ledger.cli.layout import about, clip, day, flat, pairs, short_path, wrapped
from ledger.cli.screen import Answer, Paint
from ledger.errors import LedgerError, Misuse
from ledger.spool import drafts
from ledger.spool.file import Spool, spool_path
from ledger.spool.item import Waiting, shown
from ledger.spool.words import waits

if TYPE_CHECKING:
    from ledger.spool.flush import Flushed

SHOWN = 20

spool = Commands(
    name="spool",
    rows=SPOOL_COMMANDS,
    context_settings=SETTINGS,
    help="Statements that wait on this machine for their ledger. LEDGER_SPOOL names the file.",
)


@command()
@click.option("--all", "whole", is_flag=True, help=f"More than {SHOWN} of them.")
def list_(call: Call, whole: bool) -> Answer:  # noqa: ARG001 - the spool belongs to the user, not to a ledger
    """Print what waits, what was set aside and why, and the drafts. Exit 1 where something was set aside."""
    box = Spool(spool_path())
    items, kept = box.items(), _drafts(box)
    aside = sum(bool(item.aside) for item in items)
    document: dict[str, Any] = {
        "schema": "ledger.spool/1",
        "path": str(box.path),
        "waiting": len(items) - aside,
        "aside": aside,
        "items": [_document(item) for item in items],
        "drafts": [{"id": one.id, "type": one.type, "saved": one.saved, "why": one.why} for one in kept],
    }
    if items:
        document["oldest_seconds"] = seconds_since(min(item.since for item in items))
    return Answer(document, lambda paint: _listed(box, items, kept, paint, whole), 1 if aside else 0)


def _drafts(box: Spool) -> list[drafts.Draft]:
    found = []
    for path in drafts.listed(drafts.folder_of(box.path)):
        try:
            found.append(drafts.load(path))
        except Misuse as error:
            found.append(drafts.Draft(id=path.stem, type="unreadable", fields={}, why=error.message, saved=""))
    return found


def _document(item: Waiting) -> dict[str, Any]:
    said, target = shown(item), item.target
    fields: dict[str, Any] = {
        "id": item.id,
        "type": said.type,
        "actor": said.actor,
        "subject": said.subject,
        "since": item.since,
        "state": "aside" if item.aside else "waiting",
        "why": item.aside or item.why,
    }
    if target.genesis:
        fields["genesis"] = target.genesis
    if target.origin:
        fields["origin"] = target.origin
    return fields


def _listed(box: Spool, items: list[Waiting], kept: list[drafts.Draft], paint: Paint, whole: bool) -> list[str]:
    if not items and not kept:
        return [f"Nothing waits ({short_path(box.path)})."]
    cut = None if whole else SHOWN
    lines = [line for item in items[:cut] for line in _item_lines(item, paint)]
    if len(items) > len(items[:cut]):
        lines.append(f"... and {len(items) - SHOWN:,} more: ledger spool list --all")
    for one in kept[:cut]:
        lines += [clip(f"{one.id}  draft  {one.type}", 100)]
        lines += wrapped(f"    unsigned, {day(one.saved)}Z: {one.why.splitlines()[0]}", "    ")
    lines.append(summary(box))
    if kept:
        lines.append(
            f"{len(kept):,} draft{'' if len(kept) == 1 else 's'}: ledger record --draft ID, or ledger spool drop ID"
        )
    return lines


def _item_lines(item: Waiting, paint: Paint) -> list[str]:
    said = shown(item)
    head = clip(f"{item.id}  {said.type} {about(said.subject)} by {said.actor}", 100)
    where = item.target.origin or (f"log {item.target.genesis[:12]}" if item.target.genesis else "")
    where = where or ("the place that was named" if item.target.named else "any ledger")
    if item.aside:
        text = f"set aside: {item.aside} (for {where})"
        return [head, *[paint("red", line) for line in wrapped(f"    {text}", "    ")]]
    text = f"waits {age(seconds_since(item.since))} for {where}: {item.why}"
    return [head, *wrapped(f"    {text}", "    ")]


def summary(box: Spool) -> str:
    """Return how many wait, how long the oldest has, and what to do."""
    waiting, aside, oldest = box.count()
    parts = [f"{standing(waiting, 0, oldest)}: ledger spool flush"] if waiting else []
    parts += [f"{aside:,} set aside: ledger spool show | retry | drop ID"] if aside else []
    return "; ".join(parts) or "Nothing waits in the spool."


def standing(waiting: int, aside: int, oldest: str) -> str:
    """Return how many wait, how long the oldest item has been here, and how many were set aside."""
    parts = [f"{waits(waiting)}, the oldest for {age(seconds_since(oldest))}"] if waiting else []
    parts += [f"{aside:,} set aside"] if aside else []
    return "; ".join(parts)


# ---- one item ----


def _one(box: Spool, id: str) -> Waiting | Path:
    """Return the item or the draft that `id` names: whole, or as many digits as are its alone."""
    found: list[Waiting | Path] = [item for item in box.items() if item.id.startswith(id) or item.id.endswith(id)]
    found += [path for path in drafts.listed(drafts.folder_of(box.path)) if path.stem.startswith(id)]
    if len(found) != 1 or len(id) < 4:
        what = f"{len(found)} items are" if len(found) > 1 else "no item is"
        raise Misuse(f"{what} called {id!r} in {box.path}", "ledger spool list", code="no_item")
    return found[0]


@command()
@click.argument("id_", metavar="ID")
def show(call: Call, id_: str) -> Answer:  # noqa: ARG001
    """Print all of one item, or of a draft."""
    found = _one(Spool(spool_path()), id_)
    if isinstance(found, Path):
        draft = drafts.load(found)
        fields = drafts.as_json(draft.fields)
        told = {"schema": "ledger.draft/1", "id": draft.id, "type": draft.type, "fields": fields, "why": draft.why}
        about_it = [("draft", draft.id), ("type", draft.type), ("file", short_path(found))]
        about_it += [("why" if not at else "", line.strip()) for at, line in enumerate(draft.why.splitlines())]
        return Answer(told, lambda _: pairs([*about_it, *flat(fields)]))
    document: dict[str, Any] = {"schema": "ledger.spool_item/1", **_document(found)}
    try:
        document["statement"] = found.said
    except LedgerError as error:
        document["unreadable"] = error.message
    rows = [("state", document["state"]), ("why", document["why"]), ("since", f"{day(found.since)}Z")]
    rows += [(name, str(document[name])) for name in ("origin", "genesis", "unreadable") if name in document]
    said = flat(document.get("statement", {}))
    return Answer(document, lambda _: pairs([("id", found.id), *rows, *said]))


@command()
@click.argument("id_", metavar="ID")
def retry(call: Call, id_: str) -> Answer:  # noqa: ARG001
    """Let an item that was set aside wait again; the next flush tries it."""
    box = Spool(spool_path())
    found = _one(box, id_)
    if isinstance(found, Path):
        raise Misuse(f"{id_} is a draft", f"ledger record --draft {found.stem}", code="draft")
    box.set_aside(found, "")
    document = {"schema": "ledger.spool_retry/1", "id": found.id}
    return Answer(document, lambda _: [f"{found.id} waits again.", "Deliver it: ledger spool flush"])


@command()
@click.argument("id_", metavar="ID")
@click.option("--yes", is_flag=True, help="Without asking.")
def drop(call: Call, id_: str, yes: bool) -> Answer:  # noqa: ARG001
    """Throw an item or a draft away, for ever: what it says will not be recorded."""
    box = Spool(spool_path())
    found = _one(box, id_)
    name = found.stem if isinstance(found, Path) else found.id
    what = "the draft" if isinstance(found, Path) else f"{shown(found).type} by {shown(found).actor}"
    if not yes:
        raise Misuse(f"{what} {name} would be lost for ever", f"ledger spool drop {name} --yes", code="confirm")
    if isinstance(found, Path):
        found.unlink(missing_ok=True)
    else:
        box.remove([found])
    return Answer({"schema": "ledger.spool_drop/1", "id": name}, lambda _: [f"Dropped {what} {name}."])


# ---- delivering ----


@command()
@click.argument("target", metavar="[LEDGER]", required=False)
@click.option("--clock-ok", is_flag=True, help="This clock is right, though the newest entry is ahead of it.")
def flush(call: Call, target: str | None, clock_ok: bool) -> Answer:
    """Deliver what waits for a ledger; with LEDGER named here, also what was said while no ledger was known."""
    from ledger.spool.flush import flush as deliver
    from ledger.spool.seen import place_name

    call = Call(target, call.json) if target is not None else call
    box = Spool(spool_path())
    with call.open(read_only=False, clock_ok=clock_ok) as ledger:
        done = deliver(ledger, box, named=place_name(ledger.place), any_log=call.location is not None)
        origin = ledger.origin
    waiting, aside, _ = box.count()
    document = {
        "schema": "ledger.spool_flush/1",
        "origin": origin,
        "delivered": done.placed,
        "before": done.before,
        "aside": [{"id": id, "why": why} for id, why in done.aside],
        "held": [{"id": id, "why": why} for id, why in done.held],
        "busy": done.busy,
        "waiting": waiting,
    }
    code = 4 if done.busy else 1 if done.aside or done.held else 0
    return Answer(document, lambda paint: _flushed(done, origin, waiting, aside, paint), code)


def _flushed(done: "Flushed", origin: str, waiting: int, aside: int, paint: Paint) -> list[str]:
    if done.busy:
        return ["Another process delivers what waits just now: run it again."]
    count = done.placed + done.before
    before = f" ({done.before:,} stood there already)" if done.before else ""
    said = f"Delivered {count:,} statement{'' if count == 1 else 's'} to {origin}{before}."
    lines = [paint("green", said) if count else f"Nothing was delivered to {origin}."]
    for id, why in done.aside[:SHOWN]:
        lines += wrapped(f"set aside {id}: {why}", "    ")
    for id, why in done.held[:SHOWN]:
        lines += wrapped(f"waits on {id}: {why}", "    ")
    left = waiting - len(done.held)
    if left > 0:
        lines.append(f"{waits(left)} for another ledger, or for any: ledger spool flush LEDGER")
    if aside:
        lines.append(f"{aside:,} set aside: ledger spool list")
    return lines

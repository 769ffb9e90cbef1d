"""`ledger show`: all of one entry."""

from typing import TYPE_CHECKING, Any, Final

import click

from ledger import entry, statement
from ledger.cli.entries import entry_document
from ledger.cli.frame import Call, command
from ledger.cli.layout import about, across, clean, clip, day, flat, headline, pairs
from ledger.cli.screen import Answer, Paint
from ledger.encoding import id_bytes, is_id
from ledger.errors import LedgerError, Misuse, Tampered
from ledger.foresight import doubts_in
from ledger.keys.openssh import name_of
from ledger.proving import prove_inclusion, tree_reader
from ledger.sealing import erasures, sealed_fields

if TYPE_CHECKING:
    from ledger.api import Ledger

_LABEL: Final = 25  # beside it, a digest of 71 characters fits into the line


@command()
@click.argument("which", metavar="SEQ|ID")
def show(call: Call, which: str) -> Answer:
    """Print all of one entry: what was said, what it refers to, whether a checkpoint covers it."""
    with call.open() as ledger:
        data = ledger.read(number(which))
        return _answer(ledger, data)


def number(which: str) -> int | str:
    """Return an entry's number or id as `Ledger.find` takes it; `Misuse` for what is neither."""
    if which.isascii() and which.isdigit() and len(which) < 17:
        return int(which)
    if is_id(which):
        return which
    raise Misuse(f"{which!r} is neither an entry's number nor an id", "ledger log", code="no_entry")


def _answer(ledger: "Ledger", data: bytes) -> Answer:
    placed = entry.view(data)
    document: dict[str, Any] = {
        "schema": "ledger.entry/1",
        "origin": ledger.origin,
        **entry_document(placed, ledger.covered),
        "leaf": f"sha256:{entry.leaf(data).hex()}",
        "hash": f"sha256:{statement.statement_hash(entry.body_of(data)).hex()}",
        "prev": f"sha256:{placed.prev}",
        "signatures": placed.signatures,
        "sealed_fields": _sealed_fields(ledger, placed),
    }
    if document["sealed"] and not _is_covered(ledger, placed.seq, entry.leaf(data)):
        document |= {"sealed": False, "changed": True}
    doubt = doubts_in(ledger.genesis, ledger.store).get(placed.statement.key)
    if doubt is not None and doubt.touches(placed.statement.time, placed.recorded) and placed.seq <= doubt.seq:
        document["doubtful"] = {"since": doubt.since, "reported": doubt.seq, "recorded": doubt.recorded}
    if placed.batch is not None:
        head = placed.batch
        document["batch"] = {"first": head.first if isinstance(head, entry.BatchMember) else placed.seq}
    for ref in document["refs"]:
        seq = ledger.store.find(id_bytes(ref["id"]))
        if seq is not None:
            ref["seq"] = seq
            ref["type"] = ledger.find(seq).statement.type
    code = Tampered.exit_code if "changed" in document else 0
    shown = _fingerprint(ledger, placed.statement.key)
    return Answer(document, lambda paint: _lines(document, ledger.origin, paint, shown), code)


def _is_covered(ledger: "Ledger", seq: int, leaf: bytes) -> bool:
    """Whether the newest checkpoint, signed by the log's key, leads to exactly these bytes.

    By the stored hashes; in the open tile by its entries, so that one which was changed shows at its neighbours too.
    """
    try:
        prove_inclusion(tree_reader(ledger.store, ledger.store.head()), seq, leaf, ledger.checkpoint())
    except Tampered:
        return False
    return True


def _fingerprint(ledger: "Ledger", key: str) -> str:
    """How the holder of a key sees it; "" where that cannot be said, or the key is two."""
    try:
        credential = ledger.trust().credential(key)
    except LedgerError:
        return ""
    shown = "" if credential is None else name_of(credential)
    return shown if shown.startswith("SHA256:") else ""


def _sealed_fields(ledger: "Ledger", placed: entry.Entry) -> list[dict[str, Any]]:
    """Return the places that hold a commitment, each with its value where a disclosure that opens it is kept."""
    fields = sealed_fields(ledger, placed.seq)
    gone = erasures(ledger, placed.statement.id, placed.seq) if any(not one.text for one in fields) else {}
    told: list[dict[str, Any]] = []
    for one in fields:
        said: dict[str, Any] = {"field": one.pointer, "opened": bool(one.text)}
        if one.text:
            said["value"] = one.value
        elif one.pointer in gone:
            said["erased"] = gone[one.pointer]
        told.append(said)
    return told


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


# ---- for a person ----


def _lines(document: dict[str, Any], origin: str, paint: Paint, shown: str) -> list[str]:
    head = f"entry {document['seq']}  {document['type']} {about(document['subject'])}"
    covered = "sealed: a checkpoint covers it" if document["sealed"] else "not yet covered by a checkpoint"
    if "changed" in document:
        covered = "NOT WHAT WAS SEALED, here or beside it: ledger verify says which entry"
    by = f"{document['actor']}, key {document['key'][:16]}{f' ({shown})' if shown else ''}"
    by += f", for {document['on_behalf_of']}" if "on_behalf_of" in document else ""
    rows = [
        ("ledger", origin),
        ("state", covered),
        ("happened", f"{day(document['time'])}Z"),
        ("recorded", f"{day(document['recorded'])}Z"),
        ("by", by),
        *((("doubtful", _doubtful(document["doubtful"])),) if "doubtful" in document else ()),
        *((("continues", _continues(document["data"]["continues"])),) if _takes_up(document) else ()),
        *((f"{ref['relation']}", _ref(ref)) for ref in document["refs"]),
        *((name, document[name]) for name in ("reason",) if name in document),
        ("id", document["id"]),
        ("hash", document["hash"]),
        ("leaf", document["leaf"]),
    ]
    opened = {one["field"]: one for one in document["sealed_fields"]}
    lines = [paint("bold", headline(head, "")).rstrip(), *pairs(rows)]
    for name in ("subject", "data", "claimed_by", "source", "evidence", "context"):
        if document.get(name):
            found = flat(_opened(document[name], f"/{name}", opened))
            lines += [paint("dim", name), *pairs(found, label=min(_LABEL, max(len(path) for path, _ in found)))]
    for place, one in opened.items():
        if _is_page(one):
            lines += [paint("dim", place[1:].replace("/", ".")), *_page(one)]
    return lines


def _takes_up(document: dict[str, Any]) -> bool:
    return document["seq"] == 0 and "continues" in document["data"]


def _continues(said: dict[str, str]) -> str:
    size = said["checkpoint"].split("\n")[1]
    return f"{said['origin']}, from its first {int(size):,} entries on"


def _is_page(one: dict[str, Any]) -> bool:
    """Whether a sealed value is a text of several lines, such as what an approver was shown."""
    return one["opened"] and isinstance(one["value"], str) and "\n" in one["value"]


def _page(one: dict[str, Any]) -> list[str]:
    return [clip(clean(line), across()) for line in one["value"].split("\n")]


def _doubtful(said: dict[str, Any]) -> str:
    return f"not void: its key was reported compromised since {day(said['since'])}Z, in entry {said['reported']}"


def _ref(ref: dict[str, Any]) -> str:
    return f"entry {ref['seq']} ({ref['type']})" if "seq" in ref else f"{ref['id']}, which is not in this ledger"


def _opened(value: Any, path: str, sealed: dict[str, dict[str, Any]]) -> Any:
    """Return a value with each commitment in words."""
    if path in sealed:
        one = sealed[path]
        if one["opened"]:
            text = "the text below" if _is_page(one) else one["value"]
            return f"{text}  (sealed in the entry; opened by a disclosure kept here)"
        return f"erased (entry {one['erased']})" if "erased" in one else "withheld or erased; the commitment stands"
    if isinstance(value, dict):
        return {key: _opened(item, f"{path}/{_escaped(key)}", sealed) for key, item in value.items()}
    if isinstance(value, list):
        return [_opened(item, f"{path}/{at}", sealed) for at, item in enumerate(value)]
    return value

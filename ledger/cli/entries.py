"""An entry as a JSON document."""

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ledger.entry import Entry

_OPTIONAL: Final = ("claimed_by", "context", "critical", "on_behalf_of", "reason", "source")


def entry_document(entry: "Entry", covered: int) -> dict[str, Any]:
    """Return what `log` says of an entry; `covered`: entries below it are under a checkpoint."""
    said = entry.statement
    document: dict[str, Any] = {
        "seq": entry.seq,
        "id": said.id,
        "type": said.type,
        "rev": said.rev,
        "subject": said.subject,
        "actor": said.actor,
        "key": said.key,
        "time": said.time,
        "recorded": entry.recorded,
        "sealed": entry.seq < covered,
        "data": said.data,
        "refs": [
            {"relation": name, "id": ref.id, "hash": ref.hash} for name, refs in said.refs.items() for ref in refs
        ],
        "evidence": list(said.evidence),
    }
    return document | {name: value for name in _OPTIONAL if (value := getattr(said, name)) is not None}

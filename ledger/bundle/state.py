"""state.json: what the entries come to at the head, by rules that fit on half a page (FORMAT.md section 15).

So that what a bundle proves means something: which versions there are, what runs where, who approved what, each with
the entry that says so. It is not the registry, which weighs more: it is computed again by whoever verifies.
"""

from hashlib import sha256
from typing import Any, Final

from ledger import encoding, entry
from ledger.entry import Entry
from ledger.statement import Statement

DECISIONS: Final = frozenset(("approved", "rejected", "approval_revoked"))
MOVES: Final = frozenset(("deployed", "rolled_back", "undeployed"))
Facts = dict[str, Any]


class State:
    """Takes entries in order; `document` is what they come to."""

    def __init__(self) -> None:
        self._origin = ""
        self._size = 0
        self._versions: dict[tuple[str, str], dict[str, int]] = {}
        self._decisions: list[Facts] = []
        self._moves: list[tuple[str, int, Statement]] = []
        self._corrections: list[Facts] = []

    def take(self, data: bytes) -> None:
        """Add the next entry, by its bytes; raise `Tampered` where they are none."""
        placed = entry.view(data)
        said = placed.statement
        self._size += 1
        if placed.seq == 0:
            self._origin = str(said.data.get("origin", ""))
        version = _words(said, "system", "version")
        if len(version) == 2:
            sets = self._versions.setdefault((version["system"], version["version"]), {})
            if "artifacts" in said.subject:
                sets.setdefault(_set(said), placed.seq)
        if said.type in DECISIONS:
            self._decisions.append(_decision(placed))
        if said.type in MOVES and len(_words(said, "system", "environment")) == 2:
            self._moves.append((said.time, placed.seq, said))
        if corrected := [ref.id for ref in (said.refs or {}).get("corrects", ())]:
            self._corrections.append({"corrects": corrected, "seq": placed.seq})

    @property
    def corrected_by(self) -> list[int]:
        """The entries that correct others."""
        return [one["seq"] for one in self._corrections]

    def document(self) -> Facts:
        """Return the whole of it; keys are in the form's own order."""
        versions = [
            {
                "sets": [{"seq": seq, "set": digest} for digest, seq in sets.items()],
                "system": system,
                "version": version,
            }
            for (system, version), sets in sorted(self._versions.items())
        ]
        return {
            "corrections": self._corrections,
            "decisions": self._decisions,
            "origin": self._origin,
            "running": _running(sorted(self._moves, key=lambda move: move[:2])),
            "size": self._size,
            "versions": versions,
        }

    def to_bytes(self) -> bytes:
        """Return state.json."""
        return encoding.reencode(self.document()) + b"\n"


def _words(said: Statement, *names: str) -> dict[str, str]:
    return {name: str(said.subject[name]) for name in names if name in said.subject}


def _set(said: Statement) -> str:
    """The set digest of a statement's artifacts (FORMAT.md section 3)."""
    return f"sha256:{sha256(encoding.reencode(said.subject['artifacts'])).hexdigest()}"


def _decision(placed: Entry) -> Facts:
    said = placed.statement
    facts: Facts = {"actor": said.actor, "decision": said.type, "seq": placed.seq}
    facts |= _words(said, "system", "version", "document")
    if "artifacts" in said.subject:
        facts["set"] = _set(said)
    if isinstance(said.data.get("stage"), str):
        facts["stage"] = said.data["stage"]
    if ended := [ref.id for ref in (said.refs or {}).get("ends", ())]:
        facts["ends"] = ended
    return facts


def _running(moves: list[tuple[str, int, Statement]]) -> list[Facts]:
    """Return the sets that serve in each slot after `moves`, which are in the order of their times."""
    slots: dict[tuple[str, str, str], dict[str, tuple[str, Facts]]] = {}
    for time, seq, said in moves:
        place = {"deployment": "main", **_words(said, "system", "environment", "deployment")}
        slot = slots.setdefault((place["system"], place["environment"], place["deployment"]), {})
        if said.type == "undeployed":
            _end(slot, said)
        elif "artifacts" in said.subject:
            digest, share = _set(said), said.data.get("traffic", 1)
            whole = said.type == "rolled_back" or type(share) not in (int, float) or share >= 1
            facts = {**place, **_words(said, "version"), "seq": seq, "set": digest, "since": time}
            kept = slot.get(digest, (said.id, facts))
            if whole:
                slot.clear()
            slot[digest] = kept
    return [facts for _, slot in sorted(slots.items()) for _, (_, facts) in sorted(slot.items())]


def _end(slot: dict[str, tuple[str, Facts]], said: Statement) -> None:
    """End what `ends` names; else the set, else the version that is named, else all."""
    ended = {ref.id for ref in (said.refs or {}).get("ends", ())}
    version = said.subject.get("version")
    for digest, (opened, facts) in list(slot.items()):
        if ended:
            over = opened in ended
        elif "artifacts" in said.subject:
            over = digest == _set(said)
        else:
            over = version is None or facts.get("version") == version
        if over:
            del slot[digest]

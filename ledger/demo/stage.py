"""Where the demo plays: its folder, its three people and machines with a key each, and one open ledger for each."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ledger.api import Ledger
from ledger.demo.data import Snapshots, cut, load, require_extra
from ledger.errors import Misuse

ORIGIN = "demo.example/credit"
SYSTEM = "credit-scoring"
TRAINING = "credit@snapshot-1"
RETRAINING = "credit@snapshot-2"
TEST = "credit-test@frozen"
LIVE = "applications@quarter-1"


@dataclass
class Stage:
    """What the steps of the story share."""

    folder: Path
    seed: int
    loans: Snapshots
    ledgers: dict[str, Ledger] = field(default_factory=dict)
    told: dict[Any, Any] = field(default_factory=dict)
    """Receipts and results of earlier steps, by the name that later steps know them by."""

    def by(self, actor: str) -> Ledger:
        """Return the ledger as `actor` has it open: what is recorded through it is signed with that actor's key."""
        return self.ledgers[actor]

    def close(self) -> None:
        """Close every ledger that was opened."""
        for ledger in self.ledgers.values():
            ledger.close()


def set_up(folder: Path, seed: int) -> Stage:
    """Make the folder and cut the data; `Misuse` where the folder is there already, or the extra is missing."""
    require_extra()
    if folder.exists():
        raise Misuse(
            f"{folder} exists already; the demo overwrites nothing",
            f"ledger demo --folder {folder.name}-2, or remove that folder first",
            code="folder_exists",
        )
    folder.mkdir(parents=True)
    return Stage(folder, seed, cut(load(), seed))

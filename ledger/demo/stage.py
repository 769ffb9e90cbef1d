"""Where the demo plays: its folder, its three actors with a key each, and one open ledger for each of them."""

from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any

from ledger.api import Ledger
from ledger.config import write_config
from ledger.demo.data import Snapshots, cut, load, require_extra
from ledger.errors import Misuse
from ledger.keys.ed25519 import Ed25519Signer
from ledger.keys.files import save

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


def people(stage: Stage) -> None:
    """Make the ledger, in mara's name; introduce ana, a person, and ci, a service; authorise a key of each.

    The origin ends in random digits: a second demo is another log, and no pin of the first may speak of it.
    """
    keys, database = stage.folder / "keys", stage.folder / "ledger.db"
    origin = f"demo.example/credit-{token_hex(3)}"
    stage.ledgers["mara"] = mara = Ledger.create(
        database, origin=origin, actor="mara", key=keys / "mara.key", log_key=keys / "log.key"
    )
    write_config(
        stage.folder,
        database=database.name,
        origin=origin,
        key=mara.genesis.log_keys[0].text,
        genesis=mara.genesis_leaf,
    )
    mara.record.actor_introduced(handle="ana", kind="human", function="Head of credit risk")
    mara.record.actor_introduced(handle="ci", kind="service", function="deployment pipeline")
    for handle, role in (("ana", "approver"), ("ci", "recorder")):
        signer = Ed25519Signer.generate()
        save(keys / f"{handle}.key", signer.to_pem())
        mara.record("key_authorized", handle=handle, keys=signer.credential.to_json(), roles=[role])
        stage.ledgers[handle] = Ledger.open(database, key=keys / f"{handle}.key", log_key=keys / "log.key")

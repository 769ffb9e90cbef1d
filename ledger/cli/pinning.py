"""Moving this user's pin after a verification, so that the next one has something from outside the log."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ledger.encoding import time_text
from ledger.pins import Pin, move_pin, pin_path

if TYPE_CHECKING:
    from ledger.store import Store


def keep(store: "Store", origin: str, genesis: str, size: int = -1) -> bool:
    """Keep the newest checkpoint as the pin; with `size`, only if it is the one of that size, which was checked."""
    note = store.head().note
    if not note:
        return False
    pin = Pin(genesis, note.decode(), time_text(datetime.now(UTC)))
    if size >= 0 and pin.checkpoint.size != size:
        return False
    move_pin(pin_path(origin), pin)
    return True

"""Moving this user's pin after a verification, so that the next one has something from outside the log."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ledger.encoding import time_text
from ledger.pins import Pin, move_pin, pin_path, place_of

if TYPE_CHECKING:
    from ledger.store import Store


def keep(store: "Store", origin: str, genesis: str, size: int, location: str) -> bool:
    """Keep the checkpoint of this size, which was checked, as the pin; `location`: one's own, "" of others' things."""
    head = store.head()
    note = head.note if head.covered == size else dict(store.checkpoints()).get(size)
    if not note:
        return False
    places = (place_of(location),) if location else ()
    move_pin(pin_path(origin), Pin(genesis, note.decode(), time_text(datetime.now(UTC)), places=places))
    return True

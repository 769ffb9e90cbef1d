"""What is new in every statement that this process makes: its id, which rises, and its time."""

import os
import threading
import time
from datetime import UTC, datetime
from typing import Final

from ledger import encoding

_id_lock: Final = threading.Lock()
_newest_tick = 0
_random = b""  # asked for in advance: the system call lets other threads in, who then have to be waited for


def _forget_random() -> None:
    """In a forked child: what is in store the parent gives out. The thread that held the lock is not here."""
    global _random  # noqa: PLW0603
    _random = b""
    _id_lock.release()


os.register_at_fork(before=_id_lock.acquire, after_in_parent=_id_lock.release, after_in_child=_forget_random)


def _ticks(count: int) -> int:
    """Return the first of `count` ticks (1/4096 ms) that are above all that were given before. Needs the lock."""
    global _newest_tick  # noqa: PLW0603 - one clock for the process: ids that only rise need no look-up
    first = max(time.time_ns() * 4096 // 1_000_000, _newest_tick + 1)
    _newest_tick = first + count - 1
    return first


def new_id() -> str:
    """Return a UUIDv7 that is above all that this process made before (RFC 9562 section 6.2, method 3)."""
    global _random  # noqa: PLW0603
    with _id_lock:
        tick, store = _ticks(1), _random or os.urandom(_STORE)
        _random = store[8:]
    return encoding.make_id(tick >> 12, (tick & 0xFFF).to_bytes(2, "big") + store[:8])


_STORE: Final = 512  # bytes, for 64 ids


def new_ids(count: int) -> tuple[list[str], list[bytes]]:
    """Return as many ids, rising, as text and as their 16 bytes."""
    random = bytearray(os.urandom(8 * count))
    with _id_lock:
        first = _ticks(count)
    random[::8] = random[::8].translate(_VARIANT)
    ends = random.hex()
    begins = [f"{tick:015x}" for tick in range(first, first + count)]
    texts = [
        f"{begin[:8]}-{begin[8:12]}-7{begin[12:]}-{ends[at : at + 4]}-{ends[at + 4 : at + 16]}"
        for begin, at in zip(begins, range(0, 16 * count, 16), strict=True)
    ]
    whole = bytes.fromhex("".join(texts).replace("-", ""))
    return texts, [whole[at : at + 16] for at in range(0, 16 * count, 16)]


_VARIANT: Final = bytes(byte & 0x3F | 0x80 for byte in range(256))


_second: tuple[int, str] = (-1, "")


def now_text() -> str:
    """Return the time by this machine's clock, in the 27-character form."""
    global _second  # noqa: PLW0603 - the text of the second that runs; replaced whole, so that threads need no lock
    seconds, micro = divmod(time.time_ns() // 1000, 1_000_000)
    known, text = _second
    if known != seconds:
        text = _second_text(seconds)
        _second = (seconds, text)
    return f"{text}{micro:06d}Z"


def times_text(moments: list[int]) -> list[str]:
    """Return moments, in nanoseconds of POSIX time, in the 27-character form."""
    second = moments[0] // 1_000_000_000
    begun, text = second * 1_000_000_000, _second_text(second)
    if begun <= min(moments) and max(moments) < begun + 1_000_000_000:  # nearly always: they are moments apart
        return [f"{text}{(moment - begun) // 1000:06d}Z" for moment in moments]
    return [f"{_second_text(moment // 1_000_000_000)}{moment // 1000 % 1_000_000:06d}Z" for moment in moments]


def _second_text(second: int) -> str:
    return encoding.time_text(datetime.fromtimestamp(second, UTC))[:-7]

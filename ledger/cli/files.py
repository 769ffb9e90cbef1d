"""Small files that commands read and write: bounded, whole, never over another."""

import os
from pathlib import Path

from ledger.errors import Misuse


def read_small(path: Path, limit: int, what: str) -> bytes:
    """Return a file's bytes; `Misuse` where it cannot be read or is larger than `what` may be."""
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise Misuse(f"{path}: {error.strerror}", f"name {what}", code="no_file") from None
    if len(data) > limit:
        raise Misuse(f"{path} is larger than {what} can be ({limit:,} bytes)", f"name {what}", code="too_large")
    return data


def write_new(path: Path, data: bytes) -> None:
    """Write a new file, durable; `Misuse` where one is there or it cannot be made."""
    try:
        with path.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise Misuse(f"{path} is there already; nothing was written", "-o another file", code="exists") from None
    except OSError as error:
        raise Misuse(f"{path} cannot be made: {error.strerror}", "-o another file", code="output") from None

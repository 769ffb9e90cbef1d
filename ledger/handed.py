"""Receipts handed on in files: what the next step of a pipeline, in a process of its own, says as `of=Path(...)`."""

import os
from pathlib import Path
from typing import Any, Final

import msgspec

from ledger.errors import Misuse
from ledger.receipts import SCHEMA
from ledger.statement import RELATIONS

LIMIT: Final = 1_048_576


def handed(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of an event with each path in the place of another event read as the receipt that is there."""
    if RELATIONS.isdisjoint(fields):
        return fields
    return {name: _handed(value) if name in RELATIONS else value for name, value in fields.items()}


def _handed(value: Any) -> Any:
    if isinstance(value, os.PathLike):
        return _load(value)
    return [_handed(one) for one in value] if isinstance(value, list | tuple) else value


def _load(path: os.PathLike[str]) -> dict[str, Any]:
    """Return what the receipt in a file says; raise `Misuse` where there is none."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(LIMIT + 1)
    except OSError as error:
        raise _none(path, error.strerror or "it cannot be read") from None
    try:
        said = msgspec.json.decode(data) if len(data) <= LIMIT else None
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or said.get("schema") != SCHEMA:
        raise _none(path, "it holds none")
    return said


def _none(path: os.PathLike[str], why: str) -> Misuse:
    return Misuse(f"no receipt in {os.fspath(path)}: {why}", "receipt.save(PATH) makes one", code="no_receipt")

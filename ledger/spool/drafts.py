"""Drafts: what somebody wanted to record and could not, kept as plain fields beside the spool, to be said again.

A NaN in the last line must not cost a night's run. A draft is unsigned: it is recorded by `ledger record --draft ID`,
on somebody's word, and never by itself. What looks like a secret is not kept. Mode 0600, few and small.
"""

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from ledger.encoding import is_id, time_text
from ledger.entry import Entry
from ledger.errors import Misuse
from ledger.events.common import Evidence
from ledger.events.mentions import ref_of, subject_of
from ledger.events.secrets import check_secrets
from ledger.receipts import Receipt
from ledger.shapes import learn

SIZE_LIMIT: Final = 65_536
COUNT_LIMIT: Final = 200
_DEPTH: Final = 32
_TEXT: Final = 200
_INTEGERS: Final = 1 << 63  # beyond, a reader of JSON may take another number


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A kept event: its type and keywords, why it was not recorded, when it was kept.

    `id` becomes the statement's id, unless the fields name one. In the fields, {"draft": ID} stands for a receipt of
    what is a draft itself.
    """

    id: str
    type: str
    fields: dict[str, Any]
    why: str
    saved: str
    schema: str = "ledger.draft/1"


learn(Draft)


def folder_of(spool: Path) -> Path:
    """Return the folder of drafts that belongs to a spool file."""
    return spool.parent / "drafts"


def keep(folder: Path, draft: Draft) -> bool:
    """Write a draft; False where it is too large or holds what looks like a secret. Raises `OSError`."""
    fields = as_json(draft.fields)
    said = {name: getattr(draft, name) for name in draft.__struct_fields__}
    said |= {"why": _writable(draft.why), "type": _writable(draft.type)}
    text = json.dumps({**said, "fields": fields}, indent=1, ensure_ascii=False)
    if len(text.encode()) > SIZE_LIMIT:
        return False
    if draft.fields.get("allow_secret") is not True:
        try:
            check_secrets(text.encode(), fields, draft.type)
        except Misuse:
            return False
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(folder / f"{draft.id}.json", text.encode())
    for old in listed(folder)[:-COUNT_LIMIT]:
        old.unlink(missing_ok=True)
    return True


def write_whole(path: Path, data: bytes) -> None:
    """Put a file in its place, whole and durable, or leave nothing of it. Raises `OSError`."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".draft", delete=False) as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            os.replace(file.name, path)  # noqa: PTH105
        except BaseException:
            with suppress(OSError):
                os.unlink(file.name)  # noqa: PTH108
            raise


def listed(folder: Path) -> list[Path]:
    """Return the drafts' files, the oldest first (ids are made of time)."""
    return sorted(path for path in folder.glob("*.json") if is_id(path.stem))


def find(folder: Path, id: str) -> Path | None:
    """Return the file of the draft whose id is, or alone begins with, `id`."""
    found = [path for path in listed(folder) if path.stem.startswith(id)] if id else []
    return found[0] if len(found) == 1 else None


def load(path: Path) -> Draft:
    """Return the draft in a file that a person may have edited; raise `Misuse` where it is none."""
    try:
        with path.open("rb") as file:
            draft = msgspec.json.decode(file.read(SIZE_LIMIT * 2), type=Draft)
    except OSError as error:
        raise Misuse(f"the draft {path} cannot be read: {error.strerror}", "ledger spool list", code="draft") from None
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Misuse(
            f"{path} is no draft: {error}", f"correct it, or ledger spool drop {path.stem}", code="draft"
        ) from None
    return msgspec.structs.replace(draft, fields={name: _revived(value) for name, value in draft.fields.items()})


def as_json(fields: dict[str, Any]) -> dict[str, Any]:
    """Return fields as they stand in a draft's file."""
    made: dict[str, Any] = _plain(fields, _DEPTH)
    return made


def _plain(value: Any, depth: int) -> Any:
    """A value as JSON can hold it: what it cannot is written as text, for a person to put right."""
    if depth == 0:
        return "..."
    if isinstance(value, str):
        return _writable(value)
    if value is None or isinstance(value, bool | int):
        return value if abs(value or 0) < _INTEGERS else str(value)
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if isinstance(value, Receipt) and not value.hash:
        return {"draft": value.id}
    if isinstance(value, Receipt | Entry):
        ref = ref_of(value, "draft")
        return {"id": ref.id, "hash": ref.hash, "subject": subject_of(value)}
    if isinstance(value, msgspec.Struct):
        fields = {name: item for name in value.__struct_fields__ if (item := getattr(value, name)) is not None}
        return _plain(fields, depth)
    if isinstance(value, datetime):
        return time_text(value) if value.tzinfo else value.isoformat()
    if isinstance(value, Mapping):
        return {_writable(str(key)): _plain(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, depth - 1) for item in value]
    if isinstance(value, Path):
        return _writable(str(value))
    return _scalar(value)


def _writable(text: str) -> str:
    """A text as UTF-8 can hold it: a lone surrogate is spelt out."""
    return text.encode("utf-8", "backslashreplace").decode()


def _scalar(value: Any) -> Any:
    kind = type(value)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    try:
        number = value.item() if value.shape == () else None
    except (ArithmeticError, AttributeError, RuntimeError, TypeError, ValueError):
        number = None
    return _plain(number, 1) if isinstance(number, bool | int | float) else f"<{name[:_TEXT]}>"


def _revived(value: Any) -> Any:
    """Evidence as the type it was: what a digest set is made of."""
    if isinstance(value, list):
        return [_revived(item) for item in value]
    if not isinstance(value, dict):
        return value
    if {"digest", "kind", "media_type", "size"} <= value.keys():
        try:
            return msgspec.convert(value, Evidence, strict=True)
        except msgspec.ValidationError:
            return value
    return {key: _revived(item) for key, item in value.items()}

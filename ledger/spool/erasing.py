"""Erasing a sealed value from what this machine keeps of statements on their way: the spool's file, and the drafts.

    where it may stand                                    what becomes of it
    spool: the statement itself, placed, and not deleted  its row goes: the log has it
      because a flush was cut off; a retry of it
    spool: another statement that took the same id        its disclosure of that field goes; it is set aside, and says
                                                          so: under an id that is taken it can never be recorded
    spool: pages it was moved out of, the WAL             the table is made anew, the WAL is cut to nothing
    drafts: the one that was recorded                     removed
    drafts: any other in which the value stands           the fields that hold it are taken out; it says so in `why`
    drafts: a file that can no longer be read             removed, where the value's bytes stand in it

Other machines, and other users of this one, have spools and drafts of their own.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from ledger.disclosures import open_disclosure
from ledger.errors import LedgerError, Tampered, Unavailable
from ledger.spool.drafts import folder_of, write_whole
from ledger.spool.file import Spool
from ledger.spool.item import Waiting, same_statement

_WORD: Final = 4  # characters from which on a value is searched for inside words
_GONE: Final = object()


class Cleared(NamedTuple):
    """What was found on this machine: items of the spool that went or lost the value, drafts that did (their ids)."""

    items: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    redacted: tuple[str, ...] = ()


def values_here(spool: Spool, id: str, pointers: tuple[str, ...]) -> list[tuple[str, Any]]:
    """Return place and value of a statement's sealed fields, as far as the spool still has them.

    A spool that cannot be read has none: `clear_spool` says so.
    """
    try:
        item = spool.find(id)
    except LedgerError:
        return []
    return [] if item is None else [(pointer, value) for _, pointer, value in _opened(item) if pointer in pointers]


def _opened(item: Waiting) -> Iterator[tuple[str, str, Any]]:
    for text in item.disclosures:
        try:
            _, pointer, value = open_disclosure(text)
        except Tampered:
            continue
        yield text, pointer, value


# ---- the spool ----


def clear_spool(spool: Spool, said: dict[str, Any], pointers: tuple[str, ...], seq: int) -> tuple[str, ...]:
    """Erase the sealed fields `pointers` of the statement `said`, entry `seq`, from the spool's file and its WAL.

    Raises `Unavailable` where another program keeps old bytes alive, or the file is none of ours.
    """

    def change(item: Waiting) -> Waiting | None:
        if _is_of(item, said):
            return None
        held = {text for text, pointer, _ in _opened(item) if pointer in pointers}
        kept = tuple(text for text in item.disclosures if text not in held)
        why = f"entry {seq} has this id, and {', '.join(pointers)} was erased there"
        return item._replace(disclosures=kept, aside=why) if held else item

    try:
        return spool.make_anew(said["id"], change)
    except LedgerError as error:
        raise Unavailable(
            f"the value is erased from the ledger, but the spool may hold it: {error.message}",
            f"{error.fix}; then run this again: it finishes", code="erasing",
        ) from None  # fmt: skip


def _is_of(item: Waiting, said: dict[str, Any]) -> bool:
    try:
        return same_statement(item.said, said)
    except Tampered:
        return False


# ---- drafts ----


def clear_drafts(
    spool: Spool, id: str, values: list[tuple[str, Any]], seq: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Remove the draft of a statement, and take values (pointer, value) out of all others; return the ids of both.

    Raises `Unavailable` where a file cannot be changed.
    """
    folder, removed, redacted = folder_of(spool.path), [], []
    needles = _Needles(values)
    try:
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.stem == id:
                path.unlink(missing_ok=True)
                removed.append(id)
            elif (changed := _redacted(path.read_bytes(), needles, seq)) is None:
                path.unlink(missing_ok=True)
                removed.append(path.stem)
            elif changed:
                write_whole(path, changed)
                redacted.append(path.stem)
    except OSError as error:
        raise Unavailable(
            f"the drafts in {folder} cannot be looked through: {error.strerror}; no value was erased yet",
            "make them yours, or remove them; then run this again", code="erasing",
        ) from None  # fmt: skip
    return tuple(removed), tuple(redacted)


def _redacted(data: bytes, needles: "_Needles", seq: int) -> bytes | None:
    """Return a draft without the values; b"" where they are not in it; None where it has to go as a whole."""
    changed = b""
    try:
        draft = json.loads(data)
        fields, why = draft["fields"], draft["why"]
        left = {name: kept for name, item in fields.items() if (kept := needles.taken_out(item, name)) is not _GONE}
        told = needles.blotted(why)
        if left != fields or told != why:
            draft["fields"] = left
            draft["why"] = f"without a value of entry {seq} that was erased; {told}"
            changed = json.dumps(draft, indent=1, ensure_ascii=False).encode()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        changed = b""
    return None if needles.stand_in(changed or data) else changed


class _Needles:
    """Values to be found: texts anywhere in a text (short ones as words), a map or list as a whole, and a number, which
    may mean anything, under the name of its field alone.
    """

    def __init__(self, values: list[tuple[str, Any]]) -> None:
        self._wholes = [value for _, value in values if isinstance(value, dict | list)]
        self._named = {pointer.rpartition("/")[2]: value for pointer, value in values}
        self._texts = sorted({text for _, value in values for text in _texts_in(value) if text.strip()}, key=len)
        found = [re.escape(text) if len(text) >= _WORD else rf"(?<!\w){re.escape(text)}(?!\w)" for text in self._texts]
        self._found = re.compile("|".join(reversed(found))) if found else None

    def taken_out(self, value: Any, name: str = "") -> Any:
        """Return a value, which stands under `name`, without what is to be found; `_GONE` where it is that."""
        if isinstance(value, str):
            return _GONE if self._found and self._found.search(value) else value
        if value in self._wholes or (name in self._named and value == self._named[name]):
            return _GONE
        if isinstance(value, list):
            return [kept for item in value if (kept := self.taken_out(item)) is not _GONE]
        if isinstance(value, dict):
            kept = {key: self.taken_out(item, key) for key, item in value.items() if self.taken_out(key) is not _GONE}
            return {key: item for key, item in kept.items() if item is not _GONE}
        return value

    def blotted(self, text: str) -> str:
        """Return a text with dots in the place of what is to be found."""
        return self._found.sub("...", text) if self._found else text

    def stand_in(self, data: bytes) -> bool:
        """Whether bytes, whatever their form, hold one of the texts as a file may spell it."""
        spelt = [
            spelling
            for text in self._texts
            if len(text) >= _WORD
            for spelling in (text, *(json.dumps(text, ensure_ascii=pure)[1:-1] for pure in (True, False)))
        ]
        return any(one.encode("utf-8", "surrogatepass") in data for one in spelt)


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts_in(item)

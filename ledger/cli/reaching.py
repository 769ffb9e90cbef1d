"""The ledger that a command records in, whether or not it can be reached; and drafts that are recorded at last."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn, TypeAlias

from ledger.cli.frame import Call
from ledger.config import Place, chosen_mode, resolve
from ledger.errors import LedgerError, Misuse, Unavailable
from ledger.spool import drafts
from ledger.spool.file import spool_path

if TYPE_CHECKING:
    from ledger.api import Ledger
    from ledger.outbox import Outbox

    Reached: TypeAlias = "Ledger | Absent"

# A shell has the words that were typed; what costs an event there is the ledger's absence alone.
_KEPT: Final = frozenset(("unauthorised",))


class Absent(NamedTuple):
    """A ledger that cannot be reached now, or is not to be asked."""

    place: Place
    error: LedgerError | None

    def find(self, which: int | str) -> NoReturn:
        """Say that nothing can be looked up."""
        raise Misuse(
            f"the ledger is away: {which} cannot be looked up", "give the artifacts: --file NAME=PATH", code="away"
        )


@contextmanager
def reached(call: Call, actor: str | None, *, clock_ok: bool = False) -> "Iterator[Reached]":
    """Open the ledger that is meant; where it is away, or recording is to go to the spool, what is known of it."""
    place = resolve(call.location)
    if chosen_mode(place) != "record":
        yield Absent(place, None)
        return
    try:
        ledger = call.open(read_only=False, actor=actor, clock_ok=clock_ok)
    except Unavailable as error:
        absent = Absent(place, error)
    else:
        with ledger:
            yield ledger
        return
    yield absent


def outbox(call: Call, ledger: "Reached", actor: str | None, *, keeps_drafts: bool = False) -> "Outbox":
    """Return what records in a ledger, or spools for it."""
    from ledger.outbox import Outbox

    def reach() -> "Ledger":
        if isinstance(ledger, Absent):
            assert ledger.error is not None
            raise ledger.error
        return ledger

    return Outbox(reach, lambda: resolve(call.location), actor=actor, kept=_KEPT, keeps_drafts=keeps_drafts)


# ---- drafts ----


def load_draft(id: str) -> drafts.Draft:
    """Return a draft by its id, or the beginning of it that is its alone."""
    folder = drafts.folder_of(spool_path())
    path = drafts.find(folder, id)
    if path is None:
        raise Misuse(f"there is no draft {id!r} in {folder}", "ledger spool list", code="draft")
    return drafts.load(path)


def drafted_fields(draft: drafts.Draft, ledger: "Reached") -> dict[str, Any]:
    """Return a draft's fields, under its id; what refers to another draft is looked up: that one is recorded first."""
    return {"id": draft.id, **{name: _recorded(value, ledger) for name, value in draft.fields.items()}}


def _recorded(value: Any, ledger: "Reached") -> Any:
    if isinstance(value, list):
        return [_recorded(item, ledger) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"draft"}:
        try:
            return ledger.find(value["draft"])
        except Misuse:
            id = value["draft"]
            raise Misuse(
                f"it refers to {id}, which is a draft itself", f"first: ledger record --draft {id}", code="draft"
            ) from None
    return {name: _recorded(item, ledger) for name, item in value.items()}


def forget_draft(draft: drafts.Draft) -> None:
    """Remove a draft that is recorded now."""
    path = drafts.find(drafts.folder_of(spool_path()), draft.id)
    if path is not None:
        path.unlink(missing_ok=True)

"""What is said of a statement that was kept: its receipt, the way on, and the line at the end of a process."""

from typing import Any

from ledger.errors import LedgerError, Unavailable
from ledger.events.table import EVENTS
from ledger.receipts import Receipt
from ledger.spool.file import Spool
from ledger.spool.item import Target


def fix_of(why: LedgerError, target: Target) -> str:
    """Return what a user does about a statement that was kept."""
    if why.code == "no_ledger" and not target.genesis and not target.named:
        return f"{why.fix}, then ledger spool flush LEDGER"
    if why.code == "no_ledger" or isinstance(why, Unavailable):
        way = "bring it back" if why.code == "no_ledger" else why.fix
        return f"{way}; it is sent with the next success, or by ledger spool flush"
    return f"{why.fix}; then ledger spool flush"


def waits(count: int) -> str:
    """Return `1 waits` or `3 wait`."""
    return f"{count:,} waits" if count == 1 else f"{count:,} wait"


def type_of(what: Any) -> str:
    """Return the type that a name or an event struct says."""
    if isinstance(what, str):
        return what
    return next((row.name for row in EVENTS.values() if row.struct is type(what)), type(what).__name__)


def unsigned(id: str, what: Any, fields: dict[str, Any], state: Any, why: str) -> Receipt:
    """Return the receipt of what nobody signed: it names no statement, only what was to be said."""
    names = ("system", "version", "dataset", "environment")
    about = {name: value for name in names if isinstance(value := fields.get(name), str)}
    said = {"id": id, "type": type_of(what), "subject": about, "actor": "", "time": ""}
    return kept(said, state, why)


def kept(said: dict[str, Any], state: Any, why: str, *, hash: str = "", again: bool = False) -> Receipt:
    """Return the receipt of what no log has placed yet."""
    return Receipt(
        seq=-1,
        id=said["id"],
        hash=hash,
        leaf="",
        type=said["type"],
        subject=said["subject"],
        actor=said["actor"],
        time=said["time"],
        recorded="",
        state=state,
        again=again,
        why=why,
    )


def exit_line(spool: Spool) -> str:
    """Return what is said at the end of a process, where anything waits in its spool."""
    waits, aside, _ = spool.count()
    if not waits + aside:
        return ""
    events = f"{waits:,} event{'' if waits == 1 else 's'} wait{'s' if waits == 1 else ''}" if waits else ""
    other = f"{aside:,} set aside" if aside else ""
    fix = "ledger spool flush" if waits else "ledger spool list"
    return f"ledger: {' and '.join(filter(None, (events, other)))} in the spool ({spool.path}): {fix}"

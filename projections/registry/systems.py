"""Systems: what they are for, what was said of them again, when they came on the market. Key `S|system`."""

from typing import Any, Final

from ledger.entry import Entry
from ledger.statement import Statement
from projections.projection import STANDS, Out, Route, State, Subject
from projections.tables import table
from projections.values import ids, mapping, packed, set_of, text, texts

SYSTEMS: Final = table(
    "systems",
    "system",
    "purpose name our_role provider reference affected_persons forms hardware interfaces countries sme"
    " registered_seq:integer registered_by clock_first clock_last market_state retired retired_seq:integer"
    " first_seq:integer last_seq:integer",
    owner=1,
)
# A system registered again with another purpose, persons, countries or hardware is a change (vocabulary 6.1).
REGISTRATIONS: Final = table(
    "registrations",
    "seq:integer",
    "statement_id system known_seq:integer stands time actor reason caused_by before after",
    indexes=("system",),
)
MARKET: Final = table(
    "market",
    "seq:integer",
    "statement_id system set_digest kind stands time actor version countries form ifu",
    indexes=("system",),
)
CHANGES_PURPOSE: Final = ("purpose", "affected_persons", "countries", "hardware")


def keys(entry: Entry, said: Statement) -> tuple[str, ...]:  # noqa: ARG001
    """The system's key."""
    system = said.subject.get("system")
    return (f"S|{system}",) if system else ()


def retired_keys(entry: Entry, said: Statement) -> tuple[str, ...]:
    """A retirement that names no version is the system's."""
    subject = said.subject
    return () if "version" in subject or "artifacts" in subject else keys(entry, said)


def start(parts: list[str]) -> State:
    """A system nobody has spoken of."""
    return {"system": parts[0], "registered": []}


def registered(state: State, entry: Entry, said: Statement, out: Out) -> None:
    """What is said last of the system holds."""
    _register(state, entry, said, out, STANDS)
    data = said.data
    for name in ("purpose", "name", "our_role", "reference", "hardware", "interfaces", "sme"):
        state[name] = text(data.get(name))
    for name in ("affected_persons", "forms", "countries"):
        state[name] = packed(texts(data.get(name)))
    state["provider"] = packed(mapping(data.get("provider")))
    state["registered_seq"], state["registered_by"] = entry.seq, said.actor
    _seen(state, entry)


def registration_left_out(state: State, entry: Entry, said: Statement, out: Out, why: str) -> None:
    """A registration that was taken back keeps its number in the changelog, if it had one."""
    _register(state, entry, said, out, why)


def market(state: State, entry: Entry, said: Statement, out: Out) -> None:
    """A version came on the market or into service."""
    state["clock_first"] = min(state.get("clock_first", said.time), said.time)
    state["clock_last"] = max(state.get("clock_last", said.time), said.time)
    state["market_state"] = said.type
    _market_row(state, entry, said, out, STANDS)
    _seen(state, entry)


def market_left_out(state: State, entry: Entry, said: Statement, out: Out, why: str) -> None:
    """What was taken back keeps its number."""
    _market_row(state, entry, said, out, why)


def retired(state: State, entry: Entry, said: Statement, out: Out) -> None:  # noqa: ARG001
    """The system is no longer offered or used."""
    state["retired"], state["retired_seq"] = said.time, entry.seq
    _seen(state, entry)


def rows(state: State, out: Out) -> None:
    """The system's row, and its later registrations compared with what was said before them."""
    if "first_seq" in state:
        out.rows["systems"].append(tuple(state.get(name) for name in SYSTEMS.columns))
    before: dict[str, Any] = {}
    for one in state["registered"]:
        if _opens(state, one):
            was, now = {}, {}
            for name in CHANGES_PURPOSE:
                if before.get(name) != one["now"].get(name):
                    was[name], now[name] = before.get(name), one["now"].get(name)
            out.rows["registrations"].append(
                (one["seq"], one["id"], state["system"], _known(state, one), one["stands"], one["time"], one["actor"],
                 one["reason"], one["caused_by"], packed(was), packed(now))
            )  # fmt: skip
        if one["stands"] == STANDS:
            before = one["now"]


def _seen(state: State, entry: Entry) -> None:
    state["first_seq"] = min(state.get("first_seq", entry.seq), entry.seq)
    state["last_seq"] = max(state.get("last_seq", entry.seq), entry.seq)


def _register(state: State, entry: Entry, said: Statement, out: Out, stands: str) -> None:
    versions = out.history.get(entry.seq) or [(entry.seq, said)]
    state["registered"].append(
        {
            "seq": entry.seq, "id": said.id, "time": said.time, "actor": said.actor, "reason": said.reason,
            "caused_by": packed(ids(said, "caused_by")), "stands": stands, "now": _described(said),
            "said": [[seq, _described(version)] for seq, version in versions],
        }
    )  # fmt: skip


def _described(said: Statement) -> dict[str, Any]:
    return {name: said.data[name] for name in CHANGES_PURPOSE if name in said.data}


def _known(state: State, one: dict[str, Any]) -> int | None:
    """The entry by which the log knew this to be a change: it, or its correction, differs from the registration placed
    before it. By the log's order and what was first said there, so that no later entry can move a number."""
    earlier = [other for other in state["registered"] if other["seq"] < one["seq"]]
    if not earlier:
        return None
    first_said = max(earlier, key=lambda other: other["seq"])["said"][0][1]
    return next((seq for seq, described in one["said"] if described != first_said), None)


def _opens(state: State, one: dict[str, Any]) -> bool:
    return _known(state, one) is not None


def _market_row(state: State, entry: Entry, said: Statement, out: Out, stands: str) -> None:
    data = said.data
    artifacts = said.subject.get("artifacts")
    digest = set_of(artifacts) if artifacts else None
    out.rows["market"].append(
        (entry.seq, said.id, state["system"], digest, said.type, stands, said.time, said.actor,
         said.subject.get("version"), packed(texts(data.get("countries"))), text(data.get("form")),
         text(data.get("ifu")))
    )  # fmt: skip


TABLES: Final = (SYSTEMS, REGISTRATIONS, MARKET)
SUBJECT: Final = Subject("S", 1, start, rows, TABLES, system=0)
ROUTES: Final = {
    "system_registered": Route(keys, SUBJECT, registered, registration_left_out),
    "placed_on_market": Route(keys, SUBJECT, market, market_left_out),
    "put_into_service": Route(keys, SUBJECT, market, market_left_out),
    "retired": Route(retired_keys, SUBJECT, retired),
}

"""Approvals: who decided what about which digest set or document, and what stands. Key `P|system|set|document|stage`.

`valid_until` and revoked keys are compared when somebody asks, never folded: no row changes because time passed.
"""

from typing import Final

from ledger.entry import Entry
from ledger.statement import Statement
from projections.projection import Out, Route, State, Subject
from projections.tables import table
from projections.values import ids, mapping, packed, set_of, text, texts, whole

# One row a decision, as it was said; what stands of them is in `approval_states`.
APPROVALS: Final = table(
    "approvals",
    "seq:integer",
    "statement_id system set_digest document stage decision actor key time recorded version valid_until conditions"
    " seen uses reason ends",
    indexes=("system set_digest",),
)
STATES: Final = table(
    "approval_states", "system set_digest document stage",
    "state needed:integer standing revoked requested_by requested_seq:integer decided_seq:integer", owner=4,
)  # fmt: skip


def keys(entry: Entry, said: Statement) -> tuple[str, ...]:  # noqa: ARG001
    """The key of the set, or else the document, that is decided about, and the stage."""
    subject = said.subject
    stage, artifacts, document = text(said.data.get("stage")), subject.get("artifacts"), subject.get("document")
    if not stage or not (artifacts or document):
        return ()
    about = f"{set_of(artifacts)}|" if artifacts else f"|{document}"
    return (f"P|{subject.get('system', '')}|{about}|{stage}",)


def start(parts: list[str]) -> State:
    """Nothing was asked or decided. `standing`: [id, seq, actor]; `revoked`: approval's id -> seq of the revocation."""
    return {"place": parts, "standing": [], "revoked": {}, "needed": 1, "state": "none"}


def requested(state: State, entry: Entry, said: Statement, out: Out) -> None:
    """Somebody asked for a decision."""
    _row(state, entry, said, out, "requested")
    if state["state"] != "approved":
        state["needed"] = whole(said.data.get("needed")) or 1
        state["requested_by"], state["requested_seq"] = said.actor, entry.seq
        _recount(state, "requested")


def approved(state: State, entry: Entry, said: Statement, out: Out) -> None:
    """One person approved; the stage is approved once enough distinct actors stand."""
    _row(state, entry, said, out, "approved")
    state["decided_seq"] = entry.seq
    if said.id in state["revoked"]:
        _recount(state, "revoked")  # by an event that is dated before it: `ends` pairs them whatever the clocks said
    else:
        state["standing"].append([said.id, entry.seq, said.actor])
        _recount(state, "requested")


def rejected(state: State, entry: Entry, said: Statement, out: Out) -> None:
    """A rejection: what was approved before for this stage no longer stands."""
    _row(state, entry, said, out, "rejected")
    state.update(standing=[], state="rejected", decided_seq=entry.seq)


def revoked(state: State, entry: Entry, said: Statement, out: Out) -> None:
    """The approval that `ends` names is taken back."""
    _row(state, entry, said, out, "revoked")
    for target in ids(said, "ends"):
        state["revoked"][target] = entry.seq
        stand = [one for one in state["standing"] if one[0] != target]
        if len(stand) < len(state["standing"]):
            state["standing"] = stand
            state["decided_seq"] = entry.seq
            _recount(state, "revoked")


def rows(state: State, out: Out) -> None:
    """Where the stage stands."""
    if state["state"] == "none":
        return
    standing = packed([seq for _, seq, _ in state["standing"]])
    out.rows["approval_states"].append(
        (*state["place"], state["state"], state["needed"], standing, packed(state["revoked"]),
         state.get("requested_by"), state.get("requested_seq"), state.get("decided_seq"))
    )  # fmt: skip


def _recount(state: State, otherwise: str) -> None:
    actors = {actor for _, _, actor in state["standing"]}
    if len(actors) >= state["needed"]:
        state["state"] = "approved"
    else:
        state["state"] = "requested" if actors else otherwise


def _row(state: State, entry: Entry, said: Statement, out: Out, decision: str) -> None:
    system, digest, document, stage = state["place"]
    data = said.data
    out.rows["approvals"].append(
        (entry.seq, said.id, system, digest, document, stage, decision, said.actor, said.key, said.time,
         entry.recorded, said.subject.get("version"), text(data.get("valid_until")),
         packed(texts(data.get("conditions"))),
         packed(mapping(data.get("seen"))), packed(ids(said, "uses")), said.reason, packed(ids(said, "ends")))
    )  # fmt: skip


TABLES: Final = (APPROVALS, STATES)
SUBJECT: Final = Subject("P", 4, start, rows, TABLES, system=0)
ROUTES: Final = {
    "approval_requested": Route(keys, SUBJECT, requested),
    "approved": Route(keys, SUBJECT, approved),
    "rejected": Route(keys, SUBJECT, rejected),
}
BY_TARGET: Final = {"approval_revoked": ("ends", Route(keys, SUBJECT, revoked))}

"""Slots: what ran where, since when, with which share of the traffic. Key `E|system|environment|deployment`.

The state machine of vocabulary section 3. A slot's state holds the intervals that are open; a row is written anew
whenever its interval changes, and once more when it ends.
"""

from typing import Any, Final

from ledger.entry import Entry
from ledger.statement import Statement
from projections.projection import STANDS, VOID, Out, Route, State, Subject
from projections.tables import table
from projections.values import ids, mapping, named, number, packed, set_of, text, texts, tier_of

DEPLOYMENTS: Final = table(
    "deployments",
    "system environment deployment start_seq:integer",
    "set_digest started ended version tier share:real share_inferred:integer end_cause end_seq:integer statement_id"
    " started_by recorded effective effective_seq:integer before_set observed config deployer countries under",
    owner=3,
    indexes=("tier ended", "environment ended", "system set_digest"),
)
SUSPENSIONS: Final = table(
    "suspensions",
    "system environment deployment start_seq:integer",
    "set_digest started ended end_seq:integer reason suspended_by",
    owner=3,
)
# Every statement by which a set begins to serve in a production tier: the changelog's numbers are made of these.
OPENINGS: Final = table(
    "slot_openings",
    "seq:integer",
    "statement_id system environment deployment set_digest known_seq:integer stands time",
    indexes=("system",),
)
ROLLBACKS: Final = table(
    "rollbacks",
    "seq:integer",
    "statement_id system environment deployment known_seq:integer stands tier time actor left_set to_set version reason"
    " caused_by",
    indexes=("system",),
)
WHOLE: Final = "*"  # suspended: the slot, not one version in it


def keys(entry: Entry, said: Statement) -> tuple[str, ...]:  # noqa: ARG001
    """The slot's key; a slot without a name is `main`."""
    subject = said.subject
    system, environment = subject.get("system"), subject.get("environment")
    return (f"E|{system}|{environment}|{subject.get('deployment', 'main')}",) if system and environment else ()


def start(parts: list[str]) -> State:
    """A slot in which nothing has run. `wait`: ends that name a start which is dated later."""
    return {"place": parts, "open": {}, "suspended": {}, "wait": {}}


def deployed(state: State, entry: Entry, said: Statement, out: Out) -> None:
    """A set takes all of the traffic, a part of it, or none (shadow)."""
    artifacts = said.subject.get("artifacts")
    if not artifacts:
        return
    digest = set_of(artifacts)
    share = _traffic(said)
    tier = _tier(state, said)
    if text(said.data.get("tier")) == "production" and "production_seq" not in state:
        state["production_seq"] = entry.seq
    state["tier"] = tier
    others = [one for one in state["open"].values() if one["set_digest"] != digest]
    before = _just_before(state, others, digest)
    if share >= 1:
        _end_suspension(state, out, WHOLE, said.time, entry.seq)
        for one in others:
            _end(state, out, one, said.time, entry.seq, "replaced")
    elif share > 0:
        _scale(others, 1 - share)
    _open(state, digest, entry, said, tier, share, before)
    _opening(state, entry, said, out, VOID)
    _paired(state, out, digest, said)


def opening_left_out(state: State, entry: Entry, said: Statement, out: Out, why: str) -> None:
    """A deployment that was taken back keeps its number in the changelog."""
    _opening(state, entry, said, out, why, left_out=True)


def rolled_back(state: State, entry: Entry, said: Statement, out: Out) -> None:
    """The slot goes back to the set that the event is about; all others end."""
    artifacts = said.subject.get("artifacts")
    if not artifacts:
        return
    digest = set_of(artifacts)
    others = [one for one in state["open"].values() if one["set_digest"] != digest]
    left = named(mapping(said.data.get("left")).get("set")) or _largest(others)
    _rollback_row(state, entry, said, out, STANDS, left)
    for one in others:
        _end(state, out, one, said.time, entry.seq, "rolled_back")
    _end_suspension(state, out, WHOLE, said.time, entry.seq)
    _open(state, digest, entry, said, _tier(state, said), 1.0, left)
    _paired(state, out, digest, said)


def rollback_left_out(state: State, entry: Entry, said: Statement, out: Out, why: str) -> None:
    """A rollback that was taken back keeps its number."""
    _rollback_row(state, entry, said, out, why, named(mapping(said.data.get("left")).get("set")))


def undeployed(state: State, entry: Entry, said: Statement, out: Out) -> None:
    """The interval that `ends` names, the version that is named, or all that runs in the slot ends."""
    targets = ids(said, "ends")
    ending = [one for one in state["open"].values() if one["statement_id"] in targets]
    for target in targets:
        if target not in (one["statement_id"] for one in ending):
            state["wait"][target] = [said.time, entry.seq]
    if not targets:
        artifacts, version = said.subject.get("artifacts"), said.subject.get("version")
        digest = set_of(artifacts) if artifacts else None
        ending = [
            one
            for one in state["open"].values()
            if (one["set_digest"] == digest if digest else version is None or one["version"] == version)
        ]
    last = _largest(ending)
    for one in ending:
        _end(state, out, one, said.time, entry.seq, "undeployed")
    if last and not _largest(list(state["open"].values())):
        state["last"] = last
    if ending:
        _scale(list(state["open"].values()), 1.0)


def observed(state: State, entry: Entry, said: Statement, out: Out) -> None:  # noqa: ARG001
    """A runtime says which digests it serves: of the version it names, or of all that runs in the slot."""
    digest = _named_set(state, said)
    for one in state["open"].values():
        if digest in (WHOLE, one["set_digest"]):
            one["observed"] = packed(mapping(said.data.get("observed")))


def suspended(state: State, entry: Entry, said: Statement, out: Out) -> None:  # noqa: ARG001
    """The output of a version, or of the slot, is not used meanwhile."""
    digest = _named_set(state, said)
    if digest not in state["suspended"]:
        state["suspended"][digest] = {
            "set_digest": digest, "start_seq": entry.seq, "started": said.time, "reason": said.reason,
            "suspended_by": said.actor,
        }  # fmt: skip


def resumed(state: State, entry: Entry, said: Statement, out: Out) -> None:
    """It is used again."""
    _end_suspension(state, out, _named_set(state, said), said.time, entry.seq)


def rows(state: State, out: Out) -> None:
    """The intervals that are open."""
    for one in state["open"].values():
        _row(out, DEPLOYMENTS.name, DEPLOYMENTS.columns, state, one)
    for one in state["suspended"].values():
        _row(out, SUSPENSIONS.name, SUSPENSIONS.columns, state, one)


# ---- the pieces ---------------------------------------------------------------------------------------------------


def _traffic(said: Statement) -> float:
    share = number(said.data.get("traffic"))
    return 1.0 if share is None else min(max(share, 0.0), 1.0)


def _tier(state: State, said: Statement) -> str:
    return text(said.data.get("tier")) or tier_of(state["place"][1]) or state.get("tier", "")


def _largest(intervals: list[dict[str, Any]]) -> str | None:
    serving = [one for one in intervals if one["share"] > 0]
    return max(serving, key=lambda one: (one["share"], one["set_digest"]))["set_digest"] if serving else None


def _just_before(state: State, others: list[dict[str, Any]], digest: str) -> str | None:
    """The set with the largest share that the slot served before this one; if it stood empty, the last it served."""
    if serving := _largest(others):
        return serving
    last = text(state.get("last"))
    return last if last != digest else None


def _scale(intervals: list[dict[str, Any]], total: float) -> None:
    """Let the intervals share `total` in the proportion they had; with more than one, that is an inference."""
    serving = [one for one in intervals if one["share"] > 0]
    whole = sum(one["share"] for one in serving)
    for one in serving:
        one["share"] *= total / whole
        one["share_inferred"] = int(len(serving) > 1)


def _open(
    state: State, digest: str, entry: Entry, said: Statement, tier: str, share: float, before: str | None
) -> None:
    data = said.data
    one = state["open"].get(digest)
    if one is None:
        one = state["open"][digest] = {
            "set_digest": digest, "start_seq": entry.seq, "started": said.time, "version": said.subject.get("version"),
            "statement_id": said.id, "started_by": said.actor, "recorded": entry.recorded,
        }  # fmt: skip
    if share > 0 and not one.get("effective"):
        one.update(effective=said.time, effective_seq=entry.seq, before_set=before)
    one.update(tier=tier, share=share, share_inferred=0)
    for name, value in (
        ("observed", packed(mapping(data.get("observed")))), ("config", text(data.get("config"))),
        ("deployer", text(data.get("deployer"))), ("countries", packed(texts(data.get("countries")))),
        ("under", packed(ids(said, "under"))),
    ):  # fmt: skip
        if value is not None:
            one[name] = value


def _paired(state: State, out: Out, digest: str, said: Statement) -> None:
    """An end that names this start pairs with it, whatever the clocks said."""
    ended = state["wait"].pop(said.id, None)
    if ended is not None:
        time, seq = ended
        _end(state, out, state["open"][digest], time, seq, "undeployed")


def _end(state: State, out: Out, one: dict[str, Any], time: str, seq: int, cause: str) -> None:
    closed = one | {"ended": max(time, one["started"]), "end_seq": seq, "end_cause": cause}
    _row(out, DEPLOYMENTS.name, DEPLOYMENTS.columns, state, closed)
    del state["open"][one["set_digest"]]
    _end_suspension(state, out, one["set_digest"], time, seq)


def _end_suspension(state: State, out: Out, digest: str, time: str, seq: int) -> None:
    one = state["suspended"].pop(digest, None)
    if one is not None:
        closed = one | {"ended": max(time, one["started"]), "end_seq": seq}
        _row(out, SUSPENSIONS.name, SUSPENSIONS.columns, state, closed)


def _named_set(state: State, said: Statement) -> str:
    """The set that a suspension is about: as signed, else what runs under the label, else the whole slot."""
    artifacts, version = said.subject.get("artifacts"), said.subject.get("version")
    if artifacts:
        return set_of(artifacts)
    running = [digest for digest, one in state["open"].items() if version is not None and one["version"] == version]
    return running[0] if running else WHOLE


def _row(out: Out, name: str, columns: tuple[str, ...], state: State, one: dict[str, Any]) -> None:
    out.rows[name].append((*state["place"], *(one.get(column) for column in columns[3:])))


def _opening(state: State, entry: Entry, said: Statement, out: Out, why: str, *, left_out: bool = False) -> None:
    environment = state["place"][1]

    def serves(one: Statement) -> bool:
        tier = text(one.data.get("tier")) or tier_of(environment)
        return tier == "production" and _traffic(one) > 0

    known = out.known(entry.seq, said, serves)
    artifacts = said.subject.get("artifacts")
    if known is not None and artifacts:
        stands = STANDS if serves(said) and not left_out else why
        row = (entry.seq, said.id, *state["place"], set_of(artifacts), known, stands, said.time)
        out.rows["slot_openings"].append(row)


def _rollback_row(
    state: State, entry: Entry, said: Statement, out: Out, stands: str, left: str | None
) -> None:
    tier = _tier(state, said)
    if tier_of(state["place"][1]) != "production":
        if "production_seq" not in state:
            return
        known = max(entry.seq, state["production_seq"])
    else:
        known = entry.seq
    artifacts = said.subject.get("artifacts")
    to_set = set_of(artifacts) if artifacts else None
    out.rows["rollbacks"].append(
        (entry.seq, said.id, *state["place"], known, stands, tier, said.time, said.actor, left, to_set,
         said.subject.get("version"), said.reason, packed(ids(said, "caused_by")))
    )  # fmt: skip


TABLES: Final = (DEPLOYMENTS, SUSPENSIONS, OPENINGS, ROLLBACKS)
SUBJECT: Final = Subject("E", 3, start, rows, TABLES, system=0)
ROUTES: Final = {
    "deployed": Route(keys, SUBJECT, deployed, opening_left_out),
    "rolled_back": Route(keys, SUBJECT, rolled_back, rollback_left_out),
    "undeployed": Route(keys, SUBJECT, undeployed),
    "deployment_observed": Route(keys, SUBJECT, observed),
    "suspended": Route(keys, SUBJECT, suspended),
    "resumed": Route(keys, SUBJECT, resumed),
}

"""Versions: digest sets, their artifacts, labels, inputs, evaluations, changes, assessments. Key `V|system|set`."""

from functools import lru_cache
from typing import Any, Final

from ledger.entry import Entry
from ledger.statement import Statement
from projections.projection import Out, Route, State, Subject
from projections.tables import table
from projections.values import ids, items, mapping, named, packed, set_of, text, texts, whole

MENTIONED, TRAINED, REGISTERED = "mentioned", "trained", "registered"
_OVERALL, _WITH_GROUPS = ("performance",), ("performance", "bias")  # what an evaluation covers that does not say
_RANK: Final = {MENTIONED: 0, TRAINED: 1, REGISTERED: 2}

VERSIONS: Final = table(
    "versions",
    "system set_digest",
    "version origin first_time first_seq:integer last_seq:integer trained_seq:integer trained_id trained_time"
    " trained_by caused_by code lockfile python algorithm architecture framework objective seed:integer parameters run"
    " registered_seq:integer registered_id registered_time registered_by software update_requirements summary"
    " evaluations:integer latest evaluated_by ended ended_seq:integer successor",
    owner=2,
)
LABELS: Final = table(
    "labels", "system set_digest version", "origin first_time first_seq:integer", owner=2, indexes=("system version",)
)
ARTIFACTS: Final = table(
    "artifacts", "system set_digest name", "digest size:integer media_type file", owner=2, indexes=("digest",)
)
INPUTS: Final = table(
    "version_inputs", "system set_digest kind role ref digest", "rows:integer seq:integer", owner=2,
    indexes=("digest", "ref"),
)  # fmt: skip
EVALUATIONS: Final = table(
    "evaluations",
    "seq:integer",
    "statement_id system set_digest time recorded actor version uses data evidence",
    indexes=("set_digest time",),
)
CHANGE_RECORDS: Final = table(
    "change_records",
    "seq:integer",
    "statement_id system set_digest stands time actor version summary reason caused_by under data",
    indexes=("system",),
)
ASSESSMENTS: Final = table(
    "assessments",
    "seq:integer",
    "statement_id system set_digest time actor decision reason baseline about data",
    indexes=("system",),
)


def keys(entry: Entry, said: Statement) -> tuple[str, ...]:  # noqa: ARG001
    """The key of the version an event is about, if it names the system and the set."""
    system = said.subject.get("system")
    artifacts = said.subject.get("artifacts")
    return _keys(system, tuple(artifacts.items())) if system and artifacts else ()


@lru_cache(maxsize=16_384)
def _keys(system: str, artifacts: tuple[tuple[str, str], ...]) -> tuple[str]:
    return (f"V|{system}|{set_of(dict(artifacts))}",)


def start(parts: list[str]) -> State:
    """A version nobody has spoken of."""
    return {"system": parts[0], "set": parts[1], "labels": {}, "files": {}, "latest": {}, "by": [], "evaluations": 0}


def mention(state: State, entry: Entry, said: Statement, out: Out, origin: str = MENTIONED) -> None:  # noqa: ARG001
    """Note that the set was spoken of, under which label, and what it consists of."""
    seq, label, labels = entry.seq, said.subject.get("version"), state["labels"]
    if origin is MENTIONED and label in labels and seq > state["last_seq"]:  # nothing new
        state["last_seq"] = seq
        return
    if "first_seq" not in state:
        state["first_time"] = said.time
        state["first_seq"] = state["last_seq"] = seq
        state["origin"] = MENTIONED
        state["files"] = {name: [digest, None, None, None] for name, digest in said.subject["artifacts"].items()}
    elif seq > state["last_seq"]:
        state["last_seq"] = seq
    elif seq < state["first_seq"]:
        state["first_seq"] = seq
    if label:
        known = labels.get(label)
        if known is None:
            labels[label] = [origin, said.time, seq]
        elif _RANK[origin] > _RANK[known[0]]:
            known[0] = origin
    if origin is not MENTIONED and _RANK[origin] > _RANK[state["origin"]]:
        state["origin"] = origin


def trained(state: State, entry: Entry, said: Statement, out: Out) -> None:
    """The first training that produced the set says where it comes from; the same bytes again add nothing."""
    mention(state, entry, said, out, TRAINED)
    _files(state, said)
    if "trained_seq" in state:
        return
    data = said.data
    context = mapping(said.context)
    state.update(
        trained_seq=entry.seq, trained_id=said.id, trained_time=said.time, trained_by=said.actor,
        run=text(data.get("run")), trained_as=said.subject.get("version"), caused_by=packed(ids(said, "caused_by")),
        code=packed(mapping(context.get("code"))), lockfile=_lockfile(context), python=text(context.get("python")),
        seed=whole(data.get("seed")), parameters=packed(mapping(data.get("parameters"))),
    )  # fmt: skip
    for name in ("algorithm", "architecture", "framework", "objective"):
        state[name] = text(data.get(name))
    for role, used in mapping(data.get("datasets")).items():
        for one in items(used):
            _input(state, out, "dataset", role, mapping(one), entry.seq)
    for one in items(data.get("parents")):
        _input(state, out, "parent", "", mapping(one), entry.seq)
    for one in items(data.get("base_models")):
        _input(state, out, "base", "", mapping(one), entry.seq)


def registered(state: State, entry: Entry, said: Statement, out: Out) -> None:
    """The first registration names the version and lists its components."""
    mention(state, entry, said, out, REGISTERED)
    _files(state, said)
    if "registered_seq" in state:
        return
    data = said.data
    state.update(
        registered_seq=entry.seq, registered_id=said.id, registered_time=said.time, registered_by=said.actor,
        registered_as=said.subject.get("version"), software=packed(mapping(data.get("software"))),
        update_requirements=text(data.get("update_requirements")), summary=text(data.get("summary")),
    )  # fmt: skip
    for one in items(data.get("parents")):
        _input(state, out, "parent", "", mapping(one), entry.seq)
    for one in items(data.get("components")):
        _input(state, out, "component", "", mapping(one), entry.seq)


def evaluated(state: State, entry: Entry, said: Statement, out: Out) -> None:
    """Keep the evaluation; remember the newest for each thing it covers."""
    mention(state, entry, said, out)
    data, seq, actor, by = said.data, entry.seq, said.actor, state["by"]
    covers = texts(data["covers"]) if "covers" in data else ()
    for what in covers or (_WITH_GROUPS if "groups" in data else _OVERALL):
        state["latest"][what] = seq
    state["evaluations"] += 1
    if actor not in by:
        by.append(actor)
    uses = packed(ids(said, "uses")) if said.refs else None
    evidence = packed(said.evidence) if said.evidence else None
    version = said.subject.get("version")
    out.rows["evaluations"].append(
        (seq, said.id, state["system"], state["set"], said.time, entry.recorded, actor, version, uses,
         packed(data), evidence)
    )  # fmt: skip


def changed(state: State, entry: Entry, said: Statement, out: Out) -> None:
    """Keep what a person said about the change to this set."""
    mention(state, entry, said, out)
    _change_row(state, entry, said, out, "stands")


def change_left_out(state: State, entry: Entry, said: Statement, out: Out, why: str) -> None:
    """A change that was taken back keeps its number in the changelog: so its row stays."""
    _change_row(state, entry, said, out, why)


def _change_row(state: State, entry: Entry, said: Statement, out: Out, stands: str) -> None:
    data = said.data
    out.rows["change_records"].append(
        (entry.seq, said.id, state["system"], state["set"], stands, said.time, said.actor,
         said.subject.get("version"), text(data.get("summary")), said.reason,
         packed(ids(said, "caused_by")), packed(ids(said, "under")), packed(data))
    )  # fmt: skip


def assessed(state: State, entry: Entry, said: Statement, out: Out) -> None:
    """Keep a person's decision on whether the change is a substantial modification (Art. 3(23))."""
    mention(state, entry, said, out)
    data = said.data
    about = [ref.id for refs in said.refs.values() for ref in refs]
    baseline = named(mapping(data.get("baseline")).get("set"))
    out.rows["assessments"].append(
        (entry.seq, said.id, state["system"], state["set"], said.time, said.actor, text(data.get("decision")),
         said.reason, baseline, packed(about), packed(data))
    )  # fmt: skip


def retired(state: State, entry: Entry, said: Statement, out: Out) -> None:
    """The version is no longer offered or used."""
    mention(state, entry, said, out)
    state.update(ended=said.time, ended_seq=entry.seq, successor=named(mapping(said.data.get("successor")).get("set")))


def rows(state: State, out: Out) -> None:
    """The version's row, its labels and its artifacts."""
    if "first_seq" not in state:
        return
    place = (state["system"], state["set"])
    summed = state | {
        "version": state.get("registered_as") or state.get("trained_as") or next(iter(state["labels"]), None),
        "latest": packed(state["latest"]),
        "evaluated_by": packed(state["by"]),
    }
    out.rows["versions"].append((*place, *(summed.get(name) for name in VERSIONS.columns[2:])))
    out.rows["labels"].extend((*place, label, *about) for label, about in state["labels"].items())
    out.rows["artifacts"].extend((*place, name, *about) for name, about in state["files"].items())


def _files(state: State, said: Statement) -> None:
    """Take size, media type and file name of an artifact from the evidence that bears its digest."""
    for item in said.evidence:
        known = state["files"].get(item.get("name"))
        if known is not None and known[0] == item["digest"] and known[1] is None:
            uri = text(item.get("uri"))
            known[1:] = [whole(item["size"]), text(item["media_type"]), uri.rpartition("/")[2] if uri else None]


def _lockfile(context: dict[str, Any]) -> str | None:
    lockfile = context.get("lockfile")
    return text(lockfile) or named(mapping(lockfile).get("digest"))


def _input(state: State, out: Out, kind: str, role: str, said: dict[str, Any], seq: int) -> None:
    ref = text(said.get("dataset")) or text(said.get("component")) or text(said.get("version")) or ""
    digest = named(said.get("digest")) or named(said.get("set")) or ""
    row = (state["system"], state["set"], kind, role, ref, digest, whole(said.get("rows")), seq)
    out.rows["version_inputs"].append(row)


TABLES: Final = (VERSIONS, LABELS, ARTIFACTS, INPUTS, EVALUATIONS, CHANGE_RECORDS, ASSESSMENTS)
SUBJECT: Final = Subject("V", 2, start, rows, TABLES, system=0)
ROUTES: Final = {
    "trained": Route(keys, SUBJECT, trained),
    "version_registered": Route(keys, SUBJECT, registered),
    "evaluated": Route(keys, SUBJECT, evaluated),
    "change_recorded": Route(keys, SUBJECT, changed, change_left_out),
    "substantial_modification_assessed": Route(keys, SUBJECT, assessed),
    "retired": Route(keys, SUBJECT, retired),
    "deployed": Route(keys, SUBJECT, mention),
    "rolled_back": Route(keys, SUBJECT, mention),
    "placed_on_market": Route(keys, SUBJECT, mention),
    "put_into_service": Route(keys, SUBJECT, mention),
}

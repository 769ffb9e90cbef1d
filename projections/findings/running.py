"""Findings on what runs (Art. 20, 72), and on who signed, when, and on what that hangs."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from ledger.encoding import parse_time
from ledger.errors import Misuse
from projections.findings.about import About, Found, data_name, days, numbers
from projections.questions.facts import Facts
from projections.values import mapping, unpacked

LATE: Final = timedelta(days=7)  # what is recorded later than this after it happened is dated back


_ALERTS: Final = (
    "SELECT opened_seq, metric, severity, state, due FROM alerts WHERE system = ? AND state IN ('open', 'acknowledged')"
    " AND (set_digest IS NULL OR set_digest = ?) ORDER BY opened_seq"
)


def alerts(one: About) -> Iterator[Found]:
    """Alerts that are not resolved."""
    for seq, metric, severity, state, due in one.database.rows(_ALERTS, (one.system, one.digest)):
        text = f"alert on {metric or 'drift'} ({severity}) is {state}"
        if state == "open" and due is not None and due < one.at:
            yield Found(f"{text}; an answer was due {due[:10]}", (seq,), "error")
        else:
            yield Found(text, (seq,), None if state == "open" else "info")


_RETIRED: Final = "SELECT retired_seq FROM systems WHERE system = ? AND retired_seq IS NOT NULL"


def retired(one: About) -> Iterator[Found]:
    """The version or its system was retired."""
    if one.row.get("ended_seq") is not None:
        yield Found("this version was retired", (one.row["ended_seq"],))
    for (seq,) in one.database.rows(_RETIRED, (one.system,)):
        yield Found("the system was retired", (seq,))


_ROLLED_BACK: Final = (
    "SELECT seq FROM rollbacks WHERE system = ? AND (to_set = ? OR left_set = ?) AND stands = 'stands'"
    " AND caused_by IS NULL AND reason IS NULL AND NOT EXISTS (SELECT 1 FROM change_records WHERE"
    " change_records.system = rollbacks.system AND change_records.seq > rollbacks.seq AND"
    " change_records.stands = 'stands') ORDER BY seq"
)


def rolled_back(one: About) -> Iterator[Found]:
    """Rolled back without a word on why."""
    for (seq,) in one.database.rows(_ROLLED_BACK, (one.system, one.digest, one.digest)):
        yield Found("rolled back, and neither a cause nor a change was recorded", (seq,))


def shadow(one: About) -> Iterator[Found]:
    """The runtime reported another file than the set's."""
    known = set(one.database.rows("SELECT digest FROM artifacts WHERE set_digest = ?", (one.digest,)))
    for slot in one.running:
        for name, digest in sorted(mapping(unpacked(slot["observed"], {})).items()):
            if (digest,) not in known:
                yield Found(f"{slot['environment']} runs another {name} than this version's", (slot["start_seq"],))


# ---- who signed, when, and what it hangs on ----



def _acts(one: About) -> list[tuple[str, int]]:
    """What was said of the version, with the entry in which it was."""
    acts = [(what, one.row.get(f"{what}_seq")) for what in ("trained", "registered")]
    acts += [("evaluated", each["seq"]) for each in one.evaluations]
    acts += [("approved", each["seq"]) for each in one.approvals]
    acts += [("deployed", slot["start_seq"]) for slot in one.running]
    return [(what, seq) for what, seq in acts if seq is not None]


def late(one: About) -> Iterator[Found]:
    """Recorded long after it happened."""
    for what, seq in _acts(one):
        entry = one.source.find(seq)
        if parse_time(entry.recorded) - parse_time(entry.statement.time) > LATE:
            later = days(entry.statement.time, entry.recorded)
            yield Found(f"{what}, and recorded {later} days later", (seq,))


_COMPROMISED: Final = (
    "SELECT compromised_since, until_seq FROM authority WHERE key_id = ? AND compromised_since IS NOT NULL LIMIT 1"
)


def doubtful(one: About) -> Iterator[Found]:
    """Signed with a key from the time at which it was reported compromised."""
    for what, seq in _acts(one):
        entry = one.source.find(seq)
        said = entry.statement
        for since, reported in one.database.rows(_COMPROMISED, (said.key,)):
            if said.time >= since or entry.recorded >= since:
                text = f"{what} by {said.actor} with a key reported compromised since {since[:10]}"
                yield Found(text, (seq, reported))


def unknown_origin(one: About) -> Iterator[Found]:
    """A set that nobody trained or registered."""
    if one.row.get("trained_seq") is None and one.row.get("registered_seq") is None:
        yield Found("no training and no registration of this set recorded", numbers(one.row.get("first_seq")))


def two_sets(one: About) -> Iterator[Found]:
    """One name for two sets, of versions or of data."""
    sql = "SELECT set_digest, first_seq FROM labels WHERE system = ? AND version = ? AND set_digest <> ? ORDER BY 2"
    for digest, seq in one.database.rows(sql, (one.system, one.label, one.digest)):
        yield Found(f"the name {one.label} stands for another set too, {digest[7:19]}", (seq,))
    sql = "SELECT digest, seq FROM datasets WHERE dataset = ? AND digest <> ? ORDER BY seq"
    for each in one.datasets:
        for digest, seq in one.database.rows(sql, (each.get("dataset"), each.get("digest"))):
            yield Found(f"the name {each['dataset']} stands for other data too, {digest[7:19]}", (seq,))


def unknown(one: About) -> Iterator[Found]:
    """Data, parents and causes that are not in this ledger."""
    trained = numbers(one.row.get("trained_seq"))
    for each in one.datasets:
        if "digest" in each and "seq" not in each:
            yield Found(f"the data {data_name(each)} is not registered here", trained)
    for each in one.made_of:
        if each["kind"] == "parent" and not _known(one, each):
            name = each.get("ref") or str(each.get("digest", "?"))[7:19]
            yield Found(f"its parent {name} is not known here", trained)
    for cause in unpacked(one.row.get("caused_by"), []):
        if not _is_here(one, cause):
            yield Found(f"its cause {cause} is not in this ledger", trained)


def _known(one: About, parent: Facts) -> bool:
    sql = "SELECT 1 FROM versions WHERE set_digest = ? AND origin <> 'mentioned' LIMIT 1"
    return bool(one.database.rows(sql, (parent.get("digest"),)))


def _is_here(one: About, cause: str) -> bool:
    try:
        one.source.find(cause)
    except Misuse:
        return False
    return True


def code(one: About) -> Iterator[Found]:
    """No commit, or one with changes beside it."""
    said = mapping(unpacked(one.row.get("code"), {}))
    trained = numbers(one.row.get("trained_seq"))
    if trained and not said.get("commit"):
        yield Found("no commit of the code recorded", trained)
    elif said.get("dirty"):
        yield Found("trained from code with changes that were not committed", trained)

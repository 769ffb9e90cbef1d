"""Whatever the cut of the reading and the order of arrival: the same rows."""

from hypothesis import given
from hypothesis import strategies as st

from projections.database import TEMPORARY, Database
from projections.opening import Projections
from tests.examples import examples

DAYS = st.integers(1, 20)
SETS = st.sampled_from(("one", "two", "three"))
SLOTS = st.sampled_from(("production", "production-eu", "staging", "blue"))
EVENTS = st.one_of(
    st.tuples(st.just("deployed"), DAYS, SETS, SLOTS, st.sampled_from((0, 0.1, 0.5, 1, "much"))),
    st.tuples(st.just("rolled_back"), DAYS, SETS, SLOTS),
    st.tuples(st.just("undeployed"), DAYS, st.sampled_from(("one", "two", "")), SLOTS, st.integers(0, 30)),
    st.tuples(st.sampled_from(("suspended", "resumed")), DAYS, st.sampled_from(("one", "")), SLOTS),
    st.tuples(st.sampled_from(("trained", "version_registered", "evaluated", "placed_on_market")), DAYS, SETS),
    st.tuples(st.sampled_from(("change_recorded", "substantial_modification_assessed")), DAYS, SETS),
    st.tuples(st.sampled_from(("approved", "rejected", "approval_requested")), DAYS, SETS),
    st.tuples(st.just("approval_revoked"), DAYS, st.integers(0, 30)),
    st.tuples(st.sampled_from(("drift_alerted", "alert_acknowledged", "alert_resolved")), DAYS),
    st.tuples(st.just("system_registered"), DAYS, st.sampled_from(("score", "sort"))),
    st.tuples(
        st.just("corrected"), DAYS, st.integers(0, 30), st.sampled_from(("void", "time", "tier", "purpose")), DAYS
    ),
)


def say(book, kind, day, *rest):
    if kind in ("approval_revoked", "corrected"):
        target, *how = rest
        if kind == "approval_revoked":
            return book.add(kind, day, ends=target, reason="x", system="credit")
        what, moved = how
        changes = {"time": f"2026-11-{moved:02}T00:00:00.000000Z", "tier": "production", "purpose": "rank"}
        path = what if what == "time" else f"data.{what}"
        said = {"void": True} if what == "void" else {"changes": {path: changes[what]}}
        return book.add(kind, day, corrects=target, reason="x", **said)
    if kind.startswith(("drift", "alert")):
        return book.add(kind, day, alert="a", system="credit", metric="psi", resolution="no_action")
    if kind == "system_registered":
        return book.add(kind, day, system="credit", purpose=rest[0])
    more = {"system": "credit"}
    if rest[0]:
        more |= {"version": rest[0], "artifacts": book.files(rest[0])}
    if len(rest) > 1:
        more["environment"] = rest[1]
    if kind == "deployed":
        more["traffic"] = rest[2]
    elif kind == "undeployed" and rest[2] > 15:
        more["ends"] = rest[2] - 15
    elif kind.startswith(("appro", "reject")):
        more["stage"] = "production"
    return book.add(kind, day, **more)


def folded(book, *cuts):
    """Fold a book, opened anew at each cut or caught up at once; return rows and fingerprint."""
    database = Database(TEMPORARY)
    for size in (*cuts, len(book)):
        projections = Projections(book.upto(size), database)
        projections.catch_up()
    result = projections.fingerprint("registry") + projections.fingerprint("changelog")
    database.close()
    return result


@examples(120)
@given(st.lists(EVENTS, max_size=16))
def test_one_by_one_all_at_once_and_rebuilt_are_the_same(new_book, events):
    book = new_book()
    for event in events:
        say(book, *event)
    whole = folded(book)
    assert folded(book, *range(len(book))) == whole
    with Projections(book, Database(TEMPORARY)) as projections:
        for size in range(0, len(book) + 1, 3):
            projections.source.list, kept = book.list[:size], book.list
            projections.catch_up("registry" if size % 2 else None)
            book.list = kept
        projections.catch_up()
        assert projections.fingerprint("registry") + projections.fingerprint("changelog") == whole
        results = [projections.rebuild(name) for name in ("registry", "changelog")]
        assert "".join(result.old for result in results) == "".join(result.new for result in results) == whole


TIMED = st.lists(
    st.tuples(SETS, st.sampled_from((0, 0.25, 1)), st.sampled_from(("deployed", "undeployed", "rolled_back"))),
    min_size=2, max_size=8,
)  # fmt: skip


@examples(60)
@given(TIMED, st.randoms(use_true_random=False))
def test_intervals_do_not_depend_on_the_order_of_arrival(new_book, events, random):
    """Events with distinct times: the log's order must not show in what ran from when to when."""
    shuffled = list(enumerate(events, start=1))
    random.shuffle(shuffled)
    found = []
    for order in (list(enumerate(events, start=1)), shuffled):
        book = new_book()
        for day, (word, share, kind) in order:
            more = {"traffic": share} if kind == "deployed" else {}
            files = book.files(word)
            book.add(kind, day, 30, system="s", version=word, artifacts=files, environment="production", **more)
        with Projections(book, Database(TEMPORARY)) as projections:
            projections.catch_up("registry")
            columns = "set_digest, started, ended, share, end_cause, effective, before_set"
            found.append(projections.database.rows(f"SELECT {columns} FROM deployments ORDER BY 1, 2"))
    assert found[0] == found[1]

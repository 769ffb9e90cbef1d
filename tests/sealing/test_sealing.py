"""Sealed fields: what is sealed, by whom; what the commitment gives away; that nothing else opens it (C20)."""

import json
import os
import subprocess
import sys
from base64 import urlsafe_b64encode

import msgspec
import pytest

from ledger.api import Ledger
from ledger.changes import EVENTS as CHANGES
from ledger.disclosures import commitment, commitments, open_disclosure, opens
from ledger.errors import Conflict, Misuse, Tampered
from ledger.events import EVENTS
from ledger.events.anatomy import fields_of
from ledger.sealing import check, choose, erase, sealed_fields
from tests.log.acts import MODEL, saying

NAMES = ["Ana", "Bob", "Cora", "Mara Ionescu", "Petru"]


def say(ledger, **more):
    return ledger.record("evaluated", **saying(1), **more)


def data_of(ledger, seq):
    return ledger.find(seq).statement.data


def pairs(struct, path=()):
    """Every field of a struct and of those inside it, with its path."""
    for name, field in fields_of(struct).items():
        yield (*path, name), field
        for part in (field.part, *field.part.options):
            if part.struct is not None and part.struct.__name__ != "Sealed":
                yield from pairs(part.struct, (*path, name))


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_what_the_vocabulary_calls_sealed_is_sealed(name):
    """By the table, by the field's type and by its own words: the three must agree."""
    kind = EVENTS[name]
    found = list(pairs(kind.struct))
    takes = {
        path for path, field in found if "Sealed" in {getattr(p.struct, "__name__", "") for p in field.part.options}
    }
    said = {path for path, field in found if field.meaning.endswith("sealed")}
    assert takes == said == set(kind.sealed)


def test_the_vocabulary_has_what_may_name_people():
    sealed = {(name, path) for name, kind in EVENTS.items() for path in kind.sealed}
    assert {
        ("actor_introduced", ("name",)),
        ("actor_introduced", ("contact",)),
        ("system_registered", ("provider", "contact")),
        ("approved", ("note",)),
    } <= sealed
    unsealed = {name for name, kind in EVENTS.items() if ("note",) not in kind.sealed}
    assert unsealed == {"genesis"} | set(CHANGES) - {"clock_reset"}  # closed by FORMAT.md section 8


def test_the_value_is_beside_the_log_not_in_it(ledger):
    receipt = say(ledger, note="Mara Ionescu was ill")
    data = ledger.read(receipt.seq)
    assert b"Ionescu" not in data
    (field,) = sealed_fields(ledger, receipt.seq)
    assert (field.pointer, field.value) == ("/data/note", "Mara Ionescu was ill")
    assert ledger.verify().verdict == "VERIFIED"


def test_a_claimed_name_is_sealed(ledger):
    say(ledger, claimed_by={"source": "jira", "name": "Petru Pop"})
    assert b"Petru" not in ledger.read(1)
    assert choose(sealed_fields(ledger, 1), ("name",), 1)[0].value == "Petru Pop"


def test_what_the_caller_names_is_sealed(ledger):
    of = {"system": "credit", "version": "1.0", "artifacts": {"model": MODEL}}
    ledger.record(
        "trained", **of, parameters={"owner": "ana", "depth": 6}, run="anas-laptop", seal=["run", "/parameters/owner"]
    )
    data = data_of(ledger, 1)
    assert data["parameters"]["depth"] == 6
    assert {one.pointer: one.value for one in sealed_fields(ledger, 1)} == {
        "/data/run": "anas-laptop",
        "/data/parameters/owner": "ana",
    }
    assert b"ana" not in ledger.read(1)
    ledger.record("bank.example/case", people=["Ana", {"a/b~c": 7}], seal=["/people/0", "/people/1/a~1b~0c"])
    assert [one.value for one in sealed_fields(ledger, 2)] == ["Ana", 7]
    assert ledger.verify().verdict == "VERIFIED"


@pytest.mark.parametrize(
    ("seal", "words"),
    [
        (["algorithm"], "is not said here"),
        (["metrics"], "is read by others"),
        (["covers"], "is read by others"),
        (["/metrics/auc"], "is read by others"),
        (["/nothing/at/all"], "is not said here"),
        ([""], "takes names"),
        ([3], "takes names"),
        (3, "takes names"),
        (["note", "/note/x"], "is not said here"),
    ],
)
def test_what_cannot_be_sealed_is_refused(ledger, seal, words):
    with pytest.raises(Misuse, match=words):
        say(ledger, covers=["bias"], note="x", seal=seal)
    assert len(ledger) == 1


def test_what_every_verifier_reads_takes_no_seal(ledger):
    with pytest.raises(Misuse, match="takes no seal="):
        ledger.record("actor_introduced", handle="ana", kind="human", function="Head", seal=["function"])


def test_sealed_events_go_in_batches_too(ledger):
    events = [("evaluated", saying(number) | {"note": f"case {number}"}) for number in range(5_000)]
    ledger.record_many(events)
    assert sum(1 for _ in ledger.store.disclosures()) == 5_000
    assert sealed_fields(ledger, 4_200)[0].value == "case 4199"
    report = ledger.verify(processes=2)
    assert (report.verdict, report.findings) == ("VERIFIED", ())


def test_a_retry_is_the_same_statement_with_its_first_salt(ledger):
    id = "01a0b0c0-0000-7000-8000-000000000001"
    first = say(ledger, note="once", id=id)
    again = say(ledger, note="once", id=id)
    assert (again.seq, again.again) == (first.seq, True)
    assert sum(1 for _ in ledger.store.disclosures()) == 1
    with pytest.raises(Conflict):
        say(ledger, id=id)


# ---- what a commitment gives away ----


def test_equal_values_have_unequal_commitments(ledger):
    for _ in range(50):
        say(ledger, note="yes")
    assert len({json.dumps(data_of(ledger, seq)["note"]) for seq in range(1, 51)}) == 50


def test_a_list_of_candidates_matches_no_commitment(ledger):
    """Whoever holds the entries alone tries every name, in every form that a salt would complete."""
    receipt = say(ledger, note="Mara Ionescu")
    sealed = data_of(ledger, receipt.seq)["note"]["sealed"]
    place = f"{receipt.id}/data/note"
    salts = ["", "A" * 22, receipt.id, receipt.hash[:22], receipt.time[:22]]
    for name in NAMES:
        for salt in salts:
            array = msgspec.json.encode([salt, place, name])
            assert commitment(urlsafe_b64encode(array).decode().rstrip("=")) != sealed
        assert commitment(name) != sealed
    (text,) = ledger.store.disclosures()
    salt = json.loads(_decoded(text))[0]
    guessed = msgspec.json.encode([salt, place, "Mara Ionescu"])
    assert commitment(urlsafe_b64encode(guessed).decode().rstrip("=")) == sealed  # with the salt, it is a guess


def _decoded(text):
    from base64 import urlsafe_b64decode

    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_salts_have_128_bits_and_never_repeat(ledger, monkeypatch):
    sizes = []
    real = os.urandom
    monkeypatch.setattr(os, "urandom", lambda size: sizes.append(size) or real(size))
    say(ledger, note="a", claimed_by={"source": "x", "name": "b"})
    assert sizes.count(16) == 2  # one call a field
    salts = {json.loads(_decoded(text))[0] for text in ledger.store.disclosures()}
    assert len(salts) == 2
    assert all(len(salt) == 22 for salt in salts)


def test_salts_differ_after_a_fork(tmp_path, own_home):
    """Two processes that were one a moment ago: nothing of the generator is shared."""
    code = (
        "import os, sys\n"
        "from ledger.api import Ledger\n"
        "made = Ledger.create(sys.argv[1], origin='ledger.test/fork', actor='mara')\n"
        "say = lambda: made.record('bank.example/x', name='Ana', seal=['name'])\n"
        "say()\n"
        "children = []\n"
        "for _ in range(3):\n"
        "    pid = os.fork()\n"
        "    if pid == 0:\n"
        "        say(); os._exit(0)\n"
        "    children.append(pid)\n"
        "say()\n"
        "assert all(os.waitpid(pid, 0)[1] == 0 for pid in children)\n"
    )
    path = tmp_path / "forked.db"
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    with Ledger.open(path) as opened:
        salts = [json.loads(_decoded(text))[0] for text in opened.store.disclosures()]
    assert len(salts) == len(set(salts)) == 5


# ---- C20: nothing else opens it ----


def put(edit, ledger, *texts):
    rows = [
        ("INSERT OR REPLACE INTO disclosures VALUES (?, ?)", (f"{at}{commitment(text)}"[:43], text))
        for at, text in enumerate(texts)
    ]
    edit(ledger.path, "DELETE FROM disclosures", *rows)


def made_up(place, value, salt="A" * 22):
    return urlsafe_b64encode(msgspec.json.encode([salt, place, value])).decode().rstrip("=")


@pytest.fixture
def two(ledger):
    """Two statements with sealed notes, and their disclosures."""
    receipts = [say(ledger, note="first"), ledger.record("evaluated", **saying(2), note="second")]
    texts = {open_disclosure(text)[2]: text for text in ledger.store.disclosures()}
    return ledger, receipts, texts


def judged(ledger):
    report = ledger.verify()
    return report.verdict, [(one.check, one.seq) for one in report.failures]


def test_one_of_another_value(two, edit):
    ledger, (first, _), texts = two
    put(edit, ledger, made_up(f"{first.id}/data/note", "changed"), texts["second"])
    assert judged(ledger) == ("BROKEN", [(20, 1)])


def test_one_moved_to_another_field_or_statement(two, edit):
    ledger, (first, second), texts = two
    salt, _, value = json.loads(_decoded(texts["first"]))
    put(edit, ledger, made_up(f"{second.id}/data/note", value, salt), made_up(f"{first.id}/data/run", value, salt))
    assert judged(ledger)[0] == "BROKEN"
    assert {seq for check, seq in judged(ledger)[1] if check == 20} == {1, 2}


def test_one_twice(two, edit):
    ledger, _, texts = two
    put(edit, ledger, texts["first"], texts["first"])
    assert judged(ledger) == ("BROKEN", [(20, 1)])


def test_one_for_nothing_here(two, edit):
    ledger, _, texts = two
    put(edit, ledger, texts["first"], texts["second"], made_up("01a0b0c0-0000-7000-8000-000000000001/data/note", "x"))
    assert judged(ledger) == ("BROKEN", [(20, -1)])


@pytest.mark.parametrize(
    "text", ["", "=", "x", "eyJhIjoxfQ", "W10", "WzEsMiwzXQ", "A" * 70_000, "WyJ" + "W" * 60_000, "é", "[[[[[" * 100]
)
def test_what_is_none(two, edit, text):
    ledger, _, texts = two
    put(edit, ledger, texts["first"], texts["second"], text)
    assert judged(ledger) == ("BROKEN", [(20, -1)])


def test_a_commitment_copied_into_ones_own_statement_never_opens(two):
    """Somebody copies a commitment, and hopes to show the value under their own name once it is known."""
    ledger, (first, _), texts = two
    sealed = data_of(ledger, first.seq)["note"]
    copied = ledger.record("bank.example/mine", note_of={"sealed": sealed["sealed"]})
    assert not opens(ledger.read(copied.seq), "/data/note_of", texts["first"])
    assert [(one.pointer, one.text) for one in sealed_fields(ledger, copied.seq)] == [("/data/note_of", "")]
    assert ledger.verify().verdict == "VERIFIED"


def test_what_is_handed_over_is_checked(two):
    ledger, (first, second), texts = two
    assert check(ledger, texts["second"]) == (second.seq, "/data/note", "second")
    salt = json.loads(_decoded(texts["first"]))[0]
    for text in (
        made_up(f"{first.id}/data/note", "other", salt),
        made_up(f"{second.id}/data/note", "first", salt),
        "W10",
    ):
        with pytest.raises(Tampered):
            check(ledger, text)


def test_commitments_are_found_wherever_they_stand():
    sealed = {"sealed": "x" * 43}
    said = {
        "data": {"a": [1, sealed], "b/c": {"d~": sealed}, "no": {"sealed": "short"}, "other": {**sealed, "more": 1}},
        "claimed_by": {"name": sealed},
        "context": {"x": sealed},
    }
    assert set(commitments(said)) == {"/data/a/1", "/data/b~1c/d~0", "/claimed_by/name"}


def test_projections_read_sealed_text(ledger):
    """Whatever may be sealed by its author, the registry goes on."""
    pytest.importorskip("projections")
    from projections.opening import Projections

    of = {"system": "credit", "version": "1.0", "artifacts": {"model": MODEL}}
    trained = ledger.record(
        "trained",
        **of,
        algorithm="trees",
        run="r",
        parameters={"who": "ana"},
        seal=["algorithm", "run", "/parameters/who"],
    )
    ledger.record("evaluated", of=trained, metrics={"auc": 0.8})
    ledger.record("approved", of=trained, stage="production", conditions=["ask Ana"], seal=["/conditions/0"])
    ledger.record("deployed", of=trained, environment="production")
    ledger.record("change_recorded", of=trained, summary="Ana changed it", seal=["summary"])
    with Projections.open(ledger) as projections:
        assert projections.rebuild().position == len(ledger)


def test_erasing_needs_a_field(ledger):
    say(ledger, note="x")
    for names in ((), ("nothing",), ("/data/none",)):
        with pytest.raises(Misuse):
            erase(ledger, 1, names, reason="asked")
    assert len(ledger) == 2

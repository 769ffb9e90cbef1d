"""Seals: a row that this user's own key sealed needs no check of its signature; every other row does."""

import itertools

import apsw
import pytest

import ledger as package
from ledger.api import Ledger
from ledger.config import keys_folder
from ledger.keys.ed25519 import Ed25519Signer
from ledger.keys.files import load_signer, save
from ledger.spool import flush as flushing
from ledger.spool import reading
from ledger.spool.file import Spool, spool_path
from ledger.spool.flush import flush
from ledger.spool.item import SEAL, Row, seal_of, sealed_by
from ledger.statement import statement_hash
from tests.spool.conftest import away, back, forget, say, texts

NOTES = [f"note {number}" for number in range(6)]


@pytest.fixture
def waiting(project, spool):
    away(project)
    for number in range(6):
        say(number)
    back(project)
    return spool


@pytest.fixture
def here(project):
    with Ledger.open("ledger.db") as opened:
        yield opened


@pytest.fixture
def checked(monkeypatch):
    """The signatures that a flush checks, counted."""
    calls = []
    check = reading.verify_signatures
    monkeypatch.setattr(reading, "verify_signatures", lambda *given: calls.append(given) or check(*given))
    return calls


def edit(statement, values=()):
    connection = apsw.Connection(str(spool_path()))
    connection.execute(statement, values)
    connection.close()


def test_what_ones_own_key_sealed_is_not_checked_twice(waiting, here, checked):
    assert flush(here, waiting).placed == 6
    assert checked == []
    assert texts(here) == NOTES
    assert here.verify().verdict == "VERIFIED"  # every signature is in its entry, and is checked here


def test_who_has_not_the_key_checks_every_signature(waiting, here, checked):
    (keys_folder() / "mara.key").rename(keys_folder() / "elsewhere")
    assert flush(here, waiting).placed == 6
    assert len(checked) == 6


def test_a_key_that_is_locked_is_not_asked_for(waiting, here, checked, monkeypatch):
    signer = load_signer(keys_folder() / "mara.key")
    (keys_folder() / "mara.key").unlink()
    save(keys_folder() / "mara.key", signer.to_pem(b"secret"))
    monkeypatch.setattr("ledger.config.ask_passphrase", None)
    assert flush(here, waiting).placed == 6
    assert len(checked) == 6


def test_what_was_put_without_a_seal_is_checked(waiting, here, checked):
    edit("UPDATE waiting SET seal = x'' WHERE place = 3")
    assert flush(here, waiting).placed == 6
    assert len(checked) == 1


EDITS = {
    "body": ("body", lambda row: row.body.replace(b"note 2", b"note X").decode()),
    "signatures": ("signatures", lambda row: '["' + "A" * 86 + '=="]'),
    "disclosures": ("disclosures", lambda row: '["WyJhIl0"]'),
    "id": ("id", lambda row: bytes(16)),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_row_has_no_seal_any_more(waiting, here, checked, name):
    column, change = EDITS[name]
    row = waiting.rows(here.genesis_leaf, "", after=2, limit=1)[0]
    edit(f"UPDATE waiting SET {column} = ? WHERE place = 3", (change(row),))
    done = flush(here, waiting)
    assert (done.placed, len(done.aside)) == (5, 1)
    assert texts(here) == NOTES[:2] + NOTES[3:]
    assert here.verify().verdict == "VERIFIED"


def test_what_nobody_signs_is_in_the_seal_all_the_same(waiting, here, checked):
    """The origin is for people; the log that a row is for is not signed where a statement is portable."""
    edit("UPDATE waiting SET origin = 'another' WHERE place = 3")
    assert flush(here, waiting).placed == 6
    assert len(checked) == 1


def forged(row, secret):
    """A row with another text and no good signature, sealed by somebody's secret."""
    body = row.body.replace(b"note 2", b"note X")
    target = (row.genesis, row.named, row.origin)
    seal = seal_of(secret, row.id, target, statement_hash(body), row.signatures, row.disclosures)
    edit("UPDATE waiting SET body = ?, seal = ? WHERE place = ?", (body.decode(), seal, row.place))


@pytest.mark.parametrize("named", [False, True])
def test_another_authors_seal_says_nothing_of_this_one(waiting, here, checked, monkeypatch, named):
    """Eva has a key that counts here, and may write to the file: what she seals in mara's name is checked."""
    eva = Ed25519Signer.generate()
    here.record.actor_introduced(handle="eva", kind="human")
    here.record.key_authorized(handle="eva", keys=eva.credential.to_json(), roles=["recorder"])
    save(keys_folder() / "eva.key", eva.to_pem())
    if named:
        monkeypatch.setenv("LEDGER_KEY", str(keys_folder() / "eva.key"))
    forged(waiting.rows(here.genesis_leaf, "", after=2, limit=1)[0], eva.secret(SEAL))
    done = flush(here, waiting)
    assert (done.placed, len(done.aside)) == (5, 1)
    assert "signature" in done.aside[0][1]


def test_the_seal_of_another_row(waiting, here, checked):
    edit("UPDATE waiting SET seal = (SELECT seal FROM waiting WHERE place = 4), signatures = '[]' WHERE place = 3")
    assert len(flush(here, waiting).aside) == 1


def test_no_two_rows_have_one_text():
    """Bytes that move from one field to its neighbour change the seal."""
    secret, fields = bytes(32), ["aa", "", "a", '["b"]', "[]"]
    seals = set()
    for cuts in itertools.combinations_with_replacement(range(len("".join(fields)) + 1), 4):
        whole = "".join(fields)
        parts = [whole[a:b] for a, b in zip((0, *cuts), (*cuts, len(whole)), strict=True)]
        seals.add((seal_of(secret, bytes(16), tuple(parts[:3]), bytes(32), parts[3], parts[4]), *parts))
    assert len({seal for seal, *_ in seals}) == len(seals) > 100


def test_a_secret_is_of_one_key_and_one_purpose():
    one, other = Ed25519Signer.generate(), Ed25519Signer.generate()
    secrets = {one.secret("spool"), one.secret("other"), other.secret("spool")}
    assert len(secrets) == 3
    assert one.secret("spool") in secrets
    row = Row(1, bytes(16), "", "", "", b"{}", "[]", "[]", "", "", "", b"")
    assert sealed_by(row, bytes(32), {"a": bytes(32)}) == ""  # no seal is no seal


def test_sealed_statements_of_all_kinds(project, spool, checked):
    """Sealed fields, references among what waits, types of the rule table, many at once: all by their seals."""
    away(project)
    run = package.record.trained(system="a", version="1", artifacts={"m": "sha256:" + "ab" * 32})
    package.record.evaluated(of=run, metrics={"auc": 0.7}, note="seen by Ana Popescu")
    package.record.deployed(of=run, environment="production")
    package.record_many([("acme.example/note", {"text": f"note {n}", "system": "b"}) for n in range(10)])
    back(project)
    forget()
    with Ledger.open("ledger.db") as here:
        done = flush(here, spool)
        assert (done.placed, done.aside, checked) == (13, (), [])
        assert [one.statement.type for one in here][1:4] == ["trained", "evaluated", "deployed"]
        assert len(list(here.store.disclosures())) == 1
        report = here.verify()
        assert (report.verdict, report.failures) == ("VERIFIED", ())


def test_a_reference_that_does_not_fit_is_refused_among_many(project, spool):
    """All of a chunk is asked for at once only where nothing in it hangs on another."""
    away(project)
    first = say(0)
    package.record("acme.example/note", text="note 1", system="a", caused_by={"id": first.id, "hash": "ab" * 32})
    say(2)
    back(project)
    forget()
    with Ledger.open("ledger.db") as here:
        done = flush(here, spool)
        assert (done.placed, len(done.aside)) == (2, 1)
        assert "stands here with another hash" in done.aside[0][1]
        assert here.verify().failures == ()


def test_a_key_that_is_authorised_on_the_way_counts_for_what_follows(project, spool, monkeypatch):
    eva = Ed25519Signer.generate()
    away(project)
    package.record.actor_introduced(handle="eva", kind="human")
    package.record.key_authorized(handle="eva", keys=eva.credential.to_json(), roles=["recorder"])
    with pytest.MonkeyPatch.context() as patched:
        save(keys_folder() / "eva.key", eva.to_pem())
        patched.setenv("LEDGER_KEY", str(keys_folder() / "eva.key"))
        forget()
        assert say(1).actor == "eva"
    back(project)
    forget()
    monkeypatch.setattr(flushing, "CHUNK", 2)
    with Ledger.open("ledger.db", actor="mara") as here:
        done = flush(here, spool)
        assert (done.placed, done.held) == (3, ())
        assert here.find(3).statement.actor == "eva"


# ---- a file of the release before ----

BEFORE = """
CREATE TABLE waiting (
  place INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, genesis TEXT NOT NULL, named TEXT NOT NULL, origin TEXT NOT NULL,
  body TEXT NOT NULL, signatures TEXT NOT NULL, disclosures TEXT NOT NULL, since TEXT NOT NULL, why TEXT NOT NULL,
  aside TEXT NOT NULL
) STRICT;
"""


def test_a_file_without_seals_is_taken_up(waiting, here, checked):
    rows = waiting.rows(here.genesis_leaf, "", after=0, limit=10)
    waiting.close()
    for path in spool_path().parent.glob("spool.db*"):
        path.unlink()
    connection = apsw.Connection(str(spool_path()))
    made = f"PRAGMA journal_mode=WAL; {BEFORE} PRAGMA application_id=0x4C4C7370; PRAGMA user_version=1"
    connection.execute(made).fetchall()
    connection.executemany("INSERT INTO waiting VALUES (?, ?, ?, ?, ?, CAST(? AS TEXT), ?, ?, ?, ?, ?)",
                           [row[:-1] for row in rows])  # fmt: skip
    connection.close()
    later = Spool(spool_path())
    assert [item.id for item in later.items()] == [item.id for item in map(reading.waiting, rows)]
    away(here.path.parent)
    say(6)
    back(here.path.parent)
    assert flush(here, later).placed == 7
    assert len(checked) == 6
    assert texts(here) == [*NOTES, "note 6"]
    later.close()

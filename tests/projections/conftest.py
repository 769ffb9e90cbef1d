"""A ledger in memory: real entries, no signatures, times given by the test."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from ledger.entry import Entry
from ledger.errors import Misuse
from ledger.statement import Ref, Statement
from projections.database import TEMPORARY, Database
from projections.opening import Projections

SUBJECT_WORDS = ("system", "version", "environment", "deployment", "alert", "dataset", "plan", "document", "handle")
START = datetime(2026, 11, 1, tzinfo=UTC)


def at(day):
    """Day 5.5 is noon of the fifth of November 2026."""
    if isinstance(day, str):
        return day
    return (START + timedelta(days=day - 1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def digest(word):
    return "sha256:" + hashlib.sha256(word.encode()).hexdigest()


def an_id(number):
    return f"019a0000-0000-7000-8000-{number:012x}"


class Book:
    """What projections ask of a ledger; `add` records."""

    origin = "ledger.test/one"

    def __init__(self, entries=()):
        self.list = list(entries)
        self.ids = {entry.statement.id: entry.seq for entry in self.list}

    def __len__(self):
        return len(self.list)

    def entries(self, start=0, stop=None):
        return iter(self.list[start:stop])

    def find(self, which):
        seq = self.ids.get(which) if isinstance(which, str) else which
        if seq is None or not 0 <= seq < len(self.list):
            raise Misuse(f"no entry {which}")
        return self.list[seq]

    @staticmethod
    def digest(word):
        return digest(word)

    @staticmethod
    def files(word, *names):
        """A set whose model is `word`, and whose other artifacts are always the same."""
        return {"model": digest(word)} | {name: digest(name) for name in names}

    def upto(self, size):
        return Book(self.list[:size])

    def add(self, kind, day=None, recorded=None, *, id=None, actor="mara", key="0" * 64, evidence=(), reason=None,
            subject=None, context=None, **said):
        seq = len(self.list)
        subject = dict(subject or {})
        for name in SUBJECT_WORDS:
            if name in said:
                subject[name] = said.pop(name)
        if "artifacts" in said:
            subject["artifacts"] = said.pop("artifacts")
        refs = {}
        for name in ("of", "caused_by", "uses", "ends", "under", "supersedes", "corrects", "answers"):
            if name in said:
                targets = said.pop(name)
                targets = targets if isinstance(targets, list) else [targets]
                refs[name] = [Ref(hash="0" * 64, id=an_id(t) if isinstance(t, int) else t) for t in targets]
        time = at(day if day is not None else seq + 1)
        statement = Statement(
            actor=actor, data=said.pop("data", None) or said, id=id or an_id(seq), key=key, rev=1, subject=subject,
            time=time, type=kind, refs=refs, evidence=list(evidence), reason=reason, context=context,
        )
        last = self.list[-1].recorded if self.list else ""
        entry = Entry(
            prev=hashlib.sha256(str(seq).encode()).hexdigest() if seq else "0" * 64,
            recorded=max(at(recorded) if recorded is not None else time, last),
            seq=seq, signatures=[], statement=statement,
        )
        self.list.append(entry)
        self.ids[statement.id] = seq
        return seq


@pytest.fixture
def book():
    return Book()


@pytest.fixture(scope="session")
def new_book():
    return Book


@pytest.fixture
def in_server(server, schema):
    """Return what opens an empty database of projections in PostgreSQL."""
    import psycopg

    from ledger.stores.postgres import Workspace
    from projections.server import ServerDatabase

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {schema}_writer; CREATE ROLE {schema}_reader")
    place = f"{schema}_projections"

    def open_one():
        link = psycopg.connect(server, autocommit=True)
        link.execute(f"DROP SCHEMA IF EXISTS {place} CASCADE; CREATE SCHEMA {place}")
        link.execute(f"GRANT USAGE, CREATE ON SCHEMA {place} TO {schema}_writer")
        return ServerDatabase(Workspace("a server", link, place, f"{schema}_writer", f"{schema}_reader"))

    return open_one


@pytest.fixture(params=["sqlite", "postgresql"])
def folded(request):
    """Open projections over a book, caught up."""
    made = []
    home = (lambda: Database(TEMPORARY)) if request.param == "sqlite" else request.getfixturevalue("in_server")

    def open_one(source, **kwargs):
        projections = Projections(source, home(), **kwargs)
        made.append(projections)
        projections.catch_up("registry")
        return projections

    yield open_one
    for one in made:
        one.close()

"""People and keys: who is who, which credential holds which role from where to where in the log. Key `K|handle`.

By the log's order, never by time (FORMAT.md section 8).
"""

import hashlib
from typing import Any, Final

from ledger.encoding import b64decode
from ledger.entry import Entry
from ledger.errors import LedgerError
from ledger.statement import Statement
from projections.database import Database
from projections.projection import Authority, Out, Route, State, Subject
from projections.tables import table
from projections.values import items, mapping, packed, text, texts

PEOPLE: Final = table("people", "handle", "kind function organisation introduced_seq:integer introduced_by", owner=1)
AUTHORITY: Final = table(
    "authority",
    "handle source_seq:integer role",
    "key_id until_seq:integer why compromised_since systems not_after keys granted_by",
    owner=1,
    indexes=("key_id",),
)


def keys(entry: Entry, said: Statement) -> tuple[str, ...]:  # noqa: ARG001
    """The key of the handle an event is about."""
    handle = said.subject.get("handle")
    return (f"K|{handle}",) if handle else ()


def genesis_keys(entry: Entry, said: Statement) -> tuple[str, ...]:  # noqa: ARG001
    """The keys of the first administrators."""
    named = {text(mapping(one).get("handle")) for one in items(said.data.get("administrators"))}
    return tuple(f"K|{handle}" for handle in sorted(filter(None, named)))


def start(parts: list[str]) -> State:
    """A handle without a key."""
    return {"handle": parts[0], "held": []}


def began(state: State, entry: Entry, said: Statement, out: Out) -> None:
    """The genesis names administrators with their credentials."""
    for one in map(mapping, items(said.data.get("administrators"))):
        if one.get("handle") == state["handle"]:
            _authorize(state, entry, said, one, out)


def introduced(state: State, entry: Entry, said: Statement, out: Out) -> None:  # noqa: ARG001
    """A person or service was introduced. Name and contact are sealed and stay out of here."""
    data = said.data
    state["person"] = [
        text(data.get("kind")), text(data.get("function")), text(data.get("organisation")), entry.seq, said.actor,
    ]  # fmt: skip


def authorized(state: State, entry: Entry, said: Statement, out: Out) -> None:
    """A credential may sign for the handle."""
    _authorize(state, entry, said, said.data, out)


def revoked(state: State, entry: Entry, said: Statement, out: Out) -> None:
    """A credential may no longer sign."""
    key_id = text(said.data.get("key_id"))
    if key_id is not None:
        out.authority.end(key_id, entry.seq)
    for one in state["held"]:
        if one["key_id"] == key_id and "until_seq" not in one:
            since = text(said.data.get("compromised_since"))
            one.update(until_seq=entry.seq, why=text(said.data.get("why")), compromised_since=since)


def rows(state: State, out: Out) -> None:
    """The person, and what each credential may do."""
    handle = state["handle"]
    if "person" in state:
        out.rows["people"].append((handle, *state["person"]))
    for one in state["held"]:
        for role in one["roles"]:
            out.rows["authority"].append(
                (handle, one["seq"], role, *(one.get(name) for name in AUTHORITY.columns[3:]))
            )  # fmt: skip


def remember(database: Database, prefix: str, authority: Authority) -> None:
    """Take up who held which role, where folding goes on."""
    sql = f"SELECT key_id, role, source_seq, until_seq FROM {prefix}authority ORDER BY source_seq"  # noqa: S608
    for credential, role, since, until in database.rows(sql):
        authority.grant(credential, role, since)
        if until is not None:
            authority.end(credential, until)


def credential_id(credential: list[Any]) -> str | None:
    """The id of a credential (FORMAT.md section 5), or None if it is not one."""
    found = []
    for key in map(mapping, credential):
        scheme, public = text(key.get("scheme")), text(key.get("public"))
        if scheme is None or public is None:
            return None
        try:
            raw = b64decode(public)
        except LedgerError:
            return None
        found.append(hashlib.sha256(f"lifecycle-ledger/key/v1\n{scheme}\0".encode() + raw).hexdigest())
    if len(found) == 1:
        return found[0]
    joined = "".join(f"{one}\n" for one in sorted(found))
    return hashlib.sha256(f"lifecycle-ledger/credential/v1\n{joined}".encode()).hexdigest() if found else None


def _authorize(state: State, entry: Entry, said: Statement, data: dict[str, Any], out: Out) -> None:
    key_id = credential_id(items(data.get("keys")))
    roles = sorted(set(texts(data.get("roles"))))
    if key_id is None:
        return
    for role in roles:
        out.authority.grant(key_id, role, entry.seq)
    state["held"].append(
        {
            "seq": entry.seq, "key_id": key_id, "roles": roles, "systems": packed(texts(data.get("systems"))),
            "not_after": text(data.get("not_after")), "keys": packed(items(data.get("keys"))), "granted_by": said.actor,
        }
    )  # fmt: skip


TABLES: Final = (PEOPLE, AUTHORITY)
SUBJECT: Final = Subject("K", 1, start, rows, TABLES, by_seq=True)
ROUTES: Final = {
    "genesis": Route(genesis_keys, SUBJECT, began),
    "actor_introduced": Route(keys, SUBJECT, introduced),
    "key_authorized": Route(keys, SUBJECT, authorized),
    "key_revoked": Route(keys, SUBJECT, revoked),
}

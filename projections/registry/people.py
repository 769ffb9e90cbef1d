"""People and keys: who is who, which role from where to where in the log, who speaks for whom. Key `K|handle`.

A row of `authority` with a key is a role of that credential's authorisation; one without, a role that was assigned to
the handle, whichever of its keys signs.

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
DELEGATIONS: Final = table("delegations", "handle to_handle", "systems not_after seq:integer actor", owner=1)


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
    return {"handle": parts[0], "held": [], "given": [], "delegated": {}}


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


def assigned(state: State, entry: Entry, said: Statement, out: Out) -> None:
    """The handle holds a role, by any of its credentials."""
    role = text(said.data.get("role"))
    if role is None:
        return
    systems = texts(said.data.get("systems"))
    state["given"].append(
        {
            "seq": entry.seq, "role": role, "systems": systems,
            "not_after": text(said.data.get("not_after")), "granted_by": said.actor,
        }
    )  # fmt: skip
    for one in state["held"]:
        if "until_seq" not in one and not systems:  # for some systems only: that corrects nothing of others
            out.authority.grant(one["key_id"], role, entry.seq)


def ended(state: State, entry: Entry, said: Statement, out: Out) -> None:
    """The handle holds a role no longer: by none of its credentials, or not for the systems that are named."""
    role, systems = text(said.data.get("role")), set(texts(said.data.get("systems")))
    for one in state["given"]:
        if one["role"] == role and "until_seq" not in one and (not systems or one["systems"]):
            one["systems"] = sorted(set(one["systems"]) - systems) if systems else one["systems"]
            if not systems or not one["systems"]:
                one.update(until_seq=entry.seq, why="ended")
    if systems:
        return
    for one in state["held"]:
        if "until_seq" not in one:
            one["ends"].setdefault(role, entry.seq)
            out.authority.end(one["key_id"], entry.seq, role)


def delegated(state: State, entry: Entry, said: Statement, out: Out) -> None:  # noqa: ARG001
    """Another may speak on behalf of the handle; said again, it takes the place."""
    to = text(said.data.get("to"))
    if to is not None:
        systems, until = packed(texts(said.data.get("systems"))), text(said.data.get("not_after"))
        state["delegated"][to] = [systems, until, entry.seq, said.actor]


def rows(state: State, out: Out) -> None:
    """The person, what each credential may do, what the handle was given, who speaks for it."""
    handle = state["handle"]
    if "person" in state:
        out.rows["people"].append((handle, *state["person"]))
    found = [(role, one | _end(one, role)) for one in state["held"] for role in one["roles"]]
    found += [(one["role"], one | {"systems": packed(one["systems"])}) for one in state["given"]]
    for role, said in found:
        out.rows["authority"].append((handle, said["seq"], role, *(said.get(name) for name in AUTHORITY.columns[3:])))
    for to, said in state["delegated"].items():
        out.rows["delegations"].append((handle, to, *said))


def _end(held: dict[str, Any], role: str) -> dict[str, Any]:
    """Where a role of a credential was ended by itself, that."""
    return {"until_seq": held["ends"][role], "why": "ended"} if role in held["ends"] else {}


def remember(database: Database, prefix: str, authority: Authority) -> None:
    """Take up who held which role, where folding goes on."""
    columns = "handle, key_id, role, systems, source_seq, until_seq"
    held = database.rows(f"SELECT {columns} FROM {prefix}authority ORDER BY source_seq")  # noqa: S608
    keys = {(handle, key): since for handle, key, _, _, since, _ in held if key is not None}
    for handle, key, role, systems, since, until in held:
        if key is None and systems is not None:
            continue
        for credential in [key] if key is not None else [one for owner, one in keys if owner == handle]:
            authority.grant(credential, role, max(since, keys[handle, credential]))
            if until is not None:
                authority.end(credential, until, role)


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
    everywhere = {one["role"] for one in state["given"] if "until_seq" not in one and not one["systems"]}
    for role in sorted(everywhere.union(roles)):
        out.authority.grant(key_id, role, entry.seq)
    state["held"].append(
        {
            "seq": entry.seq, "key_id": key_id, "roles": roles, "ends": {},
            "systems": packed(texts(data.get("systems"))),
            "not_after": text(data.get("not_after")), "keys": packed(items(data.get("keys"))), "granted_by": said.actor,
        }
    )  # fmt: skip


TABLES: Final = (PEOPLE, AUTHORITY, DELEGATIONS)
SUBJECT: Final = Subject("K", 1, start, rows, TABLES, by_seq=True)
ROUTES: Final = {
    "genesis": Route(genesis_keys, SUBJECT, began),
    "actor_introduced": Route(keys, SUBJECT, introduced),
    "key_authorized": Route(keys, SUBJECT, authorized),
    "key_revoked": Route(keys, SUBJECT, revoked),
    "role_assigned": Route(keys, SUBJECT, assigned),
    "role_ended": Route(keys, SUBJECT, ended),
    "delegated": Route(keys, SUBJECT, delegated),
}

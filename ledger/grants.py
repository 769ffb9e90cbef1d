"""Who holds what: credentials, roles, words given for others, and how far each reaches (FORMAT.md section 8)."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple, Self

from ledger.encoding import is_label, is_time
from ledger.errors import Tampered
from ledger.genesis import is_text, require
from ledger.keys.credential import Credential


class Scope(NamedTuple):
    """For which systems something holds (empty: all), and the last `recorded` for which it does ("": no end)."""

    systems: frozenset[str] = frozenset()
    not_after: str = ""

    def covers(self, system: str | None, recorded: str) -> bool:
        """Whether it holds for a statement about `system` in an entry of that time."""
        return (not self.systems or system in self.systems) and (not self.not_after or recorded <= self.not_after)

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self:
        """Return what `systems` and `not_after` of an event say; raise `Tampered` (C17) where they are malformed."""
        systems, not_after = data.get("systems"), data.get("not_after", "")
        require("not_after" not in data or (is_text(not_after) and is_time(not_after)), "not_after")
        return cls(frozenset(read_systems(systems)) if "systems" in data else frozenset(), not_after)


_EVERYWHERE: Final = Scope()


def read_systems(value: Any) -> list[str]:
    """Return a list of 1 to 256 systems; raise `Tampered` (C17) where it is none."""
    require(isinstance(value, list) and 1 <= len(value) <= 256, "systems")
    require(all(is_text(name) and is_label(name) for name in value), "systems")
    return list(value)


class Assigned(NamedTuple):
    """A role that a handle was given: how far it reaches, and the entry that says so."""

    scope: Scope
    since: int


class Grant(NamedTuple):
    """What a credential is for: whose it is, roles, systems (empty: all), last time, the place it ended (-1: none).

    `roles` are those of its authorisation that were not ended since; what was assigned to the handle comes on top.
    `since` and `by`: the entry that authorised it, and who. `why` and `compromised_since`: what its revocation says.
    """

    handle: str
    credential: Credential
    roles: frozenset[str]
    systems: frozenset[str]
    not_after: str
    revoked: int
    since: int = 0
    by: str = ""
    why: str = ""
    compromised_since: str = ""

    @property
    def scope(self) -> Scope:
        """How far it reaches."""
        return Scope(self.systems, self.not_after)


class Doubt(NamedTuple):
    """What a credential signed at or after `since` is doubtful: entry `seq`, recorded then, reported it compromised."""

    handle: str
    since: str
    seq: int
    recorded: str

    @property
    def words(self) -> str:
        """What is said of an entry that it touches."""
        reported = f"entry {self.seq}, recorded {self.recorded}"
        return f"doubtful, not void: its key was reported compromised since {self.since} ({reported})"

    def touches(self, time: str, recorded: str) -> bool:
        """Whether a statement of that `time`, in an entry of that `recorded`, is doubtful: either may be the later."""
        return time >= self.since or recorded >= self.since


class Holders:
    """Who was introduced, what they hold, who speaks for whom. Values are replaced, never changed."""

    def __init__(self) -> None:
        self._grants: dict[str, Grant] = {}
        self._handles: dict[str, dict[str, int]] = {}  # -> who introduced them -> in which entry first
        self._assigned: dict[tuple[str, str], tuple[Assigned, ...]] = {}  # (handle, role)
        self._delegated: dict[tuple[str, str], Scope] = {}  # (for whom, who)
        self._used: set[bytes] = set()

    def copy(self) -> Self:
        """Return holders of their own with the same content."""
        new = type(self)()
        new._grants, new._handles, new._used = self._grants.copy(), self._handles.copy(), self._used.copy()
        new._assigned, new._delegated = self._assigned.copy(), self._delegated.copy()
        return new

    # ---- what is asked ----

    def find(self, key: str) -> Grant | None:
        """Return the grant of a credential, whether or not it still counts."""
        return self._grants.get(key)

    def grants(self) -> list[Grant]:
        """Return every grant so far, in the order of authorisation."""
        return list(self._grants.values())

    def handles(self) -> list[str]:
        """Return everybody who was introduced, in order."""
        return list(self._handles)

    def assigned(self, handle: str) -> dict[str, tuple[Assigned, ...]]:
        """Return the roles that were assigned to a handle and not ended."""
        return {role: given for (one, role), given in self._assigned.items() if one == handle and given}

    def delegations(self) -> dict[tuple[str, str], Scope]:
        """Return who may speak for whom: (for whom, who) -> how far."""
        return dict(self._delegated)

    def brought_in_by(self, handle: str, key: str, seq: int) -> tuple[str, ...]:
        """Return who introduced a handle before entry `seq`, and who authorised its credential."""
        grant, introduced = self._grants.get(key), self._handles.get(handle, {})
        before = [by for by, at in introduced.items() if at < seq]
        return (*before, *((grant.by,) if grant and grant.by else ()))

    def disowned(self) -> frozenset[str]:
        """Return the credentials that were revoked as compromised: they count for no recovery."""
        return frozenset(key for key, one in self._grants.items() if one.revoked >= 0 and one.why == "compromised")

    def holds(self, grant: Grant, roles: frozenset[str], system: str | None, recorded: str) -> bool:
        """Whether a credential has one of these roles: its own, or one that was assigned to its handle."""
        return bool(roles & grant.roles) or any(
            one.scope.covers(system, recorded)
            for role in roles
            for one in self._assigned.get((grant.handle, role), ())
        )

    def may_speak(self, actor: str, behalf: str, system: str | None, recorded: str) -> bool:
        """Whether `behalf` delegated to `actor`."""
        scope = self._delegated.get((behalf, actor))
        return scope is not None and scope.covers(system, recorded)

    # ---- what changes ----

    def introduce(self, handle: str, by: str = "", seq: int = 0) -> None:
        """Somebody says who a handle is; it may be said again. The genesis introduces its administrators itself."""
        known = self._handles.get(handle, {})
        self._handles[handle] = known if by in known or not by else known | {by: seq}

    def require_introduced(self, handle: str, what: str) -> None:
        """Raise `Tampered` (C13) for a handle that nobody introduced."""
        if handle not in self._handles:
            raise cannot(f"{what} of {handle}, whom nobody introduced", "not_introduced")

    def grant(
        self, handle: str, credential: Credential, roles: frozenset[str], scope: Scope, *, since: int = 0, by: str = ""
    ) -> None:
        """Authorise a credential; raise `Tampered` or `Misuse` for keys that serve here already, or must not."""
        for key in credential.keys:
            key.check()
        self.use_up([key.serves for key in credential.keys])
        self._grants[credential.id] = Grant(
            handle, credential, roles, scope.systems, scope.not_after, -1, since=since, by=by
        )

    def use_up(self, publics: list[bytes]) -> None:
        """Mark public keys as serving; raise `Tampered` (C13) where one does already."""
        if not self._used.isdisjoint(publics):
            raise cannot("a key that serves here already: one actor, one scheme, one purpose, for ever", "key_used")
        self._used.update(publics)

    def revoke(self, handle: str, key: str, seq: int, why: str, compromised_since: str) -> None:
        """End a credential; raise `Tampered` (C13) where `handle` has not got it, or no administrator would be left."""
        grant = self._grants.get(key)
        if grant is None or grant.handle != handle or grant.revoked >= 0:
            raise cannot(f"a key that {handle} has not got, or no longer", "no_such_key")
        ended = grant._replace(revoked=seq, why=why, compromised_since=compromised_since)
        self._settle({key: ended}, {})

    def assign(self, handle: str, role: str, scope: Scope, since: int) -> None:
        """Give a role to a handle, whichever of its keys signs."""
        self._assigned[handle, role] = (*self._assigned.get((handle, role), ()), Assigned(scope, since))

    def end_role(self, handle: str, role: str, systems: frozenset[str]) -> None:
        """Take a role from a handle and all its keys; with `systems`, what was assigned for these. `Tampered` (C13)."""
        given = self._assigned.get((handle, role), ())
        if systems:
            named = frozenset[str]().union(*(one.scope.systems for one in given))
            if not systems <= named:
                raise cannot(f"the role {role} for {min(systems - named)}, which {handle} was not assigned", "no_role")
            self._settle({}, {(handle, role): tuple(_without(given, systems))})
            return
        held = {
            key: one._replace(roles=one.roles - {role})
            for key, one in self._grants.items()
            if one.handle == handle and role in one.roles and one.revoked < 0
        }
        if not held and not given:
            raise cannot(f"the role {role}, which {handle} has not got", "no_role")
        self._settle(held, {(handle, role): ()})

    def _settle(self, grants: dict[str, Grant], assigned: dict[tuple[str, str], tuple[Assigned, ...]]) -> None:
        """Put these in their places, unless no administrator would be left: one for all systems, without an end."""
        before = {key: self._grants[key] for key in grants}, {key: self._assigned.get(key, ()) for key in assigned}
        self._grants.update(grants)
        self._assigned.update(assigned)
        if not any(map(self._administers, self._grants.values())):
            self._grants.update(before[0])
            self._assigned.update(before[1])
            raise cannot("the last administrator's key", "last_admin")

    def _administers(self, grant: Grant) -> bool:
        """Whether a credential administers everything, for good."""
        given = self._assigned.get((grant.handle, "admin"), ())
        named = "admin" in grant.roles or any(one.scope == _EVERYWHERE for one in given)
        return named and grant.revoked < 0 and grant.scope == _EVERYWHERE

    def delegate(self, handle: str, to: str, scope: Scope) -> None:
        """Let `to` speak for `handle`, that far; it takes the place of what was said of the two before."""
        self._delegated[handle, to] = scope

    def doubts(self, recorded: dict[int, str]) -> dict[str, Doubt]:
        """Return the credentials of which something is doubtful; `recorded` is that of each revocation's entry."""
        return {
            key: Doubt(one.handle, one.compromised_since, one.revoked, recorded.get(one.revoked, ""))
            for key, one in self._grants.items()
            if one.revoked >= 0 and one.compromised_since
        }


def _without(given: tuple[Assigned, ...], systems: frozenset[str]) -> Iterator[Assigned]:
    for one in given:
        left = one.scope.systems - systems
        if left or not one.scope.systems:
            yield one._replace(scope=one.scope._replace(systems=left))


def cannot(what: str, code: str) -> Tampered:
    """Return the error of an event that does not fit the state it finds (C13)."""
    return Tampered(f"concerns {what}", "ledger key list", code=code, check=13)

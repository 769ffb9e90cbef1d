"""Which key may say what at one place of a log: genesis and key events, folded in order (FORMAT.md section 8).

The writer asks `judge` before it places a statement, the verifier asks it of each one placed: one answer for both.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple, Self

from ledger.encoding import is_label, is_time
from ledger.errors import Misuse, Tampered
from ledger.genesis import Genesis, Rule, Unknown, is_text, read_roles, require
from ledger.keys.credential import Credential


class Grant(NamedTuple):
    """What a credential is for: whose it is, roles, systems (empty: all), last time, the place it ended (-1: none)."""

    handle: str
    credential: Credential
    roles: frozenset[str]
    systems: frozenset[str]
    not_after: str
    revoked: int


class Trust:
    """State after some entries. `judge` asks, `apply` moves on; `copy` for a writer that may have to go back."""

    def __init__(self, genesis: Genesis) -> None:
        self.genesis = genesis
        self.unknown_since = -1
        self._rules = genesis.rules
        self._grants: dict[str, Grant] = {}
        self._handles: set[str] = set()
        self._used: set[bytes] = {key.public for key in genesis.log_keys}

    @classmethod
    def of_genesis(cls, genesis: Genesis) -> Self:
        """Return the state after entry 0; raise `Tampered` (C10) where one of its keys may not be used."""
        trust = cls(genesis)
        try:
            for one in genesis.administrators:
                trust._grant(one.handle, one.credential, one.roles)
        except (Misuse, Tampered) as error:
            raise Tampered(f"entry 0 {error.message}", code=error.code, check=10, seq=0) from None
        trust._handles.update(one.handle for one in genesis.administrators)
        return trust

    def reserve(self, public: Iterable[bytes]) -> None:
        """Take out of use the keys of witnesses: who watches a log writes nothing in it (C10 here, C13 later)."""
        taken = set(public)
        if taken & self._used:
            raise Tampered("a witness's key serves in entry 0", "another witness", code="key_used", check=10, seq=0)
        self._used |= taken

    def copy(self) -> Self:
        """Return a state of its own with the same content."""
        new = type(self)(self.genesis)
        new.unknown_since = self.unknown_since
        new._grants, new._handles, new._used = self._grants.copy(), self._handles.copy(), self._used.copy()
        return new

    def credential(self, key: str) -> Credential | None:
        """Return the credential of an id, whoever it belongs to and whether or not it still counts."""
        grant = self._grants.get(key)
        return grant.credential if grant else None

    def holder(self, key: str) -> str:
        """Return whose credential an id is, where it still counts; empty otherwise."""
        grant = self._grants.get(key)
        return grant.handle if grant and grant.revoked < 0 else ""

    def grants(self) -> list[Grant]:
        """Return every grant so far, in the order of authorisation."""
        return list(self._grants.values())

    def may_batch(self, kind: str) -> bool:
        """Whether a type may stand in a batch."""
        rule = self._rules.get(kind)
        return kind != "genesis" and (rule is None or rule.batch)

    def in_rules(self, kind: str) -> bool:
        """Whether the rule table names a type."""
        return kind in self._rules

    def changes_trust(self, kind: str) -> bool:
        """Whether a type changes who may say what."""
        rule = self._rules.get(kind)
        return rule is not None and rule.trust

    # ---- C10, C12, C13, C16 of one statement ----

    def judge(self, statement: dict[str, Any], recorded: str) -> Credential:
        """Return the credential that must sign; raise `Tampered` (C10, C12, C13, C16) for what may not stand here.

        `statement` needs `actor key type`, and `log` and `subject` where it has them. `seq` is added by the caller.
        """
        kind, key = statement["type"], statement["key"]
        if kind == "genesis":
            raise Tampered("a second genesis", "one log has one", code="genesis", check=10)
        rule = self._rules.get(kind)
        self._check_log(statement.get("log"), kind, rule)
        grant = self._grants.get(key)
        if grant is None:
            raise Tampered(f"key {key[:16]} is not authorised here", "ledger key list", code="unauthorised", check=13)
        self._check_grant(grant, statement, recorded)
        if rule is not None and rule.roles and not rule.roles & grant.roles:
            wanted = " or ".join(sorted(rule.roles))
            raise Tampered(f"{kind} needs the role {wanted}; {grant.handle} has not got it", code="role", check=16)
        return grant.credential

    def _check_log(self, log: str | None, kind: str, rule: Rule | None) -> None:
        if log is None:
            if rule is not None:
                raise Tampered(f"{kind} does not say which log it is for", code="log_missing", check=12)
        elif log != self.genesis.leaf:
            raise Tampered(f"{kind} is meant for another log, {log[:16]}", code="other_log", check=12)

    def _check_grant(self, grant: Grant, statement: dict[str, Any], recorded: str) -> None:
        key = statement["key"][:16]
        if grant.handle != statement["actor"]:
            raise Tampered(f"key {key} is {grant.handle}'s, not {statement['actor']}'s", code="not_yours", check=13)
        if grant.revoked >= 0:
            raise Tampered(f"key {key} was revoked in entry {grant.revoked}", code="revoked", check=13)
        if grant.not_after and recorded > grant.not_after:
            raise Tampered(f"key {key} counts until {grant.not_after}", code="expired", check=13)
        if grant.systems and statement.get("subject", {}).get("system") not in grant.systems:
            raise Tampered(f"key {key} is for {', '.join(sorted(grant.systems))} only", code="out_of_scope", check=13)

    # ---- what changes trust ----

    def apply(self, seq: int, statement: dict[str, Any]) -> None:
        """Take in a statement that `judge` let pass and whose type changes trust.

        Raises `Tampered` (C13, C17) for one that cannot be, `Unknown` for a type, rev or field of later releases.
        """
        event = _EVENTS.get(statement["type"])
        if event is None or statement["rev"] != 1:
            raise self._unknown(seq, f"{statement['type']} rev {statement['rev']} changes who may say what")
        unknown = statement["data"].keys() - event.required - event.optional
        if unknown:
            raise self._unknown(seq, f"{statement['type']} has the unknown field {min(unknown)!r}")
        try:
            require(statement["subject"].keys() == event.subject, "subject")
            require(statement["data"].keys() >= event.required, f"needs {', '.join(sorted(event.required))}")
            event.act(self, seq, statement["subject"].get("handle", ""), statement["data"])
        except Misuse as error:
            raise Tampered(error.message, error.fix, code=error.code, check=13) from None

    def _unknown(self, seq: int, why: str) -> Unknown:
        if self.unknown_since < 0:
            self.unknown_since = seq
        return Unknown(why)

    def _introduced(self, seq: int, handle: str, data: dict[str, Any]) -> None:  # noqa: ARG002 - one form for all acts
        require(data["kind"] in ("human", "service"), "kind")
        self._handles.add(handle)

    def _authorised(self, seq: int, handle: str, data: dict[str, Any]) -> None:  # noqa: ARG002
        if handle not in self._handles:
            raise _cannot(f"a key of {handle}, whom nobody introduced", "not_introduced")
        systems, not_after = data.get("systems"), data.get("not_after", "")
        require(not_after == "" or (is_text(not_after) and is_time(not_after)), "not_after")
        if systems is not None:
            require(isinstance(systems, list) and 1 <= len(systems) <= 256, "systems")
            require(all(is_text(name) and is_label(name) for name in systems), "systems")
        credential = Credential.from_json(data["keys"])
        self._grant(handle, credential, read_roles(data["roles"]), frozenset(systems or ()), not_after)

    def _grant(
        self,
        handle: str,
        credential: Credential,
        roles: frozenset[str],
        systems: frozenset[str] = frozenset(),
        not_after: str = "",
    ) -> None:
        for key in credential.keys:
            key.check()
            if key.public in self._used:
                raise _cannot(
                    "a key that serves here already: one actor, one scheme, one purpose, for ever", "key_used"
                )
        self._used.update(key.public for key in credential.keys)
        self._grants[credential.id] = Grant(handle, credential, roles, systems, not_after, -1)

    def _revoked(self, seq: int, handle: str, data: dict[str, Any]) -> None:
        grant = self._grants.get(data["key_id"]) if is_text(data["key_id"]) else None
        require(data["why"] in _WHYS, "why")
        since = data.get("compromised_since", "")
        require(since == "" or (is_text(since) and is_time(since)), "compromised_since")
        if grant is None or grant.handle != handle or grant.revoked >= 0:
            raise _cannot(f"a key that {handle} has not got, or no longer", "no_such_key")
        if "admin" in grant.roles and not any(
            "admin" in other.roles and other.revoked < 0 and other is not grant for other in self._grants.values()
        ):
            raise _cannot("the last administrator's key", "last_admin")
        self._grants[data["key_id"]] = grant._replace(revoked=seq)

    def _clock_reset(self, seq: int, handle: str, data: dict[str, Any]) -> None:
        """Changes no key: that `recorded` may go back is said in C8."""


class _Event(NamedTuple):
    subject: frozenset[str]
    required: frozenset[str]
    optional: frozenset[str]
    act: Callable[[Trust, int, str, dict[str, Any]], None]


_HANDLE: Final = frozenset({"handle"})
_EVENTS: Final[dict[str, _Event]] = {
    "actor_introduced": _Event(
        _HANDLE,
        frozenset({"kind"}),
        frozenset({"name", "contact", "function", "organisation"}),
        Trust._introduced,
    ),
    "key_authorized": _Event(
        _HANDLE,
        frozenset({"keys", "roles"}),
        frozenset({"systems", "not_after"}),
        Trust._authorised,
    ),
    "key_revoked": _Event(
        _HANDLE,
        frozenset({"key_id", "why"}),
        frozenset({"compromised_since"}),
        Trust._revoked,
    ),
    "clock_reset": _Event(frozenset(), frozenset(), frozenset({"note"}), Trust._clock_reset),
}
_WHYS: Final = frozenset(("retired", "replaced", "lost", "compromised", "left"))


def _cannot(what: str, code: str) -> Tampered:
    return Tampered(f"concerns {what}", "ledger key list", code=code, check=13)

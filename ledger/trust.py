"""Which key may say what at one place of a log: genesis and what changes it, folded in order (FORMAT.md section 8).

The writer asks `judge` before it places a statement, the verifier asks it of each one placed: one answer for both.
What each event does is said in `ledger.changes`; here is the state that it does it to.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple, Self

from ledger.changes import EVENTS, Change
from ledger.errors import Misuse, Tampered
from ledger.genesis import Genesis, Rule, Unknown, require
from ledger.grants import Grant, Holders, Scope, cannot
from ledger.keys.credential import Credential
from ledger.logkeys import LogKeys
from ledger.notes.verifier import VerifierKey

Rules = dict[str, Rule]


class FourEyes(NamedTuple):
    """From entry `seq` on: what becomes of an approval of own work, for a system ("": those without a word of own)."""

    seq: int
    system: str
    value: str


class Trust:
    """State after some entries. `judge` asks, `apply` moves on; `copy` for a writer that may have to go back.

    `tables`: the rule tables, each with the entry after which it is in force. Values are replaced, never changed.
    """

    def __init__(self, genesis: Genesis) -> None:
        self.genesis = genesis
        self.unknown_since = -1
        self.tables: list[tuple[int, Rules]] = [(-1, genesis.rules)]
        self.log_keys = LogKeys.of_genesis(genesis)
        self.four_eyes: list[FourEyes] = []
        self.holders = Holders()
        self.holders.use_up([key.public for key in genesis.log_keys])

    @classmethod
    def of_genesis(cls, genesis: Genesis) -> Self:
        """Return the state after entry 0; raise `Tampered` (C10) where one of its keys may not be used."""
        trust = cls(genesis)
        try:
            for one in genesis.administrators:
                trust.holders.grant(one.handle, one.credential, one.roles, Scope())
                trust.holders.introduce(one.handle)
        except (Misuse, Tampered) as error:
            raise Tampered(f"entry 0 {error.message}", code=error.code, check=10, seq=0) from None
        return trust

    def reserve(self, public: Iterable[bytes]) -> None:
        """Take out of use the keys of witnesses: who watches a log writes nothing in it (C10 here, C13 later)."""
        try:
            self.holders.use_up(list(public))
        except Tampered:
            raise Tampered(
                "a witness's key serves in entry 0", "another witness", code="key_used", check=10, seq=0
            ) from None

    def copy(self) -> Self:
        """Return a state of its own with the same content."""
        new = type(self)(self.genesis)
        new.unknown_since, new.tables, new.log_keys = self.unknown_since, self.tables.copy(), self.log_keys
        new.four_eyes, new.holders = self.four_eyes.copy(), self.holders.copy()
        return new

    # ---- what is asked ----

    @property
    def rules(self) -> Rules:
        """The rule table in force."""
        return self.tables[-1][1]

    def credential(self, key: str) -> Credential | None:
        """Return the credential of an id, whoever it belongs to and whether or not it still counts."""
        grant = self.holders.find(key)
        return grant.credential if grant else None

    def holder(self, key: str) -> str:
        """Return whose credential an id is, where it still counts; empty otherwise."""
        grant = self.holders.find(key)
        return grant.handle if grant and grant.revoked < 0 else ""

    def grants(self) -> list[Grant]:
        """Return every grant so far, in the order of authorisation."""
        return self.holders.grants()

    def four_eyes_for(self, system: str | None, seq: int) -> str:
        """Return what becomes of an approval of own work in entry `seq`: `finding`, `refusal` or `off`."""
        said = [one for one in self.four_eyes if one.seq < seq]
        own = [one.value for one in said if one.system and one.system == system]
        general = [one.value for one in said if not one.system]
        return (own or general or ["off"])[-1]

    def may_batch(self, kind: str) -> bool:
        """Whether a type may stand in a batch."""
        rule = self.rules.get(kind)
        return kind != "genesis" and (rule is None or rule.batch)

    def in_rules(self, kind: str) -> bool:
        """Whether the rule table names a type."""
        return kind in self.rules

    def changes_trust(self, kind: str) -> bool:
        """Whether a type changes who may say what."""
        rule = self.rules.get(kind)
        return rule is not None and rule.trust

    # ---- C10, C12, C13, C16 of one statement ----

    def judge(self, statement: dict[str, Any], recorded: str) -> Credential:
        """Return the credential that must sign; raise `Tampered` (C10, C12, C13, C16) for what may not stand here.

        `statement` needs `actor key type`, and `log` and `subject` where it has them. `seq` is added by the caller.
        """
        kind, key = statement["type"], statement["key"]
        if kind == "genesis":
            raise Tampered("a second genesis", "one log has one", code="genesis", check=10)
        rule = self.rules.get(kind)
        self._check_log(statement.get("log"), kind, rule)
        grant = self.holders.find(key)
        if grant is None:
            raise Tampered(f"key {key[:16]} is not authorised here", "ledger key list", code="unauthorised", check=13)
        self._check_grant(grant, statement, recorded)
        if rule is not None and rule.roles and not self.holders.holds(grant, rule.roles, _system(statement), recorded):
            wanted = " or ".join(sorted(rule.roles))
            what = f"{kind} needs the role {wanted}; {grant.handle} has not got it"
            raise Tampered(what, "ledger key list says who has", code="role", check=16)
        return grant.credential

    def may_speak_for(self, statement: dict[str, Any], recorded: str) -> bool:
        """Whether `on_behalf_of` names somebody who delegated to the actor."""
        return self.holders.may_speak(statement["actor"], statement["on_behalf_of"], _system(statement), recorded)

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
        if grant.systems and _system(statement) not in grant.systems:
            raise Tampered(f"key {key} is for {', '.join(sorted(grant.systems))} only", code="out_of_scope", check=13)

    # ---- what changes trust ----

    def apply(self, seq: int, statement: dict[str, Any]) -> None:
        """Take in a statement that `judge` let pass and whose type changes trust.

        Raises `Tampered` (C3, C13, C17) for one that cannot be, `Unknown` for a type, rev or field of later releases.
        """
        kind, subject, data = statement["type"], statement["subject"], statement["data"]
        event = EVENTS.get(kind)
        if event is None or statement["rev"] != 1:
            raise self._unknown(seq, f"{kind} rev {statement['rev']} changes who may say what")
        if unknown := data.keys() - event.required - event.optional:
            raise self._unknown(seq, f"{kind} has the unknown field {min(unknown)!r}")
        try:
            require(event.subject <= subject.keys() <= event.subject | event.about, "subject")
            require(data.keys() >= event.required, f"needs {', '.join(sorted(event.required))}")
            require(not event.reason or "reason" in statement, "needs a reason")
            change = Change(seq, statement["actor"], subject.get("handle", ""), subject.get("system", ""), data)
            event.act(self, change)
        except Unknown as unknown:
            raise self._unknown(seq, str(unknown)) from None
        except Misuse as error:
            raise Tampered(error.message, error.fix, code=error.code, check=13) from None

    def _unknown(self, seq: int, why: str) -> Unknown:
        if self.unknown_since < 0:
            self.unknown_since = seq
        return Unknown(why)

    def change_rules(self, seq: int, rows: Rules) -> None:
        """Put rows into the rule table, from the next entry on."""
        self.tables.append((seq, self.rules | rows))

    def set_four_eyes(self, seq: int, system: str, value: str) -> None:
        """Say what becomes of approvals of own work, from the next entry on."""
        self.four_eyes.append(FourEyes(seq, system, value))

    def replace_log_keys(self, seq: int, keys: tuple[VerifierKey, ...], *, recovered: bool) -> None:
        """Let new keys of the log take over; raise `Tampered` (C13) for keys that serve, or served, here."""
        labels = {(key.name, key.key_id) for one in self.log_keys.sets for key in one.keys}
        if any((key.name, key.key_id) in labels for key in keys):
            raise cannot("a key of the log with the id of an earlier one", "key_used")
        self.holders.use_up([key.public for key in keys])
        self.log_keys = self.log_keys.replaced(seq, keys, recovered=recovered)


def _system(statement: dict[str, Any]) -> str | None:
    system: str | None = statement.get("subject", {}).get("system")
    return system

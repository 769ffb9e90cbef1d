"""FORMAT.md sections 3, 6, 7, 8: a log under construction.

Every rule can be bent at one place; what follows stays consistent with it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from .encode import b64, leaf, root, sha, write
from .keys import (
    BATCH,
    LOG,
    ORIGIN,
    STATEMENT,
    VKEY,
    VKEY_ML_DSA,
    Credential,
    Key,
    note_text,
    one,
    signature_line,
)

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ADA, BOB, CAROL, CI, DAN = one("ada"), one("bob"), one("carol"), one("ci"), one("dan")
RECOVERY = one("recovery")
SET = {"artifacts": {"model": "sha256:" + sha(b"model").hex(), "preprocessor": "sha256:" + sha(b"preprocessor").hex()}}
ADMIN_ONLY = {"batch": False, "roles": ["admin"], "trust": True}
RULES: dict[str, Any] = {
    **dict.fromkeys(
        (
            "actor_introduced",
            "key_authorized",
            "key_revoked",
            "role_assigned",
            "role_ended",
            "delegated",
            "policy_set",
            "log_key_rotated",
        ),
        ADMIN_ONLY,
    ),
    **{name: {"batch": False, "roles": ["approver"], "trust": False} for name in ("approved", "rejected")},
    "clock_reset": {"batch": False, "roles": ["admin"], "trust": False},
}


def stamp(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def uuid7(when: datetime, seed: bytes) -> str:
    ms = int(when.timestamp() * 1000).to_bytes(6, "big").hex()
    tail = sha(b"id", seed).hex()
    return f"{ms[:8]}-{ms[8:]}-7{tail[:3]}-8{tail[3:6]}-{tail[6:18]}"


def genesis_data() -> dict[str, Any]:
    return {
        "administrators": [
            {"handle": "ada", "keys": ADA.json(), "roles": ["admin", "recorder"]},
            {"handle": "bob", "keys": BOB.json(), "roles": ["admin"]},
        ],
        "format": 1,
        "hash": "sha256",
        "log_keys": [VKEY, VKEY_ML_DSA],
        "nonce": b64(sha(b"nonce")),
        "origin": ORIGIN,
        "recovery": {"keys": [RECOVERY.json()], "threshold": 1},
        "rules": copy.deepcopy(RULES),
    }


class Log:
    """Entries in order, the clock of the writer, and what is given beside them: notes, policy, disclosures."""

    def __init__(self, name: str, origin: str = ORIGIN) -> None:
        self.name, self.origin, self.now, self.ids = name, origin, START, 0
        self.entries: list[bytes] = []
        self.statements: list[bytes] = []
        self.notes: dict[str, bytes] = {}
        self.disclosures: list[str] = []
        self.policy: dict[str, str] | None = None
        self.expect: dict[str, Any] = {}
        self.log_needs: dict[str, str] = {}  # algorithm of the log's keys -> the verdict without it

    def leaves(self) -> list[bytes]:
        return [leaf(e) for e in self.entries]

    def say(
        self, actor: str, kind: str, signer: Credential, subject: Any = None, data: Any = None, **more: Any
    ) -> dict[str, Any]:
        """A statement; `more` replaces keys, None leaves one out. `log` stands where the rule table asks for it."""
        self.ids += 1
        self.now += timedelta(seconds=2)
        made: dict[str, Any] = {
            "actor": actor,
            "data": {} if data is None else data,
            "id": uuid7(self.now, f"{self.ids}".encode()),
            "key": signer.id,
            "rev": 1,
            "subject": {"system": "credit"} if subject is None else subject,
            "time": stamp(self.now),
            "type": kind,
            "log": leaf(self.entries[0]).hex() if kind in RULES and self.entries else None,
        }
        made.update(more)
        return {k: v for k, v in made.items() if v is not None}

    def place(
        self, statement: dict[str, Any] | bytes, signer: Credential, batch: dict[str, Any] | None = None, **bent: Any
    ) -> int:
        """Signs, places, returns the row. `bent`: prev, recorded, seq, signatures, payload (the signed type)."""
        body = statement if isinstance(statement, bytes) else write(statement)
        self.now += timedelta(seconds=1)
        entry: dict[str, Any] = {
            "prev": leaf(self.entries[-1]).hex() if self.entries else "0" * 64,
            "recorded": stamp(self.now),
            "seq": len(self.entries),
            "signatures": signer.sign(bent.pop("payload", STATEMENT), body),
        }
        if batch:
            entry["batch"] = batch
        entry.update(bent)
        self.statements.append(body)
        return self.raw(write(entry)[:-1] + b',"statement":' + body + b"}")

    def take_back(self) -> None:
        """Removes the newest entry; the clock and the ids go on."""
        self.entries.pop()
        self.statements.pop()

    def raw(self, entry: bytes) -> int:
        self.entries.append(entry)
        return len(self.entries) - 1

    def add(
        self,
        actor: str,
        kind: str,
        signer: Credential,
        subject: Any = None,
        data: Any = None,
        bent: dict[str, Any] | None = None,
        **more: Any,
    ) -> int:
        return self.place(self.say(actor, kind, signer, subject, data, **more), signer, **(bent or {}))

    def note_it(self, bent: dict[str, Any] | None = None, **more: Any) -> int:
        """One ordinary statement by the service `ci`."""
        data = more.pop("data", {"auc": 0.79, "rows": 1000})
        return self.add("ci", "evaluated", CI, {**SET, "system": "credit"}, data, bent, **more)

    def genesis(
        self,
        edit: Callable[[dict[str, Any]], Any] | None = None,
        signer: Credential = ADA,
        bent: dict[str, Any] | None = None,
        **more: Any,
    ) -> int:
        data = genesis_data()
        if edit:
            edit(data)
        return self.add(more.pop("actor", "ada"), "genesis", signer, {}, data, bent, **more)

    def introduce(self, handle: str, kind: str = "service", **data: Any) -> int:
        return self.add("ada", "actor_introduced", ADA, {"handle": handle}, {"kind": kind, **data})

    def authorize(
        self,
        handle: str,
        keys: Credential,
        roles: list[str] | None = None,
        bent: dict[str, Any] | None = None,
        by: tuple[str, Credential] = ("ada", ADA),
        **data: Any,
    ) -> int:
        data = {"keys": keys.json(), "roles": roles or ["recorder"], **data}
        return self.add(by[0], "key_authorized", by[1], {"handle": handle}, data, bent)

    def revoke(
        self,
        handle: str,
        keys: Credential,
        why: str = "retired",
        by: tuple[str, Credential] = ("ada", ADA),
        **data: Any,
    ) -> int:
        return self.add(by[0], "key_revoked", by[1], {"handle": handle}, {"key_id": keys.id, "why": why, **data})

    def base(self, edit: Callable[[dict[str, Any]], Any] | None = None, **more: Any) -> Log:
        """Genesis; carol, who approves; ci, which records. Five entries, 0 to 4."""
        self.genesis(edit, **more)
        self.introduce("carol", "human", function="validation")
        self.authorize("carol", CAROL, ["approver"])
        self.introduce("ci")
        self.authorize("ci", CI)
        return self

    def header(
        self, statements: list[bytes], actor: str = "ci", signer: Credential = CI, **bent: Any
    ) -> dict[str, Any]:
        self.ids += 1
        made = {
            "actor": actor,
            "count": len(statements),
            "id": uuid7(self.now, f"batch/{self.ids}".encode()),
            "key": signer.id,
            "log": leaf(self.entries[0]).hex(),
            "root": root([leaf(s) for s in statements]).hex(),
        }
        return {**made, **bent}

    def results(self, count: int) -> list[bytes]:
        """Statements of one evaluation run by `ci`, not placed yet."""
        return [write(self.say("ci", "evaluated", CI, SET, {"fold": i, "auc": 0.75 + i / 100})) for i in range(count)]

    def batch(
        self,
        statements: list[bytes],
        header: dict[str, Any],
        signer: Credential = CI,
        payload: str = BATCH,
        firsts: dict[int, int] | None = None,
    ) -> int:
        """Places statements under the header; returns the head's row. `firsts` bends the `first` of a member."""
        head = len(self.entries)
        for i, body in enumerate(statements):
            self.member(body, head, header, signer, payload) if i == 0 else self.member(
                body, (firsts or {}).get(i, head)
            )
        return head

    def member(
        self,
        body: bytes,
        first: int,
        header: dict[str, Any] | None = None,
        signer: Credential = CI,
        payload: str = BATCH,
    ) -> int:
        if header is None:
            return self.place(body, signer, {"first": first}, signatures=[])
        return self.place(body, signer, header, signatures=signer.sign(payload, write(header)))

    def note(
        self, size: int | None = None, key: Key = LOG, origin: str | None = None, root_is: bytes | None = None
    ) -> bytes:
        """A checkpoint of the first `size` entries, signed."""
        size = len(self.entries) if size is None else size
        name = origin or self.origin
        text = note_text(name, size, root_is or root(self.leaves()[:size]))
        return text + b"\n" + signature_line(name, key, text)

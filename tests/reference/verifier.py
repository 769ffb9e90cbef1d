"""A second verifier, written from ledger/FORMAT.md alone: plain and slow. It imports nothing of the package.

`verify` gathers what it finds as (check, seq); seq is None where the place is a note or a disclosure.
"""

import base64
from datetime import datetime
from typing import Any, NamedTuple

from tests.reference.form import (
    DIGEST,
    HANDLE,
    LABEL,
    ORIGIN,
    Bad,
    fits,
    is_integer,
    is_time,
    need,
    read_disclosure,
    read_entry,
    read_roles,
    read_rules,
    unbase64,
)
from tests.reference.signing import check_note, leaf, read_credential, read_note, read_vkey, sha, signed_by, tree_root

GENESIS = {"administrators", "format", "hash", "log_keys", "nonce", "origin", "recovery", "rules"}
FIELDS = {  # type -> fields of data that must be, that may be
    "actor_introduced": ({"kind"}, {"name", "contact", "function", "organisation"}),
    "key_authorized": ({"keys", "roles"}, {"systems", "not_after"}),
    "key_revoked": ({"key_id", "why"}, {"compromised_since"}),
}
WHYS = {"retired", "replaced", "lost", "compromised", "left"}


class Result(NamedTuple):
    """The verdict, what failed, what is not known, what is only to be said (C22), entries and how many are covered."""

    verdict: str
    failures: list[tuple[int, int | None]]
    missing: list[tuple[int, int | None]]
    findings: list[tuple[int, int | None]]
    size: int
    covered: int


class Placed(NamedTuple):
    """An entry that could be read."""

    seq: int
    fields: dict[str, Any]
    body: bytes
    header: bytes


class Unknown(Exception):
    """C17: this verifier does not know what that changes."""


def verify(data, checkpoints, *, keys=(), genesis="", pins=(), disclosures=()):
    """`data`: an entries file; `checkpoints` kept with it, the newest last; the rest: what the verifier brought."""
    lines = data.split(b"\n")
    whole = lines.pop() == b""
    run = Run(lines)
    if not whole:
        run.failures.append((5, len(lines)))
    run.everything(checkpoints, [read_vkey(key, 3) for key in keys], genesis, pins, disclosures)
    covered = max([size for size in run.sizes if size <= len(lines)], default=0)
    if run.failures:
        verdict = "BROKEN"
    elif run.missing:
        verdict = "UNVERIFIABLE"
    else:
        verdict = "VERIFIED" if keys or pins else "UNPINNED"
    return Result(verdict, run.failures, run.missing, run.findings, len(lines), covered)


class Run:
    """One verification."""

    def __init__(self, lines):
        self.lines, self.leaves = lines, [leaf(line) for line in lines]
        self.entries: list[Placed | None] = []
        self.failures, self.missing, self.findings, self.sizes = [], [], [], []
        self.handles, self.used, self.grants = set(), set(), {}
        self.rules: dict[str, Any] = {}

    def everything(self, checkpoints, keys, genesis, pins, disclosures):
        self.read_entries()
        before = len(self.failures)
        self.attempt(self.genesis, 0, genesis)
        if len(self.failures) > before or ((17, 0) in self.missing and not self.rules):
            return
        for note in checkpoints:
            self.attempt(self.checkpoint, None, note, keys or self.log_keys, 9)
        for note in pins:
            self.attempt(self.checkpoint, None, note, keys or self.log_keys, 4)
        if any(check in (2, 3, 4) for check, _ in self.failures):
            return
        self.links()
        self.batches()
        for placed in filter(None, self.entries):
            self.author(placed)
        self.references()
        for shown in disclosures:
            self.disclosure(shown)

    def attempt(self, step, seq, *arguments):
        try:
            step(*arguments)
        except Bad as bad:
            self.failures.append((bad.check, seq))
            return False
        except Unknown:
            self.missing.append((17, seq))
            return False
        return True

    # ---- C5 to C8, C11 ----

    def read_entries(self):
        for seq, line in enumerate(self.lines):
            try:
                self.entries.append(Placed(seq, *read_entry(line)))
            except Bad as bad:
                self.failures.append((bad.check, seq))
                self.entries.append(None)

    def links(self):
        recorded, ids, prev = "", set(), "0" * 64
        for seq, placed in enumerate(self.entries):
            if placed:
                said = placed.fields["statement"]
                self.fail_unless(placed.fields["seq"] == seq, 6, seq)
                self.fail_unless(placed.fields["prev"] == prev, 7, seq)
                self.fail_unless(placed.fields["recorded"] >= recorded or said["type"] == "clock_reset", 8, seq)
                self.fail_unless(said["id"] not in ids, 11, seq)
                ids.add(said["id"])
                recorded = placed.fields["recorded"]
                if seconds(said["time"]) > seconds(recorded) + 300:
                    self.findings.append((22, seq))
            prev = self.leaves[seq].hex()

    def fail_unless(self, good, check, seq):
        if not good:
            self.failures.append((check, seq))

    # ---- C10 ----

    def genesis(self, expected):
        need(self.entries and self.entries[0], "no entry 0", 10)
        said = self.entries[0].fields["statement"]
        data = said["data"]
        need(said["type"] == "genesis" and said["subject"] == {} and "log" not in said, "no genesis", 10)
        need(not expected or expected == self.leaves[0].hex(), "another genesis", 10)
        if said["rev"] != 1:
            raise Unknown
        need(set(data) >= GENESIS, "fields of the genesis", 10)
        need(type(data["format"]) is int and data["format"] == 1 and data["hash"] == "sha256", "format", 10)
        need(fits(ORIGIN, data["origin"]) and len(unbase64(data["nonce"]) or b"") == 32, "origin or nonce", 10)
        self.origin, self.rules = data["origin"], read_rules(data["rules"])
        need(isinstance(data["log_keys"], list), "log keys", 10)
        self.log_keys = [read_vkey(text, 10) for text in data["log_keys"]]
        need([key[2] for key in self.log_keys] == [1, 6], "types of the log keys", 10)
        need(all(key[0] == self.origin for key in self.log_keys), "names of the log keys", 10)
        self.used |= {key[3] for key in self.log_keys}
        self.recovery(data["recovery"])
        self.administrators(data["administrators"], said)
        if "continues" in data:
            more = data["continues"]
            need(isinstance(more, dict) and set(more) == {"checkpoint", "origin"}, "continues", 10)
        if set(data) - GENESIS - {"continues"}:
            raise Unknown

    def recovery(self, value):
        need(isinstance(value, dict) and set(value) == {"keys", "threshold"}, "recovery", 10)
        need(isinstance(value["keys"], list) and is_integer(value["threshold"], 1, len(value["keys"])), "recovery", 10)
        for credential in value["keys"]:
            read_credential(credential, 10)

    def administrators(self, value, said):
        need(isinstance(value, list) and value, "administrators", 10)
        for place, one in enumerate(value):
            need(isinstance(one, dict) and set(one) == {"handle", "keys", "roles"}, "an administrator", 10)
            need(fits(HANDLE, one["handle"]) and "admin" in read_roles(one["roles"], 10), "an administrator", 10)
            keys, ident = read_credential(one["keys"], 10)
            if place == 0:
                need((said["actor"], said["key"]) == (one["handle"], ident), "not signed by the first", 10)
            self.use(keys, 10)
            self.handles.add(one["handle"])
            self.grants[ident] = {"actor": one["handle"], "keys": keys, "roles": set(one["roles"]), "revoked": False}

    def use(self, keys, check):
        """One public key: one actor, one scheme, one purpose."""
        for _, public, _ in keys:
            need(public not in self.used, "a key that was used before", check)
            self.used.add(public)

    # ---- C2, C3, C4, C9; C15 where a checkpoint falls inside a batch ----

    def checkpoint(self, data, keys, check):
        note = read_note(data)
        need(note[1] == self.origin, "another origin", 2)
        check_note(note, keys)
        need(note[2] <= len(self.lines), "the log is smaller", check)
        need(tree_root(self.leaves[: note[2]]) == note[3], "another root", check)
        self.sizes.append(note[2])

    # ---- C15 ----

    def batches(self):
        head, count = None, 0  # the open batch, its members so far
        for placed in filter(None, self.entries):
            batch = placed.fields.get("batch")
            if head and not (batch and batch.get("first") == head.seq):
                self.failures.append((15, head.seq))
                head = None
            if batch and "count" in batch:
                head, count = placed, 0
                self.fail_unless(batch["log"] == self.leaves[0].hex(), 15, placed.seq)
            elif batch and (not head or batch["first"] != head.seq):
                self.failures.append((15, placed.seq))
                continue
            if not batch:
                continue
            self.member(placed, head)
            count += 1
            if count == head.fields["batch"]["count"]:
                self.close(head, count)
                head = None
        if head:
            self.failures.append((15, head.seq))

    def member(self, placed, head):
        said, signed = placed.fields["statement"], head.fields["batch"]
        self.fail_unless((said["actor"], said["key"]) == (signed["actor"], signed["key"]), 15, placed.seq)
        self.fail_unless(said["type"] != "genesis", 15, placed.seq)
        self.fail_unless(self.rules.get(said["type"], {"batch": True})["batch"], 15, placed.seq)
        self.fail_unless(placed is head or not placed.fields["signatures"], 15, placed.seq)

    def close(self, head, count):
        bodies = [placed.body for placed in self.entries[head.seq : head.seq + count]]
        root = tree_root([leaf(body) for body in bodies]).hex()
        self.fail_unless(root == head.fields["batch"]["root"] and sum(map(len, bodies)) <= 2**23, 15, head.seq)
        if any(head.seq < size < head.seq + count for size in self.sizes):
            self.failures.append((15, None))

    # ---- C12, C13, C14, C16, C17, C19 ----

    def author(self, placed):
        said, seq = placed.fields["statement"], placed.seq
        kind, rule = said["type"], self.rules.get(said["type"])
        self.fail_unless(kind != "genesis" or seq == 0, 10, seq)
        self.fail_unless(said.get("log", self.leaves[0].hex()) == self.leaves[0].hex(), 12, seq)
        self.fail_unless(rule is None or "log" in said, 12, seq)
        grant = self.grants.get(said["key"])
        if grant:
            self.signatures(placed, grant)
        if not grant or not self.in_force(grant, placed):
            self.failures.append((13, seq))
            return
        if rule and rule["roles"] and not grant["roles"] & set(rule["roles"]):
            self.failures.append((16, seq))
            return
        if rule and rule["trust"]:
            self.attempt(self.change, seq, said)
        elif said.get("critical") and "/" in kind:
            self.missing.append((17, seq))
        if kind in ("approved", "rejected"):
            self.fail_unless({"artifacts", "document"} & set(said["subject"]), 19, seq)

    def signatures(self, placed, grant):
        batch, signatures = placed.fields.get("batch"), placed.fields["signatures"]
        if batch and "first" in batch:
            return  # C15 looks after members
        purpose, body = ("batch", placed.header) if batch else ("statement", placed.body)
        if batch:
            grant = self.grants.get(batch["key"])
        good = grant is not None and signed_by(grant["keys"], purpose, body, signatures)
        if good is None:
            self.missing.append((14, placed.seq))
        elif not good:
            self.failures.append((14, placed.seq))

    def in_force(self, grant, placed):
        said = placed.fields["statement"]
        systems = grant.get("systems")
        return (
            grant["actor"] == said["actor"]
            and not grant["revoked"]
            and placed.fields["recorded"] <= grant.get("not_after", "9999-99")
            and (systems is None or said["subject"].get("system") in systems)
        )

    def change(self, said):
        """Events on keys. A field that nobody knows is C17 and unverifiable; one that cannot be breaks C17."""
        kind, data, handle = said["type"], said["data"], said["subject"].get("handle")
        if kind not in FIELDS or said["rev"] != 1 or set(data) - set.union(*FIELDS[kind]):
            raise Unknown
        need(set(said["subject"]) == {"handle"} and set(data) >= FIELDS[kind][0], "subject or fields", 17)
        if kind == "actor_introduced":
            need(data["kind"] in ("human", "service"), "kind", 17)
            self.handles.add(handle)
        elif kind == "key_authorized":
            self.authorise(data, handle)
        else:
            self.revoke(data, handle)

    def authorise(self, data, handle):
        roles = read_roles(data["roles"], 17)
        systems = data.get("systems")
        need(systems is None or (isinstance(systems, list) and all(fits(LABEL, s) for s in systems)), "systems", 17)
        need("not_after" not in data or is_time(data["not_after"]), "not_after", 17)
        keys, ident = read_credential(data["keys"], 13)
        need(handle in self.handles, "not introduced", 13)
        self.use(keys, 13)
        more = {key: data[key] for key in ("systems", "not_after") if key in data}
        self.grants[ident] = {"actor": handle, "keys": keys, "roles": roles, "revoked": False, **more}

    def revoke(self, data, handle):
        need(fits(DIGEST, data["key_id"]) and data["why"] in WHYS, "key_id or why", 17)
        need("compromised_since" not in data or is_time(data["compromised_since"]), "compromised_since", 17)
        grant = self.grants.get(data["key_id"])
        need(grant and grant["actor"] == handle and not grant["revoked"], "no such key", 13)
        others = [g for g in self.grants.values() if g is not grant and not g["revoked"] and "admin" in g["roles"]]
        need("admin" not in grant["roles"] or others, "the last administrator", 13)
        grant["revoked"] = True

    # ---- C18 ----

    def references(self):
        known = {placed.fields["statement"]["id"]: placed for placed in reversed(self.entries) if placed}
        for placed in filter(None, self.entries):
            said = placed.fields["statement"]
            for ref in [ref for refs in said.get("refs", {}).values() for ref in refs]:
                other, strict = known.get(ref["id"]), said["type"] in self.rules
                there = other is not None and (not strict or other.seq < placed.seq)
                right = other is None or leaf(other.body).hex() == ref["hash"]
                self.fail_unless(ref["id"] != said["id"] and right and (there or not strict), 18, placed.seq)

    # ---- C20 ----

    def disclosure(self, shown):
        seq = None
        try:
            ident, path = read_disclosure(shown)
            found = [p for p in self.entries if p and p.fields["statement"]["id"] == ident]
            need(found, "no such statement", 20)
            seq, value = found[0].seq, found[0].fields["statement"]
            for step in path:
                value = value[int(step) if isinstance(value, list) else step]
            digest = base64.urlsafe_b64encode(sha(shown.encode())).decode().rstrip("=")
            need(value == {"sealed": digest}, "not the commitment", 20)
        except (Bad, ValueError, LookupError, TypeError):
            self.failures.append((20, seq))


def seconds(time):
    return datetime.fromisoformat(time).timestamp()

"""Logs about roles of a handle, words given for another, changed rules, four eyes, doubt: good ones and bad ones."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from .build import ADA, ADMIN_ONLY, BOB, CAROL, CI, DAN, SET, Log, one, stamp
from .cases import bad, good, unsure
from .encode import leaf, sha, write

APPROVER_OR_RECORDER = {"batch": False, "roles": ["approver", "recorder"], "trust": False}
PART = {"artifacts": {"model": SET["artifacts"]["model"]}}


def assign(log: Log, handle: str, role: str, signer: Any = ("ada", ADA), **data: Any) -> int:
    return log.add(signer[0], "role_assigned", signer[1], {"handle": handle}, {"role": role, **data})


def end(log: Log, handle: str, role: str, **data: Any) -> int:
    return log.add("ada", "role_ended", ADA, {"handle": handle}, {"role": role, **data})


def delegate(log: Log, handle: str, to: str, **data: Any) -> int:
    return log.add("ada", "delegated", ADA, {"handle": handle}, {"to": to, **data})


def policy(log: Log, kind: str, value: Any, system: str = "", **more: Any) -> int:
    subject = {"system": system} if system else {}
    return log.add("ada", "policy_set", ADA, subject, {"kind": kind, "value": value}, **more)


def rules(log: Log, **rows: Any) -> int:
    return policy(log, "roles", rows)


def approve(log: Log, actor: str = "ci", signer: Any = CI, subject: Any = None, **more: Any) -> int:
    return log.add(actor, "approved", signer, {**SET, "system": "credit"} if subject is None else subject, **more)


def found(log: Log, *places: tuple[int, int]) -> None:
    """What is to be said of the log although it passes, or beside what fails: (check, seq)."""
    log.expect["findings"] = [list(place) for place in places]


# ---- roles ----


@good("a role is assigned to a handle: its key may use it from the next entry on; ended, and assigned once more")
def role_assigned(log: Log) -> None:
    assign(log, "ci", "approver")
    approve(log)
    end(log, "ci", "approver")
    assign(log, "ci", "approver")
    approve(log)


@good("a role that was assigned before the key was authorised counts for that key, too")
def role_before_the_key(log: Log) -> None:
    log.introduce("dan", "human")
    assign(log, "dan", "approver")
    log.authorize("dan", DAN)
    approve(log, "dan", DAN)


@good("a role for two systems, one of them ended: the other one stays")
def role_for_systems(log: Log) -> None:
    assign(log, "ci", "approver", systems=["credit", "fraud"])
    approve(log)
    end(log, "ci", "approver", systems=["fraud"])
    approve(log)


@good("a role with a last moment, used in that very moment")
def role_not_after(log: Log) -> None:
    row = assign(log, "ci", "approver", not_after=stamp(log.now + timedelta(seconds=9)))
    limit = log.entries[row].split(b'"not_after":"')[1][:27].decode()
    approve(log, bent={"recorded": limit})


@good("ending a role takes it from keys that were authorised with it; another of their roles stays")
def role_ended_of_a_key(log: Log) -> None:
    log.introduce("dan", "human")
    log.authorize("dan", DAN, ["approver", "recorder"])
    end(log, "dan", "approver")
    log.add("dan", "evaluated", DAN, SET)


@good("an administrator by assignment carries on when the others have gone")
def role_assigned_admin(log: Log) -> None:
    assign(log, "carol", "admin")
    log.revoke("bob", BOB, "left")
    log.revoke("ada", ADA, "left", by=("carol", CAROL))
    log.add("carol", "actor_introduced", CAROL, {"handle": "dan"}, {"kind": "human"})


@bad("C16", "a role is used before it is assigned")
def role_used_before(log: Log) -> int:
    row = approve(log)
    assign(log, "ci", "approver")
    return row


@bad("C16", "a role is used after it was ended")
def role_used_after_the_end(log: Log) -> int:
    assign(log, "ci", "approver")
    end(log, "ci", "approver")
    return approve(log)


@bad("C16", "the role that the key was authorised with was ended")
def role_of_a_key_ended(log: Log) -> int:
    end(log, "carol", "approver")
    return approve(log, "carol", CAROL)


@bad("C16", "a role for another system")
def role_for_another_system(log: Log) -> int:
    assign(log, "ci", "approver", systems=["fraud"])
    return approve(log)


@bad("C16", "a role for one system, and a statement that names none")
def role_for_a_system_none_named(log: Log) -> int:
    assign(log, "ci", "approver", systems=["credit"])
    return approve(log, subject=SET)


@bad("C16", "a role for two systems, after it was ended for this one")
def role_ended_for_this_system(log: Log) -> int:
    assign(log, "ci", "approver", systems=["credit", "fraud"])
    end(log, "ci", "approver", systems=["credit"])
    return approve(log)


@bad("C16", "recorded a microsecond after the role's last moment; the entry before it is in time")
def role_after_its_last_moment(log: Log) -> int:
    limit = log.now + timedelta(minutes=1)
    assign(log, "ci", "approver", not_after=stamp(limit))
    approve(log)
    return approve(log, bent={"recorded": stamp(limit + timedelta(microseconds=1))})


@bad("C16", "a role assigned by an approver")
def role_assigned_by_no_administrator(log: Log) -> int:
    return assign(log, "ci", "approver", ("carol", CAROL))


@bad("C16", "a role assigned by who has the role admin for one system only: the event names none")
def role_assigned_by_an_administrator_of_a_system(log: Log) -> int:
    assign(log, "carol", "admin", systems=["credit"])
    return assign(log, "ci", "approver", ("carol", CAROL))


@bad("C13", "a role for a handle that nobody introduced")
def role_of_nobody(log: Log) -> int:
    return assign(log, "dan", "approver")


@bad("C13", "the end of a role that the handle has not got")
def role_ended_not_held(log: Log) -> int:
    return end(log, "ci", "approver")


@bad("C13", "the end of a role that was ended")
def role_ended_twice(log: Log) -> int:
    end(log, "carol", "approver")
    return end(log, "carol", "approver")


@bad("C13", "the end of a role for a system that it was not assigned for")
def role_ended_for_a_system_not_assigned(log: Log) -> int:
    assign(log, "ci", "approver", systems=["fraud"])
    return end(log, "ci", "approver", systems=["credit", "fraud"])


@bad("C13", "the end of the last administrator's role; another has it for one system only")
def role_of_the_last_administrator(log: Log) -> int:
    log.revoke("bob", BOB, "left")
    assign(log, "carol", "admin", systems=["credit"])
    return end(log, "ada", "admin")


@bad("C13", "the last administrator's key: the other one's has a last moment")
def key_of_the_last_lasting_administrator(log: Log) -> int:
    log.authorize("carol", one("carol-2"), ["admin"], not_after=stamp(log.now + timedelta(days=9)))
    log.revoke("bob", BOB, "left")
    return log.revoke("ada", ADA, "left")


@bad("C17", "a role that nobody knows", also=("C13",))
def role_unknown(log: Log) -> int:
    return assign(log, "ci", "owner")


@bad("C17", "a role's last moment that is no time", also=("C13",))
def role_not_after_malformed(log: Log) -> int:
    return assign(log, "ci", "approver", not_after="2027-01-01")


@bad("C17", "a role's last moment that is empty text", also=("C13",))
def role_not_after_empty(log: Log) -> int:
    return assign(log, "ci", "approver", not_after="")


@bad("C17", "a role for systems that are null", also=("C13",))
def role_systems_null(log: Log) -> int:
    said = log.say("ada", "role_assigned", ADA, {"handle": "ci"}, {"role": "approver", "systems": None})
    return log.place(said, ADA)


@bad("C17", "a key compromised since no time at all: empty text", also=("C13",))
def compromised_since_empty(log: Log) -> int:
    return log.revoke("ci", CI, "compromised", compromised_since="")


@bad("C17", "no systems", also=("C13",))
def role_systems_empty(log: Log) -> int:
    return assign(log, "ci", "approver", systems=[])


@unsure("C17", "a role said to hold from an earlier entry: there is no such field")
def role_from_an_earlier_entry(log: Log) -> int:
    return assign(log, "ci", "approver", since=3)


@bad("C13", "recorded after the key's last moment; the entries before it are in time, one of them another's")
def scope_not_after_later(log: Log) -> int:
    limit = log.now + timedelta(minutes=1)
    log.authorize("ci", DAN, not_after=stamp(limit))
    log.add("ci", "evaluated", DAN, SET)
    log.note_it({"recorded": stamp(limit + timedelta(microseconds=1))})
    row = log.add("ci", "evaluated", DAN, SET, bent={"recorded": stamp(limit + timedelta(microseconds=2))})
    log.add("ci", "evaluated", DAN, SET, bent={"recorded": stamp(limit + timedelta(microseconds=3))})
    return row


# ---- on behalf of ----


@good("on behalf of who delegated: for this system, in time")
def delegated(log: Log) -> None:
    delegate(log, "carol", "ci", systems=["credit"], not_after=stamp(log.now + timedelta(days=1)))
    log.note_it(on_behalf_of="carol")


@good("on behalf of who never said so; for another system; after the last moment; after it was said anew: findings")
def not_delegated(log: Log) -> None:
    first = log.note_it(on_behalf_of="ada")
    delegate(log, "carol", "ci", systems=["fraud"])
    second = log.note_it(on_behalf_of="carol")
    delegate(log, "carol", "ci", not_after=stamp(log.now))
    third = log.note_it(on_behalf_of="carol")
    delegate(log, "carol", "bob")
    fourth = log.add("bob", "evaluated", BOB, SET, on_behalf_of="ci")
    found(log, (13, first), (13, second), (13, third), (13, fourth))


@bad("C16", "a word for another lends no role")
def delegated_lends_no_role(log: Log) -> int:
    delegate(log, "carol", "ci")
    return approve(log, on_behalf_of="carol")


@bad("C13", "to somebody whom nobody introduced")
def delegated_to_nobody(log: Log) -> int:
    return delegate(log, "carol", "dan")


@bad("C13", "by somebody whom nobody introduced")
def delegated_by_nobody(log: Log) -> int:
    return delegate(log, "dan", "carol")


@bad("C17", "to oneself", also=("C13",))
def delegated_to_oneself(log: Log) -> int:
    return delegate(log, "carol", "carol")


# ---- the rule table ----


@good("the rule table is changed, used, and changed back: two findings")
def rules_changed_and_back(log: Log) -> None:
    first = rules(log, approved=APPROVER_OR_RECORDER)
    approve(log)
    second = rules(log, approved={"batch": False, "roles": ["approver"], "trust": False})
    approve(log, "carol", CAROL)
    found(log, (16, first), (16, second))


@good("a batch of a type, then a rule that forbids it: it counts from there on")
def rules_forbid_batches_later(log: Log) -> None:
    log.batch(items := log.results(2), log.header(items))
    row = rules(log, evaluated={"batch": False, "roles": [], "trust": False})
    log.note_it(log=leaf(log.entries[0]).hex())
    found(log, (16, row))


@bad("C16", "a type needs another role from the change on")
def rules_ask_for_another_role(log: Log) -> int:
    rules(log, approved={"batch": False, "roles": ["compliance"], "trust": False})
    return approve(log, "carol", CAROL)


@bad("C16", "a role that sufficed until the rule was changed back")
def rules_changed_back(log: Log) -> int:
    rules(log, approved=APPROVER_OR_RECORDER)
    rules(log, approved={"batch": False, "roles": ["approver"], "trust": False})
    return approve(log)


@bad("C12", "a type that is in the table from the change on, without its log")
def rules_ask_for_the_log(log: Log) -> int:
    log.note_it()
    rules(log, evaluated={"batch": True, "roles": [], "trust": False})
    return log.note_it()


@bad("C15", "a batch of a type that the changed rule forbids there")
def rules_forbid_batches(log: Log) -> int:
    rules(log, evaluated={"batch": False, "roles": [], "trust": False})
    genesis = leaf(log.entries[0]).hex()
    items = [write(log.say("ci", "evaluated", CI, SET, {"fold": i}, log=genesis)) for i in range(2)]
    return log.batch(items, log.header(items))


@bad("C18", "a type that is in the table from the change on refers to what is not in the log")
def rules_ask_for_references(log: Log) -> int:
    rules(log, evaluated={"batch": True, "roles": [], "trust": False})
    outside = {"hash": sha(b"elsewhere").hex(), "id": "019cad5f-0000-7000-8000-000000000000"}
    return log.note_it(log=leaf(log.entries[0]).hex(), refs={"uses": [outside]})


@bad("C16", "the rule table changed by an approver")
def rules_changed_by_no_administrator(log: Log) -> int:
    return log.add("carol", "policy_set", CAROL, {}, {"kind": "roles", "value": {"approved": APPROVER_OR_RECORDER}})


@bad("C17", "a type of keys that shall no longer change trust", also=("C13",))
def rules_take_trust(log: Log) -> int:
    return rules(log, key_revoked={"batch": False, "roles": ["admin"], "trust": False})


@bad("C17", "an own type that shall no longer change trust", based=False, also=("C13",))
def rules_take_trust_of_an_own_type(log: Log) -> int:
    log.base(lambda data: data["rules"].update({"bank.example/board": ADMIN_ONLY}))
    row = {"bank.example/board": {**ADMIN_ONLY, "trust": False}}
    genesis = leaf(log.entries[0]).hex()
    return log.add("ada", "policy_set", ADA, {}, {"kind": "roles", "value": row}, log=genesis)


@bad("C17", "a type of keys out of the administrators' hands", also=("C13",))
def rules_without_administrator(log: Log) -> int:
    return rules(log, policy_set={"batch": False, "roles": ["auditor"], "trust": True})


@bad("C17", "a type of keys in batches", also=("C13",))
def rules_batch_of_keys(log: Log) -> int:
    return rules(log, key_authorized={"batch": True, "roles": ["admin"], "trust": True})


@bad("C17", "no rows", also=("C13",))
def rules_empty(log: Log) -> int:
    return rules(log)


@bad("C17", "a row with more to it", also=("C13",))
def rules_row_malformed(log: Log) -> int:
    return rules(log, approved={**APPROVER_OR_RECORDER, "count": 2})


@bad("C17", "a rule table for one system", also=("C13",))
def rules_of_a_system(log: Log) -> int:
    return policy(log, "roles", {"approved": APPROVER_OR_RECORDER}, "credit")


@unsure("C17", "a policy of a kind that nobody knows")
def policy_unknown(log: Log) -> int:
    row = policy(log, "quorum", 2)
    log.note_it()
    return row


@unsure("C17", "a type that changes trust from the change on, which nobody knows; what it may allow is not judged")
def rules_add_trust(log: Log) -> int:
    genesis = leaf(log.entries[0]).hex()
    log.add("ci", "bank.example/board", CI, {}, log=genesis)
    rules(log, **{"bank.example/board": ADMIN_ONLY})
    row = log.add("ada", "bank.example/board", ADA, {}, log=genesis)
    approve(log)
    return row


# ---- four eyes ----


@good("approvals of own work, while nobody asks for four eyes")
def four_eyes_not_asked(log: Log) -> None:
    log.add("carol", "trained", CAROL, {**SET, "system": "credit"})
    approve(log, "carol", CAROL)


@good("a policy of findings: trained a part of it, evaluated it, asked for it, for each by its author: three findings")
def four_eyes_findings(log: Log) -> None:
    rows = [(16, policy(log, "four_eyes", "finding"))]
    log.add("carol", "trained", CAROL, {**PART, "system": "credit"})
    rows.append((19, approve(log, "carol", CAROL)))
    log.authorize("ci", DAN, ["approver"])
    log.note_it()
    rows.append((19, approve(log, "ci", DAN)))
    document = {"document": "model-card-3"}
    log.add("carol", "approval_requested", CAROL, document, {"stage": "dossier"})
    rows.append((19, approve(log, "carol", CAROL, document)))
    found(log, *rows)


@good("who introduced the approver, or authorised the key, had made it: findings, though the policy refuses own work")
def four_eyes_brought_in(log: Log) -> None:
    row = policy(log, "four_eyes", "refusal", "credit")
    log.add("ada", "evaluated", ADA, {**SET, "system": "credit"})
    found(log, (16, row), (19, approve(log, "carol", CAROL)))


@good("a policy of refusal: another's work, own work of another set, work that came later, another system")
def four_eyes_kept(log: Log) -> None:
    row = policy(log, "four_eyes", "refusal", "credit")
    log.note_it()
    other = {"artifacts": {**SET["artifacts"], "model": "sha256:" + sha(b"another").hex()}}
    log.add("carol", "trained", CAROL, {**other, "system": "credit"})
    log.add("carol", "evaluated", CAROL, {**PART, "system": "credit"})
    approve(log, "carol", CAROL)
    log.add("carol", "evaluated", CAROL, {**SET, "system": "credit"})
    approve(log, "carol", CAROL, {**SET, "system": "fraud"})
    found(log, (16, row))


@good("a policy that is ended, and one for a system beside one for all")
def four_eyes_off(log: Log) -> None:
    first = policy(log, "four_eyes", "refusal")
    second = policy(log, "four_eyes", "off", "credit")
    log.add("carol", "evaluated", CAROL, {**SET, "system": "credit"})
    approve(log, "carol", CAROL)
    third = policy(log, "four_eyes", "off")
    approve(log, "carol", CAROL, {**SET, "system": "fraud"})
    found(log, (16, first), (16, second), (16, third))


def own_work(log: Log, made: str, subject: Any, approved: Any = None, system: str = "") -> int:
    policy(log, "four_eyes", "refusal", system)
    log.add("carol", made, CAROL, {**subject, "system": "credit"})
    row = approve(log, "carol", CAROL, approved)
    log.note_it()
    return row


@bad("C19", "approved by who evaluated it, where the policy for all systems refuses that")
def four_eyes_evaluated(log: Log) -> int:
    return own_work(log, "evaluated", SET)


@bad("C19", "approved by who asked for the approval, where the policy of this system refuses that")
def four_eyes_requested(log: Log) -> int:
    return own_work(log, "approval_requested", SET, system="credit")


@bad("C19", "approved by who trained it, as a part of the set that is approved")
def four_eyes_trained_a_part(log: Log) -> int:
    return own_work(log, "trained", PART)


@bad("C19", "trained before there was a policy, approved under it")
def four_eyes_trained_before(log: Log) -> int:
    log.add("carol", "trained", CAROL, {**SET, "system": "credit"})
    policy(log, "four_eyes", "refusal", "credit")
    return approve(log, "carol", CAROL)


@bad("C19", "evaluated in a batch, approved alone under another key of the same actor")
def four_eyes_by_another_key(log: Log) -> int:
    policy(log, "four_eyes", "refusal")
    log.authorize("ci", one("ci-2"), ["approver"])
    log.batch(items := log.results(2), log.header(items))
    return approve(log, "ci", one("ci-2"))


@bad("C17", "four eyes in a word that nobody knows", also=("C13",))
def four_eyes_word(log: Log) -> int:
    return policy(log, "four_eyes", "sometimes")


# ---- doubt ----


@good("compromised since: what was signed or recorded from then on is doubtful, and no failure")
def compromised_since(log: Log) -> None:
    since = stamp(log.now + timedelta(seconds=4))
    approve(log, "carol", CAROL)
    doubtful = approve(log, "carol", CAROL)
    back_dated = approve(log, "carol", CAROL, time=stamp(log.now - timedelta(days=3)))
    log.add("carol", "evaluated", CAROL, SET)
    row = log.revoke("carol", CAROL, "compromised", compromised_since=since)
    found(log, (13, doubtful), (13, back_dated), (13, row))


@good("compromised since a moment after the last signature: nothing is doubtful")
def compromised_later(log: Log) -> None:
    approve(log, "carol", CAROL)
    log.revoke("carol", CAROL, "compromised", compromised_since=stamp(log.now + timedelta(hours=1)))


# ---- clock_reset ----


def reset_is_trust(log: Log) -> str:
    log.base(lambda data: data["rules"].update(clock_reset=ADMIN_ONLY))
    return leaf(log.entries[0]).hex()


@good("an administrator's clock_reset, after which the clock goes on", based=False)
def clock_reset_of_trust(log: Log) -> None:
    genesis = reset_is_trust(log)
    back = {"recorded": stamp(log.now - timedelta(days=1))}
    log.add("ada", "clock_reset", ADA, {}, {}, back, log=genesis, reason="the clock was ahead")
    log.now -= timedelta(days=1)
    log.note_it()


@bad("C17", "a clock_reset without a reason", based=False, also=("C13",))
def clock_reset_without_reason(log: Log) -> int:
    genesis = reset_is_trust(log)
    return log.add("ada", "clock_reset", ADA, {}, {}, {"recorded": stamp(log.now)}, log=genesis)


@bad("C16", "a clock_reset by a recorder", based=False)
def clock_reset_by_no_administrator(log: Log) -> int:
    genesis = reset_is_trust(log)
    return log.add("ci", "clock_reset", CI, {}, {}, log=genesis, reason="the clock was ahead")

"""Logs that break C15: batches."""

from __future__ import annotations

from .build import ADA, CAROL, CI, SET, Log, one
from .cases import bad
from .encode import leaf, sha, write
from .keys import BATCH


@bad("C15", "the header counts 2, three members follow it")
def batch_count_lowered(log: Log) -> int:
    items = log.results(3)
    return log.batch(items, log.header(items[:2])) + 2


@bad("C15", "the header counts 3 over the root of 3, two members stand there, then a single")
def batch_count_raised(log: Log) -> int:
    items = log.results(3)
    head = log.batch(items[:2], log.header(items))
    log.note_it()
    return head


@bad("C15", "the last member is missing and the log ends")
def batch_log_ends(log: Log) -> int:
    items = log.results(3)
    return log.batch(items[:2], log.header(items))


@bad("C15", "a batch that is cut by the end of the log, above the newest checkpoint")
def batch_log_ends_uncovered(log: Log) -> int:
    log.notes["checkpoint"] = log.note()
    items = log.results(3)
    return log.batch(items[:2], log.header(items))


@bad("C15", "two members changed places")
def batch_members_swapped(log: Log) -> int:
    items = log.results(4)
    header = log.header(items)
    return log.batch([items[0], items[2], items[1], items[3]], header)


@bad("C15", "a member was exchanged for another statement")
def batch_member_replaced(log: Log) -> int:
    items = log.results(3)
    header = log.header(items)
    return log.batch([items[0], log.results(1)[0], items[2]], header)


@bad("C15", "the head's own statement was exchanged")
def batch_head_replaced(log: Log) -> int:
    items = log.results(3)
    header = log.header(items)
    return log.batch([log.results(1)[0], *items[1:]], header)


@bad("C15", "the root is over the SHA-256 of the statements, without the leaf's 00")
def batch_root_without_prefix(log: Log) -> int:
    items = log.results(1)
    return log.batch(items, log.header(items, root=sha(items[0]).hex()))


@bad("C15", "the root is over the entries' leaves and not over the statements")
def batch_root_over_entries(log: Log) -> int:
    items = log.results(1)
    head = log.place(items[0], CI)
    as_placed = leaf(log.entries.pop()).hex()
    log.statements.pop()
    log.batch(items, log.header(items, root=as_placed))
    return head


@bad("C15", "a member names a single entry as its head")
def batch_first_is_single(log: Log) -> int:
    log.note_it()
    items = log.results(3)
    return log.batch(items, log.header(items), firsts={2: 5})


@bad("C15", "among the members stands one that names another head; without it the batch would be whole")
def batch_stray_inside(log: Log) -> int:
    items, other = log.results(3), log.results(1)
    header = log.header(items)
    return log.batch([*items[:2], *other, items[2]], header, firsts={2: 4})


@bad("C15", "a member names another member as its head")
def batch_first_is_member(log: Log) -> int:
    items = log.results(3)
    return log.batch(items, log.header(items), firsts={2: len(log.entries) + 1})


@bad("C15", "a member names itself")
def batch_first_is_itself(log: Log) -> int:
    items = log.results(3)
    return log.batch(items, log.header(items), firsts={2: len(log.entries) + 2})


@bad("C15", "a member names an entry that comes later")
def batch_first_is_later(log: Log) -> int:
    items = log.results(3)
    return log.batch(items, log.header(items), firsts={1: len(log.entries) + 9})


@bad("C15", "a member without any batch: `first` names an entry that is no head")
def member_without_batch(log: Log) -> int:
    log.note_it()
    row = log.place(log.results(1)[0], CI, {"first": 5}, signatures=[])
    log.note_it()
    return row


@bad("C15", "a member of an earlier, complete batch after the next one began to stand")
def member_after_the_batch(log: Log) -> int:
    items = log.results(2)
    head = log.batch(items, log.header(items))
    log.note_it()
    return log.member(log.results(1)[0], head)


@bad("C15", "a second batch begins before the first is complete")
def batch_inside_a_batch(log: Log) -> int:
    items, inner = log.results(3), log.results(1)
    head = log.member(items[0], 0, log.header(items))
    log.member(items[1], head)
    log.batch(inner, log.header(inner))
    log.member(items[2], head)
    return head


@bad("C15", "a single entry stands between two members")
def single_inside_a_batch(log: Log) -> int:
    items = log.results(2)
    head = log.member(items[0], 0, log.header(items))
    log.note_it()
    log.member(items[1], head)
    return head


@bad("C15", "an approval inside a batch: its rule says batch false", based=False)
def batch_with_approval(log: Log) -> int:
    log.base()
    log.authorize("ci", one("ci-approver"), ["approver", "recorder"])
    signer = one("ci-approver")
    items = [write(log.say("ci", "evaluated", signer, SET)), write(log.say("ci", "approved", signer, SET))]
    return log.batch(items, log.header(items, "ci", signer), signer) + 1


@bad("C15", "a batch of one approval, alone")
def batch_of_one_approval(log: Log) -> int:
    items = [write(log.say("carol", "approved", CAROL, SET))]
    return log.batch(items, log.header(items, "carol", CAROL), CAROL)


@bad("C15", "a key is authorised inside a batch")
def batch_with_key_event(log: Log) -> int:
    log.introduce("dan", "human")
    said = log.say("ada", "key_authorized", ADA, {"handle": "dan"}, {"keys": one("dan").json(), "roles": ["recorder"]})
    items = [write(log.say("ada", "evaluated", ADA, SET)), write(said)]
    return log.batch(items, log.header(items, "ada", ADA), ADA) + 1


@bad("C15", "a member by another actor, whose key is good for him")
def batch_member_of_another_actor(log: Log) -> int:
    items = [*log.results(2), write(log.say("carol", "evaluated", CAROL, SET))]
    return log.batch(items, log.header(items)) + 2


@bad("C15", "a member under another credential of the same actor")
def batch_member_of_another_key(log: Log) -> int:
    log.authorize("ci", one("ci-2"))
    items = [*log.results(2), write(log.say("ci", "evaluated", one("ci-2"), SET))]
    return log.batch(items, log.header(items)) + 2


@bad("C15", "the header names carol; the members and the signature are ci's")
def batch_header_of_another_actor(log: Log) -> int:
    items = log.results(2)
    return log.batch(items, log.header(items, "carol"))


@bad("C15", "the header names the credential of another; the members and the signature are ci's", also=("C14",))
def batch_header_of_another_key(log: Log) -> int:
    items = log.results(2)
    return log.batch(items, log.header(items, "ci", CAROL))


@bad("C15", "the header was signed for another log")
def batch_log_of_another(log: Log) -> int:
    items = log.results(2)
    return log.batch(items, log.header(items, log=sha(b"another log").hex()))


@bad("C15", "a kept checkpoint ends inside a batch")
def checkpoint_inside_a_batch(log: Log) -> dict[str, int]:
    items = log.results(3)
    head = log.batch(items, log.header(items))
    log.notes[f"checkpoints/{head + 1}"] = log.note(head + 1)
    return {"checkpoint": head + 1}


@bad("C15", "the newest checkpoint ends inside a batch")
def newest_checkpoint_inside_a_batch(log: Log) -> dict[str, int]:
    items = log.results(3)
    head = log.batch(items, log.header(items))
    log.notes["checkpoint"] = log.note(head + 2)
    return {"checkpoint": head + 2}


@bad("C15", "a whole batch was taken from another place of the log: its members name the old head's row")
def batch_moved(log: Log) -> int:
    items = log.results(2)
    header = log.header(items)
    head = log.place(items[0], CI, header, signatures=CI.sign(BATCH, write(header)))
    log.place(items[1], CI, {"first": head - 1}, signatures=[])
    return head

"""Logs that break C5 to C8, C11, C12: the bytes of one entry, its place, its identity."""

from __future__ import annotations

from datetime import timedelta

from .build import ADA, CAROL, CI, SET, Log, stamp
from .cases import bad
from .encode import leaf, sha, write


def replaced(log: Log, old: bytes, new: bytes) -> int:
    """Writes an entry of `ci` with one spelling changed outside the signed statement; the next entry chains onto it."""
    row = log.note_it()
    assert log.entries[row].count(old) == 1
    log.entries[row] = log.entries[row].replace(old, new)
    log.note_it()
    return row


def resigned(log: Log, old: bytes, new: bytes) -> int:
    """The same inside the statement, signed as it stands."""
    body = write(log.say("ci", "evaluated", CI, SET, {"auc": 0.79}))
    assert body.count(old) == 1
    row = log.place(body.replace(old, new), CI)
    log.note_it()
    return row


@bad("C5", "a key that the entry does not have")
def entry_unknown_key(log: Log) -> int:
    return replaced(log, b',"seq"', b',"retention":"A","seq"')


@bad("C5", "no `recorded`")
def entry_key_missing(log: Log) -> int:
    row = log.note_it()
    before, rest = log.entries[row].split(b'"recorded":')
    log.entries[row] = before + rest[rest.index(b",") + 1 :]
    log.note_it()
    return row


@bad("C5", "a blank between two tokens of the entry")
def entry_blank(log: Log) -> int:
    return replaced(log, b',"seq":5', b', "seq":5')


@bad("C5", "a blank inside the statement, signed")
def statement_blank(log: Log) -> int:
    return resigned(log, b'"auc":0.79', b'"auc": 0.79')


@bad("C5", "a decimal spelt with an idle digit, signed")
def statement_idle_digit(log: Log) -> int:
    return resigned(log, b"0.79", b"0.790")


@bad("C5", "statement before signatures: keys out of order")
def entry_unsorted(log: Log) -> int:
    row = log.note_it()
    body = log.statements[row]
    head = log.entries[row].split(b',"statement":')[0]
    before, signatures = head.split(b',"signatures":')
    log.entries[row] = before + b',"statement":' + body + b',"signatures":' + signatures + b"}"
    log.note_it()
    return row


@bad("C5", "seq twice in one entry")
def entry_duplicate_key(log: Log) -> int:
    return replaced(log, b'"seq":5', b'"seq":5,"seq":5')


@bad("C5", "seq as a decimal")
def seq_decimal(log: Log) -> int:
    return replaced(log, b'"seq":5', b'"seq":5.0')


@bad("C5", "prev in capitals")
def prev_upper_case(log: Log) -> int:
    prev = leaf(log.entries[4]).hex().encode()
    return replaced(log, prev, prev.upper())


@bad("C5", "recorded without its fraction")
def recorded_without_fraction(log: Log) -> int:
    row = log.note_it({"recorded": log.now.strftime("%Y-%m-%dT%H:%M:%SZ")})
    log.note_it()
    return row


@bad("C5", "base64 of a signature with spare bits that are not zero")
def signature_spare_bits(log: Log) -> int:
    row = log.note_it()
    entry = log.entries[row]
    at = entry.index(b'=="]') - 1
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    log.entries[row] = entry[:at] + letters[letters.index(entry[at]) + 1 :][:1] + entry[at + 1 :]
    log.note_it()
    return row


@bad("C5", "base64 of a signature without its padding")
def signature_unpadded(log: Log) -> int:
    return replaced(log, b'=="]', b'"]')


@bad("C5", "a signature in base64url, which differs from base64 in these bytes")
def signature_base64url(log: Log) -> int:
    for n in range(64):
        body = write(log.say("ci", "evaluated", CI, SET, {"try": n}))
        signature = CI.sign("application/vnd.lifecycle-ledger.statement.v1+json", body)[0]
        if "+" in signature and "/" in signature:
            break
    row = log.place(body, CI, signatures=[signature.replace("+", "-").replace("/", "_")])
    log.note_it()
    return row


@bad("C5", "signatures is a text, not a list")
def signatures_text(log: Log) -> int:
    row = log.note_it({"signatures": "none"})
    log.note_it()
    return row


@bad("C5", "a statement of 49,153 bytes")
def statement_too_large(log: Log) -> int:
    said = log.say("ci", "evaluated", CI, SET, {"pad": ""})
    said["data"]["pad"] = "x" * (49153 - len(write(said)))
    row = log.place(said, CI)
    log.note_it()
    return row


@bad("C5", "signatures of 12,289 bytes as written")
def signatures_too_large(log: Log) -> int:
    row = log.note_it({"signatures": signatures_of(12289)})
    log.note_it()
    return row


def signatures_of(size: int) -> list[str]:
    """A list of base64 texts that is `size` bytes as written: 2 brackets, 2 quotes each, commas between."""
    for many in range(1, 5):
        rest = size - 2 - 2 * many - (many - 1)
        if rest % 4 == 0:
            return ["AAAA"] * (many - 1) + ["AAAA" * (rest // 4 - many + 1)]
    raise AssertionError(size)


@bad("C5", "depth 33 counted from the entry")
def depth_33(log: Log) -> int:
    value: object = {}
    for _ in range(29):
        value = [value]
    row = log.note_it(data={"a": value})
    log.note_it()
    return row


@bad("C5", "an upper-case letter in the actor's handle, signed")
def handle_upper_case(log: Log) -> int:
    return resigned(log, b'"actor":"ci"', b'"actor":"Ci"')


@bad("C5", "a Cyrillic letter in the actor's handle, signed")
def handle_cyrillic(log: Log) -> int:
    return resigned(log, b'"actor":"ci"', '"actor":"\u0441i"'.encode())


@bad("C5", "a bidirectional override in data, signed")
def bidi_in_data(log: Log) -> int:
    return resigned(log, b'"auc":0.79', '"auc":"\u202e97.0"'.encode())


@bad("C5", "a key that a statement does not have, signed")
def statement_unknown_key(log: Log) -> int:
    return resigned(log, b',"rev":1', b',"retention":"A","rev":1')


@bad("C5", "null outside data, signed")
def null_in_context(log: Log) -> int:
    row = log.note_it(context={"commit": None})
    log.note_it()
    return row


@bad("C5", "a batch header with a key it does not have")
def batch_header_unknown_key(log: Log) -> int:
    items = log.results(1)
    return log.batch(items, log.header(items, note="x"))


@bad("C5", "a batch header without its id")
def batch_header_without_id(log: Log) -> int:
    items = log.results(1)
    header = log.header(items)
    del header["id"]
    return log.batch(items, header)


@bad("C5", "a batch of 0 members, on a single entry")
def batch_count_0(log: Log) -> int:
    items = log.results(1)
    return log.batch(items, log.header(items, count=0))


@bad("C5", "an empty line between two entries of the file")
def empty_line(log: Log) -> int:
    log.note_it()
    log.entries.append(b"")
    return 6


@bad("C6", "5 is left out: 4 is followed by 6")
def seq_hole(log: Log) -> int:
    log.ids += 1
    return log.note_it({"seq": 6})


@bad("C6", "4 twice")
def seq_repeated(log: Log) -> int:
    row = log.note_it({"seq": 4})
    log.note_it()
    return row


@bad("C6", "the first entry has seq 1", based=False)
def seq_from_1(log: Log) -> int:
    log.base(bent={"seq": 1})
    return 0


@bad("C7", "prev is the leaf of the entry before the last; the tree is right over what stands there")
def prev_skips(log: Log) -> int:
    log.note_it()
    row = log.note_it({"prev": leaf(log.entries[4]).hex()})
    log.note_it()
    return row - 1  # the link out of the last one holds: it is the entry between that is not what was sealed


@bad(
    "C7", "an entry was changed after the next had been chained onto it: recorded moved by a second, the tree made anew"
)
def prev_of_a_changed_entry(log: Log) -> int:
    row = log.note_it()
    log.note_it()
    recorded = log.entries[row].split(b'"recorded":"')[1][:27]
    log.entries[row] = log.entries[row].replace(recorded, stamp(log.now - timedelta(seconds=4)).encode())
    return row


@bad("C7", "prev of entry 0 is not 64 zeros", based=False)
def prev_of_genesis(log: Log) -> int:
    log.base(bent={"prev": sha(b"before").hex()})
    return 0


@bad("C7", "prev is the SHA-256 of the entry before, without the leaf's 00")
def prev_without_prefix(log: Log) -> int:
    row = log.note_it({"prev": sha(log.entries[4]).hex()})
    log.note_it()
    return row - 1


@bad("C8", "recorded is a microsecond before that of the entry before")
def recorded_decreases(log: Log) -> int:
    log.note_it()
    row = log.note_it({"recorded": stamp(log.now - timedelta(microseconds=1))})
    log.note_it()
    return row


@bad("C8", "after a clock_reset the clock goes back once more, without another")
def recorded_decreases_after_reset(log: Log) -> int:
    log.add(
        "ada", "clock_reset", ADA, {}, {"why": "the clock was ahead"}, {"recorded": stamp(log.now - timedelta(days=1))}
    )
    log.note_it({"recorded": stamp(log.now - timedelta(days=2))})
    return 6


@bad("C11", "one statement placed twice")
def statement_twice(log: Log) -> int:
    row = log.note_it()
    again = log.place(log.statements[row], CI)
    log.note_it()
    return again


@bad("C11", "another statement under an id that was used")
def id_twice(log: Log) -> int:
    row = log.note_it()
    ident = log.statements[row].split(b'"id":"')[1][:36].decode()
    log.note_it()
    return log.note_it(id=ident, data={"auc": 0.97})


@bad("C11", "a member of a batch has the id of an earlier entry")
def id_twice_in_batch(log: Log) -> int:
    row = log.note_it()
    items = log.results(2)
    items.append(log.statements[row])
    return log.batch(items, log.header(items)) + 2


@bad("C12", "a type of the rule table without log")
def log_missing(log: Log) -> int:
    row = log.add("carol", "approved", CAROL, SET, log=None)
    log.note_it()
    return row


@bad("C12", "an approval that was signed for another log")
def log_of_another(log: Log) -> int:
    other = Log("another")
    other.genesis(lambda data: data.update(nonce="A" * 43 + "="))
    row = log.add("carol", "approved", CAROL, SET, log=leaf(other.entries[0]).hex())
    log.note_it()
    return row


@bad("C12", "a portable type that names another log")
def log_of_another_on_a_portable_type(log: Log) -> int:
    row = log.note_it(log=sha(b"another log").hex())
    log.note_it()
    return row

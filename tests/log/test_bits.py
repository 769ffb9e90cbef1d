"""Any one changed bit of what is stored of a sealed entry is BROKEN; and the fast way to read agrees with the rule."""

import random
import re
from hashlib import sha256

from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from ledger import entry
from ledger.members import Kind, MembersReader
from ledger.policy import Policy
from ledger.ranges import RangeCheck
from ledger.scan import CHUNK, Before, Scanner, _by_entry
from ledger.statement import statement_hash
from ledger.store import Row
from tests.examples import examples
from tests.log.forging import put

BOUNDED = examples(150, HealthCheck.function_scoped_fixture)
FEW = examples(40, HealthCheck.function_scoped_fixture)


def flipped(data, bit):
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_a_changed_bit_of_an_entry_is_found(told, edit):
    """Without the pin too: the log's own checkpoint and chain are enough."""
    datas = [row.data for row in told.store.rows(0, 16)]

    @BOUNDED
    @given(st.data())
    def check(choice):
        seq = choice.draw(st.integers(0, 15), "entry")
        bit = choice.draw(st.integers(0, 8 * len(datas[seq]) - 1), "bit")
        edit(told.path, put(seq, flipped(datas[seq], bit)))
        try:
            report = told.verify(Policy())
            assert (report.verdict, report.exit_code) == ("BROKEN", 3)
            assert seq in {failure.seq for failure in report.failures}, report.failures
            assert report.sound_before <= seq
        finally:
            edit(told.path, put(seq, datas[seq]))

    check()
    assert told.verify().verdict == "VERIFIED"


def test_a_changed_bit_of_a_rows_id_or_number_is_found(told, edit):
    ids = [row.id for row in told.store.rows(0, 16)]

    @FEW
    @given(st.integers(0, 15), st.integers(0, 127))
    def change_id(seq, bit):
        edit(told.path, ("UPDATE entries SET id = ? WHERE seq = ?", (flipped(ids[seq], bit), seq)))
        try:
            report = told.verify()
            assert report.verdict == "BROKEN"
            assert seq in {failure.seq for failure in report.failures}
        finally:
            edit(told.path, ("UPDATE entries SET id = ? WHERE seq = ?", (ids[seq], seq)))

    @FEW
    @given(st.integers(0, 15), st.integers(4, 62))
    def change_number(seq, bit):
        other = seq ^ 1 << bit
        edit(told.path, ("UPDATE entries SET seq = ? WHERE seq = ?", (other, seq)))
        try:
            report = told.verify()
            assert report.verdict == "BROKEN"
            assert seq in {failure.seq for failure in report.failures}
        finally:
            edit(told.path, ("UPDATE entries SET seq = ? WHERE seq = ?", (seq, other)))

    change_id()
    change_number()
    assert told.verify().verdict == "VERIFIED"


# ---- the fast way and the rule ----

_TEXTS = (
    b'"auc":0.01', b'"auc":1e-2', b'"auc":1', b'"auc":-0.0', b'"auc":0.010', b'"auc":1e400', b'"auc":null',
    b'"auc":9007199254740992', b'"auc":9007199254740991', b'"auc":true', b'"auc":"\\u0041"', b'"auc":"\xc3\xa9"',
    b'"auc":"\xe2\x80\xae"', b'"auc":"\xff"', b'"auc":"a\\/b"', b'"auc":"\\t"', b'"auc":"\t"', b'"auc":{}',
    b'"auc":[' * 40 + b"1" + b"]" * 40, b'"auc":0.01,"auc":0.02', b'"auc":100000.0', b'"auc":1e16', b'"auc":1e15',
    b'"auc":0.00001', b'"auc":1e-05', b'"auc":5e-324', b'"auc":"\\ud800"', b'"auc":"\xed\xa0\x80"', b'"auc":"\x7f"',
)  # fmt: skip
_SWAPS = (
    (b'"rev":1', b'"rev":0'), (b'"rev":1', b'"rev":1.0'), (b'"rev":1', b'"rev":true'), (b'"rev":1', b'"rev":"1"'),
    (b'"subject":{', b'"subject":{"a":"b",'), (b'"version":"1.0"', b'"version":""'), (b'"time":"2026', b'"time":"2025'),
    (b'"time":"2026-11-01', b'"time":"2026-02-30'), (b'"actor":"mara"', b'"actor":"Mara"'),
    (b'"signatures":[]', b'"signatures":[""]'), (b'"signatures":[]', b'"signatures":["AA=="]'),
    (b'"signatures":[]', b'"signatures":["AB=="]'), (b'"signatures":[]', b'"signatures":null'),
    (b'"signatures":["', b'"signatures":["="'), (b'"first":8', b'"first":8.0'), (b'"first":8', b'"first":-1'),
    (b'"first":8', b'"first":"8"'), (b'{"first":8}', b'{"count":1,"first":8}'), (b'{"first":8}', b"{}"),
    (b'"seq":', b'"seq":0'), (b'"type":"evaluated"', b'"type":"E"'), (b'"type":"evaluated"', b'"type":"a.b/c"'),
    (b',"statement"', b', "statement"'), (b'"data":{', b'"critical":true,"data":{'),
    (b'"data":{', b'"critical":false,"data":{'), (b'"data":{', b'"context":{},"data":{'),
    (b'"data":{', b'"context":null,"data":{'), (b'"data":{', b'"context":{"a":null},"data":{'),
    (b'"data":{', b'"data":{"\xc3\xa9":1,'), (b'"data":{', b'"data":{"":1,'), (b'"refs":{', b'"refs":{"answers":[],'),
    (b'"hash":"', b'"hash":"A'), (b'"id":"0', b'"id":"A'), (b'"reason":"seen"', b'"reason":""'),
    (b'"reason":"seen"', b'"reason":"' + b"x" * 2001 + b'"'), (b"}}", b"}} "), (b"}}", b"}}\n"), (b'{"', b'\n{"'),
    (b'"recorded":"2026', b'"recorded":"9999'), (b'"recorded":"2026-11', b'"recorded":"2026-13'),
    (b'"refs":{"of":[{', b'"refs":{"of":[{"a":1,'), (b'"evidence":[{', b'"evidence":[{"a":null,'),
    (b'"size":3', b'"size":-3'), (b'"size":3', b'"size":3.0'), (b'"kind":"file"', b'"kind":"pipe"'),
)  # fmt: skip


def _mutated(rows, chooser):
    """Rows with one change: a bit, a text that is nearly right, a cut, two swapped, one twice; links made to fit."""
    rows = list(rows)
    at = chooser.randrange(len(rows))
    row = rows[at]
    kind = chooser.randrange(6)
    if kind == 0:
        row = row._replace(data=flipped(row.data, chooser.randrange(8 * len(row.data))))
    elif kind == 1 and b'"auc":' in row.data:
        start = row.data.index(b'"auc":')
        stop = min(row.data.index(mark, start) for mark in (b"}", b",") if mark in row.data[start:])
        row = row._replace(data=row.data[:start] + chooser.choice(_TEXTS) + row.data[stop:])
    elif kind in (1, 2, 3):
        old, new = chooser.choice([swap for swap in _SWAPS if swap[0] in row.data])
        row = row._replace(data=row.data.replace(old, new, 1))
    elif kind == 4:
        row = chooser.choice([row._replace(seq=row.seq + 1), row._replace(id=bytes(16)), row._replace(data=b"")])
    else:
        rows[at - 1], row = row, rows[at - 1]
    rows[at] = row
    return rows


def test_the_fast_way_accepts_nothing_that_the_rule_refuses(told):
    """Links are made to fit again after most changes, so that it is the change itself that must be seen."""
    original = [Row(*row) for row in told.store.rows(1, 16)]  # entry 0 holds a long key, which only the rule reads
    before = Before(0, told.genesis_leaf, told.find(0).recorded)
    chooser = random.Random(20261101)
    scanner = Scanner()
    accepted = refused = 0
    for _ in range(4000):
        rows = _mutated(original, chooser)
        if chooser.random() < 0.8:
            rows = _linked(rows, before.leaf)
        leaves = [sha256(b"\x00" + row.data).digest() for row in rows]
        fast = chooser.choice([scanner, Scanner()])._at_once(rows, leaves, before)
        rule = _by_entry(rows, leaves, before)
        if fast is None:
            refused += 1
            continue
        accepted += 1
        assert rule.failures == [], [row.data for row in rows]
        assert fast == rule
    assert accepted > 100  # changes that leave an entry well-formed: only signatures and roots can tell
    assert refused > 1000


def _linked(rows, last):
    made = []
    for row in rows:
        at = row.data.find(b'"prev":"')
        data = row.data if at < 0 else row.data[: at + 8] + last.encode() + row.data[at + 72 :]
        made.append(row._replace(data=data))
        last = sha256(b"\x00" + data).hexdigest()
    return made


def test_the_fast_way_is_taken_for_what_is_sound(told, long):
    """Else the test above would prove nothing of it, and verifying would be slow."""
    for ledger in (told, long):
        before, scanner = Before(0, ledger.genesis_leaf, ledger.find(0).recorded), Scanner()
        size = len(ledger)
        for start in range(1, size, CHUNK):
            rows = list(ledger.store.rows(start, min(start + CHUNK, size)))
            leaves = [sha256(b"\x00" + row.data).digest() for row in rows]
            chunk = scanner._at_once(rows, leaves, before)
            assert chunk is not None
            before = Before(rows[-1].seq, leaves[-1].hex(), chunk.entries[-1].recorded)


# ---- members of a batch, many at once ----

_MEMBER_SWAPS = (
    (b'"id":"', b'"id":"0'), (b"-7", b"-4"), (b'","key":"', b'","Key":"'),
    (b'"time":"2026-11-01T0', b'"time":"2026-11-01T9'), (b'"time":"2026-11-0', b'"time":"2026-11-3'),
    (b'"time":"2026-', b'"time":"1026-'), (b'Z","type"', b'z","type"'), (b'"time":"2', b'"time":"9'),
    (b'"signatures":[]', b'"signatures":["AAAA"]'), (b'"recorded":"2', b'"recorded":"3'),
    (b'"data":{', b'"data":{"a":{"sealed":"x"},'), (b'"data":{', b'"data":{"a":",\\"id\\":\\"",'),
    (b'"rev":1', b'"rev":2'), (b'"data":{', b'"context":{"a":1},"data":{'), (b'"actor":"mara"', b'"actor":"sara"'),
    (b'"rev":1', b'"reason":"x","rev":1'), (b'"rev":1', b'"on_behalf_of":"sara","rev":1'),
    (b'"rev":1', b'"rev":1,"source":{"id":"x"}'), (b'"key":"', b'"key":"g'),
    (b'"rev":1', b'"rev":1,"source":{"a":{"sealed":"x"}}'), (b'"type":"evaluated"', b'"type":"evaluated","z":1'),
    (b'"data":{', b'"data":{"a":{"b":1,"id":"x"},'), (b'"data":{', b'"data":{"a":[1,{"b":2}],'), (b"}}", b"}}}"),
    (b'"subject":{', b'"subject":{"environment":"x",'), (b'"type":"evaluated"', b'"type":"approved"'), (b"}}", b"}]"),
)  # fmt: skip
_ID_TEXT = re.compile(rb'"id":"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"')


def _members_mutated(rows, chooser):
    kind = chooser.random()
    if kind < 0.4:
        return _mutated(rows, chooser)
    at = chooser.randrange(len(rows))
    row = rows[at]
    if kind < 0.9:
        old, new = chooser.choice([swap for swap in _MEMBER_SWAPS if swap[0] in row.data])
        row = row._replace(data=row.data.replace(old, new, 1))
        found = _ID_TEXT.search(row.data)
        if found:
            row = row._replace(id=bytes.fromhex(found[1].decode().replace("-", "")))
    else:  # the ids of two rows, cut elsewhere
        row, other = row._replace(id=row.id[:-1]), rows[(at + 1) % len(rows)]
        rows = [one._replace(id=rows[at].id[-1:] + one.id) if one is other else one for one in rows]
    return [*rows[:at], row, *rows[at + 1 :]]


def test_members_taken_at_once_are_those_in_which_the_rule_finds_nothing(long):
    first = next(row.seq for row in long.store.rows(16, len(long)) if b'"count":600' in row.data)
    start = first + 84  # sequence numbers of three digits
    original = list(long.store.rows(start, start + 9))
    before = Before(start - 1, entry.leaf(long.store.read(start - 1)).hex(), entry.view(original[0].data).recorded)
    chooser = random.Random(20261102)
    reader = MembersReader()
    assert reader.read(original, before, first, "mara") is not None
    accepted = refused = 0
    for _ in range(6000):
        rows = _members_mutated(original, chooser)
        if chooser.random() < 0.8:
            rows = _linked(rows, before.leaf)
        fast = chooser.choice([reader, MembersReader()]).read(rows, before, first, "mara")
        rule = _by_entry(rows, [sha256(b"\x00" + row.data).digest() for row in rows], before)
        if fast is None:
            refused += 1
            continue
        accepted += 1
        assert rule.failures == [], [row.data for row in rows]
        assert (fast.leaves, fast.hashes) == (rule.leaves, list(map(statement_hash, rule.bodies)))
        assert fast.size == sum(map(len, rule.bodies))
        assert {placed.recorded for placed in rule.entries} == {fast.recorded}
        assert {str(placed.batch) for placed in rule.entries} == {str({"first": first})}
        assert not any(placed.signatures for placed in rule.entries)
        statements = [placed.statement for placed in rule.entries]
        assert not any(said.refs or said.critical for said in statements)
        assert {said.actor for said in statements} == {"mara"}
        assert max(said.time for said in statements) <= fast.recorded
        assert fast.spans == _spans(rule.entries)
        assert fast.sealed == [
            row.seq for row, body in zip(rows, rule.bodies, strict=True) for _ in range(body.count(b'{"sealed":"'))
        ]
    assert accepted > 200
    assert refused > 3000


def _spans(entries):
    spans = {}
    for placed in entries:
        said = placed.statement
        kind = Kind(said.type, said.key, said.log, said.subject.get("system"), said.on_behalf_of)
        spans[kind] = (spans.get(kind, (placed.seq,))[0], placed.seq)
    return spans


def test_members_of_a_sound_batch_are_taken_at_once(long, monkeypatch):
    """Else the test above would prove nothing of it, and verifying would be slow."""
    singly = []
    take = RangeCheck._take
    monkeypatch.setattr(RangeCheck, "_take", lambda self, chunk: (singly.extend(chunk.rows), take(self, chunk))[1])
    report = long.verify()
    assert report.verdict == "VERIFIED"
    assert len(long) - len(singly) > 500

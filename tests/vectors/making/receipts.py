"""FORMAT.md section 14: receipts, and proofs that two checkpoints are of one log; good ones, and each spoilt."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from .build import ADA, CI, DAN, Log
from .encode import b64, leaf, sha, write
from .keys import LOG, VKEY, VKEY_ML_DSA, Key, signature_line, timed_line, vkey
from .keys import WITNESS as WITNESS_KEY

TIME = 1_772_442_000
WITNESS = vkey("witness.example/w1", 4, WITNESS_KEY.public)
SECOND = vkey("witness.example/w2", 4, Key("second witness", seed=bytes(range(64, 96))).public)

Files = dict[str, bytes]


def split(n: int) -> int:
    return 1 << (n - 1).bit_length() - 1


def root(hashes: list[bytes]) -> bytes:
    if len(hashes) == 1:
        return hashes[0]
    k = split(len(hashes))
    return sha(b"\1", root(hashes[:k]), root(hashes[k:]))


def inclusion(at: int, hashes: list[bytes]) -> list[bytes]:
    """RFC 6962 section 2.1.1."""
    if len(hashes) == 1:
        return []
    k = split(len(hashes))
    if at < k:
        return [*inclusion(at, hashes[:k]), root(hashes[k:])]
    return [*inclusion(at - k, hashes[k:]), root(hashes[:k])]


def consistency(old: int, hashes: list[bytes], whole: bool = True) -> list[bytes]:
    """RFC 6962 section 2.1.2."""
    if old == len(hashes):
        return [] if whole else [root(hashes)]
    k = split(len(hashes))
    if old <= k:
        return [*consistency(old, hashes[:k], whole), root(hashes[k:])]
    return [*consistency(old - k, hashes[k:], whole=False), root(hashes[:k])]


class Story:
    """The base log, an evaluation by ci (5), a batch of five (6 to 10), carol's approval (11)."""

    def __init__(self) -> None:
        self.log = Log("receipts").base()
        self.tell()
        self.note = self.log.note()
        self.leaves = self.log.leaves()

    def tell(self) -> None:
        self.log.note_it()
        statements = self.log.results(5)
        self.log.batch(statements, self.log.header(statements))
        self.log.add("ada", "actor_introduced", ADA, {"handle": "eve"}, {"kind": "service"})

    def path(self, seq: int) -> list[bytes]:
        return inclusion(seq, self.leaves)

    def link(self, seq: int) -> dict[str, Any]:
        return {"entry": b64(self.log.entries[seq]), "path": [b64(step) for step in self.path(seq)]}

    def chain(self, seq: int, *links: int, **more: Any) -> bytes:
        value = {"chain": [self.link(one) for one in links], "entry": b64(self.log.entries[seq]), "format": 1, **more}
        return write({key: item for key, item in value.items() if item is not None})

    def within(self, seq: int) -> list[str]:
        return [b64(step) for step in inclusion(seq - 6, [leaf(body) for body in self.log.statements[6:11]])]


class Later(Story):
    """The base log, an event of a later release (5), ci (6), ci by another's signature (7), ci by a new key (8)."""

    def tell(self) -> None:
        self.log.authorize("ci", DAN, until="later")
        self.log.note_it()
        self.log.place(self.log.say("ci", "evaluated", CI), DAN)
        self.log.add("ci", "evaluated", DAN)


def receipt(extra: bytes, index: int | str, path: list[bytes], note: bytes) -> bytes:
    hashes = "".join(f"{b64(step)}\n" for step in path)
    return f"c2sp.org/tlog-proof@v1\nextra {b64(extra)}\nindex {index}\n{hashes}\n".encode() + note


def two(old: bytes, path: list[bytes], new: bytes) -> bytes:
    hashes = "".join(f"{b64(step)}\n" for step in path)
    return f"ledger-consistency/v1\nold {b64(old)}\n{hashes}\n".encode() + new


def made() -> tuple[list[dict[str, Any]], Files]:
    """The rows of the index, and the files."""
    story, rows, files = Story(), [], {}

    def add(name: str, what: str, data: bytes, verdict: str, **more: Any) -> None:
        files[f"receipts/{name}"] = data
        trust = {"keys": more.pop("keys", [VKEY]), **more.pop("trust", {})}
        rows.append({"file": f"receipts/{name}", "what": what, "trust": trust, "expect": {"verdict": verdict, **more}})

    good(story, add)
    bad_receipts(story, add)
    bad_chains(story, add)
    later_chains(Later(), add)
    witnessed(story, add)
    checkpoints(story, add)
    return rows, files


Add = Callable[..., None]


def good(story: Story, add: Add) -> None:
    entries, note = story.log.entries, story.note
    genesis = leaf(entries[0]).hex()
    plain = receipt(entries[5], 5, story.path(5), note)
    add("plain", "the entry and its place alone", plain, "VERIFIED", author_proven=False)
    add("plain-without-key", "no key is at hand", plain, "UNVERIFIABLE", keys=[])
    leaf_alone = {"keys": [], "trust": {"genesis": genesis}}
    add("plain-by-genesis", "the leaf of an entry 0 that is not brought", plain, "UNVERIFIABLE", **leaf_alone)
    author = receipt(story.chain(5, 0, 3, 4), 5, story.path(5), note)
    add("author", "an entry, and why its author's key counts", author, "VERIFIED", author_proven=True)
    add(
        "author-by-both-keys",
        "by both of the log's keys",
        author,
        "VERIFIED",
        keys=[VKEY, VKEY_ML_DSA],
        author_proven=True,
    )
    known = {"keys": [], "trust": {"genesis": genesis}, "author_proven": True}
    add("author-by-genesis", "by the leaf of entry 0 alone", author, "VERIFIED", **known)
    founder = receipt(story.chain(11, 0), 11, story.path(11), note)
    add("author-founder", "by an administrator of entry 0", founder, "VERIFIED", author_proven=True)
    add("genesis", "entry 0 itself", receipt(story.chain(0), 0, story.path(0), note), "VERIFIED", author_proven=True)
    head = receipt(story.chain(6, 0, 3, 4, within=story.within(6)), 6, story.path(6), note)
    add("batch-head", "the first of a batch", head, "VERIFIED", author_proven=True)
    member = story.chain(9, 0, 3, 4, head=story.link(6), within=story.within(9))
    add(
        "batch-member",
        "a later one of a batch",
        receipt(member, 9, story.path(9), note),
        "VERIFIED",
        author_proven=True,
    )


def bad_receipts(story: Story, add: Add) -> None:
    entries, note, path = story.log.entries, story.note, story.path(5)

    def bad(name: str, what: str, data: bytes, **more: Any) -> None:
        add(name, what, data, "BROKEN", **more)

    bad("index-of-another", "the path of 4 for entry 5", receipt(entries[5], 4, story.path(4), note))
    bad("index-with-zero", "index 05", receipt(entries[5], "05", path, note))
    bad("path-of-another", "the path of 4", receipt(entries[5], 5, story.path(4), note))
    bad("path-cut", "a step less", receipt(entries[5], 5, path[:-1], note))
    bad("path-longer", "a step more", receipt(entries[5], 5, [*path, bytes(32)], note))
    bad("path-of-54", "54 hashes", receipt(entries[5], 5, [bytes(32)] * 54, note))
    bad("hash-of-31", "a hash of 31 bytes", receipt(entries[5], 5, [path[0][:31], *path[1:]], note))
    bad("older-root", "the path under an earlier checkpoint", receipt(entries[5], 5, path, story.log.note(9)))
    bad("beyond", "an entry that the checkpoint does not cover", receipt(entries[5], 5, path, story.log.note(5)))
    changed = entries[5].replace(b'"auc":0.79', b'"auc":0.97')
    bad("entry-changed", "another entry in its place", receipt(changed, 5, path, note))
    bad("entry-blank", "a blank in the entry", receipt(entries[5].replace(b'"seq":5', b'"seq": 5'), 5, path, note))
    bad("no-extra", "no entry in it", receipt(b"", 5, path, note))
    bad("other-key", "a checkpoint by another key", receipt(entries[5], 5, path, story.log.note(key=Key("thief"))))
    other = story.log.note(origin="example.com/other")
    bad("other-origin", "a checkpoint of another log", receipt(entries[5], 5, path, other))
    bad("carriage-return", "lines that end in CR LF", receipt(entries[5], 5, path, note).replace(b"\n", b"\r\n", 3))
    bad("version-2", "another first line", receipt(entries[5], 5, path, note).replace(b"@v1", b"@v2"))
    other_leaf = {"genesis": leaf(b"another").hex()}
    author = receipt(story.chain(5, 0, 3, 4), 5, path, note)
    bad("genesis-other", "entry 0 is not the one that is known", author, trust=other_leaf)


def later_chains(later: Later, add: Add) -> None:
    def show(name: str, what: str, seq: int, verdict: str) -> None:
        data = receipt(later.chain(seq, 0, 3, 4, 5), seq, later.path(seq), later.note)
        add(f"chain-{name}", what, data, verdict)

    show("unknown-event", "an event that is not known, before a good entry", 6, "UNVERIFIABLE")
    show("unknown-event-signature", "the same before an entry whose signature is another's", 7, "BROKEN")
    show("unknown-event-author", "the key is authorised by nothing else", 8, "UNVERIFIABLE")


def bad_chains(story: Story, add: Add) -> None:
    note = story.note

    def bad(name: str, what: str, extra: bytes, seq: int = 5) -> None:
        add(f"chain-{name}", what, receipt(extra, seq, story.path(seq), note), "BROKEN")

    bad("without-genesis", "it does not begin with entry 0", story.chain(5, 3, 4))
    bad("empty", "nothing in it", story.chain(5))
    bad("without-authorization", "no entry authorises the key", story.chain(5, 0, 3))
    bad("without-introduction", "nobody introduced the actor", story.chain(5, 0, 4))
    bad("out-of-order", "4 before 3", story.chain(5, 0, 4, 3))
    bad("twice", "an entry twice", story.chain(5, 0, 3, 3, 4))
    bad("later-entry", "an entry after the one that is shown", story.chain(5, 0, 3, 4, 11))
    bad("no-key-event", "an evaluation among the key events", story.chain(6, 0, 3, 4, 5, within=story.within(6)), 6)
    bad("of-another-actor", "carol's key, not ci's", story.chain(5, 0, 1, 2))
    bad("format-2", "another format", story.chain(5, 0, 3, 4, format=2))
    bad("unknown-field", "one more field", story.chain(5, 0, 3, 4, more=1))
    bent = story.link(4)
    bent["path"] = story.link(3)["path"]
    links = [story.link(0), story.link(3), bent]
    bad("path-of-another", "a link with the path of another", story.chain(5, chain=links))
    spaced = json.dumps(json.loads(story.chain(5, 0, 3, 4))).encode()
    bad("not-in-the-form", "blanks in it", spaced.replace(b'{"chain": ', b'{"chain":', 1))
    bad("single-with-within", "a path in a batch that the entry is not in", story.chain(5, 0, 3, 4, within=[]))
    within, head = story.within(9), story.link(6)
    bad("member-without-head", "no head", story.chain(9, 0, 3, 4, within=within), 9)
    bad("member-without-path", "no path in the batch", story.chain(9, 0, 3, 4, head=head), 9)
    bad("member-of-another-place", "the path of 8", story.chain(9, 0, 3, 4, head=head, within=story.within(8)), 9)
    bad("member-with-other-head", "a member as head", story.chain(9, 0, 3, 4, head=story.link(7), within=within), 9)
    forged = Log("forged").base()
    forged.note_it(bent={"signatures": ADA.sign("application/vnd.lifecycle-ledger.statement.v1+json", b"{}")})
    again = Story.__new__(Story)
    again.log, again.leaves = forged, forged.leaves()
    data = receipt(again.chain(5, 0, 3, 4), 5, again.path(5), forged.note())
    add("chain-forged", "its author never signed it; the log's key sealed it", data, "BROKEN")
    plain = receipt(forged.entries[5], 5, again.path(5), forged.note())
    add("forged-plain", "the same without its chain: the place holds", plain, "VERIFIED", author_proven=False)


def witnessed(story: Story, add: Add) -> None:
    """`witnesses`: of these keys so many must have cosigned, by the verifier's clock `now` (POSIX seconds)."""
    entry, path = story.log.entries[5], story.path(5)

    def wanting(needed: int, now: int = TIME + 60) -> dict[str, Any]:
        return {"witnesses": {"keys": [WITNESS, SECOND], "needed": needed, "now": now}}

    def with_lines(*lines: bytes) -> bytes:
        return receipt(entry, 5, path, story.note + b"".join(lines))

    line = timed_line("witness.example/w1", story.note, TIME)
    later, no_time = (
        timed_line("witness.example/w1", story.note, TIME + 7),
        timed_line("witness.example/w1", story.note, 0),
    )
    add("witnessed", "one of two witnesses", with_lines(line), "VERIFIED", trust=wanting(1))
    add("witnessed-by-one-of-two", "two are wanted", with_lines(line), "UNVERIFIABLE", trust=wanting(2))
    add("witnessed-twice-by-one", "one key twice is one", with_lines(line, later), "UNVERIFIABLE", trust=wanting(2))
    add("witnessed-by-nobody", "no line", with_lines(), "UNVERIFIABLE", trust=wanting(1))
    add("witnessed-tomorrow", "a time to come", with_lines(line), "UNVERIFIABLE", trust=wanting(1, TIME - 301))
    add("witnessed-a-little-ahead", "clocks differ", with_lines(line), "VERIFIED", trust=wanting(1, TIME - 300))
    add("witnessed-without-time", "time 0", with_lines(no_time), "UNVERIFIABLE", trust=wanting(1))
    other = timed_line("witness.example/w1", story.log.note(9), TIME)
    add("witnessed-of-another", "a line of another checkpoint", with_lines(other), "UNVERIFIABLE", trust=wanting(1))
    renamed = line.replace(b"example/w1", b"example/w2")
    add("witnessed-under-another-name", "its name changed", with_lines(renamed), "UNVERIFIABLE", trust=wanting(1))


def checkpoints(story: Story, add: Add) -> None:
    log, leaves = story.log, story.leaves
    note = {size: log.note(size) for size in (5, 6, 11, 12)}
    for old in (5, 6, 11):
        add(f"consistency-{old}-12", "", two(note[old], consistency(old, leaves), note[12]), "VERIFIED")
    add("consistency-12-12", "one size", two(note[12], [], note[12]), "VERIFIED")
    path = consistency(5, leaves)
    add("consistency-without-key", "no key is at hand", two(note[5], path, note[12]), "UNVERIFIABLE", keys=[])

    def bad(name: str, what: str, data: bytes) -> None:
        add(f"consistency-{name}", what, data, "BROKEN")

    bad("reversed", "the newer one first", two(note[12], path, note[5]))
    bad("of-another-size", "the hashes of 6", two(note[5], consistency(6, leaves), note[12]))
    bad("cut", "a hash less", two(note[5], path[:-1], note[12]))
    bad("longer", "a hash more", two(note[5], [*path, bytes(32)], note[12]))
    bad("none", "no hashes", two(note[5], [], note[12]))
    bad("same-size-with-hashes", "hashes between equals", two(note[12], path, note[12]))
    bad("fork", "another tree below", two(log.note(5, root_is=bytes(32)), path, note[12]))
    bad("old-by-another-key", "the older by another key", two(log.note(5, key=Key("thief")), path, note[12]))
    bad("new-by-another-key", "the newer by another key", two(note[5], path, log.note(key=Key("thief"))))
    text = b"example.com/other\n" + note[5].split(b"\n", 1)[1].split(b"\n\n")[0] + b"\n"
    other = text + b"\n" + signature_line("example.com/other", LOG, text)
    bad("of-two-logs", "two origins", two(other, path, note[12]))

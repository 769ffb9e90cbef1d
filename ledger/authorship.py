"""Who signed an entry, proven by itself: the key events behind its author's key, each under one checkpoint (R3 to R6).

What it proves: the entry was signed by a key that this log had authorised before. What it does not: that the key was
not revoked by then. A revocation that is left out cannot be seen from here; `ledger verify` over the whole log sees it.
"""

from typing import Any, Final, NamedTuple

from ledger import encoding, entry, statement
from ledger.encoding import BATCH_TYPE, STATEMENT_TYPE, b64decode
from ledger.errors import Misuse, Tampered
from ledger.genesis import Genesis, Unknown, read_genesis
from ledger.keys.credential import Credential, UnknownScheme, verify_signatures
from ledger.merkle.proofs import MAX_PROOF, ReadSubtree, check_inclusion, inclusion_proof
from ledger.merkle.tree import HASH_SIZE, tree_root
from ledger.notes.treehead import Checkpoint
from ledger.proving import prove_inclusion
from ledger.store import Store
from ledger.trust import Trust

LINKS: Final = 256
"""Most key events behind one entry."""


class Link(NamedTuple):
    """An entry's bytes, and the path from its leaf to the checkpoint's root."""

    data: bytes
    path: tuple[bytes, ...]


class Chain(NamedTuple):
    """Entry 0 and the key events behind an author's key, in order; and for a member of a batch, what ties it to that.

    `head` is the batch's first entry, None where that is the entry itself; `within` the path from the statement's hash
    to the root that the author signed, None where the entry stands in no batch.
    """

    links: tuple[Link, ...]
    head: Link | None = None
    within: tuple[bytes, ...] | None = None


class Author(NamedTuple):
    """Whose key signed, since which entry it was authorised, what entry 0 says, and what could not be judged."""

    handle: str
    key: str
    since: int
    genesis: Genesis
    missing: tuple[str, ...]


# ---- made ----


def collect(store: Store, read: ReadSubtree, checkpoint: Checkpoint, data: bytes) -> Chain:
    """Return the chain behind an entry's author, each link's path from `read`.

    Raises `Misuse` where there are too many key events for one file.
    """
    placed = entry.read(data).fields
    acts = _relevant(store, placed["seq"], placed["statement"]["actor"])
    if len(acts) > LINKS:
        raise Misuse(f"{len(acts):,} key events stand behind entry {placed['seq']}", "--plain", code="long_chain")

    def link(seq: int) -> Link:
        found = store.read(seq)
        return Link(found, tuple(prove_inclusion(read, seq, entry.leaf(found), checkpoint)))

    batch = placed.get("batch")
    first = batch.get("first", placed["seq"]) if batch else -1
    return Chain(
        tuple(link(seq) for seq in acts),
        link(first) if batch and first != placed["seq"] else None,
        _within(store, first, placed["seq"]) if batch else None,
    )


def _relevant(store: Store, before: int, actor: str) -> list[int]:
    """Entry 0, and each key event about the actor, about who said one of those, and so on; and those about nobody."""
    acts = [(seq, entry.read(store.read(seq)).fields["statement"]) for seq in store.authority() if seq < before]
    handles, found = {actor}, {0} if before else set[int]()
    while True:
        more = [
            (seq, said) for seq, said in acts if seq not in found and said["subject"].get("handle", actor) in handles
        ]
        if not more:
            return sorted(found)
        found.update(seq for seq, _ in more)
        handles.update(said["actor"] for _, said in more)


def _within(store: Store, first: int, seq: int) -> tuple[bytes, ...]:
    """The path of a member in the tree over its batch's statements."""
    head = entry.read(store.read(first)).fields["batch"]
    rows = store.rows(first, first + head["count"])
    hashes = [statement.statement_hash(entry.body_of(row.data)) for row in rows]

    def subtree(level: int, index: int) -> bytes:
        return tree_root(hashes[index << level : (index + 1) << level])

    return tuple(inclusion_proof(seq - first, len(hashes), subtree))


# ---- checked ----


def check(chain: Chain, data: bytes, checkpoint: Checkpoint) -> Author:
    """Return who signed an entry that is known to stand under `checkpoint`; raise `Tampered` where it does not follow.

    A scheme or a key event that is not known here leaves something `missing`.
    """
    parts = entry.read(data)
    seq, said = parts.fields["seq"], parts.fields["statement"]
    if len(chain.links) > LINKS or (len(chain.links) > 0) is (seq == 0):
        raise _bad("it does not begin with entry 0, or is too long")
    judge = _Judge(checkpoint)
    if seq == 0:
        judge.begin(Link(data, ()), known=True)
        return Author(said["actor"], said["key"], 0, judge.trust.genesis, tuple(judge.missing))
    judge.begin(chain.links[0], known=False)
    since = [place for link in chain.links[1:] if (place := judge.follow(link, seq, said["key"])) >= 0]
    judge.end(chain, parts)
    return Author(said["actor"], said["key"], max(since, default=0), judge.trust.genesis, tuple(judge.missing))


class _Judge:
    """Takes entry 0, the key events in order, then the entry that they stand behind."""

    trust: Trust

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._last = 0
        self.missing: list[str] = []

    def begin(self, link: Link, *, known: bool) -> None:
        """Take entry 0: well-formed, of this log, signed by its first administrator."""
        parts = entry.read(link.data)
        if parts.fields["seq"] != 0:
            raise _bad("its first is not entry 0")
        if not known:
            self._check_place(link, 0)
        genesis = read_genesis(parts.fields["statement"], entry.leaf(link.data).hex())
        if genesis.origin != self._checkpoint.origin:
            raise _bad(f"its entry 0 is of {genesis.origin}", check=10)
        self._check_signatures(genesis.administrators[0].credential, STATEMENT_TYPE, parts.body, parts.fields)
        self.trust = Trust.of_genesis(genesis)

    def follow(self, link: Link, before: int, key: str) -> int:
        """Take the next key event; return its place where it authorises `key`, else -1."""
        parts = entry.read(link.data)
        seq, said = parts.fields["seq"], parts.fields["statement"]
        if not self._last < seq < before or "batch" in parts.fields or not self.trust.changes_trust(said["type"]):
            raise _bad(f"entry {seq} is out of order, in a batch, or no key event", seq=seq)
        self._check_place(link, seq)
        self._check_author(parts)
        try:
            known = self.trust.credential(key)
            self.trust.apply(seq, said)
        except Unknown as unknown:
            self.missing.append(f"entry {seq}: {unknown}")
        self._last = seq
        return seq if known is None and self.trust.credential(key) is not None else -1

    def end(self, chain: Chain, parts: entry.Parts) -> None:
        """Take the entry itself: its author, and the batch that it stands in."""
        said, batch = parts.fields["statement"], parts.fields.get("batch")
        if batch is None:
            if chain.head is not None or chain.within is not None:
                raise _bad("it stands in no batch")
            self._check_author(parts)
            return
        credential = self._judge(parts)
        if not self.trust.may_batch(said["type"]):
            raise _bad(f"{said['type']} must not be in a batch", check=15, seq=parts.fields["seq"])
        if credential is not None:
            self._check_batch(chain, parts, credential)

    # ---- pieces ----

    def _check_place(self, link: Link, seq: int) -> None:
        size, root = self._checkpoint.size, self._checkpoint.root
        check_inclusion(seq, size, entry.leaf(link.data), link.path, root)

    def _judge(self, parts: entry.Parts) -> Credential | None:
        """Return the credential that must sign; None where an event that is not known here may have allowed it."""
        try:
            return self.trust.judge(parts.fields["statement"], parts.fields["recorded"])
        except Tampered as error:
            seq = parts.fields["seq"]
            if self.trust.unknown_since < 0:
                raise _bad(f"entry {seq}: {error.message}", check=error.check, seq=seq) from None
            self.missing.append(f"entry {seq}: {error.message}, unless an unknown event allows it")
            return None

    def _check_author(self, parts: entry.Parts) -> None:
        credential = self._judge(parts)
        if credential is not None:
            self._check_signatures(credential, STATEMENT_TYPE, parts.body, parts.fields)

    def _check_batch(self, chain: Chain, parts: entry.Parts, credential: Credential) -> None:
        """C15: the member's statement under the root that its author signed, in the place that its number says."""
        seq, said = parts.fields["seq"], parts.fields["statement"]
        first = parts.fields["batch"].get("first", seq)
        head = parts.fields if first == seq else self._head(chain, first)
        batch = head["batch"]
        if chain.within is None or (chain.head is not None) is (first == seq) or "root" not in batch:
            raise _bad("its batch is not shown", check=15, seq=seq)
        if (batch["actor"], batch["key"], batch["log"]) != (said["actor"], said["key"], self.trust.genesis.leaf):
            raise _bad(f"entry {seq} is by another than its batch, or for another log", check=15, seq=seq)
        hashed = statement.statement_hash(parts.body)
        check_inclusion(seq - first, batch["count"], hashed, chain.within, bytes.fromhex(batch["root"]))
        self._check_signatures(credential, BATCH_TYPE, encoding.reencode(batch), head)

    def _head(self, chain: Chain, first: int) -> dict[str, Any]:
        if chain.head is None:
            raise _bad("the head of its batch is not shown", check=15)
        fields = entry.read(chain.head.data).fields
        if fields["seq"] != first or "batch" not in fields:
            raise _bad(f"entry {fields['seq']} is not the head of its batch", check=15)
        self._check_place(chain.head, first)
        return fields

    def _check_signatures(self, credential: Credential, kind: str, body: bytes, fields: dict[str, Any]) -> None:
        try:
            verify_signatures(credential, kind, body, [b64decode(text) for text in fields["signatures"]])
        except UnknownScheme as error:
            self.missing.append(f"entry {fields['seq']}: the scheme {error.scheme} is not known here")
        except Tampered as error:
            raise _bad(f"entry {fields['seq']}: {error.message}", check=error.check, seq=fields["seq"]) from None


def _bad(why: str, *, check: int = 0, seq: int = -1) -> Tampered:
    return Tampered(
        f"the author is not proven: {why}", "ask for the receipt again", code="author", check=check, seq=seq
    )


# ---- the bytes ----


def write(chain: Chain, data: bytes) -> bytes:
    """Return the object that holds an entry and its chain, in the one form."""
    value: dict[str, Any] = {
        "chain": [_link(link) for link in chain.links],
        "entry": encoding.b64encode(data),
        "format": 1,
    }
    if chain.head is not None:
        value["head"] = _link(chain.head)
    if chain.within is not None:
        value["within"] = [encoding.b64encode(step) for step in chain.within]
    return encoding.encode(value)


def read(data: bytes, limit: int) -> tuple[bytes, Chain]:
    """Return the entry and the chain that an object holds; raise `Tampered` for all else than what `write` writes."""
    value = encoding.decode(data, limit)
    if not {"chain", "entry", "format"} <= value.keys() <= {"chain", "entry", "format", "head", "within"}:
        raise _bad("it has other fields")
    if value["format"] != 1 or type(value["format"]) is not int or not isinstance(value["chain"], list):
        raise _bad("it is of another format")
    if len(value["chain"]) > LINKS:
        raise _bad(f"{len(value['chain'])} key events, the most are {LINKS}")
    head = _read_link(value["head"]) if "head" in value else None
    within = _read_path(value["within"]) if "within" in value else None
    return _bytes(value["entry"]), Chain(tuple(map(_read_link, value["chain"])), head, within)


def is_chain(data: bytes) -> bool:
    """Whether bytes begin as such an object does, and not as an entry."""
    return data.startswith(b'{"chain":')


def _link(link: Link) -> dict[str, Any]:
    return {"entry": encoding.b64encode(link.data), "path": [encoding.b64encode(step) for step in link.path]}


def _read_link(value: Any) -> Link:
    if not isinstance(value, dict) or value.keys() != {"entry", "path"}:
        raise _bad("a key event has another form")
    return Link(_bytes(value["entry"]), _read_path(value["path"]))


def _read_path(value: Any) -> tuple[bytes, ...]:
    if not isinstance(value, list) or len(value) > MAX_PROOF:
        raise _bad("a path has another form")
    path = tuple(map(_bytes, value))
    if any(len(step) != HASH_SIZE for step in path):
        raise _bad("a hash is not 32 bytes long")
    return path


def _bytes(value: Any) -> bytes:
    if not isinstance(value, str):
        raise _bad("it has another form")
    return b64decode(value)

"""Checking a receipt offline: this entry stands under that checkpoint, which the log's key signed (R1 to R6)."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger import entry
from ledger.cli.files import read_small
from ledger.cli.frame import Call
from ledger.cli.layout import about, day, headline, pairs, short_path
from ledger.cli.screen import Answer
from ledger.cli.trusting import Given, policy_of
from ledger.cli.verdict import block, vouchers
from ledger.errors import LedgerError, Misuse, Tampered
from ledger.genesis import read_genesis
from ledger.hybrid import both_keys
from ledger.notes.note import parse_note
from ledger.notes.treehead import parse_checkpoint
from ledger.notes.verifier import VerifierKey
from ledger.receipts import PROOF_LIMIT, Proven, check_proof, genesis_of_proof
from ledger.report import Missing, Voucher
from ledger.vouching import vouch_note

if TYPE_CHECKING:
    from ledger.api import Ledger
    from ledger.genesis import Genesis
    from ledger.policy import Policy


class Trusting(NamedTuple):
    """The log's keys that a file is judged by, where they came from, and one's own ledger of that log, if any."""

    keys: tuple[VerifierKey, ...]
    source: str
    own: "Ledger | None"


class _Checked(NamedTuple):
    origin: str
    proven: Proven
    found: tuple[Voucher, ...]
    missing: tuple[Missing, ...]


def check_receipt(call: Call, path: Path, given: Given) -> Answer:
    """Check a receipt with what was given, else with what one's own ledger of the same origin says."""
    data = read_small(path, PROOF_LIMIT, "a receipt")
    try:
        origin = origin_of(data.partition(b"\n\n")[2])
        policy = policy_of(None, None, given)
        genesis = _genesis(data, policy)
        known = trusting(call, origin, policy, (data.partition(b"\n\n")[2],), genesis)
        try:
            if not known.keys:
                return _no_key(path, origin)
            checked = _check(data, origin, policy, genesis, known)
        finally:
            if known.own is not None:
                known.own.close()
    except Tampered as error:
        return broken(path, "receipt", error)
    return _verified(path, checked) if not checked.missing else _unverifiable(path, checked)


def origin_of(note: bytes) -> str:
    """Return whose checkpoint a note says that it is."""
    return parse_checkpoint(parse_note(note).text).origin


def trusting(
    call: Call, origin: str, policy: "Policy", notes: tuple[bytes, ...], genesis: "Genesis | None" = None
) -> Trusting:
    """Return the keys to judge `notes` by: the policy's, those of the entry 0 it knows, else one's own ledger's."""
    if policy.origin and policy.origin != origin:
        raise Misuse(f"this is of {origin}, your policy is for {policy.origin}", "the other file", code="other_origin")
    if policy.keys:
        return Trusting(policy.keys, policy.key_source, None)
    if policy.genesis:
        keys = genesis.log_keys if genesis is not None else ()
        return Trusting(keys, policy.genesis_source, None)
    own = _own(call, origin)
    if own is None:
        return Trusting((), "", None)
    keys = tuple(dict.fromkeys(key for note in notes for key in _keys_of(own, note)))
    return Trusting(keys, f"your own ledger ({short_path(own.place.source)})", own)


def _own(call: Call, origin: str) -> "Ledger | None":
    """Return one's own ledger, if there is one and it is of that origin."""
    try:
        ledger = call.open()
    except Misuse:
        if call.location is not None:
            raise
        return None
    if ledger.origin == origin:
        return ledger
    ledger.close()
    return None


def _keys_of(ledger: "Ledger", note: bytes) -> tuple[VerifierKey, ...]:
    """Return the keys that must have signed a checkpoint, followed from the key that one trusts."""
    log_keys = ledger.trust().log_keys
    own = (ledger.place.key,) if ledger.place.key is not None else ()
    if log_keys.out_of_reach(own, ()):
        return ()
    return log_keys.signers(log_keys.open(note, ledger.origin, own).size)[-1].keys


def _genesis(data: bytes, policy: "Policy") -> "Genesis | None":
    """Return entry 0 as the receipt brings it, if it is the one that the policy knows."""
    found = genesis_of_proof(data)
    if found is None or not policy.genesis:
        return None
    leaf = entry.leaf(found).hex()
    if leaf != policy.genesis:
        raise Tampered(
            f"its entry 0 is {leaf[:16]}, {policy.genesis_source} says {policy.genesis[:16]}: another log", check=10
        )
    return read_genesis(entry.read(found).fields["statement"], leaf)


def _check(data: bytes, origin: str, policy: "Policy", genesis: "Genesis | None", known: Trusting) -> _Checked:
    proven = check_proof(data, origin, known.keys)
    if known.own is not None:
        _compare(known.own, proven)
    both = both_keys(genesis, policy) if genesis is not None else known.keys
    found, missing = vouch_note(proven.note, proven.checkpoint, policy, both)
    unknown = [Missing("author", -1, what) for what in (proven.author.missing if proven.author else ())]
    key = Voucher("key", known.source, -1, "")
    return _Checked(origin, proven, (key, *found), (*missing, *unknown))


def _compare(ledger: "Ledger", proven: Proven) -> None:
    """Raise `Tampered` where one's own ledger has another entry at that place: the key signed two histories."""
    seq = proven.entry.seq
    if seq >= len(ledger):
        raise Tampered(
            f"your own ledger has {len(ledger):,} entries, the receipt is of entry {seq:,}", code="shrunk", seq=seq
        )
    try:
        same = entry.view(ledger.read(seq)) == proven.entry
    except LedgerError:
        same = False
    if not same:
        raise Tampered(f"your own ledger has another entry {seq:,}", code="forked", seq=seq)


# ---- the answers ----


def _verified(path: Path, checked: _Checked) -> Answer:
    return Answer(
        _document(checked, "verified"),
        block("VERIFIED", headline(f"VERIFIED  receipt {path.name}", checked.origin), pairs(_rows(checked))),
    )


def _unverifiable(path: Path, checked: _Checked) -> Answer:
    document = _document(checked, "unverifiable")
    document["missing"] = [{"code": one.code, "message": one.message} for one in checked.missing]
    rows = [("missing", one.message) for one in checked.missing] + _rows(checked)
    head = headline(f"UNVERIFIABLE  receipt {path.name}", checked.origin)
    return Answer(document, block("UNVERIFIABLE", head, pairs(rows)), 5)


def _document(checked: _Checked, verdict: str) -> dict[str, Any]:
    placed, checkpoint, author = checked.proven.entry, checked.proven.checkpoint, checked.proven.author
    said = placed.statement
    return {
        "schema": "ledger.verify_receipt/1",
        "verdict": verdict,
        "origin": checked.origin,
        "seq": placed.seq,
        "size": checkpoint.size,
        "root": f"sha256:{checkpoint.root.hex()}",
        "id": said.id,
        "type": said.type,
        "subject": said.subject,
        "actor": said.actor,
        "recorded": placed.recorded,
        "vouched_by": [voucher.to_json() for voucher in checked.found],
        "author_proven": author is not None and not author.missing,
        **({"genesis": author.genesis.leaf, "key": author.key, "authorized": author.since} if author else {}),
    }


def _rows(checked: _Checked) -> list[tuple[str, str]]:
    placed, author, size = checked.proven.entry, checked.proven.author, checked.proven.checkpoint.size
    said = placed.statement
    rows = [
        (f"entry {placed.seq}", f"{said.type} {about(said.subject)} by {said.actor}, recorded {day(placed.recorded)}Z"),
        ("vouched for by", "; ".join(vouchers(checked.found))),
        ("proven", f"this entry, byte for byte, stands in the log of {size:,} entries that the key signed"),
    ]
    if author is None or author.missing:
        unproven = "that what it states is true; its author's signature and role (ledger verify checks those)"
        return [*rows, ("not proven", unproven)]
    rows.append(("", f"{said.actor} signed it with the key {author.key[:16]}, authorised in entry {author.since:,}"))
    unproven = "that what it states is true; that nothing later corrects or withdraws it"
    if author.since < placed.seq:
        unproven += "; that this key, or its role, was not taken away before (ledger verify over the whole log)"
    return [*rows, ("not proven", unproven)]


def _no_key(path: Path, origin: str) -> Answer:
    document = {
        "schema": "ledger.verify_receipt/1",
        "verdict": "unverifiable",
        "origin": origin,
        "missing": [{"code": "key", "message": f"no key of {origin} is at hand"}],
    }
    rows = no_key_rows(path, origin)
    head = headline(f"UNVERIFIABLE  receipt {path.name}", origin)
    return Answer(document, block("UNVERIFIABLE", head, pairs(rows)), 5)


def no_key_rows(path: Path, origin: str) -> list[tuple[str, str]]:
    """Return the lines for a file that no key is at hand for."""
    return [
        ("missing", f"no key was given, and no ledger of yours is {origin}"),
        ("proven", "nothing"),
        ("to mend", "get the key by another way than this file, then:"),
        ("", f"ledger verify {path} --key 'NAME+HEX+BASE64'"),
    ]


def broken(path: Path, what: str, error: Tampered) -> Answer:
    """Return the answer for a file that does not hold."""
    failure = {"code": error.code, "message": error.message} | ({"seq": error.seq} if error.seq >= 0 else {})
    document = {"schema": f"ledger.verify_{what}/1", "verdict": "broken", "failures": [failure]}
    rows = [
        (f"the {what}", error.message),
        ("proven", "nothing"),
        ("to mend", "ask for it again; if it was right once, keep both files: they may prove two histories"),
    ]
    return Answer(document, block("BROKEN", f"BROKEN  {what} {path.name}", pairs(rows)), 3)

"""C22: the time-stamps of a log against the bytes they are kept with, and against the verifier's roots.

A token that does not fit its own bytes, or is not the one that the log records, is a failure: something was changed.
One that no root of the verifier stands behind, or that proves nothing by today's knowledge, is not counted, and listed.
"""

import hashlib
from typing import NamedTuple

from ledger import entry
from ledger.encoding import id_bytes, later
from ledger.errors import LedgerError, Misuse, Tampered
from ledger.notes.note import parse_note
from ledger.notes.treehead import parse_checkpoint
from ledger.policy import Policy
from ledger.report import Existed, Failure, Finding
from ledger.store import Anchor, Store
from ledger.tokens import chain, rehash
from ledger.tokens.token import Token, weak

MARGIN_DAYS = 90  # a token is renewed this long before the certificates under it end


class Judged(NamedTuple):
    """What the time-stamps of a log came to."""

    failures: list[Failure]
    findings: list[Finding]
    existed: list[Existed]


class Good(NamedTuple):
    """A token that a root of the verifier stands behind. `seq` is the entry that records it (-1: none does).

    `told`: revocation lists, or OCSP responses, tell of its certificates.
    """

    anchor: Anchor
    token: Token
    authority: str
    ends: str
    seq: int
    told: bool


def judge_anchors(store: Store, policy: Policy) -> Judged:
    """Return what the kept time-stamps prove. Raises `Misuse` where a root of the policy cannot be read."""
    judged = Judged([], [], [])
    trusted = chain.read_proofs(b"\n".join(policy.tsa_roots), "the roots of time-stamping authorities")
    good = []
    for anchor in store.anchors():
        what = f"time-stamp {anchor.number} (of size {anchor.size:,})"
        try:
            good.append(_judge(store, anchor, trusted))
        except (Misuse, Tampered) as error:
            if error.code == "token":
                judged.failures.append(Failure(22, "token", -1, f"{what}: {error.message}"))
            else:
                judged.findings.append(Finding(error.code, -1, f"{what} is not counted: {error.message}"))
    untold = sum(not one.told for one in good)
    if untold:
        what = f"of {untold:,} time-stamp(s) nothing that is here tells whether a certificate was revoked"
        judged.findings.append(Finding("revocation", -1, what))
    for one in _lasting(good, policy.now, judged):
        judged.existed.append(
            Existed("token", one.authority, one.anchor.size, one.token.time, one.seq + 1 if one.seq >= 0 else -1)
        )
        if one.seq < 0:
            what = f"time-stamp {one.anchor.number} is recorded by no entry"
            judged.findings.append(Finding("unrecorded", -1, f"{what}: ledger timestamp finishes that"))
    return judged


def notes_of(store: Store) -> list[bytes]:
    """Return the checkpoints that were stamped: they are judged like every kept one (C2, C3, C9)."""
    notes = []
    for anchor in store.anchors():
        try:
            notes.append(_note_of(anchor))
        except Tampered:
            continue  # said where it is judged
    return notes


def _note_of(anchor: Anchor) -> bytes:
    """Return the checkpoint that the stamped bytes are, or hold."""
    return anchor.imprinted if anchor.kind == "checkpoint" else rehash.read(anchor.imprinted).note


def _judge(store: Store, anchor: Anchor, trusted: chain.Proofs) -> Good:
    token = Token(anchor.token)
    if not token.hash:
        raise weak("it stamps a hash that is no longer trusted")
    if not token.fits(anchor.imprinted):
        raise Misuse("its token does not speak of the bytes that it is kept with", code="token")
    if parse_checkpoint(parse_note(_note_of(anchor)).text).size != anchor.size:
        raise Misuse("it is kept as of another size than the one that was stamped", code="token")
    if anchor.kind == "rehash":
        rehash.check(store, anchor)
    proofs = chain.read_proofs(anchor.proofs, "what is kept with it")
    signer = token.signed_by(proofs.certificates)
    seq = _recorded(store, anchor)
    others = [*token.certificates, *proofs.certificates]
    found = chain.build_chain(signer, others, trusted.certificates, token.time)
    told = chain.check_revocation(found, proofs.joined(trusted), token.time)
    return Good(anchor, token, chain.name_of(signer), min(map(chain.ends, found)), seq, told)


def _recorded(store: Store, anchor: Anchor) -> int:
    """Return the entry that records a token; raise `Misuse` where it records another one."""
    seq = store.find(anchor.event)
    if seq is None:
        return -1
    try:
        said = entry.read(store.read(seq)).fields["statement"]
        recorded = said["data"].get("stamp") if said["type"] in ("timestamped", "retimestamped") else None
    except LedgerError:
        return -1  # C5 says what is wrong with that entry
    if recorded != digest(anchor.token) or id_bytes(said["id"]) != anchor.event:
        raise Misuse(f"it is not the token that entry {seq} records", code="token")
    return seq


def _lasting(good: list[Good], now: str, judged: Judged) -> list[Good]:
    """Return those that still prove something: their certificates have not ended, or a later token came before.

    A later token covers the entry that records an earlier one: it shows that this one existed while it was good.
    """
    lasting: list[Good] = []
    for one in reversed(good):
        renewed = any(0 <= one.seq < later_.anchor.size and later_.token.time <= one.ends for later_ in lasting)
        if now and one.ends < now and not renewed:
            what = f"time-stamp of size {one.anchor.size:,}: its certificates ended on {one.ends[:10]}"
            judged.findings.append(Finding("ended", -1, f"{what}, and no later one had renewed it: not counted"))
            continue
        due = renew_by(one.ends)
        if now and due < now and not renewed:
            what = f"time-stamp of size {one.anchor.size:,}: renewal was due {due[:10]}"
            judged.findings.append(Finding("renewal", -1, f"{what}: ledger timestamp, before {one.ends[:10]}"))
        lasting.append(one)
    return lasting[::-1]


def renew_by(ends: str) -> str:
    """Return by when a token is to be renewed whose certificates end at `ends`."""
    return later(ends, -MARGIN_DAYS * 86_400)


def digest(data: bytes) -> str:
    """Return the digest of a token, as the log records it."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"

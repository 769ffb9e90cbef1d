"""Time-stamping a ledger: one order of writes, each step finished by a run that comes later.

    step                                                a crash after it leaves
    1  the newest head is closed: both lines, kept      a closed checkpoint; closing again returns it
    2  the authority is asked, chain and revocation fetched  the same; the token is lost, another one is asked for
    3  the token is kept, with the id of its event      a token that no entry records: the next run records it (5)
    4  `timestamped` is recorded under that id          all of it
    5  at the start of the next run: 4 for each kept token whose id is not in the log

The event names the token's digest. So every later checkpoint commits to the token, and a token over that one renews it
(RFC 4998 5.2); and every entry after the event is no older than the token, which nobody could have known before.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

from ledger import encoding
from ledger.anchors.revocation import fetch_revocation
from ledger.anchors.rfc3161 import ask
from ledger.fresh import new_id, now_text
from ledger.store import Anchor
from ledger.tokens import chain, judge, rehash
from ledger.tokens.token import Token

if TYPE_CHECKING:
    from ledger.api import Ledger


class Stamped(NamedTuple):
    """What a run came to: the newest time-stamp, its event's entry (-1: recorded by none), and what was done.

    `fresh`: a token was asked for; `finished`: events of earlier runs that were recorded now.
    """

    anchor: Anchor
    token: Token
    authority: str
    renew_by: str
    seq: int
    fresh: bool
    finished: int


def stamp(
    ledger: "Ledger",
    url: str,
    *,
    roots: tuple[bytes, ...] = (),
    proofs: bytes = b"",
    again: bool = False,
    new_hash: bool = False,
    fetch: bool = True,
) -> Stamped:
    """Have the newest checkpoint time-stamped by the authority at `url`, keep the token, record it.

    `roots` and `proofs` are PEM texts: what is trusted, and further certificates, revocation lists and OCSP responses.
    Nothing is asked where nothing came since the last token and it need not be renewed yet, unless `again`.
    `new_hash`: all entries are hashed with SHA-512 and that is stamped too (for the day when SHA-256 weakens). Raises
    `Misuse` (no log's key, no author, a token under none of `roots`), `Unavailable` (the authority), `Tampered`;
    nothing is kept then.
    """
    ledger.identity  # noqa: B018 - who records is known before anybody is asked
    finished = sum(_record(ledger, anchor) for anchor in ledger.store.anchors())
    anchors = ledger.store.anchors()
    if anchors and not again and not new_hash and _is_enough(ledger, anchors[-1]):
        return _result(ledger, anchors[-1], fresh=False, finished=finished)
    anchor = _ask(ledger, url, anchors, roots, chain.read_proofs(proofs, "--proofs"), new_hash=new_hash, fetch=fetch)
    ledger.store.keep_anchor(anchor)
    _record(ledger, anchor)
    return _result(ledger, anchor, fresh=True, finished=finished)


def _ask(
    ledger: "Ledger",
    url: str,
    anchors: list[Anchor],
    roots: tuple[bytes, ...],
    given: chain.Proofs,
    *,
    new_hash: bool,
    fetch: bool,
) -> Anchor:
    imprinted = note = ledger.close_checkpoint()
    if new_hash:
        imprinted = rehash.write(ledger.store, note, anchors)
    token = ask(url, imprinted, hash=rehash.HASH if new_hash else "sha256")
    signer = token.signed_by(given.certificates)
    chain.check_purpose(signer)
    trusted = chain.read_proofs(b"\n".join(roots), "--tsa-root")
    if trusted.certificates:
        chain.build_chain(signer, [*token.certificates, *given.certificates], trusted.certificates, token.time)
    kept = given._replace(certificates=list(dict.fromkeys([*given.certificates, *token.certificates])))
    if fetch:
        kept = kept.joined(fetch_revocation([*kept.certificates, *trusted.certificates]))
    return Anchor(
        number=anchors[-1].number + 1 if anchors else 1,
        kind="rehash" if new_hash else "checkpoint",
        size=rehash.checkpoint_of(note).size,
        event=encoding.id_bytes(new_id()),
        imprinted=imprinted,
        token=token.data,
        proofs=chain.write_proofs(kept),
    )


def _record(ledger: "Ledger", anchor: Anchor) -> bool:
    """Record a kept token, if that was not done."""
    if ledger.store.find(anchor.event) is not None:
        return False
    token, authority, renew_by = read(anchor)
    hashed = rehash.read(anchor.imprinted) if anchor.kind == "rehash" else None
    note = hashed.note if hashed else anchor.imprinted
    fields: dict[str, Any] = {
        "size": anchor.size,
        "root": f"sha256:{rehash.checkpoint_of(note).root.hex()}",
        "stamp": judge.digest(anchor.token),
        "proofs": judge.digest(anchor.proofs),
        "authority": authority,
        "stamped": token.time,
        "renew_by": renew_by,
    }
    if hashed:
        fields |= {"hash": rehash.HASH, "rehashed": hashed.root.hex()}
    type = "retimestamped" if hashed else "timestamped"
    ledger.record(type, id=encoding.id_text(anchor.event), **fields)
    return True


def read(anchor: Anchor) -> tuple[Token, str, str]:
    """Return a kept token, whom its certificate names, and by when it is to be renewed."""
    token = Token(anchor.token)
    proofs = chain.read_proofs(anchor.proofs, "what is kept with it")
    signer = token.signed_by(proofs.certificates)
    ends = min(map(chain.ends, [signer, *token.certificates, *proofs.certificates]))
    return token, chain.name_of(signer), judge.renew_by(ends)


def _is_enough(ledger: "Ledger", newest: Anchor) -> bool:
    """Whether the newest token's own event is all that came since, and that token need not be renewed."""
    if ledger.store.head().size > newest.size + 1 or ledger.store.find(newest.event) != newest.size:
        return False
    return now_text() < read(newest)[2]


def _result(ledger: "Ledger", anchor: Anchor, *, fresh: bool, finished: int) -> Stamped:
    token, authority, renew_by = read(anchor)
    seq = ledger.store.find(anchor.event)
    return Stamped(anchor, token, authority, renew_by, -1 if seq is None else seq, fresh, finished)

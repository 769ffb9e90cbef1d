"""A person's decision, from what they looked at to the log: signed here, or elsewhere on a machine without a network.

The two steps: `prepare` composes the statement and returns the very bytes that its author signs; `submit` takes these
bytes back with the signature. Between the two nothing can be changed: the bytes are read in the one form, they are
what was signed, and the head that the approver saw (`seen`) must be in this log.
"""

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ledger import encoding, statement
from ledger.authoring import Signed, receipt_of
from ledger.encoding import STATEMENT_TYPE, pae
from ledger.entry import Entry
from ledger.errors import Conflict, Misuse, Tampered
from ledger.identity import Identity
from ledger.keys.credential import Credential, Key, verifies
from ledger.keys.openssh import name_of, read_blob
from ledger.keys.sshsig import namespace, read_armour, signed_as
from ledger.keys.wire import Malformed
from ledger.known import KnownLog
from ledger.placing import Item, Request, Single
from ledger.receipts import Receipt
from ledger.writing import DECISIONS, author_for

if TYPE_CHECKING:
    from ledger.api import Ledger

NAMESPACE: Final = namespace(STATEMENT_TYPE)
PREPARED_LIMIT: Final = 65_536


class Prepared(NamedTuple):
    """`message`: the bytes to sign, `fields` the statement in them; `disclosures` open what is sealed in it."""

    message: bytes
    fields: dict[str, Any]
    disclosures: tuple[str, ...]


class _Elsewhere:
    """An author whose key is not here."""

    def __init__(self, credential: Credential) -> None:
        self.credential = credential

    def sign(self, payload_type: str, body: bytes) -> tuple[bytes, ...]:  # noqa: ARG002
        return ()


# ---- here ----


def sign(ledger: "Ledger", kind: str, fields: dict[str, Any]) -> Signed:
    """Return the decision, signed by this user's key; nothing is recorded yet."""
    return ledger._author().sign(kind, fields)


def place(ledger: "Ledger", signed: Signed, looked_at: int, system: str, digest: str) -> Receipt:
    """Record a signed decision; raise `Conflict` where something about it was recorded since `looked_at` entries."""
    new = since(ledger, looked_at, system, digest)
    if new:
        said = ", ".join(f"{one.statement.type} [{one.seq}]" for one in new[:4])
        many = f"{len(new)} statements" if len(new) > 1 else "a statement"
        raise Conflict(
            f"{many} about this version came while you looked: {said}; nothing was recorded",
            "look again, and decide again",
            code="came_meanwhile",
        )
    return ledger._place(signed)


def since(ledger: "Ledger", size: int, system: str, digest: str) -> list[Entry]:
    """Return what was recorded after the first `size` entries and may change what a decision about a set rests on."""
    return [one for one in ledger.entries(size, system=system) if _is_about(one, digest)]


def _is_about(placed: Entry, digest: str) -> bool:
    """Whether an entry may change what a decision about a set rests on: it names the set, or no set at all."""
    artifacts = placed.statement.subject.get("artifacts")
    return not isinstance(artifacts, dict) or f"sha256:{statement.set_digest(artifacts)}" == digest


# ---- elsewhere ----


def prepare(ledger: "Ledger", kind: str, fields: dict[str, Any], actor: str, credential: Credential) -> Prepared:
    """Return the decision of `actor` as the bytes that their `credential` has to sign; nothing is recorded."""
    author = author_for(ledger, None, Identity(actor, _Elsewhere(credential), "elsewhere"))
    signed = author.sign(kind, fields)
    return Prepared(pae(STATEMENT_TYPE, signed.item.body), signed.item.fields, signed.disclosures)


def credential_of(ledger: "Ledger", key: str) -> Credential | None:
    """Return the credential of an id, as the log's key events say."""
    return ledger.trust().credential(key)


def read_prepared(data: bytes, where: str) -> Item:
    """Return the statement in bytes that `prepare` made; raise `Misuse` for any other, be it by one byte."""
    body = data[: PREPARED_LIMIT + 1].split(b" ", 4)[-1]
    try:
        good = len(data) <= PREPARED_LIMIT and pae(STATEMENT_TYPE, body) == data
        fields = statement.read(body) if good else {}
    except Tampered as error:
        raise _changed(where, error.message) from None
    if not good:
        raise _changed(where, "its length and its head do not fit what is in it")
    if fields["type"] not in DECISIONS:
        what = f"{where} says {fields['type']}, which is no decision of an approver"
        raise Misuse(what, "ledger record", code="type")
    return Item(fields, body, encoding.id_bytes(fields["id"]), statement.statement_hash(body))


def _changed(where: str, why: str) -> Misuse:
    fix = "take the file as it was prepared, byte for byte, or prepare it again"
    return Misuse(f"{where} is not what ledger approve --prepare writes: {why}", fix, code="prepared")


def submit(ledger: "Ledger", item: Item, signature: bytes, disclosures: tuple[str, ...]) -> Receipt:
    """Record a decision that was signed elsewhere; `signature` is what the signer wrote: an SSH signature, or raw.

    Raises `Misuse` where the signature is not by the key that the statement names, over these very bytes, or where
    this log is not the one that the approver saw.
    """
    credential = credential_of(ledger, item.fields["key"])
    if credential is None:
        what = f"the key {item.fields['key'][:16]} of {item.fields['actor']} is not authorised here"
        raise Misuse(f"{what}; nothing was recorded", "ledger key list", code="unauthorised")
    made = tuple(_signature(key, item, signature) for key in credential.keys)
    if seen := item.fields["data"].get("seen"):
        _check_seen(ledger, seen["size"], seen["root"].removeprefix("sha256:"))
    request = Request([Single(item, made)], None, disclosures, signed_here=False)
    (outcome,) = ledger._place_each([request])
    if isinstance(outcome, Exception):
        raise outcome
    return receipt_of(item, outcome[0], "sealed" if ledger._log().seals else "placed")


def _check_seen(ledger: "Ledger", size: int, root: str) -> None:
    """Raise `Tampered` where the ledger that the approver saw is not the beginning of this one."""
    with ledger.store.writing() as section:
        known = KnownLog.read(section, section.head())
        if size > known.head.size or known.root_at(size, section).hex() != root:
            raise Tampered(
                f"the approver saw a ledger of {size:,} entries that is not the beginning of this one",
                "keep the file, and ask which ledger it was made from; ledger verify",
                code="other_history",
                check=4,
            )


def _signature(key: Key, item: Item, given: bytes) -> bytes:
    """Return the signature as the entry holds it; raise `Misuse` saying why it is not this key's over these bytes."""
    ssh = key.scheme.startswith("sshsig-")
    blob = read_armour(given, "the signature") if ssh else given
    if not verifies(key, STATEMENT_TYPE, pae(STATEMENT_TYPE, item.body), blob):
        why = _why_not(blob, item.fields["key"]) if ssh else _OVER
        raise Misuse(f"{why}; nothing was recorded", how_to_sign(key.scheme, "FILE"), code="bad_signature")
    return blob


def _why_not(blob: bytes, key: str) -> str:
    try:
        signer, space = signed_as(blob)
        credential = Credential((read_blob(signer, "the signature"),))
    except (Malformed, Misuse):
        return "the signature is not by a key that signs here"
    if credential.id != key:
        return f"the signature is by {name_of(credential)}, not by the key that the statement names"
    if space != NAMESPACE:
        return f"the signature was made for the namespace {space!r}"
    return _OVER


def how_to_sign(scheme: str, file: str) -> str:
    """Return the command that signs a prepared file with a key of `scheme`."""
    if scheme.startswith("sshsig-"):
        return f"ssh-keygen -Y sign -f KEY -n {NAMESPACE} {file}"
    return f"openssl pkeyutl -sign -rawin -inkey KEY -in {file} -out {file}.sig"


_OVER: Final = "the signature is not by that key over these bytes: the file was changed, or another one was signed"

"""Every parser of bytes that strangers hand over, with good examples: each gives a value or a named error, soon.

`BOTH`: what the package and the auditor's file both parse; there they must agree on whether it is good, too.
"""

import json
import shutil
from collections.abc import Callable
from contextlib import closing
from types import SimpleNamespace
from typing import Any, NamedTuple

from ledger import authorship, encoding, entry, statement
from ledger.bundle.checks import verify_store
from ledger.bundle.container import read_container
from ledger.bundle.contents import read_manifest
from ledger.bundle.store import BundleStore
from ledger.certificates import read_certificate
from ledger.cli.keyfiles import read_request as read_key_request
from ledger.cli.keyfiles import read_requests
from ledger.cli.said import read_object
from ledger.config import resolve
from ledger.deciding import read_prepared
from ledger.disclosures import open_disclosure
from ledger.errors import LedgerError
from ledger.evidence import manifest_lines
from ledger.extracts import check_consistent
from ledger.genesis import read_genesis
from ledger.keys.agent import read_identities, read_signature
from ledger.keys.files import read_log_key, read_signer
from ledger.keys.openssh import read_blob, read_private, read_public
from ledger.keys.sshsig import read_armour, signed_as, verify_blob
from ledger.keys.wire import Malformed
from ledger.merkle.bundles import read_bundle
from ledger.notes.adding import read_request
from ledger.notes.merging import merge_notes
from ledger.notes.note import parse_note
from ledger.notes.treehead import parse_checkpoint
from ledger.notes.verifier import VerifierKey
from ledger.omitted import read_omitted
from ledger.pins import parse_pin
from ledger.policy import Policy
from ledger.policy.file import read_policy
from ledger.receipts import check_proof, genesis_of_proof
from ledger.roots import read_pem
from ledger.stores.opening import open_read_only
from ledger.tokens import der, rehash
from ledger.tokens.chain import read_proofs
from ledger.tokens.exchange import read_answer
from ledger.tokens.ocsp import read_answers
from ledger.tokens.token import Token
from ledger.verify import verify_log
from tests.bundle.packing import pack
from tests.fuzz import world as good
from tests.reference.second import SECOND

World = SimpleNamespace
SECONDS_REFUSALS = (SECOND.Bad, SECOND.Unknown, SECOND.Misuse)


class Parser(NamedTuple):
    """A parser: what reads (given the world, too), its good examples, what it may raise, whether it takes its time."""

    read: Callable[[World, bytes], Any]
    seeds: Callable[[World], list[bytes]]
    refuses: tuple[type[Exception], ...] = (LedgerError,)
    heavy: bool = False


def text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def statements(world: World) -> list[bytes]:
    return [entry.body_of(data) for data in world.entries[:12]] + good.vectors("statements/good.json")


def notes(world: World) -> list[bytes]:
    return [world.note, world.older]


def first(world: World) -> list[bytes]:
    return [entry.body_of(world.entries[0])]


def put(world: World, name: str, data: bytes) -> str:
    path = world.place / name
    path.write_bytes(data)
    return str(path)


# ---- whole things, written where they are read from ----


def container(world: World, data: bytes) -> object:
    with open(put(world, "mutated.zip", data), "rb") as file:
        return read_container(file, lambda name: True)


def judge_bundle(world: World, data: bytes) -> str:
    with closing(BundleStore(put(world, "mutated.zip", data))) as store:
        return verify_store(store, Policy(keys=world.vkeys)).verdict


def judge_bundle_again(world: World, data: bytes) -> str:
    return SECOND.verify_bundle(put(world, "mutated.zip", data), world.keys).verdict


def member(world: World, data: bytes) -> bytes:
    """Return a bundle with one file changed: the file's name, LF, what is in it; MANIFEST is right about it."""
    name, _, content = data.partition(b"\n")
    chosen = name.decode("latin-1") if name.decode("latin-1") in world.members else "state.json"
    path = world.place / "member.zip"
    pack(path, {**world.members, chosen: content}, honest=chosen != "MANIFEST")
    return path.read_bytes()


def members(world: World) -> list[bytes]:
    names = [name for name in world.members if not name.startswith("schemas/") and not name.endswith((".md", ".py"))]
    return [name.encode() + b"\n" + world.members[name] for name in names]


def judge_published(world: World, data: bytes) -> str:
    """A published folder with one file changed: its path, LF, what is in it."""
    name, _, content = data.partition(b"\n")
    chosen = name.decode("latin-1") if name.decode("latin-1") in world.published else "checkpoint"
    folder = world.place / "mutated"
    if not folder.exists():
        shutil.copytree(world.place / "tiles", folder)
    path = folder / chosen
    path.write_bytes(content)
    try:
        with closing(open_read_only(str(folder))) as store:
            return verify_log(store, Policy(keys=world.vkeys)).verdict
    finally:
        path.write_bytes(world.published[chosen])


def published(world: World) -> list[bytes]:
    return [name.encode() + b"\n" + data for name, data in world.published.items()]


def judge_database(world: World, data: bytes) -> str:
    path = world.place / "mutated.db"
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    with closing(open_read_only(put(world, path.name, data))) as store:
        return verify_log(store, Policy(keys=world.vkeys)).verdict


def settings(world: World, data: bytes, name: str = "ledger.toml") -> object:
    folder = world.place / name.partition(".")[0]
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)
    return resolve(None, folder)


def toml(world: World) -> list[bytes]:
    return [
        f'url = "ledger.db"\norigin = "{world.origin}"\nkey = "{world.keys[0]}"\ngenesis = "{world.leaf}"\n'.encode(),
        b'url = "postgresql://db/ml"\nmode = "spool"\nsystem = "credit"\nevidence = "kept"\ncapture = ["git"]\n',
    ]  # fmt: skip


def manifest(world: World, data: bytes) -> object:
    import hashlib

    return manifest_lines(hashlib.sha256(data).hexdigest(), data)


def manifests(world: World) -> list[bytes]:
    from ledger.evidence import MANIFEST

    return [MANIFEST + b"".join(b"%064x  plots/a%d.svg\n" % (n, n) for n in range(3))]


def chain(world: World) -> list[bytes]:
    found = [proof.split(b"\n")[1].removeprefix(b"extra ") for proof in world.receipts]
    return [encoding.b64decode(one.decode()) for one in found]


def proofs(world: World) -> list[bytes]:
    return [anchor.proofs for anchor in world.anchors if anchor.proofs]


PARSERS: dict[str, Parser] = {
    "one form": Parser(lambda w, d: encoding.decode(d, 65_535), lambda w: good.vectors("json/good.json")),
    "statement": Parser(lambda w, d: statement.read(d), statements),
    "entry": Parser(lambda w, d: entry.read(d), lambda w: w.entries),
    "entry, to be shown": Parser(lambda w, d: entry.view(d), lambda w: w.entries),
    "genesis": Parser(lambda w, d: read_genesis(statement.read(d), w.leaf), first),
    "left out": Parser(lambda w, d: read_omitted(d), lambda w: [b'["%064x"]' % 1, b'["%064x","%064x"]' % (1, 2)]),
    "note": Parser(lambda w, d: parse_checkpoint(parse_note(d).text), notes),
    "notes merged": Parser(lambda w, d: merge_notes(w.note, d), notes),
    "verifier key": Parser(lambda w, d: VerifierKey.parse(text(d)), lambda w: [key.encode() for key in w.keys]),
    "request to a witness": Parser(lambda w, d: read_request(d), lambda w: [w.asked]),
    "receipt": Parser(lambda w, d: check_proof(d, w.origin, w.vkeys), lambda w: w.receipts),
    "receipt's genesis": Parser(lambda w, d: genesis_of_proof(d), lambda w: w.receipts),
    "receipt's chain": Parser(lambda w, d: authorship.read(d, 1 << 20), chain),
    "consistency": Parser(lambda w, d: check_consistent(d, w.origin, w.vkeys), lambda w: [w.consistency]),
    "policy": Parser(lambda w, d: read_policy(d, "policy"), good.policies),
    "pin": Parser(lambda w, d: parse_pin(d), lambda w: [w.pin]),
    "certificate": Parser(lambda w, d: read_certificate(d), lambda w: [w.certificate]),
    "disclosure": Parser(lambda w, d: open_disclosure(text(d)), lambda w: [one.encode() for one in w.disclosures]),
    "key request": Parser(lambda w, d: read_key_request(d, "file", "ana"), lambda w: [w.request, w.line]),
    "key requests": Parser(lambda w, d: read_requests(d, "file"), lambda w: [w.request, w.request + b"\n" + w.request]),
    "prepared decision": Parser(lambda w, d: read_prepared(d, "file"), lambda w: [w.prepared]),
    "private key": Parser(lambda w, d: read_signer(d, "file", lambda _: good.PASSPHRASE), lambda w: w.private),
    "log's key": Parser(lambda w, d: read_log_key(d, "file", w.origin, lambda _: b""), lambda w: [w.log_key]),
    "OpenSSH private key": Parser(lambda w, d: read_private(d, "file"), lambda w: w.private[:2]),
    "OpenSSH public key": Parser(lambda w, d: read_public(text(d), "file"), lambda w: [w.line]),
    "OpenSSH key blob": Parser(lambda w, d: read_blob(d, "file"), lambda w: [w.blob]),
    "SSH signature": Parser(lambda w, d: verify_blob(w.public, encoding.STATEMENT_TYPE, w.message, d), lambda w: [w.sshsig]),
    "SSH signature's armour": Parser(lambda w, d: read_armour(d, "file"), lambda w: [w.armoured]),
    "SSH signature's names": Parser(lambda w, d: signed_as(d), lambda w: [w.sshsig], (Malformed,)),
    "agent's keys": Parser(lambda w, d: read_identities(d), lambda w: [w.identities], (LedgerError, Malformed)),
    "agent's signature": Parser(lambda w, d: read_signature(d, "sshsig-ed25519"), lambda w: [w.signature], (LedgerError, Malformed)),
    "DER": Parser(lambda w, d: walk(der.read(d)), good.tokens),
    "token": Parser(lambda w, d: Token(d), good.tokens),
    "authority's answer": Parser(lambda w, d: read_answer(d, w.anchors[0].imprinted, Token(w.anchors[0].token).nonce), good.answers),
    "certificates and lists": Parser(lambda w, d: read_proofs(d, "file"), proofs),
    "OCSP answers": Parser(lambda w, d: read_answers(d), proofs),
    "roots": Parser(lambda w, d: read_pem(put_path(w, d)), proofs),
    "rehash": Parser(lambda w, d: rehash.read(d), lambda w: [one.imprinted for one in w.anchors if one.kind == "rehash"]),
    "tile of entries": Parser(lambda w, d: read_bundle(d, len(w.entries)), lambda w: [d for n, d in w.published.items() if n.startswith("tile/entries")]),
    "bundle's MANIFEST": Parser(lambda w, d: read_manifest(d), lambda w: [w.members["MANIFEST"]]),
    "ZIP": Parser(container, lambda w: w.bundles),
    "bundle": Parser(judge_bundle, lambda w: w.bundles, heavy=True),
    "file in a bundle": Parser(lambda w, d: judge_bundle(w, member(w, d)), members, heavy=True),
    "published folder": Parser(judge_published, published, heavy=True),
    "ledger's file": Parser(judge_database, lambda w: [w.database], heavy=True),
    "manifest of a folder": Parser(manifest, manifests),
    "ledger.toml": Parser(settings, toml),
    "pyproject.toml": Parser(lambda w, d: settings(w, d, "pyproject.toml"), lambda w: [b"[tool.ledger]\n" + one for one in toml(w)]),
    "JSON on the command line": Parser(lambda w, d: read_object(d.decode("utf-8", "replace"), "it"), lambda w: [json.dumps(v).encode() for v in ({"a": [1]}, {})]),
    "verify.py: one form": Parser(lambda w, d: SECOND.decode(d, 65_535), lambda w: good.vectors("json/good.json"), SECONDS_REFUSALS),
    "verify.py: statement": Parser(lambda w, d: SECOND.read_statement(d), statements, SECONDS_REFUSALS),
    "verify.py: entry": Parser(lambda w, d: SECOND.read_entry(d), lambda w: w.entries, SECONDS_REFUSALS),
    "verify.py: note": Parser(lambda w, d: SECOND.read_note(d), notes, SECONDS_REFUSALS),
    "verify.py: verifier key": Parser(lambda w, d: SECOND.read_vkey(text(d)), lambda w: [key.encode() for key in w.keys], SECONDS_REFUSALS),
    "verify.py: policy": Parser(lambda w, d: SECOND.read_policy(d), good.policies, SECONDS_REFUSALS),
    "verify.py: disclosure": Parser(lambda w, d: SECOND.read_disclosure(text(d)), lambda w: [one.encode() for one in w.disclosures], SECONDS_REFUSALS),
    "verify.py: token": Parser(lambda w, d: SECOND.read_token(d), good.tokens, SECONDS_REFUSALS),
    "verify.py: SSH signature": Parser(lambda w, d: SECOND.sshsig(w.public, w.message, d, encoding.STATEMENT_TYPE.encode()), lambda w: [w.sshsig], SECONDS_REFUSALS),
    "verify.py: receipt": Parser(lambda w, d: SECOND.verify_receipt(d, second_policy(w)), lambda w: w.receipts, SECONDS_REFUSALS),
    "verify.py: consistency": Parser(lambda w, d: SECOND.verify_consistency(d, second_policy(w)), lambda w: [w.consistency], SECONDS_REFUSALS),
    "verify.py: bundle": Parser(judge_bundle_again, lambda w: w.bundles, SECONDS_REFUSALS, heavy=True),
    "verify.py: file in a bundle": Parser(lambda w, d: judge_bundle_again(w, member(w, d)), members, SECONDS_REFUSALS, heavy=True),
}  # fmt: skip


def walk(node: Any, depth: int = 0) -> int:
    """Read a DER value to its ends."""
    assert depth < 200
    return 1 + sum(walk(one, depth + 1) for one in node.children()) if node.tag & 0x20 else 1


def put_path(world: World, data: bytes) -> Any:
    from pathlib import Path

    return Path(put(world, "roots.pem", data))


def second_policy(world: World) -> Any:
    return SECOND.Policy([SECOND.read_vkey(key) for key in world.keys], "")


def shown_good(shown: Any) -> None:
    """Raise where verify.py's answer is not that all is well: it says so in a value."""
    if shown.verdict != "VERIFIED":
        raise SECOND.Bad(0, shown.why if hasattr(shown, "why") else shown.verdict)


# The package's and the auditor's: what one takes the other takes.
BOTH: dict[str, tuple[Callable[[World, bytes], Any], Callable[[World, bytes], Any]]] = {
    name: (PARSERS[name].read, PARSERS[f"verify.py: {name}"].read)
    for name in ("one form", "statement", "entry", "note", "verifier key", "policy", "disclosure")
} | {
    "receipt": (PARSERS["receipt"].read, lambda w, d: shown_good(SECOND.verify_receipt(d, second_policy(w)))),
    "consistency": (PARSERS["consistency"].read, lambda w, d: shown_good(SECOND.verify_consistency(d, second_policy(w)))),
    "bundle": (judge_bundle, judge_bundle_again),
    "file in a bundle": (PARSERS["file in a bundle"].read, PARSERS["verify.py: file in a bundle"].read),
}  # fmt: skip

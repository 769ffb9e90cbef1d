"""Good examples of everything that is parsed: of one small ledger, its bundle, published folder, keys and tokens."""

import base64
import itertools
import json
import zipfile
from pathlib import Path
from types import SimpleNamespace

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.api import Ledger
from ledger.bundle.export import export_bundle
from ledger.certificates import write_certificate
from ledger.cli.keyfiles import public_side
from ledger.config import keys_folder, log_key_path
from ledger.encoding import STATEMENT_TYPE, pae
from ledger.entry import body_of
from ledger.extracts import consistency
from ledger.keys.sources import open_signer
from ledger.keys.sshsig import armour, key_blob
from ledger.keys.wire import strings
from ledger.notes.adding import write_request
from ledger.pins import pin_path
from ledger.publish import publish
from ledger.stores.folder import Folder
from ledger.tokens.exchange import wrap
from tests.log.acts import MODEL, say, say_many, tell

VECTORS = Path(__file__).parents[1] / "vectors"
PASSPHRASE = b"a passphrase"


def make(place: Path, authority=None) -> SimpleNamespace:
    """Make the world in a folder; with an authority, checkpoints are time-stamped."""
    with Ledger.create(place / "ledger.db", origin="ledger.test/one", actor="mara") as ledger:
        tell(ledger, place)
        older = ledger.close_checkpoint()
        if authority is not None:
            from ledger.anchors.stamping import stamp

            stamp(ledger, authority.url)
            stamp(ledger, authority.url, again=True, new_hash=True)
        say_many(ledger, 3, 40)
        say(ledger, 50)
        ledger.record("approved", system="credit", version="1.0", artifacts={"model": MODEL}, stage="production")
        note = ledger.close_checkpoint()
        keys = [key.text for key in ledger.genesis.log_keys]
        size = ledger.store.head().size
        world = SimpleNamespace(
            place=place, keys=keys, vkeys=ledger.genesis.log_keys, leaf=ledger.genesis_leaf, origin=ledger.origin,
            older=older, note=note, entries=[row.data for row in ledger.store.rows(0, size)],
            anchors=ledger.store.anchors(),
        )  # fmt: skip
        world.receipts = [ledger.prove(seq) for seq in (0, 2, 9, size - 1)]
        world.consistency = consistency(ledger.store, older, note, ledger.origin, list(world.vkeys))
        world.disclosures = list(ledger.store.disclosures())
        fields = {"genesis": world.leaf, "origin": world.origin, "size": size, "root": "sha256:" + "0" * 64}
        world.certificate = write_certificate("migration", fields, "mara", open_signer(str(keys_folder() / "mara.key")))
        world.pin = pin_path(world.origin).read_bytes()
        for name, chosen in (("whole.zip", None), ("partial.zip", {3, 10})):
            export_bundle(ledger.store, ledger.genesis, place / name, disclose="all", entries=chosen)
        publish(ledger.store, note, Folder(place / "tiles"), disclosures=True)
    world.database = (place / "ledger.db").read_bytes()
    world.bundles = [(place / name).read_bytes() for name in ("whole.zip", "partial.zip")]
    with zipfile.ZipFile(place / "whole.zip") as opened:
        world.members = {name: opened.read(name) for name in opened.namelist()}
    tiles = place / "tiles"
    world.published = {
        str(path.relative_to(tiles)): path.read_bytes()
        for path in sorted(tiles.rglob("*"))
        if path.is_file() and ".publishing" not in path.parts
    }
    _keys(world)
    return world


def _keys(world: SimpleNamespace) -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    forms = itertools.product(
        (serialization.PrivateFormat.OpenSSH, serialization.PrivateFormat.PKCS8),
        (serialization.NoEncryption(), serialization.BestAvailableEncryption(PASSPHRASE)),
    )
    world.private = [private.private_bytes(serialization.Encoding.PEM, form, lock) for form, lock in forms]
    world.log_key = log_key_path(world.origin).read_bytes()
    (world.place / "id").write_bytes(world.private[0])
    (world.place / "id").chmod(0o600)
    signer = open_signer(str(world.place / "id"))
    world.message = world.entries[2]
    world.public = signer.credential.keys[0].public
    (world.sshsig,) = signer.sign(STATEMENT_TYPE, world.message)
    world.armoured = armour(world.sshsig).encode()
    world.blob = key_blob("sshsig-ed25519", world.public)
    world.line = b"ssh-ed25519 " + base64.b64encode(world.blob) + b" ana@desk\n"
    world.identities = (1).to_bytes(4, "big") + strings(world.blob, b"ana@desk")
    world.signature = strings(strings(b"ssh-ed25519", private.sign(b"x")))
    world.request = json.dumps(public_side("mara", None)).encode()
    world.prepared = pae(STATEMENT_TYPE, body_of(world.entries[-1]))
    world.asked = write_request(0, [], world.note)


def policies(world: SimpleNamespace) -> list[bytes]:
    """Return policies of every word."""
    other = world.keys[0]
    witness = "witness.example/w+d2a8ae0d+BHJlYWxseSBubyBrZXkgYXQgYWxsISEhISEhISEhISE="
    return [
        f"ledger-policy/v1\n# mine\norigin {world.origin}\ngenesis {world.leaf}\nlog {other}\nlog {world.keys[1]}\n"
        "require all\nsize 7\ndate 2026-11-01\n".encode(),
        f"ledger-policy/v1\nlog\t{other} https://ledger.test/\nwitness w {witness}\ngroup g 1 w\nquorum g\n".encode(),
    ]


def tokens(world: SimpleNamespace) -> list[bytes]:
    """Return time-stamp tokens; none where no authority could be made."""
    return [anchor.token for anchor in world.anchors]


def answers(world: SimpleNamespace) -> list[bytes]:
    """Return an authority's answers."""
    return [wrap(token) for token in tokens(world)]


def vectors(name: str) -> list[bytes]:
    """Return the bodies of json/NAME.json or statements/NAME.json."""
    return [base64.b64decode(text) for text in json.loads((VECTORS / name).read_bytes()).values()]

"""What the tests of the log record: statements that differ in one number, and a small history of every kind."""

from ledger.api import Ledger
from ledger.keys.ed25519 import Ed25519Signer
from ledger.keys.files import save

MODEL = "sha256:" + "b" * 64
DATA = {"digest": "sha256:" + "a" * 64, "kind": "file", "media_type": "text/csv", "size": 3}


def saying(number):
    """Fields of an `evaluated` that no other number gives."""
    return {
        "system": "credit",
        "version": "1.0",
        "artifacts": {"model": MODEL},
        "metrics": {"auc": number / 1000},
        "time": "2026-11-01T08:00:00.000000Z",
    }


def say(ledger, number=1, **more):
    return ledger.record("evaluated", **saying(number), **more)


def say_many(ledger, count, start=0):
    return ledger.record_many(("evaluated", saying(number)) for number in range(start, start + count))


def authorise(ledger, handle, folder, roles=("recorder",), **more):
    """Introduce an actor with a new key; return the key's file."""
    ledger.record("actor_introduced", handle=handle, kind="human", name=f"{handle} P.")
    signer = Ed25519Signer.generate()
    path = folder / f"{handle}.key"
    save(path, signer.to_pem())
    ledger.record("key_authorized", handle=handle, keys=signer.credential.to_json(), roles=list(roles), **more)
    return path


def tell(ledger, folder):
    """A history of sixteen entries: single ones, a reference, key events, a sealed field, a batch, two authors."""
    ledger.record("dataset_registered", dataset="credit@1", role="training", evidence=[DATA])  # 1
    trained = ledger.record(
        "trained", system="credit", version="1.0", artifacts={"model": MODEL}, parameters={"depth": 6}
    )  # 2
    ledger.record("evaluated", of=trained, metrics={"auc": 0.79})  # 3
    ledger.record("approved", of=trained, stage="production", reason="seen")  # 4
    key = authorise(ledger, "ana", folder)  # 5, 6
    with Ledger.open(ledger.place.location, key=key) as hers:
        say(hers, 7)  # 7
    say_many(ledger, 4, 8)  # 8 to 11
    for number in (12, 13, 14):
        say(ledger, number)
    ledger.record("deployed", of=trained, environment="production", deployment="eu")  # 15
    return key

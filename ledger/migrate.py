"""A ledger moved into another store in the middle of its life, and the proof that not a bit changed.

    step                                                    a crash here leaves
    1  the entries are copied, in parts, while the source   a beginning that is no ledger yet; run again, it goes on
       still takes new ones (`ledger.copying`)
    2  `migrated` is recorded at the source: from here on   the same, and a source that says where to look; run again,
       it takes no more entries                             the rest is copied
    3  the rest is copied, and what is kept beside          the same, or two whole ledgers; neither takes entries
    4  both are compared, bit for bit, and the projections  the same
       of both by their fingerprints
    5  `verified` is recorded at the destination, and       a ledger that moved; run again, the certificate is made
       names `migrated`: there the log goes on
    6  the certificate is signed

A source that can only be read (a published folder, a bundle) is not told: then nobody must go on writing to the ledger
it was made of. Pins hold on both sides: whoever does go on there makes a second history, and a verification says so.
"""

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ledger import entry, statement
from ledger.certificates import Certificate, check_certificate, write_certificate
from ledger.copying import Progress, copy_entries, difference, finish, root_of
from ledger.errors import Conflict, Misuse, Tampered
from ledger.foresight import trust_in
from ledger.fresh import now_text
from ledger.known import moved, open_reader
from ledger.merkle.edge import TILE
from ledger.merkle.proofs import subtree_root
from ledger.stores import there
from ledger.stores.opening import check_free, create, is_url, open_store, same_place, without_user

if TYPE_CHECKING:
    from ledger.api import Ledger
    from ledger.entry import Entry
    from ledger.store import Store

CLOSE: Final = 4_096  # entries that may still be missing when the source is closed
ROUNDS: Final = 64  # how often it is tried to come that close to a source that is written to
PATIENCE: Final = 60.0  # seconds for a moment in which nobody else writes: the root that is recorded is of that moment
Fingerprints = Callable[["Ledger"], dict[str, str]]
"""Projections of a ledger as it stands: name -> fingerprint."""


class Migration(NamedTuple):
    """What was done. `size` entries with this root (hex) are the same in both; the entries `migrated`, at the source,
    and `verified`, at the destination, say so (-1 where one can only be read); `certificate` is the file of the proof.
    """

    origin: str
    source: str
    destination: str
    size: int
    root: str
    migrated: int
    verified: int
    projections: dict[str, str]
    certificate: bytes


def migrate(
    source: "Ledger", destination: str, *, fingerprints: Fingerprints, progress: Progress | None = None
) -> Migration:
    """Move a ledger to `destination`, a path or URL where there is none yet, or one that an earlier run began.

    Raises `Tampered` where the source does not pass the checks or the two differ, `Misuse` where something else is at
    the destination, `Conflict` where the source is written to faster than it can be copied, `Unavailable`.
    """
    if same_place(source.store.place, destination):
        raise Misuse("source and destination are the same", "name another destination", code="same_place")
    move = _to_folder if is_folder(destination) else _to_store
    gone = move(source, destination, progress)
    with type(source).open(destination, key=source._key, log_key=source._log_key, actor=source._actor) as arrived:
        head = source.store.head()
        projections = _same(source, arrived, fingerprints) if len(arrived) == head.size else fingerprints(source)  # 4
        root = root_of(source.store, head).hex()
        seq = _arrive(arrived, gone, head.size, root)  # 5
        certificate = _certify(source if seq < 0 else arrived, (source, arrived), head.size, root, projections)  # 6
        return Migration(
            source.origin,
            source.store.place,
            arrived.store.place,
            head.size,
            root,
            gone.seq if gone is not None else -1,
            seq,
            projections,
            certificate,
        )


def is_folder(destination: str) -> bool:
    """Whether a destination is a folder to publish to: one that is there, or a name that ends in a slash."""
    return not is_url(destination) and (destination.endswith("/") or there.is_folder(Path(destination)))


def _to_store(source: "Ledger", destination: str, progress: Progress | None) -> "Entry | None":
    with closing(_open_target(destination)) as target:
        if _is_whole(source.store, target):
            return _leave(source, destination)
        _come_close(source.store, target, progress)  # 1
        gone = _leave(source, destination)  # 2
        edge = copy_entries(source.store, target, source.store.head().size, progress)  # 3
        if not finish(source.store, target, edge):
            raise Conflict("the source grew while it was copied", "run it again: it goes on", code="grew")
    return gone


def _is_whole(source: "Store", target: "Store") -> bool:
    """Whether an earlier run came to the end, and the log may have gone on at the target."""
    head, size = target.head(), source.head().size
    return head.note != b"" and head.size > size and target.read(size - 1) == source.read(size - 1)


def _to_folder(source: "Ledger", destination: str, progress: Progress | None) -> "Entry | None":
    """The same through `ledger.publish`, which has an order of its own: the folder is whole at every moment."""
    from ledger.publish import publish
    from ledger.stores.folder import Folder

    folder = Folder(Path(destination))
    publish(source.store, source.close_checkpoint(), folder, disclosures=True, progress=progress)
    gone = _leave(source, destination)
    publish(source.store, source.close_checkpoint(), folder, disclosures=True)
    return gone


def _open_target(destination: str) -> "Store":
    try:
        check_free(destination)
    except Misuse as error:
        if error.code != "exists":
            raise
        return open_store(destination)
    return create(destination)


def _come_close(source: "Store", target: "Store", progress: Progress | None) -> None:
    for _ in range(ROUNDS):
        edge = copy_entries(source, target, source.head().size, progress)
        if source.head().size - edge.size <= CLOSE:
            return
    raise Conflict(
        "the source is written to faster than it is copied", "migrate in a quieter hour; it goes on", code="busy"
    )


def _leave(source: "Ledger", destination: str) -> "Entry | None":
    """Record `migrated`, unless the newest entry says so already; None where the source can only be read."""
    newest = source.find(-1)
    if moved(newest.statement.type, newest.statement.id, newest.statement.data):
        return newest
    try:
        with source.store.writing():
            pass
    except Misuse as error:
        if error.code == "read_only":
            return None
        raise
    to = without_user(destination) if is_url(destination) else destination
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        head = source.store.head()
        root = f"sha256:{root_of(source.store, head).hex()}"
        try:
            receipt = source.record("migrated", to=to, size=head.size, root=root, expected_head=head.size)
        except Conflict as error:
            if error.code != "expected_head":
                raise
        else:
            return source.find(receipt.seq)
    raise Conflict("the source is written to all the time", "stop its writers for a moment", code="busy")


def _same(source: "Ledger", arrived: "Ledger", fingerprints: Fingerprints) -> dict[str, str]:
    """Raise `Tampered` unless both hold the same, bit for bit, and say the same of it; return the fingerprints."""
    different = difference(source.store, arrived.store)
    if different is not None:
        raise Tampered(f"the copy is not its source: {different.what}", code="copy", seq=different.seq)
    before, after = fingerprints(source), fingerprints(arrived)
    if before != after:
        names = ", ".join(name for name in before if before[name] != after.get(name))
        raise Tampered(
            f"projections of the copy differ: {names}", "ledger rebuild, on both; then again", code="projections"
        )
    return after


def _arrive(arrived: "Ledger", gone: "Entry | None", size: int, root: str) -> int:
    """Record `verified` at the destination; return its place, -1 where there is no key to say so."""
    if len(arrived) > size:
        return size  # an earlier run came this far
    report = arrived.verify()
    if report.exit_code not in (0, 5) or report.failures:
        raise Tampered("the copy does not verify", "ledger verify, there", code="copy", report=report)
    fields: dict[str, Any] = {"size": size, "root": f"sha256:{root}", "verdict": report.verdict.lower()}
    if gone is not None:
        hash = statement.statement_hash(entry.body_of(arrived.read(gone.seq))).hex()
        fields["of"] = {"id": gone.statement.id, "hash": hash}
    try:
        return arrived.record("verified", **fields).seq
    except Misuse as error:
        if error.code == "read_only":
            return -1
        raise


def _certify(
    signer: "Ledger", pair: "tuple[Ledger, Ledger]", size: int, root: str, projections: dict[str, str]
) -> bytes:
    source, arrived = pair
    fields = {
        "destination": _shown(arrived.store.place),
        "genesis": arrived.genesis_leaf,
        "origin": arrived.origin,
        "projections": projections,
        "root": f"sha256:{root}",
        "size": size,
        "source": _shown(source.store.place),
        "time": now_text(),
    }
    return write_certificate("migration", fields, signer.identity.actor, signer.identity.signer)


def _shown(place: str) -> str:
    return without_user(place) if is_url(place) else place


def check_migration(certificate: Certificate, ledger: "Ledger") -> None:
    """Raise `Tampered` unless a certificate of a migration speaks of this ledger as it is, `Misuse` for another kind.

    Held against the ledger are its genesis, the root at the certificate's size, and the signature under a key that the
    ledger authorised. What it says of projections shows when they are folded up to that size.
    """
    body = certificate.body
    if body["certificate"] != "migration" or not isinstance(body.get("size"), int):
        raise Misuse(
            f"this is a certificate of {body['certificate']!r}", "the file that ledger migrate wrote", code="kind"
        )
    store, head = ledger.store, ledger.store.head()
    if body.get("genesis") != ledger.genesis_leaf or not 0 < body["size"] <= head.size:
        raise Tampered("the certificate is of another ledger, or of a longer one", code="certificate", check=4)
    leaves = [entry.leaf(row.data) for row in store.rows(head.size - head.size % TILE, head.size)]
    root = subtree_root(body["size"], open_reader(leaves, head.size, store.tile))
    if body.get("root") != f"sha256:{root.hex()}":
        raise Tampered(f"the first {body['size']:,} entries are not those of the certificate", code="forked", check=4)
    credential = trust_in(ledger.genesis, store).credential(str(body.get("key")))
    if credential is None:
        raise Tampered("no key of this ledger signed the certificate", "ledger key list", code="certificate", check=13)
    check_certificate(certificate, credential)

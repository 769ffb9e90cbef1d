"""Attacks with keys: in another's name, without the role, before or after its time (threats 23 to 55)."""

from typing import Any

from ledger import encoding, entry
from ledger.encoding import BATCH_TYPE
from ledger.keys.ed25519 import Ed25519Signer
from ledger.keys.log_key import LogKey
from ledger.merkle.tree import tree_root
from ledger.statement import statement_hash
from tests.attacks.table import attack
from tests.attacks.world import ORIGIN, Log, World, chained, now, say


def _end(world: World, data: bytes) -> Log:
    """The honest log and one entry more, all of it sealed with the log's key."""
    return world.seal(world.log._replace(datas=chained([*world.log.datas, *now(world.log, [data])])))


def _fresh(data: bytes, number: int = 1) -> str:
    """An id that the log does not have."""
    return f"01ffffff-ffff-7fff-8fff-{number:012d}"


@attack(
    23, "an author's key", "a statement in mara's name by ana's key", checks={13, 14}, alone="B", held="B", entry=16
)
def in_anothers_name(world: World) -> Log:
    data = world.log.datas[14]
    return _end(world, say(data, world.ana, id=_fresh(data)))


@attack(24, "store", "the signatures emptied", checks={14}, alone="B", held="B", entry=5)
def unsigned(world: World) -> Log:
    fields = world.log.fields(5)
    bare = entry.write(5, bytes.fromhex(fields["prev"]), fields["recorded"], entry.body_of(world.log.datas[5]), "[]")
    return world.log.put(5, bare)


@attack(
    27,
    "an author's key",
    "a signature over a batch offered for a statement",
    checks={14},
    alone="B",
    held="B",
    entry=16,
)
def other_purpose(world: World) -> Log:
    data = world.log.datas[14]
    return _end(world, say(data, world.mara, BATCH_TYPE, id=_fresh(data)))


@attack(23, "outsider, log's key", "a statement by a key nobody authorised", checks={13}, alone="B", held="B", entry=16)
def unauthorised(world: World) -> Log:
    stranger, data = Ed25519Signer.generate(), world.log.datas[14]
    return _end(world, say(data, stranger, id=_fresh(data), key=stranger.credential.id))


@attack(46, "an author's key", "an approval by a key without the role", checks={16}, alone="B", held="B", entry=16)
def without_the_role(world: World) -> Log:
    data = world.log.datas[4]
    return _end(world, say(data, world.ana, id=_fresh(data), actor="ana", key=world.ana.credential.id))


@attack(46, "an author's key", "a statement before its key was authorised", checks={13}, alone="B", held="B", entry=5)
def before_its_time(world: World) -> Log:
    early = say(world.log.datas[7], world.ana, id=_fresh(world.log.datas[7]))
    datas = [*world.log.datas[:5], early, *world.log.datas[5:]]
    return world.seal(world.log._replace(datas=chained(datas), authority=(6, 7)))


@attack(42, "an author's key", "an approval signed for another log", checks={12}, alone="B", held="B", entry=16)
def for_another_log(world: World) -> Log:
    data = world.log.datas[4]
    return _end(world, say(data, world.mara, id=_fresh(data), log="a" * 64))


@attack(
    42, "an author's key", "an approval that does not say for which log", checks={12}, alone="B", held="B", entry=16
)
def for_no_log(world: World) -> Log:
    data = world.log.datas[4]
    return _end(world, say(data, world.mara, id=_fresh(data), log=None))


@attack(44, "author's and log's key", "a ref to an id with another hash", checks={18}, alone="B", held="B", entry=16)
def other_hash(world: World) -> Log:
    data, said = world.log.datas[3], world.log.fields(3)["statement"]
    refs = {"of": [{"hash": "b" * 64, "id": said["refs"]["of"][0]["id"]}]}
    return _end(world, say(data, world.mara, id=_fresh(data), refs=refs))


@attack(45, "author's key", "an approval that names no digest set", checks={19}, alone="B", held="B", entry=16)
def no_set(world: World) -> Log:
    data = world.log.datas[4]
    return _end(world, say(data, world.mara, id=_fresh(data), subject={"system": "credit", "version": "1.0"}))


@attack(
    2,
    "store, author's key",
    "an entry re-signed with another key of another's",
    checks={14, 7},
    alone="B",
    held="B",
    entry=3,
)
def resigned(world: World) -> Log:
    return world.log.put(3, say(world.log.datas[3], world.ana))


@attack(35, "log's key swapped", "everything sealed with another log key", checks={3}, alone="B", held="B")
def other_log_key(world: World) -> Log:
    return world.seal(world.log, LogKey.generate(ORIGIN))


@attack(53, "log's key", "a fork of the same size", checks={4}, alone="U", held="B")
def fork(world: World) -> Log:
    data = world.log.datas[15]
    other = say(data, world.mara, id=_fresh(data))
    return world.seal(world.log._replace(datas=chained([*world.log.datas[:15], other])))


@attack(53, "log's key", "a longer log that forks below what is known", checks={4}, alone="U", held="B")
def long_fork(world: World) -> Log:
    data = world.log.datas[15]
    more = [say(data, world.mara, id=_fresh(data, number)) for number in range(1, 9)]
    return world.seal(world.log._replace(datas=chained([*world.log.datas[:12], *more])))


@attack(54, "log's key", "a fork above what is known", checks=set(), alone="U", held="V")
def fork_above(world: World) -> Log:
    data = world.log.datas[15]
    return _end(world, say(data, world.mara, id=_fresh(data)))


@attack(36, "log's key", "one member of a batch left out", checks={15}, alone="B", held="B", entry=8)
def member_left_out(world: World) -> Log:
    return world.seal(world.log._replace(datas=chained([*world.log.datas[:10], *world.log.datas[11:]])))


@attack(36, "log's key", "two members of a batch swapped", checks={15}, alone="B", held="B", entry=8)
def members_swapped(world: World) -> Log:
    datas = list(world.log.datas)
    datas[9], datas[10] = datas[10], datas[9]
    return world.seal(world.log._replace(datas=chained(datas)))


@attack(37, "log's key", "a member that names another head", checks={15}, alone="B", held="B", entry=9)
def stray_member(world: World) -> Log:
    datas = world.log.change(9, b'"first":8', b'"first":7').datas
    return world.seal(world.log._replace(datas=chained(datas)))


@attack(39, "store", "the log ends inside a batch", checks={15}, alone="B", held="B", entry=8)
def ends_in_a_batch(world: World) -> Log:
    return world.seal(world.log.cut(10))


@attack(41, "log's key", "a batch replayed later in the same log", checks={11, 6}, alone="B", held="B", entry=16)
def batch_replayed(world: World) -> Log:
    again = [data.replace(b'"first":8', b'"first":16') for data in world.log.datas[8:12]]
    return world.seal(world.log._replace(datas=chained([*world.log.datas, *now(world.log, again)])))


@attack(64, "store", "a disclosure moved to another place", checks={20}, alone="B", held="B")
def disclosure_moved(world: World) -> Log:
    from ledger.disclosures import seal

    said = world.log.fields(5)["statement"]
    _, text = seal(said["id"], "/data/function", "Chief", bytes(16))
    return world.log._replace(disclosures=(*world.log.disclosures, text))


@attack(64, "store", "a disclosure with another value", checks={20}, alone="B", held="B")
def disclosure_changed(world: World) -> Log:
    from ledger.disclosures import seal

    said = world.log.fields(5)["statement"]
    _, text = seal(said["id"], "/data/name", "Somebody Else", bytes(16))
    return world.log._replace(disclosures=(text,))


# ---- what the log is told of keys, and types that a verifier must know ----


def _told(world: World, kind: str, subject: dict[str, Any], data: dict[str, Any], number: int = 1) -> bytes:
    """An entry of mara's, the administrator, of a type that changes who may say what."""
    like = world.log.datas[6]
    return say(like, world.mara, id=_fresh(like, number), type=kind, subject=subject, data=data)


def _authorising(world: World, public: bytes) -> Log:
    keys = [{"public": encoding.b64encode(public), "scheme": "ed25519"}]
    told = _told(world, "key_authorized", {"handle": "ana"}, {"keys": keys, "roles": ["recorder"]})
    return _end(world, told)._replace(authority=(5, 6, 16))


@attack(28, "administrator", "the log's key authorised as an author's", checks={13}, alone="B", held="B", entry=16)
def log_key_as_author(world: World) -> Log:
    return _authorising(world, world.key.verifier_keys[0].public)


@attack(33, "administrator", "a key of small order authorised", checks={13}, alone="B", held="B", entry=16)
def small_order(world: World) -> Log:
    return _authorising(world, bytes([1, *bytes(31)]))


@attack(33, "administrator", "a key that is no point authorised", checks={13}, alone="B", held="B", entry=16)
def no_point(world: World) -> Log:
    return _authorising(world, b"\xff" * 32)


@attack(
    47, "an author's key", "a statement placed after its key was revoked", checks={13}, alone="B", held="B", entry=17
)
def after_its_time(world: World) -> Log:
    data = {"key_id": world.ana.credential.id, "why": "lost"}
    revoked = _told(world, "key_revoked", {"handle": "ana"}, data)
    late = say(world.log.datas[7], world.ana, id=_fresh(revoked, 2))
    datas = chained([*world.log.datas, *now(world.log, [revoked, late])])
    return world.seal(world.log._replace(datas=datas))._replace(authority=(5, 6, 16))


@attack(49, "administrator", "a key said to hold from an earlier entry on", checks={17}, alone="N", held="N", entry=16)
def backdated_key(world: World) -> Log:
    keys = Ed25519Signer.generate().credential.to_json()
    data = {"keys": keys, "roles": ["approver"], "since_entry": 3}
    return _end(world, _told(world, "key_authorized", {"handle": "ana"}, data))._replace(authority=(5, 6, 16))


@attack(20, "administrator", "a critical type that nobody knows", checks={17}, alone="N", held="N", entry=16)
def critical(world: World) -> Log:
    data = world.log.datas[14]
    return _end(world, say(data, world.mara, id=_fresh(data), type="acme.example/key-suspended", critical=True))


@attack(20, "administrator", "the same, not marked critical: shown as unknown", checks=set(), alone="U", held="V")
def not_critical(world: World) -> Log:
    data = world.log.datas[14]
    return _end(world, say(data, world.mara, id=_fresh(data), type="acme.example/key-suspended"))


@attack(19, "author", "an unknown field in the data of a plain type: kept", checks=set(), alone="U", held="V")
def unknown_field(world: World) -> Log:
    data, said = world.log.datas[14], world.log.fields(14)["statement"]
    return _end(world, say(data, world.mara, id=_fresh(data), data=said["data"] | {"flavour": "new"}))


def _batch(world: World, bodies: list[bytes], root: bytes) -> list[bytes]:
    """Entries of a batch of mara's over these statements, under this root."""
    header = encoding.encode(
        {
            "actor": "mara",
            "count": len(bodies),
            "id": _fresh(b"", 99),
            "key": world.mara.credential.id,
            "log": world.genesis,
            "root": root.hex(),
        }
    )
    recorded, first = world.log.fields(-1)["recorded"], len(world.log.datas)
    signed = entry.signatures_text(world.mara.sign(BATCH_TYPE, header))
    head = entry.write(first, bytes(32), recorded, bodies[0], signed, entry.batch_text(header))
    member = entry.batch_text(b'{"first":%d}' % first)
    return [head, *[entry.write(first + 1, bytes(32), recorded, body, "[]", member) for body in bodies[1:]]]


@attack(40, "the author's machine", "an approval hidden in a batch", checks={15}, alone="B", held="B", entry=16)
def approval_in_a_batch(world: World) -> Log:
    body = entry.body_of(say(world.log.datas[4], world.mara, id=_fresh(b"")))
    members = _batch(world, [body], statement_hash(body))
    return world.seal(world.log._replace(datas=chained([*world.log.datas, *members])))


@attack(
    38, "author's key", "a batch over entries in the place of statements", checks={15}, alone="B", held="B", entry=16
)
def batch_over_entries(world: World) -> Log:
    data = world.log.datas[14]
    bodies = [entry.body_of(say(data, world.mara, id=_fresh(b"", number))) for number in (1, 2)]
    members = _batch(world, bodies, tree_root([entry.leaf(data), entry.leaf(data)]))
    return world.seal(world.log._replace(datas=chained([*world.log.datas, *members])))

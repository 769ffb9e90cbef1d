"""What somebody who holds the file, and perhaps some keys, can write into it."""

import json

from ledger import encoding, entry
from ledger.encoding import STATEMENT_TYPE
from ledger.merkle.edge import Edge
from ledger.notes.checkpoint import Checkpoint, sign_checkpoint


def put(seq, data):
    """The statement of SQL that puts bytes in the place of an entry's, whatever bytes they are."""
    return ("UPDATE entries SET bytes = CAST(? AS TEXT) WHERE seq = ?", (data, seq))


def stored(ledger):
    """Every entry's bytes."""
    return [row.data for row in ledger.store.rows(0, len(ledger))]


def replace(ledger, seq, old, new):
    """The SQL that changes one place in an entry."""
    data = ledger.read(seq)
    assert data.count(old) >= 1, data
    return put(seq, data.replace(old, new, 1))


def signed_again(data, signer, **changes):
    """An entry's bytes with another statement, signed by `signer`."""
    fields = json.loads(data)
    body = encoding.encode(fields["statement"] | changes)
    signatures = entry.signatures_text(signer.sign(STATEMENT_TYPE, body))
    return entry.write(fields["seq"], bytes.fromhex(fields["prev"]), fields["recorded"], body, signatures)


def chained_anew(datas):
    """The same entries, numbered and linked as they now stand."""
    made, last = [], bytes(32)
    for seq, data in enumerate(datas):
        fields = json.loads(data)
        batch = entry.batch_text(encoding.encode(fields["batch"])) if "batch" in fields else ""
        signatures = json.dumps(fields["signatures"], separators=(",", ":"))
        made.append(entry.write(seq, last, fields["recorded"], entry.body_of(data), signatures, batch))
        last = entry.leaf(made[-1])
    return made


def history(datas, note=None, log_key=None, authority=(5, 6), origin="ledger.test/one"):
    """The SQL that puts a whole log, with everything that is computed from it, in the place of what is there."""
    edge = Edge()
    tiles = edge.extend([entry.leaf(data) for data in datas])
    if log_key is not None:
        note = sign_checkpoint(Checkpoint(origin, len(datas), edge.root()), log_key.all)
    covered = len(datas) if log_key is not None else int(note.split(b"\n")[1])
    ids = [encoding.id_bytes(json.loads(data)["statement"]["id"]) for data in datas]
    return [
        "DELETE FROM entries",
        "DELETE FROM tiles",
        "DELETE FROM authority",
        *(
            ("INSERT INTO entries VALUES (?, ?, CAST(? AS TEXT))", (seq, id, data))
            for seq, (id, data) in enumerate(zip(ids, datas, strict=True))
        ),
        *(("INSERT INTO tiles VALUES (?, ?, ?)", tuple(tile)) for tile in tiles),
        *(("INSERT INTO authority VALUES (?)", (seq,)) for seq in authority if seq < len(datas)),
        (
            "UPDATE head SET size = ?, last = ?, peaks = ?, covered = ?, note = CAST(? AS TEXT)",
            (len(datas), entry.leaf(datas[-1]), edge.peaks(), covered, note),
        ),
    ]

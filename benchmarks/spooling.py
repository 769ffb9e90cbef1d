"""The spool: what one statement costs a run whose ledger is away, and what it costs to deliver it."""

import apsw

from benchmarks import baselines, works
from benchmarks.bench import Bench, Row
from ledger.config import Place
from ledger.outbox import Outbox
from ledger.spool.file import Spool
from ledger.spool.flush import flush
from ledger.spool.seen import Seen, keep_seen, place_name


def rows(bench: Bench) -> dict[str, Row]:
    """The lines of the spool, by name.

    `flush` is by one who holds the author's key, `flush_v` by another, who checks the signature of each statement.
    """
    return {
        "spool": Row("spool one statement", "C", 1.5, 1.2, lambda: _put(bench), bench.c),
        "flush": Row("flush, a statement", "I", 5.0, 5.0, lambda: _flush(bench), bench.i),
        "flush_v": Row(
            "flush without the author's key", "V", 3.0, 2.0, lambda: _flush(bench, sealed=False), baselines.verify_one
        ),
    }


def _outbox(ledger) -> Outbox:
    place = Place(location=str(ledger.path), source="benchmark", mode="spool")
    box = Outbox(lambda: ledger, lambda: place)
    who = ledger.identity
    seen = Seen(ledger.genesis_leaf, ledger.origin, who.actor, who.signer.credential.id)
    keep_seen(box.spool.path, place_name(place), seen)
    return box


def _put(bench: Bench) -> float:
    with bench.ledger("away") as ledger:
        box = _outbox(ledger)
        fields = [said for _, said in works.events(bench.some)]

        def work():
            for said in fields:
                box.record("evaluated", said)

        seconds = baselines.timed(work, bench.some)
        box.spool.remove(box.spool.items())
    return seconds


def _flush(bench: Bench, *, sealed: bool = True) -> float:
    with bench.ledger("back") as ledger:
        box = _outbox(ledger)
        for _, said in works.events(bench.some):
            box.record("evaluated", said)
        if not sealed:
            connection = apsw.Connection(str(box.spool.path))
            connection.execute("UPDATE waiting SET seal = x''")
            connection.close()

        def work():
            done = flush(ledger, Spool(box.spool.path))
            assert done.placed == bench.some, done

        return baselines.timed(work, bench.some)

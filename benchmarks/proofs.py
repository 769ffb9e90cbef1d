"""Proofs from a stored log: of an entry, between two checkpoints, of an entry with its author."""

import random
from functools import cache

from benchmarks import baselines
from benchmarks.bench import Bench, Row
from ledger import entry
from ledger.notes.checkpoint import Checkpoint
from ledger.proving import prove_consistency, prove_inclusion, root_at, tree_reader

COUNT = 200


def rows(bench: Bench) -> dict[str, Row]:
    """The lines of proofs, by name. Nothing is walked: the cost does not grow with the log."""

    @cache
    def entries() -> dict[int, bytes]:
        seqs = random.Random(7).sample(range(bench.size), min(COUNT, bench.size))
        return {seq: entry.leaf(bench.reading.read(seq)) for seq in seqs}

    @cache
    def checkpoints() -> list[Checkpoint]:
        store, origin = bench.reading.store, bench.reading.origin
        sizes = random.Random(8).sample(range(1, bench.size), min(COUNT, bench.size - 1))
        return [Checkpoint(origin, size, root_at(store, store.head(), size)) for size in sizes]

    def inclusion() -> float:
        store, checkpoint, leaves = bench.reading.store, bench.reading.checkpoint(), entries()
        read = tree_reader(store, store.head())

        def work() -> None:
            for seq, leaf in leaves.items():
                prove_inclusion(read, seq, leaf, checkpoint)

        return baselines.timed(work, len(leaves))

    def consistency() -> float:
        store, newest, olds = bench.reading.store, bench.reading.checkpoint(), checkpoints()
        read = tree_reader(store, store.head())

        def work() -> None:
            for old in olds:
                prove_consistency(read, old, newest)

        return baselines.timed(work, len(olds))

    def receipts() -> float:
        def work() -> None:
            for seq in list(entries())[:20]:
                bench.reading.prove(seq)

        return baselines.timed(work, 20)

    return {
        "inclusion": Row("inclusion proof", "ms", 1.0, 0.2, inclusion, lambda: 1e-3),
        "consistency": Row("consistency proof", "ms", 1.0, 0.2, consistency, lambda: 1e-3),
        "receipt": Row("`prove`, author and batch of 4,096 too", "ms", None, None, receipts, lambda: 1e-3),
    }

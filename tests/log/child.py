"""A process of its own that records: `python child.py DATABASE COUNT FIRST [many | threads]`.

It prints an id once it is acknowledged, a line each.
"""

import os
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ledger.api import Ledger
from tests.log.acts import say, say_many


def tell(ids):
    os.write(1, "".join(f"{id}\n" for id in ids).encode())  # whole lines, however it ends


def one_by_one(ledger, count, first):
    for number in range(first, first + count):
        tell([say(ledger, number % 1000).id])


def many(ledger, count, first):
    for _ in range(count):
        recorded = say_many(ledger, 40, first % 900)
        tell(entry.statement.id for entry in ledger.entries(recorded.first, recorded.last + 1))


def threads(ledger, count, first):
    each = [threading.Thread(target=one_by_one, args=(ledger, count, first + n)) for n in range(4)]
    for thread in each:
        thread.start()
    for thread in each:
        thread.join()


def main(database, count, first, way="one_by_one"):
    with Ledger.open(database) as ledger:
        tell(["ready"])
        {"one_by_one": one_by_one, "many": many, "threads": threads}[way](ledger, int(count), int(first))


if __name__ == "__main__":
    main(*sys.argv[1:])

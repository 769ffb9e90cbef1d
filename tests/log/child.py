"""A process of its own that records: `python child.py DATABASE COUNT FIRST`; prints an id once it is acknowledged."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ledger.api import Ledger
from tests.log.acts import say


def main(database, count, first):
    with Ledger.open(database) as ledger:
        print("ready", flush=True)
        for number in range(first, first + count):
            print(say(ledger, number % 1000).id, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

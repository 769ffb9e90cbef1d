"""A process of its own that moves a ledger: `python child.py SOURCE DESTINATION PART`, with PART entries a commit."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ledger import copying
from ledger.api import Ledger
from ledger.cli.moving import fingerprints
from ledger.migrate import migrate


def main(source, destination, part):
    copying.PART = int(part)
    with Ledger.open(source) as ledger:
        print("ready", flush=True)
        done = migrate(ledger, destination, fingerprints=fingerprints, progress=lambda done, _: print(done, flush=True))
    print("done", done.size, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

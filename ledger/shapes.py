"""How msgspec reads a struct is learned when it is first read, and two threads that do so at once end the process.

(A null pointer in `convert`: the second thread meets what the first one has begun; msgspec 0.22.) So every struct that
is read is learned where its module is imported, which one thread does while the others wait.
"""

import msgspec

LEARNED: set[type] = set()
"""What was learned: a test holds it against what is read."""


def learn(*kinds: type[msgspec.Struct]) -> None:
    """Have msgspec learn structs, and those inside them; called where a module is imported, nowhere else."""
    for kind in kinds:
        msgspec.json.Decoder(kind)
        LEARNED.add(kind)

"""The table of attacks: who attacks, what exactly is changed, what must notice, and what was said."""

from collections.abc import Callable
from typing import NamedTuple

from tests.attacks.world import Log, World


class Attack(NamedTuple):
    """One attack on a log that is handed over, in any of its forms.

    `alone` and `held`: the verdict where the verifier has nothing, and where it has the log's key and a checkpoint from
    before the attack (V verified, U unpinned, N unverifiable, B broken, M refused at once). `checks`: numbers of
    FORMAT.md section 12, one of which must fail where something does. `entry`: which entry must be named, None where
    none is. `tiles`: what is said of a published folder, where it is not the same; `alone -> held`, or one for both.
    """

    number: int
    who: str
    what: str
    checks: frozenset[int]
    alone: str
    held: str
    entry: int | None
    tiles: str
    run: Callable[[World], Log]


ATTACKS: list[Attack] = []


def attack(
    number: int,
    who: str,
    what: str,
    *,
    checks: set[int],
    alone: str,
    held: str,
    entry: int | None = None,
    tiles: str = "",
) -> Callable[[Callable[[World], Log]], Callable[[World], Log]]:
    """Put a function into the table."""

    def add(run: Callable[[World], Log]) -> Callable[[World], Log]:
        ATTACKS.append(Attack(number, who, what, frozenset(checks), alone, held, entry, tiles, run))
        return run

    return add

"""How many examples a property is tried with: the same few in every run; with `LEDGER_EXAMPLES=20`, more, at random.

The number is how many times as many. What fails at random is printed so that it can be tried again
(`--hypothesis-seed=N` chooses them). A test on a machine that is busy takes as long as it takes.
"""

import os

from hypothesis import HealthCheck, settings

TIMES = int(os.environ.get("LEDGER_EXAMPLES", "0"))
_COMMON = {"deadline": None, "database": None, "suppress_health_check": [HealthCheck.too_slow]}

settings.register_profile("bounded", derandomize=True, max_examples=100, **_COMMON)
settings.register_profile("full", print_blob=True, max_examples=100 * (TIMES or 1), **_COMMON)
settings.load_profile("full" if TIMES else "bounded")


def examples(count: int, *quiet: HealthCheck) -> settings:
    """Return the settings for `count` examples; `quiet` are checks of hypothesis that say nothing here."""
    return settings(max_examples=count * (TIMES or 1), suppress_health_check=[HealthCheck.too_slow, *quiet])

"""What the rules of `ledger findings` look at, and what a rule and a finding are."""

from collections.abc import Callable, Iterator
from typing import Final, Literal, NamedTuple

from ledger.encoding import parse_time
from projections.comparing import Item
from projections.database import Database
from projections.projection import EntrySource
from projections.questions.facts import Facts

Severity = Literal["error", "warning", "info"]
SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "info")


class About(NamedTuple):
    """All that the rules look at: one version (`row` of the registry), and what was gathered of it.

    `running`: its open deployments; `differences`: from the set that runs in its place, if another does; `makers`: who
    trained, registered, evaluated or asked for it; `actor`: who is about to approve it, or ""; `at`: the moment asked
    about.
    """

    database: Database
    source: EntrySource
    system: str
    digest: str
    at: str
    row: Facts
    made_of: list[Facts]
    datasets: list[Facts]
    evaluations: list[Facts]
    approvals: list[Facts]
    running: list[Facts]
    differences: list[Item]
    makers: list[Facts]
    actor: str

    @property
    def label(self) -> str | None:
        """The version's name."""
        return self.row.get("version")


class Found(NamedTuple):
    """What a rule found: words, the entries it was found in, and its severity where it is not the rule's own."""

    text: str
    seqs: tuple[int, ...] = ()
    severity: Severity | None = None


class Rule(NamedTuple):
    """`source`: the duty or the page it comes from. `replaced`: looked for in what a candidate would replace, too.

    `mend`: the command that records what is missing; {name} is the version, as SYSTEM@VERSION.
    """

    id: str
    severity: Severity
    source: str
    meaning: str
    find: Callable[[About], Iterator[Found]]
    mend: str = ""
    replaced: bool = False


def numbers(*said: object) -> tuple[int, ...]:
    """The entries among what may be unknown."""
    return tuple(one for one in said if type(one) is int)


def days(since: str, at: str) -> int:
    """Whole days from one 27-character time to another."""
    return (parse_time(at) - parse_time(since)).days


def data_name(one: Facts) -> str:
    """What a person calls some data: its label, else the beginning of its digest."""
    return str(one.get("dataset", str(one.get("digest", "?"))[7:19]))

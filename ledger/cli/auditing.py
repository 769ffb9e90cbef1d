"""`ledger findings`: what is odd or missing about versions."""

from typing import TYPE_CHECKING, Any, Final

import click

from ledger.cli.asking import asked, full_name, past
from ledger.cli.frame import Call, command
from ledger.cli.layout import across, clean, words, wrapped
from ledger.cli.screen import Answer, Paint

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEVELS: Final = ("error", "warning", "info")
_COLOURS: Final = {"error": "red", "warning": "yellow", "info": "cyan"}
_MARGIN: Final = " " * 14


@command()
@click.argument("what", metavar="[SYSTEM|SYSTEM@VERSION]", required=False)
@click.option("--level", type=click.Choice(_LEVELS), default="info", help="Leave out what is milder; else nothing.")
@past
def findings(call: Call, what: str | None, level: str, as_of: str | None, known_at: str | None) -> Answer:
    """Print what is odd or missing, worst first, with the entries, the duty, and the command that mends it.

    Of a system: of the versions that are deployed, and of the newest one. Exit code 1 where there is a finding.
    """
    from projections.questions.findings import findings as answer

    with asked(call, as_of, known_at) as (ledger, projections):
        projections.catch_up()
        found = answer(projections, full_name(what, ledger) if what else None)
    wanted = _LEVELS[: _LEVELS.index(level) + 1]
    found["findings"] = [one for one in found["findings"] if one["severity"] in wanted]
    return Answer(found, lambda paint: _lines(found, paint), 1 if found["findings"] else 0)


def _lines(found: dict[str, Any], paint: Paint) -> list[str]:
    lines: list[str] = []
    of: Sequence[str] = list(dict.fromkeys(f"{one['system']}@{_version(one)}" for one in found["findings"]))
    for name in of:
        lines.append(paint("bold", clean(name)))
        for one in found["findings"]:
            if f"{one['system']}@{_version(one)}" == name:
                lines += _finding(one, paint)
    many = len(found["findings"])
    rules = [rule for one in found["unchecked"] for rule in one["rules"]]
    lines.append(f"{many or 'No'} finding{'' if many == 1 else 's'}. No finding does not mean that all is well.")
    lines.append(f"Not checked, {len(rules)} rules:")
    for one in found["unchecked"]:
        lines += wrapped(f"  {one['why']}: {', '.join(one['rules'])}", "    ")
    return lines


def _finding(one: dict[str, Any], paint: Paint) -> list[str]:
    place = f"  [{words(one['seqs'])}]" if one["seqs"] else ""
    severity = one["severity"]
    text = f"{one['rule']}  {severity:<7}  {one['text']}{place}  {one['source']}"
    head, *rest = wrapped(text, _MARGIN, across() - 2)
    lines = [f"  {head.replace(severity, paint(_COLOURS[severity], severity), 1)}", *(f"  {line}" for line in rest)]
    return [*lines, *(f"{_MARGIN}  {line}" for line in wrapped(one.get("mend", ""), "  ", across() - 16))]


def _version(one: dict[str, Any]) -> str:
    return str(one.get("version", f"set:{one['digest_set'][7:19]}"))

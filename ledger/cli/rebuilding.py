"""`ledger rebuild`."""

from typing import Any

from ledger.cli.frame import Call, command
from ledger.cli.layout import pairs
from ledger.cli.screen import Answer, Paint
from ledger.telemetry import span


@command()
def rebuild(call: Call) -> Answer:
    """Make anew all that can be computed from the entries: the log's tree hashes, then the projections.

    Entries are only read, and nothing is made of entries that do not pass their checks (exit 3).
    """
    from projections.opening import Projections

    with call.open(read_only=False) as ledger, span("rebuild", origin=ledger.origin) as at:
        mended = ledger.mend()
        with Projections.open(ledger) as projections:
            result = projections.rebuild()
        at.set(size=mended.size, projection=result.projection)
    equal = result.old == result.new if result.old else None
    document: dict[str, Any] = {
        "schema": "ledger.rebuild/1",
        "log": {"size": mended.size, "tiles": mended.tiles, "covered": mended.covered},
        "projection": result.projection,
        "position": result.position,
        "fingerprint": result.new,
        "findings": list(result.findings),
    }
    if equal is not None:
        document |= {"before": result.old, "equal": equal}
    said = {None: "nothing to compare it with", True: "the same as before", False: "NOT what stood there before"}[equal]

    def lines(paint: Paint) -> list[str]:
        rows = [
            ("log", f"{mended.size:,} entries checked; head and {mended.tiles:,} tiles computed again"),
            ("registry", f"{result.position:,} entries folded; {said}"),
            ("fingerprint", result.new),
            *(("finding", one) for one in result.findings),
        ]
        return [paint("green" if equal is not False else "yellow", "Rebuilt."), *pairs(rows)]

    return Answer(document, lines)

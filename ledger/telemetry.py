"""Spans and metrics for OpenTelemetry, where the process uses it, and one line a record for `logging`.

Never required, and never imported: who uses OpenTelemetry has imported its API before the first event is recorded.
No value of an event is told, and no key: type, system, version, sizes, verdicts and codes of errors. Labels of metrics
are bounded: the vocabulary's types, and "own" for all others.

    span                attributes
    ledger.record       ledger.origin, ledger.type, ledger.state, ledger.seq
    ledger.record_many  ledger.origin, ledger.count
    ledger.flush        ledger.origin, ledger.delivered, ledger.aside, ledger.held
    ledger.verify       ledger.origin, ledger.size, ledger.verdict
    ledger.rebuild      ledger.projection

    metric              labels           counts
    ledger.records      type, state      statements: sealed, placed, spooled, drafts
    ledger.delivered    -                statements that left the spool for their ledger
    ledger.set_aside    -                statements that could not be placed
    ledger.verified     verdict          verifications
    ledger.duration     operation        seconds of record, record_many, flush, verify, rebuild (a histogram)
"""

import logging
import sys
import time
from types import TracebackType
from typing import Any, Final, Self

from ledger.receipts import Receipt, Recorded

log: Final = logging.getLogger("ledger")
_instruments: dict[str, Any] = {}


class _Silent:
    """A span that nobody listens to."""

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def set(self, **attributes: str | int) -> None:
        """Tell more of what is done."""


class _Told:
    """A span of OpenTelemetry's, and its seconds."""

    def __init__(self, tracer: Any, operation: str, attributes: dict[str, str | int]) -> None:
        self._operation = operation
        self._context = tracer.start_as_current_span(
            f"ledger.{operation}",
            attributes={f"ledger.{name}": value for name, value in attributes.items()},
            record_exception=False,  # messages may hold what was said
            set_status_on_exception=False,
        )

    def __enter__(self) -> Self:
        self._start = time.perf_counter()
        self._span = self._context.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            code = str(getattr(error, "code", "") or type(error).__name__)
            self._span.set_attribute("error.type", code)
            self._span.set_status(sys.modules["opentelemetry.trace"].StatusCode.ERROR, code)
        self._context.__exit__(kind, error, trace)
        measure("duration", time.perf_counter() - self._start, operation=self._operation)

    def set(self, **attributes: str | int) -> None:
        """Tell more of what is done."""
        for name, value in attributes.items():
            self._span.set_attribute(f"ledger.{name}", value)


_SILENT: Final = _Silent()
Span = _Silent | _Told


def span(operation: str, **attributes: str | int) -> Span:
    """Return a context in which an operation is done: `record`, `flush`, `verify`, ..."""
    api = sys.modules.get("opentelemetry.trace")
    return _SILENT if api is None else _Told(api.get_tracer("ledger"), operation, attributes)


def count(name: str, value: int = 1, **labels: str) -> None:
    """Add to a counter."""
    counter = _instrument(name, "create_counter")
    if counter is not None and value:
        counter.add(value, labels)


def measure(name: str, seconds: float, **labels: str) -> None:
    """Add to a histogram of seconds."""
    histogram = _instrument(name, "create_histogram", unit="s")
    if histogram is not None:
        histogram.record(seconds, labels)


def _instrument(name: str, make: str, **settings: str) -> Any:
    api = sys.modules.get("opentelemetry.metrics")
    if api is None:
        return None
    if name not in _instruments:
        _instruments[name] = getattr(api.get_meter("ledger"), make)(f"ledger.{name}", **settings)
    return _instruments[name]


def recorded(receipt: Receipt, at: Span) -> None:
    """Tell of a statement that was recorded, or kept."""
    own = "own" if "/" in receipt.type else receipt.type
    count("records", type=own, state=receipt.state)
    at.set(state=receipt.state, type=receipt.type, **({"seq": receipt.seq} if receipt.seq >= 0 else {}))
    if log.isEnabledFor(logging.INFO):
        told: dict[str, Any] = {"type": receipt.type, "id": receipt.id, "state": receipt.state}
        told |= {name: receipt.subject[name] for name in ("system", "version") if name in receipt.subject}
        if receipt.seq >= 0:
            told["seq"] = receipt.seq
        log.info("%s", receipt, extra={"ledger": told})


def recorded_many(done: Recorded, at: Span) -> None:
    """Tell of many statements that were recorded in batches."""
    count("records", done.count, type="many", state="spooled" if done.spooled else "placed")
    at.set(count=done.count)
    log.info("<Recorded %d events, entries %d to %d>", done.count, done.first, done.last)


def verified(verdict: str, size: int, at: Span) -> None:
    """Tell what a verification found."""
    count("verified", verdict=verdict)
    at.set(verdict=verdict, size=size)
    log.info("verified %d entries: %s", size, verdict)


def delivered(placed: int, aside: int, held: int, at: Span) -> None:
    """Tell what a flush of the spool did."""
    count("delivered", placed)
    count("set_aside", aside)
    at.set(delivered=placed, aside=aside, held=held)
    if placed or aside:
        log.info("delivered %d statements that waited, %d set aside", placed, aside)

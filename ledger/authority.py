"""Who was allowed to say what was said, over parts in order: C12, C13, C16, C17."""

from typing import Any

from ledger.errors import Tampered
from ledger.events import EVENTS
from ledger.genesis import Unknown
from ledger.ranges import Act, Part, Span, Use
from ledger.report import Failure, Missing
from ledger.trust import Trust


class Authority:
    """Takes parts in order and moves `trust` with them. `failures`, `missing` and `acts` grow as it goes."""

    def __init__(self, trust: Trust) -> None:
        self.trust = trust
        self.failures: list[Failure] = []
        self.missing: list[Missing] = []
        self.acts: list[int] = []

    def take(self, part: Part) -> None:
        """Judge what the next range says."""
        for at, segment in enumerate(part.uses):
            for use, span in sorted(segment.items(), key=lambda item: item[1].first):
                self._judge(use, span)
            if at < len(part.acts):
                self._act(part.acts[at])

    def _judge(self, use: Use, span: Span) -> None:
        if use.type == "genesis" and span.last == 0:
            return
        try:
            self.trust.judge(_said(use), span.recorded)
        except Tampered as error:
            self._refuse(error, span.first)
        if use.critical and use.type not in EVENTS:
            self.missing.append(
                Missing("critical", span.first, f"entry {span.first}: {use.type} is critical, unknown here")
            )

    def _act(self, act: Act) -> None:
        self.acts.append(act.seq)
        try:
            self.trust.judge(act.statement, act.recorded)
            self.trust.apply(act.seq, act.statement)
        except Tampered as error:
            self._refuse(error, act.seq)
        except Unknown as unknown:
            self.missing.append(Missing("trust_change", act.seq, f"entry {act.seq}: {unknown}"))

    def _refuse(self, error: Tampered, seq: int) -> None:
        if 0 <= self.trust.unknown_since < seq:
            self.missing.append(
                Missing("trust_change", seq, f"entry {seq}: {error.message}, unless an unknown event allows it")
            )
        else:
            self._fail(error.check, error.code, seq, f"entry {seq}: {error.message}")

    def _fail(self, check: int, code: str, seq: int, message: str) -> None:
        self.failures.append(Failure(check, code, seq, message))


def _said(use: Use) -> dict[str, Any]:
    subject = {"system": use.system} if use.system is not None else {}
    return {"type": use.type, "actor": use.actor, "key": use.key, "log": use.log, "subject": subject}

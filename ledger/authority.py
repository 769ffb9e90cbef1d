"""Who was allowed to say what was said, over parts in order: C12, C13, C16, C17; and each change of the rules."""

from typing import Any

from ledger.errors import Tampered
from ledger.events import EVENTS
from ledger.genesis import Rule, Unknown
from ledger.parts import KEPT_LIMIT, Act, Part, Span, Use
from ledger.report import Failure, Finding, Missing
from ledger.trust import Trust


class Authority:
    """Takes parts in order and moves `trust` with them. `failures`, `missing`, `findings`, `acts` grow as it goes."""

    def __init__(self, trust: Trust) -> None:
        self.trust = trust
        self.failures: list[Failure] = []
        self.missing: list[Missing] = []
        self.findings: list[Finding] = []
        self.acts: list[int] = []
        self.approvals: list[int] = []
        """Approvals since somebody set a policy on four eyes."""

    def take(self, part: Part) -> None:
        """Judge what the next range says."""
        for at, segment in enumerate(part.uses):
            for use, span in sorted(segment.items(), key=lambda item: item[1].first):
                self._judge(use, span)
            if at < len(part.acts):
                self._act(part.acts[at])
        if self.trust.four_eyes:
            since = self.trust.four_eyes[0].seq
            self.approvals += [seq for seq in part.approvals if seq > since]

    def _judge(self, use: Use, span: Span) -> None:
        if use.type == "genesis" and span.last == 0:
            return
        said = _said(use)
        try:
            self.trust.judge(said, span.recorded)
        except Tampered as error:
            self._refuse(error, span.first)
        if use.behalf is not None and not self.trust.may_speak_for(said, span.recorded):
            self._not_delegated(span.first, use.actor, use.behalf)
        if use.critical and use.type not in EVENTS:
            self.missing.append(
                Missing("critical", span.first, f"entry {span.first}: {use.type} is critical, unknown here")
            )

    def _act(self, act: Act) -> None:
        self.acts.append(act.seq)
        before = self.trust.rules
        try:
            self.trust.judge(act.statement, act.recorded)
            self.trust.apply(act.seq, act.statement)
            self._tell(act, before)
        except Tampered as error:
            self._refuse(error, act.seq)
        except Unknown as unknown:
            self.missing.append(Missing("trust_change", act.seq, f"entry {act.seq}: {unknown}"))

    def _tell(self, act: Act, before: dict[str, Rule]) -> None:
        """Every change of what a verifier goes by is listed: it may be changed, used, and changed back."""
        said, kind = act.statement, act.statement["type"]
        if "on_behalf_of" in said and not self.trust.may_speak_for(said, act.recorded):
            self._find(
                "not_delegated", act.seq, f"{said['actor']} speaks for {said['on_behalf_of']}, who did not say so"
            )
        if kind == "policy_set":
            about = said["subject"].get("system", "all systems")
            what = f"four eyes for {about}: {said['data']['value']}"
            rows = said["data"]["value"] if said["data"]["kind"] == "roles" else {}
            words = [f"{name}: {_rule(before.get(name))} -> {_rule(self.trust.rules[name])}" for name in sorted(rows)]
            self._find("policy_set", act.seq, f"{said['actor']} set the policy {'; '.join(words) or what}")
        elif kind == "log_key_rotated":
            how = "by recovery: the key before it did not sign" if "recovery" in said["data"] else "old and new signed"
            old, new = (said["data"][name][0].split("+")[1] for name in ("old", "new"))
            code = "log_key_recovered" if "recovery" in said["data"] else "log_key_rotated"
            self._find(code, act.seq, f"the log's key {old} was replaced by {new} ({how})")

    def _not_delegated(self, seq: int, actor: str, behalf: str) -> None:
        self._find("not_delegated", seq, f"{actor} speaks for {behalf}, who did not say so")

    def _find(self, code: str, seq: int, message: str) -> None:
        if len(self.findings) < KEPT_LIMIT:
            self.findings.append(Finding(code, seq, f"entry {seq}: {message}"))

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
    said = {"type": use.type, "actor": use.actor, "key": use.key, "log": use.log, "subject": subject}
    return said | {"on_behalf_of": use.behalf}


def _rule(rule: Rule | None) -> str:
    if rule is None:
        return "no rule"
    words = [" or ".join(sorted(rule.roles)) or "any role"]
    return ", ".join(words + ["never in a batch"] * (not rule.batch) + ["changes trust"] * rule.trust)

"""`ledger approve` and `ledger reject`: a person looks, decides, and signs with a key of their own."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ledger.cli.approver import require_approver
from ledger.cli.asking import full_name, opened
from ledger.cli.candidate import candidate_lines, painted
from ledger.cli.ceremony import ask_condition, ask_version, seat, width
from ledger.cli.frame import Call, command
from ledger.cli.layout import clean, wrapped
from ledger.cli.roster import Holder
from ledger.cli.said import moment
from ledger.cli.screen import Answer, Paint
from ledger.cli.verifying import look_over
from ledger.deciding import place, sign
from ledger.errors import Misuse, Tampered
from ledger.keys.openssh import name_of
from ledger.keys.ssh_signer import SshSigner
from ledger.versions import ref_to

if TYPE_CHECKING:
    from ledger.api import Ledger
    from ledger.receipts import Receipt
    from ledger.report import Report
    from projections.opening import Projections

_PATH = click.Path(path_type=Path)
_KEY = "PATH, agent:SHA256:..., ssh-keygen:FILE.pub, kms:ARN or env:NAME; else LEDGER_KEY."


class Looked(NamedTuple):
    """What was shown: the facts of the version, the report of the verification, the lines without colour."""

    found: dict[str, Any]
    report: "Report"
    lines: list[str]

    @property
    def version(self) -> str:
        """What a person types to say which one they mean."""
        return str(self.found.get("version", self.found["digest_set"][7:19]))


def _elsewhere(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the two options for a key on a machine without a network."""
    made = click.option("--prepare", metavar="FILE", type=_PATH, help="Write the bytes to sign, and record nothing.")
    back = click.option("--submit", metavar="FILE SIGNATURE", nargs=2, type=_PATH, help="Record what was signed so.")
    return made(back(function))


@command()
@click.argument("version", metavar="SYSTEM@VERSION", required=False)
@click.option("--for", "stage", metavar="STAGE", help="What for: production, staging, or a name of your own.")
@click.option("--key", metavar="KEY", help=_KEY)
@click.option("--as", "actor", metavar="HANDLE", help="Whose key signs, where several are here.")
@click.option("--condition", "conditions", multiple=True, metavar="TEXT", help="May be said again; else it is asked.")
@click.option("--valid-until", metavar="TIME", help="Until when the approval holds.")
@click.option("--yes", metavar="VERSION", help="Instead of typing the version: for where there is no terminal.")
@_elsewhere
def approve(call: Call, version: str | None, stage: str | None, **options: Any) -> Answer:
    """Show what a version is, against what runs and the thresholds, then sign that you approve exactly that.

    You are asked to type the version; anything else stops, and nothing is recorded. To sign on a machine without a
    network: --prepare FILE here, sign FILE there, --submit FILE SIGNATURE here.
    """
    until = moment(options["valid_until"], "--valid-until") if options["valid_until"] else None
    return _decide(call, "approved", version, stage, {**options, "valid_until": until})


@command()
@click.argument("version", metavar="SYSTEM@VERSION", required=False)
@click.option("--for", "stage", metavar="STAGE", help="What for: production, staging, or a name of your own.")
@click.option("--reason", metavar="TEXT", help="Why not, in words.")
@click.option("--key", metavar="KEY", help=_KEY)
@click.option("--as", "actor", metavar="HANDLE", help="Whose key signs, where several are here.")
@click.option("--yes", metavar="VERSION", help="Instead of typing the version: for where there is no terminal.")
@_elsewhere
def reject(call: Call, version: str | None, stage: str | None, **options: Any) -> Answer:
    """Show what a version is, then sign that you reject it; earlier approvals for the stage no longer stand."""
    return _decide(call, "rejected", version, stage, options)


def _decide(call: Call, kind: str, named: str | None, stage: str | None, options: dict[str, Any]) -> Answer:
    verb = "approve" if kind == "approved" else "reject"
    if options["submit"] is not None:
        from ledger.cli.elsewhere import submit_decision

        return submit_decision(call, kind, *options["submit"])
    if named is None or stage is None:
        missing = "SYSTEM@VERSION" if named is None else "--for STAGE"
        raise Misuse(f"{verb} needs {missing}", f"ledger {verb} SYSTEM@VERSION --for production", code="missing")
    if kind == "rejected" and not options["reason"]:
        raise Misuse("reject needs a reason", '--reason "..."', code="needs_reason")
    if options["prepare"] is not None:
        from ledger.cli.elsewhere import prepare_decision

        return prepare_decision(call, kind, named, stage, options)
    with call.open(read_only=False, actor=options["actor"], key=options["key"]) as ledger:
        named = full_name(named, ledger)
        person = require_approver(ledger, ledger.identity.signer.credential.id, kind, named, stage)
        where = seat(verb, named, options["yes"])
        if not where.asks and isinstance(ledger.identity.signer, SshSigner):
            ledger.identity.signer.unlock()
        looked = look(ledger, named, stage, person, kind)
        _check_yes(options["yes"], looked)
        where.say(painted(looked.lines, where.paint))
        conditions = list(options.get("conditions", ()))
        if kind == "approved" and not conditions and where.asks:
            conditions = ask_condition()
        if where.asks and not ask_version(verb, looked.version):
            return _stopped(verb)
        fields = decision_fields(ledger, looked, stage, kind, {**options, "conditions": conditions})
        signed = sign(ledger, kind, fields)
        receipt = place(ledger, signed, looked.found["size"], looked.found["system"], looked.found["digest_set"])
        key = name_of(ledger.identity.signer.credential)
    return _done(verb, receipt, key, looked, conditions)


def _check_yes(yes: str | None, looked: Looked) -> None:
    if yes is not None and yes != looked.version:
        raise Misuse(
            f"--yes says {yes}, this is {looked.version}; nothing was recorded",
            f"--yes {looked.version}, if that is what you mean",
            code="other_version",
        )


def look(ledger: "Ledger", named: str, stage: str, person: Holder, kind: str) -> Looked:
    """Gather what a person has to see, and verify it and the ledger it comes from; `Tampered` where that is broken."""
    found, rests = _facts(ledger, named, stage, person.handle)
    report, since = look_over(ledger, rests)
    if report.verdict == "BROKEN":
        raise Tampered(
            f"this ledger is broken: {report.failures[0].message}; nothing was recorded",
            "ledger verify",
            code="broken",
            seq=report.failures[0].seq,
            report=report,
        )
    roles = ", ".join(role for role in person.roles if role != "recorder") or "recorder"
    verb = "approve" if kind == "approved" else "REJECT"
    head = f"You are {person.handle} ({roles}). You are about to {verb} for {clean(stage)}:"
    return Looked(found, report, [head, *candidate_lines(found, report, len(rests), since, width())])


def _facts(ledger: "Ledger", named: str, stage: str, actor: str) -> tuple[dict[str, Any], set[int]]:
    """Return what there is to see, as the entries say it that it rests on, and these.

    The tables of the projections say which entries these are. Where they say anything else than these entries do, it
    is made again from all entries, and `told_otherwise` is in it.
    """
    from projections.opening import as_of
    from projections.questions.approving import candidate
    from projections.questions.resting import cited, from_entries

    now = datetime.now(UTC)

    def ask(projections: "Projections") -> dict[str, Any]:
        return candidate(projections, named, stage, actor, now=now)

    with opened(ledger) as projections:
        try:
            told = ask(projections)
            found, rests = from_entries(projections, told, ledger.store.authority(), ask)
            if found == told:
                return found, rests
        except Misuse as error:
            if error.code == "unknown_version":
                raise
    with as_of(ledger) as whole:
        found = ask(whole)
    return found | {"told_otherwise": True}, cited(found)


def decision_fields(ledger: "Ledger", looked: Looked, stage: str, kind: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return what is said: exactly the set that was shown, what it rests on, the head that was seen, and the text."""
    found, report = looked.found, looked.report
    rests = [one["seq"] for one in found["evaluations"]]
    fields: dict[str, Any] = {
        "system": found["system"],
        "version": found.get("version"),
        "artifacts": {name: one["digest"] for name, one in found["artifacts"].items()},
        "stage": stage,
        "uses": [ref_to(ledger.read(seq)) for seq in rests],
        "answers": [ref_to(ledger.read(found["request"]["seq"]))] if "request" in found else None,
        "reason": options.get("reason"),
        "note": "\n".join(looked.lines),
    }
    if kind == "approved":
        fields |= {
            "conditions": options["conditions"] or None,
            "valid_until": options.get("valid_until"),
            "seen": {"size": report.size, "root": f"sha256:{report.root}"},
        }
    return fields


def _stopped(verb: str) -> Answer:
    document = {"schema": f"ledger.{verb}/1", "decided": False}
    return Answer(document, lambda paint: [paint("yellow", "Stopped: that is another word. Nothing was recorded.")], 1)


def _done(verb: str, receipt: "Receipt", key: str, looked: Looked, conditions: list[str]) -> Answer:
    said = "Approved" if verb == "approve" else "Rejected"
    document: dict[str, Any] = {
        "schema": f"ledger.{verb}/1",
        "decided": True,
        **{name: getattr(receipt, name) for name in receipt.__struct_fields__},
        "key": key,
        "digest_set": looked.found["digest_set"],
        "stage": looked.found["stage"],
        "seen": {"size": looked.report.size, "root": f"sha256:{looked.report.root}"},
        "conditions": conditions,
        "findings": looked.found["findings"],
        "shown": looked.lines,
    }

    def lines(paint: Paint) -> list[str]:
        state = "" if receipt.state == "sealed" else f", {receipt.state}"
        text = f"{said}: entry {receipt.seq}{state}, signed by {key}; the text above is kept with it."
        head, *rest = wrapped(text, width=width())
        return [paint("green" if verb == "approve" else "yellow", said) + head[len(said) :], *rest]

    return Answer(document, lines)

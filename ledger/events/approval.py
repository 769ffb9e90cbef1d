"""Approval: human decisions about a digest set or a document, each signed by the person (Article 17(1))."""

from typing import Annotated

from ledger.events.common import Count, Digest, Event, Fields, Handle, Label, Positive, Text, Time, says

_STAGE = says("what for: staging, production, training, test_report, dossier, or a name of one's own", "Art. 17(1)(a)")


class Seen(Fields, frozen=True, kw_only=True):
    """The head of the log that stood on the approver's screen."""

    size: Annotated[Count, says("number of entries")]
    root: Annotated[Digest, says("root hash at that size")]


class ApprovalRequested(Event, frozen=True, kw_only=True):
    """Approval was asked for."""

    stage: Annotated[Label, _STAGE]
    approvers: Annotated[list[Handle] | None, says("who is asked", "Art. 17(1)(m)")] = None
    needed: Annotated[Positive | None, says("number of distinct humans needed; left out: 1", "Art. 17(1)(a)")] = None
    due: Annotated[Time | None, says("until when an answer is needed", "Art. 17(1)(a)")] = None


class Approved(Event, frozen=True, kw_only=True):
    """A person approved exactly this digest set or document for a stage."""

    stage: Annotated[Label, _STAGE]
    conditions: Annotated[
        list[Text] | None, says("conditions of the approval; printed, and a finding while unmet", "Art. 17(1)(a)")
    ] = None
    valid_until: Annotated[Time | None, says("until when it holds", "Art. 17(1)(c)")] = None
    seen: Annotated[
        Seen | None, says("head of the log the approver saw; their signature vouches for it too", "Art. 17(1)(m)")
    ] = None


class Rejected(Event, frozen=True, kw_only=True):
    """A person rejected this digest set or document for a stage; earlier approvals of the stage no longer stand."""

    stage: Annotated[Label, _STAGE]


class ApprovalRevoked(Event, frozen=True, kw_only=True):
    """An approval, named by `ends`, was taken back."""

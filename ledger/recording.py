"""Recording: one method a type of event. Written by ledger.events.generate: edit the structs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date, datetime
    from os import PathLike
    from typing import Literal, TypeAlias

    from msgspec import Struct

    from ledger.entry import Entry
    from ledger.events.common import Evidence
    from ledger.receipts import Receipt

    Said: TypeAlias = Receipt | Entry | PathLike[str] | Mapping[str, Any]
    """An event that is referred to: what `record` returned, its file, an entry, or a map with its `id` and `hash`."""
    Named: TypeAlias = str | Said | Evidence
    """A dataset, version or component: its label, a receipt, evidence, or a map."""


def _said(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None and name != "self"}


def _judged(method: Callable[..., Receipt]) -> Callable[..., Receipt]:
    """A method of a type that lets the type's own rules refuse a wrong keyword, or one that is missing.

    Python's TypeError names no fix, and nothing would be kept of what was said.
    """
    import functools

    name, code = method.__name__, method.__code__
    known = frozenset(code.co_varnames[1 : 1 + code.co_kwonlyargcount])
    needed = known.difference(method.__kwdefaults__ or ())

    @functools.wraps(method)
    def judged(self: Recorder, /, *words: Any, **fields: Any) -> Receipt:
        if words:
            from ledger.errors import Misuse

            fix = f"record.{name}({min(needed, default='system')}=..., ...)"
            raise Misuse(f"{name} takes its fields by name", fix, code="by_name")
        if needed <= fields.keys() <= known:
            return method(self, **fields)
        return self._do(name, _said(fields))

    return judged


class Recorder:
    """Records events: `record("trained", ...)`, `record(Trained(...), ...)`, or one method for each type:

    governance: actor_introduced, key_authorized, key_revoked, role_assigned, role_ended, delegated, policy_set,
      log_key_rotated, clock_reset, system_registered, corrected, verified, erased, timestamped, retimestamped,
      migrated
    data: dataset_registered
    development: trained, version_registered
    evaluation: metric_plan_defined, evaluated
    approval: approval_requested, approved, rejected, approval_revoked
    deployment: deployed, undeployed, rolled_back, suspended, resumed, change_recorded,
      substantial_modification_assessed, placed_on_market, put_into_service, retired
    monitoring: deployment_observed, drift_alerted, alert_acknowledged, alert_resolved

    A type of one's own is said by its name: `record("acme.example/thing", ...)`. Every call returns a receipt once
    the event is durable, and raises `ledger.errors.Misuse` for what cannot be said. Every type takes these, too:

    of: the event whose subject this is about, or SYSTEM@VERSION
    caused_by: why this happened
    answers: the request it replies to
    uses: facts it rests on
    under: authority it was done under
    ends: the event whose interval it closes
    supersedes: the event whose place it takes
    reason: why, in words; open, printed
    evidence: files that show it
    time: when it happened; left out: now
    id: UUIDv7; the same id is recorded once
    on_behalf_of: handle of the person it was done for
    claimed_by: who did it by the word of `source`: source, and actor or name
    source: the system whose words are repeated: tool, mode, uri, key
    critical: True: who does not know the type must not pass it
    capture: False: nothing is taken from the surroundings
    seal: fields of free text to seal: a salted commitment stands in the entry
    allow_secret: True: what looks like a password is none
    """

    __slots__ = ("_do",)

    def __init__(self, do: Callable[[str | Struct, dict[str, Any]], Receipt]) -> None:
        self._do = do

    def __call__(self, what: str | Struct, /, **fields: Any) -> Receipt:
        """Record an event of a type named by text, or an event struct; fields, subject and the rest are keywords."""
        if not isinstance(what, str) and not hasattr(what, "__struct_fields__"):
            from ledger.errors import Misuse

            kind = type(what).__name__
            raise Misuse(f"record takes a type's name or a struct, not {kind}", 'record("trained", ...)', code="event")
        return self._do(what, fields)

    if not TYPE_CHECKING:  # a checker shall see the mistake itself

        def __getattr__(self, name: str) -> Any:
            import difflib

            known = [word for word in dir(type(self)) if not word.startswith("_")]
            near = difflib.get_close_matches(name, known, 1)
            raise AttributeError(f"no event type {name!r}" + (f"; nearest is {near[0]!r}" if near else ""))

    def actor_introduced(
        self,
        *,
        handle: str,
        kind: Literal["human", "service"],
        name: str | Mapping[str, Any] | Struct | None = None,
        contact: str | Mapping[str, Any] | Struct | None = None,
        function: str | None = None,
        organisation: str | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        reason: str | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """A person or service was introduced under a handle.

        handle: the actor spoken about
        kind: human or service; only a human satisfies human_approval (Annex IV 2(g))
        name: the person's name; sealed (Annex V 8)
        contact: how to reach them; sealed (Art. 17(1)(m))
        function: job title; open, printed (Annex V 8, Art. 17(1)(m))
        organisation: whom they work for (Art. 17(1)(m))
        """
        return self._do("actor_introduced", _said(locals()))

    def key_authorized(
        self,
        *,
        handle: str,
        keys: Sequence[Mapping[str, Any] | Struct],
        roles: Sequence[Literal["recorder", "approver", "compliance", "admin", "auditor"]],
        systems: Sequence[str] | None = None,
        not_after: datetime | str | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        reason: str | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """A credential may sign for a handle from the next entry on.

        handle: the actor spoken about
        keys: the credential: one or two public keys of different schemes (Art. 17(1)(m))
        roles: what it may be used for (Art. 17(1)(m))
        systems: only for these systems; left out: all (Art. 17(1)(m))
        not_after: entries recorded later do not count (Art. 17(1)(m))
        """
        return self._do("key_authorized", _said(locals()))

    def key_revoked(
        self,
        *,
        handle: str,
        key_id: str,
        why: Literal["retired", "replaced", "lost", "compromised", "left"],
        compromised_since: datetime | str | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        reason: str | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """A credential may not sign after this entry.

        handle: the actor spoken about
        key_id: id of the credential (Art. 17(1)(m))
        why: why it was revoked (Art. 17(1)(m))
        compromised_since: what it signed at or after this time is doubtful, never deleted (Art. 17(1)(m))
        """
        return self._do("key_revoked", _said(locals()))

    def role_assigned(
        self,
        *,
        handle: str,
        role: Literal["recorder", "approver", "compliance", "admin", "auditor"],
        systems: Sequence[str] | None = None,
        not_after: datetime | str | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        reason: str | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """A handle holds a role from the next entry on, whichever of its keys signs.

        handle: the actor spoken about
        role: the role (Art. 17(1)(m))
        systems: only for these systems; left out: all (Art. 17(1)(m))
        not_after: it does not count for entries recorded later (Art. 17(1)(m))
        """
        return self._do("role_assigned", _said(locals()))

    def role_ended(
        self,
        *,
        handle: str,
        role: Literal["recorder", "approver", "compliance", "admin", "auditor"],
        systems: Sequence[str] | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        reason: str | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """A handle no longer holds a role, by any of its keys; with systems: what was assigned for these.

        handle: the actor spoken about
        role: the role (Art. 17(1)(m))
        systems: only what was assigned for these systems (Art. 17(1)(m))
        """
        return self._do("role_ended", _said(locals()))

    def delegated(
        self,
        *,
        handle: str,
        to: str,
        systems: Sequence[str] | None = None,
        not_after: datetime | str | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        reason: str | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """A handle lets another speak on its behalf; it lends no role and no key. Said again: it takes the place.

        handle: the actor spoken about
        to: who may say `on_behalf_of` this handle (Art. 17(1)(m), 26(2))
        systems: only for these systems; left out: all (Art. 17(1)(m))
        not_after: it does not count for entries recorded later (Art. 17(1)(m))
        """
        return self._do("delegated", _said(locals()))

    def policy_set(
        self,
        *,
        kind: Literal["roles", "four_eyes"],
        value: Mapping[str, Mapping[str, Any] | Struct] | Literal["finding", "refusal", "off"],
        system: str | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        reason: str | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """A rule of the log was changed from the next entry on: rows of the rule table, or what becomes of own work.

        kind: which policy (Art. 17(1)(a))
        value: roles: rows of the rule table; four_eyes: finding, refusal or off (Art. 17(1)(a), 17(1)(m))
        system: the AI system
        """
        return self._do("policy_set", _said(locals()))

    def log_key_rotated(
        self,
        *,
        old: Sequence[str],
        new: Sequence[str],
        reason: str,
        recovery: Sequence[Mapping[str, Any] | Struct] | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """The log's keys were replaced; the checkpoint of exactly this size is signed by old and new ones.

        old: verifier keys of the log so far
        new: verifier keys that sign larger checkpoints
        reason: why, in words; open, printed
        recovery: where the old ones are lost: the quorum's signatures; the old keys then sign nothing
        """
        return self._do("log_key_rotated", _said(locals()))

    def clock_reset(
        self,
        *,
        reason: str,
        note: str | Mapping[str, Any] | Struct | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """The writer's clock was wrong: `recorded` may go back in this one entry.

        reason: why, in words; open, printed
        note: free text that may name people; sealed
        """
        return self._do("clock_reset", _said(locals()))

    def system_registered(
        self,
        *,
        system: str,
        purpose: str,
        name: str | None = None,
        our_role: Literal["provider", "deployer", "importer", "distributor", "representative"] | None = None,
        provider: Mapping[str, Any] | Struct | None = None,
        reference: str | None = None,
        affected_persons: Sequence[str] | None = None,
        forms: Sequence[str] | None = None,
        hardware: str | None = None,
        interfaces: str | None = None,
        countries: Sequence[str] | None = None,
        sme: Literal["none", "sme", "smc"] | None = None,
        note: str | Mapping[str, Any] | Struct | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        reason: str | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """An AI system was registered; said again later, it is a change.

        system: the AI system
        purpose: the intended purpose (Annex IV 1(a), Art. 3(12))
        name: its name in words (Annex IV 1(a), V 1)
        our_role: what we are to it; left out: provider (Annex VIII.A)
        provider: who provides it (Annex IV 1(a), V 2)
        reference: reference by which it can be traced (Annex V 1)
        affected_persons: persons it is used on (Annex IV 2(b))
        forms: forms in which it is placed on the market (Annex IV 1(d))
        hardware: hardware it is meant to run on (Annex IV 1(e))
        interfaces: how it interacts with other systems (Annex IV 1(b), 1(g))
        countries: where it is offered, ISO 3166 alpha-2 (Annex VIII.A 10)
        sme: small or medium enterprise, or small mid-cap (Art. 11(1))
        note: free text that may name people; sealed
        """
        return self._do("system_registered", _said(locals()))

    def dataset_registered(
        self,
        *,
        dataset: str,
        artifacts: Mapping[str, Evidence | str] | None = None,
        role: Literal["training", "validation", "test", "reference", "calibration"] | None = None,
        rows: int | None = None,
        columns: int | None = None,
        period_start: date | str | None = None,
        period_end: date | str | None = None,
        provenance: str | None = None,
        collection: str | None = None,
        selection: str | None = None,
        labelling: str | None = None,
        cleaning: str | None = None,
        licence: str | None = None,
        groups: Sequence[str] | None = None,
        geography: Sequence[str] | None = None,
        target: str | None = None,
        personal_data: Literal["none", "personal", "special"] | None = None,
        original_purpose: str | None = None,
        derived_from: Sequence[Named] | None = None,
        note: str | Mapping[str, Any] | Struct | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        reason: str | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """A dataset snapshot was registered under a label.

        dataset: label of the dataset, name@label
        artifacts: name to file: what the version, dataset or document consists of
        role: what it is meant for; what counts is its use (Art. 3(29)-(32))
        rows: number of rows (Annex IV 2(d))
        columns: number of columns (Annex IV 2(d))
        period_start: first day the data speak of (Annex IV 2(d))
        period_end: last day the data speak of (Annex IV 2(d))
        provenance: where the data come from, a sentence (Annex IV 2(d))
        collection: how they were collected (Art. 10(2)(b))
        selection: how they were selected (Annex IV 2(d))
        labelling: how they were labelled (Annex IV 2(d), Art. 10(2)(c))
        cleaning: how they were cleaned (Annex IV 2(d), Art. 10(2)(c))
        licence: under which terms they may be used (Annex IV 2(d))
        groups: groups of persons they cover (Art. 10(3)-(4))
        geography: countries they cover, ISO 3166 alpha-2 (Art. 10(4))
        target: what is predicted from them (Annex IV 2(b))
        personal_data: whether they are personal data, or special categories (Art. 10(5))
        original_purpose: what personal data were first collected for (Art. 10(2)(b))
        derived_from: datasets they were made from (Annex IV 2(d))
        note: free text that may name people; sealed
        """
        return self._do("dataset_registered", _said(locals()))

    def trained(
        self,
        *,
        system: str,
        artifacts: Mapping[str, Evidence | str],
        version: str | None = None,
        datasets: Mapping[str, Sequence[Named]] | None = None,
        parameters: Mapping[str, float | str | bool | Sequence[float | bool]] | None = None,
        seed: int | None = None,
        algorithm: str | None = None,
        architecture: str | None = None,
        framework: str | None = None,
        objective: str | None = None,
        parents: Sequence[Named] | None = None,
        base_models: Sequence[Named] | None = None,
        run: str | None = None,
        started: datetime | str | None = None,
        metrics: Mapping[str, float | Mapping[str, Any] | Struct] | None = None,
        compute: Mapping[str, Any] | Struct | None = None,
        note: str | Mapping[str, Any] | Struct | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        reason: str | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """A training run ended and produced this digest set.

        system: the AI system
        artifacts: name to file: what the version, dataset or document consists of
        version: label of the version
        datasets: what it was trained on, by role (Annex IV 2(d))
        parameters: hyperparameters (Annex IV 2(b))
        seed: seed of the random numbers (Annex IV 2(b))
        algorithm: method, such as gradient boosting (Annex IV 2(b))
        architecture: structure of the model: a short text or a digest (Annex IV 2(c))
        framework: library and version it was trained with (Annex IV 2(a))
        objective: what it optimises (Annex IV 2(b))
        parents: versions it was made from (Annex IV 1(a))
        base_models: models of others it builds on (Annex IV 2(a))
        run: the training tool's own id of the run (Annex IV 2(b))
        started: when the run began (Annex IV 2(c))
        metrics: measures of the training itself; no evaluation (Annex IV 2(b))
        compute: computing resources it took (Annex IV 2(c))
        note: free text that may name people; sealed
        """
        return self._do("trained", _said(locals()))

    def version_registered(
        self,
        *,
        system: str | None = None,
        version: str | None = None,
        artifacts: Mapping[str, Evidence | str] | None = None,
        parents: Sequence[Named] | None = None,
        components: Sequence[Named] | None = None,
        software: Mapping[str, str] | None = None,
        update_requirements: str | None = None,
        summary: str | None = None,
        note: str | Mapping[str, Any] | Struct | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        reason: str | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """A digest set was registered as a version; the set is its bill of artifacts.

        system: the AI system
        version: label of the version
        artifacts: name to file: what the version, dataset or document consists of
        parents: versions it was made from (Annex IV 1(a))
        components: parts that come from others (Annex IV 2(a))
        software: software it needs, name to version (Annex IV 1(c))
        update_requirements: what an update of it requires (Annex IV 1(c))
        summary: what is new in it, a sentence (Annex IV 1(a))
        note: free text that may name people; sealed
        """
        return self._do("version_registered", _said(locals()))

    def metric_plan_defined(
        self,
        *,
        thresholds: Sequence[Mapping[str, Any] | Struct],
        system: str | None = None,
        plan: str | None = None,
        rationale: str | None = None,
        methods: Mapping[str, str] | None = None,
        groups: Sequence[str] | None = None,
        test_dataset: Named | None = None,
        retest_days: int | None = None,
        min_n: int | None = None,
        note: str | Mapping[str, Any] | Struct | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        reason: str | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """A metric plan was laid down: the thresholds that evaluations will be judged by.

        thresholds: the thresholds (Art. 9(8), Annex IV 3)
        system: the AI system
        plan: name of the plan
        rationale: why these metrics are appropriate (Annex IV 4)
        methods: metric to the way it is computed (Annex IV 2(g))
        groups: groups to be reported (Annex IV 2(g), 3)
        test_dataset: the dataset to test on (Annex IV 2(g))
        retest_days: days after which an evaluation is stale (Art. 17(1)(d))
        min_n: size of the smallest group that is judged (Annex IV 3)
        note: free text that may name people; sealed
        """
        return self._do("metric_plan_defined", _said(locals()))

    def evaluated(
        self,
        *,
        metrics: Mapping[str, float | Mapping[str, Any] | Struct],
        artifacts: Mapping[str, Evidence | str] | None = None,
        system: str | None = None,
        version: str | None = None,
        groups: Mapping[str, Mapping[str, float | Mapping[str, Any] | Struct]] | None = None,
        datasets: Mapping[str, Sequence[Named]] | None = None,
        covers: Sequence[Literal["performance", "bias", "drift", "robustness", "security"]] | None = None,
        passed: bool | None = None,
        methods: Mapping[str, str] | None = None,
        note: str | Mapping[str, Any] | Struct | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        reason: str | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """A digest set was evaluated on test data.

        metrics: measures over all cases (Annex IV 2(g), Art. 15)
        artifacts: name to file: what the version, dataset or document consists of
        system: the AI system
        version: label of the version
        groups: the measures of each group, such as `age<25`, with `n` (Annex IV 2(g), 3, Art. 13(3)(b))
        datasets: what it was tested on: test; for drift reference and test (Annex IV 2(g))
        covers: what was examined; left out: performance, and bias where there are groups (Art. 10(2)(f), 15)
        passed: the author's verdict; counts only where no plan covers the metric (Annex IV 2(g))
        methods: metric to the way it was computed (Annex IV 2(g))
        note: free text that may name people; sealed
        """
        return self._do("evaluated", _said(locals()))

    def approval_requested(
        self,
        *,
        stage: str,
        system: str | None = None,
        version: str | None = None,
        artifacts: Mapping[str, Evidence | str] | None = None,
        document: str | None = None,
        dataset: str | None = None,
        component: str | None = None,
        approvers: Sequence[str] | None = None,
        needed: int | None = None,
        due: datetime | str | None = None,
        note: str | Mapping[str, Any] | Struct | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        reason: str | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """Approval was asked for.

        stage: what for: staging, production, training, test_report, dossier, or a name of one's own (Art. 17(1)(a))
        system: the AI system
        version: label of the version
        artifacts: name to file: what the version, dataset or document consists of
        document: name of the document
        dataset: label of the dataset, name@label
        component: label of the component, name@label
        approvers: who is asked (Art. 17(1)(m))
        needed: number of distinct humans needed; left out: 1 (Art. 17(1)(a))
        due: until when an answer is needed (Art. 17(1)(a))
        note: free text that may name people; sealed
        """
        return self._do("approval_requested", _said(locals()))

    def approved(
        self,
        *,
        stage: str,
        system: str | None = None,
        version: str | None = None,
        artifacts: Mapping[str, Evidence | str] | None = None,
        document: str | None = None,
        dataset: str | None = None,
        component: str | None = None,
        conditions: Sequence[str] | None = None,
        valid_until: datetime | str | None = None,
        seen: Mapping[str, Any] | Struct | None = None,
        note: str | Mapping[str, Any] | Struct | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        reason: str | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """A person approved exactly this digest set or document for a stage.

        stage: what for: staging, production, training, test_report, dossier, or a name of one's own (Art. 17(1)(a))
        system: the AI system
        version: label of the version
        artifacts: name to file: what the version, dataset or document consists of
        document: name of the document
        dataset: label of the dataset, name@label
        component: label of the component, name@label
        conditions: conditions of the approval; printed, and a finding while unmet (Art. 17(1)(a))
        valid_until: until when it holds (Art. 17(1)(c))
        seen: head of the log the approver saw; their signature vouches for it too (Art. 17(1)(m))
        note: free text that may name people; sealed
        """
        return self._do("approved", _said(locals()))

    def rejected(
        self,
        *,
        stage: str,
        reason: str,
        system: str | None = None,
        version: str | None = None,
        artifacts: Mapping[str, Evidence | str] | None = None,
        document: str | None = None,
        dataset: str | None = None,
        component: str | None = None,
        note: str | Mapping[str, Any] | Struct | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """A person rejected this digest set or document for a stage; earlier approvals of the stage no longer stand.

        stage: what for: staging, production, training, test_report, dossier, or a name of one's own (Art. 17(1)(a))
        reason: why, in words; open, printed
        system: the AI system
        version: label of the version
        artifacts: name to file: what the version, dataset or document consists of
        document: name of the document
        dataset: label of the dataset, name@label
        component: label of the component, name@label
        note: free text that may name people; sealed
        """
        return self._do("rejected", _said(locals()))

    def approval_revoked(
        self,
        *,
        ends: Said | Sequence[Said],
        reason: str,
        system: str | None = None,
        version: str | None = None,
        artifacts: Mapping[str, Evidence | str] | None = None,
        document: str | None = None,
        dataset: str | None = None,
        component: str | None = None,
        note: str | Mapping[str, Any] | Struct | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """An approval, named by `ends`, was taken back.

        ends: the event whose interval it closes
        reason: why, in words; open, printed
        system: the AI system
        version: label of the version
        artifacts: name to file: what the version, dataset or document consists of
        document: name of the document
        dataset: label of the dataset, name@label
        component: label of the component, name@label
        note: free text that may name people; sealed
        """
        return self._do("approval_revoked", _said(locals()))

    def deployed(
        self,
        *,
        system: str | None = None,
        artifacts: Mapping[str, Evidence | str] | None = None,
        environment: str | None = None,
        deployment: str | None = None,
        version: str | None = None,
        traffic: float | None = None,
        observed: Mapping[str, Evidence | str] | None = None,
        config: Evidence | str | None = None,
        tier: Literal["development", "test", "staging", "production"] | None = None,
        deployer: str | None = None,
        countries: Sequence[str] | None = None,
        note: str | Mapping[str, Any] | Struct | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        reason: str | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """A digest set serves in a slot from now on.

        system: the AI system
        artifacts: name to file: what the version, dataset or document consists of
        environment: where: staging, production, ...
        deployment: slot in the environment; left out: main
        version: label of the version
        traffic: share of live traffic after this event, 0 to 1; left out: 1; 0: shadow or warm (Annex IV 1(d))
        observed: artifact digests as the runtime sees them, may be some only (Annex IV 1(a))
        config: digest of the configuration it runs with (Annex IV 1(d))
        tier: kind of the environment, where its name does not say (Annex IV 1(d))
        deployer: who uses it (Art. 26(5))
        countries: where it is used, ISO 3166 alpha-2 (Annex VIII.A 10)
        note: free text that may name people; sealed
        """
        return self._do("deployed", _said(locals()))

    def undeployed(
        self,
        *,
        system: str | None = None,
        environment: str | None = None,
        deployment: str | None = None,
        version: str | None = None,
        artifacts: Mapping[str, Evidence | str] | None = None,
        note: str | Mapping[str, Any] | Struct | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        reason: str | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """A version, or without one all of them, no longer serves in a slot.

        system: the AI system
        environment: where: staging, production, ...
        deployment: slot in the environment; left out: main
        version: label of the version
        artifacts: name to file: what the version, dataset or document consists of
        note: free text that may name people; sealed
        """
        return self._do("undeployed", _said(locals()))

    def rolled_back(
        self,
        *,
        system: str | None = None,
        version: str | None = None,
        artifacts: Mapping[str, Evidence | str] | None = None,
        environment: str | None = None,
        deployment: str | None = None,
        left: Named | None = None,
        note: str | Mapping[str, Any] | Struct | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        reason: str | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """A slot went back to another version; the subject is what runs afterwards.

        system: the AI system
        version: label of the version
        artifacts: name to file: what the version, dataset or document consists of
        environment: where: staging, production, ...
        deployment: slot in the environment; left out: main
        left: the version that was left; filled in where the slot is known (Art. 20(1))
        note: free text that may name people; sealed
        """
        return self._do("rolled_back", _said(locals()))

    def suspended(
        self,
        *,
        reason: str,
        system: str | None = None,
        environment: str | None = None,
        deployment: str | None = None,
        version: str | None = None,
        artifacts: Mapping[str, Evidence | str] | None = None,
        note: str | Mapping[str, Any] | Struct | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """The output of a version, or without one of the whole slot, is not used until resumed.

        reason: why, in words; open, printed
        system: the AI system
        environment: where: staging, production, ...
        deployment: slot in the environment; left out: main
        version: label of the version
        artifacts: name to file: what the version, dataset or document consists of
        note: free text that may name people; sealed
        """
        return self._do("suspended", _said(locals()))

    def resumed(
        self,
        *,
        system: str | None = None,
        environment: str | None = None,
        deployment: str | None = None,
        version: str | None = None,
        artifacts: Mapping[str, Evidence | str] | None = None,
        note: str | Mapping[str, Any] | Struct | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        reason: str | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """The output of a suspended version or slot is used again.

        system: the AI system
        environment: where: staging, production, ...
        deployment: slot in the environment; left out: main
        version: label of the version
        artifacts: name to file: what the version, dataset or document consists of
        note: free text that may name people; sealed
        """
        return self._do("resumed", _said(locals()))

    def change_recorded(
        self,
        *,
        summary: str,
        artifacts: Mapping[str, Evidence | str] | None = None,
        system: str | None = None,
        version: str | None = None,
        categories: Sequence[Literal["algorithm", "architecture", "component", "decision_rule", "documentation",
            "hyperparameters", "input_specification", "intended_purpose", "monitoring_plan", "oversight",
            "pre_determined", "prompt_or_retrieval", "retraining", "risk_control", "rollback", "security_fix",
            "software", "training_data"]] | None = None,
        before: Named | None = None,
        points: Sequence[str] | None = None,
        ifu_changed: bool | None = None,
        affected: Mapping[str, Any] | Struct | None = None,
        watch_days: int | None = None,
        rollback_plan: str | None = None,
        note: str | Mapping[str, Any] | Struct | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        reason: str | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """A change was described in words, for the changelog; the subject is the version after it.

        summary: what was changed, one plain sentence (Annex IV 6)
        artifacts: name to file: what the version, dataset or document consists of
        system: the AI system
        version: label of the version
        categories: kinds of change (Annex IV 6)
        before: the version before (Annex IV 6)
        points: Annex IV points that must follow, such as 2(d) (Art. 11(1))
        ifu_changed: whether the instructions for use change (Art. 13)
        affected: whom and what it touches (Annex IV 6)
        watch_days: days of closer monitoring afterwards (Art. 72)
        rollback_plan: how to go back (Annex IV 6)
        note: free text that may name people; sealed
        """
        return self._do("change_recorded", _said(locals()))

    def substantial_modification_assessed(
        self,
        *,
        decision: Literal["not_substantial", "substantial", "pre_determined", "uncertain"],
        reason: str,
        artifacts: Mapping[str, Evidence | str] | None = None,
        system: str | None = None,
        version: str | None = None,
        baseline: Named | None = None,
        cumulative: str | None = None,
        after_market: bool | None = None,
        foreseen: bool | None = None,
        purpose_modified: bool | None = None,
        within_plan: bool | None = None,
        articles_affected: Sequence[int] | None = None,
        notified_body_informed: date | str | None = None,
        note: str | Mapping[str, Any] | Struct | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """A person assessed whether a change is a substantial modification; the subject is the version after it.

        decision: the decision; uncertain leaves it pending (Art. 3(23), 43(4))
        reason: why, in words; open, printed
        artifacts: name to file: what the version, dataset or document consists of
        system: the AI system
        version: label of the version
        baseline: the version compared with (Art. 43(4))
        cumulative: the sum of the changes since the baseline (Annex VII 4.7)
        after_market: made after the placing on the market (Art. 3(23))
        foreseen: foreseen in the conformity assessment (Art. 3(23))
        purpose_modified: the intended purpose is modified (Art. 3(23), 25(1)(c))
        within_plan: within the bounds of the change plan (Annex IV 2(f))
        articles_affected: articles whose fulfilment it affects (Art. 3(23))
        notified_body_informed: when the notified body was informed (Annex VII 4.7)
        note: free text that may name people; sealed
        """
        return self._do("substantial_modification_assessed", _said(locals()))

    def placed_on_market(
        self,
        *,
        system: str | None = None,
        artifacts: Mapping[str, Evidence | str] | None = None,
        version: str | None = None,
        countries: Sequence[str] | None = None,
        form: str | None = None,
        ifu: Evidence | str | None = None,
        note: str | Mapping[str, Any] | Struct | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        reason: str | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """A version was placed on the market.

        system: the AI system
        artifacts: name to file: what the version, dataset or document consists of
        version: label of the version
        countries: where, ISO 3166 alpha-2 (Art. 3(9))
        form: in which form (Annex IV 1(d))
        ifu: digest of the instructions for use (Art. 13)
        note: free text that may name people; sealed
        """
        return self._do("placed_on_market", _said(locals()))

    def put_into_service(
        self,
        *,
        system: str | None = None,
        artifacts: Mapping[str, Evidence | str] | None = None,
        version: str | None = None,
        countries: Sequence[str] | None = None,
        form: str | None = None,
        ifu: Evidence | str | None = None,
        own_use: bool | None = None,
        note: str | Mapping[str, Any] | Struct | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        reason: str | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """A version was put into service.

        system: the AI system
        artifacts: name to file: what the version, dataset or document consists of
        version: label of the version
        countries: where, ISO 3166 alpha-2 (Art. 3(11))
        form: in which form (Annex IV 1(d))
        ifu: digest of the instructions for use (Art. 13)
        own_use: put into service for the provider's own use (Art. 3(11))
        note: free text that may name people; sealed
        """
        return self._do("put_into_service", _said(locals()))

    def retired(
        self,
        *,
        system: str | None = None,
        version: str | None = None,
        artifacts: Mapping[str, Evidence | str] | None = None,
        successor: Named | None = None,
        data_disposition: str | None = None,
        note: str | Mapping[str, Any] | Struct | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        reason: str | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """A version, or without one the system, is no longer offered or used.

        system: the AI system
        version: label of the version
        artifacts: name to file: what the version, dataset or document consists of
        successor: the version that follows it (Annex VIII.A 7)
        data_disposition: what becomes of its data (Annex VIII.A 7)
        note: free text that may name people; sealed
        """
        return self._do("retired", _said(locals()))

    def deployment_observed(
        self,
        *,
        observed: Mapping[str, Evidence | str],
        system: str | None = None,
        environment: str | None = None,
        deployment: str | None = None,
        version: str | None = None,
        artifacts: Mapping[str, Evidence | str] | None = None,
        requests: int | None = None,
        window: Mapping[str, Any] | Struct | None = None,
        note: str | Mapping[str, Any] | Struct | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        reason: str | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """A runtime reported what it serves in a slot; its silence, where reports are due, is a finding.

        observed: artifact digests as the runtime sees them, may be some only (Annex IV 1(a), Art. 72)
        system: the AI system
        environment: where: staging, production, ...
        deployment: slot in the environment; left out: main
        version: label of the version
        artifacts: name to file: what the version, dataset or document consists of
        requests: number of requests served in the window (Art. 72)
        window: the time it reports on (Art. 12(2))
        note: free text that may name people; sealed
        """
        return self._do("deployment_observed", _said(locals()))

    def drift_alerted(
        self,
        *,
        metric: str,
        alert: str | None = None,
        system: str | None = None,
        version: str | None = None,
        artifacts: Mapping[str, Evidence | str] | None = None,
        environment: str | None = None,
        deployment: str | None = None,
        value: float | None = None,
        threshold: float | None = None,
        op: Literal[">=", "<=", ">", "<"] | None = None,
        baseline: Mapping[str, Any] | Struct | None = None,
        window: Mapping[str, Any] | Struct | None = None,
        detector: str | None = None,
        method: str | None = None,
        feature: str | None = None,
        group: str | None = None,
        severity: Literal["info", "warning", "high", "critical"] | None = None,
        due: datetime | str | None = None,
        note: str | Mapping[str, Any] | Struct | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        reason: str | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """Monitoring saw a measure leave its bounds.

        metric: the measure (Art. 72(2))
        alert: the alert's own id; left out: that of its first event
        system: the AI system
        version: label of the version
        artifacts: name to file: what the version, dataset or document consists of
        environment: where: staging, production, ...
        deployment: slot in the environment; left out: main
        value: its value (Art. 72(2))
        threshold: the bound it left (Art. 72(2))
        op: how value and threshold are compared (Art. 72(2))
        baseline: what it is compared with (Art. 72(2))
        window: the time it was computed over (Art. 12(2))
        detector: the tool that saw it (Art. 12(2))
        method: how it is computed (Art. 72(2))
        feature: the feature that drifted (Art. 72(2))
        group: the group it was seen in (Art. 72(2))
        severity: how grave; left out: warning (Art. 9(2)(c))
        due: until when an answer is needed (Art. 72(2))
        note: free text that may name people; sealed
        """
        return self._do("drift_alerted", _said(locals()))

    def alert_acknowledged(
        self,
        *,
        alert: str | None = None,
        system: str | None = None,
        version: str | None = None,
        artifacts: Mapping[str, Evidence | str] | None = None,
        environment: str | None = None,
        deployment: str | None = None,
        note: str | Mapping[str, Any] | Struct | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        reason: str | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """Someone took up an alert.

        alert: the alert's own id; left out: that of its first event
        system: the AI system
        version: label of the version
        artifacts: name to file: what the version, dataset or document consists of
        environment: where: staging, production, ...
        deployment: slot in the environment; left out: main
        note: free text that may name people; sealed
        """
        return self._do("alert_acknowledged", _said(locals()))

    def alert_resolved(
        self,
        *,
        resolution: Literal["retrained", "rolled_back", "threshold_changed", "risk_updated", "incident_opened",
            "suspended", "self_cleared", "false_alarm", "no_action"],
        alert: str | None = None,
        system: str | None = None,
        version: str | None = None,
        artifacts: Mapping[str, Evidence | str] | None = None,
        environment: str | None = None,
        deployment: str | None = None,
        note: str | Mapping[str, Any] | Struct | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        reason: str | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """An alert was answered.

        resolution: what was done; false_alarm and no_action need a `reason` (Art. 72(2), 9(2)(c))
        alert: the alert's own id; left out: that of its first event
        system: the AI system
        version: label of the version
        artifacts: name to file: what the version, dataset or document consists of
        environment: where: staging, production, ...
        deployment: slot in the environment; left out: main
        note: free text that may name people; sealed
        """
        return self._do("alert_resolved", _said(locals()))

    def corrected(
        self,
        *,
        corrects: Said | Sequence[Said],
        reason: str,
        changes: Mapping[str, Any] | None = None,
        void: bool | None = None,
        note: str | Mapping[str, Any] | Struct | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """An earlier event, named by `corrects`, is read differently from now on; its bytes stay.

        corrects: the event it corrects
        reason: why, in words; open, printed
        changes: path to new value: time, reason, or data.FIELD (Annex IV 2(g))
        void: true: the event does not count at all (Annex IV 2(g))
        note: free text that may name people; sealed
        """
        return self._do("corrected", _said(locals()))

    def verified(
        self,
        *,
        size: int,
        root: Evidence | str,
        verdict: Literal["broken", "unverifiable", "unpinned", "verified"],
        tool: str | None = None,
        policy: Evidence | str | None = None,
        note: str | Mapping[str, Any] | Struct | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        reason: str | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """Somebody ran all checks over the log.

        size: number of entries that were checked
        root: root hash at that size
        verdict: what came out; FORMAT section 13
        tool: name and version of the verifier
        policy: digest of the policy it was checked under
        note: free text that may name people; sealed
        """
        return self._do("verified", _said(locals()))

    def erased(
        self,
        *,
        fields: Sequence[str],
        of: str | Said,
        reason: str,
        basis: str | None = None,
        note: str | Mapping[str, Any] | Struct | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """The values of sealed fields of an earlier event, named by `of`, were erased; their commitments stay.

        fields: JSON pointers into that statement, such as /data/name (GDPR Art. 17)
        of: the event whose subject this is about, or SYSTEM@VERSION
        reason: why, in words; open, printed
        basis: what the erasure rests on: a request, a rule of retention (GDPR 5(1)(e))
        note: free text that may name people; sealed
        """
        return self._do("erased", _said(locals()))

    def timestamped(
        self,
        *,
        size: int,
        root: Evidence | str,
        stamp: Evidence | str,
        proofs: Evidence | str,
        authority: str,
        stamped: datetime | str,
        renew_by: datetime | str,
        note: str | Mapping[str, Any] | Struct | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        reason: str | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """A time-stamping authority stamped a checkpoint; entries after this one are no older than its token.

        size: number of entries under the checkpoint (eIDAS Art. 41)
        root: root hash at that size
        stamp: digest of the token (RFC 3161), which is kept beside the log (eIDAS Art. 41)
        proofs: digest of the certificates and revocation lists kept with it
        authority: whom its certificate names (eIDAS Art. 42)
        stamped: the authority's time (eIDAS Art. 42)
        renew_by: a later stamp is due by then: the certificates end soon after (Art. 18)
        note: free text that may name people; sealed
        """
        return self._do("timestamped", _said(locals()))

    def retimestamped(
        self,
        *,
        size: int,
        root: Evidence | str,
        stamp: Evidence | str,
        proofs: Evidence | str,
        authority: str,
        stamped: datetime | str,
        renew_by: datetime | str,
        hash: Literal["sha512"],
        rehashed: str,
        note: str | Mapping[str, Any] | Struct | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        reason: str | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """All entries were hashed anew with another algorithm and stamped, while the old one still held (RFC 4998 5.3).

        size: number of entries under the checkpoint (eIDAS Art. 41)
        root: root hash at that size
        stamp: digest of the token (RFC 3161), which is kept beside the log (eIDAS Art. 41)
        proofs: digest of the certificates and revocation lists kept with it
        authority: whom its certificate names (eIDAS Art. 42)
        stamped: the authority's time (eIDAS Art. 42)
        renew_by: a later stamp is due by then: the certificates end soon after (Art. 18)
        hash: the new algorithm
        rehashed: root over the same entries in it
        note: free text that may name people; sealed
        """
        return self._do("retimestamped", _said(locals()))

    def migrated(
        self,
        *,
        to: str,
        size: int,
        root: Evidence | str,
        note: str | Mapping[str, Any] | Struct | None = None,
        of: str | Said | None = None,
        caused_by: Said | Sequence[Said] | None = None,
        answers: Said | Sequence[Said] | None = None,
        uses: Said | Sequence[Said] | None = None,
        under: Said | Sequence[Said] | None = None,
        ends: Said | Sequence[Said] | None = None,
        supersedes: Said | Sequence[Said] | None = None,
        reason: str | None = None,
        evidence: Evidence | Mapping[str, Any] | Sequence[Evidence | Mapping[str, Any]] | None = None,
        time: datetime | str | None = None,
        id: str | None = None,
        on_behalf_of: str | None = None,
        claimed_by: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        critical: bool | None = None,
        capture: bool | None = None,
        seal: Sequence[str] | None = None,
        allow_secret: bool | None = None,
    ) -> Receipt:
        """The log goes on in another store, bit for bit the same; here it takes no more entries.

        to: where it goes on: a path, or a URL without who connects (Art. 18)
        size: number of entries before this one, all of which are there
        root: root hash at that size
        note: free text that may name people; sealed
        """
        return self._do("migrated", _said(locals()))


for _name, _method in list(vars(Recorder).items()):
    if not _name.startswith("_"):
        setattr(Recorder, _name, _judged(_method))

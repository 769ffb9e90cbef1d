"""Governance: the system, the people, their keys, and what the log says of itself (FORMAT section 8)."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from ledger.events.common import (
    Base64,
    Count,
    Country,
    Credential,
    Digest,
    Event,
    Fields,
    Handle,
    HexDigest,
    HexDigest512,
    Label,
    Positive,
    Role,
    SealedText,
    Text,
    Time,
    says,
)

Roles = Annotated[list[Role], Meta(min_length=1)]


class Administrator(Fields, frozen=True, kw_only=True):
    """One who may introduce actors and authorise keys from the first entry on."""

    handle: Handle
    keys: Credential
    roles: Roles


class Continues(Fields, frozen=True, kw_only=True):
    """The log that this one takes up after a loss."""

    checkpoint: Text
    origin: Text


class Recovery(Fields, frozen=True, kw_only=True):
    """Who may replace the log's keys when they are lost."""

    keys: list[Credential]
    threshold: Positive


class Rule(Fields, frozen=True, kw_only=True):
    """What a type demands of its author and of its reader."""

    batch: bool
    roles: list[Role]
    trust: bool


class Genesis(Fields, frozen=True, kw_only=True):
    """Entry 0: the log's name, keys, administrators and rules."""

    administrators: Annotated[list[Administrator], Meta(min_length=1)]
    continues: Continues | None = None
    format: Literal[1]
    hash: Literal["sha256"]
    log_keys: Annotated[list[Text], Meta(min_length=1)]
    nonce: Base64
    origin: Text
    recovery: Recovery
    rules: dict[Text, Rule]


class ActorIntroduced(Fields, frozen=True, kw_only=True):
    """A person or service was introduced under a handle."""

    kind: Annotated[
        Literal["human", "service"], says("human or service; only a human satisfies human_approval", "Annex IV 2(g)")
    ]
    name: Annotated[SealedText | None, says("the person's name; sealed", "Annex V 8")] = None
    contact: Annotated[SealedText | None, says("how to reach them; sealed", "Art. 17(1)(m)")] = None
    function: Annotated[Text | None, says("job title; open, printed", "Annex V 8, Art. 17(1)(m)")] = None
    organisation: Annotated[Text | None, says("whom they work for", "Art. 17(1)(m)")] = None


class KeyAuthorized(Fields, frozen=True, kw_only=True):
    """A credential may sign for a handle from the next entry on."""

    keys: Annotated[Credential, says("the credential: one or two public keys of different schemes", "Art. 17(1)(m)")]
    roles: Annotated[Roles, says("what it may be used for", "Art. 17(1)(m)")]
    systems: Annotated[
        Annotated[list[Label], Meta(min_length=1)] | None,
        says("only for these systems; left out: all", "Art. 17(1)(m)"),
    ] = None
    not_after: Annotated[Time | None, says("entries recorded later do not count", "Art. 17(1)(m)")] = None


class KeyRevoked(Fields, frozen=True, kw_only=True):
    """A credential may not sign after this entry."""

    key_id: Annotated[HexDigest, says("id of the credential", "Art. 17(1)(m)")]
    why: Annotated[
        Literal["retired", "replaced", "lost", "compromised", "left"], says("why it was revoked", "Art. 17(1)(m)")
    ]
    compromised_since: Annotated[
        Time | None, says("what it signed at or after this time is doubtful, never deleted", "Art. 17(1)(m)")
    ] = None


class RoleAssigned(Fields, frozen=True, kw_only=True):
    """A handle holds a role from the next entry on, whichever of its keys signs."""

    role: Annotated[Role, says("the role", "Art. 17(1)(m)")]
    systems: Annotated[
        Annotated[list[Label], Meta(min_length=1)] | None,
        says("only for these systems; left out: all", "Art. 17(1)(m)"),
    ] = None
    not_after: Annotated[Time | None, says("it does not count for entries recorded later", "Art. 17(1)(m)")] = None


class RoleEnded(Fields, frozen=True, kw_only=True):
    """A handle no longer holds a role, by any of its keys; with systems: what was assigned for these."""

    role: Annotated[Role, says("the role", "Art. 17(1)(m)")]
    systems: Annotated[
        Annotated[list[Label], Meta(min_length=1)] | None,
        says("only what was assigned for these systems", "Art. 17(1)(m)"),
    ] = None


class Delegated(Fields, frozen=True, kw_only=True):
    """A handle lets another speak on its behalf; it lends no role and no key. Said again: it takes the place."""

    to: Annotated[Handle, says("who may say `on_behalf_of` this handle", "Art. 17(1)(m), 26(2)")]
    systems: Annotated[
        Annotated[list[Label], Meta(min_length=1)] | None,
        says("only for these systems; left out: all", "Art. 17(1)(m)"),
    ] = None
    not_after: Annotated[Time | None, says("it does not count for entries recorded later", "Art. 17(1)(m)")] = None


class PolicySet(Fields, frozen=True, kw_only=True):
    """A rule of the log was changed from the next entry on: rows of the rule table, or what becomes of own work."""

    kind: Annotated[Literal["roles", "four_eyes"], says("which policy", "Art. 17(1)(a)")]
    value: Annotated[
        dict[Text, Rule] | Literal["finding", "refusal", "off"],
        says("roles: rows of the rule table; four_eyes: finding, refusal or off", "Art. 17(1)(a), 17(1)(m)"),
    ]


class RecoverySignature(Fields, frozen=True, kw_only=True):
    """One of those whom the genesis names for recovery signed the change of the log's keys."""

    key: HexDigest
    signatures: list[Base64]


class LogKeyRotated(Fields, frozen=True, kw_only=True):
    """The log's keys were replaced; the checkpoint of exactly this size is signed by old and new ones."""

    old: Annotated[list[Text], says("verifier keys of the log so far")]
    new: Annotated[list[Text], says("verifier keys that sign larger checkpoints")]
    recovery: Annotated[
        Annotated[list[RecoverySignature], Meta(min_length=1)] | None,
        says("where the old ones are lost: the quorum's signatures; the old keys then sign nothing"),
    ] = None


class ClockReset(Event, frozen=True, kw_only=True):
    """The writer's clock was wrong: `recorded` may go back in this one entry."""


class Provider(Fields, frozen=True, kw_only=True):
    """Who answers for the system."""

    name: Annotated[Text | None, says("name", "Annex VIII.A 1")] = None
    address: Annotated[Text | None, says("address", "Annex VIII.A 1")] = None
    contact: Annotated[SealedText | None, says("whom to ask; sealed", "Annex VIII.A 1")] = None


class SystemRegistered(Event, frozen=True, kw_only=True):
    """An AI system was registered; said again later, it is a change."""

    purpose: Annotated[Text, says("the intended purpose", "Annex IV 1(a), Art. 3(12)")]
    name: Annotated[Text | None, says("its name in words", "Annex IV 1(a), V 1")] = None
    our_role: Annotated[
        Literal["provider", "deployer", "importer", "distributor", "representative"] | None,
        says("what we are to it; left out: provider", "Annex VIII.A"),
    ] = None
    provider: Annotated[Provider | None, says("who provides it", "Annex IV 1(a), V 2")] = None
    reference: Annotated[Text | None, says("reference by which it can be traced", "Annex V 1")] = None
    affected_persons: Annotated[list[Text] | None, says("persons it is used on", "Annex IV 2(b)")] = None
    forms: Annotated[list[Text] | None, says("forms in which it is placed on the market", "Annex IV 1(d)")] = None
    hardware: Annotated[Text | None, says("hardware it is meant to run on", "Annex IV 1(e)")] = None
    interfaces: Annotated[Text | None, says("how it interacts with other systems", "Annex IV 1(b), 1(g)")] = None
    countries: Annotated[list[Country] | None, says("where it is offered, ISO 3166 alpha-2", "Annex VIII.A 10")] = None
    sme: Annotated[
        Literal["none", "sme", "smc"] | None, says("small or medium enterprise, or small mid-cap", "Art. 11(1)")
    ] = None


class Corrected(Event, frozen=True, kw_only=True):
    """An earlier event, named by `corrects`, is read differently from now on; its bytes stay."""

    changes: Annotated[
        dict[Text, Any] | None, says("path to new value: time, reason, or data.FIELD", "Annex IV 2(g)")
    ] = None
    void: Annotated[bool | None, says("true: the event does not count at all", "Annex IV 2(g)")] = None


class Verified(Event, frozen=True, kw_only=True):
    """Somebody ran all checks over the log."""

    size: Annotated[Count, says("number of entries that were checked")]
    root: Annotated[Digest, says("root hash at that size")]
    verdict: Annotated[
        Literal["broken", "unverifiable", "unpinned", "verified"], says("what came out; FORMAT section 13")
    ]
    tool: Annotated[Text | None, says("name and version of the verifier")] = None
    policy: Annotated[Digest | None, says("digest of the policy it was checked under")] = None


class Erased(Event, frozen=True, kw_only=True):
    """The values of sealed fields of an earlier event, named by `of`, were erased; their commitments stay."""

    fields: Annotated[
        Annotated[list[Text], Meta(min_length=1, max_length=64)],
        says("JSON pointers into that statement, such as /data/name", "GDPR Art. 17"),
    ]
    basis: Annotated[Text | None, says("what the erasure rests on: a request, a rule of retention", "GDPR 5(1)(e)")] = (
        None
    )


class Timestamped(Event, frozen=True, kw_only=True):
    """A time-stamping authority stamped a checkpoint; entries after this one are no older than its token."""

    size: Annotated[Count, says("number of entries under the checkpoint", "eIDAS Art. 41")]
    root: Annotated[Digest, says("root hash at that size")]
    stamp: Annotated[Digest, says("digest of the token (RFC 3161), which is kept beside the log", "eIDAS Art. 41")]
    proofs: Annotated[Digest, says("digest of the certificates and revocation lists kept with it")]
    authority: Annotated[Text, says("whom its certificate names", "eIDAS Art. 42")]
    stamped: Annotated[Time, says("the authority's time", "eIDAS Art. 42")]
    renew_by: Annotated[Time, says("a later stamp is due by then: the certificates end soon after", "Art. 18")]


class Retimestamped(Timestamped, frozen=True, kw_only=True):
    """All entries were hashed anew with another algorithm and stamped, while the old one still held (RFC 4998 5.3)."""

    hash: Annotated[Literal["sha512"], says("the new algorithm")]
    rehashed: Annotated[HexDigest512, says("root over the same entries in it")]


class Migrated(Event, frozen=True, kw_only=True):
    """The log goes on in another store, bit for bit the same; here it takes no more entries."""

    to: Annotated[Text, says("where it goes on: a path, or a URL without who connects", "Art. 18")]
    size: Annotated[Count, says("number of entries before this one, all of which are there")]
    root: Annotated[Digest, says("root hash at that size")]

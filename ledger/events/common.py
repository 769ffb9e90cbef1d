"""The shapes that events share: small forms, references, measures, and the base of all event structs.

A struct holds what stands in a statement's `data`; it is written for readers too: a field that was not said is `None`.
Each field carries what it means and which point of the Act it serves (Regulation (EU) 2024/1689; "Annex IV 2(d)" is
point 2(d) of Annex IV). Patterns are ECMAScript's and Python's common part, so that JSON Schema can use them.
"""

from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta, Struct, to_builtins


def says(meaning: str, serves: str = "") -> Meta:
    """What a field means, and what it serves; schema, documentation and signatures are made from it."""
    return Meta(description=meaning, extra={"serves": serves})


def _form(name: str, pattern: str, longest: int) -> Meta:
    # The length closes a hole of `$`, which also matches before a final newline.
    return Meta(pattern=f"^{pattern}$", max_length=longest, extra={"form": name})


Text: TypeAlias = Annotated[str, Meta(min_length=1)]
Label: TypeAlias = Annotated[str, _form("label", "[A-Za-z0-9][A-Za-z0-9._@:+/-]{0,127}", 128)]
Handle: TypeAlias = Annotated[str, _form("handle", "[a-z0-9][a-z0-9._-]{0,63}", 64)]
Name: TypeAlias = Annotated[str, _form("name", "[a-z0-9][a-z0-9._-]{0,63}", 64)]
Digest: TypeAlias = Annotated[str, _form("digest", "sha256:[0-9a-f]{64}", 71)]
HexDigest: TypeAlias = Annotated[str, _form("hex", "[0-9a-f]{64}", 64)]
HexDigest512: TypeAlias = Annotated[str, _form("hex512", "[0-9a-f]{128}", 128)]
Time: TypeAlias = Annotated[str, _form("time", r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z", 27)]
Date: TypeAlias = Annotated[str, _form("date", r"\d{4}-\d{2}-\d{2}", 10)]
Country: TypeAlias = Annotated[str, _form("country", "[A-Z]{2}", 2)]
Base64: TypeAlias = Annotated[
    str, _form("base64", "(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", 4096)
]
Number: TypeAlias = int | float
Count: TypeAlias = Annotated[int, Meta(ge=0)]
Positive: TypeAlias = Annotated[int, Meta(ge=1)]
Share: TypeAlias = Annotated[int, Meta(ge=0, le=1)] | Annotated[float, Meta(ge=0, le=1)]
Operator: TypeAlias = Literal[">=", "<=", ">", "<"]

Role: TypeAlias = Literal["recorder", "approver", "compliance", "admin", "auditor"]
DatasetRole: TypeAlias = Literal["training", "validation", "test", "reference", "calibration"]


class Fields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What all shapes have in common: immutable, named fields, no unknown ones, and what is not said is not written."""


class Sealed(Fields, frozen=True, kw_only=True):
    """A salted commitment in the place of a value that may be personal (FORMAT section 10)."""

    sealed: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{43}$", max_length=43)]


SealedText: TypeAlias = Text | Sealed


class Event(Fields, frozen=True, kw_only=True):
    """The base of all events but those of keys: any of them may carry a note."""

    note: Annotated[SealedText | None, says("free text that may name people; sealed")] = None


class Measure(Fields, frozen=True, kw_only=True):
    """A measured value with what is needed to judge it."""

    value: Annotated[Number, says("the value")]
    n: Annotated[Count | None, says("number of cases it was computed on")] = None
    low: Annotated[Number | None, says("lower end of its interval")] = None
    high: Annotated[Number | None, says("upper end of its interval")] = None


Measures: TypeAlias = dict[Text, int | float | Measure]
Parameter: TypeAlias = int | float | str | bool | list[int | float | str | bool]


class DatasetRef(Fields, frozen=True, kw_only=True):
    """A dataset: its label `name@label`, its digest, or both. Without a digest it names no bytes (finding D02)."""

    dataset: Annotated[Label | None, says("label, name@label")] = None
    digest: Annotated[Digest | None, says("digest of its one artifact, else its set digest")] = None
    rows: Annotated[Count | None, says("number of rows that were used")] = None


class VersionRef(Fields, frozen=True, kw_only=True):
    """A version of the same system: its set digest says which, its label how it is called."""

    version: Annotated[Label | None, says("label of the version")] = None
    set: Annotated[Digest, says("set digest of its artifacts")]


class ComponentRef(Fields, frozen=True, kw_only=True):
    """A component from elsewhere, such as a base model or a library."""

    component: Annotated[Label, says("label, name@label")]
    digest: Annotated[Digest | None, says("digest of its one artifact, else its set digest")] = None


Datasets: TypeAlias = dict[DatasetRole, list[DatasetRef]]


class Evidence(Fields, frozen=True, kw_only=True):
    """A file, a folder or a thing elsewhere, named by its digest; the bytes stay there (FORMAT section 10)."""

    digest: Annotated[Digest, says("SHA-256 of the file's bytes, or of the folder's manifest")]
    kind: Annotated[Literal["file", "directory", "external"], says("what was digested")]
    media_type: Annotated[Text, says("media type (RFC 6838)")]
    size: Annotated[Count, says("size, bytes; of a folder: of its files together")]
    name: Annotated[Text | None, says("what it is called")] = None
    uri: Annotated[Text | None, says("where it can be fetched")] = None
    also: Annotated[dict[Text, Text] | None, says("algorithm to digest by others: a join key, no proof")] = None
    personal_data: Annotated[Literal[True] | None, says("whether it holds personal data")] = None
    retention: Annotated[Literal["A", "C"] | None, says("class of retention")] = None
    unread: Annotated[Literal[True] | None, says("the digest was given, its bytes were not seen")] = None

    def to_json(self) -> dict[str, Any]:
        """The evidence object as it stands in a statement."""
        written: dict[str, Any] = to_builtins(self)
        return written


class Threshold(Fields, frozen=True, kw_only=True):
    """One line of a metric plan: which measure has to be where."""

    metric: Annotated[Text, says("name of the metric")]
    op: Annotated[Operator, says("how the value is compared with the bound")]
    bound: Annotated[Number, says("the bound")]
    group: Annotated[Text | None, says('a group; "*" is each group; absent: all cases together')] = None
    kind: Annotated[
        Literal["value", "gap", "ratio"] | None,
        says("value (default); gap: greatest less smallest over the groups; ratio: smallest by greatest"),
    ] = None


class PublicKey(Fields, frozen=True, kw_only=True):
    """One public key of a credential (FORMAT section 5)."""

    public: Annotated[Base64, says("public key bytes, base64")]
    scheme: Annotated[Text, says("signature scheme")]


Credential: TypeAlias = Annotated[list[PublicKey], Meta(min_length=1, max_length=2)]

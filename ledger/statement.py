"""A statement: who says what about which subject, when; its one form and what is signed (FORMAT.md sections 3 and 4).

Pure: the bytes are made once, by `write`, and never again. What a log stores and a verifier reads are these very bytes.
"""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import msgspec

from ledger import encoding
from ledger.errors import Misuse, Tampered

RELATIONS: Final = frozenset(("answers", "caused_by", "corrects", "ends", "of", "supersedes", "under", "uses"))
SUBJECT_KEYS: Final = frozenset(
    {"action", "alert", "artifacts", "component", "dataset", "deployment", "document", "environment", "handle", "hold"}
    | {"incident", "plan", "request", "segment", "system", "version"}
)
REFS_LIMIT: Final = 256
ARTIFACTS_LIMIT: Final = 64
REASON_LIMIT: Final = 2_000
DEPTH_LIMIT: Final = encoding.DEPTH_LIMIT - 1
"""Of a statement by itself: the entry around it is one more (FORMAT.md section 1, rule 7)."""


class Ref(msgspec.Struct, frozen=True):
    """Another statement, by id and by the hash of its bytes."""

    hash: str
    id: str


class Statement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an author said: `data` holds the fields of the type, `subject` what it is about. Times are 27 characters."""

    actor: str
    data: dict[str, Any]
    id: str
    key: str
    rev: int
    subject: dict[str, Any]
    time: str
    type: str
    claimed_by: dict[str, Any] | None = None
    context: dict[str, Any] | None = None
    critical: bool | None = None
    evidence: list[dict[str, Any]] = []
    log: str | None = None
    on_behalf_of: str | None = None
    reason: str | None = None
    refs: dict[str, list[Ref]] = {}
    source: dict[str, Any] | None = None


class Signed(msgspec.Struct, frozen=True):
    """A statement's bytes with the signatures of its author's credential over them, in the credential's order."""

    body: bytes
    signatures: tuple[bytes, ...]


def write(fields: dict[str, Any]) -> bytes:
    """Return the bytes of a statement; raise `Misuse` where the form cannot hold it, or over 49,152 bytes."""
    body = encoding.encode(fields, str(fields.get("type", "statement")))
    try:
        check(fields)
    except Tampered as error:
        raise Misuse(error.message, "ledger types " + str(fields.get("type", "")), code=error.code) from None
    if _is_too_deep(body):
        raise Misuse(
            f"{fields.get('type', 'statement')} is nested deeper than {DEPTH_LIMIT}",
            "put it into a file: evidence=[ledger.file(...)]",
            code="too_deep",
        )
    if len(body) > encoding.STATEMENT_LIMIT:
        limit = f"the limit is {encoding.STATEMENT_LIMIT:,}; largest: {_largest(fields)}"
        raise Misuse(
            f"{fields['type']} is {len(body):,} bytes, {limit}",
            "put it into a file: evidence=[ledger.file(...)]",
            code="too_large",
        )
    return body


def read(body: bytes) -> dict[str, Any]:
    """Return a statement's fields if `body` is one in the one form; raise `Tampered` (C5) otherwise."""
    fields: dict[str, Any] = encoding.decode(body, encoding.STATEMENT_LIMIT)
    if _is_too_deep(body):
        raise _bad(f"is nested deeper than {DEPTH_LIMIT}")
    check(fields)
    return fields


def statement_hash(body: bytes) -> bytes:
    """Return SHA-256(00 || statement bytes): leaf of a batch, value in refs, equality of two statements."""
    return hashlib.sha256(b"\x00" + body).digest()


def set_digest(artifacts: dict[str, str]) -> str:
    """Return the digest (64 hex digits) of a digest set: name -> `sha256:` digest."""
    return hashlib.sha256(encoding.encode(artifacts)).hexdigest()


def message(body: bytes) -> bytes:
    """Return what the author signs: the pre-authentication encoding of a statement's bytes."""
    return encoding.pae(encoding.STATEMENT_TYPE, body)


def _is_too_deep(body: bytes) -> bool:
    return body.count(b"{") + body.count(b"[") > DEPTH_LIMIT and _depth(msgspec.json.decode(body)) > DEPTH_LIMIT


def _depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0


def _largest(fields: dict[str, Any]) -> str:
    sizes = {f"data.{name}": len(msgspec.json.encode(value)) for name, value in fields["data"].items()}
    sizes |= {name: len(msgspec.json.encode(value)) for name, value in fields.items() if name != "data"}
    return max(sizes, key=lambda name: sizes[name])


# ---- the closed envelope: one function a key ----------------------------------------------------------------------


def check(fields: dict[str, Any]) -> None:
    """Raise `Tampered` (C5) unless `fields` has the envelope of FORMAT.md section 3 and nothing else."""
    if not fields.keys() >= _REQUIRED:
        raise _bad("is missing " + ", ".join(sorted(_REQUIRED - fields.keys())))
    for key, value in fields.items():
        checker = _ENVELOPE.get(key)
        if checker is None:
            raise _bad(f"has the unknown member {key!r}")
        if not checker(value):
            raise _bad(f"has a malformed {key}")
        if key in _WITHOUT_NULL and _has_null(value):
            raise _bad(f"has null in {key}; it may only stand in data")
    if sum(map(len, fields.get("refs", {}).values())) > REFS_LIMIT:
        raise _bad(f"has over {REFS_LIMIT} refs")


def _bad(why: str) -> Tampered:
    return Tampered(f"the statement {why}", code="statement_form", check=5)


def _text_of(test: Callable[[str], bool]) -> Callable[[object], bool]:
    cached = lru_cache(maxsize=4096)(test)
    return lambda value: type(value) is str and cached(value)


def _text_by(test: Callable[[str], bool]) -> Callable[[object], bool]:
    return lambda value: type(value) is str and test(value)


def _is_object(value: object) -> bool:
    return type(value) is dict


def _is_full_object(value: object) -> bool:
    return type(value) is dict and len(value) > 0


_is_handle = _text_of(encoding.is_handle)
_is_label = _text_of(encoding.is_label)
_is_artifact_name = _text_of(encoding.is_artifact_name)
_is_digest = _text_of(encoding.is_digest)
_is_named_digest = _text_of(encoding.is_named_digest)
_is_type = _text_of(encoding.is_type)


def _is_artifacts(value: object) -> bool:
    return (
        isinstance(value, dict)
        and 1 <= len(value) <= ARTIFACTS_LIMIT
        and all(_is_artifact_name(name) and _is_named_digest(digest) for name, digest in value.items())
    )


def is_subject(value: object) -> bool:
    """Whether a decoded value is a subject: known keys, labels, and digests under artifact names."""
    if type(value) is not dict:
        return False
    for key, name in value.items():
        if key == "artifacts":
            good = _is_artifacts(name)
        elif key == "handle":
            good = _is_handle(name)
        else:
            good = key in SUBJECT_KEYS and _is_label(name)
        if not good:
            return False
    return True


def _is_ref(value: object) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"hash", "id"}
        and _is_digest(value["hash"])
        and type(value["id"]) is str
        and encoding.is_id(value["id"])
    )


def _is_refs(value: object) -> bool:
    return (
        isinstance(value, dict)
        and len(value) > 0
        and all(
            relation in RELATIONS
            and isinstance(refs, list)
            and 1 <= len(refs) <= REFS_LIMIT
            and all(map(_is_ref, refs))
            for relation, refs in value.items()
        )
    )


def _is_also(value: object) -> bool:
    return isinstance(value, dict) and len(value) > 0 and all(type(digest) is str for digest in value.values())


_EVIDENCE: Final[dict[str, Callable[[Any], bool]]] = {
    "also": _is_also,
    "digest": _is_named_digest,
    "kind": lambda value: value in ("file", "directory", "external"),
    "media_type": lambda value: type(value) is str,
    "name": lambda value: type(value) is str,
    "personal_data": lambda value: value is True,
    "retention": lambda value: value in ("A", "C"),
    "size": lambda value: type(value) is int and value >= 0,
    "unread": lambda value: value is True,
    "uri": lambda value: type(value) is str,
}
_EVIDENCE_REQUIRED: Final = frozenset(("digest", "kind", "media_type", "size"))


def _is_evidence(value: object) -> bool:
    return isinstance(value, list) and 1 <= len(value) <= REFS_LIMIT and all(map(_is_evidence_item, value))


def _is_evidence_item(item: object) -> bool:
    return (
        isinstance(item, dict)
        and item.keys() >= _EVIDENCE_REQUIRED
        and all(key in _EVIDENCE and _EVIDENCE[key](value) for key, value in item.items())
    )


def _has_null(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_has_null, value.values()))
    if isinstance(value, list):
        return any(map(_has_null, value))
    return value is None


_REQUIRED: Final = frozenset(("actor", "data", "id", "key", "rev", "subject", "time", "type"))
_WITHOUT_NULL: Final = frozenset(("claimed_by", "context", "source"))
_ENVELOPE: Final[dict[str, Callable[[Any], bool]]] = {
    "actor": _is_handle,
    "claimed_by": _is_full_object,
    "context": _is_full_object,
    "critical": lambda value: value is True,
    "data": _is_object,
    "evidence": _is_evidence,
    "id": _text_by(encoding.is_id),
    "key": _is_digest,
    "log": _is_digest,
    "on_behalf_of": _is_handle,
    "reason": lambda value: type(value) is str and 1 <= len(value) <= REASON_LIMIT,
    "refs": _is_refs,
    "rev": lambda value: type(value) is int and value >= 1,
    "source": _is_full_object,
    "subject": is_subject,
    "time": _text_by(encoding.is_time),
    "type": _is_type,
}

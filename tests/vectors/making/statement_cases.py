"""FORMAT.md sections 2, 3 and 10: a statement by itself. A bad one breaks exactly the rule its name says."""

from __future__ import annotations

from typing import Any

from .encode import b64url, sha, write

ID = "019cad5f-1000-7abc-8def-0123456789ab"
DIGEST = sha(b"model").hex()
FILE = {"digest": "sha256:" + DIGEST, "kind": "file", "media_type": "application/pdf", "size": 1200}
REF = {"hash": DIGEST, "id": "019cad5f-0fff-7abc-9def-0123456789ab"}
GONE: Any = object()


def plain() -> dict[str, Any]:
    return {
        "actor": "ci",
        "data": {"auc": 0.79, "rows": 1000},
        "id": ID,
        "key": sha(b"key").hex(),
        "rev": 1,
        "subject": {"system": "credit"},
        "time": "2026-03-02T09:00:00.000000Z",
        "type": "evaluated",
    }


def said(**change: Any) -> bytes:
    return write({k: v for k, v in {**plain(), **change}.items() if v is not GONE})


def of_size(size: int) -> bytes:
    return said(data={"pad": "x" * (size - len(said(data={"pad": ""})))})


def nested(depth: int) -> bytes:
    """The deepest value at `depth`, counted from the statement, which is 1."""
    value: Any = []
    for _ in range(depth - 3):
        value = [value]
    return said(data={"a": value})


def refs(count: int, over: int = 1) -> dict[str, Any]:
    names = ("caused_by", "under", "uses")
    made = [{"hash": DIGEST, "id": f"019cad5f-0fff-7abc-9def-{i:012x}"} for i in range(count)]
    return {names[n]: made[n::over] for n in range(over)}


def evidence(**change: Any) -> list[dict[str, Any]]:
    return [{k: v for k, v in {**FILE, **change}.items() if v is not GONE}]


def artifacts(count: int) -> dict[str, Any]:
    return {"artifacts": {f"part-{i:03d}": "sha256:" + DIGEST for i in range(count)}}


LABELS = [
    "action",
    "alert",
    "component",
    "dataset",
    "deployment",
    "document",
    "environment",
    "hold",
    "incident",
    "plan",
    "request",
    "segment",
    "system",
    "version",
]
RELATIONS = ["answers", "caused_by", "corrects", "ends", "of", "supersedes", "under", "uses"]

GOOD: dict[str, bytes] = {
    "plain": said(),
    "smallest": said(subject={}, data={}),
    "texts-empty": said(
        claimed_by={"": ""},
        context={"": ""},
        data={"": ""},
        evidence=evidence(also={"": ""}, media_type="", name="", uri=""),
        source={"": ""},
    ),
    "empty-inside-data": said(data={"a": {}, "b": [], "c": None, "d": "", "e": [None]}),
    "every-key": said(
        claimed_by={"sealed": b64url(sha(b"somebody"))},
        context={"commit": "0" * 40, "python": "3.11.7"},
        critical=True,
        evidence=evidence(),
        log=sha(b"log").hex(),
        on_behalf_of="ada",
        reason="Gini fell below the limit.\nSee the report.",
        refs={"uses": [REF]},
        source={"product": "tracker", "run": "17"},
    ),
    "every-subject": said(subject={**dict.fromkeys(LABELS, "x"), **artifacts(2), "handle": "carol"}),
    "every-relation": said(refs={name: [REF] for name in RELATIONS}),
    "artifacts-64": said(subject=artifacts(64)),
    "refs-256": said(refs=refs(256)),
    "refs-256-in-three": said(refs=refs(256, 3)),
    "evidence-256": said(evidence=evidence(media_type="a/b") * 256),
    "evidence-every-key": said(
        evidence=evidence(
            also={"md5": "d41d8cd98f00b204e9800998ecf8427e"},
            kind="external",
            name="report.pdf",
            personal_data=True,
            retention="A",
            size=0,
            unread=True,
            uri="https://example.com/report.pdf",
        )
    ),
    "size-49152": of_size(49152),
    "depth-31": nested(31),
    "reason-2000-characters": said(reason="😀" * 2000),
    "rev-largest": said(rev=2**53 - 1),
    "time-1970": said(time="1970-01-01T00:00:00.000000Z"),
    "time-9999": said(time="9999-12-31T23:59:59.999999Z"),
    "time-29-february": said(time="2028-02-29T12:00:00.000000Z"),
    "type-two-letters": said(type="ab"),
    "type-48-letters": said(type="a" * 48),
    "type-own": said(type="bank.example/stress_test"),
    "type-own-many-labels": said(type="a.b-c.9.example/0._-"),
    "type-own-128-characters": said(type="a" * 52 + ".example.com/" + "b" * 63),
    "handle-64-characters": said(actor="a" * 64),
    "handle-all-characters": said(actor="0a._-"),
    "label-128-characters": said(subject={"version": "v" * 128}),
    "label-all-characters": said(subject={"version": "A0._@:+/-"}),
    "text-wide": said(reason="Größe 😀 \ufb33 a\u0301"),
}

BAD: dict[str, bytes] = {
    "unknown-key": said(place=1),
    "unknown-key-empty": said(**{"": 1}),
    **{f"missing-{key}": said(**{key: GONE}) for key in plain()},
    "actor-upper-case": said(actor="Alice"),
    "actor-cyrillic": said(actor="\u0430lice"),
    "actor-65-characters": said(actor="a" * 65),
    "actor-empty": said(actor=""),
    "actor-leading-dash": said(actor="-ci"),
    "actor-final-line-feed": said(actor="ci\n"),
    "actor-number": said(actor=1),
    "claimed-by-empty": said(claimed_by={}),
    "claimed-by-text": said(claimed_by="ada"),
    "context-empty": said(context={}),
    "context-list": said(context=[1]),
    "source-empty": said(source={}),
    "source-text": said(source="tracker"),
    "source-null": said(source=None),
    "critical-false": said(critical=False),
    "critical-1": said(critical=1),
    "critical-null": said(critical=None),
    "data-list": said(data=[]),
    "data-null": said(data=None),
    "null-in-context": said(context={"a": None}),
    "null-in-source": said(source={"a": [None]}),
    "null-in-claimed-by": said(claimed_by={"name": None}),
    "evidence-empty": said(evidence=[]),
    "evidence-object": said(evidence=evidence()[0]),
    "evidence-257": said(evidence=evidence(media_type="a/b") * 257),
    **{f"evidence-without-{key.replace('_', '-')}": said(evidence=evidence(**{key: GONE})) for key in FILE},
    "evidence-unknown-key": said(evidence=evidence(sha256=DIGEST)),
    "evidence-kind-unknown": said(evidence=evidence(kind="folder")),
    "evidence-digest-bare": said(evidence=evidence(digest=DIGEST)),
    "evidence-digest-sha512": said(evidence=evidence(digest="sha512:" + DIGEST * 2)),
    "evidence-size-negative": said(evidence=evidence(size=-1)),
    "evidence-size-decimal": said(evidence=evidence(size=1200.0)),
    "evidence-unread-false": said(evidence=evidence(unread=False)),
    "evidence-personal-data-false": said(evidence=evidence(personal_data=False)),
    "evidence-retention-unknown": said(evidence=evidence(retention="B")),
    "evidence-also-empty": said(evidence=evidence(also={})),
    "id-version-4": said(id=ID.replace("-7abc", "-4abc")),
    "id-upper-case": said(id=ID.upper()),
    "id-variant": said(id=ID.replace("-8def", "-cdef")),
    "id-without-dashes": said(id=ID.replace("-", "")),
    "id-braces": said(id="{" + ID + "}"),
    "id-urn": said(id="urn:uuid:" + ID),
    "id-short": said(id=ID[:-1]),
    "id-final-line-feed": said(id=ID + "\n"),
    "key-upper-case": said(key=DIGEST.upper()),
    "key-63-digits": said(key=DIGEST[:-1]),
    "key-with-algorithm": said(key="sha256:" + DIGEST),
    "log-null": said(log=None),
    "log-empty": said(log=""),
    "log-with-algorithm": said(log="sha256:" + DIGEST),
    "on-behalf-of-upper-case": said(on_behalf_of="Ada"),
    "on-behalf-of-empty": said(on_behalf_of=""),
    "on-behalf-of-null": said(on_behalf_of=None),
    "reason-empty": said(reason=""),
    "reason-2001-characters": said(reason="x" * 2001),
    "reason-list": said(reason=["a"]),
    "refs-empty": said(refs={}),
    "refs-list": said(refs=[REF]),
    "refs-relation-unknown": said(refs={"after": [REF]}),
    "refs-empty-list": said(refs={"uses": []}),
    "refs-257": said(refs=refs(257)),
    "refs-257-in-three": said(refs=refs(257, 3)),
    "refs-without-hash": said(refs={"uses": [{"id": ID}]}),
    "refs-without-id": said(refs={"uses": [{"hash": DIGEST}]}),
    "refs-unknown-key": said(refs={"uses": [{**REF, "seq": 1}]}),
    "refs-hash-with-algorithm": said(refs={"uses": [{**REF, "hash": "sha256:" + DIGEST}]}),
    "refs-id-upper-case": said(refs={"uses": [{**REF, "id": ID.upper()}]}),
    "refs-bare": said(refs={"uses": REF}),
    "rev-0": said(rev=0),
    "rev-minus-1": said(rev=-1),
    "rev-1.0": said(rev=1.0),
    "rev-text": said(rev="1"),
    "rev-true": said(rev=True),
    "rev-2-53": said(rev=2**53),
    "subject-null": said(subject=None),
    "subject-list": said(subject=[]),
    "subject-unknown-key": said(subject={"model": "x"}),
    "subject-artifacts-empty": said(subject={"artifacts": {}}),
    "subject-artifacts-65": said(subject=artifacts(65)),
    "subject-artifact-name-upper-case": said(subject={"artifacts": {"Model": "sha256:" + DIGEST}}),
    "subject-artifact-name-65-characters": said(subject={"artifacts": {"m" * 65: "sha256:" + DIGEST}}),
    "subject-artifact-digest-bare": said(subject={"artifacts": {"model": DIGEST}}),
    "subject-artifacts-list": said(subject={"artifacts": ["sha256:" + DIGEST]}),
    "subject-handle-upper-case": said(subject={"handle": "Carol"}),
    "subject-handle-at": said(subject={"handle": "carol@bank"}),
    "label-blank": said(subject={"system": "credit score"}),
    "label-empty": said(subject={"system": ""}),
    "label-129-characters": said(subject={"system": "s" * 129}),
    "label-leading-dot": said(subject={"system": ".credit"}),
    "label-umlaut": said(subject={"system": "größe"}),
    "label-cyrillic": said(subject={"system": "\u0441redit"}),
    "label-number": said(subject={"version": 3}),
    "label-line-feed": said(subject={"system": "credit\n"}),
    "time-without-fraction": said(time="2026-03-02T09:00:00Z"),
    "time-milliseconds": said(time="2026-03-02T09:00:00.000Z"),
    "time-offset": said(time="2026-03-02T09:00:00.000000+00:00"),
    "time-blank": said(time="2026-03-02 09:00:00.000000Z"),
    "time-small-z": said(time="2026-03-02T09:00:00.000000z"),
    "time-30-february": said(time="2026-02-30T09:00:00.000000Z"),
    "time-29-february-2026": said(time="2026-02-29T09:00:00.000000Z"),
    "time-29-february-2100": said(time="2100-02-29T09:00:00.000000Z"),
    "time-second-60": said(time="2016-12-31T23:59:60.000000Z"),
    "time-hour-24": said(time="2026-03-02T24:00:00.000000Z"),
    "time-minute-60": said(time="2026-03-02T09:60:00.000000Z"),
    "time-month-13": said(time="2026-13-02T09:00:00.000000Z"),
    "time-day-0": said(time="2026-03-00T09:00:00.000000Z"),
    "time-1969": said(time="1969-12-31T23:59:59.999999Z"),
    "time-year-0": said(time="0000-01-01T00:00:00.000000Z"),
    "time-arabic-digits": said(time="٢٠٢٦-03-02T09:00:00.000000Z"),
    "time-number": said(time=1772442000),
    "type-upper-case": said(type="Evaluated"),
    "type-one-letter": said(type="e"),
    "type-49-letters": said(type="e" * 49),
    "type-dash": said(type="key-authorized"),
    "type-leading-digit": said(type="9lives"),
    "type-own-without-dot": said(type="bank/stress"),
    "type-own-upper-case": said(type="Bank.example/stress"),
    "type-own-two-slashes": said(type="bank.example/a/b"),
    "type-own-empty-name": said(type="bank.example/"),
    "type-own-empty-label": said(type="bank..example/a"),
    "type-own-name-65-characters": said(type="bank.example/" + "a" * 65),
    "type-own-129-characters": said(type="a" * 53 + ".example.com/" + "b" * 63),
    "size-49153": of_size(49153),
    "depth-32": nested(32),
    "blank-in-data": said().replace(b'"auc":', b'"auc": '),
    "unsorted": said().replace(b'"rev":1,"subject":{"system":"credit"}', b'"subject":{"system":"credit"},"rev":1'),
    "duplicate-actor": said().replace(b'{"actor":"ci",', b'{"actor":"ci","actor":"ci",'),
    "data-number-spelt-otherwise": said().replace(b"0.79", b"0.790"),
}

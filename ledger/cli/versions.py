"""Versions as lines: the registry, a lineage, a difference."""

from typing import Any

from ledger.cli.layout import blocks, columns, day, flat, headline, pairs, words, wrapped
from ledger.cli.running import approved, code, evaluated, short
from ledger.cli.screen import Paint


def registry_lines(found: dict[str, Any], paint: Paint) -> list[str]:
    """Return the answer of `ledger registry`."""
    if not found["systems"]:
        return ["No system is here yet. Begin: ledger record system_registered NAME --purpose TEXT"]
    lines: list[str] = []
    for system in found["systems"]:
        lines += [
            paint("bold", system["system"]),
            *pairs([("purpose", system["purpose"])] if "purpose" in system else []),
        ]
        rows = [("version", "state", "set", "since (UTC)", "entries")]
        rows += [
            (
                *(one.get("version", "-"), _standing(one), one["digest_set"][7:19], day(one["since"])),
                f"{one['first_seq']} to {one['last_seq']}",
            )
            for one in system["versions"]
        ]
        head, *rest = columns(rows, indent=2)
        lines += [paint("dim", head), *rest] if rest else ["  no version yet"]
    return lines


def _standing(one: dict[str, Any]) -> str:
    left = one.get("left_production")
    return f"{one['state']}; left production {left[:10]}" if left else str(one["state"])


def lineage_lines(found: dict[str, Any], paint: Paint) -> list[str]:
    """Return the answer of `ledger lineage`."""
    name = f"{found['system']}@{found['version']}" if "version" in found else found["system"]
    trained = found.get("trained")
    widest = max(map(len, found["artifacts"]), default=0)
    rows = [("artifact", f"{label:<{widest}}  {short(one['digest'])}") for label, one in found["artifacts"].items()]
    rows += [
        (
            "data",
            f"{one['role']}: {one.get('dataset', '?')}  {short(one.get('digest', 'no digest'))}"
            + (f"  entry {one['seq']} by {one['by']}" if "seq" in one else "  not registered"),
        )
        for one in found["datasets"]
    ]
    rows += [(one["kind"], f"{one.get('ref', '?')}  {short(one.get('digest', ''))}") for one in found["components"]]
    rows += [("code", code(found["code"]))] if code(found["code"]) else []
    rows += [("parameters", "; ".join(f"{path} {text}" for path, text in flat(found["parameters"]) if path))]
    rows += [("caused by", f"{one['type']}, entry {one['seq']}") for one in found["caused_by"] if "seq" in one]
    rows += [("trained", f"{day(trained['time'])}Z, entry {trained['seq']} by {trained['by']}")] if trained else []
    rows += [("evaluated", evaluated(one)) for one in found["evaluations"]]
    rows += [("approved", approved(one)) for one in found["approvals"]]
    rows += [("deployed", _ran(one)) for one in found["deployments"]]
    rows += [("made from", f"{one.get('version', '?')}  {one['digest_set'][7:19]}") for one in found["parents"]]
    rows += [("made into", f"{one.get('version', '?')}  {one['digest_set'][7:19]}") for one in found["children"]]
    missing = [("missing", ", ".join(one.replace("_", " ") for one in found["missing"]))] if found["missing"] else []
    head = headline(name, f"set {found['digest_set'][7:19]}")
    return [paint("bold", head[: len(name)]) + head[len(name) :], *pairs([one for one in rows if one[1]] + missing)]


def _ran(one: dict[str, Any]) -> str:
    until = f" to {day(one['ended'])}Z ({one.get('end_cause', 'ended')})" if "ended" in one else ""
    return f"{one['environment']} since {day(one['started'])}Z{until}, entry {one['seq']} by {one['by']}"


def diff_lines(found: dict[str, Any], paint: Paint) -> list[str]:
    """Return the answer of `ledger diff`."""
    before, after = (one.get("version", one["digest_set"][7:19]) for one in (found["before"], found["after"]))
    rows = [("part", "name", str(before), str(after), "", "entries")]
    for one in found["differences"]:
        name = f"{one['name']}, {one['group']}" if "group" in one else one["name"]
        rows.append(
            (
                *(one["part"], name, _value(one.get("before")), _value(one.get("after")), _note(one)),
                words(one.get("seqs", [])),
            )
        )
    (head, *more), *rest = blocks(rows, keep=frozenset({0, 4, 5}))
    body = [paint("dim", head), *more, *(text for lines in rest for text in lines)]
    return [
        *(paint("bold", line) for line in wrapped(f"{found['system']}  {before} -> {after}", "  ")),
        *(body if rest else ["No difference is on record."]),
        *_equal(found["equal"]),
    ]


def _equal(equal: list[dict[str, str]]) -> list[str]:
    """Return what is the same, by part."""
    parts = list(dict.fromkeys(one["part"] for one in equal))
    named = [f"{part} {', '.join(one['name'] for one in equal if one['part'] == part)}" for part in parts]
    return wrapped(f"Equal: {'; '.join(named)}.", "  ") if equal else []


def _value(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, list) and any(isinstance(one, dict) for one in value):
        return "; ".join(map(_value, value))
    if isinstance(value, dict):
        inner = value.get("dataset") or value.get("name") or value.get("value")
        digest = value.get("digest")
        rows = f"{value['rows']:,} rows" if isinstance(value.get("rows"), int) else None
        said = [words(one) for one in (inner, digest and str(digest)[7:19], rows) if one is not None]
        return " ".join(said) or words(value)
    text = words(value)
    return text[7:19] if text.startswith("sha256:") else text


def _note(one: dict[str, Any]) -> str:
    if "delta" in one:
        return f"{one['delta']:+.4g}" + ("" if one.get("met", True) else ", not met")
    return str(one.get("why_not", "")).replace("_", " ")

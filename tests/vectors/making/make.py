"""Writes tests/vectors, the same bytes every time: `python -m tests.vectors.making.make`. It also writes index.json."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from . import (  # noqa: F401 - importing them registers their cases
    bad_batches,
    bad_entries,
    bad_genesis,
    bad_keys,
    bad_notes,
    bad_rules,
    bad_signatures,
    decided,
    good_logs,
    json_cases,
    log_keys,
    receipts,
    roles,
    statement_cases,
)
from .build import Log
from .cases import CASES, Case
from .encode import b64

FOLDER = Path(__file__).parents[1]
WHOLE = {"first-week", "minimal"}  # kept in one file each, to be read as they are
NEEDS = {f'"{scheme}"'.encode(): scheme for scheme in ("sshsig-ed25519", "sshsig-sk-ed25519", "ml-dsa-44")}


def files() -> dict[str, bytes]:
    """Every file by its path below tests/vectors."""
    made: dict[str, bytes] = {}
    for kind, module in (("json", json_cases), ("statements", statement_cases)):
        for word, cases in (("good", module.GOOD), ("bad", module.BAD)):
            made[f"{kind}/{word}.json"] = text({name: b64(data) for name, data in cases.items()})
    base = Log("base").base().entries
    made["logs/base.jsonl"] = lines(base)
    index = [entry_of(name, make(), base, made) for name, make in CASES.items()]
    shown, shown_files = receipts.made()
    made.update(shown_files)
    made["index.json"] = text({"format": 1, "buffers": BUFFERS, "logs": index, "receipts": shown})
    return made


BUFFERS = [
    {"file": "json/good.json", "accept": True, "what": "name -> base64 of a buffer in the one form (section 1)"},
    {"file": "json/bad.json", "accept": False, "what": "name -> base64 of a buffer that breaks one rule of section 1"},
    {"file": "statements/good.json", "accept": True, "what": "name -> base64 of a statement by itself (section 3)"},
    {"file": "statements/bad.json", "accept": False, "what": "name -> base64 of a statement that breaks one rule"},
]


def entry_of(name: str, case: Case, base: list[bytes], made: dict[str, bytes]) -> dict[str, Any]:
    """One log of the index; its files go into `made`."""
    log, folder = case.log, "logs" if case.good else "bad"
    expected, policy = dict(case.expected), log.policy or {}
    entry: dict[str, Any] = {"name": name, "what": expected.pop("why"), "entries": [f"{folder}/{name}.jsonl"]}
    shared = name not in WHOLE and log.entries[:5] == base
    made[entry["entries"][0]] = lines(log.entries[5:] if shared else log.entries)
    if shared:
        entry["entries"].insert(0, "logs/base.jsonl")
    if made[entry["entries"][-1]] == b"":
        made.pop(entry["entries"].pop())
    entry["checkpoints"] = [f"{folder}/{name}.{note_name(key)}" for key in sorted(log.notes, key=note_order)]
    entry["sizes"] = [note_size(key, log) for key in sorted(log.notes, key=note_order)]
    made.update({f"{folder}/{name}.{note_name(key)}": note for key, note in log.notes.items()})
    if log.disclosures:
        entry["disclosures"] = f"{folder}/{name}.disclosures"
        made[entry["disclosures"]] = "".join(shown + "\n" for shown in log.disclosures).encode()
    trust: dict[str, Any] = {"keys": [policy[key] for key in ("key", "key_2") if key in policy]}
    if "genesis" in policy:
        trust["genesis"] = policy["genesis"]
    if "pin" in policy:
        trust["pin"] = f"{folder}/{name}.pin"
        made[trust["pin"]] = policy["pin"].encode()
    needs = [scheme for mark, scheme in NEEDS.items() if any(mark in line for line in log.entries)]
    alternatives = [int(check[1:]) for check in expected.pop("also", [])]
    return {
        **entry,
        "trust": trust,
        **({"needs": needs} if needs else {}),
        **({"log_needs": log.log_needs} if log.log_needs else {}),
        "expect": {**expected, **({"or_check": alternatives} if alternatives else {})},
    }


def note_order(key: str) -> tuple[bool, int]:
    """Kept checkpoints by size, then the newest."""
    _, _, size = key.partition("/")
    return not size, int(size or 0)


def note_size(key: str, log: Log) -> int:
    """The size that a note is kept under; the newest one under what it says, or that of the log where it cannot say."""
    said = re.match(rb"[^\n]*\n(0|[1-9][0-9]*)\n", log.notes[key])
    return int(key.partition("/")[2] or (said[1] if said else len(log.entries)))


def note_name(key: str) -> str:
    _, _, size = key.partition("/")
    return f"{size}.checkpoint" if size else "checkpoint"


def lines(entries: list[bytes]) -> bytes:
    return b"".join(entry + b"\n" for entry in entries)


def text(value: Any) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


def main() -> None:
    made = files()
    for folder in ("json", "statements", "logs", "bad", "receipts"):
        for old in sorted((FOLDER / folder).glob("*")):
            if f"{folder}/{old.name}" not in made:
                old.unlink()
    for path, data in made.items():
        (FOLDER / path).parent.mkdir(exist_ok=True)
        (FOLDER / path).write_bytes(data)


if __name__ == "__main__":
    main()

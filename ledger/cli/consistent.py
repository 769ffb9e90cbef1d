"""Checking a proof of consistency offline: two checkpoints that the log's key signed are of one log."""

from pathlib import Path

from ledger.cli.files import read_small
from ledger.cli.frame import Call
from ledger.cli.layout import headline, pairs
from ledger.cli.receipt import broken, no_key_rows, origin_of, trusting
from ledger.cli.screen import Answer
from ledger.cli.trusting import Given, policy_of
from ledger.cli.verdict import block, vouchers
from ledger.errors import Tampered
from ledger.extracts import CONSISTENCY_LIMIT, Consistent, both_notes, check_consistent
from ledger.notes.treehead import Checkpoint
from ledger.report import Missing, Voucher
from ledger.vouching import vouch_note


def check_consistency_file(call: Call, path: Path, given: Given) -> Answer:
    """Check what `ledger prove --consistency` wrote."""
    data = read_small(path, CONSISTENCY_LIMIT, "a proof of consistency")
    try:
        note = both_notes(data)[1]
        origin, policy = origin_of(note), policy_of(None, None, given)
        known = trusting(call, origin, policy, both_notes(data))
        if known.own is not None:
            known.own.close()
        if not known.keys:
            missing = [Missing("key", -1, f"no key of {origin} is at hand")]
            return _answer(path, "UNVERIFIABLE", origin, None, [], missing, no_key_rows(path, origin))
        shown = check_consistent(data, origin, known.keys)
        found, missing = vouch_note(note, shown.new, policy, known.keys)
    except Tampered as error:
        return broken(path, "consistency", error)
    found = [Voucher("key", known.source, -1, ""), *found]
    rows = [("missing", one.message) for one in missing] + _rows(shown, found)
    return _answer(path, "UNVERIFIABLE" if missing else "VERIFIED", origin, shown, found, missing, rows)


def _answer(
    path: Path,
    verdict: str,
    origin: str,
    shown: Consistent | None,
    found: list[Voucher],
    missing: list[Missing],
    rows: list[tuple[str, str]],
) -> Answer:
    document = {
        "schema": "ledger.verify_consistency/1",
        "verdict": verdict.lower(),
        "origin": origin,
        **({"old": _checkpoint(shown.old), "new": _checkpoint(shown.new)} if shown else {}),
        "vouched_by": [one.to_json() for one in found],
        "missing": [{"code": one.code, "message": one.message} for one in missing],
    }
    head = headline(f"{verdict}  consistency {path.name}", origin)
    return Answer(document, block(verdict, head, pairs(rows)), 5 if missing else 0)


def _checkpoint(one: Checkpoint) -> dict[str, object]:
    return {"size": one.size, "root": f"sha256:{one.root.hex()}"}


def _rows(shown: Consistent, found: list[Voucher]) -> list[tuple[str, str]]:
    old, new = shown.old.size, shown.new.size
    return [
        ("vouched for by", "; ".join(vouchers(tuple(found)))),
        ("proven", f"the log of {new:,} entries begins with all {old:,} of the older checkpoint, unchanged"),
        ("not proven", "what the entries say; that there is no third checkpoint that fits neither (witnesses)"),
    ]

"""Three judges of one log: the library, the command line, and the auditor's `verify.py`. All must say the same."""

import contextlib
import io
import json
import os
import tempfile
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from ledger.cli.frame import cli
from ledger.errors import LedgerError, Misuse, Tampered
from ledger.notes.verifier import VerifierKey
from ledger.policy import Policy, Trusted
from ledger.stores.opening import open_read_only
from ledger.verify import verify_log
from tests.attacks.world import World
from tests.reference.second import SECOND

LETTERS = {"VERIFIED": "V", "UNPINNED": "U", "UNVERIFIABLE": "N", "BROKEN": "B"}


class Said(NamedTuple):
    """A verdict's letter (M: refused at once), and where: (check, entry or None) of all that failed or is missing."""

    letter: str
    places: frozenset[tuple[int, int | None]]


def by_library(path: Path, world: World, *, held: bool) -> Said:
    """`verify_log` over the store that the path holds."""
    policy = Policy()
    if held:
        policy = Policy(
            keys=(VerifierKey.parse(world.vkey),), key_source="a key", checkpoints=(Trusted(world.log.note, "a pin"),)
        )
    try:
        store = open_read_only(str(path))
    except Misuse:
        return Said("M", frozenset())
    except Tampered as error:
        return Said("B", frozenset({(error.check, _seq(error.seq))}))
    try:
        report = verify_log(store, policy)
    except Tampered as error:
        return Said("B", frozenset({(error.check, _seq(error.seq))}))
    except LedgerError:
        return Said("M", frozenset())
    finally:
        store.close()
    places = {(failure.check, _seq(failure.seq)) for failure in report.failures}
    return Said(LETTERS[report.verdict], frozenset(places | {(17, _seq(one.seq)) for one in report.missing}))


def by_command(path: Path, world: World, folder: Path, *, held: bool) -> Said:
    """`ledger verify PATH --json`, in this process."""
    words = ["verify", str(path), "--json"]
    if held:
        note = folder / "known.checkpoint"
        note.write_bytes(world.log.note)
        words += ["--key", world.vkey, "--checkpoint", str(note)]
    with tempfile.TemporaryDirectory() as state, patch.dict(os.environ, XDG_STATE_HOME=state):  # no pin of another run
        code, out = _run(words)
    document = json.loads(out)
    if "error" in document:
        assert code in (2, 3), document
        return Said("M" if code == 2 else "B", frozenset())
    letter = LETTERS[document["verdict"].upper()]
    assert code == {"V": 0, "U": 5, "N": 5, "B": 3}[letter], document
    places = {(one["check"], _seq(one["seq"])) for one in document["failures"]}
    return Said(letter, frozenset(places | {(17, _seq(one["seq"])) for one in document["missing"]}))


def _run(words: list[str]) -> tuple[int, str]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        try:
            cli.main(words)
        except SystemExit as end:
            return int(end.code or 0), out.getvalue()
    raise AssertionError


def by_auditor(path: Path, world: World, folder: Path, *, held: bool) -> Said:
    """`python verify.py BUNDLE --json`, the file that imports nothing of the package."""
    words = [str(path), "--json"]
    if held:
        note = folder / "known.checkpoint"
        note.write_bytes(world.log.note)
        words += ["--key", world.vkey, "--checkpoint", str(note)]
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        code = SECOND.main(words)
    if code == 2:
        return Said("M", frozenset())
    document = json.loads(out.getvalue())
    places = {(one["check"], _seq(one["seq"])) for one in document["failures"]}
    return Said(
        LETTERS[document["verdict"].upper()],
        frozenset(places | {(17, _seq(one["seq"])) for one in document["missing"]}),
    )


def _seq(seq: int | None) -> int | None:
    return None if seq is None or seq < 0 else seq

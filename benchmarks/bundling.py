"""The bundle: written in flat memory, and judged by the one file that needs nothing but Python."""

import importlib.util
import os
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks import baselines, works
from benchmarks.bench import Bench, Row
from ledger.api import Ledger

FILE = Path(__file__).parents[1] / "ledger" / "verifier" / "verify.py"


@cache
def verifier() -> ModuleType:
    """Load verify.py as it is where `cryptography` is not installed."""
    spec = importlib.util.spec_from_file_location("verify_alone", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["verify_alone"] = module
    spec.loader.exec_module(module)
    module.Ed25519PublicKey = module.MLDSA44PublicKey = None  # type: ignore[attr-defined]
    return module


def chain_and_root(bundle: Path, size: int) -> float:
    """Read every entry, take its leaf, compare its link, and the root with the checkpoint's: seconds an entry."""
    alone = verifier()

    def work() -> None:
        tree, prev = alone.Tree(), b"0" * 64
        with bundle.open("rb") as file:
            files = alone.open_bundle(file)
            note = alone.read_note(alone.small_file(file, files, "checkpoint", 65_536))
            for line, _ in alone.lines_of(file, files["entries.jsonl"], 65_535):
                at = line.index(b'"prev":"') + 8
                assert line[at : at + 64] == prev
                leaf = alone.leaf(line)
                prev = leaf.hex().encode()
                tree.add(leaf)
        assert tree.root() == note.root

    return baselines.timed(work, size)


def every_check(bundle: Path, key: str, size: int) -> float:
    """Verify with all checks: seconds an entry."""

    def work() -> None:
        assert verifier().verify_bundle(str(bundle), [key]).verdict == "VERIFIED"

    return baselines.timed(work, size)


def one_signature(count: int = 100) -> float:
    """Check an Ed25519 signature in Python alone: seconds."""
    private, message, alone = Ed25519PrivateKey.generate(), os.urandom(700), verifier()
    public, signature = private.public_key().public_bytes_raw(), private.sign(message)
    assert alone.ed25519(public, message, signature)  # and the key's table is made

    def work() -> None:
        for _ in range(count):
            alone.ed25519(public, message, signature)

    return baselines.timed(work, count)


def rows(bench: Bench) -> dict[str, Row]:
    """The lines of the bundle, by name."""

    @cache
    def bundle() -> Path:
        works.export(bench.reading, bench.folder / "bulk.zip")
        return bench.folder / "bulk.zip"

    def key(ledger: Ledger) -> str:
        return ledger.genesis.log_keys[0].text

    return {
        "export": Row(
            "`export`", "H", 18, 12, lambda: works.export(bench.reading, bench.folder / "export.zip"), bench.h
        ),
        "memory_export": Row(
            "peak memory, `export`", "MiB", 200, 100,
            lambda: works.peak_of("export", bench.folder, bench.size), lambda: 1.0, once=True,
        ),
        "alone_chain": Row(
            "`verify.py`, chain and root", "H", 12, 4, lambda: chain_and_root(bundle(), bench.size), bench.h
        ),
        "alone_all": Row(
            "`verify.py`, every check", "H", 60, 45,
            lambda: every_check(bundle(), key(bench.reading), bench.size), bench.h,
        ),
        "alone_signature": Row(
            "`verify.py`, an Ed25519 signature without `cryptography`", "V", 60, 30, one_signature, baselines.verify_one
        ),
    }  # fmt: skip

"""The second verifier, loaded as an auditor runs it: one file, by its path, with `cryptography` and without."""

import importlib.util
import sys
from pathlib import Path

FILE = Path(__file__).parents[2] / "ledger" / "verifier" / "verify.py"


def load(name="second_verifier"):
    """Return the file as a module of its own."""
    spec = importlib.util.spec_from_file_location(name, FILE)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def load_pure():
    """Return it as it is where `cryptography` is not installed."""
    module = load("second_verifier_pure")
    module.Ed25519PublicKey = module.MLDSA44PublicKey = None
    return module


SECOND = load()
PURE = load_pure()

"""The embeddable audit ledger for machine-learning models.

    import ledger

    data = ledger.file("credit.csv")
    ledger.record.dataset_registered(dataset="credit@2026-11", role="training", evidence=[data])
    run = ledger.record.trained(system="credit-scoring", version="3.1.0", parameters={"depth": 6},
                                datasets={"training": "credit@2026-11"}, artifacts={"model": ledger.file("m.joblib")})
    ledger.record.evaluated(of=run, metrics={"auc": 0.79}, groups={"age<25": {"auc": 0.71}})

Importing this loads nothing but this page; each name is loaded where it is used.
"""

from typing import TYPE_CHECKING, Any

from ledger.errors import Conflict, LedgerError, Misuse, Tampered, Unavailable

if TYPE_CHECKING:
    from ledger.api import Ledger
    from ledger.default import record, record_many
    from ledger.entry import Entry
    from ledger.evidence import Evidence, directory, file
    from ledger.notes.checkpoint import Checkpoint
    from ledger.policy import Policy
    from ledger.receipts import Receipt, Recorded
    from ledger.report import Report
    from ledger.statement import Ref, Statement

__all__ = [
    "Checkpoint",
    "Conflict",
    "Entry",
    "Evidence",
    "Ledger",
    "LedgerError",
    "Misuse",
    "Policy",
    "Receipt",
    "Recorded",
    "Ref",
    "Report",
    "Statement",
    "Tampered",
    "Unavailable",
    "__version__",
    "directory",
    "file",
    "record",
    "record_many",
]

__version__ = "0.1.0"

_HOMES = {
    "Checkpoint": "ledger.notes.checkpoint",
    "Entry": "ledger.entry",
    "Evidence": "ledger.evidence",
    "Ledger": "ledger.api",
    "Policy": "ledger.policy",
    "Receipt": "ledger.receipts",
    "Recorded": "ledger.receipts",
    "Ref": "ledger.statement",
    "Report": "ledger.report",
    "Statement": "ledger.statement",
    "directory": "ledger.evidence",
    "file": "ledger.evidence",
    "record": "ledger.default",
    "record_many": "ledger.default",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'ledger' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

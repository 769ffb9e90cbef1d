"""Which store of evidence is meant: named, `LEDGER_EVIDENCE`, or `evidence` in ledger.toml."""

import os
from pathlib import Path

from ledger.config import Place
from ledger.errors import Misuse
from ledger.evidence_store.folder import Folder
from ledger.evidence_store.store import EvidenceStore


def open_evidence(named: str | None, place: Place | None, *, need_lock: bool = True) -> EvidenceStore:
    """Open a store of evidence: a folder, or `s3://BUCKET/PREFIX`; raise `Misuse` where none is named.

    `need_lock`: a bucket that cannot lock is refused.
    """
    location = named or os.environ.get("LEDGER_EVIDENCE") or (place.evidence if place else "")
    if not location:
        raise Misuse(
            "no store of evidence is named", "--store FOLDER or s3://BUCKET/PREFIX; or LEDGER_EVIDENCE", code="no_store"
        )
    scheme, mark, rest = location.partition("://")
    if not mark:
        return Folder(Path(location))
    bucket, _, prefix = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise Misuse(f"{location} is no store of evidence", "a folder, or s3://BUCKET/PREFIX", code="store")
    from ledger.evidence_store.s3 import Bucket

    return Bucket(bucket, prefix, need_lock=need_lock)

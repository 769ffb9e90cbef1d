"""The fingerprint: one digest over all rows of a projection, equal on any machine, Python and store.

For each table, SHA-256 over its rows in the order of their natural keys, a JSON array and a line feed each; then
SHA-256 over the projection's name, its version and the tables' digests. How the reading was cut, and what is kept
only to go on folding, does not enter.
"""

import hashlib
from typing import Final

import msgspec

from projections.database import Database
from projections.tables import Table, in_order

BATCH: Final = 500
_encoder: Final = msgspec.json.Encoder()


def of_table(database: Database, made: Table, prefix: str = "") -> str:
    """Return the digest of one table's rows, 64 hex digits."""
    digest = hashlib.sha256(_encoder.encode([made.name, *made.columns]) + b"\n")
    for batch in database.batches(in_order(made, prefix), BATCH):
        digest.update(_encoder.encode_lines(batch))
    return digest.hexdigest()


def of_tables(database: Database, tables: tuple[Table, ...], prefix: str = "") -> dict[str, str]:
    """Return the digest of each table."""
    return {made.name: of_table(database, made, prefix) for made in sorted(tables, key=lambda made: made.name)}


def combined(name: str, version: int, digests: dict[str, str]) -> str:
    """Return the projection's fingerprint from its tables' digests."""
    lines = [f"lifecycle-ledger/projection/v1 {name} {version}", *(f"{table} {one}" for table, one in digests.items())]
    return "sha256:" + hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
